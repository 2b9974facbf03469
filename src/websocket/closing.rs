//! The closing handshake (RFC 6455, section 7), and the end of the connection below it.
//!
//! The caller bounds the time of all steps together.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::connection::{Connection, Reading};
use super::wire::Wire;

/// Number of reads of a step that drops what comes, after which the task yields.
const READS: usize = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CloseStep {
    /// Our Close frame, and everything before it, leaves. What comes is read and dropped: the peer
    /// may have much to say before it reads, too.
    Flush,
    /// The peer's Close frame comes.
    Answer,
    /// The peer ends the stream, as a server does first.
    End,
    Shutdown,
    /// After a failure: the peer's bytes are read and dropped.
    Drain,
    Done,
}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Connection<S> {
    /// Puts our Close frame into the buffer, behind everything else. Of a connection that cannot be
    /// written any more, only our direction is ended; one that fails may be dropped as it is.
    pub(crate) fn begin_close(&mut self, said: Option<(u16, &str)>, can_write: bool) -> CloseStep {
        match self.reading {
            Reading::Failed(..) if self.fail_by_drop => return CloseStep::Done,
            _ if !can_write => {}
            Reading::Failed(code, text) => self.write_close(Some((code, text))),
            Reading::Open | Reading::Closed | Reading::Ended => self.write_close(said),
        }
        // Within a frame that is sent in parts, no Close frame can be written.
        if can_write && self.has_closed() { CloseStep::Flush } else { CloseStep::Shutdown }
    }

    pub(crate) fn poll_close_step(
        &mut self,
        cx: &mut Context<'_>,
        step: CloseStep,
    ) -> Poll<CloseStep> {
        self.enter();
        let failed = matches!(self.reading, Reading::Failed(..));
        Poll::Ready(match step {
            CloseStep::Flush => match self.poll_flush(cx) {
                Poll::Pending => return self.poll_discard(cx),
                Poll::Ready(Ok(())) if !failed => CloseStep::Answer,
                Poll::Ready(_) => CloseStep::Shutdown,
            },
            CloseStep::Answer => match self.reading {
                Reading::Open => {
                    ready!(self.poll_read_dropping(cx));
                    CloseStep::Answer
                }
                Reading::Closed if self.is_client() => CloseStep::End,
                Reading::Closed | Reading::Ended | Reading::Failed(..) => CloseStep::Shutdown,
            },
            CloseStep::End => {
                // An error is an end as well.
                let _ = ready!(poll_drain(&mut self.stream, cx));
                CloseStep::Shutdown
            }
            CloseStep::Shutdown => match ready!(Pin::new(&mut self.stream).poll_shutdown(cx)) {
                Ok(()) if failed => CloseStep::Drain,
                Ok(()) | Err(_) => CloseStep::Done,
            },
            CloseStep::Drain => {
                let _ = ready!(poll_drain(&mut self.stream, cx));
                CloseStep::Done
            }
            CloseStep::Done => CloseStep::Done,
        })
    }

    /// Reads what the peer says while we flush, its Close frame among it.
    fn poll_discard(&mut self, cx: &mut Context<'_>) -> Poll<CloseStep> {
        match self.reading {
            // It may read on.
            Reading::Ended => return Poll::Pending,
            Reading::Failed(..) | Reading::Closed => {
                let _ = ready!(poll_drain(&mut self.stream, cx));
                self.reading = Reading::Ended;
            }
            Reading::Open => ready!(self.poll_read_dropping(cx)),
        }
        Poll::Ready(CloseStep::Flush)
    }

    /// Reads once, and drops all but what changes the state.
    fn poll_read_dropping(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // The state tells about an error.
        while let Ok(Some(_)) = self.next_buffered() {}
        if self.reading == Reading::Open {
            let _ = ready!(self.poll_read(cx));
        }
        Poll::Ready(())
    }
}

/// Reads and drops until the peer has ended its direction, too. Closing a socket with unread bytes would make
/// the system reset the connection, and what we sent last could be lost.
pub(super) fn poll_drain(
    stream: &mut (impl AsyncRead + Unpin),
    cx: &mut Context<'_>,
) -> Poll<io::Result<()>> {
    // Bounded per poll, as the peer may send faster than we look.
    for _ in 0..READS {
        let mut space = [0; 4096];
        let mut buf = ReadBuf::new(&mut space);
        ready!(Pin::new(&mut *stream).poll_read(cx, &mut buf))?;
        if buf.filled().is_empty() {
            return Poll::Ready(Ok(()));
        }
    }
    cx.waker().wake_by_ref();
    Poll::Pending
}
