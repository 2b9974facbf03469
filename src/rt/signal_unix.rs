//! The signals that end a process, on Unix.

use std::task::{Context, Poll};

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Listens for SIGINT and SIGTERM.
///
/// From then on, and for the rest of the process, they do not end it by themselves: tokio keeps its
/// handler. Others that listen by tokio or `signal-hook` are told as well, and handlers that were
/// there before are called.
#[derive(Debug)]
pub(crate) struct ShutdownSignals {
    interrupt: Signal,
    terminate: Signal,
}

impl ShutdownSignals {
    /// Begins to listen.
    ///
    /// # Errors
    /// What the system said.
    pub(crate) fn new() -> std::io::Result<Self> {
        Ok(ShutdownSignals {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// The name of the next one.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<&'static str> {
        if self.interrupt.poll_recv(cx).is_ready() {
            return Poll::Ready("SIGINT");
        }
        self.terminate.poll_recv(cx).map(|_| "SIGTERM")
    }
}
