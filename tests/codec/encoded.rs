//! Payloads of arguments that are encoded already.

use wampwerk::internals::codec;
use wampwerk::{Payload, Serializer, Value};

#[test]
fn what_a_payload_gives_makes_an_equal_one() {
    for serializer in codec::available() {
        for (args, kwargs) in [
            (vec![Value::Int(1), "two".into()], Value::Dict([("three", 3.0)].into())),
            (vec![], Value::Dict([("x", true)].into())),
            (vec![Value::Null], Value::Null),
        ] {
            let given = Payload::encode(*serializer, &args, &kwargs).unwrap();
            let (list, dict) = given.encoded().unwrap();
            let made = Payload::from_encoded(*serializer, list, dict).unwrap();
            assert_eq!(made.encoded(), given.encoded());
            assert_eq!(made.to_values().unwrap(), given.to_values().unwrap());
        }
    }
}

#[test]
fn empty_arguments_are_none() {
    let payload = Payload::from_encoded(Serializer::Json, b"[]", Some(b"{}")).unwrap();
    assert!(payload.is_empty());
}

#[test]
fn what_no_message_could_hold_is_refused() {
    let deep = format!("{}{}", "[".repeat(101), "]".repeat(101));
    for (args, kwargs, text) in [
        ("{}", None, "args must be a list"),
        ("[1", None, "args: "),
        ("[1] [2]", None, "args: "),
        (&deep, None, "args: "),
        ("[]", Some("[]"), "kwargs must be a dict"),
        ("[]", Some("{1:2}"), "kwargs: "),
        ("", None, "args: "),
    ] {
        let kwargs = kwargs.map(str::as_bytes);
        let error = Payload::from_encoded(Serializer::Json, args.as_bytes(), kwargs).unwrap_err();
        assert!(error.message.contains(text), "{args}: {error}");
    }
}
