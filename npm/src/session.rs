//! Contains a session for the JavaScript half.
//!
//! Arguments are read before the first await, so that a page may change them as soon as the call
//! has returned.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use js_sys::{Array, Function, Object, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;

use crate::authentication::Credentials;
use crate::call::{CallerHooks, perform};
use crate::endpoint::JsEndpoint;
use crate::error::{Report, close_reason};
use crate::registration::RawRegistration;
use crate::subscription::RawSubscription;
use crate::value::{dict_from_js, dict_to_js, get, list_from_js, list_to_js, set};
use wampwerk::Uri;
use wampwerk::error::{ApplicationError, ConfigError, EncodeError, Violation};
use wampwerk::message::{
    CallOptions, CancelMode, Payload, PublishOptions, RegisterOptions, Serializer, SubscribeOptions,
};
use wampwerk::session::Session;
use wampwerk::transport::BoxFuture;
use wampwerk::value::{Dict, List, Value};

/// Maximum time limit; a longer one counts as none.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Connects and joins; resolves to a [`RawSession`]. `settings` and `answer` contain the
/// authentication: see `authentication.js`.
#[wasm_bindgen]
#[allow(unreachable_pub, reason = "wasm-bindgen exports public functions only")]
#[allow(clippy::too_many_arguments, reason = "an object would have to be taken apart")]
pub fn connect(
    url: String,
    realm: String,
    serializers: Option<Array>,
    timeout: Option<f64>,
    batched: bool,
    disclose_me: Option<bool>,
    settings: &JsValue,
    answer: Option<Function>,
) -> Promise {
    let credentials = Credentials::read(settings, answer);
    promise(async move {
        let connecting = wampwerk::connect(url, realm).batched(batched);
        let mut connecting = credentials?.of(connecting);
        if let Some(ids) = serializers {
            connecting = connecting.serializers(&serializers_of(&ids)?);
        }
        if let Some(timeout) = timeout {
            connecting = connecting.timeout(duration(timeout));
        }
        if let Some(disclose) = disclose_me {
            connecting = connecting.disclose_me(disclose);
        }
        Ok(RawSession::new(connecting.await?))
    })
}

/// A joined session.
#[wasm_bindgen]
pub struct RawSession {
    session: Session,
}

impl RawSession {
    pub(crate) fn new(session: Session) -> Self {
        RawSession { session }
    }
}

#[wasm_bindgen]
impl RawSession {
    #[wasm_bindgen(getter)]
    pub fn id(&self) -> f64 {
        self.session.id() as f64
    }

    #[wasm_bindgen(getter)]
    pub fn realm(&self) -> String {
        self.session.realm().to_string()
    }

    #[wasm_bindgen(getter)]
    pub fn serializer(&self) -> String {
        self.session.serializer().as_str().to_owned()
    }

    /// Returns WELCOME.Details.
    pub fn welcome(&self) -> Object {
        dict_to_js(&self.session.welcome().details.to_dict())
    }

    /// Returns the close reason if the session has ended, otherwise null. `closed()` resolves a
    /// moment later.
    #[wasm_bindgen(getter, js_name = closeReason)]
    pub fn close_reason(&self) -> JsValue {
        match pin!(self.session.closed()).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(reason) => close_reason(&reason),
            Poll::Pending => JsValue::NULL,
        }
    }

    /// Resolves to `{args, kwargs}`, with `details` if they are wanted. `timeout` is in
    /// milliseconds; `mode` is the cancel mode of an abandoned call.
    #[allow(clippy::too_many_arguments, reason = "an object would have to be taken apart")]
    pub fn call(
        &self,
        procedure: String,
        args: &JsValue,
        kwargs: &JsValue,
        options: &JsValue,
        timeout: Option<f64>,
        mode: Option<String>,
        details: bool,
        hooks: CallerHooks,
    ) -> Promise {
        let read = self.read(args, kwargs, options, CallOptions::from_dict);
        let session = self.session.clone();
        promise(async move {
            let (payload, mut options) = read?;
            options.progress = None;
            let mut call = session.call(procedure).payload(payload).options(options);
            if let Some(timeout) = timeout {
                call = call.timeout(duration(timeout));
            }
            if let Some(mode) = mode {
                call = call.cancel_mode(cancel_mode(&mode)?);
            }
            perform(call, hooks, session.serializer(), details).await
        })
    }

    /// Resolves to the publication id, or to undefined without `acknowledge`.
    pub fn publish(
        &self,
        topic: String,
        args: &JsValue,
        kwargs: &JsValue,
        options: &JsValue,
    ) -> Promise {
        let read = self.read(args, kwargs, options, PublishOptions::from_dict);
        let session = self.session.clone();
        promise(async move {
            let (payload, options) = read?;
            let acknowledge = options.acknowledge == Some(true);
            let publish = session.publish(topic).payload(payload).options(options);
            if acknowledge {
                let id = publish.acknowledge().await?;
                return Ok(JsValue::from_f64(id as f64));
            }
            publish.await?;
            Ok(JsValue::UNDEFINED)
        })
    }

    /// Resolves to a [`RawSubscription`].
    pub fn subscribe(&self, topic: String, options: &JsValue, queue: Option<u32>) -> Promise {
        let options = read_options(options, SubscribeOptions::from_dict);
        let session = self.session.clone();
        promise(async move {
            let mut request = session.subscribe(topic).options(options?);
            if let Some(queue) = queue {
                request = request.queue(queue as usize);
            }
            Ok(RawSubscription::new(request.await?))
        })
    }

    /// Resolves to a [`RawRegistration`]. `endpoint` is created by `endpoint.js` from the page's
    /// function.
    pub fn register(&self, procedure: String, endpoint: Function, options: &JsValue) -> Promise {
        let options = read_options(options, RegisterOptions::from_dict);
        let session = self.session.clone();
        promise(async move {
            let endpoint = JsEndpoint::new(endpoint);
            let registration = session.register(procedure, endpoint).options(options?).await?;
            Ok(RawRegistration::new(registration))
        })
    }

    /// Leaves, and joins another realm on the same connection; resolves to a [`RawSession`].
    pub fn rejoin(&self, realm: String) -> Promise {
        let session = self.session.clone();
        promise(async move { Ok(RawSession { session: session.rejoin(realm).await? }) })
    }

    /// Resolves at the end of the session.
    pub fn leave(&self, reason: Option<String>, message: Option<String>) -> Promise {
        let session = self.session.clone();
        promise(async move {
            let reason = reason.unwrap_or_else(|| Uri::CLOSE_REALM.to_owned());
            Ok(close_reason(&*session.leave_with(reason, message).await))
        })
    }

    /// Resolves to the close reason at the end of the session.
    pub fn closed(&self) -> Promise {
        let closed = self.session.closed();
        promise(async move { Ok(close_reason(&*closed.await)) })
    }

    fn read<T>(
        &self,
        args: &JsValue,
        kwargs: &JsValue,
        options: &JsValue,
        from_dict: fn(Dict) -> Result<T, Violation>,
    ) -> Result<(Payload, T), Report> {
        let args = list_from_js(args, "args")?;
        let kwargs = dict_from_js(kwargs, "kwargs")?;
        let payload = write_payload(self.session.serializer(), &args, &kwargs)?;
        Ok((payload, read_options(options, from_dict)?))
    }
}

