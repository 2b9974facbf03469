//! Contains the session handle, and the requests, subscriptions and registrations of a session.
//!
//! [`connect`](fn@crate::connect) opens a [`Session`]. The session calls and registers procedures,
//! publishes events and subscribes to topics:
//!
//! ```
//! # #[cfg(feature = "router")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use wampwerk::Router;
//!
//! let router = Router::builder().realm("realm1").build()?;
//! let (callee, caller) = (router.connect("realm1").await?, router.connect("realm1").await?);
//!
//! callee.register("com.example.add", |a: i64, b: i64| async move { a + b }).await?;
//! let sum: i64 = caller.call("com.example.add").args((2, 3)).value().await?;
//! assert_eq!(sum, 5);
//!
//! let mut news = caller.subscribe("com.example.news").await?;
//! callee.publish("com.example.news").args(("open",)).await?;
//! if let Some(event) = news.next().await {
//!     assert_eq!(event?.decode::<String>()?, "open");
//! }
//! caller.leave().await;
//! # Ok(()) }
//! # #[cfg(not(feature = "router"))]
//! # fn main() {}
//! ```
//!
//! - Calls: [`Session::call`], [`CallRequest`], [`RunningCall`], [`StreamingCall`]
//! - Procedures: [`Session::register`], [`Procedure`], [`IntoReply`], [`Procedures`]
//! - Events: [`Session::publish`], [`Session::subscribe`], [`IncomingEvent`], [`EventHandler`],
//!   [`EventHandlers`]
//! - Authentication: [`authentication`]
//! - Questions to the router: [`Session::meta`]
//! - Other transports: [`connect_with`], [`join`]
//!
//! A session ends with its connection. For a session that reconnects, see
//! [`component`](crate::component).

mod all_or_none;
mod arguments;
pub mod authentication;
mod call;
mod command;
mod config;
mod connect;
mod driver;
mod ending;
pub(crate) mod event;
pub(crate) mod event_handlers;
mod features;
mod handler;
mod incoming;
pub mod meta;
mod payload_codec;
pub(crate) mod procedure;
pub(crate) mod procedures;
mod publish;
mod queue;
mod register;
mod reply;
mod running;
mod running_call;
pub(crate) mod setup;
mod streaming_call;
mod subscribe;
mod tracebacks;
mod user_error;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::{mpsc, oneshot, watch};

pub use call::{CallReply, CallRequest};
pub use config::SessionConfig;
pub use connect::{Connect, connect, connect_with, join};
pub use ending::Ending;
pub use event::{EventHandler, IncomingEvent};
pub use event_handlers::EventHandlers;
pub use handler::{Args, Kwargs};
pub use incoming::{Chunks, IncomingCall, Progress};
#[cfg(feature = "cryptobox")]
pub use payload_codec::cryptobox;
pub use payload_codec::{Decoded, EncodedPayload, PayloadCodec, PayloadForm, Side};
pub use procedure::Procedure;
pub use procedures::Procedures;
pub use publish::PublishRequest;
pub use register::{RegisterRequest, Registration};
pub use reply::{IntoReply, Reply};
pub use running_call::{Canceller, RunningCall};
pub use streaming_call::StreamingCall;
pub use subscribe::{HandlerSubscription, SubscribeRequest, Subscription};
pub use user_error::UserError;

use crate::core::client::{Answer, Failure, Joined, RequestTicket};
use crate::error::{ApplicationError, CloseKind, CloseReason, ConnectError, OperationError};
use crate::message::{CancelMode, Message, Payload, RequestError, Roles, Serializer, Welcome};
use crate::rt::future::within;
use crate::transport::{Transport, TransportInfo};
use crate::uri::{Match, Pattern, Uri, UriRule};
use crate::value::Dict;
use command::{Command, Signal};
use queue::QueueLimits;

/// An open session on a realm. Cheap to clone; all clones are the same session.
///
/// The session lives until it is [left](Session::leave), the router ends it, or the transport
/// breaks. It leaves automatically when the last handle is dropped; sessions, subscriptions and
/// registrations all count as handles. It does not reconnect.
///
/// At the end of the session, every request, stream and running procedure ends with the same
/// [`CloseReason`].
#[doc(alias = "ISession")]
#[derive(Clone)]
pub struct Session {
    shared: Arc<Shared>,
}

struct Shared {
    commands: mpsc::Sender<Command>,
    signals: mpsc::UnboundedSender<Signal>,
    closed: watch::Receiver<Option<Arc<CloseReason>>>,
    tickets: AtomicU64,
    /// True after a local request to end the session.
    leaving: AtomicBool,
    joined: Joined,
    transport: TransportInfo,
    /// Configuration for another session on the same transport.
    config: SessionConfig,
}

