//! What strict peers end their own session over does not pass through the router; its sender is told.

use wampwerk::Value;
use wampwerk::internals::core::router::RouterConfig;
use wampwerk::message::*;
// In the browser the same tests run under its own runner.
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::common::router_core::*;

const REFUSED: &str = "wamp.error.invalid_argument";

/// Extra keys, and names of the encoding of an opaque payload, that no strict reader takes.
fn wrong_options() -> Vec<(&'static str, Value, Option<[&'static str; 2]>)> {
    let encodings = [
        ["rot13", "json"],
        ["", "json"],
        ["x_A", "json"],
        ["x_9", "json"],
        ["x_a", "json"],
        ["cryptobox", "yaml"],
        ["mqtt", "x"],
    ];
    let mut all = vec![
        ("transaction_hash", Value::from(7), None),
        ("transaction_hash", Value::from(true), None),
        ("transaction_hash", Value::List(vec![]), None),
    ];
    all.extend(encodings.map(|encoding| ("_own", Value::from(1), Some(encoding))));
    all
}

macro_rules! fill {
    ($options:expr, $payload:expr, $key:expr, $value:expr, $encoding:expr) => {
        $options.extra.insert($key, $value.clone());
        if let Some([algorithm, serializer]) = $encoding {
            $options.enc_algo = Some(algorithm.to_owned());
            $options.enc_serializer = Some(serializer.to_owned());
            $payload = Payload::from_opaque("sealed");
        }
    };
}

#[test]
fn a_request_with_them_fails() {
    let mut net = Net::new();
    let [sender, other] = [net.join(), net.join()];
    net.subscribe(other, 1, "a");
    net.register(other, 2, "a");
    for (number, (key, value, encoding)) in (0..).zip(wrong_options()) {
        let first = 3 * number + 1;
        let mut event = acknowledged(first, "a", 1);
        fill!(event.options, event.payload, key, value, encoding);
        net.send(sender, event.clone());
        event.options.acknowledge = None;
        event.request = first + 1;
        net.send(sender, event);
        let mut asks = call(first + 2, "a", 1);
        fill!(asks.options, asks.payload, key, value, encoding);
        net.send(sender, asks);
        let refused = |code: u64, request: u64| format!("ERROR {code} {request} {REFUSED}");
        let expected = [refused(16, first), refused(48, first + 2)];
        assert_eq!(net.take(sender), expected, "{key} {value:?} {encoding:?}");
        assert_eq!(net.take(other), [""; 0]);
    }
    assert_eq!(net.dropped.len(), wrong_options().len());
    assert_eq!(net.statistics().sessions, 2);
}

#[test]
fn an_answer_with_them_fails_the_call_alone() {
    let mut net = Net::new();
    let [caller, callee] = [net.join(), net.join()];
    net.register(callee, 1, "a");
    let mut invocation = 0;
    for (key, value, encoding) in wrong_options() {
        let mut result = yields(1, 1);
        fill!(result.options, result.payload, key, value, encoding);
        let mut error = fails(1, "com.example.error", 1);
        fill!(error.details, error.payload, key, value, encoding);
        for answer in [Message::from(result), error.into()] {
            invocation += 1;
            net.send(caller, call(invocation, "a", 1));
            net.take(callee);
            let answer = match answer {
                Message::Yield(it) => Message::from(Yield { request: invocation, ..it }),
                Message::Error(it) => RequestError { request: invocation, ..it }.into(),
                other => other,
            };
            net.send(callee, answer);
            assert_eq!(net.take(caller), [format!("ERROR 48 {invocation} {REFUSED}")]);
        }
    }
    assert_eq!((net.take(callee), net.statistics().calls), (vec![], 0));
}

#[test]
fn the_uri_of_an_error_is_one() {
    let mut net = Net::new();
    let [caller, callee] = [net.join(), net.join()];
    net.register(callee, 1, "a");
    for (number, uri) in (1..).zip(["", "a b c", "a#b", "a..b", ".a", "a."]) {
        net.send(caller, call(number, "a", 1));
        net.take(callee);
        net.send(callee, fails(number, uri, 1));
        let Message::Error(error) = net.take_one(caller) else { panic!() };
        assert_eq!(&*error.error, "wamp.error.invalid_uri");
        let text = error.payload.decode::<String>().unwrap();
        assert_eq!(text, format!("\"{uri}\" is not a valid URI of an error"));
    }
    // Another call lives on.
    net.send(caller, call(7, "a", 1));
    net.take(callee);
    net.send(callee, fails(7, "com.example.error", 1));
    assert_eq!(net.take(caller), ["ERROR 48 7 com.example.error"]);
}

#[test]
fn a_delivery_that_is_announced_to_the_router_goes_no_further() {
    let mut net = Net::new();
    let [sender, other] = [net.join(), net.join()];
    net.subscribe(other, 1, "a");
    let mut event = publish(1, "a", 1);
    event.options.extra.insert("x_acknowledged_delivery", 7);
    event.options.extra.insert("x_own", 7);
    event.options.extra.insert("transaction_hash", Value::Null);
    net.send(sender, event);
    let Message::Event(event) = net.take_one(other) else { panic!() };
    assert_eq!(event.details.extra, [("x_own", 7)].into());
}

#[test]
fn names_of_applications_pass() {
    let mut net = Net::new();
    let [sender, other] =
        [net.join(), net.join_as(&Roles::new().with("subscriber", &["payload_transparency"]))];
    net.subscribe(other, 1, "a");
    for (number, name) in (1..).zip(["cryptobox", "mqtt", "xbr", "x_", "x_own", "x_a9"]) {
        let mut event = publish(number, "a", 1);
        fill!(
            event.options,
            event.payload,
            "transaction_hash",
            Value::from("0x"),
            Some([name, "cbor"])
        );
        net.send(sender, event);
        let Message::Event(event) = net.take_one(other) else { panic!() };
        assert_eq!(event.details.enc_algo.as_deref(), Some(name));
    }
}

#[test]
fn a_closed_system_may_pass_everything() {
    let mut config = RouterConfig::new(1).realm("realm1");
    config.strict_payloads = false;
    let mut net = Net::with(config);
    let [sender, other] =
        [net.join(), net.join_as(&Roles::new().with("subscriber", &["payload_transparency"]))];
    net.subscribe(other, 1, "a");
    for (number, (key, value, encoding)) in (1..).zip(wrong_options()) {
        let mut event = publish(number, "a", 1);
        fill!(event.options, event.payload, key, value, encoding);
        net.send(sender, event);
        assert!(matches!(net.take_one(other), Message::Event(_)));
    }
}
