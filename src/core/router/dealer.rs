//! `Dealer`: registrations, and calls from a caller to a callee and back (spec: "RPC").
//!
//! A call that is under way is known to both of its sessions, so that either can go without a scan.

use crate::core::ids::KeyMap;
use crate::core::router::ConnectionId;
use crate::core::router::index::Index;
use crate::core::router::realm::{
    Failure, Turn, check_own_uri, check_uri, not_allowed, quote, too_many,
};
use crate::core::router::session::{Invoked, Origin, Session};
use crate::error::{ApplicationError, Violation};
use crate::message::{
    Call, CallResult, Cancel, Invocation, InvocationDetails, InvocationPolicy, Register,
    Registered, RequestError, RequestErrorDetails, RequestType, ResultDetails, Unregister,
    Unregistered, Yield,
};
use crate::uri::{Match, uris};

pub(super) type Sessions = KeyMap<ConnectionId, Session>;

#[derive(Debug, Default)]
pub(super) struct Dealer {
    registrations: Index<ConnectionId>,
}

impl Dealer {
    pub(super) fn registrations(&self) -> usize {
        self.registrations.len()
    }

    pub(super) fn register(
        &mut self,
        turn: &mut Turn<'_>,
        from: ConnectionId,
        session: &mut Session,
        message: Register,
    ) -> Result<(), Failure> {
        let policy = message.options.r#match.unwrap_or_default();
        check_uri(turn, &message.procedure, policy)?;
        if policy != Match::Exact {
            return Err(not_allowed(format_args!("match: {}", policy.as_str())).into());
        }
        check_own_uri(turn, &message.procedure)?;
        let invoke = message.options.invoke.unwrap_or_default();
        if invoke != InvocationPolicy::Single {
            return Err(not_allowed(format_args!("invoke: {}", invoke.as_str())).into());
        }
        if self.registrations.find(&message.procedure, Match::Exact).is_some() {
            return Err(ApplicationError::new(uris::PROCEDURE_ALREADY_EXISTS)
                .arg(format!("{} is registered already", quote(&message.procedure)))
                .into());
        }
        let limit = turn.config.limits.registrations;
        if session.registrations.len() >= limit {
            return Err(too_many("registrations", limit).into());
        }
        let registration = self.registrations.entry(message.procedure, policy, || from).0.id;
        session.registrations.insert(registration);
        turn.outputs.send(from, Registered { request: message.request, registration });
        Ok(())
    }

    pub(super) fn unregister(
        &mut self,
        turn: &mut Turn<'_>,
        from: ConnectionId,
        session: &mut Session,
        message: &Unregister,
    ) -> Result<(), Failure> {
        if !session.registrations.remove(&message.registration) {
            return Err(ApplicationError::new(uris::NO_SUCH_REGISTRATION)
                .arg(format!("this session has no registration {}", message.registration))
                .into());
        }
        self.registrations.remove(message.registration);
        turn.outputs.send(from, Unregistered { request: message.request, details: None });
        Ok(())
    }

    pub(super) fn call(
        &mut self,
        turn: &mut Turn<'_>,
        from: ConnectionId,
        sessions: &mut Sessions,
        message: Call,
    ) -> Result<(), Failure> {
        let request = message.request;
        if message.options.progress == Some(true) {
            return Err(Violation::new("CALL.Options.progress was not announced").into());
        }
        if message.options.ppt_scheme.is_some() {
            return Err(Violation::new("CALL.Options.ppt_scheme was not announced").into());
        }
        let Some(caller) = sessions.get_mut(&from) else { return Ok(()) };
        if caller.calls.contains_key(&request) {
            return Err(Violation::new(format!(
                "CALL.request is {request}, a call that is under way"
            ))
            .into());
        }
        check_uri(turn, &message.procedure, Match::Exact)?;
        let Some(entry) = self.registrations.best(&message.procedure) else {
            return Err(ApplicationError::new(uris::NO_SUCH_PROCEDURE)
                .arg(format!("nobody has registered {}", quote(&message.procedure)))
                .into());
        };
        let limit = turn.config.limits.calls;
        if caller.calls.len() >= limit {
            return Err(too_many("calls under way", limit).into());
        }
        let (registration, callee_id) = (entry.id, entry.members);
        let Some(callee) = sessions.get_mut(&callee_id) else { return Ok(()) };
        let invocation = callee.invocation_ids.next();
        callee.invocations.insert(invocation, Origin { caller: from, request });
        // The caller may be the callee.
        if let Some(caller) = sessions.get_mut(&from) {
            caller.calls.insert(request, Invoked { callee: callee_id, invocation });
        }
        turn.outputs.send(
            callee_id,
            Invocation {
                request: invocation,
                registration,
                details: InvocationDetails::default(),
                payload: message.payload,
            },
        );
        Ok(())
    }

