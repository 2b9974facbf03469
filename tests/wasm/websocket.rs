//! WebSocket without WAMP in the browser, against a server that echoes: `examples/test_echo.rs`.
//!
//! `WAMPWERK_TEST_ECHO` is its address when this is built.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use wampwerk::error::{Cause, ConfigError, ConnectError, TransportError};
use wampwerk::internals::rt::{self, Sleep};
use wampwerk::transport::{Endpoint, IpVersion, Ping, Proxy, Tls, WampWebSocketClientFactory};
use wampwerk::websocket::{
    self, Closed, ConnectionResponse, Message, Part, PreparedMessage, SendOptions, Sender,
    WebSocket, WebSocketClientFactory, WebSocketClientProtocol, WebSocketError,
};
use wampwerk::websocket::{Deflate, WebSocketOptions};
use wasm_bindgen_test::wasm_bindgen_test;

/// There is no listener at this port.
const NOBODY: &str = "ws://127.0.0.1:64999/";

fn server() -> &'static str {
    match option_env!("WAMPWERK_TEST_ECHO") {
        Some(url) => url,
        None => panic!("WAMPWERK_TEST_ECHO was not set when this was built"),
    }
}

/// Returns the path for this name that is of this program alone: the server keeps what was said before.
fn own(name: &str) -> String {
    thread_local! {
        static PROGRAM: u64 = rt::random().unwrap() & 0xffff;
    }
    PROGRAM.with(|program| format!("/{program:04x}{name}"))
}

fn factory(name: &str) -> WebSocketClientFactory {
    websocket::connect(format!("{}{}", server(), own(name)))
}

async fn open() -> WebSocket {
    factory("/").open().await.unwrap()
}

/// Returns the next message, which is text.
async fn text(socket: &mut WebSocket) -> String {
    match socket.next().await {
        Some(Ok(Message::Text(text))) => text,
        other => panic!("not a text: {other:?}"),
    }
}

/// Returns the Close frame that the server has got from a client of this path, or what was noted there, when
/// there is any.
async fn said(name: &str) -> String {
    let (mut socket, path) = (open().await, own(name));
    for _ in 0..300 {
        socket.send(format!("said {path}")).await.unwrap();
        let said = text(&mut socket).await;
        if said != "nothing" {
            return said;
        }
        Sleep::new(Duration::from_millis(10)).await;
    }
    panic!("the server has got nothing at {path}");
}

fn refused(checked: Result<(), ConfigError>) -> String {
    checked.expect_err("it has to be refused").path
}

#[wasm_bindgen_test]
async fn messages_of_both_kinds_come_back_as_they_were() {
    let mut socket = open().await;
    assert!(server().ends_with(socket.response().peer()), "{:?}", socket.response());
    assert_eq!((socket.response().protocol(), socket.response().extensions().count()), (None, 0));
    let large = vec![7; 300_000];
    let messages: Vec<Message> = vec![
        "hello".into(),
        "".into(),
        "gr\u{fc}\u{df}e \u{1f980} \0".into(),
        Bytes::new().into(),
        vec![0xff, 0, 0xfe].into(),
        large.into(),
        "x".repeat(300_000).into(),
    ];
    for message in &messages {
        socket.send(message.clone()).await.unwrap();
    }
    let prepared = PreparedMessage::new("for all", SendOptions::new());
    socket.sender().send_prepared(&prepared).await.unwrap();
    for message in messages.iter().chain([&prepared.message()]) {
        assert_eq!(socket.next().await.unwrap().unwrap(), *message);
    }
    let (stats, bytes) = (socket.stats(), messages.iter().map(Message::len).sum::<usize>() + 7);
    assert_eq!((stats.messages_out, stats.payload_out), (8, bytes as u64));
    assert_eq!((stats.messages_in, stats.payload_in), (8, bytes as u64));
    assert_eq!((stats.wire_in, stats.wire_out), (0, 0));
    assert!(socket.close(1000, "").await.unwrap().was_clean);
}

#[wasm_bindgen_test]
async fn the_server_chooses_a_subprotocol() {
    let socket = factory("/").protocols(["chat.v2", "chat.v1"]).await.unwrap();
    assert_eq!(socket.response().protocol(), Some("chat.v2"));
    for (protocols, path) in
        [(["a", ""], "protocols[1]"), (["a b", "c"], "protocols[0]"), (["a", "a"], "protocols[1]")]
    {
        assert_eq!(refused(factory("/").protocols(protocols).check()), path);
    }
}

