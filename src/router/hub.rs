//! Contains [`Hub`]: the core behind its lock, and the outbox of each connection.
//!
//! One rule preserves the order: code that changes the core drains its outputs into the outboxes
//! before it releases the lock. Under the lock no frame is decoded or encoded, nothing is sent, and
//! no task is woken. Authentication is computed under the lock: hashes and at most one signature
//! per message, over input of bounded size.

use std::collections::VecDeque;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::sync::Notify;

use crate::codec::Bounds;
use crate::core::router::{
    AuthRequest, AuthorizationRequest, ByConnection, CloseCause, ConnectionId, Denied, Limits,
    Output, Peer, Principal, RouterConfig, RouterCore, Statistics, is_custom,
};
use crate::error::{ApplicationError, Violation};
use crate::message::Message;
use crate::message::oversized::Oversized;
use crate::router::authorizer::Authorizer;
use crate::router::callback::Callback;
use crate::router::outbox::{Item, Multicast, Outbox, Pushed};
use crate::rt;
use crate::rt::lock::Lock;
use crate::transport::CloseCode;
use crate::uri::Uri;
use crate::value::Value;

#[derive(Debug)]
pub(super) struct Hub {
    state: Lock<State>,
    outbox_limit: usize,
    limits: Limits,
    callbacks: Callbacks,
    /// Notified when the last task ends.
    idle: Notify,
    /// Notified when the router shuts down.
    down: Notify,
}

#[derive(Debug)]
struct State {
    core: RouterCore,
    outboxes: ByConnection<Arc<Outbox>>,
    /// Number of tasks of connections and listeners. A connection that the core has removed may
    /// still be closing.
    tasks: usize,
    down: bool,
    clock: Clock,
    /// Connections that are paused until the core resumes them, and their tasks.
    paused: ByConnection<Option<Waker>>,
}

/// State of the timer task, which waits for the core's next deadline.
#[derive(Debug, Default)]
struct Clock {
    running: bool,
    armed: Option<Duration>,
    waker: Option<Waker>,
}

/// An input that one connection has read.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "boxing would cost an allocation a message")]
pub(super) enum Input {
    Message(Message),
    Violation(Violation),
    TooHeavy(Oversized),
    /// The transport has ended.
    End,
}

/// The work that a step in the core leaves to its caller for after the lock. Reused by the caller
/// to avoid allocations.
#[derive(Debug, Default)]
pub(super) struct StepEffects {
    wakers: Vec<Waker>,
    /// Outboxes of slow peers that this step's sender has sent something to.
    pub(super) slow: Vec<Arc<Outbox>>,
    /// True if the connection must wait for an answer of the application; its task is woken then.
    pub(super) paused: bool,
    questions: Vec<Question>,
}

/// A question of the core to the application.
#[derive(Debug)]
enum Question {
    Authenticate(ConnectionId, Box<AuthRequest>),
    /// From [`Output::Authorize`].
    Authorize {
        connection: ConnectionId,
        ticket: u64,
        request: Box<AuthorizationRequest>,
    },
}

/// The application's callbacks.
#[derive(Debug, Default)]
pub(super) struct Callbacks {
    pub(super) authenticator: Option<Callback<AuthRequest, Result<Principal, Denied>>>,
    /// Time limit of the authenticator.
    pub(super) authentication_timeout: Duration,
    pub(super) authorizer: Option<Authorizer>,
}

impl Hub {
    pub(super) fn new(config: RouterConfig, outbox_limit: usize, callbacks: Callbacks) -> Self {
        Hub {
            limits: config.limits,
            state: Lock::new(State {
                core: RouterCore::new(config),
                outboxes: ByConnection::default(),
                tasks: 0,
                down: false,
                clock: Clock::default(),
                paused: ByConnection::default(),
            }),
            outbox_limit,
            callbacks,
            idle: Notify::new(),
            down: Notify::new(),
        }
    }

