//! The meta API: procedures under `wamp.` that the router answers, and events that it publishes
//! (spec: "Meta API").
//!
//! Contains the procedures, their arguments and answers. The state is in the realm (sessions), the
//! dealer (registrations) and the broker (subscriptions).

mod arguments;
mod call;
mod entry;
mod events;
mod history;
mod registration;
mod session;
mod subscription;
mod testament;

use crate::core::router::authorization::{Action, Policy};
use crate::core::router::checks::check_uri;
use crate::core::router::names::quote;
use crate::core::router::realm::Realm;
use crate::core::router::turn::{Failure, Turn};
use crate::core::router::{ConnectionId, Disclosure, Limits, MetaApi, RouterConfig};
use crate::error::ApplicationError;
use crate::message::{Call, CallResult, Payload, ResultDetails};
use crate::uri::{Match, Uri};
use crate::value::Dict;
use arguments::{Arguments, Parameters};
use call::{Answer, MetaCall};

pub(super) use call::Kill;
pub(super) use events::announce;

struct MetaProcedure {
    name: &'static str,
    /// True if it ends something of other sessions.
    ends: bool,
    parameters: Parameters,
    run: fn(&mut MetaCall<'_, '_>) -> Answer,
}

/// Answers a call to the router itself, and returns the sessions that the realm has to end. Such a
/// call is over at once: it cannot be cancelled, timed out or report progress.
pub(super) fn call(
    realm: &mut Realm,
    turn: &mut Turn<'_>,
    caller: ConnectionId,
    call: &Call,
    disclosure: Disclosure,
) -> Result<Option<Kill>, Failure> {
    check_options(call)?;
    check_uri(turn, &call.procedure, Match::Exact)?;
    let offered = realm.meta_api(turn.config, caller, &call.procedure);
    let procedure = find(offered.unwrap_or(MetaApi::Off), &call.procedure)?;
    check_weight(turn.config, call)?;
    let arguments = Arguments::read(&call.payload, procedure.parameters)?;
    let serializer = call.payload.serializer();
    let mut meta_call =
        MetaCall { realm, turn, caller, arguments, serializer, disclosure, kill: None };
    let result = (procedure.run)(&mut meta_call)?;
    let kill = meta_call.kill;
    let payload = Payload::from_values(vec![result], Dict::new());
    let details = ResultDetails::default();
    turn.outputs.send(caller, CallResult { request: call.request, details, payload });
    Ok(kill)
}

/// A permission that a call to the router itself needs.
pub(super) struct ImpliedPermission {
    pub(super) action: Action,
    pub(super) uri: Uri,
    pub(super) policy: Match,
    pub(super) options: Dict,
}

/// The permission that a call to the router itself needs beside its own: a testament is a
/// publication, and reading a history is subscribing. `None` if it needs none, or if the call will
/// fail in any case.
pub(super) fn implied_permission(
    realm: &Realm,
    config: &RouterConfig,
    call: &Call,
) -> Option<ImpliedPermission> {
    let name = call.procedure.as_str();
    if !matches!(name, ADD_TESTAMENT | GET_EVENTS) {
        return None;
    }
    check_weight(config, call).ok()?;
    let procedure = PROCEDURES.iter().find(|procedure| procedure.name == name)?;
    let mut arguments = Arguments::read(&call.payload, procedure.parameters).ok()?;
    if name == ADD_TESTAMENT {
        let topic = arguments.required("topic").ok()?;
        let options = arguments.optional("publish_options").ok()?.unwrap_or_default();
        return Some(ImpliedPermission {
            action: Action::Publish,
            uri: topic,
            policy: Match::Exact,
            options,
        });
    }
    let subscription = arguments.required("subscription").ok()?;
    let entry = realm.broker.entry(subscription)?;
    let (uri, policy) = (entry.uri.clone(), entry.policy);
    Some(ImpliedPermission { action: Action::Subscribe, uri, policy, options: Dict::new() })
}

/// Returns whether any meta procedure with this prefix is available; `offered` returns the part of
/// the meta API for a procedure.
pub(super) fn offers(offered: impl Fn(&str) -> Option<MetaApi>, what: &str) -> bool {
    let all = PROCEDURES.iter().filter(|procedure| procedure.name.starts_with(what));
    all.map(|procedure| procedure.name)
        .any(|name| offered(name).is_some_and(|offered| find(offered, name).is_ok()))
}

/// Returns whether any session at all may call a meta procedure with this prefix.
pub(super) fn is_open_to_all(config: &RouterConfig, policy: Option<&Policy>, what: &str) -> bool {
    match policy {
        None => offers(|_| Some(config.meta_api), what),
        Some(policy) => policy.roles().any(|rules| offers(|name| rules.meta_api(name), what)),
    }
}

