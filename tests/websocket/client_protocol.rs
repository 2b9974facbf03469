//! Protocols of clients: which method is called when.

use std::time::Duration;

use bytes::Bytes;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use wampwerk::error::{Cause, ConnectError};
use wampwerk::websocket::{
    Closed, ConnectingRequest, ConnectionResponse, Message, Part, Sender, WebSocketClientFactory,
    WebSocketClientProtocol,
};

use crate::peer::{frame, server};

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
