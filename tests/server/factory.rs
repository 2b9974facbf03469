//! Servers with handlers of one's own over real sockets: WebSocket and RawSocket, TLS and streams of
//! one's own.

use std::error::Error;
use std::future::poll_fn;

use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use wampwerk::Serializer;
use wampwerk::error::{AcceptError, ListenError};
use wampwerk::internals::codec;
use wampwerk::message::{Message, Payload, Publish, PublishOptions};
use wampwerk::server::{
    HandlerError, TransportHandler, WampRawSocketServerFactory, WampTransport,
    WampWebSocketServerFactory,
};
use wampwerk::transport::{
    Connector, ServerOptions, Tls, TlsServer, Transport, WampRawSocketClientFactory,
    WampWebSocketClientFactory,
};
use wampwerk::websocket::CloseCode;

use crate::common::authority::Authority;
use crate::common::soon;

/// Sends back what comes, and tells the end.
struct Echo {
    transport: Option<WampTransport>,
    seen: UnboundedSender<Seen>,
}

#[derive(Debug, PartialEq)]
enum Seen {
    Open(&'static str, Serializer, bool),
    Close(bool),
}

impl TransportHandler for Echo {
    async fn on_open(&mut self, transport: WampTransport) -> Result<(), HandlerError> {
        let info = transport.info();
        let _ = self.seen.send(Seen::Open(info.kind, info.serializer, info.secure));
        self.transport = Some(transport);
        Ok(())
    }

    async fn on_message(&mut self, message: Message) -> Result<(), HandlerError> {
        Ok(self.transport.as_ref().unwrap().send(message).await?)
    }

