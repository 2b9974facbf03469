//! `Wire`: an open connection as [`Framed`](crate::net::framed::Framed) and the transports above drive it.
//!
//! The engine is our own, or that of a stream of tokio-tungstenite.

use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;

use super::channel::Command;
use super::closing::CloseStep;
use super::prepared::Prepared;
use crate::error::{Cause, TransportError};
use crate::framing::websocket::{Event, Kind};
use crate::net::framed::GiveUp;

/// A WebSocket connection after its opening handshake. The methods are those of
/// [`Framing`](crate::net::framed::Framing), with the events of WebSocket.
pub(crate) trait Wire: Send {
    /// Begins a poll of the task that drives the connection.
    fn enter(&mut self) {}

    /// The next event of what was read already. [`Event::Close`] and an error are the last.
    fn next_buffered(&mut self) -> Result<Option<Event>, TransportError> {
        Ok(None)
    }

    /// Reads once. `Ok(None)` if that brought no event.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Event>, TransportError>>;

    /// Ends reading because the peer broke a rule of a protocol above.
    fn violation(&mut self, text: &'static str) -> TransportError;

    /// Refuses messages of more bytes from now on, if the engine can.
    fn limit_messages(&mut self, bytes: usize) {
        let _ = bytes;
    }

    fn is_drained(&self) -> bool {
        true
    }

    fn is_backlogged(&self) -> bool {
        false
    }

    /// Puts a message into the buffer.
    fn write_message(&mut self, kind: Kind, payload: Bytes) -> Result<(), Cause>;

    /// Puts a message into the buffer that others send, too.
    fn write_prepared(&mut self, message: &Arc<Prepared>) -> Result<(), Cause>;

    /// Puts what a handle asks for into the buffer.
    fn push(&mut self, command: Command) -> Result<(), Cause>;

    fn can_ping(&self) -> bool {
        true
    }

    fn write_ping(&mut self, payload: Bytes);

    /// Number of bytes that a flush still has to write; never 0 while there is something to flush.
    fn buffered(&self) -> usize;

    /// Ready when everything has left. When this fails, nothing is kept for the peer any more, and the task
    /// was woken.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<std::io::Result<()>>;

    fn bytes_read(&self) -> u64;

    fn bytes_written(&self) -> u64;

    fn bytes_left(&self) -> usize;

    /// Number of bytes that came and left, for the statistics.
    fn traffic(&self) -> (u64, u64) {
        (self.bytes_read(), self.bytes_written())
    }

    /// Number of frames of messages that came and were written, for the statistics.
    fn frames(&self) -> (u64, u64) {
        (0, 0)
    }

    fn give_up(&mut self, why: GiveUp);

    /// Puts our Close frame into the buffer, behind everything else.
    fn begin_close(&mut self, said: Option<(u16, &str)>, can_write: bool) -> CloseStep;

    fn poll_close_step(&mut self, cx: &mut Context<'_>, step: CloseStep) -> Poll<CloseStep>;

    /// Code of our Close frame, if it was written with one.
    fn sent_code(&self) -> Option<u16>;

    /// Content of the peer's Close frame, if it has come.
    fn peer_said(&self) -> Option<&Option<(u16, String)>>;
}
