//! What a session does, whatever router and transport are under it: one suite, run in the same way
//! over the embedded router in-process, over WebSocket, in the browser, and against Crossbar.

#![allow(clippy::unwrap_used, clippy::panic, dead_code, reason = "tests may")]

use std::cell::Cell;
use std::collections::BTreeMap;
use std::future::{Future, IntoFuture, pending, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;
use wampwerk::session::{Args, CallDetails, Kwargs, PublishDetails, Reply};
use wampwerk::{
    ApplicationError, CallError, CloseKind, Dict, List, Payload, PublishError, RegisterError,
    Session, Value,
};

/// Where sessions come from.
pub(crate) trait Place {
    /// A new session on `realm1`.
    fn session(&self) -> impl Future<Output = Session>;
}

/// Runs every behaviour at a place, each with names of its own.
pub(crate) async fn all(place: &impl Place) {
    typed_calls(place).await;
    keyword_arguments(place).await;
    replies_of_any_shape(place).await;
    errors_travel_whole(place).await;
    own_error_types(place).await;
    arguments_that_do_not_fit(place).await;
    unknown_procedure(place).await;
    registered_twice(place).await;
    unregistered(place).await;
    what_is_no_uri(place).await;
    many_calls_in_flight(place).await;
    slow_procedures_do_not_block(place).await;
    values_survive(place).await;
    raw_payloads(place).await;
    callee_goes(place).await;
    call_timeout(place).await;
    dropped_call(place).await;
    events_in_order(place).await;
    acknowledged_publication(place).await;
    publisher_exclusion(place).await;
    several_subscriptions(place).await;
    subscriptions_end(place).await;
    event_handlers(place).await;
    slow_subscriber_sees_lag(place).await;
    leaving(place).await;
    last_handle_leaves(place).await;
}

async fn typed_calls(place: &impl Place) {
    let (callee, caller) = (place.session().await, place.session().await);
    callee.register("com.example.add", add).await.unwrap();
    let reply = caller.call("com.example.add").args((2, 3)).await.unwrap();
    assert_eq!(reply.decode::<i64>().unwrap(), 5);
    assert_eq!(caller.call("com.example.add").args([-2, 3]).value::<i8>().await.unwrap(), 1);
    let greet = |name: Option<String>, _: CallDetails| async move {
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

async fn add(a: i64, b: i64) -> i64 {
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

fn application(error: CallError) -> ApplicationError {
    match error {
        CallError::Application(error) => error,
        other => panic!("no application error, but {other}"),
    }
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
        CallError::Decode(_)
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
    let fail = || async { Err::<(), _>(ApplicationError::new("this is no URI")) };
    session.register("com.example.bad_error", fail).await.unwrap();
    let error = application(session.call("com.example.bad_error").await.unwrap_err());
    assert_eq!(error.uri, "wamp.error.runtime_error");
    assert!(error.to_string().contains("this is no URI"), "{error}");
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

/// Values with which serializers have trouble.
pub(crate) fn troublesome() -> Value {
    let bytes: Vec<u8> = (0..=255).collect();
    let mut list = List::new();
    list.push(Value::Null);
    list.push(true.into());
    list.extend(
        [0, 1, 23, 24, 127, 128, 255, 256, 65_535, 65_536, -1, -24, -25, -128, -129]
            .map(Value::from),
    );
    list.extend([i64::MIN, i64::MAX, 1 << 53, (1 << 53) + 1, -(1 << 53) - 1].map(Value::from));
    list.extend([0.5, 1.0, -2.25, 1e300, f64::MIN_POSITIVE].map(Value::from));
    list.extend(["", "grüße", "\"\\\u{1}\u{7f}\u{2028}\u{1F600}"].map(Value::from));
    list.push(Value::Bytes(Bytes::new()));
    list.push(Value::Bytes(bytes.into()));
    let nested = Dict::from([("", Value::from(1)), ("a b", Value::List(vec![Value::Null]))]);
    Value::Dict(Dict::from([("list", Value::List(list)), ("nested", Value::Dict(nested))]))
}

async fn values_survive(place: &impl Place) {
    let (callee, caller) = (place.session().await, place.session().await);
    callee.register("com.example.echo", |value: Value| async move { value }).await.unwrap();
    let value = troublesome();
    let back: Value = caller.call("com.example.echo").args((&value,)).value().await.unwrap();
    assert_eq!(back, value);
}

async fn raw_payloads(place: &impl Place) {
    let (callee, caller) = (place.session().await, place.session().await);
    callee.register("com.example.raw", |payload: Payload| async move { payload }).await.unwrap();
    let kwargs = Dict::from([("k", troublesome())]);
    let payload = Payload::from_values(vec![1.into(), 2.into()], kwargs.clone());
    let reply = caller.call("com.example.raw").payload(payload).await.unwrap();
    assert_eq!(reply.payload.to_values().unwrap(), (vec![1.into(), 2.into()], kwargs));
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

async fn call_timeout(place: &impl Place) {
    let (callee, caller) = (place.session().await, place.session().await);
    callee.register("com.example.never", pending::<()>).await.unwrap();
    let limit = Duration::from_millis(50);
    match caller.call("com.example.never").timeout(limit).await {
        Err(CallError::Timeout(elapsed)) => assert_eq!(elapsed.0, limit),
        other => panic!("{other:?}"),
    }
    callee.register("com.example.in_time", || async { 1 }).await.unwrap();
    let call = caller.call("com.example.in_time").timeout(Duration::from_secs(60));
    assert_eq!(call.value::<u8>().await.unwrap(), 1);
}

async fn dropped_call(place: &impl Place) {
    let (callee, caller) = (place.session().await, place.session().await);
    let (sender, mut reached) = tokio::sync::mpsc::unbounded_channel();
    let procedure = move |number: u8| {
        sender.send(number).unwrap();
        pending::<()>()
    };
    callee.register("com.example.dropped", procedure).await.unwrap();
    callee.register("com.example.after", || async {}).await.unwrap();
    {
        // Dropped at once: unless the driver is quicker, on another thread, it never was.
        let mut call = pin!(caller.call("com.example.dropped").args((1,)).into_future());
        poll_once(&mut call).await;
    }
    {
        let mut call = pin!(caller.call("com.example.dropped").args((2,)).into_future());
        let reached = poll_fn(|cx| {
            assert!(call.as_mut().poll(cx).is_pending());
            loop {
                match std::task::ready!(reached.poll_recv(cx)) {
                    Some(1) => {}
                    number => return Poll::Ready(number),
                }
            }
        });
        assert_eq!(reached.await, Some(2));
    }
    caller.call("com.example.after").await.unwrap();
    assert!(reached.try_recv().is_err());
}

async fn events_in_order(place: &impl Place) {
    let (publisher, subscriber) = (place.session().await, place.session().await);
    let mut numbers = subscriber.subscribe("com.example.numbers").await.unwrap();
    for number in 0..300u32 {
        let half = BTreeMap::from([("half", f64::from(number) / 2.0)]);
        publisher.publish("com.example.numbers").args((number,)).kwargs(half).await.unwrap();
    }
    for number in 0..300u32 {
        let event = numbers.next().await.unwrap().unwrap();
        assert_eq!(event.decode::<u32>().unwrap(), number);
        let kwargs = event.kwargs::<BTreeMap<String, f64>>().unwrap();
        assert_eq!(kwargs["half"], f64::from(number) / 2.0);
    }
}

async fn acknowledged_publication(place: &impl Place) {
    let (publisher, subscriber) = (place.session().await, place.session().await);
    let mut topic = subscriber.subscribe("com.example.ack").await.unwrap();
    let id = publisher.publish("com.example.ack").args(("a", "b")).acknowledge().await.unwrap();
    let event = topic.next().await.unwrap().unwrap();
    assert_eq!(event.publication, id);
    assert_eq!(event.args::<(String, String)>().unwrap(), ("a".into(), "b".into()));
}

async fn publisher_exclusion(place: &impl Place) {
    let session = place.session().await;
    let mut topic = session.subscribe("com.example.me").await.unwrap();
    session.publish("com.example.me").args(("not to me",)).await.unwrap();
    session.publish("com.example.me").args(("to me",)).exclude_me(false).await.unwrap();
    let event = topic.next().await.unwrap().unwrap();
    assert_eq!(event.decode::<String>().unwrap(), "to me");
}

async fn several_subscriptions(place: &impl Place) {
    let (publisher, session) = (place.session().await, place.session().await);
    let mut one = session.subscribe("com.example.shared").await.unwrap();
    let mut other = session.subscribe("com.example.shared").await.unwrap();
    assert_eq!(one.id(), other.id());
    publisher.publish("com.example.shared").args((1,)).await.unwrap();
    for subscription in [&mut one, &mut other] {
        let event = subscription.next().await.unwrap().unwrap();
        assert_eq!(event.decode::<u8>().unwrap(), 1);
    }
    drop(one);
    // The drop has been seen when a later request has been answered.
    session.publish("com.example.elsewhere").acknowledge().await.unwrap();
    publisher.publish("com.example.shared").args((2,)).await.unwrap();
    assert_eq!(other.next().await.unwrap().unwrap().decode::<u8>().unwrap(), 2);
}

async fn subscriptions_end(place: &impl Place) {
    let (publisher, session) = (place.session().await, place.session().await);
    let (sender, mut handled) = tokio::sync::mpsc::unbounded_channel();
    let handler = move |number: u8| {
        sender.send(number).unwrap();
        async {}
    };
    let handler = session.subscribe_with("com.example.ends", handler).await.unwrap();
    let mut stream = session.subscribe("com.example.ends.stream").await.unwrap();
    publisher.publish("com.example.ends").args((1,)).acknowledge().await.unwrap();
    publisher.publish("com.example.ends.stream").acknowledge().await.unwrap();
    stream.next().await.unwrap().unwrap();
    assert_eq!(handled.recv().await, Some(1));
    handler.unsubscribe().await.unwrap();
    stream.unsubscribe().await.unwrap();
    publisher.publish("com.example.ends").args((2,)).acknowledge().await.unwrap();
    let mut later = session.subscribe("com.example.ends.later").await.unwrap();
    publisher.publish("com.example.ends.later").await.unwrap();
    later.next().await.unwrap().unwrap();
    // The handler itself is gone, and with it its end of the channel.
    assert_eq!(handled.recv().await, None);
}

async fn event_handlers(place: &impl Place) {
    let (publisher, subscriber) = (place.session().await, place.session().await);
    let (sender, mut events) = tokio::sync::mpsc::unbounded_channel();
    let handler = move |word: String, number: Option<u8>, _: PublishDetails| {
        let sender = sender.clone();
        async move { sender.send((word, number)).unwrap() }
    };
    subscriber.subscribe_with("com.example.handled", handler).await.unwrap();
    let publish = |args: List| {
        publisher
            .publish("com.example.handled")
            .payload(Payload::from_values(args, Dict::new()))
            .into_future()
    };
    publish(vec!["a".into(), 1.into(), "surplus".into()]).await.unwrap();
    publish(vec![7.into()]).await.unwrap();
    publish(vec!["b".into()]).await.unwrap();
    assert_eq!(events.recv().await.unwrap(), ("a".into(), Some(1)));
    assert_eq!(events.recv().await.unwrap(), ("b".into(), None), "what does not fit is left out");
}

async fn slow_subscriber_sees_lag(place: &impl Place) {
    let (publisher, subscriber) = (place.session().await, place.session().await);
    let mut slow = subscriber.subscribe("com.example.flood").queue(4).await.unwrap();
    let mut end = subscriber.subscribe("com.example.flood.end").await.unwrap();
    for number in 0..10u8 {
        publisher.publish("com.example.flood").args((number,)).await.unwrap();
    }
    publisher.publish("com.example.flood.end").await.unwrap();
    end.next().await.unwrap().unwrap();
    for number in 0..4u8 {
        assert_eq!(slow.next().await.unwrap().unwrap().decode::<u8>().unwrap(), number);
    }
    assert_eq!(slow.next().await.unwrap().unwrap_err().missed, 6);
}

async fn leaving(place: &impl Place) {
    let (callee, caller) = (place.session().await, place.session().await);
    callee.register("com.example.hangs", pending::<()>).await.unwrap();
    let mut subscription = caller.subscribe("com.example.leaving").await.unwrap();
    let mut call = pin!(caller.call("com.example.hangs").into_future());
    poll_once(&mut call).await;
    let reason = caller.leave().await;
    assert_eq!(reason.kind, CloseKind::Left);
    assert!(matches!(call.await.unwrap_err(), CallError::Closed(closed) if closed == reason));
    assert!(subscription.next().await.is_none());
    assert_eq!(subscription.close_reason().unwrap(), reason);
    assert!(caller.is_closed());
    assert_eq!(caller.closed().await, reason);
    assert!(matches!(caller.call("a.b").await.unwrap_err(), CallError::Closed(_)));
    assert_eq!(caller.leave().await, reason, "leaving twice is nothing");
}

async fn last_handle_leaves(place: &impl Place) {
    let session = place.session().await;
    let closed = session.closed();
    let registration = session.register("com.example.handles", add).await.unwrap();
    drop(session);
    drop(registration);
    assert_eq!(closed.await.kind, CloseKind::Left);
    // The name is free again.
    let session = place.session().await;
    session.register("com.example.handles", add).await.unwrap();
}

/// Drives all to their end.
async fn join_all<F: Future + Unpin>(mut futures: Vec<F>) -> Vec<F::Output> {
    let mut results: Vec<Option<F::Output>> = futures.iter().map(|_| None).collect();
    poll_fn(move |cx| {
        let mut ready = true;
        for (future, result) in futures.iter_mut().zip(&mut results) {
            if result.is_none() {
                match std::pin::Pin::new(future).poll(cx) {
                    Poll::Ready(output) => *result = Some(output),
                    Poll::Pending => ready = false,
                }
            }
        }
        if !ready {
            return Poll::Pending;
        }
        Poll::Ready(results.iter_mut().map(|result| result.take().unwrap()).collect())
    })
    .await
}

/// Starts a future that is not to be done yet.
async fn poll_once<F: Future>(future: &mut std::pin::Pin<&mut F>) {
    let started = Cell::new(false);
    poll_fn(|cx| {
        if !started.replace(true) {
            assert!(future.as_mut().poll(cx).is_pending());
        }
        Poll::Ready(())
    })
    .await;
}
