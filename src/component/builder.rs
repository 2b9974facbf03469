//! `ComponentBuilder`: the description of a component.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use crate::component::application_session::{ApplicationSession, ComponentConfig, ErasedSession};
use crate::component::callback::{Callback, Outcome, handler, provider};
use crate::component::config::{TransportConfig, behind};
use crate::component::error::{AttemptError, BoxError};
use crate::component::transports::{IntoTransports, TransportEntry};
use crate::component::{Component, Owner};
use crate::core::retry::RetryPolicy;
use crate::error::ConnectError;
use crate::rt::{self, MaybeSend, MaybeSync};
use crate::session::authentication::Authentication;
use crate::session::{Session, SessionConfig, UserError};
use crate::uri::Match;
use crate::uri::{Uri, UriRule};
use crate::value::Value;

/// Where a component connects if it is not told.
const DEFAULT_URL: &str = "ws://127.0.0.1:8080/ws";

/// The description of a [`Component`].
#[must_use = "a builder does nothing until it is built"]
pub struct ComponentBuilder {
    transports: Result<Vec<TransportEntry>, ConnectError>,
    settings: Settings,
    /// What the builder itself was told, apart from `settings.session`: the order does not matter.
    session: SessionConfig,
    seed: Option<u64>,
}

/// What a component holds to, whatever happens to it.
pub(super) struct Settings {
    pub(super) realm: Uri,
    pub(super) transports: Vec<TransportEntry>,
    pub(super) retry: RetryPolicy,
    pub(super) extra: Value,
    pub(super) main: Option<Callback<Session, ()>>,
    pub(super) factory: Option<Arc<dyn Factory>>,
    pub(super) is_fatal: Option<Arc<dyn IsFatal>>,
    pub(super) session: SessionConfig,
    pub(super) credentials: Option<Callback<(), Authentication>>,
    pub(super) strict: bool,
    pub(super) seed: u64,
}

pub(super) trait Factory: MaybeSend + MaybeSync {
    fn make(&self, config: ComponentConfig) -> Result<Arc<dyn ErasedSession>, BoxError>;
}

struct Make<F>(F);

#[allow(clippy::arc_with_non_send_sync, reason = "in the browser nothing is Send")]
impl<F, S> Factory for Make<F>
where
    F: Fn(ComponentConfig) -> Result<S, BoxError> + MaybeSend + MaybeSync,
    S: ApplicationSession,
{
    fn make(&self, config: ComponentConfig) -> Result<Arc<dyn ErasedSession>, BoxError> {
        Ok(Arc::new((self.0)(config)?))
    }
}

pub(super) trait IsFatal: MaybeSend + MaybeSync {
    fn is_fatal(&self, error: &AttemptError) -> bool;
}

impl<F: Fn(&AttemptError) -> bool + MaybeSend + MaybeSync> IsFatal for F {
    fn is_fatal(&self, error: &AttemptError) -> bool {
        self(error)
    }
}

impl ComponentBuilder {
    pub(super) fn new() -> Self {
        ComponentBuilder {
            transports: Ok(Vec::new()),
            settings: Settings {
                realm: "realm1".into(),
                transports: Vec::new(),
                retry: RetryPolicy::default(),
                extra: Value::Null,
                main: None,
                factory: None,
                is_fatal: None,
                session: SessionConfig::default(),
                credentials: None,
                strict: false,
                seed: 0,
            },
            session: SessionConfig::default(),
            seed: None,
        }
    }

    /// The realm. Default: `realm1`.
    pub fn realm(mut self, realm: impl Into<Uri>) -> Self {
        self.settings.realm = realm.into();
        self
    }

    /// The transports, tried one after the other, round robin; added to those that are there.
    /// Default: WebSocket to `ws://127.0.0.1:8080/ws`.
    ///
    /// What is wrong with them, [`build`](Self::build) says.
    pub fn transports(mut self, transports: impl IntoTransports) -> Self {
        if let Ok(all) = &mut self.transports {
            match transports.into_transports() {
                Ok(more) => all.extend(more),
                Err(error) => {
                    let error = behind(error, all.len()).within("transports");
                    self.transports = Err(error.into());
                }
            }
        }
        self
    }

