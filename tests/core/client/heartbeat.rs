//! A silent router is asked for a sign of life, in virtual time.

use std::time::Duration;

use wampwerk::error::CloseKind;
use wampwerk::internals::core::client::{Client, ClientConfig, RequestTicket};
use wampwerk::message::{Message, Payload, PublishOptions, RequestType, Roles, Unregistered};
// In the browser the same tests run under its own runner.
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::common::client_core::{NOW, Session, error, goodbye, welcome};

const INTERVAL: Duration = Duration::from_secs(20);
const TIMEOUT: Duration = Duration::from_secs(5);
const MOMENT: Duration = Duration::from_millis(1);

/// A session whose clock was read at `NOW`.
fn beating(roles: Roles) -> Session {
    let mut config = ClientConfig::default();
    config.heartbeat = (INTERVAL, TIMEOUT);
    let mut session = Session { client: Client::new(config) };
    session.client.join(NOW, "realm1".into());
    session.messages();
    session.receive(welcome(roles));
    session.events();
    session.at(NOW);
    session
}

fn dealer() -> Roles {
    Roles::new().with("broker", &[]).with("dealer", &[])
}

impl Session {
    /// Lets the time come. Returns the names of the messages that are sent then.
    fn at(&mut self, now: Duration) -> Vec<&'static str> {
        self.client.handle_timeout(now);
        let sent = self.sent();
        if !sent.is_empty() {
            self.client.handle_timeout(now);
        }
        sent
    }

    fn due(&self) -> Option<Duration> {
        self.client.poll_timeout()
    }
}

#[test]
fn nothing_is_asked_by_default() {
    let mut session = Session::joined();
    assert_eq!(session.due(), None);
    assert_eq!(session.at(NOW + 1000 * INTERVAL), [""; 0]);
}

#[test]
fn a_silent_router_is_asked_and_given_up() {
    let mut session = beating(dealer());
    assert_eq!(session.due(), Some(NOW + INTERVAL));
    assert_eq!(session.at(NOW + INTERVAL - MOMENT), [""; 0]);
    assert_eq!(session.at(NOW + INTERVAL), ["UNREGISTER"]);
    assert_eq!(session.due(), Some(NOW + INTERVAL + TIMEOUT));
    assert_eq!(session.at(NOW + INTERVAL + TIMEOUT - MOMENT), [""; 0]);
    assert!(session.events().is_empty());
    session.client.handle_timeout(NOW + INTERVAL + TIMEOUT);
    assert_eq!(session.close_kind(), CloseKind::TimedOut);
    assert_eq!(session.due(), None);
}

#[test]
fn any_message_is_a_sign_of_life() {
    let mut session = beating(dealer());
    let mut now = NOW;
    for _ in 0..5 {
        session.receive(sign());
        now += INTERVAL;
        assert_eq!(session.at(now), [""; 0], "something came");
    }
    now += INTERVAL;
    assert_eq!(session.at(now), ["UNREGISTER"]);
    session.receive(sign());
    now += TIMEOUT;
    assert_eq!(session.at(now), [""; 0]);
    assert_eq!(session.due(), Some(now + INTERVAL));
    assert!(session.client.is_established());
}

/// The revocation of a registration that there is not: it is ignored, and is a message.
fn sign() -> Unregistered {
    Unregistered { request: 0, details: None }
}

#[test]
fn both_answers_count_and_the_ids_stay_in_sequence() {
    let mut session = beating(dealer());
    let mut now = NOW;
    for round in 1..=3 {
        now += INTERVAL;
        session.client.handle_timeout(now);
        let [Message::Unregister(asked)] = &session.messages()[..] else { panic!() };
        assert_eq!((asked.request, asked.registration), (2 * round - 1, 1 << 53));
        session.client.handle_timeout(now);
        if round == 2 {
            session.receive(Unregistered { request: asked.request, details: None });
        } else {
            let uri = "wamp.error.no_such_registration";
            session.receive(error(RequestType::Unregister, asked.request, uri));
        }
        assert!(session.events().is_empty(), "nobody waits for the answer");
        assert_eq!(session.call(round), 2 * round);
        session.messages();
        now += TIMEOUT;
        assert_eq!(session.at(now), [""; 0]);
    }
    assert_eq!(session.client.pending(), 3, "the calls");
}

