//! What a message costs grows with its length and with nothing else: each shape that could cost its
//! square is long enough here that it would take minutes then, and is done in moments.

use std::time::{Duration, Instant};

use bytes::Bytes;
use serde::de::IgnoredAny;
use wampwerk::internals::codec;
use wampwerk::message::Message;
use wampwerk::{Payload, Serializer, Value};

/// How often a part is repeated.
const MANY: usize = 100_000;

/// For one shape, all that is done with it, without optimization on a busy machine. With the square
/// of `MANY` steps it would be ten times as long on a fast one.
const PATIENCE: Duration = Duration::from_secs(20);

/// A name, and a RESULT whose payload begins with these bytes, goes on with these repeated, and ends
/// with these.
type Shape = (&'static str, &'static [u8], &'static [u8], &'static [u8]);

const JSON: &[Shape] = &[
    ("items", b"[[0", b",0", b"]]"),
    ("arguments", b"[0", b",0", b"]"),
    ("lists", b"[0", b",[[[]]]", b"]"),
    ("spaces", b"[ ", b" ", b" 0 ]"),
    ("digits", b"[0.", b"1", b"]"),
    ("zeros of an exponent", b"[1e0", b"0", b"]"),
    ("escapes", b"[\"", b"\\\"\\u00e9", b"\"]"),
    ("texts", b"[\"\"", b",\"ab\\n\"", b"]"),
    ("base64", b"[\"\\u0000", b"AAA\\/", b"\"]"),
    ("the same key", b"[{\"a\":0", b",\"a\":0", b"}]"),
    ("keyword", b"[],{\"a\":0", b",\"a\":0", b"}"),
];

const MSGPACK: &[Shape] = &[
    ("arguments", b"\xdd\0\x01\x86\xa0", b"\x00", b""),
    ("items", b"\x91\xdd\0\x01\x86\xa0", b"\x90", b""),
    ("texts", b"\xdd\0\x01\x86\xa0", b"\xa2ab", b""),
    ("extensions", b"\xdd\0\x01\x86\xa0", b"\xd4\x01a", b""),
    ("the same key", b"\x91\xdf\0\x01\x86\xa0", b"\xa1a\x00", b""),
];

const CBOR: &[Shape] = &[
    ("arguments", b"\x9a\0\x01\x86\xa0", b"\x00", b""),
    ("items", b"\x81\x9f", b"\x80", b"\xff"),
    ("tags", b"\x81", b"\xc1", b"\x00"),
    ("tagged arguments", b"\x9f", b"\xc1\xc1\xc1\x00", b"\xff"),
    ("chunks of text", b"\x81\x7f", b"\x61a", b"\xff"),
    ("chunks of bytes", b"\x81\x5f", b"\x40", b"\xff"),
    ("zeros of a bignum", b"\x81\xc2\x5f", b"\x41\0", b"\xff"),
    ("the same key", b"\x81\xbf", b"\x61a\x00", b"\xff"),
];

fn message(head: &[u8], tail: &[u8], (_, begin, part, end): &Shape) -> Bytes {
    [head, begin, &part.repeat(MANY), end, tail].concat().into()
}

fn payload(message: Message) -> Payload {
    match message {
        Message::Result(result) => result.payload,
        other => unreachable!("{}", other.name()),
    }
}

/// All that router and client do with a payload.
fn work(serializer: Serializer, frame: &Bytes) {
    let message = codec::decode(serializer, frame).unwrap();
    for to in codec::available() {
        codec::encode(*to, &message).unwrap();
    }
    let payload = payload(message);
    payload.to_values().unwrap();
    payload.args::<Vec<Value>>().unwrap();
    payload.args::<Vec<IgnoredAny>>().unwrap();
    // They do not fit.
    let _ = payload.decode::<u8>();
    let _ = payload.args::<(String, u8)>();
}

fn check(serializer: Serializer, head: &[u8], tail: &[u8], shapes: &[Shape]) {
    for shape in shapes {
        let frame = message(head, tail, shape);
        let start = Instant::now();
        work(serializer, &frame);
        let taken = start.elapsed();
        assert!(taken < PATIENCE, "{} {} took {taken:?}", serializer.as_str(), shape.0);
    }
}

#[cfg(feature = "json")]
#[test]
fn json() {
    check(Serializer::Json, b"[50,1,{},", b"]", JSON);
    // As options, of which each known key is taken out.
    let options = "\"k\":0,".repeat(MANY);
    let other: String = (0..MANY).map(|n| format!("\"k{n}\":0,")).collect();
    for options in [options, other] {
        let frame = format!("[48,1,{{{options}\"timeout\":1}},\"a\"]").into();
        let start = Instant::now();
        let message = codec::decode(Serializer::Json, &frame).unwrap();
        codec::encode(Serializer::Json, &message).unwrap();
        assert!(start.elapsed() < PATIENCE);
    }
}

#[cfg(feature = "msgpack")]
#[test]
fn msgpack() {
    check(Serializer::MsgPack, b"\x94\x32\x01\x80", b"", MSGPACK);
}

#[cfg(feature = "cbor")]
#[test]
fn cbor() {
    check(Serializer::Cbor, b"\x84\x18\x32\x01\xa0", b"", CBOR);
}
