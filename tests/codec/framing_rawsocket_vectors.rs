//! RawSocket's test vectors: handshakes, error replies, frame headers, exchanges.

use serde_json::Value as Json;
use wampwerk::Serializer;
use wampwerk::framing::rawsocket::{
    Frame, FrameError, FrameKind, FrameReader, FrameWriter, HEADER_SIZE, Header, MAX_FRAME,
    MaxLength, RawSocketRefusal, Reply, ReplyError, Request, RequestError,
};

use crate::common::shared_vectors;

fn vectors() -> Option<Json> {
    Some(shared_vectors::read_json(&shared_vectors::folder()?.join("auth/rawsocket.json")))
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
    let Some(file) = vectors() else { return };
    for (number, id) in file["serializers"].as_object().unwrap() {
        let number = number.parse().unwrap();
        let ours = Serializer::from_id(id.as_str().unwrap());
        assert_eq!(Serializer::from_raw_socket_id(number), ours, "{id}");
        assert!(ours.is_none_or(|ours| ours.raw_socket_id() == number));
    }
}

#[test]
fn handshakes_are_read_and_written() {
    let Some(file) = vectors() else { return };
    for case in list(&file, "handshake") {
        let max_length = MaxLength::new(number(case, "length_exp") as u8).unwrap();
        let bytes = number(case, "max_length");
        assert_eq!(max_length.bytes(), bytes);
        assert_eq!(MaxLength::covering(bytes), max_length);
        assert_eq!(MaxLength::covering(bytes - 1), max_length);
        let serializer = number(case, "serializer") as u8;
        let request = Request { serializer, max_length };
        let octets = four(case, "octets");
        assert_eq!(Request::read(octets), Ok(request));
        assert_eq!(request.octets(), octets);
        // The accepting reply looks the same.
        assert_eq!(Reply::read(octets, request), Ok(max_length));
        assert_eq!(Reply::Accept(request).octets(), octets);
        if let Some(ours) = Serializer::from_raw_socket_id(serializer) {
            assert_eq!(Request::new(ours, max_length), request);
        }
    }
}

#[test]
fn error_replies_are_read_and_written() {
    let Some(file) = vectors() else { return };
    let request = Request::new(Serializer::Json, MaxLength::MAX);
    for case in list(&file, "error_replies") {
        let refusal = RawSocketRefusal::from_code(number(case, "code") as u8).unwrap();
        let octets = four(case, "octets");
        assert_eq!(Reply::read(octets, request), Err(ReplyError::Refused(refusal)), "{case}");
        assert_eq!(Reply::Refuse(refusal).octets(), octets);
    }
    assert_eq!(list(&file, "error_replies").len(), RawSocketRefusal::ALL.len());
}

#[test]
fn bad_requests_get_the_right_word_or_none() {
    let Some(file) = vectors() else { return };
    for case in list(&file, "bad_requests_seen_by_router") {
        let octets = four(case, "octets");
        let expected = text(case, "expect");
        let read = Request::read(octets);
        if expected.contains("reserved serializer") {
            assert_eq!(Serializer::from_raw_socket_id(read.unwrap().serializer), None);
            continue;
        }
        let error = read.unwrap_err();
        match error {
            RequestError::Magic(octet) => {
                assert!(octet == octets[0] && octet != 0x7f);
                assert!(expected.contains("bad magic") || expected.contains("not RawSocket"));
            }
            RequestError::NoSerializer => assert!(expected.contains("serializer 0")),
            RequestError::Reserved(reserved) => {
                assert_eq!(reserved, octets[2..]);
                assert!(expected.contains("error reply 3 (7f300000)"));
            }
            other => panic!("{other}"),
        }
        let told = error.refusal().map(|refusal| Reply::Refuse(refusal).octets());
        let word = expected.contains("error reply").then_some([0x7f, 0x30, 0, 0]);
        assert_eq!(told, word, "{case}");
    }
}

#[test]
fn bad_replies_are_told_apart() {
    let Some(file) = vectors() else { return };
    for case in list(&file, "bad_replies_seen_by_client") {
        let request = Request::read(four(case, "sent")).unwrap();
        let expected = text(case, "expect");
        let word = match Reply::read(four(case, "octets"), request).unwrap_err() {
            ReplyError::Magic(b'G') => "bad magic",
            ReplyError::Serializer { asked: 1, answered: 2 } => "serializer not echoed",
            ReplyError::UnknownCode(0) => "error code 0",
            ReplyError::UnknownCode(5) => "unknown error code 5",
            ReplyError::Reserved([0, 1]) => "reserved octets",
            other => panic!("{case}: {other}"),
        };
        assert!(expected.contains(word), "{case}: {word}");
    }
}

