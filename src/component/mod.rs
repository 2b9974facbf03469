//! `Component`: a session that stays up. Transports, realm, credentials and handlers are described
//! once; it connects, joins, and does it again whenever the connection is lost.
//!
//! Owns the loop around sessions. When to try which transport is `core::retry`'s matter.

mod application_runner;
mod application_session;
mod attempt;
mod builder;
mod callback;
pub mod config;
mod error;
mod interest;
mod listeners;
mod logging;
mod retry_notice;
mod run;
mod run_loop;
mod state;
mod tracked;
mod transports;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, MutexGuard};
use std::task::{Context, Poll};

use tokio::sync::watch;
use tracing::Instrument;

pub use application_runner::{ApplicationRunner, RunnerError, RunnerRun};
pub use application_session::{ApplicationSession, ComponentConfig, JoinAs};
pub use builder::ComponentBuilder;
pub use callback::Outcome;
pub use config::{
    EndpointConfig, ProxyConfig, ProxyKind, TlsOptions, TransportConfig, WebSocketOptions,
};
pub use error::{AttemptError, BoxError, ComponentError, HandlerError};
pub use listeners::ListenerId;
pub use logging::LogLevel;
pub use retry_notice::{RetryDecision, RetryNotice};
pub use run::{FailedComponent, IntoComponents, Run, RunError, run};
pub use state::{ComponentState, States};
pub use transports::{IntoTransports, TransportEntry};

pub use crate::core::retry::RetryPolicy;

use crate::error::ConnectError;
use crate::rt::lock::Lock;
use crate::rt::{self, BoxFuture};
use crate::session::Session;
use crate::uri::Uri;
use builder::Settings;
use listeners::Listeners;
use run_loop::{Signals, Stop};

/// A session that stays up. Autobahn's `Component`.
///
/// A handle that is cheap to clone; all clones are the same component. A component that runs goes on
/// until it is done, or [stopped](Component::stop), or until the last handle is dropped; then it
/// stops as if it had been told to. [`Running`] is a handle, too. A listener or procedure of the
/// component that keeps a handle of it keeps it going, and in memory: it is better to hand it the
/// [`Session`] only.
///
/// ```
/// # #[cfg(all(feature = "client", feature = "router"))]
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
/// # #[cfg(not(all(feature = "client", feature = "router")))]
/// # fn main() {}
/// ```
///
/// # What Autobahn has, and what it is here
/// | argument of `Component` | here |
/// |---|---|
/// | `main(reactor, session)` | [`ComponentBuilder::main`], with the session; the event loop is tokio's runtime, and needs no name |
/// | `transports` | [`ComponentBuilder::transports`]: a URL, Autobahn's dict or list, [`TransportConfig`], a connector. Also [`ComponentBuilder::url`], asked for at each attempt |
/// | `config` | nothing, as Autobahn takes it and does not use it. How sessions are opened is [`ComponentBuilder::session_config`] |
/// | `realm`, `extra` | [`ComponentBuilder::realm`], [`extra`](ComponentBuilder::extra); a session factory is given both as [`ComponentConfig`] |
/// | `authentication` | [`ComponentBuilder::authentication`]; Autobahn's dict by [`Authentication::from_value`](crate::session::authentication::Authentication::from_value). Also [`ComponentBuilder::credentials`], asked for with each connection |
/// | `session_factory` | [`ComponentBuilder::session_factory`] |
/// | `is_fatal` | [`ComponentBuilder::is_fatal`]; what is fatal ends the component, not only its transport. By default Autobahn tries everything again, and here it is [`AttemptError::is_fatal_by_default`] |
/// | the whole as a dict | [`Component::from_value`], [`Component::from_json`] |
///
/// | method | here |
/// |---|---|
/// | `start(reactor)` | [`start`](Self::start): a future of the end; failure is an error |
/// | `stop()` | [`stop`](Self::stop), final in every state |
/// | `@component.register`, `@component.subscribe` | [`register`](Self::register), [`subscribe`](Self::subscribe) |
/// | `on(event, …)`, `@component.on_join` and so on | a method per event, which gives a [`ListenerId`] |
/// | `off(event, …)` | [`off`](Self::off), with that id |
///
/// | event, and what its listeners get | here |
/// |---|---|
/// | `start`: the reactor, the component | [`on_start`](Self::on_start): nothing |
/// | `connect`: the session, the transport | [`on_connect`](Self::on_connect): the [`TransportInfo`](crate::transport::TransportInfo). There is no [`Session`] before a realm is joined |
/// | `join`: the session, its details | [`on_join`](Self::on_join): the [`Session`] |
/// | `ready`: the session | [`on_ready`](Self::on_ready): the [`Session`] |
/// | `leave`: the session, the details | [`on_leave`](Self::on_leave): the [`CloseReason`](crate::CloseReason). The session is over, and can do nothing |
/// | `disconnect`: the session, `was_clean` | [`on_disconnect`](Self::on_disconnect): `was_clean` |
/// | `connectfailure`: the component, the exception | [`on_connect_failure`](Self::on_connect_failure): the [`AttemptError`] |
/// | none | [`on_retry`](Self::on_retry), with [`retry_now`](Self::retry_now), [`state`](Self::state) and [`states`](Self::states) |
///
/// Listeners of `join` get no details beside the [`Session`], since it has them all: its
/// [`id`](Session::id), [`realm`](Session::realm), [`authid`](Session::authid),
/// [`authrole`](Session::authrole) and all of [`welcome`](Session::welcome). A listener that wants the component
/// keeps a handle of it, or better what it needs of it.
#[derive(Clone)]
pub struct Component {
    owner: Arc<Owner>,
}

