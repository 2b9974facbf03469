//! Describes errors for JavaScript.
//!
//! Selects the class of `errors.js` for an error. A report is a dict: `kind`, `uri` and `message`. The
//! arguments of an application error cross beside it, in the format of the session.

use std::sync::Arc;

use wampwerk::Uri;
use wampwerk::component::{AttemptError, ComponentError};
use wampwerk::error::{
    ApplicationError, CallError, CloseKind, CloseReason, ConfigError, ConnectError, EncodeError,
    ProgressError, PublishError, RegisterError, SubscribeError, Violation,
};
use wampwerk::message::{Payload, Serializer};
use wampwerk::value::{Dict, List, Value};

use crate::json;
use crate::record::{Kind, push};
use crate::thrown::Thrown;

/// A description of an error.
pub(crate) struct Report {
    dict: Dict,
    args: List,
    kwargs: Dict,
    details: Dict,
}

impl Report {
    fn new(kind: &str, uri: &str, message: &str) -> Self {
        let dict = Dict::from([
            ("kind", Value::from(kind)),
            ("uri", Value::from(uri)),
            ("message", Value::from(message)),
        ]);
        Report::of(dict)
    }

    fn of(dict: Dict) -> Self {
        Report { dict, args: List::new(), kwargs: Dict::new(), details: Dict::new() }
    }

    /// The session was dropped by JavaScript, which does so only if nothing refers to it.
    pub(crate) fn gone() -> Self {
        Report::new("SessionClosedError", Uri::TRANSPORT_LOST, "the session is gone")
    }

    /// Returns the description without the arguments. Their first text is the message.
    pub(crate) fn into_dict(self) -> Dict {
        self.dict
    }

    /// Fails the request with this number.
    pub(crate) fn fail(self, ticket: u32, serializer: Serializer) {
        self.push(Kind::Failed, ticket, serializer);
    }

    pub(crate) fn push(self, kind: Kind, handle: u32, serializer: Serializer) {
        // They came from the wire or from Rust. In doubt the error itself is worth more.
        let arguments = Payload::from_values(self.args, self.kwargs)
            .into_serializer(serializer)
            .unwrap_or_default();
        let report = json::write(self.dict);
        let details = json::details(serializer, self.details);
        push(kind, handle, |record| {
            record.payload(&report);
            record.payload(&arguments);
            record.payload(&details);
        });
    }
}

/// Describes the end of a session.
pub(crate) fn close_reason(reason: &CloseReason) -> Dict {
    let kind = match reason.kind {
        CloseKind::Left => "left",
        CloseKind::Goodbye => "goodbye",
        CloseKind::Aborted => "aborted",
        CloseKind::Violation => "violation",
        CloseKind::TimedOut => "timed-out",
        CloseKind::TransportLost | _ => "transport-lost",
    };
    ending(kind, &reason.reason, reason.message.as_deref())
}

/// Describes the end of a session, subscription or registration.
pub(crate) fn ending(kind: &str, reason: &str, message: Option<&str>) -> Dict {
    Dict::from([
        ("kind", Value::from(kind)),
        ("reason", Value::from(reason)),
        ("message", message.map_or(Value::Null, Value::from)),
    ])
}

impl From<ApplicationError> for Report {
    fn from(error: ApplicationError) -> Self {
        let mut report = Report::new("WampError", &error.uri, &error.to_string());
        (report.args, report.kwargs, report.details) = (error.args, error.kwargs, error.details);
        report.dict.insert("isWhole", true);
        report
    }
}

impl From<&CloseReason> for Report {
    fn from(reason: &CloseReason) -> Self {
        Report::new("SessionClosedError", &reason.reason, &format!("session closed: {reason}"))
    }
}

impl From<EncodeError> for Report {
    fn from(error: EncodeError) -> Self {
        Report::new("EncodeError", Uri::INVALID_PAYLOAD, &error.to_string())
    }
}

