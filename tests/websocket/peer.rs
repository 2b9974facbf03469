//! A server that is written by hand, for the tests of clients.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use wampwerk::internals::framing::websocket::handshake::Key;
use wampwerk::websocket::{self, WebSocket};

/// A server that has answered a request with these headers, in addition.
pub(crate) async fn server(headers: &'static str) -> (String, JoinHandle<(String, TcpStream)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/path?a=b", listener.local_addr().unwrap());
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap();
        let key = head.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
        let answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {}\r\n{headers}\r\n",
            Key::read(key.as_bytes()).unwrap().accept()
        );
        stream.write_all(answer.as_bytes()).await.unwrap();
        (head, stream)
    });
    (url, task)
}

pub(crate) async fn pair() -> (WebSocket, TcpStream) {
    let (url, server) = server("").await;
    let socket = websocket::connect(url).await.unwrap();
    (socket, server.await.unwrap().1)
}

/// The next frame of the client: its first octet and its payload.
pub(crate) async fn frame(stream: &mut TcpStream) -> (u8, Vec<u8>) {
    let first = stream.read_u8().await.unwrap();
    let second = stream.read_u8().await.unwrap();
    assert!(second & 0x80 != 0, "a client masks");
    let length = match second & 0x7f {
        126 => usize::from(stream.read_u16().await.unwrap()),
        127 => usize::try_from(stream.read_u64().await.unwrap()).unwrap(),
        short => usize::from(short),
    };
    let mut mask = [0; 4];
    stream.read_exact(&mut mask).await.unwrap();
    let mut payload = vec![0; length];
    stream.read_exact(&mut payload).await.unwrap();
    for (octet, mask) in payload.iter_mut().zip(mask.into_iter().cycle()) {
        *octet ^= mask;
    }
    (first, payload)
}

/// Reads an octet now and then, so that something is always taken, and everything when it is told to. Returns the
/// number of octets.
pub(crate) fn trickle(
    mut server: TcpStream,
    mut until: oneshot::Receiver<()>,
) -> JoinHandle<usize> {
    tokio::spawn(async move {
        let mut count = 0;
        while until.try_recv().is_err() {
            count += server.read(&mut [0]).await.unwrap();
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let mut rest = Vec::new();
        // The client may have reset the connection.
        let _ = server.read_to_end(&mut rest).await;
        count + rest.len()
    })
}
