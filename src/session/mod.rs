//! What a user holds: the session handle, request builders, subscriptions and registrations.
//!
//! Owns the way from a method call to the core and back: commands to the one driver per
//! connection, and what comes out of it. The protocol itself is the core's matter.

mod arguments;
pub mod authentication;
mod call;
mod command;
mod config;
mod connect;
mod driver;
mod ending;
mod endpoint;
mod event;
mod features;
mod handler;
mod incoming;
pub mod meta;
mod payload_codec;
mod procedures;
mod publish;
mod queue;
mod register;
mod reply;
mod running;
mod running_call;
mod streaming_call;
mod subscribe;
mod user_error;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::{mpsc, oneshot, watch};

pub use crate::error::Lagged;
pub use call::{CallReply, CallRequest};
pub use config::SessionConfig;
#[cfg(feature = "client")]
pub use connect::{Connect, connect};
pub use connect::{connect_with, join};
pub use ending::Ending;
pub use endpoint::Endpoint;
pub use event::{Event, EventHandler};
pub use handler::{Args, Arguments, CallDetails, Extract, Kwargs, PublishDetails, Whole};
pub use incoming::{Chunks, IncomingCall, Progress};
#[cfg(feature = "cryptobox")]
pub use payload_codec::cryptobox;
pub use payload_codec::{Decoded, EncodedPayload, PayloadCodec, PayloadForm, Side};
pub use procedures::{Method, Procedures, ProceduresOf, Registrations};
pub use publish::{AcknowledgedPublish, PublishRequest};
pub use register::{RegisterRequest, Registration};
pub use reply::{IntoReply, Reply};
pub use running_call::{Canceller, RunningCall};
pub use streaming_call::StreamingCall;
pub use subscribe::{HandlerSubscription, SubscribeRequest, SubscribeWithRequest, Subscription};
pub use user_error::UserError;

use crate::core::client::{Answer, Failure, Joined, Ticket};
use crate::error::{ApplicationError, Callee, CloseKind, CloseReason, ConnectError};
use crate::message::{CancelMode, Message, Payload, RequestError, Roles, Serializer, Welcome};
use crate::rt::future::within;
use crate::transport::{Transport, TransportInfo};
use crate::uri::{Match, Pattern, Uri, UriRule, uris};
use crate::value::Dict;
use command::{Command, Signal};

/// An open session on a realm. Cheap to clone; all clones are the same session.
///
/// The session lives until somebody [leaves](Session::leave), the router ends it, or the transport
/// breaks. When the last handle to it is dropped (sessions, subscriptions and registrations all
/// count) it leaves by itself. It does not reconnect.
///
/// When it ends, every request, stream and running procedure ends with the same [`CloseReason`].
#[derive(Clone)]
pub struct Session {
    shared: Arc<Shared>,
}

struct Shared {
    commands: mpsc::Sender<Command>,
    signals: mpsc::UnboundedSender<Signal>,
    closed: watch::Receiver<Option<Arc<CloseReason>>>,
    tickets: AtomicU64,
    /// Somebody here wanted the session to end.
    leaving: AtomicBool,
    joined: Joined,
    transport: TransportInfo,
    /// For a session on the same transport.
    config: SessionConfig,
}

impl Drop for Shared {
    fn drop(&mut self) {
        // The driver sees it by itself when it has taken what was asked before, but it must not wait
        // for ever for a transport that takes nothing.
        drop(self.signals.send(Signal::Orphaned));
    }
}

impl Session {
    /// The session's id, drawn by the router.
    pub fn id(&self) -> u64 {
        self.shared.joined.welcome.session
    }

    /// The realm that was joined.
    pub fn realm(&self) -> &Uri {
        &self.shared.joined.realm
    }

    /// The router's whole WELCOME: its roles and features, and as whom it sees us.
    pub fn welcome(&self) -> &Welcome {
        &self.shared.joined.welcome
    }

    /// As whom the router sees us, if it tells. Without authentication it is often random.
    pub fn authid(&self) -> Option<&str> {
        self.welcome().details.authid.as_deref()
    }

    /// Our role, if the router tells.
    pub fn authrole(&self) -> Option<&str> {
        self.welcome().details.authrole.as_deref()
    }

    /// How we were authenticated, if the router tells: `"ticket"`, `"anonymous"`, …
    pub fn authmethod(&self) -> Option<&str> {
        self.welcome().details.authmethod.as_deref()
    }

