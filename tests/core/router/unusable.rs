//! A message that is too heavy beside its arguments fails alone, where the specification has an answer.

use wampwerk::Serializer;
use wampwerk::internals::codec::{self, Bounds, Refused, Unusable};
use wampwerk::internals::core::router::ConnectionId;
use wampwerk::message::*;

use crate::common::router_core::*;

/// Makes the message so heavy that its scan refuses it.
fn heavy(message: impl Into<Message>) -> Unusable {
    let mut message = message.into();
    let junk = "x".repeat(100_000);
    match &mut message {
        Message::Publish(m) => drop(m.options.extra.insert("x_a", junk)),
        Message::Call(m) => drop(m.options.extra.insert("x_a", junk)),
        Message::Register(m) => drop(m.options.extra.insert("x_a", junk)),
        Message::Yield(m) => drop(m.options.extra.insert("x_a", junk)),
        Message::Error(m) => m.error = junk.as_str().into(),
        Message::Subscribe(m) => m.topic = junk.as_str().into(),
        Message::Cancel(m) => drop(m.options.extra.insert("x_a", junk)),
        Message::Hello(m) => drop(m.details.extra.insert("x_a", junk)),
        other => panic!("{other:?}"),
    }
    let frame = codec::encode(Serializer::ALL[0], &message).unwrap();
    let bounds = Bounds { details: 64 << 10, ..Bounds::NONE };
    match codec::decode_within(Serializer::ALL[0], &frame, &bounds) {
        Err(Refused::Unusable(unusable)) => unusable,
        other => panic!("{other:?}"),
    }
}

fn send(net: &mut Net, from: ConnectionId, message: impl Into<Message>) {
    net.router.handle_unusable(net.now, from, heavy(message));
    net.drain();
}

const REFUSED: &str = "wamp.error.payload_size_exceeded";

#[test]
fn row03_a_heavy_request_fails_and_the_session_goes_on() {
    let mut net = Net::new();
    let peer = net.join();
    send(&mut net, peer, subscribe(1, "a"));
    let mut publish = publish(2, "a", 1);
    publish.options.acknowledge = Some(true);
    send(&mut net, peer, publish.clone());
    send(&mut net, peer, register(3, "a"));
    send(&mut net, peer, call(4, "a", 1));
    let refused = |code: u64, request: u64| format!("ERROR {code} {request} {REFUSED}");
    let expected = [refused(32, 1), refused(16, 2), refused(64, 3), refused(48, 4)];
    assert_eq!(net.take(peer), expected);
    // Without `acknowledge` there is no answer.
    publish.request = 5;
    publish.options.acknowledge = None;
    send(&mut net, peer, publish);
    assert_eq!(net.take(peer), [""; 0]);
    assert_eq!(net.dropped.len(), 1);
    // The ids were counted.
    net.send(peer, subscribe(6, "b"));
    assert!(matches!(net.take_one(peer), Message::Subscribed(_)));
}

#[test]
fn row03_a_heavy_answer_fails_the_call() {
    let mut net = Net::new();
    let (callee, caller) = (net.join(), net.join());
    net.send(callee, register(1, "a"));
    net.take(callee);
    for (request, answer) in [Message::from(yields(1, 1)), fails(2, "com.example.error", 1).into()]
        .into_iter()
        .enumerate()
    {
        let request = request as u64 + 1;
        net.send(caller, call(request, "a", 1));
        net.take(callee);
        send(&mut net, callee, answer);
        assert_eq!(net.take(caller), [format!("ERROR 48 {request} {REFUSED}")]);
    }
    net.send(caller, call(3, "a", 1));
    net.take(callee);
    net.send(callee, yields(3, 1));
    assert!(matches!(net.take_one(caller), Message::Result(_)));
    assert_eq!(net.router.statistics().calls, 0);
}

#[test]
fn row03_what_has_no_answer_ends_the_session() {
    for message in [
        Message::from(Cancel { request: 1, options: CancelOptions::default() }),
        hello("realm1").into(),
    ] {
        let mut net = Net::new();
        let peer = net.join();
        send(&mut net, peer, message);
        let Message::Abort(abort) = net.take_one(peer) else { panic!() };
        assert_eq!(&*abort.reason, "wamp.error.protocol_violation");
        assert!(abort.details.message.as_ref().unwrap().contains("limit"));
    }
}

#[test]
fn row01_a_stranger_is_refused() {
    let mut net = Net::new();
    let peer = net.connect();
    send(&mut net, peer, hello("realm1"));
    assert!(matches!(net.take_one(peer), Message::Abort(_)));
}

/// As Crossbar ignores them: the other calls of the callee live on.
#[test]
fn yield_or_error_for_an_invocation_that_never_was_is_ignored() {
    let mut more = yields(2, 1);
    more.options.progress = Some(true);
    let wrong: [Message; 3] =
        [yields(2, 1).into(), more.into(), fails(2, "com.example.error", 1).into()];
    for wrong in wrong {
        let mut net = Net::new();
        let [caller, callee, other] = [net.join(), net.join(), net.join()];
        net.register(callee, 1, "a");
        net.send(caller, call(1, "a", 1));
        assert_eq!(net.take(callee), ["INVOCATION 1 1"]);
        // Invocation 1 is of another session, invocation 2 of none.
        net.send(other, yields(1, 1));
        net.send(callee, wrong);
        for (at, who, number) in [(0, other, 1), (1, callee, 2)] {
            let (dropped, error) = &net.dropped[at];
            assert_eq!((*dropped, &*error.uri), (who, "wamp.error.protocol_violation"));
            let text = error.to_string();
            let expected =
                format!("request is {number}, an invocation that was never sent to this session");
            assert!(text.contains(&expected), "{text}");
        }
        assert_eq!((net.closed(other), net.closed(callee)), (None, None));
        assert!(net.take(caller).is_empty());
        net.send(callee, yields(1, 1));
        assert_eq!(net.take(caller), ["RESULT 1"]);
    }
}
