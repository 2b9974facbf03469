//! The server's face, with our client and with a client made of plain TCP.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use wampwerk::error::{ConnectError, HttpRefusal, ListenError};
use wampwerk::transport::ServerOptions;
use wampwerk::websocket::Deflate;
use wampwerk::websocket::{
    self, Closed, ConnectionAccept, ConnectionDeny, ConnectionRequest, Message, SendOptions,
    Sender, WebSocketOptions, WebSocketServerFactory, WebSocketServerProtocol,
};

const ANY: &str = "ws://127.0.0.1:0";

/// The status with which a server refused.
fn status(error: &ConnectError) -> Option<u16> {
    let source = std::error::Error::source(error)?;
    Some(source.downcast_ref::<HttpRefusal>()?.status)
}

#[tokio::test]
async fn requests_are_accepted_with_what_the_program_answers() {
    let mut requests = websocket::listen(ANY).protocols(["b", "c"]).await.unwrap();
    let url = requests.url().to_owned();
    let client = tokio::spawn(async move {
        websocket::connect(format!("{url}path?x=1&y")).protocols(["a", "c", "b"]).await.unwrap()
    });
    let request = requests.next().await.unwrap();
    assert_eq!((request.request().path(), request.request().query()), ("/path", Some("x=1&y")));
    assert_eq!(request.request().protocols().collect::<Vec<_>>(), ["a", "c", "b"]);
    let answer = ConnectionAccept::new().header("X-More", "more");
    let mut server = request.accept_with(answer).await.unwrap();
    let mut client = client.await.unwrap();
    assert_eq!(client.response().protocol(), Some("c"));
    assert_eq!(client.response().header("X-More"), Some("more"));
    assert_eq!(server.response().protocol(), Some("c"));
    client.send("to the server").await.unwrap();
    assert_eq!(server.next().await, Some(Ok("to the server".into())));
    server.send(vec![1, 2, 3]).await.unwrap();
    assert_eq!(client.next().await, Some(Ok(vec![1, 2, 3].into())));
    let closed = server.close(3000, "enough").await.unwrap();
    assert_eq!((closed.was_clean, closed.code), (true, Some(3000)));
    assert_eq!(client.next().await, None);
    let closed = client.closed().await;
    assert_eq!((closed.was_clean, closed.code, &*closed.reason), (true, Some(3000), "enough"));
}

#[tokio::test]
async fn a_request_is_denied_with_a_status() {
    let mut requests = websocket::listen(ANY).await.unwrap();
    let url = requests.url().to_owned();
    let client = tokio::spawn(async move { websocket::connect(url).await });
    let request = requests.next().await.unwrap();
    request.deny(ConnectionDeny::new(403, "not you")).await;
    let error = client.await.unwrap().unwrap_err();
    assert_eq!(status(&error), Some(403));
    assert!(error.to_string().contains("not you"), "{error}");
}

#[tokio::test]
async fn the_path_of_the_url_is_asked_for() {
    let mut requests = websocket::listen(format!("{ANY}/chat")).await.unwrap();
    let address = requests.local_addr().unwrap();
    let error = websocket::connect(format!("ws://{address}/other")).await.unwrap_err();
    assert_eq!(status(&error), Some(404));
    let client = websocket::connect(format!("ws://{address}/chat"));
    let client = tokio::spawn(async move { client.await });
    requests.next().await.unwrap().accept().await.unwrap();
    assert!(client.await.unwrap().is_ok());
}

#[tokio::test]
async fn settings_that_cannot_be_are_refused_by_name() {
    let base = || WebSocketServerFactory::new(ANY);
    let options = ServerOptions::new;
    for (factory, name) in [
        (WebSocketServerFactory::new("http://localhost"), "http"),
        (WebSocketServerFactory::new("ws://localhost:1/?a"), "query"),
        (WebSocketServerFactory::new("wss://localhost:1"), "certificate"),
        (base().protocols(["a b"]), "protocols"),
        (base().options(options().max_connections(0)), "max_connections"),
        (base().options(options().per_message_deflate(Deflate::new().level(11))), "level"),
    ] {
        let error = factory.check().unwrap_err();
        assert!(error.to_string().contains(name), "{name}: {error}");
        assert!(factory.listen().await.is_err());
    }
}

/// Echoes, and counts what it is told.
struct Echo {
    sender: Option<Sender>,
    closed: Arc<AtomicUsize>,
}

