//! Contains a running call and the wishes of `call.js` beside the final result.
//!
//! The wishes are read when the call is sent, a moment after the page has made it, so the page may
//! still begin to loop over it.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use js_sys::{Function, Object, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::error::Report;
use crate::session::{read_values, values_to_js, write_payload};
use crate::value::{details_to_js, get, set};
use wampwerk::error::{CallError, Lagged};
use wampwerk::message::Serializer;
use wampwerk::session::{CallReply, CallRequest, RunningCall, StreamingCall};
use wampwerk::transport::BoxFuture;

#[wasm_bindgen]
extern "C" {
    /// The wishes of the caller, as `call.js` stores them.
    pub type CallerHooks;

    /// Reports that the call is sent now. Returns false if there are no wishes.
    #[wasm_bindgen(method, structural)]
    fn begin(this: &CallerHooks) -> bool;

    /// Returns the function for progressive results, if they are wanted.
    #[wasm_bindgen(method, structural, getter)]
    fn step(this: &CallerHooks) -> Option<Function>;

    /// Returns a function that returns a promise of further arguments, `{args, kwargs, last}`, if
    /// they are sent in parts.
    #[wasm_bindgen(method, structural, getter)]
    fn part(this: &CallerHooks) -> Option<Function>;

    /// Returns a promise that resolves when the call is abandoned.
    #[wasm_bindgen(method, structural, getter)]
    fn abandoned(this: &CallerHooks) -> Promise;
}

/// Performs a call. `details` is true if the reply must contain them.
///
/// An abandoned call resolves to undefined, which is not used: the page already has its error.
pub(crate) async fn perform(
    request: CallRequest,
    hooks: CallerHooks,
    serializer: Serializer,
    details: bool,
) -> Result<JsValue, Report> {
    if !hooks.begin() {
        return reply_to_js(&request.await?, details, 0);
    }
    let mut abandoned = JsFuture::from(hooks.abandoned());
    let mut running: BoxFuture<'static, Result<JsValue, Report>> =
        Box::pin(run(request, hooks, serializer, details));
    poll_fn(|cx| {
        if Pin::new(&mut abandoned).poll(cx).is_ready() {
            return Poll::Ready(Ok(JsValue::UNDEFINED));
        }
        running.as_mut().poll(cx)
    })
    .await
}

/// A call with or without further arguments to send.
enum AnyCall {
    Open(StreamingCall),
    Running(RunningCall),
}

impl AnyCall {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<CallReply, Lagged>>> {
        match self {
            AnyCall::Open(call) => Pin::new(call).poll_next(cx),
            AnyCall::Running(call) => Pin::new(call).poll_next(cx),
        }
    }
}

enum CallEvent {
    Step(Option<Result<CallReply, Lagged>>),
    Part(Result<JsValue, JsValue>),
}

async fn run(
    request: CallRequest,
    hooks: CallerHooks,
    serializer: Serializer,
    details: bool,
) -> Result<JsValue, Report> {
    let (step, part) = (hooks.step(), hooks.part());
    if step.is_none() && part.is_none() {
        return reply_to_js(&request.await?, details, 0);
    }
    let mut call = match part {
        Some(_) => AnyCall::Open(request.start_streaming().await?),
        None => AnyCall::Running(request.start().await?),
    };
    let mut next_part = part.as_ref().map(pull);
    let mut missed = 0;
    loop {
        let event = poll_fn(|cx| {
            if let Poll::Ready(step) = call.poll_next(cx) {
                return Poll::Ready(CallEvent::Step(step));
            }
            match &mut next_part {
                Some(next) => Pin::new(next).poll(cx).map(CallEvent::Part),
                None => Poll::Pending,
            }
        });
        match event.await {
            CallEvent::Step(None) => {
                let call = match call {
                    AnyCall::Open(call) => call.into_running(),
                    AnyCall::Running(call) => call,
                };
                return reply_to_js(&call.result().await?, details, missed);
            }
            CallEvent::Step(Some(Err(lagged))) => missed += lagged.missed,
            CallEvent::Step(Some(Ok(reply))) => {
                let reply = reply_to_js(&reply, details, std::mem::take(&mut missed))?;
                if let Some(step) = &step {
                    // It throws nothing: `call.js` reports errors of the page.
                    let _ = step.call1(&JsValue::UNDEFINED, &reply);
                }
            }
            CallEvent::Part(Ok(values)) => {
                let (args, kwargs) = read_values(&values)?;
                let last = get(&values, "last").is_truthy();
                let payload = write_payload(serializer, &args, &kwargs)?;
                next_part = part.as_ref().filter(|_| !last).map(pull);
                call = match call {
                    AnyCall::Open(call) if last => {
                        AnyCall::Running(call.finish_payload(payload).await?)
                    }
                    AnyCall::Open(call) => {
                        match call.send_payload(payload).await {
                            Ok(()) => {}
                            // The next step is its end.
                            Err(CallError::Ended { .. }) => next_part = None,
                            Err(error) => return Err(error.into()),
                        }
                        AnyCall::Open(call)
                    }
                    running @ AnyCall::Running(_) => running,
                };
            }
            // `call.js` abandons the call itself.
            CallEvent::Part(Err(_)) => next_part = None,
        }
    }
}

fn pull(part: &Function) -> JsFuture {
    JsFuture::from(match part.call0(&JsValue::UNDEFINED) {
        Ok(promise) => Promise::resolve(&promise),
        Err(error) => Promise::reject(&error),
    })
}

/// Returns `{args, kwargs, details, missed}`, the last two only if present.
fn reply_to_js(reply: &CallReply, details: bool, missed: u64) -> Result<JsValue, Report> {
    let (args, kwargs) = reply.payload.to_values()?;
    let object: Object = values_to_js(&args, &kwargs);
    if details {
        set(&object, "details", &details_to_js(reply.details.to_dict()));
    }
    if missed > 0 {
        set(&object, "missed", &JsValue::from_f64(missed as f64));
    }
    Ok(object.into())
}
