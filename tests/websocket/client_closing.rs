//! The end of a client's connection.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::time::Duration;

use futures_util::{FutureExt, Sink, SinkExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::oneshot;
use wampwerk::websocket::WebSocketOptions;
use wampwerk::websocket::{self, Message, SendOptions, WebSocketClientFactory, WebSocketError};

use crate::peer::{frame, pair, server, trickle};

#[tokio::test]
async fn c08_closing_tells_what_the_peer_said() {
    let (socket, mut server) = pair().await;
    socket.send("before").await.unwrap();
    let sender = socket.sender();
    let closing = tokio::spawn(async move { sender.close(4000, "enough").await });
    assert_eq!(frame(&mut server).await.1, b"before");
    assert_eq!(frame(&mut server).await, (0x88, b"\x0f\xa0enough".to_vec()));
    server.write_all(b"\x88\x05\x0f\xa1bye").await.unwrap();
    server.shutdown().await.unwrap();
    let closed = closing.await.unwrap().unwrap();
    assert!(closed.was_clean);
    assert_eq!((closed.code, &*closed.reason, closed.sent), (Some(4001), "bye", Some(4000)));
    assert_eq!(socket.closed().await, closed);
    assert_eq!(socket.send("late").await, Err(WebSocketError::Closed(closed)));
}

/// Behind our Close frame there is nothing, and a ping of the peer is not answered.
#[tokio::test]
async fn c05_nothing_follows_our_close_frame() {
    let (mut socket, mut server) = pair().await;
    let sender = socket.sender();
    sender.start_close(1000, "").unwrap();
    assert!(matches!(sender.try_send("late"), Err(WebSocketError::Closed(_))));
    assert_eq!(frame(&mut server).await, (0x88, 1000_u16.to_be_bytes().to_vec()));
    server.write_all(b"\x89\x01p\x81\x01a\x88\x02\x03\xe8").await.unwrap();
    server.shutdown().await.unwrap();
    let mut behind = Vec::new();
    server.read_to_end(&mut behind).await.unwrap();
    assert_eq!(behind, b"");
    while socket.next().await.is_some() {}
    assert!(socket.closed().await.was_clean);
}

#[tokio::test]
async fn c07_a_message_in_parts_need_not_be_finished_before_close() {
    let (socket, mut server) = pair().await;
    let sender = socket.sender();
    let mut writer = sender.message_writer(false, SendOptions::new()).await.unwrap();
    writer.frame("begun").await.unwrap();
    assert_eq!(frame(&mut server).await, (0x01, b"begun".to_vec()));
    sender.start_close(1000, "").unwrap();
    assert_eq!(frame(&mut server).await, (0x88, 1000_u16.to_be_bytes().to_vec()));
    server.write_all(b"\x88\x02\x03\xe8").await.unwrap();
    server.shutdown().await.unwrap();
    assert!(socket.closed().await.was_clean);
    assert!(matches!(writer.end().await, Err(WebSocketError::Closed(_))));
}

/// The server keeps TCP open behind its Close frame.
#[tokio::test]
async fn c08_a_client_does_not_wait_for_ever_for_the_server_to_end() {
    let (url, server) = server("").await;
    let options = WebSocketOptions::new().close_timeout(Duration::from_millis(300));
    let socket = WebSocketClientFactory::new(url).options(options).open().await.unwrap();
    let mut server = server.await.unwrap().1;
    socket.sender().start_close(1000, "").unwrap();
    assert_eq!(frame(&mut server).await.0, 0x88);
    server.write_all(b"\x88\x02\x03\xe8").await.unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(10), socket.closed()).await.unwrap();
    assert_eq!(ended.code, Some(1000));
    drop(server);
}

/// The Close frames of both sides cross.
#[tokio::test]
async fn c09_close_frames_that_cross_are_not_answered() {
    let (socket, mut server) = pair().await;
    server.write_all(b"\x88\x05\x0f\xa1bye").await.unwrap();
    // The client has not read it yet: its task runs at the next await.
    socket.sender().start_close(4000, "").unwrap();
    let (first, payload) = frame(&mut server).await;
    let code = u16::from_be_bytes([payload[0], payload[1]]);
    assert!(first == 0x88 && (code == 4000 || code == 4001), "{payload:?}");
    server.shutdown().await.unwrap();
    let mut behind = Vec::new();
    server.read_to_end(&mut behind).await.unwrap();
    assert_eq!(behind, b"", "one Close frame only");
    let closed = socket.closed().await;
    assert_eq!((closed.was_clean, closed.code, &*closed.reason), (true, Some(4001), "bye"));
}

