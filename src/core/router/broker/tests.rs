//! Behaviour of the broker that no message asks for directly.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by panicking")]

use std::time::Duration;

use crate::core::router::broker::{HistoryEvent, HistoryFilter};
use crate::core::router::meta_event::{Kind, MetaEvent};
use crate::core::router::realm::Realm;
use crate::core::router::turn::Turn;
use crate::core::router::{ConnectionId, Disclosure, MetaApi, Output, RouterConfig, RouterCore};
use crate::error::ApplicationError;
use crate::message::{
    Event, Hello, HelloDetails, Message, Payload, Publish, PublishOptions, Roles, Subscribe,
    SubscribeOptions, Unsubscribe, Unsubscribed,
};
use crate::uri::Match;
use crate::value::{Dict, Value};

const TOPIC: &str = "com.example.topic";
const EPOCH: Duration = Duration::from_secs(1_000_000);

struct Net {
    router: RouterCore,
    now: Duration,
    outputs: Vec<(ConnectionId, Message)>,
}

/// A joined client and its session id.
type Peer = (ConnectionId, u64);

impl Net {
    fn new(set: impl FnOnce(RouterConfig) -> RouterConfig) -> Self {
        let mut config = RouterConfig::new(7).realm("realm1");
        config.epoch = EPOCH;
        // Its events would match many of the patterns.
        config.meta_api = MetaApi::Off;
        Net { router: RouterCore::new(set(config)), now: Duration::ZERO, outputs: Vec::new() }
    }

    fn join(&mut self, subscriber: &[&str]) -> Peer {
        let id = self.router.connect(self.now);
        let mut details = HelloDetails::default();
        details.roles = Some(Roles::new().with("subscriber", subscriber));
        self.router.handle_message(self.now, id, Hello { realm: "realm1".into(), details }.into());
        match self.take(id).pop() {
            Some(Message::Welcome(welcome)) => (id, welcome.session),
            other => panic!("{other:?}"),
        }
    }

    /// Runs a step inside; the second value is what has happened in it.
    fn step<T>(
        &mut self,
        step: impl FnOnce(&mut Realm, &mut Turn<'_>) -> T,
    ) -> (T, Vec<MetaEvent>) {
        self.router.turn(self.now, 0, |realm, turn| {
            let result = step(realm, turn);
            (result, turn.meta_events.clone())
        })
    }

    fn send(&mut self, from: Peer, message: impl Into<Message>) -> Vec<MetaEvent> {
        self.step(|realm, turn| assert!(realm.handle(turn, from.0, message.into()).is_ok())).1
    }

    fn subscribe(&mut self, from: Peer, topic: &str, policy: Match) -> Vec<MetaEvent> {
        let mut options = SubscribeOptions::default();
        options.r#match = Some(policy);
        self.send(from, Subscribe { request: 1, options, topic: topic.into() })
    }

    fn unsubscribe(&mut self, from: Peer, subscription: u64) -> Vec<MetaEvent> {
        self.send(from, Unsubscribe { request: 1, subscription, options: None })
    }

    /// Publishes a second later than before.
    fn publish(&mut self, from: Peer, topic: &str, value: &str, set: impl Fn(&mut PublishOptions)) {
        self.now += Duration::from_secs(1);
        self.send(from, publication(topic, value, set));
    }

    fn take(&mut self, id: ConnectionId) -> Vec<Message> {
        while let Some(output) = self.router.poll_output() {
            match output {
                Output::Send { to, message } => self.outputs.push((to, message)),
                Output::Multicast { to, message } => {
                    self.outputs.extend(to.into_iter().map(|to| (to, message.clone())));
                }
                _ => {}
            }
        }
        let (own, others) =
            std::mem::take(&mut self.outputs).into_iter().partition(|(to, _)| *to == id);
        self.outputs = others;
        let own: Vec<_> = own;
        own.into_iter().map(|(_, message)| message).collect()
    }

    fn events(&mut self, of: Peer) -> Vec<Event> {
        let event = |message| match message {
            Message::Event(event) => Some(event),
            _ => None,
        };
        self.take(of.0).into_iter().filter_map(event).collect()
    }

    fn history(
        &mut self,
        asking: Peer,
        subscription: u64,
        set: impl FnOnce(&mut HistoryFilter),
    ) -> Result<Vec<HistoryEvent>, ApplicationError> {
        let mut filter = HistoryFilter::default();
        set(&mut filter);
        let ask = |realm: &mut Realm, _: &mut Turn<'_>| {
            let session = realm.sessions.get(&asking.0).unwrap();
            realm.broker.history(subscription, &filter, session)
        };
        self.step(ask).0
    }

