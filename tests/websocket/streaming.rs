//! Messages that are sent frame by frame, and frames part by part.

use bytes::Bytes;
use wampwerk::internals::framing::websocket::{Form, Kind, WriteError, Writer};

fn written(writer: &Writer) -> Vec<u8> {
    writer.chunks().iter().collect::<Vec<_>>().concat()
}

#[test]
fn frames_of_a_message_are_sent_one_by_one() {
    let mut writer = Writer::server();
    writer.begin_message(Kind::Text, false).unwrap();
    writer.message_frame("ab".into()).unwrap();
    writer.ping("p".into());
    writer.message_frame("c".into()).unwrap();
    writer.end_message().unwrap();
    assert_eq!(written(&writer), b"\x01\x02ab\x89\x01p\x00\x01c\x80\x00");
    assert!(!writer.is_within_message());
}

/// Not a continuation frame that continues nothing.
#[test]
fn a_message_without_frames_is_empty() {
    let mut writer = Writer::server();
    writer.begin_message(Kind::Binary, false).unwrap();
    writer.end_message().unwrap();
    assert_eq!(written(&writer), b"\x82\x00");
}

#[test]
fn a_frame_is_sent_part_by_part() {
    for (mut writer, header, mask) in [
        (Writer::server(), &b"\x02\x05"[..], [0; 4]),
        (Writer::client(|| [1, 2, 3, 4]), b"\x02\x85\x01\x02\x03\x04", [1, 2, 3, 4]),
    ] {
        writer.begin_message(Kind::Binary, false).unwrap();
        writer.begin_frame(5).unwrap();
        assert!(!writer.is_between_frames());
        assert_eq!(writer.frame_data(&mut "abc".into()), Ok(2));
        let mut rest = Bytes::from("defg");
        assert_eq!(writer.frame_data(&mut rest), Ok(0));
        assert_eq!(rest, "fg");
        assert!(writer.is_between_frames() && writer.is_within_message());
        let payload: Vec<u8> =
            b"abcde".iter().enumerate().map(|(at, octet)| octet ^ mask[at % 4]).collect();
        assert_eq!(written(&writer), [header, &payload].concat());
    }
}

#[test]
fn what_is_out_of_order_is_refused() {
    let mut writer = Writer::server();
    assert_eq!(writer.message_frame("a".into()), Err(WriteError::NoMessage));
    assert_eq!(writer.end_message(), Err(WriteError::NoMessage));
    assert_eq!(writer.frame_data(&mut "a".into()), Err(WriteError::NoFrame));
    writer.begin_message(Kind::Text, false).unwrap();
    assert_eq!(writer.begin_message(Kind::Text, false), Err(WriteError::WithinMessage));
    let other = writer.message(Kind::Text, "a".into(), Form::default());
    assert_eq!(other, Err(WriteError::WithinMessage));
    assert_eq!(writer.frame_data(&mut "a".into()), Err(WriteError::NoFrame));
    writer.begin_frame(3).unwrap();
    assert_eq!(writer.end_message(), Err(WriteError::WithinFrame(3)));
    assert_eq!(writer.message_frame("a".into()), Err(WriteError::WithinFrame(3)));
    assert!(written(&writer) == b"\x01\x03");
}