    async fn on_close(&mut self, was_clean: bool) {
        let _ = self.seen.send(Seen::Close(was_clean));
    }
}

fn echo() -> (impl Fn() -> Echo + Send + Sync + 'static, UnboundedReceiver<Seen>) {
    let (seen, on_seen) = unbounded_channel();
    (move || Echo { transport: None, seen: seen.clone() }, on_seen)
}

async fn next(seen: &mut UnboundedReceiver<Seen>) -> Seen {
    soon(seen.recv()).await.unwrap()
}

fn publish(request: u64) -> Message {
    let options = PublishOptions::default();
    let payload = Payload::from_values([request.into()].into_iter().collect(), Default::default());
    Publish { request, options, topic: "com.example.topic".into(), payload }.into()
}

/// Sends messages and reads them again.
async fn exchange(client: &mut Box<dyn Transport>) {
    let serializer = client.info().serializer;
    for request in 1..=50 {
        let frame = codec::encode(serializer, &publish(request)).unwrap();
        poll_fn(|cx| client.poll_ready(cx)).await.unwrap();
        client.start_send(frame).unwrap();
    }
    poll_fn(|cx| client.poll_flush(cx)).await.unwrap();
    for request in 1..=50 {
        let frame = soon(poll_fn(|cx| client.poll_recv(cx))).await.unwrap().unwrap();
        let Message::Publish(message) = codec::decode(serializer, &frame).unwrap() else {
            panic!("no PUBLISH")
        };
        assert_eq!((message.request, message.payload.decode::<u64>().unwrap()), (request, request));
    }
}

async fn close(mut client: Box<dyn Transport>) {
    poll_fn(|cx| client.poll_close(cx, CloseCode::Normal)).await.unwrap();
}

#[tokio::test]
async fn websocket_and_rawsocket_in_every_serializer() {
    let (make, mut seen) = echo();
    let server = WampWebSocketServerFactory::new(make, "ws://127.0.0.1:0/ws", codec::available());
    let web = server.unwrap().listen().await.unwrap();
    let (make, mut raw_seen) = echo();
    let server = WampRawSocketServerFactory::new(make, "rs://127.0.0.1:0", codec::available());
    let raw = server.unwrap().listen().await.unwrap();
    for serializer in Serializer::ALL {
        let factory = WampWebSocketClientFactory::new(web.url(), &[serializer]).unwrap();
        let mut client = factory.connect().await.unwrap();
        assert_eq!(next(&mut seen).await, Seen::Open("websocket", serializer, false));
        exchange(&mut client).await;
        close(client).await;
        assert_eq!(next(&mut seen).await, Seen::Close(true));

        let factory = WampRawSocketClientFactory::new(raw.url(), serializer).unwrap();
        let mut client = factory.connect().await.unwrap();
        assert_eq!(next(&mut raw_seen).await, Seen::Open("rawsocket", serializer, false));
        exchange(&mut client).await;
        close(client).await;
        assert_eq!(next(&mut raw_seen).await, Seen::Close(true));
    }
    let client = WampWebSocketClientFactory::new(web.url(), &[Serializer::ALL[0]]).unwrap();
    let mut client = client.connect().await.unwrap();
    assert!(matches!(next(&mut seen).await, Seen::Open(..)));
    let down = tokio::spawn(web.shutdown());
    let end = soon(poll_fn(|cx| client.poll_recv(cx))).await;
    assert_eq!(end, None);
    close(client).await;
    soon(down).await.unwrap();
    assert_eq!(next(&mut seen).await, Seen::Close(true));
}

#[tokio::test]
async fn both_at_one_place() {
    let (make, mut seen) = echo();
    let url = "ws://127.0.0.1:0/ws";
    let server = WampWebSocketServerFactory::new(make, url, codec::available()).unwrap();
    let plain = server.listen().await.unwrap();
    assert_eq!(plain.raw_socket_url(), None);
    let server = server.universal(true);
    let both = server.listen().await.unwrap();
    let factory = WampWebSocketClientFactory::new(both.url(), &[Serializer::ALL[0]]).unwrap();
    let web = factory.connect().await.unwrap();
    assert_eq!(next(&mut seen).await, Seen::Open("websocket", Serializer::ALL[0], false));
    let url = both.raw_socket_url().unwrap();
    let factory = WampRawSocketClientFactory::new(url, Serializer::ALL[0]).unwrap();
    let raw = factory.connect().await.unwrap();
    assert_eq!(next(&mut seen).await, Seen::Open("rawsocket", Serializer::ALL[0], false));
    for mut client in [web, raw] {
        exchange(&mut client).await;
        close(client).await;
        assert_eq!(next(&mut seen).await, Seen::Close(true));
    }

    // And on a stream of one's own.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("rs://127.0.0.1:{}", listener.local_addr().unwrap().port());
    let accepting = tokio::spawn(async move {
        let (stream, peer) = listener.accept().await.unwrap();
        server.accept(stream, peer).await
    });
    let factory = WampRawSocketClientFactory::new(&url, Serializer::ALL[0]).unwrap();
    exchange(&mut factory.connect().await.unwrap()).await;
    accepting.await.unwrap().unwrap();
}

#[tokio::test]
async fn with_tls_and_on_streams_of_ones_own() {
    let authority = Authority::named("authority");
    let tls = authority.server("localhost");
    let (make, mut seen) = echo();
    let url = "wss://localhost:0/ws";
    let server = WampWebSocketServerFactory::new(make, url, codec::available()).unwrap();
    assert!(matches!(server.listen().await, Err(ListenError::InvalidUrl(_))));
    let server = server.tls(tls).options(ServerOptions::new().max_message_payload_size(1 << 20));

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("wss://localhost:{}/ws", listener.local_addr().unwrap().port());
    let accepting = {
        let server = server.clone();
        tokio::spawn(async move {
            let (stream, peer) = listener.accept().await.unwrap();
            server.accept(stream, peer).await
        })
    };
    let roots = Tls::new().also_trust(authority.pem());
    let factory = WampWebSocketClientFactory::new(&url, &[Serializer::ALL[0]]).unwrap().tls(roots);
    let mut client = factory.connect().await.unwrap();
    accepting.await.unwrap().unwrap();
    assert_eq!(next(&mut seen).await, Seen::Open("websocket", Serializer::ALL[0], true));
    exchange(&mut client).await;
    let down = tokio::spawn(async move { server.shutdown().await });
    assert_eq!(poll_fn(|cx| client.poll_recv(cx)).await, None);
    close(client).await;
    down.await.unwrap();
    assert_eq!(next(&mut seen).await, Seen::Close(true));
}

#[tokio::test]
async fn a_certificate_that_comes_later_is_found_by_the_next_stream() {
    let (chain, key) = Authority::named("authority").issue("localhost");
    let folder = std::env::temp_dir().join(format!("wampwerk-{}-late", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let tls = TlsServer::new(path("chain.pem"), path("key.pem"));
    let (make, _seen) = echo();
    let url = "wss://localhost:0/ws";
    let server = WampWebSocketServerFactory::new(make, url, codec::available()).unwrap().tls(tls);

    let (_client, stream) = tokio::io::duplex(64);
    let error = server.accept(stream, "test").await.unwrap_err();
    assert!(matches!(error, AcceptError::Settings(_)), "{error}");

    std::fs::write(path("chain.pem"), chain).unwrap();
    std::fs::write(path("key.pem"), key).unwrap();
    let (client, stream) = tokio::io::duplex(64);
    drop(client);
    let error = server.accept(stream, "test").await.unwrap_err();
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(matches!(error, AcceptError::Tls(_) | AcceptError::Lost(_)), "{error}");
}

#[tokio::test]
async fn a_client_that_is_just_gone_is_no_clean_end() {
    let (make, mut seen) = echo();
    let server = WampRawSocketServerFactory::new(make, "rs://127.0.0.1:0", codec::available());
    let listener = server.unwrap().listen().await.unwrap();
    let client = WampRawSocketClientFactory::new(listener.url(), Serializer::ALL[0]).unwrap();
    let client = client.connect().await.unwrap();
    assert!(matches!(next(&mut seen).await, Seen::Open(..)));
    // RawSocket has no words for a good end: the end of the stream between two frames is one.
    drop(client);
    assert!(matches!(next(&mut seen).await, Seen::Close(_)));

    let (make, mut seen) = echo();
    let server = WampWebSocketServerFactory::new(make, "ws://127.0.0.1:0/ws", codec::available());
    let listener = server.unwrap().listen().await.unwrap();
    let client = WampWebSocketClientFactory::new(listener.url(), &[Serializer::ALL[0]]).unwrap();
    drop(client.connect().await.unwrap());
    assert!(matches!(next(&mut seen).await, Seen::Open(..)));
    assert_eq!(next(&mut seen).await, Seen::Close(false));
}

#[tokio::test]
async fn what_cannot_be_a_server() {
    let make = || echo().0();
    for url in ["", "http://127.0.0.1/", "ws://127.0.0.1:0/ws?x", "rs://127.0.0.1:0"] {
        let server = WampWebSocketServerFactory::new(make, url, codec::available());
        assert!(matches!(server, Err(ListenError::InvalidUrl(_))), "{url}: {server:?}");
    }
    for url in ["", "rs://127.0.0.1:0/ws", "ws://127.0.0.1:0/ws"] {
        let server = WampRawSocketServerFactory::new(make, url, codec::available());
        assert!(matches!(server, Err(ListenError::InvalidUrl(_))), "{url}: {server:?}");
    }
    let server = WampWebSocketServerFactory::new(make, "ws://127.0.0.1:0/ws", &[]);
    assert!(matches!(server, Err(ListenError::InvalidConfig(_))), "{server:?}");
    let server = WampWebSocketServerFactory::new(make, "ws://127.0.0.1:0/ws", codec::available());
    let server = server.unwrap().options(ServerOptions::new().max_connections(0));
    let error = server.listen().await.unwrap_err().to_string();
    assert!(error.contains("max_connections"), "{error}");
    assert!(server.mount().is_err());
    let (near, _far) = tokio::io::duplex(64);
    let error = server.accept(near, "nobody").await.unwrap_err();
    assert!(matches!(error, AcceptError::Settings(_)), "{error}");
    assert!(error.to_string().contains("max_connections"), "{error}");
    assert!(error.source().unwrap().is::<wampwerk::error::ConfigError>());
}
