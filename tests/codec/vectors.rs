//! Messages, binary data and URIs of `tests/vectors/`: what is read from their bytes, and what is
//! written.

use bytes::Bytes;
use serde_json::{Value as Json, json};
use wampwerk::internals::codec;
use wampwerk::message::{Message, Serializer};
use wampwerk::uri::UriRule;
use wampwerk::{Match, Payload, Uri, Value};

/// EVENT_RECEIVED: Autobahn's message, not the specification's.
const UNKNOWN_CODES: [u64; 1] = [337];

#[test]
fn single_messages_of_the_specification() {
    check_samples(include_str!("../vectors/specification.json"), 31);
}

#[test]
fn single_messages_of_our_own() {
    check_samples(include_str!("../vectors/messages.json"), 33);
}

#[test]
fn messages_that_must_be_refused() {
    let file = read(include_str!("../vectors/refused.json"));
    let mut wrong = String::new();
    for case in list(&file["cases"]) {
        let serializer = Serializer::from_id(text(&case["serializer"])).unwrap();
        let bytes = match &case["bytes"] {
            Json::String(bytes) => Bytes::copy_from_slice(bytes.as_bytes()),
            _ => hex(text(&case["bytes_hex"])),
        };
        let found = match codec::decode(serializer, &bytes) {
            Ok(message) => format!("a {}", message.name()),
            Err(error) => error.message,
        };
        if !found.contains(text(&case["error"])) {
            wrong += &format!("{case}\n   gave: {found}\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

// As wampy writes them: every option that it knows, null in JSON and undefined in CBOR.
#[test]
fn an_option_that_is_null_is_absent() {
    let cbor = "84182001a2656d61746368f76c6765745f72657461696e6564f763612e62";
    for (serializer, bytes) in [
        (Serializer::Json, Bytes::from(r#"[32,1,{"match":null,"get_retained":null},"a.b"]"#)),
        (Serializer::Cbor, hex(cbor)),
    ] {
        match codec::decode(serializer, &bytes).unwrap() {
            Message::Subscribe(message) => {
                assert_eq!(message.options.r#match, None);
                assert_eq!(message.options.get_retained, None);
                assert!(message.options.extra.is_empty());
            }
            other => panic!("{} is no SUBSCRIBE", other.name()),
        }
    }
}

#[test]
fn binary_data_in_json() {
    let file = read(include_str!("../vectors/json_binary.json"));
    for case in list(&file["cases"]) {
        let expected = Value::Bytes(hex(text(&case["bytes"])));
        let json = text(&case["json"]);
        assert_eq!(decode_json(json).unwrap(), expected, "{json}");
        let payload = Payload::encode(Serializer::Json, &(&expected,), &()).unwrap();
        assert_eq!(payload.encoded().unwrap().0, format!("[{json}]").as_bytes());
    }
    for case in list(&file["texts"]) {
        let json = serde_json::to_string(case).unwrap();
        assert_eq!(decode_json(&json).unwrap(), Value::from(text(case)), "{json}");
    }
    for case in list(&file["refused"]) {
        let json = serde_json::to_string(case).unwrap();
        let error = decode_json(&json).unwrap_err();
        assert!(error.contains("argument 1: binary data with bad Base64"), "{json}: {error}");
    }
}

// Read by npm/tests/codecs.test.mjs, too: a value is the same in Rust and in JavaScript.
#[test]
fn values_in_each_format() {
    let file = read(include_str!("../vectors/values.json"));
    for case in list(&file["same"]) {
        let value = decode_json(text(&case["json"])).unwrap();
        for (serializer, list) in [(Serializer::Cbor, 0x81), (Serializer::MsgPack, 0x91)] {
            let element = hex(text(&case[serializer.as_str()]));
            let payload = Payload::encode(serializer, &(&value,), &()).unwrap();
            assert_eq!(payload.encoded().unwrap().0, [&[list], &element[..]].concat(), "{case}");
            assert_eq!(decode_value(serializer, &element).unwrap(), value, "{case}");
        }
    }
    // What MessagePack has no form for.
    for case in list(&file["wide"]) {
        let json = text(&case["json"]);
        let value = decode_json(json).unwrap();
        let element = hex(text(&case["cbor"]));
        assert_eq!(decode_value(Serializer::Cbor, &element).unwrap(), value, "{case}");
        for (serializer, element) in
            [(Serializer::Cbor, &element[..]), (Serializer::Json, json.as_bytes())]
        {
            let Value::List(args) = &value else { panic!("{case}") };
            let payload = Payload::encode(serializer, args, &()).unwrap();
            assert_eq!(payload.encoded().unwrap().0, element, "{case}");
        }
        assert!(Payload::encode(Serializer::MsgPack, &(&value,), &()).is_err(), "{case}");
    }
    for case in list(&file["read"]) {
        let (serializer, bytes) = given(case);
        let expected = decode_json(text(&case["json"])).unwrap();
        assert_eq!(decode_value(serializer, &bytes).unwrap(), expected, "{case}");
    }
    for case in list(&file["refused"]) {
        let (serializer, bytes) = given(case);
        let error = decode_value(serializer, &bytes).unwrap_err();
        // The position is that in the value.
        let (expected, _) =
            text(&case["error"]).split_once(" at ").unwrap_or((text(&case["error"]), ""));
        assert!(error.contains(expected), "{case}: {error}");
    }
}

#[test]
fn uris() {
    let file = read(include_str!("../vectors/uri.json"));
    for case in list(&file["cases"]) {
        let uri = Uri::from(text(&case["uri"]));
        let valid: Vec<&str> = list(&case["valid"]).iter().map(text).collect();
        for (name, rule, pattern) in [
            ("loose", UriRule::Loose, Match::Exact),
            ("loose_empty", UriRule::Loose, Match::Wildcard),
            ("loose_last_empty", UriRule::Loose, Match::Prefix),
            ("strict", UriRule::Strict, Match::Exact),
            ("strict_empty", UriRule::Strict, Match::Wildcard),
            ("strict_last_empty", UriRule::Strict, Match::Prefix),
        ] {
            assert_eq!(uri.check(rule, pattern), valid.contains(&name), "{uri:?} {name}");
        }
    }
}

fn check_samples(file: &str, count: usize) {
    let file = read(file);
    let samples = list(&file["samples"]);
    assert_eq!(samples.len(), count);
    samples.iter().for_each(check_sample);
}

/// Every variant decodes to the expected attributes, and is written as one of the variants by
/// every serializer.
fn check_sample(sample: &Json) {
    let place = text(&sample["name"]);
    let expected = &sample["expected"];
    let code = expected["message_type"].as_u64().unwrap();
    for from in codec::available() {
        for variant in variants(sample, *from) {
            let decoded = codec::decode(*from, &variant);
            if UNKNOWN_CODES.contains(&code) {
                let error = decoded.unwrap_err().message;
                assert_eq!(error, format!("unknown message code {code}"), "{place}");
                continue;
            }
            let mut message = decoded.unwrap_or_else(|error| panic!("{place}: {from:?}: {error}"));
            assert_eq!(message.code(), code, "{place}");
            check_attributes(place, &message, expected);
            as_values(&mut message);
            for to in codec::available() {
                let written = codec::encode(*to, &message).unwrap();
                let listed = variants(sample, *to);
                assert!(listed.contains(&written), "{place}: {to:?} wrote {written:?}");
            }
        }
    }
}

fn check_attributes(place: &str, message: &Message, expected: &Json) {
    let found = attributes(message);
    for (name, expected) in expected.as_object().unwrap() {
        let found = match name.as_str() {
            "message_type" => continue,
            "roles" => &found["details"]["roles"],
            _ => found.get(name).unwrap_or(&Json::Null),
        };
        assert_eq!(found, expected, "{place}: {name}");
    }
}

/// The attributes of a message by the names that the vectors use.
fn attributes(message: &Message) -> Json {
    // Typed options have no public dict; on the wire they have.
    let wire = codec::encode(Serializer::Json, message).unwrap();
    let wire: Json = serde_json::from_slice(&wire).unwrap();
    let mut found = match message {
        Message::Hello(m) => json!({"realm": &*m.realm, "details": wire[2]}),
        Message::Welcome(m) => json!({"session_id": m.session, "details": wire[2]}),
        Message::Abort(m) => json!({"reason": &*m.reason, "details": wire[1]}),
        Message::Challenge(m) => json!({"method": m.method, "extra": wire[2]}),
        Message::Authenticate(m) => json!({"signature": m.signature, "extra": wire[2]}),
        Message::Goodbye(m) => json!({"reason": &*m.reason, "details": wire[1]}),
        Message::Error(m) => json!({
            "request_type": m.request_type.code(), "request_id": m.request, "details": wire[3],
            "error": &*m.error,
        }),
        Message::Publish(m) => {
            json!({"request_id": m.request, "options": wire[2], "topic": &*m.topic})
        }
        Message::Published(m) => {
            json!({"request_id": m.request, "publication_id": m.publication})
        }
        Message::Subscribe(m) => {
            json!({"request_id": m.request, "options": wire[2], "topic": &*m.topic})
        }
        Message::Subscribed(m) => {
            json!({"request_id": m.request, "subscription_id": m.subscription})
        }
        Message::Unsubscribe(m) => {
            json!({"request_id": m.request, "subscription_id": m.subscription})
        }
        Message::Unsubscribed(m) => json!({"request_id": m.request}),
        Message::Event(m) => json!({
            "subscription": m.subscription, "publication": m.publication, "details": wire[3],
        }),
        Message::Call(m) => {
            json!({"request_id": m.request, "options": wire[2], "procedure": &*m.procedure})
        }
        Message::Cancel(m) => json!({"request_id": m.request, "options": wire[2]}),
        Message::Result(m) => json!({"request_id": m.request, "details": wire[2]}),
        Message::Register(m) => {
            json!({"request_id": m.request, "options": wire[2], "procedure": &*m.procedure})
        }
        Message::Registered(m) => {
            json!({"request_id": m.request, "registration_id": m.registration})
        }
        Message::Unregister(m) => {
            json!({"request_id": m.request, "registration_id": m.registration})
        }
        Message::Unregistered(m) => json!({"request_id": m.request}),
        Message::Invocation(m) => json!({
            "request_id": m.request, "registration_id": m.registration, "details": wire[3],
        }),
        Message::Interrupt(m) => json!({"request_id": m.request, "options": wire[2]}),
        Message::Yield(m) => json!({"request_id": m.request, "options": wire[2]}),
        other => panic!("{} has no attributes here", other.name()),
    };
    if let Some(payload) = payload(&mut message.clone()) {
        if let Some(opaque) = payload.opaque() {
            let hex: String = opaque.iter().map(|octet| format!("{octet:02x}")).collect();
            found["payload"] = hex.into();
        }
        let json = payload.clone().into_serializer(Serializer::Json).unwrap();
        if let Some((args, kwargs)) = json.encoded() {
            found["args"] = serde_json::from_slice(args).unwrap();
            if let Some(kwargs) = kwargs {
                found["kwargs"] = serde_json::from_slice(kwargs).unwrap();
            }
        }
    }
    found
}

/// Makes the payload values, so that nothing of the received bytes is sent.
fn as_values(message: &mut Message) {
    if let Some(payload) = payload(message)
        && payload.opaque().is_none()
    {
        let (args, kwargs) = payload.to_values().unwrap();
        *payload = Payload::from_values(args, kwargs);
    }
}

fn payload(message: &mut Message) -> Option<&mut Payload> {
    Some(match message {
        Message::Abort(message) => &mut message.payload,
        Message::Error(message) => &mut message.payload,
        Message::Publish(message) => &mut message.payload,
        Message::Event(message) => &mut message.payload,
        Message::Call(message) => &mut message.payload,
        Message::Result(message) => &mut message.payload,
        Message::Invocation(message) => &mut message.payload,
        Message::Yield(message) => &mut message.payload,
        _ => return None,
    })
}

fn variants(sample: &Json, serializer: Serializer) -> Vec<Bytes> {
    let bytes = |variant| match serializer {
        Serializer::Json => Bytes::copy_from_slice(text(variant).as_bytes()),
        _ => hex(text(variant)),
    };
    list(&sample[serializer.as_str()]).iter().map(bytes).collect()
}

fn decode_json(value: &str) -> Result<Value, String> {
    decode_value(Serializer::Json, value.as_bytes())
}

/// Decodes a value as the only argument of a RESULT.
fn decode_value(serializer: Serializer, value: &[u8]) -> Result<Value, String> {
    let (start, end): (&[u8], &[u8]) = match serializer {
        Serializer::Json => (b"[50,1,{},[", b"]]"),
        Serializer::MsgPack => (&[0x94, 50, 1, 0x80, 0x91], &[]),
        Serializer::Cbor => (&[0x84, 0x18, 50, 1, 0xa0, 0x81], &[]),
        other => panic!("no values in {}", other.as_str()),
    };
    let message = Bytes::from([start, value, end].concat());
    match codec::decode(serializer, &message).map_err(|error| error.to_string())? {
        Message::Result(message) => match message.payload.args::<Vec<Value>>() {
            Ok(mut args) => Ok(args.remove(0)),
            Err(error) => Err(error.message),
        },
        other => panic!("{} is no RESULT", other.name()),
    }
}

/// The serializer of a case, and its bytes.
fn given(case: &Json) -> (Serializer, Bytes) {
    let serializer = Serializer::from_id(text(&case["serializer"])).unwrap();
    let bytes = match serializer {
        Serializer::Json => Bytes::copy_from_slice(text(&case["bytes"]).as_bytes()),
        _ => hex(text(&case["bytes"])),
    };
    (serializer, bytes)
}

fn read(file: &str) -> Json {
    serde_json::from_str(file).unwrap()
}

fn list(value: &Json) -> &[Json] {
    value.as_array().unwrap()
}

fn text(value: &Json) -> &str {
    value.as_str().unwrap()
}

fn hex(text: &str) -> Bytes {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}
