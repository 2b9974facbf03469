//! Sessions that leave much over real connections: their own messages wait, and those of others do not.

use wampwerk::message::*;
use wampwerk::websocket::CloseCode;
use wampwerk::{Match, Router};

use crate::common::raw_end::Raw;

/// Several portions.
const TOPICS: u64 = 3_000;

fn router() -> Router {
    Router::builder().realm("realm1").build().unwrap()
}

async fn subscribe_all(raw: &mut Raw, prefix: &str) {
    subscribe_some(raw, prefix, TOPICS).await;
}

async fn subscribe_some(raw: &mut Raw, prefix: &str, count: u64) {
    for request in 1..=count {
        raw.subscribe(request, &format!("com.example.{prefix}.{request}"), Match::Exact).await;
    }
}

#[tokio::test]
async fn row08_who_leaves_much_may_join_again_at_once() {
    let router = router();
    let mut raw = Raw::join(&router).await;
    subscribe_all(&mut raw, "a").await;
    // All of it is there before the first of it is handled.
    let (details, reason) = (ClosingDetails::default(), "wamp.close.close_realm".into());
    raw.send(Goodbye { details, reason }).await;
    let mut details = HelloDetails::default();
    details.roles = Some(Roles::new().with("subscriber", &[]).with("caller", &[]));
    raw.send(Hello { realm: "realm1".into(), details }).await;
    let options = SubscribeOptions::default();
    raw.send(Subscribe { request: 1, options, topic: "com.example.b".into() }).await;
    assert!(matches!(raw.recv().await, Message::Goodbye(_)));
    // Nothing is left, but it may have subscribed again.
    assert!(router.statistics().subscriptions <= 1);
    assert!(matches!(raw.recv().await, Message::Welcome(_)));
    assert!(matches!(raw.recv().await, Message::Subscribed(_)));
    raw.assert_alive().await;
    assert_eq!(router.statistics().subscriptions, 1);
}

#[tokio::test]
async fn row08_who_is_lost_is_removed_to_the_end() {
    let router = router();
    let mut watcher = Raw::join(&router).await;
    watcher.subscribe(1, "wamp.session.on_leave", Match::Exact).await;
    let mut raw = Raw::join(&router).await;
    subscribe_all(&mut raw, "a").await;
    raw.close(CloseCode::Normal).await;
    assert!(matches!(watcher.recv().await, Message::Event(_)));
    let known = router.statistics();
    assert_eq!((known.sessions, known.subscriptions), (1, 1));
}

#[tokio::test]
async fn row08_changes_go_on_when_the_meta_events_have_been_published() {
    let router = router();
    // Each step of their leaving causes more events than one step may carry.
    let mut leavers = Vec::new();
    for number in 0..2 {
        let mut raw = Raw::join(&router).await;
        subscribe_all(&mut raw, &number.to_string()).await;
        leavers.push(raw);
    }
    // They read all the time.
    for _ in 0..20 {
        let mut watcher = Raw::join(&router).await;
        watcher.subscribe(1, "wamp.subscription.", Match::Prefix).await;
        tokio::spawn(async move { while watcher.next().await.is_some() {} });
    }
    let mut raw = Raw::join(&router).await;
    for leaver in &mut leavers {
        leaver.close(CloseCode::Normal).await;
    }
    subscribe_some(&mut raw, "others", 100).await;
    raw.assert_alive().await;
    router.shutdown().await;
}

#[tokio::test]
async fn row08_a_router_shuts_down_while_sessions_are_leaving() {
    let router = router();
    let mut raw = Raw::join(&router).await;
    subscribe_all(&mut raw, "a").await;
    let (details, reason) = (ClosingDetails::default(), "wamp.close.close_realm".into());
    raw.send(Goodbye { details, reason }).await;
    router.shutdown().await;
    // Either of the two answers, and then the end.
    assert!(matches!(raw.recv().await, Message::Goodbye(_)));
    assert!(raw.next().await.is_none());
}
