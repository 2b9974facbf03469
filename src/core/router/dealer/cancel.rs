//! Calls that end before their callee has answered: cancelled by the caller, or timed out (spec:
//! "Call canceling", "Call timeout").

use std::time::Duration;

use crate::core::router::ConnectionId;
use crate::core::router::dealer::Dealer;
use crate::core::router::session::{Invoked, Sessions, Timeout};
use crate::core::router::turn::Turn;
use crate::error::ApplicationError;
use crate::message::{Cancel, CancelMode, CancelOptions, Interrupt, RequestType};
use crate::uri::Uri;

/// Extra time for a callee that keeps the timeout itself. It should answer in time; if it does not,
/// the call must not hang.
const GRACE: Duration = Duration::from_secs(5);

/// Time that an interrupted callee has for its last answer, unless the call's own timeout ends
/// earlier.
const KILL_GRACE: Duration = Duration::from_secs(10);

/// Content of INTERRUPT.
#[derive(Clone, Copy, Debug)]
pub(super) struct Interruption {
    pub(super) mode: CancelMode,
    /// Error URI, for Autobahn.
    pub(super) reason: &'static str,
}

impl Interruption {
    pub(super) fn send(self, turn: &mut Turn<'_>, invoked: Invoked) {
        let mut options = CancelOptions::default();
        options.mode = Some(self.mode);
        options.reason = Some(self.reason.to_owned());
        turn.outputs.send(invoked.callee, Interrupt { request: invoked.invocation, options });
    }
}

impl Dealer {
    pub(in crate::core::router) fn cancel(
        &mut self,
        turn: &mut Turn<'_>,
        from: ConnectionId,
        sessions: &mut Sessions,
        message: &Cancel,
    ) {
        let Some(caller) = sessions.get(&from) else { return };
        // The call has ended: its answer and CANCEL have crossed.
        let Some(&invoked) = caller.calls.get(&message.request) else { return };
        let Some(callee) = sessions.get_mut(&invoked.callee) else { return };
        let can_cancel = callee.features.callee_canceling;
        let Some(origin) = callee.invocations.get_mut(&invoked.invocation) else { return };
        if origin.interrupted {
            // The call was cancelled before, and the caller waits for the callee.
            return;
        }
        // The spec defines no default mode. This one settles the call at once.
        let mode = message.options.mode.unwrap_or(CancelMode::KillNoWait);
        let interruption = Interruption { mode, reason: Uri::CANCELED };
        if can_cancel && mode == CancelMode::Kill {
            origin.interrupted = true;
            let request = message.request;
            let timeout = &mut origin.more.get_or_insert_default().timeout;
            if timeout.is_none_or(|it| it.deadline > turn.now.saturating_add(KILL_GRACE)) {
                if let Some(longer) = timeout.take() {
                    turn.call_deadlines.remove(&(longer.deadline, from, request));
                }
                *timeout = Some(Timeout::begin(turn, from, request, KILL_GRACE, Uri::CANCELED));
            }
            interruption.send(turn, invoked);
            return;
        }
        let interruption = (mode != CancelMode::Skip).then_some(interruption);
        self.abandon(turn, sessions, invoked, interruption);
        let error = ApplicationError::new(Uri::CANCELED).arg("the caller cancelled the call");
        turn.outputs.error(from, RequestType::Call, message.request, error);
    }

    /// Ends a call whose callee was silent for too long.
    pub(in crate::core::router) fn time_out(
        &mut self,
        turn: &mut Turn<'_>,
        sessions: &mut Sessions,
        caller: ConnectionId,
        request: u64,
    ) {
        let invoked = sessions.get(&caller).and_then(|session| session.calls.get(&request));
        let origin =
            invoked.and_then(|it| sessions.get(&it.callee)?.invocations.get(&it.invocation));
        let timeout = origin.and_then(|origin| origin.more.as_ref()?.timeout);
        // A deadline of a session that has left may be over later than its call.
        let Some(timeout) = timeout.filter(|timeout| timeout.deadline <= turn.now) else { return };
        let reason = timeout.reason;
        let error = ApplicationError::new(reason).arg("the callee did not answer in time");
        self.give_up(turn, sessions, caller, request, reason, error);
    }

    /// Ends a running call that cannot go on.
    pub(in crate::core::router) fn give_up(
        &mut self,
        turn: &mut Turn<'_>,
        sessions: &mut Sessions,
        caller: ConnectionId,
        request: u64,
        reason: &'static str,
        error: ApplicationError,
    ) {
        let Some(session) = sessions.get(&caller) else { return };
        let Some(&invoked) = session.calls.get(&request) else { return };
        if sessions.is_leaving(invoked.callee) {
            // The error that tells so is on its way.
            return;
        }
        let interruption = Interruption { mode: CancelMode::KillNoWait, reason };
        self.abandon(turn, sessions, invoked, Some(interruption));
        turn.outputs.error(caller, RequestType::Call, request, error);
    }
}

impl Timeout {
    /// Starts the timer of a call. If `forwarded`, the callee keeps the timeout itself.
    pub(super) fn start(
        turn: &mut Turn<'_>,
        caller: ConnectionId,
        request: u64,
        milliseconds: u64,
        forwarded: bool,
    ) -> Self {
        let limit = Duration::from_millis(milliseconds);
        let limit = if forwarded { limit.saturating_add(GRACE) } else { limit };
        Timeout::begin(turn, caller, request, limit, Uri::TIMEOUT)
    }

    fn begin(
        turn: &mut Turn<'_>,
        caller: ConnectionId,
        request: u64,
        limit: Duration,
        reason: &'static str,
    ) -> Self {
        let deadline = turn.now.saturating_add(limit);
        turn.call_deadlines.insert((deadline, caller, request));
        Timeout { limit, deadline, reason }
    }

    /// Restarts the timer after a progressive result.
    pub(super) fn restart(&mut self, turn: &mut Turn<'_>, caller: ConnectionId, request: u64) {
        turn.call_deadlines.remove(&(self.deadline, caller, request));
        self.deadline = turn.now.saturating_add(self.limit);
        turn.call_deadlines.insert((self.deadline, caller, request));
    }
}