    /// A transport whose URL is asked for at each attempt. If the function gives an error, or what
    /// is no URL, the attempt fails. With settings of its own, it is
    /// [`TransportConfig::url_per_attempt`].
    pub fn url<F, Fut, E>(self, url: F) -> Self
    where
        F: Fn() -> Fut + MaybeSend + MaybeSync + 'static,
        Fut: Future<Output = Result<String, E>> + MaybeSend + 'static,
        E: Into<BoxError> + 'static,
    {
        let make = move || {
            let url = url();
            async move {
                let url = url.await.map_err(Into::into)?;
                Ok::<_, BoxError>(TransportConfig::new(url).connector()?)
            }
        };
        self.transports(TransportEntry::per_attempt("url", make))
    }

    /// How we prove who we are: a method, as
    /// [`Ticket`](crate::session::authentication::Ticket), or an [`Authentication`] of several.
    /// Default: none is offered, which is `anonymous` for most routers.
    pub fn authentication(mut self, authentication: impl Into<Authentication>) -> Self {
        self.session = self.session.authentication(authentication);
        self
    }

    /// As [`authentication`](Self::authentication), but asked for each time, as for tickets that
    /// expire: when there is a connection and its listeners are done, before HELLO; unless an
    /// [`ApplicationSession`] brings its own methods. If the function gives an error, or takes
    /// longer than joining may
    /// ([`join_timeout`](crate::core::client::ClientConfig::join_timeout), 10 s), the attempt fails.
    ///
    /// A refusal of what it gave is as fatal as any other (see [`is_fatal`](Self::is_fatal)).
    pub fn credentials<F, Fut, A, E>(mut self, credentials: F) -> Self
    where
        F: Fn() -> Fut + MaybeSend + MaybeSync + 'static,
        Fut: Future<Output = Result<A, E>> + MaybeSend + 'static,
        A: Into<Authentication> + 'static,
        E: Into<BoxError> + 'static,
    {
        let credentials = move |()| {
            let credentials = credentials();
            async move { credentials.await.map(Into::into) }
        };
        self.settings.credentials = Some(provider(credentials));
        self
    }

