//! The leanest frames there are: a length of 4 octets, then the payload.

use std::pin::pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::measure::Error;

/// What is read at once, at most.
const READ: usize = 64 << 10;

/// With more to write than this, it takes no frame before some of it has left.
const HIGH_WATER: usize = 1 << 20;

/// Frames over `S`. Nothing is written before the flush.
pub(crate) struct Frames<S> {
    stream: S,
    read: BytesMut,
    write: BytesMut,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Frames<S> {
    pub(crate) fn new(stream: S) -> Self {
        Frames { stream, read: BytesMut::new(), write: BytesMut::new() }
    }

    /// The next frame; `None` at the end.
    pub(crate) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Bytes>, Error>> {
        loop {
            if let Some(&length) = self.read.first_chunk::<4>() {
                let length = u32::from_be_bytes(length) as usize;
                if self.read.len() >= 4 + length {
                    self.read.advance(4);
                    return Poll::Ready(Ok(Some(self.read.split_to(length).freeze())));
                }
            }
            if self.read.capacity() - self.read.len() < READ / 8 {
                self.read.reserve(READ);
            }
            if ready!(pin!(self.stream.read_buf(&mut self.read)).poll(cx))? == 0 {
                return Poll::Ready(Ok(None));
            }
        }
    }

    /// Ready when a frame can be put.
    pub(crate) fn poll_open(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.write.len() < HIGH_WATER { Poll::Ready(Ok(())) } else { self.poll_flush(cx) }
    }

    /// Writes a frame into the buffer.
    pub(crate) fn put(&mut self, frame: &[u8]) {
        self.write.put_u32(frame.len() as u32);
        self.write.put_slice(frame);
    }

    /// Ready when everything has left.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        while !self.write.is_empty() {
            ready!(pin!(self.stream.write_buf(&mut self.write)).poll(cx))?;
        }
        self.write.clear();
        Poll::Ready(Ok(()))
    }
}