/// Goes with the last handle; the run holds what is shared only.
struct Owner {
    shared: Arc<Shared>,
}

struct Shared {
    settings: Settings,
    listeners: Lock<Listeners>,
    /// The run of the moment, or the last one.
    run: Lock<Option<Control>>,
    state: watch::Sender<ComponentState>,
    session: Lock<Option<Session>>,
    /// Counted up by [`Component::retry_now`].
    retry_now: watch::Sender<u64>,
}

/// A run, seen from outside.
#[derive(Clone)]
struct Control {
    stop: Arc<watch::Sender<bool>>,
    /// Set before the end is to be seen in the state or in `done`: whoever sees it may start anew.
    over: Arc<AtomicBool>,
    done: watch::Receiver<Option<Result<(), ComponentError>>>,
}

impl Component {
    /// A description of a component, to begin with the defaults.
    pub fn builder() -> ComponentBuilder {
        ComponentBuilder::new()
    }

    /// A component with nothing but transports and a realm.
    ///
    /// # Errors
    /// As [`ComponentBuilder::build`].
    pub fn new(
        transports: impl IntoTransports,
        realm: impl Into<Uri>,
    ) -> Result<Self, ConnectError> {
        Component::builder().transports(transports).realm(realm).build()
    }

    /// Starts it, at once; the [`Running`] that comes back is a future of its end.
    ///
    /// While it runs, a second start joins the first: both have the same end. When it is done, it
    /// can be started again, and begins with fresh counters; a start while it is stopping does so
    /// when that is over.
    ///
    /// # Panics
    /// Natively, outside a tokio runtime.
    pub fn start(&self) -> Running {
        let shared = &self.owner.shared;
        let (done, end) = watch::channel(None);
        let (control, previous) = {
            let mut run = shared.run.lock();
            match &*run {
                Some(control) if control.goes_on() => return self.running(control),
                _ => {}
            }
            let stop = Arc::new(watch::channel(false).0);
            let control = Control { stop, over: Arc::default(), done: end };
            (control.clone(), run.replace(control))
        };
        let previous = previous.map(|control| control.done);
        let run = run_loop::run(Arc::clone(shared), control.signals(), previous);
        // Of no parent: it is not a part of what happens where it is started. At the level of errors,
        // so that it stands in whatever is logged.
        let span = tracing::error_span!(parent: None, "component", realm = %self.realm());
        let task = async move {
            done.send_replace(Some(run.await));
        };
        rt::spawn(task.instrument(span));
        self.running(&control)
    }

    /// Stops it, at once and whatever it is doing: an attempt is given up, a delay is ended, a
    /// session is left with GOODBYE (the router has 3 s to answer, see
    /// [`ClientConfig::leave_timeout`](crate::core::client::ClientConfig::leave_timeout)). `main` and
    /// the listeners of joining are dropped where they wait. The future that comes back is ready
    /// when all is over; the component need not wait for it. The end of the run is success.
    ///
    /// There is no further attempt, unless it is started again. Without a run, nothing happens.
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

    /// Makes the next attempt now, if it waits for one, also if the browser is offline.
    pub fn retry_now(&self) {
        self.owner.shared.retry_now.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// The realm that it joins, unless an [`ApplicationSession`] says another one.
    pub fn realm(&self) -> &Uri {
        &self.owner.shared.settings.realm
    }

    /// What it is doing.
    pub fn state(&self) -> ComponentState {
        self.owner.shared.state.borrow().clone()
    }

    /// Watches what it is doing.
    pub fn states(&self) -> States {
        States(self.owner.shared.state.subscribe())
    }

    /// The session, from WELCOME until its end.
    pub fn session(&self) -> Option<Session> {
        self.owner.shared.session.lock().clone()
    }

    fn running(&self, control: &Control) -> Running {
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

/// The run of a component: a future of its end. Dropping it changes nothing, as long as there is
/// another handle.
///
/// The end is `Ok` when `main` returned `Ok`, when the program left the session and `main` did not
/// fail, or when the component was stopped; otherwise it is a [`ComponentError`].
#[must_use = "when no handle is left, the component stops"]
pub struct Running {
    component: Component,
    end: BoxFuture<'static, Result<(), ComponentError>>,
}

impl Running {
    /// The component.
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

impl Control {
    /// Whether it neither has ended nor was told to.
    fn goes_on(&self) -> bool {
        let ended = self.over.load(Ordering::Acquire) || self.done.borrow().is_some();
        let over = ended || self.done.has_changed().is_err();
        !over && !*self.stop.borrow()
    }

    /// For the run itself.
    fn signals(&self) -> Signals {
        Signals { stop: Stop(self.stop.subscribe()), over: Arc::clone(&self.over) }
    }
}
