//! What a component says of routers, proxies and names that refuse it, over real sockets: typed,
//! with host and port, once per attempt; and that it ends where nothing else helps.

use std::future::poll_fn;

use serde_json::{Value, json};
use wampwerk::Serializer;
use wampwerk::component::{
    AttemptError, Component, ComponentBuilder, ComponentError, ComponentState, RetryDecision,
};
use wampwerk::error::{CloseKind, ConnectError};
use wampwerk::server::Listener;
use wampwerk::transport::Acceptor;
use wampwerk::websocket::CloseCode;

use crate::common;
use crate::common::authority::Authority;
use crate::common::endpoints::{closed_port, listen_on, receive};
use crate::common::machine::router_at;
use crate::common::notes::Notes;
use crate::common::proxy::{Manner, serve_socks5};
use crate::common::{router, soon};

fn at(transports: &Value) -> ComponentBuilder {
    Component::builder().transports(transports.to_string().as_str())
}

/// A transport that is tried as often as that, without a delay.
fn transport(url: &str, tries: u32, more: Value) -> Value {
    let mut transport = json!({"url": url, "max_retries": tries - 1, "initial_retry_delay": 0});
    for (key, value) in more.as_object().unwrap() {
        transport[key] = value.clone();
    }
    transport
}

fn errors_of(component: &Component) -> Notes<AttemptError> {
    let errors = Notes::new();
    let kept = errors.clone();
    component.on_connect_failure(move |error| {
        kept.note(error);
        async {}
    });
    errors
}

/// How it ends, with the errors of all its attempts: the last one is also that of the end.
async fn end_of(transports: &Value) -> (ComponentError, Vec<AttemptError>) {
    let component = at(transports).build().unwrap();
    let errors = errors_of(&component);
    let end = soon(component.start()).await.unwrap_err();
    let errors = errors.all();
    let last = end.attempt().unwrap().to_string();
    assert_eq!(errors.last().unwrap().to_string(), last);
    assert!(end.to_string().contains(&last), "{end}");
    (end, errors)
}

/// Its only transport is tried twice, and fails in the same way.
async fn twice(transport: Value) -> ConnectError {
    let (end, errors) = end_of(&transport).await;
    assert!(matches!(end, ComponentError::Exhausted { attempts: 2, .. }), "{end}");
    assert_eq!(errors.len(), 2);
    let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(texts[0], texts[1]);
    match errors.into_iter().next().unwrap() {
        AttemptError::Connect(error) => error,
        other => panic!("{other}"),
    }
}

/// A router that refuses whoever comes with the next of these reasons, and the last one for good;
/// its port.
async fn aborting(reasons: &'static [&'static str]) -> u16 {
    let (listener, port) = listen_on("127.0.0.1:0").await;
    tokio::spawn(async move {
        let mut reasons = reasons.iter().peekable();
        loop {
            let reason = *reasons.peek().unwrap();
            if reasons.len() > 1 {
                reasons.next();
            }
            let (stream, peer) = listener.accept().await.unwrap();
            let config = Acceptor::websocket("/ws", &[Serializer::Json]);
            let mut end = config.accept(stream, peer).await.unwrap();
            let hello: Value = serde_json::from_slice(&receive(&mut end).await).unwrap();
            assert_eq!((&hello[0], &hello[1]), (&json!(1), &json!("realm1")));
            let abort = json!([3, {"message": "not today"}, reason]);
            end.start_send(abort.to_string().into()).unwrap();
            poll_fn(|cx| end.poll_flush(cx)).await.unwrap();
            // The client may have gone by itself.
            let _ = poll_fn(|cx| end.poll_close(cx, CloseCode::Normal)).await;
        }
    });
    port
}

fn ws(port: u16) -> String {
    format!("ws://127.0.0.1:{port}/ws")
}

#[tokio::test]
async fn abort_is_tried_again_unless_that_cannot_help() {
    let port = aborting(&[
        "wamp.close.system_shutdown",
        "com.example.error.busy",
        "wamp.error.no_such_realm",
    ])
    .await;
    let (end, errors) = end_of(&transport(&ws(port), 10, json!({}))).await;
    assert!(matches!(end, ComponentError::Fatal(AttemptError::Refused(_))), "{end}");
    let refusals: Vec<_> = errors
        .iter()
        .map(|error| match error {
            AttemptError::Refused(reason) => {
                assert_eq!(reason.kind, CloseKind::Aborted);
                assert_eq!(reason.message.as_deref(), Some("not today"));
                &*reason.reason
            }
            other => panic!("{other}"),
        })
        .collect();
    assert_eq!(
        refusals,
        ["wamp.close.system_shutdown", "com.example.error.busy", "wamp.error.no_such_realm"]
    );
}

