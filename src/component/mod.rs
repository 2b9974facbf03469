//! Contains [`Component`], a session that reconnects, and the functions that run components.
//!
//! A component describes transports, realm, credentials and handlers once. It connects and joins,
//! and does so again whenever the connection is lost:
//!
//! ```no_run
//! use wampwerk::component::{Component, LogLevel, run};
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let component = Component::builder()
//!         .transports("ws://127.0.0.1:8080/ws")
//!         .realm("realm1")
//!         .build()?;
//!     component.register("com.example.add", |a: i64, b: i64| async move { a + b });
//!     component.on_ready(|session| async move { println!("joined as {}", session.id()) });
//!     run(component, LogLevel::Info).await?;
//!     Ok(())
//! }
//! ```
//!
//! - Description: [`ComponentBuilder`], [`TransportConfig`](crate::transport::TransportConfig),
//!   [`RetryPolicy`]; from JSON with Autobahn's keys: [`Component::from_json`]
//! - Procedures and handlers of each session: [`Component::register`], [`Component::subscribe`]
//! - Running: [`Component::start`], [`Component::joined`], [`Component::stop`]; as a program: [`run`](fn@run)
//! - Listeners: [`Component::on_join`] and others
//! - Sessions as objects: [`ApplicationSession`], [`ApplicationRunner`]
//! - Errors: [`AttemptError`], [`ComponentError`], [`RunError`]

mod application_runner;
mod application_session;
mod attempt;
pub(crate) mod builder;
mod callback;
pub mod config;
mod error;
mod establish;
mod interest;
mod listeners;
mod logging;
mod retry_notice;
mod run;
mod run_loop;
mod state;
mod stop;
mod tracked;
mod transports;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, MutexGuard};
use std::task::{Context, Poll};

use tokio::sync::watch;

pub use application_runner::ApplicationRunner;
pub use application_session::{ApplicationSession, ComponentConfig, JoinAs};
pub use builder::ComponentBuilder;
pub use error::{AttemptError, BoxError, ComponentError};
pub use listeners::ListenerId;
pub use logging::LogLevel;
pub use retry_notice::{RetryDecision, RetryNotice};
pub use run::{Run, RunError, run};
pub use state::{ComponentState, States};
pub use transports::{IntoTransports, TransportEntry};

pub use crate::core::retry::RetryPolicy;

use crate::error::ConfigError;
use crate::lock::Lock;
use crate::rt::span::in_span;
use crate::rt::{self, BoxFuture};
use crate::session::Session;
use crate::uri::Uri;
use builder::Settings;
use listeners::Listeners;
use run_loop::Signals;
use stop::Stop;

