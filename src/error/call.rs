//! Errors of the requests of a session: one enum per operation.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::application::ApplicationError;
use super::close::CloseReason;
use super::payload::{DecodeError, EncodeError};
use super::text::debug_as_text;
use crate::uri::Uri;

/// The error of a request, made of what ends it.
pub(crate) trait OperationError: From<ApplicationError> {
    /// The session ended before the request for `uri` was answered.
    fn closed(uri: Uri, reason: Arc<CloseReason>) -> Self;
}

/// A call failed.
#[doc(alias("TransportLost", "Error"))]
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The router or the callee answered with an error.
    #[error(transparent)]
    Application(ApplicationError),
    /// The session ended before the result came.
    #[error("the session closed before the result of {procedure} came: {reason}")]
    Closed {
        /// Procedure that was called.
        procedure: Uri,
        /// Reason why the session ended.
        #[source]
        reason: Arc<CloseReason>,
    },
    /// The arguments cannot be encoded.
    #[error(transparent)]
    Encode(EncodeError),
    /// The result does not fit the requested type.
    #[error("cannot decode the result of {procedure}: {}", error.message)]
    Decode {
        /// Procedure that was called.
        procedure: Uri,
        /// Description and position of the mismatch.
        #[source]
        error: DecodeError,
    },
    /// The result did not come within the call's own timeout.
    #[error("no result of {procedure} within {limit:?}")]
    Timeout {
        /// Procedure that was called.
        procedure: Uri,
        /// Timeout of the call.
        limit: Duration,
    },
    /// More arguments were to be sent, but the call has ended.
    #[error("the call of {procedure} has ended and takes no more arguments")]
    Ended {
        /// Procedure that was called.
        procedure: Uri,
    },
}

/// Publishing failed.
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// The router answered with an error.
    #[error(transparent)]
    Application(ApplicationError),
    /// The session ended before the publication was sent or acknowledged.
    #[error("the session closed before {topic} was published: {reason}")]
    Closed {
        /// Topic that was to be published.
        topic: Uri,
        /// Reason why the session ended.
        #[source]
        reason: Arc<CloseReason>,
    },
    /// The arguments cannot be encoded.
    #[error(transparent)]
    Encode(EncodeError),
}

/// Subscribing or unsubscribing failed.
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum SubscribeError {
    /// The router answered with an error.
    #[error(transparent)]
    Application(ApplicationError),
    /// The session ended before the router answered.
    #[error("the session closed before the router answered the request for {topic}: {reason}")]
    Closed {
        /// Topic or pattern.
        topic: Uri,
        /// Reason why the session ended.
        #[source]
        reason: Arc<CloseReason>,
    },
}

/// Registering or unregistering failed.
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum RegisterError {
    /// The router answered with an error.
    #[error(transparent)]
    Application(ApplicationError),
    /// The session ended before the router answered.
    #[error("the session closed before the router answered the request for {procedure}: {reason}")]
    Closed {
        /// Procedure or pattern.
        procedure: Uri,
        /// Reason why the session ended.
        #[source]
        reason: Arc<CloseReason>,
    },
}

/// One of several procedures could not be registered, or one of several topics not be subscribed to; the
/// others were withdrawn. `E` is [`RegisterError`] or [`SubscribeError`].
#[derive(Clone)]
#[non_exhaustive]
pub struct AllError<E> {
    /// Procedure, topic or pattern that failed.
    pub uri: Uri,
    /// Cause.
    pub error: E,
}

/// A progressive result could not be sent.
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ProgressError {
    /// The call is over: cancelled, answered, or ended with its session.
    #[error("the call is over")]
    Ended,
    /// The values cannot be encoded.
    #[error(transparent)]
    Encode(EncodeError),
    /// The transport cannot carry the result.
    #[error(transparent)]
    Application(ApplicationError),
}

impl From<EncodeError> for ProgressError {
    fn from(error: EncodeError) -> Self {
        ProgressError::Encode(error)
    }
}

impl fmt::Display for AllError<RegisterError> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot register {}: {}", self.uri, self.error)
    }
}

impl fmt::Display for AllError<SubscribeError> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot subscribe to {}: {}", self.uri, self.error)
    }
}

impl std::error::Error for AllError<RegisterError> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

impl std::error::Error for AllError<SubscribeError> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

debug_as_text! { AllError<RegisterError> AllError<SubscribeError> ProgressError }

macro_rules! requests {
    ($($name:ident: $uri:ident;)*) => {$(
        impl $name {
            /// Returns the error of the router or the callee, if this is one.
            pub fn application(&self) -> Option<&ApplicationError> {
                match self {
                    $name::Application(error) => Some(error),
                    _ => None,
                }
            }

            /// Reads the error as an error type of your own, defined by
            /// [`wamp_errors!`](crate::wamp_errors).
            ///
            /// # Errors
            /// `self`, unchanged, if it is another error.
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

        impl OperationError for $name {
            fn closed($uri: Uri, reason: Arc<CloseReason>) -> Self {
                $name::Closed { $uri, reason }
            }
        }

        impl From<ApplicationError> for $name {
            fn from(error: ApplicationError) -> Self {
                $name::Application(error)
            }
        }

        /// The answer of the router or the callee as it is, otherwise `wamp.error.runtime_error` with the text. So
        /// `?` passes the error of a request on, within a procedure.
        impl From<$name> for ApplicationError {
            fn from(error: $name) -> Self {
                match error {
                    $name::Application(error) => error,
                    other => ApplicationError::runtime(other),
                }
            }
        }

        debug_as_text! { $name }
    )*};
}

requests! {
    CallError: procedure;
    PublishError: topic;
    SubscribeError: topic;
    RegisterError: procedure;
}

impl CallError {
    /// Returns what makes the error of a result that cannot be decoded.
    pub(crate) fn undecodable(procedure: impl Into<Uri>) -> impl Fn(DecodeError) -> CallError {
        let procedure = procedure.into();
        move |error| CallError::Decode { procedure: procedure.clone(), error }
    }
}

impl From<EncodeError> for CallError {
    fn from(error: EncodeError) -> Self {
        CallError::Encode(error)
    }
}

impl From<EncodeError> for PublishError {
    fn from(error: EncodeError) -> Self {
        PublishError::Encode(error)
    }
}
