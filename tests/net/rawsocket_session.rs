//! Sessions over RawSocket with the embedded router: TCP, TLS and unix sockets, each serializer,
//! limits, pings, and what is said to those who come the wrong way.

use std::time::Duration;

use wampwerk::error::{CallError, CloseKind, ConnectError, RawSocketRefusal};
use wampwerk::server::Listener;
use wampwerk::session::connect_with;
use wampwerk::transport::{
    Connector, Ping, ServerOptions, Tls, WampRawSocketClientFactory, WampWebSocketClientFactory,
};
use wampwerk::{Router, Serializer, Session, connect};

use crate::common::authority::Authority;
use crate::common::relay::Relay;
use crate::common::router;
use crate::common::router_with;
use crate::common::soon;

async fn plain(router: &Router) -> Listener {
    router.listen("rs://127.0.0.1:0").await.unwrap()
}

fn client(url: &str, serializer: Serializer) -> WampRawSocketClientFactory {
    WampRawSocketClientFactory::new(url, serializer).unwrap()
}

/// Registers and calls, both ways over this session.
async fn assert_works(session: &Session) {
    let add = |a: i64, b: i64| async move { a + b };
    let registration = session.register("com.example.add", add).await.unwrap();
    let sum: i64 = session.call("com.example.add").args((2, 3)).value().await.unwrap();
    assert_eq!(sum, 5);
    registration.unregister().await.unwrap();
}

#[tokio::test]
async fn each_serializer_works() {
    let router = router();
    let listener = plain(&router).await;
    for serializer in Serializer::ALL {
        let session = connect_with(client(listener.url(), serializer), "realm1").await.unwrap();
        let info = session.transport();
        assert_eq!((info.kind, info.serializer, info.secure), ("rawsocket", serializer, false));
        assert_works(&session).await;
        session.leave().await;
    }
}

#[tokio::test]
async fn connect_goes_by_the_scheme() {
    let router = router();
    let listener = plain(&router).await;
    let session = connect(listener.url(), "realm1").await.unwrap();
    assert_eq!(session.transport().serializer, Serializer::Cbor);
    let preferred = [Serializer::MsgPack, Serializer::Json];
    let session = connect(listener.url(), "realm1")
        .serializers(&preferred)
        .timeout(Duration::from_secs(20))
        .await
        .unwrap();
    assert_eq!(session.transport().serializer, Serializer::MsgPack);
    assert_works(&session).await;

    let error = connect("rs://h/path", "realm1").await.unwrap_err();
    assert!(matches!(error, ConnectError::InvalidUrl(_)), "{error}");
    let error = connect(listener.url(), "realm1").batched(true).await.unwrap_err();
    assert!(matches!(error, ConnectError::InvalidConfig(_)), "{error}");
    let error = connect(listener.url(), "realm1").serializers(&[]).await.unwrap_err();
    assert!(matches!(error, ConnectError::InvalidConfig(_)), "{error}");
}

