//! A component whose network or router dies under it, over real sockets: it notices, says why, and
//! has everything again, once.

use std::future::pending;
use std::net::SocketAddr;

use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use wampwerk::component::{
    AttemptError, Component, ComponentState, RetryDecision, RetryNotice, States,
};
use wampwerk::error::{CallError, CloseKind, ConnectError};
use wampwerk::session::RegisterRequest;
use wampwerk::uri::Pattern;
use wampwerk::{Session, connect};

use crate::common::machine::{Machine, router_at};
use crate::common::proxy::{Manner, serve_http};
use crate::common::relay::Relay;
use crate::common::soon;

/// Keys of a transport that is tried again soon.
const SOON: &str = r#""initial_retry_delay": 0.01, "max_retry_delay": 0.1"#;

/// Those that count on a link that lives.
const PINGS: &str = r#""options": {"autoPingInterval": 0.1, "autoPingTimeout": 1.5}"#;

async fn until(holds: impl Fn() -> bool) {
    soon(async {
        while !holds() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

async fn joined(states: &mut States) {
    soon(states.wait_for(ComponentState::is_joined)).await.unwrap();
}

fn notices(component: &Component) -> UnboundedReceiver<RetryNotice> {
    let (sender, notices) = unbounded_channel();
    component.on_retry(move |notice| {
        drop(sender.send(notice.clone()));
        RetryDecision::Retry
    });
    notices
}

/// Skips notices until one whose error fits; it comes with its text.
async fn told(
    notices: &mut UnboundedReceiver<RetryNotice>,
    fits: impl Fn(&AttemptError) -> bool,
) -> String {
    loop {
        let notice = soon(notices.recv()).await.unwrap();
        if fits(&notice.error) {
            assert!(notice.will_retry);
            return notice.error.to_string();
        }
    }
}

fn is_lost(error: &AttemptError) -> bool {
    matches!(error, AttemptError::Lost(_))
}

/// The callees and subscribers of everything that stands: those of the component, each once.
async fn assert_once(asking: &Session, component: &Component, counts: [usize; 2]) {
    let id = component.session().unwrap().id();
    let meta = asking.meta();
    let all = meta.registration_list().await.unwrap();
    let ids: Vec<u64> = [all.exact, all.prefix, all.wildcard].concat();
    assert_eq!(ids.len(), counts[0]);
    for registration in ids {
        assert_eq!(meta.registration_list_callees(registration).await.unwrap(), [id]);
    }
    let all = meta.subscription_list().await.unwrap();
    let ids: Vec<u64> = [all.exact, all.prefix, all.wildcard].concat();
    assert_eq!(ids.len(), counts[1]);
    for subscription in ids {
        assert_eq!(meta.subscription_list_subscribers(subscription).await.unwrap(), [id]);
    }
}

#[tokio::test]
async fn a_router_that_is_killed_and_started_again_on_its_port() {
    let (mut machine, mut router, listener) = router_at(0).await;
    let url = listener.url().to_owned();
    let address = listener.local_addr().unwrap();
    let component = Component::builder()
        .transports(format!(r#"[{{"url": "{url}", {SOON}}}]"#).as_str())
        .build()
        .unwrap();
    component.register("com.example.add", |a: i64, b: i64| async move { a + b });
    component.register(Pattern::prefix("com.example.echo."), |text: String| async move { text });
    let (sender, mut events) = unbounded_channel();
    for topic in ["com.example.news", "com.example.weather"] {
        let sender = sender.clone();
        component.subscribe(topic, move |number: i64| {
            let _ = sender.send((topic, number));
            async {}
        });
    }
    let (mut states, mut notices) = (component.states(), notices(&component));
    let running = component.start();
    for round in 0..4_i64 {
        joined(&mut states).await;
        let session = component.session().unwrap();
        let other = connect(&url, "realm1").await.unwrap();
        assert_once(&other, &component, [2, 2]).await;
        let statistics = router.statistics();
        assert_eq!((statistics.sessions, statistics.connections), (2, 2));

        let sum: i64 = other.call("com.example.add").args((round, 2)).value().await.unwrap();
        assert_eq!(sum, round + 2);
        let echo: String = other.call("com.example.echo.a").args(("hi",)).value().await.unwrap();
        assert_eq!(echo, "hi");
        for topic in ["com.example.news", "com.example.weather"] {
            other.publish(topic).args((round,)).acknowledge().await.unwrap();
            assert_eq!(soon(events.recv()).await.unwrap(), (topic, round));
        }

        other.register("com.example.stuck", pending::<()>).await.unwrap();
        let mut live = session.subscribe("com.example.live").await.unwrap();
        let calls: Vec<_> = (0..10)
            .map(|_| tokio::spawn(session.call("com.example.stuck").value::<()>()))
            .collect();
        until(|| router.statistics().calls >= 10).await;
        let killed = round % 2 == 0;
        if killed {
            machine.kill().await;
        } else {
            soon(router.shutdown()).await;
            machine.kill().await;
        }
        let kind = if killed { CloseKind::TransportLost } else { CloseKind::Goodbye };
        for call in calls {
            let error = soon(call).await.unwrap().unwrap_err();
            let CallError::Closed { reason, .. } = error else { panic!("{error}") };
            assert_eq!(reason.kind, kind, "{reason}");
        }
        assert!(soon(live.next()).await.is_none());
        assert_eq!(live.close_reason().unwrap().kind, kind);
        assert!(session.call("com.example.add").args((1, 2)).await.is_err());

        // Nothing listens there now, and that is what it says.
        let text = told(&mut notices, is_lost).await;
        assert!(text.contains(if killed { "transport" } else { "goodbye" }), "{text}");
        let refused =
            |error: &AttemptError| matches!(error, AttemptError::Connect(ConnectError::Io { .. }));
        let text = told(&mut notices, refused).await;
        assert!(text.contains(&address.to_string()), "{text}");
        assert!(component.session().is_none());
        assert!(events.try_recv().is_err());
        (machine, router, _) = router_at(address.port()).await;
    }
    joined(&mut states).await;
    soon(component.stop()).await;
    soon(running).await.unwrap();
    until(|| router.statistics().connections == 0).await;
    assert_eq!(router.statistics(), wampwerk::router::Statistics::default());
}

/// A component behind a relay that has stopped to forward, after it has noticed; with what it
/// registers, by force or not.
async fn half_open(force: bool, strict: bool) {
    let (_machine, router, listener) = router_at(0).await;
    let relay = Relay::to(listener.local_addr().unwrap()).await;
    let transport = format!(r#"{{"url": "ws://127.0.0.1:{}/ws", {PINGS}, {SOON}}}"#, relay.port);
    let component =
        Component::builder().transports(transport.as_str()).strict(strict).build().unwrap();
    let add = |a: i64, b: i64| async move { a + b };
    let set = move |request: RegisterRequest| {
        if force { request.force_reregister() } else { request }
    };
    component.register_with_options("com.example.add", set, add);
    let (mut states, mut notices) = (component.states(), notices(&component));
    let running = component.start();
    joined(&mut states).await;
    let other = connect(listener.url(), "realm1").await.unwrap();
    other.register("com.example.stuck", pending::<()>).await.unwrap();
    let session = component.session().unwrap();
    let call = tokio::spawn(session.call("com.example.stuck").value::<()>());
    until(|| router.statistics().calls >= 1).await;

    relay.stall();
    let error = soon(call).await.unwrap().unwrap_err();
    let CallError::Closed { reason, .. } = error else { panic!("{error}") };
    assert!(reason.to_string().contains("no ping"), "{reason}");
    let text = told(&mut notices, is_lost).await;
    assert!(text.contains("the peer answers no ping"), "{text}");
    // The router knows nothing of it, and goes on with the session.
    assert_eq!(router.statistics().sessions, 2);
    let others = other.meta().session_list(None).await.unwrap();
    assert!(others.contains(&session.id()));

    relay.resume();
    if strict {
        // The procedure is the lost session's, until the router has lost it, too.
        let taken = |error: &AttemptError| match error {
            AttemptError::Handler { what, .. } => what == "register com.example.add",
            _ => false,
        };
        let text = told(&mut notices, taken).await;
        assert!(text.contains("wamp.error.procedure_already_exists"), "{text}");
        assert!(!component.state().is_joined());
        relay.close_dead();
    }
    joined(&mut states).await;
    let registration = other.meta().registration_match("com.example.add").await.unwrap().unwrap();
    let id = component.session().unwrap().id();
    assert_ne!(id, session.id());
    let callees = other.meta().registration_list_callees(registration).await.unwrap();
    assert_eq!(callees, [id]);
    let sum: i64 = other.call("com.example.add").args((1, 2)).value().await.unwrap();
    assert_eq!(sum, 3);

    relay.close_dead();
    until(|| router.statistics().sessions <= 2).await;
    // It has not taken the procedure along.
    let sum: i64 = other.call("com.example.add").args((1, 2)).value().await.unwrap();
    assert_eq!(sum, 3);
    soon(component.stop()).await;
    soon(running).await.unwrap();
}

#[tokio::test]
async fn a_half_open_link_and_a_procedure_that_is_taken_over() {
    half_open(true, false).await;
}

#[tokio::test]
async fn a_half_open_link_and_a_procedure_that_is_waited_for() {
    half_open(false, true).await;
}

async fn proxy_at(port: u16, target: SocketAddr) -> (Machine, u16) {
    Machine::boot(async move {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(async move { serve_http(stream, target, &Manner::default()).await });
            }
        });
        port
    })
    .await
}

#[tokio::test]
async fn a_proxy_that_dies_under_a_session_and_comes_back() {
    let (_machine, router, listener) = router_at(0).await;
    let target = listener.local_addr().unwrap();
    let (mut proxy, port) = proxy_at(0, target).await;
    let transport = format!(
        r#"{{"url": "ws://router.example/ws", {SOON},
            "proxy": {{"host": "127.0.0.1", "port": {port}}}}}"#
    );
    let component = Component::builder().transports(transport.as_str()).build().unwrap();
    component.register("com.example.add", |a: i64, b: i64| async move { a + b });
    let (mut states, mut notices) = (component.states(), notices(&component));
    let running = component.start();
    let other = connect(listener.url(), "realm1").await.unwrap();
    for _ in 0..3 {
        joined(&mut states).await;
        assert_once(&other, &component, [1, 0]).await;
        proxy.kill().await;
        told(&mut notices, is_lost).await;
        let gone = |error: &AttemptError| {
            matches!(error, AttemptError::Connect(ConnectError::Proxy { status: None, .. }))
        };
        let text = told(&mut notices, gone).await;
        assert!(text.contains(&format!("127.0.0.1:{port}")), "{text}");
        // The router has lost the session, too.
        until(|| router.statistics().sessions <= 1).await;
        (proxy, _) = proxy_at(port, target).await;
    }
    joined(&mut states).await;
    let sum: i64 = other.call("com.example.add").args((1, 2)).value().await.unwrap();
    assert_eq!(sum, 3);
    soon(component.stop()).await;
    soon(running).await.unwrap();
}
