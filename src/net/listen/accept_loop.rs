//! The loop that accepts connections, with its limits of number.
//!
//! It knows neither handshakes nor messages: those are in what implements [`Accept`].

use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};

use super::room_for;
use super::socket::{Incoming, Socket};
use crate::rt;
use crate::rt::future::{Race, race};
use crate::rt::keepalive;

/// Pause after the system could not give a connection, for example for too many open files.
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(50);

/// Maximum number of clients that are told at the same time that there is no room. Others are
/// dropped.
const REFUSALS: usize = 64;

/// Handles the streams that a socket accepts.
pub(crate) trait Accept: Send + Sync + 'static {
    /// Held as long as the socket is listened on.
    type Guard: Send + 'static;

    /// Answers a client's handshake and has its connection served, which keeps `permit`.
    fn accept<T>(
        &self,
        stream: T,
        peer: &str,
        permit: OwnedSemaphorePermit,
    ) -> impl Future<Output = ()> + Send
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static;

    /// Tells a client that there are too many connections.
    fn refuse_excess<T>(&self, stream: T, peer: &str) -> impl Future<Output = ()> + Send
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static;

    /// Ends all connections that were accepted, and those that still come.
    fn dismiss(&self);

    /// Ready when no connection is served any more.
    fn wait_shutdown(&self) -> impl Future<Output = ()> + Send;

    /// Makes the guard that is held as long as the socket is listened on.
    fn guard(&self) -> Self::Guard;
}

/// Ends the loop, and tells of its end.
#[derive(Debug)]
pub(crate) struct AcceptHandle {
    pub(crate) end: oneshot::Sender<End>,
    /// Closed when no connection is accepted any more.
    pub(crate) stopped: watch::Receiver<()>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The connections continue.
    Close,
    /// The connections end.
    Shutdown,
}

/// Starts accepting.
pub(crate) fn start<A: Accept>(socket: Socket, accept: A, max_connections: usize) -> AcceptHandle {
    let (end, on_end) = oneshot::channel();
    let (alive, stopped) = watch::channel(());
    let guard = accept.guard();
    let accepting = Arc::new(Accepting {
        accept,
        room: Arc::new(room_for(max_connections)),
        refusals: Arc::new(Semaphore::new(REFUSALS)),
        closing: watch::channel(false).0,
    });
    rt::spawn(async move {
        let end = accepting.run(&socket, on_end).await;
        // The port is free before anyone is told so.
        drop(socket);
        drop(alive);
        drop(guard);
        match end {
            Some(End::Close) => {}
            Some(End::Shutdown) => {
                accepting.closing.send_replace(true);
                accepting.accept.dismiss();
            }
            // The connections are ended by what serves them.
            None => drop(accepting.closing.send_replace(true)),
        }
    });
    AcceptHandle { end, stopped }
}

/// State of one loop. It exists as long as the loop or a handshake runs.
struct Accepting<A: Accept> {
    accept: A,
    room: Arc<Semaphore>,
    refusals: Arc<Semaphore>,
    /// True when handshakes have to end.
    closing: watch::Sender<bool>,
}

impl<A: Accept> Accepting<A> {
    /// Accepts until the listener is closed, or returns `None` when nothing is served any more.
    async fn run(
        self: &Arc<Self>,
        socket: &Socket,
        mut on_end: oneshot::Receiver<End>,
    ) -> Option<End> {
        let mut down = pin!(self.accept.wait_shutdown());
        let mut listener_dropped = false;
        let mut failing = false;
        let mut pause: Option<rt::Sleep> = None;
        loop {
            let next = poll_fn(|cx| {
                if down.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(Err(None));
                }
                if !listener_dropped && let Poll::Ready(end) = Pin::new(&mut on_end).poll(cx) {
                    match end {
                        Ok(end) => return Poll::Ready(Err(Some(end))),
                        // Only what serves the connections can end it now.
                        Err(_) => listener_dropped = true,
                    }
                }
                if let Some(timer) = &mut pause {
                    if Pin::new(timer).poll(cx).is_pending() {
                        return Poll::Pending;
                    }
                    pause = None;
                }
                socket.poll_accept(cx).map(Ok)
            });
            match next.await {
                Err(end) => return end,
                Ok(Ok(incoming)) => {
                    if std::mem::take(&mut failing) {
                        tracing::info!("connections are accepted again");
                    }
                    self.receive(incoming);
                }
                Ok(Err(error)) if is_of_one_client(&error) => {
                    tracing::debug!(%error, "a client was gone before it was accepted");
                }
                Ok(Err(error)) => {
                    // Logged once, and not twenty times per second while it lasts.
                    if !std::mem::replace(&mut failing, true) {
                        tracing::warn!(%error, "cannot accept connections");
                    }
                    pause = Some(rt::Sleep::new(PAUSE_AFTER_ERROR));
                }
            }
        }
    }

    fn receive(self: &Arc<Self>, incoming: Incoming) {
        match incoming {
            Incoming::Tcp(stream, peer) => match prepared(stream) {
                Ok(stream) => self.receive_stream(stream, peer.to_string()),
                Err(error) => tracing::debug!(%peer, %error, "connection lost"),
            },
            Incoming::Unix(stream, peer) => self.receive_stream(stream, peer),
        }
    }

    fn receive_stream<T>(self: &Arc<Self>, stream: T, peer: String)
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let this = Arc::clone(self);
        if let Ok(permit) = Arc::clone(&self.room).try_acquire_owned() {
            rt::spawn(async move {
                this.unless_closing(this.accept.accept(stream, &peer, permit)).await;
            });
        } else if let Ok(turn) = Arc::clone(&self.refusals).try_acquire_owned() {
            rt::spawn(async move {
                tracing::debug!(%peer, "connection refused: too many connections");
                this.unless_closing(this.accept.refuse_excess(stream, &peer)).await;
                drop(turn);
            });
        } else {
            tracing::debug!(%peer, "connection dropped: too many connections");
        }
    }

    /// Waits for the future, unless handshakes have to end.
    async fn unless_closing(&self, future: impl Future<Output = ()>) {
        let mut closing = self.closing.subscribe();
        match race(future, closing.wait_for(|closing| *closing)).await {
            Race::First(()) | Race::Second(_) => {}
        }
    }
}

/// Sets the options that a stream of messages needs.
fn prepared(stream: TcpStream) -> io::Result<TcpStream> {
    // Not every protocol sends pings by itself.
    keepalive::enable(&stream);
    // Answers are small and must not wait for an acknowledgement.
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Returns whether the error says nothing about the next client.
fn is_of_one_client(error: &io::Error) -> bool {
    use ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted, TimedOut};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted | TimedOut)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests may")]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_accepted_socket_has_tcp_nodelay() {
        let (socket, address) = Socket::tcp("127.0.0.1", 0).await.unwrap();
        let _client = TcpStream::connect(address).await.unwrap();
        let Incoming::Tcp(stream, _) = poll_fn(|cx| socket.poll_accept(cx)).await.unwrap() else {
            unreachable!("it listens on TCP");
        };
        assert!(!stream.nodelay().unwrap());
        assert!(prepared(stream).unwrap().nodelay().unwrap());
    }
}
