//! WebSocket over loopback: both of our ends, and peers made of plain TCP.

use std::future::poll_fn;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use wampwerk::Serializer;
use wampwerk::error::AcceptError;
use wampwerk::error::TransportError;
use wampwerk::transport::Acceptor;
use wampwerk::transport::{Connector, ServerOptions, Transport, WampWebSocketClientFactory};
use wampwerk::websocket::CloseCode;

pub const ALL: [Serializer; 3] = Serializer::ALL;

pub type End = Box<dyn Transport>;
pub type Accepted = JoinHandle<Result<End, AcceptError>>;

pub fn server() -> Acceptor {
    Acceptor::websocket("/ws", &ALL)
}

pub fn server_with(options: ServerOptions) -> Acceptor {
    options.check().unwrap();
    server().options(options)
}

pub async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/ws", listener.local_addr().unwrap());
    (listener, url)
}

pub fn accept_one(listener: TcpListener, config: Acceptor) -> Accepted {
    tokio::spawn(async move {
        let (stream, peer) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        config.accept(stream, peer).await
    })
}

pub fn client(url: &str, serializers: &[Serializer]) -> WampWebSocketClientFactory {
    WampWebSocketClientFactory::new(url, serializers).unwrap()
}

/// Client and server, connected.
pub async fn pair(serializer: Serializer) -> (End, End) {
    pair_with(serializer, |client| client, |server| server).await
}

pub async fn pair_with(
    serializer: Serializer,
    set_client: impl FnOnce(WampWebSocketClientFactory) -> WampWebSocketClientFactory,
    set_server: impl FnOnce(ServerOptions) -> ServerOptions,
) -> (End, End) {
    let (listener, url) = listen().await;
    let accepted = accept_one(listener, server_with(set_server(ServerOptions::new())));
    let connected = set_client(client(&url, &[serializer])).connect().await.unwrap();
    (connected, accepted.await.unwrap().unwrap())
}

pub async fn recv(end: &mut End) -> Option<Result<Bytes, TransportError>> {
    poll_fn(|cx| end.poll_recv(cx)).await
}

pub async fn send(end: &mut End, frame: Bytes) -> Result<(), TransportError> {
    poll_fn(|cx| end.poll_ready(cx)).await?;
    end.start_send(frame)
}

pub async fn flush(end: &mut End) -> Result<(), TransportError> {
    poll_fn(|cx| end.poll_flush(cx)).await
}

pub async fn close(end: &mut End, code: CloseCode) -> Result<(), TransportError> {
    poll_fn(|cx| end.poll_close(cx, code)).await
}

/// A server made of plain TCP, which has read the client's request.
pub async fn raw_server(
    answer: impl FnOnce(&str) -> String + Send + 'static,
) -> (String, JoinHandle<TcpStream>) {
    let (listener, url) = listen().await;
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let head = read_head(&mut stream).await;
        stream.write_all(answer(&head).as_bytes()).await.unwrap();
        stream
    });
    (url, server)
}

/// A server made of plain TCP, after the handshake in `wamp.2.cbor`, and the client to it.
pub async fn raw_pair(
    set: impl FnOnce(WampWebSocketClientFactory) -> WampWebSocketClientFactory,
) -> (End, TcpStream) {
    let (url, server) =
        raw_server(|head| switching(head, "Sec-WebSocket-Protocol: wamp.2.cbor\r\n")).await;
    let end = set(client(&url, &[Serializer::Cbor])).connect().await.unwrap();
    (end, server.await.unwrap())
}

pub async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

/// A correct answer to a client's request.
pub fn switching(head: &str, more: &str) -> String {
    let key = head.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
    let accept = tungstenite::handshake::derive_accept_key(key.as_bytes());
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n{more}\r\n"
    )
}

/// A client made of plain TCP, after the handshake in `wamp.2.cbor`, and the server's end.
pub async fn raw_client(config: Acceptor) -> (End, TcpStream) {
    let (listener, url) = listen().await;
    let accepted = accept_one(listener, config);
    let address = url.strip_prefix("ws://").unwrap().strip_suffix("/ws").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let request = request("/ws", "Sec-WebSocket-Protocol: wamp.2.cbor\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    read_head(&mut stream).await;
    (accepted.await.unwrap().unwrap(), stream)
}

/// The next frame of one of our ends: its first byte, whether it was masked, and its payload.
pub async fn read_frame(stream: &mut TcpStream) -> (u8, bool, Vec<u8>) {
    let first = stream.read_u8().await.unwrap();
    let second = stream.read_u8().await.unwrap();
    let length = match second & 0x7f {
        126 => usize::from(stream.read_u16().await.unwrap()),
        127 => usize::try_from(stream.read_u64().await.unwrap()).unwrap(),
        short => usize::from(short),
    };
    let masked = second & 0x80 != 0;
    let mut mask = [0; 4];
    if masked {
        stream.read_exact(&mut mask).await.unwrap();
    }
    let mut payload = vec![0; length];
    stream.read_exact(&mut payload).await.unwrap();
    for (byte, mask) in payload.iter_mut().zip(mask.into_iter().cycle()) {
        *byte ^= mask;
    }
    (first, masked, payload)
}

/// The next frame of a client: its first byte, and its payload.
pub async fn client_frame(stream: &mut TcpStream) -> (u8, Vec<u8>) {
    let (first, masked, payload) = read_frame(stream).await;
    assert!(masked, "a client masks");
    (first, payload)
}

/// The next frame of a server: its first byte, and its payload.
pub async fn server_frame(stream: &mut TcpStream) -> (u8, Vec<u8>) {
    let (first, masked, payload) = read_frame(stream).await;
    assert!(!masked, "a server does not mask");
    (first, payload)
}

/// A frame as it is on the wire; a client's is masked with zeros.
pub fn wire(from_client: bool, first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = header(from_client, first, payload.len() as u64);
    bytes.extend_from_slice(payload);
    bytes
}

/// The header of a frame that claims to be so long.
pub fn header(from_client: bool, first: u8, length: u64) -> Vec<u8> {
    let mask = if from_client { 0x80 } else { 0 };
    let mut bytes = vec![first];
    match length {
        0..126 => bytes.push(mask | length as u8),
        126..0x10000 => {
            bytes.push(mask | 126);
            bytes.extend_from_slice(&(length as u16).to_be_bytes());
        }
        _ => {
            bytes.push(mask | 127);
            bytes.extend_from_slice(&length.to_be_bytes());
        }
    }
    if from_client {
        bytes.extend_from_slice(&[0; 4]);
    }
    bytes
}

/// A client made of plain TCP; what the server answered to this request.
pub async fn raw_request(config: Acceptor, request: &str) -> (String, AcceptError) {
    let (listener, url) = listen().await;
    let accepted = accept_one(listener, config);
    let address = url.strip_prefix("ws://").unwrap().strip_suffix("/ws").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    drop(stream);
    (answer, accepted.await.unwrap().err().unwrap())
}

pub fn request(path: &str, protocols: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{protocols}\r\n"
    )
}

pub fn frame(serializer: Serializer, size: usize) -> Bytes {
    match serializer {
        Serializer::Json => "x".repeat(size).into(),
        _ => (0..size).map(|index| index as u8).collect::<Vec<_>>().into(),
    }
}
