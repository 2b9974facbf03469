//! Something that runs by itself, and dies as a process does when it is killed.

use super::router;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use wampwerk::Router;
use wampwerk::server::Listener;

/// A runtime of its own. With it go all tasks and sockets, without a word to anybody.
pub struct Machine(Option<Runtime>);

impl Machine {
    /// A machine on which this has run.
    pub async fn boot<T: Send + 'static>(
        program: impl Future<Output = T> + Send + 'static,
    ) -> (Self, T) {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let output = runtime.spawn(program).await.unwrap();
        (Machine(Some(runtime)), output)
    }

    /// Returns when its sockets are closed.
    pub async fn kill(mut self) {
        let runtime = self.0.take().unwrap();
        let killing = move || runtime.shutdown_timeout(Duration::from_secs(20));
        tokio::task::spawn_blocking(killing).await.unwrap();
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// A router on a machine of its own, that listens on this port or, for 0, on any.
pub async fn router_at(port: u16) -> (Machine, Router, Listener) {
    let (machine, (router, listener)) = Machine::boot(async move {
        let router = router();
        let listener = router.listen(format!("ws://127.0.0.1:{port}/ws")).await.unwrap();
        (router, listener)
    })
    .await;
    (machine, router, listener)
}