#[tokio::test]
async fn a_serializer_that_the_router_lacks_is_refused_by_name() {
    let router = router_with(|it| it.serializers(&[Serializer::Json]));
    let listener = plain(&router).await;
    let error = connect(listener.url(), "realm1").await.unwrap_err();
    assert!(error.to_string().contains("with cbor: it does not speak the serializer"), "{error}");
    match error {
        ConnectError::RawSocketRefused { refusal, .. } => {
            assert_eq!(refusal, RawSocketRefusal::SerializerUnsupported);
        }
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn tls_protects_it_and_names_its_channel() {
    let authority = Authority::named("authority");
    let router = router();
    let listening = router.listen("rss://localhost:0").tls(authority.server("localhost"));
    let listener = listening.await.unwrap();
    let factory = client(listener.url(), Serializer::Cbor).tls(authority.trusted());
    let session = connect_with(&factory, "realm1").await.unwrap();
    assert!(session.transport().secure);
    assert!(session.transport().channel_id.is_some());
    assert_works(&session).await;

    // The name counts, and who has signed it.
    let tls = authority.trusted().hostname("other.example");
    let error = client(listener.url(), Serializer::Cbor).tls(tls).connect().await.err().unwrap();
    assert!(matches!(error, ConnectError::Tls { host, .. } if host == "other.example"));
    let stranger = Authority::named("stranger").trusted();
    let factory = client(listener.url(), Serializer::Cbor).tls(stranger);
    let error = factory.connect().await.err().unwrap();
    assert!(error.to_string().contains("not signed by an authority"), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_unix_socket_leads_there() {
    use wampwerk::transport::Endpoint;

    let path = std::env::temp_dir().join(format!("ww-rs-{}.sock", std::process::id()));
    let path = path.to_str().unwrap();
    let router = router();
    let listener = router.listen(format!("rs://unix:{path}")).await.unwrap();
    for url in [format!("rs://unix:{path}"), format!("rs+unix://{path}")] {
        let session = connect(url, "realm1").await.unwrap();
        assert_eq!(session.transport().peer, format!("unix:{path}"));
        assert_works(&session).await;
    }
    let factory = client("rs://router.example:1", Serializer::Json);
    let factory = factory.endpoint(Endpoint::unix(path));
    assert_works(&connect_with(&factory, "realm1").await.unwrap()).await;
    listener.close().await;
}

#[tokio::test]
async fn who_comes_the_wrong_way_is_told() {
    let authority = Authority::named("authority");
    let router = router();
    let raw = plain(&router).await;
    let web = router.listen("ws://127.0.0.1:0/ws").await.unwrap();
    let listening = router.listen("rss://127.0.0.1:0").tls(authority.server("127.0.0.1"));
    let secure = listening.await.unwrap();
    let port = |listener: &Listener| listener.local_addr().unwrap().port();
    let by_raw = |scheme: &str, listener: &Listener, tls: Tls| {
        let url = format!("{scheme}://127.0.0.1:{}", port(listener));
        let factory = client(&url, Serializer::Cbor);
        // Settings of TLS are refused where the URL has none.
        let factory = if scheme == "rss" { factory.tls(tls) } else { factory };
        async move { factory.connect().await.err().unwrap().to_string() }
    };
    let error = by_raw("rs", &secure, Tls::new()).await;
    assert!(error.contains("it speaks TLS: use rss://"), "{error}");
    let error = by_raw("rss", &raw, authority.trusted()).await;
    assert!(error.contains("TLS with 127.0.0.1 failed"), "{error}");
    assert!(error.contains("may not speak TLS"), "{error}");
    let error = by_raw("rss", &web, authority.trusted()).await;
    assert!(error.contains("the server does not speak TLS"), "{error}");
    let error = by_raw("rs", &web, Tls::new()).await;
    assert!(error.contains("if there is WebSocket, use ws://"), "{error}");

    let url = format!("ws://127.0.0.1:{}/ws", port(&raw));
    let factory = WampWebSocketClientFactory::new(&url, &[Serializer::Cbor]).unwrap();
    let error = factory.connect().await.err().unwrap();
    assert!(matches!(error, ConnectError::Handshake { .. } | ConnectError::Io { .. }), "{error}");
}

#[tokio::test]
async fn what_is_too_long_fails_alone() {
    let router = router();
    let options = ServerOptions::new().max_message_payload_size(2048);
    let listener = router.listen("rs://127.0.0.1:0").options(options).await.unwrap();
    let factory = client(listener.url(), Serializer::Cbor).max_message_payload_size(1000);
    let session = connect_with(&factory, "realm1").await.unwrap();
    // Limited by ourselves, both ways.
    let other = connect(listener.url(), "realm1").await.unwrap();
    assert_eq!((session.transport().max_send, other.transport().max_send), (1000, 2048));
    other.register("com.example.echo", |text: String| async move { text }).await.unwrap();
    other
        .register("com.example.long", |size: usize| async move { "x".repeat(size) })
        .await
        .unwrap();
    let too_long = |error: CallError| {
        let error = error.application().unwrap_or_else(|| panic!("{error}"));
        assert_eq!(error.uri, "wamp.error.payload_size_exceeded");
    };
    for _ in 0..3 {
        let call = session.call("com.example.echo").args(("x".repeat(1000),));
        too_long(call.value::<String>().await.unwrap_err());
        // 1000 becomes 1024 on the wire, which is what the router keeps to.
        let call = session.call("com.example.long").args((1024,));
        too_long(call.value::<String>().await.unwrap_err());
        let call = session.call("com.example.long").args((900,));
        assert_eq!(call.value::<String>().await.unwrap().len(), 900);
        // This one is too long for the router.
        let call = other.call("com.example.echo").args(("x".repeat(2048),));
        too_long(call.value::<String>().await.unwrap_err());
    }
    assert_works(&session).await;
    assert_works(&other).await;
}

#[tokio::test]
async fn a_half_open_link_is_found_out_by_pings() {
    let router = router();
    let listener = plain(&router).await;
    let relay = Relay::to(listener.local_addr().unwrap()).await;
    let times = Ping::new(Duration::from_millis(50), Duration::from_millis(1500));
    let factory =
        client(&format!("rs://127.0.0.1:{}", relay.port), Serializer::Cbor).auto_ping(times);
    let session = connect_with(&factory, "realm1").await.unwrap();
    // The router answers.
    soon(async {
        while session.transport().round_trip().is_none() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_works(&session).await;
    relay.stall();
    let reason = soon(session.closed()).await;
    assert_eq!(reason.kind, CloseKind::TransportLost);
    assert!(reason.to_string().contains("the peer answers no ping"), "{reason}");
}
