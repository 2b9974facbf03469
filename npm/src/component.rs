//! Contains a component for the JavaScript half.
//!
//! All functions of the page are called through [`Hooks`], so that nothing here keeps their
//! closures alive, and an unused component can be collected.

use std::time::Duration;

use js_sys::{Array, Function, Object, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::authentication::Credentials;
use crate::endpoint::{JavaScript, JsEndpoint};
use crate::error::{Report, close_reason};
use crate::session::{RawSession, duration, promise, read_options};
use crate::subscription::event_to_js;
use crate::thrown::Thrown;
use crate::value::{dict_from_js, from_js, get, set};
use wampwerk::Uri;
use wampwerk::component::{
    AttemptError, BoxError, Component, ComponentBuilder, ComponentState, IntoTransports,
    ListenerId, RetryDecision, RetryNotice, TransportEntry,
};
use wampwerk::error::{ApplicationError, ConfigError, ConnectError};
use wampwerk::message::{RegisterOptions, SubscribeOptions};
use wampwerk::session::authentication::Authentication;
use wampwerk::session::{Event, EventHandler, SessionConfig};
use wampwerk::transport::{BoxFuture, TransportConfig, TransportInfo};
use wampwerk::value::Value;

#[wasm_bindgen]
extern "C" {
    /// The page's half of a component.
    #[derive(Clone)]
    pub type Hooks;

    /// Asks the page for a value, or reports a stage. Returns a promise.
    #[wasm_bindgen(method, structural, catch)]
    fn ask(this: &Hooks, what: &str, about: &JsValue) -> Result<Promise, JsValue>;

    /// Returns whether an error makes further attempts pointless; the second argument is the
    /// default decision.
    #[wasm_bindgen(method, structural, js_name = isFatal)]
    fn is_fatal(this: &Hooks, error: &JsValue, by_default: bool) -> bool;

    /// Reports an error that has no other receiver.
    #[wasm_bindgen(method, structural)]
    fn tell(this: &Hooks, error: &JsValue);
}

/// The stages of a component that are reported to the page by `ask`.
const STAGES: [&str; 7] =
    ["start", "connect", "join", "ready", "leave", "disconnect", "connectfailure"];

/// Name of a transport with a URL function.
const ASKED: &str = "url";

/// A component.
#[wasm_bindgen]
pub struct RawComponent {
    component: Component,
}

/// Id of a listener or declaration, for removing it.
#[wasm_bindgen]
pub struct RawListener(ListenerId);

#[wasm_bindgen]
impl RawComponent {
    /// `component.js` has checked `settings`, except for `transports`, a list of Autobahn's dicts.
    /// The transports with an index in `asked` ask for their URLs. For `credentials` and `answer`
    /// see `authentication.js`; `fresh` is true if `authentication` is asked for at each attempt.
    #[wasm_bindgen(constructor)]
    pub fn new(
        settings: &JsValue,
        asked: &Array,
        credentials: &JsValue,
        answer: Option<Function>,
        hooks: Hooks,
    ) -> Result<RawComponent, JsValue> {
        let config = Credentials::read(credentials, answer)?.of_all(session_config(settings));
        let realm = get(settings, "realm").as_string().unwrap_or_default();
        let is = |key| get(settings, key).is_truthy();
        let told = hooks.clone();
        let mut builder = Component::builder().realm(realm).strict(is("strict")).session_config(
            config.on_user_error(move |error| {
                // The page has already reported its own errors.
                let ours = STAGES.iter().any(|name| error.uri.strip_prefix("on_") == Some(name))
                    || &*error.uri == "on_connect_failure"
                    || &*error.uri == "on_retry";
                if !(ours && error.error.uri == Uri::RUNTIME_ERROR) {
                    told.tell(&Report::from(error.error.clone()).into());
                }
            }),
        );
        let transports = transports(settings, asked, &hooks).map_err(invalid)?;
        builder = builder.transports(transports);
        if is("fresh") {
            let hooks = hooks.clone();
            builder = builder.credentials(move || credentials_of(&hooks));
        }
        if is("main") {
            let hooks = hooks.clone();
            builder = builder.main(move |session| {
                let done = ask(&hooks, "main", &RawSession::new(session).into());
                async move { done.await.map(drop) }
            });
        }
        builder = with_is_fatal(builder, &hooks);
        let component = builder.build().map_err(Report::from)?;
        listen(&component, &hooks);
        Ok(RawComponent { component })
    }

    /// Starts the component; resolves when it is done.
    pub fn start(&self) -> Promise {
        let running = self.component.start();
        promise(async move {
            match running.await {
                Ok(()) => Ok(JsValue::UNDEFINED),
                Err(error) => Err(Report::from(&error)),
            }
        })
    }

    /// Stops the component; resolves at its end.
    pub fn stop(&self) -> Promise {
        let stopped = self.component.stop();
        promise(async move {
            stopped.await;
            Ok(JsValue::UNDEFINED)
        })
    }

    #[wasm_bindgen(js_name = retryNow)]
    pub fn retry_now(&self) {
        self.component.retry_now();
    }

    #[wasm_bindgen(getter)]
    pub fn state(&self) -> String {
        match self.component.state() {
            ComponentState::Idle => "idle",
            ComponentState::Connecting { .. } => "connecting",
            ComponentState::Joining { .. } => "joining",
            ComponentState::Joined { .. } => "joined",
            ComponentState::Leaving { .. } => "leaving",
            ComponentState::Waiting { .. } => "waiting",
            ComponentState::Offline => "offline",
            ComponentState::Stopping => "stopping",
            ComponentState::Done => "done",
            // A new state of the library has no name here yet.
            _ => "idle",
        }
        .to_owned()
    }

    /// Returns the name of the current transport.
    #[wasm_bindgen(getter)]
    pub fn transport(&self) -> Option<String> {
        match self.component.state() {
            ComponentState::Connecting { transport }
            | ComponentState::Joining { transport }
            | ComponentState::Joined { transport, .. } => Some(transport),
            _ => None,
        }
    }

    /// `endpoint` is created by `endpoint.js` from the page's function.
    pub fn register(
        &self,
        procedure: String,
        endpoint: Function,
        options: &JsValue,
    ) -> Result<RawListener, JsValue> {
        let options = read_options(options, RegisterOptions::from_dict)?;
        let endpoint = JsEndpoint::new(endpoint);
        Ok(RawListener(self.component.register_with_options(procedure, options, endpoint)))
    }

    /// `handler` is a function of `{args, kwargs, details}` that returns a promise, which is never
    /// rejected.
    pub fn subscribe(
        &self,
        topic: String,
        handler: Function,
        options: &JsValue,
        queue: Option<u32>,
    ) -> Result<RawListener, JsValue> {
        let options = read_options(options, SubscribeOptions::from_dict)?;
        let (handler, queue) =
            (JsHandler { function: handler }, queue.map(|events| events as usize));
        Ok(RawListener(self.component.subscribe_with_queue(topic, options, queue, handler)))
    }

    pub fn off(&self, listener: RawListener) -> bool {
        self.component.off(listener.0)
    }
}

/// Asks the page for a value. The question is sent at once.
fn ask(
    hooks: &Hooks,
    what: &str,
    about: &JsValue,
) -> BoxFuture<'static, Result<JsValue, BoxError>> {
    let asked = hooks.ask(what, about);
    Box::pin(async move {
        let answer = match asked {
            Ok(promise) => JsFuture::from(promise).await,
            Err(error) => Err(error),
        };
        answer.map_err(|error| Thrown::new(error).into())
    })
}