impl WebSocketServerProtocol for Echo {
    async fn on_connect(
        &mut self,
        request: ConnectionRequest,
    ) -> Result<ConnectionAccept, ConnectionDeny> {
        // It may take its time.
        tokio::task::yield_now().await;
        match request.query() {
            Some("deny") => Err(ConnectionDeny::new(401, "who are you")),
            Some("panic") => panic!("it was asked for"),
            Some("fail") => Err(std::io::Error::other("secret"))?,
            Some("unoffered") => Ok(ConnectionAccept::new().protocol("nobody asked")),
            _ => Ok(ConnectionAccept::new()),
        }
    }

    async fn on_open(&mut self, sender: Sender) {
        self.sender = Some(sender);
    }

    async fn on_message(&mut self, message: Message) {
        assert!(message.text() != Some("panic"), "it was asked for");
        self.sender.as_ref().unwrap().send(message).await.unwrap();
    }

    async fn on_close(&mut self, _closed: Closed) {
        self.closed.fetch_add(1, Ordering::Relaxed);
    }
}

fn echo(closed: &Arc<AtomicUsize>) -> impl Fn() -> Echo + Send + Sync + 'static {
    let closed = Arc::clone(closed);
    move || Echo { sender: None, closed: Arc::clone(&closed) }
}

#[tokio::test]
async fn a_protocol_serves_each_client() {
    let closed = Arc::default();
    let server = WebSocketServerFactory::new(ANY);
    let listener = server.listen_protocol(echo(&closed)).await.unwrap();
    let url = listener.url().trim_end_matches('/').to_owned();
    for (query, expected) in [("deny", 401), ("panic", 500), ("fail", 500), ("unoffered", 500)] {
        let error = websocket::connect(format!("{url}/?{query}")).await.unwrap_err();
        assert_eq!(status(&error), Some(expected), "{query}: {error}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
    let mut clients = Vec::new();
    for number in 0..3 {
        let mut client = websocket::connect(url.clone()).await.unwrap();
        client.send(format!("{number}")).await.unwrap();
        assert_eq!(client.next().await, Some(Ok(format!("{number}").into())));
        clients.push(client);
    }
    assert_eq!(server.connection_count(), 3);
    // A panic ends its own connection alone.
    clients[0].send("panic").await.unwrap();
    let end = clients[0].closed().await;
    assert_eq!((end.was_clean, end.code), (true, Some(1011)));
    server.shutdown().await;
    for client in &clients[1..] {
        assert_eq!(client.closed().await.code, Some(1001));
    }
    assert_eq!(server.connection_count(), 0);
    while closed.load(Ordering::Relaxed) < 7 {
        tokio::task::yield_now().await;
    }
    assert!(matches!(server.listen().await, Err(ListenError::Closed)));
}

#[tokio::test]
async fn too_many_connections_get_503() {
    let options = ServerOptions::new().max_connections(1);
    let server = WebSocketServerFactory::new(ANY).options(options);
    let listener = server.listen_protocol(echo(&Arc::default())).await.unwrap();
    let first = websocket::connect(listener.url()).await.unwrap();
    let error = websocket::connect(listener.url()).await.unwrap_err();
    assert_eq!(status(&error), Some(503));
    first.close(1000, "").await.unwrap();
    // There is room again once the server's end is gone.
    while server.connection_count() > 0 {
        tokio::task::yield_now().await;
    }
    websocket::connect(listener.url()).await.unwrap();
}

#[tokio::test]
async fn compressed_messages_go_both_ways() {
    for takeover in [false, true] {
        let deflate =
            || Deflate::new().server_context_takeover(takeover).client_context_takeover(takeover);
        let options = ServerOptions::new().per_message_deflate(deflate());
        let server = WebSocketServerFactory::new(ANY).options(options);
        let listener = server.listen_protocol(echo(&Arc::default())).await.unwrap();
        let client = websocket::connect(listener.url()).per_message_deflate(deflate());
        let mut client = client.await.unwrap();
        let extensions: Vec<_> = client.response().extensions().collect();
        assert!(extensions[0].starts_with("permessage-deflate"), "{extensions:?}");
        let text = "the same again and again, ".repeat(100);
        for _ in 0..3 {
            client.send(text.clone()).await.unwrap();
            assert_eq!(client.next().await, Some(Ok(text.clone().into())));
        }
        let stats = client.stats();
        assert!(stats.ratio_out().unwrap() > 10.0, "{stats:?}");
        assert!(stats.ratio_in().unwrap() > 5.0, "{stats:?}");
    }
}

#[tokio::test]
async fn a_frame_of_a_compressed_message_is_not_sent_in_parts_and_the_message_goes_on() {
    let options = ServerOptions::new().per_message_deflate(Deflate::new());
    let server = WebSocketServerFactory::new(ANY).options(options);
    let listener = server.listen_protocol(echo(&Arc::default())).await.unwrap();
    let client = websocket::connect(listener.url()).per_message_deflate(Deflate::new());
    let mut client = client.await.unwrap();
    let sender = client.sender();
    let mut writer = sender.message_writer(true, SendOptions::new()).await.unwrap();
    let error = writer.begin_frame(3).await.unwrap_err();
    assert!(error.to_string().contains("do_not_compress"), "{error}");
    writer.frame("whole").await.unwrap();
    writer.end().await.unwrap();
    assert_eq!(client.next().await, Some(Ok(b"whole".to_vec().into())));
    let options = SendOptions::new().do_not_compress(true);
    let mut writer = sender.message_writer(true, options).await.unwrap();
    writer.begin_frame(3).await.unwrap();
    writer.data("abc").await.unwrap();
    writer.end().await.unwrap();
    assert_eq!(client.next().await, Some(Ok(b"abc".to_vec().into())));
}

/// Data that cannot be compressed becomes longer, and is not too long for that.
#[tokio::test]
async fn d14_a_message_of_the_maximum_size_is_accepted_compressed() {
    const MOST: usize = 256 << 10;
    for level in [1, 6] {
        let deflate = Deflate::new().level(level);
        let deflate = deflate.client_context_takeover(true).server_context_takeover(true);
        let options = ServerOptions::new().per_message_deflate(deflate.clone());
        let options = options.max_message_payload_size(MOST);
        let mut requests = websocket::listen(ANY).options(options).await.unwrap();
        let url = requests.url().to_owned();
        let options = WebSocketOptions::new().per_message_deflate(deflate);
        let options = options.max_message_payload_size(MOST);
        let client = tokio::spawn(async move { websocket::connect(url).options(options).await });
        let mut server = requests.next().await.unwrap().accept().await.unwrap();
        let mut client = client.await.unwrap().unwrap();
        let mut state = 1_u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 56) as u8
        };
        for _ in 0..3 {
            let message: Vec<u8> = (0..MOST).map(|_| random()).collect();
            client.send(message.clone()).await.unwrap();
            assert_eq!(server.next().await, Some(Ok(message.clone().into())));
            server.send(message.clone()).await.unwrap();
            assert_eq!(client.next().await, Some(Ok(message.into())));
        }
    }
}

