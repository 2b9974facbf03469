//! The end of a session: everybody is told, the last words go out, the transport is closed or given
//! back.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use super::{Driver, Listener};
use crate::core::client::Failure;
use crate::error::{CloseKind, CloseReason, TransportError, Violation};
use crate::rt;
use crate::session::command::Command;
use crate::session::ending::Ending;
use crate::transport::{CloseCode, memory};

/// How much longer than the transport's own time the last words and its closing may take.
const CLOSE_MARGIN: Duration = Duration::from_secs(1);

pub(super) enum Phase {
    Open,
    /// The session is over; the last words go out, if they still can.
    Closing {
        code: CloseCode,
        deadline: Duration,
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
        let deadline = self.deadline();
        self.phase = Phase::Closing { code, deadline, broken };
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
        // Commands that are still queued are answered with the reason.
        self.commands.close();
        while let Ok(command) = self.commands.try_recv() {
            refuse(command, &reason);
        }
    }

    /// Of the end that begins now.
    fn deadline(&self) -> Duration {
        let limit = self.transport.close_timeout().saturating_add(CLOSE_MARGIN);
        rt::now().saturating_add(limit)
    }

    pub(super) fn transport_failed(&mut self, error: &TransportError) {
        if let TransportError::Violation(text) = error {
            self.client.handle_violation(Violation::new(text));
        }
        self.client.handle_transport_closed(Some(error.to_string()));
        self.broken();
        self.dispatch();
    }

    /// Nothing can be sent any more.
    pub(super) fn broken(&mut self) {
        self.unsent = None;
        self.keep = None;
        let deadline = self.deadline();
        let code = CloseCode::ProtocolError;
        match &mut self.phase {
            Phase::Closing { broken, .. } => *broken = true,
            phase => *phase = Phase::Closing { code, deadline, broken: true },
        }
    }

    /// The last words, then the end of the transport.
    pub(super) fn poll_closing(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Phase::Closing { code, deadline, broken } = self.phase else { return Poll::Pending };
        if rt::now() >= deadline {
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
            // What stands in its place is closed already.
            let (closed, _) = memory::pair(self.serializer, 1);
            return match keep.send(std::mem::replace(&mut self.transport, Box::new(closed))) {
                Ok(()) => Poll::Ready(()),
                Err(transport) => {
                    self.transport = transport;
                    self.transport.poll_close(cx, code).map(drop)
                }
            };
        }
        self.transport.poll_close(cx, code).map(drop)
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
