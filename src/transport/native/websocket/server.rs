//! The accepting side: WAMP's part of the opening handshake, and the transport.
//!
//! [`Terms::check`] decides about a request without a socket, for HTTP servers that read requests themselves;
//! [`answer`] reads and writes.

use std::fmt;

use http::{Request, Response, StatusCode};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, timeout_at};

use super::framing::transport;
use crate::error::AcceptError;
use crate::framing::websocket::Role;
use crate::framing::websocket::deflate;
use crate::framing::websocket::handshake::Refusal;
use crate::message::Serializer;
use crate::net::client_left;
use crate::net::protection::Protection;
use crate::transport::Transport;
use crate::transport::batched::Batched;
use crate::transport::subprotocol::Subprotocol;
use crate::websocket::ConnectionRequest;
use crate::websocket::handshake::{self, ReceiveError, receive};
use crate::websocket::settings::Settings;

/// The requirements for a request.
#[derive(Clone, Debug)]
pub(in crate::transport::native) struct Terms {
    /// `None` accepts any path.
    pub(in crate::transport::native) path: Option<String>,
    pub(in crate::transport::native) subprotocols: Vec<Subprotocol>,
    /// True to refuse a client without a supported subprotocol, instead of assuming JSON.
    pub(in crate::transport::native) strict: bool,
    pub(in crate::transport::native) handshake: handshake::Terms,
}

/// A request that is valid here; the application has yet to decide about it.
#[derive(Clone, Debug)]
pub(crate) struct Checked {
    request: ConnectionRequest,
    subprotocol: Subprotocol,
    /// False if the client has not offered the subprotocol.
    announced: bool,
}

/// An accepted request.
#[derive(Debug)]
pub(crate) struct Agreed {
    subprotocol: Subprotocol,
    response: Response<()>,
    deflate: Option<deflate::Agreement>,
    /// The client's address, as far as it is known.
    peer: Option<String>,
}

impl Terms {
    /// Checks a request, and selects the first supported subprotocol of the client's list.
    pub(in crate::transport::native) fn check<B>(
        &self,
        request: &Request<B>,
        peer: Option<&str>,
    ) -> Result<Checked, Refusal> {
        if self.path.as_ref().is_some_and(|path| request.uri().path() != path) {
            return Err(Refusal::new(StatusCode::NOT_FOUND, "no WAMP router at this path"));
        }
        let request = self.handshake.check(request, peer).map_err(|mut refusal| {
            if refusal.status == StatusCode::UPGRADE_REQUIRED {
                let missing = refusal.message;
                refusal.message =
                    format!("this is a WAMP router; connect by WebSocket ({missing})");
            }
            refusal
        })?;
        let common = request.protocols().find_map(|name| self.named(name));
        let json = Subprotocol { serializer: Serializer::Json, batched: false };
        let assumed = Some(json).filter(|json| !self.strict && self.subprotocols.contains(json));
        let subprotocol = common.or(assumed).ok_or_else(|| {
            let ours: Vec<_> = self.subprotocols.iter().map(|one| one.name()).collect();
            let text = format!("no common subprotocol; this router speaks {}", ours.join(", "));
            Refusal::new(StatusCode::BAD_REQUEST, text)
        })?;
        Ok(Checked { request, subprotocol, announced: common.is_some() })
    }

    /// Asks the application, and makes the answer.
    pub(in crate::transport::native) async fn ask(
        &self,
        checked: Checked,
    ) -> Result<Agreed, Refusal> {
        let Checked { request, mut subprotocol, announced } = checked;
        let accept = self.handshake.ask(&request).await?;
        let mut protocol = announced.then(|| subprotocol.name());
        if let Some(chosen) = accept.chosen() {
            subprotocol = self.named(chosen).ok_or_else(|| {
                tracing::error!(
                    chosen,
                    "on_connect chose a subprotocol that is not of this server"
                );
                Refusal::failed()
            })?;
            protocol = Some(chosen);
        }
        let (response, deflate) = self.handshake.response(&request, &accept, protocol)?;
        let peer = request.peer().map(str::to_owned);
        Ok(Agreed { subprotocol, response, deflate, peer })
    }

    /// Returns the answer that refuses a request.
    pub(in crate::transport::native) fn refusal(&self, refusal: &Refusal) -> Response<String> {
        self.handshake.refusal(refusal)
    }

    fn named(&self, name: &str) -> Option<Subprotocol> {
        self.subprotocols.iter().find(|one| one.name() == name).copied()
    }
}

impl Agreed {
    /// Returns the answer for the client.
    pub(crate) fn response(&self) -> &Response<()> {
        &self.response
    }
}

/// Answers the request that starts with `early` and continues on the stream, until `deadline`. Returns the
/// stream and the bytes after the request.
///
/// Without `room` every request is refused.
pub(in crate::transport::native) async fn answer<S>(
    stream: S,
    early: &[u8],
    terms: &Terms,
    peer: &str,
    room: bool,
    deadline: Instant,
) -> Result<(S, Vec<u8>, Agreed), AcceptError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let incoming = match receive(stream, early, deadline, &terms.handshake).await {
        Ok(incoming) => incoming,
        Err(ReceiveError::Closed) => return Err(AcceptError::Lost(client_left().into())),
        Err(ReceiveError::Io(error)) => return Err(AcceptError::Lost(error.into())),
        Err(ReceiveError::Timeout) => return Err(AcceptError::Timeout),
        Err(ReceiveError::Refused(refusal)) => return Err(refusal.into()),
    };
    let decision = async {
        if !room {
            return Err(Refusal::no_room());
        }
        terms.ask(terms.check(&incoming.request, Some(peer))?).await
    };
    let (refusal, error) = match timeout_at(deadline, decision).await {
        Ok(Ok(agreed)) => {
            let answer = timeout_at(deadline, incoming.accept(agreed.response()));
            let (stream, behind) = answer
                .await
                .map_err(|_| AcceptError::Timeout)?
                .map_err(|error| AcceptError::Lost(error.into()))?;
            return Ok((stream, behind, agreed));
        }
        Ok(Err(refusal)) => {
            let error = refusal.clone().into();
            (refusal, error)
        }
        Err(_) => {
            let text = "the server took too long to decide";
            (Refusal::new(StatusCode::SERVICE_UNAVAILABLE, text), AcceptError::Timeout)
        }
    };
    incoming.refuse(terms.refusal(&refusal)).await;
    Err(error)
}

impl From<Refusal> for AcceptError {
    fn from(refusal: Refusal) -> Self {
        AcceptError::Refused { status: refusal.status.as_u16(), message: refusal.message }
    }
}

/// Creates the transport over a stream after the handshake; `early` contains the bytes after it. `peer` is the
/// client's address, if the handshake has shown no other.
pub(in crate::transport::native) fn open<S>(
    stream: S,
    early: Vec<u8>,
    peer: impl fmt::Display,
    protection: Protection,
    agreed: &Agreed,
    settings: &Settings,
) -> Box<dyn Transport>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let subprotocol = agreed.subprotocol;
    let peer = agreed.peer.clone().unwrap_or_else(|| peer.to_string());
    let deflate = agreed.deflate.as_ref();
    let transport =
        transport(stream, early, Role::Server, peer, protection, subprotocol, settings, deflate);
    Batched::over(Box::new(transport), subprotocol.batched)
}