impl Drop for Shared {
    fn drop(&mut self) {
        // The driver notices the drop after the earlier commands. The signal keeps it from waiting
        // forever for a transport that accepts no data.
        drop(self.signals.send(Signal::Orphaned));
    }
}

impl Session {
    /// Returns the session id, which the router assigns.
    #[doc(alias = "session_id")]
    pub fn id(&self) -> u64 {
        self.shared.joined.welcome.session
    }

    /// Returns the joined realm.
    pub fn realm(&self) -> &Uri {
        &self.shared.joined.realm
    }

    /// Returns the router's WELCOME: its roles and features, and the identity of this session.
    #[doc(alias("SessionDetails", "session_details"))]
    pub fn welcome(&self) -> &Welcome {
        &self.shared.joined.welcome
    }

    /// Returns the authid of this session, if the router sent it. Without authentication it is
    /// often random.
    pub fn authid(&self) -> Option<&str> {
        self.welcome().details.authid.as_deref()
    }

    /// Returns the role of this session, if the router sent it.
    pub fn authrole(&self) -> Option<&str> {
        self.welcome().details.authrole.as_deref()
    }

    /// Returns the authentication method that was used, if the router sent it: `"ticket"`,
    /// `"anonymous"`, …
    pub fn authmethod(&self) -> Option<&str> {
        self.welcome().details.authmethod.as_deref()
    }

    /// Returns the authentication provider, if the router sent it: `"static"`, `"dynamic"`, …
    pub fn authprovider(&self) -> Option<&str> {
        self.welcome().details.authprovider.as_deref()
    }

    /// Returns further details of the authentication; empty if the router sent none.
    pub fn authextra(&self) -> &Dict {
        static NONE: Dict = Dict::new();
        self.welcome().details.authextra.as_ref().unwrap_or(&NONE)
    }

    /// Returns the router's roles and the features that it announced.
    #[doc(alias = "features")]
    pub fn router_roles(&self) -> &Roles {
        static NONE: Roles = Roles::new();
        self.welcome().details.roles.as_ref().unwrap_or(&NONE)
    }

