//! The connections of a server: reads requests, answers them, and ends what is open.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{Instant, timeout, timeout_at};

use super::ConnectionResponse;
use super::channel::{Channel, Command};
use super::client::{Mode, start};
use super::handshake::{
    ConnectionAccept, ConnectionDeny, ConnectionRequest, Incoming, ReceiveError, Terms, receive,
};
use super::server_options::ServerOptions;
use super::socket::WebSocket;
use crate::error::{AcceptError, Cause};
use crate::framing::websocket::Role;
use crate::framing::websocket::deflate::Agreement;
use crate::framing::websocket::handshake::Refusal;
use crate::lock::Lock;
use crate::net::client_left;
use crate::net::tls::{self, ServerTls};

/// Time that a shutdown waits beyond the time that closing takes.
const MARGIN: Duration = Duration::from_secs(1);

/// Text for a client whose request was not answered in time.
pub(super) const TOO_LATE: &str = "the server took too long";

/// A stream of any kind.
pub(crate) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Io for S {}

pub(crate) type BoxIo = Box<dyn Io>;

/// State that all connections of a listener or a mount share.
#[derive(Clone)]
pub(super) struct Server {
    /// `None` accepts any path.
    pub(super) path: Option<String>,
    /// Subprotocols that the server speaks.
    pub(super) protocols: Vec<String>,
    pub(super) options: ServerOptions,
    pub(super) terms: Terms,
    pub(super) tls: Option<ServerTls>,
    pub(super) open: Arc<Open>,
}

/// The connections that are open: of a listener or a mount, or of all of a factory.
pub(super) struct Open {
    /// All of the factory, for a part of them.
    all: Option<Arc<Open>>,
    channels: Lock<(u64, HashMap<u64, Arc<Channel>>)>,
    count: watch::Sender<usize>,
    down: watch::Sender<bool>,
    /// Closed when neither connections are left, nor what they come from.
    pub(super) gone: watch::Sender<()>,
}

/// One of them. Dropping it removes the connection.
struct Place {
    open: Arc<Open>,
    key: u64,
    _room: Option<OwnedSemaphorePermit>,
    _of_all: Option<Box<dyn Send>>,
}

/// A request that is granted, and its answer.
pub(super) struct Answer {
    pub(super) response: Response<()>,
    protocol: Option<String>,
    deflate: Option<Agreement>,
}

/// A request that has not been answered.
pub(super) struct Asked {
    pub(super) request: ConnectionRequest,
    incoming: Incoming<BoxIo>,
    server: Arc<Server>,
    room: Option<OwnedSemaphorePermit>,
    /// When the answer has to be there.
    pub(super) deadline: Instant,
}

impl Server {
    /// Reads a client's request, after TLS. `room` is given back when the connection ends; without
    /// `has_room` every request is refused.
    pub(super) async fn receive<S>(
        self: &Arc<Self>,
        stream: S,
        peer: &str,
        room: Option<OwnedSemaphorePermit>,
        has_room: bool,
    ) -> Result<Asked, AcceptError>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let deadline = Instant::now() + self.options.handshake_time();
        let stream: BoxIo = match &self.tls {
            None => Box::new(stream),
            Some(tls) => {
                let accepted = timeout_at(deadline, tls.accept(stream)).await;
                let accepted = accepted.map_err(|_| AcceptError::Timeout)?;
                Box::new(accepted.map_err(|error| AcceptError::Tls(tls::cause(error)))?.0)
            }
        };
        let incoming = match receive(stream, &[], deadline, &self.terms).await {
            Ok(incoming) => incoming,
            Err(ReceiveError::Closed) => return Err(AcceptError::Lost(client_left().into())),
            Err(ReceiveError::Io(error)) => return Err(AcceptError::Lost(error.into())),
            Err(ReceiveError::Timeout) => return Err(AcceptError::Timeout),
            Err(ReceiveError::Refused(refusal)) => return Err(refused(&refusal)),
        };
        let checked = match has_room {
            true => self.check(&incoming.request, Some(peer)),
            false => Err(Refusal::no_room()),
        };
        match checked {
            Ok(request) => {
                Ok(Asked { request, incoming, server: Arc::clone(self), room, deadline })
            }
            Err(refusal) => {
                incoming.refuse(self.terms.refusal(&refusal)).await;
                Err(refused(&refusal))
            }
        }
    }

    /// Checks everything that needs no decision of the application.
    pub(super) fn check(
        &self,
        request: &Request<()>,
        peer: Option<&str>,
    ) -> Result<ConnectionRequest, Refusal> {
        if self.open.is_down() {
            return Err(Refusal::down());
        }
        if self.path.as_ref().is_some_and(|path| request.uri().path() != path) {
            let text = "no WebSocket at this path";
            return Err(Refusal::new(http::StatusCode::NOT_FOUND, text));
        }
        self.terms.check(request, peer)
    }

    /// Makes the answer that grants a request. Without a choice of the application, the subprotocol is the
    /// first of the client's that the server speaks.
    pub(super) fn answer(
        &self,
        request: &ConnectionRequest,
        accept: &ConnectionAccept,
    ) -> Result<Answer, Refusal> {
        let ours = |name: &&str| self.protocols.iter().any(|ours| ours == name);
        let protocol = accept.chosen().or_else(|| request.protocols().find(ours));
        let (response, deflate) = self.terms.response(request, accept, protocol)?;
        Ok(Answer { response, protocol: protocol.map(str::to_owned), deflate })
    }

    /// Opens the connection of a request that was answered: over a stream and what was read of it.
    pub(super) fn open(
        &self,
        connection: (BoxIo, Vec<u8>),
        peer: String,
        answer: Answer,
        room: Option<OwnedSemaphorePermit>,
        mode: Mode,
    ) -> WebSocket {
        let Answer { response, protocol, deflate } = answer;
        let (head, ()) = response.into_parts();
        let deflate = deflate.as_ref();
        let response = ConnectionResponse::sent(peer, head.headers, protocol.as_deref(), deflate);
        let settings = self.options.websocket();
        let place = |channel: &Arc<Channel>| self.open.add(channel, room);
        start(connection, Role::Server, response, &settings, deflate, mode, place)
    }
}

