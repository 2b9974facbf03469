//! `on_connect`: who is asked about a WebSocket's request, and what the answer does.

use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wampwerk::Serializer;
use wampwerk::message::Message;
use wampwerk::server::{
    HandlerError, Listener, TransportHandler, WampTransport, WampWebSocketServerFactory,
};
use wampwerk::transport::ServerOptions;
use wampwerk::websocket::{ConnectionAccept, ConnectionDeny, ConnectionRequest};

use crate::common::notes::Notes;
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
    let seen = Notes::new();
    let (count, notes) = (Arc::clone(&asked), seen.clone());
    let router = router();
    let options = ServerOptions::new().allowed_origins(["https://a.example:443"]);
    let listener = router.listen(URL).options(options).on_connect(move |request| {
        count.fetch_add(1, Ordering::SeqCst);
        notes.extend([
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
    assert_eq!(seen.all(), expected);
}

/// Waits as long as the query says, in milliseconds.
async fn slowly(request: ConnectionRequest) -> Result<ConnectionAccept, ConnectionDeny> {
    let time = request.query().unwrap_or("0").parse()?;
    tokio::time::sleep(Duration::from_millis(time)).await;
    Ok(ConnectionAccept::new().header("X-Slept", time.to_string()))
}

#[tokio::test]
async fn h21_octets_behind_the_request_wait_for_the_decision() {
    let router = router();
    let listener = router.listen(URL).on_connect(slowly).await.unwrap();
    // HELLO, masked by zeros, in the same segment as the request.
    let hello = br#"[1,"realm1",{"roles":{"caller":{}}}]"#;
    let length = 0x80 | u8::try_from(hello.len()).unwrap();
    let frame = [&[0x81, length, 0, 0, 0, 0], &hello[..]].concat();
    let mut stream = tcp(&listener).await;
    let request = [with_query("?50").as_bytes(), &frame].concat();
    stream.write_all(&request).await.unwrap();
    let head = read_head(&mut stream).await;
    assert!(head.starts_with("HTTP/1.1 101 ") && head.contains("X-Slept: 50\r\n"), "{head}");
    // Longer than 125 octets.
    let mut welcome = [0; 6];
    stream.read_exact(&mut welcome).await.unwrap();
    assert_eq!((&welcome[..2], &welcome[4..]), (&[0x81, 126][..], &b"[2"[..]));
}

#[tokio::test]
async fn a_decision_that_takes_too_long_is_refused() {
    let options = ServerOptions::new().open_handshake_timeout(Duration::from_millis(50));
    let router = router();
    let listener = router.listen(URL).options(options).on_connect(slowly).await.unwrap();
    let answer = answer(&listener, &with_query("?60000")).await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(answer.contains("too long to decide"), "{answer}");
}

#[tokio::test]
async fn h22_faults_of_the_application_are_answered_by_500_without_their_text() {
    async fn ask(request: ConnectionRequest) -> Result<ConnectionAccept, ConnectionDeny> {
        match request.query() {
            Some("panic") => panic!("a secret"),
            Some("later") => {
                tokio::task::yield_now().await;
                panic!("a secret")
            }
            Some("error") => Err(std::io::Error::other("a secret"))?,
            Some("cookie") => Ok(ConnectionAccept::new().header("Set-Cookie", "a secret\0")),
            Some(protocol) => Ok(ConnectionAccept::new().protocol(protocol)),
            None => Ok(ConnectionAccept::new()),
        }
    }
    let router = router();
    let listener = router.listen(URL).on_connect(ask).await.unwrap();
    // The last ones are not offered, or not of a WAMP router.
    for query in ["panic", "later", "error", "cookie", "wamp.2.cbor", "chat", ""] {
        let request = with_query(&format!("?{query}")).replace("wamp.2.json", "wamp.2.json, chat");
        let answer = answer(&listener, &request).await;
        assert!(answer.starts_with("HTTP/1.1 500 "), "{query}: {answer}");
        assert!(!answer.contains("secret"), "{query}: {answer}");
    }
    // The server goes on, and a subprotocol that fits both may be chosen.
    let request = with_query("?wamp.2.cbor").replace("wamp.2.json", "wamp.2.json, wamp.2.cbor");
    let good = answer(&listener, &request).await;
    assert!(good.starts_with("HTTP/1.1 101 "), "{good}");
    assert!(good.contains("Sec-WebSocket-Protocol: wamp.2.cbor\r\n"), "{good}");
}

#[test]
fn a_panic_in_the_function_itself_is_caught_too() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let router = router();
        let broken = |request: ConnectionRequest| {
            assert!(request.query().is_none(), "a secret");
            ready(Ok(ConnectionAccept::new()))
        };
        let listener = router.listen(URL).on_connect(broken).await.unwrap();
        let bad = answer(&listener, &with_query("?x")).await;
        assert!(bad.starts_with("HTTP/1.1 500 ") && !bad.contains("secret"), "{bad}");
        assert!(answer(&listener, &with_query("")).await.starts_with("HTTP/1.1 101 "));
    });
}

