//! What other languages leave out or spell otherwise in options and details.

#![cfg(all(feature = "json", feature = "msgpack", feature = "cbor"))]

use bytes::Bytes;
use wampwerk::Serializer;
use wampwerk::internals::codec::{self, Bounds, Problem, Refused};
use wampwerk::message::*;

/// Keeps only what passes through the router.
const ROUTER: Bounds = Bounds { keeps_key: |key| key.starts_with("x_"), ..Bounds::NONE };

fn json(text: &str) -> Message {
    codec::decode(Serializer::Json, &Bytes::copy_from_slice(text.as_bytes()))
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The same message in each serializer: its JSON, written anew by way of plain values.
fn everywhere(text: &str) -> [(Serializer, Bytes); 3] {
    let value = codec::read_value(Serializer::Json, text.as_bytes()).unwrap();
    [Serializer::Json, Serializer::MsgPack, Serializer::Cbor]
        .map(|serializer| (serializer, codec::write_value(serializer, &value).unwrap().into()))
}

#[test]
fn null_arguments_are_absent_in_every_message() {
    for text in [
        r#"[16,1,null,"a.b",null,null]"#,
        r#"[36,1,2,null,null]"#,
        r#"[48,1,null,"a.b",null]"#,
        r#"[50,1,null,null,null]"#,
        r#"[68,1,2,null,null]"#,
        r#"[70,1,null,[],null]"#,
        r#"[8,48,1,null,"a.b",null,{}]"#,
        r#"[3,null,"a.b",null]"#,
    ] {
        for (serializer, frame) in everywhere(text) {
            let message = codec::decode(serializer, &frame).unwrap();
            // It is sent on without them.
            let again = codec::encode(serializer, &message).unwrap();
            let again = codec::read_value(serializer, &again).unwrap();
            let elements = again.as_list().unwrap();
            let names =
                |value: &&wampwerk::Value| value.as_str().is_some() || value.as_u64().is_some();
            assert_eq!(
                elements.iter().filter(names).count() + 1,
                elements.len(),
                "{text} {again:?}"
            );
        }
    }
    // Undefined of CBOR, and null with a tag.
    for null in [b"\xf7".as_slice(), b"\xc1\xf6"] {
        let frame = [b"\x86\x18\x30\x01".as_slice(), null, b"\x63a.b", null, null].concat();
        let message = codec::decode(Serializer::Cbor, &frame.into()).unwrap();
        let Message::Call(call) = message else { panic!() };
        assert!(call.payload.is_empty() && call.options == CallOptions::default());
    }
}

#[test]
fn keyword_arguments_remain_without_positional_ones() {
    for (serializer, frame) in everywhere(r#"[48,1,{},"a.b",null,{"k":7}]"#) {
        let Message::Call(call) = codec::decode(serializer, &frame).unwrap() else { panic!() };
        let (args, kwargs) = call.payload.to_values().unwrap();
        assert!(args.is_empty());
        assert_eq!(kwargs.get("k"), Some(&7.into()));
        // Receivers get a list, as strict ones want it.
        let event = Event {
            subscription: 1,
            publication: 2,
            details: EventDetails::default(),
            payload: call.payload,
        };
        let again = codec::encode(serializer, &event.into()).unwrap();
        let again = codec::read_value(serializer, &again).unwrap();
        assert_eq!(again.as_list().unwrap()[4], wampwerk::Value::List(Vec::new()));
    }
}

#[test]
fn null_is_absent_in_hello_and_welcome() {
    let Message::Hello(hello) = json(
        r#"[1,"realm1",{"authid":null,"authmethods":null,"authextra":null,"agent":null,
            "roles":{"caller":{"features":null},"callee":null}}]"#,
    ) else {
        panic!()
    };
    assert_eq!(hello.details.authid, None);
    assert_eq!(hello.details.authextra, None);
    assert!(hello.details.extra.is_empty());
    let roles = hello.details.roles.as_ref().unwrap();
    assert!(roles.has("caller") && !roles.has("callee"));
    let Message::Welcome(welcome) =
        json(r#"[2,7,{"authid":null,"authextra":null,"realm":null,"roles":{"broker":{}}}]"#)
    else {
        panic!()
    };
    assert_eq!((&welcome.details.authid, &welcome.details.realm), (&None, &None));
}

