//! Contains [`Hub`]: the realms behind their locks, and the connections of a router.
//!
//! Each realm has a lock of its own (see `hall`). A connection without a session has its door to
//! itself: HELLO and the arithmetic of authentication take no lock, and run in its task.
//! `Hub::directory` is locked for a moment when a connection begins or ends.

use std::collections::{BTreeMap, VecDeque};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Waker;
use std::time::Duration;

use tokio::sync::Notify;

use crate::codec::Bounds;
use crate::core::router::{
    AuthRequest, ByConnection, ConnectionId, Denied, Door, Entry, Gate, Input, Limits, Output,
    Outputs, Peer, Principal, RealmCore, RouterConfig, Statistics, is_custom, shrink,
};
use crate::error::ApplicationError;
use crate::lock::Lock;
use crate::message::Serializer;
use crate::router::authorizer::Authorizer;
use crate::router::callback::Callback;
use crate::router::hall::{Hall, Question, StepEffects, Timer, close_code};
use crate::router::outbox::{Item, Outbox, Pushed};
use crate::rt;
use crate::transport::{Counted, Traffic};
use crate::uri::Uri;
use crate::websocket::TrafficStats;

#[derive(Debug)]
pub(super) struct Hub {
    gate: Gate,
    realms: Vec<Lock<Hall>>,
    directory: Lock<Directory>,
    outbox_limit: usize,
    undeliverable_events: AtomicUsize,
    /// Counts by serializer.
    traffic: [Traffic; Serializer::PLACES],
    callbacks: Callbacks,
    /// Number of tasks of connections and listeners. A connection that was closed may still be
    /// sending.
    tasks: AtomicUsize,
    /// Notified when the last task ends.
    idle: Notify,
    /// Notified when the router shuts down.
    down: Notify,
}

/// The connections that are not closed.
#[derive(Debug, Default)]
struct Directory {
    outboxes: ByConnection<Arc<Outbox>>,
    last: u64,
    down: bool,
}

