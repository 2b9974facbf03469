//! A server that is out of file descriptors goes on, and serves who waits as soon as others leave.
//!
//! The server is `examples/test_router.rs` in a process of its own. `cargo test` builds it, but
//! `cargo test --test server` does not: `cargo build --examples` first.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStderr, Command};
use wampwerk::connect;

use crate::common::soon;
use crate::common::wire::{JSON, read_head, upgrade};

/// Far fewer than there are clients.
const DESCRIPTORS: usize = 40;
const CLIENTS: usize = 60;

struct Server {
    _child: Child,
    url: String,
    log: Lines<BufReader<ChildStderr>>,
}

impl Server {
    async fn start() -> Self {
        let mut folder = std::env::current_exe().unwrap();
        folder.pop();
        folder.pop();
        let program = folder.join("examples/test_router");
        assert!(program.exists(), "{} is not built: cargo build --examples", program.display());
        let mut child = Command::new("sh")
            .args(["-c", &format!("ulimit -n {DESCRIPTORS}; exec \"$0\"")])
            .arg(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let log = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = soon(said.next_line()).await.unwrap().unwrap();
        let url = line.strip_prefix("ready ").unwrap().to_owned();
        Server { _child: child, url, log }
    }

    /// Waits for a line of its log; gives how many came before that are like `other`.
    async fn logs(&mut self, text: &str, other: &str) -> usize {
        let mut others = 0;
        loop {
            let line = soon(self.log.next_line()).await.unwrap().expect("it has ended");
            if line.contains(text) {
                return others;
            }
            others += usize::from(line.contains(other));
        }
    }

    async fn client(&self) -> TcpStream {
        let address = self.url.strip_prefix("ws://").unwrap().strip_suffix("/ws").unwrap();
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(upgrade(JSON).as_bytes()).await.unwrap();
        stream
    }
}

const FAILS: &str = "cannot accept connections";
const AGAIN: &str = "connections are accepted again";

#[tokio::test]
async fn it_goes_on_when_others_leave() {
    let mut server = Server::start().await;
    let session = connect(&server.url, "realm1").await.unwrap();
    // The system takes them all; the server accepts as many as it can.
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        clients.push(server.client().await);
    }
    assert_eq!(server.logs(FAILS, AGAIN).await, 0);
    // Who is in is served.
    session.publish("com.example.topic").acknowledge().await.unwrap();
    // Connections are accepted in their order, so the first is in, and the last is not.
    let mut waiting = clients.split_off(CLIENTS / 2 - DESCRIPTORS / 4);
    for client in &mut clients {
        assert!(read_head(client).await.starts_with("HTTP/1.1 101 "));
    }
    let last = waiting.last_mut().unwrap();
    let nothing = tokio::time::timeout(Duration::from_millis(200), read_head(last)).await;
    assert!(nothing.is_err(), "the last one came in");

    // It has tried some times by now, and said so once.
    drop(clients);
    assert_eq!(server.logs(AGAIN, FAILS).await, 0);
    drop(waiting);
    for _ in 0..3 {
        let mut client = server.client().await;
        assert!(read_head(&mut client).await.starts_with("HTTP/1.1 101 "));
    }
    connect(&server.url, "realm1").await.unwrap();
    session.publish("com.example.topic").acknowledge().await.unwrap();
}
