//! Each serializer's decoding: any bytes are a message or refused, and what is a message can be
//! written, read again and converted, with the same meaning.

use bytes::Bytes;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use std::collections::{BTreeMap, HashMap};
use wampwerk::internals::codec::{self, Bounds};
use wampwerk::message::Message;
use wampwerk::{Dict, List, Payload, Serializer, Value};

pub fn json(input: &[u8]) {
    decode(Serializer::Json, input);
}

pub fn msgpack(input: &[u8]) {
    decode(Serializer::MsgPack, input);
}

pub fn cbor(input: &[u8]) {
    decode(Serializer::Cbor, input);
}

fn decode(serializer: Serializer, input: &[u8]) {
    weigh(serializer, input);
    value_alone(serializer, input);
    let message = match codec::decode(serializer, &Bytes::copy_from_slice(input)) {
        Ok(message) => message,
        Err(violation) => {
            // It goes to the peer in an ABORT.
            assert!(violation.message.len() < 1000, "a violation that quotes what it was sent");
            return;
        }
    };
    written_again(serializer, &message);
    let Some(payload) = payload(&message) else { return };
    check_payload(serializer, payload);
    for &to in codec::available() {
        let Ok(written) = codec::encode(to, &message) else { continue };
        let read = codec::decode(to, &written.clone()).unwrap();
        assert_eq!(read.code(), message.code());
        let (sent, got) = (values(payload), values(self::payload(&read).unwrap()));
        assert_eq!(sent, got, "{serializer:?} to {to:?}");
    }
}

/// What a peer may send takes memory in proportion to its bounds, not to what it could mean.
fn weigh(serializer: Serializer, input: &[u8]) {
    let frame = Bytes::copy_from_slice(input);
    let bounds = Bounds {
        message: usize::MAX,
        message_setting: "a setting",
        details: 64 << 10,
        details_setting: "another setting",
        keeps_key: |key| key.starts_with("x_"),
        strict: true,
    };
    let decoded = || codec::decode_within(serializer, &frame, &bounds);
    let (bytes, _) = super::allocated(decoded);
    // A short payload is copied out of its frame.
    let most = input.len() + (1 << 20);
    assert!(bytes < most, "{bytes} bytes were allocated for a message of {}", input.len());
}

/// A value in no message.
fn value_alone(serializer: Serializer, input: &[u8]) {
    let Ok(value) = codec::read_value(serializer, input) else { return };
    for &to in codec::available() {
        // In a message the list around it is counted, too.
        let fits = depth(&value) < codec::MAX_DEPTH && has_form(to, &value);
        match codec::write_value(to, &value) {
            Ok(written) => {
                assert!(fits, "{to:?} has no form for {value:?}");
                let read = codec::read_value(to, &written).unwrap();
                assert!(same(&value, &read), "{to:?} made {read:?} of {value:?}");
            }
            Err(error) => assert!(!fits, "{to:?}: {error} for {value:?}"),
        }
    }
}

/// What we write of a message that we have read is that message, in the one form that we write.
fn written_again(serializer: Serializer, message: &Message) {
    let written = match codec::encode(serializer, message) {
        Ok(written) => written,
        // An extension type is a list once it is decoded: one level more than there was.
        Err(error) if serializer == Serializer::MsgPack => {
            assert!(error.message.contains("nested deeper"), "{error}");
            return;
        }
        Err(error) => panic!("{error}: {message:?}"),
    };
    let read = codec::decode(serializer, &written).unwrap();
    assert_eq!(format!("{message:?}"), format!("{read:?}"));
    assert_eq!(codec::encode(serializer, &read).unwrap(), written);
}

/// That scanning, skipping, decoding and converting agree.
fn check_payload(serializer: Serializer, payload: &Payload) {
    if payload.opaque().is_some() {
        assert!(payload.to_values().is_err());
        return;
    }
    let Some((args, kwargs)) = payload.encoded() else {
        assert!(payload.is_empty());
        return;
    };
    // Whatever a value is, it can be skipped: the whole was proved well-formed.
    let skipped: Vec<IgnoredAny> = payload.args().unwrap();
    let whole = payload.to_values();
    let alone = (
        codec::read_value(serializer, args),
        kwargs.map(|kwargs| codec::read_value(serializer, kwargs)).transpose(),
    );
    match (&whole, alone) {
        (Ok((list, dict)), (Ok(Value::List(args)), Ok(kwargs))) => {
            assert_eq!(list.len(), skipped.len());
            assert!(same(&args.into(), &list.clone().into()));
            match kwargs {
                Some(kwargs) => assert!(same(&kwargs, &dict.clone().into())),
                None => assert!(dict.is_empty()),
            }
        }
        (Err(_), (Err(_), _) | (_, Err(_))) => {}
        (whole, alone) => panic!("{whole:?} in a message, {alone:?} alone"),
    }
    as_types(payload);
    for &to in codec::available() {
        convert(serializer, payload, to, whole.as_ref().ok());
    }
}

