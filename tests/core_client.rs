//! The client core alone: messages in, messages and events out, in virtual time.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may")]

use std::time::Duration;

// In the browser the same tests run under its own runner.
use wampwerk::core::client::{Answer, Client, ClientConfig, Event, Failure, Ticket};
use wampwerk::message::{
    self, CallOptions, CancelMode, EventDetails, Goodbye, GoodbyeDetails, Invocation,
    InvocationDetails, Message, PublishOptions, RegisterOptions, Registered, Roles, Subscribe,
    SubscribeOptions, Subscribed, Unregistered, Unsubscribed, UnsubscribedDetails, Welcome,
    WelcomeDetails,
};
use wampwerk::{ApplicationError, CloseKind, Dict, Payload, Uri};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const NOW: Duration = Duration::from_secs(100);

struct Session {
    client: Client,
}

impl Session {
    fn joining() -> Self {
        let mut client = Client::new(ClientConfig::default());
        client.join(NOW, Uri::from("realm1"));
        Session { client }
    }

    fn joined_with(roles: Roles) -> Self {
        let mut session = Session::joining();
        assert_eq!(session.sent(), ["HELLO"]);
        session.receive(welcome(roles));
        assert!(matches!(session.events()[..], [Event::Joined(_)]));
        session
    }

    fn joined() -> Self {
        Session::joined_with(Roles::new().with("broker", &[]).with("dealer", &[]))
    }

    fn receive(&mut self, message: impl Into<Message>) {
        self.client.handle_message(message.into());
    }

    fn messages(&mut self) -> Vec<Message> {
        std::iter::from_fn(|| self.client.poll_transmit()).collect()
    }

    fn sent(&mut self) -> Vec<&'static str> {
        self.messages().iter().map(Message::name).collect()
    }

    fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.client.poll_event()).collect()
    }

    fn close_kind(&mut self) -> CloseKind {
        match self.events().pop() {
            Some(Event::Closed(reason)) => reason.kind,
            other => panic!("no end, but {other:?}"),
        }
    }

    fn call(&mut self, ticket: u64) -> u64 {
        let (options, payload) = (CallOptions::default(), Payload::empty());
        self.client.call(Ticket(ticket), "com.example.p".into(), options, payload)
    }

    fn subscribe(&mut self, ticket: u64) -> u64 {
        let options = SubscribeOptions::default();
        self.client.subscribe(Ticket(ticket), "com.example.t".into(), options)
    }

    /// The listeners that an event of the subscription reaches.
    fn reached(&mut self, subscription: u64) -> Vec<u64> {
        self.receive(event(subscription));
        let events = self.events();
        let reached = events.iter().map(|event| match event {
            Event::Event { listener, .. } => listener.0,
            other => panic!("{other:?}"),
        });
        reached.collect()
    }
}

fn welcome(roles: Roles) -> Welcome {
    let mut details = WelcomeDetails::default();
    details.roles = Some(roles);
    Welcome { session: 77, details }
}

fn event(subscription: u64) -> message::Event {
    let (details, payload) = (EventDetails::default(), Payload::empty());
    message::Event { subscription, publication: 5, details, payload }
}

fn result(request: u64) -> message::CallResult {
    message::CallResult { request, details: Default::default(), payload: Payload::empty() }
}

fn error(request_type: message::RequestType, request: u64, uri: &str) -> message::RequestError {
    let (details, payload) = (Default::default(), Payload::empty());
    message::RequestError { request_type, request, details, error: uri.into(), payload }
}

fn invocation(request: u64, registration: u64) -> Invocation {
    let (details, payload) = (InvocationDetails::default(), Payload::empty());
    Invocation { request, registration, details, payload }
}

fn goodbye(reason: &str) -> Goodbye {
    Goodbye { details: GoodbyeDetails::default(), reason: reason.into() }
}

#[test]
fn hello_names_the_realm_and_the_roles() {
    let mut session = Session::joining();
    let [Message::Hello(hello)] = &session.messages()[..] else { panic!() };
    assert_eq!(hello.realm, "realm1");
    let roles = hello.details.roles.as_ref().unwrap();
    assert!(["caller", "callee", "publisher", "subscriber"].iter().all(|role| roles.has(role)));
}

