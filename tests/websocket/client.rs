//! The client's face, against servers made of frames.

use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{FutureExt, SinkExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use wampwerk::error::{Cause, ConnectError};
use wampwerk::internals::framing::websocket::handshake::Key;
use wampwerk::websocket::WebSocketOptions;
use wampwerk::websocket::{
    self, Closed, ConnectingRequest, ConnectionResponse, Message, Part, PreparedMessage,
    SendOptions, Sender, WebSocket, WebSocketClientFactory, WebSocketClientProtocol,
    WebSocketError,
};

/// A server that has answered a request with these headers, in addition.
async fn server(headers: &'static str) -> (String, JoinHandle<(String, TcpStream)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/path?a=b", listener.local_addr().unwrap());
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap();
        let key = head.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
        let answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {}\r\n{headers}\r\n",
            Key::read(key.as_bytes()).unwrap().accept()
        );
        stream.write_all(answer.as_bytes()).await.unwrap();
        (head, stream)
    });
    (url, task)
}

async fn pair() -> (WebSocket, TcpStream) {
    let (url, server) = server("").await;
    let socket = websocket::connect(url).await.unwrap();
    (socket, server.await.unwrap().1)
}

/// The next frame of the client: its first octet and its payload.
async fn frame(stream: &mut TcpStream) -> (u8, Vec<u8>) {
    let first = stream.read_u8().await.unwrap();
    let second = stream.read_u8().await.unwrap();
    assert!(second & 0x80 != 0, "a client masks");
    let length = match second & 0x7f {
        126 => usize::from(stream.read_u16().await.unwrap()),
        127 => usize::try_from(stream.read_u64().await.unwrap()).unwrap(),
        short => usize::from(short),
    };
    let mut mask = [0; 4];
    stream.read_exact(&mut mask).await.unwrap();
    let mut payload = vec![0; length];
    stream.read_exact(&mut payload).await.unwrap();
    for (octet, mask) in payload.iter_mut().zip(mask.into_iter().cycle()) {
        *octet ^= mask;
    }
    (first, payload)
}

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

#[derive(Debug, PartialEq)]
enum Called {
    Connecting,
    Connect,
    Open,
    Message(Message),
    Ping(Bytes),
    Pong(Bytes),
    Close(Option<u16>),
}

struct Recorder(tokio::sync::mpsc::UnboundedSender<Called>);

impl WebSocketClientProtocol for Recorder {
    async fn on_connecting(&mut self, peer: &str) -> Result<ConnectingRequest, Cause> {
        assert!(peer.starts_with("127.0.0.1:"));
        self.0.send(Called::Connecting).unwrap();
        Ok(ConnectingRequest::new().resource("/other").protocols(["late"]))
    }

    async fn on_connect(&mut self, response: &ConnectionResponse) -> Result<(), Cause> {
        self.0.send(Called::Connect).unwrap();
        match response.header("X-Refuse") {
            Some(_) => Err("not this one".into()),
            None => Ok(()),
        }
    }

    async fn on_open(&mut self, sender: Sender) {
        self.0.send(Called::Open).unwrap();
        sender.send("open").await.unwrap();
    }

    async fn on_message(&mut self, message: Message) {
        assert!(message.text() != Some("panic"), "it was asked for");
        self.0.send(Called::Message(message)).unwrap();
    }

    async fn on_ping(&mut self, payload: Bytes) {
        self.0.send(Called::Ping(payload)).unwrap();
    }

    async fn on_pong(&mut self, payload: Bytes) {
        self.0.send(Called::Pong(payload)).unwrap();
    }

    async fn on_close(&mut self, closed: Closed) {
        self.0.send(Called::Close(closed.code)).unwrap();
    }
}

