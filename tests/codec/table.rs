//! The same Rust type is the same value in every serializer: `docs/values.md` shows this table.

#![cfg(all(feature = "json", feature = "msgpack", feature = "cbor"))]

use std::collections::BTreeMap;
use std::fmt::Debug;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use wampwerk::internals::codec;
use wampwerk::{Payload, Serializer, Value};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Unit;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Newtype(u8);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Named {
    id: u8,
    name: Option<String>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Kinds {
    Unit,
    Newtype(u8),
    Tuple(u8, bool),
    Struct { id: u8 },
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
enum Tagged {
    A { id: u8 },
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged {
    Number(u8),
    Text(String),
}

/// Checks that a value has this form in JSON, the same in the others, and comes back from each.
fn same<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: T, json: &str) {
    same_in(&Serializer::ALL, value, json);
}

/// As [`same`], for a value that has a form in these serializers only.
fn same_in<T: Serialize + DeserializeOwned + PartialEq + Debug>(
    serializers: &[Serializer],
    value: T,
    json: &str,
) {
    let written = Payload::encode(Serializer::Json, &(&value,), &()).unwrap();
    assert_eq!(written.encoded().unwrap().0, format!("[{json}]").as_bytes(), "{value:?}");
    let plain = Payload::from_encoded(Serializer::Json, format!("[{json}]").as_bytes(), None);
    // In-process, without a serializer.
    let plain_value = Value::encode(&value).unwrap();
    assert_eq!(plain_value.decode::<T>().unwrap(), value);
    for &from in serializers {
        let payload = Payload::encode(from, &(&value,), &()).unwrap();
        assert_eq!(payload.decode::<T>().unwrap(), value, "{from:?}");
        for &to in serializers {
            // The router's conversion writes what the type itself would have written.
            let converted = payload.clone().into_serializer(to).unwrap();
            assert_eq!(converted.decode::<T>().unwrap(), value, "{from:?} to {to:?}");
            if !json.contains('.') {
                let own = Payload::encode(to, &(&value,), &()).unwrap();
                assert_eq!(converted.encoded(), own.encoded(), "{value:?} {from:?} to {to:?}");
            }
            let plain = plain.clone().unwrap().into_serializer(to).unwrap();
            assert_eq!(plain.decode::<T>().unwrap(), value, "plain to {to:?}");
        }
        // By way of plain values, typed both ways.
        let value_of = payload.decode::<Value>().unwrap();
        assert_eq!(value_of, plain_value, "{from:?}");
        assert_eq!(value_of.decode::<T>().unwrap(), value, "{from:?}");
        let by_value = Payload::encode(from, &(&value_of,), &()).unwrap();
        assert_eq!(by_value.decode::<T>().unwrap(), value, "{from:?}");
    }
}

#[test]
fn scalars() {
    same((), "null");
    same(Unit, "null");
    same(None::<u8>, "null");
    same(Some(7), "7");
    same(true, "true");
    same(i8::MIN, "-128");
    same(i64::MIN, "-9223372036854775808");
    same(u64::MAX, "18446744073709551615");
    same(7_i128, "7");
    same(-7_i128, "-7");
    same(7_u128, "7");
    same(0.5_f64, "0.5");
    same(7.0_f64, "7.0");
    same('é', "\"é\"");
    same(String::from("é"), "\"é\"");
    same(Value::Bytes(Bytes::from_static(b"\x01\xff")), "\"\\u0000Af8=\"");
}

#[test]
fn containers() {
    same(vec![1_u8, 2], "[1,2]");
    same((1_u8, true), "[1,true]");
    same([1_u8; 3], "[1,1,1]");
    same(Newtype(7), "7");
    same(Named { id: 7, name: None }, r#"{"id":7,"name":null}"#);
    same(BTreeMap::from([("k".to_owned(), 7_u8)]), r#"{"k":7}"#);
}

#[test]
fn keys_are_text() {
    same(BTreeMap::from([(7_u8, 1_u8)]), r#"{"7":1}"#);
    same(BTreeMap::from([(-7_i64, 1_u8)]), r#"{"-7":1}"#);
    same(BTreeMap::from([(u64::MAX, 1_u8)]), r#"{"18446744073709551615":1}"#);
    same(BTreeMap::from([(1_u128 << 100, 1_u8)]), r#"{"1267650600228229401496703205376":1}"#);
    same(BTreeMap::from([(true, 1_u8)]), r#"{"true":1}"#);
    same(BTreeMap::from([('x', 1_u8)]), r#"{"x":1}"#);
    same(BTreeMap::from([(Kinds::Unit, 1_u8)]), r#"{"Unit":1}"#);
    // What other languages write is read as the same type, and as text.
    for (serializer, bytes) in
        [(Serializer::MsgPack, b"\x91\x81\x07\x01"), (Serializer::Cbor, b"\x81\xa1\x07\x01")]
    {
        let payload = Payload::from_encoded(serializer, bytes, None).unwrap();
        assert_eq!(payload.decode::<BTreeMap<u8, u8>>().unwrap(), BTreeMap::from([(7, 1)]));
        let text = BTreeMap::from([("7".to_owned(), 1)]);
        assert_eq!(payload.decode::<BTreeMap<String, u8>>().unwrap(), text);
    }
}

#[test]
fn enums() {
    same(Kinds::Unit, "\"Unit\"");
    same(Kinds::Newtype(7), r#"{"Newtype":7}"#);
    same(Kinds::Tuple(7, true), r#"{"Tuple":[7,true]}"#);
    same(Kinds::Struct { id: 7 }, r#"{"Struct":{"id":7}}"#);
    same(Tagged::A { id: 7 }, r#"{"type":"A","id":7}"#);
    same(Untagged::Number(7), "7");
    same(Untagged::Text("t".to_owned()), "\"t\"");
    same(Ok::<u8, String>(7), r#"{"Ok":7}"#);
}

/// JSON and CBOR.
const WIDE: [Serializer; 2] = [Serializer::Json, Serializer::Cbor];

#[test]
fn integers_of_128_bits() {
    let values: [(i128, &str); 5] = [
        (1 << 64, "18446744073709551616"),
        (i128::from(i64::MIN) - 1, "-9223372036854775809"),
        (-(1 << 64), "-18446744073709551616"),
        (i128::MAX, "170141183460469231731687303715884105727"),
        (i128::MIN, "-170141183460469231731687303715884105728"),
    ];
    for (value, text) in values {
        same_in(&WIDE, value, text);
        same_in(&WIDE, Some(vec![value]), &format!("[{text}]"));
        let plain = Value::from(value);
        assert_eq!((plain.as_i128(), plain.kind()), (Some(value), "integer"));
        assert_eq!((plain.as_i64(), plain.as_u64()), (None, None));
        assert_eq!(plain.as_f64(), Some(value as f64));
        refused_by_msgpack(value, text);
    }
    let text = "340282366920938463463374607431768211455";
    same_in(&WIDE, u128::MAX, text);
    refused_by_msgpack(u128::MAX, text);
    let plain = Value::from(u128::MAX);
    assert_eq!((plain.as_u128(), plain.as_i128()), (Some(u128::MAX), None));
    // What fits into 64 bits is what it was, whatever its type.
    for small in [0_i128, -1, i64::MIN.into(), u64::MAX.into()] {
        same(small, &small.to_string());
        assert_eq!(Value::from(small).as_i128(), Some(small));
    }
    assert_eq!((Value::from(7_i128), Value::from(7_u128)), (Value::Int(7), Value::Int(7)));
    assert_eq!(Value::from(u128::from(u64::MAX)), Value::UInt(u64::MAX));
}

/// MessagePack has no form for them: an error, typed and through `Value`, and when the router converts.
fn refused_by_msgpack<T: Serialize + Into<Value> + Copy>(value: T, text: &str) {
    let expected = format!("arguments: MessagePack cannot represent the integer {text}");
    let error = Payload::encode(Serializer::MsgPack, &(value,), &()).unwrap_err();
    assert_eq!(error.message, expected);
    let plain: Value = value.into();
    let error = Payload::encode(Serializer::MsgPack, &(plain,), &()).unwrap_err();
    assert_eq!(error.message, expected);
    for from in WIDE {
        let payload = Payload::encode(from, &(value,), &()).unwrap();
        let error = payload.into_serializer(Serializer::MsgPack).unwrap_err();
        assert!(error.message.contains(text), "{error}");
    }
}

/// JavaScript writes whole floats below 10^21 without a point, larger ones with an exponent.
#[test]
fn numbers_above_64_bits_as_javascript_writes_them() {
    for (text, number) in [
        ("18446744073709552000", 18_446_744_073_709_551_616.0),
        ("-18446744073709552000", -18_446_744_073_709_551_616.0),
        ("100000000000000000000", 1e20),
        ("999999999999999900000", 999_999_999_999_999_900_000.0),
        ("1e+21", 1e21),
        ("1.5e+300", 1.5e300),
    ] {
        let json = format!("[{text}]");
        let payload = Payload::from_encoded(Serializer::Json, json.as_bytes(), None).unwrap();
        // The digits stay where the target has a form for them.
        for to in WIDE {
            let converted = payload.clone().into_serializer(to).unwrap();
            assert_eq!(converted.decode::<f64>().unwrap(), number, "{text} to {to:?}");
            assert_eq!(converted.decode::<f32>().unwrap(), number as f32, "{text} to {to:?}");
            let value = converted.decode::<Value>().unwrap();
            assert_eq!(value.as_f64(), Some(number), "{text} to {to:?}");
            assert_eq!(value.decode::<f64>().unwrap(), number, "{text} to {to:?}");
            assert_eq!(converted.decode::<Option<Vec<f64>>>().ok(), None);
        }
        if !text.contains('e') {
            let exact: i128 = text.parse().unwrap();
            assert_eq!(payload.decode::<i128>().unwrap(), exact);
            assert_eq!(payload.decode::<Value>().unwrap(), Value::from(exact));
        }
    }
    // In MessagePack and CBOR JavaScript writes such a number as a float.
    for to in Serializer::ALL {
        let payload = Payload::encode(to, &(18_446_744_073_709_551_616.0_f64,), &()).unwrap();
        assert_eq!(payload.decode::<f64>().unwrap(), 18_446_744_073_709_551_616.0);
    }
}

#[test]
fn an_extension_is_its_type_and_bytes() {
    let payload = Payload::from_encoded(Serializer::MsgPack, b"\x91\xd4\x05\x07", None).unwrap();
    let (kind, bytes): (i8, Value) = payload.decode().unwrap();
    assert_eq!((kind, bytes), (5, Value::Bytes(Bytes::from_static(b"\x07"))));
    let value = payload.decode::<Value>().unwrap();
    assert_eq!(value, codec::read_value(Serializer::Json, br#"[5,"\u0000Bw=="]"#).unwrap());
}
