//! Memory of WebSocket connections without WAMP: what an idle one holds at a server, before and after
//! long messages and compressed ones, and what claims cost. The server is a process of its own, which counts its
//! heap.

use std::io::{BufRead, BufReader, Read, Write, stdin};
use std::net::TcpStream;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::StreamExt;
use wampwerk::transport::ServerOptions;
use wampwerk::websocket::Deflate;
use wampwerk::websocket::{self, WebSocket, WebSocketServerFactory};

use crate::child::raise_open_files;

/// Maximum heap of an idle connection in bytes: that of the task that drives it, which a unit test bounds, too,
/// and all the rest.
const IDLE_BYTES: usize = TASK_BYTES + (2 << 10);
const TASK_BYTES: usize = 1280;

/// Maximum growth by what a connection has done before, in bytes.
const USED_BYTES: usize = 1 << 10;

/// Maximum growth of what the process keeps for all connections, such as a few decompressors.
const POOLED_BYTES: usize = 384 << 10;

/// Maximum growth by context takeover, once a message was compressed.
const TAKEOVER_BYTES: usize = 34 << 10;

/// Number of connections that exchange long messages, or compressed ones.
const BUSY: usize = 8;

/// Number of clients that claim a long message, and send nothing of it.
const CLAIMS: usize = 100;

/// Size of the long messages.
const LONG: usize = 16 << 20;

/// Number of connections that open at the same time.
const AT_ONCE: usize = 64;

/// Time after which an idle connection has given back its compressor: more than twice 5 s.
const RELEASED: Duration = Duration::from_secs(12);

/// Time in which a connection gives back what it needs no more.
const PATIENCE: Duration = Duration::from_secs(60);

fn deflate(takeover: bool) -> Deflate {
    Deflate::new().server_context_takeover(takeover).client_context_takeover(takeover)
}

/// What the process is.
#[tokio::main]
pub(crate) async fn serve(takeover: bool, heap: fn() -> usize) {
    raise_open_files();
    let options = ServerOptions::new().max_connections(20_000).auto_ping(None);
    let options = options.per_message_deflate(deflate(takeover));
    let factory = WebSocketServerFactory::new("ws://127.0.0.1:0").options(options);
    let mut requests = factory.listen().await.unwrap();
    println!("{}", requests.url());
    let size = Arc::new(AtomicUsize::new(0));
    let counted = size.clone();
    tokio::spawn(async move {
        while let Some(request) = requests.next().await {
            let task = async move {
                // Boxed, so that the task does not keep its size.
                let Ok(mut socket) = Box::pin(request.accept()).await else { return };
                while let Some(Ok(message)) = socket.next().await {
                    if socket.send(message).await.is_err() {
                        return;
                    }
                }
            };
            counted.store(task_size(size_of_val(&task)), Ordering::Relaxed);
            tokio::spawn(task);
        }
    });
    let answering = tokio::task::spawn_blocking(move || {
        for _ in stdin().lines().map_while(Result::ok) {
            // The task that echoes is the program's.
            let tasks = factory.connection_count() * size.load(Ordering::Relaxed);
            println!("{} {}", factory.connection_count(), heap() - tasks);
        }
    });
    answering.await.unwrap();
}

/// Memory of a task around a future of this size.
fn task_size(future: usize) -> usize {
    (future + 128).next_multiple_of(128)
}

/// The server's process. It ends when this is dropped.
struct Server {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    url: String,
}

impl Server {
    fn start(takeover: bool) -> Server {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .arg(if takeover { "--echo-takeover" } else { "--echo" })
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let mut server = Server { child, stdin, stdout, url: String::new() };
        server.url = server.line();
        server
    }

    /// Number of connections, and bytes on the heap.
    fn look(&mut self) -> (usize, usize) {
        writeln!(self.stdin.as_ref().unwrap()).unwrap();
        let line = self.line();
        let (connections, heap) = line.split_once(' ').unwrap();
        (connections.parse().unwrap(), heap.parse().unwrap())
    }

