//! A router, and handlers of one's own, within an axum server that serves other pages, too.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use wampwerk::internals::codec;
use wampwerk::message::Message;
use wampwerk::server::{HandlerError, TransportHandler, WampTransport, WampWebSocketServerFactory};
use wampwerk::transport::ServerOptions;
use wampwerk::websocket::Mount;
use wampwerk::websocket::{
    self as ws, Closed, ConnectionAccept, ConnectionDeny, ConnectionRequest, Sender,
    WebSocketServerFactory, WebSocketServerProtocol,
};
use wampwerk::{Session, connect};

use crate::common::router;
use crate::common::soon;

/// An HTTP server with a page, and a mount at `/ws`.
struct Site {
    mount: Mount,
    address: SocketAddr,
}

async fn wamp(
    State(mount): State<Mount>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    mut request: Request,
) -> Response {
    let (response, upgrade) = match mount.upgrade(&request).await {
        Ok(agreed) => agreed,
        Err(refusal) => return refusal.into_response(),
    };
    let connection = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        if let Ok(stream) = connection.await {
            upgrade.serve(TokioIo::new(stream), peer);
        }
    });
    response.map(|()| Body::empty())
}

impl Site {
    async fn start(mount: Mount) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = axum::Router::new()
            .route("/", get(|| async { "a page" }))
            .route("/ws", any(wamp))
            .with_state(mount.clone())
            .into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, app).await });
        Site { mount, address }
    }

    fn url(&self) -> String {
        format!("ws://{}/ws", self.address)
    }

    async fn join(&self) -> Session {
        connect(self.url(), "realm1").await.unwrap()
    }

    /// The head and the body of what is answered to a request; the stream behind it.
    async fn ask(&self, request: &str) -> (String, String, TcpStream) {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let reading = async {
            let mut answer = Vec::new();
            let (head, length) = loop {
                assert!(stream.read_buf(&mut answer).await.unwrap() > 0);
                let text = String::from_utf8(answer.clone()).unwrap();
                let Some((head, _)) = text.split_once("\r\n\r\n") else { continue };
                let lower = head.to_ascii_lowercase();
                let length = lower.lines().find_map(|line| line.strip_prefix("content-length: "));
                break (head.to_owned(), length.map_or(0, |length| length.parse().unwrap()));
            };
            while answer.len() < head.len() + 4 + length {
                assert!(stream.read_buf(&mut answer).await.unwrap() > 0);
            }
            let body = String::from_utf8(answer.split_off(head.len() + 4)).unwrap();
            (head, body)
        };
        let (head, body) = soon(reading).await;
        (head, body, stream)
    }
}

fn upgrade(more: &str) -> String {
    format!(
        "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{more}\r\n"
    )
}

const CBOR: &str = "Sec-WebSocket-Protocol: wamp.2.nothing, wamp.2.cbor\r\n";

#[tokio::test]
async fn sessions_meet_through_the_mount_and_the_page_is_there() {
    let router = router();
    let site = Site::start(router.mount(ServerOptions::new()).unwrap()).await;
    let (head, body, _) = site.ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(head.starts_with("HTTP/1.1 200 OK"), "{head}");
    assert_eq!(body, "a page");

    let (backend, frontend) = (site.join().await, site.join().await);
    backend.register("com.example.add", |a: i64, b: i64| async move { a + b }).await.unwrap();
    let sum = frontend.call("com.example.add").args((2, 3)).value::<i64>().await.unwrap();
    assert_eq!(sum, 5);
    // Those who came otherwise are on the same router.
    let inside = router.connect("realm1").await.unwrap();
    let mut news = frontend.subscribe("com.example.news").await.unwrap();
    for publisher in [&backend, &inside] {
        let long = "x".repeat(300_000);
        publisher.publish("com.example.news").args((&long,)).await.unwrap();
        let event = soon(news.next()).await.unwrap().unwrap();
        assert_eq!(event.decode::<String>().unwrap(), long);
    }
}

