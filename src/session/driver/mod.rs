//! Contains the driver: one future per connection that connects user, core and transport.
//!
//! Its turn: handle drops and answers, finish writing, read and dispatch after each message, take
//! commands while the transport is ready, flush once, arm the timer. The work of a turn is bounded;
//! at a bound the driver wakes itself and lets other tasks run.

mod closing;
mod commands;
mod payloads;
mod procedures;
mod waiting;

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::hash::BuildHasherDefault;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot, watch};

use crate::codec::{self, Bounds, Refused};
use crate::core::client::{Answer, Client, ClientEvent, Failure, Joined, RequestTicket};
use crate::core::ids::IdHasher;
use crate::error::{ApplicationError, CloseReason};
use crate::message::{self, Challenge, Message, Serializer};
use crate::rt::{self, Pace, Sleep};
use crate::session::command::{Command, Signal};
use crate::session::ending::Ending;
use crate::session::queue::QueueLimits;
use crate::session::tracebacks::Tracebacks;
use crate::session::user_error::UserErrors;
use crate::session::{self, CallReply, driver_gone, size_exceeded, trace};
use crate::transport::outgoing::poll_send;
use crate::transport::{Counted, Transport};
use crate::uri::Uri;
use closing::Phase;
pub(super) use payloads::Payloads;
use payloads::named;
use procedures::RunningTable;
use waiting::{Listener, Waiting};

/// Maximum number of messages read, and of commands taken, before a flush and before other tasks
/// run. Large enough that a flush serves many messages; small enough that the router starts on a
/// burst while the rest is still being sent. With 256, the two only waited for each other.
const TURN: usize = 32;

/// Maximum number of messages that wait for the transport before reading stops. Answers to messages
/// already read are still accepted then, but no new work.
const MAX_UNSENT: usize = 4096;

type ByTicket<T> = HashMap<RequestTicket, T, BuildHasherDefault<IdHasher>>;

pub(super) struct Driver {
    transport: Box<dyn Transport>,
    serializer: Serializer,
    client: Client,
    commands: mpsc::Receiver<Command>,
    signals: mpsc::UnboundedReceiver<Signal>,
    /// For progressive results of procedures; it keeps no session open.
    command_sender: mpsc::WeakSender<Command>,
    /// For the tasks of procedures.
    signal_sender: mpsc::UnboundedSender<Signal>,
    joined: Option<oneshot::Sender<Result<Joined, Arc<CloseReason>>>>,
    /// Receiver of the router's challenge.
    challenged: Option<oneshot::Sender<Challenge>>,
    closed: watch::Sender<Option<Arc<CloseReason>>>,
    /// Pending requests.
    waiting: ByTicket<Waiting>,
    listeners: ByTicket<Listener>,
    running: RunningTable,
    leave_timeout: Duration,
    /// Time at which a session without handles ends, if the transport does not even accept its
    /// GOODBYE.
    orphaned_until: Option<Duration>,
    /// Reusable buffer for encoding.
    scratch: Vec<u8>,
    /// A frame for which the transport was not ready.
    unsent: VecDeque<Bytes>,
    dirty: bool,
    timer: Option<(Duration, Sleep)>,
    /// Receiver of the transport at the end of the session.
    keep: Option<oneshot::Sender<Box<dyn Transport>>>,
    max_send: usize,
    limits: ReceiveLimits,
    pace: Pace,
    /// True if the transport refuses messages that may not come before WELCOME.
    limited: bool,
    payloads: Payloads,
    user_errors: UserErrors,
    tracebacks: Option<Arc<dyn Tracebacks>>,
    /// Session id once it is joined; for the trace.
    session: u64,
    phase: Phase,
}

/// The receiving ends of a session's handles.
pub(super) struct Inbox {
    pub(super) commands: mpsc::Receiver<Command>,
    pub(super) signals: mpsc::UnboundedReceiver<Signal>,
    pub(super) command_sender: mpsc::WeakSender<Command>,
    pub(super) signal_sender: mpsc::UnboundedSender<Signal>,
    pub(super) joined: oneshot::Sender<Result<Joined, Arc<CloseReason>>>,
    pub(super) challenged: oneshot::Sender<Challenge>,
    pub(super) closed: watch::Sender<Option<Arc<CloseReason>>>,
    pub(super) leave_timeout: Duration,
    pub(super) limits: ReceiveLimits,
    pub(super) payloads: Payloads,
    pub(super) user_errors: UserErrors,
    pub(super) tracebacks: Option<Arc<dyn Tracebacks>>,
}

