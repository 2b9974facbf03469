//! Causes of errors: what `source()` gives for each class, and what `Debug` prints.

use std::error::Error as _;
use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use wampwerk::error::{ConfigError, ConnectError, HttpRefusal, ListenError, UrlError};
use wampwerk::internals::error::SocksRefusal;
use wampwerk::transport::{Connector, Proxy, TransportConfig, WampWebSocketClientFactory};
use wampwerk::{Component, Error, Router, Serializer, connect};

use crate::common::authority::Authority;
use crate::common::router;

/// A port of 127.0.0.1 without a listener.
async fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port()
}

/// A proxy that reads a request up to `end` and gives each answer after such a read.
async fn proxy(answers: &'static [(usize, &'static [u8])]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        for (least, answer) in answers {
            let mut read = 0;
            while read < *least {
                read += stream.read(&mut [0; 1024]).await.unwrap();
            }
            stream.write_all(answer).await.unwrap();
        }
        // Until the client has gone.
        while stream.read(&mut [0; 1024]).await.is_ok_and(|count| count > 0) {}
    });
    port
}

async fn through(proxy: Proxy) -> ConnectError {
    let factory = WampWebSocketClientFactory::new("ws://router.example/ws", &[Serializer::Cbor]);
    factory.unwrap().proxy(proxy).connect().await.err().unwrap()
}

#[tokio::test]
async fn a_refused_connection_has_the_error_of_the_system() {
    let port = free_port().await;
    for url in [format!("ws://127.0.0.1:{port}/ws"), format!("rs://127.0.0.1:{port}")] {
        let error = connect(&url, "realm1").await.unwrap_err();
        assert!(matches!(error, ConnectError::Io { .. }), "{error}");
        assert_eq!(error.io_kind(), Some(io::ErrorKind::ConnectionRefused));
        let cause = error.source().unwrap().downcast_ref::<io::Error>().unwrap();
        assert_eq!(cause.kind(), io::ErrorKind::ConnectionRefused);
        // Also behind the errors that hold it.
        let error = Error::from(error);
        assert!(error.source().unwrap().is::<io::Error>());
    }
}

#[tokio::test]
async fn a_failure_of_tls_has_the_error_of_tls() {
    let (stranger, trusted) = (Authority::named("stranger"), Authority::named("authority"));
    let router = router();
    let listen = router.listen("wss://localhost:0/ws").tls(stranger.server("localhost"));
    let listener = listen.await.unwrap();
    let factory = WampWebSocketClientFactory::new(listener.url(), &[Serializer::Cbor]).unwrap();
    let error = factory.tls(trusted.trusted()).connect().await.err().unwrap();
    assert!(matches!(error, ConnectError::Tls { .. }), "{error}");
    let cause = error.source().unwrap();
    assert_eq!(cause.to_string(), "invalid peer certificate: UnknownIssuer");
    assert!(!cause.is::<io::Error>(), "it is the error of TLS itself");
}

#[tokio::test]
async fn a_refused_handshake_has_the_http_status() {
    let router = router();
    let listener = router.listen("ws://127.0.0.1:0/ws").await.unwrap();
    let error = connect(listener.url().replace("/ws", "/other"), "realm1").await.unwrap_err();
    assert!(matches!(error, ConnectError::Handshake { .. }), "{error}");
    let refusal = error.source().unwrap().downcast_ref::<HttpRefusal>().unwrap();
    assert_eq!(refusal.status, 404);
    assert!(refusal.message.starts_with("Not Found"), "{refusal}");
    assert_eq!(error.io_kind(), None);
}

