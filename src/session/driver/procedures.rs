//! Contains the running procedures, from invocation to answer.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::sync::oneshot;

use super::payloads::named;
use super::{Driver, Listener};
use crate::core::client::RequestTicket;
use crate::core::ids::IdMap;
use crate::error::ApplicationError;
use crate::message::{Invocation, InvocationDetails, Payload};
use crate::rt;
use crate::session::command::Signal;
use crate::session::incoming::{CallLink, IncomingCall};
use crate::session::running::{HandlerContext, Limit, Running, poll_guarded, start_guarded};
use crate::uri::Uri;

/// Maximum number of running procedures; further calls are refused with `wamp.error.unavailable`.
const MAX_RUNNING: usize = 16_384;

type Outcome = Result<Payload, ApplicationError>;

/// A procedure that was not done at once, or whose final result must wait for progressive ones.
pub(super) struct RunningInvocation {
    /// Dropping it ends the procedure's task.
    stop: Option<oneshot::Sender<()>>,
    link: Option<Arc<CallLink>>,
    /// Number of progressive results taken from the queue.
    taken: u64,
    /// The final result, until all progressive ones were taken.
    answer: Option<Outcome>,
    /// Approximate size of the arguments and details in bytes.
    weight: usize,
    /// True if the caller may see tracebacks.
    is_traced: bool,
}

/// The running procedures by invocation; dropping an entry ends its task.
pub(super) struct RunningTable {
    entries: IdMap<RunningInvocation>,
    /// Sum of the weights.
    bytes: usize,
    /// Maximum of the sum; further calls are refused with `wamp.error.unavailable`. A single call is
    /// accepted whatever its size.
    limit: usize,
}

impl RunningTable {
    pub(super) fn new(limit: usize) -> Self {
        RunningTable { entries: IdMap::default(), bytes: 0, limit }
    }

    /// Returns why another call of this weight has no room.
    fn refusal(&self, weight: usize) -> Option<String> {
        if self.entries.len() >= MAX_RUNNING {
            return Some(format!("{MAX_RUNNING} calls are being worked on already"));
        }
        let RunningTable { bytes, limit, .. } = *self;
        let full = bytes > 0 && bytes.saturating_add(weight) > limit;
        full.then(|| {
            format!(
                "{bytes} bytes of calls are being worked on already, the limit is {limit} \
                 (SessionConfig::running_limit)"
            )
        })
    }

    fn insert(&mut self, invocation: u64, procedure: RunningInvocation) {
        self.bytes += procedure.weight;
        if let Some(before) = self.entries.insert(invocation, procedure) {
            self.bytes -= before.weight;
        }
    }

    pub(super) fn remove(&mut self, invocation: u64) {
        if let Some(procedure) = self.entries.remove(&invocation) {
            self.bytes -= procedure.weight;
        }
    }

    pub(super) fn clear(&mut self) {
        *self = RunningTable::new(self.limit);
    }

    fn get(&self, invocation: u64) -> Option<&RunningInvocation> {
        self.entries.get(&invocation)
    }

    fn get_mut(&mut self, invocation: u64) -> Option<&mut RunningInvocation> {
        self.entries.get_mut(&invocation)
    }
}

impl Drop for RunningInvocation {
    fn drop(&mut self) {
        if let Some(link) = &self.link {
            link.end();
        }
    }
}

impl Driver {
    pub(super) fn invoke(&mut self, listener: RequestTicket, invocation: Invocation) {
        let Invocation { request, details, payload, .. } = invocation;
        let Some(Listener::Callee { endpoint, procedure, .. }) = self.listeners.get(&listener)
        else {
            let error = ApplicationError::new(Uri::NO_SUCH_PROCEDURE).arg("just unregistered");
            return self.client.answer(request, Err(error));
        };
        let weight = payload.weight() + details.weight();
        if let Some(text) = self.running.refusal(weight) {
            let error = ApplicationError::new(Uri::UNAVAILABLE).arg(text);
            return self.client.answer(request, Err(error));
        }
        let limit = self.limit(&details);
        let is_traced = self.is_traced(&details);
        let (name, errors) = (procedure.uri(), &self.user_errors);
        let linked = details.receive_progress == Some(true) || details.progress == Some(true);
        #[allow(clippy::arc_with_non_send_sync, reason = "in the browser nothing is Send")]
        let link = linked.then(|| {
            let (commands, max_send) = (self.command_sender.clone(), self.max_send);
            let queue = self.limits.queue;
            Arc::new(CallLink::new(request, commands, max_send, &details, queue))
        });
        let called = named(procedure, details.procedure.as_ref());
        let call = IncomingCall::new(called, details, payload, self.serializer, link.clone());
        let told = |error: &ApplicationError| errors.tell(name, error.clone());
        let mut future = match start_guarded(name, told, || endpoint.call(call)) {
            Ok(future) => future,
            Err(panicked) => return self.answer(request, Err(panicked), is_traced),
        };
        // Most procedures are done at once. Others are polled again by their own task.
        if let Poll::Ready(result) =
            poll_guarded(&mut future, &mut Context::from_waker(Waker::noop()), name, told)
        {
            match &link {
                None => return self.answer(request, result, is_traced),
                Some(_) => {
                    let (stop, answer) = (None, None);
                    let procedure =
                        RunningInvocation { stop, link, taken: 0, answer, weight, is_traced };
                    self.running.insert(request, procedure);
                    return self.answered(request, result);
                }
            }
        }
        let context = HandlerContext { uri: name.clone(), errors: errors.clone() };
        let (stop, stopped) = oneshot::channel();
        let limit = limit.map(|limit| Limit::new(limit, link.clone()));
        let (stop, answer) = (Some(stop), None);
        let procedure = RunningInvocation { stop, link, taken: 0, answer, weight, is_traced };
        self.running.insert(request, procedure);
        let signals = self.signal_sender.clone();
        rt::spawn(async move {
            if let Some(result) = (Running { future, stop: stopped, limit, context }).await {
                // Without a driver the result is not needed.
                drop(signals.send(Signal::Answer { invocation: request, result }));
            }
        });
    }

