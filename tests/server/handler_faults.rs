//! Handlers and peers that make mistakes: the connection ends as it should, `on_close` comes once,
//! and the server lives.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::Instant;
use wampwerk::Serializer;
use wampwerk::error::Violation;
use wampwerk::message::Message;
use wampwerk::server::{HandlerError, TransportHandler, WampTransport};
use wampwerk::websocket::CloseCode;

use crate::common::handled::{Peer, Seen, call, factory, recorder, result};

#[tokio::test(start_paused = true)]
async fn what_cannot_be_decoded_is_a_protocol_error() {
    for frame in ["no message", "[]", "[7,1]", "[48,1,{}]", "{}", "[48,1,{},\"a\"] x"] {
        let mut server = recorder(|_, _| async { Ok(()) });
        let mut peer = server.connect(Serializer::Json, 8).await;
        peer.send(call(1, json!([]))).await;
        peer.send_frame(frame.into()).await;
        peer.send(call(2, json!([]))).await;
        assert_eq!(peer.end().await, Ok(()));
        assert_eq!(peer.closed_with(), Some(CloseCode::ProtocolError), "{frame}");
        server.expect(&[Seen::Open, Seen::Message(1), Seen::Close(false)]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn errors_of_handlers_close_the_connection_and_no_other() {
    let mut server = recorder(|message, transport| async move {
        let Message::Call(call) = message else { return Err("no CALL".into()) };
        transport.send(result(call.request, json!([]))).await?;
        match call.request {
            1 => Ok(()),
            2 => Err(HandlerError::violation("2 is not allowed")),
            3 => Err(Violation::new("3 is not, either").into()),
            4 => Err("of its own".into()),
            _ => panic!("of its own"),
        }
    });
    let mut other = server.connect(Serializer::ALL[0], 8).await;
    server.expect(&[Seen::Open]).await;
    for (request, code) in [
        (2, CloseCode::ProtocolError),
        (3, CloseCode::ProtocolError),
        (4, CloseCode::InternalError),
        (5, CloseCode::InternalError),
    ] {
        let mut peer = server.connect(Serializer::ALL[0], 8).await;
        for request in [request, 1] {
            peer.send(call(request, json!([]))).await;
        }
        // What was sent before the mistake still arrives.
        let Message::Result(result) = peer.recv().await else { panic!("no RESULT") };
        assert_eq!(result.request, request);
        assert_eq!(peer.end().await, Ok(()));
        assert_eq!(peer.closed_with(), Some(code));
        server.expect(&[Seen::Open, Seen::Message(request), Seen::Close(false)]).await;
    }
    other.send(call(1, json!([]))).await;
    assert!(matches!(other.recv().await, Message::Result(_)));
    server.expect(&[Seen::Message(1)]).await;
}

/// Does in `on_open` and `on_close` what a test says.
struct Faulty {
    on_open: What,
    on_close: What,
    closed: UnboundedSender<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum What {
    Nothing,
    Fail,
    Panic,
    Hang,
    Close,
    Abort,
}

impl TransportHandler for Faulty {
    async fn on_open(&mut self, transport: WampTransport) -> Result<(), HandlerError> {
        match self.on_open {
            What::Nothing => {}
            What::Fail => return Err("failed".into()),
            What::Panic => panic!("on_open"),
            What::Hang => pending().await,
            What::Close => transport.close(),
            What::Abort => transport.abort(),
        }
        Ok(())
    }

    async fn on_message(&mut self, _: Message) -> Result<(), HandlerError> {
        pending().await
    }

    async fn on_close(&mut self, was_clean: bool) {
        let _ = self.closed.send(was_clean);
        match self.on_close {
            What::Panic => panic!("on_close"),
            What::Hang => pending().await,
            _ => {}
        }
    }
}

fn faulty(
    on_open: What,
    on_close: What,
) -> (wampwerk::server::WampWebSocketServerFactory, UnboundedReceiver<bool>) {
    let (closed, on_closed) = unbounded_channel();
    (factory(move || Faulty { on_open, on_close, closed: closed.clone() }), on_closed)
}

#[tokio::test(start_paused = true)]
async fn on_close_comes_once_whatever_on_open_did() {
    for (on_open, code, was_clean) in [
        (What::Fail, Some(CloseCode::InternalError), false),
        (What::Panic, Some(CloseCode::InternalError), false),
        (What::Close, Some(CloseCode::Normal), true),
        (What::Abort, None, false),
    ] {
        for on_close in [What::Nothing, What::Panic, What::Hang] {
            let (factory, mut closed) = faulty(on_open, on_close);
            let mut peer = Peer::connect(&factory, Serializer::ALL[0], 8, |_| {});
            assert_eq!(peer.end().await.is_ok(), on_open != What::Abort);
            assert_eq!(peer.closed_with(), code, "{on_open:?}");
            assert_eq!(closed.recv().await, Some(was_clean), "{on_open:?}");
            // Nothing is left of it, even if `on_close` does not return.
            let begin = Instant::now();
            factory.shutdown().await;
            let limit = if on_close == What::Hang { 10 } else { 0 };
            assert_eq!(begin.elapsed(), Duration::from_secs(limit), "{on_open:?} {on_close:?}");
            drop(factory);
            assert_eq!(closed.recv().await, None);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_method_that_does_not_return_is_dropped_some_time_after_the_end() {
    for closes in [true, false] {
        let (factory, mut closed) = faulty(What::Nothing, What::Nothing);
        let mut peer = Peer::connect(&factory, Serializer::ALL[0], 8, |_| {});
        peer.send(call(1, json!([]))).await;
        let begin = Instant::now();
        if closes {
            peer.close().await;
        } else {
            peer.lose();
        }
        assert_eq!(closed.recv().await, Some(closes));
        assert_eq!(begin.elapsed(), Duration::from_secs(10));
    }
    // Not even `on_open` holds a shutdown up.
    let (factory, mut closed) = faulty(What::Hang, What::Nothing);
    let mut peer = Peer::connect(&factory, Serializer::ALL[0], 8, |_| {});
    tokio::task::yield_now().await;
    let begin = Instant::now();
    factory.shutdown().await;
    assert_eq!(begin.elapsed(), Duration::from_secs(5));
    assert_eq!(closed.recv().await, Some(false));
    assert!(peer.end().await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_function_that_panics_instead_of_making_a_handler() {
    let made = Arc::new(AtomicUsize::new(0));
    let (closed, mut on_closed) = unbounded_channel();
    let counter = Arc::clone(&made);
    let factory = factory(move || {
        if counter.fetch_add(1, Ordering::Relaxed) == 0 {
            panic!("no handler");
        }
        Faulty { on_open: What::Nothing, on_close: What::Nothing, closed: closed.clone() }
    });
    let mut first = Peer::connect(&factory, Serializer::ALL[0], 8, |_| {});
    assert_eq!(first.end().await, Ok(()));
    assert_eq!(first.closed_with(), Some(CloseCode::InternalError));
    let mut second = Peer::connect(&factory, Serializer::ALL[0], 8, |_| {});
    tokio::task::yield_now().await;
    second.close().await;
    assert_eq!(on_closed.recv().await, Some(true));
    assert_eq!(made.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_only_writes_does_not_keep_its_connection() {
    let mut server = recorder(|_, transport| async move {
        transport.close();
        Ok(())
    });
    let mut peer = server.connect(Serializer::ALL[0], 2).await;
    let transport = server.transport().await;
    for request in 1..=3 {
        transport.try_send(result(request, json!([]))).unwrap();
    }
    let begin = Instant::now();
    while transport.is_open() || begin.elapsed() < Duration::from_secs(1) {
        peer.send(call(1, json!([]))).await;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    server.expect(&[Seen::Open, Seen::Message(1), Seen::Close(false)]).await;
    assert_eq!(begin.elapsed().as_secs(), 2);
}
