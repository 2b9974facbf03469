//! What waits for which lock.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by panicking")]

use std::sync::mpsc;
use std::time::Duration;

use crate::error::ConnectError;
use crate::router::{Role, Router, Rule, User};
use crate::session::authentication::WampCra;
use crate::session::{self, SessionConfig};

/// Runs `others` while the first realm is locked, on a thread of its own: it would wait for ever.
fn while_locked<F: Future<Output = ()> + 'static>(
    others: impl FnOnce(Router) -> F + Send + 'static,
) {
    let (done, finished) = mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let role = |name| Role::new(name).allow(Rule::prefix("").all());
        let router = Router::builder()
            .realm("realm1")
            .realm("realm2")
            .user(User::new("joe", "user").wampcra("secret"))
            .anonymous("guest")
            .role(role("user"))
            .role(role("guest"))
            .build()
            .unwrap();
        let hub = router.owner.hub.clone();
        hub.with(0, |_| runtime.block_on(others(router.clone())));
        done.send(()).unwrap();
    });
    assert!(finished.recv_timeout(Duration::from_secs(30)).is_ok(), "it waits for the lock");
}

#[test]
fn a_stranger_waits_for_no_realm() {
    while_locked(|router| async move {
        for realm in ["realm1", "realm3"] {
            let wrong = SessionConfig::new().authentication(WampCra::new("joe", "wrong"));
            // HELLO, CHALLENGE and AUTHENTICATE.
            let refused = session::join(router.connect_transport(), realm, wrong).await;
            assert!(matches!(refused, Err(ConnectError::Join(_))), "{refused:?}");
        }
    });
}

#[test]
fn a_realm_waits_for_no_other() {
    while_locked(|router| async move {
        let right = SessionConfig::new().authentication(WampCra::new("joe", "secret"));
        let callee = session::join(router.connect_transport(), "realm2", right).await.unwrap();
        let caller = router.connect("realm2").await.unwrap();
        callee.register("com.example.add", |a: i64, b: i64| async move { a + b }).await.unwrap();
        let sum: i64 = caller.call("com.example.add").args((2, 3)).value().await.unwrap();
        assert_eq!(sum, 5);
        caller.leave().await;
        callee.leave().await;
    });
}
