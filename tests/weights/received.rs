//! The scan weighs a message before anything of it is built (rows 1, 3, 4, 10 and 11).

use bytes::Bytes;
use wampwerk::Serializer;
use wampwerk::internals::codec::{self, Bounds, Problem, Refused};
use wampwerk::message::*;

use crate::{KIB, MIB, alone, kept, least_allocated};

const BOUNDS: Bounds = Bounds {
    message: 128 * KIB,
    message_setting: "a setting of the whole",
    details: 64 * KIB,
    details_setting: "a setting of details",
    keeps_key: |key| key.starts_with("x_"),
    strict: false,
};

/// Not before WELCOME.
const JOINED: Bounds = Bounds { message: usize::MAX, ..BOUNDS };

/// A list of many small dicts, about as long as this.
fn junk(serializer: Serializer, bytes: usize) -> Vec<u8> {
    match serializer {
        Serializer::Json => format!("[{}{{\"\":0}}]", "{\"\":0},".repeat(bytes / 7)).into_bytes(),
        Serializer::MsgPack => {
            let count = (bytes / 3) as u32;
            [b"\xdd".as_slice(), &count.to_be_bytes(), &b"\x81\xa0\x00".repeat(bytes / 3)].concat()
        }
        _ => [b"\x9f".as_slice(), &b"\xa1\x60\x00".repeat(bytes / 3), b"\xff"].concat(),
    }
}

/// `head`, a dict with the key `key` of one letter, and `tail`, in each format.
fn message(serializer: Serializer, code: u8, key: &str, value: &[u8]) -> Bytes {
    let (head, tail): (Vec<u8>, &[u8]) = match serializer {
        Serializer::Json => (
            match code {
                1 => format!("[1,\"realm1\",{{\"{key}\":").into_bytes(),
                _ => format!("[{code},7,{{\"acknowledge\":true,\"{key}\":").into_bytes(),
            },
            if code == 1 { b"}]" } else { b"},\"com.example.topic\",[1]]" },
        ),
        Serializer::MsgPack => (
            match code {
                1 => [b"\x93\x01\xa6realm1\x81", text(0xa0, key).as_slice()].concat(),
                _ => [&[0x95, code, 7][..], b"\x82\xabacknowledge\xc3", &text(0xa0, key)].concat(),
            },
            if code == 1 { b"" } else { b"\xb1com.example.topic\x91\x01" },
        ),
        _ => (
            match code {
                1 => [b"\x83\x01\x66realm1\xa1", text(0x60, key).as_slice()].concat(),
                _ => [&[0x85, 0x18, code, 7][..], b"\xa2\x6backnowledge\xf5", &text(0x60, key)]
                    .concat(),
            },
            if code == 1 { b"" } else { b"\x71com.example.topic\x81\x01" },
        ),
    };
    [&head, value, tail].concat().into()
}

fn text(head: u8, text: &str) -> Vec<u8> {
    [&[head | text.len() as u8], text.as_bytes()].concat()
}

#[test]
fn row01_a_hello_of_megabytes_is_refused_unread() {
    alone(|| {
        for &serializer in codec::available() {
            let frame = message(serializer, 1, "junk", &junk(serializer, 16 * MIB));
            let (bytes, refused) =
                least_allocated(|| codec::decode_within(serializer, &frame, &BOUNDS).unwrap_err());
            assert!(bytes < 4 * KIB, "{serializer:?} {bytes}");
            let Refused::Violation(violation) = refused else { panic!("{refused:?}") };
            assert!(violation.message.contains("a setting of the whole"), "{violation}");
        }
    });
}

#[test]
fn row01_many_small_values_weigh_more_than_their_bytes() {
    alone(|| {
        for &serializer in codec::available() {
            let frame = message(serializer, 1, "x_junk", &junk(serializer, 60 * KIB));
            assert!(frame.len() < 64 * KIB);
            let (bytes, refused) =
                least_allocated(|| codec::decode_within(serializer, &frame, &JOINED).unwrap_err());
            assert!(bytes < 4 * KIB, "{serializer:?} {bytes}");
            assert!(matches!(refused, Refused::Unusable(_)), "{refused:?}");
        }
    });
}