#[tokio::test]
async fn what_is_refused_is_told_why() {
    let options = ServerOptions::new().allowed_origins(["https://good.example:443"]);
    let router = router();
    let site = Site::start(router.mount(options).unwrap()).await;
    let plain = "GET /ws HTTP/1.1\r\nHost: x\r\n\r\n".to_owned();
    let post = upgrade(CBOR).replacen("GET", "POST", 1);
    let old = upgrade(CBOR).replacen("Version: 13", "Version: 8", 1);
    let evil = upgrade(&format!("{CBOR}Origin: https://evil.example\r\n"));
    let unknown = upgrade("Sec-WebSocket-Protocol: wamp.2.nothing\r\n");
    for (request, status, text) in [
        (plain, "426", "connect by WebSocket"),
        (post, "405", "only GET is allowed"),
        (old, "426", "connect by WebSocket"),
        (evil, "403", "https://evil.example"),
        (unknown, "400", "no common subprotocol"),
        (upgrade(""), "400", "wamp.2.cbor"),
    ] {
        let (head, body, _) = site.ask(&request).await;
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{request}: {head}");
        assert!(body.contains(text), "{request}: {body}");
    }
    let good = upgrade(&format!("{CBOR}Origin: https://good.example\r\n"));
    let (head, _, _) = site.ask(&good).await;
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    let head = head.to_ascii_lowercase();
    assert!(head.contains("sec-websocket-protocol: wamp.2.cbor"), "{head}");
    assert!(head.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="), "{head}");
}

#[tokio::test]
async fn connections_are_counted_and_an_upgrade_that_comes_to_nothing_is_not() {
    let router = router();
    let mount = router.mount(ServerOptions::new().max_connections(2)).unwrap();
    let request = |more: &str| {
        let mut request = axum::http::Request::get("/anywhere?x=1");
        for line in upgrade(more).lines().skip(2).filter(|line| !line.is_empty()) {
            let (name, value) = line.split_once(": ").unwrap();
            request = request.header(name, value);
        }
        request.body(()).unwrap()
    };
    let (_, one) = mount.upgrade(&request(CBOR)).await.unwrap();
    let (_, two) = mount.upgrade(&request(CBOR)).await.unwrap();
    let refusal = mount.upgrade(&request(CBOR)).await.unwrap_err();
    assert_eq!(refusal.status(), 503);
    assert!(refusal.body().contains("too many") || refusal.body().contains("as many"));
    drop(one);
    let (_, three) = mount.upgrade(&request(CBOR)).await.unwrap();
    drop((two, three));

    let site = Site::start(mount).await;
    let first = site.join().await;
    let second = site.join().await;
    let error = connect(site.url(), "realm1").await.unwrap_err().to_string();
    assert!(error.contains("503"), "{error}");
    second.leave().await;
    second.closed().await;
    // The place is free when the server has seen the end.
    let third = soon(async {
        loop {
            if let Ok(session) = connect(site.url(), "realm1").await {
                return session;
            }
        }
    });
    third.await.publish("com.example.topic").await.unwrap();
    drop(first);
}

#[tokio::test]
async fn the_end_of_the_router_and_that_of_the_mount() {
    let router = router();
    let site = Site::start(router.mount(ServerOptions::new()).unwrap()).await;
    let other = Site::start(router.mount(ServerOptions::new()).unwrap()).await;
    let (session, elsewhere) = (site.join().await, other.join().await);
    soon(site.mount.shutdown()).await;
    assert_eq!(session.closed().await.reason, "wamp.close.system_shutdown");
    let (head, ..) = site.ask(&upgrade(CBOR)).await;
    assert!(head.starts_with("HTTP/1.1 503 "), "{head}");
    // The other mount, and the router, go on.
    elsewhere.publish("com.example.topic").acknowledge().await.unwrap();
    soon(router.shutdown()).await;
    assert_eq!(elsewhere.closed().await.reason, "wamp.close.system_shutdown");
    let (head, body, _) = other.ask(&upgrade(CBOR)).await;
    assert!(head.starts_with("HTTP/1.1 503 "), "{head}");
    assert!(body.contains("shutting down"), "{body}");
}

#[tokio::test]
async fn options_that_cannot_be_used_are_refused_at_once() {
    let error = router().mount(ServerOptions::new().max_connections(0)).unwrap_err();
    assert!(error.to_string().contains("max_connections"), "{error}");
}

/// Notes its end.
struct Quiet(Arc<Notify>);

impl TransportHandler for Quiet {
    async fn on_open(&mut self, transport: WampTransport) -> Result<(), HandlerError> {
        assert_eq!(transport.info().kind, "websocket");
        assert!(transport.info().peer.starts_with("127.0.0.1:"));
        Ok(())
    }

    async fn on_message(&mut self, _: Message) -> Result<(), HandlerError> {
        Err("not to be spoken to".into())
    }

    async fn on_close(&mut self, _was_clean: bool) {
        self.0.notify_one();
    }
}

#[tokio::test]
async fn handlers_of_ones_own_are_mounted_in_the_same_way() {
    let closed = Arc::new(Notify::new());
    let noted = Arc::clone(&closed);
    let make = move || Quiet(Arc::clone(&noted));
    let url = "ws://127.0.0.1:0/ws";
    let factory = WampWebSocketServerFactory::new(make, url, codec::available()).unwrap();
    let site = Site::start(factory.mount().unwrap()).await;
    // HELLO is a message, too.
    assert!(connect(site.url(), "realm1").await.is_err());
    soon(closed.notified()).await;
    soon(site.mount.shutdown()).await;
}

/// Listening is the HTTP server's matter.
#[tokio::test]
async fn what_is_of_listening_is_no_option_of_a_mount() {
    let new = ServerOptions::new;
    for (name, options) in [
        ("open_handshake_timeout", new().open_handshake_timeout(Duration::from_secs(1))),
        ("unix_mode", new().unix_mode(0o600)),
    ] {
        let error = router().mount(options.clone()).unwrap_err().to_string();
        assert!(error.starts_with(&format!("invalid {name}: ")), "{error}");
        let url = "ws://127.0.0.1:0/ws";
        let quiet = || Quiet(Arc::default());
        let server = WampWebSocketServerFactory::new(quiet, url, codec::available()).unwrap();
        let error = server.options(options).mount().unwrap_err().to_string();
        assert!(error.starts_with(&format!("invalid {name}: ")), "{error}");
    }
}

#[derive(Default)]
struct Echo(Option<Sender>, Arc<Notify>);

impl WebSocketServerProtocol for Echo {
    async fn on_connect(
        &mut self,
        request: ConnectionRequest,
    ) -> Result<ConnectionAccept, ConnectionDeny> {
        match request.query() {
            Some("no") => Err(ConnectionDeny::new(403, "not you")),
            _ => Ok(ConnectionAccept::new().header("X-Echo", "yes")),
        }
    }

    async fn on_open(&mut self, sender: Sender) {
        self.0 = Some(sender);
    }

    async fn on_message(&mut self, message: ws::Message) {
        self.0.as_ref().unwrap().send(message).await.unwrap();
    }

    async fn on_close(&mut self, _: Closed) {
        self.1.notify_one();
    }
}

#[tokio::test]
async fn websockets_without_wamp_are_mounted_in_the_same_way() {
    let closed = Arc::new(Notify::new());
    let noted = Arc::clone(&closed);
    let factory = WebSocketServerFactory::new("ws://localhost").protocols(["b", "c"]);
    let mount = factory.mount_protocol(move || Echo(None, Arc::clone(&noted))).unwrap();
    let mount = mount.on_connect(|request| async move {
        match request.header("User-Agent") {
            Some("old") => Err(ConnectionDeny::new(410, "gone")),
            _ => Ok(ConnectionAccept::new().header("X-Asked", "yes")),
        }
    });
    let site = Site::start(mount).await;
    let (head, body, _) = site.ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert_eq!((head.starts_with("HTTP/1.1 200 OK"), &*body), (true, "a page"));
    let (head, ..) = site.ask("GET /ws HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(head.starts_with("HTTP/1.1 426 "), "{head}");
    for (query, agent, status) in [("no", "new", "403"), ("", "old", "410")] {
        let request = ws::connect(format!("{}?{query}", site.url())).user_agent(agent);
        let error = request.await.unwrap_err().to_string();
        assert!(error.contains(status), "{error}");
        soon(closed.notified()).await;
    }
    let mut client = ws::connect(site.url()).protocols(["a", "c"]).await.unwrap();
    assert_eq!(client.response().protocol(), Some("c"));
    assert_eq!(client.response().header("X-Asked"), Some("yes"));
    for message in [ws::Message::from("text"), ws::Message::from(vec![7; 300_000])] {
        client.send(message.clone()).await.unwrap();
        assert_eq!(client.next().await, Some(Ok(message)));
    }
    assert_eq!(factory.connection_count(), 1);

    // A second mount of the same factory has its own end.
    let other = factory.mount(|mut socket| async move {
        while let Some(Ok(message)) = socket.next().await {
            socket.send(message).await.unwrap();
        }
    });
    let other = Site::start(other.unwrap()).await;
    let mut elsewhere = ws::connect(other.url()).await.unwrap();
    soon(site.mount.shutdown()).await;
    assert_eq!(client.closed().await.code, Some(1001));
    soon(closed.notified()).await;
    let (head, ..) = site.ask(&upgrade("")).await;
    assert!(head.starts_with("HTTP/1.1 503 "), "{head}");
    elsewhere.send("still here").await.unwrap();
    assert_eq!(elsewhere.next().await, Some(Ok("still here".into())));
    soon(factory.shutdown()).await;
    assert_eq!(elsewhere.closed().await.code, Some(1001));
    assert_eq!(factory.connection_count(), 0);
}

#[tokio::test]
async fn a_mounted_protocol_hears_of_a_connection_that_does_not_come() {
    let closed = Arc::new(Notify::new());
    let noted = Arc::clone(&closed);
    let options = ServerOptions::new().max_connections(1);
    let factory = WebSocketServerFactory::new("ws://localhost").options(options);
    let mount = factory.mount_protocol(move || Echo(None, Arc::clone(&noted))).unwrap();
    let mut request = axum::http::Request::get("/").body(()).unwrap();
    for (name, value) in [
        ("Host", "x"),
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ] {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    let (response, upgrade) = mount.upgrade(&request).await.unwrap();
    assert_eq!(
        (response.status().as_u16(), response.headers()["X-Echo"].as_bytes()),
        (101, &b"yes"[..])
    );
    assert_eq!(mount.upgrade(&request).await.unwrap_err().status(), 503);
    drop(upgrade);
    soon(closed.notified()).await;
    drop(mount.upgrade(&request).await.unwrap());
    let bad = ServerOptions::new().unix_mode(0o600);
    let error = factory.options(bad).mount_protocol(Echo::default).unwrap_err();
    assert_eq!(error.path, "unix_mode");
}