/// Limits of received messages, in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReceiveLimits {
    /// Of a whole message before WELCOME.
    pub(super) joining: usize,
    /// Of everything beside the arguments.
    pub(super) details: usize,
    /// Of the argument parts of a call.
    pub(super) queue: QueueLimits,
    /// Of the calls that procedures work on.
    pub(super) running: usize,
}

impl Driver {
    /// Creates a driver for `client`, which has been told to join.
    pub(super) fn new(transport: Box<dyn Transport>, client: Client, inbox: Inbox) -> Self {
        Driver {
            serializer: transport.info().serializer,
            max_send: transport.info().max_send,
            transport,
            client,
            commands: inbox.commands,
            signals: inbox.signals,
            command_sender: inbox.command_sender,
            signal_sender: inbox.signal_sender,
            joined: Some(inbox.joined),
            challenged: Some(inbox.challenged),
            closed: inbox.closed,
            waiting: ByTicket::default(),
            listeners: ByTicket::default(),
            running: RunningTable::new(inbox.limits.running),
            leave_timeout: inbox.leave_timeout,
            orphaned_until: None,
            scratch: Vec::new(),
            unsent: VecDeque::new(),
            dirty: false,
            timer: None,
            keep: None,
            limits: inbox.limits,
            pace: Pace::default(),
            limited: false,
            payloads: inbox.payloads,
            user_errors: inbox.user_errors,
            tracebacks: inbox.tracebacks,
            session: 0,
            phase: Phase::Open,
        }
    }

    /// Runs one turn, and arranges the next if a bound was hit, so that there may be more to do.
    fn turn(&mut self, cx: &mut Context<'_>) {
        let mut more = self.take_signals(cx);
        let mut unread = false;
        let mut ready = self.write(cx);
        if ready || self.client.unsent() < MAX_UNSENT {
            unread = self.read(cx);
            ready = self.write(cx);
        }
        if ready {
            more |= self.take_commands(cx);
        }
        self.flush(cx);
        if more {
            cx.waker().wake_by_ref();
        } else if unread {
            // The consumers of what was read run first.
            rt::wake_later(cx);
        }
    }

    fn take_signals(&mut self, cx: &mut Context<'_>) -> bool {
        for _ in 0..TURN {
            match self.signals.poll_recv(cx) {
                Poll::Ready(Some(Signal::Drop(ticket, mode))) => self.drop_ticket(ticket, mode),
                Poll::Ready(Some(Signal::Cancel(ticket, mode))) => self.cancel(ticket, mode),
                Poll::Ready(Some(Signal::Orphaned)) => {
                    self.orphaned_until = Some(rt::now().saturating_add(self.leave_timeout));
                }
                Poll::Ready(Some(Signal::GiveUp)) => self.give_up(),
                Poll::Ready(Some(Signal::Answer { invocation, result })) => {
                    self.answered(invocation, result);
                }
                Poll::Ready(None) | Poll::Pending => return false,
            }
        }
        true
    }

    /// Passes frames to the transport. Returns false if it is not ready for more.
    fn write(&mut self, cx: &mut Context<'_>) -> bool {
        loop {
            let before = self.unsent.len();
            let sent =
                poll_send(cx, self.transport.as_mut(), &mut self.unsent, |transport, frame| {
                    transport.start_send(frame)
                });
            self.dirty |= self.unsent.len() < before;
            match sent {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => {
                    self.transport_failed(&error);
                    return false;
                }
                Poll::Pending => return false,
            }
            let Some(mut message) = self.client.poll_transmit() else { return true };
            let encoded = self.encode_payload(&mut message);
            trace("send", self.session, &message);
            match encoded.and_then(|()| self.frame(&message)) {
                Ok(frame) => self.unsent.push_back(frame),
                Err(error) => {
                    tracing::warn!(message = message.name(), %error, "a message cannot be sent");
                    self.client.handle_unsendable(&message, error);
                    self.dispatch();
                }
            }
        }
    }

