//! How a WebSocket ends.

use std::future::poll_fn;
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use wampwerk::Serializer;
use wampwerk::error::TransportError;
use wampwerk::websocket::CloseCode;

use crate::common::websocket::{
    client_frame, close, flush, frame, pair, raw_pair, read_head, recv, request, send, server, wire,
};

#[tokio::test]
async fn our_failures_have_their_close_codes_on_the_wire() {
    let cases: [(&[u8], u16, &str); 6] = [
        (b"\x81\x02hi", 1002, "text message"),
        (b"\x81\x01\xff", 1007, "not valid UTF-8"),
        (b"\xf2\x00", 1002, "reserved bits 111"),
        (b"\x83\x00", 1002, "opcode 3"),
        (b"\x80\x00", 1002, "continues no message"),
        (b"\x82\x7f\x00\x00\x00\x00\x7f\xff\xff\xff", 1009, "exceeds the limit"),
    ];
    for (sent, code, text) in cases {
        let (mut end, mut server) = raw_pair(|c| c).await;
        server.write_all(sent).await.unwrap();
        let error = recv(&mut end).await.unwrap().unwrap_err();
        assert!(error.to_string().contains(text), "{sent:?}: {error}");
        let peer = tokio::spawn(async move {
            let frame = client_frame(&mut server).await;
            // The client has ended its direction; then so does the server, without an answer.
            assert_eq!(server.read(&mut [0; 10]).await.unwrap(), 0);
            frame
        });
        close(&mut end, CloseCode::Normal).await.unwrap();
        // What is of WAMP is told in words.
        let words = match text {
            "text message" => "text message, but this serializer's are binary",
            _ => "",
        };
        let told = [&code.to_be_bytes(), words.as_bytes()].concat();
        assert_eq!(peer.await.unwrap(), (0x88, told), "{sent:?}");
    }
}

#[tokio::test]
async fn the_answer_is_found_behind_many_messages() {
    let (mut end, mut server) = raw_pair(|c| c).await;
    let peer = tokio::spawn(async move {
        let more = b"\x82\x01a".repeat(5000);
        server.write_all(&[&more[..], b"\x88\x02\x03\xe8"].concat()).await.unwrap();
        server.shutdown().await.unwrap();
        client_frame(&mut server).await
    });
    // All of it is there, and nothing else will happen.
    tokio::task::yield_now().await;
    assert_eq!(close(&mut end, CloseCode::Normal).await, Ok(()));
    assert_eq!(peer.await.unwrap().0, 0x88);
}

#[tokio::test]
async fn closing_sends_our_code_and_waits_for_the_answer() {
    for (code, number) in [
        (CloseCode::Normal, 1000u16),
        (CloseCode::GoingAway, 1001),
        (CloseCode::ProtocolError, 1002),
        (CloseCode::InternalError, 1011),
    ] {
        let (mut end, mut server) = raw_pair(|c| c).await;
        send(&mut end, "last".into()).await.unwrap();
        let peer = tokio::spawn(async move {
            assert_eq!(client_frame(&mut server).await, (0x82, b"last".to_vec()));
            let frame = client_frame(&mut server).await;
            // Data on the way is discarded, the answer ends it.
            server.write_all(b"\x82\x01a\x88\x02\x03\xe8").await.unwrap();
            frame
        });
        close(&mut end, code).await.unwrap();
        assert_eq!(peer.await.unwrap(), (0x88, number.to_be_bytes().to_vec()));
    }
}

#[tokio::test]
async fn c05_closing_is_the_orderly_end_for_the_other_side() {
    for server_first in [false, true] {
        let (left, right) = pair(Serializer::Json).await;
        let (mut first, mut second) = if server_first { (right, left) } else { (left, right) };
        send(&mut first, "last".into()).await.unwrap();
        let other = tokio::spawn(async move {
            assert_eq!(recv(&mut second).await.unwrap().unwrap(), "last");
            assert!(recv(&mut second).await.is_none());
            assert!(recv(&mut second).await.is_none());
            // Words into the void are no error.
            send(&mut second, "too late".into()).await.unwrap();
            flush(&mut second).await.unwrap();
            close(&mut second, CloseCode::Normal).await.unwrap();
        });
        close(&mut first, CloseCode::Normal).await.unwrap();
        other.await.unwrap();
    }
}

#[tokio::test]
async fn closing_waits_for_a_silent_peer_only_so_long() {
    let (mut end, server) = raw_pair(|c| c).await;
    let begin = Instant::now();
    assert_eq!(close(&mut end, CloseCode::Normal).await, given_up());
    assert!(begin.elapsed() >= Duration::from_secs(2), "{:?}", begin.elapsed());
    drop(server);
}