#[tokio::test]
async fn a_bad_url_has_an_error_of_its_own() {
    let error = connect("http://user:s3cret@127.0.0.1/ws", "realm1").await.unwrap_err();
    let ConnectError::InvalidUrl(cause) = &error else { panic!("{error}") };
    assert_eq!(cause.url, "http://…@127.0.0.1/ws");
    assert!(cause.message.contains("ws://"), "{cause}");

    let error = router().listen("http://127.0.0.1:0/").await.unwrap_err();
    let ListenError::InvalidUrl(cause) = &error else { panic!("{error}") };
    // A wrapper does not repeat what it wraps: programs that print the chain would print it twice.
    assert!(error.to_string() == cause.to_string() && error.source().is_none());

    let error = TransportConfig::new("ws://a b/").connector().err().unwrap();
    assert_eq!(error.path, "url");
    assert!(error.source().unwrap().is::<UrlError>());
}

#[tokio::test]
async fn a_refusal_of_a_proxy_has_its_status_or_reply() {
    let port = proxy(&[(1, b"HTTP/1.1 403 Forbidden\r\n\r\n")]).await;
    let error = through(Proxy::http("127.0.0.1", port)).await;
    assert!(matches!(error, ConnectError::Proxy { status: Some(403), .. }), "{error}");
    let refusal = error.source().unwrap().downcast_ref::<HttpRefusal>().unwrap();
    assert_eq!((refusal.status, refusal.message.as_str()), (403, "Forbidden"));

    let port = proxy(&[(1, b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")]).await;
    let error = through(Proxy::http("127.0.0.1", port)).await;
    assert!(matches!(error, ConnectError::ProxyAuthentication { .. }), "{error}");
    let refusal = error.source().unwrap().downcast_ref::<HttpRefusal>().unwrap();
    assert_eq!(refusal.status, 407);

    let port = proxy(&[(3, &[5, 0]), (4, &[5, 2, 0, 1, 0, 0, 0, 0, 0, 0])]).await;
    let error = through(Proxy::socks5("127.0.0.1", port)).await;
    assert!(matches!(error, ConnectError::Proxy { status: Some(2), .. }), "{error}");
    let refusal = error.source().unwrap().downcast_ref::<SocksRefusal>().unwrap();
    assert_eq!(refusal.reply, 2);

    let error = through(Proxy::http("127.0.0.1", free_port().await)).await;
    assert!(matches!(error, ConnectError::Proxy { status: None, .. }), "{error}");
    assert_eq!(error.io_kind(), Some(io::ErrorKind::ConnectionRefused));
}

#[tokio::test]
async fn an_address_in_use_has_the_error_of_the_system() {
    let router = router();
    let listener = router.listen("ws://127.0.0.1:0/ws").await.unwrap();
    let error = router.listen(listener.url()).await.unwrap_err();
    assert!(matches!(error, ListenError::Io { .. }), "{error}");
    assert_eq!(error.io_kind(), Some(io::ErrorKind::AddrInUse));
    assert!(error.source().unwrap().is::<io::Error>());
}

#[tokio::test]
async fn what_a_main_returns_prints_its_text() {
    let error = Component::from_json(r#"{"transports": "http://h/"}"#).unwrap_err();
    assert!(error.source().is_none() || error.source().unwrap().is::<UrlError>());
    let text = format!("{error:?}");
    assert!(text.starts_with("invalid transports[0].url: "), "{text}");

    let error: ConnectError = ConfigError::new("proxy.port", "0 is out of range").into();
    assert_eq!(format!("{error:?}"), "invalid proxy.port: 0 is out of range");
    let error = Router::builder().build().unwrap_err();
    assert_eq!(format!("{error:?}"), "invalid realm: at least one is needed");

    let port = free_port().await;
    let error = connect(format!("ws://127.0.0.1:{port}/ws"), "realm1").await.unwrap_err();
    let text = format!("{error:?}");
    assert_eq!(text, error.to_string(), "the text names its cause already");
    assert!(text.starts_with(&format!("cannot reach 127.0.0.1:{port}: ")), "{text}");
    let error: Box<dyn std::error::Error> = Error::from(error).into();
    assert_eq!(format!("{error:?}"), text);
}