    fn frame(&mut self, message: &Message) -> Result<Bytes, ApplicationError> {
        let frame = codec::encode_by(&mut self.scratch, self.serializer, message)
            .map_err(|error| ApplicationError::new(Uri::INVALID_PAYLOAD).arg(error.to_string()))?;
        let limit = self.transport.info().max_send;
        if frame.len() > limit {
            return Err(size_exceeded(message.name(), frame.len(), limit));
        }
        let mut counted = Counted::default();
        counted.sent(frame.len());
        self.transport.info().count(counted);
        Ok(frame)
    }

    fn read(&mut self, cx: &mut Context<'_>) -> bool {
        for _ in 0..TURN {
            self.limit_messages();
            if !self.pace.allows(cx) {
                return false;
            }
            match self.transport.poll_recv(cx) {
                Poll::Pending => return false,
                Poll::Ready(Some(Ok(frame))) => {
                    self.pace.count();
                    self.receive(&frame);
                }
                Poll::Ready(Some(Err(error))) => {
                    self.transport_failed(&error);
                    return false;
                }
                Poll::Ready(None) => {
                    self.client.handle_transport_closed(None);
                    self.broken();
                    self.dispatch();
                    return false;
                }
            }
            self.dispatch();
            if !matches!(self.phase, Phase::Open) {
                return false;
            }
        }
        true
    }

    /// Tells the transport whether long messages may come.
    fn limit_messages(&mut self) {
        let joining = self.session == 0;
        if joining != self.limited {
            self.limited = joining;
            let limit = if joining { self.limits.joining } else { usize::MAX };
            self.transport.limit_messages(limit);
        }
    }

    /// Decodes a message within the bounds, and passes it to the core.
    fn receive(&mut self, frame: &Bytes) {
        let mut counted = Counted::default();
        counted.received(frame.len());
        self.transport.info().count(counted);
        // The session has its id from WELCOME on.
        let joining = self.session == 0;
        let message = if joining { self.limits.joining } else { usize::MAX };
        let bounds = Bounds {
            message,
            message_setting: "SessionConfig::joining_limit",
            details: self.limits.details,
            details_setting: "SessionConfig::details_limit",
            ..Bounds::NONE
        };
        match codec::decode_from_router(self.serializer, frame, &bounds) {
            Ok(message) => {
                trace("receive", self.session, &message);
                self.handle_message(message);
            }
            Err(Refused::Unusable(unusable)) => {
                tracing::warn!(session = self.session, ?unusable, "a message is refused");
                self.client.handle_unusable(&unusable);
            }
            Err(Refused::Violation(violation)) => self.client.handle_violation(violation),
        }
    }

    /// Delivers the core's events.
    fn dispatch(&mut self) {
        while let Some(event) = self.client.poll_event() {
            match event {
                ClientEvent::Reply { ticket, result } => self.reply(ticket, result),
                ClientEvent::Event { listener, event } => {
                    self.deliver(listener, event);
                }
                ClientEvent::Missed { listener } => {
                    if let Some(Listener::Subscriber { queue, .. }) = self.listeners.get(&listener)
                    {
                        queue.miss();
                    }
                }
                ClientEvent::Progress { ticket, details, payload } => {
                    if let Some(Waiting { control: Some(control), .. }) = self.waiting.get(&ticket)
                        && !control.results.push(CallReply { details, payload })
                    {
                        tracing::warn!("a call lags: progressive results are dropped");
                    }
                }
                ClientEvent::Arguments { invocation, payload, last } => {
                    self.more_arguments(invocation, payload, last);
                }
                ClientEvent::Interrupted { invocation, .. } => {
                    self.running.remove(invocation);
                }
                ClientEvent::Invocation { listener, invocation } => {
                    self.invoke(listener, invocation)
                }
                ClientEvent::Ended { listener, revoked } => {
                    if let Some(ended) = self.listeners.remove(&listener) {
                        if let Listener::Subscriber { queue, .. } = &ended {
                            queue.end(None);
                        }
                        ended.ended(match revoked {
                            Some(reason) => {
                                tracing::info!(%reason, "revoked by the router");
                                Ending::Revoked(reason)
                            }
                            None => Ending::Withdrawn,
                        });
                    }
                }
                ClientEvent::Challenge(challenge) => {
                    self.client.answering(rt::now());
                    if let Some(sender) = self.challenged.take() {
                        // The joining future was dropped: the commands have ended, and the session
                        // leaves.
                        drop(sender.send(challenge));
                    }
                }
                ClientEvent::Joined(joined) => {
                    self.challenged = None;
                    self.session = joined.welcome.session;
                    if let Some(sender) = self.joined.take() {
                        // The joining future was dropped: no handles are left, and the session
                        // leaves.
                        drop(sender.send(Ok(*joined)));
                    }
                }
                ClientEvent::Closed(reason) => self.session_closed(reason),
            }
        }
    }