    /// Adds a connection, whose task the caller must run. If an identity is given, the client need
    /// not authenticate. The first connection also needs the timer task, which is the third value.
    pub(super) fn connect(
        self: &Arc<Self>,
        peer: Peer,
        trusted: Option<Principal>,
    ) -> (ConnectionId, Arc<Outbox>, Option<Timer>) {
        let outbox = Arc::new(Outbox::new(self.outbox_limit));
        let mut effects = StepEffects::default();
        let (id, timer) = self.step(&mut effects, |state, now| {
            state.tasks += 1;
            let id = match trusted {
                Some(principal) => state.core.connect_trusted(now, peer, principal),
                None => state.core.connect_from(now, peer),
            };
            state.outboxes.insert(id, Arc::clone(&outbox));
            (id, !std::mem::replace(&mut state.clock.running, true))
        });
        (id, outbox, timer.then(|| Timer { hub: Arc::clone(self), sleep: None }))
    }

    /// Returns the bounds of the messages of a peer.
    pub(super) fn bounds(&self, joined: bool) -> Bounds {
        let Limits { joining_bytes, details_bytes, .. } = self.limits;
        Bounds {
            message: if joined { usize::MAX } else { joining_bytes },
            message_setting: "Limits::joining_bytes",
            details: details_bytes,
            details_setting: "Limits::details_bytes",
            keeps_key: is_custom,
        }
    }

    /// Passes the inputs of a connection to the core and removes them from `inputs`. Stops at the
    /// first message that makes the connection wait. So one turn cannot fill a peer's outbox, and
    /// nothing overtakes a message that the application must decide about. The connection's own
    /// task `task` is not woken, because it checks its outbox next.
    pub(super) fn handle(
        self: &Arc<Self>,
        from: ConnectionId,
        inputs: &mut VecDeque<Input>,
        effects: &mut StepEffects,
        task: &Waker,
    ) {
        self.step_as(Some(task), effects, |state, now, effects| {
            while effects.slow.is_empty()
                && !state.is_paused(from)
                && let Some(input) = inputs.pop_front()
            {
                match input {
                    Input::Message(message) => state.core.handle_message(now, from, message),
                    Input::Violation(error) => state.core.handle_violation(now, from, error),
                    Input::TooHeavy(it) => state.core.handle_oversized(now, from, &it),
                    Input::End => {
                        state.outboxes.remove(&from);
                        state.core.handle_disconnect(now, from);
                    }
                }
                state.deliver(now, effects);
            }
            effects.paused = state.wait_in_pause(from, task);
        });
    }

    /// Passes the answer to a question to the core.
    pub(super) fn answer(self: &Arc<Self>, answer: impl FnOnce(&mut RouterCore, Duration)) {
        self.step(&mut StepEffects::default(), |state, now| answer(&mut state.core, now));
    }

    /// Asks the application. Called outside the lock, because it runs user code.
    fn ask(self: &Arc<Self>, question: Question) {
        match question {
            Question::Authorize { connection, ticket, request } => match &self.callbacks.authorizer
            {
                Some(authorizer) => authorizer.ask(self, connection, ticket, *request),
                // A router that needs this callback is not built without it.
                None => self.answer(|core, now| {
                    core.handle_authorized(now, connection, ticket, None);
                }),
            },
            Question::Authenticate(connection, request) => {
                let Some(authenticator) = &self.callbacks.authenticator else { return };
                let limit = self.callbacks.authentication_timeout;
                authenticator.ask(self, connection, *request, limit, |core, now, id, answer| {
                    // `authentication_failed` would blame the client, and components would not
                    // retry. Crossbar sends this error, too.
                    let failed = |unanswered| {
                        let text = format!("the router's authenticator {unanswered}");
                        Err(Denied::because(Uri::AUTHORIZATION_FAILED, text))
                    };
                    core.handle_authenticated(now, id, answer.unwrap_or_else(failed));
                });
            }
        }
    }

    /// Returns a message to the core that cannot be sent to a connection.
    pub(super) fn undeliverable(
        self: &Arc<Self>,
        to: ConnectionId,
        items: &mut Vec<(Item, ApplicationError)>,
        effects: &mut StepEffects,
    ) {
        self.step(effects, |state, now| {
            for (item, error) in items.drain(..) {
                state.core.handle_undeliverable(now, to, item.message(), &error);
            }
        });
    }

    /// Removes a connection whose task has ended.
    pub(super) fn finished(self: &Arc<Self>, id: ConnectionId) {
        self.step(&mut StepEffects::default(), |state, now| {
            state.outboxes.remove(&id);
            state.paused.remove(&id);
            state.core.handle_disconnect(now, id);
            self.task_ended(state);
        });
    }

