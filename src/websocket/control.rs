//! Pings and pongs (RFC 6455, section 5.5): ours, and the answers to the peer's.
//!
//! Owns when a ping leaves and how many answers may wait. What is due when is `liveness`'s matter.

use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};
use tungstenite::Message;

use super::connection::{HEADER_SIZE, WebSocketTransport};
use crate::error::TransportError;
use crate::net::limits::{HIGH_WATER, MESSAGES_PER_LOOK};
use crate::net::liveness::Beat;
use crate::transport::{CloseCode, Transport};

/// Answers to the peer's pings that may still be in the buffer.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pongs {
    bytes: usize,
    /// The count begins again when so many bytes were written since the start.
    until: u64,
}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> WebSocketTransport<S> {
    /// Nothing came: is the peer alive?
    pub(super) fn poll_silence(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, TransportError>>> {
        if let Some(error) = self.write_error.take() {
            return self.fail(error, None);
        }
        let read = self.socket.get_ref().bytes_read();
        while let Some(silence) = &mut self.silence
            && let Poll::Ready(beat) = silence.poll(cx, read)
        {
            match beat {
                Beat::Ping(payload) => {
                    if let Err(error) = self.ping(cx, payload) {
                        return self.fail(error, None);
                    }
                }
                Beat::Dead => {
                    let error = TransportError::Timeout("the peer answers no ping");
                    return self.fail(error, Some(CloseCode::InternalError));
                }
            }
        }
        if self.ping_waits
            && let Poll::Ready(Err(error)) = self.poll_flush(cx)
        {
            return self.fail(error, Some(CloseCode::InternalError));
        }
        Poll::Pending
    }

    pub(super) fn received(
        &mut self,
        cx: &mut Context<'_>,
        frame: Bytes,
    ) -> Poll<Option<Result<Bytes, TransportError>>> {
        match self.poll_busy(cx) {
            Ok(()) => Poll::Ready(Some(Ok(frame))),
            Err(error) => self.fail(error, None),
        }
    }

    /// Messages come without a pause: is a ping due all the same?
    fn poll_busy(&mut self, cx: &mut Context<'_>) -> Result<(), TransportError> {
        self.messages = self.messages.wrapping_add(1);
        if self.messages.is_multiple_of(MESSAGES_PER_LOOK)
            && let Some(silence) = &mut self.silence
            && let Poll::Ready(payload) = silence.poll_busy(cx)
        {
            self.ping(cx, payload)?;
        }
        Ok(())
    }

    /// It goes into the buffer, and what is there is offered to the socket: only then is known how
    /// much that is.
    fn ping(&mut self, cx: &mut Context<'_>, payload: Bytes) -> Result<(), TransportError> {
        self.ping_waits = true;
        self.write(Message::Ping(payload))?;
        if let Poll::Ready(Err(error)) = self.poll_flush(cx) {
            return Err(error);
        }
        let io = self.socket.get_ref();
        if let Some(silence) = &mut self.silence {
            silence.queued(io.bytes_written() + io.bytes_left() as u64);
            silence.left(cx, io.bytes_written());
        }
        Ok(())
    }

    pub(super) fn ponged(&mut self, payload: &[u8]) {
        if let Some(silence) = &mut self.silence
            && let Some(time) = silence.ponged(payload)
        {
            tracing::debug!(peer = self.info.peer, round_trip = ?time, "the peer answered a ping");
        }
    }

    /// The peer has sent a ping. Its answer is in tungstenite's buffer, which has no limit: a peer
    /// that takes nothing must not fill it.
    pub(super) fn may_ask(&mut self, size: usize) -> bool {
        let io = self.socket.get_ref();
        if io.bytes_written() >= self.pongs.until {
            // All that was in the buffer when the count began has left.
            let until = io.bytes_written() + io.bytes_left() as u64;
            self.pongs = Pongs { bytes: 0, until };
        }
        self.pongs.bytes += size + HEADER_SIZE;
        self.pongs.bytes <= HIGH_WATER
    }
}
