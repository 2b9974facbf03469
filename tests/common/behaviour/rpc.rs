//! Calling, registering, answering.

use std::collections::BTreeMap;
use std::future::{IntoFuture, pending};
use std::pin::pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;
use wampwerk::error::{CallError, PublishError, RegisterError};
use wampwerk::message::InvocationDetails;
use wampwerk::session::{Args, Kwargs, Procedures, Reply};
use wampwerk::uri::Pattern;
use wampwerk::{ApplicationError, Dict, List, Payload, Value};

use super::{Gate, Place, application, join_all, poll_once};

/// Runs them all.
pub(super) async fn all(place: &impl Place) {
    run! { place:
        typed_calls,
        keyword_arguments,
        replies_of_any_shape,
        tuples_as_replies,
        errors_travel_whole,
        own_error_types,
        error_types_with_fields_of_any_type,
        arguments_that_do_not_fit,
        unknown_procedure,
        registered_twice,
        unregistered,
        what_is_no_uri,
        many_calls_in_flight,
        slow_procedures_do_not_block,
        callee_goes,
        withdrawn_while_running,
        results_that_cannot_go,
        methods_of_an_object,
        all_procedures_or_none,
    }
}

async fn typed_calls(place: &impl Place) {
    let (callee, caller) = (place.session().await, place.session().await);
    callee.register("com.example.add", add).await.unwrap();
    let reply = caller.call("com.example.add").args((2, 3)).await.unwrap();
    assert_eq!(reply.decode::<i64>().unwrap(), 5);
    assert_eq!(caller.call("com.example.add").args([-2, 3]).value::<i8>().await.unwrap(), 1);
    let greet = |name: Option<String>, _: InvocationDetails| async move {
        format!("hello {}", name.unwrap_or_default())
    };
    callee.register("com.example.greet", greet).await.unwrap();
    let call = |args: List| {
        caller.call("com.example.greet").payload(Payload::from_values(args, Dict::new()))
    };
    assert_eq!(call(vec![]).value::<String>().await.unwrap(), "hello ");
    assert_eq!(call(vec!["you".into()]).value::<String>().await.unwrap(), "hello you");
    // A session may call its own procedure.
    assert_eq!(callee.call("com.example.add").args((1, 1)).value::<u8>().await.unwrap(), 2);
}

