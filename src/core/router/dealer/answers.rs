//! YIELD and ERROR: the way back to the caller (spec: "Progressive call results").

use crate::core::router::ConnectionId;
use crate::core::router::config::RouterConfig;
use crate::core::router::custom::check_forwarded;
use crate::core::router::dealer::cancel::Interruption;
use crate::core::router::dealer::forward::{
    RequiredFeatures, error_details, forward_error, forward_result, result_details,
};
use crate::core::router::dealer::{Dealer, note_unknown};
use crate::core::router::names::quote;
use crate::core::router::session::{Invoked, Origin, Sessions};
use crate::core::router::turn::Turn;
use crate::error::{ApplicationError, Violation};
use crate::message::{
    CallResult, CancelMode, Payload, RequestError, RequestErrorDetails, RequestType, Yield,
};
use crate::uri::{Match, Uri, UriRule};

impl Dealer {
    pub(in crate::core::router) fn r#yield(
        &mut self,
        turn: &mut Turn<'_>,
        from: ConnectionId,
        sessions: &mut Sessions,
        message: Yield,
    ) -> Result<(), Violation> {
        let Yield { request: invocation, options, payload } = message;
        let needs = RequiredFeatures {
            passthru: options.ppt_scheme.is_some(),
            transparency: options.enc_algo.is_some(),
            stream: false,
        };
        check_announced("YIELD.Options", from, sessions, needs)?;
        let encoding = [&options.enc_algo, &options.enc_serializer];
        if !options.is_empty()
            && let Err(error) =
                check_forwarded(turn.config, "YIELD.Options", &payload, encoding, &options.extra)
        {
            turn.outputs.dropped(from, error.clone());
            self.refuse(turn, from, sessions, invocation, error);
            return Ok(());
        }
        let progress = options.progress == Some(true);
        let (caller, request) = if progress {
            let Some(origin) = progress_of(turn, from, sessions, invocation) else {
                return Ok(());
            };
            origin
        } else {
            let Some(origin) = self.settle("YIELD", turn, from, sessions, invocation) else {
                return Ok(());
            };
            (origin.caller, origin.request)
        };
        if needs != RequiredFeatures::default() && !takes(sessions, caller, needs) {
            let error = ApplicationError::new(Uri::FEATURE_NOT_SUPPORTED)
                .arg(format!("the result needs {needs}, which the caller did not announce"));
            if progress {
                let reason = Uri::FEATURE_NOT_SUPPORTED;
                self.give_up(turn, sessions, caller, request, reason, error);
            } else {
                turn.outputs.error(caller, RequestType::Call, request, error);
            }
            return Ok(());
        }
        let mut details = result_details(turn, sessions, from);
        if progress {
            details.progress = Some(true);
        }
        if !options.is_empty() {
            forward_result(options, &mut details);
        }
        turn.outputs.send(caller, CallResult { request, details, payload });
        Ok(())
    }

    pub(in crate::core::router) fn error(
        &mut self,
        turn: &mut Turn<'_>,
        from: ConnectionId,
        sessions: &mut Sessions,
        message: RequestError,
    ) -> Result<(), Violation> {
        let RequestError { request_type, request: invocation, details: told, error, payload } =
            message;
        if request_type != RequestType::Invocation {
            let code = request_type.code();
            return Err(Violation::new(format!("ERROR.request_type is {code}, must be 68")));
        }
        let needs = RequiredFeatures {
            passthru: told.ppt_scheme.is_some(),
            transparency: told.enc_algo.is_some(),
            stream: false,
        };
        check_announced("ERROR.Details", from, sessions, needs)?;
        if turn.config.strict_payloads
            && let Err(error) = check_error(turn.config, &error, &told, &payload)
        {
            turn.outputs.dropped(from, error.clone());
            self.refuse(turn, from, sessions, invocation, error);
            return Ok(());
        }
        let Some(origin) = self.settle("ERROR", turn, from, sessions, invocation) else {
            return Ok(());
        };
        let Origin { caller, request, .. } = origin;
        let mut details = error_details(turn, sessions, from);
        let mut payload = payload;
        if needs != RequiredFeatures::default() && !takes(sessions, caller, needs) {
            // The error is worth more to the caller than the payload that it cannot read.
            payload = Payload::empty();
        } else if !told.is_empty() {
            forward_error(told, &mut details);
        }
        let request_type = RequestType::Call;
        turn.outputs.send(caller, RequestError { request_type, request, details, error, payload });
        Ok(())
    }

    /// Ends a call whose invocation cannot be carried to its callee.
    pub(in crate::core::router) fn refuse(
        &mut self,
        turn: &mut Turn<'_>,
        callee: ConnectionId,
        sessions: &mut Sessions,
        invocation: u64,
        error: ApplicationError,
    ) {
        let Some(origin) = self.settle("INVOCATION", turn, callee, sessions, invocation) else {
            return;
        };
        // The invocation may have begun with earlier arguments.
        let begun = origin.more.as_ref().is_some_and(|more| more.stream.is_some());
        let begun = begun && !origin.interrupted;
        let can_cancel = || sessions.get(&callee).is_some_and(|it| it.features.callee_canceling);
        if begun && can_cancel() {
            let interruption = Interruption { mode: CancelMode::KillNoWait, reason: Uri::CANCELED };
            interruption.send(turn, Invoked { callee, invocation });
        }
        turn.outputs.error(origin.caller, RequestType::Call, origin.request, error);
    }
}

