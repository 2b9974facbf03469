//! Arguments that are well-formed, but that strict readers of the serializer refuse together with the
//! session: msgpack, cbor2 and json of Python, which Autobahn uses.

use bytes::Bytes;
use wampwerk::Serializer;
use wampwerk::internals::codec::{self, Bounds, Problem, Refused};

const STRICT: Bounds = Bounds { strict: true, ..Bounds::NONE };

/// A PUBLISH with this only argument.
fn publish(serializer: Serializer, argument: &[u8]) -> Bytes {
    let (head, tail): (&[u8], &[u8]) = match serializer {
        Serializer::Json => (br#"[16,7,{"acknowledge":true},"a.b",["#, b"]]"),
        Serializer::MsgPack => (b"\x95\x10\x07\x81\xabacknowledge\xc3\xa3a.b\x91", b""),
        _ => (b"\x85\x10\x07\xa1\x6backnowledge\xf5\x63a.b\x81", b""),
    };
    [head, argument, tail].concat().into()
}

/// What is wrong with an argument, and also if it is deep in another value.
fn flaw(serializer: Serializer, argument: &[u8]) -> Option<String> {
    let (head, tail): (&[u8], &[u8]) = match serializer {
        Serializer::Json => (br#"[1,{"a":"#, b"},2]"),
        Serializer::MsgPack => (b"\x93\x01\x81\xa1a", b"\x02"),
        _ => (b"\x83\x01\xa1\x61a", b"\x02"),
    };
    let inner = [head, argument, tail].concat();
    let found = [argument, &inner].map(|argument| {
        let frame = publish(serializer, argument);
        assert!(codec::decode(serializer, &frame).is_ok(), "{argument:x?} is well-formed");
        match codec::decode_within(serializer, &frame, &STRICT) {
            Ok(_) => None,
            Err(Refused::Unusable(it)) => {
                assert_eq!((it.code, it.id, it.acknowledge, it.progress), (16, 7, true, false));
                let Problem::Payload(text) = it.problem else { panic!("{argument:x?}") };
                let text =
                    text.strip_prefix("the arguments of PUBLISH cannot be read by every client: ");
                Some(text.unwrap().split(" at byte").next().unwrap().to_owned())
            }
            Err(other) => panic!("{other:?}"),
        }
    });
    assert_eq!(found[0], found[1]);
    let [found, _] = found;
    found
}

fn check(serializer: Serializer, wrong: &str, refused: &[&[u8]], taken: &[&[u8]]) {
    if !codec::available().contains(&serializer) {
        return;
    }
    for argument in refused {
        assert_eq!(flaw(serializer, argument).as_deref(), Some(wrong), "{argument:x?}");
    }
    for argument in taken {
        assert_eq!(flaw(serializer, argument), None, "{argument:x?}");
    }
}

#[test]
fn maps_of_messagepack_have_string_keys() {
    let refused: [&[u8]; 7] = [
        b"\x81\x01\x02",
        b"\x81\xff\x02",
        b"\x81\xc0\x02",
        b"\x81\xc3\x02",
        b"\x81\xcb\0\0\0\0\0\0\0\0\x02",
        b"\x81\xc4\x01a\x02",
        b"\x81\x90\x02",
    ];
    check(
        Serializer::MsgPack,
        "a key that is not a string",
        &refused,
        &[b"\x81\xa1a\x02", b"\x80"],
    );
}

#[test]
fn timestamps_of_messagepack_have_a_length_and_a_range() {
    let nanoseconds = (999_999_999_u32 << 2).to_be_bytes();
    let full = [b"\xd7\xff".as_slice(), &nanoseconds, b"\0\0\0\0"].concat();
    let more =
        [b"\xd7\xff".as_slice(), &1_000_000_000_u32.wrapping_shl(2).to_be_bytes(), b"\0\0\0\0"];
    let long = [b"\xc7\x0c\xff".as_slice(), &1_000_000_000_u32.to_be_bytes(), &[0; 8]].concat();
    check(
        Serializer::MsgPack,
        "a timestamp of a wrong length",
        &[b"\xd4\xff\0", b"\xd5\xff\0\0", b"\xc7\x00\xff", b"\xc7\x05\xff\0\0\0\0\0"],
        &[b"\xd6\xff\0\0\0\x01", &full, b"\xc7\x0c\xff\0\0\0\0\0\0\0\0\0\0\0\0"],
    );
    let wrong = "a timestamp with more than 999999999 nanoseconds";
    check(Serializer::MsgPack, wrong, &[&more.concat(), &long], &[]);
    let wrong = "an extension of a reserved type";
    check(
        Serializer::MsgPack,
        wrong,
        &[b"\xd4\xfe\0", b"\xd4\x80\0"],
        &[b"\xd4\0\0", b"\xd4\x7f\0"],
    );
}

#[test]
fn binary_data_of_json_is_base64() {
    check(
        Serializer::Json,
        "binary data with bad Base64",
        &[
            br#""\u0000AQ""#,
            br#""\u0000!!!!""#,
            br#""\u0000A""#,
            br#""\u0000AQ==AQ==""#,
            br#""\u0000AQI\u00e4""#,
            "\"\\u0000ä\"".as_bytes(),
            br#""\u0000AR==""#,
        ],
        &[br#""\u0000""#, br#""\u0000AQI=""#, br#""\u0000AQIDBA==""#, br#""\u0000\/\/\/\/""#],
    );
    let (fits, longer) = ("9".repeat(4300), "9".repeat(4301));
    let float = format!("{longer}.5");
    let (negative, lower) = (format!("-{fits}"), format!("-{longer}"));
    let wrong = "an integer of more than 4300 digits";
    check(
        Serializer::Json,
        wrong,
        &[longer.as_bytes(), lower.as_bytes()],
        &[fits.as_bytes(), negative.as_bytes(), float.as_bytes()],
    );
}

/// A tag and its content.
fn tag(tag: u16, content: &[u8]) -> Vec<u8> {
    [b"\xd9".as_slice(), &tag.to_be_bytes(), content].concat()
}

fn text(text: &str) -> Vec<u8> {
    [&[0x78, text.len() as u8], text.as_bytes()].concat()
}

#[test]
fn tags_of_cbor_are_around_what_they_promise() {
    let contents: [&[u8]; 9] = [
        b"\x01",
        b"\x61a",
        b"\x41a",
        b"\x80",
        b"\xa0",
        b"\xf6",
        b"\xf7",
        b"\xf9\x7e\x00",
        b"\x1b\xff\xff\xff\xff\xff\xff\xff\xff",
    ];
    let uuid = [b"\x50".as_slice(), &[7; 16]].concat();
    let day = text("2013-03-21");
    let time = text("2013-03-21T20:04:00Z");
    let fits: [(u16, Vec<&[u8]>); 17] = [
        (0, vec![&time]),
        (1, vec![b"\x01", b"\x20", b"\xfb\x3f\xf1\x99\x99\x99\x99\x99\x9a"]),
        (2, vec![b"\x41a", b"\x5f\x41a\xff"]),
        (3, vec![b"\x41a"]),
        (4, vec![b"\x82\x01\x02", b"\x82\x20\xc2\x41\x01"]),
        (5, vec![b"\x82\x01\x02"]),
        (25, vec![]),
        (29, vec![]),
        (30, vec![b"\x82\x01\x02"]),
        (35, vec![]),
        (36, vec![b"\x61a"]),
        (37, vec![&uuid]),
        (100, vec![b"\x01", b"\x20"]),
        (258, vec![b"\x80", b"\x82\x01\x02"]),
        (260, vec![b"\x44abcd", &uuid]),
        (261, vec![]),
        (1004, vec![&day]),
    ];
    if !codec::available().contains(&Serializer::Cbor) {
        return;
    }
    for (number, fitting) in fits {
        for content in contents {
            let fits = fitting.contains(&content);
            let found = flaw(Serializer::Cbor, &tag(number, content));
            assert_eq!(found.is_none(), fits, "{number} {content:x?} {found:?}");
            // Tags of tags.
            let twice = tag(number, &tag(300, content));
            assert!(flaw(Serializer::Cbor, &twice).is_some(), "{number} {content:x?}");
        }
        for content in fitting {
            assert_eq!(
                flaw(Serializer::Cbor, &tag(number, content)),
                None,
                "{number} {content:x?}"
            );
        }
    }
    // What no reader knows passes, and the tag of CBOR itself.
    for content in contents {
        assert_eq!(flaw(Serializer::Cbor, &tag(300, content)), None);
        assert_eq!(flaw(Serializer::Cbor, &tag(55_799, &tag(300, content))), None);
    }
    let three = tag(300, &tag(300, &tag(300, b"\x01")));
    assert_eq!(flaw(Serializer::Cbor, &three).unwrap(), "an item with more than 2 tags");
}

#[test]
fn dates_and_numbers_of_cbor_are_in_range() {
    let seconds = |head: u8, value: u64| tag(1, &[&[head][..], &value.to_be_bytes()].concat());
    let of = |number, text: &[u8]| tag(number, &self::text(std::str::from_utf8(text).unwrap()));
    for refused in [
        of(0, b"2013-13-21T20:04:00Z"),
        of(0, b"2013-02-29T20:04:00Z"),
        of(0, b"1900-02-29T20:04:00Z"),
        of(0, b"0000-01-01T20:04:00Z"),
        of(0, b"2013-03-21t20:04:00z"),
        of(0, b"2013-03-21T24:04:00Z"),
        of(0, b"2013-03-21T20:60:00Z"),
        of(0, b"2013-03-21T20:04:60Z"),
        of(0, b"2013-03-21T20:04:00.Z"),
        of(0, b"2013-03-21T20:04:00+24:00"),
        of(0, b"2013-03-21T20:04:00"),
        of(0, b"2013-03-21"),
        of(1004, b"2013-04-31"),
        of(1004, b"2013-4-3"),
        seconds(0x1b, 253_402_300_800),
        seconds(0x3b, 62_135_596_800),
        tag(4, b"\x82\x19\x27\x11\x01"),
        tag(4, b"\x83\x01\x02\x03"),
        tag(5, b"\x9f\x01\x02\xff"),
        tag(30, b"\x82\x01\x00"),
        tag(30, b"\x82\x01\x20"),
        tag(4, b"\x82\x01\x82\x01\x02"),
    ] {
        assert!(flaw(Serializer::Cbor, &refused).is_some(), "{refused:x?}");
    }
    for taken in [
        of(0, b"2012-02-29T23:59:59.123456789-01:30"),
        of(0, b"2000-02-29T23:59:59Z"),
        seconds(0x1b, 253_402_300_799),
        seconds(0x3b, 62_135_596_799),
        tag(4, b"\x82\x19\x27\x10\x01"),
    ] {
        assert_eq!(flaw(Serializer::Cbor, &taken), None, "{taken:x?}");
    }
}

#[test]
fn options_may_hold_what_arguments_may_not() {
    // They do not pass through the router as they are.
    let frame = Bytes::from_static(b"\x95\x10\x07\x81\xa3x_a\x81\x01\x02\xa3a.b\x91\x01");
    assert!(codec::decode_within(Serializer::MsgPack, &frame, &STRICT).is_ok());
}
