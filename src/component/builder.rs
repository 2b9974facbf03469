//! Contains [`ComponentBuilder`], the description of a component.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use crate::component::application_session::{ApplicationSession, ComponentConfig, ErasedSession};
use crate::component::callback::{Callback, Outcome, handler, provider};
use crate::component::config::behind;
use crate::component::error::{AttemptError, BoxError};
use crate::component::transports::{IntoTransports, TransportEntry};
use crate::component::{Component, Owner};
use crate::core::retry::RetryPolicy;
use crate::error::ConfigError;
use crate::rt::{self, MaybeSend, MaybeSync};
use crate::session::authentication::Authentication;
use crate::session::{Session, SessionConfig, UserError};
use crate::transport::TransportConfig;
use crate::uri::Match;
use crate::uri::{Uri, UriRule};
use crate::value::Value;

/// Default URL of a component.
const DEFAULT_URL: &str = "ws://127.0.0.1:8080/ws";

/// The description of a [`Component`].
#[must_use = "a builder does nothing until it is built"]
pub struct ComponentBuilder {
    transports: Result<Vec<TransportEntry>, ConfigError>,
    /// Makes the transports of a component without any. A function, so that a program that gives its own
    /// connectors contains no other.
    default: fn() -> Result<Vec<TransportEntry>, ConfigError>,
    settings: Settings,
    /// Settings of the builder's own setters, kept apart from `settings.session`, so that the order
    /// of calls does not matter.
    session: SessionConfig,
    /// Limits of a dict.
    limits: Vec<(SetLimit, usize)>,
    seed: Option<u64>,
}

/// Setter of one of the limits of sessions.
pub(super) type SetLimit = fn(SessionConfig, usize) -> SessionConfig;

/// The settings of a component, which stay the same for all attempts.
pub(super) struct Settings {
    pub(super) name: Option<String>,
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

struct FactoryFn<F>(F);

#[allow(clippy::arc_with_non_send_sync, reason = "in the browser nothing is Send")]
impl<F, S> Factory for FactoryFn<F>
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

/// Returns a builder for a component over these transports. Unlike
/// [`Component::builder`], it does not refer to the transports of this crate.
pub fn builder_over(transports: Vec<TransportEntry>) -> ComponentBuilder {
    ComponentBuilder::new(Ok(transports), || Err(ConfigError::new("transports", "there are none")))
}

/// Not from text, which may be a dict: a program without dicts needs no reader of them.
pub(super) fn default_transports() -> Result<Vec<TransportEntry>, ConfigError> {
    let transports = TransportConfig::new(DEFAULT_URL).into_transports();
    transports.map_err(|error| error.within("transports"))
}

impl ComponentBuilder {
    pub(super) fn new(
        transports: Result<Vec<TransportEntry>, ConfigError>,
        default: fn() -> Result<Vec<TransportEntry>, ConfigError>,
    ) -> Self {
        ComponentBuilder {
            transports,
            default,
            settings: Settings {
                name: None,
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
            limits: Vec::new(),
            seed: None,
        }
    }

    /// Sets the name of the component in the log: its lines are in a span `component{realm=… name=…}`.
    /// Default: none.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.settings.name = Some(name.into());
        self
    }

    /// Sets the realm. Default: `realm1`.
    pub fn realm(mut self, realm: impl Into<Uri>) -> Self {
        self.settings.realm = realm.into();
        self
    }

    /// Adds transports, which are tried in turn (round robin). Default: WebSocket to
    /// `ws://127.0.0.1:8080/ws`.
    ///
    /// [`build`](Self::build) reports invalid transports.
    pub fn transports(mut self, transports: impl IntoTransports) -> Self {
        if let Ok(all) = &mut self.transports {
            match transports.into_transports() {
                Ok(more) => all.extend(more),
                Err(error) => {
                    let error = behind(error, all.len()).within("transports");
                    self.transports = Err(error);
                }
            }
        }
        self
    }

