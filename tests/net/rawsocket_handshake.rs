//! The server's half of RawSocket's handshake: whom it agrees with, and what it tells the others.

use std::error::Error;
use std::io::ErrorKind;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::time::Instant;
use wampwerk::Serializer;
use wampwerk::error::AcceptError;
use wampwerk::error::RawSocketRefusal;
use wampwerk::transport::Acceptor;

use crate::common::raw_socket::*;

/// What the client sees that says this, and what the server has of it.
async fn refused(hello: &[u8]) -> (Vec<u8>, AcceptError) {
    let (mut client, server) = duplex(PIPE);
    client.write_all(hello).await.unwrap();
    let client = async {
        let seen = rest(&mut client).await;
        drop(client);
        seen
    };
    let (seen, end) = tokio::join!(client, accept(server, options()));
    (seen, end.err().unwrap())
}

#[tokio::test]
async fn each_serializer_and_length_is_agreed_with() {
    for (id, serializer) in [(1, Serializer::Json), (2, Serializer::MsgPack), (3, Serializer::Cbor)]
    {
        for exponent in 0..16 {
            let (mut client, server) = duplex(PIPE);
            client.write_all(&[0x7f, exponent << 4 | id, 0, 0]).await.unwrap();
            let end = accept(server, options().max_message_payload_size(70_000)).await.unwrap();
            // What it takes is the next power of two, and what it sends what both allow.
            assert_eq!(octets(&mut client).await, [0x7f, 8 << 4 | id, 0, 0]);
            let info = end.info();
            assert_eq!((info.serializer, info.kind), (serializer, "rawsocket"));
            assert_eq!((info.peer.as_str(), info.secure), ("the test", false));
            assert_eq!(info.max_send, 70_000.min(512 << exponent));
        }
    }
}

#[tokio::test]
async fn the_longest_that_is_sent_is_one_less_than_16_mib() {
    let (client, server) = duplex(PIPE);
    let (_client, end) = agreed(client, server, HELLO, options()).await;
    assert_eq!(end.info().max_send, (1 << 24) - 1);
}

#[tokio::test]
async fn octets_may_come_one_by_one() {
    let (mut client, server) = sockets().await;
    let client = async {
        for octet in HELLO {
            client.write_all(&[octet]).await.unwrap();
            // The other end takes each.
            tokio::task::yield_now().await;
        }
        assert_eq!(octets(&mut client).await, HELLO);
        client.write_all(&frame(MESSAGE, b"hello")).await.unwrap();
        client
    };
    let (_client, end) = tokio::join!(client, accept(server, options()));
    assert_eq!(recv(&mut end.unwrap()).await, Some(Ok("hello".into())));
}

#[tokio::test]
async fn frames_may_come_right_behind() {
    let (mut client, server) = duplex(PIPE);
    let all = [&HELLO[..], &frame(MESSAGE, b"one"), &frame(PING, b"?"), &frame(MESSAGE, b"two")];
    client.write_all(&all.concat()).await.unwrap();
    let mut end = accept(server, options()).await.unwrap();
    assert_eq!(recv(&mut end).await, Some(Ok("one".into())));
    assert_eq!(recv(&mut end).await, Some(Ok("two".into())));
    assert!(look(&mut end).await.is_pending());
    assert_eq!(octets(&mut client).await, HELLO);
    assert_eq!(read_frame(&mut client).await, (PONG, b"?".to_vec()));
}

#[tokio::test]
async fn another_protocol_is_seen_by_its_first_octet() {
    for hello in [&b"G"[..], b"GET / HTTP/1.1\r\n\r\n", b"abcdef", b"\x16\x03\x01", b"\x00"] {
        // The client waits for us, and says no more.
        let (seen, error) = refused(hello).await;
        assert_eq!(seen, b"", "{hello:?}");
        let text = error.to_string();
        assert!(
            text.contains(&format!("the first octet is 0x{:02x}, not 0x7f", hello[0])),
            "{text}"
        );
    }
}

