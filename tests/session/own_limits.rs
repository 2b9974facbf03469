//! The limits that a client sets for itself.

use std::future::pending;

use wampwerk::error::CallError;
use wampwerk::session::connect_with;
use wampwerk::{ApplicationError, Router};

fn router() -> Router {
    Router::builder().realm("realm1").build().unwrap()
}

#[tokio::test]
async fn queues_are_bounded_in_bytes() {
    let router = router();
    let reader = connect_with(&router, "realm1").queue_limit(2500).await.unwrap();
    let mut events = reader.subscribe("com.example.a").await.unwrap();
    let writer = router.connect("realm1").await.unwrap();
    for _ in 0..5 {
        let publication = writer.publish("com.example.a").args(("x".repeat(1000),)).acknowledge();
        publication.await.unwrap();
    }
    // Whoever gets an answer has got the events before it.
    reader.call("wamp.session.count").await.unwrap();
    let mut read = 0;
    let missed = loop {
        match events.next().await.unwrap() {
            Ok(_) => read += 1,
            Err(lagged) => break lagged.missed,
        }
        if read == 2 {
            // The next one that comes tells of those that did not fit.
            writer.publish("com.example.a").args(("x",)).acknowledge().await.unwrap();
        }
    };
    assert_eq!((read, missed), (2, 3));
}

#[tokio::test]
async fn calls_at_work_are_bounded_in_bytes() {
    let router = router();
    let callee = connect_with(&router, "realm1").running_limit(1500).await.unwrap();
    callee.register("com.example.wait", |_: String| pending::<()>()).await.unwrap();
    callee.register("com.example.now", |text: String| async move { text }).await.unwrap();
    let caller = router.connect("realm1").await.unwrap();
    let waiting = caller.call("com.example.wait").args(("x".repeat(1000),)).start().await.unwrap();
    let error = caller.call("com.example.wait").args(("x".repeat(1000),)).await.unwrap_err();
    let CallError::Application(ApplicationError { uri, args, .. }) = error else {
        panic!("{error:?}")
    };
    assert_eq!(uri.as_str(), "wamp.error.unavailable");
    assert!(args[0].as_str().unwrap().contains("running_limit"), "{args:?}");
    let short: String = caller.call("com.example.now").args(("x",)).value().await.unwrap();
    assert_eq!(short, "x");
    drop(waiting);
}
