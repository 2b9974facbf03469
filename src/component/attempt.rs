//! Implements one attempt: connects, joins, and runs the session until its end.

use std::future::{Future, pending, poll_fn};
use std::sync::Arc;
use std::time::Duration;

use crate::component::Shared;
use crate::component::application_session::{ComponentConfig, ErasedSession, JoinAs, Plain};
use crate::component::callback::call;
use crate::component::error::{AttemptError, BoxError};
use crate::component::listeners::Listener;
use crate::component::state::ComponentState;
use crate::component::stop::{LAST_WORDS, Stop};
use crate::component::tracked::{ClosedWatch, Tracked};
use crate::component::transports::{Source, TransportEntry};
use crate::error::{ApplicationError, Cause, CloseReason, ConnectError};
use crate::rt;
use crate::rt::future::{Race, race, within};
use crate::rt::guard::{Panic, catch, caught};
use crate::session::{self, Session, SessionConfig};
use crate::transport::outgoing::closed_within;
use crate::transport::{Transport, TransportInfo};
use crate::uri::Uri;
use crate::websocket::CloseCode;

/// A `main` that fails earlier makes the attempt fail as if there had been no session. A `main`
/// that fails later counts as a success. The value does not depend on the delays, which may be
/// zero.
const GOOD_AFTER: Duration = Duration::from_secs(10);

pub(super) struct Attempt<'a> {
    pub(super) shared: &'a Shared,
    pub(super) stop: &'a Stop,
    pub(super) entry: &'a TransportEntry,
}

/// The result of an attempt.
pub(super) enum Outcome {
    /// Nothing more to do.
    Done,
    Failed {
        error: AttemptError,
        /// True if a session was joined and counted as a success.
        joined: bool,
        /// True if the program left the session; then no attempt follows.
        left: bool,
    },
}

/// The end of an open session.
enum End {
    Stopped,
    Closed(Arc<CloseReason>),
    Work(Result<(), WorkError>),
}

/// A failure of the work in a session.
struct WorkError {
    error: AttemptError,
    /// True if it ran long enough to count as a success.
    good: bool,
    /// True if the session was still open, so that its end did not cause the failure.
    open: bool,
}