    /// The values of the events in a history.
    fn values(
        &mut self,
        asking: Peer,
        subscription: u64,
        set: impl FnOnce(&mut HistoryFilter),
    ) -> Vec<String> {
        self.history(asking, subscription, set).unwrap().iter().map(|e| value(&e.payload)).collect()
    }
}

fn publication(topic: &str, value: &str, set: impl Fn(&mut PublishOptions)) -> Publish {
    let mut options = PublishOptions::default();
    set(&mut options);
    Publish { request: 1, options, topic: topic.into(), payload: payload(value) }
}

fn payload(value: &str) -> Payload {
    Payload::from_values(vec![value.into()], Dict::new())
}

fn value(payload: &Payload) -> String {
    match payload.to_values().unwrap().0.pop() {
        Some(Value::String(text)) => text,
        other => panic!("{other:?}"),
    }
}

fn nothing(_: &mut PublishOptions) {}

#[test]
fn each_history_keeps_its_last_events() {
    let mut net = Net::new(|config| {
        config.history(TOPIC, Match::Exact, 3).history("com.", Match::Prefix, 100).history(
            "com..other",
            Match::Wildcard,
            100,
        )
    });
    let a = net.join(&[]);
    for number in 0..5 {
        net.publish(a, TOPIC, &format!("{number}"), nothing);
    }
    net.publish(a, "com.example.other", "other", nothing);
    net.publish(a, "org.example", "elsewhere", nothing);
    assert_eq!(net.values(a, 1, |_| {}), ["2", "3", "4"]);
    assert_eq!(net.values(a, 2, |_| {}), ["0", "1", "2", "3", "4", "other"]);
    assert_eq!(net.values(a, 3, |_| {}), ["other"]);
    let by_pattern = net.history(a, 2, |_| {}).unwrap();
    assert_eq!(by_pattern[0].details.topic.as_deref(), Some(TOPIC));
    assert_eq!(by_pattern[0].timestamp, EPOCH + Duration::from_secs(1));
    assert_eq!(by_pattern[0].subscription, 2);
    let exact = net.history(a, 1, |_| {}).unwrap();
    assert_eq!(exact[0].details.topic, None);
    assert_eq!(exact[0].publication, by_pattern[2].publication);
}

