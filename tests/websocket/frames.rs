//! Frames on bytes: the rules of framing (F) and of Close frames (C), one after the other.

use bytes::Bytes;
use wampwerk::internals::framing::websocket::frame::{FrameHeader, OpCode};
use wampwerk::internals::framing::websocket::{
    Event, Form, Kind, Limits, ReadError, Reader, Role, Writer, close,
};

const LIMITS: Limits = Limits { frame: 1 << 20, message: 1 << 20 };

/// Everything that a reader makes of these octets in one portion, or of one octet at a time.
fn read_all(
    from: Role,
    limits: Limits,
    octets: &[u8],
    portion: usize,
) -> (Vec<Event>, Option<ReadError>, bool) {
    let mut reader = Reader::new(from, limits);
    let mut events = Vec::new();
    for mut input in octets.chunks(portion) {
        loop {
            match reader.read(&mut input) {
                Ok(Some(event)) => events.push(event),
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(reader.read(&mut &b"\x81\x00"[..]), Err(error), "it stays");
                    return (events, Some(error), false);
                }
            }
        }
        assert!(input.is_empty());
    }
    (events, None, reader.is_within_message())
}

/// Reads whole, and octet by octet, which must be the same.
fn read(from: Role, octets: &[u8]) -> (Vec<Event>, Option<ReadError>) {
    let (events, error, within) = read_all(from, LIMITS, octets, usize::MAX);
    for portion in [1, 2, 3, 7] {
        let other = read_all(from, LIMITS, octets, portion);
        assert_eq!(other, (events.clone(), error, within), "in portions of {portion}");
    }
    (events, error)
}

fn from_server(octets: &[u8]) -> (Vec<Event>, Option<ReadError>) {
    read(Role::Server, octets)
}

fn refused(octets: &[u8], error: ReadError, code: u16) {
    assert_eq!(from_server(octets), (vec![], Some(error)), "{octets:02x?}");
    assert_eq!(error.close_code(), code);
}

fn text(text: &str) -> Event {
    Event::Message(Kind::Text, text.to_owned().into())
}

fn binary(payload: impl Into<Bytes>) -> Event {
    Event::Message(Kind::Binary, payload.into())
}

fn written(writer: &Writer) -> Vec<u8> {
    let octets = writer.chunks().iter().collect::<Vec<_>>().concat();
    assert_eq!(octets.len(), writer.chunks().len());
    octets
}

/// The examples of RFC 6455, section 5.7.
#[test]
fn f00_the_examples_of_the_specification() {
    let hello = [text("Hello")];
    assert_eq!(from_server(b"\x81\x05Hello"), (hello.to_vec(), None));
    let masked = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
    assert_eq!(read(Role::Client, masked), (hello.to_vec(), None));
    assert_eq!(from_server(b"\x01\x03Hel\x80\x02lo"), (hello.to_vec(), None));
    assert_eq!(from_server(b"\x89\x05Hello"), (vec![Event::Ping("Hello".into())], None));
    let pong = b"\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
    assert_eq!(read(Role::Client, pong), (vec![Event::Pong("Hello".into())], None));
    for (length, header) in
        [(256, &b"\x82\x7e\x01\x00"[..]), (65_536, b"\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00")]
    {
        let payload = vec![7; length];
        let octets = [header, &payload].concat();
        assert_eq!(from_server(&octets), (vec![binary(payload.clone())], None));
        let mut writer = Writer::server();
        writer.message(Kind::Binary, payload.into(), Form::default()).unwrap();
        assert_eq!(written(&writer), octets);
    }
    let mut writer = Writer::client(|| [0x37, 0xfa, 0x21, 0x3d]);
    writer.message(Kind::Text, "Hello".into(), Form::default()).unwrap();
    assert_eq!(written(&writer), masked);
}

#[test]
fn f01_clients_mask_and_servers_do_not() {
    for first in [0x81, 0x82, 0x88, 0x89, 0x8a] {
        refused(&[first, 0x80, 0, 0, 0, 0], ReadError::Masked, 1002);
        refused(&[first, 0x80], ReadError::Masked, 1002);
        let unmasked = read(Role::Client, &[first, 0]);
        assert_eq!(unmasked, (vec![], Some(ReadError::NotMasked)));
        assert_eq!(ReadError::NotMasked.close_code(), 1002);
    }
}

#[test]
fn f02_reserved_bits_are_clear() {
    for bits in 1..8 {
        for op_code in [0, 1, 2, 8, 9, 10] {
            refused(&[0x80 | bits << 4 | op_code], ReadError::ReservedBits(bits), 1002);
        }
    }
}