#[test]
fn a_welcome_without_roles_is_a_violation() {
    let mut session = Session::joining();
    session.receive(Welcome { session: 77, details: WelcomeDetails::default() });
    assert_eq!(session.sent(), ["ABORT"], "what was queued before is not sent any more");
    assert_eq!(session.close_kind(), CloseKind::Violation);
}

#[test]
fn no_answer_to_hello_ends_in_time() {
    let mut session = Session::joining();
    let deadline = session.client.poll_timeout().unwrap();
    session.client.handle_timeout(deadline - Duration::from_millis(1));
    assert!(session.events().is_empty());
    session.client.handle_timeout(deadline);
    assert_eq!(session.close_kind(), CloseKind::TimedOut);
}

#[test]
fn an_abort_while_joining_is_told_with_its_reason_and_not_answered() {
    let mut session = Session::joining();
    session.messages();
    let mut details = message::AbortDetails::default();
    details.message = Some("no such realm".into());
    let (reason, payload) = ("wamp.error.no_such_realm".into(), Payload::empty());
    session.receive(message::Abort { details, reason, payload });
    let Some(Event::Closed(reason)) = session.events().pop() else { panic!() };
    assert_eq!((reason.kind, &*reason.reason), (CloseKind::Aborted, "wamp.error.no_such_realm"));
    assert_eq!(reason.message.as_deref(), Some("no such realm"));
    assert!(session.messages().is_empty());
}

#[test]
fn a_challenge_without_credentials_is_refused() {
    let mut session = Session::joining();
    session.messages();
    session.receive(message::Challenge { method: "ticket".into(), extra: Dict::new() });
    let [Message::Abort(abort)] = &session.messages()[..] else { panic!() };
    assert_eq!(abort.reason, "wamp.error.cannot_authenticate");
}

#[test]
fn request_ids_are_sequential_over_all_kinds() {
    let mut session = Session::joined();
    assert_eq!(session.call(1), 1);
    assert_eq!(session.subscribe(2), 2);
    let options = PublishOptions::default();
    let publish = session.client.publish(Ticket(3), "a.b".into(), options, Payload::empty());
    assert_eq!(publish, 3, "also a publish that nobody acknowledges");
    let options = RegisterOptions::default();
    assert_eq!(session.client.register(Ticket(4), "a.c".into(), options), 4);
}

#[test]
fn answers_find_their_tickets_in_any_order() {
    let mut session = Session::joined();
    let (first, second) = (session.call(11), session.call(12));
    session.receive(error(message::RequestType::Call, second, "com.example.bad"));
    session.receive(result(first));
    let [
        Event::Reply { ticket: Ticket(12), result: Err(Failure::Error(failed)) },
        Event::Reply { ticket: Ticket(11), result: Ok(Answer::Result { .. }) },
    ] = &session.events()[..]
    else {
        panic!()
    };
    assert_eq!(failed.error, "com.example.bad");
    assert_eq!(session.client.pending(), 0);
}

#[test]
fn an_answer_to_what_was_never_asked_is_a_violation() {
    for message in [
        Message::from(result(9)),
        Message::from(Subscribed { request: 9, subscription: 1 }),
        Message::from(error(message::RequestType::Call, 9, "a.b")),
        Message::from(invocation(1, 1)),
        Message::from(event(4)),
        Message::from(welcome(Roles::new().with("broker", &[]))),
        Message::from(error(message::RequestType::Invocation, 1, "a.b")),
    ] {
        let mut session = Session::joined();
        session.call(1);
        session.messages();
        let name = message.name();
        session.receive(message);
        assert_eq!(session.sent(), ["ABORT"], "{name}");
        assert_eq!(session.close_kind(), CloseKind::Violation, "{name}");
    }
}

#[test]
fn an_answer_of_the_wrong_kind_is_a_violation() {
    let mut session = Session::joined();
    let request = session.call(1);
    session.receive(Registered { request, registration: 3 });
    assert_eq!(session.close_kind(), CloseKind::Violation);
}