#[wasm_bindgen_test]
async fn our_close_frame_has_code_and_reason() {
    let socket = factory("/ours").await.unwrap();
    socket.send("the last one").await.unwrap();
    let closed = socket.close(4321, "th\u{e4}t is all").await.unwrap();
    assert_eq!(said("/ours").await, "4321 th\u{e4}t is all");
    assert!(closed.was_clean && closed.cause.is_none(), "{closed:?}");
    // The server has repeated it.
    assert_eq!((closed.code, closed.sent), (Some(4321), Some(4321)));
    assert_eq!(closed.reason, "th\u{e4}t is all");
    assert_eq!(socket.sender().is_closed(), Some(closed.clone()));
    assert_eq!(socket.send("too late").await, Err(WebSocketError::Closed(closed)));
}

#[wasm_bindgen_test]
async fn a_close_code_that_a_page_may_not_send_is_refused() {
    let socket = open().await;
    for code in [0, 999, 1001, 1005, 1006, 1011, 2999, 5000] {
        let error = socket.close(code, "").await.unwrap_err();
        assert!(matches!(&error, WebSocketError::Invalid(_)), "{code}: {error}");
    }
    // A reason is cut at a character: 123 bytes are 61 of these.
    let closed = socket.close(3000, &"\u{e4}".repeat(70)).await.unwrap();
    assert_eq!((closed.code, closed.reason), (Some(3000), "\u{e4}".repeat(61)));
}

#[wasm_bindgen_test]
async fn the_peers_close_frame_has_code_and_reason() {
    for (command, code, reason) in [
        ("close 1000", Some(1000), ""),
        ("close 1013 try again l\u{e4}ter", Some(1013), "try again l\u{e4}ter"),
        ("close 4999 no", Some(4999), "no"),
        ("close", None, ""),
    ] {
        let mut socket = open().await;
        socket.send("first").await.unwrap();
        socket.send(command).await.unwrap();
        // What came before is told before.
        assert_eq!(text(&mut socket).await, "first");
        assert!(socket.next().await.is_none(), "{command}");
        let closed = socket.closed().await;
        assert!(closed.was_clean && closed.cause.is_none(), "{command}: {closed:?}");
        assert_eq!((closed.code, closed.reason.as_str()), (code, reason), "{command}");
        assert_eq!(closed.sent, code, "a browser answers with the same code");
    }
}

#[wasm_bindgen_test]
async fn an_end_without_a_close_frame_is_an_error() {
    let mut socket = open().await;
    socket.send("vanish").await.unwrap();
    let Some(Err(WebSocketError::Failed(closed))) = socket.next().await else { panic!("no error") };
    assert!(!closed.was_clean, "{closed:?}");
    assert_eq!((closed.code, closed.sent), (Some(1006), None));
    assert!(closed.reason.contains("closed with code 1006"), "{closed}");
    let cause = closed.cause.as_ref().unwrap().downcast_ref::<TransportError>().unwrap();
    assert!(matches!(cause, TransportError::Lost(_)), "{cause}");
    assert!(socket.next().await.is_none());
    assert_eq!(socket.closed().await, closed);
}

#[wasm_bindgen_test]
async fn dropping_all_handles_closes() {
    let socket = factory("/dropped").await.unwrap();
    let (sender, socket) = socket.split();
    sender.send("queued").await.unwrap();
    drop(socket);
    // The sender keeps it open.
    sender.send("still").await.unwrap();
    assert_eq!(sender.is_closed(), None);
    drop(sender);
    assert_eq!(said("/dropped").await, "1000 ");
}

#[wasm_bindgen_test]
async fn an_attempt_that_is_given_up_leaves_nothing_behind() {
    let factory = factory("/");
    let mut attempt = Box::pin(factory.open());
    let begun = poll_fn(|cx| std::task::Poll::Ready(attempt.as_mut().poll(cx).is_pending()));
    assert!(begun.await);
    drop(attempt);
    let mut socket = open().await;
    socket.send("after that").await.unwrap();
    assert_eq!(text(&mut socket).await, "after that");
}

#[wasm_bindgen_test]
async fn what_cannot_be_reached_is_an_error_and_no_hang() {
    match websocket::connect(NOBODY).await.unwrap_err() {
        ConnectError::Io { address, .. } => assert_eq!(address, "127.0.0.1:64999"),
        other => panic!("{other}"),
    }
    let shortest = Duration::from_nanos(1);
    let options = WebSocketOptions::new().open_handshake_timeout(shortest);
    let error = factory("/").connect_timeout(shortest).options(options).await.unwrap_err();
    assert!(matches!(error, ConnectError::Timeout(_)), "{error}");
}