#[tokio::test]
async fn the_request_is_shown_decoded() {
    let seen = Notes::new();
    let notes = seen.clone();
    let router = router();
    let listener = router.listen(URL).on_connect(move |request| {
        let params: Vec<_> = request.params().collect();
        let extensions: Vec<_> = request.extensions().map(str::to_owned).collect();
        notes.note((params, extensions, request.host().unwrap().to_owned()));
        assert_eq!(request.version(), 13);
        ready(Ok(ConnectionAccept::new()))
    });
    let listener = listener.await.unwrap();
    let more = format!("{JSON}Sec-WebSocket-Extensions: a; b=\"c\", d\r\n");
    let request =
        upgrade(&more).replace("GET /ws ", "GET ws://[::1]:9000/ws?a=J%c3%bcrgen+x&&b&a= ");
    assert!(answer(&listener, &request).await.starts_with("HTTP/1.1 101 "));
    let params = [("a", "J\u{fc}rgen x"), ("b", ""), ("a", "")];
    let params = params.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let extensions = ["a; b=c", "d"].map(str::to_owned).to_vec();
    assert_eq!(seen.all(), [(params, extensions, "[::1]".to_owned())]);
}

/// The peer that `on_connect` sees, and that of the transport.
#[tokio::test]
async fn the_peer_behind_trusted_proxies_is_the_client() {
    let router = router();
    for (proxies, header, expected) in [
        (0, "X-Forwarded-For: 10.0.0.1\r\n", "127.0.0.1:"),
        (1, "X-Forwarded-For: 10.0.0.1, 10.0.0.2\r\n", "10.0.0.2"),
        (2, "X-Forwarded-For: 10.0.0.1\r\nX-Forwarded-For: 10.0.0.2\r\n", "10.0.0.1"),
        (3, "X-Forwarded-For: 10.0.0.1, 10.0.0.2\r\n", "127.0.0.1:"),
        (1, "X-Forwarded-For: unknown\r\n", "127.0.0.1:"),
        (1, "", "127.0.0.1:"),
    ] {
        let peers = Notes::new();
        let notes = peers.clone();
        let options = ServerOptions::new().trust_x_forwarded_for(proxies);
        let listener = router.listen(URL).options(options).on_connect(move |request| {
            notes.note(request.peer().unwrap().to_owned());
            ready(Ok(ConnectionAccept::new()))
        });
        let listener = listener.await.unwrap();
        let good = answer(&listener, &upgrade(&format!("{JSON}{header}"))).await;
        assert!(good.starts_with("HTTP/1.1 101 "), "{good}");
        let found = peers.all().pop().unwrap();
        assert!(found.starts_with(expected), "{header}: {found}");
    }
}

#[tokio::test]
async fn answers_have_the_headers_of_the_options() {
    let options = ServerOptions::new()
        .server("demo/1.0".to_owned())
        .header("X-Frame", "a")
        .header("x-frame", "b");
    let router = router();
    let listener = router.listen(URL).options(options).await.unwrap();
    let good = answer(&listener, &upgrade(JSON)).await;
    for line in ["Server: demo/1.0\r\n", "X-Frame: a\r\n", "X-Frame: b\r\n"] {
        assert!(good.contains(line), "{good}");
    }
    for request in [upgrade(""), "GET /ws HTTP/1.1\r\nA : b\r\n".to_owned()] {
        let bad = answer(&listener, &request).await;
        assert!(bad.starts_with("HTTP/1.1 400 ") && bad.contains("Server: demo/1.0\r\n"), "{bad}");
        assert!(!bad.contains("X-Frame"), "{bad}");
    }
    let error = router.listen("rs://127.0.0.1:0");
    let error = error.options(ServerOptions::new().trust_x_forwarded_for(1)).await.unwrap_err();
    assert!(error.to_string().contains("trust_x_forwarded_for"), "{error}");
}

#[tokio::test]
async fn a_mount_knows_the_client_behind_trusted_proxies() {
    let router = router();
    let options = ServerOptions::new().trust_x_forwarded_for(1).server("demo".to_owned());
    let mount = router.mount(options).unwrap().on_connect(|request| async move {
        match request.peer() {
            Some(peer) => Ok(ConnectionAccept::new().header("X-Peer", peer)),
            None => Err(ConnectionDeny::new(403, "who is this?")),
        }
    });
    let request = axum::http::Request::get("/ws")
        .header("Connection", "Upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header("Sec-WebSocket-Protocol", "wamp.2.json");
    let refusal = mount.upgrade(&request.body(()).unwrap()).await.err().unwrap();
    assert_eq!(
        (refusal.status().as_u16(), &refusal.headers()["Server"]),
        (403, &"demo".parse().unwrap())
    );
    let request = axum::http::Request::get("/ws")
        .header("Connection", "Upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header("Sec-WebSocket-Protocol", "wamp.2.json")
        .header("X-Forwarded-For", "10.0.0.9, 10.0.0.1");
    let (response, _upgrade) = mount.upgrade(&request.body(()).unwrap()).await.ok().unwrap();
    assert_eq!(response.headers()["X-Peer"], "10.0.0.1");
    assert_eq!(response.headers()["Server"], "demo");
}
