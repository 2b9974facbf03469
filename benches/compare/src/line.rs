//! A connection that carries frames; the relays and their clients use the same.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::{Sink, Stream};
use tokio::net::{TcpStream, UnixStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, accept_async, client_async};

use crate::frames::Frames;
use crate::measure::Error;

/// When written frames leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flush {
    /// Everything that is ready is gathered, then flushed once.
    PerTurn,
    /// Each frame is flushed before the next is taken: `sink.send(frame).await`.
    PerMessage,
}

/// A connection that knows when to flush.
pub(crate) struct Line {
    wire: Wire,
    flush: Flush,
    /// Something was written since the last complete flush.
    dirty: bool,
}

enum Wire {
    WebSocket(Box<WebSocketStream<TcpStream>>),
    Tcp(Frames<TcpStream>),
    Unix(Frames<UnixStream>),
}

impl Line {
    /// WebSocket at a relay.
    pub(crate) async fn accept_websocket(stream: TcpStream, flush: Flush) -> Result<Self, Error> {
        stream.set_nodelay(true)?;
        let wire = Wire::WebSocket(Box::new(accept_async(stream).await?));
        Ok(Line { wire, flush, dirty: false })
    }

    /// WebSocket to a relay.
    pub(crate) async fn open_websocket(stream: TcpStream, flush: Flush) -> Result<Self, Error> {
        stream.set_nodelay(true)?;
        let url = format!("ws://{}/", stream.peer_addr()?);
        let (socket, _) = client_async(url, stream).await?;
        let wire = Wire::WebSocket(Box::new(socket));
        Ok(Line { wire, flush, dirty: false })
    }

    /// Plain frames over TCP.
    pub(crate) fn tcp(stream: TcpStream) -> Result<Self, Error> {
        stream.set_nodelay(true)?;
        let wire = Wire::Tcp(Frames::new(stream));
        Ok(Line { wire, flush: Flush::PerTurn, dirty: false })
    }

    /// Plain frames over a unix socket.
    pub(crate) fn unix(stream: UnixStream) -> Self {
        Line { wire: Wire::Unix(Frames::new(stream)), flush: Flush::PerTurn, dirty: false }
    }

    /// The next frame; `None` at the end.
    pub(crate) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Bytes>, Error>> {
        let socket = match &mut self.wire {
            Wire::WebSocket(socket) => socket,
            Wire::Tcp(frames) => return frames.poll_frame(cx),
            Wire::Unix(frames) => return frames.poll_frame(cx),
        };
        Poll::Ready(match ready!(Pin::new(&mut **socket).poll_next(cx)) {
            Some(Ok(Message::Binary(frame))) => Ok(Some(frame)),
            Some(Ok(Message::Close(_))) | None => Ok(None),
            Some(Ok(other)) => Err(format!("the relay moves binary frames only: {other}").into()),
            Some(Err(error)) => Err(error.into()),
        })
    }

    /// Ready when a frame can be put.
    pub(crate) fn poll_open(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.flush == Flush::PerMessage {
            ready!(self.poll_clean(cx))?;
        }
        match &mut self.wire {
            Wire::WebSocket(socket) => Pin::new(&mut **socket).poll_ready(cx).map_err(Error::from),
            Wire::Tcp(frames) => frames.poll_open(cx),
            Wire::Unix(frames) => frames.poll_open(cx),
        }
    }

    /// Writes a frame; only when open.
    pub(crate) fn put(&mut self, frame: Bytes, cx: &mut Context<'_>) -> Result<(), Error> {
        match &mut self.wire {
            Wire::WebSocket(socket) => {
                Pin::new(&mut **socket).start_send(Message::Binary(frame))?
            }
            Wire::Tcp(frames) => frames.put(&frame),
            Wire::Unix(frames) => frames.put(&frame),
        }
        self.dirty = true;
        if self.flush == Flush::PerMessage
            && let Poll::Ready(Err(error)) = self.poll_clean(cx)
        {
            return Err(error);
        }
        Ok(())
    }

    /// Ends a turn: ready when everything has left.
    pub(crate) fn poll_clean(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.dirty {
            ready!(match &mut self.wire {
                Wire::WebSocket(socket) =>
                    Pin::new(&mut **socket).poll_flush(cx).map_err(Error::from),
                Wire::Tcp(frames) => frames.poll_flush(cx),
                Wire::Unix(frames) => frames.poll_flush(cx),
            })?;
            self.dirty = false;
        }
        Poll::Ready(Ok(()))
    }

    /// Sends one frame.
    pub(crate) async fn send(&mut self, frame: Bytes) -> Result<(), Error> {
        poll_fn(|cx| self.poll_open(cx)).await?;
        poll_fn(|cx| Poll::Ready(self.put(frame.clone(), cx))).await?;
        poll_fn(|cx| self.poll_clean(cx)).await
    }

    /// Waits for one frame.
    pub(crate) async fn frame(&mut self) -> Result<Bytes, Error> {
        poll_fn(|cx| self.poll_frame(cx)).await?.ok_or_else(|| "closed".into())
    }
}