#[tokio::test]
async fn h21_frames_behind_the_request_wait_for_the_answer() {
    let mut requests = websocket::listen(ANY).await.unwrap();
    let mut stream = TcpStream::connect(requests.local_addr().unwrap()).await.unwrap();
    let head = "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let frames = b"\x81\x83\0\0\0\0abc\x82\x81\0\0\0\0d";
    stream.write_all(&[head.as_bytes(), frames].concat()).await.unwrap();
    let request = requests.next().await.unwrap();
    tokio::task::yield_now().await;
    let mut socket = request.accept().await.unwrap();
    assert_eq!(socket.next().await, Some(Ok("abc".into())));
    assert_eq!(socket.next().await, Some(Ok(vec![b'd'].into())));
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(stream.read_u8().await.unwrap());
    }
    assert!(String::from_utf8(answer).unwrap().contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
}

#[tokio::test]
async fn a_request_that_nobody_takes_ends_in_time() {
    let options = ServerOptions::new().open_handshake_timeout(Duration::from_millis(100));
    let server = WebSocketServerFactory::new(ANY).options(options);
    let requests = server.listen().await.unwrap();
    let url = requests.url().to_owned();
    // The program takes the request too late.
    let client = tokio::spawn(async move { websocket::connect(url).await });
    let mut requests = requests;
    let request = requests.next().await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(request.accept().await.is_err());
    assert!(client.await.unwrap().is_err());
    // The listener is gone.
    let url = requests.url().to_owned();
    drop(requests);
    assert!(websocket::connect(url).await.is_err());
}

