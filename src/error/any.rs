//! `Error`: any error of a program that uses sessions.

use std::sync::Arc;

use super::application::ApplicationError;
use super::build::BuildError;
use super::call::{
    AllError, CallError, ProgressError, PublishError, RegisterError, SubscribeError,
};
use super::close::CloseReason;
use super::config::ConfigError;
use super::connect::ConnectError;
use super::listen::ListenError;
use super::payload::{DecodeError, EncodeError};
use super::text::debug_as_text;
use super::transport::Lagged;

/// Any error of routers, listeners, settings and sessions, for programs that handle all alike. Errors of transports, of
/// custom servers and of WebSockets without WAMP are [types of their own](crate::error).
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// See [`BuildError`].
    #[error(transparent)]
    Build(#[from] BuildError),
    /// See [`ListenError`].
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// See [`ConfigError`].
    #[error(transparent)]
    Config(#[from] ConfigError),
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
    /// See [`RegisterError`].
    #[error(transparent)]
    Register(#[from] RegisterError),
    /// See [`AllError`].
    #[error(transparent)]
    RegisterAll(#[from] AllError<RegisterError>),
    /// See [`AllError`].
    #[error(transparent)]
    SubscribeAll(#[from] AllError<SubscribeError>),
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

debug_as_text! { Error }

impl Error {
    /// Returns the error that the router or the callee answered with, if this is one.
    pub fn application(&self) -> Option<&ApplicationError> {
        match self {
            Error::Call(error) => error.application(),
            Error::Publish(error) => error.application(),
            Error::Subscribe(error) => error.application(),
            Error::Register(error) => error.application(),
            Error::RegisterAll(error) => error.error.application(),
            Error::SubscribeAll(error) => error.error.application(),
            Error::Progress(ProgressError::Application(error)) => Some(error),
            _ => None,
        }
    }
}
