//! Handles the signals that end a process, on Unix.

use std::task::{Context, Poll};

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::shutdown::ShutdownSignal;

const SIGINT: ShutdownSignal = ShutdownSignal { name: "SIGINT", status: 128 + 2 };
const SIGTERM: ShutdownSignal = ShutdownSignal { name: "SIGTERM", status: 128 + 15 };

/// Listens for SIGINT and SIGTERM.
///
/// From then on these signals no longer end the process by default, because tokio keeps its
/// handler. Other listeners, by tokio or `signal-hook`, receive them as well, and earlier handlers
/// are still called.
#[derive(Debug)]
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// Starts listening.
    ///
    /// # Errors
    /// Returns the error of the system.
    pub(super) fn new() -> std::io::Result<Self> {
        Ok(Signals {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Returns the next signal.
    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<ShutdownSignal> {
        if self.interrupt.poll_recv(cx).is_ready() {
            return Poll::Ready(SIGINT);
        }
        self.terminate.poll_recv(cx).map(|_| SIGTERM)
    }
}
