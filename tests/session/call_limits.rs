//! What a call is refused for before it is sent, and how its timeouts are kept, at a router that says
//! what the test has it say.

use std::future::{IntoFuture, pending};
use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;
use wampwerk::Session;
use wampwerk::error::CallError;

use crate::common::scripted::{Scripted, join_as};

async fn able() -> (Session, Scripted) {
    let dealer = json!({"features": {
        "call_timeout": true,
        "progressive_call_results": true,
        "progressive_call_invocations": true,
    }});
    join_as(json!({"roles": {"broker": {}, "dealer": dealer}})).await
}

/// The reason of a refusal.
fn refused<T>(outcome: Result<T, CallError>) -> String {
    match outcome {
        Err(CallError::Application(error)) => format!("{error}"),
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("it was not refused"),
    }
}

#[tokio::test]
async fn results_have_one_taker() {
    let (session, mut router) = able().await;
    for outcome in [
        session.call("com.a").on_progress(drop).start().await.map(drop),
        session.call("com.a").on_progress(drop).start_streaming().await.map(drop),
    ] {
        assert!(refused(outcome).starts_with("wamp.error.invalid_argument: on_progress()"));
    }
    let call = tokio::spawn(session.call("com.b").into_future());
    assert_eq!(router.answer(json!([])).await[3], "com.b", "nothing of the others was sent");
    call.await.unwrap().unwrap();
}

#[tokio::test]
async fn known_options_are_not_set_past_their_types() {
    let (session, mut router) = able().await;
    let error = session.call("com.a").option("timeout", "soon").await.unwrap_err();
    let text = "wamp.error.invalid_argument: CALL.Options.timeout";
    assert!(refused::<()>(Err(error)).starts_with(text));
    let error = session.publish("com.a").option("retain", 1).await.unwrap_err();
    assert!(error.to_string().contains("PUBLISH.Options.retain"), "{error}");
    let error = session.subscribe("com.a").option("match", 1).await.unwrap_err();
    assert!(error.to_string().contains("SUBSCRIBE.Options.match"), "{error}");
    let error = session.register("com.a", pending::<()>).option("invoke", 1).await.unwrap_err();
    assert!(error.to_string().contains("REGISTER.Options.invoke"), "{error}");
    let call = tokio::spawn(session.call("com.a").option("x_own", 1).into_future());
    assert_eq!(router.answer(json!([])).await[2], json!({"x_own": 1}));
    call.await.unwrap().unwrap();
}

const LIMIT: Duration = Duration::from_millis(100);

#[tokio::test(start_paused = true)]
async fn sending_arguments_obeys_the_timeout() {
    let (session, mut router) = able().await;
    let call = session.call("com.a").args((0,)).timeout(LIMIT).start_streaming().await.unwrap();
    let began = Instant::now();
    // The router reads nothing, so at some time there is no room.
    let error = loop {
        if let Err(error) = call.send(("x",)).await {
            break error;
        }
    };
    assert!(matches!(error, CallError::Timeout { .. }), "{error:?}");
    assert_eq!(began.elapsed().as_millis() / 10, LIMIT.as_millis() / 10);
    let again = call.send(("x",)).await.unwrap_err();
    assert!(matches!(again, CallError::Timeout { .. }), "{again:?}");
    let error = call.finish(("x",)).await.unwrap_err();
    assert!(matches!(error, CallError::Timeout { .. }), "{error:?}");
    // As does starting, of which no time is forgotten.
    let began = Instant::now();
    let error = session.call("com.a").timeout(LIMIT).start().await.unwrap_err();
    assert!(matches!(error, CallError::Timeout { .. }), "{error:?}");
    assert_eq!(began.elapsed().as_millis() / 10, LIMIT.as_millis() / 10);
    router.expect(48).await;
}

#[tokio::test(start_paused = true)]
async fn the_time_until_a_call_is_taken_counts() {
    let (session, mut router) = able().await;
    let filled = session.call("com.a").args((0,)).start_streaming().await.unwrap();
    // It waits for the router to read.
    let fill = async { while filled.send(("x",)).await.is_ok() {} };
    assert!(tokio::time::timeout(LIMIT, fill).await.is_err());
    let began = Instant::now();
    let start = session.call("com.b").timeout(LIMIT).start();
    let read = async {
        tokio::time::sleep(LIMIT / 2).await;
        while router.recv().await[3] != "com.b" {}
    };
    let (call, ()) = tokio::join!(start, read);
    let error = call.unwrap().result().await.unwrap_err();
    assert!(matches!(error, CallError::Timeout { .. }), "{error:?}");
    assert_eq!(began.elapsed().as_millis() / 10, LIMIT.as_millis() / 10);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_that_the_router_tells_is_kept_if_it_has_announced_that() {
    for announced in [true, false] {
        let dealer = json!({"features": {"call_timeout": announced}});
        let (session, mut router) = join_as(json!({"roles": {"dealer": dealer}})).await;
        let registering = tokio::spawn(session.register("com.a", pending::<()>).into_future());
        let request = router.expect(64).await;
        router.send(json!([65, request, 9]));
        registering.await.unwrap().unwrap();
        router.send(json!([68, 1, 9, {"timeout": 100}]));
        let answer = tokio::time::timeout(Duration::from_secs(10), router.recv()).await;
        assert_eq!(
            answer.ok().map(|it| it[4].clone()),
            announced.then(|| "wamp.error.timeout".into())
        );
    }
}
