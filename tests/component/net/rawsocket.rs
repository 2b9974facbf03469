//! Components, and runners, whose transport is RawSocket: configured in each way that there is, lost
//! and found again, and in turn with WebSocket.

use std::future::IntoFuture;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use wampwerk::component::{
    ApplicationRunner, ApplicationSession, BoxError, Component, ComponentConfig, IntoTransports,
};
use wampwerk::error::CloseKind;
use wampwerk::transport::{Endpoint, Tls, TransportConfig, TransportInfo};
use wampwerk::{Serializer, Session};

use crate::common::authority::Authority;
use crate::common::relay::Relay;
use crate::common::{listening, router, soon};

/// Joins once, calls something, and tells how it was connected.
async fn joined_by(transports: impl IntoTransports) -> TransportInfo {
    let (sender, mut infos) = unbounded_channel();
    let component = Component::builder()
        .transports(transports.into_transports().unwrap())
        .main(move |session| {
            let sender = sender.clone();
            async move {
                let add = |a: i64, b: i64| async move { a + b };
                session.register("com.example.add", add).await.unwrap();
                let sum: i64 = session.call("com.example.add").args((2, 3)).value().await.unwrap();
                assert_eq!(sum, 5);
                sender.send(session.transport().clone()).unwrap();
            }
        })
        .build()
        .unwrap();
    soon(component.start()).await.unwrap();
    infos.recv().await.unwrap()
}

