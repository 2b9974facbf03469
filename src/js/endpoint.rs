//! A procedure that a page answers.
//!
//! Holds the page's function as long as the session holds the endpoint, and not longer.

use js_sys::{Function, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::error::ApplicationError;
use crate::js::session::write_payload;
use crate::js::value::{dict_from_js, dict_to_js, get, list_from_js, list_to_js};
use crate::message::{Options, Payload, Serializer};
use crate::rt::BoxFuture;
use crate::session::{Endpoint, IncomingCall};
use crate::uri::uris;

/// A function of `(args, kwargs, details)` that returns a promise of `{args, kwargs}` or of
/// `{uri, args, kwargs}`.
pub(super) struct JsEndpoint {
    function: Function,
}

/// Tells this endpoint apart from those that are Rust functions.
pub(super) struct JavaScript;

impl JsEndpoint {
    pub(super) fn new(function: Function) -> Self {
        JsEndpoint { function }
    }

    fn start(&self, call: &IncomingCall) -> Result<Promise, ApplicationError> {
        let (args, kwargs) = call.payload.to_values().map_err(|error| {
            ApplicationError::new(uris::INVALID_ARGUMENT).arg(error.to_string())
        })?;
        let mut details = call.details.write();
        details.insert("procedure", call.procedure.as_str());
        self.function
            .call3(
                &JsValue::UNDEFINED,
                &list_to_js(&args),
                &dict_to_js(&kwargs),
                &dict_to_js(&details),
            )
            .map(|promise| Promise::resolve(&promise))
            .map_err(thrown)
    }
}

impl Endpoint<JavaScript> for JsEndpoint {
    fn call(&self, call: IncomingCall) -> BoxFuture<'static, Result<Payload, ApplicationError>> {
        let serializer = call.serializer();
        let promise = self.start(&call);
        Box::pin(async move {
            let answer = JsFuture::from(promise?).await.map_err(thrown)?;
            read_answer(serializer, &answer)
        })
    }
}

fn read_answer(serializer: Serializer, answer: &JsValue) -> Result<Payload, ApplicationError> {
    let args = list_from_js(&get(answer, "args"), "args");
    let kwargs = dict_from_js(&get(answer, "kwargs"), "kwargs");
    let values = args.and_then(|args| Ok((args, kwargs?)));
    match (get(answer, "uri").as_string(), values) {
        (Some(uri), Ok((args, kwargs))) => {
            let mut error = ApplicationError::new(uri);
            (error.args, error.kwargs) = (args, kwargs);
            Err(error)
        }
        // The URI is what matters; that the values cannot be sent must not hide it.
        (Some(uri), Err(error)) => Err(ApplicationError::new(uri).arg(error.to_string())),
        (None, values) => values
            .and_then(|(args, kwargs)| write_payload(serializer, &args, &kwargs))
            .map_err(|error| ApplicationError::new(uris::INVALID_PAYLOAD).arg(error.to_string())),
    }
}

/// `index.js` answers for all that an endpoint throws; this is for what goes wrong in there.
fn thrown(error: JsValue) -> ApplicationError {
    let text = get(&error, "message").as_string().or_else(|| error.as_string());
    ApplicationError::runtime(text.unwrap_or_else(|| "the endpoint failed".to_owned()))
}
