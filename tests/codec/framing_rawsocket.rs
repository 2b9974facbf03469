//! RawSocket's framing on bytes of any kind, in portions of any size.

use bytes::{BufMut, Bytes};
use proptest::collection::vec;
use proptest::prelude::*;
use wampwerk::Serializer;
use wampwerk::internals::framing::rawsocket::{
    Frame, FrameError, FrameKind, FrameReader, FrameWriter, HEADER_SIZE, HandshakeReply, MAX_FRAME,
    MaxLength, RawSocketRefusal, ReplyError, Request, RequestError,
};

fn frame() -> impl Strategy<Value = Frame> {
    let kind = prop_oneof![Just(FrameKind::Message), Just(FrameKind::Ping), Just(FrameKind::Pong)];
    let length =
        prop_oneof![4 => 0..300_usize, 1 => 15_000..40_000_usize, 1 => 60_000..150_000_usize];
    (kind, length, any::<u8>()).prop_map(|(kind, length, seed)| {
        let payload: Vec<u8> = (0..length).map(|at| (at as u8).wrapping_add(seed)).collect();
        Frame { kind, payload: payload.into() }
    })
}

fn write(frames: &[Frame]) -> FrameWriter {
    let mut writer = FrameWriter::new();
    for frame in frames {
        let before = writer.len();
        writer.push(frame.clone()).unwrap();
        assert_eq!(writer.len() - before, HEADER_SIZE + frame.payload.len());
    }
    writer
}

fn contents(writer: &FrameWriter) -> Vec<u8> {
    let bytes = writer.chunks().collect::<Vec<_>>().concat();
    assert_eq!(bytes.len(), writer.len());
    assert!(writer.chunks().all(|chunk| !chunk.is_empty()));
    bytes
}

/// All frames that are whole.
fn take(reader: &mut FrameReader, frames: &mut Vec<Frame>) -> Result<(), FrameError> {
    while let Some(frame) = reader.next_frame()? {
        frames.push(frame);
    }
    Ok(())
}