    /// Returns what the router may be asked for.
    fn offered(&self) -> features::Offered<'_> {
        let risk = self.shared.config.risk_unannounced;
        features::Offered { roles: self.router_roles(), risk }
    }

    /// Returns the negotiated serializer.
    pub fn serializer(&self) -> Serializer {
        self.shared.transport.serializer
    }

    /// Returns information about the transport of the session.
    pub fn transport(&self) -> &TransportInfo {
        &self.shared.transport
    }

    /// Returns whether the session has ended.
    #[doc(alias("is_attached", "is_connected", "isOpen"))]
    pub fn is_closed(&self) -> bool {
        self.shared.closed.borrow().is_some() || self.shared.commands.is_closed()
    }

    /// Returns whether this side asked to end the session ([`leave`](Session::leave),
    /// [`detach`](Session::detach)).
    pub(crate) fn is_leaving(&self) -> bool {
        self.shared.leaving.load(Ordering::Acquire)
    }

    /// Waits for the end of the session and returns why it ended.
    #[doc(alias("onLeave", "onclose"))]
    pub fn closed(&self) -> impl Future<Output = Arc<CloseReason>> + use<> {
        let mut closed = self.shared.closed.clone();
        async move {
            match closed.wait_for(Option::is_some).await {
                Ok(reason) => reason.clone().unwrap_or_else(driver_gone),
                Err(_) => driver_gone(),
            }
        }
    }

    /// Leaves the realm (`wamp.close.close_realm`), closes the transport and returns why the
    /// session ended.
    ///
    /// Returns at the latest after the leave timeout (3 s). If the router does not answer, the
    /// reason is [`CloseKind::TimedOut`].
    pub async fn leave(&self) -> Arc<CloseReason> {
        self.leave_with(Uri::CLOSE_REALM, None).await
    }

    /// Leaves with another reason and message, such as `wamp.close.logout`. [`CloseReason::reason`]
    /// of the result is the router's answer.
    pub async fn leave_with(
        &self,
        reason: impl Into<Uri>,
        message: Option<String>,
    ) -> Arc<CloseReason> {
        let reason = reason.into();
        self.shared.leaving.store(true, Ordering::Release);
        let leaving = async {
            // Queued after all earlier commands. If the session is already closed, `closed` returns
            // the reason.
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

    /// Leaves the realm and returns the transport, for another session by [`join`]. Other handles
    /// of this session are then closed.
    ///
    /// # Errors
    /// Returns the close reason if the session did not end by GOODBYE and the router's answer.
    pub async fn detach(self) -> Result<Box<dyn Transport>, Arc<CloseReason>> {
        self.shared.leaving.store(true, Ordering::Release);
        let (sender, transport) = oneshot::channel();
        let (reason, message) = (Uri::CLOSE_REALM.into(), None);
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

    /// Leaves the realm and joins a realm over the same transport with the same settings.
    /// Authenticates again.
    ///
    /// # Errors
    /// Returns [`ConnectError::Join`] if the old session did not end properly, or if the new
    /// session cannot be joined.
    #[doc(alias = "join")]
    pub async fn rejoin(self, realm: impl Into<Uri>) -> Result<Session, ConnectError> {
        let config = self.shared.config.clone();
        let transport = self.detach().await.map_err(ConnectError::Join)?;
        join(transport, realm, config).await
    }

    fn queue_limits(&self) -> QueueLimits {
        QueueLimits { bytes: self.shared.config.client.queue_limit, ..QueueLimits::default() }
    }

    fn ticket(&self) -> RequestTicket {
        RequestTicket(self.shared.tickets.fetch_add(1, Ordering::Relaxed))
    }

    /// Returns the close reason. Call this only after the end of the session.
    fn reason(&self) -> Arc<CloseReason> {
        self.shared.closed.borrow().clone().unwrap_or_else(driver_gone)
    }

    /// Returns the error of a request for `uri` that cannot be sent any more.
    fn closed_error<E: OperationError>(&self, uri: &Uri) -> E {
        E::closed(uri.clone(), self.reason())
    }

    /// Rejects an invalid URI before it is sent: some routers, such as Crossbar, close the
    /// connection because of one.
    fn check_uri(&self, uri: &Uri, pattern: Match) -> Result<(), ApplicationError> {
        Ok(uri.validate(UriRule::Loose, pattern)?)
    }

    /// Rejects requests that the router or the transport would reject, before they are queued. The
    /// size of the envelope around the payload is overestimated.
    fn check(&self, uri: &Uri, payload: &Payload) -> Result<(), ApplicationError> {
        const ENVELOPE: usize = 128;
        self.check_uri(uri, Match::Exact)?;
        let size = payload.weight() + uri.len() + ENVELOPE;
        let limit = self.shared.transport.max_send;
        if size <= limit { Ok(()) } else { Err(size_exceeded("message", size, limit)) }
    }

    /// Sends a request to the driver and waits for the answer. Dropping the future abandons the
    /// request.
    async fn request(
        &self,
        ticket: RequestTicket,
        mode: CancelMode,
        command: impl FnOnce(oneshot::Sender<Result<Answer, Failure>>) -> Command,
    ) -> Result<Answer, Failure> {
        // The guard is dropped last, when the driver can see that the waiter is gone.
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

/// Abandons a request when its future is dropped before the end.
struct Guard<'a> {
    signals: Option<&'a mpsc::UnboundedSender<Signal>>,
    ticket: RequestTicket,
    /// Cancel mode of an abandoned call.
    mode: CancelMode,
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if let Some(signals) = self.signals {
            // Without a driver there is nothing to abandon.
            drop(signals.send(Signal::Drop(self.ticket, self.mode)));
        }
    }
}

/// Close reason when the driver has vanished without one, because its runtime was shut down.
fn driver_gone() -> Arc<CloseReason> {
    let message = Some("the runtime of the session has ended".to_owned());
    Arc::new(CloseReason::new(CloseKind::TransportLost, Uri::TRANSPORT_LOST, message))
}

/// Returns the wire option for a pattern; exact is the default on the wire.
fn wire_policy(pattern: &Pattern) -> Option<Match> {
    (pattern.policy() != Match::Exact).then(|| pattern.policy())
}

fn size_exceeded(what: &str, size: usize, limit: usize) -> ApplicationError {
    ApplicationError::new(Uri::PAYLOAD_SIZE_EXCEEDED)
        .arg(format!("the {what} has {size} bytes, the transport takes {limit}"))
}

/// Converts an ERROR message.
fn application_error(error: RequestError) -> ApplicationError {
    let mut application = ApplicationError::new(error.error);
    application.details = error.details.to_dict();
    application.is_received = true;
    match error.payload.to_values() {
        Ok((args, kwargs)) => (application.args, application.kwargs) = (args, kwargs),
        // Keep the URI even if the arguments cannot be decoded.
        Err(undecodable) => application.args.push(undecodable.to_string().into()),
    }
    application
}

/// Converts the failure of a request into the error of an operation.
fn failure<E: OperationError>(failure: Failure, uri: &Uri) -> E {
    match failure {
        Failure::Error(error) => application_error(error).into(),
        Failure::Unsendable(error) => error.into(),
        Failure::Closed(reason) => E::closed(uri.clone(), reason),
    }
}

/// Error for an answer that does not belong to the request; used instead of a panic.
fn unexpected<E: From<ApplicationError>>(answer: &Answer) -> E {
    ApplicationError::runtime(format!("unexpected answer {}", answer.name())).into()
}

fn trace(direction: &'static str, session: u64, message: &Message) {
    tracing::trace!(target: "wampwerk::message", session, direction, ?message);
}
