//! Against a real Crossbar, on every transport that it has and with each serializer: calls and
//! their errors, events, progressive results, and a clean end.

use std::time::Duration;

use futures_util::future::join_all;
use wampwerk::error::{CallError, CloseKind, ConnectError};
use wampwerk::session::{Progress, SessionConfig, join};
use wampwerk::{ApplicationError, Dict, Serializer, Session, Uri, Value};

use crate::crossbar::rig::{Rig, TRANSPORTS};

tests! { Crossbar:
    the_transport_is_what_was_asked_for,
    calls_and_their_errors,
    events_in_order,
    progressive_results,
    a_wrong_realm_is_aborted,
    being_killed,
}

/// What no healthy machine needs.
const DEADLINE: Duration = Duration::from_secs(30);

/// A way to Crossbar. Each session on it has URIs of its own.
struct Way<'a> {
    rig: &'a Rig,
    transport: &'static str,
    serializer: Serializer,
}

impl Way<'_> {
    async fn session(&self) -> Session {
        self.join(self.rig.get("realm")).await.unwrap_or_else(|error| panic!("{self}: {error}"))
    }

    async fn join(&self, realm: &str) -> Result<Session, ConnectError> {
        let transport = self.rig.connector(self.transport, self.serializer).connect().await?;
        join(transport, realm, SessionConfig::default()).await
    }

    fn uri(&self, name: &str) -> String {
        format!("com.example.{}.{}.{name}", self.transport, self.serializer.as_str())
    }
}

impl std::fmt::Display for Way<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} with {}", self.transport, self.serializer.as_str())
    }
}

/// Runs a scenario in every way, and says in which it failed to end.
async fn everywhere(scenario: impl AsyncFn(&Way<'_>)) {
    let rig = Rig::find();
    for transport in TRANSPORTS {
        for serializer in Serializer::ALL {
            let way = Way { rig: &rig, transport, serializer };
            let limit = tokio::time::timeout(DEADLINE, scenario(&way)).await;
            limit.unwrap_or_else(|_| panic!("{way}: not within {DEADLINE:?}"));
        }
    }
}

async fn the_transport_is_what_was_asked_for() {
    everywhere(async |way| {
        let session = way.session().await;
        let info = session.transport();
        let kind = if way.transport.contains("ws") { "websocket" } else { "rawsocket" };
        assert_eq!((info.kind, info.serializer), (kind, way.serializer), "{way}");
        let secure = ["wss", "rss"].contains(&way.transport);
        assert_eq!((info.secure, info.channel_id.is_some()), (secure, secure), "{way}");
        assert_eq!(info.peer.starts_with("unix:"), way.transport.starts_with("unix"), "{way}");
        let reason = session.leave().await;
        assert_eq!(reason.kind, CloseKind::Left, "{way}: {reason}");
    })
    .await;
}

async fn calls_and_their_errors() {
    everywhere(async |way| {
        let (callee, caller) = (way.session().await, way.session().await);
        let procedure = way.uri("rpc");
        let divide = |dividend: i64, divisor: i64| async move {
            match divisor {
                0 => Err(ApplicationError::new("com.example.error.zero").arg(dividend)),
                _ => Ok((dividend / divisor, dividend % divisor)),
            }
        };
        callee.register(&*procedure, divide).await.unwrap();
        let call = caller.call(&*procedure).args((17, 5)).value::<(i64, i64)>().await;
        assert_eq!(call.unwrap(), (3, 2), "{way}");
        let error = caller.call(&*procedure).args((17, 0)).await.unwrap_err();
        let CallError::Application(error) = error else { panic!("{way}: {error}") };
        assert_eq!((&*error.uri, error.args), ("com.example.error.zero", vec![17.into()]), "{way}");
        let error = caller.call(way.uri("nobody")).await.unwrap_err();
        let CallError::Application(error) = error else { panic!("{way}: {error}") };
        assert_eq!(error.uri, "wamp.error.no_such_procedure", "{way}");

        // Many at once, so that frames lie behind one another in what is read.
        let echo = |value: Value| async move { value };
        callee.register(way.uri("echo"), echo).await.unwrap();
        let value = |number: usize| "ü\u{0}".repeat(number * 37);
        let calls = (0..100).map(|number| caller.call(way.uri("echo")).args((value(number),)));
        let back = join_all(calls.map(|call| call.value::<String>())).await;
        for (number, back) in back.into_iter().enumerate() {
            assert_eq!(back.unwrap(), value(number), "{way}");
        }
        caller.leave().await;
        callee.leave().await;
    })
    .await;
}

async fn events_in_order() {
    everywhere(async |way| {
        let (publisher, subscriber) = (way.session().await, way.session().await);
        let topic = way.uri("topic");
        let mut events = subscriber.subscribe(&*topic).await.unwrap();
        for number in 0..100u32 {
            publisher.publish(&*topic).args((number, "ü")).await.unwrap();
        }
        let last = publisher.publish(&*topic).args((100, "ü"));
        let publication = last.acknowledge().await.unwrap();
        for number in 0..=100u32 {
            let event = events.next().await.unwrap().unwrap();
            assert_eq!(event.args::<(u32, String)>().unwrap(), (number, "ü".to_owned()), "{way}");
            assert_eq!(event.publication == publication, number == 100, "{way}");
        }
        publisher.leave().await;
        subscriber.leave().await;
    })
    .await;
}

async fn progressive_results() {
    everywhere(async |way| {
        let (callee, caller) = (way.session().await, way.session().await);
        let procedure = way.uri("progress");
        let count = |to: u32, progress: Progress| async move {
            for number in 0..to {
                progress.send((number,)).await.map_err(ApplicationError::runtime)?;
            }
            Ok::<_, ApplicationError>(to)
        };
        callee.register(&*procedure, count).await.unwrap();
        let mut call = caller.call(&*procedure).args((50,)).start().await.unwrap();
        for number in 0..50u32 {
            let part = call.next().await.unwrap().unwrap();
            assert_eq!(part.decode::<u32>().unwrap(), number, "{way}");
        }
        assert!(call.next().await.is_none(), "{way}");
        assert_eq!(call.value::<u32>().await.unwrap(), 50, "{way}");
        caller.leave().await;
        callee.leave().await;
    })
    .await;
}

async fn a_wrong_realm_is_aborted() {
    everywhere(async |way| {
        let error = way.join("nowhere").await.unwrap_err();
        let ConnectError::Join(reason) = error else { panic!("{way}: {error}") };
        assert_eq!(reason.kind, CloseKind::Aborted, "{way}");
        assert_eq!(reason.reason, "wamp.error.no_such_realm", "{way}");
    })
    .await;
}

/// The end of a session is reported to those who wait for it, and to no other session.
async fn being_killed() {
    everywhere(async |way| {
        let (killer, victim) = (way.session().await, way.session().await);
        let pending = victim.register(way.uri("stuck"), std::future::pending::<()>);
        pending.await.unwrap();
        let call = killer
            .call("wamp.session.kill")
            .args((victim.id(),))
            .kwargs(Dict::new().with("reason", "com.example.bye"));
        call.await.unwrap();
        let reason = victim.closed().await;
        assert_eq!(reason.kind, CloseKind::Goodbye, "{way}: {reason}");
        assert_eq!(reason.reason, "com.example.bye", "{way}");
        let reason = killer.leave().await;
        assert_ne!(reason.reason, Uri::TRANSPORT_LOST, "{way}");
    })
    .await;
}
