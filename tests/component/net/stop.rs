//! `stop()` at each station of a connection whose other end has fallen silent, over real sockets: it
//! is over soon, the run is no failure, the other end sees the connection close, and nothing is left.

use std::future::poll_fn;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::unbounded_channel;
use tokio::time::Instant;
use wampwerk::Serializer;
use wampwerk::component::{Component, ComponentBuilder, ComponentState, RetryDecision, Running};
use wampwerk::internals::core::client::ClientConfig;
use wampwerk::session::SessionConfig;
use wampwerk::session::authentication::Ticket;
use wampwerk::transport::Acceptor;
use wampwerk::transport::Transport;

use crate::common::endpoints::{closed_port, listen_on, receive};
use crate::common::relay::Relay;
use crate::common::{router, soon};

fn tasks() -> usize {
    tokio::runtime::Handle::current().metrics().num_alive_tasks()
}

async fn stop(component: Component, running: Running) {
    soon(component.stop()).await;
    assert_eq!(component.state(), ComponentState::Done);
    assert!(component.session().is_none());
    soon(running).await.unwrap();
}

async fn settled(before: usize) {
    let begin = Instant::now();
    while tasks() > before {
        assert!(begin.elapsed() < Duration::from_secs(20), "{} tasks are left", tasks());
        tokio::task::yield_now().await;
    }
}

fn at(transport: &Value) -> ComponentBuilder {
    let mut config = ClientConfig::default();
    config.leave_timeout = Duration::from_millis(100);
    Component::builder()
        .transports(transport.to_string().as_str())
        .session_config(SessionConfig::from(config))
}

/// Time limit of a closing handshake without an answer.
fn closing() -> Value {
    json!({"closeHandshakeTimeout": 0.1, "serverConnectionDropTimeout": 0.1})
}

/// Starts it, and stops it when the other end has come as far as it goes. That end must not see
/// another client.
async fn stop_at<E>(
    transport: &Value,
    listener: &TcpListener,
    reach: impl AsyncFnOnce(TcpStream) -> E,
    closed: impl AsyncFnOnce(E),
) {
    let before = tasks();
    let component = at(transport).authentication(Ticket::new("joe", "a secret")).build().unwrap();
    let running = component.start();
    let (stream, _) = soon(listener.accept()).await.unwrap();
    let end = soon(reach(stream)).await;
    assert!(!component.state().is_joined());
    stop(component, running).await;
    settled(before).await;
    soon(closed(end)).await;
    let another = poll_fn(|cx| std::task::Poll::Ready(listener.poll_accept(cx).is_ready())).await;
    assert!(!another);
}

#[tokio::test]
async fn before_there_is_a_websocket() {
    let (listener, port) = listen_on("127.0.0.1:0").await;
    let proxy = |kind: &str| json!({"type": kind, "host": "127.0.0.1", "port": port});
    for (transport, first) in [
        (json!({"url": format!("ws://127.0.0.1:{port}/ws")}), b'G'),
        // The type of TLS's handshake records.
        (json!({"url": format!("wss://127.0.0.1:{port}/ws")}), 0x16),
        (json!({"url": "wss://router.example/ws", "proxy": proxy("http")}), b'C'),
        (json!({"url": "ws://router.example/ws", "proxy": proxy("socks5")}), 5),
    ] {
        let reach = async |mut stream: TcpStream| {
            assert_eq!(stream.read_u8().await.unwrap(), first, "{transport}");
            stream
        };
        let closed = async |mut stream: TcpStream| {
            // What was said before, and the end; or a reset.
            let _ = stream.read_to_end(&mut Vec::new()).await;
        };
        stop_at(&transport, &listener, reach, closed).await;
    }
}

#[tokio::test]
async fn before_there_is_a_session() {
    let (listener, port) = listen_on("127.0.0.1:0").await;
    let transport = json!({"url": format!("ws://127.0.0.1:{port}/ws"), "options": closing()});
    for challenged in [false, true] {
        let reach = async |stream: TcpStream| {
            let peer = stream.peer_addr().unwrap();
            let config = Acceptor::websocket("/ws", &[Serializer::Json]);
            let mut end = config.accept(stream, peer).await.unwrap();
            assert!(receive(&mut end).await.starts_with(b"[1,"));
            if challenged {
                end.start_send(json!([4, "ticket", {}]).to_string().into()).unwrap();
                poll_fn(|cx| end.poll_flush(cx)).await.unwrap();
                assert!(receive(&mut end).await.starts_with(b"[5,"));
            }
            end
        };
        let closed = async |mut end: Box<dyn Transport>| {
            while let Some(Ok(_)) = poll_fn(|cx| end.poll_recv(cx)).await {}
        };
        stop_at(&transport, &listener, reach, closed).await;
    }
}

#[tokio::test]
async fn with_a_session_whose_link_is_dead() {
    let router = router();
    let listener = router.listen("ws://127.0.0.1:0/ws").await.unwrap();
    let relay = Relay::to(listener.local_addr().unwrap()).await;
    // The first connection starts a task of the router's for good.
    let _other = router.connect("realm1").await.unwrap();
    let before = tasks();
    let url = format!("ws://127.0.0.1:{}/ws", relay.port);
    let component = at(&json!({"url": url, "options": closing()})).build().unwrap();
    let mut states = component.states();
    let running = component.start();
    soon(states.wait_for(ComponentState::is_joined)).await.unwrap();
    relay.stall();
    stop(component, running).await;
    // Relay and router know nothing of it.
    assert_eq!(router.statistics().sessions, 2);
    relay.cut();
    settled(before).await;
    assert_eq!(relay.accepted(), 1);
}

#[tokio::test]
async fn while_it_waits_for_its_next_attempt() {
    let port = closed_port("127.0.0.1:0").await;
    let url = format!("ws://127.0.0.1:{port}/ws");
    let before = tasks();
    let component = at(&json!({"url": url, "initial_retry_delay": 300})).build().unwrap();
    let (sender, mut notices) = unbounded_channel();
    component.on_retry(move |notice| {
        sender.send(notice.delay).unwrap();
        RetryDecision::Retry
    });
    let mut states = component.states();
    let running = component.start();
    assert!(soon(notices.recv()).await.unwrap() > Duration::from_secs(100));
    let waits = |state: &ComponentState| matches!(state, ComponentState::Waiting { .. });
    soon(states.wait_for(waits)).await.unwrap();
    stop(component, running).await;
    settled(before).await;
    assert!(notices.try_recv().is_err());
}
