//! RawSocket's test vectors: handshakes, error replies, frame headers, exchanges.

use serde_json::Value as Json;
use wampwerk::Serializer;
use wampwerk::internals::framing::rawsocket::{
    Frame, FrameError, FrameKind, FrameReader, FrameWriter, HEADER_SIZE, HandshakeReply, Header,
    MAX_FRAME, MaxLength, RawSocketRefusal, ReplyError, Request, RequestError,
};

fn vectors() -> Json {
    serde_json::from_str(include_str!("../vectors/rawsocket.json")).unwrap()
}

fn list<'a>(file: &'a Json, key: &str) -> &'a [Json] {
    let list = file[key].as_array().unwrap();
    assert!(!list.is_empty(), "{key}");
    list
}

fn text<'a>(case: &'a Json, key: &str) -> &'a str {
    case[key].as_str().unwrap_or_else(|| panic!("no text {key} in {case}"))
}

fn number(case: &Json, key: &str) -> usize {
    case[key].as_u64().unwrap_or_else(|| panic!("no number {key} in {case}")) as usize
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

fn four(case: &Json, key: &str) -> [u8; 4] {
    hex(text(case, key)).try_into().unwrap()
}

#[test]
fn serializers_have_their_numbers() {
    let file = vectors();
    for case in list(&file, "serializers") {
        let number = number(case, "number") as u8;
        let ours = Serializer::from_id(text(case, "serializer"));
        assert_eq!(Serializer::from_raw_socket_id(number), ours, "{case}");
        assert!(ours.is_none_or(|ours| ours.raw_socket_id() == number));
    }
}

#[test]
fn handshakes_are_read_and_written() {
    let file = vectors();
    for case in list(&file, "handshakes") {
        let max_length = MaxLength::new(number(case, "exponent") as u8).unwrap();
        let bytes = number(case, "bytes");
        assert_eq!(max_length.bytes(), bytes);
        assert_eq!(MaxLength::covering(bytes), max_length);
        assert_eq!(MaxLength::covering(bytes - 1), max_length);
        let serializer = number(case, "serializer") as u8;
        let request = Request { serializer, max_length };
        let octets = four(case, "octets");
        assert_eq!(Request::read(octets), Ok(request));
        assert_eq!(request.octets(), octets);
        // The accepting reply looks the same.
        assert_eq!(HandshakeReply::read(octets, request), Ok(max_length));
        assert_eq!(HandshakeReply::Accept(request).octets(), octets);
        if let Some(ours) = Serializer::from_raw_socket_id(serializer) {
            assert_eq!(Request::new(ours, max_length), request);
        }
    }
}

#[test]
fn error_replies_are_read_and_written() {
    let file = vectors();
    let request = Request::new(Serializer::Json, MaxLength::MAX);
    for case in list(&file, "refusals") {
        let refusal = RawSocketRefusal::from_code(number(case, "code") as u8).unwrap();
        let octets = four(case, "octets");
        assert_eq!(
            HandshakeReply::read(octets, request),
            Err(ReplyError::Refused(refusal)),
            "{case}"
        );
        assert_eq!(HandshakeReply::Refuse(refusal).octets(), octets);
    }
    assert_eq!(list(&file, "refusals").len(), RawSocketRefusal::ALL.len());
}

#[test]
fn bad_requests_get_the_right_word_or_none() {
    let file = vectors();
    for case in list(&file, "bad_requests") {
        let octets = four(case, "octets");
        let read = Request::read(octets);
        if text(case, "error") == "unknown serializer" {
            // Well-formed, so that the client can be told.
            assert_eq!(Serializer::from_raw_socket_id(read.unwrap().serializer), None);
            continue;
        }
        let error = read.unwrap_err();
        let found = match error {
            RequestError::Magic(octet) => {
                assert!(octet == octets[0] && octet != 0x7f);
                "magic"
            }
            RequestError::NoSerializer => "no serializer",
            RequestError::Reserved(reserved) => {
                assert_eq!(reserved, octets[2..]);
                "reserved octets"
            }
            other => panic!("{other}"),
        };
        assert_eq!(found, text(case, "error"));
        let told = error.refusal().map(|refusal| HandshakeReply::Refuse(refusal).octets());
        assert_eq!(told, case.get("reply").map(|_| four(case, "reply")), "{case}");
    }
}

#[test]
fn bad_replies_are_told_apart() {
    let file = vectors();
    for case in list(&file, "bad_replies") {
        let request = Request::read(four(case, "request")).unwrap();
        let found = match HandshakeReply::read(four(case, "reply"), request).unwrap_err() {
            ReplyError::Magic(b'G') => "magic",
            ReplyError::Serializer { asked: 1, answered: 2 } => "other serializer",
            ReplyError::UnknownCode(0) => "code 0",
            ReplyError::UnknownCode(5) => "code 5",
            ReplyError::Reserved([0, 1]) => "reserved octets",
            other => panic!("{case}: {other}"),
        };
        assert_eq!(found, text(case, "error"));
    }
}

#[test]
fn headers_are_read_and_written() {
    let file = vectors();
    for case in list(&file, "headers") {
        let kind = match number(case, "kind") {
            0 => FrameKind::Message,
            1 => FrameKind::Ping,
            2 => FrameKind::Pong,
            other => panic!("kind {other}"),
        };
        let header = Header { kind, length: number(case, "length") };
        assert_eq!(Header::read(four(case, "octets")), Ok(header));
        assert_eq!(header.octets(), Some(four(case, "octets")));
    }
    assert_eq!(Header { kind: FrameKind::Message, length: MAX_FRAME + 1 }.octets(), None);
}

#[test]
fn bad_headers_end_the_reading() {
    let file = vectors();
    for case in list(&file, "bad_headers") {
        let octets = four(case, "octets");
        let mut reader = FrameReader::new(MAX_FRAME);
        reader.feed(&octets);
        let error = reader.next_frame().unwrap_err();
        let found = match error {
            FrameError::ReservedKind(kind) => format!("reserved kind {kind}"),
            FrameError::ReservedBits(octet) => {
                assert_eq!(octet, octets[0]);
                "reserved bits".to_owned()
            }
            FrameError::TooLong { length, limit: MAX_FRAME } => {
                assert_eq!(length, MAX_FRAME + 1);
                "too long".to_owned()
            }
            other => panic!("{case}: {other}"),
        };
        assert_eq!(found, text(case, "error"));
        // From then on.
        reader.feed(&[0, 0, 0, 0]);
        assert_eq!(reader.next_frame(), Err(error));
    }
}

#[test]
fn exchanges_go_as_they_should() {
    let file = vectors();
    for case in list(&file, "exchanges") {
        let request = Request::read(four(case, "request")).unwrap();
        let answer = HandshakeReply::read(four(case, "reply"), request);
        match text(case, "name") {
            "accepted" => {
                assert_eq!(answer, Ok(MaxLength::MAX));
                let mut reader = FrameReader::new(MAX_FRAME);
                reader.feed(&hex(text(case, "frame")));
                let message = Frame::message(hex(text(case, "payload")));
                assert_eq!(reader.next_frame(), Ok(Some(message.clone())));
                let mut writer = FrameWriter::new();
                writer.push(message).unwrap();
                let written: Vec<u8> = writer.chunks().flatten().copied().collect();
                assert_eq!(written, hex(text(case, "frame")));
            }
            "refused" => {
                let refusal = RawSocketRefusal::SerializerUnsupported;
                assert_eq!(answer, Err(ReplyError::Refused(refusal)));
            }
            other => panic!("exchange {other}"),
        }
    }
}

#[test]
fn a_stream_is_read_in_portions() {
    let file = vectors();
    let [portions, two] = list(&file, "streams") else { panic!() };
    let payloads = |case| -> Vec<Frame> {
        list(case, "payloads").iter().map(|it| Frame::message(hex(it.as_str().unwrap()))).collect()
    };
    let mut reader = FrameReader::new(MAX_FRAME);
    let mut frames = Vec::new();
    let stream = hex(text(portions, "octets"));
    let mut from = 0;
    for to in list(portions, "portions").iter().map(|at| at.as_u64().unwrap() as usize) {
        reader.feed(&stream[from..to]);
        from = to;
        while let Some(frame) = reader.next_frame().unwrap() {
            frames.push(frame);
        }
    }
    assert_eq!(from, stream.len());
    assert_eq!(frames, payloads(portions));
    assert!(!reader.is_within_frame());

    reader.feed(&hex(text(two, "octets")));
    for frame in payloads(two) {
        assert_eq!(reader.next_frame(), Ok(Some(frame)));
    }
    assert_eq!(reader.next_frame(), Ok(None));
    // What is left over is the begin of a header.
    assert_eq!(hex(text(two, "rest")), [0]);
    assert!(reader.is_within_frame());
    reader.feed(&[0; HEADER_SIZE - 1]);
    assert_eq!(reader.next_frame(), Ok(Some(Frame::message(""))));
}