#[test]
fn what_is_asked_for_must_all_hold() {
    let mut net = Net::new(|config| config.history("", Match::Prefix, 100));
    let a = net.join(&[]);
    for (value, topic) in [("0", "a"), ("1", "b"), ("2", "a"), ("3", "b"), ("4", "a"), ("5", "b")] {
        net.publish(a, topic, value, nothing);
    }
    let ids: Vec<_> =
        net.history(a, 1, |_| {}).unwrap().iter().map(|event| event.publication).collect();
    let at = |second: u64| Some(EPOCH + Duration::from_secs(second));
    // Value n was published in second n + 1.
    type Set<'a> = &'a dyn Fn(&mut HistoryFilter);
    let cases: [(&str, Set<'_>, &str); 17] = [
        ("nothing", &|_| {}, "012345"),
        ("reverse", &|f| f.reverse = true, "543210"),
        ("limit", &|f| f.limit = Some(2), "01"),
        ("limit from the newest", &|f| (f.limit, f.reverse) = (Some(2), true), "54"),
        ("from_time", &|f| f.from_time = at(3), "2345"),
        ("before_time", &|f| f.before_time = at(3), "01"),
        ("a span", &|f| (f.from_time, f.before_time) = (at(3), at(5)), "23"),
        ("no span", &|f| (f.from_time, f.before_time) = (at(5), at(2)), ""),
        ("topic", &|f| f.topic = Some("a".into()), "024"),
        ("no such topic", &|f| f.topic = Some("c".into()), ""),
        ("from_publication", &|f| f.from_publication = Some(ids[2]), "2345"),
        ("after_publication", &|f| f.after_publication = Some(ids[2]), "345"),
        ("before_publication", &|f| f.before_publication = Some(ids[2]), "01"),
        ("until_publication", &|f| f.until_publication = Some(ids[2]), "012"),
        (
            "publications that end before they begin",
            &|f| (f.from_publication, f.before_publication) = (Some(ids[4]), Some(ids[1])),
            "",
        ),
        (
            "a publication that is not there is older than all",
            &|f| f.after_publication = Some(ids[0] ^ 1),
            "012345",
        ),
        (
            "all together",
            &|f| {
                f.topic = Some("b".into());
                f.after_publication = Some(ids[0]);
                f.before_time = at(6);
                f.reverse = true;
                f.limit = Some(1);
            },
            "3",
        ),
    ];
    for (name, set, expected) in cases {
        assert_eq!(net.values(a, 1, set).concat(), expected, "{name}");
    }
    assert!(net.values(a, 1, |f| f.until_publication = Some(ids[0] ^ 1)).is_empty());
}

#[test]
fn lists_of_sessions_are_not_remembered_others_hold_for_who_asks() {
    let mut net = Net::new(|config| config.history(TOPIC, Match::Exact, 100));
    let [a, b] = [net.join(&[]), net.join(&[])];
    let authid = |net: &mut Net, peer: Peer| {
        net.step(|realm, _| realm.sessions.get(&peer.0).unwrap().identity.authid.clone()).0
    };
    let only_b = vec![authid(&mut net, b)];
    net.publish(a, TOPIC, "eligible", |o| o.eligible = Some(vec![a.1, b.1]));
    net.publish(a, TOPIC, "exclude", |o| o.exclude = Some(vec![7]));
    net.publish(a, TOPIC, "b", |o| o.eligible_authid = Some(only_b.clone()));
    net.publish(a, TOPIC, "not b", |o| o.exclude_authid = Some(only_b.clone()));
    net.publish(a, TOPIC, "admins", |o| o.eligible_authrole = Some(vec!["admin".to_owned()]));
    net.publish(a, TOPIC, "all", |o| o.exclude = Some(vec![]));
    assert_eq!(net.values(a, 1, |_| {}), ["not b", "all"]);
    assert_eq!(net.values(b, 1, |_| {}), ["b", "all"]);
    // A limit counts the visible events only.
    assert_eq!(net.values(b, 1, |f| f.limit = Some(2)), ["b", "all"]);
}

#[test]
fn a_history_takes_so_many_bytes() {
    let mut net = Net::new(|mut config| {
        config.history_bytes = 3000;
        config.history(TOPIC, Match::Exact, 100)
    });
    let a = net.join(&[]);
    for letter in ["a", "b", "c", "d"] {
        net.publish(a, TOPIC, &letter.repeat(800), nothing);
    }
    assert_eq!(net.values(a, 1, |_| {}), ["c".repeat(800), "d".repeat(800)]);
    // One that is too big alone does not push the others out.
    net.publish(a, TOPIC, &"e".repeat(4000), nothing);
    assert_eq!(net.values(a, 1, |_| {}).len(), 2);
}

#[test]
fn what_has_a_history_is_there_without_subscribers() {
    let mut net = Net::new(|config| config.history(TOPIC, Match::Exact, 10));
    let [a, b] = [net.join(&[]), net.join(&[])];
    assert_eq!(net.router.statistics().subscriptions, 0);
    let (of, session, id) = (Kind::Subscription, b.1, 1);
    assert_eq!(net.subscribe(b, TOPIC, Match::Exact), [MetaEvent::Entered { of, session, id }]);
    assert_eq!(net.router.statistics().subscriptions, 1);
    assert_eq!(net.unsubscribe(b, 1), [MetaEvent::Left { of, session, id }]);
    assert_eq!(net.router.statistics().subscriptions, 0);
    net.publish(a, TOPIC, "kept", nothing);
    assert_eq!(net.values(b, 1, |_| {}), ["kept"]);
    // Others have none.
    net.subscribe(b, "com.example.other", Match::Exact);
    let refused = net.history(b, 2, |_| {}).unwrap_err();
    assert_eq!(refused.uri, "wamp.error.history_unavailable");
    let refused = net.history(b, 3, |_| {}).unwrap_err();
    assert_eq!(refused.uri, "wamp.error.no_such_subscription");
}

#[test]
fn a_revoked_subscriber_is_told_if_it_understands() {
    let mut net = Net::new(|config| config);
    let [a, told, silent] = [net.join(&[]), net.join(&["subscription_revocation"]), net.join(&[])];
    for peer in [told, silent] {
        net.subscribe(peer, TOPIC, Match::Exact);
        net.take(peer.0);
    }
    let revoke = |net: &mut Net, peer: Peer, id| {
        net.step(|realm, turn| {
            let Realm { broker, sessions, .. } = realm;
            broker.revoke(turn, sessions, id, peer.0, "com.example.enough")
        })
    };
    let (of, id) = (Kind::Subscription, 1);
    let left = |peer: Peer| MetaEvent::Left { of, session: peer.1, id };
    assert_eq!(revoke(&mut net, told, 1), (true, vec![left(told)]));
    let deleted = MetaEvent::Deleted { of, session: silent.1, id };
    assert_eq!(revoke(&mut net, silent, 1), (true, vec![left(silent), deleted]));
    match &net.take(told.0)[..] {
        [Message::Unsubscribed(Unsubscribed { request: 0, details: Some(details) })] => {
            assert_eq!(details.subscription, Some(1));
            assert_eq!(details.reason.as_deref(), Some("com.example.enough"));
        }
        other => panic!("{other:?}"),
    }
    assert!(net.take(silent.0).is_empty());
    // Nothing comes after it, and it cannot be ended twice.
    net.publish(a, TOPIC, "late", nothing);
    assert!(net.take(told.0).is_empty() && net.take(silent.0).is_empty());
    assert_eq!(revoke(&mut net, told, 1), (false, vec![]));
    assert_eq!(revoke(&mut net, a, 7), (false, vec![]));
    assert_eq!(net.router.statistics().subscriptions, 0);
    net.unsubscribe(told, 1);
    assert!(matches!(&net.take(told.0)[..], [Message::Error(error)]
        if error.error == "wamp.error.no_such_subscription"));
}

#[test]
fn what_happens_to_subscriptions_is_told_in_order() {
    let mut net = Net::new(|config| config);
    let [a, b] = [net.join(&[]), net.join(&[])];
    let (of, session) = (Kind::Subscription, a.1);
    for (id, policy) in [(1, Match::Exact), (2, Match::Prefix), (3, Match::Wildcard)] {
        assert_eq!(
            net.subscribe(a, TOPIC, policy),
            [MetaEvent::Created { of, session, id }, MetaEvent::Entered { of, session, id }]
        );
        assert_eq!(net.subscribe(a, TOPIC, policy), []);
    }
    assert_eq!(
        net.subscribe(b, TOPIC, Match::Prefix),
        [MetaEvent::Entered { of, session: b.1, id: 2 }]
    );
    // Subscriptions to meta events cause no meta events.
    assert_eq!(net.subscribe(a, "wamp.session.on_join", Match::Exact), []);
    assert_eq!(net.subscribe(a, "wamp.", Match::Prefix), []);
    assert_eq!(net.unsubscribe(a, 4), []);
    let (_, happened) = net.step(|realm, turn| {
        let session = realm.sessions.remove(&a.0).unwrap();
        for id in session.subscriptions.ids() {
            realm.broker.leave(turn, a.0, a.1, id);
        }
    });
    assert_eq!(
        happened,
        [
            MetaEvent::Left { of, session, id: 1 },
            MetaEvent::Deleted { of, session, id: 1 },
            MetaEvent::Left { of, session, id: 2 },
            MetaEvent::Left { of, session, id: 3 },
            MetaEvent::Deleted { of, session, id: 3 },
        ]
    );
}

#[test]
fn own_events_are_made_only_for_those_who_want_them() {
    let mut net = Net::new(|config| config.history("wamp.session.on_leave", Match::Exact, 10));
    let a = net.join(&[]);
    net.subscribe(a, "wamp.session.on_x", Match::Exact);
    net.subscribe(a, "wamp.session.", Match::Prefix);
    net.take(a.0);
    let publish = |net: &mut Net, topic: &str| {
        net.step(|realm, turn| {
            let mut asked = false;
            realm.broker.publish_own(turn, &realm.sessions, topic, || {
                asked = true;
                payload("own")
            });
            asked
        })
        .0
    };
    assert!(!publish(&mut net, "wamp.registration.on_create"));
    assert!(publish(&mut net, "wamp.session.on_x"));
    let events = net.events(a);
    let seen: Vec<_> =
        events.iter().map(|e| (e.subscription, e.details.topic.as_deref())).collect();
    assert_eq!(seen, [(2, None), (3, Some("wamp.session.on_x"))]);
    assert!(events.iter().all(|event| value(&event.payload) == "own"));
    assert!(publish(&mut net, "wamp.session.on_leave"));
    assert_eq!(net.values(a, 1, |_| {}), ["own"]);
}

#[test]
fn who_has_gone_publishes_as_itself() {
    let mut net = Net::new(|config| config);
    let [a, b, c] = [net.join(&[]), net.join(&[]), net.join(&[])];
    for peer in [b, c] {
        net.subscribe(peer, TOPIC, Match::Exact);
    }
    let (outcome, _) = net.step(|realm, turn| {
        let session = realm.sessions.remove(&a.0).unwrap();
        let message = publication(TOPIC, "farewell", |options| {
            options.disclose_me = Some(true);
            options.exclude = Some(vec![c.1]);
        });
        realm.broker.publish_for_gone(
            turn,
            (a.0, &session),
            &realm.sessions,
            message,
            Disclosure::OnRequest,
        )
    });
    assert!(outcome.is_ok());
    let events = net.events(b);
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].details.publisher, Some(a.1));
    assert!(net.events(c).is_empty());
}
