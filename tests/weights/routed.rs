//! What one session sends does not multiply in the router (rows 2, 6, 7 and 8).

use std::time::Duration;

use stats_alloc::Region;
use wampwerk::internals::core::router::{
    ConnectionId, Door, Gate, Input, Output, Outputs, Peer, RouterConfig, RouterCore,
};
use wampwerk::message::*;
use wampwerk::{Dict, Match, Serializer, Value};

use crate::{GLOBAL, KIB, MIB, allocated, alone};

const NOW: Duration = Duration::ZERO;

fn join(core: &mut RouterCore) -> ConnectionId {
    let id = core.connect(NOW);
    let mut details = HelloDetails::default();
    let roles = Roles::new().with("publisher", &[]).with("subscriber", &[]);
    details.roles = Some(roles.with("caller", &[]).with("callee", &[]));
    core.handle_message(NOW, id, Hello { realm: "realm1".into(), details }.into());
    drain(core);
    id
}

fn drain(core: &mut RouterCore) -> Vec<Output> {
    std::iter::from_fn(|| core.poll_output()).collect()
}

fn subscribe(core: &mut RouterCore, who: ConnectionId, topic: &str, policy: Match) -> Vec<Output> {
    let mut options = SubscribeOptions::default();
    options.r#match = Some(policy);
    core.handle_message(NOW, who, Subscribe { request: 1, options, topic: topic.into() }.into());
    drain(core)
}

fn call(core: &mut RouterCore, who: ConnectionId, procedure: &str, payload: Payload) -> Message {
    let options = CallOptions::default();
    let call = Call { request: 1, options, procedure: procedure.into(), payload };
    core.handle_message(NOW, who, call.into());
    match drain(core).pop() {
        Some(Output::Send { message, .. }) => message,
        other => panic!("{other:?}"),
    }
}

