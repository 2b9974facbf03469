//! Memory of WebSocket connections without WAMP: what an idle one holds at a server, before and after
//! long messages and compressed ones. The server is a process of its own, which counts its heap.

use std::io::{BufRead, BufReader, Write, stdin};
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

/// Maximum heap of an idle connection in bytes, with the task that drives it.
const IDLE_BYTES: usize = 6 << 10;

/// Number of connections that exchange long messages, and compressed ones.
const BUSY: usize = 4;

/// Size of the long messages.
const LONG: usize = 16 << 20;

/// Number of connections that open at the same time.
const AT_ONCE: usize = 64;

/// Time in which a connection gives back what it needs no more.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the process is.
#[tokio::main]
pub(crate) async fn serve(heap: fn() -> usize) {
    raise_open_files();
    let options = ServerOptions::new().max_connections(20_000).auto_ping(None);
    let options = options.per_message_deflate(
        Deflate::new().client_context_takeover(false).server_context_takeover(false),
    );
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
            counted.store(size_of_val(&task), Ordering::Relaxed);
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

/// The server's process. It ends when this is dropped.
struct Server {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    url: String,
}

impl Server {
    fn start() -> Server {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .arg("--echo")
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

    /// Waits until the server has so many connections, and no more than so many bytes. Returns the bytes.
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
    runtime.block_on(idle(count));
}

async fn connect(url: &str, count: usize) -> Vec<WebSocket> {
    let connecting = (0..count).map(|_| {
        let factory = websocket::connect(url).per_message_deflate(
            Deflate::new().client_context_takeover(false).server_context_takeover(false),
        );
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

async fn idle(count: usize) {
    let mut server = Server::start();
    let url = server.url.clone();
    // What is allocated once is not theirs.
    let warm = connect(&url, BUSY).await;
    let empty = server.settles(BUSY, usize::MAX).await;
    let mut sockets = connect(&url, count).await;
    let most = empty + count * IDLE_BYTES;
    let heap = server.settles(BUSY + count, most).await;
    let each = heap.saturating_sub(empty) / count;
    println!("{count} idle WebSockets: {each} bytes of heap each at the server");
    assert!(each <= IDLE_BYTES, "{each}");

    let (long, text) = (noise(LONG), Bytes::from("compressible ".repeat(1000)));
    for socket in &mut sockets[..BUSY] {
        echo(socket, long.clone()).await;
        echo(socket, text.clone()).await;
    }
    let slack = 2 << 20;
    let after = server.settles(BUSY + count, heap + slack).await;
    println!(
        "after 16 MiB each way over {BUSY} of them: {} KiB more",
        after.saturating_sub(heap) >> 10
    );
    assert!(after <= heap + slack, "{heap} became {after}");
    drop((warm, sockets));
    server.settles(0, usize::MAX).await;
}