/// A session that reconnects. Equivalent of Autobahn's `Component`.
///
/// A component is a handle that is cheap to clone; all clones are the same component. A started
/// component runs until it is done, is [stopped](Component::stop), or its last handle is dropped,
/// which also stops it. [`Running`] is a handle, too. A listener or procedure that holds a handle
/// of its own component keeps it running and in memory; pass the [`Session`] instead.
///
/// ```
/// # #[cfg(feature = "router")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use wampwerk::component::Component;
///
/// # let router = wampwerk::Router::builder().realm("realm1").build()?;
/// # let listener = router.listen("ws://127.0.0.1:0/ws").await?;
/// # let url = listener.url().to_owned();
/// let component = Component::builder()
///     .realm("realm1")
///     .url(move || std::future::ready(Ok::<_, wampwerk::Error>(url.clone())))
///     .main(|session| async move {
///         let sum: i64 = session.call("com.example.add").args((2, 3)).value().await?;
///         assert_eq!(sum, 5);
///         Ok::<_, wampwerk::Error>(())
///     })
///     .build()?;
/// component.register("com.example.add", |a: i64, b: i64| async move { a + b });
/// component.on_leave(|reason| async move { println!("{reason}") });
/// component.start().await?;
/// # Ok(()) }
/// # #[cfg(not(feature = "router"))]
/// # fn main() {}
/// ```
///
/// # Autobahn's arguments, methods and events
/// | argument of `Component` | here |
/// |---|---|
/// | `main(reactor, session)` | [`ComponentBuilder::main`], with the session; the event loop is tokio's runtime |
/// | `transports` | [`ComponentBuilder::transports`]: a URL, Autobahn's dict or list, [`TransportConfig`](crate::transport::TransportConfig), a connector. Also [`ComponentBuilder::url`], a function called for each attempt |
/// | `config` | none; Autobahn accepts it and does not use it. [`ComponentBuilder::session_config`] sets how sessions are opened |
/// | `realm`, `extra` | [`ComponentBuilder::realm`], [`extra`](ComponentBuilder::extra); a session factory receives both as [`ComponentConfig`] |
/// | `authentication` | [`ComponentBuilder::authentication`]; Autobahn's dict by [`Authentication::from_value`](crate::session::authentication::Authentication::from_value). Also [`ComponentBuilder::credentials`], a function called for each connection |
/// | `session_factory` | [`ComponentBuilder::session_factory`] |
/// | `is_fatal` | [`ComponentBuilder::is_fatal`]; a fatal error ends the component, not only its transport. By default Autobahn retries every error; here the default is [`AttemptError::is_fatal_by_default`] |
/// | all arguments as a dict | [`Component::from_value`], [`Component::from_json`] |
///
/// | method | here |
/// |---|---|
/// | `start(reactor)` | [`start`](Self::start): a future of the end; a failure is an error |
/// | `stop()` | [`stop`](Self::stop), final in every state |
/// | `@component.register`, `@component.subscribe` | [`register`](Self::register), [`subscribe`](Self::subscribe) |
/// | `on(event, …)`, `@component.on_join` and others | one method per event, which returns a [`ListenerId`] |
/// | `off(event, …)` | [`off`](Self::off), with that id |
///
/// | event and its arguments | here |
/// |---|---|
/// | `start`: the reactor, the component | [`on_start`](Self::on_start): no argument |
/// | `connect`: the session, the transport | [`on_connect`](Self::on_connect): the [`TransportInfo`](crate::transport::TransportInfo). There is no [`Session`] before a realm is joined |
/// | `join`: the session, its details | [`on_join`](Self::on_join): the [`Session`] |
/// | `ready`: the session | [`on_ready`](Self::on_ready): the [`Session`] |
/// | `leave`: the session, the details | [`on_leave`](Self::on_leave): the [`CloseReason`](crate::error::CloseReason). The session has ended and cannot be used |
/// | `disconnect`: the session, `was_clean` | [`on_disconnect`](Self::on_disconnect): `was_clean` |
/// | `connectfailure`: the component, the exception | [`on_connect_failure`](Self::on_connect_failure): the [`AttemptError`] |
/// | none | [`on_retry`](Self::on_retry), with [`retry_now`](Self::retry_now), [`state`](Self::state) and [`states`](Self::states) |
///
/// The [`Session`] contains all details of a join: its [`id`](Session::id),
/// [`realm`](Session::realm), [`authid`](Session::authid), [`authrole`](Session::authrole) and
/// [`welcome`](Session::welcome).
#[doc(alias = "Connection")]
#[derive(Clone)]
pub struct Component {
    owner: Arc<Owner>,
}

/// Stops the component when the last handle is dropped; a run holds the shared state only.
struct Owner {
    shared: Arc<Shared>,
}

struct Shared {
    settings: Settings,
    listeners: Lock<Listeners>,
    /// The current or last run.
    run: Lock<Option<RunHandle>>,
    state: watch::Sender<ComponentState>,
    session: Lock<Option<Session>>,
    /// Incremented by [`Component::retry_now`].
    retry_now: watch::Sender<u64>,
    /// Incremented by each declared registration or subscription.
    declarations: watch::Sender<u64>,
}

/// A run as seen by handles.
#[derive(Clone)]
struct RunHandle {
    stop: Arc<watch::Sender<bool>>,
    /// Set before the end shows in the state or in `done`, because an observer of the end may start
    /// again.
    over: Arc<AtomicBool>,
    done: watch::Receiver<Option<Result<(), ComponentError>>>,
}

