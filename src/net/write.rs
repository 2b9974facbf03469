//! Writing to a stream what is in several pieces.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::AsyncWrite;

/// Maximum number of pieces written by one system call.
const PIECES: usize = 16;

/// Writes once. Returns the number of bytes that the stream took; the caller does not call this without any.
pub(crate) fn poll_write_pieces<'a>(
    stream: &mut (impl AsyncWrite + Unpin),
    cx: &mut Context<'_>,
    mut pieces: impl Iterator<Item = &'a [u8]>,
) -> Poll<io::Result<usize>> {
    let stream = Pin::new(stream);
    let first = pieces.next().unwrap_or_default();
    let mut pieces = pieces.peekable();
    if pieces.peek().is_none() || !stream.is_write_vectored() {
        return stream.poll_write(cx, first);
    }
    let mut slices = [IoSlice::new(first); PIECES];
    let mut count = 1;
    for (slice, piece) in slices[1..].iter_mut().zip(pieces) {
        *slice = IoSlice::new(piece);
        count += 1;
    }
    stream.poll_write_vectored(cx, &slices[..count])
}
