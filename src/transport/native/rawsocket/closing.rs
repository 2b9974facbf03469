//! The end of a connection: each side ends its direction of the stream.
//!
//! Owns the order of the steps. One timer bounds them all.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{RawSocketTransport, State};
use crate::rt::Sleep;

/// Read at once of what nobody wants.
const DRAIN_SIZE: usize = 16 << 10;

#[derive(Debug)]
pub(super) struct Closing {
    pub(super) timer: Sleep,
    pub(super) step: CloseStep,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CloseStep {
    /// All that we had to say leaves. What comes is taken and means nothing any more: the peer may
    /// have much to say before it reads, too.
    Flush,
    Shutdown,
    /// Until the peer has ended its direction, too. Closing a socket with unread bytes would make
    /// the system reset the connection, and what we sent last could be lost.
    Drain,
    Done,
}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> RawSocketTransport<S> {
    /// A broken connection is just dropped.
    pub(super) fn begin_close(&self) -> Closing {
        let broken = self.state == State::Lost || self.write_error.is_some();
        let step = if broken { CloseStep::Done } else { CloseStep::Flush };
        Closing { timer: Sleep::new(self.close_timeout), step }
    }

    pub(super) fn poll_close_step(
        &mut self,
        cx: &mut Context<'_>,
        step: CloseStep,
    ) -> Poll<CloseStep> {
        Poll::Ready(match step {
            CloseStep::Flush => match self.poll_write(cx) {
                Poll::Ready(Ok(())) => CloseStep::Shutdown,
                Poll::Ready(Err(_)) => CloseStep::Done,
                // It has ended its direction, and may read on.
                Poll::Pending if self.state == State::Ended => return Poll::Pending,
                Poll::Pending => match ready!(self.poll_forget(cx)) {
                    Ok(true) => CloseStep::Flush,
                    Ok(false) => {
                        self.state = State::Ended;
                        CloseStep::Flush
                    }
                    Err(_) => CloseStep::Done,
                },
            },
            CloseStep::Shutdown => match ready!(Pin::new(&mut self.stream).poll_shutdown(cx)) {
                Ok(()) if self.state != State::Ended => CloseStep::Drain,
                Ok(()) | Err(_) => CloseStep::Done,
            },
            CloseStep::Drain => match ready!(self.poll_forget(cx)) {
                Ok(true) => CloseStep::Drain,
                Ok(false) | Err(_) => CloseStep::Done,
            },
            CloseStep::Done => CloseStep::Done,
        })
    }

    /// Reads once what nobody wants. `false` is the end of the peer's direction.
    fn poll_forget(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        let mut space = [const { MaybeUninit::uninit() }; DRAIN_SIZE];
        let mut buf = ReadBuf::uninit(&mut space);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buf))?;
        Poll::Ready(Ok(!buf.filled().is_empty()))
    }
}
