//! Details that pass from one peer to the other: the sender's identity, and keys that only the
//! peers understand (spec: "Caller identification", "Payload passthru mode").
//!
//! The keys of both kinds of passthru pass, and those of applications: see `custom`.

use std::fmt;

use crate::core::router::ConnectionId;
use crate::core::router::config::Disclosure;
use crate::core::router::custom::custom;
use crate::core::router::features::Features;
use crate::core::router::session::{Identity, Sessions};
use crate::core::router::turn::Turn;
use crate::error::ApplicationError;
use crate::message::{
    CallOptions, InvocationDetails, Payload, RequestErrorDetails, ResultDetails, YieldOptions,
};
use crate::uri::Uri;

/// Features that a receiver must have announced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct RequiredFeatures {
    /// The arguments come in several messages.
    pub(super) stream: bool,
    /// The payload is in passthru mode.
    pub(super) passthru: bool,
    /// The payload is in Autobahn's passthru mode. It is not checked for senders, since the spec
    /// does not define it.
    pub(super) transparency: bool,
}

impl RequiredFeatures {
    pub(super) fn of_call(options: &CallOptions) -> Self {
        if options.is_empty() {
            return RequiredFeatures::default();
        }
        RequiredFeatures {
            stream: options.progress == Some(true),
            passthru: options.ppt_scheme.is_some(),
            transparency: options.enc_algo.is_some(),
        }
    }

    pub(super) fn are_met_by(self, callee: Features) -> bool {
        (!self.stream || callee.callee_progressive_invocations)
            && (!self.passthru || callee.callee_passthru)
            && (!self.transparency || callee.callee_transparency)
    }

    /// Returns whether a caller can get such an answer.
    pub(super) fn are_met_by_caller(self, caller: Features) -> bool {
        (!self.passthru || caller.caller_passthru)
            && (!self.transparency || caller.caller_transparency)
    }
}

impl fmt::Display for RequiredFeatures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [
            (self.stream, "progressive_call_invocations"),
            (self.passthru, "payload_passthru_mode"),
            (self.transparency, "payload_transparency"),
        ];
        let names: Vec<_> =
            names.into_iter().filter_map(|(needed, name)| needed.then_some(name)).collect();
        f.write_str(&names.join(" and "))
    }
}

/// Passes the keys of the payload's encoding.
macro_rules! pass_encoding {
    ($from:ident => $to:ident) => {
        if $from.ppt_scheme.is_some() {
            $to.ppt_scheme = $from.ppt_scheme;
            $to.ppt_serializer = $from.ppt_serializer;
            $to.ppt_cipher = $from.ppt_cipher;
            $to.ppt_keyid = $from.ppt_keyid;
        }
        if $from.enc_algo.is_some() {
            $to.enc_algo = $from.enc_algo;
            $to.enc_serializer = $from.enc_serializer;
            $to.enc_key = $from.enc_key;
        }
    };
}

/// Passes the keys that all forwarded types have.
macro_rules! pass_on {
    ($from:ident => $to:ident) => {
        pass_encoding!($from => $to);
        let extra = custom($from.extra);
        if !extra.is_empty() {
            $to.extra = extra;
        }
    };
}

/// From CALL to INVOCATION.
pub(super) fn forward_call(options: CallOptions, details: &mut InvocationDetails) {
    let options = options.into_fields();
    pass_on!(options => details);
}

/// From CALL with more arguments to INVOCATION. Of its options only `progress` counts, and callees
/// remember the first ones (spec: "Progressive call invocations"). Autobahn's keys pass
/// nevertheless: they describe a message with binary data in place of arguments.
pub(super) fn forward_arguments(
    options: CallOptions,
    payload: &Payload,
    details: &mut InvocationDetails,
) {
    if payload.opaque().is_some() {
        let options = options.into_fields();
        details.enc_algo = options.enc_algo;
        details.enc_serializer = options.enc_serializer;
        details.enc_key = options.enc_key;
    }
}

/// From YIELD to RESULT.
pub(super) fn forward_result(options: YieldOptions, details: &mut ResultDetails) {
    let options = options.into_fields();
    pass_on!(options => details);
}

/// From the callee's ERROR to the caller's.
pub(super) fn forward_error(from: RequestErrorDetails, details: &mut RequestErrorDetails) {
    let from = from.into_fields();
    pass_on!(from => details);
}

/// Discloses the caller to the callee.
pub(super) fn disclose_caller(details: &mut InvocationDetails, caller: &Identity) {
    details.caller = Some(caller.session);
    details.caller_authid = Some(caller.authid.clone());
    details.caller_authrole = Some(caller.authrole.clone());
}

/// Discloses the callee to the caller, if this router always discloses.
pub(super) fn result_details(
    turn: &Turn<'_>,
    sessions: &Sessions,
    callee: ConnectionId,
) -> ResultDetails {
    let mut details = ResultDetails::default();
    if let Some(callee) = disclosed(turn, sessions, callee) {
        details.callee = Some(callee.session);
        details.callee_authid = Some(callee.authid.clone());
        details.callee_authrole = Some(callee.authrole.clone());
    }
    details
}

/// Discloses the callee in an error, if this router always discloses.
pub(super) fn error_details(
    turn: &Turn<'_>,
    sessions: &Sessions,
    callee: ConnectionId,
) -> RequestErrorDetails {
    let mut details = RequestErrorDetails::default();
    if let Some(callee) = disclosed(turn, sessions, callee) {
        details.callee = Some(callee.session);
        details.callee_authid = Some(callee.authid.clone());
        details.callee_authrole = Some(callee.authrole.clone());
    }
    details
}

/// The error for a request of disclosure where the router never discloses.
pub(super) fn disclosure_denied(option: &str) -> ApplicationError {
    ApplicationError::new(Uri::OPTION_DISALLOWED_DISCLOSE_ME)
        .arg(format!("{option}: this router does not disclose sessions"))
}

fn disclosed<'a>(
    turn: &Turn<'_>,
    sessions: &'a Sessions,
    callee: ConnectionId,
) -> Option<&'a Identity> {
    if turn.config.disclosure != Disclosure::Always {
        return None;
    }
    sessions.get(&callee).map(|session| &*session.identity)
}