#[tokio::test]
async fn c06_the_peers_code_is_echoed() {
    for (sent, code, reason) in [
        (&b"\x88\x06\x0f\xa1text"[..], Some(4001), "text"),
        (b"\x88\x00", None, ""),
        (b"\x88\x02\x03\xe9", Some(1001), ""),
    ] {
        let (mut socket, mut server) = pair().await;
        server.write_all(sent).await.unwrap();
        assert_eq!(socket.next().await, None);
        let echo = code.map_or(Vec::new(), |code: u16| code.to_be_bytes().to_vec());
        assert_eq!(frame(&mut server).await, (0x88, echo));
        drop(server);
        let closed = socket.closed().await;
        assert_eq!((closed.was_clean, closed.code, &*closed.reason), (true, code, reason));
    }
}

#[tokio::test]
async fn c12_a_breach_is_answered_and_told() {
    for (sent, code, text) in [
        (&b"\x83\x00"[..], 1002, "opcode 3"),
        (b"\x81\x01\xff", 1007, "UTF-8"),
        (b"\x82\x7f\x00\x00\x00\x00\x7f\xff\xff\xff", 1009, "limit"),
    ] {
        let (mut socket, mut server) = pair().await;
        server.write_all(&[b"\x81\x01a", sent].concat()).await.unwrap();
        assert_eq!(socket.next().await, Some(Ok(Message::from("a"))));
        assert_eq!(frame(&mut server).await, (0x88, u16::to_be_bytes(code).to_vec()));
        server.shutdown().await.unwrap();
        let error = socket.next().await.unwrap().unwrap_err();
        assert_eq!(error.close_code(), Some(code));
        assert!(matches!(&error, WebSocketError::Failed(closed)
            if closed.code == Some(1006) && !closed.was_clean));
        assert!(error.to_string().contains(text), "{error}");
        assert_eq!(socket.next().await, None);
    }
}

#[tokio::test]
async fn c11_a_lost_connection_is_1006() {
    let (mut socket, server) = pair().await;
    socket.send("not read").await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    drop(server);
    let error = socket.next().await.unwrap().unwrap_err();
    assert_eq!(error.io_kind(), Some(std::io::ErrorKind::ConnectionReset), "{error:?}");
    let source = std::error::Error::source(&error).unwrap();
    assert!(source.downcast_ref::<wampwerk::error::TransportError>().is_some(), "{source:?}");
    let closed = error.closed().unwrap();
    assert_eq!((closed.was_clean, closed.code), (false, Some(1006)));
    assert!(closed.cause.is_some());
}

#[tokio::test]
async fn codes_of_the_protocol_are_not_for_applications() {
    let (socket, _server) = pair().await;
    for code in [0, 999, 1001, 1002, 1005, 1006, 1015, 2999, 5000] {
        let error = socket.close(code, "").await.unwrap_err();
        assert!(matches!(&error, WebSocketError::Invalid(text) if text.contains("close code")));
    }
    assert_eq!(socket.sender().is_closed(), None);
}

#[tokio::test]
async fn dropping_all_handles_closes_the_connection() {
    let (socket, mut server) = pair().await;
    let sender = socket.sender();
    drop(socket);
    // What comes is dropped, and the connection stays.
    server.write_all(b"\x81\x03abc\x89\x00").await.unwrap();
    assert_eq!(frame(&mut server).await.0, 0x8a);
    sender.send("still here").await.unwrap();
    assert_eq!(frame(&mut server).await.1, b"still here");
    drop(sender);
    assert_eq!(frame(&mut server).await, (0x88, b"\x03\xe8".to_vec()));
}

#[tokio::test]
async fn messages_before_a_violation_are_answered() {
    let (mut socket, mut server) = pair().await;
    // A message and, in the same packet, a frame with a reserved opcode.
    server.write_all(b"\x81\x01a\x82\x01b\x83\x00").await.unwrap();
    assert_eq!(socket.next().await, Some(Ok(Message::from("a"))));
    tokio::task::yield_now().await;
    socket.send("answer to a").await.unwrap();
    assert_eq!(socket.next().await, Some(Ok(Message::from(&b"b"[..]))));
    socket.send("answer to b").await.unwrap();
    let end = tokio::spawn(async move { (socket.next().await, socket.closed().await) });
    assert_eq!(frame(&mut server).await, (0x81, b"answer to a".to_vec()));
    assert_eq!(frame(&mut server).await, (0x81, b"answer to b".to_vec()));
    let (first, payload) = frame(&mut server).await;
    assert_eq!((first, &payload[..2]), (0x88, &1002_u16.to_be_bytes()[..]));
    drop(server);
    let (item, closed) = end.await.unwrap();
    assert!(matches!(item, Some(Err(WebSocketError::Failed(_)))), "{item:?}");
    assert_eq!((closed.was_clean, closed.sent), (false, Some(1002)));
}

