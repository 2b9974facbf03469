//! The signals that end a process, where there are no Unix signals: Ctrl-C alone.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

type CtrlC = Pin<Box<dyn Future<Output = io::Result<()>> + Send>>;

/// Listens for Ctrl-C.
///
/// From then on, and for the rest of the process, it does not end it by itself.
pub(crate) struct ShutdownSignals(Option<CtrlC>);

impl ShutdownSignals {
    /// Begins to listen.
    ///
    /// # Errors
    /// None here; [`poll_next`](Self::poll_next) logs the system's word, and then is never ready.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(ShutdownSignals(Some(Box::pin(tokio::signal::ctrl_c()))))
    }

    /// The name of the next one.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<&'static str> {
        let Some(waiting) = &mut self.0 else { return Poll::Pending };
        match ready!(waiting.as_mut().poll(cx)) {
            Ok(()) => {
                self.0 = Some(Box::pin(tokio::signal::ctrl_c()));
                Poll::Ready("Ctrl-C")
            }
            Err(error) => {
                tracing::warn!(%error, "no signal can be heard");
                self.0 = None;
                Poll::Pending
            }
        }
    }
}
