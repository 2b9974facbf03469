//! What can go wrong with a component: one attempt, or all of it.

use std::fmt;
use std::sync::Arc;

use crate::error::{
    ApplicationError, CallError, CloseKind, CloseReason, ConnectError, Error, PublishError,
    RawSocketRefusal, RegisterError, SubscribeError,
};
use crate::rt::guard::Panic;
use crate::uri::uris;

/// Any error that a function of the user's may give: `?` makes it of every error type, `into()` of
/// a text.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The error that a function of the user's gave. A panic reads as one, too.
#[derive(Clone)]
pub struct HandlerError(Arc<dyn std::error::Error + Send + Sync>);

impl HandlerError {
    /// Made of any error, or of a text.
    pub fn new(error: impl Into<BoxError>) -> Self {
        HandlerError(error.into().into())
    }

    /// The error as the type that it had.
    pub fn downcast_ref<E: std::error::Error + 'static>(&self) -> Option<&E> {
        self.0.downcast_ref()
    }

    /// As an error that can travel: itself, if it is one or holds one, or else
    /// `wamp.error.runtime_error` with its text.
    pub fn to_application(&self) -> ApplicationError {
        let found = self.downcast_ref::<ApplicationError>();
        let found = found.or_else(|| self.downcast_ref().and_then(CallError::application));
        let found = found.or_else(|| self.downcast_ref().and_then(RegisterError::application));
        let found = found.or_else(|| self.downcast_ref().and_then(SubscribeError::application));
        let found = found.or_else(|| self.downcast_ref().and_then(PublishError::application));
        let found = found.or_else(|| self.downcast_ref().and_then(Error::application));
        found.cloned().unwrap_or_else(|| ApplicationError::runtime(self))
    }
}

impl From<Panic> for HandlerError {
    fn from(panic: Panic) -> Self {
        HandlerError::new(panic)
    }
}

impl fmt::Display for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for HandlerError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

/// Why one attempt failed: to connect, to join, or to stay joined.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AttemptError {
    /// There was no connection.
    #[error("{0}")]
    Connect(ConnectError),
    /// The realm was not joined: the router refused, broke the protocol or did not answer, or we
    /// refused its WELCOME.
    #[error("cannot join: {0}")]
    Refused(Arc<CloseReason>),
    /// The session was joined, and ended without our doing: the transport was lost, or the router
    /// said GOODBYE.
    #[error("the session is lost: {0}")]
    Lost(Arc<CloseReason>),
    /// A function of the user's that the attempt needs gave an error.
    #[error("{what} failed: {error}")]
    Handler {
        /// Which one: `"credentials"`, `"url"`, `"session_factory"`, `"on_connect"`; in strict
        /// components `"on_join"` and `"register <procedure>"`, `"subscribe <topic>"`.
        what: String,
        /// Its error.
        error: HandlerError,
    },
    /// `main` gave an error.
    #[error("main failed: {0}")]
    Main(HandlerError),
}