/// Autobahn takes a URL alone for WebSocket's.
#[tokio::test]
async fn a_url_alone_is_read_by_its_scheme() {
    let (_router, listener) = listening("rs://127.0.0.1:0").await;
    let info = joined_by(listener.url()).await;
    assert_eq!((info.kind, info.serializer), ("rawsocket", Serializer::Cbor));
    let list = format!(r#"["{}"]"#, listener.url());
    assert_eq!(joined_by(list.as_str()).await.kind, "rawsocket");
}

/// Autobahn forgets about TLS, and connects in the clear.
#[tokio::test]
async fn rss_has_tls() {
    let authority = Authority::named("authority");
    let router = router();
    let listening = router.listen("rss://localhost:0").tls(authority.server("localhost"));
    let listener = listening.await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let root = serde_json::Value::from(authority.pem());
    let endpoint = |host: &str| {
        format!(
            r#"{{"type": "tcp", "host": "{host}", "port": {port}, "tls": {{"trust_root": {root}}}}}"#
        )
    };
    for dict in [
        format!(r#"{{"url": "{}", "endpoint": {}}}"#, listener.url(), endpoint("127.0.0.1")),
        format!(r#"{{"type": "rawsocket", "endpoint": {}}}"#, endpoint("localhost")),
    ] {
        let info = joined_by(dict.as_str()).await;
        assert!(info.secure && info.channel_id.is_some());
    }
    let typed = TransportConfig::rawsocket(listener.url())
        .tls(Tls::new().trust_root(authority.pem()))
        .serializers(&[Serializer::Json]);
    let info = joined_by(typed).await;
    assert_eq!((info.secure, info.serializer), (true, Serializer::Json));

    // What begins with a URL for TLS is a TLS handshake, whoever listens.
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("rss://127.0.0.1:{}", server.local_addr().unwrap().port());
    let component = Component::builder().transports(url).build().unwrap();
    let running = component.start();
    let (stream, _) = server.accept().await.unwrap();
    let mut first = [0; 2];
    tokio::io::AsyncReadExt::read_exact(&mut { stream }, &mut first).await.unwrap();
    // A record of type handshake (RFC 8446, section 5.1).
    assert_eq!(first, [0x16, 3]);
    component.stop().await;
    soon(running).await.unwrap();
}

#[tokio::test]
async fn dicts_and_setters_reach_the_factory() {
    let (_router, listener) = listening("rs://127.0.0.1:0").await;
    let port = listener.local_addr().unwrap().port();
    let options = r#"{"maxMessagePayloadSize": 70000, "openHandshakeTimeout": 20,
        "closeHandshakeTimeout": 2, "autoPingInterval": 5, "autoPingTimeout": 5}"#;
    let info = joined_by(
        format!(
            r#"{{"type": "rawsocket", "url": "{}", "serializer": "json", "options": {options}}}"#,
            listener.url()
        )
        .as_str(),
    )
    .await;
    assert_eq!((info.serializer, info.max_send), (Serializer::Json, 70_000));
    // As Autobahn has it: WebSocket's URL, or none.
    let info =
        joined_by(format!(r#"{{"type": "rawsocket", "url": "ws://127.0.0.1:{port}"}}"#).as_str())
            .await;
    assert_eq!(info.kind, "rawsocket");
    let endpoint = Endpoint::tcp("127.0.0.1", port);
    let info = joined_by(TransportConfig::rawsocket("").endpoint(endpoint.clone())).await;
    assert_eq!(info.kind, "rawsocket");
    let info = joined_by(TransportConfig::new("rs://router.example").endpoint(endpoint)).await;
    assert_eq!(info.peer, format!("127.0.0.1:{port}"));
}

#[cfg(unix)]
#[tokio::test]
async fn a_unix_socket_needs_no_url() {
    let path = std::env::temp_dir().join(format!("ww-component-rs-{}", std::process::id()));
    let path = path.to_str().unwrap();
    let router = router();
    let listener = router.listen(format!("rs://unix:{path}")).await.unwrap();
    let info = joined_by(
        format!(r#"{{"type": "rawsocket", "endpoint": {{"type": "unix", "path": "{path}"}}}}"#)
            .as_str(),
    )
    .await;
    assert_eq!(info.peer, format!("unix:{path}"));
    assert_eq!(joined_by(format!("rs://unix:{path}")).await.peer, format!("unix:{path}"));
    listener.close().await;
}

#[tokio::test]
async fn what_is_lost_is_connected_again_with_all_that_it_had() {
    let (router, listener) = listening("rs://127.0.0.1:0").await;
    let relay = Relay::to(listener.local_addr().unwrap()).await;
    let other = wampwerk::connect(listener.url(), "realm1").await.unwrap();
    let (serving, url) = (router.clone(), format!("rs://127.0.0.1:{}", relay.port));
    let transport = TransportConfig::rawsocket(url.as_str())
        .initial_retry_delay(Duration::from_millis(1))
        .url_per_attempt(move || {
            let (serving, url) = (serving.clone(), url.clone());
            async move {
                // Until the router has lost the session, too, the procedure is taken.
                while serving.statistics().sessions > 1 {
                    tokio::task::yield_now().await;
                }
                Ok::<_, BoxError>(url)
            }
        });
    let component = Component::builder().transports(transport.unwrap()).build().unwrap();
    component.register("com.example.add", |a: i64, b: i64| async move { a + b });
    let (sender, mut ready) = unbounded_channel();
    component.on_ready(move |session| {
        sender.send(session).unwrap();
        async {}
    });
    let running = component.start();
    let mut last = 0;
    for _ in 0..4 {
        let session = soon(ready.recv()).await.unwrap();
        assert_ne!(session.id(), last);
        last = session.id();
        assert_eq!(session.transport().kind, "rawsocket");
        let sum: i64 = other.call("com.example.add").args((2, 3)).value().await.unwrap();
        assert_eq!(sum, 5);
        relay.cut();
        let reason = soon(session.closed()).await;
        assert_eq!(reason.kind, CloseKind::TransportLost);
    }
    soon(component.stop()).await;
    soon(running).await.unwrap();
}

#[tokio::test]
async fn transports_of_both_kinds_take_turns() {
    let (_router, listener) = listening("rs://127.0.0.1:0").await;
    // This port has no listener any more.
    let dead = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for first in [format!("ws://{dead}/ws"), format!("rs://{dead}"), format!("wss://{dead}/ws")] {
        let info = joined_by([first, listener.url().to_owned()]).await;
        assert_eq!(info.kind, "rawsocket");
    }
}

#[tokio::test]
async fn a_url_may_be_asked_for_at_each_attempt() {
    let (_router, listener) = listening("rs://127.0.0.1:0").await;
    let dead = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let (count, url) = (Arc::clone(&asked), listener.url().to_owned());
    let entry = TransportConfig::new("rs://router.example")
        .initial_retry_delay(Duration::from_millis(1))
        .url_per_attempt(move || {
            // Of another kind, of no kind, and then where the router is.
            let url = match count.fetch_add(1, Ordering::Relaxed) {
                0 => format!("ws://{dead}/ws"),
                1 => format!("rs://{dead}"),
                _ => url.clone(),
            };
            async move { Ok::<_, BoxError>(url) }
        })
        .unwrap();
    assert_eq!(entry.name(), "rs://router.example");
    assert_eq!(joined_by(entry).await.kind, "rawsocket");
    assert_eq!(asked.load(Ordering::Relaxed), 3);
}

struct Seen(tokio::sync::mpsc::UnboundedSender<TransportInfo>);

impl ApplicationSession for Seen {
    async fn on_join(&self, session: Session) -> Result<(), BoxError> {
        self.0.send(session.transport().clone())?;
        session.leave().await;
        Ok(())
    }
}

#[tokio::test]
async fn a_runner_takes_the_first_of_the_serializers() {
    let (_router, listener) = listening("rs://127.0.0.1:0").await;
    let run = |runner: ApplicationRunner| async move {
        let (sender, mut infos): (_, UnboundedReceiver<TransportInfo>) = unbounded_channel();
        let make = move |_: ComponentConfig| Seen(sender.clone());
        soon(runner.run(make).into_future()).await.unwrap();
        infos.recv().await.unwrap()
    };
    let info = run(ApplicationRunner::new(listener.url(), "realm1")).await;
    assert_eq!((info.kind, info.serializer), ("rawsocket", Serializer::Cbor));
    let both = [Serializer::Json, Serializer::Cbor];
    let info = run(ApplicationRunner::new(listener.url(), "realm1").serializers(&both)).await;
    assert_eq!((info.kind, info.serializer), ("rawsocket", Serializer::Json));
}
