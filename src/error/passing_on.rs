//! Conversions of the errors of this crate into [`ApplicationError`], so that `?` passes them on within a
//! procedure.
//!
//! What came from a peer stays as it is. Everything else has a URI that says whose mistake it is, or
//! `wamp.error.runtime_error` with the text.

use std::error::Error as StdError;
use std::io;
use std::sync::Arc;

use super::any::Error;
use super::application::ApplicationError;
use super::build::BuildError;
use super::call::{
    AllError, CallError, ProgressError, PublishError, RegisterError, SubscribeError,
};
use super::cause::Cause;
use super::close::CloseReason;
use super::config::ConfigError;
use super::connect::ConnectError;
use super::listen::ListenError;
use super::payload::{DecodeError, EncodeError};
use super::transport::{Lagged, TransportError};
use super::url::UrlError;
use crate::uri::{InvalidUri, Uri};

/// Arguments that a procedure cannot read are the caller's mistake.
impl From<DecodeError> for ApplicationError {
    fn from(error: DecodeError) -> Self {
        ApplicationError::new(Uri::INVALID_ARGUMENT).arg(error.message)
    }
}

impl From<EncodeError> for ApplicationError {
    fn from(error: EncodeError) -> Self {
        ApplicationError::new(Uri::INVALID_PAYLOAD).arg(error.message)
    }
}

/// For procedures that give up when a progressive result cannot be sent.
impl From<ProgressError> for ApplicationError {
    fn from(error: ProgressError) -> Self {
        match error {
            ProgressError::Application(error) => error,
            ProgressError::Encode(error) => error.into(),
            ProgressError::Ended => ApplicationError::new(Uri::CANCELED).arg(error.to_string()),
        }
    }
}

impl From<Lagged> for ApplicationError {
    fn from(lagged: Lagged) -> Self {
        ApplicationError::new(Uri::UNAVAILABLE).arg(lagged.to_string())
    }
}

/// `wamp.error.invalid_uri`.
impl From<InvalidUri> for ApplicationError {
    fn from(error: InvalidUri) -> Self {
        ApplicationError::new(Uri::INVALID_URI).arg(error.to_string())
    }
}

/// The router's answer as it is.
impl From<AllError<RegisterError>> for ApplicationError {
    fn from(error: AllError<RegisterError>) -> Self {
        error.error.into()
    }
}

/// The router's answer as it is.
impl From<AllError<SubscribeError>> for ApplicationError {
    fn from(error: AllError<SubscribeError>) -> Self {
        error.error.into()
    }
}

/// The error that it holds, converted as that type is.
impl From<Error> for ApplicationError {
    fn from(error: Error) -> Self {
        match error {
            Error::Build(error) => error.into(),
            Error::Listen(error) => error.into(),
            Error::Config(error) => error.into(),
            Error::Connect(error) => error.into(),
            Error::Call(error) => error.into(),
            Error::Publish(error) => error.into(),
            Error::Subscribe(error) => error.into(),
            Error::Register(error) => error.into(),
            Error::RegisterAll(error) => error.into(),
            Error::SubscribeAll(error) => error.into(),
            Error::Decode(error) => error.into(),
            Error::Encode(error) => error.into(),
            Error::Lagged(error) => error.into(),
            Error::Progress(error) => error.into(),
            Error::Closed(reason) => reason.into(),
        }
    }
}

/// Defines the conversion of errors that are none of the caller's mistakes.
macro_rules! runtime_errors {
    ($($name:ty),*) => {$(
        /// `wamp.error.runtime_error` with the text.
        impl From<$name> for ApplicationError {
            fn from(error: $name) -> Self {
                ApplicationError::runtime(&error).caused_by(error)
            }
        }
    )*};
}

runtime_errors!(BuildError, ListenError, ConfigError, ConnectError, TransportError, UrlError);
runtime_errors!(Arc<CloseReason>, io::Error);