fn error_of(message: Message) -> String {
    match message {
        Message::Error(error) => error.error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn row02_details_are_not_copied_for_each_subscription() {
    alone(|| {
        let mut core = RouterCore::new(RouterConfig::new(7).realm("realm1"));
        let (subscriber, publisher) = (join(&mut core), join(&mut core));
        let topic = "x".repeat(1000);
        for length in 0..1000 {
            subscribe(&mut core, subscriber, &topic[..length], Match::Prefix);
        }
        let mut options = PublishOptions::default();
        options.extra.insert("x_a", "x".repeat(60 * KIB));
        let payload = Payload::empty();
        let publish = Publish { request: 1, options, topic: topic.as_str().into(), payload };
        let (bytes, events) = allocated(|| {
            core.handle_message(NOW, publisher, publish.into());
            drain(&mut core)
        });
        assert_eq!(events.len(), 1000);
        // The events themselves, and what their vectors grow through.
        assert!(bytes < 2 * MIB, "{bytes}");
    });
}

#[test]
fn row06_a_session_has_few_shapes_of_wildcards() {
    alone(|| {
        let mut core = RouterCore::new(RouterConfig::new(7).realm("realm1"));
        let who = join(&mut core);
        // 2^7 ways to be empty.
        let mut refused = 0;
        for shape in 0..128u32 {
            let words = (0..8).map(|bit| if bit < 7 && shape >> bit & 1 == 1 { "" } else { "a" });
            let pattern = words.collect::<Vec<_>>().join(".");
            let outputs = subscribe(&mut core, who, &pattern, Match::Wildcard);
            let [Output::Send { message, .. }] = &outputs[..] else { panic!("{outputs:?}") };
            refused += usize::from(matches!(message, Message::Error(_)));
        }
        assert_eq!(refused, 64);
        // The words do not count.
        for word in 0..100 {
            let outputs =
                subscribe(&mut core, who, &format!(".a.a.a.a.a.a.{word}"), Match::Wildcard);
            let [Output::Send { message: Message::Subscribed(_), .. }] = &outputs[..] else {
                panic!("{outputs:?}")
            };
        }
    });
}

#[test]
fn row07_arguments_of_the_meta_api_are_weighed_before_they_are_decoded() {
    alone(|| {
        let mut core = RouterCore::new(RouterConfig::new(7).realm("realm1"));
        let who = join(&mut core);
        let junk = vec![Value::from(Dict::new().with("", 0)); 100_000];
        for serializer in Serializer::ALL {
            for args in [vec![Value::Null, junk.clone().into()], vec![junk.clone().into()]] {
                let payload = Payload::encode(serializer, &args, &()).unwrap();
                let (bytes, answer) =
                    allocated(|| call(&mut core, who, "wamp.session.count", payload));
                assert!(bytes < 16 * KIB, "{serializer:?} {bytes}");
                assert_eq!(error_of(answer), "wamp.error.payload_size_exceeded");
            }
        }
        let roles = vec!["anonymous"; 100];
        let payload = Payload::encode(Serializer::ALL[0], &(roles,), &()).unwrap();
        let answer = call(&mut core, who, "wamp.session.count", payload);
        assert!(matches!(answer, Message::Result(_)));
    });
}

#[test]
fn row07_lists_are_not_looked_at_when_nobody_subscribes() {
    alone(|| {
        let mut core = RouterCore::new(RouterConfig::new(7).realm("realm1"));
        let who = join(&mut core);
        let mut options = PublishOptions::default();
        options.eligible_authid = Some((0..3000).map(|id| format!("authid {id}")).collect());
        let (topic, payload) = ("com.example.topic".into(), Payload::empty());
        let publish = Publish { request: 1, options, topic, payload };
        let (bytes, ()) = allocated(|| core.handle_message(NOW, who, publish.into()));
        assert!(bytes < 4 * KIB, "{bytes}");
    });
}

#[test]
fn row08_leaving_is_told_in_portions() {
    alone(|| {
        let mut core = RouterCore::new(RouterConfig::new(7).realm("realm1"));
        let watchers: Vec<_> = (0..100).map(|_| join(&mut core)).collect();
        for &watcher in &watchers {
            subscribe(&mut core, watcher, "wamp.subscription.", Match::Prefix);
        }
        let leaves = join(&mut core);
        let (caller, callee) = (join(&mut core), join(&mut core));
        for topic in 0..2000 {
            subscribe(&mut core, leaves, &format!("com.example.{topic}"), Match::Exact);
        }
        let register = Register {
            request: 1,
            options: RegisterOptions::default(),
            procedure: "com.example.p".into(),
        };
        core.handle_message(NOW, callee, register.into());
        drain(&mut core);
        let receivers = |outputs: &[Output]| -> usize {
            let count = |output: &Output| match output {
                Output::Multicast { to, .. } => to.len(),
                _ => 1,
            };
            outputs.iter().map(count).sum()
        };
        core.handle_disconnect(NOW, leaves);
        let first = receivers(&drain(&mut core));
        assert!(first < 20_000, "{first}");
        let (mut told, mut steps) = (first, 1);
        while core.poll_timeout() == Some(Duration::ZERO) {
            // The well-behaved pair goes on between two portions, and carries none of them.
            let message = call(&mut core, caller, "com.example.p", Payload::empty());
            let Message::Invocation(invocation) = message else { panic!("{message:?}") };
            let request = invocation.request;
            let options = YieldOptions::default();
            let payload = Payload::empty();
            core.handle_message(NOW, callee, Yield { request, options, payload }.into());
            assert_eq!(receivers(&drain(&mut core)), 1);
            core.handle_timeout(NOW);
            let portion = receivers(&drain(&mut core));
            assert!(portion < 20_000, "{portion}");
            told += portion;
            steps += 1;
        }
        // on_unsubscribe and on_delete of each.
        assert_eq!(told, 2 * 2000 * watchers.len());
        assert!(steps > 20, "{steps}");
    });
}

#[test]
fn row08_what_is_left_of_a_realm_is_dropped_behind_its_lock() {
    alone(|| {
        let (gate, mut realms) = Gate::new(RouterConfig::new(7).realm("realm1"));
        let mut realm = realms.pop().unwrap();
        // Any connection's.
        let id = RouterCore::new(RouterConfig::new(7)).connect(NOW);
        let mut door = Door::new(&gate, NOW, id, Peer::default(), None);
        let mut details = HelloDetails::default();
        details.roles = Some(Roles::new().with("subscriber", &[]));
        let hello = Hello { realm: "realm1".into(), details };
        let hello = Input::Message(hello.into());
        let entry = door.handle(&gate, NOW, hello, &mut Outputs::default()).unwrap();
        realm.join(NOW, door.id(), *entry);
        for topic in 0..5000 {
            let (options, topic) = (Default::default(), format!("com.example.{topic}").into());
            let message = Subscribe { request: 1, options, topic };
            realm.handle(NOW, door.id(), Input::Message(message.into()));
        }
        while realm.poll_output().is_some() {}
        let region = Region::new(GLOBAL);
        let remains = realm.shutdown();
        let freed = region.change().bytes_deallocated;
        assert!(freed < 16 * KIB, "{freed}");
        drop(remains);
        let freed = region.change().bytes_deallocated;
        assert!(freed > MIB, "{freed}");
    });
}

#[test]
fn row08_nothing_is_kept_of_those_that_have_left() {
    alone(|| {
        let mut core = RouterCore::new(RouterConfig::new(7).realm("realm1"));
        let stays = join(&mut core);
        let region = Region::new(GLOBAL);
        let all: Vec<_> = (0..3000).map(|_| join(&mut core)).collect();
        for (number, who) in all.iter().enumerate() {
            for (policy, topic) in [
                (Match::Exact, format!("com.example.topic{number}")),
                (Match::Prefix, format!("com.example.prefix{number}")),
                (Match::Wildcard, format!("com.example..wildcard{number}")),
                (Match::Exact, "com.example.shared".into()),
            ] {
                subscribe(&mut core, *who, &topic, policy);
            }
            let options = RegisterOptions::default();
            let procedure = format!("com.example.procedure{number}").as_str().into();
            let register = Register { request: 2, options, procedure };
            core.handle_message(NOW, *who, register.into());
            drain(&mut core);
        }
        // One of them has many calls.
        let caller = all[0];
        for request in 3..10_003 {
            let (options, payload) = (CallOptions::default(), Payload::empty());
            let procedure = "com.example.procedure1".into();
            core.handle_message(NOW, caller, Call { request, options, procedure, payload }.into());
            drain(&mut core);
        }
        for who in all {
            core.handle_disconnect(NOW, who);
        }
        while core.poll_timeout().is_some() {
            core.handle_timeout(NOW);
            drain(&mut core);
        }
        let now = region.change();
        let kept = now.bytes_allocated.saturating_sub(now.bytes_deallocated);
        assert!(kept < 256 * KIB, "{kept}");
        subscribe(&mut core, stays, "com.example.topic1", Match::Exact);
        assert_eq!(core.statistics().subscriptions, 1);
    });
}
