//! Features of a dependency are shared by all crates of a program. These tests run with features of
//! `serde_json` that change how it passes numbers, and check that neither the wire nor the reading of
//! settings changes. `cargo test -p wampwerk-shared-features` runs them.

#![cfg(test)]
#![allow(clippy::unwrap_used, reason = "tests may")]

use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use wampwerk::component::Component;
use wampwerk::{Dict, Payload, Serializer, Value};

/// Returns the arguments in JSON.
fn on_the_wire(payload: &Payload) -> String {
    let json = payload.clone().into_serializer(Serializer::Json).unwrap();
    String::from_utf8(json.encoded().unwrap().0.to_vec()).unwrap()
}

#[test]
fn numbers_of_serde_json_are_numbers_on_the_wire() {
    let value = json!([7, -7, 0.5, 18_446_744_073_709_551_615_u64, {"n": 1}]);
    let text = r#"[[7,-7,0.5,18446744073709551615,{"n":1}]]"#;
    for serializer in Serializer::ALL {
        let payload = Payload::encode(serializer, &(&value,), &()).unwrap();
        assert_eq!(on_the_wire(&payload), text, "{serializer:?}");
        assert_eq!(payload.decode::<serde_json::Value>().unwrap(), value, "{serializer:?}");
        let (args, _) = payload.to_values().unwrap();
        let Some(Value::List(list)) = args.first() else { panic!("{args:?}") };
        assert_eq!(list[..3], [Value::Int(7), Value::Int(-7), Value::Float(0.5)]);
    }
}

#[test]
fn numbers_of_any_size_go_where_the_serializer_has_a_form() {
    let wide: serde_json::Value = serde_json::from_str("18446744073709551616").unwrap();
    for serializer in [Serializer::Json, Serializer::Cbor] {
        let payload = Payload::encode(serializer, &(&wide,), &()).unwrap();
        assert_eq!(on_the_wire(&payload), "[18446744073709551616]");
        assert_eq!(payload.decode::<u128>().unwrap(), 1 << 64);
    }
    assert!(Payload::encode(Serializer::MsgPack, &(&wide,), &()).is_err());
    // Beyond 128 bits none has a form: as a float it would be another number.
    let wider: serde_json::Value = serde_json::from_str(&"9".repeat(40)).unwrap();
    for serializer in [Serializer::Json, Serializer::Cbor, Serializer::MsgPack] {
        assert!(Payload::encode(serializer, &(&wider,), &()).is_err(), "{serializer:?}");
    }
}

#[test]
fn json_that_was_not_read_is_its_value() {
    #[derive(Serialize)]
    struct Wrapped {
        raw: Box<RawValue>,
    }
    let raw = RawValue::from_string(r#"{"a":[1,2.5,"é",null]}"#.to_owned()).unwrap();
    let payload = Payload::encode(Serializer::Json, &(Wrapped { raw: raw.clone() },), &()).unwrap();
    assert_eq!(on_the_wire(&payload), r#"[{"raw":{"a":[1,2.5,"é",null]}}]"#);
    for serializer in [Serializer::MsgPack, Serializer::Cbor] {
        let error = Payload::encode(serializer, &(&raw,), &()).unwrap_err().message;
        assert!(error.contains("a `RawValue` has no form in"), "{error}");
    }
}

#[test]
fn types_are_read_as_before() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Shape {
        width: f64,
        sides: u8,
    }
    let shape = Shape { width: 7.0, sides: 4 };
    for serializer in Serializer::ALL {
        let payload = Payload::encode(serializer, &(&shape,), &()).unwrap();
        assert_eq!(payload.decode::<Shape>().unwrap(), shape);
        assert_eq!(on_the_wire(&payload), r#"[{"width":7.0,"sides":4}]"#);
    }
}

#[test]
fn values_are_read_from_json() {
    let value: Value =
        serde_json::from_str(r#"{"b":[1,-1,0.5,18446744073709551615],"a":{}}"#).unwrap();
    let list = vec![1.into(), (-1).into(), 0.5.into(), Value::from(u64::MAX)];
    assert_eq!(value, Dict::from([("b", Value::from(list)), ("a", Dict::new().into())]).into());
    let value: Value = serde_json::from_value(json!({"n": 7})).unwrap();
    assert_eq!(value, Dict::from([("n", 7)]).into());
    for wide in [1_i128 << 64, i128::MIN, i128::MAX] {
        let value: Value = serde_json::from_str(&wide.to_string()).unwrap();
        assert_eq!(value, Value::from(wide));
    }
    let value: Value = serde_json::from_str(&u128::MAX.to_string()).unwrap();
    assert_eq!(value, Value::from(u128::MAX));
    assert!(serde_json::from_str::<Value>(&"9".repeat(40)).is_err());
}

#[test]
fn settings_are_read_as_before() {
    let component = Component::from_json(
        r#"{"realm": "realm1", "transports": [
            {"type": "websocket", "url": "ws://127.0.0.1:8080/ws", "max_retries": 5,
             "initial_retry_delay": 0.5, "retry_delay_growth": 2, "options": {"autoPingInterval": 3}}
        ]}"#,
    );
    assert!(component.is_ok(), "{:?}", component.err());
    let error = Component::from_json(
        r#"{"realm": "realm1", "transports": [{"url": "ws://127.0.0.1/ws", "max_retries": "5"}]}"#,
    );
    assert!(error.unwrap_err().to_string().contains("transports[0].max_retries"));
}
