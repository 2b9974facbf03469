//! What must hold for any values and any bytes: round trips, conversions, and no panic.

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use wampwerk::internals::codec;
use wampwerk::message::{Call, CallOptions, CallResult, Message, ResultDetails};
use wampwerk::{Dict, List, Payload, Serializer, Value};

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-300i64..300).prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        finite().prop_map(Value::from),
        text().prop_map(Value::from),
        vec(any::<u8>(), 0..40).prop_map(|bytes| Value::Bytes(bytes.into())),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..18).prop_map(Value::List),
            dict(inner).prop_map(Value::Dict),
        ]
    })
}

fn finite() -> impl Strategy<Value = f64> {
    use proptest::num::f64::{NEGATIVE, NORMAL, POSITIVE, SUBNORMAL, ZERO};
    POSITIVE | NEGATIVE | NORMAL | SUBNORMAL | ZERO
}

/// Any text but one that JSON takes for bytes.
fn text() -> impl Strategy<Value = String> {
    let chars = prop_oneof![any::<char>(), Just('"'), Just('\\'), Just('\u{0}'), Just('\u{1f}')];
    vec(chars, 0..12)
        .prop_map(|chars| chars.into_iter().collect::<String>())
        .prop_filter("bytes in JSON", |text| !text.starts_with('\u{0}'))
}