#[test]
fn row01_what_fits_takes_a_small_multiple_of_the_limit() {
    alone(|| {
        for &serializer in codec::available() {
            // The heaviest that passes.
            let fitting = (1..)
                .map(|step| message(serializer, 1, "x_junk", &junk(serializer, step * 100)))
                .take_while(|frame| codec::decode_within(serializer, frame, &JOINED).is_ok())
                .last()
                .unwrap();
            let (bytes, _) =
                least_allocated(|| codec::decode_within(serializer, &fitting, &JOINED));
            assert!(bytes < 8 * 64 * KIB, "{serializer:?} {bytes}");
        }
    });
}

#[test]
fn row01_unknown_keys_are_not_built() {
    alone(|| {
        for &serializer in codec::available() {
            let bounds = Bounds { details: usize::MAX, ..JOINED };
            let frame = message(serializer, 1, "junk", &junk(serializer, MIB));
            let (bytes, message) =
                least_allocated(|| codec::decode_within(serializer, &frame, &bounds).unwrap());
            assert!(bytes < 4 * KIB, "{serializer:?} {bytes}");
            let Message::Hello(hello) = message else { panic!() };
            assert_eq!((&*hello.realm, hello.details.extra.len()), ("realm1", 0));
        }
    });
}

#[test]
fn row03_details_and_uris_beyond_the_limit_are_told_with_their_request() {
    alone(|| {
        for &serializer in codec::available() {
            let frame = message(serializer, 16, "x_a", &junk(serializer, MIB));
            let (bytes, refused) =
                least_allocated(|| codec::decode_within(serializer, &frame, &JOINED).unwrap_err());
            assert!(bytes < 4 * KIB, "{serializer:?} {bytes}");
            let Refused::Unusable(unusable) = refused else { panic!("{refused:?}") };
            let told = (unusable.code, unusable.id, unusable.acknowledge, unusable.progress);
            assert_eq!(told, (16, 7, true, false), "{serializer:?}");
            let Problem::TooHeavy { weight, limit, .. } = unusable.problem else { panic!() };
            assert!(weight > MIB && limit == 64 * KIB);

            let error = RequestError {
                request_type: RequestType::Invocation,
                request: 9,
                details: RequestErrorDetails::default(),
                error: "x".repeat(MIB).as_str().into(),
                payload: Payload::empty(),
            };
            let frame = codec::encode(serializer, &error.into()).unwrap();
            let refused = codec::decode_within(serializer, &frame, &JOINED).unwrap_err();
            let Refused::Unusable(unusable) = refused else { panic!("{refused:?}") };
            let told = (unusable.code, unusable.request_type, unusable.id);
            assert_eq!(told, (8, Some(RequestType::Invocation), 9));
        }
    });
}

#[test]
fn row03_arguments_do_not_count() {
    alone(|| {
        for &serializer in codec::available() {
            let payload = Payload::encode(serializer, &("x".repeat(MIB),), &()).unwrap();
            let (options, topic) = (PublishOptions::default(), "com.example.topic".into());
            let publish = Publish { request: 1, options, topic, payload };
            let frame = codec::encode(serializer, &publish.into()).unwrap();
            codec::decode_within(serializer, &frame, &JOINED).unwrap();
        }
    });
}

#[test]
fn row04_a_small_payload_does_not_keep_its_frame() {
    alone(|| {
        for &serializer in codec::available() {
            let long = Payload::encode(serializer, &("x".repeat(60 * KIB),), &()).unwrap();
            let value = long.encoded().unwrap().0[1..].to_vec();
            let value = if serializer == Serializer::Json {
                value[..value.len() - 1].to_vec()
            } else {
                value
            };
            let frame = message(serializer, 16, "junk", &value);
            let (bytes, message) = kept(|| {
                let frame = Bytes::from(frame.to_vec());
                codec::decode_within(serializer, &frame, &JOINED).unwrap()
            });
            assert!(bytes < 2 * KIB, "{serializer:?} {bytes}");
            let Message::Publish(publish) = message else { panic!() };
            assert_eq!(publish.payload.args::<(u8,)>().unwrap(), (1,));
        }
    });
}
