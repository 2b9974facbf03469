//! Procedures that both kinds of callees share, or take from each other.

use serde_json::{Value as Json, json};
use tokio::sync::mpsc::unbounded_channel;
use tokio::sync::oneshot;
use wampwerk::Session;
use wampwerk::error::RegisterError;
use wampwerk::message::InvocationPolicy;
use wampwerk::session::Ending;

use super::place::{Place, application, calling};
use crate::peer::{Autobahn, within};

pub(crate) async fn callees_take_turns(at: &Place) {
    let (ours, theirs) = (at.ours().await, at.theirs().await);
    for (policy, ours_is, expected) in [
        ("roundrobin", InvocationPolicy::RoundRobin, ["theirs", "ours", "theirs", "ours"]),
        ("first", InvocationPolicy::First, ["theirs"; 4]),
        ("last", InvocationPolicy::Last, ["ours"; 4]),
    ] {
        let procedure = at.uri(policy);
        let register = json!({"procedure": procedure, "options": {"invoke": policy},
            "answer": ["theirs"]});
        let registration = theirs.must("register", register).await;
        let both = ours.register(&*procedure, || async { "ours" }).invoke(ours_is);
        let both = both.await.unwrap();
        assert_eq!(registration, both.id());
        let mut answers = Vec::new();
        for turn in 0..4 {
            answers.push(match turn % 2 {
                0 => value(&ours, &procedure).await,
                _ => value_of(&theirs, &procedure).await,
            });
        }
        if policy == "roundrobin" && answers[0] == "ours" {
            answers.rotate_left(1); // Whose turn is first is the router's choice.
        }
        assert_eq!(answers, expected, "{policy}");
        theirs.must("unregister", json!({"registration": registration})).await;
        for _ in 0..3 {
            assert_eq!(value_of(&theirs, &procedure).await, "ours");
        }
        both.unregister().await.unwrap();
        let error = application(ours.call(&*procedure).await);
        assert_eq!(error.uri, "wamp.error.no_such_procedure");
    }
    theirs.leave().await;
    ours.leave().await;
}

pub(crate) async fn policies_conflict(at: &Place) {
    let (ours, theirs) = (at.ours().await, at.theirs().await);
    let different = "wamp.error.procedure_exists_with_different_invocation_policy";
    let (to_them, to_us) = (at.uri("theirs"), at.uri("ours"));
    let options = json!({"invoke": "roundrobin"});
    let register =
        |procedure| json!({"procedure": procedure, "options": options, "answer": "echo"});
    theirs.must("register", register(&to_them)).await;
    let last = ours.register(&*to_them, || async {}).invoke(InvocationPolicy::Last);
    let RegisterError::Application(error) = last.await.unwrap_err() else { panic!() };
    assert_eq!(error.uri, different);
    ours.register(&*to_us, || async {}).invoke(InvocationPolicy::Random).await.unwrap();
    let error = theirs.ask("register", register(&to_us)).await.unwrap_err();
    assert_eq!(error["error"], different);
    theirs.leave().await;
    ours.leave().await;
}

/// What is too much is refused. Crossbar with a store, as the rig's is, lets it wait instead.
pub(crate) async fn concurrency_is_limited(at: &Place) {
    let (ours, mut theirs) = (at.ours().await, at.theirs().await);
    let busy = "crossbar.error.max_concurrency_reached";
    let procedure = at.uri("theirs");
    let options = json!({"concurrency": 1, "invoke": "roundrobin"});
    theirs.must("register", json!({"procedure": procedure, "options": options})).await;
    let first = calling(&ours, &procedure, json!([1]));
    let invocation = theirs.next("invocation").await["invocation"].clone();
    let second = calling(&ours, &procedure, json!([2]));
    if !at.is_crossbar() {
        assert_eq!(application(second.await.unwrap()).uri, busy);
        theirs.must("return", json!({"invocation": invocation})).await;
        first.await.unwrap().unwrap();
        let third = calling(&ours, &procedure, json!([2]));
        answer(&mut theirs, json!([2])).await;
        third.await.unwrap().unwrap();
    } else {
        theirs.must("return", json!({"invocation": invocation})).await;
        first.await.unwrap().unwrap();
        answer(&mut theirs, json!([2])).await;
        second.await.unwrap().unwrap();
    }

    let procedure = at.uri("ours");
    let (sender, mut called) = unbounded_channel();
    let held = move || {
        let (answer, answered) = oneshot::channel();
        sender.send(answer).unwrap();
        async move { answered.await.unwrap_or(0) }
    };
    let register = ours.register(&*procedure, held).concurrency(1);
    register.invoke(InvocationPolicy::RoundRobin).await.unwrap();
    let first = theirs.start("call", json!({"procedure": procedure}));
    let answer = within("a call", called.recv()).await.unwrap();
    let excess = theirs.start("call", json!({"procedure": procedure}));
    let second = if at.is_crossbar() {
        answer.send(1).unwrap();
        assert_eq!(first.await.unwrap(), json!({"value": 1}));
        excess
    } else {
        assert_eq!(excess.await.unwrap_err()["error"], busy);
        answer.send(1).unwrap();
        // There is room again when the router has seen the answer.
        assert_eq!(first.await.unwrap(), json!({"value": 1}));
        theirs.start("call", json!({"procedure": procedure}))
    };
    within("a call", called.recv()).await.unwrap().send(2).unwrap();
    assert_eq!(second.await.unwrap(), json!({"value": 2}));
    theirs.leave().await;
    ours.leave().await;
}

/// Autobahn takes the loss of a registration only if it does not get the same id again.
pub(crate) async fn a_procedure_is_taken_over(at: &Place) {
    let (ours, theirs) = (at.ours().await, at.theirs().await);
    let procedure = at.uri("taken");
    let options = json!({"force_reregister": true});
    let register = json!({"procedure": procedure, "options": options, "answer": ["theirs"]});
    theirs.must("register", register.clone()).await;
    assert_eq!(value(&ours, &procedure).await, "theirs");
    let registration = ours.register(&*procedure, || async { "ours" }).force_reregister();
    let registration = registration.await.unwrap();
    assert_eq!(value_of(&theirs, &procedure).await, "ours");
    assert!(registration.is_active());
    theirs.must("register", register.clone()).await;
    let ended = within("the loss of the registration", registration.ended()).await;
    assert!(matches!(ended, Ending::Revoked(_)), "{ended:?}");
    assert_eq!(value(&ours, &procedure).await, "theirs");
    theirs.leave().await;
    ours.leave().await;
}

/// The next call, which has these arguments.
async fn answer(theirs: &mut Autobahn, args: Json) {
    let invocation = theirs.next("invocation").await;
    assert_eq!(invocation["args"], args);
    theirs.must("return", json!({"invocation": invocation["invocation"]})).await;
}

async fn value(ours: &Session, procedure: &str) -> Json {
    ours.call(procedure).value().await.unwrap()
}

async fn value_of(theirs: &Autobahn, procedure: &str) -> Json {
    theirs.call(procedure, json!([])).await.unwrap()["value"].clone()
}