/// Checks that every caller can read an error.
fn check_error(
    config: &RouterConfig,
    uri: &Uri,
    told: &RequestErrorDetails,
    payload: &Payload,
) -> Result<(), ApplicationError> {
    if !uri.check(UriRule::Loose, Match::Exact) {
        let text = format!("{} is not a valid URI of an error", quote(uri));
        return Err(ApplicationError::new(Uri::INVALID_URI).arg(text));
    }
    let encoding = [&told.enc_algo, &told.enc_serializer];
    check_forwarded(config, "ERROR.Details", payload, encoding, &told.extra)
}

/// The caller of a progressive result. `None` if the result is late, was not asked for or answers no
/// invocation; then it is dropped, and the final result still counts.
fn progress_of(
    turn: &mut Turn<'_>,
    from: ConnectionId,
    sessions: &mut Sessions,
    invocation: u64,
) -> Option<(ConnectionId, u64)> {
    let callee = sessions.get_mut(&from)?;
    let Some(origin) = callee.invocations.get_mut(&invocation) else {
        note_unknown(turn, "YIELD", from, callee, invocation);
        return None;
    };
    if !origin.receive_progress {
        return None;
    }
    let (caller, request) = (origin.caller, origin.request);
    // An interrupted callee gains no time by further results.
    if !origin.interrupted
        && let Some(timeout) = origin.more.as_mut().and_then(|more| more.timeout.as_mut())
    {
        timeout.restart(turn, caller, request);
    }
    // The caller may be leaving.
    sessions.contains_key(&caller).then_some((caller, request))
}

/// Checks that a callee announced the features that it uses (spec: "Payload passthru mode").
fn check_announced(
    place: &str,
    callee: ConnectionId,
    sessions: &Sessions,
    needs: RequiredFeatures,
) -> Result<(), Violation> {
    let announced =
        || sessions.get(&callee).is_some_and(|session| session.features.callee_passthru);
    if needs.passthru && !announced() {
        return Err(Violation::new(format!("{place}.ppt_scheme was not announced")));
    }
    Ok(())
}

/// Returns whether a caller can read an answer.
fn takes(sessions: &Sessions, caller: ConnectionId, needs: RequiredFeatures) -> bool {
    sessions.get(&caller).is_some_and(|session| needs.are_met_by_caller(session.features))
}
