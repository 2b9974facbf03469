//! RawSocket: any octets are a handshake or refused, and whatever the portions in which frames come,
//! they are the same frames, or the same error behind the same frames.

use bytes::BufMut;
use wampwerk::Serializer;
use wampwerk::internals::framing::rawsocket::{
    Frame, FrameError, FrameReader, FrameWriter, HANDSHAKE_SIZE, HEADER_SIZE, HandshakeReply,
    Header, MAGIC, MAX_FRAME, MaxLength, Request,
};

/// Four octets of the client, four of the server.
pub fn handshake(input: &[u8]) {
    let Some((client, rest)) = input.split_first_chunk::<HANDSHAKE_SIZE>() else { return };
    let request = match Request::read(*client) {
        Ok(request) => {
            assert_eq!(request.octets(), *client, "read as another request");
            assert!(client[0] == MAGIC && request.serializer != 0);
            request
        }
        Err(error) => {
            if let Some(refusal) = error.refusal() {
                let told = HandshakeReply::Refuse(refusal).octets();
                let ours = Request::new(Serializer::Json, MaxLength::MAX);
                assert!(HandshakeReply::read(told, ours).is_err());
            }
            Request::new(Serializer::Cbor, MaxLength::MIN)
        }
    };
    assert_eq!(MaxLength::covering(request.max_length.bytes()), request.max_length);
    let Some(server) = rest.first_chunk::<HANDSHAKE_SIZE>() else { return };
    if let Ok(max_length) = HandshakeReply::read(*server, request) {
        let accepted = HandshakeReply::Accept(Request { max_length, ..request });
        assert_eq!(accepted.octets(), *server, "read as another reply");
    }
}

/// Two octets choose the limit and the portions, the others are what comes.
pub fn frames(input: &[u8]) {
    let [limit, portions, stream @ ..] = input else { return };
    let limit = MaxLength::new(limit % 16).map_or(MAX_FRAME, MaxLength::bytes);
    let (expected, end) = reference(stream, limit);
    let mut reader = FrameReader::new(limit);
    let mut got = Vec::new();
    let mut outcome = Ok(());
    let (mut rest, mut turn) = (stream, usize::from(*portions));
    while !rest.is_empty() && outcome.is_ok() {
        turn = turn.wrapping_mul(31).wrapping_add(7) % 9973;
        // Mostly short ones, now and then all that there is.
        let portion = if turn % 11 == 0 { rest.len() } else { 1 + turn % 13 }.min(rest.len());
        let (now, later) = rest.split_at(portion);
        let in_place = turn % 3 == 0 && place(&mut reader, now);
        if !in_place {
            reader.feed(now);
        }
        rest = later;
        // Not looked at each time.
        if turn % 5 != 0 || rest.is_empty() {
            outcome = take(&mut reader, &mut got);
        }
    }
    assert_eq!(got, expected);
    match (outcome, end) {
        (Err(error), Err(expected)) => {
            assert_eq!(error, expected);
            reader.feed(stream);
            assert_eq!(reader.next_frame(), Err(expected), "goes on behind an error");
        }
        (Ok(()), Ok(cut)) => assert_eq!(reader.is_within_frame(), cut),
        (outcome, end) => panic!("{outcome:?}, {end:?} expected"),
    }
    written(&got, usize::from(*portions) + 1);
}

/// Writes to where the reader wants it; false if it does not, or has no room for all of it.
fn place(reader: &mut FrameReader, bytes: &[u8]) -> bool {
    match reader.space() {
        Some(mut space) if space.remaining_mut() >= bytes.len() => {
            space.put_slice(bytes);
            true
        }
        _ => false,
    }
}

fn take(reader: &mut FrameReader, got: &mut Vec<Frame>) -> Result<(), FrameError> {
    while let Some(frame) = reader.next_frame()? {
        got.push(frame);
    }
    Ok(())
}

/// The frames of a whole stream, and what is wrong behind them, or whether it ends within one.
fn reference(mut stream: &[u8], limit: usize) -> (Vec<Frame>, Result<bool, FrameError>) {
    let mut frames = Vec::new();
    while let Some((header, rest)) = stream.split_first_chunk::<HEADER_SIZE>() {
        let header = match Header::read(*header) {
            Ok(header) if header.length <= limit => header,
            Ok(Header { length, .. }) => {
                return (frames, Err(FrameError::TooLong { length, limit }));
            }
            Err(error) => return (frames, Err(error)),
        };
        let Some((payload, rest)) = rest.split_at_checked(header.length) else {
            return (frames, Ok(true));
        };
        frames.push(Frame { kind: header.kind, payload: payload.to_vec().into() });
        stream = rest;
    }
    (frames, Ok(!stream.is_empty()))
}

/// What is written of frames and leaves in portions are these frames.
fn written(frames: &[Frame], portion: usize) {
    let mut writer = FrameWriter::new();
    let mut sent = Vec::new();
    for (index, frame) in frames.iter().enumerate() {
        writer.push(frame.clone()).unwrap();
        if index % 3 == 0 {
            leave(&mut writer, portion, &mut sent);
        }
    }
    while !writer.is_empty() {
        leave(&mut writer, portion, &mut sent);
    }
    assert_eq!(reference(&sent, MAX_FRAME), (frames.to_vec(), Ok(false)));
}

fn leave(writer: &mut FrameWriter, portion: usize, sent: &mut Vec<u8>) {
    let before = writer.len();
    assert_eq!(before, writer.chunks().map(<[u8]>::len).sum::<usize>());
    let Some(chunk) = writer.chunks().next() else { return };
    let count = portion.min(chunk.len());
    sent.extend_from_slice(&chunk[..count]);
    writer.advance(count);
    assert_eq!(writer.len(), before - count);
}