    fn reply(&mut self, ticket: RequestTicket, result: Result<Answer, Failure>) {
        match (&result, self.listeners.get_mut(&ticket)) {
            (
                Ok(Answer::Subscribed { subscription: id }),
                Some(Listener::Subscriber { subscription, .. }),
            ) => {
                *subscription = Some(*id);
            }
            (
                Ok(Answer::Registered { registration: id }),
                Some(Listener::Callee { registration, .. }),
            ) => {
                *registration = Some(*id);
            }
            (Err(_), Some(_)) => {
                self.listeners.remove(&ticket);
            }
            _ => {}
        }
        if let Some(waiting) = self.waiting.remove(&ticket) {
            waiting.end();
            // If the future was just dropped, its guard reports it.
            drop(waiting.waiter.send(result));
        }
    }

    fn deliver(&self, listener: RequestTicket, event: message::Event) {
        let Some(Listener::Subscriber { queue, topic, .. }) = self.listeners.get(&listener) else {
            return;
        };
        let message::Event { subscription, publication, details, payload } = event;
        let topic = named(topic, details.topic.as_ref());
        if !queue.push(session::IncomingEvent { topic, publication, details, payload }) {
            tracing::warn!(subscription, "a subscription lags: events are dropped");
        }
    }

    fn flush(&mut self, cx: &mut Context<'_>) {
        if !self.dirty || matches!(self.phase, Phase::Closing { broken: true, .. }) {
            return;
        }
        match self.transport.poll_flush(cx) {
            Poll::Ready(Ok(())) => self.dirty = false,
            Poll::Ready(Err(error)) => self.transport_failed(&error),
            Poll::Pending => {}
        }
    }

    fn handle_timeout(&mut self) {
        let now = rt::now();
        if self.orphaned_until.is_some_and(|until| until <= now) {
            self.give_up();
        }
        self.client.handle_timeout(now);
        self.dispatch();
    }

    fn give_up(&mut self) {
        self.orphaned_until = None;
        let text = format!("the router took no GOODBYE within {:?}", self.leave_timeout);
        self.client.give_up(text);
        self.broken();
        self.dispatch();
    }

    /// Arms the timer for the next deadline. Returns true if it has passed already.
    fn poll_timer(&mut self, cx: &mut Context<'_>) -> bool {
        let deadline = match self.phase {
            Phase::Open => {
                [self.client.poll_timeout(), self.orphaned_until].into_iter().flatten().min()
            }
            // Closing has a timer of its own.
            Phase::Closing { .. } => None,
        };
        let Some(deadline) = deadline else {
            self.timer = None;
            return false;
        };
        if self.timer.as_ref().is_none_or(|(armed, _)| *armed != deadline) {
            let rest = deadline.saturating_sub(rt::now());
            self.timer = Some((deadline, Sleep::new(rest)));
        }
        let fired = match &mut self.timer {
            Some((_, sleep)) => Pin::new(sleep).poll(cx).is_ready(),
            None => false,
        };
        if fired {
            self.timer = None;
        }
        fired
    }
}

impl Future for Driver {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        loop {
            if matches!(this.phase, Phase::Open) {
                this.turn(cx);
            }
            if matches!(this.phase, Phase::Closing { .. }) && this.poll_closing(cx).is_ready() {
                return Poll::Ready(());
            }
            // Deadlines are kept, however much there is to do.
            if this.poll_timer(cx) {
                this.handle_timeout();
                continue;
            }
            return Poll::Pending;
        }
    }
}

impl Drop for Driver {
    /// The runtime may end before the session; then no waiter is left.
    fn drop(&mut self) {
        if self.closed.borrow().is_none() {
            self.session_closed(driver_gone());
        }
    }
}