impl Component {
    /// Returns a builder with the defaults.
    pub fn builder() -> ComponentBuilder {
        ComponentBuilder::new(Ok(Vec::new()), builder::default_transports)
    }

    /// Creates a component from transports and a realm.
    ///
    /// # Errors
    /// See [`ComponentBuilder::build`].
    pub fn new(
        transports: impl IntoTransports,
        realm: impl Into<Uri>,
    ) -> Result<Self, ConfigError> {
        Component::builder().transports(transports).realm(realm).build()
    }

    /// Starts the component and returns [`Running`], a future of its end.
    ///
    /// If the component is running, the call joins the current run: both futures have the same
    /// result. A component that is done can be started again with fresh counters. A start during a
    /// stop takes effect after it.
    ///
    /// # Panics
    /// Natively, outside a tokio runtime.
    #[doc(alias = "open")]
    pub fn start(&self) -> Running {
        let shared = &self.owner.shared;
        let (done, end) = watch::channel(None);
        let (control, previous) = {
            let mut run = shared.run.lock();
            match &*run {
                Some(control) if control.is_live() => return self.running(control),
                _ => {}
            }
            let stop = Arc::new(watch::channel(false).0);
            let control = RunHandle { stop, over: Arc::default(), done: end };
            (control.clone(), run.replace(control))
        };
        let previous = previous.map(|control| control.done);
        let run = run_loop::run(Arc::clone(shared), control.signals(), previous);
        // Without a parent span: the component is not part of the caller's work. At level error, so
        // that every log level shows it.
        let name = shared.settings.name.as_deref();
        let span = || tracing::error_span!(parent: None, "component", realm = %self.realm(), name);
        let task = async move {
            done.send_replace(Some(run.await));
        };
        rt::spawn(in_span(task, span));
        self.running(&control)
    }

    /// Stops the component at once, whatever it is doing. An attempt is aborted, a delay is ended,
    /// and a session is left with GOODBYE. The router has 3 s to answer (see
    /// [`SessionConfig::leave_timeout`](crate::session::SessionConfig::leave_timeout)). `main`
    /// and the join listeners are dropped at their await points.
    ///
    /// The returned future completes when the component has ended; awaiting it is optional. The run
    /// ends with success. No attempt follows until the component is started again. Without a run,
    /// nothing happens.
    #[doc(alias = "close")]
    pub fn stop(&self) -> impl Future<Output = ()> + use<> {
        let control = self.owner.shared.run.lock().clone();
        if let Some(control) = &control {
            control.stop.send_replace(true);
        }
        async move {
            if let Some(mut control) = control {
                drop(control.done.wait_for(Option::is_some).await);
            }
        }
    }

