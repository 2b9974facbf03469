//! Handles the signals that end a process on systems other than Unix: Ctrl-C only.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::shutdown::ShutdownSignal;

/// Exit status as a shell reports it.
const CTRL_C: ShutdownSignal = ShutdownSignal { name: "Ctrl-C", status: 128 + 2 };

type CtrlC = Pin<Box<dyn Future<Output = io::Result<()>> + Send>>;

/// Listens for Ctrl-C.
///
/// From then on it no longer ends the process by default.
pub(super) struct Signals(Option<CtrlC>);

impl Signals {
    /// Starts listening.
    ///
    /// # Errors
    /// Never; [`poll_next`](Self::poll_next) logs the error of the system and is then never ready.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Signals(Some(Box::pin(tokio::signal::ctrl_c()))))
    }

    /// Returns the next signal.
    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<ShutdownSignal> {
        let Some(waiting) = &mut self.0 else { return Poll::Pending };
        match ready!(waiting.as_mut().poll(cx)) {
            Ok(()) => {
                self.0 = Some(Box::pin(tokio::signal::ctrl_c()));
                Poll::Ready(CTRL_C)
            }
            Err(error) => {
                tracing::warn!(%error, "no signal can be heard");
                self.0 = None;
                Poll::Pending
            }
        }
    }
}

impl fmt::Debug for Signals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Signals").field(&self.0.is_some()).finish()
    }
}
