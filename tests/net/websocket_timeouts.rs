//! A peer that stops in the middle of connecting is given up in time, at each step.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ServerConfig, crypto::ring};
use wampwerk::Serializer;
use wampwerk::error::AcceptError;
use wampwerk::error::ConnectError;
use wampwerk::transport::Acceptor;
use wampwerk::transport::{Connector, ServerOptions, Tls, TlsServer, WampWebSocketClientFactory};

use crate::common::authority::self_signed;
use crate::common::websocket::{accept_one, client, listen, read_head, server};

const TIMEOUT: Duration = Duration::from_millis(150);

/// What we say when we give up, after the time and not much later.
async fn given_up(factory: WampWebSocketClientFactory) -> String {
    let begin = Instant::now();
    let error = factory.open_handshake_timeout(TIMEOUT).connect().await.err().unwrap();
    let took = begin.elapsed();
    assert!(took >= TIMEOUT && took < Duration::from_secs(5), "{took:?}");
    match error {
        ConnectError::Timeout(step) => step,
        other => panic!("{other}"),
    }
}

/// One byte after the other, until the other side is gone.
async fn dribble(mut stream: impl AsyncWrite + Unpin, begin: &str) {
    if stream.write_all(begin.as_bytes()).await.is_err() {
        return; // On a busy machine the other side is gone already.
    }
    let mut ticks = tokio::time::interval(Duration::from_millis(3));
    while stream.write_all(b"x").await.is_ok() && stream.flush().await.is_ok() {
        ticks.tick().await;
    }
}

#[tokio::test]
async fn a_server_that_only_accepts() {
    let (listener, url) = listen().await;
    let silent = tokio::spawn(async move { listener.accept().await.unwrap() });
    let step = given_up(client(&url, &[Serializer::Cbor])).await;
    let address = url.strip_prefix("ws://").unwrap().strip_suffix("/ws").unwrap();
    assert_eq!(step, format!("the opening handshake with {address}"));
    silent.await.unwrap();
    // As well if it does not even that.
    let (_listener, url) = listen().await;
    given_up(client(&url, &[Serializer::Cbor])).await;
}

#[tokio::test]
async fn a_server_that_is_silent_where_tls_begins() {
    let (listener, url) = listen().await;
    let silent = tokio::spawn(async move { listener.accept().await.unwrap() });
    given_up(client(&url.replace("ws://", "wss://"), &[Serializer::Cbor])).await;
    silent.await.unwrap();
}

#[tokio::test]
async fn a_server_that_is_silent_behind_tls_or_dribbles_its_answer() {
    let (cert, key) = self_signed("localhost");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_slice(cert.as_bytes()).unwrap()],
            PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap(),
        )
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    for dribbles in [false, true] {
        let (listener, url) = listen().await;
        let acceptor = acceptor.clone();
        let peer = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let mut stream = acceptor.accept(stream).await.unwrap();
            read_head(&mut stream).await;
            if dribbles {
                dribble(&mut stream, "HTTP/1.1 101 Switching Protocols\r\nX: ").await;
            }
            stream
        });
        let url = url.replace("ws://127.0.0.1", "wss://localhost");
        let tls = Tls::new().also_trust(cert.as_bytes());
        given_up(client(&url, &[Serializer::Cbor]).tls(tls)).await;
        peer.await.unwrap();
    }
}

#[tokio::test]
async fn a_server_that_dribbles_its_answer() {
    for begin in ["", "HTTP/1.1 101 Switching Protocols\r\nX: "] {
        let (listener, url) = listen().await;
        let peer = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            read_head(&mut stream).await;
            let begin = if begin.is_empty() { "HTTP/1.1 101 " } else { begin };
            dribble(stream, begin).await;
        });
        given_up(client(&url, &[Serializer::Cbor])).await;
        peer.await.unwrap();
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_server_that_is_silent_on_a_unix_socket() {
    let path = std::env::temp_dir().join(format!("ww-silent-{}.sock", std::process::id()));
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    let silent = tokio::spawn(async move { listener.accept().await.unwrap() });
    let url = format!("ws://unix:{}", path.display());
    let step = given_up(client(&url, &[Serializer::Cbor])).await;
    std::fs::remove_file(&path).unwrap();
    assert!(step.contains(&format!("unix:{}", path.display())), "{step}");
    silent.await.unwrap();
}

/// A client of this server that says `begin` and then one byte after the other, or nothing.
async fn served(config: Acceptor, begin: &'static str, dribbles: bool) {
    let (listener, url) = listen().await;
    let begun = Instant::now();
    let accepted =
        accept_one(listener, config.options(ServerOptions::new().open_handshake_timeout(TIMEOUT)));
    let address = url.strip_prefix("ws://").unwrap().strip_suffix("/ws").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let peer = tokio::spawn(async move {
        if dribbles {
            dribble(&mut stream, begin).await;
        } else {
            stream.write_all(begin.as_bytes()).await.unwrap();
        }
        stream
    });
    assert_eq!(accepted.await.unwrap().err().unwrap(), AcceptError::Timeout);
    let took = begun.elapsed();
    assert!(took >= TIMEOUT && took < Duration::from_secs(5), "{took:?}");
    peer.await.unwrap();
}

#[tokio::test]
async fn a_client_that_is_silent_or_dribbles_its_request() {
    for dribbles in [false, true] {
        for begin in ["", "GET /ws HTTP/1.1\r\nHost: h\r\nX: "] {
            // Of what begins otherwise it is known at once that it is no request.
            if !(dribbles && begin.is_empty()) {
                served(server(), begin, dribbles).await;
            }
        }
    }
    let (cert, key) = self_signed("localhost");
    served(server().tls(TlsServer::new(&cert, &key)), "", false).await;
}

#[tokio::test]
async fn a_client_that_leaves_is_no_more_than_that() {
    let (listener, url) = listen().await;
    let accepted = accept_one(listener, server());
    let address = url.strip_prefix("ws://").unwrap().strip_suffix("/ws").unwrap();
    drop(TcpStream::connect(address).await.unwrap());
    assert!(matches!(accepted.await.unwrap().err().unwrap(), AcceptError::Lost(_)));
}
