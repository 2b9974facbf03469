//! A byte stream that gives what the input holds, in portions, and takes everything.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::runtime::{Builder, Runtime};

thread_local! {
    static RUNTIME: Runtime = Builder::new_current_thread().enable_time().build().unwrap();
}

/// Runs a future that waits for nothing but such streams.
pub fn run<T>(future: impl Future<Output = T>) -> T {
    RUNTIME.with(|runtime| runtime.block_on(future))
}

pub struct Stream {
    rest: Vec<u8>,
    at: usize,
    turn: usize,
}

impl Stream {
    pub fn new(input: &[u8], portions: u8) -> Self {
        Stream { rest: input.to_vec(), at: 0, turn: usize::from(portions) }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.turn = self.turn.wrapping_mul(31).wrapping_add(7) % 9973;
        let portion = if self.turn.is_multiple_of(3) { 4096 } else { 1 + self.turn % 29 };
        let left = &self.rest[self.at..];
        let count = portion.min(left.len()).min(buffer.remaining());
        buffer.put_slice(&left[..count]);
        self.at += count;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(octets.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
