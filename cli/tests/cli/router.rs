//! A router for a test.

use tokio::runtime::Runtime;
use wampwerk::Router;
use wampwerk::router::{RouterBuilder, User};
use wampwerk::server::Listener;

/// A router with the realm `realm1`. It ends when it is dropped.
pub(crate) struct TestRouter {
    url: String,
    _parts: (Runtime, Router, Listener),
}

impl TestRouter {
    pub(crate) fn start() -> TestRouter {
        TestRouter::with(|builder| builder)
    }

    pub(crate) fn with(settings: impl FnOnce(RouterBuilder) -> RouterBuilder) -> TestRouter {
        let runtime = Runtime::new().unwrap();
        let builder = settings(Router::builder().realm("realm1"));
        let (router, listener) = runtime.block_on(async {
            let router = builder.build().unwrap();
            let listener = router.listen("ws://127.0.0.1:0/ws").await.unwrap();
            (router, listener)
        });
        TestRouter { url: listener.url().to_owned(), _parts: (runtime, router, listener) }
    }

    /// A router that knows joe, by each method that needs a secret.
    pub(crate) fn with_users() -> TestRouter {
        let joe = User::new("joe", "user").ticket("a ticket").wampcra("a secret of joe");
        TestRouter::with(|builder| builder.user(joe))
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Number of its sessions.
    pub(crate) fn sessions(&self) -> usize {
        self._parts.1.statistics().sessions
    }
}
