//! Contains [`ApplicationSession`], the life cycle of a session as methods of one type.

use std::future::{Future, ready};
use std::sync::Arc;

use crate::auth::AuthError;
use crate::component::error::BoxError;
use crate::error::CloseReason;
use crate::message::{Challenge, Welcome};
use crate::rt::{BoxFuture, MaybeSend, MaybeSync};
use crate::session::authentication::{OnChallenge, Signature};
use crate::session::{Session, SessionConfig, UserError};
use crate::transport::TransportInfo;
use crate::uri::Uri;
use crate::value::{Dict, Value};

/// The argument of a session factory. Equivalent of Autobahn's `ComponentConfig`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ComponentConfig {
    /// Realm to join.
    pub realm: Uri,
    /// Value of the component's `extra`; null if it was not set.
    pub extra: Value,
}

impl ComponentConfig {
    /// Creates a configuration.
    pub fn new(realm: impl Into<Uri>, extra: impl Into<Value>) -> Self {
        ComponentConfig { realm: realm.into(), extra: extra.into() }
    }
}

/// The way to join a realm, as chosen by [`ApplicationSession::on_connect`]. Empty fields take the
/// values of the component.
#[doc(alias = "join")]
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct JoinAs {
    /// Realm to join.
    pub realm: Option<Uri>,
    /// Authentication methods to offer. [`on_challenge`](ApplicationSession::on_challenge) answers
    /// their challenges. If the list is not empty, the component's own authentication is not used.
    pub authmethods: Vec<String>,
    /// Requested authid.
    pub authid: Option<String>,
    /// Requested role.
    pub authrole: Option<String>,
    /// Parameters of the authentication methods.
    pub authextra: Dict,
}

impl JoinAs {
    /// Creates a value that takes everything from the component.
    pub fn new() -> Self {
        JoinAs::default()
    }

    /// Sets the realm.
    #[must_use]
    pub fn realm(mut self, realm: impl Into<Uri>) -> Self {
        self.realm = Some(realm.into());
        self
    }

    /// Sets the methods to offer and the authid.
    #[must_use]
    pub fn authenticate(mut self, methods: &[&str], authid: impl Into<String>) -> Self {
        self.authmethods = methods.iter().map(ToString::to_string).collect();
        self.authid = Some(authid.into());
        self
    }

    /// Applies the choices of the session, including its answers to challenges.
    pub(super) fn apply(
        self,
        mut config: SessionConfig,
        object: &Arc<dyn ErasedSession>,
    ) -> SessionConfig {
        if let Some(authid) = self.authid {
            config = config.authid(authid);
        }
        if let Some(authrole) = self.authrole {
            config = config.authrole(authrole);
        }
        if !self.authextra.is_empty() {
            config = config.authextra(self.authextra);
        }
        if self.authmethods.is_empty() {
            return config;
        }
        let methods: Vec<&str> = self.authmethods.iter().map(String::as_str).collect();
        let object = Arc::clone(object);
        config.authentication(OnChallenge::new(&methods, move |challenge| {
            let object = Arc::clone(&object);
            async move { object.on_challenge(challenge).await.map_err(AuthError::new) }
        }))
    }
}

