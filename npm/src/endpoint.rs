//! Contains a procedure that a page answers.
//!
//! Holds the page's function only as long as the session holds the endpoint.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;

use futures_core::Stream;
use js_sys::{Function, Object, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::error::Report;
use crate::session::{promise, read_values, values_to_js, write_payload};
use crate::value::{details_to_js, dict_to_js, get, list_to_js, set};
use wampwerk::Uri;
use wampwerk::error::ApplicationError;
use wampwerk::message::{Payload, Serializer};
use wampwerk::session::{Chunks, IncomingCall, Procedure, Progress};
use wampwerk::transport::BoxFuture;

#[wasm_bindgen]
extern "C" {
    /// The answer object of `endpoint.js`.
    type Answer;

    /// Returns a promise of `{args, kwargs}` or `{uri, args, kwargs}`, which is never rejected.
    #[wasm_bindgen(method, structural, getter)]
    fn settled(this: &Answer) -> Promise;

    /// Reports that the answer is no longer needed.
    #[wasm_bindgen(method, structural)]
    fn abort(this: &Answer);
}

/// A function of `(args, kwargs, details, call)` that returns an [`Answer`].
pub(crate) struct JsEndpoint {
    function: Function,
}

/// Distinguishes this endpoint from Rust functions.
pub(crate) struct JavaScript;

/// A call with progressive results or further arguments.
#[wasm_bindgen]
pub struct RawInvocation {
    serializer: Serializer,
    wants_progress: bool,
    progress: Progress,
    chunks: Rc<RefCell<Chunks>>,
}

impl JsEndpoint {
    pub(crate) fn new(function: Function) -> Self {
        JsEndpoint { function }
    }

    fn start(&self, call: &IncomingCall) -> Result<Answer, ApplicationError> {
        let (args, kwargs) = call
            .payload
            .to_values()
            .map_err(|error| ApplicationError::new(Uri::INVALID_ARGUMENT).arg(error.to_string()))?;
        let mut details = call.details.to_dict();
        details.insert("procedure", call.procedure.as_str());
        // `endpoint.js` sets `details.progress` and others.
        for key in ["receive_progress", "progress", "chunks", "signal", "__proto__"] {
            details.remove(key);
        }
        let more =
            call.details.receive_progress == Some(true) || call.details.progress == Some(true);
        self.function
            .call4(
                &JsValue::UNDEFINED,
                &list_to_js(&args),
                &dict_to_js(&kwargs),
                &details_to_js(details),
                &if more { RawInvocation::new(call).into() } else { JsValue::UNDEFINED },
            )
            .map(JsCast::unchecked_into)
            .map_err(thrown)
    }
}

impl Procedure<JavaScript> for JsEndpoint {
    fn call(&self, call: IncomingCall) -> BoxFuture<'static, Result<Payload, ApplicationError>> {
        let serializer = call.serializer();
        let answer = self.start(&call).map(|answer| AbortGuard(Some(answer)));
        Box::pin(async move {
            let mut answer = answer?;
            let settled =
                answer.0.as_ref().map_or(Promise::resolve(&JsValue::NULL), Answer::settled);
            let settled = JsFuture::from(settled).await;
            answer.0 = None;
            read_answer(serializer, &settled.map_err(thrown)?)
        })
    }
}

/// Tells the page when its answer is no longer needed.
struct AbortGuard(Option<Answer>);

impl Drop for AbortGuard {
    fn drop(&mut self) {
        if let Some(answer) = &self.0 {
            answer.abort();
        }
    }
}

impl RawInvocation {
    fn new(call: &IncomingCall) -> Self {
        RawInvocation {
            serializer: call.serializer(),
            wants_progress: call.details.receive_progress == Some(true),
            progress: call.progress(),
            chunks: Rc::new(RefCell::new(call.chunks())),
        }
    }
}

#[wasm_bindgen]
impl RawInvocation {
    /// Returns whether the caller requested progressive results.
    #[wasm_bindgen(getter, js_name = wantsProgress)]
    pub fn wants_progress(&self) -> bool {
        self.wants_progress
    }

    /// Sends a progressive result.
    pub fn progress(&self, args: &JsValue, kwargs: &JsValue) -> Promise {
        let values = Object::new();
        set(&values, "args", args);
        set(&values, "kwargs", kwargs);
        let payload = read_values(&values)
            .and_then(|(args, kwargs)| write_payload(self.serializer, &args, &kwargs));
        let progress = self.progress.clone();
        promise(async move {
            progress.send_payload(payload?).await?;
            Ok(JsValue::UNDEFINED)
        })
    }

    /// Resolves to the next part of the arguments, `{args, kwargs}` or `{missed}`, and to null
    /// after the last one. Must not be called while a call is pending.
    pub fn next(&self) -> Promise {
        let chunks = Rc::clone(&self.chunks);
        promise(async move {
            let chunk = poll_fn(|cx| Pin::new(&mut *chunks.borrow_mut()).poll_next(cx)).await;
            Ok::<JsValue, Report>(match chunk {
                None => JsValue::NULL,
                Some(Ok(payload)) => {
                    let (args, kwargs) = payload.to_values()?;
                    values_to_js(&args, &kwargs).into()
                }
                Some(Err(lagged)) => {
                    let object = Object::new();
                    set(&object, "missed", &JsValue::from_f64(lagged.missed as f64));
                    object.into()
                }
            })
        })
    }
}

fn read_answer(serializer: Serializer, answer: &JsValue) -> Result<Payload, ApplicationError> {
    let values = read_values(answer);
    match (get(answer, "uri").as_string(), values) {
        (Some(uri), Ok((args, kwargs))) => {
            let mut error = ApplicationError::new(uri);
            (error.args, error.kwargs) = (args, kwargs);
            Err(error)
        }
        // Keep the URI even if the arguments cannot be sent.
        (Some(uri), Err(error)) => Err(ApplicationError::new(uri).arg(error.to_string())),
        (None, values) => values
            .and_then(|(args, kwargs)| write_payload(serializer, &args, &kwargs))
            .map_err(|error| ApplicationError::new(Uri::INVALID_PAYLOAD).arg(error.to_string())),
    }
}

/// `endpoint.js` answers everything that an endpoint throws; this handles errors in `endpoint.js`
/// itself.
fn thrown(error: JsValue) -> ApplicationError {
    let text = get(&error, "message").as_string().or_else(|| error.as_string());
    ApplicationError::runtime(text.unwrap_or_else(|| "the endpoint failed".to_owned()))
}
