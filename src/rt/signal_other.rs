//! The signals that end a process, where there are no Unix signals: Ctrl-C alone.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;

type CtrlC = Pin<Box<dyn Future<Output = io::Result<()>> + Send>>;

/// Listens for Ctrl-C.
///
/// From then on, and for the rest of the process, it does not end it by itself.
pub(crate) struct ShutdownSignals(CtrlC);

impl ShutdownSignals {
    /// Begins to listen.
    ///
    /// # Errors
    /// None here; the system's word comes by [`next`](Self::next), which then waits for ever.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(ShutdownSignals(Box::pin(tokio::signal::ctrl_c())))
    }

    /// The name of the next one. Dropping the future loses none.
    pub(crate) async fn next(&mut self) -> &'static str {
        let heard = poll_fn(|cx| self.0.as_mut().poll(cx)).await;
        if let Err(error) = heard {
            tracing::warn!(%error, "no signal can be heard");
            std::future::pending::<()>().await;
        }
        self.0 = Box::pin(tokio::signal::ctrl_c());
        "Ctrl-C"
    }
}