impl Attempt<'_> {
    pub(super) async fn run(&self) -> Outcome {
        self.set(ComponentState::Connecting { transport: self.entry.name.clone() });
        tracing::debug!("connecting");
        let transport = match race(self.stop.wait(), self.open()).await {
            Race::First(()) => return Outcome::Done,
            Race::Second(Ok(opened)) => opened,
            Race::Second(Err(error)) => return failed(error),
        };
        let info = transport.info().clone();
        tracing::debug!(peer = info.peer, serializer = info.serializer.as_str(), "connected");
        let (mut transport, gone) = Tracked::new(transport);
        let stages = match Stages::new(self.shared) {
            Ok(stages) => stages,
            Err(error) => {
                close(&mut transport).await;
                return failed(error);
            }
        };
        let (realm, config) = match race(self.stop.wait(), stages.connected(info)).await {
            Race::Second(Ok(how)) => how,
            refused => {
                close(&mut transport).await;
                drop(transport);
                stages.disconnected(gone).await;
                return match refused {
                    Race::Second(Err(error)) => failed(error),
                    _ => Outcome::Done,
                };
            }
        };
        self.set(ComponentState::Joining { transport: self.entry.name.clone() });
        let joining = session::join(Box::new(transport), realm, config);
        match race(self.stop.wait(), joining).await {
            Race::Second(Ok(session)) => self.joined(&stages, session, gone).await,
            Race::Second(Err(error)) => {
                if let ConnectError::Join(reason) = &error {
                    stages.left(reason).await;
                }
                stages.disconnected(gone).await;
                failed(match error {
                    ConnectError::Join(reason) => AttemptError::Refused(reason),
                    error => AttemptError::Connect(error),
                })
            }
            Race::First(()) => {
                stages.disconnected(gone).await;
                Outcome::Done
            }
        }
    }

    /// Opens the connection.
    async fn open(&self) -> Result<Box<dyn Transport>, AttemptError> {
        let connector = match &self.entry.source {
            Source::Connector(connector) => Arc::clone(connector),
            Source::PerAttempt(make) => {
                call(make, ()).await.map_err(|error| handler_failed("url", error))?
            }
        };
        // Catches panics before there is a future, too.
        let connected = caught(async { connector.connect().await }).await;
        let connected = connected.map_err(|panic| handler_failed("the connector", panic.into()))?;
        connected.map_err(|error| match error {
            ConnectError::Join(reason) => AttemptError::Refused(reason),
            error => AttemptError::Connect(error),
        })
    }

    async fn joined(&self, stages: &Stages<'_>, session: Session, gone: ClosedWatch) -> Outcome {
        *self.shared.session.lock() = Some(session.clone());
        tracing::info!(realm = %session.realm(), session = session.id(), "joined");
        let work = self.work(stages, &session);
        let end = match race(work, race(session.closed(), self.stop.wait())).await {
            Race::First(result) => End::Work(result.map_err(|(error, good)| WorkError {
                error,
                good,
                open: !session.is_closed(),
            })),
            Race::Second(Race::First(reason)) => End::Closed(reason),
            Race::Second(Race::Second(())) => End::Stopped,
        };
        let left = session.is_leaving();
        self.set(match self.stop.is_set() {
            true => ComponentState::Stopping,
            false => ComponentState::Leaving { transport: self.entry.name.clone() },
        });
        let reason = match &end {
            End::Closed(reason) => Arc::clone(reason),
            End::Stopped | End::Work(_) => session.leave().await,
        };
        *self.shared.session.lock() = None;
        tracing::info!(session = session.id(), %reason, "the session has ended");
        drop(session);
        stages.left(&reason).await;
        stages.disconnected(gone).await;
        if self.stop.is_set() {
            return Outcome::Done;
        }
        match end {
            End::Stopped | End::Work(Ok(())) => Outcome::Done,
            // Independent of the following GOODBYE.
            End::Work(Err(WorkError { error, good, open })) if open || left => {
                Outcome::Failed { error, joined: good, left }
            }
            End::Closed(_) if left => Outcome::Done,
            // A failure in a lost session is a consequence of the loss.
            End::Work(Err(_)) | End::Closed(_) => {
                Outcome::Failed { error: AttemptError::Lost(reason), joined: true, left }
            }
        }
    }

    /// Runs the work of a session: makes it ready, then runs `main`. An error includes whether the
    /// session counted as a success until then.
    async fn work(
        &self,
        stages: &Stages<'_>,
        session: &Session,
    ) -> Result<(), (AttemptError, bool)> {
        let mut declarations = stages.declarations();
        let (_, failures) = stages.establish(session, &mut declarations).await;
        if self.shared.settings.strict && !failures.is_empty() {
            // The session is going to be left.
            declarations.missing.clear();
        }
        let later = stages.establish_later(session, declarations);
        match race(stages.never_ends(later), self.work_beside(stages, session, failures)).await {
            Race::First(()) => Ok(()),
            Race::Second(result) => result,
        }
    }

    /// Runs the work of a session whose declarations were tried.
    async fn work_beside(
        &self,
        stages: &Stages<'_>,
        session: &Session,
        mut failures: Vec<(String, Cause)>,
    ) -> Result<(), (AttemptError, bool)> {
        let settings = &self.shared.settings;
        failures.extend(stages.join(session).await);
        if settings.strict
            && let Some((what, error)) = failures.into_iter().next()
        {
            return Err((handler_failed(what, error), false));
        }
        let transport = self.entry.name.clone();
        self.set(ComponentState::Joined { transport, session: session.id() });
        let ready = stages.never_ends(stages.ready(session));
        let Some(main) = &settings.main else {
            ready.await;
            return Ok(());
        };
        let began = rt::now();
        match race(ready, call(main, session.clone())).await {
            Race::First(()) => Ok(()),
            Race::Second(result) => result.map_err(|error| {
                let good = rt::now().saturating_sub(began) >= GOOD_AFTER;
                (AttemptError::Main(error), good)
            }),
        }
    }

    fn set(&self, state: ComponentState) {
        self.shared.state.send_replace(state);
    }
}

/// The stages of one connection.
pub(super) struct Stages<'a> {
    pub(super) shared: &'a Shared,
    pub(super) config: SessionConfig,
    object: Arc<dyn ErasedSession>,
}

impl<'a> Stages<'a> {
    /// Creates the stages with an application session object of their own.
    fn new(shared: &'a Shared) -> Result<Self, AttemptError> {
        let settings = &shared.settings;
        let component = ComponentConfig::new(settings.realm.clone(), settings.extra.clone());
        #[allow(clippy::arc_with_non_send_sync, reason = "in the browser nothing is Send")]
        let object = match &settings.factory {
            Some(factory) => {
                let made = catch(|| factory.make(component));
                flat(made).map_err(|error| handler_failed("session_factory", error))?
            }
            None => Arc::new(Plain),
        };
        // The session uses the hooks of both the component and the object.
        let (hook, look) = (Arc::clone(&object), Arc::clone(&object));
        let config = settings.session.clone();
        let config = config.also_on_user_error(move |error| hook.on_user_error(error));
        let config = config.also_on_welcome(move |welcome| {
            catch(|| look.on_welcome(welcome)).unwrap_or_else(|panic| Err(panic.to_string()))
        });
        Ok(Stages { shared, config, object })
    }
}