    /// Who has authenticated us, if the router tells: `"static"`, `"dynamic"`, …
    pub fn authprovider(&self) -> Option<&str> {
        self.welcome().details.authprovider.as_deref()
    }

    /// What else the router says about it; empty if it says nothing.
    pub fn authextra(&self) -> &Dict {
        static NONE: Dict = Dict::new();
        self.welcome().details.authextra.as_ref().unwrap_or(&NONE)
    }

    /// The router's roles, with the features that it announced.
    pub fn router_roles(&self) -> &Roles {
        static NONE: Roles = Roles::new();
        self.welcome().details.roles.as_ref().unwrap_or(&NONE)
    }

    /// The serializer that was agreed on.
    pub fn serializer(&self) -> Serializer {
        self.shared.transport.serializer
    }

    /// The transport that carries the session.
    pub fn transport(&self) -> &TransportInfo {
        &self.shared.transport
    }

    /// Whether the session is over.
    pub fn is_closed(&self) -> bool {
        self.shared.closed.borrow().is_some() || self.shared.commands.is_closed()
    }

    /// Whether somebody here wanted it to end ([`leave`](Session::leave), [`detach`](Session::detach)).
    pub(crate) fn is_leaving(&self) -> bool {
        self.shared.leaving.load(Ordering::Acquire)
    }

    /// Waits for the end of the session, and tells why it ended.
    pub fn closed(&self) -> impl Future<Output = Arc<CloseReason>> + use<> {
        let mut closed = self.shared.closed.clone();
        async move {
            match closed.wait_for(Option::is_some).await {
                Ok(reason) => reason.clone().unwrap_or_else(driver_gone),
                Err(_) => driver_gone(),
            }
        }
    }

    /// Leaves the realm (`wamp.close.close_realm`) and closes the transport. Comes back when the
    /// session is over, at the latest after the leave timeout (3 s) and, if the router does not
    /// answer, [`CloseKind::TimedOut`]; it tells how it ended. The transport is closed behind it.
    pub async fn leave(&self) -> Arc<CloseReason> {
        self.leave_with(uris::CLOSE_REALM, None).await
    }

    /// Leaves with a reason and a text of one's own, as `wamp.close.logout`. What
    /// [`CloseReason::reason`] tells in the end is the router's answer to it.
    pub async fn leave_with(
        &self,
        reason: impl Into<Uri>,
        message: Option<String>,
    ) -> Arc<CloseReason> {
        let reason = reason.into();
        self.shared.leaving.store(true, Ordering::Release);
        let leaving = async {
            // Behind all that was asked before. Over already: then `closed` tells why.
            let leave = Command::Leave { reason, message, keep: None };
            drop(self.shared.commands.send(leave).await);
            self.closed().await
        };
        match within(self.shared.config.client.leave_timeout, leaving).await {
            Some(reason) => reason,
            None => {
                drop(self.shared.signals.send(Signal::GiveUp));
                self.closed().await
            }
        }
    }

    /// Leaves the realm and keeps the transport, for another session on it: what
    /// [`join`] takes. Other handles of this session find it closed.
    ///
    /// # Errors
    /// How the session ended, if it did not end by our GOODBYE and the router's answer.
    pub async fn detach(self) -> Result<Box<dyn Transport>, Arc<CloseReason>> {
        self.shared.leaving.store(true, Ordering::Release);
        let (sender, transport) = oneshot::channel();
        let (reason, message) = (uris::CLOSE_REALM.into(), None);
        let leave = Command::Leave { reason, message, keep: Some(sender) };
        let leaving = async {
            drop(self.shared.commands.send(leave).await);
            transport.await
        };
        match within(self.shared.config.client.leave_timeout, leaving).await {
            Some(Ok(transport)) => Ok(transport),
            Some(Err(_)) => Err(self.closed().await),
            None => {
                drop(self.shared.signals.send(Signal::GiveUp));
                Err(self.closed().await)
            }
        }
    }

    /// Leaves the realm and joins one again, over the same transport and with the same settings: it
    /// proves again who we are.
    ///
    /// # Errors
    /// [`ConnectError::Join`] if the old session did not end as it should, or the new one cannot
    /// be joined.
    pub async fn rejoin(self, realm: impl Into<Uri>) -> Result<Session, ConnectError> {
        let config = self.shared.config.clone();
        let transport = self.detach().await.map_err(ConnectError::Join)?;
        join(transport, realm, config).await
    }

    fn ticket(&self) -> Ticket {
        Ticket(self.shared.tickets.fetch_add(1, Ordering::Relaxed))
    }

