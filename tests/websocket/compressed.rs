//! Compressed messages on frames: RSV1 (D1 to D5), parts, limits, and what is prepared for many.

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use wampwerk::internals::framing::websocket::deflate::{Agreement, accept, compress_shared, offer};
use wampwerk::internals::framing::websocket::{
    COMPRESS_STEP, Event, Form, Kind, Limits, Part, ReadError, Reader, Role, Writer,
};
use wampwerk::websocket::Deflate;

const LIMITS: Limits = Limits { frame: 1 << 20, message: 1 << 20 };

fn agreement(takeover: bool) -> Agreement {
    let settings = Deflate::new()
        .client_context_takeover(takeover)
        .server_context_takeover(takeover)
        .threshold(0);
    accept([offer(&settings)], &settings).unwrap().expect("it is accepted").0
}

fn reader(takeover: bool, limits: Limits) -> Reader {
    let inflate = agreement(takeover).decompressor(Role::Client);
    Reader::new(Role::Server, limits).inflate(Some(inflate))
}

fn writer(takeover: bool) -> Writer {
    Writer::server().deflate(Some(agreement(takeover).compressor(Role::Server)))
}

fn take(writer: &mut Writer) -> Vec<u8> {
    while writer.is_compressing() {
        writer.step();
    }
    let octets = writer.chunks().iter().collect::<Vec<_>>().concat();
    writer.advance(octets.len());
    octets
}

fn read(reader: &mut Reader, mut octets: &[u8]) -> Result<Vec<Event>, ReadError> {
    let mut events = Vec::new();
    while let Some(event) = reader.read(&mut octets)? {
        events.push(event);
    }
    Ok(events)
}

fn hello() -> Vec<Event> {
    vec![Event::Message(Kind::Text, "Hello".into())]
}