impl Stages<'_> {
    /// Runs everything between the connection and HELLO, and returns the realm and the settings for
    /// joining.
    async fn connected(&self, info: TransportInfo) -> Result<(Uri, SessionConfig), AttemptError> {
        let (settings, config) = (&self.shared.settings, self.config.clone());
        let join_as = self.in_time("on_connect", self.connect(info)).await?;
        let realm = join_as.realm.clone().unwrap_or_else(|| settings.realm.clone());
        let config = match &settings.credentials {
            Some(credentials) if join_as.authmethods.is_empty() => {
                config.authentication(self.in_time("credentials", call(credentials, ())).await?)
            }
            _ => config,
        };
        Ok((realm, join_as.apply(config, &self.object)))
    }

    /// Limits the time, because the router waits for HELLO and nothing reads from the connection.
    async fn in_time<T>(
        &self,
        what: &'static str,
        future: impl Future<Output = Result<T, Cause>>,
    ) -> Result<T, AttemptError> {
        let limit = self.config.client.join_timeout;
        let result = within(limit, future).await.unwrap_or_else(|| Err(too_long(limit)));
        result.map_err(|error| handler_failed(what, error))
    }

    async fn connect(&self, info: TransportInfo) -> Result<JoinAs, Cause> {
        let listeners = self.shared.listeners(|listener| match listener {
            Listener::Connect(callback) => Some(callback.clone()),
            _ => None,
        });
        self.shared.fire("on_connect", listeners, info.clone(), &self.config).await;
        flat(caught(async { self.object.on_connect(&info).await }).await)
    }

    async fn never_ends(&self, work: impl Future<Output = ()>) {
        work.await;
        pending().await
    }

    async fn join(&self, session: &Session) -> Vec<(String, Cause)> {
        let listeners = self.shared.listeners(|listener| match listener {
            Listener::Join(callback) => Some(callback.clone()),
            _ => None,
        });
        let mut errors =
            self.shared.fire("on_join", listeners, session.clone(), &self.config).await;
        let joined = caught(async { self.object.on_join(session.clone()).await }).await;
        if let Err(error) = flat(joined) {
            self.tell(session, &"on_join".into(), &error);
            errors.push(error);
        }
        errors.into_iter().map(|error| ("on_join".to_owned(), error)).collect()
    }

    async fn ready(&self, session: &Session) {
        let listeners = self.shared.listeners(|listener| match listener {
            Listener::Ready(callback) => Some(callback.clone()),
            _ => None,
        });
        self.shared.fire("on_ready", listeners, session.clone(), &self.config).await;
    }

    async fn left(&self, reason: &Arc<CloseReason>) {
        let listeners = self.shared.listeners(|listener| match listener {
            Listener::Leave(callback) => Some(callback.clone()),
            _ => None,
        });
        let leaving = async {
            let left = caught(async { self.object.on_leave(Arc::clone(reason)).await }).await;
            if let Err(panic) = left {
                self.config.tell_user_error(&"on_leave".into(), ApplicationError::runtime(panic));
            }
            self.shared.fire("on_leave", listeners, Arc::clone(reason), &self.config).await;
        };
        self.run_last_listeners("on_leave", leaving).await;
    }

    /// Waits until the connection is closed.
    async fn disconnected(&self, gone: ClosedWatch) {
        let limit = closed_within(gone.close_timeout());
        let clean = within(limit, gone.wait()).await.unwrap_or(false);
        let listeners = self.shared.listeners(|listener| match listener {
            Listener::Disconnect(callback) => Some(callback.clone()),
            _ => None,
        });
        let leaving = async {
            let left = caught(async { self.object.on_disconnect(clean).await }).await;
            if let Err(panic) = left {
                let error = ApplicationError::runtime(panic);
                self.config.tell_user_error(&"on_disconnect".into(), error);
            }
            self.shared.fire("on_disconnect", listeners, clean, &self.config).await;
        };
        self.run_last_listeners("on_disconnect", leaving).await;
    }

    async fn run_last_listeners(&self, name: &'static str, words: impl Future<Output = ()>) {
        run_last_listeners(name, words, &self.config).await;
    }

    /// Reports an error, unless it is a consequence of the session's end.
    pub(super) fn tell(&self, session: &Session, uri: &Uri, error: &Cause) {
        if !session.is_closed() {
            self.config.tell_user_error(uri, error.to_application());
        }
    }
}

pub(super) fn failed(error: AttemptError) -> Outcome {
    Outcome::Failed { error, joined: false, left: false }
}

pub(super) fn handler_failed(what: impl Into<String>, error: Cause) -> AttemptError {
    AttemptError::Handler { what: what.into(), error }
}

/// Runs the final listeners with a time limit, so that they cannot block the component.
pub(super) async fn run_last_listeners<T>(
    name: &'static str,
    words: impl Future<Output = T>,
    config: &SessionConfig,
) {
    if within(LAST_WORDS, words).await.is_none() {
        config.tell_user_error(&name.into(), too_long(LAST_WORDS).to_application());
    }
}

/// The result of a guarded function, with a panic as its error.
fn flat<T, E: Into<BoxError>>(result: Result<Result<T, E>, Panic>) -> Result<T, Cause> {
    result?.map_err(Cause::new)
}

fn too_long(limit: Duration) -> Cause {
    Cause::new(format!("it takes longer than {limit:?}"))
}

async fn close(transport: &mut Tracked) {
    let limit = closed_within(transport.close_timeout());
    let closing = poll_fn(|cx| transport.poll_close(cx, CloseCode::Normal));
    // The transport itself reports whether closing succeeded.
    let _ = within(limit, closing).await;
}
