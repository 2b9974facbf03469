//! Contains [`SessionConfig`], the settings for opening a session.

use std::sync::Arc;
use std::time::Duration;

use crate::core::client::ClientConfig;
use crate::error::{ApplicationError, ConfigError};
use crate::message::Welcome;
use crate::rt::guard::catch;
use crate::rt::{MaybeSend, MaybeSync};
use crate::session::authentication::{Authentication, Identity};
use crate::session::payload_codec::PayloadCodec;
use crate::session::tracebacks::{self, Tracebacks};
use crate::session::user_error::{UserError, UserErrors};
use crate::uri::Uri;
use crate::value::Dict;

/// Settings for opening a session over any transport.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct SessionConfig {
    pub(crate) client: ClientConfig,
    pub(super) authentication: Authentication,
    pub(super) identity: Identity,
    pub(super) codec: Option<Arc<dyn PayloadCodec>>,
    pub(super) passthru: bool,
    pub(super) risk_unannounced: bool,
    on_welcome: Option<Arc<dyn OnWelcome>>,
    pub(super) user_errors: UserErrors,
    pub(super) tracebacks: Option<Arc<dyn Tracebacks>>,
}

trait OnWelcome: MaybeSend + MaybeSync {
    fn call(&self, welcome: &Welcome) -> Result<(), String>;
}

impl<F: Fn(&Welcome) -> Result<(), String> + MaybeSend + MaybeSync> OnWelcome for F {
    fn call(&self, welcome: &Welcome) -> Result<(), String> {
        self(welcome)
    }
}

impl SessionConfig {
    /// Creates settings with the defaults.
    pub fn new() -> Self {
        SessionConfig::default()
    }

    /// Sets the time limit of each step of joining: the answer to HELLO, the answer to CHALLENGE by
    /// this side, the answer to AUTHENTICATE. Default: 10 s.
    #[must_use]
    pub fn join_timeout(mut self, timeout: Duration) -> Self {
        self.client.join_timeout = timeout;
        self
    }

    /// Sets the time limit of the answer to GOODBYE. Default: 3 s.
    #[must_use]
    pub fn leave_timeout(mut self, timeout: Duration) -> Self {
        self.client.leave_timeout = timeout;
        self
    }

    /// Sets the maximum weight in bytes of what a received message carries beside its arguments:
    /// details and URIs. Many small values weigh more than their bytes. Default: 64 KiB.
    ///
    /// A call whose result exceeds it fails with `wamp.error.payload_size_exceeded`; an event counts as
    /// [missed](crate::error::Lagged).
    #[must_use]
    pub fn details_limit(mut self, bytes: usize) -> Self {
        self.client.details_limit = bytes;
        self
    }

    /// Sets the maximum length in bytes of a received message before WELCOME, and of WELCOME itself.
    /// Default: 128 KiB.
    #[must_use]
    pub fn joining_limit(mut self, bytes: usize) -> Self {
        self.client.joining_limit = bytes;
        self
    }

    /// Sets the maximum weight in bytes of the events that wait in the queue of a subscription, and of
    /// the progressive results, or argument parts, of a call. Beyond it, the newest are dropped, and the
    /// reader is told their number ([`Lagged`](crate::error::Lagged)). One alone is kept whatever its
    /// weight. Default: 64 MiB.
    #[must_use]
    pub fn queue_limit(mut self, bytes: usize) -> Self {
        self.client.queue_limit = bytes;
        self
    }

    /// Sets the maximum weight in bytes of the calls that the session's procedures work on: arguments
    /// and details. Further calls fail with `wamp.error.unavailable`. One alone is accepted whatever
    /// its weight. Default: 64 MiB.
    #[must_use]
    pub fn running_limit(mut self, bytes: usize) -> Self {
        self.client.running_limit = bytes;
        self
    }

    /// Sets after how long a silence the router is asked for a sign of life, and how long its answer may take. Then the
    /// session ends with [`CloseKind::TimedOut`](crate::error::CloseKind::TimedOut). Zero as `interval`: it is not
    /// asked. Default: zero.
    ///
    /// It is for transports without [pings](crate::transport::Ping): the browser sends none, and some routers
    /// (Crossbar) end a RawSocket connection that does. The question is UNREGISTER for a registration that does not
    /// exist, or, if the router is no dealer, UNSUBSCRIBE: it needs no permission, changes nothing, and each router
    /// answers it. A lost connection is found after two intervals and the timeout at the latest.
    ///
    /// Only whole messages count, so `timeout` must be longer than the longest message of the router takes. The time
    /// starts when the transport has taken the question. It is longer while the router may be busy with what was sent
    /// before: by a second for each 256 KiB, of 16 MiB at most.
    ///
    /// ```
    /// use std::time::Duration;
    /// use wampwerk::session::SessionConfig;
    ///
    /// let config =
    ///     SessionConfig::new().heartbeat(Duration::from_secs(20), Duration::from_secs(10));
    /// ```
    #[must_use]
    pub fn heartbeat(mut self, interval: Duration, timeout: Duration) -> Self {
        self.client.heartbeat = (interval, timeout);
        self
    }

