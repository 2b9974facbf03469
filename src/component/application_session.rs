//! `ApplicationSession`: a session's life as methods of one type.

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

/// What a session factory is told. Autobahn's `ComponentConfig`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ComponentConfig {
    /// The realm that is going to be joined.
    pub realm: Uri,
    /// What was given to the component as its `extra`; null if nothing was.
    pub extra: Value,
}

impl ComponentConfig {
    /// A configuration.
    pub fn new(realm: impl Into<Uri>, extra: impl Into<Value>) -> Self {
        ComponentConfig { realm: realm.into(), extra: extra.into() }
    }
}

/// How a realm is to be joined, as [`ApplicationSession::on_connect`] decides. What is left empty is
/// as the component says.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct JoinAs {
    /// The realm.
    pub realm: Option<Uri>,
    /// The authentication methods to offer; their challenges go to
    /// [`on_challenge`](ApplicationSession::on_challenge). If there is one, the component's own
    /// authentication is not used.
    pub authmethods: Vec<String>,
    /// Who we are.
    pub authid: Option<String>,
    /// The role that we want.
    pub authrole: Option<String>,
    /// More for the authentication.
    pub authextra: Dict,
}

impl JoinAs {
    /// As the component says.
    pub fn new() -> Self {
        JoinAs::default()
    }

    /// Another realm.
    #[must_use]
    pub fn realm(mut self, realm: impl Into<Uri>) -> Self {
        self.realm = Some(realm.into());
        self
    }

    /// The methods to offer, and who we are.
    #[must_use]
    pub fn authenticate(mut self, methods: &[&str], authid: impl Into<String>) -> Self {
        self.authmethods = methods.iter().map(ToString::to_string).collect();
        self.authid = Some(authid.into());
        self
    }

    /// What the session says of itself, and who answers the challenges.
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

/// A session's life as methods of one type. Autobahn's `ApplicationSession`.
///
/// One is made for each connection, by the factory that
/// [`ComponentBuilder::session_factory`](super::ComponentBuilder::session_factory) takes. The order
/// is `on_connect`, HELLO, `on_challenge` if the router asks, `on_welcome`, then what the component
/// registers and subscribes to and its join listeners, `on_join`, `ready`; in the end `on_leave`
/// (also if the realm was not joined), and `on_disconnect`.
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
pub trait ApplicationSession: MaybeSend + MaybeSync + 'static {
    /// There is a connection. Says how to join; default: as the component says.
    ///
    /// # Errors
    /// The attempt fails with it.
    fn on_connect(
        &self,
        transport: &TransportInfo,
    ) -> impl Future<Output = Result<JoinAs, BoxError>> + MaybeSend {
        let _ = transport;
        ready(Ok(JoinAs::default()))
    }

    /// The router asks for a proof, by one of the methods that [`JoinAs::authmethods`] named.
    ///
    /// # Errors
    /// Joining fails with `wamp.error.cannot_authenticate`. That is the default, too.
    fn on_challenge(
        &self,
        challenge: Challenge,
    ) -> impl Future<Output = Result<Signature, BoxError>> + MaybeSend {
        let method = challenge.method;
        ready(Err(format!("on_challenge does not answer the method {method:?}").into()))
    }

    /// The router lets us in. An error is a veto: joining fails with
    /// `wamp.error.cannot_authenticate` and that text. Default: no veto.
    fn on_welcome(&self, welcome: &Welcome) -> Result<(), String> {
        let _ = welcome;
        Ok(())
    }

    /// The session is open. Default: nothing.
    ///
    /// # Errors
    /// It goes to [`on_user_error`](Self::on_user_error) and is logged, and the session stays, with
    /// what it has until then. If the component or runner is strict
    /// ([`ComponentBuilder::strict`](super::ComponentBuilder::strict),
    /// [`ApplicationRunner::strict`](super::ApplicationRunner::strict)), the session is left, and the
    /// attempt fails.
    fn on_join(&self, session: Session) -> impl Future<Output = Result<(), BoxError>> + MaybeSend {
        let _ = session;
        ready(Ok(()))
    }

    /// The session is over, or was refused. Default: nothing.
    fn on_leave(&self, reason: Arc<CloseReason>) -> impl Future<Output = ()> + MaybeSend {
        let _ = reason;
        ready(())
    }

    /// The connection is gone; `was_clean` tells whether it was closed, or broke. Default: nothing.
    fn on_disconnect(&self, was_clean: bool) -> impl Future<Output = ()> + MaybeSend {
        let _ = was_clean;
        ready(())
    }

    /// Something went wrong in a handler or listener. It is logged in any case. Default: nothing.
    fn on_user_error(&self, error: &UserError) {
        let _ = error;
    }
}

/// An application session without its type.
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
