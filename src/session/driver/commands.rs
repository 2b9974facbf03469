//! Commands of the user: what each asks of the core, and what is dropped.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Duration;

use super::payloads::OwnCall;
use super::waiting::{Listener, Waiting};
use super::{Driver, TURN};
use crate::core::client::{Failure, RequestTicket};
use crate::error::ApplicationError;
use crate::message::CancelMode;
use crate::rt::{self, Sleep};
use crate::session::authentication::Signature;
use crate::session::command::{Command, Signal, Waiter};
use crate::session::ending::Ending;
use crate::session::running_call::CallControl;
use crate::uri::{Pattern, Uri};

/// Maximum time to wait for the last message of the callee of a call canceled with "kill".
const KILL_TIMEOUT: Duration = Duration::from_secs(10);

impl Driver {
    pub(super) fn take_commands(&mut self, cx: &mut Context<'_>) -> bool {
        for _ in 0..TURN {
            match self.commands.poll_recv(cx) {
                Poll::Ready(Some(command)) => self.execute(command),
                // The last handle was dropped.
                Poll::Ready(None) => {
                    self.client.leave(rt::now(), Uri::CLOSE_REALM.into(), None);
                    self.dispatch();
                    self.write(cx);
                    return false;
                }
                Poll::Pending => return false,
            }
            self.dispatch();
            if !self.write(cx) {
                return false;
            }
        }
        true
    }

    fn execute(&mut self, command: Command) {
        // Abandoned in the queue: it is not sent. (A command that ends something is executed
        // nevertheless.)
        if let Command::Call { waiter, .. }
        | Command::Publish { waiter: Some(waiter), .. }
        | Command::Subscribe { waiter, .. }
        | Command::Register { waiter, .. } = &command
            && waiter.is_closed()
        {
            return;
        }
        match command {
            Command::Call { ticket, procedure, options, payload, waiter, control } => {
                let cancelled =
                    |control: &Arc<CallControl>| control.cancelled.load(Ordering::Acquire);
                if let Some(control) = control.as_ref().filter(|&control| cancelled(control)) {
                    control.results.end(None);
                    let error = ApplicationError::new(Uri::CANCELED).arg("cancelled before sent");
                    drop(waiter.send(Err(Failure::Unsendable(error))));
                    return;
                }
                let called = self.payloads.codec.is_some().then(|| OwnCall::new(&procedure));
                let request = self.client.call(ticket, procedure, options, payload);
                let waiting = Waiting { waiter, request, control, cancelled: false, called };
                self.waiting.insert(ticket, waiting);
            }
            Command::Arguments { ticket, payload, last } => {
                if let Some(waiting) = self.waiting.get(&ticket) {
                    self.client.call_more(waiting.request, payload, last);
                }
            }
            Command::Progress { invocation, payload } => self.progressed(invocation, payload),
            Command::Publish { ticket, topic, options, payload, waiter } => {
                let request = self.client.publish(ticket, topic, options, payload);
                if let Some(waiter) = waiter {
                    self.wait(ticket, waiter, request);
                }
            }
            Command::Subscribe { ticket, topic, options, queue, ending, waiter } => {
                // The queue exists before SUBSCRIBED, so that no event is lost.
                let listener = Listener::Subscriber {
                    queue,
                    topic: Pattern::new(topic.clone(), options.r#match.unwrap_or_default()),
                    subscription: None,
                    ending,
                };
                self.listeners.insert(ticket, listener);
                let request = self.client.subscribe(ticket, topic, options);
                self.wait(ticket, waiter, request);
            }
            Command::Unsubscribe { ticket, listener, waiter } => {
                let request = self.unsubscribe(ticket, listener);
                self.wait(ticket, waiter, request);
            }
            Command::Register { ticket, procedure, options, endpoint, ending, waiter } => {
                let listener = Listener::Callee {
                    endpoint,
                    procedure: Pattern::new(procedure.clone(), options.r#match.unwrap_or_default()),
                    registration: None,
                    ending,
                };
                self.listeners.insert(ticket, listener);
                let request = self.client.register(ticket, procedure, options);
                self.wait(ticket, waiter, request);
            }
            Command::Unregister { ticket, listener, waiter } => {
                let registration = match self.listeners.get(&listener) {
                    Some(Listener::Callee { registration, .. }) => registration.unwrap_or_default(),
                    _ => 0,
                };
                let request = self.client.unregister(ticket, registration);
                self.wait(ticket, waiter, request);
            }
            Command::Authenticate(Ok(Signature { signature, extra })) => {
                self.client.authenticate(rt::now(), signature, extra);
            }
            Command::Authenticate(Err(error)) => self.client.refuse_challenge(error.message),
            Command::Leave { reason, message, keep } => {
                // A second leave keeps the receiver of the first one.
                self.keep = keep.or(self.keep.take());
                self.client.leave(rt::now(), reason, message);
            }
        }
    }

    pub(super) fn wait(&mut self, ticket: RequestTicket, waiter: Waiter, request: u64) {
        let waiting = Waiting { waiter, request, control: None, cancelled: false, called: None };
        self.waiting.insert(ticket, waiting);
    }

    /// Cancels a call. A call without a waiter was answered or not sent yet; its command handles
    /// that.
    pub(super) fn cancel(&mut self, ticket: RequestTicket, mode: CancelMode) {
        let Some(waiting) = self.waiting.get_mut(&ticket) else { return };
        let first = !std::mem::replace(&mut waiting.cancelled, true);
        self.client.cancel(waiting.request, mode);
        self.dispatch();
        if first && self.waiting.contains_key(&ticket) {
            // It waits for the callee, but with a time limit.
            let signals = self.signal_sender.clone();
            rt::spawn(async move {
                Sleep::new(KILL_TIMEOUT).await;
                drop(signals.send(Signal::Cancel(ticket, CancelMode::KillNoWait)));
            });
        }
    }

    pub(super) fn unsubscribe(&mut self, ticket: RequestTicket, listener: RequestTicket) -> u64 {
        let subscription = match self.listeners.remove(&listener) {
            Some(Listener::Subscriber { queue, subscription, ending, .. }) => {
                queue.cut();
                ending.send_replace(Some(Ending::Withdrawn));
                subscription.unwrap_or_default()
            }
            _ => 0,
        };
        self.client.unsubscribe(ticket, subscription, listener)
    }

    /// Handles the drop of a future or a subscription.
    pub(super) fn drop_ticket(&mut self, ticket: RequestTicket, mode: CancelMode) {
        if let Some(Waiting { request, .. }) = self.waiting.remove(&ticket) {
            // The core undoes a later answer to SUBSCRIBE or REGISTER.
            self.listeners.remove(&ticket);
            self.client.abandon(request, mode);
            return;
        }
        // The answers are not needed: no waiter has the empty ticket.
        match self.listeners.get(&ticket) {
            Some(Listener::Subscriber { .. }) => {
                self.unsubscribe(RequestTicket::UNUSED, ticket);
            }
            // The answer to REGISTER crossed the drop of its future.
            Some(Listener::Callee { registration: Some(registration), .. }) => {
                self.client.unregister(RequestTicket::UNUSED, *registration);
            }
            Some(Listener::Callee { registration: None, .. }) | None => {}
        }
        self.dispatch();
    }
}
