//! Contains [`ApplicationRunner`], which runs one application session as a program.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::component::Component;
use crate::component::application_session::{ApplicationSession, ComponentConfig};
use crate::component::error::ComponentError;
use crate::component::logging::LogLevel;
use crate::component::run::{RunError, run};
use crate::component::transports::IntoTransports;
use crate::core::retry::{Added, RUNNER_DELAY, RetryPolicy};
use crate::error::ConfigError;
use crate::message::Serializer;
use crate::rt::future::{Race, race};
use crate::rt::guard::catch;
use crate::rt::{MaybeSend, MaybeSync};
use crate::session::authentication::Authentication;
use crate::transport::setters::transport_setters;
use crate::transport::{Endpoint, Proxy, Tls, TransportConfig};
use crate::uri::Uri;
use crate::value::Value;
use crate::websocket::WebSocketOptions;

/// Autobahn's default for the runner, which differs from that of its `Component`: 1 MiB.
const MAX_MESSAGE_SIZE: usize = 1 << 20;

/// Runs one application session as a program. Equivalent of Autobahn's `ApplicationRunner`.
///
/// Intended for users of Autobahn. A [`Component`] has more features and is as easy to use.
///
/// ```no_run
/// use wampwerk::Session;
/// use wampwerk::component::{ApplicationRunner, ApplicationSession, BoxError, ComponentConfig};
///
/// struct Backend;
///
/// impl ApplicationSession for Backend {
///     async fn on_join(&self, session: Session) -> Result<(), BoxError> {
///         session.register("com.example.add", |a: i64, b: i64| async move { a + b }).await?;
///         Ok(())
///     }
/// }
///
/// #[tokio::main]
/// async fn main() -> Result<(), Box<dyn std::error::Error>> {
///     // If the name is already taken, the program ends with that error.
///     let runner = ApplicationRunner::new("ws://127.0.0.1:8080/ws", "realm1").strict(true);
///     runner.run(|_config: ComponentConfig| Backend).await?;
///     Ok(())
/// }
/// ```
///
/// # Autobahn's parameters
/// | parameter | here |
/// |---|---|
/// | `url`, `realm` | [`new`](Self::new) |
/// | `extra`, `serializers`, `proxy`, `headers`, `websocket_options` | the setter of that name; also one [`header`](Self::header) at a time |
/// | `ssl` | [`tls`](Self::tls) |
/// | `max_retries`, `initial_retry_delay`, `max_retry_delay`, `retry_delay_growth`, `retry_delay_jitter` | the setter of that name; effective with `auto_reconnect` only; see below |
/// | `run(make, …)` | [`run`](Self::run) |
/// | `auto_reconnect`, `log_level`, `endpoint`, which Autobahn passes to `run` | the setter of that name |
/// | none | [`strict`](Self::strict): a failed `on_join` ends the attempt; [`transport`](Self::transport), [`batched`](Self::batched) |
/// | `start_reactor`, `reactor` | not needed, see below |
/// | `stop()` | [`stop`](Self::stop) |
///
/// Twisted has one event loop per process, the *reactor*, which a program must start once.
/// Autobahn's `run` therefore starts the reactor and blocks until it ends. A program that needs
/// something else sets `start_reactor=False` or passes a `reactor` of its own. In Rust the event
/// loop is tokio's runtime, and `#[tokio::main]` has started it before `main` begins. A program
/// awaits the future that `run` returns, or spawns it in any runtime with
/// `tokio::spawn(runner.run(make))`.
///
/// # Reconnecting
/// Without `auto_reconnect` the runner makes one attempt. When it ends, the future of `run` ends,
/// with an error unless the program left the session. With `auto_reconnect` another attempt follows
/// every temporary error, including a failed first connection. An error that another attempt cannot
/// change, such as an unknown realm or a wrong password, ends the runner at once (see
/// [`AttemptError::is_fatal_by_default`](super::AttemptError::is_fatal_by_default)).
///
/// The defaults of the delays are those of Autobahn's documentation, which differ from those of its
/// `Component`:
///
/// | parameter | `ApplicationRunner` | [`Component`] |
/// |---|---|---|
/// | `max_retries` | no limit | no limit |
/// | `initial_retry_delay` | 1 s | 1.5 s |
/// | `max_retry_delay` | 60 s | 300 s |
/// | `retry_delay_growth` | 1.5 | 1.5 |
/// | `retry_delay_jitter` | 0 to 1 s are added to each delay | a fraction of the delay, 0.1 |
///
/// [`retry_delay_jitter`](Self::retry_delay_jitter) takes a function or a fraction.
///
/// # Failure of `on_join`
/// As in Autobahn, an error of [`on_join`](ApplicationSession::on_join) is reported and logged, and
/// the session stays open with what it has registered and subscribed to before. With
/// [`strict`](Self::strict) the session is left, and the attempt fails.
///
/// # WebSocket settings
/// As in Autobahn, the runner has defaults of its own: messages of up to 1 MiB, a ping after 10 s
/// of silence, and a ping timeout of 5 s. The opening handshake may take 10 s (Autobahn: 2.5 s,
/// which is short for TLS on a slow line). Compression is not offered yet.
/// [`websocket_options`](Self::websocket_options) overrides each of them. RawSocket uses the
/// defaults of [`TransportConfig`] and those of the options that apply to it.
#[derive(Clone)]
pub struct ApplicationRunner {
    transport: TransportConfig,
    realm: Uri,
    extra: Value,
    authentication: Option<Authentication>,
    strict: bool,
    auto_reconnect: bool,
    log_level: LogLevel,
    signals: bool,
    /// Shared by clones; incremented to stop the current runs.
    stop: Arc<watch::Sender<u64>>,
}