/// The life cycle of a session as methods of one type. Equivalent of Autobahn's
/// `ApplicationSession`.
///
/// The factory of [`ComponentBuilder::session_factory`](super::ComponentBuilder::session_factory)
/// creates one object for each connection. The methods are called in this order:
///
/// 1. `on_connect`, then HELLO
/// 2. `on_challenge` if the router asks, then `on_welcome`
/// 3. the component's registrations, subscriptions and join listeners, then `on_join`
/// 4. the component's ready listeners
/// 5. `on_leave`, also if the realm was not joined, then `on_disconnect`
///
/// The methods are async functions:
///
/// ```
/// use wampwerk::component::{ApplicationSession, BoxError, Component, ComponentConfig};
/// use wampwerk::Session;
///
/// struct Backend {
///     prefix: String,
/// }
///
/// impl ApplicationSession for Backend {
///     async fn on_join(&self, session: Session) -> Result<(), BoxError> {
///         let add = |a: i64, b: i64| async move { a + b };
///         session.register(format!("{}add", self.prefix), add).await?;
///         Ok(())
///     }
/// }
///
/// let builder = Component::builder()
///     .extra("com.example.")
///     .session_factory(|config: ComponentConfig| Backend {
///         prefix: config.extra.as_str().unwrap_or_default().to_owned(),
///     });
/// ```
#[doc(alias = "ISession")]
pub trait ApplicationSession: MaybeSend + MaybeSync + 'static {
    /// Called when the connection is open. Returns how to join. Default: as set in the component.
    ///
    /// # Errors
    /// An error fails the attempt.
    #[doc(alias = "onConnect")]
    fn on_connect(
        &self,
        transport: &TransportInfo,
    ) -> impl Future<Output = Result<JoinAs, BoxError>> + MaybeSend {
        let _ = transport;
        ready(Ok(JoinAs::default()))
    }

    /// Called when the router sends a challenge for one of the methods in [`JoinAs::authmethods`].
    ///
    /// # Errors
    /// With an error, joining fails with `wamp.error.cannot_authenticate`. This is the default,
    /// too.
    #[doc(alias = "onChallenge")]
    fn on_challenge(
        &self,
        challenge: Challenge,
    ) -> impl Future<Output = Result<Signature, BoxError>> + MaybeSend {
        let method = challenge.method;
        ready(Err(format!("on_challenge does not answer the method {method:?}").into()))
    }

    /// Called when the router sends WELCOME. With an error, joining fails with
    /// `wamp.error.cannot_authenticate` and that text. Default: accepts.
    #[doc(alias = "onWelcome")]
    fn on_welcome(&self, welcome: &Welcome) -> Result<(), String> {
        let _ = welcome;
        Ok(())
    }

    /// Called when the session is open. Default: does nothing.
    ///
    /// # Errors
    /// An error is passed to [`on_user_error`](Self::on_user_error) and logged, and the session
    /// stays open. In a strict component or runner
    /// ([`ComponentBuilder::strict`](super::ComponentBuilder::strict),
    /// [`ApplicationRunner::strict`](super::ApplicationRunner::strict)), the session is left, and
    /// the attempt fails.
    #[doc(alias = "onJoin")]
    fn on_join(&self, session: Session) -> impl Future<Output = Result<(), BoxError>> + MaybeSend {
        let _ = session;
        ready(Ok(()))
    }

    /// Called when the session has ended or was refused. Default: does nothing.
    #[doc(alias = "onLeave")]
    fn on_leave(&self, reason: Arc<CloseReason>) -> impl Future<Output = ()> + MaybeSend {
        let _ = reason;
        ready(())
    }

    /// Called when the connection is closed. `was_clean` is false if it broke. Default: does
    /// nothing.
    #[doc(alias = "onDisconnect")]
    fn on_disconnect(&self, was_clean: bool) -> impl Future<Output = ()> + MaybeSend {
        let _ = was_clean;
        ready(())
    }

    /// Called after an error in a handler or listener. The error is always logged, too. Default:
    /// does nothing.
    #[doc(alias = "onUserError")]
    fn on_user_error(&self, error: &UserError) {
        let _ = error;
    }
}

/// An application session with its type erased.
pub(super) trait ErasedSession: MaybeSend + MaybeSync {
    fn on_connect<'a>(
        &'a self,
        transport: &'a TransportInfo,
    ) -> BoxFuture<'a, Result<JoinAs, BoxError>>;
    fn on_challenge(&self, challenge: Challenge) -> BoxFuture<'_, Result<Signature, BoxError>>;
    fn on_welcome(&self, welcome: &Welcome) -> Result<(), String>;
    fn on_join(&self, session: Session) -> BoxFuture<'_, Result<(), BoxError>>;
    fn on_leave(&self, reason: Arc<CloseReason>) -> BoxFuture<'_, ()>;
    fn on_disconnect(&self, was_clean: bool) -> BoxFuture<'_, ()>;
    fn on_user_error(&self, error: &UserError);
}

impl<S: ApplicationSession> ErasedSession for S {
    fn on_connect<'a>(
        &'a self,
        transport: &'a TransportInfo,
    ) -> BoxFuture<'a, Result<JoinAs, BoxError>> {
        Box::pin(ApplicationSession::on_connect(self, transport))
    }

    fn on_challenge(&self, challenge: Challenge) -> BoxFuture<'_, Result<Signature, BoxError>> {
        Box::pin(ApplicationSession::on_challenge(self, challenge))
    }

    fn on_welcome(&self, welcome: &Welcome) -> Result<(), String> {
        ApplicationSession::on_welcome(self, welcome)
    }

    fn on_join(&self, session: Session) -> BoxFuture<'_, Result<(), BoxError>> {
        Box::pin(ApplicationSession::on_join(self, session))
    }

    fn on_leave(&self, reason: Arc<CloseReason>) -> BoxFuture<'_, ()> {
        Box::pin(ApplicationSession::on_leave(self, reason))
    }

    fn on_disconnect(&self, was_clean: bool) -> BoxFuture<'_, ()> {
        Box::pin(ApplicationSession::on_disconnect(self, was_clean))
    }

    fn on_user_error(&self, error: &UserError) {
        ApplicationSession::on_user_error(self, error);
    }
}

/// The session of a component without a factory.
pub(super) struct Plain;

impl ApplicationSession for Plain {}
