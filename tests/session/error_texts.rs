//! Errors of requests: they name the procedure or topic, and hold their cause.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use wampwerk::error::{
    CallError, CloseReason, DecodeError, PublishError, RegisterError, SubscribeError,
};
use wampwerk::{ApplicationError, Router, Session};

async fn session() -> (Router, Session) {
    let router = Router::builder().realm("realm1").build().unwrap();
    let session = router.connect("realm1").await.unwrap();
    (router, session)
}

#[tokio::test]
async fn a_closed_session_names_what_was_asked() {
    let (_router, session) = session().await;
    session.clone().leave().await;
    let error = session.call("com.example.add").await.unwrap_err();
    let CallError::Closed { procedure, .. } = &error else { panic!("{error}") };
    assert_eq!(procedure, "com.example.add");
    assert!(error.to_string().contains("com.example.add"), "{error}");
    assert!(error.source().unwrap().is::<Arc<CloseReason>>());
    assert_eq!(format!("{error:?}"), error.to_string());

    let error = session.publish("com.example.news").await.unwrap_err();
    assert!(matches!(&error, PublishError::Closed { topic, .. } if topic == "com.example.news"));
    let error = session.publish("com.example.news").acknowledge().await.unwrap_err();
    assert!(matches!(&error, PublishError::Closed { topic, .. } if topic == "com.example.news"));
    let error = session.subscribe("com.example.news").await.unwrap_err();
    assert!(matches!(&error, SubscribeError::Closed { topic, .. } if topic == "com.example.news"));
    let error = session.register("com.example.add", || async { 1 }).await.unwrap_err();
    assert!(
        matches!(&error, RegisterError::Closed { procedure, .. } if procedure == "com.example.add")
    );
}

#[tokio::test(start_paused = true)]
async fn a_timeout_and_a_wrong_result_name_the_procedure() {
    let (_router, session) = session().await;
    session.register("com.example.never", std::future::pending::<()>).await.unwrap();
    session.register("com.example.text", || async { "text" }).await.unwrap();
    let limit = Duration::from_secs(5);
    let error = session.call("com.example.never").timeout(limit).await.unwrap_err();
    assert_eq!(error.to_string(), "no result of com.example.never within 5s");

    let error = session.call("com.example.text").value::<u32>().await.unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("cannot decode the result of com.example.text: "), "{text}");
    assert!(error.source().unwrap().is::<DecodeError>());

    let error = session.call("com.example.none").await.unwrap_err();
    let cause = error.source().unwrap().downcast_ref::<ApplicationError>().unwrap();
    assert_eq!(cause.uri, "wamp.error.no_such_procedure");
    assert_eq!(format!("{error:?}"), error.to_string());
}