/// Returns a promise of a future's output; its errors are descriptions for `index.js`.
pub(crate) fn promise<T: Into<JsValue>>(
    future: impl Future<Output = Result<T, Report>> + 'static,
) -> Promise {
    // Boxed, because each kind of future would add its own 7 kB of glue to the module.
    let future: BoxFuture<'static, _> =
        Box::pin(async move { future.await.map(Into::into).map_err(Into::into) });
    future_to_promise(future)
}

/// Returns `{args, kwargs}`.
pub(crate) fn values_to_js(args: &[Value], kwargs: &Dict) -> Object {
    let object = Object::new();
    set(&object, "args", &list_to_js(args));
    set(&object, "kwargs", &dict_to_js(kwargs));
    object
}

/// Reads `args` and `kwargs` of an object; undefined counts as none.
pub(crate) fn read_values(values: &JsValue) -> Result<(List, Dict), EncodeError> {
    let (args, kwargs) = (get(values, "args"), get(values, "kwargs"));
    let args = if args.is_undefined() { List::new() } else { list_from_js(&args, "args")? };
    let kwargs = if kwargs.is_undefined() { Dict::new() } else { dict_from_js(&kwargs, "kwargs")? };
    Ok((args, kwargs))
}

/// Encodes values in the format of a session. Empty values are omitted.
pub(crate) fn write_payload(
    serializer: Serializer,
    args: &List,
    kwargs: &Dict,
) -> Result<Payload, EncodeError> {
    let mut payload = Payload::empty();
    if !args.is_empty() {
        payload = payload.with_args(serializer, args)?;
    }
    if !kwargs.is_empty() {
        payload = payload.with_kwargs(serializer, kwargs)?;
    }
    Ok(payload)
}

/// Reads the options of a request. An option that is undefined counts as missing.
pub(crate) fn read_options<T>(
    options: &JsValue,
    from_dict: fn(Dict) -> Result<T, Violation>,
) -> Result<T, Report> {
    let options = dict_from_js(options, "options")?;
    let given = options.into_iter().filter(|(_, value)| *value != Value::Null);
    Ok(from_dict(given.collect())?)
}

fn serializers_of(ids: &Array) -> Result<Vec<Serializer>, ConfigError> {
    ids.iter()
        .map(|id| {
            let id = id.as_string().unwrap_or_default();
            Serializer::from_id(&id).ok_or_else(|| {
                ConfigError::new("serializers", format!("unknown serializer {id:?}"))
            })
        })
        .collect()
}

fn cancel_mode(mode: &str) -> Result<CancelMode, ApplicationError> {
    match mode {
        "skip" => Ok(CancelMode::Skip),
        "kill" => Ok(CancelMode::Kill),
        "killnowait" => Ok(CancelMode::KillNoWait),
        _ => {
            let text = format!("no cancel mode {mode:?}");
            Err(ApplicationError::new(Uri::INVALID_ARGUMENT).arg(text))
        }
    }
}

pub(crate) fn duration(millis: f64) -> Duration {
    Duration::try_from_secs_f64(millis / 1000.0).map_or(LONGEST, |limit| limit.min(LONGEST))
}