impl Asked {
    /// Accepts the request.
    pub(super) async fn accept(
        self,
        accept: ConnectionAccept,
        mode: Mode,
    ) -> Result<WebSocket, AcceptError> {
        if Instant::now() >= self.deadline {
            self.deny(ConnectionDeny::new(503, TOO_LATE)).await;
            return Err(AcceptError::Timeout);
        }
        let Asked { request, incoming, server, room, deadline } = self;
        let answer = match server.answer(&request, &accept) {
            Ok(answer) => answer,
            Err(refusal) => {
                incoming.refuse(server.terms.refusal(&refusal)).await;
                return Err(refused(&refusal));
            }
        };
        let sent = timeout_at(deadline, incoming.accept(&answer.response)).await;
        let connection = sent.map_err(|_| AcceptError::Timeout)?;
        let connection = connection.map_err(|error| AcceptError::Lost(error.into()))?;
        let peer = request.peer().unwrap_or_default().to_owned();
        Ok(server.open(connection, peer, answer, room, mode))
    }

    /// Refuses the request.
    pub(super) async fn deny(self, deny: ConnectionDeny) {
        let refusal = deny.into_refusal();
        self.incoming.refuse(self.server.terms.refusal(&refusal)).await;
    }

    /// Refuses the request because the server ends.
    pub(super) async fn dismiss(self) {
        self.incoming.refuse(self.server.terms.refusal(&Refusal::down())).await;
    }
}

impl Open {
    /// All connections of a factory.
    pub(super) fn new() -> Arc<Self> {
        Open::part_of(None)
    }

    /// A part of them.
    pub(super) fn part_of(all: Option<&Arc<Open>>) -> Arc<Self> {
        Arc::new(Open {
            all: all.cloned(),
            channels: Lock::new((0, HashMap::new())),
            count: watch::Sender::new(0),
            down: watch::Sender::new(false),
            gone: watch::Sender::new(()),
        })
    }

    /// Adds a connection, until what is returned is dropped.
    fn add(
        self: &Arc<Self>,
        channel: &Arc<Channel>,
        room: Option<OwnedSemaphorePermit>,
    ) -> Box<dyn Send> {
        let key = {
            let (last, channels) = &mut *self.channels.lock();
            *last += 1;
            channels.insert(*last, Arc::clone(channel));
            *last
        };
        self.count.send_modify(|count| *count += 1);
        if self.is_down() {
            close(channel);
        }
        let of_all = self.all.as_ref().map(|all| all.add(channel, None));
        Box::new(Place { open: Arc::clone(self), key, _room: room, _of_all: of_all })
    }

    pub(super) fn count(&self) -> usize {
        *self.count.borrow()
    }

    pub(super) fn is_down(&self) -> bool {
        *self.down.borrow() || self.all.as_ref().is_some_and(|all| all.is_down())
    }

    /// Begins closing all connections with code 1001, and those that still come.
    pub(super) fn dismiss(&self) {
        self.down.send_replace(true);
        let channels: Vec<_> = self.channels.lock().1.values().cloned().collect();
        for channel in channels {
            close(&channel);
        }
    }

    /// Ends all connections, and those that still come. Waits until they are gone, for a bounded time.
    pub(super) async fn shut_down(&self, close_timeout: Duration) {
        self.dismiss();
        // The sender lives as long as we do.
        let mut count = self.count.subscribe();
        let _ =
            timeout(close_timeout.saturating_mul(2) + MARGIN, count.wait_for(|count| *count == 0))
                .await;
    }

    /// Waits for the end of the whole factory.
    pub(super) async fn wait_down(&self) {
        let all = self.all.as_deref().unwrap_or(self);
        let _ = all.down.subscribe().wait_for(|down| *down).await;
    }
}

fn close(channel: &Channel) {
    channel.commands.put(Command::Close(Some((1001, String::new()))), 0);
    channel.commands.close();
}

impl Drop for Place {
    fn drop(&mut self) {
        self.open.channels.lock().1.remove(&self.key);
        self.open.count.send_modify(|count| *count -= 1);
    }
}

fn refused(refusal: &Refusal) -> AcceptError {
    AcceptError::Refused { status: refusal.status.as_u16(), message: refusal.message.clone() }
}

/// Makes the error of settings that cannot be used.
pub(super) fn settings_error(error: crate::error::ConfigError) -> AcceptError {
    AcceptError::Settings(Cause::new(error))
}
