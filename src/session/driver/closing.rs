//! Ends a session: notifies all waiters, sends the last messages, and closes or returns the
//! transport.

use std::sync::Arc;
use std::task::{Context, Poll};

use super::{Driver, Listener};
use crate::core::client::Failure;
use crate::error::{Cause, CloseKind, CloseReason, TransportError, Violation};
use crate::session::command::Command;
use crate::session::ending::Ending;
use crate::transport::MemoryTransport;
use crate::transport::outgoing::Closing;
use crate::websocket::CloseCode;

pub(super) enum Phase {
    Open,
    /// The session is over; the last messages are sent, if possible.
    Closing {
        /// Its time holds for the last words, too.
        closing: Closing,
        broken: bool,
    },
}

impl Driver {
    pub(super) fn session_closed(&mut self, reason: Arc<CloseReason>) {
        tracing::debug!(%reason, "session closed");
        let code = match reason.kind {
            CloseKind::Violation => CloseCode::ProtocolError,
            _ => CloseCode::Normal,
        };
        let broken = matches!(self.phase, Phase::Closing { broken: true, .. });
        self.phase = Phase::Closing { closing: self.closing(code), broken };
        if reason.kind != CloseKind::Left {
            self.keep = None;
        }
        self.challenged = None;
        if let Some(joined) = self.joined.take() {
            drop(joined.send(Err(reason.clone())));
        }
        self.closed.send_replace(Some(reason.clone()));
        for (_, listener) in self.listeners.drain() {
            if let Listener::Subscriber { queue, .. } = &listener {
                queue.end(Some(reason.clone()));
            }
            listener.ended(Ending::Closed(reason.clone()));
        }
        for (_, waiting) in self.waiting.drain() {
            waiting.end();
        }
        self.running.clear();
        // Commands in the queue are answered with the reason.
        self.commands.close();
        while let Ok(command) = self.commands.try_recv() {
            refuse(command, &reason);
        }
    }

    fn closing(&self, code: CloseCode) -> Closing {
        Closing::new(code, self.transport.close_timeout())
    }

    pub(super) fn transport_failed(&mut self, error: &TransportError) {
        if let TransportError::Violation(text) = error {
            self.client.handle_violation(Violation::new(text));
        }
        self.client.handle_transport_closed(Some(Cause::new(error.clone())));
        self.broken();
        self.dispatch();
    }

    /// Records that nothing can be sent any more.
    pub(super) fn broken(&mut self) {
        self.unsent.clear();
        self.keep = None;
        let closing = self.closing(CloseCode::ProtocolError);
        match &mut self.phase {
            Phase::Closing { broken, .. } => *broken = true,
            phase => *phase = Phase::Closing { closing, broken: true },
        }
    }

    /// Sends the last messages, then ends the transport.
    pub(super) fn poll_closing(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Phase::Closing { closing, broken } = &mut self.phase else { return Poll::Pending };
        let broken = *broken;
        if closing.poll_late(cx).is_ready() {
            tracing::debug!("the transport did not close in time");
            return Poll::Ready(());
        }
        if !broken {
            if !self.write(cx) && !matches!(self.phase, Phase::Closing { broken: true, .. }) {
                return Poll::Pending;
            }
            self.flush(cx);
            if self.dirty && !matches!(self.phase, Phase::Closing { broken: true, .. }) {
                return Poll::Pending;
            }
        }
        if let Some(keep) = self.keep.take() {
            // Its replacement is closed already.
            let (closed, _) = MemoryTransport::pair(self.serializer, 1);
            return match keep.send(std::mem::replace(&mut self.transport, Box::new(closed))) {
                Ok(()) => Poll::Ready(()),
                Err(transport) => {
                    self.transport = transport;
                    self.poll_close(cx)
                }
            };
        }
        self.poll_close(cx)
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Phase::Closing { closing, .. } = &mut self.phase else { return Poll::Pending };
        closing.poll(cx, self.transport.as_mut()).map(drop)
    }
}

fn refuse(command: Command, reason: &Arc<CloseReason>) {
    let waiter = match command {
        Command::Publish { waiter, .. } => waiter,
        Command::Call { waiter, control, .. } => {
            if let Some(control) = control {
                control.results.end(None);
            }
            Some(waiter)
        }
        Command::Subscribe { waiter, .. }
        | Command::Unsubscribe { waiter, .. }
        | Command::Register { waiter, .. }
        | Command::Unregister { waiter, .. } => Some(waiter),
        Command::Leave { .. }
        | Command::Arguments { .. }
        | Command::Progress { .. }
        | Command::Authenticate(_) => None,
    };
    if let Some(waiter) = waiter {
        drop(waiter.send(Err(Failure::Closed(reason.clone()))));
    }
}