/// For options that the user gave; nothing else is read in this way.
impl From<Violation> for Report {
    fn from(error: Violation) -> Self {
        let text = format!("cannot encode: {}", error.message);
        Report::new("EncodeError", Uri::INVALID_ARGUMENT, &text)
    }
}

impl From<ConfigError> for Report {
    fn from(error: ConfigError) -> Self {
        ConnectError::from(error).into()
    }
}

impl From<ConnectError> for Report {
    fn from(error: ConnectError) -> Self {
        let text = error.to_string();
        match &error {
            ConnectError::InvalidUrl(_) | ConnectError::InvalidConfig(_) => {
                Report::new("ConnectError", Uri::INVALID_ARGUMENT, &text)
            }
            ConnectError::Timeout(_) => Report::new("TimeoutError", Uri::TIMEOUT, &text),
            ConnectError::Join(reason) => Report::new("ConnectError", &reason.reason, &text),
            _ => Report::new("ConnectError", Uri::UNAVAILABLE, &text),
        }
    }
}

impl From<ProgressError> for Report {
    fn from(error: ProgressError) -> Self {
        let text = error.to_string();
        match error {
            ProgressError::Ended => Report::new("WampError", Uri::CANCELED, &text),
            ProgressError::Encode(error) => error.into(),
            ProgressError::Application(error) => error.into(),
            _ => Report::new("WampError", Uri::RUNTIME_ERROR, &text),
        }
    }
}

impl From<&AttemptError> for Report {
    fn from(error: &AttemptError) -> Self {
        match error {
            AttemptError::Connect(error) => error.clone().into(),
            AttemptError::Refused(reason) => ConnectError::Join(Arc::clone(reason)).into(),
            AttemptError::Lost(reason) => (&**reason).into(),
            AttemptError::Handler { error, .. } | AttemptError::Main(error) => {
                match error.downcast_ref::<Thrown>() {
                    Some(thrown) => Report::of(thrown.report()),
                    None => ApplicationError::runtime(error).into(),
                }
            }
            _ => ApplicationError::runtime(error).into(),
        }
    }
}

/// For a fatal error, the error itself; otherwise a `ConnectError` with a `cause`.
impl From<&ComponentError> for Report {
    fn from(error: &ComponentError) -> Self {
        let last = error.attempt().map(Report::from);
        match (error, last) {
            (ComponentError::Fatal(_), Some(last)) => last,
            (_, last) => {
                let uri = last.as_ref().and_then(|last| json::text(&last.dict, "uri"));
                let uri = uri.unwrap_or(Uri::UNAVAILABLE);
                let mut report = Report::new("ConnectError", uri, &error.to_string());
                if let Some(last) = last {
                    report.dict.insert("cause", last.dict);
                }
                report
            }
        }
    }
}

macro_rules! of_operations {
    ($($name:ident { $($variant:pat => $kind:literal, $uri:expr;)* })*) => {$(
        impl From<$name> for Report {
            fn from(error: $name) -> Self {
                let text = error.to_string();
                match error {
                    $name::Application(error) => error.into(),
                    $name::Closed { reason, .. } => {
                        Report::new("SessionClosedError", &reason.reason, &text)
                    }
                    $($variant => Report::new($kind, $uri, &text),)*
                    _ => Report::new("WampError", Uri::RUNTIME_ERROR, &text),
                }
            }
        }
    )*};
}

of_operations! {
    CallError {
        CallError::Encode(_) => "EncodeError", Uri::INVALID_PAYLOAD;
        CallError::Decode { .. } => "DecodeError", Uri::INVALID_PAYLOAD;
        CallError::Timeout { .. } => "TimeoutError", Uri::TIMEOUT;
        CallError::Ended { .. } => "WampError", Uri::CANCELED;
    }
    PublishError {
        PublishError::Encode(_) => "EncodeError", Uri::INVALID_PAYLOAD;
    }
    SubscribeError {}
    RegisterError {}
}