#[test]
fn the_end_settles_everything_with_the_one_reason() {
    let mut session = Session::joined();
    session.call(1);
    session.subscribe(2);
    session.client.handle_transport_closed(Some("reset".into()));
    let events = session.events();
    let mut tickets = Vec::new();
    for event in &events[..2] {
        let Event::Reply { ticket, result: Err(Failure::Closed(reason)) } = event else {
            panic!("{event:?}")
        };
        assert_eq!(reason.kind, CloseKind::TransportLost);
        tickets.push(ticket.0);
    }
    assert_eq!(tickets, [1, 2]);
    assert!(matches!(events[2..], [Event::Closed(_)]));
    assert_eq!(session.client.pending(), 0);

    // What comes later fails at once, with the same reason.
    session.call(3);
    let [Event::Reply { ticket: Ticket(3), result: Err(Failure::Closed(reason)) }] =
        &session.events()[..]
    else {
        panic!()
    };
    assert_eq!(reason.message.as_deref(), Some("reset"));
    assert_eq!(session.client.poll_timeout(), None);
}

#[test]
fn a_call_that_is_given_up_is_forgotten_and_its_late_result_is_nothing() {
    let mut session = Session::joined();
    let request = session.call(1);
    session.messages();
    session.client.abandon(request, CancelMode::KillNoWait);
    assert_eq!(session.client.pending(), 0);
    assert!(session.sent().is_empty(), "no CANCEL to a router that does not know it");
    session.receive(result(request));
    assert!(session.events().is_empty());
    assert!(session.client.is_established());
}

#[test]
fn giving_up_a_call_cancels_it_where_the_router_can() {
    let mut session = Session::joined_with(Roles::new().with("dealer", &["call_canceling"]));
    let request = session.call(1);
    session.messages();
    session.client.abandon(request, CancelMode::KillNoWait);
    let [Message::Cancel(cancel)] = &session.messages()[..] else { panic!() };
    assert_eq!(cancel.request, request);
    assert_eq!(cancel.options.mode, Some(message::CancelMode::KillNoWait));
    session.receive(error(message::RequestType::Call, request, "wamp.error.canceled"));
    assert!(session.events().is_empty());
}

#[test]
fn several_listeners_share_a_subscription_and_the_last_one_ends_it() {
    let mut session = Session::joined();
    for ticket in [1, 2] {
        let request = session.subscribe(ticket);
        session.receive(Subscribed { request, subscription: 500 });
    }
    session.events();
    session.messages();
    assert_eq!(session.reached(500), [1, 2]);

    session.client.unsubscribe(Ticket(3), 500, Ticket(1));
    assert!(session.messages().is_empty());
    session.events();
    assert_eq!(session.reached(500), [2]);

    let request = session.client.unsubscribe(Ticket(4), 500, Ticket(2));
    assert_eq!(session.sent(), ["UNSUBSCRIBE"]);
    assert!(session.reached(500).is_empty(), "events on their way are no violation");
    session.receive(Unsubscribed { request, details: None });
    let events = session.events();
    assert!(matches!(
        events[..],
        [Event::Reply { ticket: Ticket(4), result: Ok(Answer::Unsubscribed) }]
    ));
    session.receive(event(500));
    assert_eq!(session.close_kind(), CloseKind::Violation);
}

#[test]
fn a_subscription_is_not_ended_under_a_subscribe_on_its_way() {
    let mut session = Session::joined();
    let first = session.subscribe(1);
    session.receive(Subscribed { request: first, subscription: 500 });
    let second = session.subscribe(2);
    session.events();
    session.messages();
    // The router will answer the second SUBSCRIBE with the same id.
    session.client.unsubscribe(Ticket(3), 500, Ticket(1));
    assert!(session.messages().is_empty());
    session.receive(Subscribed { request: second, subscription: 500 });
    session.events();
    assert_eq!(session.reached(500), [2]);
}

