//! A WebSocket of a stream of tokio-tungstenite, in both roles.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use wampwerk::websocket::WebSocketOptions;
use wampwerk::websocket::{self, Message, PreparedMessage, SendOptions, WebSocket, WebSocketError};

/// Ours over tungstenite's client and server, which are connected to each other.
async fn pair(config: WebSocketConfig) -> (WebSocket, WebSocket) {
    let (near, far) = duplex(10_000);
    let client = WebSocketStream::from_raw_socket(near, Role::Client, Some(config)).await;
    let server = WebSocketStream::from_raw_socket(far, Role::Server, Some(config)).await;
    (WebSocket::from_tungstenite(client), WebSocket::from_tungstenite(server))
}

/// A server over tungstenite, whose peer is a plain stream.
async fn server(config: Option<WebSocketConfig>) -> (WebSocket, DuplexStream) {
    let (near, far) = duplex(1 << 20);
    let stream = WebSocketStream::from_raw_socket(near, Role::Server, config).await;
    (WebSocket::from_tungstenite(stream), far)
}

/// A client's frame of less than 126 bytes, with a mask of zeros.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    [&[first, 0x80 | payload.len() as u8, 0, 0, 0, 0], payload].concat()
}

#[tokio::test]
async fn a_client_of_tungstenite_talks_with_our_server() {
    let mut requests = websocket::listen("ws://127.0.0.1:0").await.unwrap();
    let (url, address) = (requests.url().to_owned(), requests.local_addr().unwrap());
    let serving = tokio::spawn(async move {
        let mut server = requests.next().await.unwrap().accept().await.unwrap();
        while let Some(Ok(message)) = server.next().await {
            server.send(message).await.unwrap();
        }
        server.closed().await
    });
    let tcp = TcpStream::connect(address).await.unwrap();
    let (stream, _) = tokio_tungstenite::client_async(url, tcp).await.unwrap();
    let mut client = WebSocket::from_tungstenite(stream);
    let long = vec![7; 300_000];
    for message in [Message::from("text"), Message::from(vec![1, 2, 3]), Message::from(long)] {
        client.send(message.clone()).await.unwrap();
        assert_eq!(client.next().await, Some(Ok(message)));
    }
    let stats = client.stats();
    assert_eq!((stats.messages_in, stats.messages_out), (3, 3));
    assert_eq!((stats.payload_in, stats.payload_out), (300_007, 300_007));
    let closed = client.close(3001, "enough").await.unwrap();
    assert_eq!((closed.was_clean, closed.code, closed.sent), (true, Some(3001), Some(3001)));
    assert_eq!(client.next().await, None);
    let closed = serving.await.unwrap();
    assert_eq!((closed.was_clean, closed.code, &*closed.reason), (true, Some(3001), "enough"));
    let error = client.send("late").await.unwrap_err();
    assert!(matches!(error, WebSocketError::Closed(_)), "{error}");
}

#[tokio::test]
async fn our_client_talks_with_a_server_of_tungstenite() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    let client = tokio::spawn(websocket::connect(url).into_future());
    let tcp = listener.accept().await.unwrap().0;
    let mut server =
        WebSocket::from_tungstenite(tokio_tungstenite::accept_async(tcp).await.unwrap());
    let mut client = client.await.unwrap().unwrap();
    client.send("to the server").await.unwrap();
    assert_eq!(server.next().await, Some(Ok("to the server".into())));
    server.send(vec![1, 2, 3]).await.unwrap();
    assert_eq!(client.next().await, Some(Ok(vec![1, 2, 3].into())));
    // The peer closes, with a code and a reason.
    let closed = client.close(4000, "bye").await.unwrap();
    assert_eq!((closed.was_clean, closed.code, closed.sent), (true, Some(4000), Some(4000)));
    assert_eq!(server.next().await, None);
    let closed = server.closed().await;
    assert_eq!((closed.was_clean, closed.code, closed.sent), (true, Some(4000), Some(4000)));
    assert_eq!(closed.reason, "bye");
}

#[tokio::test]
async fn pings_are_sent_and_answered_in_order() {
    let (mut server, mut peer) = server(None).await;
    let sender = server.sender();
    sender.ping("p").await.unwrap();
    sender.pong("o").await.unwrap();
    server.send("m").await.unwrap();
    let mut told = [0; 9];
    peer.read_exact(&mut told).await.unwrap();
    assert_eq!(told, *b"\x89\x01p\x8a\x01o\x81\x01m");
    peer.write_all(&frame(0x89, b"q")).await.unwrap();
    let mut told = [0; 3];
    peer.read_exact(&mut told).await.unwrap();
    assert_eq!(told, *b"\x8a\x01q");
    // One that pings and takes nothing is not read for ever.
    let pings = frame(0x89, &[b'q'; 125]).repeat(100_000);
    let written = tokio::time::timeout(Duration::from_secs(2), peer.write_all(&pings)).await;
    assert!(written.is_err());
    drop(peer);
    assert!(server.next().await.unwrap().is_err());
}

