//! The signals that end a process, on Unix.

use std::task::{Context, Poll};

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::shutdown::ShutdownSignal;

const SIGINT: ShutdownSignal = ShutdownSignal { name: "SIGINT", status: 128 + 2 };
const SIGTERM: ShutdownSignal = ShutdownSignal { name: "SIGTERM", status: 128 + 15 };

/// Listens for SIGINT and SIGTERM.
///
/// From then on, and for the rest of the process, they do not end it by themselves: tokio keeps its
/// handler. Others that listen by tokio or `signal-hook` are told as well, and handlers that were
/// there before are called.
#[derive(Debug)]
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// Begins to listen.
    ///
    /// # Errors
    /// What the system said.
    pub(super) fn new() -> std::io::Result<Self> {
        Ok(Signals {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// The next one.
    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<ShutdownSignal> {
        if self.interrupt.poll_recv(cx).is_ready() {
            return Poll::Ready(SIGINT);
        }
        self.terminate.poll_recv(cx).map(|_| SIGTERM)
    }
}
