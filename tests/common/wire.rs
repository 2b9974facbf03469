//! Clients made of plain streams, to say what no client of ours would; and folders for sockets.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use wampwerk::server::Listener;

use super::soon;

/// No healthy machine needs so long, and nothing waits for it to pass.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// 16 MiB, JSON.
pub const HELLO: [u8; 4] = [0x7f, 0xf1, 0, 0];

pub fn address(listener: &Listener) -> SocketAddr {
    listener.local_addr().unwrap()
}

pub async fn tcp(listener: &Listener) -> TcpStream {
    let stream = TcpStream::connect(address(listener)).await.unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// A WebSocket client's request; `more` are whole lines.
pub fn upgrade(more: &str) -> String {
    format!(
        "GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{more}\r\n"
    )
}

pub const JSON: &str = "Sec-WebSocket-Protocol: wamp.2.json\r\n";

/// All that comes until the end.
pub async fn read_all(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut bytes = Vec::new();
    // A reset is an end, too.
    let _ = soon(stream.read_to_end(&mut bytes)).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

/// An HTTP head.
pub async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        bytes.push(soon(stream.read_u8()).await.unwrap());
    }
    String::from_utf8(bytes).unwrap()
}

/// Says all of it, an octet at a time.
pub async fn write_slowly(stream: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) {
    for &byte in bytes {
        stream.write_u8(byte).await.unwrap();
        stream.flush().await.unwrap();
        tokio::task::yield_now().await;
    }
}

/// A RawSocket client in JSON.
pub struct RawSocket<S>(pub S);

impl<S: AsyncRead + AsyncWrite + Unpin> RawSocket<S> {
    /// After its handshake.
    pub async fn open(mut stream: S) -> Self {
        stream.write_all(&HELLO).await.unwrap();
        let mut raw = RawSocket(stream);
        assert_eq!(raw.octets().await.unwrap()[..2], [0x7f, 0xf1]);
        raw
    }

    /// With a session on `realm1`.
    pub async fn join(stream: S) -> Self {
        let mut raw = Self::open(stream).await;
        raw.send(&json!([1, "realm1", {"roles": {"caller": {}, "subscriber": {}}}])).await;
        assert_eq!(raw.recv().await[0], 2);
        raw
    }

    pub async fn octets(&mut self) -> std::io::Result<[u8; 4]> {
        let mut octets = [0; 4];
        soon(self.0.read_exact(&mut octets)).await?;
        Ok(octets)
    }

    pub async fn send(&mut self, message: &Value) {
        self.0.write_all(&frame(message)).await.unwrap();
        self.0.flush().await.unwrap();
    }

    pub async fn recv(&mut self) -> Value {
        self.try_recv().await.unwrap()
    }

    /// An error is the end.
    pub async fn try_recv(&mut self) -> std::io::Result<Value> {
        let [kind, length @ ..] = self.octets().await?;
        assert_eq!(kind, 0, "a message");
        let length = length.iter().fold(0, |length, octet| length << 8 | usize::from(*octet));
        let mut payload = vec![0; length];
        soon(self.0.read_exact(&mut payload)).await?;
        Ok(serde_json::from_slice(&payload).unwrap())
    }

    /// That the router is still here for this client.
    pub async fn assert_alive(&mut self) {
        self.send(&json!([48, 1_000_000, {}, "com.example.nobody"])).await;
        assert_eq!(self.recv().await[4], "wamp.error.no_such_procedure");
    }
}

/// A message in RawSocket's frame.
pub fn frame(message: &Value) -> Vec<u8> {
    let payload = message.to_string().into_bytes();
    let mut frame = u32::try_from(payload.len()).unwrap().to_be_bytes().to_vec();
    frame.extend(payload);
    frame
}

/// A folder of its own for each test, gone with it.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("wws-{}-{count}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        Folder(path)
    }

    pub fn socket(&self) -> String {
        self.0.join("r.sock").to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
