//! Procedures of several callees.

use std::collections::BTreeSet;
use std::pin::pin;

use wampwerk::Session;
use wampwerk::error::{CallError, RegisterError};
use wampwerk::message::InvocationPolicy;
use wampwerk::session::Ending;

use super::{Gate, Kind, Place, application, poll_once};

/// Runs them all.
pub(super) async fn all(place: &impl Place) {
    run! { place:
        policies,
        policies_that_do_not_agree,
        concurrency,
        taken_over,
    }
}

async fn ask(caller: &Session, procedure: &str) -> u8 {
    caller.call(procedure).value().await.unwrap()
}

async fn policies(place: &impl Place) {
    let caller = place.session().await;
    let callees = [place.session().await, place.session().await, place.session().await];
    for (policy, name) in [
        (InvocationPolicy::RoundRobin, "com.example.shared.roundrobin"),
        (InvocationPolicy::Random, "com.example.shared.random"),
        (InvocationPolicy::First, "com.example.shared.first"),
        (InvocationPolicy::Last, "com.example.shared.last"),
    ] {
        let mut ids = BTreeSet::new();
        let mut registrations = Vec::new();
        for (number, callee) in (0u8..).zip(&callees) {
            let procedure = move || async move { number };
            let registration = callee.register(name, procedure).invoke(policy).await.unwrap();
            ids.insert(registration.id());
            registrations.push(registration);
        }
        assert_eq!(ids.len(), 1, "one registration for all");
        let mut asked = Vec::new();
        for _ in 0..6 {
            asked.push(ask(&caller, name).await);
        }
        match policy {
            InvocationPolicy::First => assert_eq!(asked, [0; 6]),
            InvocationPolicy::Last => assert_eq!(asked, [2; 6]),
            InvocationPolicy::Random => assert!(asked.iter().all(|number| *number < 3)),
            _ => {
                let each: BTreeSet<_> = asked[..3].iter().collect();
                assert_eq!(each.len(), 3, "{asked:?}");
                assert_eq!(asked[..3], asked[3..]);
            }
        }
        // One goes, the others stay.
        registrations.remove(0).unregister().await.unwrap();
        assert_ne!(ask(&caller, name).await, 0);
    }
}

async fn policies_that_do_not_agree(place: &impl Place) {
    let (first, second) = (place.session().await, place.session().await);
    let shared = first.register("com.example.disagree", || async { 1 });
    shared.invoke(InvocationPolicy::RoundRobin).await.unwrap();
    let other = second.register("com.example.disagree", || async { 2 });
    let error = other.invoke(InvocationPolicy::First).await.unwrap_err();
    let RegisterError::Application(error) = error else { panic!("{error}") };
    assert_eq!(error.uri, "wamp.error.procedure_exists_with_different_invocation_policy");
    assert_eq!(ask(&second, "com.example.disagree").await, 1);
}

async fn concurrency(place: &impl Place) {
    let (callee, caller) = (place.session().await, place.session().await);
    let (gate, mut reached) = Gate::new();
    let procedure = move || gate.clone().pass();
    let register = callee.register("com.example.one_at_a_time", procedure);
    register.invoke(InvocationPolicy::RoundRobin).concurrency(1).await.unwrap();
    let mut first = pin!(caller.call("com.example.one_at_a_time").value::<u8>());
    poll_once(&mut first).await;
    let open = reached.recv().await.unwrap();
    if place.router() == Kind::Embedded {
        let error = caller.call("com.example.one_at_a_time").await.unwrap_err();
        assert_eq!(application(error).uri, "crossbar.error.max_concurrency_reached");
    }
    // Crossbar lets it wait instead.
    open.send(1).unwrap();
    assert_eq!(first.await.unwrap(), 1);
    let mut next = pin!(caller.call("com.example.one_at_a_time").value::<u8>());
    poll_once(&mut next).await;
    reached.recv().await.unwrap().send(2).unwrap();
    assert_eq!(next.await.unwrap(), 2);
}

async fn taken_over(place: &impl Place) {
    let (old, new) = (place.session().await, place.session().await);
    // Ours takes it only from those who would take it themselves, Crossbar from all.
    let registration =
        old.register("com.example.taken_over", || async { 1 }).force_reregister().await.unwrap();
    let ended = registration.ended();
    let request = new.register("com.example.taken_over", || async { 2 });
    request.force_reregister().await.unwrap();
    let Ending::Revoked(reason) = ended.await else { panic!() };
    assert_eq!(reason, "wamp.error.unregistered");
    assert!(!registration.is_active());
    assert_eq!(ask(&old, "com.example.taken_over").await, 2);
    // It has ended already, and the registration of the other session stays.
    registration.unregister().await.unwrap();
    assert_eq!(ask(&old, "com.example.taken_over").await, 2);
    assert!(matches!(
        old.register("com.example.taken_over", || async { 3 }).await,
        Err(RegisterError::Application(_))
    ));
    assert!(!matches!(old.call("com.example.taken_over").await, Err(CallError::Closed { .. })));
}