#[test]
fn whole_floats_are_integers() {
    for (serializer, frame) in everywhere(r#"[48.0,7.0,{"timeout":250.0},"a.b"]"#) {
        let Message::Call(call) = codec::decode(serializer, &frame).unwrap() else { panic!() };
        assert_eq!((call.request, call.options.timeout), (7, Some(250)), "{serializer:?}");
    }
    let Message::Publish(publish) = json(r#"[16,9007199254740992.0,{"exclude":[1.0,2]},"a.b"]"#)
    else {
        panic!()
    };
    assert_eq!((publish.request, &publish.options.exclude), (1 << 53, &Some(vec![1, 2])));
    for wrong in ["1.5", "-1.0", "9007199254740994.0", "1e300", "0.0"] {
        let text = format!(r#"[48,{wrong},{{}},"a.b"]"#);
        assert!(codec::decode(Serializer::Json, &text.into()).is_err(), "{wrong}");
    }
}

/// Refuses a message of JSON because of its option.
fn refused(serializer: Serializer, frame: impl Into<Bytes>) -> (u64, u64, String) {
    match codec::decode_within(serializer, &frame.into(), &ROUTER) {
        Err(Refused::Unusable(it)) => match it.problem {
            Problem::Option(text) => (it.code, it.id, text),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_bad_option_names_key_expected_and_found() {
    for (text, code, wrong) in [
        (
            r#"[16,7,{"acknowledge":1},"a.b"]"#,
            16,
            "PUBLISH.Options.acknowledge must be a bool, is integer",
        ),
        (
            r#"[32,7,{"match":"regex"},"a.b"]"#,
            32,
            "SUBSCRIBE.Options.match must be \"exact\", \"prefix\" or \"wildcard\", is string",
        ),
        (
            r#"[48,7,{"timeout":-1},"a.b"]"#,
            48,
            "CALL.Options.timeout must be a non-negative integer, is integer",
        ),
        (
            r#"[48,7,{"timeout":18446744073709551616},"a.b"]"#,
            48,
            "CALL.Options.timeout must be a non-negative integer, is the integer \
             18446744073709551616 does not fit into 64 bits",
        ),
        (r#"[64,7,{"invoke":[]},"a.b"]"#, 64, "REGISTER.Options.invoke must be \"single\""),
        (
            r#"[8,68,7,{"enc_algo":5},"a.b"]"#,
            8,
            "ERROR.Details.enc_algo must be a string, is integer",
        ),
    ] {
        let found = refused(Serializer::Json, text.to_owned());
        assert_eq!((found.0, found.1), (code, 7));
        assert!(found.2.starts_with(wrong), "{} instead of {wrong}", found.2);
    }
    // The undefined of msgpackr.
    let undefined = b"\x94\x30\x07\x81\xa7timeout\xd4\x00\x00\xa3a.b".as_slice();
    assert!(codec::decode(Serializer::MsgPack, &undefined.into()).is_ok());
    // Also as options, args and kwargs.
    let left_out = b"\x96\x30\x07\xd4\x00\x00\xa3a.b\xd4\x00\x00\xd4\x00\x00".as_slice();
    let Message::Call(call) = codec::decode(Serializer::MsgPack, &left_out.into()).unwrap() else {
        panic!()
    };
    assert!(call.payload.is_empty());
    let extension = b"\x94\x30\x07\x81\xa7timeout\xd4\x01\x01\xa3a.b";
    let text =
        "CALL.Options.timeout must be a non-negative integer, is an extension of MessagePack";
    assert_eq!(refused(Serializer::MsgPack, extension.as_slice()), (48, 7, text.to_owned()));
}

#[test]
fn the_values_of_unknown_keys_do_not_matter() {
    let values: [(Serializer, &[&[u8]]); 3] = [
        (
            Serializer::Json,
            &[
                b"18446744073709551616",
                b"-99999999999999999999999",
                b"1e999",
                br#""\ud800""#,
                br#""\u0000!""#,
                br#"{"\ud800":1}"#,
                b"[[18446744073709551616]]",
            ],
        ),
        (
            Serializer::MsgPack,
            &[b"\x81\xc4\x01a\x02", b"\x81\xc0\x02", b"\x81\x90\x02", b"\xd4\xff\0", b"\xc7\0\x05"],
        ),
        (
            Serializer::Cbor,
            &[
                b"\xc2\x49\x01\0\0\0\0\0\0\0\0",
                b"\x3b\xff\xff\xff\xff\xff\xff\xff\xff",
                b"\xe0",
                b"\xf8\xff",
                b"\xa1\x41a\x02",
                b"\xa1\x80\x02",
                b"\xa1\xf6\x02",
                b"\x81\xe5",
            ],
        ),
    ];
    for (serializer, values) in values {
        for value in values {
            // As the value of an unknown key, of one that passes, and within authextra.
            let frame = |inner: &[u8]| -> Bytes {
                match serializer {
                    Serializer::Json => [
                        br#"[1,"realm1",{"roles":{"caller":{}},"odd":"#.as_slice(),
                        inner,
                        br#","x_odd":"#,
                        inner,
                        br#","authextra":{"a":1,"odd":"#,
                        inner,
                        br#","b":2},"authid":"me"}]"#,
                    ]
                    .concat(),
                    Serializer::MsgPack => [
                        b"\x93\x01\xa6realm1\x85\xa5roles\x81\xa6caller\x80\xa3odd".as_slice(),
                        inner,
                        b"\xa5x_odd",
                        inner,
                        b"\xa9authextra\x83\xa1a\x01\xa3odd",
                        inner,
                        b"\xa1b\x02\xa6authid\xa2me",
                    ]
                    .concat(),
                    _ => [
                        b"\x83\x01\x66realm1\xa5\x65roles\xa1\x66caller\xa0\x63odd".as_slice(),
                        inner,
                        b"\x65x_odd",
                        inner,
                        b"\x69authextra\xa3\x61a\x01\x63odd",
                        inner,
                        b"\x61b\x02\x66authid\x62me",
                    ]
                    .concat(),
                }
                .into()
            };
            let decoded = codec::decode_within(serializer, &frame(value), &ROUTER);
            let Ok(Message::Hello(hello)) = decoded else { panic!("{value:x?} {decoded:?}") };
            assert_eq!(hello.details.authid.as_deref(), Some("me"));
            let authextra = hello.details.authextra.as_ref().unwrap();
            assert_eq!(authextra.get("a"), Some(&1.into()));
            assert_eq!(authextra.get("b"), Some(&2.into()), "{value:x?}");
        }
    }
    // Keys that are not strings.
    let frame = b"\x94\x30\x07\x82\x01\x02\xc4\x01a\xc0\xa3a.b".as_slice();
    assert!(matches!(codec::decode(Serializer::MsgPack, &frame.into()), Ok(Message::Call(_))));
    let frame = b"\x84\x18\x30\x07\xa2\x01\x02\x80\xf6\x63a.b".as_slice();
    assert!(matches!(codec::decode(Serializer::Cbor, &frame.into()), Ok(Message::Call(_))));
}
