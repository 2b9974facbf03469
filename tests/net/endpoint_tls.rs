//! `wss://`: who is trusted, who is asked for, who lets whom in; and the channel id.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ServerConfig, crypto::ring, version};
use wampwerk::Serializer;
use wampwerk::error::AcceptError;
use wampwerk::error::ConnectError;
use wampwerk::transport::Acceptor;
use wampwerk::transport::{
    Connector, Endpoint, Proxy, Tls, TlsServer, Transport, WampWebSocketClientFactory,
};

use crate::common::authority::{Authority, self_signed};
use crate::common::endpoints::{Accepted, assert_connected, client, listen_on, serve, ws};
use crate::common::proxy;
use crate::common::router;

async fn serve_tls(tls: TlsServer) -> (u16, Accepted) {
    serve(ws().tls(tls)).await
}

fn wss(host: &str, port: u16, tls: Tls) -> WampWebSocketClientFactory {
    client(&format!("wss://{host}:{port}/ws")).tls(tls)
}

async fn tls_refusal(factory: WampWebSocketClientFactory) -> (String, String) {
    match factory.connect().await.err().unwrap() {
        ConnectError::Tls { host, message, .. } => (host, message),
        other => panic!("{other}"),
    }
}

async fn both(
    factory: &WampWebSocketClientFactory,
    server: Accepted,
) -> (Box<dyn Transport>, Box<dyn Transport>) {
    let mut left = factory.connect().await.unwrap();
    let mut right = server.await.unwrap().unwrap();
    assert_connected(&mut left, &mut right).await;
    (left, right)
}

#[tokio::test]
async fn a_self_signed_certificate_is_refused_unless_it_is_trusted() {
    let (cert, key) = self_signed("localhost");
    let (port, server) = serve_tls(TlsServer::new(&cert, &key)).await;
    let (host, message) = tls_refusal(wss("localhost", port, Tls::new())).await;
    assert_eq!(host, "localhost");
    assert!(message.contains("certificate"), "{message}");
    assert!(matches!(server.await.unwrap(), Err(AcceptError::Tls(_))));

    let (port, server) = serve_tls(TlsServer::new(&cert, &key)).await;
    let tls = Tls::new().trust_root(&cert);
    both(&wss("localhost", port, tls), server).await;
}

#[tokio::test]
async fn another_name_can_be_asked_for_than_the_urls() {
    let authority = Authority::named("authority");
    let (port, _server) = serve_tls(authority.server("router.example")).await;
    let (host, message) = tls_refusal(wss("localhost", port, authority.trusted())).await;
    assert_eq!(host, "localhost");
    assert!(message.contains("not valid for name"), "{message}");

    let (port, server) = serve_tls(authority.server("router.example")).await;
    let tls = authority.trusted().hostname("router.example");
    both(&wss("localhost", port, tls.clone()), server).await;
    // The override is the name that counts, also when it is wrong.
    let (port, _server) = serve_tls(authority.server("localhost")).await;
    let (host, _) = tls_refusal(wss("localhost", port, tls)).await;
    assert_eq!(host, "router.example");

    // The other way to get there: the URL has the name, and the endpoint the address.
    let (port, server) = serve_tls(authority.server("router.example")).await;
    let endpoint = Endpoint::tcp("127.0.0.1", port);
    let factory = wss("router.example", 443, authority.trusted()).endpoint(endpoint);
    both(&factory, server).await;
}

#[tokio::test]
async fn a_server_may_want_a_certificate_of_the_client() {
    let (servers, clients) = (Authority::named("servers"), Authority::named("clients"));
    let server = || servers.server("localhost").client_roots(clients.pem());
    let (cert, key) = clients.issue("component");

    let (port, accepted) = serve_tls(server()).await;
    let tls = servers.trusted().certificate(&cert, &key);
    both(&wss("localhost", port, tls.clone()), accepted).await;

    // The server does not ask for the certificate: it is not sent.
    let (port, accepted) = serve_tls(servers.server("localhost")).await;
    both(&wss("localhost", port, tls), accepted).await;

    let (port, accepted) = serve_tls(server()).await;
    let (_, message) = tls_refusal(wss("localhost", port, servers.trusted())).await;
    assert!(message.contains("CertificateRequired"), "{message}");
    assert!(matches!(accepted.await.unwrap(), Err(AcceptError::Tls(_))));

    let (cert, key) = servers.issue("component");
    let (port, accepted) = serve_tls(server()).await;
    let tls = servers.trusted().certificate(cert, key);
    let (host, message) = tls_refusal(wss("localhost", port, tls)).await;
    assert_eq!(host, "localhost");
    assert!(message.contains("UnknownCA"), "{message}");
    assert!(matches!(accepted.await.unwrap(), Err(AcceptError::Tls(_))));
}

