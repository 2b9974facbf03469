//! Contains the errors of a component: of one attempt, and of the whole component.

use std::sync::Arc;

use crate::error::debug_as_text;
use crate::error::{Cause, CloseKind, CloseReason, ConfigError, ConnectError, RawSocketRefusal};
use crate::uri::Uri;

/// Any error that a user function may return. `?` converts every error type, `into()` a text.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The reason why one attempt failed: it could not connect, could not join, or lost the session.
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum AttemptError {
    /// There was no connection.
    #[error(transparent)]
    Connect(ConnectError),
    /// The realm was not joined: the router refused, violated the protocol or did not answer, or
    /// this side rejected WELCOME.
    #[error("cannot join: {0}")]
    Refused(#[source] Arc<CloseReason>),
    /// The session was joined and then ended by a lost transport or the router's GOODBYE.
    #[error("the session is lost: {0}")]
    Lost(#[source] Arc<CloseReason>),
    /// A user function that the attempt needs returned an error.
    #[error("{what} failed: {error}")]
    Handler {
        /// Name of the function: `"credentials"`, `"url"`, `"session_factory"` or `"on_connect"`;
        /// in strict components also `"on_join"`, `"register <procedure>"` and `"subscribe
        /// <topic>"`.
        what: String,
        /// Error of the function, or its panic.
        #[source]
        error: Cause,
    },
    /// `main` returned an error.
    #[error("main failed: {0}")]
    Main(#[source] Cause),
}

impl AttemptError {
    /// Returns whether another attempt is pointless, because the identity or the settings of this
    /// side cause the error rather than the network. This is the rule for components without
    /// `is_fatal`. Fatal errors are:
    ///
    /// - the router's ABORT with `wamp.error.no_such_realm`, `no_such_role`, `no_auth_method`,
    ///   `no_matching_auth_method`, `no_such_principal`, `not_authorized`,
    ///   `authentication_required`, `authentication_failed` or `authentication_denied`
    /// - an attempt that ends with `wamp.error.cannot_authenticate`, because a challenge cannot be
    ///   answered or WELCOME was rejected
    /// - an invalid URL or setting
    /// - a proxy that rejects the user name and password
    /// - a WebSocket server that selects none of the offered subprotocols
    /// - a RawSocket server that refuses the handshake with an error code: unsupported serializer,
    ///   unacceptable maximum message length, or reserved bits
    /// - a HELLO that cannot be sent: it cannot be encoded, or it is longer than this side or the
    ///   server allows
    ///
    /// All but the first two only exclude their transport.
    ///
    /// All other errors are temporary: errors of the network and of TLS, a RawSocket server with
    /// too many connections, `wamp.close.system_shutdown`, `wamp.error.authorization_failed` (sent
    /// by Crossbar and the embedded router when their authenticator fails),
    /// `wamp.error.no_such_procedure` (a dynamic authenticator that is not running yet), the loss
    /// of a session, and errors of `main`.
    pub fn is_fatal_by_default(&self) -> bool {
        match self {
            AttemptError::Connect(error) => match error {
                ConnectError::InvalidUrl(_)
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
                _ => reason.reason == Uri::CANNOT_AUTHENTICATE,
            },
            _ => false,
        }
    }

    /// Returns whether the error concerns one transport only.
    pub(super) fn is_of_transport(&self) -> bool {
        matches!(self, AttemptError::Connect(_)) || self.is_unsent_hello()
    }

    /// Returns whether the session ended before HELLO was sent. Only then does a session leave by
    /// itself before it has joined.
    fn is_unsent_hello(&self) -> bool {
        let AttemptError::Refused(reason) = self else { return false };
        reason.kind == CloseKind::Left
            && [Uri::PAYLOAD_SIZE_EXCEEDED, Uri::INVALID_PAYLOAD].contains(&&*reason.reason)
    }
}

const FATAL: &[&str] = &[
    Uri::NO_SUCH_REALM,
    Uri::NO_SUCH_ROLE,
    Uri::NO_AUTH_METHOD,
    Uri::NO_MATCHING_AUTH_METHOD,
    Uri::NO_SUCH_PRINCIPAL,
    Uri::NOT_AUTHORIZED,
    Uri::AUTHENTICATION_REQUIRED,
    Uri::AUTHENTICATION_FAILED,
    Uri::AUTHENTICATION_DENIED,
    Uri::CANNOT_AUTHENTICATE,
];

/// The reason why a component or a runner failed.
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ComponentError {
    /// No transport has an attempt left.
    #[error("gave up after {}: {last}", failed_attempts(attempts))]
    Exhausted {
        /// Error of the last attempt.
        #[source]
        last: AttemptError,
        /// Number of failed attempts since the start or the last join.
        attempts: u32,
    },
    /// Another attempt is pointless (see `is_fatal`), or not allowed because `main` failed after
    /// the program had left the session.
    #[error(transparent)]
    Fatal(AttemptError),
    /// `on_retry` rejected another attempt.
    #[error("no further attempt is wanted after {}: {last}", failed_attempts(attempts))]
    Vetoed {
        /// Error of the last attempt.
        #[source]
        last: AttemptError,
        /// Number of failed attempts since the start or the last join.
        attempts: u32,
    },
    /// The component was stopped, or is done: reported by [`Component::joined`](super::Component::joined).
    #[error("the component has ended")]
    Ended,
    /// The runtime of the component was shut down.
    #[error("the runtime of the component has ended")]
    RuntimeEnded,
    /// A parameter of [`ApplicationRunner`](super::ApplicationRunner) is not valid.
    #[error(transparent)]
    InvalidConfig(ConfigError),
    /// It did not stop in time after a signal: reported by [`run`](fn@super::run) and
    /// [`ApplicationRunner`](super::ApplicationRunner).
    #[error("the component did not stop in time")]
    Unfinished,
}

debug_as_text! { AttemptError ComponentError }

impl ComponentError {
    /// Returns the error of the last attempt, if there was one.
    pub fn attempt(&self) -> Option<&AttemptError> {
        match self {
            ComponentError::Exhausted { last, .. } | ComponentError::Vetoed { last, .. } => {
                Some(last)
            }
            ComponentError::Fatal(error) => Some(error),
            ComponentError::Ended
            | ComponentError::RuntimeEnded
            | ComponentError::InvalidConfig(_)
            | ComponentError::Unfinished => None,
        }
    }
}

fn failed_attempts(&attempts: &u32) -> String {
    match attempts {
        1 => "1 failed attempt".to_owned(),
        several => format!("{several} failed attempts, the last"),
    }
}