impl AttemptError {
    /// What holds if the component has no `is_fatal` of its own: another attempt cannot help
    /// because of what we are or ask for, and not because of the network. That is
    /// - the router's ABORT with `wamp.error.no_such_realm`, `no_such_role`, `no_auth_method`,
    ///   `no_matching_auth_method`, `no_such_principal`, `not_authorized`,
    ///   `authentication_required`, `authentication_failed` or `authentication_denied`;
    /// - the attempt that ends with `wamp.error.cannot_authenticate`, since a challenge cannot be
    ///   answered or WELCOME was refused;
    /// - a URL or a setting that cannot be used;
    /// - a proxy that refuses our user and password;
    /// - a WebSocket server that chooses none of our subprotocols;
    /// - a RawSocket server that refuses the handshake by an error code, which says that it does not
    ///   speak the serializer, does not accept the maximum message length, or found reserved bits;
    /// - a HELLO that cannot be sent: it is longer than the transport takes (by our limit or the
    ///   server's), or cannot be written.
    ///
    /// All but the first two only rule out their transport.
    ///
    /// Everything else may pass: what the network and TLS say, a RawSocket server with too many
    /// connections, `wamp.close.system_shutdown`, `wamp.error.authorization_failed` (what Crossbar
    /// and our router say when their authenticator breaks), `wamp.error.no_such_procedure` (one that
    /// is not up yet), the loss of a session, errors of `main`.
    pub fn is_fatal_by_default(&self) -> bool {
        match self {
            AttemptError::Connect(error) => match error {
                ConnectError::InvalidUrl { .. }
                | ConnectError::InvalidConfig(_)
                | ConnectError::ProxyAuthentication { .. }
                | ConnectError::Subprotocol { .. } => true,
                ConnectError::RawSocketRefused { refusal, .. } => {
                    *refusal != RawSocketRefusal::TooManyConnections
                }
                _ => false,
            },
            AttemptError::Refused(_) if self.is_unsent_hello() => true,
            AttemptError::Refused(reason) => match reason.kind {
                CloseKind::Aborted => FATAL.contains(&&*reason.reason),
                _ => reason.reason == uris::CANNOT_AUTHENTICATE,
            },
            _ => false,
        }
    }

    /// Whether it says something of one transport, and nothing of the others.
    pub(super) fn is_of_transport(&self) -> bool {
        matches!(self, AttemptError::Connect(_)) || self.is_unsent_hello()
    }

    /// The router was told nothing: of its own accord a session only leaves so before it is joined.
    fn is_unsent_hello(&self) -> bool {
        let AttemptError::Refused(reason) = self else { return false };
        reason.kind == CloseKind::Left
            && [uris::PAYLOAD_SIZE_EXCEEDED, uris::INVALID_PAYLOAD].contains(&&*reason.reason)
    }
}

const FATAL: &[&str] = &[
    uris::NO_SUCH_REALM,
    uris::NO_SUCH_ROLE,
    uris::NO_AUTH_METHOD,
    uris::NO_MATCHING_AUTH_METHOD,
    uris::NO_SUCH_PRINCIPAL,
    uris::NOT_AUTHORIZED,
    uris::AUTHENTICATION_REQUIRED,
    uris::AUTHENTICATION_FAILED,
    uris::AUTHENTICATION_DENIED,
    uris::CANNOT_AUTHENTICATE,
];

/// Why a component ended without having been told to.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ComponentError {
    /// No transport has an attempt left.
    #[error("no transport is left after {}: {last}", failed_attempts(attempts))]
    Exhausted {
        /// How the last attempt failed.
        last: AttemptError,
        /// How many have failed since the start or the last join.
        attempts: u32,
    },
    /// Another attempt cannot help (see `is_fatal`), or is not wanted: `main` failed, and the program
    /// had left the session.
    #[error("{0}")]
    Fatal(AttemptError),
    /// `on_retry` did not want another attempt.
    #[error("no further attempt is wanted after {}: {last}", failed_attempts(attempts))]
    Vetoed {
        /// How the last attempt failed.
        last: AttemptError,
        /// How many have failed since the start or the last join.
        attempts: u32,
    },
    /// The runtime has ended under the component.
    #[error("the runtime of the component has ended")]
    RuntimeEnded,
}

impl ComponentError {
    /// How the last attempt failed, if there was one.
    pub fn attempt(&self) -> Option<&AttemptError> {
        match self {
            ComponentError::Exhausted { last, .. } | ComponentError::Vetoed { last, .. } => {
                Some(last)
            }
            ComponentError::Fatal(error) => Some(error),
            ComponentError::RuntimeEnded => None,
        }
    }
}

fn failed_attempts(&attempts: &u32) -> String {
    match attempts {
        1 => "1 failed attempt".to_owned(),
        several => format!("{several} failed attempts, the last"),
    }
}