/// The examples of RFC 7692, section 7.2.3.
#[test]
fn d00_the_examples_of_the_specification() {
    for octets in [
        &b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00"[..],
        b"\x41\x03\xf2\x48\xcd\x80\x04\xc9\xc9\x07\x00",
        b"\xc1\x0b\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00",
        b"\xc1\x08\xf3\x48\xcd\xc9\xc9\x07\x00\x00",
        b"\xc1\x0d\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00",
    ] {
        assert_eq!(read(&mut reader(false, LIMITS), octets), Ok(hello()), "{octets:02x?}");
    }
    let mut reader = reader(true, LIMITS);
    assert_eq!(read(&mut reader, b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00"), Ok(hello()));
    assert_eq!(read(&mut reader, b"\xc1\x05\xf2\x00\x11\x00\x00"), Ok(hello()));
}

#[test]
fn d01_rsv1_is_on_the_first_frame_only() {
    let mut other = reader(false, LIMITS);
    let first = b"\x41\x03\xf2\x48\xcd";
    assert_eq!(read(&mut other, first), Ok(vec![]));
    let refused = read(&mut other, b"\xc0\x04\xc9\xc9\x07\x00");
    assert_eq!(refused, Err(ReadError::ReservedBits(4)));
    for control in [0xc8, 0xc9, 0xca] {
        let refused = read(&mut reader(false, LIMITS), &[control, 0]);
        assert_eq!(refused, Err(ReadError::ReservedBits(4)));
    }
}

#[test]
fn d02_any_message_may_be_plain() {
    let mut reader = reader(true, LIMITS);
    assert_eq!(read(&mut reader, b"\x81\x05Hello"), Ok(hello()));
    assert_eq!(read(&mut reader, b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00"), Ok(hello()));
    assert_eq!(read(&mut reader, b"\x01\x03Hel\x80\x02lo"), Ok(hello()));
    // Plain messages are no part of the history.
    assert_eq!(read(&mut reader, b"\xc1\x05\xf2\x00\x11\x00\x00"), Ok(hello()));
}

#[test]
fn d03_rsv1_without_compression_is_a_breach() {
    let mut reader = Reader::new(Role::Server, LIMITS);
    let refused = read(&mut reader, b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00");
    assert_eq!(refused, Err(ReadError::ReservedBits(4)));
    assert_eq!(ReadError::ReservedBits(4).close_code(), 1002);
}

#[test]
fn d04_control_frames_are_plain() {
    let mut writer = writer(true);
    writer.ping(vec![b'a'; 100].into());
    writer.pong(vec![b'a'; 100].into());
    writer.close(Some((1000, &"a".repeat(100))));
    let octets = take(&mut writer);
    assert_eq!((octets[0], octets[102], octets[204]), (0x89, 0x8a, 0x88));
}

#[test]
fn d05_utf8_is_checked_on_what_was_inflated() {
    let mut writer = writer(false);
    // The frame would end later: the error comes before.
    let bad = [&b"good text "[..], &[0xff], &[b'a'; 500]].concat();
    writer.message(Kind::Binary, bad.into(), Form::default()).unwrap();
    let mut octets = take(&mut writer);
    assert_eq!(octets[0], 0xc2);
    octets[0] = 0xc1;
    let short = &octets[..octets.len() - 1];
    assert_eq!(read(&mut reader(false, LIMITS), short), Err(ReadError::Utf8));
    // A character may be split between frames wherever the compressed octets are cut.
    let text = "κόσμε€😀".repeat(40);
    for fragment in [1, 2, 3, 10] {
        let form = Form { fragment: fragment.try_into().ok(), uncompressed: false };
        writer.message(Kind::Text, text.clone().into(), form).unwrap();
        let octets = take(&mut writer);
        assert_eq!(octets[0], 0x41);
        let expected = vec![Event::Message(Kind::Text, text.clone().into())];
        assert_eq!(read(&mut reader(false, LIMITS), &octets), Ok(expected));
    }
}

#[test]
fn d11_a_message_can_be_sent_as_it_is() {
    let mut writer = writer(true);
    let payload = vec![b'a'; 1000];
    writer
        .message(Kind::Binary, payload.into(), Form { fragment: None, uncompressed: true })
        .unwrap();
    assert_eq!(take(&mut writer)[0], 0x82);
}

#[test]
fn d12_the_limit_is_that_of_the_inflated_message() {
    let limits = Limits { frame: 20_000, message: 2000 };
    for (size, fits) in [(2000, true), (2001, false), (1 << 20, false)] {
        let mut writer = writer(false);
        writer.message(Kind::Binary, vec![7; size].into(), Form::default()).unwrap();
        let octets = take(&mut writer);
        assert!(octets.len() < 12_000, "{}", octets.len());
        let result = read(&mut reader(false, limits), &octets);
        let expected = vec![Event::Message(Kind::Binary, vec![7; size].into())];
        let too_long = ReadError::MessageTooLong { length: 2001, limit: 2000 };
        assert_eq!(result, if fits { Ok(expected) } else { Err(too_long) });
    }
}

/// R3, R4: whatever a few octets inflate to, one step makes a bounded part of it.
#[cfg(feature = "deflate")]
#[test]
fn r03_r04_a_step_inflates_a_bounded_part() {
    const SIZE: usize = 8 << 20;
    const STEP: usize = 64 << 10;
    let limits = Limits { frame: SIZE, message: SIZE };
    let mut writer = writer(false);
    writer.message(Kind::Binary, vec![0; SIZE].into(), Form::default()).unwrap();
    let octets = take(&mut writer);
    assert!(octets.len() < 100_000, "{}", octets.len());

    let mut whole = reader(false, limits);
    let mut input = &octets[..];
    let mut steps = 0;
    let message = loop {
        let before = input.len();
        match whole.read_some(&mut input).unwrap() {
            Some(event) => break event,
            None => assert!(whole.has_event() || !input.is_empty()),
        }
        assert!(before - input.len() <= 4096);
        steps += 1;
    };
    assert_eq!(message, Event::Message(Kind::Binary, vec![0; SIZE].into()));
    assert!(steps >= SIZE / STEP / 2, "{steps}");
    assert!(input.is_empty() && !whole.has_event());

    let mut parts = reader(false, limits).in_parts();
    let mut input = &octets[..];
    let mut length = 0;
    while let Some(event) = parts.read(&mut input).unwrap() {
        if let Event::Part(Part::Data(data)) = event {
            assert!(data.len() <= STEP, "{}", data.len());
            length += data.len();
            // What follows is inflated when it is asked for.
            assert!(input.len() > octets.len() - 5000 || length > STEP);
        }
    }
    assert_eq!(length, SIZE);
}

#[test]
fn d14_a_final_block_in_a_message_does_not_spin() {
    for octets in [b"\xc2\x02\x03\x00", b"\xc2\x02\x03\x80"] {
        let mut reader = reader(true, LIMITS);
        let empty = Event::Message(Kind::Binary, vec![].into());
        assert_eq!(read(&mut reader, octets), Ok(vec![empty]));
        assert_eq!(read(&mut reader, b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00"), Ok(hello()));
    }
}

#[test]
fn d16_what_cannot_be_inflated_ends_the_connection() {
    for bad in [&b"\xc1\x03\xff\xff\xff"[..], b"\xc1\x05\xf2\x00\x11\x00\x00"] {
        assert_eq!(read(&mut reader(false, LIMITS), bad), Err(ReadError::Compression));
    }
    assert_eq!(ReadError::Compression.close_code(), 1007);
}

#[test]
fn d18_an_empty_payload_is_an_empty_message() {
    let empty = || vec![Event::Message(Kind::Text, vec![].into())];
    assert_eq!(read(&mut reader(true, LIMITS), b"\xc1\x00"), Ok(empty()));
    assert_eq!(read(&mut reader(true, LIMITS), b"\xc1\x01\x00"), Ok(empty()));
}

#[test]
fn what_is_streamed_is_compressed_as_one_message() {
    let mut writer = writer(true);
    let mut reader = reader(true, LIMITS);
    for round in 0..3 {
        writer.begin_message(Kind::Text, false).unwrap();
        writer.message_frame("Hello ".repeat(50).into()).unwrap();
        writer.ping("p".into());
        writer.message_frame("Hello ".repeat(50).into()).unwrap();
        assert!(writer.begin_frame(3).is_err(), "its length is not known");
        writer.end_message().unwrap();
        let octets = take(&mut writer);
        assert!(octets.len() < 80, "{round}: {}", octets.len());
        let mut events = read(&mut reader, &octets).unwrap();
        events.retain(|event| !matches!(event, Event::Ping(_)));
        assert_eq!(events, [Event::Message(Kind::Text, "Hello ".repeat(100).into())]);
    }
    // Without a frame it is empty.
    writer.begin_message(Kind::Binary, false).unwrap();
    writer.end_message().unwrap();
    let events = read(&mut reader, &take(&mut writer));
    assert_eq!(events, Ok(vec![Event::Message(Kind::Binary, vec![].into())]));
}

/// RFC 7692, section 7.2.3.2 allows history; a shared message refers to none, and none refers to it.
#[test]
fn a_prepared_message_goes_to_all() {
    let text = "prepared ".repeat(30);
    let payload = Bytes::from(text.clone());
    let compressed = Bytes::from(compress_shared(&payload, 1, 15).unwrap());
    let whole = || Event::Message(Kind::Text, text.clone().into());
    let mut frames = Vec::new();
    for takeover in [false, true] {
        let (mut writer, mut reader) = (writer(takeover), reader(takeover, LIMITS));
        for _ in 0..2 {
            writer.message(Kind::Text, text.clone().into(), Form::default()).unwrap();
            assert_eq!(read(&mut reader, &take(&mut writer)), Ok(vec![whole()]));
            assert_eq!(writer.compression(payload.len()), Some((1, 15)));
            writer.shared(Kind::Text, &compressed, true).unwrap();
            let octets = take(&mut writer);
            assert_eq!(read(&mut reader, &octets), Ok(vec![whole()]));
            frames.push(octets);
        }
    }
    assert!(frames.iter().all(|frame| *frame == frames[0] && frame.len() < 60));
    let mut plain = Writer::server();
    assert_eq!(plain.compression(payload.len()), None);
    plain.shared(Kind::Text, &payload, false).unwrap();
    assert_eq!(read(&mut reader(false, LIMITS), &take(&mut plain)), Ok(vec![whole()]));
    let mut client = Writer::client(|| [1, 2, 3, 4]);
    client.shared(Kind::Text, &payload, false).unwrap();
    let mut reader = Reader::new(Role::Client, LIMITS);
    assert_eq!(read(&mut reader, &take(&mut client)), Ok(vec![whole()]));
}

/// What one step compresses is bounded, and the message is the same as if it had been compressed at once.
#[test]
fn a_long_message_is_compressed_in_steps() {
    for takeover in [false, true] {
        for fragment in [0, 10_000] {
            let (mut writer, mut reader) = (writer(takeover), reader(takeover, LIMITS));
            let form = Form { fragment: fragment.try_into().ok(), uncompressed: false };
            let text =
                |length: usize| Bytes::from_iter((0..length).map(|at| b'a' + (at % 23) as u8));
            writer.message(Kind::Text, text(COMPRESS_STEP), form).unwrap();
            assert!(!writer.is_compressing());
            let before = writer.chunks().len();
            writer.message(Kind::Text, text(4 * COMPRESS_STEP + 1), form).unwrap();
            for step in 1..=5 {
                assert!(writer.is_compressing(), "{step}");
                assert_eq!(writer.chunks().len(), before);
                writer.step();
            }
            assert!(!writer.is_compressing() && writer.chunks().len() > before);
            writer.step();
            // What is written before the last step goes behind the message; a pong does not.
            writer.message(Kind::Text, text(2 * COMPRESS_STEP), form).unwrap();
            writer.pong("before".into());
            writer.message(Kind::Text, "last".into(), form).unwrap();
            assert!(!writer.is_compressing());
            writer.message(Kind::Text, text(2 * COMPRESS_STEP), form).unwrap();
            writer.close(Some((1000, "")));
            assert_eq!(
                read(&mut reader, &take(&mut writer)),
                Ok(vec![
                    Event::Message(Kind::Text, text(COMPRESS_STEP)),
                    Event::Message(Kind::Text, text(4 * COMPRESS_STEP + 1)),
                    Event::Pong("before".into()),
                    Event::Message(Kind::Text, text(2 * COMPRESS_STEP)),
                    Event::Message(Kind::Text, "last".into()),
                    Event::Message(Kind::Text, text(2 * COMPRESS_STEP)),
                    Event::Close(Some((1000, String::new()))),
                ])
            );
        }
    }
}

/// A message whose steps are not done when the connection is lost is forgotten, and so is the history.
#[test]
fn a_long_message_that_is_cleared_leaves_nothing() {
    let (mut writer, mut reader) = (writer(true), reader(true, LIMITS));
    let long = Bytes::from(vec![7; 3 * COMPRESS_STEP]);
    writer.message(Kind::Binary, long, Form::default()).unwrap();
    writer.step();
    writer.clear();
    assert!(!writer.is_compressing() && writer.chunks().is_empty());
    writer.message(Kind::Binary, vec![7; 300].into(), Form::default()).unwrap();
    let events = read(&mut reader, &take(&mut writer));
    assert_eq!(events, Ok(vec![Event::Message(Kind::Binary, vec![7; 300].into())]));
}

fn payload() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(0..3_u8, 0..3000),
        vec(any::<u8>(), 0..300),
        (0..200_000_usize).prop_map(|length| (0..length).map(|at| (at / 7) as u8).collect()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn r02_compressed_messages_arrive_whole_and_in_parts(
        payloads in vec(payload(), 1..5),
        portion in 1..5000_usize,
        fragment in 0..5000_usize,
        takeover in any::<bool>(),
    ) {
        let mut writer = writer(takeover);
        let (mut whole, mut parts) = (reader(takeover, LIMITS), reader(takeover, LIMITS).in_parts());
        for payload in payloads {
            let form = Form { fragment: fragment.try_into().ok(), uncompressed: false };
            writer.message(Kind::Binary, payload.clone().into(), form).unwrap();
            let octets = take(&mut writer);
            let (mut messages, mut joined, mut ends) = (Vec::new(), Vec::new(), 0);
            for portion in octets.chunks(portion) {
                messages.extend(read(&mut whole, portion).unwrap());
                for event in read(&mut parts, portion).unwrap() {
                    match event {
                        Event::Part(Part::Data(data)) => joined.extend_from_slice(&data),
                        Event::Part(Part::End) => ends += 1,
                        _ => {}
                    }
                }
            }
            prop_assert_eq!((&joined, ends), (&payload, 1));
            prop_assert_eq!(messages, [Event::Message(Kind::Binary, payload.into())]);
        }
    }
}

/// Each costs a new stream, and no octet comes of it.
#[test]
fn d14_final_blocks_are_read_in_bounded_steps() {
    let blocks = b"\x03\x00".repeat(200);
    let octets = [&[0xc2, 126, 1, 0x90][..], &blocks].concat();
    let mut reader = reader(false, LIMITS);
    let (mut input, mut steps) = (&octets[..], 0);
    let event = loop {
        steps += 1;
        let before = input.len();
        match reader.read_some(&mut input).unwrap() {
            Some(event) => break event,
            None => assert!(before - input.len() <= 300, "{before} {}", input.len()),
        }
    };
    assert_eq!(event, Event::Message(Kind::Binary, Default::default()));
    assert!((2..10).contains(&steps), "{steps}");
}
