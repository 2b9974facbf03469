//! `Io`: a tokio stream as the blocking-style stream that tungstenite reads and writes.
//!
//! Holds the waker of the one task that polls the connection, and counts bytes, by which the caller sees
//! that the peer is alive. It does not know frames.

use std::io::{self, ErrorKind, Read, Write};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes read by one system call. The space is on the stack, so that a connection that waits needs no
/// memory for it, and it is never cleared.
pub(crate) const READ_SIZE: usize = 32 << 10;

/// Number of reads after which the task yields: tungstenite reads on until a message is whole, even if
/// it consists of a million empty fragments.
const READS_PER_POLL: u8 = 16;

/// Bytes in and out of `S`. Returns `WouldBlock` where `S` is pending, and then `S` wakes our task.
#[derive(Debug)]
pub(super) struct Io<S> {
    stream: S,
    /// Bytes that came and for which tungstenite had no room; they are read first. At the start these
    /// are the bytes behind the opening handshake. tungstenite is not given them directly: its buffer
    /// would then lose its intended size.
    early: Bytes,
    waker: Waker,
    read: u64,
    /// Number of times that the stream may still be read in this poll.
    reads_left: u8,
    written: u64,
    /// Bytes that tungstenite holds and the stream did not take. It always offers everything, so this is
    /// exact after each attempt, and includes pongs that only tungstenite knows of.
    left: usize,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Io<S> {
    pub(super) fn new(stream: S, early: Vec<u8>) -> Self {
        let waker = Waker::noop().clone();
        let read = early.len() as u64;
        let early = early.into();
        Io { stream, early, waker, read, reads_left: READS_PER_POLL, written: 0, left: 0 }
    }

    /// Comes first in every poll. A single waker is enough, as one task polls all of a connection.
    pub(super) fn enter(&mut self, cx: &Context<'_>) {
        // Compares first, so it costs nothing as long as the task stays the same.
        self.waker.clone_from(cx.waker());
        self.reads_left = READS_PER_POLL;
    }

    /// Returns whether there was nothing to read at the last attempt.
    pub(super) fn is_drained(&self) -> bool {
        self.reads_left > 0
    }

    /// Wakes the task that polled last.
    pub(super) fn wake(&self) {
        self.waker.wake_by_ref();
    }

    /// Number of bytes that came since the start.
    pub(super) fn bytes_read(&self) -> u64 {
        self.read
    }

    /// Number of bytes that the stream took since the start.
    pub(super) fn bytes_written(&self) -> u64 {
        self.written
    }

    /// Number of bytes that the stream did not take at the last attempt.
    pub(super) fn bytes_left(&self) -> usize {
        self.left
    }

    /// Ends our direction.
    pub(super) fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    /// Reads and drops until the peer has ended its direction, too. Closing a socket with unread
    /// bytes would make the system reset the connection, and what we sent last could be lost.
    pub(super) fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Bounded per poll, as the peer may send faster than we look.
        for _ in 0..64 {
            let mut space = [0; 4096];
            let mut buf = ReadBuf::new(&mut space);
            ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buf))?;
            if buf.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Read for Io<S> {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        if !self.early.is_empty() {
            let count = self.early.len().min(space.len());
            self.early.copy_to_slice(&mut space[..count]);
            if self.early.is_empty() {
                // Or it would hold its memory until more comes.
                self.early = Bytes::new();
            }
            return Ok(count);
        }
        let Some(reads_left) = self.reads_left.checked_sub(1) else {
            self.wake();
            return Err(ErrorKind::WouldBlock.into());
        };
        let cx = &mut Context::from_waker(&self.waker);
        let mut room = [const { MaybeUninit::uninit() }; READ_SIZE];
        let mut buf = ReadBuf::uninit(&mut room);
        match Pin::new(&mut self.stream).poll_read(cx, &mut buf) {
            Poll::Ready(result) => result?,
            Poll::Pending => return Err(ErrorKind::WouldBlock.into()),
        }
        let read = buf.filled();
        self.read += read.len() as u64;
        self.reads_left = reads_left;
        let (now, early) = read.split_at(read.len().min(space.len()));
        space[..now.len()].copy_from_slice(now);
        if !early.is_empty() {
            self.early = Bytes::copy_from_slice(early);
        }
        Ok(now.len())
    }
}

impl<S: AsyncWrite + Unpin> Write for Io<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.left = bytes.len();
        let cx = &mut Context::from_waker(&self.waker);
        match Pin::new(&mut self.stream).poll_write(cx, bytes) {
            Poll::Ready(result) => {
                let count = result?;
                self.written += count as u64;
                self.left = bytes.len().saturating_sub(count);
                Ok(count)
            }
            Poll::Pending => Err(ErrorKind::WouldBlock.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        let cx = &mut Context::from_waker(&self.waker);
        match Pin::new(&mut self.stream).poll_flush(cx) {
            Poll::Ready(result) => result,
            Poll::Pending => Err(ErrorKind::WouldBlock.into()),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests may")]
mod tests {
    use tokio::io::{AsyncWriteExt, duplex};

    use super::*;

    /// Reads up to 1000 bytes at a time, as often as there is something.
    fn read_all(io: &mut Io<impl AsyncRead + AsyncWrite + Unpin>) -> Vec<u8> {
        let (mut all, mut space) = (Vec::new(), [0; 1000]);
        loop {
            match io.read(&mut space) {
                Ok(count) => all.extend_from_slice(&space[..count]),
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::WouldBlock);
                    return all;
                }
            }
        }
    }

    #[tokio::test]
    async fn what_one_read_brought_is_given_in_order_and_counted_once() {
        let (near, mut far) = duplex(2 * READ_SIZE);
        let sent: Vec<u8> = (0..READ_SIZE + 5000).map(|number| (number % 251) as u8).collect();
        let (early, rest) = sent.split_at(2500);
        let mut io = Io::new(near, early.to_vec());
        far.write_all(rest).await.unwrap();
        std::future::poll_fn(|cx| {
            io.enter(cx);
            assert_eq!(read_all(&mut io), sent);
            Poll::Ready(())
        })
        .await;
        assert_eq!(io.bytes_read(), sent.len() as u64);
        // Only the stream itself was asked: twice for what there was, and it has nothing more.
        assert_eq!(io.reads_left, READS_PER_POLL - 2);
        assert!(io.is_drained() && io.early.is_empty());
        // Nor does it hold any memory for what was read.
        assert!(!io.early.is_unique());
    }
}
