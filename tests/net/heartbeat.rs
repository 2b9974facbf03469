//! A router that is asked for a sign of life, where no pings are sent: over RawSocket, WebSocket, in batches and in
//! this process.

use std::time::Duration;

use wampwerk::component::ComponentState;
use wampwerk::error::{CallError, CloseKind};
use wampwerk::session::connect_with;
use wampwerk::{Component, Router, Session, connect};

use crate::common::relay::Relay;
use crate::common::{router, soon};

const INTERVAL: Duration = Duration::from_millis(60);
const TIMEOUT: Duration = Duration::from_millis(1500);

/// Several beats, in which the session must stay.
async fn stays(session: &Session) {
    tokio::time::sleep(10 * INTERVAL).await;
    assert!(!session.is_closed());
    assert_eq!(session.call("com.example.echo").args((7,)).value::<u8>().await.unwrap(), 7);
}

async fn echo(router: &Router) -> Session {
    let callee = router.connect("realm1").await.unwrap();
    callee.register("com.example.echo", |number: u8| async move { number }).await.unwrap();
    callee
}

#[tokio::test]
async fn the_embedded_router_answers_over_each_transport() {
    let router = router();
    let _callee = echo(&router).await;
    for (scheme, path) in [("rs", ""), ("ws", "/ws")] {
        let listener = router.listen(format!("{scheme}://127.0.0.1:0{path}")).await.unwrap();
        for batched in [false, true] {
            if scheme == "rs" && batched {
                continue;
            }
            let connect = connect(listener.url(), "realm1").heartbeat(INTERVAL, TIMEOUT);
            stays(&connect.batched(batched).await.unwrap()).await;
        }
    }
    stays(&connect_with(&router, "realm1").heartbeat(INTERVAL, TIMEOUT).await.unwrap()).await;
}

#[tokio::test]
async fn a_router_that_does_not_answer_is_given_up() {
    let router = router();
    for (scheme, path) in [("rs", ""), ("ws", "/ws")] {
        let listener = router.listen(format!("{scheme}://127.0.0.1:0{path}")).await.unwrap();
        let relay = Relay::to(listener.local_addr().unwrap()).await;
        let url = format!("{scheme}://127.0.0.1:{}{path}", relay.port);
        let timeout = Duration::from_millis(200);
        let session = connect(url, "realm1").heartbeat(INTERVAL, timeout).await.unwrap();
        relay.stall();
        let pending = session.call("com.example.echo").args((7,));
        let (reason, pending) = soon(async { tokio::join!(session.closed(), pending) }).await;
        assert_eq!(reason.kind, CloseKind::TimedOut, "{scheme}: {reason}");
        let text = "the router was silent for 60ms, and did not answer within 200ms";
        assert!(reason.to_string().contains(text), "{reason}");
        let Err(CallError::Closed { reason: told, .. }) = pending else { panic!("{pending:?}") };
        assert_eq!(told.kind, CloseKind::TimedOut);
    }
}

/// A session that ends so is not the end of its component.
#[tokio::test]
async fn a_component_comes_back() {
    let router = router();
    let listener = router.listen("rs://127.0.0.1:0").await.unwrap();
    let relay = Relay::to(listener.local_addr().unwrap()).await;
    let dict = format!(
        r#"{{
            "transports": [{{"url": "rs://127.0.0.1:{}", "initial_retry_delay": 0.01}}],
            "heartbeat": {{"interval": 0.06, "timeout": 0.3}}
        }}"#,
        relay.port
    );
    let component = Component::from_json(&dict).unwrap();
    let mut states = component.states();
    let running = component.start();
    soon(states.wait_for(ComponentState::is_joined)).await.unwrap();
    relay.stall();
    soon(states.wait_for(|state| !state.is_joined())).await.unwrap();
    relay.resume();
    soon(states.wait_for(ComponentState::is_joined)).await.unwrap();
    assert!(relay.accepted() >= 2);
    component.stop().await;
    soon(running).await.unwrap();
}

#[test]
fn the_dict_of_a_heartbeat_is_strict() {
    for (heartbeat, path, text) in [
        ("5", "heartbeat", "it must be a dict, not integer"),
        ("{}", "heartbeat.interval", "it is missing"),
        (r#"{"interval": -1}"#, "heartbeat.interval", "it must be 0 to 31536000 seconds"),
        (r#"{"interval": 1, "timeout": 0}"#, "heartbeat.timeout", "it must be more than 0 seconds"),
        (
            r#"{"interval": 1, "time": 1}"#,
            "heartbeat.time",
            "unknown key; known are interval, timeout",
        ),
    ] {
        let error = Component::from_json(&format!(r#"{{"heartbeat": {heartbeat}}}"#)).unwrap_err();
        assert_eq!((error.path.as_str(), error.message.as_str()), (path, text));
    }
    Component::from_json(r#"{"heartbeat": {"interval": 20}}"#).unwrap();
}
