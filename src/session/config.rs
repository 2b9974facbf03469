//! `SessionConfig`: how a session is opened.

use std::sync::Arc;

use crate::core::client::ClientConfig;
use crate::error::ApplicationError;
use crate::message::Welcome;
use crate::rt::guard::catch;
use crate::rt::{MaybeSend, MaybeSync};
use crate::session::authentication::{Authentication, Identity};
use crate::session::payload_codec::PayloadCodec;
use crate::session::user_error::{UserError, UserErrors};
use crate::uri::Uri;
use crate::value::Dict;

/// How a session is opened, over whatever transport.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct SessionConfig {
    /// The settings of the state machine: timeouts, agent.
    pub client: ClientConfig,
    pub(super) authentication: Authentication,
    pub(super) identity: Identity,
    pub(super) codec: Option<Arc<dyn PayloadCodec>>,
    pub(super) passthru: bool,
    on_welcome: Option<Arc<dyn OnWelcome>>,
    pub(super) user_errors: UserErrors,
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
    /// How we prove who we are: a method, as
    /// [`Ticket`](crate::session::authentication::Ticket), or an [`Authentication`] of several.
    /// Default: none is offered, which is `anonymous` for most routers. A session that
    /// [joins again](crate::Session::rejoin) proves it again.
    #[must_use]
    pub fn authentication(mut self, authentication: impl Into<Authentication>) -> Self {
        self.authentication = authentication.into();
        self
    }

    /// Who we want to be, if no method says it (or it says the same). Default: nothing is said.
    #[must_use]
    pub fn authid(mut self, authid: impl Into<String>) -> Self {
        self.identity.authid = Some(authid.into());
        self
    }

    /// The role that we want, if no method says it (or it says the same). Default: nothing is said.
    #[must_use]
    pub fn authrole(mut self, authrole: impl Into<String>) -> Self {
        self.identity.authrole = Some(authrole.into());
        self
    }

    /// More for HELLO.Details.authextra than what the methods put there. Default: nothing.
    #[must_use]
    pub fn authextra(mut self, authextra: Dict) -> Self {
        self.identity.authextra = authextra;
        self
    }

    /// What encodes payloads that go out and decodes those that come in. The session then announces
    /// `payload_passthru_mode` and Autobahn's `payload_transparency`. Default: none; then calls that
    /// come in encoded are refused with `wamp.error.no_payload_codec`, and such events are dropped.
    #[must_use]
    #[allow(clippy::arc_with_non_send_sync, reason = "in the browser nothing is Send")]
    pub fn payload_codec(mut self, codec: impl PayloadCodec) -> Self {
        self.codec = Some(Arc::new(codec));
        self
    }

    /// Whether encoded payloads go to the user as they are, if there is no codec: see
    /// [`Payload::opaque`](crate::Payload::opaque), and `enc_algo` and `ppt_scheme` in the details.
    /// The same features are announced. Default: no.
    #[must_use]
    pub fn payload_passthru(mut self, passthru: bool) -> Self {
        self.passthru = passthru;
        self
    }

    /// A look at the router's WELCOME before the session is handed out. If it returns an error,
    /// the session is left with that text, and joining fails with
    /// `wamp.error.cannot_authenticate`; so it does if it panics.
    #[must_use]
    #[allow(clippy::arc_with_non_send_sync, reason = "in the browser nothing is Send")]
    pub fn on_welcome(
        mut self,
        check: impl Fn(&Welcome) -> Result<(), String> + MaybeSend + MaybeSync + 'static,
    ) -> Self {
        self.on_welcome = Some(Arc::new(check));
        self
    }

    /// Who is told when something goes wrong in a handler: an event that does not fit it or came
    /// too late for it, or whose encoded payload cannot be read, a progressive result that came too
    /// late for its function, a panic. It is logged in any case. The hook is called where it
    /// happens, so it should not take long.
    #[must_use]
    pub fn on_user_error(
        mut self,
        hook: impl Fn(&UserError) + MaybeSend + MaybeSync + 'static,
    ) -> Self {
        self.user_errors = UserErrors::new(hook);
        self
    }

    /// With the authentication and the hook for user errors of another one.
    ///
    /// # Errors
    /// A text, if both have an authentication.
    pub(crate) fn with(mut self, other: SessionConfig) -> Result<Self, String> {
        if !other.authentication.is_empty() {
            if !self.authentication.is_empty() {
                let text = "authentication: it is set twice, also by session_config";
                return Err(text.to_owned());
            }
            self.authentication = other.authentication;
        }
        self.user_errors.extend(other.user_errors);
        Ok(self)
    }

    /// Another look at WELCOME, behind the one that is there.
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

    /// Somebody else who is told, too.
    pub(crate) fn also_on_user_error(
        mut self,
        hook: impl Fn(&UserError) + MaybeSend + MaybeSync + 'static,
    ) -> Self {
        self.user_errors.extend(UserErrors::new(hook));
        self
    }

    /// Tells what went wrong in a function of the user's, and logs it.
    pub(crate) fn tell_user_error(&self, uri: &Uri, error: ApplicationError) {
        self.user_errors.tell(uri, error);
    }

    pub(super) fn check(&self, welcome: &Welcome) -> Result<(), String> {
        let Some(check) = &self.on_welcome else { return Ok(()) };
        // Whoever panics has not let the router in.
        catch(|| check.call(welcome)).unwrap_or_else(|panic| Err(format!("on_welcome {panic}")))
    }
}

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
            .finish()
    }
}