    /// How often, and when, transports are tried again that do not say it themselves. Default: see
    /// [`RetryPolicy`].
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.settings.retry = policy;
        self
    }

    /// Any value for the program's own use, in [`ComponentConfig::extra`]. Default: null.
    pub fn extra(mut self, extra: impl Into<Value>) -> Self {
        self.settings.extra = extra.into();
        self
    }

    /// What the component is there for: it runs once per join, as soon as the session is ready.
    ///
    /// When it returns, the session is left, and the component is done. If it returns an error, or
    /// panics, the session is left, and the attempt has failed: there is another one. If `main` had
    /// run for less than 10 s, that failure counts as if the realm had not been joined, so delays
    /// grow and `max_retries` is reached; otherwise both begin anew, as after a loss.
    ///
    /// When the session ends under it, it goes on as long as it need not wait, and is dropped then;
    /// an error of it is a consequence of that end. But if the program itself leaves the session, in
    /// `main` or elsewhere, there is no other attempt, and an error of `main` is the component's
    /// ([`ComponentError::Fatal`](super::ComponentError::Fatal)).
    ///
    /// Without `main`, the component stays until it is stopped or somebody leaves.
    pub fn main<F, Fut>(mut self, main: F) -> Self
    where
        F: Fn(Session) -> Fut + MaybeSend + MaybeSync + 'static,
        Fut: Future + MaybeSend + 'static,
        Fut::Output: Outcome + 'static,
    {
        self.settings.main = Some(handler(main));
        self
    }

    /// Makes an [`ApplicationSession`] for each connection, as soon as that is there.
    pub fn session_factory<F, S>(self, factory: F) -> Self
    where
        F: Fn(ComponentConfig) -> S + MaybeSend + MaybeSync + 'static,
        S: ApplicationSession,
    {
        self.try_session_factory(move |config| Ok::<_, BoxError>(factory(config)))
    }

    /// As [`session_factory`](Self::session_factory), for a factory that may fail; then the attempt
    /// does.
    #[allow(clippy::arc_with_non_send_sync, reason = "in the browser nothing is Send")]
    pub fn try_session_factory<F, S, E>(mut self, factory: F) -> Self
    where
        F: Fn(ComponentConfig) -> Result<S, E> + MaybeSend + MaybeSync + 'static,
        S: ApplicationSession,
        E: Into<BoxError>,
    {
        let make = Make(move |config| factory(config).map_err(Into::into));
        self.settings.factory = Some(Arc::new(make));
        self
    }

    /// Which errors make further attempts pointless. Default:
    /// [`AttemptError::is_fatal_by_default`].
    ///
    /// A fatal error ends the component at once, as all transports lead to the same realm with the
    /// same credentials and the same `main`. Only if there was no connection
    /// ([`AttemptError::Connect`]), or none that takes our HELLO, it rules out its transport, and no
    /// other.
    #[allow(clippy::arc_with_non_send_sync, reason = "in the browser nothing is Send")]
    pub fn is_fatal(
        mut self,
        is_fatal: impl Fn(&AttemptError) -> bool + MaybeSend + MaybeSync + 'static,
    ) -> Self {
        self.settings.is_fatal = Some(Arc::new(is_fatal));
        self
    }

    /// How sessions are opened: timeouts, payload codec, a look at WELCOME, and more.
    ///
    /// It is the same before and behind the other setters: its hook for user errors is called
    /// beside that of [`on_user_error`](Self::on_user_error), and methods of authentication in both
    /// places are refused by [`build`](Self::build).
    pub fn session_config(mut self, config: SessionConfig) -> Self {
        self.settings.session = config;
        self
    }

    /// Who is told when something goes wrong in a handler or listener, as
    /// [`SessionConfig::on_user_error`] says.
    pub fn on_user_error(
        mut self,
        hook: impl Fn(&UserError) + MaybeSend + MaybeSync + 'static,
    ) -> Self {
        self.session = self.session.on_user_error(hook);
        self
    }

    /// Whether a session is only good if all declared registrations and subscriptions stand, and no
    /// join listener failed. Otherwise it is left, and the attempt has failed. Default: no; what
    /// failed is told (see [`on_user_error`](Self::on_user_error)), and the session is ready all the
    /// same.
    pub fn strict(mut self, strict: bool) -> Self {
        self.settings.strict = strict;
        self
    }

    /// The seed of the delays' jitter, for tests: the same seed gives the same delays. Default: a
    /// random number of the system.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// The component. Nothing is connected before it is [started](Component::start).
    ///
    /// # Errors
    /// [`ConnectError::InvalidUrl`] and [`ConnectError::InvalidConfig`], with the key and the reason.
    #[allow(clippy::arc_with_non_send_sync, reason = "in the browser nothing is Send")]
    pub fn build(self) -> Result<Component, ConnectError> {
        let ComponentBuilder { transports, mut settings, session, seed } = self;
        let invalid = |text: String| Err(ConnectError::InvalidConfig(text));
        settings.transports = transports?;
        if settings.transports.is_empty() {
            settings.transports =
                DEFAULT_URL.into_transports().map_err(|error| error.within("transports"))?;
        }
        settings.session = match settings.session.with(session) {
            Ok(session) => session,
            Err(text) => return invalid(text),
        };
        if let Err(error) = settings.realm.validate(UriRule::Loose, Match::Exact) {
            return invalid(format!("realm: {error}"));
        }
        settings.retry.check()?;
        for (index, transport) in settings.transports.iter().enumerate() {
            let policy = transport.policy.as_ref().map_or(Ok(()), RetryPolicy::check);
            policy.map_err(|error| error.within(format!("transports[{index}]")))?;
        }
        // Without random numbers all components have the same jitter, and still one.
        settings.seed = seed.or_else(|| rt::random().ok()).unwrap_or_default();
        Ok(Component { owner: Arc::new(Owner::new(settings)) })
    }
}

impl fmt::Debug for ComponentBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ComponentBuilder")
            .field("realm", &self.settings.realm)
            .field("transports", &self.transports)
            .field("retry", &self.settings.retry)
            .field("strict", &self.settings.strict)
            .finish_non_exhaustive()
    }
}
