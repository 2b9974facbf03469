//! Errors of requests: they name the procedure or topic, and hold their cause.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

use wampwerk::error::{
    CallError, CloseKind, CloseReason, DecodeError, PublishError, RegisterError, SubscribeError,
    TransportError,
};
use wampwerk::session::{SessionConfig, join};
use wampwerk::{Router, Session};

use crate::common::fake_transport::FakeTransport;
use crate::common::router;

async fn session() -> (Router, Session) {
    let router = router();
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
    let CallError::Application(cause) = &error else { panic!("{error}") };
    assert!(error.source().is_none(), "the same text would be printed twice");
    assert_eq!(cause.uri, "wamp.error.no_such_procedure");
    assert_eq!(format!("{error:?}"), error.to_string());
}

#[tokio::test]
async fn a_lost_transport_is_the_cause_of_the_end() {
    let (router, _session) = session().await;
    let transport = FakeTransport::to(&router);
    let control = transport.control();
    let session = join(Box::new(transport), "realm1", SessionConfig::new()).await.unwrap();
    control.fail_with(|| TransportError::Lost(io::Error::from(ErrorKind::ConnectionReset).into()));
    let reason = session.closed().await;
    assert_eq!(reason.kind, CloseKind::TransportLost);
    assert_eq!(reason.io_kind(), Some(ErrorKind::ConnectionReset));
    let cause = reason.source().unwrap().downcast_ref::<TransportError>().unwrap();
    assert!(cause.source().unwrap().is::<io::Error>());
    // Also through the errors of requests.
    let error = session.call("com.example.add").await.unwrap_err();
    let mut last: &dyn Error = &error;
    while let Some(next) = last.source() {
        last = next;
    }
    assert!(last.is::<io::Error>(), "{last:?}");
    // A transport that was closed in order has no error.
    assert!(CloseReason::new(CloseKind::TransportLost, "com.example.x", None).source().is_none());
}
