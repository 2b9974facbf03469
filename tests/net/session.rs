//! Sessions over WebSocket on loopback: the whole behaviour with each serializer, and what only a
//! network can do wrong.

use std::future::IntoFuture;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use wampwerk::error::{CallError, CloseKind, ConnectError, PublishError};
use wampwerk::session::authentication::WampCra;
use wampwerk::session::connect_with;
use wampwerk::transport::{
    Connector, Tls, TlsServer, TransportConfig, WampRawSocketClientFactory,
    WampWebSocketClientFactory,
};
use wampwerk::websocket::{self, WebSocketOptions};
use wampwerk::{Serializer, Session, connect};

use crate::common::behaviour::{self, Place};
use crate::common::router;
use crate::common::router_with;

struct OverWebSocket {
    url: String,
    serializer: Serializer,
}

impl Place for OverWebSocket {
    async fn session(&self) -> Session {
        let session = connect(&self.url, "realm1").serializers(&[self.serializer]).await.unwrap();
        assert_eq!(session.serializer(), self.serializer);
        session
    }
}

async fn behaviour_with(serializer: Serializer) {
    let router = router();
    let listener = router.listen("ws://127.0.0.1:0/ws").await.unwrap();
    behaviour::all(&OverWebSocket { url: listener.url().to_owned(), serializer }).await;
}

#[tokio::test]
async fn the_whole_behaviour_with_json() {
    behaviour_with(Serializer::Json).await;
}