#[tokio::test]
async fn both_ends_have_the_same_channel_id_and_each_connection_another() {
    let authority = Authority::named("authority");
    let tls = authority.server("localhost");
    let mut seen = Vec::new();
    let trusted = authority.trusted();
    for _ in 0..3 {
        // The second and the third resume the TLS session of the first.
        let (port, server) = serve_tls(tls.clone()).await;
        let (left, right) = both(&wss("localhost", port, trusted.clone()), server).await;
        assert!(left.info().secure && right.info().secure);
        let id = left.info().channel_id.unwrap();
        assert_eq!(right.info().channel_id, Some(id));
        assert!(!seen.contains(&id));
        seen.push(id);
    }
    let (port, server) = serve(ws()).await;
    let (left, right) = both(&client(&format!("ws://127.0.0.1:{port}/ws")), server).await;
    for end in [left, right] {
        assert_eq!((end.info().secure, end.info().channel_id), (false, None));
    }
}

#[tokio::test]
async fn batches_keep_the_channel_id() {
    let authority = Authority::named("authority");
    let config = ws().batched(true).tls(authority.server("localhost"));
    let (port, server) = serve(config).await;
    let factory = wss("localhost", port, authority.trusted()).batched(true);
    let (left, right) = both(&factory, server).await;
    assert!(left.info().batched && left.info().secure);
    assert!(left.info().channel_id.is_some());
    assert_eq!(left.info().channel_id, right.info().channel_id);
}

#[tokio::test]
async fn tls_1_2_has_no_channel_id() {
    let authority = Authority::named("authority");
    let (cert, key) = authority.issue("localhost");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&version::TLS12])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_slice(cert.as_bytes()).unwrap()],
            PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap(),
        )
        .unwrap();
    let (listener, port) = listen_on("127.0.0.1:0").await;
    let server = tokio::spawn(async move {
        let (stream, peer) = listener.accept().await.unwrap();
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        ws().accept(acceptor.accept(stream).await.unwrap(), peer).await
    });
    let (left, _right) = both(&wss("localhost", port, authority.trusted()), server).await;
    assert_eq!((left.info().secure, left.info().channel_id), (true, None));
}

#[tokio::test]
async fn tls_is_with_the_router_through_a_proxy() {
    let authority = Authority::named("authority");
    for socks in [false, true] {
        let (port, server) = serve_tls(authority.server("router.example")).await;
        let target = SocketAddr::from(([127, 0, 0, 1], port));
        let login = Some(("joe", "pass-word"));
        let manner = proxy::Manner { login, ..proxy::Manner::default() };
        let (proxy, asked) = if socks {
            let (port, asked) = proxy::socks5(target, manner).await;
            (Proxy::socks5("127.0.0.1", port), asked)
        } else {
            let (port, asked) = proxy::http(target, manner).await;
            (Proxy::http("127.0.0.1", port), asked)
        };
        let proxy = proxy.credentials("joe", "pass-word");
        let factory = wss("router.example", 443, authority.trusted()).proxy(proxy);
        let (left, right) = both(&factory, server).await;
        assert!(left.info().channel_id.is_some());
        assert_eq!(left.info().channel_id, right.info().channel_id);
        drop((left, right));
        assert_eq!(asked.await.unwrap(), "router.example:443");
    }
}

#[tokio::test]
async fn a_router_lets_in_only_whom_it_knows() {
    let (servers, clients) = (Authority::named("servers"), Authority::named("clients"));
    let router = router();
    let tls = servers.server("localhost").client_roots(clients.pem());
    let listener = router.listen("wss://localhost:0/ws").tls(tls).await.unwrap();
    let factory = |tls| {
        WampWebSocketClientFactory::new(listener.url(), &[Serializer::Cbor]).unwrap().tls(tls)
    };
    tls_refusal(factory(servers.trusted())).await;
    let (cert, key) = clients.issue("component");
    let known = factory(servers.trusted().certificate(cert, key));
    let session = wampwerk::session::connect_with(&known, "realm1").await.unwrap();
    session.leave().await;
}

#[test]
fn what_cannot_be_used_is_refused_at_construction() {
    let refused = |tls| wss("localhost", 1, tls).check().unwrap_err();
    let authority = Authority::named("authority");
    let (cert, key) = authority.issue("component");
    let (_, other_key) = authority.issue("component");
    let damaged = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (cert, key, text) in [
        ("", key.as_str(), "client certificate: the PEM text contains no certificate"),
        (damaged, key.as_str(), "client"),
        (cert.as_str(), "", "client private key"),
        (cert.as_str(), cert.as_str(), "client private key"),
        (
            cert.as_str(),
            other_key.as_str(),
            "client private key: it does not belong to the certificate",
        ),
    ] {
        let error = refused(Tls::new().certificate(cert, key));
        assert!(error.to_string().contains(text), "{error}");
    }
    for name in ["", "a b", "-", "http://x"] {
        let error = refused(Tls::new().hostname(name));
        assert!(error.to_string().contains("hostname"), "{error}");
    }
    let server = authority.server("localhost");
    for pem in ["", damaged] {
        let server = server.clone().client_roots(pem);
        let acceptor = Acceptor::websocket("/ws", &[Serializer::Cbor]).tls(server);
        let error = acceptor.check().unwrap_err();
        assert!(error.to_string().contains("client root certificate"), "{error}");
    }
    let tls = Tls::new().certificate(&cert, &key);
    assert!(!format!("{tls:?}{server:?}").contains("PRIVATE"), "{tls:?}");
}
