//! A session with a great many subscriptions and registrations leaves: who watches by meta events
//! gets them all, and is not thrown out for it.

use wampwerk::Match;
use wampwerk::message::*;

use crate::common::raw_end::Raw;
use crate::common::router;

/// Of each kind.
const HELD: u64 = 10_000;

#[tokio::test]
async fn a_watcher_stays_when_a_session_with_much_leaves() {
    let router = router();
    let mut watcher = Raw::join(&router).await;
    let watched = [
        "wamp.subscription.on_unsubscribe",
        "wamp.subscription.on_delete",
        "wamp.registration.on_unregister",
        "wamp.registration.on_delete",
    ];
    for (request, topic) in (1..).zip(watched) {
        watcher.subscribe(request, topic, Match::Exact).await;
    }
    let mut busy = Raw::join(&router).await;
    for request in 1..=HELD {
        busy.subscribe(request, &format!("com.example.{request}"), Match::Exact).await;
    }
    for request in HELD + 1..=2 * HELD {
        let procedure = format!("com.example.{request}").as_str().into();
        busy.send(Register { request, options: RegisterOptions::default(), procedure }).await;
        assert!(matches!(busy.recv().await, Message::Registered(_)));
    }
    drop(busy);
    for _ in 0..4 * HELD {
        assert!(matches!(watcher.recv().await, Message::Event(_)));
    }
    watcher.assert_alive().await;
}
