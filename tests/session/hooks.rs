//! The hooks of a session: a look at WELCOME, and who is told what goes wrong in handlers.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use tokio::sync::{mpsc, watch};
use wampwerk::error::{CallError, CloseKind, ConnectError};
use wampwerk::session::{Progress, SessionConfig, UserError, join};
use wampwerk::uri::Pattern;
use wampwerk::{ApplicationError, Router, Session};

use crate::common::router;

/// A session that tells its user errors.
async fn telling(router: &Router) -> (Session, mpsc::UnboundedReceiver<UserError>) {
    let (sender, errors) = mpsc::unbounded_channel();
    let config = SessionConfig::default().on_user_error(move |error| {
        drop(sender.send(error.clone()));
    });
    (join(router.connect_transport(), "realm1", config).await.unwrap(), errors)
}

#[tokio::test]
async fn welcome_can_be_refused() {
    let router = router();
    let config = SessionConfig::default()
        .on_welcome(|welcome| Err(format!("role {:?}", welcome.details.authrole.as_deref())));
    let error = join(router.connect_transport(), "realm1", config).await.unwrap_err();
    let ConnectError::Join(reason) = error else { panic!("{error}") };
    assert_eq!((reason.kind, &*reason.reason), (CloseKind::Left, "wamp.error.cannot_authenticate"));
    assert_eq!(reason.message.as_deref(), Some("role Some(\"anonymous\")"));
    assert_eq!(router.statistics().sessions, 0);
    let config = SessionConfig::default().on_welcome(|_| Ok(()));
    assert!(!join(router.connect_transport(), "realm1", config).await.unwrap().is_closed());
}

#[tokio::test]
async fn what_goes_wrong_in_event_handlers_is_told() {
    let router = router();
    let (session, mut errors) = telling(&router).await;
    let topics = Pattern::prefix("com.example.");
    session.subscribe_with(topics, |n: u8| async move { assert_ne!(n, 7, "seven") }).await.unwrap();
    let publisher = router.connect("realm1").await.unwrap();
    publisher.publish("com.example.text").args(("x",)).await.unwrap();
    publisher.publish("com.example.seven").args((7,)).await.unwrap();
    let misfit = errors.recv().await.unwrap();
    assert_eq!(
        (&*misfit.uri, &*misfit.error.uri),
        ("com.example.text", "wamp.error.invalid_argument")
    );
    let panic = errors.recv().await.unwrap();
    assert_eq!((&*panic.uri, &*panic.error.uri), ("com.example.seven", "wamp.error.runtime_error"));
    assert!(panic.to_string().contains("seven"), "{panic}");
}

#[tokio::test]
async fn an_event_handler_that_returns_an_error_is_told() {
    let router = router();
    let (session, mut errors) = telling(&router).await;
    let wrong = |n: u8| async move {
        if n == 7 {
            Err(ApplicationError::new("com.example.error.seven").kwarg("n", 7))
        } else {
            Ok(())
        }
    };
    session.subscribe_with("com.example.topic", wrong).await.unwrap();
    let publisher = router.connect("realm1").await.unwrap();
    publisher.publish("com.example.topic").args((6,)).await.unwrap();
    publisher.publish("com.example.topic").args((7,)).await.unwrap();
    let error = errors.recv().await.unwrap();
    assert_eq!(error.to_string(), "com.example.topic: com.example.error.seven (n: 7)");
}

#[tokio::test]
async fn results_that_come_too_late_for_their_function_are_told() {
    const FLOOD: u32 = 2000;
    let router = router();
    let (session, mut errors) = telling(&router).await;
    let (sent, mut reached) = watch::channel(0);
    let sent = Arc::new(sent);
    let flood = move |progress: Progress| {
        let sent = sent.clone();
        async move {
            for number in 0..FLOOD {
                progress.send((number,)).await?;
                sent.send_replace(number);
            }
            Ok::<_, ApplicationError>("all")
        }
    };
    let callee = router.connect("realm1").await.unwrap();
    callee.register("com.example.flood", flood).await.unwrap();
    let (sender, mut seen) = mpsc::unbounded_channel();
    let call = session.call("com.example.flood").on_progress(move |part| drop(sender.send(part)));
    let mut call = pin!(call.value::<String>());
    // It is not looked at again before nearly all have been sent.
    assert!(poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx).is_pending())).await);
    reached.wait_for(|sent| *sent >= FLOOD - 10).await.unwrap();
    assert_eq!(call.await.unwrap(), "all");
    let taken = std::iter::from_fn(|| seen.try_recv().ok()).count();
    assert!((1024..2000).contains(&taken), "{taken}");
    let told = errors.try_recv().unwrap();
    assert_eq!((&*told.uri, &*told.error.uri), ("com.example.flood", "wamp.error.unavailable"));
}

#[tokio::test]
async fn panics_of_procedures_are_told_to_both_sides() {
    let router = router();
    let (session, mut errors) = telling(&router).await;
    let at_once = || async {
        if true {
            panic!("at once")
        }
    };
    let later = || async {
        tokio::task::yield_now().await;
        if true {
            panic!("later")
        }
    };
    session.register("com.example.at_once", at_once).await.unwrap();
    session.register("com.example.later", later).await.unwrap();
    for (procedure, says) in [("com.example.at_once", "at once"), ("com.example.later", "later")] {
        let answer = session.call(procedure).value::<()>().await;
        let Err(CallError::Application(error)) = answer else { panic!("{answer:?}") };
        assert_eq!(error.uri, "wamp.error.runtime_error");
        let told = errors.recv().await.unwrap();
        assert_eq!(told.uri, procedure);
        assert!(told.error.to_string().contains(says), "{told}");
    }
}

#[tokio::test]
async fn a_hook_may_panic() {
    let router = router();
    let config = SessionConfig::default().on_user_error(|error| panic!("{error}"));
    let session = join(router.connect_transport(), "realm1", config).await.unwrap();
    let fail = || async {
        if true {
            panic!("in the procedure")
        }
    };
    session.register("com.example.fail", fail).await.unwrap();
    assert!(session.call("com.example.fail").value::<()>().await.is_err());
    assert!(!session.is_closed());
}