/// What [`ApplicationRunner::retry_delay_jitter`] takes.
#[doc(hidden)]
pub trait RetryDelayJitter: sealed::Sealed {
    fn set(self, policy: RetryPolicy) -> RetryPolicy;
}

impl RetryDelayJitter for f64 {
    fn set(self, policy: RetryPolicy) -> RetryPolicy {
        RetryPolicy { added: Added::Nothing, ..policy.jitter(self) }
    }
}

impl<F: Fn() -> f64 + Send + Sync + 'static> RetryDelayJitter for F {
    fn set(self, policy: RetryPolicy) -> RetryPolicy {
        let caught = move || {
            catch(&self).unwrap_or_else(|panic| {
                tracing::warn!("the function for retry_delay_jitter {panic}");
                0.0
            })
        };
        RetryPolicy { added: Added::By(Arc::new(caught)), ..policy.jitter(0.0) }
    }
}

mod sealed {
    pub trait Sealed {}

    impl Sealed for f64 {}

    impl<F: Fn() -> f64> Sealed for F {}
}

impl ApplicationRunner {
    /// Creates a runner for the router at `url` (`ws://…`, `wss://…`, natively also `rs://…`,
    /// `rss://…`) and the `realm` to join.
    ///
    /// [`run`](Self::run) reports invalid values, also those of the setters.
    pub fn new(url: impl Into<String>, realm: impl Into<Uri>) -> Self {
        ApplicationRunner {
            transport: TransportConfig::new(url).retry(RetryPolicy {
                added: Added::UpTo(Duration::from_secs(1)),
                ..RetryPolicy::default()
                    .initial_delay(RUNNER_DELAY)
                    .max_delay(Duration::from_secs(60))
                    .jitter(0.0)
            }),
            realm: realm.into(),
            extra: Value::Null,
            authentication: None,
            strict: false,
            auto_reconnect: false,
            log_level: LogLevel::default(),
            signals: true,
            stop: Arc::new(watch::channel(0).0),
        }
    }

    /// Sets any value for the session, available as [`ComponentConfig::extra`]. Default: null.
    #[must_use]
    pub fn extra(mut self, extra: impl Into<Value>) -> Self {
        self.extra = extra.into();
        self
    }

    /// Sets the authentication, unless the session has its own
    /// ([`ApplicationSession::on_connect`]). Default: none.
    #[must_use]
    pub fn authentication(mut self, authentication: impl Into<Authentication>) -> Self {
        self.authentication = Some(authentication.into());
        self
    }

    /// Sets whether a failed [`on_join`](ApplicationSession::on_join) ends the attempt. The session
    /// is then left, and the future of [`run`](Self::run) ends with the error, or with
    /// `auto_reconnect` another attempt follows. Default: false; the error is reported and logged, and
    /// the session stays open.
    #[must_use]
    pub fn strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    /// Sets whether to reconnect after a failure. Default: false.
    #[must_use]
    pub fn auto_reconnect(mut self, auto_reconnect: bool) -> Self {
        self.auto_reconnect = auto_reconnect;
        self
    }

    /// Sets the log level. Default: [`LogLevel::Info`].
    #[must_use]
    pub fn log_level(mut self, log_level: LogLevel) -> Self {
        self.log_level = log_level;
        self
    }

    /// Sets whether SIGINT and SIGTERM stop the run, as described for [`run`](fn@super::run).
    /// Default: true.
    #[must_use]
    pub fn signals(mut self, signals: bool) -> Self {
        self.signals = signals;
        self
    }

    transport_setters! {
        batched(batched: bool),
        endpoint(endpoint: Endpoint),
        proxy(proxy: impl Into<Option<Proxy>>),
        header(name: impl Into<String>, value: impl Into<String>),
        max_retries(retries: impl Into<Option<u32>>),
        initial_retry_delay(delay: Duration),
        max_retry_delay(delay: Duration),
        retry_delay_growth(factor: f64),
    }