    /// Sets the name and version that the router is told. Default: those of this crate.
    #[must_use]
    pub fn agent(mut self, agent: impl Into<String>) -> Self {
        self.client.agent = agent.into();
        self
    }

    /// Adds keys to HELLO.Details, for extensions of a router. Those that WAMP defines, such as
    /// `roles` and `authid`, are not replaced. Default: none.
    #[must_use]
    pub fn hello_details(mut self, details: Dict) -> Self {
        self.client.hello = details;
        self
    }

    /// Sets `disclose_me` of calls and publications that do not set it themselves. Default: not set,
    /// and the router decides.
    #[doc(alias("caller_disclose_me", "publisher_disclose_me"))]
    #[must_use]
    pub fn disclose_me(mut self, disclose: bool) -> Self {
        self.client.disclose_me = Some(disclose);
        self
    }

    /// Sets the authentication: one method, such as
    /// [`Ticket`](crate::session::authentication::Ticket), or an [`Authentication`] of several. A
    /// session that [rejoins](crate::Session::rejoin) authenticates again.
    ///
    /// Default: no method is offered; most routers treat this as `anonymous`.
    #[doc(alias = "add_authenticator")]
    #[must_use]
    pub fn authentication(mut self, authentication: impl Into<Authentication>) -> Self {
        self.authentication = authentication.into();
        self
    }

    /// Sets the requested authid. If an authentication method also sets it, both must agree.
    /// Default: none.
    #[must_use]
    pub fn authid(mut self, authid: impl Into<String>) -> Self {
        self.identity.authid = Some(authid.into());
        self
    }

    /// Sets the requested role. If an authentication method also sets it, both must agree. Default:
    /// none.
    #[must_use]
    pub fn authrole(mut self, authrole: impl Into<String>) -> Self {
        self.identity.authrole = Some(authrole.into());
        self
    }

    /// Adds to HELLO.Details.authextra, beside the values of the authentication methods. Default:
    /// none.
    #[must_use]
    pub fn authextra(mut self, authextra: Dict) -> Self {
        self.identity.authextra = authextra;
        self
    }

    /// Sets the codec that encodes outgoing and decodes incoming payloads. The session then
    /// announces `payload_passthru_mode` and Autobahn's `payload_transparency`.
    ///
    /// Default: none. Encoded calls are then refused with `wamp.error.no_payload_codec`, and
    /// encoded events are dropped.
    #[doc(alias = "set_payload_codec")]
    #[must_use]
    #[allow(clippy::arc_with_non_send_sync, reason = "in the browser nothing is Send")]
    pub fn payload_codec(mut self, codec: impl PayloadCodec) -> Self {
        self.codec = Some(Arc::new(codec));
        self
    }

    /// Sets whether encoded payloads are delivered unchanged if there is no codec: see
    /// [`Payload::opaque`](crate::Payload::opaque), and `enc_algo` and `ppt_scheme` in the details.
    /// The session announces the same features as with a codec. Default: false.
    #[must_use]
    pub fn payload_passthru(mut self, passthru: bool) -> Self {
        self.passthru = passthru;
        self
    }

    /// Inspects the router's WELCOME before the session is returned. If the function returns an
    /// error or panics, the session is left with that text, and joining fails with
    /// `wamp.error.cannot_authenticate`.
    #[doc(alias = "onWelcome")]
    #[must_use]
    #[allow(clippy::arc_with_non_send_sync, reason = "in the browser nothing is Send")]
    pub fn on_welcome(
        mut self,
        check: impl Fn(&Welcome) -> Result<(), String> + MaybeSend + MaybeSync + 'static,
    ) -> Self {
        self.on_welcome = Some(Arc::new(check));
        self
    }

    /// Sets the hook for errors in handlers. The errors are always logged, too.
    ///
    /// The hook is called for an event that does not fit its handler, arrived too late or cannot be
    /// decoded, for a progressive result that its function was too slow to take, and for a panic.
    /// The hook blocks the session and should return quickly.
    #[doc(alias = "onUserError")]
    #[must_use]
    pub fn on_user_error(
        mut self,
        hook: impl Fn(&UserError) + MaybeSend + MaybeSync + 'static,
    ) -> Self {
        self.user_errors = UserErrors::new(hook);
        self
    }

