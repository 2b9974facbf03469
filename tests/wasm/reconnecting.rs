//! A component over the browser's WebSocket against a live router: what it declares stands again
//! after its connection was lost. `tools/with-router` starts the router.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::mpsc;
use wampwerk::component::{AttemptError, Component, ComponentState, RetryPolicy};
use wampwerk::error::CloseKind;
use wampwerk::{Session, connect};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;

fn url() -> &'static str {
    let Some(url) = option_env!("WAMPWERK_TEST_URL") else { panic!("run under tools/with-router") };
    url
}

/// Lets the test close the socket under a session.
const REMEMBER: &str = "
    globalThis.WebSocket = class extends WebSocket {
        constructor(...given) {
            super(...given);
            globalThis.lastSocket = this;
        }
    };
";

#[wasm_bindgen_test]
async fn everything_stands_again_after_the_connection_was_lost() {
    let policy = RetryPolicy::default().initial_delay(Duration::ZERO);
    let component =
        Component::builder().transports(url()).realm("realm1").retry(policy).build().unwrap();
    let news = Rc::new(RefCell::new(Vec::new()));
    let heard = Rc::clone(&news);
    component.register("com.example.again", |n: i64| async move { n + 1 });
    component.subscribe("com.example.again", move |text: String| {
        heard.borrow_mut().push(text);
        async {}
    });
    let (sender, mut ready) = mpsc::unbounded_channel::<Session>();
    component.on_ready(move |session| {
        sender.send(session).unwrap();
        async {}
    });
    let failures = Rc::new(RefCell::new(Vec::new()));
    let failed = Rc::clone(&failures);
    component.on_connect_failure(move |error| {
        failed.borrow_mut().push(error);
        async {}
    });
    let other = connect(url(), "realm1").await.unwrap();
    js_sys::Function::new_no_args(REMEMBER).call0(&JsValue::NULL).unwrap();
    let running = component.start();
    for round in 0..5 {
        let session = ready.recv().await.unwrap();
        let next: i64 = other.call("com.example.again").args((round,)).value().await.unwrap();
        assert_eq!(next, round + 1);
        other.publish("com.example.again").args((format!("{round}"),)).acknowledge().await.unwrap();
        // Behind the event: the router keeps the order to each session, and so does the component.
        let _: i64 = other.call("com.example.again").args((round,)).value().await.unwrap();
        assert_eq!(component.session().unwrap().id(), session.id());
        js_sys::Function::new_no_args("lastSocket.close()").call0(&JsValue::NULL).unwrap();
        assert_eq!(session.closed().await.kind, CloseKind::TransportLost);
    }
    ready.recv().await.unwrap();
    let errors = failures.take();
    assert!(errors.len() == 5 && errors.iter().all(|error| matches!(error, AttemptError::Lost(_))));
    assert_eq!(*news.borrow(), ["0", "1", "2", "3", "4"]);
    component.stop().await;
    running.await.unwrap();
    assert_eq!(component.state(), ComponentState::Done);
    other.leave().await;
}