    /// Sets what is added to each delay: a function of no arguments that returns seconds, as in
    /// Autobahn, or the deviation of the delays as a fraction of them, 0 to 1, as in
    /// [`TransportConfig::retry_delay_jitter`]. Default: a random time of 0 to 1 s. What a function
    /// returns counts as 0 if it is negative or no number, or if the function panics.
    ///
    /// ```
    /// use wampwerk::component::ApplicationRunner;
    ///
    /// let runner = ApplicationRunner::new("ws://127.0.0.1:8080/ws", "realm1");
    /// let fixed = runner.clone().retry_delay_jitter(|| 0.25);
    /// let spread = runner.retry_delay_jitter(0.1);
    /// ```
    #[must_use]
    pub fn retry_delay_jitter(self, jitter: impl RetryDelayJitter) -> Self {
        self.with(|config| {
            let policy = config.retry_policy().cloned().unwrap_or_default();
            config.retry(jitter.set(policy))
        })
    }

    /// Adds headers of the opening handshake, as [`header`](Self::header) adds one.
    #[must_use]
    pub fn headers<N: Into<String>, V: Into<String>>(
        self,
        headers: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        self.with(|config| config.headers(headers))
    }

    /// See [`TransportConfig::serializers`]. RawSocket asks for the first alone, as with Autobahn.
    #[must_use]
    pub fn serializers(self, serializers: &[Serializer]) -> Self {
        self.with(|config| config.serializers(serializers))
    }

    /// See [`TransportConfig::tls`].
    #[doc(alias = "ssl")]
    #[must_use]
    pub fn tls(self, tls: Tls) -> Self {
        self.with(|config| config.tls(tls))
    }

    /// See [`TransportConfig::options`]; they override the runner's defaults one by one.
    #[must_use]
    pub fn websocket_options(self, options: WebSocketOptions) -> Self {
        self.with(|config| config.options(options))
    }

    /// Sets another transport, with all its settings, in the place of the URL and of all settings of
    /// the transport that were set before.
    #[must_use]
    pub fn transport(mut self, transport: TransportConfig) -> Self {
        self.transport = transport;
        self
    }

    fn with(mut self, set: impl FnOnce(TransportConfig) -> TransportConfig) -> Self {
        self.transport = set(self.transport);
        self
    }

    /// Runs a session that `make` creates, one for each connection, until it is done, fails, or is
    /// [stopped](Self::stop), also by SIGINT or SIGTERM (see [`signals`](Self::signals)).
    ///
    /// # Errors
    /// Returns [`ComponentError`]: a parameter is not valid, the last attempt failed, or the runner did
    /// not stop in time after a signal.
    pub fn run<F, S>(
        &self,
        make: F,
    ) -> impl Future<Output = Result<(), ComponentError>> + MaybeSend + use<F, S>
    where
        F: Fn(ComponentConfig) -> S + MaybeSend + MaybeSync + 'static,
        S: ApplicationSession,
    {
        // Subscribe at once, so that no stop after a spawn is missed.
        let mut stops = self.stop.subscribe();
        // Keep a handle: a dropped sender looks like a stop.
        let runner = self.clone();
        async move {
            let component = runner.component(make).map_err(ComponentError::InvalidConfig)?;
            let run = run(&component, runner.log_level).signals(runner.signals);
            let mut running = run.into_future();
            // The run first, as what has not begun cannot be stopped.
            let end = match race(&mut running, stops.changed()).await {
                Race::First(end) => end,
                Race::Second(told) => {
                    if told.is_ok() {
                        // `running` reports the end.
                        drop(component.stop());
                    }
                    running.await
                }
            };
            end.map_err(RunError::into_only)
        }
    }

    /// Stops all runs of this runner and its clones. The realm is left with GOODBYE, no attempt
    /// follows, and the future of [`run`](Self::run) ends with success.
    ///
    /// Runs that start later are not affected. A run starts when [`run`](Self::run) is called, even
    /// before its future is polled.
    pub fn stop(&self) {
        self.stop.send_modify(|count| *count = count.wrapping_add(1));
    }
}

impl fmt::Debug for ApplicationRunner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApplicationRunner")
            .field("transport", &self.transport)
            .field("realm", &self.realm)
            .field("strict", &self.strict)
            .field("auto_reconnect", &self.auto_reconnect)
            .field("log_level", &self.log_level)
            .finish_non_exhaustive()
    }
}

