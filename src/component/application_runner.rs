//! `ApplicationRunner`: one application session, run as a program.

use std::fmt;
use std::future::IntoFuture;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::component::Component;
use crate::component::application_session::{ApplicationSession, ComponentConfig};
use crate::component::config::TransportConfig;
use crate::component::error::ComponentError;
use crate::component::logging::LogLevel;
use crate::component::run::run;
use crate::component::transports::IntoTransports;
use crate::core::retry::RetryPolicy;
use crate::error::{ConfigError, ConnectError};
use crate::message::Serializer;
use crate::rt::future::{Race, race};
use crate::rt::{BoxFuture, MaybeSend, MaybeSync};
use crate::session::authentication::Authentication;
use crate::transport::{EndpointConfig, ProxyConfig, TlsOptions, WebSocketOptions};
use crate::uri::Uri;
use crate::value::Value;

/// As Autobahn's runner has it, other than its `Component`: 1 MiB.
const MAX_MESSAGE_SIZE: usize = 1 << 20;

/// Runs one application session as a program. Autobahn's `ApplicationRunner`.
///
/// For Autobahn's users; a [`Component`] can do more, and is not harder to use.
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
/// # What Autobahn has, and what it is here
/// | parameter | here |
/// |---|---|
/// | `url`, `realm` | [`new`](Self::new) |
/// | `extra`, `serializers`, `ssl`, `proxy`, `headers`, `websocket_options` | the setter of that name; one [`header`](Self::header) at a time |
/// | `max_retries`, `initial_retry_delay`, `max_retry_delay`, `retry_delay_growth`, `retry_delay_jitter` | the setter of that name. They count with `auto_reconnect` only. Each can be set alone; what is not set is as [`RetryPolicy`] says |
/// | `run(make, …)` | [`run`](Self::run) |
/// | `auto_reconnect`, `log_level`, `endpoint` | setters of what `run` gives |
/// | | [`strict`](Self::strict): whether a failed `on_join` is a failure |
/// | `start_reactor`, `reactor` | nothing, see below |
/// | `stop()` | [`stop`](Self::stop) |
///
/// Twisted has one event loop per process, its *reactor*, which is not running when a program
/// begins, and cannot be started again. So Autobahn's `run` starts it, and does not return before
/// everything is over; a program that needs it otherwise says `start_reactor=False` and gets a
/// `Deferred`, or passes a `reactor` of its own. In Rust the event loop is tokio's runtime, and
/// `#[tokio::main]` has started it before `main` begins. A program awaits what `run`
/// gives, or spawns it as `tokio::spawn(runner.run(make).into_future())` (with
/// [`IntoFuture`] in scope) and does something else, in whichever runtime it likes.
///
/// # How it reconnects
/// Without `auto_reconnect` there is one attempt: whatever ends it, the future of `run` ends, with an
/// error unless the session was left by us. With it, another attempt follows whatever may pass, the
/// first connection included (the router need not be up yet). What cannot pass, as a realm that is
/// not there or a wrong password, ends it at once with that error
/// (see [`AttemptError::is_fatal_by_default`](super::AttemptError::is_fatal_by_default)).
///
/// # When `on_join` fails
/// As in Autobahn, an error of [`on_join`](ApplicationSession::on_join) is told and logged, and the
/// session stays: the program runs on with what it had registered and subscribed to before. With
/// [`strict`](Self::strict) the session is left, and the attempt has failed.
///
/// # WebSocket's settings
/// As in Autobahn, the runner has defaults of its own: messages up to 1 MiB, a ping after 10 s of
/// silence, and 5 s to answer it. The opening handshake may take 10 s (2.5 s in Autobahn, which is
/// short for TLS on a slow line), and compression is not offered yet.
/// [`websocket_options`](Self::websocket_options) overrides each of them. RawSocket has the defaults
/// of [`TransportConfig`], and takes those of the options that have a meaning there.
#[derive(Clone)]
pub struct ApplicationRunner {
    transport: TransportConfig,
    realm: Uri,
    extra: Value,
    authentication: Option<Authentication>,
    strict: bool,
    options: WebSocketOptions,
    retry: RetryPolicy,
    /// Shared by clones; counted up to stop what runs.
    stop: Arc<watch::Sender<u64>>,
}

impl ApplicationRunner {
    /// A runner for a router at `url` (`ws://…`, `wss://…`, natively also `rs://…`, `rss://…`), whose
    /// `realm` is joined.
    ///
    /// What is wrong with it, and with what the setters take, [`run`](Self::run) says.
    pub fn new(url: impl Into<String>, realm: impl Into<Uri>) -> Self {
        ApplicationRunner {
            transport: TransportConfig::new(url),
            realm: realm.into(),
            extra: Value::Null,
            authentication: None,
            strict: false,
            options: WebSocketOptions::new(),
            retry: RetryPolicy::default(),
            stop: Arc::new(watch::channel(0).0),
        }
    }