#[test]
fn f03_reserved_opcodes_are_refused_at_once() {
    for op_code in (3..8).chain(11..16) {
        refused(&[0x80 | op_code, 5], ReadError::OpCode(op_code), 1002);
        refused(&[op_code], ReadError::OpCode(op_code), 1002);
    }
}

#[test]
fn f04_a_length_has_the_fewest_octets() {
    for length in [0, 125] {
        refused(&[0x82, 126, 0, length], ReadError::Length(u64::from(length)), 1002);
    }
    for length in [0_u64, 125, 126, 0xffff, 1 << 63, u64::MAX] {
        let octets = [&[0x82, 127][..], &length.to_be_bytes()].concat();
        refused(&octets, ReadError::Length(length), 1002);
    }
    assert!(from_server(&[&[0x82, 126, 0, 126][..], &[0; 126]].concat()).1.is_none());
}

#[test]
fn f05_a_control_frame_is_short_and_whole() {
    for op_code in [8, 9, 10] {
        refused(&[op_code, 0], ReadError::FragmentedControl, 1002);
        refused(&[0x80 | op_code, 126], ReadError::LongControl, 1002);
        refused(&[0x80 | op_code, 127], ReadError::LongControl, 1002);
    }
    let longest = [&[0x89, 125][..], &[7; 125]].concat();
    assert_eq!(from_server(&longest), (vec![Event::Ping(vec![7; 125].into())], None));
}

#[test]
fn f06_continuations_are_within_a_message_and_control_frames_anywhere() {
    refused(b"\x80\x01a", ReadError::NothingToContinue, 1002);
    refused(b"\x00\x01a", ReadError::NothingToContinue, 1002);
    for second in [1, 2, 0x81, 0x82] {
        refused(&[0x01, 1, b'a', second, 0], ReadError::WithinMessage, 1002);
    }
    let (events, error) = from_server(b"\x01\x01a\x89\x01p\x00\x01b\x8a\x00\x80\x01c\x80\x00");
    let expected = [Event::Ping("p".into()), Event::Pong(Bytes::new()), text("abc")];
    assert_eq!((&events[..], error), (&expected[..], Some(ReadError::NothingToContinue)));
}

#[test]
fn f08_limits_are_looked_at_with_the_header() {
    let limits = Limits { frame: 100, message: 150 };
    let one = [&[0x82, 101][..]].concat();
    let expected = ReadError::FrameTooLong { length: 101, limit: 100 };
    assert_eq!(read_all(Role::Server, limits, &one, 99).1, Some(expected));
    let two = [&[0x02, 100][..], &[0; 100], &[0x80, 51]].concat();
    let expected = ReadError::MessageTooLong { length: 151, limit: 150 };
    assert_eq!(read_all(Role::Server, limits, &two, 99).1, Some(expected));
    assert_eq!(expected.close_code(), 1009);
    let fits = [&[0x02, 100][..], &[0; 100], &[0x80, 50], &[0; 50]].concat();
    assert_eq!(read_all(Role::Server, limits, &fits, 99).0, [binary(vec![0; 150])]);
    // A claim of 2^63 - 1 octets behind others does not overflow.
    let huge = [&[0x02, 1, 0, 0x80, 127][..], &i64::MAX.to_be_bytes()].concat();
    let error = read_all(Role::Server, Limits { frame: usize::MAX, message: 9 }, &huge, 99).1;
    assert_eq!(error, Some(ReadError::MessageTooLong { length: 1 << 63, limit: 9 }));
}

/// 65 536 fragments, as in case 9.3.1 of the Autobahn test suite, and empty ones.
#[test]
fn f10_any_number_of_fragments_is_read() {
    let begin = b"\x02\x00".to_vec();
    for (fragment, count) in [(&b"\x00\x01x"[..], 65_536), (b"\x00\x00", 1_000_000)] {
        let octets = [begin.clone(), fragment.repeat(count), b"\x80\x00".to_vec()].concat();
        let (events, error, within) = read_all(Role::Server, LIMITS, &octets, 32 << 10);
        let payload = vec![b'x'; count * (fragment.len() - 2)];
        assert_eq!((events, error, within), (vec![binary(payload)], None, false));
    }
}

/// The same message in any fragments is the same event.
#[test]
fn f11_nobody_depends_on_the_bounds_of_fragments() {
    let message = "aµ€😀z".repeat(3);
    for size in 1..=message.len() {
        let mut octets = Vec::new();
        for (index, part) in message.as_bytes().chunks(size).enumerate() {
            let last = if (index + 1) * size >= message.len() { 0x80 } else { 0 };
            octets.extend([last | u8::from(index == 0), part.len() as u8]);
            octets.extend(part);
        }
        assert_eq!(from_server(&octets), (vec![text(&message)], None), "fragments of {size}");
    }
}

