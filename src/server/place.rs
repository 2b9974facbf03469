//! `Place`: the loop that accepts.
//!
//! Owns the limits of number, and the end of the loop. It knows neither handshakes nor messages.

use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, oneshot, watch};

use crate::net::listen::socket::{Incoming, Socket};
use crate::rt;
use crate::rt::future::{Race, race};
use crate::rt::keepalive;
use crate::server::guests::{Guests, room_for};
use crate::server::listener::{Control, End};
use crate::server::serve::Serve;
use crate::transport::{AcceptError, Acceptor};

/// After the system could give us no connection (too many open files, say), until the next try.
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(50);

/// Clients that are told at the same time that there is no room. Others are dropped.
const REFUSALS: usize = 64;

/// Where clients are let in. It is there as long as the loop runs, or a handshake.
struct Place<S: Serve> {
    acceptor: Acceptor,
    guests: Arc<Guests<S>>,
    room: Arc<Semaphore>,
    refusals: Arc<Semaphore>,
    /// True when handshakes shall end.
    closing: watch::Sender<bool>,
}

/// Begins to accept.
pub(super) fn start<S: Serve>(
    socket: Socket,
    acceptor: Acceptor,
    max_connections: usize,
    serve: S,
) -> Control {
    let (end, on_end) = oneshot::channel();
    let (alive, stopped) = watch::channel(());
    let stay = serve.stay();
    let guests = Guests::new(serve);
    let gone = guests.gone();
    let place = Arc::new(Place {
        acceptor,
        guests,
        room: Arc::new(room_for(max_connections)),
        refusals: Arc::new(Semaphore::new(REFUSALS)),
        closing: watch::channel(false).0,
    });
    rt::spawn(async move {
        let end = place.run(&socket, on_end).await;
        // The port is free before anybody is told so.
        drop(socket);
        drop(alive);
        drop(stay);
        match end {
            Some(End::Close) => {}
            Some(End::Shutdown) => {
                place.closing.send_replace(true);
                place.guests.dismiss();
            }
            // Who serves ends the others.
            None => drop(place.closing.send_replace(true)),
        }
    });
    Control { end, stopped, gone }
}

impl<S: Serve> Place<S> {
    /// Accepts until the listener is closed, or who serves goes down, which is `None`.
    async fn run(
        self: &Arc<Self>,
        socket: &Socket,
        mut on_end: oneshot::Receiver<End>,
    ) -> Option<End> {
        let mut down = pin!(self.guests.wait_down());
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
                        // Nobody can close it any more but who serves.
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
                    // Once, and not twenty times a second as long as it lasts.
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
                Ok(stream) => self.welcome(stream, peer.to_string()),
                Err(error) => tracing::debug!(%peer, %error, "connection lost"),
            },
            Incoming::Unix(stream, peer) => self.welcome(stream, peer),
        }
    }

    fn welcome<T>(self: &Arc<Self>, stream: T, peer: String)
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let place = Arc::clone(self);
        if let Ok(room) = Arc::clone(&self.room).try_acquire_owned() {
            rt::spawn(async move {
                let handshake = place.acceptor.accept(stream, &peer);
                match place.unless_closing(handshake).await {
                    Some(Ok(transport)) => place.guests.take(transport, Some(room)),
                    Some(Err(error)) => tracing::debug!(%peer, %error, "connection refused"),
                    None => {}
                }
            });
        } else if let Ok(turn) = Arc::clone(&self.refusals).try_acquire_owned() {
            rt::spawn(async move {
                tracing::debug!(%peer, "connection refused: there are too many");
                let _: Option<Result<_, AcceptError>> =
                    place.unless_closing(place.acceptor.turn_away(stream, &peer)).await;
                drop(turn);
            });
        } else {
            tracing::debug!(%peer, "connection dropped: there are too many");
        }
    }

    /// The future's end, or none.
    async fn unless_closing<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        let mut closing = self.closing.subscribe();
        match race(future, closing.wait_for(|closing| *closing)).await {
            Race::First(result) => Some(result),
            Race::Second(_) => None,
        }
    }
}

/// Set up for messages.
fn prepared(stream: TcpStream) -> io::Result<TcpStream> {
    // RawSocket's clients are sent no pings, unless it is asked for.
    keepalive::enable(&stream);
    // Answers are small and must not wait for an acknowledgement.
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// What says nothing about the next client.
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
