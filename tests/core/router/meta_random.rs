//! Random calls of meta procedures: whatever the arguments are, each is answered once, and nothing
//! is left behind.

use proptest::prelude::*;
use wampwerk::message::*;
use wampwerk::{Dict, List, Match, Value};

use crate::common::router_core::*;
use crate::common::router_meta::*;

/// The procedures, one that does not exist, and names of their arguments.
const PROCEDURES: [&str; 24] = [
    "wamp.session.count",
    "wamp.session.list",
    "wamp.session.get",
    "wamp.session.kill",
    "wamp.session.kill_by_authid",
    "wamp.session.kill_by_authrole",
    "wamp.session.kill_all",
    "wamp.session.add_testament",
    "wamp.session.flush_testaments",
    "wamp.registration.list",
    "wamp.registration.lookup",
    "wamp.registration.match",
    "wamp.registration.get",
    "wamp.registration.list_callees",
    "wamp.registration.count_callees",
    "wamp.registration.remove_callee",
    "wamp.subscription.list",
    "wamp.subscription.lookup",
    "wamp.subscription.match",
    "wamp.subscription.get",
    "wamp.subscription.list_subscribers",
    "wamp.subscription.count_subscribers",
    "wamp.subscription.remove_subscriber",
    "wamp.subscription.get_events",
];

const NAMES: [&str; 14] = [
    "session",
    "reason",
    "message",
    "scope",
    "publish_options",
    "options",
    "topic",
    "limit",
    "reverse",
    "from_time",
    "until_time",
    "after_publication",
    "authid",
    "nonsense",
];

/// What stands for the ids of the test's own sessions.
const OWN_IDS: u64 = 1 << 60;

fn value() -> impl Strategy<Value = Value> {
    let word = prop::sample::select(vec![
        "com.a",
        "com.",
        "com..b",
        "wamp.x",
        "",
        "a b",
        "anonymous",
        "destroyed",
        "detached",
        "exact",
        "prefix",
        "2001-09-09T01:46:40Z",
        "com.example.reason",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (0..8_u64).prop_map(Value::from),
        (0..4_u64).prop_map(|own| Value::from(OWN_IDS + own)),
        any::<f64>().prop_map(Value::from),
        word.clone().prop_map(Value::from),
        prop::collection::vec(any::<u8>(), 0..4).prop_map(|b| Value::Bytes(b.into())),
    ];
    let key = prop::sample::select(vec!["match", "exclude", "eligible_authrole", "retain", "x"]);
    leaf.prop_recursive(3, 16, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..4)
                .prop_map(|entries| Value::from(entries.into_iter().collect::<Dict>())),
        ]
    })
}

type Asked = (usize, usize, List, Vec<(&'static str, Value)>);

fn asked() -> impl Strategy<Value = Vec<Asked>> {
    let kwargs = prop::collection::vec((prop::sample::select(NAMES.to_vec()), value()), 0..3);
    let args = prop::collection::vec(value(), 0..5);
    prop::collection::vec((0..4_usize, 0..PROCEDURES.len(), args, kwargs), 1..40)
}

proptest! {
    #[test]
    fn each_call_is_answered_once(asked in asked()) {
        let mut net = full();
        let mut peers = vec![];
        for index in 0..4_u64 {
            let (peer, session, _) = join_with(&mut net, able());
            net.register(peer, 1, &format!("com.p{index}"));
            subscribe_as(&mut net, peer, "com.", Match::Prefix);
            subscribe_as(&mut net, peer, "wamp.", Match::Prefix);
            peers.push((peer, session));
        }
        for (peer, _) in &peers {
            net.take(*peer);
        }
        let sessions: Vec<_> = peers.iter().map(|(_, session)| *session).collect();
        let own = |value: Value| match value.as_u64() {
            Some(id @ OWN_IDS..) if id < OWN_IDS + 4 => sessions[(id - OWN_IDS) as usize].into(),
            _ => value,
        };
        for (who, procedure, args, kwargs) in asked {
            let (peer, _) = peers[who % peers.len()];
            let kwargs = kwargs.into_iter().map(|(name, value)| (name, own(value))).collect();
            let args = args.into_iter().map(own).collect();
            net.send(peer, meta_call(PROCEDURES[procedure], args, kwargs));
            let mut answers = 0;
            for message in net.take_messages(peer) {
                match message {
                    Message::Result(result) => {
                        answers += 1;
                        only_value(&result.payload);
                    }
                    Message::Error(error) => {
                        answers += 1;
                        prop_assert!(matches!(only_value(&error.payload), Value::String(_)));
                    }
                    Message::Event(_) | Message::Unregistered(_) | Message::Unsubscribed(_) => {}
                    other => prop_assert!(false, "{}", show(&other)),
                }
            }
            prop_assert_eq!(answers, 1, "{}", PROCEDURES[procedure]);
            // The killed are told so last, and answer.
            peers.retain(|(other, _)| {
                let last = net.take(*other).pop();
                let killed = last.is_some_and(|last| last.starts_with("GOODBYE"));
                if killed {
                    net.send(*other, goodbye("wamp.close.goodbye_and_out"));
                    assert!(net.closed(*other).is_some());
                }
                !killed
            });
            prop_assert_eq!(net.statistics().sessions, peers.len());
        }
        for (peer, _) in peers {
            net.disconnect(peer);
        }
        prop_assert_eq!(net.statistics(), Default::default());
        prop_assert_eq!(net.router.poll_timeout(), None);
    }
}
