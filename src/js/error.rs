//! Errors on their way to JavaScript.
//!
//! Owns which class of `index.js` an error becomes. It travels as a plain description,
//! `{kind, uri, args, kwargs, message}`; `index.js` makes the object of that class, so that it has
//! a stack and passes `instanceof`.

use js_sys::Object;
use wasm_bindgen::prelude::*;

use crate::error::{
    ApplicationError, CallEnded, CallError, CloseKind, CloseReason, ConnectError, DecodeError,
    Elapsed, EncodeError, ProgressError, PublishError, RegisterError, SubscribeError,
    UnregisterError, UnsubscribeError, Violation,
};
use crate::js::value::{dict_to_js, list_to_js, set};
use crate::uri::uris;
use crate::value::{Dict, Value};

/// A description of an error, to be thrown.
pub(crate) struct Report(JsValue);

impl From<Report> for JsValue {
    fn from(report: Report) -> Self {
        report.0
    }
}

/// A close reason as `index.d.ts` has it.
pub(crate) fn close_reason(reason: &CloseReason) -> JsValue {
    let object = Object::new();
    let kind = match reason.kind {
        CloseKind::Left => "left",
        CloseKind::Goodbye => "goodbye",
        CloseKind::Aborted => "aborted",
        CloseKind::Violation => "violation",
        CloseKind::TransportLost => "transport-lost",
        CloseKind::TimedOut => "timed-out",
    };
    set(&object, "kind", &kind.into());
    set(&object, "reason", &reason.reason.as_str().into());
    set(&object, "message", &reason.message.as_deref().map_or(JsValue::NULL, JsValue::from_str));
    object.into()
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
        textual("EncodeError", uris::INVALID_PAYLOAD, &error.to_string())
    }
}

impl From<DecodeError> for Report {
    fn from(error: DecodeError) -> Self {
        textual("DecodeError", uris::INVALID_PAYLOAD, &error.to_string())
    }
}

/// Of options that the user gave; nothing else is read through this.
impl From<Violation> for Report {
    fn from(error: Violation) -> Self {
        textual("EncodeError", uris::INVALID_ARGUMENT, &format!("cannot encode: {}", error.message))
    }
}

impl From<Elapsed> for Report {
    fn from(error: Elapsed) -> Self {
        textual("TimeoutError", uris::TIMEOUT, &error.to_string())
    }
}

impl From<CallEnded> for Report {
    fn from(error: CallEnded) -> Self {
        textual("WampError", uris::CANCELED, &error.to_string())
    }
}

impl From<ConnectError> for Report {
    fn from(error: ConnectError) -> Self {
        let text = error.to_string();
        match &error {
            ConnectError::InvalidUrl { .. } | ConnectError::InvalidConfig(_) => {
                textual("ConnectError", uris::INVALID_ARGUMENT, &text)
            }
            ConnectError::Timeout(_) => textual("TimeoutError", uris::TIMEOUT, &text),
            ConnectError::Join(reason) => textual("ConnectError", &reason.reason, &text),
            ConnectError::Io { .. }
            | ConnectError::Proxy { .. }
            | ConnectError::ProxyAuthentication { .. }
            | ConnectError::Tls { .. }
            | ConnectError::Handshake(_)
            | ConnectError::Listen { .. }
            | ConnectError::Subprotocol { .. } => textual("ConnectError", uris::UNAVAILABLE, &text),
        }
    }
}

impl From<ProgressError> for Report {
    fn from(error: ProgressError) -> Self {
        let text = error.to_string();
        match error {
            ProgressError::Ended => textual("WampError", uris::CANCELED, &text),
            ProgressError::Encode(error) => error.into(),
            ProgressError::Application(error) => error.into(),
        }
    }
}

macro_rules! of_operations {
    ($($name:ident: $($variant:ident)*;)*) => {$(
        impl From<$name> for Report {
            fn from(error: $name) -> Self {
                match error {
                    $name::Application(error) => error.into(),
                    $name::Closed(reason) => (&*reason).into(),
                    $($name::$variant(error) => error.into(),)*
                }
            }
        }
    )*};
}

of_operations! {
    CallError: Encode Decode Timeout Ended;
    PublishError: Encode;
    SubscribeError: ;
    UnsubscribeError: ;
    RegisterError: ;
    UnregisterError: ;
}