    /// Anything for the session, in [`ComponentConfig::extra`]. Default: null.
    #[must_use]
    pub fn extra(mut self, extra: impl Into<Value>) -> Self {
        self.extra = extra.into();
        self
    }

    /// How to prove who we are, unless the session does it itself
    /// ([`ApplicationSession::on_connect`]). Default: not at all.
    #[must_use]
    pub fn authentication(mut self, authentication: impl Into<Authentication>) -> Self {
        self.authentication = Some(authentication.into());
        self
    }

    /// Whether a failed [`on_join`](ApplicationSession::on_join) ends the attempt: the session is
    /// left, and the future of [`run`](Self::run) ends with the error, or with `auto_reconnect` there
    /// is another attempt. Default: no; the error is told and logged, and the session stays.
    #[must_use]
    pub fn strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    /// The serializers to offer, the preferred first; RawSocket asks for the first alone, as with
    /// Autobahn. Default: CBOR, MessagePack, JSON, as far as they are compiled in. An empty list is
    /// refused.
    #[must_use]
    pub fn serializers(mut self, serializers: &[Serializer]) -> Self {
        self.transport = self.transport.serializers(serializers);
        self
    }

    /// What to do with TLS. The URL must be for TLS. Default: trust whom the platform trusts.
    #[must_use]
    pub fn ssl(mut self, ssl: TlsOptions) -> Self {
        self.transport = self.transport.tls(ssl);
        self
    }

    /// A proxy on the way. Default: none.
    #[must_use]
    pub fn proxy(mut self, proxy: ProxyConfig) -> Self {
        self.transport = self.transport.proxy(proxy);
        self
    }

    /// Adds a header to the HTTP request of the opening handshake.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.transport = self.transport.header(name, value);
        self
    }

    /// WebSocket's own settings; they override the runner's defaults one by one.
    #[must_use]
    pub fn websocket_options(mut self, options: WebSocketOptions) -> Self {
        self.options = options;
        self
    }

    /// How many times in a row to try again after a failure; `None` for no limit, the default.
    #[must_use]
    pub fn max_retries(mut self, retries: impl Into<Option<u32>>) -> Self {
        self.retry.max_retries = retries.into();
        self
    }

    /// The delay before the first retry. Default: 1.5 s.
    #[must_use]
    pub fn initial_retry_delay(mut self, delay: Duration) -> Self {
        self.retry.initial_delay = delay;
        self
    }

    /// The longest delay. Default: 300 s.
    #[must_use]
    pub fn max_retry_delay(mut self, delay: Duration) -> Self {
        self.retry.max_delay = delay;
        self
    }

    /// By what the delay is multiplied after each retry. Default: 1.5.
    #[must_use]
    pub fn retry_delay_growth(mut self, factor: f64) -> Self {
        self.retry.growth = factor;
        self
    }

    /// How far delays scatter: the standard deviation as a fraction of the delay. Default: 0.1.
    #[must_use]
    pub fn retry_delay_jitter(mut self, fraction: f64) -> Self {
        self.retry.jitter = fraction;
        self
    }

    /// Runs the session that `make` makes; one is made for each connection.
    pub fn run<F, S>(&self, make: F) -> RunnerRun<F>
    where
        F: Fn(ComponentConfig) -> S + MaybeSend + MaybeSync + 'static,
        S: ApplicationSession,
    {
        RunnerRun {
            runner: self.clone(),
            make,
            auto_reconnect: false,
            log_level: LogLevel::default(),
            endpoint: None,
            signals: true,
        }
    }

    /// Stops what this runner, or a clone of it, runs: the realm is left with GOODBYE, there is no
    /// further attempt, and the future of [`run`](Self::run) ends with success. What is started
    /// later is not stopped: it counts when the future is made (by `await` or `into_future`), even if
    /// nobody has polled it yet.
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
            .field("options", &self.options)
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}

/// A run that is being put together; `await` it to run. See [`ApplicationRunner::run`].
///
/// SIGINT and SIGTERM stop it, as [`run`](fn@super::run) says.
#[must_use = "nothing runs until it is awaited"]
pub struct RunnerRun<F> {
    runner: ApplicationRunner,
    make: F,
    auto_reconnect: bool,
    log_level: LogLevel,
    endpoint: Option<EndpointConfig>,
    signals: bool,
}

impl<F> RunnerRun<F> {
    /// Whether to connect again after a failure. Default: no.
    pub fn auto_reconnect(mut self, auto_reconnect: bool) -> Self {
        self.auto_reconnect = auto_reconnect;
        self
    }

