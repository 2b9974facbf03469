//! How sessions end, and begin again.

use std::future::{IntoFuture, pending};
use std::pin::pin;

use wampwerk::error::{CallError, CloseKind, PublishError, RegisterError, SubscribeError};
use wampwerk::internals::core::client::ClientConfig;
use wampwerk::session::{Ending, join};

use super::rpc::add;
use super::{Place, poll_once};

/// Runs them all.
pub(super) async fn all(place: &impl Place) {
    run! { place:
        leaving,
        everything_fails_at_once_after_the_end,
        joining_again_on_the_same_transport,
        last_handle_leaves,
    }
}

async fn leaving(place: &impl Place) {
    let (callee, caller) = (place.session().await, place.session().await);
    callee.register("com.example.hangs", pending::<()>).await.unwrap();
    let mut subscription = caller.subscribe("com.example.leaving").await.unwrap();
    let mut call = pin!(caller.call("com.example.hangs").into_future());
    poll_once(&mut call).await;
    let reason = caller.leave().await;
    assert_eq!(reason.kind, CloseKind::Left);
    assert!(
        matches!(call.await.unwrap_err(), CallError::Closed { reason: closed, .. } if closed == reason)
    );
    assert!(subscription.next().await.is_none());
    assert_eq!(subscription.close_reason().unwrap(), reason);
    assert!(caller.is_closed());
    assert_eq!(caller.closed().await, reason);
    assert!(matches!(caller.call("a.b").await.unwrap_err(), CallError::Closed { .. }));
    assert_eq!(caller.leave().await, reason, "leaving twice is nothing");
}

async fn last_handle_leaves(place: &impl Place) {
    let session = place.session().await;
    let closed = session.closed();
    let registration = session.register("com.example.handles", add).await.unwrap();
    drop(session);
    drop(registration);
    assert_eq!(closed.await.kind, CloseKind::Left);
    // The name is free again.
    let session = place.session().await;
    session.register("com.example.handles", add).await.unwrap();
}

async fn everything_fails_at_once_after_the_end(place: &impl Place) {
    let session = place.session().await;
    let registration = session.register("com.example.end", add).await.unwrap();
    let reason = session.leave_with("wamp.close.logout", Some("bye".into())).await;
    assert_eq!(reason.kind, CloseKind::Left, "it says who ended it");
    assert!(
        matches!(session.call("a.b").await, Err(CallError::Closed { reason: why, .. }) if why == reason)
    );
    assert!(matches!(session.call("a.b").start().await, Err(CallError::Closed { .. })));
    assert!(matches!(session.publish("a.b").await, Err(PublishError::Closed { .. })));
    assert!(matches!(session.publish("a.b").acknowledge().await, Err(PublishError::Closed { .. })));
    assert!(matches!(session.subscribe("a.b").await, Err(SubscribeError::Closed { .. })));
    assert!(matches!(session.register("a.b", add).await, Err(RegisterError::Closed { .. })));
    assert!(!registration.is_active());
    assert!(matches!(registration.ended().await, Ending::Closed(why) if why == reason));
}

async fn joining_again_on_the_same_transport(place: &impl Place) {
    let first = place.session().await;
    let (old, handle) = (first.id(), first.clone());
    first.register("com.example.again", add).await.unwrap();
    first.subscribe_with("com.example.again", || async {}).await.unwrap();
    let second = first.rejoin("realm1").await.unwrap();
    assert_ne!(second.id(), old);
    assert_eq!(handle.closed().await.kind, CloseKind::Left);
    // Nothing of the first one is left.
    second.register("com.example.again", add).await.unwrap();
    let call = second.call("com.example.again").args((1, 2));
    assert_eq!(call.value::<i64>().await.unwrap(), 3);
    let transport = second.detach().await.unwrap();
    let third = join(transport, "realm1", ClientConfig::default()).await.unwrap();
    third.register("com.example.again", add).await.unwrap();
    third.leave().await;
}