fn convert(from: Serializer, payload: &Payload, to: Serializer, whole: Option<&(List, Dict)>) {
    let converted = payload.clone().into_serializer(to);
    let fits = from == to
        || whole.is_some_and(|(args, kwargs)| {
            let args = Value::from(args.clone());
            let kwargs = Value::from(kwargs.clone());
            [args, kwargs].iter().all(|it| depth(it) < codec::MAX_DEPTH && has_form(to, it))
        });
    match converted {
        Ok(converted) => {
            // An integer of more than 64 bits is no `Value`, but both formats have it.
            let is_wide =
                whole.is_none() && from != Serializer::MsgPack && to != Serializer::MsgPack;
            assert!(fits || is_wide, "{from:?} to {to:?}: {payload:?} has no form");
            assert_eq!(values(payload), values(&converted), "{from:?} to {to:?}");
        }
        Err(error) => assert!(!fits, "{from:?} to {to:?}: {error}"),
    }
}

/// Types of users: they fit or they do not.
fn as_types(payload: &Payload) {
    #[derive(Deserialize)]
    #[allow(dead_code, reason = "what is in it does not matter")]
    enum Shape {
        Point,
        Circle(f32),
        Line(i8, i8),
        Box { width: u16, height: Option<u64> },
    }
    #[derive(Deserialize)]
    #[allow(dead_code, reason = "what is in it does not matter")]
    struct Inner {
        a: Option<Box<Inner>>,
        b: Option<Vec<Shape>>,
        #[serde(flatten)]
        rest: BTreeMap<String, Value>,
    }
    fn args<T: DeserializeOwned>(payload: &Payload) {
        let one = payload.decode::<T>().is_ok();
        let list = payload.args::<(T,)>().is_ok();
        assert!(one || !list, "as a list of one, but not alone");
        let _ = payload.args::<Vec<T>>();
        let _ = payload.args::<(T, T)>();
    }
    args::<Value>(payload);
    args::<IgnoredAny>(payload);
    args::<()>(payload);
    args::<bool>(payload);
    args::<u8>(payload);
    args::<i64>(payload);
    args::<u128>(payload);
    args::<f32>(payload);
    args::<char>(payload);
    args::<String>(payload);
    args::<Option<Option<u16>>>(payload);
    args::<Shape>(payload);
    args::<Inner>(payload);
    args::<[Option<String>; 3]>(payload);
    args::<HashMap<String, IgnoredAny>>(payload);
    args::<BTreeMap<i32, bool>>(payload);
    args::<BTreeMap<bool, Vec<f64>>>(payload);
    let _ = payload.kwargs::<Inner>();
    let _ = payload.kwargs::<()>();
    let _ = payload.kwargs::<BTreeMap<u8, IgnoredAny>>();
    let _ = payload.kwargs::<Option<HashMap<String, Shape>>>();
}

fn payload(message: &Message) -> Option<&Payload> {
    Some(match message {
        Message::Abort(message) => &message.payload,
        Message::Error(message) => &message.payload,
        Message::Publish(message) => &message.payload,
        Message::Event(message) => &message.payload,
        Message::Call(message) => &message.payload,
        Message::Result(message) => &message.payload,
        Message::Invocation(message) => &message.payload,
        Message::Yield(message) => &message.payload,
        _ => return None,
    })
}

/// What a payload holds, to be compared; floats that are not a number are alike.
fn values(payload: &Payload) -> String {
    match payload.opaque() {
        Some(bytes) => format!("opaque {bytes:?}"),
        None => match payload.to_values() {
            Ok(values) => format!("{values:?}"),
            Err(_) => "none that can be decoded".to_owned(),
        },
    }
}

fn same(a: &Value, b: &Value) -> bool {
    format!("{a:?}") == format!("{b:?}")
}

/// How many lists and dicts are in each other.
fn depth(value: &Value) -> usize {
    match value {
        Value::List(list) => 1 + list.iter().map(depth).max().unwrap_or(0),
        Value::Dict(dict) => 1 + dict.iter().map(|(_, value)| depth(value)).max().unwrap_or(0),
        _ => 0,
    }
}

/// Whether a serializer can write it.
fn has_form(to: Serializer, value: &Value) -> bool {
    match value {
        Value::Int128(_) | Value::UInt128(_) => to != Serializer::MsgPack,
        Value::Float(value) => to != Serializer::Json || value.is_finite(),
        Value::String(text) => to != Serializer::Json || !text.starts_with('\0'),
        Value::List(list) => list.iter().all(|value| has_form(to, value)),
        Value::Dict(dict) => dict.iter().all(|(_, value)| has_form(to, value)),
        _ => true,
    }
}