#[test]
fn a_subscription_without_listeners_ends_when_the_subscribe_fails() {
    let mut session = Session::joined();
    let first = session.subscribe(1);
    session.receive(Subscribed { request: first, subscription: 500 });
    let second = session.subscribe(2);
    session.client.unsubscribe(Ticket(3), 500, Ticket(1));
    session.messages();
    session.receive(error(message::RequestType::Subscribe, second, "wamp.error.not_authorized"));
    assert_eq!(session.sent(), ["UNSUBSCRIBE"]);
}

#[test]
fn a_subscribe_that_was_given_up_is_undone() {
    let mut session = Session::joined();
    let request = session.subscribe(1);
    session.client.abandon(request, CancelMode::KillNoWait);
    assert_eq!(session.sent(), ["SUBSCRIBE"]);
    session.receive(Subscribed { request, subscription: 500 });
    assert_eq!(session.sent(), ["UNSUBSCRIBE"]);
    assert!(session.reached(500).is_empty());
}

#[test]
fn a_registration_that_was_given_up_is_undone() {
    let mut session = Session::joined();
    let request = session.client.register(Ticket(1), "a.b".into(), RegisterOptions::default());
    session.client.abandon(request, CancelMode::KillNoWait);
    session.messages();
    session.receive(Registered { request, registration: 9 });
    assert_eq!(session.sent(), ["UNREGISTER"]);
}

#[test]
fn invocations_are_answered_once() {
    let mut session = Session::joined();
    let request = session.client.register(Ticket(1), "a.b".into(), RegisterOptions::default());
    session.receive(Registered { request, registration: 9 });
    session.receive(invocation(30, 9));
    session.receive(invocation(31, 9));
    session.events();
    session.messages();
    session.client.answer(30, Ok(Payload::empty()));
    session.client.answer(30, Ok(Payload::empty()));
    session.client.answer(31, Err(ApplicationError::new("com.example.no")));
    session.client.answer(99, Ok(Payload::empty()));
    assert_eq!(session.sent(), ["YIELD", "ERROR"]);
    session.receive(invocation(30, 9));
    assert!(session.client.is_established(), "an id that is done may come again");
    session.receive(invocation(30, 9));
    assert_eq!(session.close_kind(), CloseKind::Violation, "one that is running may not");
}

#[test]
fn an_invocation_may_cross_unregister() {
    let mut session = Session::joined();
    let request = session.client.register(Ticket(1), "a.b".into(), RegisterOptions::default());
    session.receive(Registered { request, registration: 9 });
    let request = session.client.unregister(Ticket(2), 9);
    session.events();
    session.receive(invocation(1, 9));
    assert!(matches!(session.events()[..], [Event::Invocation { listener: Ticket(1), .. }]));
    session.receive(Unregistered { request, details: None });
    let events = session.events();
    assert!(events.iter().any(|event| matches!(event, Event::Ended { listener: Ticket(1), .. })));
}

#[test]
fn a_revoked_subscription_ends_its_listeners_and_nothing_else() {
    let mut session = Session::joined();
    let request = session.subscribe(1);
    session.receive(Subscribed { request, subscription: 500 });
    session.events();
    let mut details = UnsubscribedDetails::default();
    details.subscription = Some(500);
    session.receive(Unsubscribed { request: 0, details: Some(details) });
    assert!(matches!(session.events()[..], [Event::Ended { listener: Ticket(1), .. }]));
    assert!(session.client.is_established());
}

#[test]
fn goodbye_is_answered_once_and_ends_the_session() {
    let mut session = Session::joined();
    session.call(1);
    session.messages();
    session.receive(goodbye("wamp.close.system_shutdown"));
    let [Message::Goodbye(answer)] = &session.messages()[..] else { panic!() };
    assert_eq!(answer.reason, "wamp.close.goodbye_and_out");
    assert_eq!(session.close_kind(), CloseKind::Goodbye);
}

#[test]
fn leaving_waits_for_the_answer_but_not_for_ever() {
    let mut session = Session::joined();
    session.client.leave(NOW, "wamp.close.close_realm".into(), None);
    assert_eq!(session.sent(), ["GOODBYE"]);
    session.receive(event(4));
    assert!(session.events().is_empty(), "whatever is still on its way is ignored");
    let deadline = session.client.poll_timeout().unwrap();
    session.client.handle_timeout(deadline);
    assert_eq!(session.close_kind(), CloseKind::TimedOut);

    let mut session = Session::joined();
    session.client.leave(NOW, "wamp.close.close_realm".into(), None);
    session.receive(goodbye("wamp.close.normal"));
    assert_eq!(session.close_kind(), CloseKind::Left);
}

