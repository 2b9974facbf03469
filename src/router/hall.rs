//! Contains [`Hall`]: one realm behind its lock, with the outboxes of its sessions, and its [`Timer`].
//!
//! One rule preserves the order: code that changes the core drains its outputs into the outboxes
//! before it releases the lock. Under the lock no frame is decoded or encoded, nothing is sent, and
//! no task is woken.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::core::router::{
    AuthorizationRequest, ByConnection, CloseCause, ConnectionId, Entry, Input, Output, RealmCore,
    shrink,
};
use crate::message::Message;
use crate::router::heavy::Heavy;
use crate::router::hub::Hub;
use crate::router::outbox::{Item, Multicast, Outbox, Pushed};
use crate::rt;
use crate::value::Value;
use crate::websocket::CloseCode;

/// Work of the core after which a connection lets others have their turn before its next input.
const WORK: usize = 1024;

#[derive(Debug)]
pub(super) struct Hall {
    pub(super) core: RealmCore,
    outboxes: ByConnection<Arc<Outbox>>,
    clock: Clock,
    /// Outboxes of slow peers.
    heavy: Heavy,
    /// Tasks of connections whose next input has to wait.
    waiting: ByConnection<Waker>,
    /// True if some of them wait because the realm is congested.
    congested: bool,
}

/// State of the timer task, which waits for the core's next deadline.
#[derive(Debug, Default)]
struct Clock {
    running: bool,
    armed: Option<Duration>,
    waker: Option<Waker>,
}

/// The work that a step in the core leaves to its caller for after the lock. Reused by the caller
/// to avoid allocations.
#[derive(Debug, Default)]
pub(super) struct StepEffects {
    pub(super) wakers: Vec<Waker>,
    /// Outboxes of slow peers that this step's sender has sent something to.
    pub(super) slow: Vec<Arc<Outbox>>,
    /// True if the connection must wait for an answer of the application; its task is woken then.
    pub(super) paused: bool,
    pub(super) questions: Vec<Question>,
    /// Connections that were closed.
    pub(super) closed: Vec<ConnectionId>,
}

/// A question of the core to the authorizer: [`Output::Authorize`].
#[derive(Debug)]
pub(super) struct Question {
    pub(super) connection: ConnectionId,
    pub(super) ticket: u64,
    pub(super) request: Box<AuthorizationRequest>,
}

impl Hall {
    pub(super) fn new(core: RealmCore) -> Self {
        Hall {
            core,
            outboxes: ByConnection::default(),
            clock: Clock::default(),
            heavy: Heavy::default(),
            waiting: ByConnection::default(),
            congested: false,
        }
    }

    /// Adds a session. Returns false if the realm or the connection shuts down.
    pub(super) fn enter(
        &mut self,
        now: Duration,
        id: ConnectionId,
        entry: Entry,
        outbox: &Arc<Outbox>,
    ) -> bool {
        let enters = outbox.notices.enter(entry.realm());
        if enters {
            self.outboxes.insert(id, Arc::clone(outbox));
            self.core.join(now, id, entry);
        }
        enters
    }

    /// Returns whether a timer must be started, which is noted.
    pub(super) fn needs_timer(&mut self) -> bool {
        !std::mem::replace(&mut self.clock.running, true)
    }

    /// Passes inputs of a session to the core, until it has ended or must wait. Returns whether it has
    /// ended.
    pub(super) fn handle(
        &mut self,
        now: Duration,
        from: ConnectionId,
        inputs: &mut VecDeque<Input>,
        effects: &mut StepEffects,
        task: &Waker,
    ) -> bool {
        let before = self.core.work();
        while effects.slow.is_empty()
            && self.core.work().wrapping_sub(before) < WORK
            && self.core.is_member(from)
            && let Some(input) = inputs.pop_front()
        {
            if self.core.must_wait(from, &input) {
                inputs.push_front(input);
                effects.paused = true;
                self.congested |= self.core.is_congested();
                self.waiting.insert(from, task.clone());
                return false;
            }
            match input {
                Input::End => {
                    effects.closed.push(from);
                    self.remove(now, from);
                }
                input => self.core.handle(now, from, input),
            }
            self.deliver(now, effects);
        }
        !self.core.is_member(from)
    }

    /// Removes a session whose connection has ended.
    pub(super) fn remove(&mut self, now: Duration, id: ConnectionId) {
        if let Some(outbox) = self.take_outbox(id) {
            outbox.notices.closed();
        }
        self.waiting.remove(&id);
        shrink(&mut self.waiting);
        self.core.handle_disconnect(now, id);
    }