/// The router is busy with 10 MiB: 40 s more at 256 KiB/s.
#[test]
fn a_large_message_in_flight_is_no_silence() {
    let mut session = beating(dealer());
    let options = PublishOptions::default();
    let large = Payload::from_values(vec!["x".repeat(10 << 20).into()], Default::default());
    session.client.publish(RequestTicket(1), "com.example.t".into(), options, large);
    session.messages();
    let asked = NOW + INTERVAL;
    assert_eq!(session.at(asked), ["UNREGISTER"]);
    let due = session.due().unwrap();
    let more = Duration::from_secs(40);
    assert!(due >= asked + TIMEOUT + more && due < asked + TIMEOUT + more + TIMEOUT, "{due:?}");
    // Heard again, the usual time counts.
    session.receive(sign());
    assert_eq!(session.at(due), [""; 0]);
    let asked = due + INTERVAL;
    assert_eq!(session.at(asked), ["UNREGISTER"]);
    assert_eq!(session.due(), Some(asked + TIMEOUT));
}

#[test]
fn the_time_starts_when_the_transport_takes_the_question() {
    let mut session = beating(dealer());
    let options = PublishOptions::default();
    session.client.publish(RequestTicket(1), "com.example.t".into(), options, Payload::empty());
    session.client.handle_timeout(NOW + INTERVAL);
    // The transport is busy with the event, for an hour.
    assert_eq!((session.client.unsent(), session.due()), (2, None));
    let later = NOW + Duration::from_secs(3600);
    session.client.handle_timeout(later);
    assert_eq!(session.client.poll_transmit().unwrap().name(), "PUBLISH");
    assert_eq!(session.due(), None);
    assert_eq!(session.client.poll_transmit().unwrap().name(), "UNREGISTER");
    assert_eq!(session.due(), Some(Duration::ZERO), "the clock must be read");
    session.client.handle_timeout(later);
    assert_eq!(session.due(), Some(later + TIMEOUT));
    session.client.handle_timeout(later + TIMEOUT);
    assert_eq!(session.close_kind(), CloseKind::TimedOut);
}

#[test]
fn a_router_that_is_a_broker_alone_is_asked_for_a_subscription() {
    let mut session = beating(Roles::new().with("broker", &[]));
    assert_eq!(session.at(NOW + INTERVAL), ["UNSUBSCRIBE"]);
    let uri = "wamp.error.no_such_subscription";
    session.receive(error(RequestType::Unsubscribe, 1, uri));
    assert_eq!(session.at(NOW + INTERVAL + TIMEOUT), [""; 0]);
    assert!(session.client.is_established());
}

#[test]
fn messages_that_cannot_be_used_are_signs_of_life() {
    let mut session = beating(dealer());
    session.client.refuse(7, false, wampwerk::ApplicationError::runtime("unreadable"));
    session.messages();
    assert_eq!(session.at(NOW + INTERVAL), [""; 0]);
    session.call(1);
    session.messages();
    session.client.refuse_result(1, false, wampwerk::ApplicationError::runtime("unreadable"));
    assert_eq!(session.at(NOW + 2 * INTERVAL), [""; 0]);
    assert_eq!(session.at(NOW + 3 * INTERVAL), ["UNREGISTER"]);
}

#[test]
fn it_ends_with_the_session_and_starts_with_the_next() {
    let mut session = beating(dealer());
    session.client.leave(NOW + MOMENT, "wamp.close.close_realm".into(), None);
    assert_eq!(session.sent(), ["GOODBYE"]);
    assert_eq!(session.due(), Some(NOW + MOMENT + Duration::from_secs(3)), "that of leaving");
    session.receive(goodbye("wamp.close.goodbye_and_out"));
    assert_eq!(session.due(), None);
    session.client.join(NOW + INTERVAL, "realm1".into());
    session.messages();
    session.receive(welcome(dealer()));
    session.events();
    session.at(NOW + INTERVAL);
    assert_eq!(session.due(), Some(NOW + 2 * INTERVAL));
}