/// Checks that the call can be answered: it must not come in several messages, nor in a form that
/// only another client can read.
fn check_options(call: &Call) -> Result<(), ApplicationError> {
    let options = &call.options;
    let unreadable = if options.progress == Some(true) {
        "progressive call invocations"
    } else if options.ppt_scheme.is_some() {
        "payload passthru mode"
    } else if options.enc_algo.is_some() {
        "payload transparency"
    } else {
        return Ok(());
    };
    let text = format!("{} does not take {unreadable}", quote(&call.procedure));
    Err(ApplicationError::new(Uri::FEATURE_NOT_SUPPORTED).arg(text))
}

/// Checks that the arguments are not too heavy to be decoded under the router's lock. Only a testament
/// may be long.
fn check_weight(config: &RouterConfig, call: &Call) -> Result<(), ApplicationError> {
    let Limits { testament_bytes, details_bytes, .. } = config.limits;
    let (limit, setting) = match call.procedure.as_str() {
        ADD_TESTAMENT if testament_bytes > details_bytes => {
            (testament_bytes, "Limits::testament_bytes")
        }
        _ => (details_bytes, "Limits::details_bytes"),
    };
    // Long arguments are not even scanned.
    let mut weight = call.payload.weight();
    if weight <= limit {
        weight = call.payload.decoded_weight();
    }
    if weight <= limit {
        return Ok(());
    }
    let name = quote(&call.procedure);
    let text =
        format!("the arguments of {name} weigh {weight} bytes: the limit is {limit} ({setting})");
    Err(ApplicationError::new(Uri::PAYLOAD_SIZE_EXCEEDED).arg(text))
}

fn find(offered: MetaApi, name: &str) -> Result<&'static MetaProcedure, ApplicationError> {
    let known = PROCEDURES.iter().find(|procedure| procedure.name == name);
    match (offered, known) {
        (MetaApi::Off, _) | (_, None) => Err(ApplicationError::new(Uri::NO_SUCH_PROCEDURE)
            .arg(format!("{} is not a procedure of this router", quote(name)))),
        (MetaApi::ReadOnly, Some(procedure)) if procedure.ends => {
            Err(ApplicationError::new(Uri::NOT_AUTHORIZED)
                .arg(format!("{name:?} is switched off: this router's meta API is read-only")))
        }
        (_, Some(procedure)) => Ok(procedure),
    }
}

const ADD_TESTAMENT: &str = "wamp.session.add_testament";
const GET_EVENTS: &str = "wamp.subscription.get_events";

macro_rules! procedures {
    ($($name:literal ($($required:ident),* $(; $($optional:ident),*)?) $kind:ident $run:path,)*) => {
        /// All procedures, each with its required and its optional arguments.
        static PROCEDURES: &[MetaProcedure] = &[$(MetaProcedure {
            name: $name,
            ends: procedures!(@ $kind),
            parameters: Parameters {
                required: &[$(stringify!($required)),*],
                optional: &[$($(stringify!($optional)),*)?],
            },
            run: $run,
        },)*];
    };
    (@ asks) => { false };
    (@ ends) => { true };
}

procedures! {
    "wamp.session.count"(; filter_authroles) asks session::count,
    "wamp.session.list"(; filter_authroles) asks session::list,
    "wamp.session.get"(session) asks session::get,
    "wamp.session.kill"(session; reason, message) ends session::kill,
    "wamp.session.kill_by_authid"(authid; reason, message) ends session::kill_by_authid,
    "wamp.session.kill_by_authrole"(authrole; reason, message) ends session::kill_by_authrole,
    "wamp.session.kill_all"(; reason, message) ends session::kill_all,
    "wamp.session.add_testament"(topic, args, kwargs; publish_options, scope) asks testament::add,
    "wamp.session.flush_testaments"(; scope) asks testament::flush,
    "wamp.registration.list"(; session) asks registration::list,
    "wamp.registration.lookup"(procedure; options) asks registration::lookup,
    "wamp.registration.match"(procedure) asks registration::best_match,
    "wamp.registration.get"(registration) asks registration::get,
    "wamp.registration.list_callees"(registration) asks registration::list_callees,
    "wamp.registration.count_callees"(registration) asks registration::count_callees,
    "wamp.registration.remove_callee"(registration, callee; reason) ends registration::remove_callee,
    "wamp.subscription.list"(; session) asks subscription::list,
    "wamp.subscription.lookup"(topic; options) asks subscription::lookup,
    "wamp.subscription.match"(topic) asks subscription::matches,
    "wamp.subscription.get"(subscription) asks subscription::get,
    "wamp.subscription.list_subscribers"(subscription) asks subscription::list_subscribers,
    "wamp.subscription.count_subscribers"(subscription) asks subscription::count_subscribers,
    "wamp.subscription.remove_subscriber"(subscription, subscriber; reason)
        ends subscription::remove_subscriber,
    "wamp.subscription.get_events"(
        subscription;
        limit, reverse, from_time, after_time, before_time, until_time, topic,
        from_publication, after_publication, before_publication, until_publication
    ) asks history::get_events,
}