/// What a peer does instead of closing.
#[derive(Clone, Copy, Debug)]
enum Instead {
    /// It reads our Close frame and says nothing.
    Silence,
    /// It answers, and does not end the TCP connection.
    HalfAnswer,
    /// It goes on sending.
    Talk,
    /// It does not read, and the buffers are full.
    Deafness,
}

#[tokio::test]
async fn closing_is_over_in_time_whatever_the_peer_does_instead() {
    const TIMEOUT: Duration = Duration::from_millis(150);
    for instead in [Instead::Silence, Instead::HalfAnswer, Instead::Talk, Instead::Deafness] {
        let (mut end, mut peer) = raw_pair(|c| c.close_timeout(TIMEOUT).auto_ping(None)).await;
        if matches!(instead, Instead::Deafness) {
            let chunk = frame(Serializer::Cbor, 1 << 20);
            while poll_fn(|cx| Poll::Ready(end.poll_ready(cx))).await.is_ready() {
                end.start_send(chunk.clone()).unwrap();
            }
        }
        let peer = tokio::spawn(async move {
            match instead {
                Instead::Silence => drop(client_frame(&mut peer).await),
                Instead::HalfAnswer => {
                    client_frame(&mut peer).await;
                    peer.write_all(b"\x88\x02\x03\xe8").await.unwrap();
                }
                Instead::Talk => while peer.write_all(&b"\x82\x01x".repeat(1000)).await.is_ok() {},
                Instead::Deafness => {}
            }
            peer
        });
        let begin = Instant::now();
        assert_eq!(close(&mut end, CloseCode::Normal).await, given_up(), "{instead:?}");
        let took = begin.elapsed();
        assert!(took >= TIMEOUT && took < Duration::from_secs(2), "{instead:?}: {took:?}");
        drop(end);
        peer.await.unwrap();
    }
}

/// Neither end would take anything, were it to have its own say first.
#[tokio::test]
async fn a_peer_that_talks_before_it_reads_gets_everything() {
    const SIZE: usize = 1 << 20;
    // It ends in good order, it breaks a rule while we close, or we found fault with it before.
    for (fault, before) in [(false, false), (true, false), (true, true)] {
        let text = if before { "text message, but this serializer's are binary" } else { "" };
        let (mut client, near) = duplex(64 << 10);
        let head = request("/ws", "Sec-WebSocket-Protocol: wamp.2.cbor\r\n");
        client.write_all(head.as_bytes()).await.unwrap();
        let mut end = server().accept(near, "the test").await.unwrap();
        read_head(&mut client).await;
        if before {
            client.write_all(&wire(true, 0x81, b"no text")).await.unwrap();
            assert!(matches!(recv(&mut end).await, Some(Err(TransportError::Violation(_)))));
        }
        send(&mut end, vec![7; SIZE].into()).await.unwrap();
        let peer = tokio::spawn(async move {
            client.write_all(&wire(true, 0x82, &[9; SIZE])).await.unwrap();
            // A reserved opcode.
            let more = wire(true, if fault { 0x83 } else { 0x82 }, &[9; SIZE]);
            client.write_all(&more).await.unwrap();
            let mut got = vec![0; 10 + SIZE + 4 + text.len()];
            client.read_exact(&mut got).await.unwrap();
            if !fault {
                client.write_all(&wire(true, 0x88, &[3, 0xe8])).await.unwrap();
            }
            assert_eq!(client.read(&mut [0; 10]).await.unwrap(), 0);
            got
        });
        assert_eq!(close(&mut end, CloseCode::Normal).await, Ok(()), "{fault} {before}");
        drop(end);
        let got = peer.await.unwrap();
        assert!(got[10..10 + SIZE] == [7; SIZE], "{fault} {before}");
        let code = if before { [3, 0xea] } else { [3, 0xe8] };
        let head = [0x88, 2 + text.len() as u8];
        let expected = [&head[..], &code, text.as_bytes()].concat();
        assert_eq!(got[10 + SIZE..], expected, "{fault} {before}");
    }
}

fn given_up() -> Result<(), TransportError> {
    Err(TransportError::Timeout("the peer does not close"))
}

#[tokio::test]
async fn a_peer_that_vanishes_is_a_loss_after_its_last_words() {
    let (mut end, mut server) = raw_pair(|c| c).await;
    server.write_all(b"\x82\x02hi").await.unwrap();
    drop(server);
    assert_eq!(recv(&mut end).await.unwrap().unwrap(), "hi");
    let Some(Err(error)) = recv(&mut end).await else { panic!("not lost") };
    assert!(matches!(error, TransportError::Lost(_)), "{error}");
    assert_eq!(error.io_kind(), Some(std::io::ErrorKind::UnexpectedEof), "{error}");
    assert!(recv(&mut end).await.is_none());
    let _ = close(&mut end, CloseCode::Normal).await;
}