    /// Makes the timer task check whether it is still needed.
    pub(super) fn stop_clock(&mut self) {
        self.clock.armed = Some(Duration::MAX);
    }

    /// Wakes the timer task if its current deadline is too late.
    pub(super) fn check_clock(&mut self, wakers: &mut Vec<Waker>) {
        self.clock.check(self.core.poll_timeout(), wakers);
    }

    pub(super) fn deliver(&mut self, now: Duration, effects: &mut StepEffects) {
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
                    effects.questions.push(Question { connection, ticket, request });
                }
                Output::Dropped { connection, error } => {
                    let text = error.args.first().and_then(Value::as_str).unwrap_or_default();
                    tracing::debug!(?connection, error = %error.uri, text, "message dropped");
                }
                Output::Resume { connection } => {
                    effects.wakers.extend(self.waiting.remove(&connection));
                }
                Output::Ended { connection, cause } => {
                    self.waiting.remove(&connection);
                    if let Some(outbox) = self.take_outbox(connection) {
                        outbox.notices.end_session(cause);
                        outbox.wake(&mut effects.wakers);
                    }
                }
                Output::Close { connection, cause } => {
                    self.waiting.remove(&connection);
                    if let Some(outbox) = self.take_outbox(connection) {
                        outbox.notices.closed();
                        outbox.end(close_code(cause), &mut effects.wakers);
                        effects.closed.push(connection);
                    }
                }
                // Of connections without a session only.
                Output::Authenticate { .. } | Output::UnusableAnswer { .. } => {}
            }
        }
        if self.congested && !self.core.is_congested() {
            self.congested = false;
            // Those that wait for something else look again.
            effects.wakers.extend(std::mem::take(&mut self.waiting).into_values());
        }
    }

    fn take_outbox(&mut self, id: ConnectionId) -> Option<Arc<Outbox>> {
        self.heavy.forget(id);
        let outbox = self.outboxes.remove(&id);
        shrink(&mut self.outboxes);
        outbox
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
        let pushed = outbox.push(now, item, &mut effects.wakers);
        let limit = self.core.limits().realm_outbox_bytes;
        if pushed != Pushed::Overflow
            && let Some((heaviest, outbox)) = self.heavy.note(to, outbox, limit)
        {
            tracing::warn!(to = ?heaviest, "connection closed: the clients of its realm read too slowly");
            outbox.overflow(&mut effects.wakers);
            effects.closed.push(heaviest);
            self.remove(now, heaviest);
        }
        let Some(outbox) = self.outboxes.get(&to) else { return };
        match pushed {
            Pushed::Taken => {}
            Pushed::Wait => {
                if caused && !effects.slow.iter().any(|slow| Arc::ptr_eq(slow, outbox)) {
                    effects.slow.push(Arc::clone(outbox));
                }
            }
            Pushed::Overflow => {
                tracing::warn!(?to, "connection closed: the peer reads too slowly");
                effects.closed.push(to);
                self.remove(now, to);
            }
        }
    }
}

impl Clock {
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

/// The task that wakes a realm's core at its deadlines. Ends with the router.
pub(super) struct Timer {
    hub: Arc<Hub>,
    realm: usize,
    sleep: Option<rt::Sleep>,
}

impl Timer {
    pub(super) fn new(hub: Arc<Hub>, realm: usize) -> Self {
        Timer { hub, realm, sleep: None }
    }
}

impl Future for Timer {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let now = rt::now();
            let hub = Arc::clone(&self.hub);
            let mut effects = StepEffects::default();
            let next = hub.step(self.realm, &mut effects, |hall, now| {
                hall.core.handle_timeout(now);
                let next = hall.core.poll_timeout();
                hall.clock.armed = next;
                hall.clock.waker = Some(cx.waker().clone());
                if hall.core.is_down() && next.is_none() { None } else { Some(next) }
            });
            let Some(deadline) = next else { return Poll::Ready(()) };
            let Some(deadline) = deadline else { return Poll::Pending };
            if deadline <= now {
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
        // A runtime may end before the router; the next session then starts another timer.
        self.hub.with(self.realm, |hall| hall.clock = Clock::default());
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

pub(super) fn close_code(cause: CloseCause) -> CloseCode {
    match cause {
        CloseCause::Violation => CloseCode::ProtocolError,
        CloseCause::NoHello | CloseCause::NotAuthenticated | CloseCause::Killed => {
            CloseCode::Normal
        }
        CloseCause::Shutdown => CloseCode::GoingAway,
        CloseCause::Undeliverable => CloseCode::InternalError,
    }
}