#[test]
fn headers_are_read_and_written() {
    let Some(file) = vectors() else { return };
    for case in list(&file, "frame_headers") {
        let kind = match number(case, "type") {
            0 => FrameKind::Message,
            1 => FrameKind::Ping,
            2 => FrameKind::Pong,
            other => panic!("type {other}"),
        };
        let header = Header { kind, length: number(case, "length") };
        assert_eq!(Header::read(four(case, "header")), Ok(header));
        assert_eq!(header.octets(), Some(four(case, "header")));
    }
    assert_eq!(Header { kind: FrameKind::Message, length: MAX_FRAME + 1 }.octets(), None);
}

#[test]
fn bad_headers_end_the_reading() {
    let Some(file) = vectors() else { return };
    for case in list(&file, "bad_frame_headers") {
        let octets = four(case, "header");
        let mut reader = FrameReader::new(MAX_FRAME);
        reader.feed(&octets);
        let error = reader.next_frame().unwrap_err();
        let word = match error {
            FrameError::ReservedKind(kind) => format!("reserved type {kind}"),
            FrameError::ReservedBits(octet) => {
                assert_eq!(octet, octets[0]);
                "reserved R bit".to_owned()
            }
            FrameError::TooLong { length, limit: MAX_FRAME } => {
                assert_eq!(length, MAX_FRAME + 1);
                "over 16 MiB".to_owned()
            }
            other => panic!("{case}: {other}"),
        };
        assert!(text(case, "reason").contains(&word), "{case}: {word}");
        // From then on.
        reader.feed(&[0, 0, 0, 0]);
        assert_eq!(reader.next_frame(), Err(error));
    }
}

#[test]
fn exchanges_go_as_they_should() {
    let Some(file) = vectors() else { return };
    for case in list(&file, "exchanges") {
        let request = Request::read(four(case, "client_to_router")).unwrap();
        let answer = Reply::read(four(case, "router_to_client"), request);
        match text(case, "id") {
            "accept-and-first-message" => {
                assert_eq!(answer, Ok(MaxLength::MAX));
                let mut reader = FrameReader::new(MAX_FRAME);
                reader.feed(&hex(text(case, "then_client_to_router")));
                let message = Frame::message(hex(text(case, "payload")));
                assert_eq!(reader.next_frame(), Ok(Some(message.clone())));
                let mut writer = FrameWriter::new();
                writer.push(message).unwrap();
                let written: Vec<u8> = writer.chunks().flatten().copied().collect();
                assert_eq!(written, hex(text(case, "then_client_to_router")));
            }
            "serializer-unsupported" => {
                let refusal = RawSocketRefusal::SerializerUnsupported;
                assert_eq!(answer, Err(ReplyError::Refused(refusal)));
            }
            other => panic!("exchange {other}"),
        }
    }
}

#[test]
fn a_stream_is_read_in_portions() {
    let Some(file) = vectors() else { return };
    let case = &file["stream_split"];
    let payloads = |key: &str| -> Vec<Frame> {
        list(case, key).iter().map(|it| Frame::message(hex(it.as_str().unwrap()))).collect()
    };
    let mut reader = FrameReader::new(MAX_FRAME);
    let mut frames = Vec::new();
    let stream = hex(text(case, "frames"));
    let mut from = 0;
    for to in list(case, "split_at").iter().map(|at| at.as_u64().unwrap() as usize) {
        reader.feed(&stream[from..to]);
        from = to;
        while let Some(frame) = reader.next_frame().unwrap() {
            frames.push(frame);
        }
    }
    assert_eq!(from, stream.len());
    assert_eq!(frames, payloads("payloads"));
    assert!(!reader.is_within_frame());

    reader.feed(&hex(text(case, "two_frames")));
    for frame in payloads("two_payloads") {
        assert_eq!(reader.next_frame(), Ok(Some(frame)));
    }
    assert_eq!(reader.next_frame(), Ok(None));
    // What is left over is the begin of a header.
    assert_eq!(hex(text(case, "left_over")), [0]);
    assert!(reader.is_within_frame());
    reader.feed(&[0; HEADER_SIZE - 1]);
    assert_eq!(reader.next_frame(), Ok(Some(Frame::message(""))));
}