#[wasm_bindgen_test]
async fn settings_that_the_browser_decides_are_refused_by_name() {
    let one = || websocket::connect("wss://h/");
    let with = |options: WebSocketOptions| one().options(options);
    let new = WebSocketOptions::new;
    let second = Duration::from_secs(1);
    for (factory, path) in [
        (one().origin("https://h"), "origin"),
        (one().user_agent("x"), "user_agent"),
        (one().header("X", "y"), "headers"),
        (one().endpoint(Endpoint::tcp("h", 1)), "endpoint"),
        (one().proxy(Proxy::http("h", 1)), "proxy"),
        (one().tls(Tls::new()), "tls"),
        (one().ip_version(IpVersion::V4), "ip_version"),
        (one().per_message_deflate(Deflate::new()), "per_message_deflate"),
        (with(new().per_message_deflate(None)), "per_message_deflate"),
        (with(new().max_frame_payload_size(1)), "max_frame_payload_size"),
        (with(new().max_send_size(1)), "max_send_size"),
        (with(new().close_handshake_timeout(second)), "close_handshake_timeout"),
        (with(new().server_connection_drop_timeout(second)), "server_connection_drop_timeout"),
        (with(new().close_timeout(second)), "close_timeout"),
        (with(new().send_timeout(second)), "send_timeout"),
        (with(new().auto_fragment_size(0)), "auto_fragment_size"),
        (with(new().auto_ping(Ping::new(second, second))), "auto_ping_interval"),
        (with(new().auto_ping_size(12)), "auto_ping_size"),
    ] {
        let error = factory.check().unwrap_err();
        assert_eq!(error.path, path);
        assert!(error.message.contains("the browser decides"), "{error}");
        let error = factory.open().await.unwrap_err();
        assert!(matches!(error, ConnectError::InvalidConfig(_)), "{path}: {error}");
    }
}

#[wasm_bindgen_test]
fn settings_that_a_page_has_are_checked() {
    for url in ["", "http://h/", "ws://h:0/", "ws://h/#f", "ws://u@h/", "ws://unix:/x"] {
        assert_eq!(refused(websocket::connect(url).check()), "url", "{url}");
    }
    let one = || websocket::connect("wss://h/");
    let with = |options: WebSocketOptions| one().options(options);
    let new = WebSocketOptions::new;
    assert_eq!(refused(one().connect_timeout(Duration::ZERO).check()), "connect_timeout");
    let never = with(new().open_handshake_timeout(Duration::ZERO));
    assert_eq!(refused(never.check()), "open_handshake_timeout");
    let nothing = with(new().max_message_payload_size(0));
    assert_eq!(refused(nothing.check()), "max_message_payload_size");
    let second = Duration::from_secs(1);
    let options = new().open_handshake_timeout(second).max_message_payload_size(100);
    one().protocols(["a"]).connect_timeout(second).options(options).check().unwrap();
}

#[wasm_bindgen_test]
async fn what_a_page_cannot_send_is_refused() {
    let mut socket = open().await;
    let sender = socket.sender();
    let named = |error: WebSocketError, word: &str| match error {
        WebSocketError::Invalid(text) => assert!(text.contains(word), "{text}"),
        other => panic!("{other}"),
    };
    named(sender.ping("x").await.unwrap_err(), "pings");
    named(sender.pong("x").await.unwrap_err(), "pongs");
    let writer = sender.message_writer(true, SendOptions::new()).await;
    named(writer.map(drop).unwrap_err(), "frames");
    let plain = SendOptions::new().do_not_compress(true);
    named(sender.send_with("secret", plain).await.unwrap_err(), "do_not_compress");
    let secret = PreparedMessage::new("secret", plain);
    named(sender.try_send_prepared(&secret).unwrap_err(), "do_not_compress");
    let parts = SendOptions::new().fragment_size(1);
    named(sender.send_with("ab", parts).await.unwrap_err(), "fragment_size");
    // The connection stays.
    sender.send_with("whole", SendOptions::new()).await.unwrap();
    assert_eq!(text(&mut socket).await, "whole");
}

