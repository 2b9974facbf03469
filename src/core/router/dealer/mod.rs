//! `Dealer`: registrations, and calls from a caller to a callee and back (spec: "RPC").
//!
//! Both sessions know a running call, so that either can leave without a scan. The callee's session
//! holds its state, by invocation id; the caller's session refers to it.

mod answers;
mod calls;
mod cancel;
mod forward;
mod policy;
mod registrations;

use crate::core::router::ConnectionId;
use crate::core::router::dealer::cancel::Interruption;
use crate::core::router::dealer::registrations::Registrations;
use crate::core::router::held;
use crate::core::router::session::{Invoked, Origin, Session, Sessions};
use crate::core::router::tables::shrink;
use crate::core::router::turn::Turn;
use crate::error::ApplicationError;
use crate::message::{CancelMode, RequestType};
use crate::uri::Uri;

#[derive(Debug, Default)]
pub(super) struct Dealer {
    pub(super) registrations: Registrations,
}

impl Dealer {
    /// Ends a call whose caller has left (spec: "Leaving during a call").
    pub(super) fn caller_left(
        &mut self,
        turn: &mut Turn<'_>,
        sessions: &mut Sessions,
        (caller, request): (ConnectionId, u64),
        invoked: Invoked,
    ) {
        let callee = sessions.get(&invoked.callee);
        let origin = callee.and_then(|callee| callee.invocations.get(&invoked.invocation));
        // The callee may have left as well, and its connection may have a new session.
        if origin.is_some_and(|origin| origin.caller == caller && origin.request == request) {
            let interruption = Interruption { mode: CancelMode::KillNoWait, reason: Uri::CANCELED };
            self.abandon(turn, sessions, invoked, Some(interruption));
        }
    }

    /// Ends a call whose callee has left.
    pub(super) fn callee_left(
        &mut self,
        turn: &mut Turn<'_>,
        sessions: &mut Sessions,
        invoked: Invoked,
        origin: &Origin,
    ) {
        let Origin { caller, request, .. } = *origin;
        // The caller may have gone, too: if it called itself, or if both have gone at once. Its
        // connection may have a new session.
        let calls = sessions.get(&caller).and_then(|caller| caller.calls.get(&request));
        let waits = calls == Some(&invoked);
        forget(turn, sessions, origin, waits);
        if waits {
            let error = ApplicationError::new(Uri::CANCELED).arg("the callee has gone");
            turn.outputs.error(caller, RequestType::Call, request, error);
        }
    }

    /// Removes an answered call from both sessions. Returns `None` if it has ended before, if it never was, or if
    /// its caller has left: a late answer is allowed.
    fn settle(
        &mut self,
        name: &str,
        turn: &mut Turn<'_>,
        from: ConnectionId,
        sessions: &mut Sessions,
        invocation: u64,
    ) -> Option<Origin> {
        let callee = sessions.get_mut(&from)?;
        let Some(origin) = callee.invocations.remove(&invocation) else {
            if let Some(slot) = callee.abandoned.remove(&invocation) {
                shrink(&mut callee.abandoned);
                self.registrations.finished(slot, from);
            }
            note_unknown(turn, name, from, callee, invocation);
            return None;
        };
        if let Some(slot) = origin.more.as_ref().and_then(|more| more.slot) {
            self.registrations.finished(slot, from);
        }
        shrink(&mut callee.invocations);
        forget(turn, sessions, &origin, true);
        sessions.contains_key(&origin.caller).then_some(origin)
    }

    /// Ends a call without its callee's answer, which is dropped when it comes. Interrupts the
    /// callee if it supports that and if there is an interruption.
    fn abandon(
        &mut self,
        turn: &mut Turn<'_>,
        sessions: &mut Sessions,
        invoked: Invoked,
        interruption: Option<Interruption>,
    ) {
        let Some(callee) = sessions.get_mut(&invoked.callee) else { return };
        let Some(origin) = callee.invocations.remove(&invoked.invocation) else { return };
        shrink(&mut callee.invocations);
        let mut told = origin.interrupted;
        if !told
            && callee.features.callee_canceling
            && let Some(interruption) = interruption
        {
            interruption.send(turn, invoked);
            told = true;
        }
        if let Some(slot) = origin.more.as_ref().and_then(|more| more.slot) {
            // A callee that was not interrupted is still busy, and will answer.
            if told || callee.abandoned.len() >= turn.config.limits.calls {
                self.registrations.finished(slot, invoked.callee);
            } else {
                callee.abandoned.insert(invoked.invocation, slot);
            }
        }
        forget(turn, sessions, &origin, true);
    }
}

/// Forgets an ended call. If `waits`, it is one of its caller's session and is removed there.
fn forget(turn: &mut Turn<'_>, sessions: &mut Sessions, origin: &Origin, waits: bool) {
    turn.held.sub(held::call(origin));
    let more = origin.more.as_deref();
    if let Some(timeout) = more.and_then(|more| more.timeout) {
        turn.call_deadlines.remove(&(timeout.deadline, origin.caller, origin.request));
    }
    let Some(caller) = sessions.get_mut(&origin.caller).filter(|_| waits) else { return };
    caller.calls.remove(&origin.request);
    shrink(&mut caller.calls);
    if let Some(stream) = more.and_then(|more| more.stream.as_ref())
        && stream.open
    {
        caller.ended_streams.insert(origin.request, &stream.procedure);
    }
}

/// Notes an answer to an invocation that is not open. A late one is usual; one to an invocation that was never sent to
/// this session is a fault of the callee, and ignored as by Crossbar: its other calls live on.
fn note_unknown(
    turn: &mut Turn<'_>,
    name: &str,
    from: ConnectionId,
    callee: &Session,
    invocation: u64,
) {
    if invocation <= callee.invocation_ids.last() {
        return;
    }
    let text = format!(
        "{name}.request is {invocation}, an invocation that was never sent to this session"
    );
    turn.outputs.dropped(from, ApplicationError::new(Uri::PROTOCOL_VIOLATION).arg(text));
}
