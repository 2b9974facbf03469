//! Calls of meta procedures, for tests beside `router_core.rs`.

use wampwerk::internals::core::router::{ConnectionId, MetaApi, RouterConfig};
use wampwerk::message::*;
use wampwerk::{Dict, List, Match, Value};

use super::router_core::*;

/// One realm, and all of the meta API.
pub fn full() -> Net {
    let mut config = RouterConfig::new(7).realm("realm1");
    config.meta_api = MetaApi::Full;
    Net::with(config)
}

/// A session on `realm1`: its connection, its id and its authid.
pub fn join(net: &mut Net) -> (ConnectionId, u64, String) {
    join_with(net, hello("realm1").details)
}

pub fn join_with(net: &mut Net, details: HelloDetails) -> (ConnectionId, u64, String) {
    let id = net.connect();
    net.send(id, Hello { realm: "realm1".into(), details });
    let Message::Welcome(welcome) = net.take_one(id) else { panic!("no WELCOME") };
    (id, welcome.session, welcome.details.into_fields().authid.unwrap())
}

/// Calls a meta procedure; what comes back beside its answer stays there.
pub fn ask(
    net: &mut Net,
    who: ConnectionId,
    procedure: &str,
    args: List,
) -> Result<Value, Refusal> {
    ask_with(net, who, procedure, args, Dict::new())
}

/// What was answered instead of a result: a URI and a text.
#[derive(Debug, PartialEq)]
pub struct Refusal {
    pub uri: String,
    pub text: String,
}

pub fn ask_with(
    net: &mut Net,
    who: ConnectionId,
    procedure: &str,
    args: List,
    kwargs: Dict,
) -> Result<Value, Refusal> {
    net.send(who, meta_call(procedure, args, kwargs));
    match net.take_one(who) {
        Message::Result(result) => Ok(only_value(&result.payload)),
        Message::Error(error) => {
            assert_eq!((error.request_type, error.request), (RequestType::Call, REQUEST));
            let Value::String(text) = only_value(&error.payload) else { panic!("no text") };
            Err(Refusal { uri: error.error.to_string(), text })
        }
        other => panic!("{}", show(&other)),
    }
}

/// The request id of all these calls: the sequence is not checked here.
const REQUEST: u64 = 1000;

pub fn meta_call(procedure: &str, args: List, kwargs: Dict) -> Call {
    Call {
        request: REQUEST,
        options: CallOptions::default(),
        procedure: procedure.into(),
        payload: Payload::from_values(args, kwargs),
    }
}

pub fn only_value(payload: &Payload) -> Value {
    let (mut args, kwargs) = payload.to_values().unwrap();
    assert!(args.len() == 1 && kwargs.is_empty(), "{payload:?} is not one value");
    args.remove(0)
}

/// That the call was refused with this error, in words that hold `cause`.
#[track_caller]
pub fn assert_refused(answer: Result<Value, Refusal>, uri: &str, cause: &str) {
    let refusal = answer.unwrap_err();
    assert_eq!(refusal.uri, format!("wamp.error.{uri}"), "{:?}", refusal.text);
    assert!(refusal.text.contains(cause), "{:?} does not tell {cause:?}", refusal.text);
}

/// What a peer got, with the arguments of events.
pub fn take_events(net: &mut Net, who: ConnectionId) -> Vec<(u64, List)> {
    net.take_messages(who)
        .into_iter()
        .map(|message| match message {
            Message::Event(event) => {
                let (args, kwargs) = event.payload.to_values().unwrap();
                assert!(kwargs.is_empty());
                (event.subscription, args)
            }
            other => panic!("{}", show(&other)),
        })
        .collect()
}

/// Subscribes to topics; the subscriptions in their order.
pub fn watch<const N: usize>(net: &mut Net, who: ConnectionId, topics: [&str; N]) -> [u64; N] {
    topics.map(|topic| net.subscribe(who, 999, topic))
}

pub fn list<T: Into<Value>>(values: impl IntoIterator<Item = T>) -> Value {
    values.into_iter().map(Into::into).collect::<List>().into()
}

/// Registers as the options say; the registration.
pub fn register_as(
    net: &mut Net,
    who: ConnectionId,
    procedure: &str,
    policy: Match,
    invoke: InvocationPolicy,
) -> u64 {
    let mut message = register(998, procedure);
    message.options.r#match = Some(policy);
    message.options.invoke = Some(invoke);
    net.send(who, message);
    match net.take_messages(who).remove(0) {
        Message::Registered(registered) => registered.registration,
        other => panic!("{}", show(&other)),
    }
}

/// Subscribes as the policy says; the subscription.
pub fn subscribe_as(net: &mut Net, who: ConnectionId, topic: &str, policy: Match) -> u64 {
    let mut message = subscribe(997, topic);
    message.options.r#match = Some(policy);
    net.send(who, message);
    match net.take_messages(who).remove(0) {
        Message::Subscribed(subscribed) => subscribed.subscription,
        other => panic!("{}", show(&other)),
    }
}

/// A client that can do what routers may ask of one.
pub fn able() -> HelloDetails {
    let mut details = HelloDetails::default();
    let roles = Roles::new()
        .with("caller", &["progressive_call_invocations", "payload_passthru_mode"])
        .with("callee", &["registration_revocation"])
        .with("publisher", &["payload_passthru_mode"])
        .with("subscriber", &["subscription_revocation"]);
    details.roles = Some(roles);
    details
}

/// Ids by match policy.
pub fn lists(exact: &[u64], prefix: &[u64], wildcard: &[u64]) -> Value {
    let list = |ids: &[u64]| list(ids.iter().copied());
    Dict::new()
        .with("exact", list(exact))
        .with("prefix", list(prefix))
        .with("wildcard", list(wildcard))
        .into()
}