#[tokio::test]
async fn messages_in_frames_and_prepared_ones_arrive_whole() {
    let (client, mut server) = pair(WebSocketConfig::default()).await;
    let sender = client.sender();
    let mut writer = sender.message_writer(false, SendOptions::new()).await.unwrap();
    writer.frame("in ").await.unwrap();
    let error = writer.begin_frame(5).await.unwrap_err();
    assert!(matches!(&error, WebSocketError::Invalid(text) if text.contains("tokio-tungstenite")));
    writer.frame("frames").await.unwrap();
    writer.end().await.unwrap();
    assert_eq!(server.next().await, Some(Ok("in frames".into())));
    let news = PreparedMessage::new(vec![9; 70_000], SendOptions::new());
    sender.send_prepared(&news).await.unwrap();
    assert_eq!(server.next().await, Some(Ok(news.message())));
    let options = SendOptions::new().fragment_size(3);
    sender.send_with("in threes", options).await.unwrap();
    assert_eq!(server.next().await, Some(Ok("in threes".into())));
    let stats = server.stats();
    assert_eq!((stats.messages_in, stats.payload_in), (3, 70_018));
}

#[tokio::test]
async fn both_sides_send_much_over_a_narrow_stream() {
    // The write buffers are smaller than the messages.
    let config = WebSocketConfig::default().write_buffer_size(100).max_write_buffer_size(5000);
    let (mut client, mut server) = pair(config).await;
    for socket in [&client, &server] {
        let sender = socket.sender();
        tokio::spawn(async move {
            for size in [1_000_000, 0, 70_000, 5000, 4986, 125] {
                sender.send(vec![size as u8; size]).await.unwrap();
            }
        });
    }
    for socket in [&mut client, &mut server] {
        for size in [1_000_000, 0, 70_000, 5000, 4986, 125] {
            assert_eq!(socket.next().await, Some(Ok(vec![size as u8; size].into())));
        }
    }
    let (one, other) = tokio::join!(client.close(1000, ""), server.close(1000, ""));
    assert!(one.unwrap().was_clean && other.unwrap().was_clean);
}

#[tokio::test]
async fn a_breach_has_its_close_code() {
    let config = WebSocketConfig::default().max_message_size(Some(10));
    for (bytes, code) in [
        (vec![0x81, 1, b'x'], 1002_u16), // no mask
        (frame(0xc1, b"x"), 1002),       // a reserved bit
        (frame(0x80, b"x"), 1002),       // a continuation of nothing
        (frame(0x81, &[0xff]), 1007),    // no UTF-8
        (frame(0x82, &[0; 11]), 1009),   // too long
        ([frame(0x02, &[0; 6]), frame(0x80, &[0; 6])].concat(), 1009),
    ] {
        let (mut server, mut peer) = server(Some(config)).await;
        peer.write_all(&frame(0x82, b"before")).await.unwrap();
        peer.write_all(&bytes).await.unwrap();
        assert_eq!(server.next().await, Some(Ok(Message::from(&b"before"[..]))));
        // It leaves when it has been told.
        let reading = tokio::spawn(async move {
            let mut told = [0; 4];
            peer.read_exact(&mut told).await.unwrap();
            told
        });
        let error = server.next().await.unwrap().unwrap_err();
        assert!(matches!(error, WebSocketError::Failed(_)), "{error:?}");
        assert_eq!(server.next().await, None);
        let [high, low] = code.to_be_bytes();
        assert_eq!(reading.await.unwrap(), [0x88, 2, high, low]);
        let closed = server.closed().await;
        assert_eq!((closed.was_clean, closed.code, closed.sent), (false, Some(1006), Some(code)));
        assert!(closed.cause.is_some());
    }
}

#[tokio::test]
async fn a_peer_that_goes_without_closing_is_told() {
    let (mut server, peer) = server(None).await;
    drop(peer);
    let error = server.next().await.unwrap().unwrap_err();
    let closed = error.closed().unwrap();
    assert_eq!((closed.was_clean, closed.code), (false, Some(1006)));
    let kind = closed.cause.as_ref().unwrap().io_kind();
    assert_eq!(kind, Some(std::io::ErrorKind::UnexpectedEof));
}

