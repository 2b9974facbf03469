//! What can go wrong: one error enum per operation, and the reason why a session ended.
//!
//! No type of another crate shows in a public error; a foreign cause is kept as text.

mod config;
mod mapping;
mod raw_socket;

use std::fmt;
use std::sync::Arc;

pub use config::ConfigError;
#[doc(hidden)]
pub use mapping::{keyword, read_keyword, read_positional};
pub use raw_socket::RawSocketRefusal;

use crate::uri::{InvalidUri, Uri, uris};
use crate::value::{Dict, List, Value};

/// An error that travels through WAMP: what a callee or the router answers, and what a handler
/// returns to answer so itself.
///
/// ```
/// use wampwerk::ApplicationError;
///
/// let error = ApplicationError::new("com.example.error.too_big").arg(17).kwarg("limit", 10);
/// assert_eq!(error.uri, "com.example.error.too_big");
/// assert_eq!(error.to_string(), "com.example.error.too_big: 17");
/// ```
///
/// [`wamp_errors!`](crate::wamp_errors) makes an error type of one's own that travels as such, and
/// is found again behind the call.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ApplicationError {
    /// What went wrong, as a URI.
    pub uri: Uri,
    /// Positional values, often one text for people.
    pub args: List,
    /// Keyword values.
    pub kwargs: Dict,
    /// Which callee answered so, if the router tells. Nothing on errors that we make.
    pub callee: Option<Box<Callee>>,
}

/// The callee that answered, as far as the router discloses it (Crossbar does, if it is allowed to).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Callee {
    /// Its session.
    pub session: u64,
    /// Its authid.
    pub authid: Option<String>,
    /// Its role.
    pub authrole: Option<String>,
}

impl Callee {
    pub(crate) fn new(session: u64, authid: Option<String>, authrole: Option<String>) -> Self {
        Callee { session, authid, authrole }
    }
}

impl ApplicationError {
    /// An error without values.
    pub fn new(uri: impl Into<Uri>) -> Self {
        ApplicationError { uri: uri.into(), args: List::new(), kwargs: Dict::new(), callee: None }
    }

    /// Adds a positional value.
    #[must_use]
    pub fn arg(mut self, value: impl Into<Value>) -> Self {
        self.args.push(value.into());
        self
    }

    /// Adds a keyword value.
    #[must_use]
    pub fn kwarg(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.kwargs.insert(key, value);
        self
    }

    /// `wamp.error.runtime_error` with a text: for failures that have no URI of their own.
    pub fn runtime(text: impl fmt::Display) -> Self {
        ApplicationError::new(uris::RUNTIME_ERROR).arg(text.to_string())
    }
}

impl fmt::Display for ApplicationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.uri)?;
        match self.args.first() {
            None => Ok(()),
            Some(Value::String(text)) => write!(f, ": {text}"),
            Some(Value::Int(number)) => write!(f, ": {number}"),
            Some(other) => write!(f, ": {other:?}"),
        }
    }
}

impl std::error::Error for ApplicationError {}

impl From<InvalidUri> for ApplicationError {
    fn from(error: InvalidUri) -> Self {
        ApplicationError::new(uris::INVALID_URI).arg(error.to_string())
    }
}

/// What a procedure cannot read, its caller sent wrongly.
impl From<DecodeError> for ApplicationError {
    fn from(error: DecodeError) -> Self {
        ApplicationError::new(uris::INVALID_ARGUMENT).arg(error.message)
    }
}

impl From<EncodeError> for ApplicationError {
    fn from(error: EncodeError) -> Self {
        ApplicationError::new(uris::INVALID_PAYLOAD).arg(error.message)
    }
}

/// For procedures that give up when a progressive result cannot be sent.
impl From<ProgressError> for ApplicationError {
    fn from(error: ProgressError) -> Self {
        match error {
            ProgressError::Application(error) => error,
            ProgressError::Encode(error) => error.into(),
            ProgressError::Ended => ApplicationError::new(uris::CANCELED).arg(error.to_string()),
        }
    }
}

impl From<Lagged> for ApplicationError {
    fn from(lagged: Lagged) -> Self {
        ApplicationError::new(uris::UNAVAILABLE).arg(lagged.to_string())
    }
}

/// Why and by whom a session ended. Every request, stream and handler that was under way ends
/// with the same one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CloseReason {
    /// Who ended it, and how.
    pub kind: CloseKind,
    /// The reason as a URI, as it was on the wire where it was on the wire.
    pub reason: Uri,
    /// A text for people, if there is one.
    pub message: Option<String>,
}

/// Who ended a session, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseKind {
    /// We said GOODBYE, and the router answered; or we left before the router was told anything, as
    /// the transport could not take our HELLO.
    Left,
    /// The router said GOODBYE.
    Goodbye,
    /// The router sent ABORT.
    Aborted,
    /// The router broke the protocol, or asked for what we cannot give; we sent ABORT.
    Violation,
    /// The transport was closed or broke without a word of WAMP.
    TransportLost,
    /// The router did not answer in time.
    TimedOut,
}