/// In portions of these sizes, over and over, in place where the reader offers it.
fn read(bytes: &[u8], portions: &[usize], limit: usize) -> (Vec<Frame>, Result<(), FrameError>) {
    let mut reader = FrameReader::new(limit);
    let (mut frames, mut rest) = (Vec::new(), bytes);
    for portion in portions.iter().cycle() {
        if let Err(error) = take(&mut reader, &mut frames) {
            return (frames, Err(error));
        }
        if rest.is_empty() {
            break;
        }
        let (mut now, behind) = rest.split_at((*portion).min(rest.len()));
        rest = behind;
        while !now.is_empty() {
            let Some(mut space) = reader.space() else { break };
            let room = space.chunk_mut().len().min(now.len());
            assert!(room > 0);
            let (here, more) = now.split_at(room);
            space.put_slice(here);
            now = more;
        }
        reader.feed(now);
    }
    (frames, Ok(()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_is_written_is_read_however_it_is_cut(
        frames in vec(frame(), 0..12),
        portions in vec(prop_oneof![1..9_usize, 1..5000_usize, 30_000..200_000_usize], 1..8),
    ) {
        let bytes = contents(&write(&frames));
        let (found, end) = read(&bytes, &portions, MAX_FRAME);
        prop_assert_eq!(end, Ok(()));
        prop_assert_eq!(found, frames);
    }

    #[test]
    fn what_leaves_in_parts_is_the_same(
        frames in vec(frame(), 0..12),
        parts in vec(1..70_000_usize, 1..8),
    ) {
        let mut writer = write(&frames);
        let bytes = contents(&writer);
        let mut left = Vec::new();
        for part in parts.iter().cycle() {
            let Some(chunk) = writer.chunks().next() else { break };
            // A part may reach into the next chunks, as it does with a vectored write.
            let count = if part % 2 == 0 { (*part).min(writer.len()) } else { chunk.len().min(*part) };
            let all = contents(&writer);
            left.extend_from_slice(&all[..count]);
            writer.advance(count);
            prop_assert_eq!(contents(&writer), &all[count..]);
        }
        prop_assert!(writer.is_empty());
        prop_assert_eq!(left, bytes);
        // And it goes on.
        writer.push(Frame::ping("more")).unwrap();
        prop_assert_eq!(contents(&writer), b"\x01\0\0\x04more");
    }

    #[test]
    fn any_bytes_are_frames_or_refused(
        bytes in vec(prop_oneof![3 => Just(0_u8), 1 => 0..4_u8, 1 => any::<u8>()], 0..400),
        portions in vec(1..60_usize, 1..8),
        limit in prop_oneof![Just(512_usize), Just(MAX_FRAME)],
    ) {
        let whole = read(&bytes, &[bytes.len().max(1)], limit);
        prop_assert_eq!(&read(&bytes, &portions, limit), &whole);
        let taken: usize = whole.0.iter().map(|frame| HEADER_SIZE + frame.payload.len()).sum();
        prop_assert!(taken <= bytes.len());
        // What was read is written again as it was.
        prop_assert_eq!(contents(&write(&whole.0)), &bytes[..taken]);
        prop_assert!(whole.0.iter().all(|frame| frame.payload.len() <= limit));
    }

    #[test]
    fn a_header_alone_tells_whether_the_frame_is_taken(length in 0..1_usize << 25, exponent in 0..16_u8) {
        let limit = MaxLength::new(exponent).unwrap().bytes();
        let number = length as u32;
        let octets = (number & 0x00ff_ffff | (number & 0x0100_0000) << 3).to_be_bytes();
        let mut reader = FrameReader::new(limit);
        for octet in octets {
            prop_assert_eq!(reader.next_frame(), Ok(None));
            reader.feed(&[octet]);
        }
        let expected = match length {
            0 => Ok(Some(Frame::message(""))),
            _ if length > limit => Err(FrameError::TooLong { length, limit }),
            _ => Ok(None),
        };
        prop_assert_eq!(reader.next_frame(), expected);
    }

    #[test]
    fn any_handshake_is_read_and_written_or_refused(octets in any::<[u8; 4]>(), magic in any::<bool>()) {
        let mut octets = octets;
        if magic {
            octets[0] = 0x7f;
        }
        if let Ok(request) = Request::read(octets) {
            prop_assert_eq!(request.octets(), octets);
        }
        let sent = Request::new(Serializer::MsgPack, MaxLength::MIN);
        match HandshakeReply::read(octets, sent) {
            Ok(max_length) => prop_assert_eq!(Request { max_length, ..sent }.octets(), octets),
            Err(ReplyError::Refused(refusal)) => {
                prop_assert_eq!(&HandshakeReply::Refuse(refusal).octets()[..2], &octets[..2]);
            }
            Err(_) => {}
        }
    }
}

#[test]
fn a_frame_of_exactly_two_to_the_24_is_read_and_written() {
    let payload = Bytes::from(vec![5; MAX_FRAME]);
    let mut writer = FrameWriter::new();
    writer.push(Frame::message(payload.clone())).unwrap();
    let chunks: Vec<_> = writer.chunks().collect();
    assert_eq!(chunks[0], [0x08, 0, 0, 0]);
    // It was not copied.
    assert!(std::ptr::eq(chunks[1], &payload[..]));
    let (frames, end) = read(&chunks.concat(), &[1 << 20], MAX_FRAME);
    assert_eq!(end, Ok(()));
    assert!(frames == [Frame::message(payload)]);

    let longer = Frame::message(vec![5; MAX_FRAME + 1]);
    let error = FrameError::TooLong { length: MAX_FRAME + 1, limit: MAX_FRAME };
    let mut writer = FrameWriter::new();
    assert_eq!(writer.push(longer), Err(error));
    assert!(writer.is_empty());
}

#[test]
fn short_frames_leave_together() {
    let frames: Vec<Frame> =
        (0..500).map(|number| Frame::message(vec![number as u8; 100])).collect();
    assert_eq!(write(&frames).chunks().count(), 1);
    // Also those around a long one, with its header.
    let long = Frame::message(vec![1; 100_000]);
    let frames = [&frames[..10], &[long], &frames[..10]].concat();
    assert_eq!(write(&frames).chunks().count(), 3);
}

#[test]
fn each_wrong_bit_of_a_request_is_told_apart() {
    let request = Request::new(Serializer::Json, MaxLength::MAX);
    for bit in 0..32 {
        let octets = flip(request.octets(), bit);
        let found = Request::read(octets);
        let expected = match bit {
            0..8 => Err(RequestError::Magic(octets[0])),
            // Another length is as good.
            8..12 => Ok(Request { max_length: MaxLength::new(octets[1] >> 4).unwrap(), ..request }),
            // Serializer 1 less 1.
            15 => Err(RequestError::NoSerializer),
            12..15 => Ok(Request { serializer: octets[1] & 15, ..request }),
            _ => Err(RequestError::Reserved([octets[2], octets[3]])),
        };
        assert_eq!(found, expected, "bit {bit}");
        let told = found.err().and_then(RequestError::refusal);
        assert_eq!(told, (bit >= 16).then_some(RawSocketRefusal::ReservedBits));
    }
}

#[test]
fn each_wrong_bit_of_a_reply_is_told_apart() {
    let request = Request::new(Serializer::Json, MaxLength::MAX);
    for bit in 0..32 {
        let octets = flip(request.octets(), bit);
        let answered = octets[1] & 15;
        let expected = match bit {
            0..8 => Err(ReplyError::Magic(octets[0])),
            8..12 => Ok(MaxLength::new(octets[1] >> 4).unwrap()),
            15 => Err(ReplyError::UnknownCode(15)),
            12..15 => Err(ReplyError::Serializer { asked: 1, answered }),
            _ => Err(ReplyError::Reserved([octets[2], octets[3]])),
        };
        assert_eq!(HandshakeReply::read(octets, request), expected, "bit {bit}");
    }
    for refusal in RawSocketRefusal::ALL {
        for bit in 0..32 {
            let octets = flip(HandshakeReply::Refuse(refusal).octets(), bit);
            let code = octets[1] >> 4;
            let expected = match bit {
                0..8 => ReplyError::Magic(octets[0]),
                8..12 => RawSocketRefusal::from_code(code)
                    .map_or(ReplyError::UnknownCode(code), ReplyError::Refused),
                // The serializer that was asked for, with the code as a length.
                15 => {
                    assert_eq!(
                        HandshakeReply::read(octets, request),
                        Ok(MaxLength::new(code).unwrap())
                    );
                    continue;
                }
                12..15 => ReplyError::Serializer { asked: 1, answered: octets[1] & 15 },
                // It refuses, whatever stands behind.
                _ => ReplyError::Refused(refusal),
            };
            assert_eq!(
                HandshakeReply::read(octets, request),
                Err(expected),
                "{refusal:?}, bit {bit}"
            );
        }
    }
}

#[test]
fn lengths_cover_what_they_have_to() {
    for (bytes, exponent) in
        [(0, 0), (1, 0), (512, 0), (513, 1), (65_536, 7), (65_537, 8), (MAX_FRAME, 15)]
    {
        assert_eq!(MaxLength::covering(bytes).exponent(), exponent, "{bytes}");
    }
    assert_eq!(MaxLength::covering(usize::MAX), MaxLength::MAX);
    assert_eq!(MaxLength::new(16), None);
    assert_eq!((MaxLength::MIN.bytes(), MaxLength::MAX.bytes()), (512, 1 << 24));
}

fn flip(mut octets: [u8; 4], bit: usize) -> [u8; 4] {
    octets[bit / 8] ^= 0x80 >> (bit % 8);
    octets
}
