//! `on_connect`: who is asked about a WebSocket's request, and what the answer does.

use std::future::ready;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::AsyncWriteExt;
use wampwerk::Serializer;
use wampwerk::message::Message;
use wampwerk::server::{
    HandlerError, Listener, TransportHandler, WampTransport, WampWebSocketServerFactory,
};
use wampwerk::transport::ServerOptions;
use wampwerk::websocket::{ConnectionAccept, ConnectionDeny, ConnectionRequest};

use crate::common::router;
use crate::common::wire::{JSON, read_all, read_head, tcp, upgrade};

const URL: &str = "ws://127.0.0.1:0/ws";

/// The whole answer to this request.
async fn answer(listener: &Listener, request: &str) -> String {
    let mut stream = tcp(listener).await;
    stream.write_all(request.as_bytes()).await.unwrap();
    let head = read_head(&mut stream).await;
    let body = if head.contains(" 101 ") { String::new() } else { read_all(&mut stream).await };
    head + &body
}

async fn by_token(request: ConnectionRequest) -> Result<ConnectionAccept, ConnectionDeny> {
    match request.query() {
        Some("token=good") => {
            Ok(ConnectionAccept::new().header("Set-Cookie", "one=1").header("set-cookie", "two=2"))
        }
        Some("token=odd") => Ok(ConnectionAccept::new().header("Sec-WebSocket-Accept", "x")),
        Some("token=broken") => Ok(ConnectionAccept::new().header("a b", "x\r\ny")),
        Some("token=teapot") => Err(ConnectionDeny::new(418, "short and stout")),
        Some("token=101") => Err(ConnectionDeny::new(101, "not so")),
        _ => Err(ConnectionDeny::new(403, "this token is not known")),
    }
}

fn with_query(query: &str) -> String {
    upgrade(JSON).replace("GET /ws ", &format!("GET /ws{query} "))
}

async fn check(listener: &Listener) {
    let good = answer(listener, &with_query("?token=good")).await;
    assert!(good.starts_with("HTTP/1.1 101 "), "{good}");
    for part in [
        "Set-Cookie: one=1\r\n",
        "Set-Cookie: two=2\r\n",
        "Sec-WebSocket-Protocol: wamp.2.json\r\n",
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n",
    ] {
        assert!(good.contains(part), "{part} {good}");
    }
    for (query, status, text) in [
        ("", 403, "this token is not known"),
        ("?token=bad", 403, "this token is not known"),
        ("?token=teapot", 418, "short and stout"),
        ("?token=101", 500, "not so"),
        ("?token=odd", 500, "cannot be sent"),
        ("?token=broken", 500, "cannot be sent"),
    ] {
        let answer = answer(listener, &with_query(query)).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{query}: {answer}");
        assert!(answer.contains(text), "{query}: {answer}");
    }
}

#[tokio::test]
async fn a_router_s_listener_asks() {
    let router = router();
    check(&router.listen(URL).on_connect(by_token).await.unwrap()).await;
    let error = router.listen("rs://127.0.0.1:0").on_connect(by_token).await.unwrap_err();
    assert!(error.to_string().contains("on_connect: not supported by RawSocket"), "{error}");
}

struct Quiet;

impl TransportHandler for Quiet {
    async fn on_open(&mut self, _: WampTransport) -> Result<(), HandlerError> {
        Ok(())
    }

    async fn on_message(&mut self, _: Message) -> Result<(), HandlerError> {
        Ok(())
    }
}

#[tokio::test]
async fn a_server_of_handlers_asks() {
    let server = WampWebSocketServerFactory::new(|| Quiet, URL, &[Serializer::Json]).unwrap();
    check(&server.on_connect(by_token).listen().await.unwrap()).await;
}

#[tokio::test]
async fn a_mount_asks() {
    let router = router();
    let of_router = router.mount(ServerOptions::new()).unwrap().on_connect(by_token);
    let server = WampWebSocketServerFactory::new(|| Quiet, URL, &[Serializer::Json]).unwrap();
    for mount in [of_router, server.on_connect(by_token).mount().unwrap()] {
        let request = |uri: &str| {
            axum::http::Request::get(uri)
                .header("Connection", "Upgrade")
                .header("Upgrade", "websocket")
                .header("Sec-WebSocket-Version", "13")
                .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
                .header("Sec-WebSocket-Protocol", "wamp.2.json")
                .body(())
                .unwrap()
        };
        let (response, _upgrade) = mount.upgrade(&request("/ws?token=good")).await.ok().unwrap();
        assert_eq!(response.headers().get_all("Set-Cookie").iter().count(), 2);
        let refusal = mount.upgrade(&request("/ws")).await.err().unwrap();
        assert_eq!(refusal.status(), 403);
    }
}

#[tokio::test]
async fn it_is_shown_the_request_and_only_one_that_would_be_let_in() {
    let asked = Arc::new(AtomicUsize::new(0));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (count, notes) = (Arc::clone(&asked), Arc::clone(&seen));
    let router = router();
    let options = ServerOptions::new().allowed_origins(["https://a.example:443"]);
    let listener = router.listen(URL).options(options).on_connect(move |request| {
        count.fetch_add(1, Ordering::SeqCst);
        notes.lock().unwrap().extend([
            request.path().to_owned(),
            request.query().unwrap_or("none").to_owned(),
            request.header("cookie").unwrap_or("none").to_owned(),
            request.origin().unwrap_or("none").to_owned(),
            request.protocols().collect::<Vec<_>>().join(" "),
            request.headers().filter(|(name, _)| *name == "x").count().to_string(),
        ]);
        assert!(request.peer().unwrap().starts_with("127.0.0.1:"));
        ready(Ok(ConnectionAccept::new()))
    });
    let listener = listener.await.unwrap();
    for (request, status) in [
        (upgrade(""), "400"),
        (upgrade(&format!("{JSON}Origin: https://b.example\r\n")), "403"),
        (upgrade(JSON).replace("/ws", "/other"), "404"),
        (upgrade(JSON).replace("Version: 13", "Version: 8"), "426"),
    ] {
        let answer = answer(&listener, &request).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    }
    assert_eq!(asked.load(Ordering::SeqCst), 0);
    let more = "Sec-WebSocket-Protocol: other, wamp.2.json\r\nOrigin: https://a.example\r\n\
                Cookie: a=b\r\nX: 1\r\nX: 2\r\n";
    let request = upgrade(more).replace("GET /ws ", "GET /ws?a=b ");
    assert!(answer(&listener, &request).await.starts_with("HTTP/1.1 101 "));
    let expected = ["/ws", "a=b", "a=b", "https://a.example", "other wamp.2.json", "2"];
    assert_eq!(*seen.lock().unwrap(), expected);
}