#[tokio::test]
async fn the_whole_behaviour_with_msgpack() {
    behaviour_with(Serializer::MsgPack).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_whole_behaviour_with_cbor() {
    behaviour_with(Serializer::Cbor).await;
}

struct InBatches {
    url: String,
    serializer: Serializer,
}

impl Place for InBatches {
    async fn session(&self) -> Session {
        let connect = connect(&self.url, "realm1").serializers(&[self.serializer]);
        let session = connect.batched(true).await.unwrap();
        assert!(session.transport().batched);
        assert_eq!(session.serializer(), self.serializer);
        session
    }
}

#[tokio::test]
async fn the_whole_behaviour_in_batches_with_each_serializer() {
    let router = router_with(|it| it.batched(true));
    let listener = router.listen("ws://127.0.0.1:0/ws").await.unwrap();
    for serializer in Serializer::ALL {
        behaviour::all(&InBatches { url: listener.url().to_owned(), serializer }).await;
    }
}

struct OverTls {
    url: String,
    factory: WampWebSocketClientFactory,
}

impl Place for OverTls {
    async fn session(&self) -> Session {
        assert!(self.url.starts_with("wss://"));
        wampwerk::session::connect_with(&self.factory, "realm1").await.unwrap()
    }
}

#[tokio::test]
async fn the_whole_behaviour_over_tls() {
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let pair = rcgen::generate_simple_self_signed(names).unwrap();
    let (cert, key) = (pair.cert.pem(), pair.signing_key.serialize_pem());
    let router = router();
    let tls = TlsServer::new(&cert, &key);
    let listener = router.listen("wss://127.0.0.1:0/ws").tls(tls).await.unwrap();
    let url = listener.url().to_owned();
    let trusting = Tls::new().also_trust(&cert);
    let factory =
        WampWebSocketClientFactory::new(&url, wampwerk::internals::codec::available()).unwrap();
    behaviour::all(&OverTls { url: url.clone(), factory: factory.tls(trusting) }).await;
    // A stranger's certificate is refused.
    let error = connect(&url, "realm1").await.unwrap_err();
    assert!(matches!(error, ConnectError::Tls { .. }), "{error}");
    assert!(router.listen("wss://127.0.0.1:0/ws").await.is_err());
}

#[tokio::test]
async fn serializers_meet_in_the_router() {
    let router = router();
    let listener = router.listen("ws://127.0.0.1:0/ws").await.unwrap();
    let value = behaviour::troublesome();
    for from in Serializer::ALL {
        for to in Serializer::ALL {
            let caller = connect(listener.url(), "realm1").serializers(&[from]).await.unwrap();
            let callee = connect(listener.url(), "realm1").serializers(&[to]).await.unwrap();
            let echo = |value: wampwerk::Value| async move { value };
            let registration = callee.register("com.example.echo", echo).await.unwrap();
            let call = caller.call("com.example.echo").args((&value,));
            let back: wampwerk::Value = call.value().await.unwrap();
            assert_eq!(back, value, "{from:?} to {to:?}");
            registration.unregister().await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_panicking_handler_answers_and_the_session_lives() {
    let router = router();
    let session = router.connect("realm1").await.unwrap();
    let panics = |late: bool| async move {
        if late {
            tokio::task::yield_now().await;
        }
        let nothing: Option<u8> = std::hint::black_box(None);
        nothing.expect("on purpose")
    };
    session.register("com.example.panics", panics).await.unwrap();
    for late in [false, true] {
        let error = session.call("com.example.panics").args((late,)).await.unwrap_err();
        let CallError::Application(error) = error else { panic!("{error}") };
        assert_eq!(error.uri, "wamp.error.runtime_error");
        assert!(error.to_string().contains("on purpose"), "{error}");
    }
    assert!(!session.is_closed());
}

#[tokio::test]
async fn an_unknown_realm_is_refused_with_its_reason() {
    let router = router();
    let listener = router.listen("ws://127.0.0.1:0/ws").await.unwrap();
    let error = connect(listener.url(), "nowhere").await.unwrap_err();
    let ConnectError::Join(reason) = error else { panic!("{error}") };
    assert_eq!((reason.kind, &*reason.reason), (CloseKind::Aborted, "wamp.error.no_such_realm"));
}

#[tokio::test]
async fn what_is_no_url_is_an_error_that_names_it() {
    for url in ["", "http://127.0.0.1/ws", "ws://", "ws://:80", "ws://a b/", "ws://h:99999/"] {
        match connect(url, "realm1").await.unwrap_err() {
            ConnectError::InvalidUrl(error) => assert_eq!(error.url, url),
            other => panic!("{url:?}: {other}"),
        }
    }
    let error = connect("tcp://127.0.0.1:1", "realm1").await.unwrap_err();
    assert!(
        error.to_string().contains("is not one of ws, wss, rs and rss; write rs://"),
        "{error}"
    );
}

#[tokio::test]
async fn a_router_that_says_nothing_is_given_up() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/ws", silent.local_addr().unwrap());
    let (peer, error) = tokio::join!(
        silent.accept(),
        connect(url, "realm1").timeout(Duration::from_millis(100)).into_future(),
    );
    assert!(matches!(error.unwrap_err(), ConnectError::Timeout(_)));
    // It is gone from the other side too.
    let mut rest = Vec::new();
    let mut peer = peer.unwrap().0;
    let gone = tokio::time::timeout(Duration::from_secs(30), peer.read_to_end(&mut rest));
    drop(gone.await.unwrap());
}

#[tokio::test]
async fn joining_has_a_time_limit_of_its_own() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("rs://{}", silent.local_addr().unwrap());
    let peer = async {
        let mut stream = silent.accept().await.unwrap().0;
        let mut handshake = [0; 4];
        stream.read_exact(&mut handshake).await.unwrap();
        stream.write_all(&[0x7f, 0xf0 | handshake[1] & 0x0f, 0, 0]).await.unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await
    };
    let connecting = connect(url, "realm1")
        .join_timeout(Duration::from_millis(100))
        .timeout(Duration::from_secs(600))
        .into_future();
    let (_, error) = tokio::join!(peer, connecting);
    let error = error.unwrap_err();
    assert!(error.to_string().contains("within 100ms"), "{error}");
}

#[tokio::test]
async fn a_router_that_goes_ends_everything() {
    let router = router();
    let listener = router.listen("ws://127.0.0.1:0/ws").await.unwrap();
    let session = connect(listener.url(), "realm1").await.unwrap();
    let callee = connect(listener.url(), "realm1").await.unwrap();
    let (reached, mut called) = tokio::sync::mpsc::channel(1);
    let hangs = move || {
        let reached = reached.clone();
        async move {
            reached.send(()).await.unwrap();
            std::future::pending::<()>().await
        }
    };
    callee.register("com.example.hangs", hangs).await.unwrap();
    let mut subscription = session.subscribe("com.example.topic").await.unwrap();
    let call = tokio::spawn(session.call("com.example.hangs").into_future());
    called.recv().await.unwrap();
    router.shutdown().await;
    let reason = session.closed().await;
    assert_eq!(reason.kind, CloseKind::Goodbye);
    assert_eq!(reason.reason, "wamp.close.system_shutdown");
    // When the router ends, it does not report that the callee has left.
    match call.await.unwrap().unwrap_err() {
        CallError::Closed { reason: closed, .. } => assert_eq!(closed, reason),
        other => panic!("{other}"),
    }
    assert!(subscription.next().await.is_none());
    assert!(connect(listener.url(), "realm1").await.is_err());
}

#[tokio::test]
async fn a_message_too_long_fails_alone() {
    let router = router_with(|it| it.max_message_payload_size(4096));
    let listener = router.listen("ws://127.0.0.1:0/ws").await.unwrap();
    let factory =
        WampWebSocketClientFactory::new(listener.url(), wampwerk::internals::codec::available());
    let factory = factory.unwrap().max_message_payload_size(4096);
    let session = wampwerk::session::connect_with(&factory, "realm1").await.unwrap();
    let long = "x".repeat(8192);
    let error = session.call("com.example.p").args((&long,)).await.unwrap_err();
    let CallError::Application(error) = error else { panic!("{error}") };
    assert_eq!(error.uri, "wamp.error.payload_size_exceeded");
    let error = session.publish("com.example.t").args((&long,)).await.unwrap_err();
    assert!(matches!(error, PublishError::Application(_)));
    let longest = move || {
        let long = long.clone();
        async move { long }
    };
    session.register("com.example.long", longest).await.unwrap();
    let error = session.call("com.example.long").await.unwrap_err();
    let CallError::Application(error) = error else { panic!("{error}") };
    assert_eq!(error.uri, "wamp.error.payload_size_exceeded");
    session.register("com.example.short", || async { 1 }).await.unwrap();
    assert_eq!(session.call("com.example.short").value::<u8>().await.unwrap(), 1);
}

#[tokio::test]
async fn a_connector_may_be_any_that_is_known_only_when_it_runs() {
    let router = router();
    let listener = router.listen("ws://127.0.0.1:0/ws").universal(true).await.unwrap();
    let serializers = wampwerk::internals::codec::available();
    let connectors: [Box<dyn Connector>; 2] = [
        Box::new(WampWebSocketClientFactory::new(listener.url(), serializers).unwrap()),
        Box::new(
            WampRawSocketClientFactory::new(listener.raw_socket_url().unwrap(), serializers[0])
                .unwrap(),
        ),
    ];
    for connector in &connectors {
        let session = wampwerk::session::connect_with(&**connector, "realm1").await.unwrap();
        assert_eq!(session.leave().await.kind, CloseKind::Left);
    }
}

/// TLS with an own authority, a header and a login in one chain, without a factory.
#[tokio::test]
async fn connecting_takes_all_settings_of_the_transport() {
    let pair = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let (cert, key) = (pair.cert.pem(), pair.signing_key.serialize_pem());
    let joe = wampwerk::router::User::new("joe", "frontend").wampcra("a long secret");
    let router = router_with(|it| it.user(joe));
    let asked = |request: wampwerk::websocket::ConnectionRequest| async move {
        match request.header("X-Tenant") {
            Some("acme") => Ok(wampwerk::websocket::ConnectionAccept::new()),
            _ => Err(wampwerk::websocket::ConnectionDeny::new(403, "which tenant?")),
        }
    };
    let listener = router
        .listen("wss://127.0.0.1:0/ws")
        .tls(TlsServer::new(&cert, &key))
        .on_connect(asked)
        .await
        .unwrap();
    let session = connect(listener.url(), "realm1")
        .tls(Tls::new().trust_root(&cert))
        .header("X-Tenant", "acme")
        .options(WebSocketOptions::new().max_message_payload_size(70_000))
        .authentication(WampCra::new("joe", "a long secret"))
        .await
        .unwrap();
    assert_eq!(session.authid(), Some("joe"));
    assert_eq!(session.transport().max_send, 70_000);
    assert!(session.transport().secure);

    let config = TransportConfig::new(listener.url()).tls(Tls::new().trust_root(&cert));
    let error = connect("", "realm1").transport(config).await.unwrap_err();
    assert!(error.to_string().contains("which tenant?"), "{error}");
    let retried = TransportConfig::new(listener.url()).max_retries(3);
    let error = connect("", "realm1").transport(retried).await.unwrap_err();
    assert!(error.to_string().contains("max_retries: "), "{error}");
}

#[tokio::test]
async fn a_router_is_a_connector_too() {
    let joe = wampwerk::router::User::new("joe", "frontend").wampcra("a long secret");
    let router = router_with(|it| it.user(joe));
    let login = || WampCra::new("joe", "a long secret");
    let session = connect_with(&router, "realm1").authentication(login()).await.unwrap();
    assert_eq!(session.transport().kind, "memory");
    // What the connector decides cannot be set beside it.
    let error = connect_with(&router, "realm1").header("X", "y").await.unwrap_err();
    assert!(error.to_string().contains("headers: "), "{error}");

    let component = wampwerk::Component::builder()
        .transports(router.clone())
        .authentication(login())
        .main(|session| async move { session.publish("com.example.t").await })
        .build()
        .unwrap();
    component.start().await.unwrap();
}

#[tokio::test]
async fn the_close_code_of_the_peer_is_told() {
    for (said, code, text) in [
        ((3001, "moved"), Some(3001), "closed by the peer with code 3001: moved"),
        ((1000, ""), None, ""),
    ] {
        let requests = websocket::listen("ws://127.0.0.1:0").protocols(["wamp.2.json"]);
        let mut requests = requests.await.unwrap();
        let url = requests.url().to_owned();
        let server = tokio::spawn(async move {
            let mut socket = requests.next().await.unwrap().accept().await.unwrap();
            socket.next().await.unwrap().unwrap();
            socket.send(r#"[2,1,{"roles":{"broker":{}}}]"#).await.unwrap();
            socket.close(said.0, said.1).await.unwrap();
        });
        let session = connect(&url, "realm1").serializers(&[Serializer::Json]).await.unwrap();
        let reason = session.closed().await;
        assert_eq!(reason.kind, CloseKind::TransportLost, "{reason}");
        assert_eq!(reason.websocket_code(), code, "{reason}");
        assert!(reason.to_string().contains(text), "{reason}");
        server.await.unwrap();
    }
}
