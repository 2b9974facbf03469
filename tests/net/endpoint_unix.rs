//! Unix sockets.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::net::UnixListener;
use wampwerk::Serializer;
use wampwerk::error::ConnectError;
use wampwerk::transport::Acceptor;
use wampwerk::transport::{Connector, Endpoint, Proxy, TransportInfo, WampWebSocketClientFactory};

use crate::common::endpoints::{Accepted, assert_connected, client, ws};
use crate::common::router;

/// A folder of its own for each test, gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("ww-{}-{count}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        Folder(path)
    }

    fn socket(&self) -> String {
        self.0.join("r.sock").to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn serve(path: &str) -> Accepted {
    let listener = UnixListener::bind(path).unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        ws().accept(stream, "unix").await
    })
}

async fn connected(factory: WampWebSocketClientFactory, server: Accepted) -> TransportInfo {
    let mut left = factory.connect().await.unwrap();
    assert_connected(&mut left, &mut server.await.unwrap().unwrap()).await;
    left.info().clone()
}

#[tokio::test]
async fn a_url_leads_to_the_socket() {
    let folder = Folder::new();
    for form in ["ws://unix:{}:/ws", "ws+unix://{}:/ws"] {
        let path = folder.socket();
        let server = serve(&path);
        let info = connected(client(&form.replace("{}", &path)), server).await;
        assert_eq!(info.peer, format!("unix:{path}"));
        assert_eq!((info.secure, info.channel_id), (false, None));
        std::fs::remove_file(path).unwrap();
    }
}

#[tokio::test]
async fn an_endpoint_leads_to_the_socket_whatever_the_url_says() {
    let folder = Folder::new();
    let path = folder.socket();
    let server = serve(&path);
    let factory = client("ws://router.example/ws").endpoint(Endpoint::unix(&path));
    connected(factory, server).await;
}

#[tokio::test]
async fn a_session_runs_over_it() {
    let folder = Folder::new();
    let path = folder.socket();
    let listener = UnixListener::bind(&path).unwrap();
    let router = router();
    let serving = router.clone();
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        serving.serve(ws().accept(stream, "unix").await.unwrap());
    });
    let session = wampwerk::connect(format!("ws://unix:{path}:/ws"), "realm1").await.unwrap();
    server.await.unwrap();
    session.register("com.example.add", |a: i64, b: i64| async move { a + b }).await.unwrap();
    let sum: i64 = session.call("com.example.add").args((2, 3)).value().await.unwrap();
    assert_eq!(sum, 5);
    session.leave().await;
}

#[tokio::test]
async fn a_socket_that_is_not_there_is_named() {
    let folder = Folder::new();
    let path = folder.socket();
    match client(&format!("ws://unix:{path}:/ws")).connect().await.err().unwrap() {
        ConnectError::Io { address, message, .. } => {
            assert_eq!(address, format!("unix:{path}"));
            assert!(message.contains("No such file"), "{message}");
        }
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn what_is_no_socket_is_told() {
    let folder = Folder::new();
    let path = folder.socket();
    for (url, told) in [
        (format!("ws://unix:{path}:/ws"), "it is a file, not a socket"),
        (format!("rs://unix:{path}"), "it is a file, not a socket"),
        (format!("rs://unix:{}", path.rsplit_once('/').unwrap().0), "it is a folder, not a socket"),
    ] {
        std::fs::write(&path, "").unwrap();
        match wampwerk::connect(url, "realm1").await.unwrap_err() {
            ConnectError::Io { address, message, .. } => {
                assert!(address.starts_with("unix:/"), "{address}");
                assert_eq!(message, told);
            }
            other => panic!("{other}"),
        }
    }
    // A socket that is left over refuses as before.
    std::fs::remove_file(&path).unwrap();
    drop(UnixListener::bind(&path).unwrap());
    let error = client(&format!("ws://unix:{path}:/ws")).connect().await.err().unwrap();
    assert!(error.to_string().contains("refused"), "{error}");
}

#[tokio::test]
async fn a_raw_socket_server_that_closes_is_told() {
    let folder = Folder::new();
    let path = folder.socket();
    let listener = UnixListener::bind(&path).unwrap();
    let served = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        Acceptor::raw_socket(&[Serializer::Cbor]).accept(stream, "unix").await.err()
    });
    match client(&format!("ws://unix:{path}:/ws")).connect().await.err().unwrap() {
        ConnectError::Handshake { message: text, .. } => {
            assert!(text.ends_with("if this is a RawSocket server, use rs://"), "{text}");
        }
        other => panic!("{other:?}"),
    }
    assert!(served.await.unwrap().is_some());
}

#[test]
fn what_cannot_be_is_refused_at_construction() {
    let long = format!("/tmp/{}", "x".repeat(103));
    for (path, text) in [
        ("", "endpoint.path: the path of the unix socket is empty"),
        ("/tmp/a\0b", "endpoint.path"),
        (long.as_str(), "108 bytes"),
    ] {
        let error = client("ws://h/").endpoint(Endpoint::unix(path)).check().unwrap_err();
        assert!(error.to_string().contains(text), "{error}");
    }
    let make = |url: &str| WampWebSocketClientFactory::new(url, &[Serializer::Cbor]);
    let error = make(&format!("ws://unix:{long}")).unwrap_err();
    assert!(matches!(&error, ConnectError::InvalidUrl(error) if error.url.contains("xxx")));
    let error = make("wss://unix:/run/r.sock").unwrap_err();
    assert!(error.to_string().contains("TLS over a unix socket is not supported"), "{error}");

    let socket = Endpoint::unix("/run/r.sock");
    let error = client("wss://router.example/ws").endpoint(socket.clone()).check().unwrap_err();
    assert!(error.to_string().contains("TLS over a unix socket is not supported"), "{error}");
    let proxy = Proxy::http("127.0.0.1", 3128);
    let error = client("ws://unix:/run/r.sock").proxy(proxy.clone()).check().unwrap_err();
    assert!(
        error.to_string().contains("proxy: a unix socket cannot be reached through a proxy"),
        "{error}"
    );
    let factory = client("ws://router.example/ws").proxy(proxy);
    assert!(factory.endpoint(socket).check().unwrap_err().to_string().contains("proxy"));
}