    /// Adds a transport with a function that returns its URL for each attempt. If the function
    /// returns an error or an invalid URL, the attempt fails. For a transport with further settings
    /// see [`TransportConfig::url_per_attempt`].
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

    /// Sets the authentication: one method, such as
    /// [`Ticket`](crate::session::authentication::Ticket), or an [`Authentication`] of several.
    ///
    /// Default: no method is offered; most routers treat this as `anonymous`.
    pub fn authentication(mut self, authentication: impl Into<Authentication>) -> Self {
        self.session = self.session.authentication(authentication);
        self
    }

    /// Sets a function that returns the authentication for each connection, for example for tickets
    /// that expire.
    ///
    /// The function runs after the connect listeners and before HELLO, unless an
    /// [`ApplicationSession`] has its own methods. The attempt fails if the function returns an
    /// error or takes longer than the time limit for joining
    /// ([`join_timeout`](crate::session::SessionConfig::join_timeout), 10 s).
    ///
    /// A refusal of these credentials is as fatal as any other (see [`is_fatal`](Self::is_fatal)).
    #[doc(alias = "onchallenge")]
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

    /// Sets the retry policy of the transports that have none of their own. Default: see
    /// [`RetryPolicy`].
    #[doc(alias(
        "max_retries",
        "initial_retry_delay",
        "max_retry_delay",
        "retry_delay_growth",
        "retry_delay_jitter"
    ))]
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.settings.retry = policy;
        self
    }

    /// Sets any value for the program's own use, available as [`ComponentConfig::extra`]. Default:
    /// null.
    pub fn extra(mut self, extra: impl Into<Value>) -> Self {
        self.settings.extra = extra.into();
        self
    }

    /// Sets the main function of the component. It runs once per join, as soon as the session is
    /// ready.
    ///
    /// - When it returns, the session is left, and the component is done.
    /// - If it returns an error or panics, the session is left, and the attempt has failed; another
    ///   attempt follows. A failure within 10 s counts as a failed join: delays grow and
    ///   `max_retries` applies. After 10 s both start anew, as after a lost connection.
    /// - When the session ends first, `main` continues until its next await point and is dropped
    ///   there. An error of it is then a consequence of that end.
    /// - If the program itself leaves the session, no attempt follows, and an error of `main`
    ///   becomes the component's error ([`ComponentError::Fatal`](super::ComponentError::Fatal)).
    ///
    /// Without `main`, the component runs until it is stopped or the program leaves the session.
    pub fn main<F, Fut>(mut self, main: F) -> Self
    where
        F: Fn(Session) -> Fut + MaybeSend + MaybeSync + 'static,
        Fut: Future + MaybeSend + 'static,
        Fut::Output: Outcome + 'static,
    {
        self.settings.main = Some(handler(main));
        self
    }

    /// Sets the factory that creates an [`ApplicationSession`] for each connection, as soon as it
    /// is open.
    pub fn session_factory<F, S>(self, factory: F) -> Self
    where
        F: Fn(ComponentConfig) -> S + MaybeSend + MaybeSync + 'static,
        S: ApplicationSession,
    {
        self.try_session_factory(move |config| Ok::<_, BoxError>(factory(config)))
    }

    /// Sets a factory that may fail, as [`session_factory`](Self::session_factory) otherwise. If it
    /// fails, the attempt fails.
    #[allow(clippy::arc_with_non_send_sync, reason = "in the browser nothing is Send")]
    pub fn try_session_factory<F, S, E>(mut self, factory: F) -> Self
    where
        F: Fn(ComponentConfig) -> Result<S, E> + MaybeSend + MaybeSync + 'static,
        S: ApplicationSession,
        E: Into<BoxError>,
    {
        let make = FactoryFn(move |config| factory(config).map_err(Into::into));
        self.settings.factory = Some(Arc::new(make));
        self
    }

    /// Sets the function that decides which errors make further attempts pointless. Default:
    /// [`AttemptError::is_fatal_by_default`].
    ///
    /// A fatal error ends the component at once, because all transports lead to the same realm with
    /// the same credentials and the same `main`. An error without a connection
    /// ([`AttemptError::Connect`]), or with a transport that cannot carry HELLO, only excludes that
    /// transport.
    #[allow(clippy::arc_with_non_send_sync, reason = "in the browser nothing is Send")]
    pub fn is_fatal(
        mut self,
        is_fatal: impl Fn(&AttemptError) -> bool + MaybeSend + MaybeSync + 'static,
    ) -> Self {
        self.settings.is_fatal = Some(Arc::new(is_fatal));
        self
    }

    pub(super) fn limit(&mut self, set: SetLimit, bytes: usize) {
        self.limits.push((set, bytes));
    }

    /// Sets how sessions are opened: timeouts, payload codec, inspection of WELCOME, and more.
    ///
    /// The order relative to the other setters does not matter. Its user error hook is called in
    /// addition to that of [`on_user_error`](Self::on_user_error). [`build`](Self::build) rejects
    /// authentication methods in both places. The limits of a dict replace those of `config`.
    pub fn session_config(mut self, config: SessionConfig) -> Self {
        self.settings.session = config;
        self
    }

    /// Sets the hook for errors in handlers and listeners; see [`SessionConfig::on_user_error`].
    #[doc(alias = "onUserError")]
    pub fn on_user_error(
        mut self,
        hook: impl Fn(&UserError) + MaybeSend + MaybeSync + 'static,
    ) -> Self {
        self.session = self.session.on_user_error(hook);
        self
    }

    /// Sets after how long a silence the router is asked for a sign of life, and how long its answer may take; see
    /// [`SessionConfig::heartbeat`]. A session that ends so is followed by another attempt. Default: not asked.
    pub fn heartbeat(mut self, interval: Duration, timeout: Duration) -> Self {
        self.session = self.session.heartbeat(interval, timeout);
        self
    }

    /// Sets whether options are sent although the router has not announced their features, with the risk that
    /// [`SessionConfig::risk_unannounced`] names. Default: false.
    pub fn risk_unannounced(mut self, risk: bool) -> Self {
        self.session = self.session.risk_unannounced(risk);
        self
    }

    /// Sets whether a session needs all declared registrations and subscriptions and successful
    /// join listeners. Otherwise it is left, and the attempt fails.
    ///
    /// Default: false. Failures are reported (see [`on_user_error`](Self::on_user_error)), and the
    /// session becomes ready nevertheless.
    pub fn strict(mut self, strict: bool) -> Self {
        self.settings.strict = strict;
        self
    }

    /// Sets the seed of the delays' jitter, for tests: the same seed gives the same delays.
    /// Default: a random number.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Creates the component. It connects only after [`start`](Component::start).
    ///
    /// # Errors
    /// Returns the first setting that is not valid, with its path.
    #[allow(clippy::arc_with_non_send_sync, reason = "in the browser nothing is Send")]
    pub fn build(self) -> Result<Component, ConfigError> {
        let ComponentBuilder { transports, default, mut settings, session, limits, seed } = self;
        settings.transports = transports?;
        if settings.transports.is_empty() {
            settings.transports = default()?;
        }
        settings.session = settings.session.with(session)?;
        for (set, bytes) in limits {
            settings.session = set(settings.session, bytes);
        }
        if let Err(error) = settings.realm.validate(UriRule::Loose, Match::Exact) {
            return Err(ConfigError::new("realm", &error).caused_by(error));
        }
        settings.retry.check()?;
        for (index, transport) in settings.transports.iter().enumerate() {
            let policy = transport.policy.as_ref().map_or(Ok(()), RetryPolicy::check);
            policy.map_err(|error| error.within(format!("transports[{index}]")))?;
        }
        // Without random numbers all components have the same jitter, which is acceptable.
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
