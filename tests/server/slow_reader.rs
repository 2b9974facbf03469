//! Slow readers over RawSocket, on TCP and on unix sockets: the router's policy holds there, too. And
//! who takes nothing at all is given up, without a ping as well.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::UnixStream;
use tokio::sync::watch;
use wampwerk::Router;
use wampwerk::server::Listener;
use wampwerk::transport::ServerOptions;

use crate::common::router_with;
use crate::common::soon;
use crate::common::wire::{Folder, RawSocket, tcp};

const OUTBOX: usize = 4 << 20;

fn router() -> Router {
    router_with(|it| it.outbox_limit(OUTBOX))
}

async fn subscriber<S: AsyncRead + AsyncWrite + Unpin>(stream: S) -> RawSocket<S> {
    let mut raw = RawSocket::join(stream).await;
    raw.send(&json!([32, 1, {}, "com.example.topic"])).await;
    assert_eq!(raw.recv().await[0], 33);
    raw
}

/// Publishes events of `size` characters, each when the one before is acknowledged.
async fn publish<S>(publisher: &mut RawSocket<S>, count: u64, size: usize)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let text = "x".repeat(size);
    for number in 0..count {
        let options = json!({"acknowledge": true});
        let message = json!([16, number + 1, options, "com.example.topic", [number, text]]);
        publisher.send(&message).await;
        assert_eq!(publisher.recv().await[0], 17);
    }
}

/// One of three that reads nothing is thrown out; the others go on.
async fn stuck<S>(router: &Router, streams: [S; 3])
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    const EVENTS: u64 = 2_000;
    let [reader, stuck, publisher] = streams;
    let mut reader = subscriber(reader).await;
    let mut stuck = subscriber(stuck).await;
    let mut publisher = RawSocket::join(publisher).await;
    let reading = tokio::spawn(async move {
        for number in 0..EVENTS {
            assert_eq!(reader.recv().await[4][0], number);
        }
        reader
    });
    publish(&mut publisher, EVENTS, 8_000).await;
    let mut reader = reading.await.unwrap();
    reader.assert_alive().await;
    publisher.assert_alive().await;
    assert_eq!(router.statistics().sessions, 2);
    // What was sent before is there; then the connection has ended.
    let mut read = 0;
    while stuck.try_recv().await.is_ok() {
        read += 1;
    }
    assert!(read < EVENTS, "{read}");
}

/// One that reads slowly gets everything, and the publisher waits for it.
async fn slow<S>(streams: [S; 2])
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    const EVENTS: u64 = 320;
    let [reader, publisher] = streams;
    let mut reader = subscriber(reader).await;
    let mut publisher = RawSocket::join(publisher).await;
    let (count, read) = watch::channel(0);
    let reading = tokio::spawn(async move {
        for number in 0..EVENTS {
            assert_eq!(reader.recv().await[4][0], number);
            count.send_replace(number);
            // This is what makes it slow.
            tokio::time::sleep(Duration::from_millis(8)).await;
        }
        reader
    });
    publish(&mut publisher, EVENTS, 64_000).await;
    // What the buffers hold on the way is less than half of it.
    let read = *read.borrow();
    assert!(read > EVENTS / 2, "{read} of {EVENTS} were read when all were sent");
    reading.await.unwrap().assert_alive().await;
    publisher.assert_alive().await;
}

async fn tcp_streams<const N: usize>(listener: &Listener) -> [tokio::net::TcpStream; N] {
    let mut streams = Vec::new();
    for _ in 0..N {
        streams.push(tcp(listener).await);
    }
    streams.try_into().unwrap()
}

async fn unix_streams<const N: usize>(path: &str) -> [UnixStream; N] {
    let mut streams = Vec::new();
    for _ in 0..N {
        streams.push(UnixStream::connect(path).await.unwrap());
    }
    streams.try_into().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_tcp() {
    let router = router();
    let listener = router.listen("rs://127.0.0.1:0").await.unwrap();
    stuck(&router, tcp_streams(&listener).await).await;
    slow(tcp_streams(&listener).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_unix_sockets() {
    let folder = Folder::new();
    let router = router();
    let _listener = router.listen(format!("rs://unix:{}", folder.socket())).await.unwrap();
    stuck(&router, unix_streams(&folder.socket()).await).await;
    slow(unix_streams(&folder.socket()).await).await;
}

#[tokio::test]
async fn who_takes_nothing_is_given_up_without_a_ping() {
    let router = crate::common::router();
    let options = ServerOptions::new().send_timeout(Duration::from_millis(200));
    let listener = router.listen("rs://127.0.0.1:0").options(options).await.unwrap();
    let _stuck = subscriber(tcp(&listener).await).await;
    let publisher = router.connect("realm1").await.unwrap();
    // More than the sockets hold, and less than the outbox may.
    let text = "x".repeat(1 << 20);
    for _ in 0..12 {
        publisher.publish("com.example.topic").args((&text,)).acknowledge().await.unwrap();
    }
    let gone = async {
        while router.statistics().sessions > 1 {
            tokio::task::yield_now().await;
        }
    };
    soon(gone).await;
}
