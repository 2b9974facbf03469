//! Contains components. Their functions are those of the page, which are asked.

use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;

use wampwerk::Uri;
use wampwerk::component::{
    AttemptError, BoxError, Component, ComponentBuilder, ComponentState, RetryDecision,
    RetryNotice, RetryPolicy, TransportEntry,
};
use wampwerk::error::ApplicationError;
use wampwerk::hosted::{builder_over, spawn};
use wampwerk::message::{Payload, RegisterOptions, Serializer, SubscribeOptions};
use wampwerk::session::authentication::Authentication;
use wampwerk::session::{EventHandler, IncomingEvent, RegisterRequest, Session, SubscribeRequest};
use wampwerk::transport::{BoxFuture, Connector, TransportInfo};
use wampwerk::value::{Dict, Value};
use wasm_bindgen::prelude::*;

use crate::authentication::{self, asked};
use crate::face::{self, Entry, Question};
use crate::json;
use crate::record::Kind;
use crate::registration::{JavaScript, JsProcedure};
use crate::report::{Report, close_reason};
use crate::session::{self, done, duration, keep, read_options};
use crate::socket::Dialer;
use crate::subscription::Source;
use crate::thrown::Thrown;

/// The stages of a component that are reported to the page.
const STAGES: [&str; 8] =
    ["start", "connect", "join", "ready", "established", "leave", "disconnect", "connectfailure"];

/// Creates a component under a number, from settings that JavaScript has checked.
///
/// # Errors
/// Returns a report as JSON.
#[wasm_bindgen]
#[allow(unreachable_pub, reason = "wasm-bindgen exports public functions only")]
pub fn component(handle: u32, settings: &[u8]) -> Result<(), JsValue> {
    let settings = json::read(settings).map_err(Report::from).map_err(thrown)?;
    let component = build(handle, &settings).map_err(thrown)?;
    listen(&component, handle);
    face::insert(handle, Entry::Component(component));
    Ok(())
}

/// Returns the state of a component and, after a space, the name of the current transport.
#[wasm_bindgen]
#[allow(unreachable_pub, reason = "wasm-bindgen exports public functions only")]
pub fn state(handle: u32) -> String {
    let Some(component) = face::component(handle) else { return "done".to_owned() };
    match component.state() {
        ComponentState::Idle => "idle".to_owned(),
        ComponentState::Connecting { transport } => format!("connecting {transport}"),
        ComponentState::Joining { transport } => format!("joining {transport}"),
        ComponentState::Joined { transport, .. } => format!("joined {transport}"),
        ComponentState::Leaving { .. } => "leaving".to_owned(),
        ComponentState::Waiting { .. } => "waiting".to_owned(),
        ComponentState::Offline => "offline".to_owned(),
        ComponentState::Stopping => "stopping".to_owned(),
        ComponentState::Done => "done".to_owned(),
        // A new state of the library has no name here yet.
        _ => "idle".to_owned(),
    }
}

/// Declares a procedure of a component. `procedure` is the registered URI.
///
/// # Errors
/// Returns a report as JSON.
#[wasm_bindgen]
#[allow(unreachable_pub, reason = "wasm-bindgen exports public functions only")]
pub fn declare(
    component: u32,
    handle: u32,
    procedure: String,
    options: &[u8],
) -> Result<(), JsValue> {
    let options = read_options(options, RegisterOptions::from_dict).map_err(thrown)?;
    let Some(component) = face::component(component) else { return Ok(()) };
    let set = move |request: RegisterRequest| request.options(options.clone());
    let id = component.register_with_options(procedure, set, JsProcedure::new(handle));
    face::insert(handle, Entry::Declared(component, id, None));
    Ok(())
}

/// Declares a subscription of a component. A `queue` of 0 is the default.
///
/// # Errors
/// Returns a report as JSON.
#[wasm_bindgen]
#[allow(unreachable_pub, reason = "wasm-bindgen exports public functions only")]
pub fn attend(
    component: u32,
    handle: u32,
    topic: String,
    options: &[u8],
    queue: u32,
) -> Result<(), JsValue> {
    let options = read_options(options, SubscribeOptions::from_dict).map_err(thrown)?;
    let Some(component) = face::component(component) else { return Ok(()) };
    let source = Source::new(handle, &topic);
    let handler = JsHandler { source: Rc::clone(&source) };
    let set = move |request: SubscribeRequest| {
        let request = request.options(options.clone());
        if queue > 0 { request.queue(queue as usize) } else { request }
    };
    let id = component.subscribe_with_options(topic, set, handler);
    face::insert(handle, Entry::Declared(component, id, Some(source)));
    Ok(())
}

