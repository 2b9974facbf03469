//! Sessions when things go wrong at a bad moment: futures dropped early, transports that take
//! nothing or never stop giving, runtimes that end.

use std::future::{Future, IntoFuture, pending, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use wampwerk::error::{CallError, CloseKind};
use wampwerk::internals::core::client::ClientConfig;
use wampwerk::session::Procedures;
use wampwerk::{ApplicationError, Router, Serializer, Session, session};

use crate::common::fake_transport::{Control, FakeTransport};
use crate::common::router_with;

fn router() -> Router {
    router_with(|it| it.serializers(&[Serializer::Json]))
}

/// Polls a future once, which is not to be ready, and drops it.
async fn start_and_drop(future: impl Future) {
    let mut future = pin!(future);
    poll_fn(|cx| {
        assert!(future.as_mut().poll(cx).is_pending());
        Poll::Ready(())
    })
    .await;
}

async fn turns(count: usize) {
    for _ in 0..count {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_is_dropped_before_it_was_sent_never_was() {
    let router = router();
    let session = router.connect("realm1").await.unwrap();
    session.register("com.example.stuck", pending::<()>).await.unwrap();
    start_and_drop(session.call("com.example.stuck").into_future()).await;
    start_and_drop(session.subscribe("com.example.topic").into_future()).await;
    start_and_drop(session.register("com.example.p", pending::<()>).into_future()).await;
    session.publish("com.example.after").acknowledge().await.unwrap();
    let held = router.statistics();
    assert_eq!((held.calls, held.subscriptions, held.registrations), (0, 0, 1));
}

#[tokio::test]
async fn what_is_dropped_later_is_undone() {
    let router = router();
    let session = router.connect("realm1").await.unwrap();
    for later in 1..8 {
        for what in ["subscribe", "register", "register_all"] {
            let mut request: Pin<Box<dyn Future<Output = ()>>> = match what {
                "subscribe" => Box::pin(async {
                    drop(session.subscribe("com.example.topic").await.unwrap());
                }),
                "register" => Box::pin(async {
                    let procedure = session.register("com.example.p", pending::<()>);
                    procedure.await.unwrap().unregister().await.unwrap();
                }),
                _ => Box::pin(async {
                    let procedures = Procedures::new().add("p", pending::<()>);
                    let procedures = procedures.add("q", pending::<()>).add("r", pending::<()>);
                    let all = session.register_all("com.example.", procedures).await.unwrap();
                    for registration in all {
                        registration.unregister().await.unwrap();
                    }
                }),
            };
            poll_fn(|cx| {
                let _ = request.as_mut().poll(cx);
                Poll::Ready(())
            })
            .await;
            turns(later).await;
            drop(request);
            // When two requests more have been answered, so has whatever was undone.
            session.publish("com.example.after").acknowledge().await.unwrap();
            session.publish("com.example.after").acknowledge().await.unwrap();
            let held = router.statistics();
            assert_eq!((held.subscriptions, held.registrations), (0, 0), "{what} {later}");
        }
    }
}

/// A session over a transport that can be made to take nothing, or to give the same frame for ever.
async fn bent(router: &Router, config: ClientConfig) -> (Session, Control) {
    let transport = FakeTransport::to(router);
    let control = transport.control();
    (session::join(Box::new(transport), "realm1", config).await.unwrap(), control)
}

/// Fills the queue of commands behind a frame that the transport does not take.
async fn fill(session: &Session) {
    loop {
        let publish = session.publish("com.example.filler").into_future();
        let mut publish = pin!(publish);
        let queued = poll_fn(|cx| Poll::Ready(publish.as_mut().poll(cx).is_ready())).await;
        if !queued {
            turns(3).await;
            if poll_fn(|cx| Poll::Ready(publish.as_mut().poll(cx).is_pending())).await {
                return;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_transport_that_takes_nothing_keeps_nobody_waiting() {
    let router = router();
    let (session, control) = bent(&router, ClientConfig::default()).await;
    control.stick(true);
    fill(&session).await;
    let limit = Duration::from_millis(200);
    let error = session.call("com.example.p").timeout(limit).await.unwrap_err();
    assert!(matches!(error, CallError::Timeout { .. }), "{error}");
    assert_eq!(session.leave().await.kind, CloseKind::TimedOut);

    // A session without a handle ends in the same way.
    let (session, control) = bent(&router, ClientConfig::default()).await;
    control.stick(true);
    fill(&session).await;
    let closed = session.closed();
    drop(session);
    assert_eq!(closed.await.kind, CloseKind::TimedOut);
}

#[tokio::test]
async fn an_unsubscribe_that_is_dropped_in_the_queue_still_ends_the_subscription() {
    let router = router();
    let (session, control) = bent(&router, ClientConfig::default()).await;
    let subscription = session.subscribe("com.example.topic").await.unwrap();
    control.stick(true);
    fill(&session).await;
    start_and_drop(subscription.unsubscribe()).await;
    control.stick(false);
    session.publish("com.example.after").acknowledge().await.unwrap();
    session.publish("com.example.after").acknowledge().await.unwrap();
    assert_eq!(router.statistics().subscriptions, 0);
}

#[tokio::test]
async fn deadlines_are_kept_however_much_comes_in() {
    let router = router();
    let mut config = ClientConfig::default();
    config.leave_timeout = Duration::from_millis(50);
    let (session, control) = bent(&router, config).await;
    session.register("com.example.never", pending::<()>).await.unwrap();
    // A late answer to the first request: it is nothing, and it never stops.
    control.flood_with("[8,48,1,{},\"com.example.late\"]");
    let limit = Duration::from_millis(50);
    let error = session.call("com.example.never").timeout(limit).await.unwrap_err();
    assert!(matches!(error, CallError::Timeout { .. }), "{error}");
    assert_eq!(session.leave().await.kind, CloseKind::TimedOut);
}

#[test]
fn a_runtime_that_ends_ends_the_streams() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let first = runtime();
    let router = router();
    let (session, mut subscription) = first.block_on(async {
        let session = router.connect("realm1").await.unwrap();
        let subscription = session.subscribe("com.example.topic").await.unwrap();
        (session, subscription)
    });
    drop(first);
    runtime().block_on(async {
        assert!(subscription.next().await.is_none());
        assert_eq!(session.closed().await.kind, CloseKind::TransportLost);
        assert!(matches!(session.call("a.b").await.unwrap_err(), CallError::Closed { .. }));
    });
}

#[tokio::test]
async fn an_error_that_json_cannot_write_fails_alone() {
    let router = router();
    let session = router.connect("realm1").await.unwrap();
    let fail = || async { Err::<(), _>(ApplicationError::new("\0x").arg("\0y")) };
    session.register("com.example.fail", fail).await.unwrap();
    let error = session.call("com.example.fail").await.unwrap_err();
    let CallError::Application(error) = error else { panic!("{error}") };
    assert_eq!(error.uri, "wamp.error.runtime_error");
    let text = wampwerk::Payload::from_values(vec!["\0x".into()], wampwerk::Dict::new());
    assert!(matches!(
        session.publish("com.example.t").payload(text).await.unwrap_err(),
        wampwerk::error::PublishError::Encode(_)
    ));
    assert!(!session.is_closed());
}
