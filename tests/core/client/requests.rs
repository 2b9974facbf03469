//! Requests and their answers.

use wampwerk::Payload;
use wampwerk::internals::core::client::{
    Answer, Client, ClientConfig, ClientEvent, Failure, RequestTicket,
};
use wampwerk::message::{
    CallOptions, Message, PublishOptions, RegisterOptions, RequestType, Subscribe,
};
// In the browser the same tests run under its own runner.
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::common::client_core;
use crate::common::client_core::{NOW, Session, error, result};

#[test]
fn request_ids_are_sequential_over_all_kinds() {
    let mut session = Session::joined();
    assert_eq!(session.call(1), 1);
    assert_eq!(session.subscribe(2), 2);
    let options = PublishOptions::default();
    let publish = session.client.publish(RequestTicket(3), "a.b".into(), options, Payload::empty());
    assert_eq!(publish, 3, "also a publish that nobody acknowledges");
    let options = RegisterOptions::default();
    assert_eq!(session.client.register(RequestTicket(4), "a.c".into(), options), 4);
}

#[test]
fn answers_find_their_tickets_in_any_order() {
    let mut session = Session::joined();
    let (first, second) = (session.call(11), session.call(12));
    session.receive(error(RequestType::Call, second, "com.example.bad"));
    session.receive(result(first));
    let [
        ClientEvent::Reply { ticket: RequestTicket(12), result: Err(Failure::Error(failed)) },
        ClientEvent::Reply { ticket: RequestTicket(11), result: Ok(Answer::Result { .. }) },
    ] = &session.events()[..]
    else {
        panic!()
    };
    assert_eq!(failed.error, "com.example.bad");
    assert_eq!(session.client.pending(), 0);
}

#[test]
fn the_subscribe_message_is_the_one_asked_for() {
    let mut session = Session::joined();
    session.subscribe(1);
    let [Message::Subscribe(Subscribe { request: 1, topic, .. })] = &session.messages()[..] else {
        panic!()
    };
    assert_eq!(*topic, "com.example.t");
}

#[test]
fn what_the_session_discloses_is_said_where_the_request_does_not_say_it() {
    let mut config = ClientConfig::default();
    config.disclose_me = Some(true);
    let mut session = Session { client: Client::new(config) };
    session.client.join(NOW, "realm1".into());
    session.receive(client_core::welcome(wampwerk::message::Roles::new().with("dealer", &[])));
    session.messages();
    session.call(1);
    let mut options = CallOptions::default();
    options.disclose_me = Some(false);
    session.client.call(RequestTicket(2), "com.example.p".into(), options, Payload::empty());
    let options = PublishOptions::default();
    session.client.publish(RequestTicket(3), "com.example.t".into(), options, Payload::empty());
    let disclosed: Vec<_> = session
        .messages()
        .iter()
        .map(|message| match message {
            Message::Call(call) => call.options.disclose_me,
            Message::Publish(publish) => publish.options.disclose_me,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(disclosed, [Some(true), Some(false), Some(true)]);
}