fn listen(component: &Component, hooks: &Hooks) {
    let station = |name: &'static str| {
        let hooks = hooks.clone();
        move |about: JsValue| {
            let done = ask(&hooks, name, &about);
            async move { done.await.map(drop) }
        }
    };
    let [start, connect, join, ready, leave, disconnect, failure] = STAGES.map(station);
    component.on_start(move || start(JsValue::UNDEFINED));
    component.on_connect(move |info| connect(transport_to_js(&info)));
    component.on_join(move |session| join(RawSession::new(session).into()));
    component.on_ready(move |session| ready(RawSession::new(session).into()));
    component.on_leave(move |reason| leave(close_reason(&reason)));
    component.on_disconnect(move |clean| disconnect(clean.into()));
    component.on_connect_failure(move |error| failure(Report::from(&error).into()));
    let hooks = hooks.clone();
    component.on_retry_async(move |notice| {
        let decision = ask(&hooks, "retry", &notice_to_js(&notice));
        async move { decision.await.map(|decision| read_decision(&decision)) }
    });
}

fn with_is_fatal(builder: ComponentBuilder, hooks: &Hooks) -> ComponentBuilder {
    let hooks = hooks.clone();
    builder.is_fatal(move |error| {
        hooks.is_fatal(&Report::from(error).into(), error.is_fatal_by_default())
    })
}

fn credentials_of(hooks: &Hooks) -> BoxFuture<'static, Result<Authentication, BoxError>> {
    let given = ask(hooks, "authentication", &JsValue::UNDEFINED);
    Box::pin(async move {
        let given = dict_from_js(&given.await?, "authentication")?;
        Ok(Authentication::from_value(&Value::Dict(given))?)
    })
}

fn session_config(settings: &JsValue) -> SessionConfig {
    let mut config = SessionConfig::default();
    if let Some(timeout) = get(settings, "timeout").as_f64() {
        config = config.join_timeout(duration(timeout));
    }
    match get(settings, "discloseMe").as_bool() {
        Some(disclose) => config.disclose_me(disclose),
        None => config,
    }
}