#[tokio::test]
async fn an_untrusted_certificate_and_one_for_another_host() {
    let authority = Authority::named("ours");
    let router = router();
    let listener =
        router.listen("wss://127.0.0.1:0/ws").tls(authority.server("inner.example")).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let with = |tls: Value| {
        let endpoint = json!({"type": "tcp", "host": "127.0.0.1", "port": port, "tls": tls});
        transport("wss://router.example/ws", 2, json!({"endpoint": endpoint}))
    };
    let refused = |error: ConnectError, host: &str| match &error {
        ConnectError::Tls { host: told, .. } => {
            assert_eq!(told, host);
            let text = error.to_string();
            assert!(text.contains(host) && text.contains("certificate"), "{text}");
        }
        other => panic!("{other}"),
    };
    let untrusted = twice(with(json!({"hostname": "inner.example"}))).await;
    refused(untrusted, "inner.example");
    let elsewhere = twice(with(json!({"trust_root": authority.pem()}))).await;
    refused(elsewhere, "router.example");
    // With both it is let in.
    let good = with(json!({"hostname": "inner.example", "trust_root": authority.pem()}));
    let component = at(&good).main(|session| async move { drop(session) }).build().unwrap();
    soon(component.start()).await.unwrap();
}

#[tokio::test]
async fn a_name_that_does_not_exist_and_a_port_where_nobody_listens() {
    let error = twice(transport("ws://nobody.invalid:8080/ws", 2, json!({}))).await;
    assert!(matches!(error, ConnectError::Io { .. }), "{error}");
    assert!(error.to_string().contains("nobody.invalid:8080"), "{error}");

    let port = closed_port("127.0.0.1:0").await;
    let error = twice(transport(&ws(port), 2, json!({}))).await;
    assert!(matches!(error, ConnectError::Io { .. }), "{error}");
    assert!(error.to_string().contains(&format!("127.0.0.1:{port}")), "{error}");
}

