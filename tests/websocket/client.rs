//! The client's face, against servers made of frames.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{FutureExt, SinkExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wampwerk::error::ConnectError;
use wampwerk::websocket::WebSocketOptions;
use wampwerk::websocket::{
    self, Message, PreparedMessage, SendOptions, WebSocketClientFactory, WebSocketError,
};

use crate::peer::{frame, pair, server};

#[tokio::test]
async fn messages_go_both_ways() {
    let (mut socket, mut server) = pair().await;
    socket.send("text").await.unwrap();
    socket.send(&b"\x00\xff"[..]).await.unwrap();
    socket.sender().send(Bytes::from_static(b"sender")).await.unwrap();
    assert_eq!(frame(&mut server).await, (0x81, b"text".to_vec()));
    assert_eq!(frame(&mut server).await, (0x82, vec![0, 0xff]));
    assert_eq!(frame(&mut server).await, (0x82, b"sender".to_vec()));
    server.write_all(b"\x81\x03abc\x02\x01d\x89\x01p\x80\x01e").await.unwrap();
    assert_eq!(socket.next().await, Some(Ok(Message::from("abc"))));
    assert_eq!(socket.next().await, Some(Ok(Message::from(&b"de"[..]))));
    assert_eq!(frame(&mut server).await, (0x8a, b"p".to_vec()));
    let stats = socket.stats();
    assert_eq!((stats.messages_in, stats.messages_out), (2, 3));
    assert_eq!((stats.frames_in, stats.frames_out), (3, 3));
    assert_eq!((stats.payload_in, stats.payload_out), (5, 12));
    assert!(stats.wire_in > 5 && stats.wire_out > 12);
}

#[tokio::test]
async fn the_request_has_what_was_set() {
    let (url, server) = server("Sec-WebSocket-Protocol: two\r\nX-Answer: yes\r\n").await;
    let socket = websocket::connect(url)
        .protocols(["one", "two"])
        .origin("https://example.com")
        .user_agent("test/1")
        .header("X-More", "more")
        .await
        .unwrap();
    let (head, _) = server.await.unwrap();
    assert!(head.starts_with("GET /path?a=b HTTP/1.1\r\n"), "{head}");
    for line in [
        "Sec-WebSocket-Protocol: one, two",
        "Origin: https://example.com",
        "User-Agent: test/1",
        "X-More: more",
    ] {
        assert!(head.contains(&format!("\r\n{line}\r\n")), "{line}: {head}");
    }
    assert_eq!(socket.response().protocol(), Some("two"));
    assert_eq!(socket.response().header("x-answer"), Some("yes"));
}

#[tokio::test]
async fn settings_that_cannot_be_are_refused_by_name() {
    let base = || WebSocketClientFactory::new("ws://localhost");
    for (factory, name) in [
        (WebSocketClientFactory::new("http://localhost"), "url"),
        (WebSocketClientFactory::new("ws://localhost/#part"), "url"),
        (base().protocols(["a b"]), "protocols"),
        (base().protocols(["a", "a"]), "protocols"),
        (base().origin("a\r\nb"), "origin"),
        (base().header("Upgrade", "x"), "headers.Upgrade"),
        (base().header("X", "a\nb"), "headers.X"),
        (base().connect_timeout(Duration::ZERO), "connect_timeout"),
    ] {
        let error = factory.check().unwrap_err();
        assert!(error.to_string().contains(name), "{name}: {error}");
        match factory.open().await.unwrap_err() {
            ConnectError::InvalidUrl(error) => {
                assert_eq!(name, "url");
                let source = error.to_string();
                assert!(source.starts_with("invalid URL \""), "{source}");
            }
            ConnectError::InvalidConfig(opened) => {
                assert_eq!(opened, error);
                assert_ne!(name, "url");
            }
            error => panic!("{error}"),
        }
    }
}

/// Futures that were dropped before they were ready lose nothing, also within a frame.
#[tokio::test]
async fn r07_dropping_a_future_loses_no_octet() {
    let (mut socket, mut server) = pair().await;
    for octet in b"\x81\x05hello\x82\x02ab" {
        assert!(socket.next().now_or_never().is_none());
        if *octet == b'b' {
            break;
        }
        server.write_all(&[*octet]).await.unwrap();
        if *octet == b'o' {
            assert_eq!(socket.next().await, Some(Ok(Message::from("hello"))));
        }
    }
    server.write_all(b"b").await.unwrap();
    assert_eq!(socket.next().await, Some(Ok(Message::Binary(Bytes::from_static(b"ab")))));
}

