//! Payloads on their way through the router: untouched between equal serializers, converted
//! between others, refused by name where they cannot be carried.

use serde_json::json;
use tungstenite::Message;
use wampwerk::error::CallError;
use wampwerk::session::Session;
use wampwerk::{ApplicationError, List, Serializer, Value};

use crate::common::raw_client::{Raw, Server};

#[test]
fn equal_serializers_forward_the_very_bytes() {
    let server = Server::start();
    let [mut caller, mut callee] = [server.join(), server.join()];
    callee.send(json!([64, 1, {}, "com.example.echo"]));
    assert_eq!(callee.recv()[0], 65);
    // No encoder writes numbers, escapes and spaces like this.
    let payload = r#"[1.50e+2,  "\u0041\/",{"b":1 , "a":00.0}]"#.replace("00.0", "-0.0");
    caller.send_text(&format!(r#"[48,1,{{}},"com.example.echo",{payload}]"#));
    assert_eq!(callee.recv_text(), format!("[68,1,1,{{}},{payload}]"));
    callee.send_text(&format!(r#"[70,1,{{}},{payload}]"#));
    assert_eq!(caller.recv_text(), format!("[50,1,{{}},{payload}]"));
    callee.send(json!([32, 2, {}, "com.example.topic"]));
    assert_eq!(callee.recv()[0], 33);
    caller.send_text(&format!(r#"[16,2,{{}},"com.example.topic",{payload}]"#));
    assert!(callee.recv_text().ends_with(&format!("{{}},{payload}]")));
}

/// What two binary formats have in common; enough to write the heads of messages by hand.
#[derive(Clone, Copy)]
struct Binary {
    subprotocol: &'static str,
    list: u8,
    dict: u8,
    text: u8,
    /// Numbers above need this byte before them.
    number: (u8, Option<u8>),
}

const CBOR: Binary = Binary {
    subprotocol: "wamp.2.cbor",
    list: 0x80,
    dict: 0xa0,
    text: 0x60,
    number: (23, Some(0x18)),
};

const MSGPACK: Binary = Binary {
    subprotocol: "wamp.2.msgpack",
    list: 0x90,
    dict: 0x80,
    text: 0xa0,
    number: (127, None),
};

impl Binary {
    /// A message of `len` elements: its type, ids, an empty dict, perhaps a URI, and the rest.
    fn message(self, len: u8, numbers: &[u8], uri: Option<&str>, rest: &[u8]) -> Vec<u8> {
        let mut frame = vec![self.list | len];
        for &number in numbers {
            if number > self.number.0 {
                frame.extend(self.number.1);
            }
            frame.push(number);
        }
        frame.push(self.dict);
        frame.extend(uri.map(|uri| self.text(uri)).unwrap_or_default());
        frame.extend(rest);
        frame
    }

    fn text(self, text: &str) -> Vec<u8> {
        let mut bytes = vec![self.text | u8::try_from(text.len()).unwrap()];
        bytes.extend(text.as_bytes());
        bytes
    }

    fn join(self, server: &Server) -> Raw {
        let mut raw = server.open("/ws", Some(self.subprotocol)).unwrap();
        let roles = [vec![self.dict | 1], self.text("caller"), vec![self.dict]].concat();
        let details = [vec![self.dict | 1], self.text("roles"), roles].concat();
        send(&mut raw, [vec![self.list | 3, 1], self.text("realm1"), details].concat());
        assert_eq!(recv(&mut raw)[1], 2);
        raw
    }
}

fn send(raw: &mut Raw, frame: Vec<u8>) {
    raw.0.send(Message::binary(frame)).unwrap();
}

fn recv(raw: &mut Raw) -> Vec<u8> {
    raw.0.read().unwrap().into_data().to_vec()
}

fn forwards_the_very_bytes(format: Binary, payload: &[u8]) {
    let server = Server::start();
    let [mut caller, mut callee] = [format.join(&server), format.join(&server)];
    let (echo, topic) = (Some("com.example.echo"), Some("com.example.topic"));
    send(&mut callee, format.message(4, &[64, 1], echo, &[]));
    assert_eq!(recv(&mut callee)[0], format.list | 3);
    send(&mut caller, format.message(6, &[48, 1], echo, payload));
    assert_eq!(recv(&mut callee), format.message(6, &[68, 1, 1], None, payload));
    send(&mut callee, format.message(5, &[70, 1], None, payload));
    assert_eq!(recv(&mut caller), format.message(5, &[50, 1], None, payload));
    send(&mut callee, format.message(4, &[32, 2], topic, &[]));
    assert_eq!(recv(&mut callee)[0], format.list | 3);
    send(&mut caller, format.message(6, &[16, 2], topic, payload));
    // Between the type and the dict stand two ids, one of them drawn.
    let event = recv(&mut callee);
    assert!(event.starts_with(&format.message(6, &[36], None, &[])[..2]));
    assert!(event.ends_with(&[&[format.dict], payload].concat()), "{event:x?}");
    // An application error is an answer as well: CALL, INVOCATION, ERROR, ERROR.
    send(&mut caller, format.message(6, &[48, 3], echo, payload));
    assert_eq!(recv(&mut callee), format.message(6, &[68, 2, 1], None, payload));
    send(&mut callee, format.message(7, &[8, 68, 2], topic, payload));
    assert_eq!(recv(&mut caller), format.message(7, &[8, 48, 3], topic, payload));
}

#[test]
fn equal_cbor_is_forwarded_byte_for_byte() {
    let payload = [
        // Arguments of unknown length: 1 in 8 bytes, a text in two pieces, a half float, a tag.
        &[0x9f, 0x1b, 0, 0, 0, 0, 0, 0, 0, 1][..],
        &[0x7f, 0x61, b'a', 0x61, b'b', 0xff, 0xf9, 0x3e, 0x00, 0xc1, 0x18, 0x01],
        // A list with its length in 4 bytes, and the end.
        &[0x9a, 0, 0, 0, 1, 0xf7, 0xff],
        // Keyword arguments out of order, lengths and numbers longer than they need be.
        &[0xbf, 0x78, 0x01, b'b', 0x19, 0x00, 0x02, 0x61, b'a', 0xfa, 0x3f, 0xc0, 0, 0, 0xff],
    ];
    forwards_the_very_bytes(CBOR, &payload.concat());
}

#[test]
fn equal_message_pack_is_forwarded_byte_for_byte() {
    let payload = [
        // Arguments with their count in 4 bytes: 1 in 8 bytes, a text and bytes with long lengths.
        &[0xdd, 0, 0, 0, 5, 0xd3, 0, 0, 0, 0, 0, 0, 0, 1][..],
        &[0xdb, 0, 0, 0, 1, b'a', 0xc6, 0, 0, 0, 1, 7],
        // A single float, and an unknown extension.
        &[0xca, 0x3f, 0xc0, 0, 0, 0xd4, 0x2a, 0x00],
        // Keyword arguments out of order, lengths and numbers longer than they need be.
        &[0xdf, 0, 0, 0, 2, 0xd9, 1, b'b', 0xcd, 0, 2, 0xa1, b'a', 0xde, 0, 0],
    ];
    forwards_the_very_bytes(MSGPACK, &payload.concat());
}

async fn join(server: &Server, serializer: Serializer) -> Session {
    wampwerk::connect(&server.url, "realm1").serializers(&[serializer]).await.unwrap()
}

#[test]
fn different_serializers_meet() {
    let server = Server::start();
    server.runtime.block_on(async {
        for callee_format in Serializer::ALL {
            let callee = join(&server, callee_format).await;
            let echo = |value: Value| async move { Ok::<_, ApplicationError>(value) };
            callee.register("com.example.echo", echo).await.unwrap();
            for caller_format in Serializer::ALL {
                let caller = join(&server, caller_format).await;
                let sent: List = vec![
                    vec![Value::Null, true.into(), (-7).into(), u64::MAX.into(), 1.5.into()].into(),
                ];
                let got: Value = caller.call("com.example.echo").args(&sent).value().await.unwrap();
                assert_eq!(got, sent[0], "{caller_format:?} → {callee_format:?}");
                caller.leave().await;
            }
            callee.leave().await;
        }
    });
}

#[test]
fn an_invocation_that_is_too_long_for_the_callee_fails_the_call_only() {
    let server = Server::with(|builder| builder.max_message_payload_size(100_000));
    server.runtime.block_on(async {
        let callee = join(&server, Serializer::Json).await;
        let len = |data: Value| async move {
            Ok::<_, ApplicationError>(data.as_bytes().map_or(0, bytes::Bytes::len))
        };
        callee.register("com.example.len", len).await.unwrap();
        let caller = join(&server, Serializer::Cbor).await;
        // In JSON binary data grows by a third.
        for (size, fits) in [(60_000, true), (90_000, false), (60_000, true)] {
            let data = Value::Bytes(vec![7; size].into());
            match caller.call("com.example.len").args((data,)).value::<usize>().await {
                Ok(got) => assert!(fits && got == size),
                Err(CallError::Application(error)) => {
                    assert!(!fits);
                    assert_eq!(error.uri, "wamp.error.payload_size_exceeded");
                }
                Err(other) => panic!("{other}"),
            }
        }
    });
}

#[test]
fn a_result_that_cannot_be_written_for_the_caller_fails_the_call_only() {
    let server = Server::start();
    server.runtime.block_on(async {
        let callee = join(&server, Serializer::Cbor).await;
        // JSON keeps texts that begin with U+0000 for binary data.
        let zero = || async { Ok::<_, ApplicationError>("\0text") };
        callee.register("com.example.zero", zero).await.unwrap();
        let caller = join(&server, Serializer::Json).await;
        for _ in 0..2 {
            match caller.call("com.example.zero").value::<String>().await {
                Err(CallError::Application(error)) => {
                    assert_eq!(error.uri, "wamp.error.invalid_payload");
                }
                other => panic!("{other:?}"),
            }
        }
        let text: String = callee.call("com.example.zero").value().await.unwrap();
        assert_eq!(text, "\0text");
    });
}
