//! Messages over RawSocket: of each size, in each portion, within the limits of both sides.

use std::task::Poll;

use bytes::Bytes;
use tokio::io::{AsyncWriteExt, duplex};
use wampwerk::error::TransportError;

use crate::common::raw_socket::*;

#[tokio::test]
async fn sizes_up_to_the_limit_pass_and_longer_ones_are_refused() {
    const LIMIT: usize = 1 << 20;
    let (mut client, mut end) = over_tcp(options().max_message_payload_size(LIMIT)).await;
    assert_eq!(end.info().max_send, LIMIT);
    let step = [16 << 10, 32 << 10, 64 << 10, 100_000];
    let around = step.into_iter().flat_map(|size| size - 5..=size + 5);
    for size in (0..10).chain(around).chain([LIMIT - 1, LIMIT]) {
        let message = filled(size);
        let there = async {
            send(&mut end, message.clone()).await.unwrap();
            flush(&mut end).await.unwrap();
        };
        let (_, seen) = tokio::join!(there, read_frame(&mut client));
        assert!(seen == (MESSAGE, message.clone()), "{size}");
        let whole = frame(MESSAGE, &message);
        let back = async { client.write_all(&whole).await.unwrap() };
        let (_, seen) = tokio::join!(back, recv(&mut end));
        assert!(seen == Some(Ok(message.into())), "{size}");
    }
    let too_long = TransportError::TooLarge { size: LIMIT + 1, limit: LIMIT };
    assert_eq!(send(&mut end, filled(LIMIT + 1)).await, Err(too_long));
    // The transport stays usable.
    send(&mut end, "short").await.unwrap();
    flush(&mut end).await.unwrap();
    assert_eq!(read_frame(&mut client).await, (MESSAGE, b"short".to_vec()));
}

#[tokio::test]
async fn the_limits_of_both_directions_are_their_own() {
    let (client, server) = duplex(PIPE);
    let (mut client, mut end) = agreed(client, server, [0x7f, 0x03, 0, 0], options()).await;
    assert_eq!(end.info().max_send, 512);
    let too_long = TransportError::TooLarge { size: 513, limit: 512 };
    assert_eq!(send(&mut end, filled(513)).await, Err(too_long));
    send(&mut end, filled(512)).await.unwrap();
    flush(&mut end).await.unwrap();
    assert_eq!(read_frame(&mut client).await, (MESSAGE, filled(512)));
    let whole = frame(MESSAGE, &filled(1 << 20));
    let (_, seen) = tokio::join!(client.write_all(&whole), recv(&mut end));
    assert_eq!(seen.unwrap().unwrap().len(), 1 << 20);
}

#[tokio::test]
async fn exactly_16_mib_are_taken_and_not_sent() {
    let (mut client, mut end) = over_tcp(options()).await;
    let whole = filled(1 << 24);
    let bytes = frame(MESSAGE, &whole);
    assert_eq!(bytes[..4], [0x08, 0, 0, 0]);
    let (_, seen) = tokio::join!(client.write_all(&bytes), recv(&mut end));
    assert!(seen.unwrap().unwrap() == whole);
    let limit = (1 << 24) - 1;
    let whole = Bytes::from(whole);
    let too_long = TransportError::TooLarge { size: 1 << 24, limit };
    assert_eq!(send(&mut end, whole.clone()).await, Err(too_long));
    let there = async {
        send(&mut end, whole.slice(..limit)).await.unwrap();
        flush(&mut end).await.unwrap();
    };
    let (_, seen) = tokio::join!(there, read_frame(&mut client));
    assert!(seen == (MESSAGE, whole[..limit].to_vec()));
}

#[tokio::test]
async fn a_header_that_claims_too_much_is_enough_to_fail() {
    for (size, claimed, limit) in [
        (1000, [0, 0, 4, 1], 1024),
        (512, [0, 0, 2, 1], 512),
        (1, [0, 0, 2, 1], 512),
        (1 << 24, [8, 0, 0, 1], 1 << 24),
        (70_000, [0, 2, 0, 1], 1 << 17),
        (70_000, [1, 2, 0, 1], 1 << 17),
    ] {
        let (mut client, mut end) = piped(options().max_message_payload_size(size)).await;
        client.write_all(&frame(MESSAGE, b"before")).await.unwrap();
        client.write_all(&claimed).await.unwrap();
        assert_eq!(recv(&mut end).await, Some(Ok("before".into())));
        let error = TransportError::TooLarge { size: limit + 1, limit };
        assert_eq!(recv(&mut end).await, Some(Err(error)));
        assert_eq!(recv(&mut end).await, None);
    }
}

#[tokio::test]
async fn octets_may_come_one_by_one() {
    let (mut client, mut end) = piped(options()).await;
    let messages = [&b""[..], b"one", b"", b"and more"];
    let mut seen = Vec::new();
    for octet in messages.map(|message| frame(MESSAGE, message)).concat() {
        client.write_all(&[octet]).await.unwrap();
        if let Poll::Ready(got) = look(&mut end).await {
            seen.push(got.unwrap().unwrap());
        }
    }
    assert_eq!(seen, messages);
    // The next begins where the last has ended.
    client.write_all(&frame(MESSAGE, b"last")).await.unwrap();
    assert_eq!(recv(&mut end).await, Some(Ok("last".into())));
}

#[tokio::test]
async fn many_frames_go_both_ways_in_order() {
    let (mut client, mut end) = over_tcp(options()).await;
    let messages: Vec<_> = (0..3000_usize).map(|number| filled(number * 7 % 500)).collect();
    let all: Vec<u8> = messages.iter().flat_map(|message| frame(MESSAGE, message)).collect();
    let there = async {
        client.write_all(&all).await.unwrap();
        for message in &messages {
            assert_eq!(read_frame(&mut client).await, (MESSAGE, message.clone()));
        }
    };
    let here = async {
        for message in &messages {
            assert_eq!(recv(&mut end).await.unwrap().unwrap(), message);
            send(&mut end, message.clone()).await.unwrap();
        }
        flush(&mut end).await.unwrap();
    };
    tokio::join!(there, here);
}