    /// Keeps a shutdown waiting until [`release`](Hub::release).
    pub(super) fn hold(&self) {
        self.state.lock().tasks += 1;
    }

    /// Takes back one [`hold`](Hub::hold).
    pub(super) fn release(&self) {
        self.task_ended(&mut self.state.lock());
    }

    fn task_ended(&self, state: &mut State) {
        state.tasks -= 1;
        if state.tasks == 0 {
            self.idle.notify_waiters();
        }
    }

    /// Sends GOODBYE to all sessions. New connections are closed at once from here on.
    pub(super) fn shut_down(self: &Arc<Self>) {
        self.step(&mut StepEffects::default(), |state, now| {
            if !std::mem::replace(&mut state.down, true) {
                state.core.shutdown(now);
            }
            self.down.notify_waiters();
            // The timer task must check whether it is still needed.
            state.clock.armed = Some(Duration::MAX);
        });
    }

    /// Sends GOODBYE to the sessions of these connections and closes them.
    pub(super) fn dismiss(self: &Arc<Self>, connections: &[ConnectionId]) {
        self.step(&mut StepEffects::default(), |state, now| {
            state.core.dismiss(now, connections);
        });
    }

    /// Completes when no task is running.
    pub(super) async fn wait_idle(&self) {
        self.wait(&self.idle, |state| state.tasks == 0).await;
    }

    /// Completes when the router shuts down.
    pub(super) async fn wait_shutdown(&self) {
        self.wait(&self.down, |state| state.down).await;
    }

    pub(super) fn statistics(&self) -> Statistics {
        self.state.lock().core.statistics()
    }

    async fn wait(&self, notify: &Notify, condition: impl Fn(&State) -> bool) {
        loop {
            let mut notified = pin!(notify.notified());
            // Enabled before the check, so that no notification is missed.
            notified.as_mut().enable();
            if condition(&self.state.lock()) {
                return;
            }
            notified.await;
        }
    }

    /// Changes the core, drains its outputs into the outboxes, and wakes the affected tasks.
    fn step<T>(
        self: &Arc<Self>,
        effects: &mut StepEffects,
        change: impl FnOnce(&mut State, Duration) -> T,
    ) -> T {
        self.step_as(None, effects, |state, now, effects| {
            let result = change(state, now);
            state.deliver(now, effects);
            result
        })
    }

    /// Runs a change that drains the core itself.
    fn step_as<T>(
        self: &Arc<Self>,
        task: Option<&Waker>,
        effects: &mut StepEffects,
        change: impl FnOnce(&mut State, Duration, &mut StepEffects) -> T,
    ) -> T {
        let now = rt::now();
        let mut state = self.state.lock();
        let result = change(&mut state, now, effects);
        let deadline = state.core.poll_timeout();
        state.clock.check(deadline, &mut effects.wakers);
        drop(state);
        for waker in effects.wakers.drain(..) {
            if !task.is_some_and(|task| task.will_wake(&waker)) {
                waker.wake();
            }
        }
        for question in effects.questions.drain(..) {
            self.ask(question);
        }
        result
    }
}

impl State {
    fn is_paused(&self, id: ConnectionId) -> bool {
        // True for nearly all connections.
        !self.paused.is_empty() && self.paused.contains_key(&id)
    }

    /// Returns whether the connection is paused. If so, its task is woken when the pause ends.
    fn wait_in_pause(&mut self, id: ConnectionId, task: &Waker) -> bool {
        if self.paused.is_empty() {
            return false;
        }
        let Some(waker) = self.paused.get_mut(&id) else { return false };
        *waker = Some(task.clone());
        true
    }