#[tokio::test]
async fn a_stream_that_the_program_accepted_is_served() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    let client = tokio::spawn(async move { websocket::connect(url).await.unwrap() });
    let server = WebSocketServerFactory::new("ws://localhost");
    let (stream, peer) = listener.accept().await.unwrap();
    let request = server.accept(stream, peer).await.unwrap();
    assert_eq!(request.request().peer(), Some(peer.to_string().as_str()));
    let socket = request.accept().await.unwrap();
    let mut client = client.await.unwrap();
    socket.send("served").await.unwrap();
    assert_eq!(client.next().await, Some(Ok("served".into())));
    server.shutdown().await;
    assert_eq!(client.closed().await.code, Some(1001));
}

#[tokio::test]
async fn the_port_that_clients_name_can_be_another_one() {
    let options = ServerOptions::new().external_port(4711);
    let requests = websocket::listen(ANY).options(options).await.unwrap();
    let address = requests.local_addr().unwrap();
    let ask = async |address: SocketAddr, host: &str| {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = format!(
            "GET / HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream
    };
    for host in ["x", "x:4712", &address.to_string()] {
        let mut answer = String::new();
        ask(address, host).await.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 400 "), "{host}: {answer}");
        assert!(answer.contains("port"), "{answer}");
    }
    let mut requests = requests;
    let client = ask(address, "x:4711").await;
    requests.next().await.unwrap().accept().await.unwrap();
    drop(client);
    // A default port need not be named.
    let options = ServerOptions::new().external_port(443);
    let mut requests = websocket::listen(ANY).options(options).await.unwrap();
    let address = requests.local_addr().unwrap();
    assert_eq!(status(&websocket::connect(requests.url()).await.unwrap_err()), Some(400));
    let client = ask(address, "x").await;
    requests.next().await.unwrap().accept().await.unwrap();
    drop(client);
}

#[tokio::test]
async fn a_failed_client_can_be_dropped_without_a_word() {
    let options = ServerOptions::new().fail_by_drop(true).max_message_payload_size(10);
    let mut requests = websocket::listen(ANY).options(options).await.unwrap();
    let url = requests.url().to_owned();
    let client = tokio::spawn(websocket::connect(url).into_future());
    let mut server = requests.next().await.unwrap().accept().await.unwrap();
    let client = client.await.unwrap().unwrap();
    client.send("01234567890").await.unwrap();
    let error = server.next().await.unwrap().unwrap_err();
    assert_eq!(error.close_code(), None, "{error}");
    assert_eq!(client.closed().await.code, Some(1006));
}

#[tokio::test]
async fn a_listener_ends_its_own_connections_alone() {
    let server = WebSocketServerFactory::new(ANY);
    let one = server.listen_protocol(echo(&Arc::default())).await.unwrap();
    let two = server.listen_protocol(echo(&Arc::default())).await.unwrap();
    let first = websocket::connect(one.url()).await.unwrap();
    let mut second = websocket::connect(two.url()).await.unwrap();
    second.send("here").await.unwrap();
    assert_eq!(second.next().await, Some(Ok("here".into())));
    assert_eq!(server.connection_count(), 2);
    one.shutdown().await;
    assert_eq!(server.connection_count(), 1);
    assert_eq!(first.closed().await.code, Some(1001));
    second.send("still").await.unwrap();
    assert_eq!(second.next().await, Some(Ok("still".into())));
    server.shutdown().await;
    assert_eq!(second.closed().await.code, Some(1001));
}

#[tokio::test]
async fn requests_that_the_program_does_not_take_in_time_are_answered() {
    let options = ServerOptions::new().open_handshake_timeout(Duration::from_millis(500));
    let requests = websocket::listen(ANY).options(options).await.unwrap();
    // More than wait for the program.
    let clients = (0..20).map(|_| {
        let url = requests.url().to_owned();
        tokio::spawn(async move {
            let options = websocket::WebSocketOptions::new();
            let options = options.open_handshake_timeout(Duration::from_secs(3));
            websocket::connect(url).options(options).await
        })
    });
    let clients: Vec<_> = clients.collect();
    let mut answered = 0;
    for client in clients {
        answered += usize::from(status(&client.await.unwrap().unwrap_err()) == Some(503));
    }
    assert_eq!(answered, 20 - 16);
}