#[tokio::test]
async fn a_peer_that_reads_nothing_makes_the_sender_wait() {
    let (socket, mut server) = pair().await;
    let sender = socket.sender();
    let message = Bytes::from(vec![7; 100_000]);
    let mut count = 0;
    let full = loop {
        match sender.try_send(message.clone()) {
            Ok(()) => count += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(full, WebSocketError::Full);
    // The task sends until the system takes no more; then what waits is bounded.
    let mut rounds = 0;
    while tokio::time::timeout(Duration::from_millis(200), sender.send(message.clone()))
        .await
        .is_ok()
    {
        rounds += 1;
        assert!(rounds < 1000, "it is not bounded");
    }
    count += rounds;
    // All of it arrives.
    let reading = tokio::spawn(async move {
        for _ in 0..count {
            assert_eq!(frame(&mut server).await.1.len(), 100_000);
        }
        frame(&mut server).await.1
    });
    sender.send("end").await.unwrap();
    assert_eq!(reading.await.unwrap(), b"end");
}

#[tokio::test]
async fn the_sink_is_flushed_when_everything_was_sent() {
    let (mut socket, mut server) = pair().await;
    // More than the system takes at once.
    socket.feed(Message::Binary(vec![7; 16 << 20].into())).await.unwrap();
    socket.feed("end".into()).await.unwrap();
    let mut flushing = SinkExt::<Message>::flush(&mut socket);
    for _ in 0..100 {
        assert!((&mut flushing).now_or_never().is_none(), "the peer has read nothing");
        tokio::task::yield_now().await;
    }
    let (flushed, last) = tokio::join!(flushing, async {
        frame(&mut server).await;
        frame(&mut server).await.1
    });
    assert_eq!((flushed, &last[..]), (Ok(()), &b"end"[..]));
    // The peer goes away while something is flushed.
    socket.feed(Message::Binary(vec![7; 16 << 20].into())).await.unwrap();
    let flushing = tokio::spawn(async move { SinkExt::<Message>::flush(&mut socket).await });
    server.read_u8().await.unwrap();
    drop(server);
    let error = flushing.await.unwrap().unwrap_err();
    assert!(matches!(error, WebSocketError::Closed(_)), "{error:?}");
}

#[tokio::test]
async fn what_is_too_long_is_refused_and_the_connection_stays() {
    let (url, server) = server("").await;
    let factory = WebSocketClientFactory::new(url);
    let options = wampwerk::websocket::WebSocketOptions::new().max_message_payload_size(10);
    let socket = factory.options(options).open().await.unwrap();
    let mut server = server.await.unwrap().1;
    let error = socket.send("01234567890").await.unwrap_err();
    assert_eq!(error, WebSocketError::TooLarge { size: 11, limit: 10 });
    socket.send("0123456789").await.unwrap();
    assert_eq!(frame(&mut server).await.1, b"0123456789");
}

#[tokio::test]
async fn a_message_is_written_in_frames_and_frames_in_parts() {
    let (socket, mut server) = pair().await;
    let sender = socket.sender();
    let mut writer = sender.message_writer(false, SendOptions::new()).await.unwrap();
    // Another message waits for its end.
    let other = tokio::spawn({
        let sender = sender.clone();
        async move { sender.send("other").await }
    });
    assert_eq!(sender.try_send("x"), Err(WebSocketError::Full));
    writer.frame("one").await.unwrap();
    writer.begin_frame(5).await.unwrap();
    assert_eq!(writer.data("ab").await, Ok(3));
    assert!(matches!(writer.frame("x").await, Err(WebSocketError::Invalid(_))));
    assert!(matches!(writer.data("abcd").await, Err(WebSocketError::Invalid(_))));
    assert_eq!(writer.data("cde").await, Ok(0));
    writer.end().await.unwrap();
    other.await.unwrap().unwrap();
    for expected in [(0x01, &b"one"[..]), (0x00, b"abcde"), (0x80, b""), (0x81, b"other")] {
        assert_eq!(frame(&mut server).await, (expected.0, expected.1.to_vec()));
    }
    // One that is not ended is no message.
    drop(sender.message_writer(true, SendOptions::new()).await.unwrap());
    assert_eq!(frame(&mut server).await, (0x88, b"\x03\xf3".to_vec()));
}

#[tokio::test]
async fn prepared_messages_pings_and_fragments_are_sent() {
    let (socket, mut server) = pair().await;
    let sender = socket.sender();
    let prepared = PreparedMessage::new("all", SendOptions::new());
    sender.send_prepared(&prepared).await.unwrap();
    sender.try_send_prepared(&prepared).unwrap();
    sender.ping("p").await.unwrap();
    sender.pong("q").await.unwrap();
    assert!(matches!(sender.ping(vec![0; 126]).await, Err(WebSocketError::Invalid(_))));
    sender.send_with("abc", SendOptions::new().fragment_size(2)).await.unwrap();
    for expected in
        [(0x81, "all"), (0x81, "all"), (0x89, "p"), (0x8a, "q"), (0x01, "ab"), (0x80, "c")]
    {
        assert_eq!(frame(&mut server).await, (expected.0, expected.1.as_bytes().to_vec()));
    }
}

#[tokio::test]
async fn frames_have_the_length_that_was_asked_for() {
    let (url, server) = server("").await;
    let options = WebSocketOptions::new().auto_fragment_size(2);
    let socket = websocket::connect(url).options(options).await.unwrap();
    let mut server = server.await.unwrap().1;
    let sender = socket.sender();
    let options = |size| SendOptions::new().fragment_size(size);
    sender.send_with("whole", options(0)).await.unwrap();
    sender.send_prepared(&PreparedMessage::new("whole", options(0))).await.unwrap();
    sender.send_prepared(&PreparedMessage::new("parts", options(3))).await.unwrap();
    sender.send("abc").await.unwrap();
    sender.send_prepared(&PreparedMessage::new("def", SendOptions::new())).await.unwrap();
    for expected in [
        (0x81, "whole"),
        (0x81, "whole"),
        (0x01, "par"),
        (0x80, "ts"),
        (0x01, "ab"),
        (0x80, "c"),
        (0x01, "de"),
        (0x80, "f"),
    ] {
        assert_eq!(frame(&mut server).await, (expected.0, expected.1.as_bytes().to_vec()));
    }
    let error = sender.message_writer(true, options(3)).await.unwrap_err();
    assert!(matches!(&error, WebSocketError::Invalid(text) if text.contains("fragment_size")));
    // Nothing was begun.
    sender.try_send("d").unwrap();
}

#[tokio::test]
async fn a_message_in_frames_has_the_limits_of_others() {
    let (url, server) = server("").await;
    let options = WebSocketOptions::new().max_message_payload_size(10);
    let socket = websocket::connect(url).options(options).await.unwrap();
    let mut server = server.await.unwrap().1;
    let sender = socket.sender();
    let mut writer = sender.message_writer(false, SendOptions::new()).await.unwrap();
    writer.frame("0123456").await.unwrap();
    let too_large = |size| WebSocketError::TooLarge { size, limit: 10 };
    assert_eq!(writer.frame("7890").await, Err(too_large(11)));
    assert_eq!(writer.begin_frame(4).await, Err(too_large(11)));
    assert!(matches!(writer.frame(&b"\xff"[..]).await, Err(WebSocketError::Invalid(_))));
    // A character may be split.
    writer.begin_frame(1).await.unwrap();
    assert_eq!(writer.data(&b"\xc3"[..]).await, Ok(0));
    assert!(matches!(writer.frame(&b"a"[..]).await, Err(WebSocketError::Invalid(_))));
    writer.frame(&b"\xa4"[..]).await.unwrap();
    writer.end().await.unwrap();
    for expected in [(0x01, &b"0123456"[..]), (0x00, b"\xc3"), (0x00, b"\xa4"), (0x80, b"")] {
        assert_eq!(frame(&mut server).await, (expected.0, expected.1.to_vec()));
    }
    // Bytes are not looked at.
    let mut writer = sender.message_writer(true, SendOptions::new()).await.unwrap();
    writer.frame(&b"\xff"[..]).await.unwrap();
    writer.end().await.unwrap();
    let mut writer = sender.message_writer(false, SendOptions::new()).await.unwrap();
    writer.frame(&b"\xc3"[..]).await.unwrap();
    assert!(matches!(writer.end().await, Err(WebSocketError::Invalid(_))));
}

#[tokio::test]
async fn the_sink_tells_that_nothing_is_sent_any_more_also_if_nothing_is_read() {
    let (mut socket, mut server) = pair().await;
    let message = [&[0x82, 126, 0xff, 0xff][..], &[0; 0xffff]].concat();
    for _ in 0..5 {
        server.write_all(&message).await.unwrap();
    }
    socket.feed("not read".into()).await.unwrap();
    socket.flush().await.unwrap();
    // With octets that were not read, the system resets the connection.
    server.readable().await.unwrap();
    drop(server);
    let failing = async {
        loop {
            socket.feed("lost".into()).await?;
            SinkExt::<Message>::flush(&mut socket).await?;
            tokio::task::yield_now().await;
        }
    };
    let failed: Result<(), WebSocketError> =
        tokio::time::timeout(Duration::from_secs(20), failing).await.unwrap();
    assert!(matches!(failed, Err(WebSocketError::Closed(_))), "{failed:?}");
    let late = [socket.sender().try_send("late"), socket.send("late").await];
    assert!(late.iter().all(Result::is_err), "{late:?}");
}
