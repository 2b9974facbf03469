//! RawSocket: our server's end of a connection, and the client's octets written by hand.

use std::future::poll_fn;
use std::task::Poll;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, duplex};
use tokio::net::{TcpListener, TcpStream};
use wampwerk::Serializer;
use wampwerk::error::AcceptError;
use wampwerk::error::TransportError;
use wampwerk::transport::Acceptor;
use wampwerk::transport::{ServerOptions, Transport};
use wampwerk::websocket::CloseCode;

pub const ALL: [Serializer; 3] = Serializer::ALL;

/// CBOR, and up to 16 MiB.
pub const HELLO: [u8; 4] = [0x7f, 0xf3, 0, 0];

pub const MESSAGE: u8 = 0;
pub const PING: u8 = 1;
pub const PONG: u8 = 2;

/// How much a pipe between the two ends holds, each way.
pub const PIPE: usize = 64 << 10;

pub type End = Box<dyn Transport>;

pub fn options() -> ServerOptions {
    ServerOptions::new()
}

/// What our server makes of the connection.
pub async fn accept<S>(stream: S, options: ServerOptions) -> Result<End, AcceptError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    Acceptor::raw_socket(&ALL).options(options).accept(stream, "the test").await
}

/// A client that has agreed by these octets, and our server's end.
pub async fn agreed<C, S>(
    mut client: C,
    server: S,
    hello: [u8; 4],
    options: ServerOptions,
) -> (C, End)
where
    C: AsyncRead + AsyncWrite + Unpin,
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    client.write_all(&hello).await.unwrap();
    let end = accept(server, options).await.unwrap();
    let answer = octets(&mut client).await;
    assert_eq!((answer[0], answer[1] & 15, answer[2], answer[3]), (0x7f, hello[1] & 15, 0, 0));
    (client, end)
}

/// Over a pipe.
pub async fn piped(options: ServerOptions) -> (DuplexStream, End) {
    let (client, server) = duplex(PIPE);
    agreed(client, server, HELLO, options).await
}

/// Over a real socket.
pub async fn over_tcp(options: ServerOptions) -> (TcpStream, End) {
    let (client, server) = sockets().await;
    agreed(client, server, HELLO, options).await
}

pub async fn sockets() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (server, _) = listener.accept().await.unwrap();
    client.set_nodelay(true).unwrap();
    server.set_nodelay(true).unwrap();
    (client, server)
}

pub async fn octets(stream: &mut (impl AsyncRead + Unpin)) -> [u8; 4] {
    let mut octets = [0; 4];
    stream.read_exact(&mut octets).await.unwrap();
    octets
}

/// A frame of up to 2^24 octets.
pub fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = match payload.len() {
        0x0100_0000 => vec![0x08 | kind, 0, 0, 0],
        length => (u32::from(kind) << 24 | length as u32).to_be_bytes().to_vec(),
    };
    frame.extend_from_slice(payload);
    frame
}

/// The next frame, of less than 2^24 octets.
pub async fn read_frame(stream: &mut (impl AsyncRead + Unpin)) -> (u8, Vec<u8>) {
    let [kind, length @ ..] = octets(stream).await;
    let length = length.iter().fold(0, |length, octet| length << 8 | usize::from(*octet));
    let mut payload = vec![0; length];
    stream.read_exact(&mut payload).await.unwrap();
    (kind, payload)
}

/// What comes until the end.
pub async fn rest(stream: &mut (impl AsyncRead + Unpin)) -> Vec<u8> {
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    rest
}

pub async fn recv(end: &mut End) -> Option<Result<Bytes, TransportError>> {
    poll_fn(|cx| end.poll_recv(cx)).await
}

/// Looks once whether there is something.
pub async fn look(end: &mut End) -> Poll<Option<Result<Bytes, TransportError>>> {
    poll_fn(|cx| Poll::Ready(end.poll_recv(cx))).await
}

pub async fn send(end: &mut End, message: impl Into<Bytes>) -> Result<(), TransportError> {
    poll_fn(|cx| end.poll_ready(cx)).await?;
    end.start_send(message.into())
}

pub async fn flush(end: &mut End) -> Result<(), TransportError> {
    poll_fn(|cx| end.poll_flush(cx)).await
}

pub async fn close(end: &mut End) -> Result<(), TransportError> {
    poll_fn(|cx| end.poll_close(cx, CloseCode::Normal)).await
}

/// Some octets that differ.
pub fn filled(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at % 251) as u8).collect()
}