impl CloseReason {
    /// A reason of the given kind.
    pub fn new(kind: CloseKind, reason: impl Into<Uri>, message: Option<String>) -> Self {
        CloseReason { kind, reason: reason.into(), message }
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = match self.kind {
            CloseKind::Left => "left",
            CloseKind::Goodbye => "the router said goodbye",
            CloseKind::Aborted => "the router aborted",
            CloseKind::Violation => "aborted by us",
            CloseKind::TransportLost => "the transport was lost",
            CloseKind::TimedOut => "the router did not answer in time",
        };
        write!(f, "{who} ({})", self.reason)?;
        match &self.message {
            Some(message) => write!(f, ": {message}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for CloseReason {}

/// A value could not be written in the serializer's format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot encode: {message}")]
#[non_exhaustive]
pub struct EncodeError {
    /// What was wrong.
    pub message: String,
}

/// Bytes or values did not fit the type that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot decode: {message}")]
#[non_exhaustive]
pub struct DecodeError {
    /// What was wrong, and where.
    pub message: String,
}

/// The peer broke the protocol: what it sent cannot be, or not now (spec: "Protocol violations").
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("protocol violation: {message}")]
#[non_exhaustive]
pub struct Violation {
    /// What was wrong, and where.
    pub message: String,
}

macro_rules! text_errors {
    ($($name:ident),*) => {$(
        impl $name {
            /// An error with this text.
            pub fn new(message: impl fmt::Display) -> Self {
                $name { message: message.to_string() }
            }
        }
    )*};
}

text_errors!(EncodeError, DecodeError, Violation);

/// Connecting or joining failed.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The URL is none, or none that we can connect to.
    #[error("invalid URL {url:?}: {message}")]
    InvalidUrl {
        /// What was given, with `…` in the place of user, password and query.
        url: String,
        /// What is wrong with it.
        message: String,
    },
    /// A setting cannot be used.
    #[error("invalid setting: {0}")]
    InvalidConfig(String),
    /// Name look-up, TCP connect or reading and writing failed.
    #[error("cannot reach {address}: {message}")]
    Io {
        /// Host and port, or the path of a unix socket.
        address: String,
        /// What the system said; of each address, where the name has several.
        message: String,
    },
    /// The proxy cannot be reached, refuses to connect to the router, or does not do what a proxy
    /// does.
    #[error("the proxy {proxy} failed: {message}")]
    Proxy {
        /// Kind, host and port of the proxy.
        proxy: String,
        /// The status of its refusal: HTTP's, or the code of a SOCKS5 reply.
        status: Option<u16>,
        /// What went wrong.
        message: String,
    },
    /// The proxy wants a user and a password, or others than those that it got.
    #[error("the proxy {proxy} does not let us in: {message}")]
    ProxyAuthentication {
        /// Kind, host and port of the proxy.
        proxy: String,
        /// What it said.
        message: String,
    },
    /// The router cannot listen there.
    #[error("cannot listen on {address}: {message}")]
    Listen {
        /// Host and port.
        address: String,
        /// What the system said.
        message: String,
    },
    /// TLS was refused, or the certificate.
    #[error("TLS with {host} failed: {message}")]
    Tls {
        /// The name that the certificate was to be for.
        host: String,
        /// What TLS said.
        message: String,
    },
    /// The server refused the WebSocket handshake, answered it or RawSocket's wrongly, or closed the
    /// connection meanwhile: host and port, or the path of a unix socket, and what it did.
    #[error("opening handshake failed: {0}")]
    Handshake(String),
    /// The server refused the RawSocket handshake by an error code.
    #[error("{address} refuses the RawSocket handshake with {serializer}: {refusal}")]
    RawSocketRefused {
        /// Host and port, or the path of a unix socket.
        address: String,
        /// The serializer that it was asked for.
        serializer: &'static str,
        /// Why.
        refusal: RawSocketRefusal,
    },
    /// The server chose no subprotocol, or one that we did not offer.
    #[error("no common subprotocol: the server chose {chosen:?} of {offered:?}")]
    Subprotocol {
        /// What we offered.
        offered: Vec<String>,
        /// What the server answered.
        chosen: Option<String>,
    },
    /// A step took longer than its limit: which one, and with whom.
    #[error("timed out: {0}")]
    Timeout(String),
    /// The session could not be joined: ABORT by the router, or the end of the transport.
    #[error("cannot join: {0}")]
    Join(Arc<CloseReason>),
}

/// The end of a transport, or a frame that it could not take.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// The connection broke.
    #[error("connection lost: {0}")]
    Lost(String),
    /// The peer broke the rules of the transport (frame type, size, encoding).
    #[error("transport violation: {0}")]
    Violation(String),
    /// A frame is longer than the limit.
    #[error("frame of {size} bytes exceeds the limit of {limit}")]
    TooLarge {
        /// The frame's size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// The peer answered no ping, or did not take what we sent.
    #[error("timed out: {0}")]
    Timeout(&'static str),
}

/// Events, progressive results or arguments were dropped, because their queue was full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{missed} were missed, because they were not taken in time")]
#[non_exhaustive]
pub struct Lagged {
    /// How many.
    pub missed: u64,
}

macro_rules! operation_errors {
    ($($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident($ty:ty) = $text:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, thiserror::Error)]
        #[non_exhaustive]
        pub enum $name {
            /// The router (or the callee) answered with an error.
            #[error("{0}")]
            Application(ApplicationError),
            /// The session ended before the answer came.
            #[error("session closed: {0}")]
            Closed(Arc<CloseReason>),
            $($(#[$variant_doc])* #[error($text)] $variant($ty),)*
        }

        impl $name {
            /// The error that the router or the callee answered with, if it is that.
            pub fn application(&self) -> Option<&ApplicationError> {
                match self {
                    $name::Application(error) => Some(error),
                    _ => None,
                }
            }

            /// Takes it as an error type of one's own, made by
            /// [`wamp_errors!`](crate::wamp_errors).
            ///
            /// # Errors
            /// Itself, unharmed, if it is another error.
            pub fn downcast<E>(self) -> Result<E, Self>
            where
                E: TryFrom<ApplicationError, Error = ApplicationError>,
            {
                match self {
                    $name::Application(error) => E::try_from(error).map_err($name::Application),
                    other => Err(other),
                }
            }
        }

        impl From<ApplicationError> for $name {
            fn from(error: ApplicationError) -> Self {
                $name::Application(error)
            }
        }

        impl From<Arc<CloseReason>> for $name {
            fn from(reason: Arc<CloseReason>) -> Self {
                $name::Closed(reason)
            }
        }

        $(impl From<$ty> for $name {
            fn from(error: $ty) -> Self {
                $name::$variant(error)
            }
        })*
    )*};
}

/// A call did not come back in time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no result within {0:?}")]
#[non_exhaustive]
pub struct Elapsed(pub std::time::Duration);

/// A call that has ended takes no more arguments; its result tells how it ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the call has ended and takes no more arguments")]
pub struct CallEnded;

operation_errors! {
    /// A call failed.
    CallError {
        /// The arguments cannot be written.
        Encode(EncodeError) = "{0}",
        /// The result does not fit the type that was asked for.
        Decode(DecodeError) = "{0}",
        /// The result did not come within the call's own timeout.
        Timeout(Elapsed) = "{0}",
        /// More arguments were to be sent, but the call has ended.
        Ended(CallEnded) = "{0}",
    }
    /// Publishing failed.
    PublishError {
        /// The arguments cannot be written.
        Encode(EncodeError) = "{0}",
    }
    /// Subscribing failed.
    SubscribeError {}
    /// Unsubscribing failed.
    UnsubscribeError {}
    /// Registering failed.
    RegisterError {}
    /// Unregistering failed.
    UnregisterError {}
}

/// One of many procedures could not be registered; the others have been withdrawn.
#[derive(Clone, Debug, thiserror::Error)]
#[error("cannot register {procedure}: {error}")]
#[non_exhaustive]
pub struct RegisterAllError {
    /// Which one.
    pub procedure: Uri,
    /// Why.
    pub error: RegisterError,
}

/// A result that is not the last could not be sent.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProgressError {
    /// The call is over: cancelled, answered, or gone with its session.
    #[error("the call is over")]
    Ended,
    /// The values cannot be written.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The transport does not take the result.
    #[error("{0}")]
    Application(ApplicationError),
}

/// Any error of the library, for programs that treat all alike.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// See [`ConnectError`].
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// See [`CallError`].
    #[error(transparent)]
    Call(#[from] CallError),
    /// See [`PublishError`].
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// See [`SubscribeError`].
    #[error(transparent)]
    Subscribe(#[from] SubscribeError),
    /// See [`UnsubscribeError`].
    #[error(transparent)]
    Unsubscribe(#[from] UnsubscribeError),
    /// See [`RegisterError`].
    #[error(transparent)]
    Register(#[from] RegisterError),
    /// See [`RegisterAllError`].
    #[error(transparent)]
    RegisterAll(#[from] RegisterAllError),
    /// See [`UnregisterError`].
    #[error(transparent)]
    Unregister(#[from] UnregisterError),
    /// See [`DecodeError`].
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// See [`EncodeError`].
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// See [`Lagged`].
    #[error(transparent)]
    Lagged(#[from] Lagged),
    /// See [`ProgressError`].
    #[error(transparent)]
    Progress(#[from] ProgressError),
    /// The session ended.
    #[error("session closed: {0}")]
    Closed(#[from] Arc<CloseReason>),
}

impl Error {
    /// The error that the router or the callee answered with, if it is that.
    pub fn application(&self) -> Option<&ApplicationError> {
        match self {
            Error::Call(error) => error.application(),
            Error::Publish(error) => error.application(),
            Error::Subscribe(error) => error.application(),
            Error::Unsubscribe(error) => error.application(),
            Error::Register(error) => error.application(),
            Error::Unregister(error) => error.application(),
            _ => None,
        }
    }
}