#[tokio::test]
async fn a_server_that_says_nothing_or_something_else() {
    // Only the system accepts the connection; no server reads from it.
    let (_listener, port) = listen_on("127.0.0.1:0").await;
    let options = json!({"options": {"openHandshakeTimeout": 0.05}});
    let error = twice(transport(&ws(port), 2, options)).await;
    assert!(matches!(error, ConnectError::Timeout(_)), "{error}");
    assert!(error.to_string().contains(&format!("127.0.0.1:{port}")), "{error}");

    let (_router_machine, _router, listener) = router_at(0).await;
    let address = listener.local_addr().unwrap();
    let error = twice(transport(&format!("ws://{address}/elsewhere"), 2, json!({}))).await;
    assert!(matches!(error, ConnectError::Handshake { .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains("404") && text.contains(&address.to_string()), "{text}");

    let proxy = json!({"proxy": {"host": "127.0.0.1", "port": port}, "endpoint":
        {"type": "tcp", "host": "router.example", "port": 80, "timeout": 0.05}});
    let error = twice(transport("ws://router.example/ws", 2, proxy)).await;
    assert!(matches!(error, ConnectError::Timeout(_)), "{error}");
    assert!(error.to_string().contains(&format!("proxy http://127.0.0.1:{port}")), "{error}");
}

#[tokio::test]
async fn a_socks5_proxy_that_refuses_until_it_does_not() {
    let (_machine, _router, router) = router_at(0).await;
    let target = router.local_addr().unwrap();
    let (listener, port) = listen_on("127.0.0.1:0").await;
    let serving = tokio::spawn(async move {
        // By its rules; the host cannot be reached.
        for code in [2, 4] {
            let reply = Some(vec![code, 0, 1, 0, 0, 0, 0, 0, 0]);
            let manner = Manner { reply, ..Manner::default() };
            let (stream, _) = listener.accept().await.unwrap();
            let told = serve_socks5(stream, target, &manner).await;
            assert_eq!(told, "refused router.example:80");
        }
        let (stream, _) = listener.accept().await.unwrap();
        serve_socks5(stream, target, &Manner::default()).await
    });
    let proxy = json!({"type": "socks5", "host": "127.0.0.1", "port": port});
    let component = at(&transport("ws://router.example/ws", 3, json!({"proxy": proxy})))
        .main(|session| async move { drop(session) })
        .build()
        .unwrap();
    let errors = errors_of(&component);
    soon(component.start()).await.unwrap();
    assert_eq!(soon(serving).await.unwrap(), "router.example:80");
    let statuses: Vec<_> = errors
        .all()
        .iter()
        .map(|error| match error {
            AttemptError::Connect(ConnectError::Proxy { proxy, status, .. }) => {
                assert!(proxy.contains(&format!("127.0.0.1:{port}")), "{proxy}");
                assert!(error.to_string().contains(proxy), "{error}");
                status.unwrap()
            }
            other => panic!("{other}"),
        })
        .collect();
    assert_eq!(statuses, [2, 4]);
}

#[tokio::test]
async fn nine_transports_that_fail_each_in_its_way_and_one_that_works() {
    let (machine, router, listener) = router_at(0).await;
    let address = listener.local_addr().unwrap();
    let authority = Authority::named("ours");
    let tls_router = common::router();
    let tls: Listener =
        tls_router.listen("wss://127.0.0.1:0/ws").tls(authority.server("localhost")).await.unwrap();
    let closed = closed_port("127.0.0.1:0").await;
    let (_silent_listener, silent) = listen_on("127.0.0.1:0").await;
    let busy = aborting(&["com.example.error.busy"]).await;
    let proxied = |kind: &str| json!({"type": kind, "host": "127.0.0.1", "port": closed});
    let transports = json!([
        transport(&ws(closed), 1, json!({})),
        transport(&ws(silent), 1, json!({"options": {"openHandshakeTimeout": 0.05}})),
        transport(&format!("ws://{address}/elsewhere"), 1, json!({})),
        transport(tls.url(), 1, json!({})),
        transport("ws://nobody.invalid/ws", 1, json!({})),
        transport("ws://router.example/ws", 1, json!({"proxy": proxied("http")})),
        transport("ws://router.example/ws", 1, json!({"proxy": proxied("socks5")})),
        transport("ws://unix:/nowhere/at/all:/ws", 1, json!({})),
        transport(&ws(busy), 1, json!({})),
        transport(listener.url(), 1, json!({})),
    ]);
    let component = at(&transports).build().unwrap();
    let errors = errors_of(&component);
    let tried = Notes::new();
    let kept = tried.clone();
    component.on_retry(move |notice| {
        kept.note((notice.failed_transport.clone(), notice.transport.clone()));
        RetryDecision::Retry
    });
    let mut states = component.states();
    let running = component.start();
    let state = soon(states.wait_for(ComponentState::is_joined)).await.unwrap();
    let ComponentState::Joined { transport, .. } = state else { panic!("{state:?}") };
    assert_eq!(transport, listener.url());

    let told: Vec<AttemptError> = errors.all();
    let texts: Vec<String> = told.iter().map(ToString::to_string).collect();
    let kinds: Vec<&str> = told
        .iter()
        .map(|error| match error {
            AttemptError::Connect(ConnectError::Io { .. }) => "io",
            AttemptError::Connect(ConnectError::Timeout(_)) => "timeout",
            AttemptError::Connect(ConnectError::Handshake { .. }) => "handshake",
            AttemptError::Connect(ConnectError::Tls { .. }) => "tls",
            AttemptError::Connect(ConnectError::Proxy { .. }) => "proxy",
            AttemptError::Refused(_) => "refused",
            other => panic!("{other}"),
        })
        .collect();
    let wanted = ["io", "timeout", "handshake", "tls", "io", "proxy", "proxy", "io", "refused"];
    assert_eq!(kinds, wanted, "{texts:?}");
    let parts = [
        format!("127.0.0.1:{closed}"),
        format!("127.0.0.1:{silent}"),
        address.to_string(),
        "127.0.0.1".to_owned(),
        "nobody.invalid:80".to_owned(),
        format!("127.0.0.1:{closed}"),
        format!("127.0.0.1:{closed}"),
        "/nowhere/at/all".to_owned(),
        "com.example.error.busy".to_owned(),
    ];
    for (text, part) in texts.iter().zip(parts) {
        assert!(text.contains(&part), "{part}: {text}");
    }
    // Each was one attempt, in order, and it is said which it was.
    let urls: Vec<String> = transports
        .as_array()
        .unwrap()
        .iter()
        .map(|transport| transport["url"].as_str().unwrap().to_owned())
        .collect();
    let pairs: Vec<_> = urls.windows(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect();
    assert_eq!(tried.all(), pairs);
    assert_eq!(router.statistics().sessions, 1);

    // A join gives each its attempts back: it goes on round, and comes to its end now.
    machine.kill().await;
    let end = soon(running).await.unwrap_err();
    assert!(matches!(end, ComponentError::Exhausted { attempts: 10, .. }), "{end}");
    assert_eq!(errors.all().len(), 9 + 10);
    assert!(matches!(errors.all()[9], AttemptError::Lost(_)));
}