#[test]
fn f12_a_character_may_be_split_between_frames() {
    let expected = (vec![text("aµ€😀z")], None);
    let octets = "aµ€😀z".as_bytes();
    for cut in 0..octets.len() {
        let (one, two) = octets.split_at(cut);
        let frames =
            [&[0x01, one.len() as u8][..], one, &[0x89, 0], &[0x80, two.len() as u8], two].concat();
        let (mut events, error) = from_server(&frames);
        assert_eq!(events.remove(0), Event::Ping(Bytes::new()));
        assert_eq!((events, error), expected);
    }
}

#[test]
fn f13_the_first_octet_that_cannot_be_utf8_ends_the_connection() {
    // Cases 6.4.3 and 6.4.4 of the Autobahn test suite: within a frame that does not end.
    let good = "κόσμε".as_bytes();
    for bad in [&b"\xf4\x90"[..], b"\xed\xa0", b"\xc0", b"\x80", b"\xff", b"\xe0\x80", b"\xf5"] {
        let octets = [&[0x81, 100][..], good, bad].concat();
        refused(&octets, ReadError::Utf8, 1007);
        // One octet less is no error yet.
        assert_eq!(from_server(&octets[..octets.len() - 1]), (vec![], None));
    }
    for cut in [&b"\xe2"[..], b"\xe2\x82", b"\xf0\x9f\x98"] {
        let octets = [&[0x81, cut.len() as u8][..], cut].concat();
        refused(&octets, ReadError::Utf8, 1007);
        let fragments = [&[0x01, cut.len() as u8][..], cut, &[0x80, 0]].concat();
        refused(&fragments, ReadError::Utf8, 1007);
    }
}

/// Every sequence of up to three octets, and those of four that matter, against the standard library.
#[test]
fn f14_what_is_not_utf8_is_what_the_standard_library_refuses() {
    use wampwerk::internals::framing::websocket::utf8::Utf8;
    let check = |octets: &[u8]| {
        let mut utf8 = Utf8::default();
        let mut bytewise = octets.iter().map(|octet| utf8.push(&[*octet]));
        let valid = bytewise.all(|it| it.is_ok()) && utf8.finish().is_ok();
        assert_eq!(valid, std::str::from_utf8(octets).is_ok(), "{octets:02x?}");
    };
    let edges = [0, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc2, 0xe0, 0xed, 0xf0];
    let edges: Vec<u8> = edges.into_iter().chain([0xef, 0xf4, 0xf5, 0xff]).collect();
    for one in 0..=255 {
        check(&[one]);
        for two in 0..=255 {
            check(&[one, two]);
            for three in &edges {
                check(&[one, two, *three]);
                for four in [0x41, 0x7f, 0x80, 0xbf, 0xc0] {
                    check(&[one, two, *three, four]);
                }
            }
        }
    }
}

#[test]
fn f16_an_unasked_pong_is_no_error() {
    assert_eq!(from_server(b"\x8a\x01x"), (vec![Event::Pong("x".into())], None));
}

#[test]
fn c01_the_payload_of_a_close_frame() {
    assert_eq!(from_server(b"\x88\x00"), (vec![Event::Close(None)], None));
    refused(b"\x88\x01\x03", ReadError::CloseLength, 1002);
    refused(b"\x88\x03\x03\xe8\xff", ReadError::CloseReason, 1007);
    let said = Some((1000, "bye €".to_owned()));
    let octets = [&[0x88, 9, 3, 0xe8][..], "bye €".as_bytes()].concat();
    assert_eq!(from_server(&octets), (vec![Event::Close(said)], None));
    let longest = [&[0x88, 125, 3, 0xe8][..], &[b'a'; 123]].concat();
    assert_eq!(from_server(&longest), (vec![Event::Close(Some((1000, "a".repeat(123))))], None));
}

#[test]
fn c02_codes_that_may_be_received() {
    for code in 0..=u16::MAX {
        let octets = [&[0x88, 2][..], &code.to_be_bytes()].concat();
        let fine = matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999);
        let expected = match fine {
            true => (vec![Event::Close(Some((code, String::new())))], None, false),
            false => (vec![], Some(ReadError::CloseCode(code)), false),
        };
        assert_eq!(read_all(Role::Server, LIMITS, &octets, 99), expected);
        assert_eq!(ReadError::CloseCode(code).close_code(), 1002);
    }
}