/// Starts a component; the request is done when the component is.
pub(crate) fn start(handle: u32, ticket: u32) {
    let Some(component) = face::component(handle) else { return };
    let running = component.start();
    spawn(async move {
        match running.await {
            Ok(()) => done(ticket, f64::NAN),
            Err(error) => Report::from(&error).fail(ticket, Serializer::Json),
        }
    });
}

/// Stops a component; the request is done at its end.
pub(crate) fn stop(handle: u32, ticket: u32) {
    let Some(component) = face::component(handle) else { return };
    let stopped = component.stop();
    spawn(async move {
        stopped.await;
        done(ticket, f64::NAN);
    });
}

/// Makes the next attempt at once.
pub(crate) fn retry_now(handle: u32) {
    if let Some(component) = face::component(handle) {
        component.retry_now();
    }
}

/// Withdraws a declaration.
pub(crate) fn off(handle: u32) {
    if let Some(Entry::Declared(component, id, _)) = face::remove(handle) {
        component.off(id);
    }
}

fn thrown(report: Report) -> JsValue {
    let report = json::write(report.into_dict());
    let text = report.encoded().map(|(args, _)| args).unwrap_or_default();
    JsValue::from_str(&String::from_utf8_lossy(text))
}

fn build(handle: u32, settings: &Dict) -> Result<Component, Report> {
    let is = |key| json::flag(settings, key) == Some(true);
    let config = session::config(settings)?.on_user_error(move |error| {
        // The page has already reported its own errors.
        let ours = STAGES.iter().any(|name| error.uri.strip_prefix("on_") == Some(name))
            || &*error.uri == "on_connect_failure"
            || &*error.uri == "on_retry";
        if !(ours && error.error.uri == Uri::RUNTIME_ERROR) {
            Report::from(error.error.clone()).push(Kind::Tell, handle, Serializer::Json);
        }
    });
    let realm = json::text(settings, "realm").unwrap_or_default();
    let mut builder = builder_over(transports(handle, settings));
    builder = builder.realm(realm).strict(is("strict")).session_config(config);
    if is("fresh") {
        builder = builder.credentials(move || credentials(handle));
    }
    if is("main") {
        builder = builder.main(move |session| {
            let done = ask(handle, "main", number_of(session), Payload::empty());
            async move { done.await.map(drop) }
        });
    }
    Ok(with_is_fatal(builder, handle).build()?)
}

/// Asks the page. The question is sent at once.
fn ask(
    handle: u32,
    what: &str,
    session: u32,
    about: Payload,
) -> BoxFuture<'static, Result<Vec<u8>, BoxError>> {
    let asked = asked(handle, what, session, about);
    Box::pin(async move { asked.await.map_err(|error| Thrown::read(&error).into()) })
}

/// Returns the number of a session. There is one per session.
fn number_of(session: Session) -> u32 {
    face::number_of(session.id()).unwrap_or_else(|| {
        let handle = face::number();
        keep(handle, session);
        handle
    })
}

fn listen(component: &Component, handle: u32) {
    let tell = move |stage: &'static str, session: u32, about: Payload| {
        let done = ask(handle, stage, session, about);
        async move { done.await.map(drop) }
    };
    let [start, connect, join, ready, established, leave, disconnect, failure] = STAGES;
    component.on_start(move || tell(start, 0, Payload::empty()));
    component.on_connect(move |info| tell(connect, 0, transport(&info)));
    component.on_join(move |session| tell(join, number_of(session), Payload::empty()));
    component.on_ready(move |session| tell(ready, number_of(session), Payload::empty()));
    component.on_established(move |uri| {
        tell(established, 0, json::write(Dict::from([("uri", Value::from(&*uri))])))
    });
    component.on_leave(move |reason| tell(leave, 0, json::write(close_reason(&reason))));
    component.on_disconnect(move |clean| {
        tell(disconnect, 0, json::write(Dict::from([("clean", Value::from(clean))])))
    });
    component.on_connect_failure(move |error| {
        tell(failure, 0, json::write(Report::from(&error).into_dict()))
    });
    component.on_retry_async(move |notice| {
        let decision = ask(handle, "retry", 0, notice_to_json(&notice));
        async move { decision.await.map(|decision| read_decision(&decision)) }
    });
}

fn with_is_fatal(builder: ComponentBuilder, handle: u32) -> ComponentBuilder {
    builder.is_fatal(move |error| {
        let by_default = error.is_fatal_by_default();
        let mut report = Report::from(error).into_dict();
        report.insert("byDefault", by_default);
        let report = json::write(report);
        let report = report.encoded().map(|(args, _)| args).unwrap_or_default();
        match face::ask(Question::IsFatal, handle, &String::from_utf8_lossy(report)).as_deref() {
            Ok("true") => true,
            Ok("false") => false,
            _ => by_default,
        }
    })
}

