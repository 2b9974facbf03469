//! The end of a server with handlers of one's own: whatever its connections came by, they go with it.

use axum::http::Request;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use wampwerk::error::ListenError;
use wampwerk::server::Listener;
use wampwerk::transport::ServerOptions;

use crate::common::handled::{Seen, Server, recorder};
use crate::common::soon;
use crate::common::wire::{DEADLINE, JSON, address, read_head, tcp, upgrade};

/// What a mount grants as long as it does.
fn request() -> Request<()> {
    Request::get("/anywhere")
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header("sec-websocket-protocol", "wamp.2.json")
        .body(())
        .unwrap()
}

async fn client(server: &mut Server, listener: &Listener) -> TcpStream {
    let mut stream = tcp(listener).await;
    stream.write_all(upgrade(JSON).as_bytes()).await.unwrap();
    assert!(read_head(&mut stream).await.starts_with("HTTP/1.1 101 "));
    server.expect(&[Seen::Open]).await;
    stream
}

/// Code 1001.
const GOING_AWAY: [u8; 4] = [0x88, 2, 0x03, 0xe9];

async fn assert_told(stream: &mut TcpStream) {
    let mut frame = [0; 4];
    soon(stream.read_exact(&mut frame)).await.unwrap();
    assert_eq!(frame, GOING_AWAY);
    // The same, masked by zeros.
    stream.write_all(&[0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe9]).await.unwrap();
    assert_eq!(soon(stream.read(&mut [0])).await.unwrap(), 0);
}

#[tokio::test]
async fn connections_of_closed_dropped_and_open_listeners_end_with_their_server() {
    let mut server = recorder(|_, _| async { Ok(()) });
    let closed = server.factory.listen().await.unwrap();
    let mut of_closed = client(&mut server, &closed).await;
    closed.close().await;
    let dropped = server.factory.listen().await.unwrap();
    let mut of_dropped = client(&mut server, &dropped).await;
    let dropped_at = address(&dropped);
    drop(dropped);
    let listener = server.factory.listen().await.unwrap();
    let mut of_open = client(&mut server, &listener).await;

    let factory = server.factory.clone();
    let down = tokio::spawn(async move { factory.shutdown().await });
    for stream in [&mut of_closed, &mut of_dropped, &mut of_open] {
        assert_told(stream).await;
    }
    soon(down).await.unwrap();
    server.expect(&[Seen::Close(true); 3]).await;
    // The ports are free again.
    for place in [dropped_at, address(&listener)] {
        TcpListener::bind(place).await.unwrap();
    }
    soon(listener.shutdown()).await;
}

#[tokio::test]
async fn a_server_that_was_shut_down_serves_nobody() {
    let mut server = recorder(|_, _| async { Ok(()) });
    let mount = server.factory.mount().unwrap();
    assert!(mount.upgrade(&request()).await.is_ok());
    tokio::time::timeout(DEADLINE, server.factory.shutdown()).await.unwrap();
    let Err(error @ ListenError::Closed) = server.factory.listen().await else {
        panic!("it listens")
    };
    assert_eq!(error.to_string(), "the server was shut down");
    for mount in [mount, server.factory.mount().unwrap()] {
        let Err(refusal) = mount.upgrade(&request()).await else { panic!("granted") };
        assert_eq!(refusal.status(), 503);
    }
    // Clones are the same server.
    let clone = server.factory.clone().options(ServerOptions::new().max_connections(3));
    assert!(clone.listen().await.is_err());
    let mut peer = server.connect(wampwerk::Serializer::Json, 1).await;
    assert_eq!(peer.end().await, Ok(()));
    server.expect(&[Seen::Open, Seen::Close(true)]).await;
}
