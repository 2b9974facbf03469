//! `wamp.subscription.get_events`: earlier events of a subscription (spec: "Event History").

use std::time::Duration;

use super::arguments::invalid;
use super::call::{Answer, MetaCall};
use crate::core::router::broker::{HistoryEvent, HistoryFilter};
use crate::error::ApplicationError;
use crate::message::{Serializer, time};
use crate::uri::Uri;
use crate::value::{Dict, List, Value};

/// Returns one list, as Crossbar does; by another reading of the spec each event would be a result
/// of its own. The list is bounded even if the call sets no limit: see `HistoryFilter`.
pub(super) fn get_events(call: &mut MetaCall<'_, '_>) -> Answer {
    let subscription: u64 = call.arguments.required("subscription")?;
    let filter = filter(call)?;
    let Some(session) = call.realm.sessions.get(&call.caller) else { return Ok(Value::Null) };
    let events = call.realm.broker.history(subscription, &filter, session)?;
    let described = events.into_iter().map(|event| describe(event, call.serializer));
    Ok(described.map(Value::from).collect::<List>().into())
}

fn filter(call: &mut MetaCall<'_, '_>) -> Result<HistoryFilter, ApplicationError> {
    let limit: Option<u64> = call.arguments.optional("limit")?;
    if limit == Some(0) {
        return Err(invalid("argument \"limit\" must be at least 1"));
    }
    // Times are shown in milliseconds, and compared as shown: `until_time` with the time of an
    // event includes the event.
    let from = point_in_time(call, "from_time")?.map(rounded_up);
    let after = point_in_time(call, "after_time")?.map(next_millisecond);
    let before = point_in_time(call, "before_time")?.map(rounded_up);
    let until = point_in_time(call, "until_time")?.map(next_millisecond);
    Ok(HistoryFilter {
        reverse: call.arguments.optional("reverse")?.unwrap_or(false),
        limit: limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX)),
        from_time: from.max(after),
        before_time: [before, until].into_iter().flatten().min(),
        topic: call.arguments.optional::<Uri>("topic")?,
        from_publication: call.arguments.optional("from_publication")?,
        after_publication: call.arguments.optional("after_publication")?,
        before_publication: call.arguments.optional("before_publication")?,
        until_publication: call.arguments.optional("until_publication")?,
    })
}

fn point_in_time(
    call: &mut MetaCall<'_, '_>,
    name: &str,
) -> Result<Option<Duration>, ApplicationError> {
    let Some(text) = call.arguments.optional::<String>(name)? else { return Ok(None) };
    let time = time::parse(&text);
    time.map(Some).ok_or_else(|| {
        invalid(format!(
            "argument {name:?} must be a point in time such as \"2026-11-22T19:25:31Z\" (RFC 3339)"
        ))
    })
}

/// The first millisecond that is not before `time`.
fn rounded_up(time: Duration) -> Duration {
    let cut = cut(time);
    if cut == time { cut } else { next_millisecond(time) }
}

/// The first millisecond after the one that contains `time`.
fn next_millisecond(time: Duration) -> Duration {
    cut(time).saturating_add(Duration::from_millis(1))
}

fn cut(time: Duration) -> Duration {
    Duration::new(time.as_secs(), time.subsec_millis() * 1_000_000)
}

/// Returns whether a serializer has a form for a value.
fn has_form(value: &Value, serializer: Serializer) -> bool {
    match value {
        Value::Float(value) => serializer != Serializer::Json || value.is_finite(),
        Value::String(text) => serializer != Serializer::Json || !text.starts_with('\0'),
        Value::Int128(_) | Value::UInt128(_) => serializer != Serializer::MsgPack,
        Value::List(list) => list.iter().all(|value| has_form(value, serializer)),
        Value::Dict(dict) => dict.iter().all(|(_, value)| has_form(value, serializer)),
        _ => true,
    }
}

fn describe(event: HistoryEvent, serializer: Option<Serializer>) -> Dict {
    let mut dict = Dict::new()
        .with("timestamp", time::format(event.timestamp))
        .with("subscription", event.subscription)
        .with("publication", event.publication)
        .with("details", event.details.to_dict());
    // As in EVENT, it replaces the arguments.
    if let Some(opaque) = event.payload.opaque() {
        dict.insert("payload", opaque.clone());
    }
    // An unreadable event must not hide the others, nor one that the caller's serializer has no form for.
    let (args, kwargs) = event.payload.to_values().unwrap_or_default();
    let fits = |value: &Value| serializer.is_none_or(|serializer| has_form(value, serializer));
    if !args.iter().chain(kwargs.iter().map(|(_, value)| value)).all(fits) {
        return dict;
    }
    if !args.is_empty() {
        dict.insert("args", args);
    }
    if !kwargs.is_empty() {
        dict.insert("kwargs", kwargs);
    }
    dict
}