fn credentials(handle: u32) -> BoxFuture<'static, Result<Authentication, BoxError>> {
    let given = ask(handle, "authentication", 0, Payload::empty());
    Box::pin(async move { Ok(authentication::methods(&json::read(&given.await?)?)?) })
}

/// Reads the settings that `settings.js` has made of Autobahn's dicts.
fn transports(handle: u32, settings: &Dict) -> Vec<TransportEntry> {
    let list = json::list(settings, "transports").iter().filter_map(Value::as_dict).enumerate();
    list.map(|(place, settings)| {
        let dialer = Dialer::new(settings);
        let name = json::text(settings, "name").unwrap_or_default();
        let entry = if json::flag(settings, "asked") == Some(true) {
            TransportEntry::per_attempt(name, move || {
                let about = json::write(Dict::from([("place", Value::from(place as u64))]));
                let (asked, dialer) = (ask(handle, "url", 0, about), dialer.clone());
                async move {
                    let answer = json::read(&asked.await?)?;
                    Ok::<_, BoxError>(shared(dialer.to(&answer)))
                }
            })
        } else {
            TransportEntry::new(name, shared(dialer))
        };
        match retries(settings) {
            Some(policy) => entry.retry(policy),
            None => entry,
        }
    })
    .collect()
}

#[allow(clippy::arc_with_non_send_sync, reason = "in the browser nothing is Send")]
fn shared(dialer: Dialer) -> Arc<dyn Connector> {
    Arc::new(dialer)
}

/// Reads the retry policy, if any of its values is set.
fn retries(settings: &Dict) -> Option<RetryPolicy> {
    let keys = ["maxRetries", "initialDelay", "maxDelay", "growth", "jitter"];
    let [retries, initial, longest, growth, jitter] = keys.map(|key| json::number(settings, key));
    [retries, initial, longest, growth, jitter].iter().flatten().next()?;
    let mut policy = RetryPolicy::default();
    // A negative number means no limit.
    policy.max_retries = retries.filter(|&retries| retries >= 0.0).map(|retries| retries as u32);
    policy.initial_delay = initial.map_or(policy.initial_delay, duration);
    policy.max_delay = longest.map_or(policy.max_delay, duration);
    policy.growth = growth.unwrap_or(policy.growth);
    policy.jitter = jitter.unwrap_or(policy.jitter);
    Some(policy)
}

fn transport(info: &TransportInfo) -> Payload {
    let batched = if info.batched { ".batched" } else { "" };
    let serializer = info.serializer.as_str();
    json::write(Dict::from([
        ("type", Value::from(info.kind)),
        ("protocol", Value::from(format!("wamp.2.{serializer}{batched}"))),
        ("serializer", Value::from(serializer)),
    ]))
}

fn notice_to_json(notice: &RetryNotice) -> Payload {
    let (kind, reason) = match &notice.error {
        AttemptError::Connect(_) => ("connect", None),
        AttemptError::Refused(reason) => ("refused", Some(reason)),
        AttemptError::Lost(reason) => ("lost", Some(reason)),
        AttemptError::Main(_) => ("main", None),
        _ => ("handler", None),
    };
    let reason = reason.map_or(Value::Null, |reason| close_reason(reason).into());
    json::write(Dict::from([
        ("transport", Value::from(notice.transport.as_str())),
        ("attempt", Value::from(u64::from(notice.attempt))),
        ("failures", Value::from(u64::from(notice.failures))),
        ("delay", Value::from(notice.delay.as_secs_f64() * 1000.0)),
        ("willRetry", Value::from(notice.will_retry)),
        ("error", Value::from(Report::from(&notice.error).into_dict())),
        ("kind", Value::from(kind)),
        ("closeReason", reason),
    ]))
}

/// Reads a decision: `stop`, or `delay`, a number of milliseconds.
fn read_decision(decision: &[u8]) -> RetryDecision {
    let decision = json::read(decision).unwrap_or_default();
    match json::number(&decision, "delay") {
        _ if json::flag(&decision, "stop") == Some(true) => RetryDecision::Stop,
        Some(delay) => RetryDecision::After(duration(delay.max(0.0))),
        None => RetryDecision::Retry,
    }
}

/// An event handler of the page, used for one session after another.
struct JsHandler {
    source: Rc<Source>,
}

impl EventHandler<JavaScript> for JsHandler {
    fn handle(&self, event: &IncomingEvent) -> BoxFuture<'static, Result<(), ApplicationError>> {
        self.source.deliver(event);
        let source = Rc::clone(&self.source);
        Box::pin(async move {
            poll_fn(|cx| source.poll_credit(cx)).await;
            Ok(())
        })
    }

    fn lagged(&self, missed: u64) -> bool {
        self.source.tell_lagged(missed);
        true
    }
}