#[tokio::test]
async fn a_violation_ends_a_connection_whose_messages_nobody_takes() {
    let (url, server) = server("").await;
    let options = wampwerk::websocket::WebSocketOptions::new();
    let options = options.close_timeout(Duration::from_millis(50));
    let socket = websocket::connect(url).options(options).await.unwrap();
    let mut server = server.await.unwrap().1;
    server.write_all(b"\x81\x01a\x83\x00").await.unwrap();
    let (first, payload) = frame(&mut server).await;
    assert_eq!((first, &payload[..2]), (0x88, &1002_u16.to_be_bytes()[..]));
    assert_eq!(socket.closed().await.sent, Some(1002));
}

/// The error does not wait for a peer that takes its time to go away; `closed` does.
#[tokio::test]
async fn c12_the_error_of_a_breach_comes_before_the_end() {
    let (url, server) = server("").await;
    let options = WebSocketOptions::new().close_timeout(Duration::from_secs(600));
    let mut socket = websocket::connect(url).options(options).await.unwrap();
    let mut server = server.await.unwrap().1;
    server.write_all(b"\x81\x02hi\x83\x00").await.unwrap();
    assert_eq!(socket.next().await, Some(Ok("hi".into())));
    let error = socket.next().await.unwrap().unwrap_err();
    assert_eq!(error.close_code(), Some(1002), "{error}");
    assert_eq!(socket.next().await, None);
    let late = socket.send("late").await.unwrap_err();
    assert_eq!(late.close_code(), Some(1002), "{late}");
    assert_eq!(frame(&mut server).await, (0x88, b"\x03\xea".to_vec()));
    let sender = socket.sender();
    let mut end = pin!(sender.closed());
    assert!(end.as_mut().now_or_never().is_none());
    drop(server);
    assert_eq!((end.await.code, error.closed().unwrap().code), (Some(1006), Some(1006)));
}

#[tokio::test]
async fn a_failed_connection_can_be_dropped_without_a_word() {
    let (url, server) = server("").await;
    let options = WebSocketOptions::new().fail_by_drop(true);
    let mut socket = websocket::connect(url).options(options).await.unwrap();
    let mut server = server.await.unwrap().1;
    server.write_all(b"\x83\x00").await.unwrap();
    let error = socket.next().await.unwrap().unwrap_err();
    assert_eq!(error.close_code(), None, "{error}");
    let mut rest = Vec::new();
    server.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, b"");
    let closed = socket.closed().await;
    assert_eq!((closed.was_clean, closed.code, closed.sent), (false, Some(1006), None));
}

#[tokio::test]
async fn c10_an_end_without_our_close_frame_is_not_clean() {
    let (socket, mut server) = pair().await;
    let mut writer = socket.sender().message_writer(true, SendOptions::new()).await.unwrap();
    writer.begin_frame(5).await.unwrap();
    writer.data("ab").await.unwrap();
    let mut begun = [0; 8];
    server.read_exact(&mut begun).await.unwrap();
    server.write_all(b"\x88\x02\x03\xe8").await.unwrap();
    let closed = socket.closed().await;
    assert_eq!((closed.was_clean, closed.code, closed.sent), (false, Some(1006), None), "{closed}");
    let mut rest = Vec::new();
    server.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, b"");
}

#[tokio::test]
async fn closing_does_not_wait_for_a_peer_that_takes_little() {
    for is_dropped in [false, true] {
        let (url, server) = server("").await;
        let options = WebSocketOptions::new().close_timeout(Duration::from_millis(100));
        let mut socket = websocket::connect(url).options(options).await.unwrap();
        let (reads_all, until) = oneshot::channel();
        let server = trickle(server.await.unwrap().1, until);
        socket.feed(Message::Binary(vec![7; 16 << 20].into())).await.unwrap();
        // It is in the buffer of the connection before closing is asked for.
        while socket.stats().messages_out == 0 {
            tokio::task::yield_now().await;
        }
        if is_dropped {
            drop(socket);
            tokio::time::sleep(Duration::from_secs(1)).await;
        } else {
            let closing = socket.close(3000, "enough");
            let closed = tokio::time::timeout(Duration::from_secs(20), closing).await.unwrap();
            let closed = closed.unwrap();
            assert_eq!((closed.was_clean, closed.sent), (false, None), "it waits: {closed}");
        }
        reads_all.send(()).unwrap();
        let count = server.await.unwrap();
        assert!(count < 16 << 20, "the message was dropped: {count}");
    }
}