    /// Handles the final result of a procedure. It must not overtake the progressive results, which
    /// wait in the command queue.
    pub(super) fn answered(&mut self, invocation: u64, result: Outcome) {
        if let Some(procedure) = self.running.get_mut(invocation)
            && let Some(link) = &procedure.link
            && link.sent.load(Ordering::Acquire) > procedure.taken
        {
            procedure.stop = None;
            procedure.answer = Some(result);
            return;
        }
        let is_traced = self.running.get(invocation).is_some_and(|procedure| procedure.is_traced);
        self.running.remove(invocation);
        self.answer(invocation, result, is_traced);
    }

    fn answer(&mut self, invocation: u64, result: Outcome, is_traced: bool) {
        let result = result.map_err(|error| match &self.tracebacks {
            Some(tracebacks) if is_traced => tracebacks.add(error),
            _ => error.without_received_traceback(),
        });
        self.client.answer(invocation, result);
    }

    /// Returns whether a caller may see tracebacks: only if the router says which role it has.
    fn is_traced(&self, details: &InvocationDetails) -> bool {
        let Some(tracebacks) = &self.tracebacks else { return false };
        details.caller_authrole.as_deref().is_some_and(|role| tracebacks.are_for(role))
    }

    /// Handles a progressive result.
    pub(super) fn progressed(&mut self, invocation: u64, payload: Payload) {
        let Some(procedure) = self.running.get_mut(invocation) else { return };
        procedure.taken += 1;
        self.client.progress(invocation, payload);
        if let Some(result) = procedure.answer.take() {
            self.answered(invocation, result);
        }
    }

    /// Handles further arguments of a running procedure.
    pub(super) fn more_arguments(&mut self, invocation: u64, payload: Payload, last: bool) {
        let more = self.running.get(invocation).and_then(|procedure| procedure.link.as_ref());
        let Some(more) = more.and_then(|link| link.more.as_ref()) else { return };
        if !more.push(payload) {
            tracing::warn!(invocation, "a procedure lags: arguments are dropped");
        }
        if last {
            more.end(None);
        }
    }

    /// Returns the time limit of a call on this side. A router that announces call timeouts leaves
    /// the limit to the callee by sending it, even if the registration did not ask for it (spec:
    /// "Call timeout"). Others (Crossbar) forward a number in another unit and enforce it
    /// themselves.
    fn limit(&self, details: &InvocationDetails) -> Option<Duration> {
        let milliseconds = details.timeout.filter(|milliseconds| *milliseconds > 0)?;
        self.client
            .router_roles()
            .supports("dealer", "call_timeout")
            .then(|| Duration::from_millis(milliseconds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row09_running_calls_are_bounded_in_bytes() {
        let limit = 64 << 20;
        let mut running = RunningTable::new(limit);
        let call = |weight| RunningInvocation {
            stop: None,
            link: None,
            taken: 0,
            answer: None,
            weight,
            is_traced: false,
        };
        // A single one is accepted whatever its size.
        assert_eq!(running.refusal(2 * limit), None);
        let mut accepted = 0;
        while running.refusal(1 << 20).is_none() {
            accepted += 1;
            running.insert(accepted, call(1 << 20));
        }
        assert_eq!(accepted, 64);
        assert!(running.refusal(1).is_some_and(|text| text.contains("bytes")));
        running.remove(1);
        assert_eq!(running.refusal(1 << 20), None);
        running.clear();
        assert_eq!(running.bytes, 0);
    }
}
