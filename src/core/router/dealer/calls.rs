//! CALL: the choice of the callee, and the INVOCATION.

use crate::core::router::ConnectionId;
use crate::core::router::checks::{check_uri, too_many};
use crate::core::router::config::Disclosure;
use crate::core::router::custom::check_forwarded;
use crate::core::router::dealer::Dealer;
use crate::core::router::dealer::forward::{
    RequiredFeatures, disclose_caller, disclosure_denied, forward_arguments, forward_call,
};
use crate::core::router::dealer::registrations::Target;
use crate::core::router::held;
use crate::core::router::session::{
    Invoked, More, Origin, Session, Sessions, Slot, Stream, Timeout,
};
use crate::core::router::turn::{Failure, Turn};
use crate::error::{ApplicationError, Violation};
use crate::message::{Call, CallOptions, Invocation, InvocationDetails};
use crate::uri::{Match, Uri};
use crate::value::Dict;

impl Dealer {
    /// Returns whether a CALL is a new one. Otherwise it has brought more arguments for a running
    /// call, or was late, and is done.
    pub(in crate::core::router) fn admit(
        &mut self,
        turn: &mut Turn<'_>,
        from: ConnectionId,
        sessions: &mut Sessions,
        message: &Call,
    ) -> Result<bool, Violation> {
        let Some(caller) = sessions.get_mut(&from) else { return Ok(false) };
        if let Some(&invoked) = caller.calls.get(&message.request) {
            return self.proceed(turn, sessions, invoked, message).map(|()| false);
        }
        let needs = RequiredFeatures::of_call(&message.options);
        if caller.ended_streams.take(message.request, &message.procedure, needs.stream) {
            return Ok(false);
        }
        if turn.config.strict_request_ids {
            caller.check_request("CALL", message.request)?;
        }
        check_announced(caller, needs)?;
        Ok(true)
    }

    /// Starts a new call.
    pub(in crate::core::router) fn call(
        &mut self,
        turn: &mut Turn<'_>,
        from: ConnectionId,
        sessions: &mut Sessions,
        message: Call,
        disclosure: Disclosure,
    ) -> Result<(), Failure> {
        let Call { request, options, procedure, payload } = message;
        let Some(caller) = sessions.get_mut(&from) else { return Ok(()) };
        let needs = RequiredFeatures::of_call(&options);
        check_uri(turn, &procedure, Match::Exact)?;
        if !options.is_empty() {
            let encoding = [&options.enc_algo, &options.enc_serializer];
            check_forwarded(turn.config, "CALL.Options", &payload, encoding, &options.extra)?;
        }
        let ask = options.disclose_me == Some(true);
        if ask && disclosure == Disclosure::Never {
            return Err(disclosure_denied("CALL.Options.disclose_me").into());
        }
        let limit = turn.config.limits.calls;
        if caller.calls.len() >= limit {
            return Err(too_many("calls under way", limit).into());
        }
        turn.held.check(turn.config, 0)?;
        let target = self.registrations.choose(turn, sessions, &procedure, needs)?;
        let Target { registration, connection, ref callee, .. } = target;

        let mut details = InvocationDetails::default();
        let disclosed = match disclosure {
            Disclosure::OnRequest => ask || callee.disclose_caller,
            Disclosure::Always => true,
            Disclosure::Never => false,
        };
        if disclosed && let Some(caller) = sessions.get(&from) {
            disclose_caller(&mut details, &caller.identity);
        }
        let mut more = More::default();
        if callee.concurrency.is_some() {
            more.slot = Some(Slot { registration, joining: callee.joining });
        }
        let Some(callee) = sessions.get_mut(&connection) else { return Ok(()) };
        let invocation = callee.invocation_ids.next();
        let mut origin = Origin::new(from, request);
        if target.pattern {
            details.procedure = Some(procedure.clone());
        }
        if !options.is_empty() {
            apply(turn, &target, options, procedure, &mut details, &mut origin, &mut more);
        }
        if more.is_needed() {
            origin.more = Some(Box::new(more));
        }
        turn.held.add(held::call(&origin));
        callee.invocations.insert(invocation, origin);
        // The caller may be the callee.
        if let Some(caller) = sessions.get_mut(&from) {
            caller.calls.insert(request, Invoked { callee: connection, invocation });
        }
        let invocation = Invocation { request: invocation, registration, details, payload };
        turn.outputs.send(connection, invocation);
        Ok(())
    }

