//! WebSocket messages in several frames, both ways.

use bytes::Bytes;
use proptest::prelude::*;
use tokio::io::AsyncWriteExt;
use wampwerk::Serializer;
use wampwerk::transport::{Connector, ServerOptions};

use crate::common::websocket::{
    client, client_frame, flush, frame, pair_with, raw_client, raw_pair, raw_server, recv, send,
    server, server_frame, server_with, switching, wire,
};

#[tokio::test]
async fn fragments_are_one_message_and_pings_are_answered() {
    let (mut end, mut server) = raw_pair(|c| c).await;
    server.write_all(b"\x02\x02ab\x89\x01p\x00\x01c\x80\x01d").await.unwrap();
    assert_eq!(recv(&mut end).await.unwrap().unwrap(), "abcd");
    // The answer leaves by itself while the client waits for the next message.
    tokio::select! {
        _ = recv(&mut end) => panic!("nothing was sent"),
        frame = client_frame(&mut server) => assert_eq!(frame, (0x8a, b"p".to_vec())),
    }
}

/// What is on the wire for a message of each length, as the lengths of its frames.
const FRAGMENTS: [(usize, &[usize]); 6] =
    [(0, &[0]), (1, &[1]), (4, &[4]), (5, &[4, 1]), (8, &[4, 4]), (9, &[4, 4, 1])];

fn first_byte(index: usize, count: usize, kind: u8) -> u8 {
    let code = if index == 0 { kind } else { 0 };
    if index + 1 == count { 0x80 | code } else { code }
}

#[tokio::test]
async fn a_longer_message_leaves_in_several_frames() {
    let (mut client, mut far) = raw_pair(|c| c.auto_fragment_size(4)).await;
    let (mut server, mut near) =
        raw_client(server_with(ServerOptions::new().auto_fragment_size(4))).await;
    for (size, frames) in FRAGMENTS {
        let message = frame(Serializer::Cbor, size);
        for end in [&mut client, &mut server] {
            send(end, message.clone()).await.unwrap();
            flush(end).await.unwrap();
        }
        let mut at = 0;
        for (index, length) in frames.iter().enumerate() {
            let first = first_byte(index, frames.len(), 0x02);
            let expected = (first, message[at..at + length].to_vec());
            assert_eq!(client_frame(&mut far).await, expected, "{size}: {index}");
            assert_eq!(server_frame(&mut near).await, expected, "{size}: {index}");
            at += length;
        }
    }
}

#[tokio::test]
async fn without_a_size_a_message_is_one_frame() {
    for is_set in [false, true] {
        let set = |c: wampwerk::transport::WampWebSocketClientFactory| match is_set {
            true => c.auto_fragment_size(0),
            false => c,
        };
        let (mut end, mut far) = raw_pair(set).await;
        send(&mut end, frame(Serializer::Cbor, 70_000)).await.unwrap();
        flush(&mut end).await.unwrap();
        assert_eq!(client_frame(&mut far).await, (0x82, frame(Serializer::Cbor, 70_000).to_vec()));
    }
}

#[tokio::test]
async fn text_is_split_within_a_character() {
    let (url, server) =
        raw_server(|head| switching(head, "Sec-WebSocket-Protocol: wamp.2.json\r\n")).await;
    let factory = client(&url, &[Serializer::Json]).auto_fragment_size(3);
    let mut end = factory.connect().await.unwrap();
    let mut peer = server.await.unwrap();
    send(&mut end, "aé€😀".into()).await.unwrap();
    flush(&mut end).await.unwrap();
    let bytes = "aé€😀".as_bytes();
    for (index, part) in bytes.chunks(3).enumerate() {
        let first = first_byte(index, 4, 0x01);
        assert_eq!(client_frame(&mut peer).await, (first, part.to_vec()));
    }
    // And what comes so is put together.
    for (index, byte) in bytes.iter().enumerate() {
        let first = first_byte(index, bytes.len(), 0x01);
        peer.write_all(&wire(false, first, &[*byte])).await.unwrap();
    }
    assert_eq!(recv(&mut end).await.unwrap().unwrap(), "aé€😀");
    // What is no text in the end is none.
    peer.write_all(b"\x01\x01\xe2\x80\x01a").await.unwrap();
    assert!(recv(&mut end).await.unwrap().is_err());
}