    /// Why the session is over; only when it is.
    fn reason(&self) -> Arc<CloseReason> {
        self.shared.closed.borrow().clone().unwrap_or_else(driver_gone)
    }

    /// Refuses what is no URI before it is sent: there are routers that drop the whole connection
    /// for it (Crossbar does).
    fn check_uri(&self, uri: &Uri, pattern: Match) -> Result<(), ApplicationError> {
        Ok(uri.validate(UriRule::Loose, pattern)?)
    }

    /// Refuses what the router or the transport would refuse, before anything is queued. The
    /// envelope around the payload is estimated on the safe side.
    fn check(&self, uri: &Uri, payload: &Payload) -> Result<(), ApplicationError> {
        const ENVELOPE: usize = 128;
        self.check_uri(uri, Match::Exact)?;
        let size = payload.weight() + uri.len() + ENVELOPE;
        let limit = self.shared.transport.max_send;
        if size <= limit { Ok(()) } else { Err(size_exceeded("message", size, limit)) }
    }

    /// Sends a request to the driver and waits for the answer. Whoever drops the future gives the
    /// request up.
    async fn request(
        &self,
        ticket: Ticket,
        mode: CancelMode,
        command: impl FnOnce(oneshot::Sender<Result<Answer, Failure>>) -> Command,
    ) -> Result<Answer, Failure> {
        // The guard goes last: when it speaks, the driver can see that nobody waits.
        let mut guard = Guard { signals: Some(&self.shared.signals), ticket, mode };
        let (sender, receiver) = oneshot::channel();
        let outcome = match self.shared.commands.send(command(sender)).await {
            Ok(()) => receiver.await.unwrap_or_else(|_| Err(Failure::Closed(self.reason()))),
            Err(_) => Err(Failure::Closed(self.reason())),
        };
        guard.signals = None;
        outcome
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("id", &self.id())
            .field("realm", self.realm())
            .field("transport", self.transport())
            .finish_non_exhaustive()
    }
}

/// Gives a request up when its future is dropped before the end.
struct Guard<'a> {
    signals: Option<&'a mpsc::UnboundedSender<Signal>>,
    ticket: Ticket,
    /// How a call is cancelled then.
    mode: CancelMode,
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if let Some(signals) = self.signals {
            // Without a driver there is nothing to give up.
            drop(signals.send(Signal::Drop(self.ticket, self.mode)));
        }
    }
}

/// The reason when the driver has vanished without one: its runtime was shut down.
fn driver_gone() -> Arc<CloseReason> {
    let message = Some("the runtime of the session has ended".to_owned());
    Arc::new(CloseReason::new(CloseKind::TransportLost, uris::TRANSPORT_LOST, message))
}

/// What is said of a pattern on the wire; exact is what holds if nothing is said.
fn wire_policy(pattern: &Pattern) -> Option<Match> {
    (pattern.policy() != Match::Exact).then(|| pattern.policy())
}

fn size_exceeded(what: &str, size: usize, limit: usize) -> ApplicationError {
    ApplicationError::new(uris::PAYLOAD_SIZE_EXCEEDED)
        .arg(format!("the {what} has {size} bytes, the transport takes {limit}"))
}

/// The error that an ERROR message carries.
fn application_error(error: RequestError) -> ApplicationError {
    let mut application = ApplicationError::new(error.error);
    let details = error.details.into_fields();
    application.callee = details.callee.map(|session| {
        let (authid, authrole) = (details.callee_authid, details.callee_authrole);
        Box::new(Callee::new(session, authid, authrole))
    });
    match error.payload.to_values() {
        Ok((args, kwargs)) => (application.args, application.kwargs) = (args, kwargs),
        // The URI is what matters; that the values cannot be read must not hide it.
        Err(undecodable) => application.args.push(undecodable.to_string().into()),
    }
    application
}

/// How the failure of a request reads as the error of an operation.
fn failure<E: From<ApplicationError> + From<Arc<CloseReason>>>(failure: Failure) -> E {
    match failure {
        Failure::Error(error) => application_error(error).into(),
        Failure::Unsendable(error) => error.into(),
        Failure::Closed(reason) => reason.into(),
    }
}

/// An answer that the core gives to no such request; an error rather than a panic.
fn unexpected<E: From<ApplicationError>>(answer: &Answer) -> E {
    ApplicationError::runtime(format!("unexpected answer {answer:?}")).into()
}

fn trace(direction: &'static str, session: u64, message: &Message) {
    tracing::trace!(target: "wampwerk::message", session, direction, ?message);
}
