//! The closing handshake (RFC 6455, section 7), and the end of the connection below it.
//!
//! The caller bounds the time of all steps together.

use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite};
use tungstenite::Utf8Bytes;
use tungstenite::protocol::CloseFrame;

use super::CloseCode;
use super::connection::{Connection, Reading, would_block};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CloseStep {
    /// Our Close frame, and everything before it, leaves. What comes is read and dropped: the peer
    /// may have much to say before it reads, too.
    Flush,
    /// The peer's Close frame comes, and then the end of the stream where we are the client.
    Answer,
    Shutdown,
    /// After a failure: the peer's bytes are read and dropped.
    Drain,
    Done,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// Puts our Close frame into the buffer, behind everything else. Of a connection that cannot be
    /// written any more, only our direction is ended.
    pub(crate) fn begin_close(&mut self, code: CloseCode, can_write: bool) -> CloseStep {
        let code = match self.reading {
            Reading::Failed(code) => code,
            Reading::Open | Reading::Ended => code,
        };
        let frame = CloseFrame { code: code.code().into(), reason: Utf8Bytes::default() };
        match self.socket.close(Some(frame)) {
            Ok(()) if can_write => CloseStep::Flush,
            Err(error) if can_write && would_block(&error) => CloseStep::Flush,
            Ok(()) | Err(_) => CloseStep::Shutdown,
        }
    }

    pub(crate) fn poll_close_step(
        &mut self,
        cx: &mut Context<'_>,
        step: CloseStep,
    ) -> Poll<CloseStep> {
        let failed = matches!(self.reading, Reading::Failed(_));
        Poll::Ready(match step {
            CloseStep::Flush => match self.socket.flush() {
                Err(error) if would_block(&error) => return self.poll_discard(cx),
                Ok(()) if !failed => CloseStep::Answer,
                Ok(()) | Err(_) => CloseStep::Shutdown,
            },
            CloseStep::Answer => match self.socket.read() {
                Ok(_) => CloseStep::Answer,
                Err(error) if would_block(&error) => return Poll::Pending,
                Err(_) => CloseStep::Shutdown,
            },
            CloseStep::Shutdown => match ready!(self.socket.get_mut().poll_shutdown(cx)) {
                Ok(()) if failed => CloseStep::Drain,
                Ok(()) | Err(_) => CloseStep::Done,
            },
            CloseStep::Drain => {
                // An error is an end as well.
                let _ = ready!(self.socket.get_mut().poll_drain(cx));
                CloseStep::Done
            }
            CloseStep::Done => CloseStep::Done,
        })
    }

    /// Reads what the peer says while we flush, its Close frame among it.
    fn poll_discard(&mut self, cx: &mut Context<'_>) -> Poll<CloseStep> {
        use tungstenite::Error;
        use tungstenite::error::ProtocolError::ResetWithoutClosingHandshake;
        match self.reading {
            // It may read on.
            Reading::Ended => return Poll::Pending,
            Reading::Failed(_) => {
                // An error is an end as well.
                let _ = ready!(self.socket.get_mut().poll_drain(cx));
                self.reading = Reading::Ended;
            }
            Reading::Open => match self.socket.read() {
                Ok(_) => {}
                Err(error) if would_block(&error) => return Poll::Pending,
                Err(
                    Error::ConnectionClosed
                    | Error::AlreadyClosed
                    | Error::Io(_)
                    | Error::Protocol(ResetWithoutClosingHandshake),
                ) => self.reading = Reading::Ended,
                Err(_) => self.reading = Reading::Failed(CloseCode::ProtocolError),
            },
        }
        Poll::Ready(CloseStep::Flush)
    }
}