#[tokio::test]
async fn the_methods_of_a_protocol_are_called_in_order() {
    let (url, server) = server("Sec-WebSocket-Protocol: late\r\n").await;
    let (calls, mut called) = tokio::sync::mpsc::unbounded_channel();
    let sender = WebSocketClientFactory::new(url).open_protocol(Recorder(calls)).await.unwrap();
    let (head, mut server) = server.await.unwrap();
    assert!(head.starts_with("GET /other HTTP/1.1"));
    assert_eq!(frame(&mut server).await.1, b"open");
    server.write_all(b"\x81\x01a\x89\x01b\x8a\x01c\x88\x02\x03\xe8").await.unwrap();
    server.shutdown().await.unwrap();
    assert!(sender.closed().await.was_clean);
    for expected in [
        Called::Connecting,
        Called::Connect,
        Called::Open,
        Called::Message("a".into()),
        Called::Ping("b".into()),
        Called::Pong("c".into()),
        Called::Close(Some(1000)),
    ] {
        assert_eq!(called.recv().await, Some(expected));
    }
    assert_eq!(called.recv().await, None);
}

#[tokio::test]
async fn c13_on_close_is_called_once_whatever_fails() {
    // Nobody listens; the server's answer is refused; a method panics.
    let (calls, mut called) = tokio::sync::mpsc::unbounded_channel();
    let nowhere = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let factory = WebSocketClientFactory::new(format!("ws://{nowhere}"));
    assert!(factory.open_protocol(Recorder(calls.clone())).await.is_err());
    assert_eq!(called.recv().await, Some(Called::Close(Some(1006))));
    let (url, task) = server("X-Refuse: 1\r\n").await;
    let opened = WebSocketClientFactory::new(url).open_protocol(Recorder(calls.clone())).await;
    assert!(opened.unwrap_err().to_string().contains("not this one"));
    drop(task);
    let expected = [Called::Connecting, Called::Connect, Called::Close(Some(1006))];
    for expected in expected {
        assert_eq!(called.recv().await, Some(expected));
    }
    let (url, task) = server("").await;
    let sender = WebSocketClientFactory::new(url).open_protocol(Recorder(calls)).await.unwrap();
    let mut server = task.await.unwrap().1;
    assert_eq!(frame(&mut server).await.1, b"open");
    server.write_all(b"\x81\x05panic").await.unwrap();
    assert_eq!(frame(&mut server).await, (0x88, b"\x03\xf3".to_vec()));
    drop(server);
    sender.closed().await;
    for expected in [Called::Connecting, Called::Connect, Called::Open] {
        assert_eq!(called.recv().await, Some(expected));
    }
    assert!(matches!(called.recv().await, Some(Called::Close(_))));
    assert_eq!(called.recv().await, None);
}