/// A connection: its door, for the connection's task alone, and its outbox, for others, too.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) door: Door,
    pub(super) outbox: Arc<Outbox>,
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
        let (gate, realms) = Gate::new(config);
        Hub {
            gate,
            realms: realms.into_iter().map(|core| Lock::new(Hall::new(core))).collect(),
            directory: Lock::default(),
            outbox_limit,
            undeliverable_events: AtomicUsize::new(0),
            traffic: Default::default(),
            callbacks,
            tasks: AtomicUsize::new(0),
            idle: Notify::new(),
            down: Notify::new(),
        }
    }

    /// Adds a connection, which must end with [`finished`](Hub::finished).
    pub(super) fn connect(&self, peer: Peer, trusted: Option<Principal>) -> Seat {
        let outbox = Arc::new(Outbox::new(self.outbox_limit));
        self.hold();
        let mut directory = self.directory.lock();
        directory.last += 1;
        let id = ConnectionId::new(directory.last);
        if directory.down {
            outbox.notices.dismiss();
        }
        directory.outboxes.insert(id, Arc::clone(&outbox));
        drop(directory);
        Seat { door: Door::new(&self.gate, rt::now(), id, peer, trusted), outbox }
    }

    /// Returns the bounds of the messages of a peer.
    pub(super) fn bounds(&self, stranger: bool) -> Bounds {
        let config = self.gate.config();
        let Limits { joining_bytes, details_bytes, .. } = config.limits;
        Bounds {
            message: if stranger { joining_bytes } else { usize::MAX },
            message_setting: "Limits::joining_bytes",
            details: details_bytes,
            details_setting: "Limits::details_bytes",
            keeps_key: is_custom,
            strict: config.strict_payloads,
        }
    }

    /// Passes the inputs of a connection to its door or its realm and removes them from `inputs`.
    /// Stops at the first message that makes the connection wait. So one turn cannot fill a peer's
    /// outbox, and nothing overtakes a message that the application must decide about. The
    /// connection's own task `task` is not woken, because it checks its outbox next.
    pub(super) fn handle(
        self: &Arc<Self>,
        seat: &mut Seat,
        inputs: &mut VecDeque<Input>,
        effects: &mut StepEffects,
        task: &Waker,
    ) {
        effects.paused = false;
        loop {
            self.catch_up(seat, effects, task);
            if let Some(realm) = seat.door.realm() {
                let id = seat.door.id();
                let ended = self.step_as(realm, Some(task), effects, |hall, now, effects| {
                    hall.handle(now, id, inputs, effects, task)
                });
                if !ended {
                    return;
                }
                self.catch_up(seat, effects, task);
                if seat.door.realm() == Some(realm) {
                    seat.door.closed();
                }
            } else if seat.door.is_asked() {
                effects.paused = true;
                return;
            } else {
                let Some(input) = inputs.pop_front() else { return };
                self.at_door(seat, effects, task, |door, gate, now, out| {
                    door.handle(gate, now, input, out)
                });
            }
        }
    }

    /// Tells the door of a connection what others have done to it.
    pub(super) fn catch_up(
        self: &Arc<Self>,
        seat: &mut Seat,
        effects: &mut StepEffects,
        task: &Waker,
    ) {
        let Some(news) = seat.outbox.notices.take() else { return };
        if news.closed {
            seat.door.closed();
        }
        if let Some(cause) = news.ended {
            seat.door.returned(&self.gate, rt::now(), cause);
        }
        if news.dismissed || news.answer.is_some() {
            self.at_door(seat, effects, task, |door, gate, now, out| {
                if news.dismissed {
                    door.dismiss(out);
                }
                door.handle_authenticated(gate, now, news.answer?, out)
            });
        }
    }

    /// Handles the deadline of a connection without a session, if it has passed.
    pub(super) fn handle_timeout(
        self: &Arc<Self>,
        seat: &mut Seat,
        effects: &mut StepEffects,
        task: &Waker,
    ) {
        self.at_door(seat, effects, task, |door, gate, now, out| {
            door.handle_timeout(gate, now, out);
            None
        });
    }

    /// Returns a message to the core that cannot be sent to a connection.
    pub(super) fn undeliverable(
        self: &Arc<Self>,
        seat: &mut Seat,
        items: &mut Vec<(Item, ApplicationError)>,
        effects: &mut StepEffects,
        task: &Waker,
    ) {
        let id = seat.door.id();
        if let Some(realm) = seat.door.realm() {
            self.step(realm, effects, |hall, now| {
                for (item, error) in items.drain(..) {
                    hall.core.handle_undeliverable(now, id, item.message(), &error);
                }
            });
        } else {
            self.at_door(seat, effects, task, |door, _, _, out| {
                for (item, error) in items.drain(..) {
                    door.handle_undeliverable(item.message(), &error, out);
                }
                None
            });
        }
    }

    /// Removes a connection whose task has ended.
    pub(super) fn finished(self: &Arc<Self>, seat: &Seat) {
        let id = seat.door.id();
        if let Some(realm) = seat.door.realm() {
            self.step(realm, &mut StepEffects::default(), |hall, now| hall.remove(now, id));
        }
        self.forget(id);
        self.release();
    }

    /// Takes a step of a connection without a session, in its task.
    fn at_door(
        self: &Arc<Self>,
        seat: &mut Seat,
        effects: &mut StepEffects,
        task: &Waker,
        step: impl FnOnce(&mut Door, &Gate, Duration, &mut Outputs) -> Option<Box<Entry>>,
    ) {
        let now = rt::now();
        let mut out = Outputs::default();
        let entry = step(&mut seat.door, &self.gate, now, &mut out);
        if let Some(entry) = entry
            && !self.enter(seat, *entry, effects, task)
        {
            seat.door.refused(&mut out);
        }
        let mut wakers = std::mem::take(&mut effects.wakers);
        while let Some(output) = out.pop() {
            match output {
                Output::Send { message, .. } => {
                    let pushed = seat.outbox.push(now, Item::Own(message), &mut wakers);
                    if pushed == Pushed::Overflow {
                        seat.door.closed();
                    }
                }
                Output::Authenticate { request, .. } => self.ask_authenticator(seat, *request),
                Output::UnusableAnswer { connection, error } => {
                    tracing::error!(?connection, %error, "the router's authenticator is mistaken");
                }
                Output::Close { cause, .. } => seat.outbox.end(close_code(cause), &mut wakers),
                _ => {}
            }
        }
        if seat.door.is_closed() {
            self.forget(seat.door.id());
        }
        wake(&mut wakers, Some(task));
        effects.wakers = wakers;
    }

    /// Lets a session into its realm. Returns false if the router shuts down.
    fn enter(
        self: &Arc<Self>,
        seat: &Seat,
        entry: Entry,
        effects: &mut StepEffects,
        task: &Waker,
    ) -> bool {
        let (id, realm) = (seat.door.id(), entry.realm());
        let (enters, timer) = self.step_as(realm, Some(task), effects, |hall, now, effects| {
            let enters = hall.enter(now, id, entry, &seat.outbox);
            hall.deliver(now, effects);
            (enters, enters && hall.needs_timer())
        });
        if timer {
            rt::spawn(Timer::new(Arc::clone(self), realm));
        }
        enters
    }

    fn ask_authenticator(&self, seat: &Seat, request: AuthRequest) {
        // A router that needs this callback is not built without it.
        let Some(authenticator) = &self.callbacks.authenticator else { return };
        let limit = self.callbacks.authentication_timeout;
        let outbox = Arc::clone(&seat.outbox);
        authenticator.ask(seat.door.id(), request, limit, move |answer| {
            // `authentication_failed` would blame the client, and components would not retry.
            // Crossbar sends this error, too.
            let failed = |unanswered| {
                let text = format!("the router's authenticator {unanswered}");
                Err(Denied::because(Uri::AUTHORIZATION_FAILED, text))
            };
            outbox.notices.answer(answer.unwrap_or_else(failed));
            let mut wakers = Vec::new();
            outbox.wake(&mut wakers);
            wake(&mut wakers, None);
        });
    }

    /// Asks the application. Called outside the lock, because it runs user code.
    fn ask_authorizer(self: &Arc<Self>, realm: usize, question: Question) {
        let Question { connection, ticket, request } = question;
        match &self.callbacks.authorizer {
            Some(authorizer) => {
                let hub = Arc::clone(self);
                authorizer.ask(connection, *request, move |answer| {
                    hub.answer(realm, |core, now| {
                        core.handle_authorized(now, connection, ticket, answer);
                    });
                });
            }
            // A router that needs this callback is not built without it.
            None => self.answer(realm, |core, now| {
                core.handle_authorized(now, connection, ticket, None);
            }),
        }
    }

    /// Passes the answer to a question to the core.
    fn answer(self: &Arc<Self>, realm: usize, answer: impl FnOnce(&mut RealmCore, Duration)) {
        self.step(realm, &mut StepEffects::default(), |hall, now| answer(&mut hall.core, now));
    }

    /// Removes a closed connection.
    fn forget(&self, id: ConnectionId) {
        let mut directory = self.directory.lock();
        directory.outboxes.remove(&id);
        shrink(&mut directory.outboxes);
    }

    /// Keeps a shutdown waiting until [`release`](Hub::release).
    pub(super) fn hold(&self) {
        self.tasks.fetch_add(1, Ordering::AcqRel);
    }

    /// Takes back one [`hold`](Hub::hold).
    pub(super) fn release(&self) {
        if self.tasks.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.idle.notify_waiters();
        }
    }

    /// Sends GOODBYE to all sessions. New connections are closed at once from here on.
    pub(super) fn shut_down(self: &Arc<Self>) {
        let mut directory = self.directory.lock();
        let first = !std::mem::replace(&mut directory.down, true);
        let outboxes: Vec<_> = directory.outboxes.values().cloned().collect();
        drop(directory);
        if first {
            let mut wakers = Vec::new();
            for outbox in outboxes {
                outbox.notices.dismiss();
                outbox.wake(&mut wakers);
            }
            wake(&mut wakers, None);
        }
        for realm in 0..self.realms.len() {
            let remains = self.step(realm, &mut StepEffects::default(), |hall, _| {
                hall.stop_clock();
                (!hall.core.is_down()).then(|| hall.core.shutdown())
            });
            // Outside the lock, as that takes time.
            drop(remains);
        }
        self.down.notify_waiters();
    }

    /// Sends GOODBYE to the sessions of these connections and closes them.
    pub(super) fn dismiss(self: &Arc<Self>, connections: &[ConnectionId]) {
        let directory = self.directory.lock();
        let outboxes = connections.iter().filter_map(|id| Some((*id, directory.outboxes.get(id)?)));
        let outboxes: Vec<_> = outboxes.map(|(id, outbox)| (id, Arc::clone(outbox))).collect();
        drop(directory);
        let mut sessions: BTreeMap<usize, Vec<ConnectionId>> = BTreeMap::new();
        let mut wakers = Vec::new();
        for (id, outbox) in outboxes {
            if let Some(realm) = outbox.notices.dismiss() {
                sessions.entry(realm).or_default().push(id);
            }
            outbox.wake(&mut wakers);
        }
        wake(&mut wakers, None);
        for (realm, sessions) in sessions {
            self.step(realm, &mut StepEffects::default(), |hall, now| {
                hall.core.dismiss(now, &sessions);
            });
        }
    }

    /// Completes when no task is running.
    pub(super) async fn wait_idle(&self) {
        self.wait(&self.idle, || self.tasks.load(Ordering::Acquire) == 0).await;
    }

    /// Completes when the router shuts down.
    pub(super) async fn wait_shutdown(&self) {
        self.wait(&self.down, || self.directory.lock().down).await;
    }

    /// Counts an event that could not be sent.
    pub(super) fn count_undeliverable_event(&self) {
        self.undeliverable_events.fetch_add(1, Ordering::Relaxed);
    }

    /// Adds to the counts of a serializer.
    pub(super) fn count(&self, serializer: Serializer, counted: Counted) {
        if let Some(traffic) = self.traffic.get(serializer.place()) {
            traffic.add(counted);
        }
    }

    pub(super) fn traffic(&self, serializer: Serializer) -> TrafficStats {
        self.traffic.get(serializer.place()).map(Traffic::stats).unwrap_or_default()
    }

    pub(super) fn statistics(&self) -> Statistics {
        let connections = self.directory.lock().outboxes.len();
        let undeliverable_events = self.undeliverable_events.load(Ordering::Relaxed);
        let mut all = Statistics { connections, undeliverable_events, ..Default::default() };
        self.realms.iter().for_each(|realm| all.add(&realm.lock().core));
        all
    }

    async fn wait(&self, notify: &Notify, condition: impl Fn() -> bool) {
        loop {
            let mut notified = pin!(notify.notified());
            // Enabled before the check, so that no notification is missed.
            notified.as_mut().enable();
            if condition() {
                return;
            }
            notified.await;
        }
    }

    /// Looks at a realm, or changes what the core does not see.
    pub(super) fn with<T>(&self, realm: usize, change: impl FnOnce(&mut Hall) -> T) -> T {
        change(&mut self.realms[realm].lock())
    }

    /// Changes a realm, drains its outputs into the outboxes, and wakes the affected tasks.
    pub(super) fn step<T>(
        self: &Arc<Self>,
        realm: usize,
        effects: &mut StepEffects,
        change: impl FnOnce(&mut Hall, Duration) -> T,
    ) -> T {
        self.step_as(realm, None, effects, |hall, now, effects| {
            let result = change(hall, now);
            hall.deliver(now, effects);
            result
        })
    }

    /// Runs a change that drains the core itself.
    fn step_as<T>(
        self: &Arc<Self>,
        realm: usize,
        task: Option<&Waker>,
        effects: &mut StepEffects,
        change: impl FnOnce(&mut Hall, Duration, &mut StepEffects) -> T,
    ) -> T {
        let now = rt::now();
        let mut hall = self.realms[realm].lock();
        let result = change(&mut hall, now, effects);
        hall.check_clock(&mut effects.wakers);
        drop(hall);
        for id in effects.closed.drain(..) {
            self.forget(id);
        }
        wake(&mut effects.wakers, task);
        for question in effects.questions.drain(..) {
            self.ask_authorizer(realm, question);
        }
        result
    }
}

/// Wakes tasks, except this one.
fn wake(wakers: &mut Vec<Waker>, task: Option<&Waker>) {
    for waker in wakers.drain(..) {
        if !task.is_some_and(|task| task.will_wake(&waker)) {
            waker.wake();
        }
    }
}