#[test]
fn an_unsendable_call_fails_alone_and_its_id_is_used_again() {
    let mut session = Session::joined();
    session.call(1);
    let Some(message) = session.client.poll_transmit() else { panic!() };
    session.client.handle_unsendable(&message, ApplicationError::new("wamp.error.invalid_payload"));
    assert!(matches!(
        session.events()[..],
        [Event::Reply { ticket: Ticket(1), result: Err(Failure::Unsendable(_)) }]
    ));
    assert_eq!(session.call(2), 1);
}

#[test]
fn an_unsendable_result_becomes_an_error() {
    let mut session = Session::joined();
    let request = session.client.register(Ticket(1), "a.b".into(), RegisterOptions::default());
    session.receive(Registered { request, registration: 9 });
    session.receive(invocation(1, 9));
    session.messages();
    session.client.answer(1, Ok(Payload::empty()));
    let Some(message) = session.client.poll_transmit() else { panic!() };
    let error = ApplicationError::new("wamp.error.payload_size_exceeded");
    session.client.handle_unsendable(&message, error);
    let [Message::Error(answer)] = &session.messages()[..] else { panic!() };
    assert_eq!((answer.request, &*answer.error), (1, "wamp.error.payload_size_exceeded"));
}

#[test]
fn an_error_whose_uri_cannot_be_sent_goes_under_a_plain_one() {
    let mut session = Session::joined();
    let request = session.client.register(Ticket(1), "a.b".into(), RegisterOptions::default());
    session.receive(Registered { request, registration: 9 });
    session.receive(invocation(1, 9));
    session.messages();
    session.client.answer(1, Err(ApplicationError::new("\0x").arg("text")));
    let mut uris = Vec::new();
    for _ in 0..2 {
        let Some(message) = session.client.poll_transmit() else { panic!() };
        let Message::Error(answer) = &message else { panic!() };
        uris.push((answer.error.to_string(), answer.payload.is_empty()));
        session.client.handle_unsendable(&message, ApplicationError::new("a.b"));
    }
    let Some(Message::Error(last)) = session.client.poll_transmit() else { panic!() };
    assert_eq!(uris, [("\0x".to_owned(), false), ("\0x".to_owned(), true)]);
    assert_eq!((&*last.error, last.payload.is_empty()), ("wamp.error.runtime_error", true));
    assert!(session.client.is_established());
}

#[test]
fn a_refused_unregister_leaves_the_registration() {
    let mut session = Session::joined();
    let request = session.client.register(Ticket(1), "a.b".into(), RegisterOptions::default());
    session.receive(Registered { request, registration: 9 });
    let request = session.client.unregister(Ticket(2), 9);
    let refused = message::RequestType::Unregister;
    session.receive(error(refused, request, "wamp.error.not_authorized"));
    session.receive(invocation(1, 9));
    assert!(session.client.is_established());
    let request = session.client.unregister(Ticket(3), 9);
    session.receive(error(refused, request, "wamp.error.no_such_registration"));
    session.receive(invocation(2, 9));
    assert_eq!(session.close_kind(), CloseKind::Violation);
}

#[test]
fn a_registration_id_that_comes_twice_is_a_violation_that_settles_both() {
    let mut session = Session::joined();
    let first = session.client.register(Ticket(1), "a.b".into(), RegisterOptions::default());
    let second = session.client.register(Ticket(2), "a.c".into(), RegisterOptions::default());
    session.receive(Registered { request: first, registration: 9 });
    session.events();
    session.receive(Registered { request: second, registration: 9 });
    assert!(matches!(
        session.events()[..],
        [Event::Reply { ticket: Ticket(2), result: Err(Failure::Closed(_)) }, Event::Closed(_)]
    ));
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