pub(super) async fn add(a: i64, b: i64) -> i64 {
    a + b
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Part {
    name: String,
    length: f64,
    tags: Vec<String>,
}

async fn keyword_arguments(place: &impl Place) {
    let (callee, caller) = (place.session().await, place.session().await);
    let procedure = |Args(counts): Args<Vec<u8>>, Kwargs(mut part): Kwargs<Part>| async move {
        part.tags.push(format!("{counts:?}"));
        Ok::<_, ApplicationError>(part)
    };
    callee.register("com.example.kw", procedure).await.unwrap();
    let part = Part { name: "bolt".into(), length: 4.0, tags: vec!["m4".into()] };
    let call = caller.call("com.example.kw").kwargs(&part).args((1, 2));
    let mut back: Part = call.value().await.unwrap();
    assert_eq!(back.tags.pop().as_deref(), Some("[1, 2]"));
    assert_eq!(back, part);
}

async fn replies_of_any_shape(place: &impl Place) {
    let session = place.session().await;
    let shape = || async { Reply::args((1, "two")).kwargs(BTreeMap::from([("three", 3)])) };
    session.register("com.example.shape", shape).await.unwrap();
    let reply = session.call("com.example.shape").await.unwrap();
    assert_eq!(reply.args::<(u8, String)>().unwrap(), (1, "two".into()));
    assert_eq!(reply.kwargs::<BTreeMap<String, u8>>().unwrap()["three"], 3);
    session.register("com.example.nothing", || async {}).await.unwrap();
    session.call("com.example.nothing").value::<()>().await.unwrap();
}

/// A tuple is the positional values; everything else is one value, also in a `Result`.
async fn tuples_as_replies(place: &impl Place) {
    let session = place.session().await;
    let procedures = Procedures::new()
        .add("one", || async { (7,) })
        .add("two", || async { (1, "two") })
        .add("fallible", |a: i64, b: i64| async move {
            if b == 0 {
                Err(ApplicationError::new("com.example.error.zero"))
            } else {
                Ok((a / b, a % b))
            }
        })
        .add("nested", || async { ((1, 2), vec![(3, 4)]) })
        .add("array", || async { Ok::<_, ApplicationError>([1, 2]) })
        .add("list", || async { vec![1, 2] })
        .add("optional", || async { Some((1, 2)) })
        .add("value", || async { Reply::value((1, 2)) })
        .add("unit", || async { Ok::<_, ApplicationError>(()) });
    session.register_all("com.example.", procedures).await.unwrap();
    let call = |name| session.call(format!("com.example.{name}")).into_future();
    assert_eq!(call("one").await.unwrap().decode::<u8>().unwrap(), 7);
    assert_eq!(call("two").await.unwrap().args::<(u8, String)>().unwrap(), (1, "two".into()));
    let (quotient, rest): (i64, i64) =
        session.call("com.example.fallible").args((7, 2)).value().await.unwrap();
    assert_eq!((quotient, rest), (3, 1));
    let refused = session.call("com.example.fallible").args((7, 0)).await.unwrap_err();
    assert_eq!(application(refused).uri, "com.example.error.zero");
    let nested = call("nested").await.unwrap().args::<([u8; 2], [[u8; 2]; 1])>().unwrap();
    assert_eq!(nested, ([1, 2], [[3, 4]]));
    for name in ["array", "list", "optional", "value"] {
        let reply = call(name).await.unwrap();
        assert_eq!(reply.decode::<[u8; 2]>().unwrap(), [1, 2], "{name}");
        assert_eq!(reply.decode::<(u8, u8)>().unwrap(), (1, 2), "{name}");
    }
    let unit = call("unit").await.unwrap();
    assert_eq!(unit.args::<(Option<u8>,)>().unwrap(), (None,));
}

async fn errors_travel_whole(place: &impl Place) {
    let (callee, caller) = (place.session().await, place.session().await);
    let fail = || async {
        let error = ApplicationError::new("com.example.error.full").arg(17).kwarg("limit", 10);
        Err::<(), _>(error)
    };
    callee.register("com.example.fail", fail).await.unwrap();
    let error = application(caller.call("com.example.fail").await.unwrap_err());
    assert_eq!(error.uri, "com.example.error.full");
    assert_eq!(error.args, [Value::from(17)]);
    assert_eq!(error.kwargs, Dict::from([("limit", 10)]));
}

struct OutOfStock(u32);

impl From<OutOfStock> for ApplicationError {
    fn from(OutOfStock(left): OutOfStock) -> Self {
        ApplicationError::new("com.example.error.stock").arg(left)
    }
}

async fn own_error_types(place: &impl Place) {
    let session = place.session().await;
    let order = |count: u32| async move { if count > 3 { Err(OutOfStock(3)) } else { Ok(count) } };
    session.register("com.example.order", order).await.unwrap();
    assert_eq!(session.call("com.example.order").args((3,)).value::<u32>().await.unwrap(), 3);
    let error = application(session.call("com.example.order").args((4,)).await.unwrap_err());
    assert_eq!((&*error.uri, &error.args[0]), ("com.example.error.stock", &Value::from(3)));
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Missing {
    item: String,
    left: BTreeMap<String, u32>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Reason {
    Sold,
    Broken { parts: Vec<u8> },
}

wampwerk::wamp_errors! {
    #[derive(PartialEq)]
    enum OrderError {
        /// By position.
        Short(Vec<Missing>, Option<Reason>) = "com.example.error.short",
        /// By name.
        Refused { reason: Reason, r#for: Vec<(u8, f64)> } = "com.example.error.refused",
        /// Cannot be encoded.
        Odd { map: BTreeMap<Vec<u8>, u8> } = "com.example.error.odd",
    }
}

async fn error_types_with_fields_of_any_type(place: &impl Place) {
    let session = place.session().await;
    let left = BTreeMap::from([("m4".to_owned(), 3)]);
    let errors = [
        OrderError::Short(vec![Missing { item: "bolt".into(), left }], None),
        OrderError::Short(vec![], Some(Reason::Broken { parts: vec![1, 2] })),
        OrderError::Refused { reason: Reason::Sold, r#for: vec![(1, 2.5)] },
    ];
    let raised = errors.clone();
    let order = move |index: usize| std::future::ready(Err::<(), _>(raised[index].clone()));
    session.register("com.example.order", order).await.unwrap();
    for (index, error) in errors.into_iter().enumerate() {
        let got = session.call("com.example.order").args((index,)).await.unwrap_err();
        assert_eq!(got.downcast::<OrderError>().unwrap(), error);
    }
    let odd = OrderError::Odd { map: BTreeMap::from([(vec![1], 1)]) };
    session
        .register("com.example.odd", move || std::future::ready(Err::<(), _>(odd.clone())))
        .await
        .unwrap();
    let error = application(session.call("com.example.odd").await.unwrap_err());
    assert_eq!(error.uri, "wamp.error.invalid_payload");
}

async fn arguments_that_do_not_fit(place: &impl Place) {
    let session = place.session().await;
    session.register("com.example.fit", add).await.unwrap();
    for (args, says) in [
        (vec![Value::from(1)], "argument 2 is missing"),
        (vec![1.into(), "two".into()], "argument 2"),
        (vec![1.into(), 2.into(), 3.into()], "takes 2 positional arguments, 3 were given"),
    ] {
        let call = session.call("com.example.fit").payload(Payload::from_values(args, Dict::new()));
        let error = application(call.await.unwrap_err());
        assert_eq!(error.uri, "wamp.error.invalid_argument");
        assert!(error.args[0].as_str().unwrap().contains(says), "{error}");
    }
    let call = session.call("com.example.fit").args((1, 2)).kwargs(BTreeMap::from([("x", 1)]));
    let error = application(call.await.unwrap_err());
    assert!(error.to_string().contains("takes no keyword arguments"), "{error}");
    assert!(matches!(
        session.call("com.example.fit").args((1, 2)).value::<String>().await.unwrap_err(),
        CallError::Decode { .. }
    ));
    assert!(matches!(
        session.call("com.example.fit").args("no list").await.unwrap_err(),
        CallError::Encode(_)
    ));
}

async fn unknown_procedure(place: &impl Place) {
    let session = place.session().await;
    let error = application(session.call("com.example.unknown").await.unwrap_err());
    assert_eq!(error.uri, "wamp.error.no_such_procedure");
}

async fn registered_twice(place: &impl Place) {
    let (first, second) = (place.session().await, place.session().await);
    first.register("com.example.once", add).await.unwrap();
    let Err(RegisterError::Application(error)) = second.register("com.example.once", add).await
    else {
        panic!("registered twice")
    };
    assert_eq!(error.uri, "wamp.error.procedure_already_exists");
    // The first is unharmed.
    assert_eq!(second.call("com.example.once").args((1, 2)).value::<i64>().await.unwrap(), 3);
}

async fn unregistered(place: &impl Place) {
    let session = place.session().await;
    let registration = session.register("com.example.gone", add).await.unwrap();
    assert_eq!(registration.procedure(), &"com.example.gone");
    registration.clone().unregister().await.unwrap();
    let error = application(session.call("com.example.gone").args((1, 2)).await.unwrap_err());
    assert_eq!(error.uri, "wamp.error.no_such_procedure");
    registration.unregister().await.unwrap();
    session.register("com.example.gone", add).await.unwrap();
}

async fn what_is_no_uri(place: &impl Place) {
    let session = place.session().await;
    for bad in ["", "com..example", "com.exa mple", "com.example.#"] {
        let error = application(session.call(bad).await.unwrap_err());
        assert_eq!(error.uri, "wamp.error.invalid_uri");
        assert!(matches!(
            session.publish(bad).await.unwrap_err(),
            PublishError::Application(error) if error.uri == "wamp.error.invalid_uri"
        ));
        assert!(session.subscribe(bad).await.is_err());
        assert!(session.register(bad, add).await.is_err());
    }
    let fail = || async { Err::<(), _>(ApplicationError::new("not a URI")) };
    session.register("com.example.bad_error", fail).await.unwrap();
    let error = application(session.call("com.example.bad_error").await.unwrap_err());
    assert_eq!(error.uri, "wamp.error.runtime_error");
    assert!(error.to_string().contains("not a URI"), "{error}");
}

async fn many_calls_in_flight(place: &impl Place) {
    let (callee, caller) = (place.session().await, place.session().await);
    callee.register("com.example.square", |n: u64| async move { n * n }).await.unwrap();
    let calls: Vec<_> = (0..500u64)
        .map(|n| Box::pin(caller.call("com.example.square").args((n,)).value::<u64>()))
        .collect();
    let results = join_all(calls).await;
    for (n, result) in results.into_iter().enumerate() {
        assert_eq!(result.unwrap(), (n * n) as u64);
    }
}

async fn slow_procedures_do_not_block(place: &impl Place) {
    let (callee, caller) = (place.session().await, place.session().await);
    let gates = Arc::new(Mutex::new(Vec::new()));
    let opened = gates.clone();
    let slow = move || {
        let (open, gate) = oneshot::channel::<u8>();
        opened.lock().unwrap().push(open);
        async move { gate.await.map_err(ApplicationError::runtime) }
    };
    callee.register("com.example.slow", slow).await.unwrap();
    callee.register("com.example.quick", || async { "quick" }).await.unwrap();
    let mut first = pin!(caller.call("com.example.slow").value::<u8>());
    let mut second = pin!(caller.call("com.example.slow").value::<u8>());
    poll_once(&mut first).await;
    poll_once(&mut second).await;
    assert_eq!(caller.call("com.example.quick").value::<String>().await.unwrap(), "quick");
    // Both had reached their gates before the quick one answered: calls of one caller keep order.
    let mut gates = std::mem::take(&mut *gates.lock().unwrap());
    gates.pop().unwrap().send(2).unwrap();
    assert_eq!(second.await.unwrap(), 2);
    gates.pop().unwrap().send(1).unwrap();
    assert_eq!(first.await.unwrap(), 1);
}

async fn callee_goes(place: &impl Place) {
    let (callee, caller) = (place.session().await, place.session().await);
    let (reached, called) = oneshot::channel();
    let reached = Mutex::new(Some(reached));
    let stuck = move || {
        reached.lock().unwrap().take().unwrap().send(()).unwrap();
        pending::<()>()
    };
    callee.register("com.example.stuck", stuck).await.unwrap();
    let mut call = pin!(caller.call("com.example.stuck").into_future());
    poll_once(&mut call).await;
    called.await.unwrap();
    callee.leave().await;
    let error = application(call.await.unwrap_err());
    assert_eq!(error.uri, "wamp.error.canceled");
}

async fn withdrawn_while_running(place: &impl Place) {
    let (callee, caller) = (place.session().await, place.session().await);
    let (gate, mut reached) = Gate::new();
    let procedure = move || gate.clone().pass();
    let registration = callee.register("com.example.withdrawn", procedure).await.unwrap();
    let mut call = pin!(caller.call("com.example.withdrawn").value::<u8>());
    poll_once(&mut call).await;
    let open = reached.recv().await.unwrap();
    assert!(registration.is_active());
    registration.clone().unregister().await.unwrap();
    assert!(!registration.is_active());
    open.send(5).unwrap();
    assert_eq!(call.await.unwrap(), 5, "what runs is still answered");
}

/// A value that no serializer can write.
struct Unwritable;

impl Serialize for Unwritable {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("it does not want to"))
    }
}

async fn results_that_cannot_go(place: &impl Place) {
    let (callee, caller) = (place.session().await, place.session().await);
    let unwritable = || async { Reply::value(Unwritable) };
    callee.register("com.example.unwritable", unwritable).await.unwrap();
    let error = application(caller.call("com.example.unwritable").await.unwrap_err());
    assert_eq!(error.uri, "wamp.error.invalid_payload");
    assert!(error.to_string().contains("it does not want to"), "{error}");
    let limit = callee.transport().max_send;
    if limit <= 64 << 20 {
        let huge = move || async move { "x".repeat(limit) };
        callee.register("com.example.huge", huge).await.unwrap();
        let error = application(caller.call("com.example.huge").await.unwrap_err());
        assert_eq!(error.uri, "wamp.error.payload_size_exceeded");
        let error = caller.call("com.example.huge").args(["x".repeat(limit)]).await.unwrap_err();
        assert_eq!(application(error).uri, "wamp.error.payload_size_exceeded");
    }
    // Both sessions continue.
    callee.register("com.example.small", || async { 1 }).await.unwrap();
    assert_eq!(caller.call("com.example.small").value::<u8>().await.unwrap(), 1);
}

struct Counter(AtomicI64);

impl Counter {
    async fn add(self: Arc<Self>, number: i64) -> i64 {
        self.0.fetch_add(number, Ordering::Relaxed) + number
    }

    async fn get(self: Arc<Self>) -> Result<i64, ApplicationError> {
        Ok(self.0.load(Ordering::Relaxed))
    }

    async fn called(self: Arc<Self>, details: InvocationDetails) -> String {
        details.procedure.as_ref().unwrap().to_string()
    }
}

async fn methods_of_an_object(place: &impl Place) {
    let (callee, caller) = (place.session().await, place.session().await);
    let procedures = Procedures::of(Arc::new(Counter(AtomicI64::new(10))))
        .add("add", Counter::add)
        .add("get", Counter::get)
        .add(Pattern::prefix("called."), Counter::called);
    let registrations = callee.register_all("com.example.counter.", procedures).await.unwrap();
    let uris: Vec<_> = registrations.iter().map(|one| one.procedure().to_string()).collect();
    let expected = ["add", "get", "called."].map(|name| format!("com.example.counter.{name}"));
    assert_eq!(uris, expected);
    let added = caller.call("com.example.counter.add").args((5,)).value::<i64>().await;
    assert_eq!(added.unwrap(), 15);
    assert_eq!(caller.call("com.example.counter.get").value::<i64>().await.unwrap(), 15);
    let called: String = caller.call("com.example.counter.called.me").value().await.unwrap();
    assert_eq!(called, "com.example.counter.called.me");
    for registration in registrations {
        registration.unregister().await.unwrap();
    }
    for name in expected {
        let error = application(caller.call(format!("{name}x")).await.unwrap_err());
        assert_eq!(error.uri, "wamp.error.no_such_procedure");
    }
}

async fn all_procedures_or_none(place: &impl Place) {
    let (callee, other) = (place.session().await, place.session().await);
    other.register("com.example.all.taken", add).await.unwrap();
    let procedures = || Procedures::new().add("first", add).add("taken", add).add("last", add);
    let error = callee.register_all("com.example.all.", procedures()).await.unwrap_err();
    assert_eq!(error.uri, "com.example.all.taken");
    let RegisterError::Application(error) = error.error else { panic!("{error}") };
    assert_eq!(error.uri, "wamp.error.procedure_already_exists");
    // The others are free again.
    let rest = Procedures::new().add("first", add).add("last", add);
    other.register_all("com.example.all.", rest).await.unwrap();
    let call = callee.call("com.example.all.last").args((1, 2));
    assert_eq!(call.value::<i64>().await.unwrap(), 3);
}
