//! `wss://` over loopback, with certificates made on the spot.

use std::error::Error;
use std::future::poll_fn;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use wampwerk::Serializer;
use wampwerk::error::AcceptError;
use wampwerk::error::ConnectError;
use wampwerk::transport::Acceptor;
use wampwerk::transport::{Connector, Tls, TlsServer, Transport, WampWebSocketClientFactory};
use wampwerk::websocket::CloseCode;

use crate::common::authority::Authority;

/// The port and the server's end, which accepts one client.
async fn serve(tls: TlsServer) -> (u16, JoinHandle<Result<Box<dyn Transport>, AcceptError>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(async move {
        let (stream, peer) = listener.accept().await.unwrap();
        Acceptor::websocket("/ws", &Serializer::ALL).tls(tls).accept(stream, peer).await
    });
    (port, server)
}

fn client(host: &str, port: u16, tls: Tls) -> WampWebSocketClientFactory {
    let url = format!("wss://{host}:{port}/ws");
    WampWebSocketClientFactory::new(&url, &[Serializer::Cbor]).unwrap().tls(tls)
}

#[tokio::test]
async fn frames_go_both_ways_and_closing_is_orderly() {
    let authority = Authority::named("authority");
    for host in ["localhost", "127.0.0.1"] {
        let (port, server) = serve(authority.server(host)).await;
        // In addition to the platform's roots, so this needs none of them.
        let tls = Tls::new().also_trust(authority.pem());
        let mut left = client(host, port, tls).connect().await.unwrap();
        let mut right = server.await.unwrap().unwrap();
        let frames: Vec<Vec<u8>> =
            [0, 1, 20_000, 3_000_000].iter().map(|&size| vec![7; size]).collect();
        let expected = frames.clone();
        let other = tokio::spawn(async move {
            for frame in expected {
                let got = poll_fn(|cx| right.poll_recv(cx)).await.unwrap().unwrap();
                assert!(got == frame);
                right.start_send(got).unwrap();
                poll_fn(|cx| right.poll_flush(cx)).await.unwrap();
            }
            assert!(poll_fn(|cx| right.poll_recv(cx)).await.is_none());
            poll_fn(|cx| right.poll_close(cx, CloseCode::Normal)).await.unwrap();
        });
        for frame in frames {
            left.start_send(frame.clone().into()).unwrap();
            poll_fn(|cx| left.poll_flush(cx)).await.unwrap();
            assert!(poll_fn(|cx| left.poll_recv(cx)).await.unwrap().unwrap() == frame);
        }
        poll_fn(|cx| left.poll_close(cx, CloseCode::Normal)).await.unwrap();
        other.await.unwrap();
    }
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_is_refused() {
    let (stranger, trusted) = (Authority::named("stranger"), Authority::named("authority"));
    for tls in [trusted.trusted(), Tls::new().also_trust(trusted.pem())] {
        let (port, server) = serve(stranger.server("localhost")).await;
        match client("localhost", port, tls).connect().await.err().unwrap() {
            ConnectError::Tls { host, message, .. } => {
                assert_eq!(host, "localhost");
                let text = "the server's certificate is not signed by an authority that is trusted";
                assert!(message.starts_with(text), "{message}");
                assert!(message.contains("(invalid peer certificate: UnknownIssuer)"), "{message}");
            }
            other => panic!("{other}"),
        }
        let error = server.await.unwrap().err().unwrap();
        assert!(matches!(error, AcceptError::Tls(_)), "{error}");
        // The error of the TLS library itself, which is no I/O error.
        assert_eq!(error.source().unwrap().to_string(), error.to_string()["TLS failed: ".len()..]);
        assert_eq!(error.io_kind(), None, "{error:?}");
    }
}

#[tokio::test]
async fn a_server_with_the_certificate_of_an_authority_is_refused() {
    // As `openssl req -x509` makes them.
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let pem = params.self_signed(&key).unwrap().pem();
    let server = TlsServer::new(&pem, key.serialize_pem());
    let (port, server) = serve(server).await;
    let tls = Tls::new().trust_root(&pem);
    let error = client("localhost", port, tls).connect().await.err().unwrap();
    let ConnectError::Tls { message, .. } = error else { panic!("{error}") };
    assert!(message.contains("(CA:TRUE); make one with CA:FALSE, or one"), "{message}");
    assert!(message.contains("CaUsedAsEndEntity"), "{message}");
    assert!(server.await.unwrap().is_err());
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let authority = Authority::named("authority");
    let (port, server) = serve(authority.server("example.com")).await;
    let error = client("localhost", port, authority.trusted()).connect().await.err().unwrap();
    assert!(error.to_string().contains("not valid for name"), "{error}");
    assert!(server.await.unwrap().is_err());
}

#[tokio::test]
async fn a_server_without_tls_is_named_and_a_client_without_tls_too() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        // Until the client leaves.
        let _ = stream.read_to_end(&mut Vec::new()).await;
    });
    let error = client("127.0.0.1", port, Authority::named("authority").trusted())
        .connect()
        .await
        .err()
        .unwrap();
    assert!(matches!(error, ConnectError::Tls { .. }), "{error}");
    server.await.unwrap();

    let (port, server) = serve(Authority::named("authority").server("localhost")).await;
    let url = format!("ws://127.0.0.1:{port}/ws");
    let plain = WampWebSocketClientFactory::new(&url, &[Serializer::Cbor]).unwrap();
    let error = plain.connect().await.err().unwrap();
    assert!(matches!(error, ConnectError::Handshake { .. }), "{error}");
    assert!(error.to_string().ends_with("it speaks TLS: use wss://"), "{error}");
    assert!(matches!(server.await.unwrap().err().unwrap(), AcceptError::Tls(_)));
}