#[tokio::test]
async fn closing_is_not_clean_if_messages_were_dropped() {
    let (url, server) = server("").await;
    let options = WebSocketOptions::new().close_timeout(Duration::from_millis(300));
    let mut socket = websocket::connect(url).options(options).await.unwrap();
    let (reads_all, until) = oneshot::channel();
    let server = trickle(server.await.unwrap().1, until);
    // The second one stays in the queue.
    for length in [16 << 20, 1] {
        socket.feed(Message::Binary(vec![7; length].into())).await.unwrap();
    }
    let closing = socket.close(3000, "enough");
    let (closed, ()) = tokio::join!(closing, async {
        tokio::time::sleep(Duration::from_millis(450)).await;
        reads_all.send(()).unwrap();
    });
    let closed = closed.unwrap();
    assert!(!closed.was_clean && closed.code != Some(3000), "{closed}");
    server.await.unwrap();
}

#[tokio::test]
async fn closing_the_sink_waits_for_the_end() {
    let (mut socket, mut server) = pair().await;
    socket.feed("last".into()).await.unwrap();
    let mut closing = SinkExt::<Message>::close(&mut socket);
    assert!((&mut closing).now_or_never().is_none());
    let answering = async {
        assert_eq!(frame(&mut server).await.1, b"last");
        assert_eq!(frame(&mut server).await, (0x88, 1000_u16.to_be_bytes().to_vec()));
        server.write_all(b"\x88\x02\x03\xe8").await.unwrap();
        drop(server);
    };
    assert_eq!(tokio::join!(closing, answering).0, Ok(()));
    assert!(socket.closed().await.was_clean);
}

#[tokio::test]
async fn closing_the_sink_overtakes_no_message_that_waits_for_a_writer() {
    let (mut socket, mut server) = pair().await;
    let sender = socket.sender();
    let room = SinkExt::<Message>::feed(&mut socket, "first".into());
    room.await.unwrap();
    poll_fn(|cx| Pin::new(&mut socket).poll_ready(cx)).await.unwrap();
    // It came between having room and sending.
    let mut writer = sender.message_writer(false, SendOptions::new()).await.unwrap();
    Pin::new(&mut socket).start_send("held".into()).unwrap();
    let mut closing = SinkExt::<Message>::close(&mut socket);
    assert!((&mut closing).now_or_never().is_none());
    let answering = async {
        writer.frame("part").await.unwrap();
        writer.end().await.unwrap();
        assert_eq!(frame(&mut server).await.1, b"first");
        assert_eq!(frame(&mut server).await.1, b"part");
        assert_eq!(frame(&mut server).await, (0x80, Vec::new()));
        assert_eq!(frame(&mut server).await, (0x81, b"held".to_vec()));
        assert_eq!(frame(&mut server).await.0, 0x88);
        server.write_all(b"\x88\x02\x03\xe8").await.unwrap();
        drop(server);
    };
    assert_eq!(tokio::join!(closing, answering).0, Ok(()));
}

#[tokio::test]
async fn aborting_drops_the_connection_without_a_close_frame() {
    let (socket, mut server) = pair().await;
    socket.send("before").await.unwrap();
    assert_eq!(frame(&mut server).await, (0x81, b"before".to_vec()));
    // More than the system takes: it is not waited for.
    socket.send(vec![0; 16 << 20]).await.unwrap();
    socket.sender().abort();
    let closed = socket.closed().await;
    assert!(!closed.was_clean && closed.code == Some(1006) && closed.sent.is_none(), "{closed}");
    assert!(matches!(socket.send("late").await, Err(WebSocketError::Closed(_))));
    let mut rest = Vec::new();
    // The connection may have been reset.
    let _ = server.read_to_end(&mut rest).await;
    assert!(rest.len() < 16 << 20);

    // While the answer to our Close frame is waited for, too.
    let (socket, _server) = pair().await;
    socket.sender().start_close(1000, "").unwrap();
    while socket.stats().wire_out == 0 {
        tokio::task::yield_now().await;
    }
    socket.sender().abort();
    assert!(!socket.closed().await.was_clean);
}
