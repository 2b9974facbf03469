//! How RawSocket's transport uses the system: what is said in one turn leaves by one write, what
//! came together is read at once, and long messages are not copied.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex};

use crate::common::raw_socket::*;

/// Counts what is asked of a stream.
#[derive(Clone, Default)]
struct Calls(Arc<Mutex<Counts>>);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Counts {
    /// How many chunks each write was given.
    writes: Vec<usize>,
    /// Reads that gave something.
    reads: usize,
    /// Where the chunks are in memory.
    chunks: Vec<(usize, usize)>,
}

impl Calls {
    fn take(&self) -> Counts {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    fn write(&self, chunks: &[&[u8]]) {
        let mut counts = self.0.lock().unwrap();
        counts.writes.push(chunks.len());
        counts.chunks.extend(chunks.iter().map(|chunk| (chunk.as_ptr() as usize, chunk.len())));
    }
}

struct Watched {
    stream: DuplexStream,
    calls: Calls,
    vectored: bool,
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        if buf.filled().len() > before {
            self.calls.0.lock().unwrap().reads += 1;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.calls.write(&[bytes]);
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        chunks: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let slices: Vec<&[u8]> = chunks.iter().map(|chunk| &chunk[..]).collect();
        self.calls.write(&slices);
        Pin::new(&mut self.stream).poll_write(cx, &slices.concat())
    }

    fn is_write_vectored(&self) -> bool {
        self.vectored
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

async fn watched(vectored: bool) -> (DuplexStream, End, Calls) {
    let (client, stream) = duplex(32 << 20);
    let calls = Calls::default();
    let watched = Watched { stream, calls: calls.clone(), vectored };
    let (client, end) = agreed(client, watched, HELLO, options()).await;
    calls.take();
    (client, end, calls)
}

#[tokio::test]
async fn nothing_is_written_before_the_flush_and_then_all_at_once() {
    let (mut client, mut end, calls) = watched(true).await;
    for number in 0..500_usize {
        send(&mut end, filled(number)).await.unwrap();
    }
    assert!(look(&mut end).await.is_pending());
    assert_eq!(calls.take(), Counts::default());
    flush(&mut end).await.unwrap();
    assert!(calls.take().writes.len() <= 2);
    for number in 0..500_usize {
        assert_eq!(read_frame(&mut client).await, (MESSAGE, filled(number)));
    }
    // There is nothing more.
    flush(&mut end).await.unwrap();
    assert_eq!(calls.take(), Counts::default());
}

#[tokio::test]
async fn long_messages_leave_from_where_they_are() {
    for vectored in [true, false] {
        let (mut client, mut end, calls) = watched(vectored).await;
        let long = bytes::Bytes::from(filled(500_000));
        for _ in 0..3 {
            send(&mut end, "short").await.unwrap();
            send(&mut end, long.clone()).await.unwrap();
        }
        flush(&mut end).await.unwrap();
        let counts = calls.take();
        assert_eq!(counts.writes.len(), if vectored { 1 } else { 6 });
        let place = (long.as_ptr() as usize, long.len());
        assert_eq!(counts.chunks.iter().filter(|chunk| **chunk == place).count(), 3);
        for _ in 0..3 {
            assert_eq!(read_frame(&mut client).await, (MESSAGE, b"short".to_vec()));
            assert!(read_frame(&mut client).await == (MESSAGE, long.to_vec()));
        }
    }
}

#[tokio::test]
async fn what_came_together_is_read_at_once() {
    let (mut client, mut end, calls) = watched(true).await;
    let all: Vec<u8> = (0..200).flat_map(|_| frame(MESSAGE, &filled(100))).collect();
    client.write_all(&all).await.unwrap();
    for _ in 0..200 {
        assert_eq!(recv(&mut end).await, Some(Ok(filled(100).into())));
    }
    assert_eq!(calls.take().reads, 1);
}

#[tokio::test]
async fn a_long_message_is_read_in_a_few_portions() {
    let (mut client, mut end, calls) = watched(true).await;
    let long = filled(8 << 20);
    client.write_all(&frame(MESSAGE, &long)).await.unwrap();
    assert!(recv(&mut end).await == Some(Ok(long.into())));
    let reads = calls.take().reads;
    assert!(reads < 15, "{reads}");
}
