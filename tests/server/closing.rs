//! How connections of a server end over real sockets: in the time that is set, and with the answers
//! that the client still waits for.

use std::future::poll_fn;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use wampwerk::Serializer;
use wampwerk::internals::codec;
use wampwerk::message::Message;
use wampwerk::server::{HandlerError, TransportHandler, WampRawSocketServerFactory, WampTransport};
use wampwerk::transport::{Connector, Ping, ServerOptions, WampWebSocketClientFactory};

use crate::common::handled::{Seen, call, factory, recorder, result};
use crate::common::router_with;
use crate::common::wire;
use crate::common::wire::{JSON, RawSocket, read_head, tcp, upgrade};
use crate::common::{router, soon};

/// Longer than the three seconds that bound the closing of transports without a time of their own.
const CLOSE: Duration = Duration::from_millis(3500);

/// From the Close frame to the end, of a client that does not answer it.
async fn until_dropped(mut stream: TcpStream) -> Duration {
    stream.write_all(upgrade(JSON).as_bytes()).await.unwrap();
    read_head(&mut stream).await;
    // The Close frame comes at once, perhaps behind an ABORT.
    assert_eq!(soon(stream.read(&mut [0])).await.unwrap(), 1);
    let since = Instant::now();
    let _ = soon(stream.read_to_end(&mut Vec::new())).await;
    since.elapsed()
}

#[tokio::test]
async fn a_router_keeps_to_a_long_close_timeout() {
    let time = Duration::from_millis(100);
    let router = router_with(|it| it.open_handshake_timeout(time));
    let options =
        ServerOptions::new().close_timeout(CLOSE).open_handshake_timeout(Duration::from_secs(9));
    let listener = router.listen("ws://127.0.0.1:0/ws").options(options).await.unwrap();
    // It says no HELLO, and is closed for that.
    let time = until_dropped(tcp(&listener).await).await;
    assert!(time >= CLOSE - Duration::from_millis(100), "{time:?}");
}

struct Closes;

impl TransportHandler for Closes {
    async fn on_open(&mut self, transport: WampTransport) -> Result<(), HandlerError> {
        transport.close();
        Ok(())
    }

    async fn on_message(&mut self, _: Message) -> Result<(), HandlerError> {
        Ok(())
    }
}

#[tokio::test]
async fn a_server_with_handlers_keeps_to_a_long_close_timeout() {
    let server = factory(|| Closes).options(ServerOptions::new().close_timeout(CLOSE));
    let listener = server.listen().await.unwrap();
    let time = until_dropped(tcp(&listener).await).await;
    assert!(time >= CLOSE - Duration::from_millis(100), "{time:?}");
}

#[tokio::test]
async fn a_router_answers_who_has_ended_its_own_direction() {
    let router = router();
    let listener = router.listen("rs://127.0.0.1:0").await.unwrap();
    let mut raw = RawSocket::join(tcp(&listener).await).await;
    for request in 1..=100 {
        raw.send(&json!([48, request, {}, "com.example.nobody"])).await;
    }
    raw.0.shutdown().await.unwrap();
    for request in 1..=100 {
        let answer = raw.recv().await;
        assert_eq!(
            (&answer[2], &answer[4]),
            (&json!(request), &json!("wamp.error.no_such_procedure"))
        );
    }
    assert!(raw.try_recv().await.is_err());
}

#[tokio::test]
async fn a_handler_answers_who_has_ended_its_own_direction() {
    let mut server = recorder(|message, transport| async move {
        let Message::Call(call) = message else { return Err("no CALL".into()) };
        // The end is seen before the first answer is there.
        tokio::time::sleep(Duration::from_millis(20)).await;
        transport.send(result(call.request, json!([]))).await?;
        Ok(())
    });
    let make = server.make();
    let url = "rs://127.0.0.1:0";
    let factory = WampRawSocketServerFactory::new(make, url, &[Serializer::Json]).unwrap();
    let listener = factory.listen().await.unwrap();
    let mut raw = RawSocket::open(tcp(&listener).await).await;
    for request in 1..=10 {
        raw.send(&json!([48, request, {}, "com.example.echo"])).await;
    }
    raw.0.shutdown().await.unwrap();
    for request in 1..=10 {
        assert_eq!(raw.recv().await[1], json!(request));
    }
    assert!(raw.try_recv().await.is_err());
    server.expect(&[Seen::Open]).await;
    for request in 1..=10 {
        server.expect(&[Seen::Message(request)]).await;
    }
    server.expect(&[Seen::Close(true)]).await;
}

#[tokio::test]
async fn a_slow_handler_does_not_keep_pings_from_being_answered() {
    let server = recorder(|_, _| std::future::pending());
    let listener = server.factory.listen().await.unwrap();
    let ping = Ping::new(Duration::from_millis(200), Duration::from_secs(1));
    let client = WampWebSocketClientFactory::new(listener.url(), &[Serializer::Json]).unwrap();
    let mut client = client.auto_ping(ping).connect().await.unwrap();
    for request in 1..=5 {
        let frame = codec::encode(Serializer::Json, &call(request, json!([])).into()).unwrap();
        poll_fn(|cx| client.poll_ready(cx)).await.unwrap();
        client.start_send(frame).unwrap();
    }
    poll_fn(|cx| client.poll_flush(cx)).await.unwrap();
    let begin = Instant::now();
    let mut pongs = 0;
    let mut last = None;
    // Five answers, though not one of the messages is handled to its end.
    while pongs < 5 {
        let end = poll_fn(|cx| client.poll_recv(cx));
        let end = tokio::time::timeout(Duration::from_millis(50), end).await;
        assert!(end.is_err(), "the connection ends: {end:?}");
        let seen = client.info().round_trip();
        pongs += u32::from(seen != last);
        last = seen;
        assert!(begin.elapsed() < wire::DEADLINE);
    }
}