    fn deliver(&mut self, now: Duration, effects: &mut StepEffects) {
        while let Some(output) = self.core.poll_output() {
            match output {
                Output::Send { to, message } => {
                    let caused = is_caused_by_sender(&message);
                    self.push(now, to, Item::Own(message), caused, effects);
                }
                Output::Multicast { to, message } => {
                    let caused = is_caused_by_sender(&message);
                    let shared = Multicast::new(message);
                    for to in to {
                        let item = Item::Shared(Arc::clone(&shared));
                        self.push(now, to, item, caused, effects);
                    }
                }
                Output::Authorize { connection, ticket, request } => {
                    self.paused.entry(connection).or_insert(None);
                    effects.questions.push(Question::Authorize { connection, ticket, request });
                }
                Output::Dropped { connection, error } => {
                    let text = error.args.first().and_then(Value::as_str).unwrap_or_default();
                    tracing::debug!(?connection, error = %error.uri, text, "publication dropped");
                }
                Output::UnusableAnswer { connection, error } => {
                    tracing::error!(?connection, %error, "the router's authenticator is mistaken");
                }
                Output::Authenticate { connection, request } => {
                    self.paused.insert(connection, None);
                    effects.questions.push(Question::Authenticate(connection, request));
                }
                Output::Resume { connection } => {
                    effects.wakers.extend(self.paused.remove(&connection).flatten());
                }
                Output::Close { connection, cause } => {
                    self.paused.remove(&connection);
                    if let Some(outbox) = self.outboxes.remove(&connection) {
                        outbox.end(close_code(cause), &mut effects.wakers);
                    }
                }
            }
        }
    }

    fn push(
        &mut self,
        now: Duration,
        to: ConnectionId,
        item: Item,
        caused: bool,
        effects: &mut StepEffects,
    ) {
        let Some(outbox) = self.outboxes.get(&to) else { return };
        match item.message() {
            Message::Welcome(_) => outbox.set_joined(true),
            Message::Goodbye(_) => outbox.set_joined(false),
            _ => {}
        }
        match outbox.push(now, item, &mut effects.wakers) {
            Pushed::Taken => {}
            Pushed::Wait => {
                if caused && !effects.slow.iter().any(|slow| Arc::ptr_eq(slow, outbox)) {
                    effects.slow.push(Arc::clone(outbox));
                }
            }
            Pushed::Overflow => {
                tracing::warn!(?to, "connection closed: the peer reads too slowly");
                self.outboxes.remove(&to);
                self.paused.remove(&to);
                self.core.handle_disconnect(now, to);
            }
        }
    }
}

impl Clock {
    /// Wakes the timer task if its current deadline is too late.
    fn check(&mut self, deadline: Option<Duration>, wakers: &mut Vec<Waker>) {
        let late = match (deadline, self.armed) {
            (Some(deadline), Some(armed)) => deadline < armed,
            (Some(_), None) => true,
            // Only during a shutdown.
            (None, Some(Duration::MAX)) => true,
            (None, _) => false,
        };
        if late {
            wakers.extend(self.waker.take());
        }
    }
}

/// The task that wakes the core at its deadlines. Ends with the router.
pub(super) struct Timer {
    hub: Arc<Hub>,
    sleep: Option<rt::Sleep>,
}

impl Future for Timer {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let now = rt::now();
            let hub = Arc::clone(&self.hub);
            let mut effects = StepEffects::default();
            let next = hub.step(&mut effects, |state, now| {
                state.core.handle_timeout(now);
                let next = state.core.poll_timeout();
                state.clock.armed = next;
                state.clock.waker = Some(cx.waker().clone());
                if state.down && next.is_none() { None } else { Some(next) }
            });
            let Some(deadline) = next else { return Poll::Ready(()) };
            let Some(deadline) = deadline else { return Poll::Pending };
            if deadline.is_zero() {
                // The core goes on after others have had their turn.
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            let mut sleep = rt::Sleep::new(deadline.saturating_sub(now));
            if Pin::new(&mut sleep).poll(cx).is_pending() {
                self.sleep = Some(sleep);
                return Poll::Pending;
            }
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        // A runtime may end before the router; the next connection then starts another timer.
        self.hub.state.lock().clock = Clock::default();
    }
}

/// Returns whether the sender caused the load of a message: events, calls and progressive results.
/// The sender then waits. A single answer was requested by its receiver.
fn is_caused_by_sender(message: &Message) -> bool {
    match message {
        Message::Event(_) | Message::Invocation(_) => true,
        Message::Result(result) => result.details.progress == Some(true),
        _ => false,
    }
}

fn close_code(cause: CloseCause) -> CloseCode {
    match cause {
        CloseCause::Violation => CloseCode::ProtocolError,
        CloseCause::NoHello | CloseCause::NotAuthenticated | CloseCause::Killed => {
            CloseCode::Normal
        }
        CloseCause::Shutdown => CloseCode::GoingAway,
        CloseCause::Undeliverable => CloseCode::InternalError,
    }
}