#[tokio::test]
async fn a_message_that_is_too_long_is_not_sent() {
    let config = WebSocketConfig::default().max_message_size(Some(1000));
    let (client, mut server) = pair(config).await;
    let error = client.send(vec![0; 1001]).await.unwrap_err();
    assert_eq!(error, WebSocketError::TooLarge { size: 1001, limit: 1000 });
    client.send(vec![0; 1000]).await.unwrap();
    assert_eq!(server.next().await.unwrap().unwrap().len(), 1000);
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_is_pinged_and_given_up() {
    let (mut server, mut peer) = server(None).await;
    let error = server.next().await.unwrap().unwrap_err();
    assert!(error.to_string().contains("ping"), "{error}");
    let mut told = Vec::new();
    drop(server);
    peer.read_to_end(&mut told).await.unwrap();
    assert_eq!(told[0], 0x89);
}

#[tokio::test(start_paused = true)]
async fn a_long_message_is_a_sign_of_life() {
    let (mut server, mut peer) = server(None).await;
    let size = 60_000_u16;
    let [high, low] = size.to_be_bytes();
    peer.write_all(&[0x82, 0xfe, high, low, 0, 0, 0, 0]).await.unwrap();
    // Ten minutes, in which no pong comes, as it cannot come within a frame.
    for _ in 0..600 {
        peer.write_all(&[7; 100]).await.unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(server.next().await, Some(Ok(vec![7; 60_000].into())));
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_takes_nothing_is_given_up() {
    let (near, _far) = duplex(1000);
    let stream = WebSocketStream::from_raw_socket(near, Role::Client, None).await;
    let mut client = WebSocket::from_tungstenite(stream);
    client.send(vec![0; 100_000]).await.unwrap();
    let error = client.next().await.unwrap().unwrap_err();
    assert_eq!(error.closed().map(|closed| closed.was_clean), Some(false));
    assert!(error.to_string().contains("take"), "{error}");
}

#[tokio::test]
async fn dropping_the_handles_closes_the_connection() {
    let (client, server) = pair(WebSocketConfig::default()).await;
    drop(client);
    let closed = server.closed().await;
    assert_eq!((closed.was_clean, closed.code), (true, Some(1000)));
}

#[tokio::test]
async fn options_and_the_response_are_told() {
    let mut requests = websocket::listen("ws://127.0.0.1:0").protocols(["chat"]).await.unwrap();
    let (url, address) = (requests.url().to_owned(), requests.local_addr().unwrap());
    let serving =
        tokio::spawn(async move { requests.next().await.unwrap().accept().await.unwrap() });
    let tcp = TcpStream::connect(address).await.unwrap();
    let mut request = url.into_client_request().unwrap();
    request.headers_mut().insert("Sec-WebSocket-Protocol", "chat".parse().unwrap());
    let (stream, response) = tokio_tungstenite::client_async(request, tcp).await.unwrap();
    let options = WebSocketOptions::new().max_send_size(10).auto_fragment_size(4);
    let client = WebSocket::from_tungstenite_with(stream, &options).unwrap();
    let client = client.with_response(address, &response);
    assert_eq!(client.response().protocol(), Some("chat"));
    assert_eq!(client.response().header("Upgrade"), Some("websocket"));
    assert_eq!(client.response().peer(), address.to_string());
    let error = client.send("01234567890").await.unwrap_err();
    assert_eq!(error, WebSocketError::TooLarge { size: 11, limit: 10 });
    client.send("0123456789").await.unwrap();
    let mut server = serving.await.unwrap();
    assert_eq!(server.next().await, Some(Ok("0123456789".into())));
    for (options, name) in [
        (WebSocketOptions::new().max_message_payload_size(1), "max_message_payload_size"),
        (WebSocketOptions::new().open_handshake_timeout(Duration::from_secs(1)), "open_handsh"),
        (WebSocketOptions::new().auto_ping_size(1), "auto_ping_size"),
    ] {
        let (near, _far) = duplex(100);
        let stream = WebSocketStream::from_raw_socket(near, Role::Server, None).await;
        let error = WebSocket::from_tungstenite_with(stream, &options).unwrap_err();
        assert!(error.path.starts_with(name), "{error}");
    }
}

/// The frames that leave show the size, and a failure is silent.
#[tokio::test]
async fn options_of_a_server_over_tungstenite_are_applied() {
    let (near, mut far) = duplex(1 << 20);
    let stream = WebSocketStream::from_raw_socket(near, Role::Server, None).await;
    let options = WebSocketOptions::new().auto_fragment_size(4).fail_by_drop(true);
    let mut server = WebSocket::from_tungstenite_with(stream, &options).unwrap();
    server.send("012345").await.unwrap();
    let mut frames = [0; 10];
    far.read_exact(&mut frames).await.unwrap();
    assert_eq!(&frames, b"\x01\x040123\x80\x0245");
    far.write_all(&frame(0x83, b"")).await.unwrap();
    let error = server.next().await.unwrap().unwrap_err();
    assert_eq!(error.close_code(), None, "{error}");
    let mut rest = Vec::new();
    far.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, b"");
}
