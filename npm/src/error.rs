//! Converts errors for JavaScript.
//!
//! Selects the class of `index.js` for an error. It is passed as a plain description, `{kind, uri,
//! args, kwargs, message}`; `index.js` creates the object, so that it has a stack and passes
//! `instanceof`.

use std::sync::Arc;

use js_sys::Object;
use wasm_bindgen::prelude::*;

use crate::thrown::Thrown;
use crate::value::{dict_to_js, get, list_to_js, set};
use wampwerk::Uri;
use wampwerk::auth::AuthError;
use wampwerk::component::{AttemptError, ComponentError};
use wampwerk::error::{
    ApplicationError, CallError, CloseKind, CloseReason, ConfigError, ConnectError, DecodeError,
    EncodeError, ProgressError, PublishError, RegisterError, SubscribeError, Violation,
};
use wampwerk::value::{Dict, Value};

/// A description of an error, to be thrown.
pub(crate) struct Report(JsValue);

impl From<Report> for JsValue {
    fn from(report: Report) -> Self {
        report.0
    }
}

/// Returns a close reason in the form of `index.d.ts`.
pub(crate) fn close_reason(reason: &CloseReason) -> JsValue {
    let object = Object::new();
    let kind = match reason.kind {
        CloseKind::Left => "left",
        CloseKind::Goodbye => "goodbye",
        CloseKind::Aborted => "aborted",
        CloseKind::Violation => "violation",
        CloseKind::TimedOut => "timed-out",
        CloseKind::TransportLost | _ => "transport-lost",
    };
    set(&object, "kind", &kind.into());
    set(&object, "reason", &reason.reason.as_str().into());
    set(&object, "message", &reason.message.as_deref().map_or(JsValue::NULL, JsValue::from_str));
    object.into()
}

/// Returns a value that a function of the page threw; `index.js` returns it unchanged.
pub(crate) fn thrown(value: &JsValue) -> Report {
    let object = Object::new();
    set(&object, "kind", &"thrown".into());
    set(&object, "value", value);
    Report(object.into())
}

fn report(kind: &str, uri: &str, args: &[Value], kwargs: &Dict, message: &str) -> Report {
    let object = Object::new();
    set(&object, "kind", &kind.into());
    set(&object, "uri", &uri.into());
    set(&object, "args", &list_to_js(args));
    set(&object, "kwargs", &dict_to_js(kwargs));
    set(&object, "message", &message.into());
    Report(object.into())
}

fn textual(kind: &str, uri: &str, message: &str) -> Report {
    report(kind, uri, &[message.into()], &Dict::new(), message)
}

impl From<ApplicationError> for Report {
    fn from(error: ApplicationError) -> Self {
        let report =
            report("WampError", &error.uri, &error.args, &error.kwargs, &error.to_string());
        if let Some(callee) = &error.callee {
            let object: &Object = report.0.unchecked_ref();
            set(object, "callee", &JsValue::from_f64(callee.session as f64));
            set(object, "calleeAuthid", &JsValue::from(callee.authid.as_deref()));
            set(object, "calleeAuthrole", &JsValue::from(callee.authrole.as_deref()));
        }
        report
    }
}

impl From<&CloseReason> for Report {
    fn from(reason: &CloseReason) -> Self {
        let message = format!("session closed: {reason}");
        textual("SessionClosedError", &reason.reason, &message)
    }
}

impl From<EncodeError> for Report {
    fn from(error: EncodeError) -> Self {
        textual("EncodeError", Uri::INVALID_PAYLOAD, &error.to_string())
    }
}

impl From<DecodeError> for Report {
    fn from(error: DecodeError) -> Self {
        textual("DecodeError", Uri::INVALID_PAYLOAD, &error.to_string())
    }
}

/// For options that the user gave; nothing else is read in this way.
impl From<Violation> for Report {
    fn from(error: Violation) -> Self {
        textual("EncodeError", Uri::INVALID_ARGUMENT, &format!("cannot encode: {}", error.message))
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
                textual("ConnectError", Uri::INVALID_ARGUMENT, &text)
            }
            ConnectError::Timeout(_) => textual("TimeoutError", Uri::TIMEOUT, &text),
            ConnectError::Join(reason) => textual("ConnectError", &reason.reason, &text),
            _ => textual("ConnectError", Uri::UNAVAILABLE, &text),
        }
    }
}

impl From<AuthError> for Report {
    fn from(error: AuthError) -> Self {
        textual("WampError", Uri::INVALID_ARGUMENT, &error.message)
    }
}

impl From<ProgressError> for Report {
    fn from(error: ProgressError) -> Self {
        let text = error.to_string();
        match error {
            ProgressError::Ended => textual("WampError", Uri::CANCELED, &text),
            ProgressError::Encode(error) => error.into(),
            ProgressError::Application(error) => error.into(),
            _ => textual("WampError", Uri::RUNTIME_ERROR, &text),
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
                    Some(thrown) => thrown.report(),
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
        let uri = last.as_ref().and_then(|last| get(&last.0, "uri").as_string());
        match (error, last) {
            (ComponentError::Fatal(_), Some(last)) => last,
            (_, last) => {
                let uri = uri.as_deref().unwrap_or(Uri::UNAVAILABLE);
                let report = textual("ConnectError", uri, &error.to_string());
                if let Some(last) = last {
                    set(report.0.unchecked_ref(), "cause", &last.0);
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
                        textual("SessionClosedError", &reason.reason, &text)
                    }
                    $($variant => textual($kind, $uri, &text),)*
                    _ => textual("WampError", Uri::RUNTIME_ERROR, &text),
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