    /// No callee is asked to stop yet, so each mode acts as "skip" (spec: "Call canceling").
    pub(super) fn cancel(
        &mut self,
        turn: &mut Turn<'_>,
        from: ConnectionId,
        sessions: &mut Sessions,
        message: &Cancel,
    ) {
        let Some(caller) = sessions.get_mut(&from) else { return };
        // Not under way: the answer and CANCEL have crossed.
        let Some(invoked) = caller.calls.remove(&message.request) else { return };
        if let Some(callee) = sessions.get_mut(&invoked.callee) {
            callee.invocations.remove(&invoked.invocation);
        }
        let error = ApplicationError::new(uris::CANCELED).arg("the caller cancelled the call");
        turn.outputs.error(from, RequestType::Call, message.request, error);
    }

    pub(super) fn r#yield(
        &mut self,
        turn: &mut Turn<'_>,
        from: ConnectionId,
        sessions: &mut Sessions,
        message: Yield,
    ) -> Result<(), Violation> {
        if message.options.ppt_scheme.is_some() {
            return Err(Violation::new("YIELD.Options.ppt_scheme was not announced"));
        }
        // Nobody can have asked for progress; the final result still counts.
        if message.options.progress == Some(true) {
            let Some(callee) = sessions.get(&from) else { return Ok(()) };
            return check_given("YIELD", callee, message.request);
        }
        let Some(origin) = settle("YIELD", from, sessions, message.request)? else {
            return Ok(());
        };
        turn.outputs.send(
            origin.caller,
            CallResult {
                request: origin.request,
                details: ResultDetails::default(),
                payload: message.payload,
            },
        );
        Ok(())
    }

    pub(super) fn error(
        &mut self,
        turn: &mut Turn<'_>,
        from: ConnectionId,
        sessions: &mut Sessions,
        message: RequestError,
    ) -> Result<(), Violation> {
        if message.request_type != RequestType::Invocation {
            let code = message.request_type.code();
            return Err(Violation::new(format!("ERROR.request_type is {code}, must be 68")));
        }
        let Some(origin) = settle("ERROR", from, sessions, message.request)? else {
            return Ok(());
        };
        turn.outputs.send(
            origin.caller,
            RequestError {
                request_type: RequestType::Call,
                request: origin.request,
                details: RequestErrorDetails::default(),
                error: message.error,
                payload: message.payload,
            },
        );
        Ok(())
    }

    /// Ends a call whose invocation never reached its callee.
    pub(super) fn refuse(
        &mut self,
        turn: &mut Turn<'_>,
        callee: ConnectionId,
        sessions: &mut Sessions,
        invocation: u64,
        error: ApplicationError,
    ) {
        if let Ok(Some(origin)) = settle("INVOCATION", callee, sessions, invocation) {
            turn.outputs.error(origin.caller, RequestType::Call, origin.request, error);
        }
    }

    /// Drops all registrations of a session that has gone, fails the calls that it was to answer
    /// and forgets those that it made (spec: "Leaving during a call").
    pub(super) fn release(
        &mut self,
        turn: &mut Turn<'_>,
        gone: ConnectionId,
        session: Session,
        sessions: &mut Sessions,
    ) {
        for registration in session.registrations {
            self.registrations.remove(registration);
        }
        for invoked in session.calls.values() {
            if let Some(callee) = sessions.get_mut(&invoked.callee) {
                callee.invocations.remove(&invoked.invocation);
            }
        }
        let mut invocations: Vec<_> = session.invocations.into_iter().collect();
        invocations.sort_unstable_by_key(|(id, _)| *id);
        for (_, origin) in invocations {
            // Nobody is left to answer if it called itself.
            if origin.caller == gone {
                continue;
            }
            if let Some(caller) = sessions.get_mut(&origin.caller) {
                caller.calls.remove(&origin.request);
            }
            let error = ApplicationError::new(uris::CANCELED).arg("the callee has gone");
            turn.outputs.error(origin.caller, RequestType::Call, origin.request, error);
        }
    }
}

/// Takes an invocation that is answered out of both sessions. Nothing if the call has ended
/// before: the answer is late, which is no violation.
fn settle(
    name: &str,
    from: ConnectionId,
    sessions: &mut Sessions,
    invocation: u64,
) -> Result<Option<Origin>, Violation> {
    let Some(callee) = sessions.get_mut(&from) else { return Ok(None) };
    let Some(origin) = callee.invocations.remove(&invocation) else {
        return check_given(name, callee, invocation).map(|()| None);
    };
    if let Some(caller) = sessions.get_mut(&origin.caller) {
        caller.calls.remove(&origin.request);
    }
    Ok(Some(origin))
}

/// That this invocation was once sent to this session.
fn check_given(name: &str, callee: &Session, invocation: u64) -> Result<(), Violation> {
    if invocation <= callee.invocation_ids.last() {
        return Ok(());
    }
    Err(Violation::new(format!(
        "{name}.request is {invocation}, an invocation that was never sent to this session"
    )))
}