#[test]
fn c03_c04_codes_that_may_be_sent() {
    for code in 0..=u16::MAX {
        assert_eq!(close::is_of_application(code), code == 1000 || (3000..5000).contains(&code));
    }
    for code in [1005, 1006, 1015] {
        assert!(!close::is_on_wire(code));
    }
}

#[test]
fn c04_a_reason_is_cut_at_a_character() {
    let payload = close::payload(1000, &"€".repeat(50));
    assert_eq!(payload, [&[3, 0xe8][..], "€".repeat(41).as_bytes()].concat());
    assert_eq!(payload.len(), 125);
    let mut writer = Writer::server();
    writer.close(Some((4000, "x")));
    writer.close(None);
    assert_eq!(written(&writer), b"\x88\x03\x0f\xa0x\x88\x00");
}

#[test]
fn c10_frames_behind_the_close_frame_are_dropped() {
    let (events, error) = from_server(b"\x88\x00\x81\x01a\xff\xff\xff");
    assert_eq!((events, error), (vec![Event::Close(None)], None));
}

#[test]
fn r01_an_error_is_the_same_in_any_portions() {
    // Behind good messages, which are all given before.
    for bad in [&b"\x83"[..], b"\x81\x02\xc3\x28", b"\x80\x00", b"\x82\x7e\x00\x01"] {
        let octets = [b"\x81\x01a\x02\x01b\x89\x00\x80\x01c", bad].concat();
        let (events, error) = from_server(&octets);
        assert_eq!(events, [text("a"), Event::Ping(Bytes::new()), binary("bc")]);
        assert!(error.is_some());
    }
}

/// Taking a part of what waits moves nothing of the rest, so that a slow peer costs no more than a fast one.
#[test]
fn r05_what_waits_is_not_moved_when_a_part_is_taken() {
    for make in [Writer::server, || Writer::client(|| [1, 2, 3, 4])] {
        let mut writer = make();
        writer.message(Kind::Binary, vec![7; 1 << 20].into(), Form::default()).unwrap();
        let place = |writer: &Writer| writer.chunks().iter().last().map(|it| it.as_ptr_range().end);
        let end = place(&writer);
        let mut taken = 0;
        while !writer.chunks().is_empty() {
            assert_eq!(place(&writer), end, "it was moved after {taken} octets");
            let first = writer.chunks().iter().next().map_or(0, <[u8]>::len);
            let count = first.min(1000);
            writer.advance(count);
            taken += count;
        }
        assert!(taken > 1 << 20);
    }
}

#[test]
fn headers_are_read_as_they_are_written() {
    for op_code in [OpCode::Continuation, OpCode::Text, OpCode::Binary, OpCode::Ping] {
        for length in [0, 1, 125, 126, 127, 0xffff, 0x1_0000, i64::MAX as u64] {
            for mask in [None, Some([1, 2, 3, 4])] {
                if op_code.is_control() && length > 125 {
                    continue;
                }
                let header = FrameHeader { fin: true, compressed: false, op_code, mask, length };
                let (octets, count) = header.octets();
                let from = if mask.is_some() { Role::Client } else { Role::Server };
                let parsed = FrameHeader::parse(&octets[..count], from, false);
                assert_eq!(parsed, Ok(Some((header, count))));
                let short = FrameHeader::parse(&octets[..count - 1], from, false);
                assert_eq!(short, Ok(None));
            }
        }
    }
}

#[test]
fn f09_a_reader_that_waits_keeps_no_more_than_what_came() {
    use bytes::BufMut;
    // A claim of 1 MiB: the place for it grows with what comes.
    let mut reader = Reader::new(Role::Server, LIMITS);
    let mut header = &b"\x82\x7f\x00\x00\x00\x00\x00\x10\x00\x00"[..];
    assert_eq!(reader.read(&mut header), Ok(None));
    assert!(reader.space().is_none());
    let mut came = 0;
    let mut event = None;
    while came < 1 << 20 {
        // In place where that is offered, and by portions now and then.
        if came % 3 != 0
            && let Some(mut space) = reader.space()
        {
            let count = space.chunk_mut().len().min((1 << 20) - came);
            assert!(count <= came.max(4096), "{count} for {came}");
            space.put_bytes(7, count);
            came += count;
            event = reader.read(&mut &[][..]).unwrap();
            continue;
        }
        let count = 1000.min((1 << 20) - came);
        event = reader.read(&mut &vec![7; count][..]).unwrap();
        came += count;
    }
    assert_eq!(event, Some(binary(vec![7; 1 << 20])));
    assert!(reader.space().is_none() && !reader.is_within_message());
}