/// A transport: fixed, or with a URL function.
enum Transport {
    Fixed(Box<TransportConfig>),
    Asked(TransportEntry),
}

impl IntoTransports for Transport {
    fn into_transports(self) -> Result<Vec<TransportEntry>, ConfigError> {
        match self {
            Transport::Fixed(config) => (*config).into_transports(),
            Transport::Asked(entry) => Ok(vec![entry]),
        }
    }
}

fn transports(
    settings: &JsValue,
    asked: &Array,
    hooks: &Hooks,
) -> Result<Vec<Transport>, ConfigError> {
    let batched = get(settings, "batched").is_truthy();
    let list = from_js(&get(settings, "transports"), "transports")
        .map_err(|error| ConfigError::new("", error))?;
    let places: Vec<_> = asked.iter().filter_map(|place| place.as_f64()).collect();
    let read = |(place, value): (usize, &Value)| {
        let transport = TransportConfig::from_value(value).map(|config| config.batched(batched));
        let transport = transport.and_then(|config| {
            if places.contains(&(place as f64)) {
                return url_asked_for(config, place, hooks.clone()).map(Transport::Asked);
            }
            Ok(Transport::Fixed(config.into()))
        });
        transport.map_err(|error| error.within(format_args!("transports[{place}]")))
    };
    list.as_list().unwrap_or_default().iter().enumerate().map(read).collect()
}

/// Its own URL only allows the check of the other settings.
fn url_asked_for(
    config: TransportConfig,
    place: usize,
    hooks: Hooks,
) -> Result<TransportEntry, ConfigError> {
    config.connector()?;
    let policy = config.retry_policy().cloned();
    let entry = TransportEntry::per_attempt(ASKED, move || {
        let config = config.clone();
        let url = ask(&hooks, "url", &JsValue::from_f64(place as f64));
        async move {
            let url = url.await?.as_string().unwrap_or_default();
            Ok::<_, BoxError>(config.url(url).connector()?)
        }
    });
    Ok(match policy {
        Some(policy) => entry.retry(policy),
        None => entry,
    })
}

fn invalid(error: ConfigError) -> Report {
    ConnectError::from(error).into()
}

fn transport_to_js(info: &TransportInfo) -> JsValue {
    let object = Object::new();
    set(&object, "type", &info.kind.into());
    let batched = if info.batched { ".batched" } else { "" };
    let protocol = format!("wamp.2.{}{batched}", info.serializer.as_str());
    set(&object, "protocol", &protocol.into());
    object.into()
}

fn notice_to_js(notice: &RetryNotice) -> JsValue {
    let object = Object::new();
    let number = |key, number: f64| set(&object, key, &JsValue::from_f64(number));
    set(&object, "transport", &notice.transport.as_str().into());
    number("attempt", notice.attempt.into());
    number("failures", notice.failures.into());
    number("delay", notice.delay.as_secs_f64() * 1000.0);
    set(&object, "willRetry", &notice.will_retry.into());
    set(&object, "error", &Report::from(&notice.error).into());
    let (kind, reason) = match &notice.error {
        AttemptError::Connect(_) => ("connect", None),
        AttemptError::Refused(reason) => ("refused", Some(reason)),
        AttemptError::Lost(reason) => ("lost", Some(reason)),
        AttemptError::Main(_) => ("main", None),
        _ => ("handler", None),
    };
    set(&object, "kind", &kind.into());
    let reason = reason.map_or(JsValue::NULL, |reason| close_reason(reason));
    set(&object, "closeReason", &reason);
    object.into()
}

/// Reads a decision: `false` for no further attempt; a number for an attempt after this number of
/// milliseconds.
fn read_decision(decision: &JsValue) -> RetryDecision {
    match (decision.as_bool(), decision.as_f64()) {
        (Some(false), _) => RetryDecision::Stop,
        (_, Some(delay)) if delay > 0.0 => RetryDecision::After(duration(delay)),
        (_, Some(_)) => RetryDecision::After(Duration::ZERO),
        _ => RetryDecision::Retry,
    }
}

/// An event handler of the page, used for one session after another.
struct JsHandler {
    function: Function,
}

impl EventHandler<JavaScript> for JsHandler {
    fn handle(&self, event: &Event) -> BoxFuture<'static, Result<(), ApplicationError>> {
        let invalid = |text: String| ApplicationError::new(Uri::INVALID_PAYLOAD).arg(text);
        let handled = event_to_js(event, 0)
            .map_err(|error| invalid(error.to_string()))
            .map(|event| self.function.call1(&JsValue::UNDEFINED, &event));
        Box::pin(async move {
            if let Ok(promise) = handled? {
                // It is never rejected.
                let _ = JsFuture::from(Promise::resolve(&promise)).await;
            }
            Ok(())
        })
    }
}
