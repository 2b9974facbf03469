//! A session for the glue.
//!
//! Arguments are read before anything is awaited, so that a page may change them as soon as the
//! call has returned; everything else happens in the promise.

use std::cell::RefCell;
use std::future::Future;
use std::time::Duration;

use js_sys::{Array, Function, Object, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;

use crate::error::{ConnectError, EncodeError, UnregisterError};
use crate::js::endpoint::JsEndpoint;
use crate::js::error::{Report, close_reason};
use crate::js::subscription::RawSubscription;
use crate::js::value::{dict_from_js, dict_to_js, list_from_js, list_to_js, set};
use crate::message::{Options, Payload, PublishOptions, Serializer};
use crate::rt::BoxFuture;
use crate::session::{Registration, Session};
use crate::uri::uris;
use crate::value::{Dict, List, Value};

/// The longest time limit; what is longer is as good as none.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Connects and joins; resolves to a [`RawSession`].
#[wasm_bindgen]
#[allow(unreachable_pub, reason = "wasm-bindgen exports public functions only")]
pub fn connect(
    url: String,
    realm: String,
    serializers: Option<Array>,
    timeout: Option<f64>,
) -> Promise {
    promise(async move {
        let mut connecting = crate::connect(url, realm);
        if let Some(ids) = serializers {
            connecting = connecting.serializers(&serializers_of(&ids)?);
        }
        if let Some(timeout) = timeout {
            connecting = connecting.timeout(duration(timeout));
        }
        Ok(RawSession { session: connecting.await? })
    })
}

/// A joined session.
#[wasm_bindgen]
pub struct RawSession {
    session: Session,
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

    /// Resolves to `{args, kwargs}`.
    pub fn call(
        &self,
        procedure: String,
        args: &JsValue,
        kwargs: &JsValue,
        timeout: Option<f64>,
        options: &JsValue,
    ) -> Promise {
        let read = self.read(args, kwargs, options);
        let session = self.session.clone();
        promise(async move {
            let (payload, options) = read?;
            let mut call = session.call(procedure).payload(payload).options(options);
            if let Some(timeout) = timeout {
                call = call.timeout(duration(timeout));
            }
            let reply = call.await?;
            let (args, kwargs) = reply.payload.to_values()?;
            Ok(values_to_js(&args, &kwargs))
        })
    }

    /// Resolves to the publication's id, or to nothing without `acknowledge`.
    pub fn publish(
        &self,
        topic: String,
        args: &JsValue,
        kwargs: &JsValue,
        options: &JsValue,
    ) -> Promise {
        let read = self.read::<PublishOptions>(args, kwargs, options);
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
    pub fn subscribe(&self, topic: String, options: &JsValue) -> Promise {
        let options = read_options(options);
        let session = self.session.clone();
        promise(async move {
            let subscription = session.subscribe(topic).options(options?).await?;
            Ok(RawSubscription::new(subscription))
        })
    }

    /// Resolves to a [`RawRegistration`]. `endpoint` always resolves, to `{args, kwargs}` or to
    /// `{uri, args, kwargs}`.
    pub fn register(&self, procedure: String, endpoint: Function, options: &JsValue) -> Promise {
        let options = read_options(options);
        let session = self.session.clone();
        promise(async move {
            let endpoint = JsEndpoint::new(endpoint);
            let registration = session.register(procedure, endpoint).options(options?).await?;
            Ok(RawRegistration {
                id: registration.id() as f64,
                registration: RefCell::new(Some(registration)),
            })
        })
    }

    /// Resolves when the session is over.
    pub fn leave(&self, reason: Option<String>, message: Option<String>) -> Promise {
        let session = self.session.clone();
        promise(async move {
            let reason = reason.unwrap_or_else(|| uris::CLOSE_REALM.to_owned());
            Ok(close_reason(&*session.leave_with(reason, message).await))
        })
    }

    /// Resolves to the close reason when the session is over.
    pub fn closed(&self) -> Promise {
        let closed = self.session.closed();
        promise(async move { Ok(close_reason(&*closed.await)) })
    }

    fn read<T: Options>(
        &self,
        args: &JsValue,
        kwargs: &JsValue,
        options: &JsValue,
    ) -> Result<(Payload, T), Report> {
        let args = list_from_js(args, "args")?;
        let kwargs = dict_from_js(kwargs, "kwargs")?;
        let payload = write_payload(self.session.serializer(), &args, &kwargs)?;
        Ok((payload, read_options(options)?))
    }
}

/// A registered procedure.
#[wasm_bindgen]
pub struct RawRegistration {
    id: f64,
    registration: RefCell<Option<Registration>>,
}

#[wasm_bindgen]
impl RawRegistration {
    #[wasm_bindgen(getter)]
    pub fn id(&self) -> f64 {
        self.id
    }

    /// Resolves when the procedure is withdrawn, also by the end of the session.
    pub fn unregister(&self) -> Promise {
        let registration = self.registration.take();
        promise(async move {
            match registration {
                Some(registration) => match registration.unregister().await {
                    Ok(()) | Err(UnregisterError::Closed(_)) => Ok(JsValue::UNDEFINED),
                    Err(error) => Err(error.into()),
                },
                None => Ok(JsValue::UNDEFINED),
            }
        })
    }
}

/// A promise of what a future gives; its errors are descriptions for `index.js`.
pub(super) fn promise<T: Into<JsValue>>(
    future: impl Future<Output = Result<T, Report>> + 'static,
) -> Promise {
    // Boxed, because each kind of future would bring its own 7 kB of glue into the module.
    let future: BoxFuture<'static, _> =
        Box::pin(async move { future.await.map(Into::into).map_err(Into::into) });
    future_to_promise(future)
}

/// `{args, kwargs}`.
pub(super) fn values_to_js(args: &[Value], kwargs: &Dict) -> Object {
    let object = Object::new();
    set(&object, "args", &list_to_js(args));
    set(&object, "kwargs", &dict_to_js(kwargs));
    object
}

/// Writes values in the format of a session. What is empty is left off.
pub(super) fn write_payload(
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

/// Reads the options of a request. In JavaScript an option that is undefined is one that is not
/// there.
fn read_options<T: Options>(options: &JsValue) -> Result<T, Report> {
    let options = dict_from_js(options, "options")?;
    let given = options.into_iter().filter(|(_, value)| *value != Value::Null);
    Ok(T::read(given.collect())?)
}

fn serializers_of(ids: &Array) -> Result<Vec<Serializer>, ConnectError> {
    ids.iter()
        .map(|id| {
            let id = id.as_string().unwrap_or_default();
            Serializer::from_id(&id)
                .ok_or_else(|| ConnectError::InvalidConfig(format!("no serializer {id:?}")))
        })
        .collect()
}

fn duration(millis: f64) -> Duration {
    Duration::try_from_secs_f64(millis / 1000.0).map_or(LONGEST, |limit| limit.min(LONGEST))
}