fn dict(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Dict> {
    vec((text(), value), 0..4).prop_map(|entries| entries.into_iter().collect())
}

fn call(options: CallOptions, payload: Payload) -> Message {
    Message::Call(Call { request: 7, options, procedure: "com.example.any".into(), payload })
}

fn payload_of(message: Message) -> Payload {
    match message {
        Message::Call(message) => message.payload,
        Message::Result(message) => message.payload,
        other => panic!("{} was not sent", other.name()),
    }
}

/// Does everything with bytes that may come from anybody.
fn probe(serializer: Serializer, frame: &Bytes) {
    let Ok(message) = codec::decode(serializer, frame) else { return };
    for to in codec::available() {
        if let Ok(written) = codec::encode(*to, &message) {
            codec::decode(*to, &written).expect("what we write can be read");
        }
    }
    if let Message::Call(Call { payload, .. }) | Message::Result(CallResult { payload, .. }) =
        message
    {
        let _ = payload.to_values();
        let _ = payload.decode::<(u8, String)>();
        let _ = payload.args::<(u8, Vec<String>, f32)>();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn values_survive_messages_and_conversions(
        args in vec(value(), 0..4), kwargs in dict(value()), extra in dict(value()),
    ) {
        let values = Payload::from_values(args.clone(), kwargs.clone());
        let mut options = CallOptions::default();
        options.extra = extra.clone();
        for from in codec::available() {
            let written = codec::encode(*from, &call(options.clone(), values.clone())).unwrap();
            let Message::Call(read) = codec::decode(*from, &written).unwrap() else {
                panic!("no CALL")
            };
            prop_assert_eq!(&read.options.extra, &extra);
            prop_assert_eq!(read.payload.to_values().unwrap(), (args.clone(), kwargs.clone()));
            for to in codec::available() {
                let other = read.payload.clone().into_serializer(*to).unwrap();
                prop_assert_eq!(other.serializer(), (!other.is_empty()).then_some(*to));
                prop_assert_eq!(other.to_values().unwrap(), (args.clone(), kwargs.clone()));
                // On the way through a router to a peer with another serializer.
                let sent = codec::encode(*to, &call(CallOptions::default(), read.payload.clone()));
                let got = payload_of(codec::decode(*to, &sent.unwrap()).unwrap());
                prop_assert_eq!(got.to_values().unwrap(), (args.clone(), kwargs.clone()));
            }
        }
    }

    #[test]
    fn arbitrary_bytes_do_no_harm(bytes in vec(any::<u8>(), 0..200)) {
        let frame = Bytes::from(bytes);
        for serializer in codec::available() {
            probe(*serializer, &frame);
        }
    }

    #[test]
    fn damaged_messages_do_no_harm(
        args in vec(value(), 0..4), kwargs in dict(value()),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let message = call(CallOptions::default(), Payload::from_values(args, kwargs));
        for serializer in codec::available() {
            let whole = codec::encode(*serializer, &message).unwrap();
            let cut = cut.index(whole.len());
            prop_assert!(codec::decode(*serializer, &whole.slice(..cut)).is_err(), "cut at {cut}");
            let mut damaged = whole.to_vec();
            for (at, byte) in &damage {
                let at = at.index(damaged.len());
                damaged[at] = *byte;
            }
            probe(*serializer, &damaged.into());
        }
    }
}

/// How a container with one entry opens and closes.
type Container = (&'static [u8], &'static [u8]);

#[test]
fn deep_nesting_is_refused() {
    const DEPTH: usize = 20_000;
    for serializer in codec::available() {
        // RESULT with request 1 and one argument within many lists or dicts.
        let (head, tail, containers): (&[u8], &[u8], &[Container]) = match serializer {
            Serializer::Json => (b"[50,1,{},[", b"]]", &[(b"[", b"]"), (b"{\"k\":", b"}")]),
            Serializer::MsgPack => {
                (b"\x94\x32\x01\x80\x91", b"", &[(b"\x91", b""), (b"\x81\xa0", b"")])
            }
            Serializer::Cbor => (
                b"\x84\x18\x32\x01\xa0\x81",
                b"",
                &[(b"\x81", b""), (b"\xa1\x60", b""), (b"\x9f", b"\xff")],
            ),
            _ => panic!("no bytes for {serializer:?}"),
        };
        for (open, close) in containers {
            let nested = |depth: usize| {
                let inner: &[u8] = if *serializer == Serializer::Json { b"1" } else { b"\x01" };
                let parts = [head, &open.repeat(depth), inner, &close.repeat(depth), tail];
                Bytes::from(parts.concat())
            };
            let error = codec::decode(*serializer, &nested(DEPTH)).unwrap_err();
            assert!(error.message.contains("nested deeper than 100"), "{error}");
            // The message and `args` are two of the hundred.
            assert!(codec::decode(*serializer, &nested(99)).is_err());
            let deepest = payload_of(codec::decode(*serializer, &nested(98)).unwrap());
            let (args, _) = deepest.to_values().unwrap();
            assert_eq!(args.len(), 1);
            for to in codec::available() {
                let converted = deepest.clone().into_serializer(*to).unwrap();
                assert_eq!(converted.to_values().unwrap().0, args);
            }
        }
    }
}

#[test]
#[cfg(feature = "cbor")]
fn any_number_of_tags_is_no_depth() {
    let mut bytes = b"\x84\x18\x32\x01\xa0\x81".to_vec();
    bytes.extend_from_slice(&[0xc6; 20_000]);
    bytes.push(0x05);
    let payload = payload_of(codec::decode(Serializer::Cbor, &bytes.into()).unwrap());
    assert_eq!(payload.decode::<i64>().unwrap(), 5);
}

/// A length is only a claim: what is announced and does not come is no memory. Any of these, taken
/// at its word, would need gigabytes and more.
#[test]
fn claimed_lengths_are_refused() {
    let claims: [(Serializer, &[u8], &[u8]); 11] = [
        (Serializer::MsgPack, b"\x94\x32\x01\x80\x91", b"\xdd\xff\xff\xff\xff"),
        (Serializer::MsgPack, b"\x94\x32\x01\x80\x91", b"\xdf\xff\xff\xff\xff"),
        (Serializer::MsgPack, b"\x94\x32\x01\x80\x91", b"\xdb\xff\xff\xff\xff"),
        (Serializer::MsgPack, b"\x94\x32\x01\x80\x91", b"\xc6\xff\xff\xff\xff"),
        (Serializer::MsgPack, b"\x94\x32\x01\x80\x91", b"\xc9\xff\xff\xff\xff\x01"),
        (Serializer::MsgPack, b"", b"\xdd\xff\xff\xff\xff"),
        (Serializer::Cbor, b"\x84\x18\x32\x01\xa0\x81", b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff"),
        (Serializer::Cbor, b"\x84\x18\x32\x01\xa0\x81", b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff"),
        (Serializer::Cbor, b"\x84\x18\x32\x01\xa0\x81", b"\x7b\xff\xff\xff\xff\xff\xff\xff\xff"),
        (Serializer::Cbor, b"\x84\x18\x32\x01\xa0\x81", b"\x5b\x7f\xff\xff\xff\xff\xff\xff\xff"),
        (Serializer::Cbor, b"", b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff"),
    ];
    for (serializer, head, claim) in claims {
        if codec::available().contains(&serializer) {
            let error = codec::decode(serializer, &[head, claim].concat().into()).unwrap_err();
            assert!(error.message.contains("the message ends within a value"), "{error}");
        }
    }
}

/// Bytes that our own writer would never choose come out as they went in: the payload was found,
/// not decoded.
#[test]
fn a_payload_is_forwarded_byte_for_byte() {
    let cases: [(Serializer, &[u8], &[u8]); 4] = [
        (Serializer::Json, b" [ 50 , 1,{ } ,", b"[ 1.50, \"\\u0041\\/\", 1e2,\t\"\\ud800\"] , {\"k\" : 1,\"k\":2}"),
        // Integers, texts and lists with longer heads than they need, and an extension.
        (Serializer::MsgPack, b"\x95\x32\x01\x80", b"\xdd\0\0\0\x03\xcf\0\0\0\0\0\0\0\x01\xdb\0\0\0\x01a\xd4\x05\x00\xde\0\x01\xa1k\xd3\0\0\0\0\0\0\0\x02"),
        // Indefinite lengths, tags, a half float, `undefined`, a bignum of 9 bytes, long heads.
        (Serializer::Cbor, b"\x9f\x18\x32\x01\xa0", b"\x9f\x1b\0\0\0\0\0\0\0\x01\x7f\x61a\x60\xff\xc1\x01\xf9\x3c\x00\xf7\xc2\x49\x01\0\0\0\0\0\0\0\0\xff\xbf\x78\x01k\x5f\x41\x01\xff\xff"),
        (Serializer::Cbor, b"\x98\x05\x19\x00\x32\x1a\0\0\0\x01\xb8\x00", b"\x9a\0\0\0\x01\x38\x01\xb9\0\x01\x61k\xfa\0\0\0\0"),
    ];
    for (serializer, head, payload) in cases {
        if !codec::available().contains(&serializer) {
            continue;
        }
        let end: &[u8] = match (serializer, head[0]) {
            (Serializer::Json, _) => b"]",
            (Serializer::Cbor, 0x9f) => b"\xff",
            _ => b"",
        };
        let message = codec::decode(serializer, &[head, payload, end].concat().into()).unwrap();
        let received = payload_of(message);
        let message = Message::Result(CallResult {
            request: 99,
            details: ResultDetails::default(),
            payload: received.clone(),
        });
        let written = codec::encode(serializer, &message).unwrap();
        let at = written.windows(payload.len()).position(|window| window == payload);
        assert!(at.is_some(), "{serializer:?}: {written:?} has not {payload:?}");
        assert!(written.len() <= payload.len() + 12, "{serializer:?}: {written:?}");
    }
}

/// What is well-formed but has no value in `Value` fails where it is decoded, and only there.
#[test]
fn values_without_a_form_fail_alone() {
    let cases: [(Serializer, &[u8], &str); 6] = [
        (
            Serializer::Json,
            b"[50,1,{},[1,\"\\u0000?\"]]",
            "argument 2: binary data with bad Base64",
        ),
        (
            Serializer::Json,
            b"[50,1,{},[1,340282366920938463463374607431768211456]]",
            "argument 2: number 340282366920938463463374607431768211456 does not fit",
        ),
        (Serializer::Json, b"[50,1,{},[1,1e999]]", "argument 2: number 1e999 does not fit"),
        (
            Serializer::Cbor,
            b"\x84\x18\x32\x01\xa0\x82\x01\xf8\xff",
            "argument 2: a simple value without a meaning",
        ),
        (
            Serializer::Cbor,
            b"\x84\x18\x32\x01\xa0\x82\x01\xc2\x51\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
            "argument 2: a bignum that does not fit into 128 bits",
        ),
        (
            Serializer::Json,
            b"[50,1,{},[1,-170141183460469231731687303715884105729]]",
            "argument 2: an integer that does not fit into 128 bits",
        ),
    ];
    for (serializer, frame, expected) in cases {
        if codec::available().contains(&serializer) {
            let message = codec::decode(serializer, &Bytes::copy_from_slice(frame)).unwrap();
            let error = payload_of(message).args::<List>().unwrap_err().message;
            assert!(error.starts_with(expected), "{error}");
        }
    }
}

#[test]
#[cfg(feature = "msgpack")]
fn an_extension_is_its_type_and_its_bytes() {
    let frame = Bytes::from_static(b"\x94\x32\x01\x80\x91\xd6\xff\x01\x02\x03\x04");
    let payload = payload_of(codec::decode(Serializer::MsgPack, &frame).unwrap());
    let expected = Value::List(vec![(-1).into(), Bytes::from_static(&[1, 2, 3, 4]).into()]);
    assert_eq!(payload.decode::<Value>().unwrap(), expected);
    for to in codec::available() {
        // The same serializer keeps the bytes, another one gets the list.
        let converted = payload.clone().into_serializer(*to).unwrap();
        assert_eq!(converted.decode::<Value>().unwrap(), expected);
    }
}