#[tokio::test]
async fn serializer_0_gets_no_answer() {
    let (seen, error) = refused(&[0x7f, 0xf0, 0, 0]).await;
    assert_eq!(seen, b"");
    assert!(error.to_string().contains("serializer 0"), "{error}");
}

#[tokio::test]
async fn a_serializer_that_we_do_not_speak_is_refused_by_code_1() {
    for id in 4..16 {
        let (seen, error) = refused(&[0x7f, 0xf0 | id, 0, 0]).await;
        assert_eq!(seen, [0x7f, 0x10, 0, 0]);
        let refusal = RawSocketRefusal::SerializerUnsupported;
        assert!(error.to_string().contains(&refusal.to_string()), "{error}");
    }
    // Also one of ours that this server does not offer.
    let (mut client, server) = duplex(PIPE);
    client.write_all(&HELLO).await.unwrap();
    let acceptor = Acceptor::raw_socket(&[Serializer::Json]);
    let (seen, end) = tokio::join!(
        async {
            let seen = rest(&mut client).await;
            drop(client);
            seen
        },
        acceptor.accept(server, "the test")
    );
    assert_eq!(seen, [0x7f, 0x10, 0, 0]);
    assert!(end.is_err());
}

#[tokio::test]
async fn each_reserved_bit_is_refused_by_code_3() {
    for bit in 0..16 {
        let reserved = (0x8000_u16 >> bit).to_be_bytes();
        let (seen, error) = refused(&[0x7f, 0xf1, reserved[0], reserved[1]]).await;
        assert_eq!(seen, [0x7f, 0x30, 0, 0]);
        let refusal = RawSocketRefusal::ReservedBits;
        assert!(error.to_string().contains(&refusal.to_string()), "{error}");
    }
}

#[tokio::test]
async fn a_client_that_leaves_is_lost_at_each_octet() {
    for count in 0..4 {
        let (mut client, server) = sockets().await;
        client.write_all(&HELLO[..count]).await.unwrap();
        drop(client);
        let error = accept(server, options()).await.err().unwrap();
        assert!(matches!(error, AcceptError::Lost(_)), "{count}: {error}");
        assert_eq!(error.io_kind(), Some(ErrorKind::UnexpectedEof), "{count}: {error}");
        assert!(error.source().unwrap().is::<std::io::Error>());
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_says_nothing_more_is_given_up() {
    for count in 0..4 {
        let (mut client, server) = duplex(PIPE);
        client.write_all(&HELLO[..count]).await.unwrap();
        let begin = Instant::now();
        let limit = Duration::from_secs(7);
        let error = accept(server, options().open_handshake_timeout(limit)).await.err().unwrap();
        assert_eq!(error, AcceptError::Timeout);
        assert_eq!(begin.elapsed(), limit);
        // And the connection is gone.
        assert_eq!(rest(&mut client).await, b"");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_client_that_stays_is_not_waited_for() {
    let (mut client, server) = duplex(PIPE);
    client.write_all(&[0x7f, 0xf1, 0, 1]).await.unwrap();
    let begin = Instant::now();
    let error = accept(server, options()).await.err().unwrap();
    assert!(error.to_string().contains("reserved bits"), "{error}");
    assert!(begin.elapsed() <= Duration::from_secs(2), "{:?}", begin.elapsed());
    assert_eq!(rest(&mut client).await, [0x7f, 0x30, 0, 0]);
}

#[tokio::test]
async fn a_refused_client_that_talks_on_reads_why() {
    // Closing a socket with unread bytes resets the connection.
    let (mut client, server) = sockets().await;
    client.write_all(&[0x7f, 0xf9, 0, 0]).await.unwrap();
    client.write_all(&frame(MESSAGE, &filled(5000))).await.unwrap();
    let served = tokio::spawn(accept(server, options()));
    let mut seen = [0; 5];
    assert_eq!(client.read(&mut seen).await.unwrap(), 4);
    assert_eq!(seen[..4], [0x7f, 0x10, 0, 0]);
    assert_eq!(client.read(&mut seen).await.unwrap(), 0);
    drop(client);
    assert!(served.await.unwrap().is_err());
}
