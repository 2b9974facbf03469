//! Frames of any kind: what one side writes, the other reads (R2), in any portions (R1), and nothing that
//! comes breaks the reader (R3).

use bytes::{BufMut, Bytes};
use proptest::collection::vec;
use proptest::prelude::*;
use wampwerk::internals::framing::websocket::{
    Event, Form, Kind, Limits, Part, ReadError, Reader, Role, Writer, mask,
};

const LIMITS: Limits = Limits { frame: 300_000, message: 300_000 };

#[derive(Clone, Debug)]
enum Sent {
    Message(Kind, Bytes, usize),
    Ping(Bytes),
    Pong(Bytes),
}

fn sent() -> impl Strategy<Value = Sent> {
    let length =
        prop_oneof![4 => 0..300_usize, 1 => 60_000..70_000_usize, 1 => 100_000..200_000_usize];
    let octets = |length: usize, seed: u8| -> Bytes {
        (0..length).map(|at| (at as u8).wrapping_mul(31).wrapping_add(seed)).collect()
    };
    let binary = (length, any::<u8>(), 0..2000_usize)
        .prop_map(move |(length, seed, fragment)| (octets(length, seed), fragment));
    prop_oneof![
        3 => binary.prop_map(|(payload, fragment)| Sent::Message(Kind::Binary, payload, fragment)),
        3 => (".{0,200}", 0..9_usize)
            .prop_map(|(text, fragment)| Sent::Message(Kind::Text, text.into(), fragment)),
        1 => vec(any::<u8>(), 0..126).prop_map(|payload| Sent::Ping(payload.into())),
        1 => vec(any::<u8>(), 0..126).prop_map(|payload| Sent::Pong(payload.into())),
    ]
}

fn write(role: Role, all: &[Sent]) -> Vec<u8> {
    let mut writer = match role {
        Role::Client => Writer::client(|| [0x12, 0xfe, 0, 0x9a]),
        Role::Server => Writer::server(),
    };
    for sent in all {
        match sent.clone() {
            Sent::Message(kind, payload, fragment) => {
                let form = Form { fragment: fragment.try_into().ok(), uncompressed: false };
                writer.message(kind, payload, form).unwrap();
            }
            Sent::Ping(payload) => writer.ping(payload),
            Sent::Pong(payload) => writer.pong(payload),
        }
    }
    // Taken in pieces, as a stream does.
    let (mut octets, mut step) = (Vec::new(), 1);
    while !writer.chunks().is_empty() {
        let chunk = writer.chunks().iter().next().unwrap_or_default();
        let count = chunk.len().min(step);
        octets.extend_from_slice(&chunk[..count]);
        writer.advance(count);
        step = step * 3 % 70_001;
    }
    assert!(writer.chunks().is_empty());
    octets
}

/// Reads in portions of these sizes, over and over, in place where the reader offers it.
fn read(
    mut reader: Reader,
    octets: &[u8],
    portions: &[usize],
) -> (Vec<Event>, Result<(), ReadError>) {
    let (mut events, mut rest) = (Vec::new(), octets);
    for portion in portions.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let count = (*portion).min(rest.len());
        let (mut input, behind) = rest.split_at(count);
        rest = behind;
        if let Some(mut space) = reader.space() {
            let count = space.chunk_mut().len().min(input.len());
            space.put_slice(&input[..count]);
            input = &input[count..];
        }
        loop {
            match reader.read(&mut input) {
                Ok(Some(event)) => events.push(event),
                Ok(None) => break,
                Err(error) => return (events, Err(error)),
            }
        }
    }
    (events, Ok(()))
}

fn expected(all: &[Sent]) -> Vec<Event> {
    let event = |sent: &Sent| match sent.clone() {
        Sent::Message(kind, payload, _) => Event::Message(kind, payload),
        Sent::Ping(payload) => Event::Ping(payload),
        Sent::Pong(payload) => Event::Pong(payload),
    };
    all.iter().map(event).collect()
}

/// Joins the parts of messages.
fn joined(events: Vec<Event>) -> Vec<Event> {
    let (mut whole, mut message) = (Vec::new(), None);
    let (mut frame, mut missing) = (false, 0);
    for event in events {
        match event {
            Event::Part(Part::Begin(kind)) => {
                assert!(message.is_none());
                message = Some((kind, Vec::new()));
            }
            Event::Part(Part::FrameBegin(length)) => {
                assert!(!std::mem::replace(&mut frame, true));
                missing = length;
            }
            Event::Part(Part::Data(octets)) => {
                assert!(frame && !octets.is_empty());
                missing -= octets.len() as u64;
                message.as_mut().unwrap().1.extend_from_slice(&octets);
            }
            Event::Part(Part::FrameEnd) => {
                assert!(std::mem::replace(&mut frame, false));
                assert_eq!(missing, 0);
            }
            Event::Part(Part::End) => {
                let (kind, payload) = message.take().unwrap();
                whole.push(Event::Message(kind, payload.into()));
            }
            other => whole.push(other),
        }
    }
    whole
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn r02_what_one_side_writes_the_other_reads(
        all in vec(sent(), 0..8),
        portions in vec(1..80_000_usize, 1..6),
        client in any::<bool>(),
    ) {
        let role = if client { Role::Client } else { Role::Server };
        let octets = write(role, &all);
        let reader = || Reader::new(role, LIMITS);
        let (events, result) = read(reader(), &octets, &portions);
        prop_assert_eq!(&events, &expected(&all));
        prop_assert_eq!(result, Ok(()));
        let (parts, result) = read(reader().in_parts(), &octets, &portions);
        prop_assert_eq!(joined(parts), events);
        prop_assert_eq!(result, Ok(()));
    }

    #[test]
    fn r01_r03_anything_that_comes_is_the_same_in_any_portions(
        octets in vec(prop_oneof![Just(0x81_u8), Just(0x82), Just(0x01), Just(0), Just(0x80), any::<u8>()], 0..300),
        portions in vec(1..20_usize, 1..4),
        client in any::<bool>(),
    ) {
        let role = if client { Role::Client } else { Role::Server };
        let whole = read(Reader::new(role, LIMITS), &octets, &[usize::MAX]);
        let parts = read(Reader::new(role, LIMITS), &octets, &portions);
        prop_assert_eq!(whole, parts);
    }

    #[test]
    fn a_mask_is_the_same_in_parts(
        octets in vec(any::<u8>(), 0..200), key in any::<[u8; 4]>(), cut in 0..200_usize,
    ) {
        let cut = cut.min(octets.len());
        let mut masked = octets.clone();
        let (one, two) = masked.split_at_mut(cut);
        mask::apply(key, 0, one);
        mask::apply(key, cut, two);
        let slow = octets.iter().enumerate().map(|(at, octet)| octet ^ key[at % 4]);
        prop_assert_eq!(masked, slow.collect::<Vec<_>>());
    }
}
