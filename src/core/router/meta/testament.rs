//! The testament meta API: adding and dropping testaments, and their limits.

use super::arguments::invalid;
use super::call::{Answer, MetaCall};
use crate::core::router::broker::discloses;
use crate::core::router::checks::{check_own_uri, too_many};
use crate::core::router::custom::check_forwarded;
use crate::core::router::testaments::{Scope, Testament};
use crate::error::ApplicationError;
use crate::message::{Field, Payload, Publish, PublishOptions, weight};
use crate::uri::{Match, Uri};
use crate::value::{Dict, List, Value};

pub(super) fn add(call: &mut MetaCall<'_, '_>) -> Answer {
    let topic: Uri = call.arguments.required("topic")?;
    let Args(args) = call.arguments.required("args")?;
    let Kwargs(kwargs) = call.arguments.required("kwargs")?;
    let options = call.arguments.optional::<Dict>("publish_options")?.unwrap_or_default();
    let scope = scope(call)?.unwrap_or_default();
    check_own_uri(call.turn, &topic, Match::Exact)?;

    let payload = Payload::from_values(args, kwargs);
    let weight = topic.len() + payload.weight() + weight::dict(&options);
    let options = publish_options(call, options)?;
    let (limits, disclosure) = (call.turn.config.limits, call.disclosure);
    let testaments = call.realm.testaments.entry(call.caller).or_default();
    if testaments.len() >= limits.testaments {
        return Err(too_many("testaments", limits.testaments));
    }
    if testaments.weight().saturating_add(weight) > limits.testament_bytes {
        return Err(too_many("bytes in testaments", limits.testament_bytes));
    }
    call.turn.held.check(call.turn.config, weight)?;
    call.turn.held.add(weight);
    // A testament is never acknowledged, so its request id is never seen.
    let publish = Publish { request: 1, options, topic, payload };
    testaments.push(scope, Testament { publish, disclosure, weight });
    Ok(Value::Null)
}

/// The spec defines no result; the number of dropped testaments is Crossbar's.
pub(super) fn flush(call: &mut MetaCall<'_, '_>) -> Answer {
    let scope = scope(call)?.unwrap_or_default();
    let Some(testaments) = call.realm.testaments.get_mut(&call.caller) else { return Ok(0.into()) };
    let dropped = testaments.flush(scope);
    dropped.iter().for_each(|testament| call.turn.held.sub(testament.weight));
    if testaments.len() == 0 {
        call.realm.testaments.remove(&call.caller);
    }
    Ok(dropped.len().into())
}

fn scope(call: &mut MetaCall<'_, '_>) -> Result<Option<Scope>, ApplicationError> {
    call.arguments.optional("scope")
}

/// The options of the later PUBLISH, without acknowledgement, since the session will be gone.
fn publish_options(
    call: &MetaCall<'_, '_>,
    options: Dict,
) -> Result<PublishOptions, ApplicationError> {
    let options = PublishOptions::from_dict(options)
        .map_err(|violation| invalid(format!("argument \"publish_options\": {violation}")))?;
    let Some(session) = call.realm.sessions.get(&call.caller) else { return Ok(options) };
    if options.enc_algo.is_some() {
        return Err(invalid(
            "argument \"publish_options\": with enc_algo the payload must be bytes, not a list",
        ));
    }
    if options.ppt_scheme.is_some() && !session.features.publisher_passthru {
        return Err(invalid("argument \"publish_options\": ppt_scheme was not announced"));
    }
    // Checked now: a later failure would have no receiver.
    discloses(call.disclosure, &options)?;
    // Its arguments are no binary data.
    let (place, extra) = ("argument \"publish_options\"", &options.extra);
    check_forwarded(call.turn.config, place, &Payload::default(), [&None, &None], extra)?;
    let mut fields = options.into_fields();
    fields.acknowledge = None;
    Ok(fields.into())
}

/// Positional arguments; null is none.
struct Args(List);

/// Keyword arguments; null is none.
struct Kwargs(Dict);

impl Field for Args {
    const EXPECTED: &'static str = "a list";

    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::List(list) => Some(Args(list)),
            Value::Null => Some(Args(List::new())),
            _ => None,
        }
    }

    fn into_value(self) -> Value {
        self.0.into()
    }
}

impl Field for Kwargs {
    const EXPECTED: &'static str = "a dict";

    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Null => Some(Kwargs(Dict::new())),
            value => Dict::from_value(value).map(Kwargs),
        }
    }

    fn into_value(self) -> Value {
        self.0.into()
    }
}
