//! Sending and closing, as everything that drives a transport does both: frames are handed over
//! while the transport takes them, flushed once, and closing has a deadline.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use crate::error::TransportError;
use crate::rt::Sleep;
use crate::transport::Transport;
use crate::websocket::CloseCode;

/// Additional time that a transport may take to close beyond its own limit. Transports of this crate
/// never need it; with the margin, others cannot block a shutdown.
pub(crate) const CLOSE_MARGIN: Duration = Duration::from_secs(1);

/// Returns the time within which a session over a transport with this limit has closed it. It is longer
/// than what [`Closing`] gives the transport, so that whoever waits for the session sees its end.
pub(crate) fn closed_within(close_timeout: Duration) -> Duration {
    close_timeout.saturating_add(CLOSE_MARGIN).saturating_add(CLOSE_MARGIN)
}

/// Hands over what waits, by `send`. Ready when nothing is left.
pub(crate) fn poll_send<F>(
    cx: &mut Context<'_>,
    transport: &mut dyn Transport,
    waiting: &mut VecDeque<F>,
    mut send: impl FnMut(&mut dyn Transport, F) -> Result<(), TransportError>,
) -> Poll<Result<(), TransportError>> {
    while !waiting.is_empty() {
        ready!(transport.poll_ready(cx))?;
        if let Some(next) = waiting.pop_front() {
            send(transport, next)?;
        }
    }
    Poll::Ready(Ok(()))
}

/// Closing a transport, with a deadline.
pub(crate) struct Closing {
    code: CloseCode,
    limit: Duration,
    /// Set when the transport does not close at once.
    timer: Option<Sleep>,
}

impl Closing {
    pub(crate) fn new(code: CloseCode, close_timeout: Duration) -> Self {
        Closing { code, limit: close_timeout.saturating_add(CLOSE_MARGIN), timer: None }
    }

    /// Closes the transport. Ready as well when its time is over, with an error.
    pub(crate) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        transport: &mut dyn Transport,
    ) -> Poll<Result<(), TransportError>> {
        if let Poll::Ready(result) = transport.poll_close(cx, self.code) {
            return Poll::Ready(result);
        }
        ready!(self.poll_late(cx));
        let info = transport.info();
        tracing::debug!(peer = info.peer, kind = info.kind, "dropped: it does not close");
        Poll::Ready(Err(TransportError::Timeout("the transport does not close")))
    }

    /// Ready when the time is over; it begins with the first poll.
    pub(crate) fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let limit = self.limit;
        Pin::new(self.timer.get_or_insert_with(|| Sleep::new(limit))).poll(cx)
    }
}