    /// Waits until the server has so many connections, and no more than so many bytes, for a bounded time. Returns
    /// the bytes.
    async fn settles(&mut self, connections: usize, most: usize) -> usize {
        let begin = Instant::now();
        loop {
            let (open, heap) = self.look();
            if open == connections && heap <= most || begin.elapsed() > PATIENCE {
                assert_eq!(open, connections);
                return heap;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until the server has so many connections, and its heap has stayed the same for a while. Returns the
    /// bytes.
    async fn rests(&mut self, connections: usize) -> usize {
        let (begin, mut last, mut times) = (Instant::now(), 0, 0);
        while times < 5 && begin.elapsed() < PATIENCE {
            let (open, heap) = self.look();
            times = if (open, heap) == (connections, last) { times + 1 } else { 0 };
            last = heap;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(self.look().0, connections);
        last
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        assert!(self.stdout.read_line(&mut line).unwrap() > 0, "the server's process has ended");
        line.trim_end().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stdin.take());
        if std::thread::panicking() {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

/// Runs everything with so many connections.
pub(crate) fn run(count: usize) {
    let allowed = raise_open_files();
    assert!(
        allowed >= count as u64 + 100,
        "{count} connections need as many open files, not {allowed}"
    );
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { tokio::join!(idle(count), takeover()) });
}

async fn connect(url: &str, count: usize, takeover: bool) -> Vec<WebSocket> {
    let connecting = (0..count).map(|_| {
        let factory = websocket::connect(url).per_message_deflate(deflate(takeover));
        async move { factory.open().await.unwrap() }
    });
    futures_util::stream::iter(connecting).buffer_unordered(AT_ONCE).collect().await
}

async fn echo(socket: &mut WebSocket, message: Bytes) {
    socket.send(message.clone()).await.unwrap();
    let back = socket.next().await.unwrap().unwrap().into_bytes();
    assert!(back == message, "{} bytes instead of {}", back.len(), message.len());
}

/// Octets that cannot be compressed.
fn noise(size: usize) -> Bytes {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let octets = (0..size).map(|_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    });
    octets.collect()
}

/// A client that claims a message of 16 MiB. All of what it sent was read when this returns.
fn claim(address: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!(
        "GET / HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        let mut octet = [0];
        stream.read_exact(&mut octet).unwrap();
        answer.extend(octet);
    }
    // A ping, and then the claim: what comes together is read together.
    let mut octets = b"\x89\x80\0\0\0\0\x82\xff".to_vec();
    octets.extend((LONG as u64).to_be_bytes());
    octets.extend([0; 4]);
    stream.write_all(&octets).unwrap();
    let mut pong = [0; 2];
    stream.read_exact(&mut pong).unwrap();
    assert_eq!(pong, [0x8a, 0]);
    stream
}

async fn idle(count: usize) {
    let mut server = Server::start(false);
    let url = server.url.clone();
    let (long, text) = (noise(LONG), Bytes::from("compressible ".repeat(1000)));
    // What is allocated once is not theirs.
    let mut warm = connect(&url, BUSY, false).await;
    echo(&mut warm[0], long.clone()).await;
    for socket in &mut warm {
        echo(socket, text.clone()).await;
    }
    let empty = server.rests(BUSY).await;
    let mut sockets = connect(&url, count, false).await;
    let most = empty + count * IDLE_BYTES;
    server.settles(BUSY + count, most).await;
    let heap = server.rests(BUSY + count).await;
    let each = heap.saturating_sub(empty) / count;
    println!("{count} idle WebSockets: {each} bytes of heap each at the server");
    assert!(each <= IDLE_BYTES, "{each}");

    for socket in &mut sockets[..BUSY] {
        echo(socket, long.clone()).await;
        echo(socket, text.clone()).await;
    }
    let most = heap + BUSY * USED_BYTES + POOLED_BYTES;
    let used = server.settles(BUSY + count, most).await;
    let each = used.saturating_sub(heap) / BUSY;
    println!(
        "after 16 MiB each way, and a compressed message over {BUSY} of them: {each} bytes more each"
    );
    assert!(used <= most, "{heap} became {used}");
    drop((warm, sockets));

    let empty = server.rests(0).await;
    let address = url.trim_start_matches("ws://").trim_end_matches('/').to_owned();
    let connected: Vec<_> = (0..CLAIMS).map(|_| claim(&address)).collect();
    let each = server.rests(CLAIMS).await.saturating_sub(empty) / CLAIMS;
    println!("after a claim of 16 MiB: {each} bytes each");
    assert!(each <= IDLE_BYTES + USED_BYTES, "{each}");
    drop(connected);
    server.settles(0, usize::MAX).await;
}

async fn takeover() {
    let mut server = Server::start(true);
    let url = server.url.clone();
    let text = Bytes::from("compressible ".repeat(10_000));
    // The compressors that they use are the process's from then on.
    let mut warm = connect(&url, BUSY, true).await;
    for socket in &mut warm {
        echo(socket, text.clone()).await;
    }
    tokio::time::sleep(RELEASED).await;
    let mut sockets = connect(&url, BUSY, true).await;
    let before = server.rests(2 * BUSY).await;
    for socket in &mut sockets {
        echo(socket, text.clone()).await;
    }
    let most = before + BUSY * TAKEOVER_BYTES;
    let after = server.settles(2 * BUSY, most).await;
    let each = after.saturating_sub(before) / BUSY;
    println!("with context takeover: {each} bytes more each, after a compressed message");
    assert!(each >= 32 << 10, "nothing was compressed");
    assert!(after <= most, "{each}");
}
