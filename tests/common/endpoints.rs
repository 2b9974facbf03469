//! Listeners that accept one client each, and the client's side of them.

use std::future::poll_fn;

use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use wampwerk::Serializer;
use wampwerk::error::AcceptError;
use wampwerk::transport::Acceptor;
use wampwerk::transport::{Transport, WampWebSocketClientFactory};

pub type Accepted = JoinHandle<Result<Box<dyn Transport>, AcceptError>>;

pub fn ws() -> Acceptor {
    Acceptor::websocket("/ws", &Serializer::ALL)
}

pub async fn listen_on(address: &str) -> (TcpListener, u16) {
    let listener = TcpListener::bind(address).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// A server on IPv4's loopback that accepts one client.
pub async fn serve(config: Acceptor) -> (u16, Accepted) {
    let (listener, port) = listen_on("127.0.0.1:0").await;
    (port, accept_one(listener, config))
}

pub fn accept_one(listener: TcpListener, config: Acceptor) -> Accepted {
    tokio::spawn(async move {
        let (stream, peer) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        config.accept(stream, peer).await
    })
}

/// A port without a listener.
pub async fn closed_port(address: &str) -> u16 {
    listen_on(address).await.1
}

pub fn client(url: &str) -> WampWebSocketClientFactory {
    WampWebSocketClientFactory::new(url, &[Serializer::Cbor]).unwrap()
}

/// That frames go both ways.
pub async fn assert_connected(left: &mut Box<dyn Transport>, right: &mut Box<dyn Transport>) {
    send(left, b"to the right").await;
    assert_eq!(receive(right).await, &b"to the right"[..]);
    send(right, b"to the left").await;
    assert_eq!(receive(left).await, &b"to the left"[..]);
}

pub async fn send(end: &mut Box<dyn Transport>, frame: &'static [u8]) {
    poll_fn(|cx| end.poll_ready(cx)).await.unwrap();
    end.start_send(Bytes::from_static(frame)).unwrap();
    poll_fn(|cx| end.poll_flush(cx)).await.unwrap();
}

pub async fn receive(end: &mut Box<dyn Transport>) -> Bytes {
    poll_fn(|cx| end.poll_recv(cx)).await.unwrap().unwrap()
}
