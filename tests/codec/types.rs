//! Users' types through payloads: what serde makes of them must be the same in every serializer,
//! in values that were never written, and after a router has converted one into the other.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;
use std::net::IpAddr;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use wampwerk::error::EncodeError;
use wampwerk::internals::codec;
use wampwerk::{Dict, Payload, Serializer, Value};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Ship {
    name: String,
    berth: Option<u32>,
    cargo: Vec<Cargo>,
    #[serde(default)]
    flags: (bool, char),
    #[serde(skip_serializing_if = "Option::is_none")]
    captain: Option<Box<Ship>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Cargo {
    Nothing,
    Weight(f64),
    Size(u8, u16, i64),
    Named { name: String, tags: BTreeMap<String, i8> },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Tagged {
    Up { by: u64 },
    Down,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged {
    Number(i64),
    Text(String),
    Many(Vec<Untagged>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Open {
    known: u8,
    // Serializes as a map of unknown length.
    #[serde(flatten)]
    more: BTreeMap<String, i64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Meters(f64);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Pair(i8, String);

/// Every form that a payload with these arguments can have.
fn forms<A: Serialize + ?Sized, K: Serialize + ?Sized>(args: &A, kwargs: &K) -> Vec<Payload> {
    let mut forms = Vec::new();
    for from in codec::available() {
        let payload = Payload::encode(*from, args, kwargs).unwrap();
        let (list, dict) = payload.to_values().unwrap();
        forms.push(Payload::from_values(list, dict));
        for to in codec::available() {
            forms.push(payload.clone().into_serializer(*to).unwrap());
        }
    }
    forms
}

fn survives<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: T) {
    for payload in forms(&(&value,), &()) {
        assert_eq!(payload.decode::<T>().unwrap(), value, "{payload:?}");
        assert_eq!(payload.args::<(T,)>().unwrap().0, value, "{payload:?}");
        assert_eq!(payload.args::<Vec<T>>().unwrap(), [value_of(&payload)], "{payload:?}");
    }
    fn value_of<T: DeserializeOwned>(payload: &Payload) -> T {
        payload.decode().unwrap()
    }
}

fn ship() -> Ship {
    let tags = BTreeMap::from([("a".to_owned(), -1), ("ö".to_owned(), i8::MAX)]);
    Ship {
        name: "Möwe \"7\"\n\t\\ \u{1f6a2} \u{7f}".to_owned(),
        berth: None,
        cargo: vec![
            Cargo::Nothing,
            Cargo::Weight(0.1),
            Cargo::Size(255, 65535, i64::MIN),
            Cargo::Named { name: String::new(), tags },
        ],
        flags: (true, 'ß'),
        captain: Some(Box::new(Ship {
            name: "x".repeat(70_000),
            berth: Some(u32::MAX),
            cargo: vec![],
            flags: (false, '0'),
            captain: None,
        })),
    }
}

#[test]
fn types_survive_every_serializer_and_conversion() {
    survives(ship());
    survives([Tagged::Up { by: u64::MAX }, Tagged::Down]);
    survives(Untagged::Many(vec![Untagged::Number(-5), Untagged::Text("t".into())]));
    survives(Open { known: 1, more: BTreeMap::from([("x".into(), 2), ("y".into(), -3)]) });
    survives(Meters(1.0));
    survives(Pair(-128, "p".into()));
    survives(Some(3));
    survives(None::<u8>);
    survives(());
    survives("2001:db8::1".parse::<IpAddr>().unwrap());
    survives([f64::MIN_POSITIVE, f64::MAX, -0.0, 5e-324, 0.1, 1e21, 123_456_789.125]);
    survives([1.5f32, f32::MAX]);
    survives((i64::MIN, u64::MAX, i8::MIN, 0u8));
    survives(Value::Bytes(Bytes::from_static(b"\x00\xff")));
    survives(vec![(); 20]);
    survives(vec![7u8; 70_000]);
    survives(BTreeMap::from([(String::from("\u{0}key"), 1)]));
    survives(vec![BTreeMap::from([("k".to_owned(), vec![Some(Cargo::Nothing), None])])]);
}

#[test]
fn kwargs_are_a_struct_or_a_map() {
    for payload in forms(&(), &ship()) {
        assert_eq!(payload.kwargs::<Ship>().unwrap(), ship());
        assert_eq!(payload.args::<()>(), Ok(()));
        assert_eq!(payload.args::<Vec<u8>>().unwrap(), Vec::<u8>::new());
        assert_eq!(payload.kwargs::<Dict>().unwrap().len(), 5);
    }
    for payload in forms(&(1,), &HashMap::from([("a", 1.5)])) {
        assert_eq!(payload.kwargs::<HashMap<String, f64>>().unwrap()["a"], 1.5);
        let error = payload.kwargs::<Ship>().unwrap_err();
        assert_eq!(error.message, "keyword arguments: missing field `name`");
    }
}

#[test]
fn nothing_is_the_same_in_all_forms() {
    for payload in forms(&(), &()).into_iter().chain(forms(&[(); 0], &Dict::new())) {
        assert!(payload.is_empty());
        assert_eq!(payload.decode::<()>(), Ok(()));
        assert_eq!(payload.decode::<Option<String>>(), Ok(None));
        assert_eq!(payload.decode::<Value>(), Ok(Value::Null));
        assert_eq!(payload.args::<()>(), Ok(()));
        assert_eq!(payload.args::<[u8; 0]>(), Ok([]));
        assert_eq!(payload.kwargs::<()>(), Ok(()));
        assert_eq!(payload.kwargs::<Option<Ship>>(), Ok(None));
        assert_eq!(payload.kwargs::<Dict>(), Ok(Dict::new()));
        let error = payload.decode::<i64>().unwrap_err();
        assert_eq!(
            error.message,
            "the argument is missing: invalid type: unit value, expected i64"
        );
    }
    for payload in forms(&(1,), &()) {
        assert_eq!(payload.kwargs::<()>(), Ok(()));
        assert_eq!(payload.kwargs::<Option<Ship>>(), Ok(None));
    }
}

#[test]
fn errors_name_the_argument() {
    for payload in forms(&(1, "two", 3), &()) {
        let error = payload.args::<(i64, i64, i64)>().unwrap_err().message;
        assert!(error.starts_with("argument 2: "), "{error}");
        assert!(error.contains("string"), "{error}");
        let error = payload.args::<(i64, String)>().unwrap_err().message;
        assert_eq!(error, "2 arguments expected, 3 given");
        let error = payload.args::<(i64, String, i64, i64)>().unwrap_err().message;
        assert!(error.contains("invalid length 3, expected a tuple of size 4"), "{error}");
        let error = payload.args::<()>().unwrap_err().message;
        assert_eq!(error, "0 arguments expected, 3 given");
        let expected = "1 argument expected, 3 given (`args` decodes several)";
        assert_eq!(payload.decode::<i64>().unwrap_err().message, expected);
        assert_eq!(payload.decode::<String>().unwrap_err().message, expected);
    }
    for payload in forms(&(300,), &()) {
        let error = payload.decode::<u8>().unwrap_err().message;
        assert!(error.starts_with("argument 1: "), "{error}");
    }
    for payload in forms(&((1, 2, 3),), &()) {
        assert!(payload.decode::<(u8, u8)>().is_err(), "{payload:?}");
    }
}

#[test]
fn what_is_no_payload_is_refused() {
    for serializer in codec::available() {
        let refused = |error: Result<Payload, EncodeError>| error.unwrap_err().message;
        let error = refused(Payload::encode(*serializer, &5, &()));
        assert_eq!(error, "arguments must be a list (a tuple, array or Vec), are integer");
        let error = refused(Payload::encode(*serializer, &Value::from("x"), &()));
        assert_eq!(error, "arguments must be a list (a tuple, array or Vec), are string");
        let error = refused(Payload::encode(*serializer, &(), &(1, 2)));
        assert_eq!(error, "keyword arguments must be a dict (a struct or map), are list");
        let deep = (0..120).fold(Value::Null, |inner, _| Value::List(vec![inner]));
        let error = refused(Payload::encode(*serializer, &(&deep,), &()));
        assert!(error.contains("arguments: nested deeper than 100"), "{error}");
        let values = Payload::from_values(vec![deep], Dict::new());
        let error = refused(values.into_serializer(*serializer));
        assert!(error.contains("nested deeper than 100"), "{error}");
        // A number is its text.
        let kwargs = Payload::encode(*serializer, &(), &HashMap::from([(1, 2)])).unwrap();
        assert_eq!(
            kwargs.kwargs::<HashMap<String, u8>>().unwrap(),
            HashMap::from([("1".into(), 2)])
        );
    }
}

#[test]
#[cfg(feature = "json")]
fn what_json_has_no_form_for_is_refused() {
    let refused = |value: Value| {
        let values = Payload::from_values(vec![value], Dict::new());
        values.into_serializer(Serializer::Json).unwrap_err().message
    };
    assert_eq!(refused(f64::NAN.into()), "JSON cannot represent the float NaN");
    assert_eq!(refused(f64::NEG_INFINITY.into()), "JSON cannot represent the float -inf");
    let expected = "a text that begins with U+0000 would be bytes in JSON";
    assert_eq!(refused("\u{0}".into()), expected);
    let error = Payload::encode(Serializer::Json, &(f32::NAN,), &()).unwrap_err();
    assert_eq!(error.message, "arguments: JSON cannot represent the float NaN");
    let error = Payload::encode(Serializer::Json, &(BTreeMap::from([((1, 2), 3)]),), &());
    let expected = "arguments: a list cannot be the key of a dict";
    assert_eq!(error.unwrap_err().message, expected);
}

#[test]
fn map_keys_that_are_numbers() {
    let map = BTreeMap::from([(7u32, "a".to_owned()), (9, "b".to_owned())]);
    for serializer in codec::available() {
        let payload = Payload::encode(*serializer, &(&map,), &()).unwrap();
        assert_eq!(payload.decode::<BTreeMap<u32, String>>().unwrap(), map);
        let (args, kwargs) = payload.to_values().unwrap();
        let values = Payload::from_values(args, kwargs);
        assert_eq!(values.decode::<BTreeMap<u32, String>>().unwrap(), map);
        assert_eq!(values.decode::<Dict>().unwrap().get("9"), Some(&"b".into()));
    }
}

/// Several arguments fit a tuple; one that is a list does, too.
#[test]
fn several_arguments_decode_into_a_tuple() {
    for payload in forms(&(1, "two", 3), &()) {
        assert_eq!(payload.decode::<(u8, String, u8)>().unwrap(), (1, "two".into(), 3));
        let error = payload.decode::<(u8, String)>().unwrap_err().message;
        assert_eq!(error, "2 arguments expected, 3 given");
        assert!(payload.decode::<Vec<serde::de::IgnoredAny>>().is_err(), "{payload:?}");
    }
    for payload in forms(&((1, 2),), &()) {
        assert_eq!(payload.decode::<(u8, u8)>().unwrap(), (1, 2));
    }
    for payload in forms(&(((1,), 2),), &()) {
        assert_eq!(payload.decode::<((u8,), u8)>().unwrap(), ((1,), 2));
    }
}