#[tokio::test]
async fn a_server_that_is_silent_in_tls_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let factory = client("127.0.0.1", port, Authority::named("authority").trusted())
        .open_handshake_timeout(Duration::from_millis(50));
    let error = factory.connect().await.err().unwrap();
    assert!(matches!(error, ConnectError::Timeout(_)), "{error}");
}

#[tokio::test]
async fn certificates_and_keys_that_cannot_be_used_are_named() {
    let authority = Authority::named("authority");
    let (cert, key) = authority.issue("localhost");
    let (_, other_key) = authority.issue("localhost");
    for (cert, key, text) in [
        ("", key.as_str(), "server certificate: the PEM text contains no certificate"),
        ("server.pem", key.as_str(), "server certificate: this is neither PEM text nor a file"),
        (key.as_str(), cert.as_str(), "server certificate: this is a private key"),
        (
            "-----BEGIN X-----\n-----END X-----\n",
            key.as_str(),
            "the PEM text contains no certificate",
        ),
        (cert.as_str(), "", "server private key: the PEM text contains no private key"),
        (cert.as_str(), "/etc/key.pem", "server private key: this is neither PEM text nor a file"),
        (cert.as_str(), cert.as_str(), "server private key: this is a certificate"),
        (
            cert.as_str(),
            "-----BEGIN X-----\n-----END X-----\n",
            "the PEM text contains no private key",
        ),
        (cert.as_str(), other_key.as_str(), "does not belong to the certificate"),
    ] {
        let tls = TlsServer::new(cert, key);
        let error = Acceptor::websocket("/ws", &[Serializer::Cbor]).tls(tls).check().unwrap_err();
        assert!(error.to_string().contains(text), "{error}");
    }
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for pem in ["", broken, "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"] {
        let tls = Tls::new().also_trust(pem);
        let error = client("localhost", 1, tls).connect().await.err().unwrap();
        assert!(matches!(error, ConnectError::InvalidConfig(_)), "{error}");
    }
    // Without a trusted CA, connecting fails and does not panic.
    let (port, _server) = serve(authority.server("localhost")).await;
    let nobody = Tls::new().trust_root("");
    assert!(client("localhost", port, nobody).connect().await.is_err());
}

/// Made by `openssl req` and `openssl x509 -req` for a hundred years; rcgen makes none of these.
macro_rules! odd {
    ($name:literal) => {
        (
            include_str!(concat!("certificates/", $name, ".pem")),
            include_str!(concat!("certificates/", $name, ".key")),
        )
    };
}

#[tokio::test]
async fn certificates_of_version_1_and_keys_of_p521_and_rsa_1024_are_told_in_words() {
    let version = "certificate: it is not of version 3 of X.509, and has no names of hosts then; \
                   make one with the extension `subjectAltName` (UnsupportedCertVersion)";
    let kind = "private key: a key of this kind is not supported, such as P-521 or RSA of less \
                than 2048 bits; make one with ECDSA (P-256 or P-384), Ed25519 or RSA (2048 bits or \
                more)";
    for ((certificate, key), setting, words) in [
        (odd!("v1"), "certificate", version),
        (odd!("p521"), "key", kind),
        (odd!("rsa1024"), "key", kind),
    ] {
        let tls = TlsServer::new(certificate, key);
        let error = Acceptor::websocket("/ws", &[Serializer::Cbor]).tls(tls).check().unwrap_err();
        let expected = format!("invalid tls.{setting}: server {words}");
        assert!(error.to_string().starts_with(&expected), "{error}");
        let tls = Tls::new().certificate(certificate, key);
        let error = client("localhost", 1, tls).connect().await.err().unwrap();
        let expected = format!("invalid endpoint.tls.{setting}: client {words}");
        assert!(error.to_string().starts_with(&expected), "{error}");
    }
}