#[wasm_bindgen_test]
async fn limits_of_size_hold_both_ways() {
    let options = WebSocketOptions::new().max_message_payload_size(20);
    let mut socket = factory("/limits").options(options).await.unwrap();
    let long = socket.send("x".repeat(21)).await.unwrap_err();
    assert_eq!(long, WebSocketError::TooLarge { size: 21, limit: 20 });
    socket.send("x".repeat(20)).await.unwrap();
    assert_eq!(text(&mut socket).await.len(), 20);
    // The answer to this is longer: the last Close frame at that path.
    let other = factory("/other").await.unwrap();
    other.close(4000, "longer than the limit").await.unwrap();
    socket.send(format!("said {}", own("/other"))).await.unwrap();
    let Some(Err(WebSocketError::Failed(closed))) = socket.next().await else { panic!("no error") };
    let cause = closed.cause.as_ref().unwrap().downcast_ref::<TransportError>().unwrap();
    assert!(matches!(cause, TransportError::TooLarge { limit: 20, .. }), "{cause}");
    // A page cannot send 1009.
    assert_eq!((closed.was_clean, closed.code, closed.sent), (false, Some(1006), Some(4009)));
    assert_eq!(said("/limits").await, "4009 ");
}

#[wasm_bindgen_test]
async fn what_came_before_a_violation_is_answered() {
    let other = factory("/long").await.unwrap();
    other.close(4000, "longer than the limit").await.unwrap();
    let options = WebSocketOptions::new().max_message_payload_size(20);
    let mut socket = factory("/answers").options(options).await.unwrap();
    for message in ["1", "2", "3"] {
        socket.send(message).await.unwrap();
    }
    socket.send(format!("said {}", own("/long"))).await.unwrap();
    // All of it comes before the first answer.
    Sleep::new(Duration::from_millis(200)).await;
    for number in ["1", "2", "3"] {
        assert_eq!(text(&mut socket).await, number);
        socket.send(format!("note {} {number}", own("/noted"))).await.unwrap();
    }
    assert!(matches!(socket.next().await, Some(Err(WebSocketError::Failed(_)))));
    assert_eq!(said("/answers").await, "4009 ");
    assert_eq!(said("/noted").await, "123");
}

#[wasm_bindgen_test]
async fn queues_in_both_directions_are_bounded_and_keep_the_order() {
    let mut socket = open().await;
    let sender = socket.sender();
    let chunk = |number: u32| {
        let mut bytes = vec![0; 100_000];
        bytes[..4].copy_from_slice(&number.to_be_bytes());
        bytes
    };
    let mut count = 0;
    let full = loop {
        match sender.try_send(chunk(count)) {
            Ok(()) => count += 1,
            Err(error) => break error,
        }
    };
    assert_eq!((full, count), (WebSocketError::Full, 3));
    // Nobody reads, so what comes back is bounded by what the browser takes.
    for number in count..40 {
        sender.send(chunk(number)).await.unwrap();
    }
    Sleep::new(Duration::from_millis(100)).await;
    assert!(socket.stats().messages_in < 5, "{:?}", socket.stats());
    for number in 0..40u32 {
        let message = socket.next().await.unwrap().unwrap();
        assert_eq!(message.into_bytes()[..4], number.to_be_bytes());
    }
    // The end is told although nobody reads.
    for number in 0..10 {
        sender.send(chunk(number)).await.unwrap();
    }
    sender.send("close 4000 enough").await.unwrap();
    assert_eq!(sender.closed().await.code, Some(4000));
    let mut left = 0;
    while let Some(message) = socket.next().await {
        message.unwrap();
        left += 1;
    }
    assert_eq!(left, 10);
}

#[wasm_bindgen_test]
async fn it_is_a_stream_and_a_sink() {
    use futures_core::Stream;
    use futures_sink::Sink;

    let mut socket = factory("/sink").await.unwrap();
    let mut pinned = Pin::new(&mut socket);
    poll_fn(|cx| pinned.as_mut().poll_ready(cx)).await.unwrap();
    pinned.as_mut().start_send("by the sink".into()).unwrap();
    poll_fn(|cx| pinned.as_mut().poll_flush(cx)).await.unwrap();
    let message = poll_fn(|cx| pinned.as_mut().poll_next(cx)).await;
    assert_eq!(message, Some(Ok("by the sink".into())));
    poll_fn(|cx| pinned.as_mut().poll_close(cx)).await.unwrap();
    assert!(socket.closed().await.was_clean);
    assert_eq!(said("/sink").await, "1000 ");
}

/// Writes down what is called.
#[derive(Clone, Default)]
struct Diary {
    lines: Rc<RefCell<Vec<String>>>,
    refuses: bool,
}

