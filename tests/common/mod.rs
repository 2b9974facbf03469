//! What the tests of sessions, components, routers, servers and transports share.

#![allow(dead_code, reason = "each program uses its part")]
#![allow(unreachable_pub, reason = "no crate but this one sees it")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may")]

pub(crate) mod alone;
pub(crate) mod authority;
pub(crate) mod behaviour;
pub(crate) mod behaviour_meta;
pub(crate) mod challenger;
pub(crate) mod endpoints;
pub(crate) mod fake_transport;
pub(crate) mod handled;
pub(crate) mod machine;
pub(crate) mod notes;
pub(crate) mod payload_codec;
pub(crate) mod proxy;
pub(crate) mod raw_client;
pub(crate) mod raw_end;
pub(crate) mod raw_socket;
pub(crate) mod relay;
pub(crate) mod scripted;
pub(crate) mod site;
pub(crate) mod websocket;
pub(crate) mod wire;

use std::future::Future;
use std::time::Duration;

use wampwerk::Router;
use wampwerk::router::RouterBuilder;
use wampwerk::server::Listener;

/// A router with the realm that most tests use.
pub(crate) fn router() -> Router {
    router_with(|it| it)
}

/// The same with these settings.
pub(crate) fn router_with(set: impl FnOnce(RouterBuilder) -> RouterBuilder) -> Router {
    set(Router::builder().realm("realm1")).build().unwrap()
}

/// Such a router, and its listener at this URL.
pub(crate) async fn listening(url: &str) -> (Router, Listener) {
    let router = router();
    let listener = router.listen(url).await.unwrap();
    (router, listener)
}

/// Waits for the future, which has to end soon.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), future).await.expect("it does not end")
}