    /// Passes on further arguments of a running call, to the same callee. Of the options only
    /// `progress` counts (spec: "Progressive call invocations").
    fn proceed(
        &mut self,
        turn: &mut Turn<'_>,
        sessions: &mut Sessions,
        invoked: Invoked,
        message: &Call,
    ) -> Result<(), Violation> {
        let Invoked { callee, invocation } = invoked;
        if sessions.is_leaving(callee) {
            // The error that tells so is on its way.
            return Ok(());
        }
        let session = sessions.get_mut(&callee);
        let transparency = session.as_ref().is_some_and(|it| it.features.callee_transparency);
        let origin = session.and_then(|session| session.invocations.get_mut(&invocation));
        let caller = origin.as_ref().map(|origin| origin.caller);
        let interrupted = origin.as_ref().is_some_and(|origin| origin.interrupted);
        let stream = origin.and_then(|origin| origin.more.as_mut()?.stream.as_mut());
        let Some(stream) =
            stream.filter(|stream| stream.open && stream.procedure == message.procedure)
        else {
            let request = message.request;
            return Err(Violation::new(format!(
                "CALL.request is {request}, a call that is under way"
            )));
        };
        stream.open = message.options.progress == Some(true);
        if interrupted {
            // The callee was interrupted.
            return Ok(());
        }
        if message.payload.opaque().is_some() && !transparency {
            // The callee could not even read the message; the first arguments were of another kind.
            let reason = Uri::FEATURE_NOT_SUPPORTED;
            let error = ApplicationError::new(reason)
                .arg("the arguments need payload_transparency, which the callee did not announce");
            if let Some(caller) = caller {
                self.give_up(turn, sessions, caller, message.request, reason, error);
            }
            return Ok(());
        }
        // Other keys of a later part do not pass.
        let encoding = [&message.options.enc_algo, &message.options.enc_serializer];
        let (place, none) = ("CALL.Options", Dict::new());
        if let Err(error) = check_forwarded(turn.config, place, &message.payload, encoding, &none) {
            if let Some(caller) = caller {
                self.give_up(turn, sessions, caller, message.request, Uri::CANCELED, error);
            }
            return Ok(());
        }
        let mut details = InvocationDetails::default();
        if stream.pattern {
            details.procedure = Some(message.procedure.clone());
        }
        if stream.open {
            details.progress = Some(true);
        }
        forward_arguments(message.options.clone(), &message.payload, &mut details);
        let (registration, payload) = (stream.registration, message.payload.clone());
        turn.outputs
            .send(callee, Invocation { request: invocation, registration, details, payload });
        Ok(())
    }
}

/// Checks that the caller announced the features that it uses (spec: "Protocol violations").
fn check_announced(caller: &Session, needs: RequiredFeatures) -> Result<(), Violation> {
    if needs.stream && !caller.features.caller_progressive_invocations {
        return Err(Violation::new("CALL.Options.progress was not announced"));
    }
    if needs.passthru && !caller.features.caller_passthru {
        return Err(Violation::new("CALL.Options.ppt_scheme was not announced"));
    }
    Ok(())
}

/// Applies the options of a call.
fn apply(
    turn: &mut Turn<'_>,
    target: &Target,
    options: CallOptions,
    procedure: Uri,
    details: &mut InvocationDetails,
    origin: &mut Origin,
    more: &mut More,
) {
    let Target { registration, pattern, callee, .. } = *target;
    if options.receive_progress == Some(true) && callee.features.callee_progressive_results {
        origin.receive_progress = true;
        details.receive_progress = Some(true);
    }
    if options.progress == Some(true) {
        details.progress = Some(true);
        more.stream = Some(Stream { procedure, registration, pattern, open: true });
    }
    if let Some(milliseconds @ 1..) = options.timeout {
        let forwarded = callee.forward_timeout && callee.features.callee_timeout;
        if forwarded {
            details.timeout = Some(milliseconds);
        }
        let (caller, request) = (origin.caller, origin.request);
        more.timeout = Some(Timeout::start(turn, caller, request, milliseconds, forwarded));
    }
    forward_call(options, details);
}
