//! A message that is too heavy beside its arguments fails the request that it belongs to.

use wampwerk::internals::codec::{self, Bounds, Refused, Unusable};
use wampwerk::internals::core::client::{ClientEvent, Failure};
use wampwerk::message::*;
use wampwerk::{Payload, Serializer};

use crate::common::client_core::*;

fn heavy(message: impl Into<Message>) -> Unusable {
    let mut message = message.into();
    let junk = "x".repeat(100_000);
    match &mut message {
        Message::Event(m) => drop(m.details.extra.insert("x_a", junk)),
        Message::Result(m) => drop(m.details.extra.insert("x_a", junk)),
        Message::Invocation(m) => drop(m.details.extra.insert("x_a", junk)),
        Message::Error(m) => m.error = junk.as_str().into(),
        Message::Goodbye(m) => m.reason = junk.as_str().into(),
        other => panic!("{other:?}"),
    }
    let frame = codec::encode(Serializer::ALL[0], &message).unwrap();
    let bounds = Bounds { details: 64 << 10, ..Bounds::NONE };
    match codec::decode_within(Serializer::ALL[0], &frame, &bounds) {
        Err(Refused::Unusable(unusable)) => unusable,
        other => panic!("{other:?}"),
    }
}

fn result(request: u64) -> CallResult {
    CallResult { request, details: ResultDetails::default(), payload: Payload::empty() }
}

#[test]
fn row10_a_heavy_result_or_error_fails_the_call() {
    let mut session = Session::with_all();
    let error = |request_type, request| RequestError {
        request_type,
        request,
        details: RequestErrorDetails::default(),
        error: "com.example.error".into(),
        payload: Payload::empty(),
    };
    let first = session.call(1);
    session.client.handle_unusable(&heavy(result(first)));
    let second = session.call(2);
    session.client.handle_unusable(&heavy(error(RequestType::Call, second)));
    let third = session.register(3);
    session.client.handle_unusable(&heavy(error(RequestType::Register, third)));
    let events = session.events();
    assert_eq!(events.len(), 3);
    for event in events {
        let ClientEvent::Reply { result: Err(Failure::Error(error)), .. } = event else { panic!() };
        assert_eq!(&*error.error, "wamp.error.payload_size_exceeded");
    }
    assert!(session.client.is_established());
}

#[test]
fn row10_a_heavy_event_counts_as_missed_and_a_heavy_call_is_refused() {
    let mut session = Session::registered();
    let request = session.subscribe(4);
    session.receive(Subscribed { request, subscription: 5 });
    session.events();
    session.messages();
    let (details, payload) = (EventDetails::default(), Payload::empty());
    let event = Event { subscription: 5, publication: 1, details, payload };
    session.client.handle_unusable(&heavy(event));
    assert!(matches!(session.events()[..], [ClientEvent::Missed { .. }]));
    let (details, payload) = (InvocationDetails::default(), Payload::empty());
    let invocation = Invocation { request: 7, registration: 9, details, payload };
    session.client.handle_unusable(&heavy(invocation));
    assert!(session.events().is_empty());
    let [Message::Error(error)] = &session.messages()[..] else { panic!() };
    let told = (error.request_type, error.request, &*error.error);
    assert_eq!(told, (RequestType::Invocation, 7, "wamp.error.payload_size_exceeded"));
}

#[test]
fn row11_what_is_too_heavy_while_joining_ends_it() {
    let mut session = Session::joining();
    session.messages();
    let (details, reason) = (ClosingDetails::default(), "a".into());
    session.client.handle_unusable(&heavy(Goodbye { details, reason }));
    assert_eq!(session.close_kind(), wampwerk::error::CloseKind::Violation);
}