#[tokio::test]
async fn pings_between_fragments_are_answered_and_change_nothing() {
    let fragmented = |c: wampwerk::transport::WampWebSocketClientFactory| c.auto_fragment_size(2);
    let (mut end, mut server) = raw_pair(fragmented).await;
    // Ours are in the buffer, one after the other, when the ping comes.
    send(&mut end, "abcde".into()).await.unwrap();
    server.write_all(b"\x02\x01x\x89\x01p\x8a\x03not\x00\x00\x89\x01q\x80\x01y").await.unwrap();
    assert_eq!(recv(&mut end).await.unwrap().unwrap(), "xy");
    flush(&mut end).await.unwrap();
    let (mut data, mut pongs) = (Vec::new(), Vec::new());
    while data.len() < 3 || pongs.len() < 2 {
        let (first, payload) = client_frame(&mut server).await;
        if first == 0x8a { pongs.push(payload) } else { data.push((first, payload)) }
    }
    let expected = [(0x02, b"ab".to_vec()), (0x00, b"cd".to_vec()), (0x80, b"e".to_vec())];
    assert_eq!(data, expected);
    assert_eq!(pongs, [b"p", b"q"]);
}

#[tokio::test]
async fn messages_of_every_size_arrive_through_both_ends() {
    for serializer in Serializer::ALL {
        let (mut left, mut right) =
            pair_with(serializer, |c| c.auto_fragment_size(1000), |s| s.auto_fragment_size(7))
                .await;
        let sizes = [0, 1, 6, 7, 8, 999, 1000, 1001, 65_536, 3_000_000];
        let messages: Vec<Bytes> = sizes.map(|size| frame(serializer, size)).into();
        for (from, to) in [(0, 1), (1, 0)] {
            let mut ends = [&mut left, &mut right];
            let [from, to] = ends.get_disjoint_mut([from, to]).unwrap();
            let sending = async {
                for message in &messages {
                    send(from, message.clone()).await.unwrap();
                }
                flush(from).await.unwrap();
            };
            let receiving = async {
                for message in &messages {
                    assert!(recv(to).await.unwrap().unwrap() == message, "{}", message.len());
                }
            };
            tokio::join!(sending, receiving);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever the fragments, the control frames between them and the pieces in which they come.
    #[test]
    fn messages_are_put_together(
        messages in prop::collection::vec(
            prop::collection::vec((prop::collection::vec(any::<u8>(), 0..200), any::<bool>()), 1..6),
            1..6,
        ),
        piece in 1usize..40,
        from_client: bool,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (mut end, mut peer) = if from_client {
                raw_client(server()).await
            } else {
                raw_pair(|c| c).await
            };
            let mut bytes = Vec::new();
            for message in &messages {
                for (index, (payload, ping)) in message.iter().enumerate() {
                    if *ping {
                        bytes.extend(wire(from_client, 0x89, b"are you there"));
                    }
                    bytes.extend(wire(from_client, first_byte(index, message.len(), 0x02), payload));
                }
            }
            let writing = async {
                for piece in bytes.chunks(piece) {
                    peer.write_all(piece).await.unwrap();
                    tokio::task::yield_now().await;
                }
            };
            let reading = async {
                for message in &messages {
                    let whole: Vec<u8> =
                        message.iter().flat_map(|(payload, _)| payload.clone()).collect();
                    assert_eq!(recv(&mut end).await.unwrap().unwrap(), whole);
                }
            };
            tokio::join!(writing, reading);
        });
    }
}