    /// Makes the next attempt now, if the component waits for one, even if the browser is offline.
    pub fn retry_now(&self) {
        self.owner.shared.retry_now.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Returns the realm to join, unless an [`ApplicationSession`] chooses another one.
    pub fn realm(&self) -> &Uri {
        &self.owner.shared.settings.realm
    }

    /// Returns the current state.
    pub fn state(&self) -> ComponentState {
        self.owner.shared.state.borrow().clone()
    }

    /// Returns a watcher of the state.
    pub fn states(&self) -> States {
        States(self.owner.shared.state.subscribe())
    }

    /// Returns the session, from WELCOME until its end.
    pub fn session(&self) -> Option<Session> {
        self.owner.shared.session.lock().clone()
    }

    /// Waits for a session that is ready: everything declared is registered and subscribed to, and the
    /// join listeners have completed. Returns the current one at once. Before
    /// [`start`](Self::start) it waits, too.
    ///
    /// ```
    /// # #[cfg(feature = "router")]
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use wampwerk::component::Component;
    ///
    /// # let router = wampwerk::Router::builder().realm("realm1").build()?;
    /// # let listener = router.listen("ws://127.0.0.1:0/ws").await?;
    /// let component = Component::new(listener.url(), "realm1")?;
    /// component.register("com.example.add", |a: i64, b: i64| async move { a + b });
    /// let running = component.start();
    /// let session = component.joined().await?;
    /// let sum: i64 = session.call("com.example.add").args((2, 3)).value().await?;
    /// assert_eq!(sum, 5);
    /// component.stop().await;
    /// running.await?;
    /// # Ok(()) }
    /// # #[cfg(not(feature = "router"))]
    /// # fn main() {}
    /// ```
    ///
    /// The session is this join's: after a loss its requests fail, and `joined` waits for the next one.
    ///
    /// # Errors
    /// Returns the error of a component that has failed, and [`ComponentError::Ended`] if it has been
    /// stopped or is done.
    pub async fn joined(&self) -> Result<Session, ComponentError> {
        let shared = &self.owner.shared;
        let mut state = shared.state.subscribe();
        loop {
            let now = state.borrow_and_update().clone();
            if let ComponentState::Joined { session: id, .. } = now {
                // The end of a session shows in it before it shows in the state.
                let current = self.session();
                let current = current.filter(|session| session.id() == id && !session.is_closed());
                if let Some(session) = current {
                    return Ok(session);
                }
            }
            let run = shared.run.lock().clone();
            if now == ComponentState::Done
                && let Some(mut run) = run.filter(|run| !run.is_live())
            {
                return Err(match run.done.wait_for(Option::is_some).await.as_deref() {
                    Ok(Some(Err(error))) => error.clone(),
                    Ok(_) => ComponentError::Ended,
                    Err(_) => ComponentError::RuntimeEnded,
                });
            }
            if state.changed().await.is_err() {
                return Err(ComponentError::RuntimeEnded);
            }
        }
    }

    fn running(&self, control: &RunHandle) -> Running {
        let mut done = control.done.clone();
        let end = async move {
            match done.wait_for(Option::is_some).await {
                Ok(end) => end.clone().unwrap_or(Ok(())),
                Err(_) => Err(ComponentError::RuntimeEnded),
            }
        };
        Running { component: self.clone(), end: Box::pin(end) }
    }

    fn listeners(&self) -> MutexGuard<'_, Listeners> {
        self.owner.shared.listeners.lock()
    }
}

impl fmt::Debug for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Component")
            .field("realm", &self.owner.shared.settings.realm)
            .field("transports", &self.owner.shared.settings.transports)
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}

/// The run of a component: a future of its end. Dropping it does not stop the run while there is
/// another handle.
///
/// The result is `Ok` when `main` returned `Ok`, when the program left the session and `main` did
/// not fail, or when the component was stopped. Otherwise it is a [`ComponentError`].
#[must_use = "when no handle is left, the component stops"]
pub struct Running {
    component: Component,
    end: BoxFuture<'static, Result<(), ComponentError>>,
}

impl Running {
    /// Returns the component.
    pub fn component(&self) -> &Component {
        &self.component
    }
}

impl Future for Running {
    type Output = Result<(), ComponentError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.end.as_mut().poll(cx)
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Running").field(&self.component).finish()
    }
}

impl Owner {
    #[allow(clippy::arc_with_non_send_sync, reason = "in the browser nothing is Send")]
    fn new(settings: Settings) -> Self {
        let shared = Shared {
            settings,
            listeners: Lock::default(),
            run: Lock::default(),
            state: watch::channel(ComponentState::Idle).0,
            session: Lock::default(),
            retry_now: watch::channel(0).0,
            declarations: watch::channel(0).0,
        };
        Owner { shared: Arc::new(shared) }
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        if let Some(control) = &*self.shared.run.lock() {
            control.stop.send_replace(true);
        }
    }
}

impl RunHandle {
    /// Returns whether the run has neither ended nor been told to stop.
    fn is_live(&self) -> bool {
        let ended = self.over.load(Ordering::Acquire) || self.done.borrow().is_some();
        let over = ended || self.done.has_changed().is_err();
        !over && !*self.stop.borrow()
    }

    /// Returns the state that the run itself needs.
    fn signals(&self) -> Signals {
        Signals { stop: Stop(self.stop.subscribe()), over: Arc::clone(&self.over) }
    }
}