/// The error of this crate that it is, converted as that type is; otherwise
/// `wamp.error.runtime_error` with the text.
impl From<Cause> for ApplicationError {
    fn from(error: Cause) -> Self {
        error.to_application()
    }
}

/// For procedures that return `Result<T, BoxError>`, in which `?` takes any error. What the error
/// is decides: an error of this crate is converted as its type is, any other becomes
/// `wamp.error.runtime_error` with its text.
///
/// ```
/// use wampwerk::component::BoxError;
/// use wampwerk::{ApplicationError, Session};
///
/// async fn price(session: Session, amount: String) -> Result<f64, BoxError> {
///     let amount: f64 = amount.parse()?;
///     let rate: f64 = session.call("com.example.rate").value().await?;
///     Ok(amount * rate)
/// }
///
/// let refused = ApplicationError::new("com.example.error.closed");
/// let boxed = BoxError::from(refused.clone());
/// assert_eq!(ApplicationError::from(boxed), refused);
/// ```
///
/// A procedure with `anyhow` converts its error at the end. `downcast` finds errors of this crate
/// behind a `context`, too:
///
/// ```
/// use wampwerk::error::CallError;
/// use wampwerk::{ApplicationError, Session};
///
/// fn passed_on(error: anyhow::Error) -> ApplicationError {
///     match error.downcast::<CallError>() {
///         Ok(error) => error.into(),
///         Err(error) => ApplicationError::runtime(format!("{error:#}")),
///     }
/// }
///
/// async fn twice(number: String) -> anyhow::Result<i64> {
///     Ok(2 * number.parse::<i64>()?)
/// }
///
/// # async fn example(session: Session) -> Result<(), wampwerk::Error> {
/// session.register("com.example.twice", |number: String| async move {
///     twice(number).await.map_err(passed_on)
/// }).await?;
/// # Ok(()) }
/// ```
impl From<Box<dyn StdError + Send + Sync>> for ApplicationError {
    fn from(error: Box<dyn StdError + Send + Sync>) -> Self {
        of_any(&*error).unwrap_or_else(|| ApplicationError::runtime(&error).caused_by(error))
    }
}

impl Cause {
    /// Converts into an error that can be sent to a peer: the [`ApplicationError`] that this error
    /// is or contains, or `wamp.error.runtime_error` with its text.
    pub fn to_application(&self) -> ApplicationError {
        of_any(&**self).unwrap_or_else(|| {
            let mut error = ApplicationError::runtime(self);
            error.cause = Some(self.clone());
            error
        })
    }
}

/// Finds the error of this crate that `error` is. It names the answers of peers and the errors with a URI of their
/// own, and not each type: the npm module, which contains this, would have the code of all conversions.
fn of_any(error: &(dyn StdError + Send + Sync + 'static)) -> Option<ApplicationError> {
    macro_rules! answers {
        ($($name:ty: $answer:expr),*) => {
            $(if let Some(answer) = error.downcast_ref::<$name>().and_then($answer) {
                return Some(answer.clone());
            })*
        };
    }
    macro_rules! known {
        ($($variant:ident($name:ty)),*) => {
            $(match (error.downcast_ref::<$name>(), error.downcast_ref::<Error>()) {
                (Some(error), _) | (_, Some(Error::$variant(error))) => {
                    return Some(error.clone().into());
                }
                _ => {}
            })*
        };
    }
    answers!(
        ApplicationError: Some, CallError: CallError::application, PublishError: PublishError::application,
        SubscribeError: SubscribeError::application, RegisterError: RegisterError::application,
        AllError<RegisterError>: |all| all.error.application(),
        AllError<SubscribeError>: |all| all.error.application(), Error: Error::application
    );
    known!(Progress(ProgressError), Decode(DecodeError), Encode(EncodeError), Lagged(Lagged));
    error.downcast_ref::<InvalidUri>().map(|error| error.clone().into())
}
