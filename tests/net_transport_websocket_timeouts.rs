//! A peer that stops in the middle of connecting is given up.
#![cfg(all(not(target_arch = "wasm32"), feature = "client", feature = "router"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may")]

#[path = "common/websocket.rs"]
mod websocket;

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use wampwerk::transport::{AcceptError, Connector};
use wampwerk::{ConnectError, Serializer};
use websocket::{accept_one, client, listen, server};

#[tokio::test]
async fn a_server_that_keeps_silent_is_given_up() {
    let (listener, url) = listen().await;
    let factory = client(&url, &[Serializer::Cbor]).handshake_timeout(Duration::from_millis(50));
    let error = factory.connect().await.err().unwrap();
    assert!(matches!(error, ConnectError::Timeout(_)), "{error}");
    drop(listener);
}

#[tokio::test]
async fn a_client_that_keeps_silent_is_given_up() {
    let (listener, url) = listen().await;
    let config = server().handshake_timeout(Duration::from_millis(50));
    let accepted = accept_one(listener, config);
    let address = url.strip_prefix("ws://").unwrap().strip_suffix("/ws").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /ws HT").await.unwrap();
    assert_eq!(accepted.await.unwrap().err().unwrap(), AcceptError::Timeout);
    // And a client that leaves in the middle is no more than that.
    let (listener, url) = listen().await;
    let accepted = accept_one(listener, server());
    let address = url.strip_prefix("ws://").unwrap().strip_suffix("/ws").unwrap();
    drop(TcpStream::connect(address).await.unwrap());
    assert!(matches!(accepted.await.unwrap().err().unwrap(), AcceptError::Lost(_)));
}