/// A protocol that fails before its connection is open: as its method and how.
struct Failing(&'static str, tokio::sync::mpsc::UnboundedSender<Closed>);

impl WebSocketClientProtocol for Failing {
    async fn on_connecting(&mut self, _peer: &str) -> Result<ConnectingRequest, Cause> {
        assert!(self.0 != "on_connecting panicked", "a test");
        Ok(ConnectingRequest::new())
    }

    async fn on_connect(&mut self, _response: &ConnectionResponse) -> Result<(), Cause> {
        assert!(self.0 != "on_connect panicked", "a test");
        Err("a test".into())
    }

    async fn on_close(&mut self, closed: Closed) {
        self.1.send(closed).unwrap();
    }
}

#[tokio::test]
async fn c13_methods_that_fail_before_the_connection_is_open_are_an_error() {
    for (how, code) in [
        ("on_connecting panicked", None),
        ("on_connect panicked", Some(1011_u16)),
        ("on_connect refused", Some(1000)),
    ] {
        let (url, server) = server("").await;
        let (calls, mut called) = tokio::sync::mpsc::unbounded_channel();
        let opening = tokio::spawn(async move {
            WebSocketClientFactory::new(url).open_protocol(Failing(how, calls)).await
        });
        if let Some(code) = code {
            let mut server = server.await.unwrap().1;
            assert_eq!(frame(&mut server).await, (0x88, code.to_be_bytes().to_vec()));
            server.write_all(b"\x88\x02\x03\xe8").await.unwrap();
        }
        let error = opening.await.expect("no panic comes out").unwrap_err();
        assert!(matches!(error, ConnectError::Handshake { .. }), "{error}");
        assert!(error.to_string().contains(how) && error.to_string().contains("a test"), "{error}");
        let closed = called.recv().await.unwrap();
        assert_eq!((closed.was_clean, closed.sent), (code.is_some(), code));
        assert!(closed.cause.is_some() && closed.reason.contains(how), "{closed}");
        assert_eq!(called.recv().await, None);
    }
}

struct Parts(tokio::sync::mpsc::UnboundedSender<Part>);

impl WebSocketClientProtocol for Parts {
    const IN_PARTS: bool = true;

    async fn on_part(&mut self, part: Part) {
        self.0.send(part).unwrap();
    }
}

#[tokio::test]
async fn a_message_is_received_in_parts() {
    let (url, task) = server("").await;
    let (calls, mut called) = tokio::sync::mpsc::unbounded_channel();
    let sender = WebSocketClientFactory::new(url).open_protocol(Parts(calls)).await.unwrap();
    let mut server = task.await.unwrap().1;
    server.write_all(b"\x01\x05ab").await.unwrap();
    for expected in [Part::Begin { is_binary: false }, Part::FrameBegin { length: 5 }] {
        assert_eq!(called.recv().await, Some(expected));
    }
    assert_eq!(called.recv().await, Some(Part::Data("ab".into())));
    server.write_all(b"cde\x80\x00").await.unwrap();
    assert_eq!(called.recv().await, Some(Part::Data("cde".into())));
    assert_eq!(sender.is_closed(), None);
    assert_eq!(called.recv().await, Some(Part::FrameEnd));
    assert_eq!(called.recv().await, Some(Part::FrameBegin { length: 0 }));
    assert_eq!(called.recv().await, Some(Part::FrameEnd));
    assert_eq!(called.recv().await, Some(Part::End));
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

/// Reads an octet now and then, so that something is always taken, and everything when it is told to. Returns the
/// number of octets.
fn trickle(mut server: TcpStream, mut until: oneshot::Receiver<()>) -> JoinHandle<usize> {
    tokio::spawn(async move {
        let mut count = 0;
        while until.try_recv().is_err() {
            count += server.read(&mut [0]).await.unwrap();
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let mut rest = Vec::new();
        // The client may have reset the connection.
        let _ = server.read_to_end(&mut rest).await;
        count + rest.len()
    })
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

/// Notes how it was closed, and never accepts an answer.
struct GivenUp(Option<oneshot::Sender<Closed>>);

impl WebSocketClientProtocol for GivenUp {
    async fn on_connect(&mut self, _: &ConnectionResponse) -> Result<(), Cause> {
        std::future::pending().await
    }

    async fn on_close(&mut self, closed: Closed) {
        self.0.take().unwrap().send(closed).unwrap();
    }
}

#[tokio::test]
async fn c13_on_close_is_called_if_opening_is_given_up() {
    for has_answer in [false, true] {
        let (told, closed) = oneshot::channel();
        let protocol = GivenUp(Some(told));
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (url, _server) = match has_answer {
            true => server("").await,
            false => (
                format!("ws://{}", silent.local_addr().unwrap()),
                tokio::spawn(std::future::pending()),
            ),
        };
        let factory = WebSocketClientFactory::new(url);
        let opening = factory.open_protocol(protocol);
        tokio::time::timeout(Duration::from_millis(200), opening).await.unwrap_err();
        let closed = tokio::time::timeout(Duration::from_secs(20), closed).await.unwrap().unwrap();
        assert!(!closed.was_clean, "{closed}");
    }
}