impl ApplicationRunner {
    fn component<F, S>(&self, make: F) -> Result<Component, ConfigError>
    where
        F: Fn(ComponentConfig) -> S + MaybeSend + MaybeSync + 'static,
        S: ApplicationSession,
    {
        let defaults = WebSocketOptions::new()
            .max_message_payload_size(MAX_MESSAGE_SIZE)
            .auto_ping_interval(Duration::from_secs(10))
            .auto_ping_timeout(Duration::from_secs(5));
        let mut transport = self.transport.clone().first_for_raw_socket();
        // RawSocket sends no pings unless they are set.
        if transport.is_websocket() {
            transport.options = transport.options.or(defaults);
        }
        // A limit below the default means that shorter delays are wanted.
        if let Some(policy) = transport.retry_policy().filter(|it| it.initial_delay == RUNNER_DELAY)
        {
            let policy = policy.clone().initial_delay(RUNNER_DELAY.min(policy.max_delay));
            transport = transport.retry(policy);
        }
        if !self.auto_reconnect {
            transport = transport.max_retries(0);
        }
        let mut builder = Component::builder()
            .realm(self.realm.clone())
            .extra(self.extra.clone())
            .strict(self.strict)
            .transports(transport.into_transports().map_err(own)?)
            .session_factory(make);
        if let Some(authentication) = &self.authentication {
            builder = builder.authentication(authentication.clone());
        }
        builder.build()
    }
}

/// Replaces the names of the transport's settings by those of the runner's parameters.
fn own(error: ConfigError) -> ConfigError {
    let path = error.path.trim_start_matches("[0]").trim_start_matches('.');
    let names = [
        ("type", "url"),
        ("endpoint.tls", "tls"),
        ("options", "websocket_options"),
        ("serializer", "serializers"),
    ];
    let renamed = names.iter().find_map(|(theirs, own)| {
        let rest = path.strip_prefix(theirs)?;
        (rest.is_empty() || rest.starts_with('.')).then(|| format!("{own}{rest}"))
    });
    let path = renamed.unwrap_or_else(|| path.to_owned());
    error.at(path)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail so")]

    use super::*;
    use crate::core::retry::{Next, Rotation};

    #[test]
    fn the_documented_defaults_of_autobahn() {
        let runner = ApplicationRunner::new("ws://localhost/ws", "realm1");
        let policy = |runner: &ApplicationRunner| runner.transport.retry_policy().unwrap().clone();
        let seconds = Duration::from_secs;
        let defaults = policy(&runner);
        assert_eq!((defaults.initial_delay, defaults.max_delay), (seconds(1), seconds(60)));
        assert_eq!((defaults.growth, defaults.jitter), (1.5, 0.0));
        assert_eq!(defaults.added, Added::UpTo(seconds(1)));
        // A single value leaves the others; a fraction replaces the time that is added.
        let set = policy(&runner.clone().retry_delay_jitter(0.2).max_retry_delay(seconds(5)));
        assert_eq!((set.jitter, set.max_delay), (0.2, seconds(5)));
        assert_eq!(set.added, Added::Nothing);
        assert_eq!(set.initial_delay, seconds(1));
        // A limit below the default delay is valid.
        let short = runner.max_retry_delay(Duration::from_millis(100));
        assert!(short.headers([("a", "b"), ("c", "d")]).component(|_| Idle).is_ok());
    }

    #[test]
    fn the_jitter_is_a_function_of_no_arguments_or_a_fraction() {
        let runner = ApplicationRunner::new("ws://localhost/ws", "realm1");
        let second_delay = |runner: &ApplicationRunner| {
            let policy = runner.transport.retry_policy().unwrap().clone();
            let mut rotation = Rotation::new([policy], 7);
            rotation.next();
            rotation.failed(0);
            let Next::Connect { delay, .. } = rotation.next() else { unreachable!() };
            delay.as_secs_f64()
        };
        let by = |function: fn() -> f64| second_delay(&runner.clone().retry_delay_jitter(function));
        assert_eq!(by(|| 0.25), 1.25);
        assert_eq!(by(|| 5.0), 6.0);
        let none: [fn() -> f64; 3] = [|| -1.0, || f64::NAN, || panic!("in the function")];
        for none in none {
            assert_eq!(by(none), 1.0);
        }
        // As long as it may be, and as much shorter.
        assert!(by(|| f64::INFINITY) <= 60.0);
        // A function and a fraction replace each other.
        let none = runner.clone().retry_delay_jitter(|| 9.0).retry_delay_jitter(0.0);
        assert_eq!(second_delay(&none), 1.0);
        let some = runner.clone().retry_delay_jitter(0.5).retry_delay_jitter(|| 0.5);
        assert_eq!(second_delay(&some), 1.5);
        // 0 to 1 s by default.
        assert!((1.0..2.0).contains(&second_delay(&runner)));
    }

    struct Idle;

    impl ApplicationSession for Idle {}
}