impl Diary {
    fn write(&self, line: impl Into<String>) {
        self.lines.borrow_mut().push(line.into());
    }

    fn lines(&self) -> Vec<String> {
        self.lines.borrow().clone()
    }
}

impl WebSocketClientProtocol for Diary {
    async fn on_connecting(&mut self, _: &str) -> Result<websocket::ConnectingRequest, Cause> {
        self.write("connecting");
        Ok(websocket::ConnectingRequest::new())
    }

    async fn on_connect(&mut self, response: &ConnectionResponse) -> Result<(), Cause> {
        self.write(format!("connect {:?}", response.protocol()));
        if self.refuses { Err(Cause::new("not this one")) } else { Ok(()) }
    }

    async fn on_open(&mut self, sender: Sender) {
        self.write("open");
        sender.send("one").await.unwrap();
        sender.send("two").await.unwrap();
        sender.send(vec![3]).await.unwrap();
    }

    async fn on_message(&mut self, message: Message) {
        self.write(format!("begin {message:?}"));
        // The next one waits.
        Sleep::new(Duration::from_millis(5)).await;
        self.write("end");
    }

    async fn on_close(&mut self, closed: Closed) {
        self.write(format!("close {closed}"));
    }
}

#[wasm_bindgen_test]
async fn the_methods_of_a_protocol_are_called_in_order() {
    let diary = Diary::default();
    let factory = factory("/protocol").protocols(["chat"]);
    let sender = factory.open_protocol(diary.clone()).await.unwrap();
    while diary.lines().len() < 8 {
        Sleep::new(Duration::from_millis(1)).await;
    }
    sender.close(4000, "that is all").await.unwrap();
    Sleep::new(Duration::from_millis(10)).await;
    let expected = [
        r#"connect Some("chat")"#,
        "open",
        r#"begin Text("one")"#,
        "end",
        r#"begin Text("two")"#,
        "end",
        r#"begin Binary(b"\x03")"#,
        "end",
        "close code 4000: that is all",
    ];
    assert_eq!(diary.lines(), expected);
}

#[wasm_bindgen_test]
async fn a_protocol_that_does_not_open_is_closed_once() {
    let diary = Diary { refuses: true, ..Diary::default() };
    let error = factory("/refused").open_protocol(diary.clone()).await.unwrap_err();
    assert!(matches!(&error, ConnectError::Handshake { .. }), "{error}");
    assert!(error.to_string().contains("not this one"), "{error}");
    assert_eq!(said("/refused").await, "1000 ");
    let lines = diary.lines();
    assert_eq!((lines.len(), lines[0].as_str()), (2, "connect None"), "{lines:?}");
    // The closing handshake ended before it was told.
    assert!(lines[1].starts_with("close code 1000: "), "{lines:?}");

    let diary = Diary::default();
    let error = websocket::connect(NOBODY).open_protocol(diary.clone()).await.unwrap_err();
    assert!(matches!(&error, ConnectError::Io { .. }), "{error}");
    let lines = diary.lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with("close code 1006: cannot reach"), "{lines:?}");
}

struct InParts;

impl WebSocketClientProtocol for InParts {
    const IN_PARTS: bool = true;

    async fn on_part(&mut self, part: Part) {
        panic!("{part:?}");
    }
}

#[wasm_bindgen_test]
async fn receiving_in_parts_is_refused_by_name() {
    match factory("/").open_protocol(InParts).await.unwrap_err() {
        ConnectError::InvalidConfig(error) => assert_eq!(error.path, "IN_PARTS"),
        other => panic!("{other}"),
    }
}

#[wasm_bindgen_test]
async fn a_wamp_transport_tells_the_same_end() {
    use wampwerk::Serializer;
    use wampwerk::transport::Connector;

    // `close` is a command for this server, and its subprotocol is the first one that is offered.
    for (command, expected) in
        [("close 4000 enough", None), ("vanish", Some("closed with code 1006"))]
    {
        let factory = WampWebSocketClientFactory::new(server(), &[Serializer::Json]).unwrap();
        let mut end = factory.connect().await.unwrap();
        end.start_send(command.into()).unwrap();
        let outcome = poll_fn(|cx| end.poll_recv(cx)).await;
        match (outcome, expected) {
            (None, None) => {}
            (Some(Err(TransportError::Lost(cause))), Some(text)) => {
                assert!(cause.to_string().contains(text), "{cause}");
            }
            (other, _) => panic!("{command}: {other:?}"),
        }
    }
}