    /// Sets whether options are sent although the router has not announced their features. Default: false; such a
    /// request fails with `wamp.error.feature_not_supported` before it is sent.
    ///
    /// The risk: a router that does not know an option may ignore it, so that an event reaches sessions that it is not
    /// meant for, or end the session. It is for routers that announce less than they can, or nothing.
    ///
    /// ```
    /// # async fn example() -> Result<(), wampwerk::Error> {
    /// let session =
    ///     wampwerk::connect("ws://127.0.0.1:8080/ws", "realm1").risk_unannounced(true).await?;
    /// session.publish("com.example.news").exclude_me(false).await?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn risk_unannounced(mut self, risk: bool) -> Self {
        self.risk_unannounced = risk;
        self
    }

    /// Sets the roles of callers that see the causes of errors in the session's procedures. Default: none.
    ///
    /// Such a caller gets the lines of [`ApplicationError::traceback`] in the keyword value `traceback`, as from Autobahn's
    /// `traceback_app`: the causes that an error's `source()` gives, and for a panic its place and its stack. Nobody
    /// else gets them, also not if an error of another procedure is passed on:
    ///
    /// - the router must disclose the caller, so that its role is known: the procedure is registered with
    ///   [`disclose_caller`](crate::session::RegisterRequest::disclose_caller), or the caller asks for it
    /// - the role must be equal to one of these
    ///
    /// Tracebacks show file names, and may show data of users: choose a role that developers alone have. The first use
    /// adds a hook for panics to the process, before the present one; it records where handlers of sessions panic.
    ///
    /// ```
    /// # #[cfg(feature = "router")]
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use wampwerk::component::BoxError;
    /// use wampwerk::session::connect_with;
    ///
    /// let router = wampwerk::Router::builder().realm("realm1").build()?;
    /// let callee = connect_with(&router, "realm1").tracebacks(&["anonymous"]).await?;
    /// let read = |path: String| async move { Ok::<_, BoxError>(std::fs::read_to_string(path)?) };
    /// callee.register("com.example.read", read).disclose_caller().await?;
    ///
    /// let caller = router.connect("realm1").await?;
    /// let error = caller.call("com.example.read").args(("/no/such/file",)).await.unwrap_err();
    /// let lines = error.application().map(|error| error.traceback()).unwrap_or_default();
    /// assert!(lines[0].contains("No such file") || cfg!(windows), "{lines:?}");
    /// # Ok(()) }
    /// # #[cfg(not(feature = "router"))]
    /// # fn main() {}
    /// ```
    #[doc(alias = "traceback_app")]
    #[must_use]
    pub fn tracebacks(mut self, roles: &[&str]) -> Self {
        self.tracebacks = tracebacks::for_roles(roles);
        self
    }

    /// Adds the authentication, the heartbeat, the risk and the user error hook of another configuration.
    ///
    /// # Errors
    /// Returns an error if both have an authentication.
    pub(crate) fn with(mut self, other: SessionConfig) -> Result<Self, ConfigError> {
        if !other.authentication.is_empty() {
            if !self.authentication.is_empty() {
                let text = "it is set twice, also by session_config";
                return Err(ConfigError::new("authentication", text));
            }
            self.authentication = other.authentication;
        }
        if !other.client.heartbeat.0.is_zero() {
            self.client.heartbeat = other.client.heartbeat;
        }
        self.risk_unannounced |= other.risk_unannounced;
        self.user_errors.extend(other.user_errors);
        Ok(self)
    }

    /// Adds a check of WELCOME after the existing one.
    pub(crate) fn also_on_welcome(
        mut self,
        check: impl Fn(&Welcome) -> Result<(), String> + MaybeSend + MaybeSync + 'static,
    ) -> Self {
        let first = self.on_welcome.take();
        self.on_welcome(move |welcome| {
            first.as_ref().map_or(Ok(()), |first| first.call(welcome))?;
            check(welcome)
        })
    }

    /// Adds another user error hook.
    pub(crate) fn also_on_user_error(
        mut self,
        hook: impl Fn(&UserError) + MaybeSend + MaybeSync + 'static,
    ) -> Self {
        self.user_errors.extend(UserErrors::new(hook));
        self
    }

    /// Reports and logs an error in a user's function.
    pub(crate) fn tell_user_error(&self, uri: &Uri, error: ApplicationError) {
        self.user_errors.tell(uri, error);
    }

    pub(super) fn check(&self, welcome: &Welcome) -> Result<(), String> {
        let Some(check) = &self.on_welcome else { return Ok(()) };
        // A check that panics rejects the router.
        catch(|| check.call(welcome)).unwrap_or_else(|panic| Err(format!("on_welcome {panic}")))
    }
}

/// For programs that have the settings of the state machine, by the feature `internals`.
#[doc(hidden)]
impl From<ClientConfig> for SessionConfig {
    fn from(client: ClientConfig) -> Self {
        SessionConfig { client, ..SessionConfig::default() }
    }
}

impl std::fmt::Debug for SessionConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionConfig")
            .field("client", &self.client)
            .field("authentication", &self.authentication)
            .field("authid", &self.identity.authid)
            .field("authrole", &self.identity.authrole)
            .field("payload_codec", &self.codec.is_some())
            .field("payload_passthru", &self.passthru)
            .field("on_welcome", &self.on_welcome.is_some())
            .field("on_user_error", &!self.user_errors.is_empty())
            .field("tracebacks", &self.tracebacks.is_some())
            .finish()
    }
}