    /// How much is logged. Default: [`LogLevel::Info`].
    pub fn log_level(mut self, log_level: LogLevel) -> Self {
        self.log_level = log_level;
        self
    }

    /// Where to connect to, if not where the URL says.
    pub fn endpoint(mut self, endpoint: EndpointConfig) -> Self {
        self.endpoint = Some(endpoint);
        self
    }

    /// Whether to stop at SIGINT and SIGTERM. Default: yes.
    pub fn signals(mut self, signals: bool) -> Self {
        self.signals = signals;
        self
    }
}

impl<F> fmt::Debug for RunnerRun<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunnerRun")
            .field("runner", &self.runner)
            .field("auto_reconnect", &self.auto_reconnect)
            .field("log_level", &self.log_level)
            .field("endpoint", &self.endpoint)
            .field("signals", &self.signals)
            .finish_non_exhaustive()
    }
}

impl<F, S> RunnerRun<F>
where
    F: Fn(ComponentConfig) -> S + MaybeSend + MaybeSync + 'static,
    S: ApplicationSession,
{
    fn component(self) -> Result<Component, ConnectError> {
        let ApplicationRunner {
            transport,
            realm,
            extra,
            authentication,
            strict,
            options,
            retry,
            ..
        } = self.runner;
        let defaults = WebSocketOptions::new()
            .max_message_payload_size(MAX_MESSAGE_SIZE)
            .auto_ping_interval(Duration::from_secs(10))
            .auto_ping_timeout(Duration::from_secs(5));
        // RawSocket has no pings unless they are asked for.
        let (transport, options) = match transport.is_websocket() {
            true => (transport, options.or(defaults)),
            false => (transport.first_serializer(), options),
        };
        let mut transport = transport.options(options).retry(retry);
        if !self.auto_reconnect {
            transport = transport.max_retries(0);
        }
        if let Some(endpoint) = self.endpoint {
            transport = transport.endpoint(endpoint);
        }
        let mut builder = Component::builder()
            .realm(realm)
            .extra(extra)
            .strict(strict)
            .transports(transport.into_transports().map_err(own)?)
            .session_factory(self.make);
        if let Some(authentication) = authentication {
            builder = builder.authentication(authentication);
        }
        builder.build()
    }
}

/// The error of the transport by the names of the runner's parameters.
fn own(error: ConfigError) -> ConfigError {
    let path = error.path.trim_start_matches("[0]").trim_start_matches('.');
    let names = [
        ("type", "url"),
        ("endpoint.tls", "ssl"),
        ("options", "websocket_options"),
        ("serializer", "serializers"),
    ];
    let renamed = names.iter().find_map(|(theirs, own)| {
        let rest = path.strip_prefix(theirs)?;
        (rest.is_empty() || rest.starts_with('.')).then(|| format!("{own}{rest}"))
    });
    ConfigError::new(renamed.unwrap_or_else(|| path.to_owned()), error.message)
}

impl<F, S> IntoFuture for RunnerRun<F>
where
    F: Fn(ComponentConfig) -> S + MaybeSend + MaybeSync + 'static,
    S: ApplicationSession,
{
    type Output = Result<(), RunnerError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        // Before the first poll, so that no stop behind a spawn is missed.
        let mut stops = self.runner.stop.subscribe();
        Box::pin(async move {
            let (log_level, signals) = (self.log_level, self.signals);
            // Kept, as what comes from a dropped sender cannot be told from a stop.
            let _runner = self.runner.clone();
            let component = self.component().map_err(RunnerError::Config)?;
            let mut running = run(&component, log_level).signals(signals).into_future();
            // The run first, as what has not begun cannot be stopped.
            let end = match race(&mut running, stops.changed()).await {
                Race::First(end) => end,
                Race::Second(told) => {
                    if told.is_ok() {
                        // Its end comes by `running`.
                        drop(component.stop());
                    }
                    running.await
                }
            };
            match end {
                Ok(()) => Ok(()),
                Err(mut error) => match error.failed.pop() {
                    Some(failed) => Err(RunnerError::Component(failed.error)),
                    None => Err(RunnerError::Unfinished),
                },
            }
        })
    }
}

/// A runner ended without having been told to, or could not begin. Its `Debug` is its text, too, as a
/// `main` that returns it shows that.
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum RunnerError {
    /// A parameter cannot be used.
    #[error("{0}")]
    Config(ConnectError),
    /// The last attempt failed.
    #[error("{0}")]
    Component(ComponentError),
    /// It did not stop in time after a signal.
    #[error("it did not stop in time")]
    Unfinished,
}

impl fmt::Debug for RunnerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
