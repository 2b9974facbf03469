//! How sessions begin and end.

use serde_json::json;
use wampwerk::Uri;
use wampwerk::error::CloseKind;

use super::place::Place;
use crate::peer::within;

pub(crate) async fn leaving(at: &Place) {
    let mut theirs = at.theirs().await;
    assert_eq!(
        (&theirs.details["realm"], &theirs.details["authrole"]),
        (&json!("realm1"), &json!("anonymous"))
    );
    theirs.must("leave", json!({"reason": "wamp.close.logout", "message": "bye"})).await;
    let left = theirs.next("left").await;
    // Crossbar says normal; the specification wants the other.
    let reason = if at.is_crossbar() { "wamp.close.normal" } else { Uri::GOODBYE_AND_OUT };
    assert_eq!(left["reason"], reason);
    theirs.closed().await;
}

pub(crate) async fn routers_that_end(at: &Place) {
    // Of its own: the others go on.
    let at = Place::embedded().await.with_serializer_of(at);
    let (ours, mut theirs) = (at.ours().await, at.theirs().await);
    at.shutdown().await;
    let reason = within("the end of a session", ours.closed()).await;
    assert_eq!((reason.kind, reason.reason.as_str()), (CloseKind::Goodbye, Uri::SYSTEM_SHUTDOWN));
    assert_eq!(theirs.next("left").await["reason"], Uri::SYSTEM_SHUTDOWN);
    theirs.next("closed").await;
}

/// Autobahn writes each message as a batch of one, and separates batched JSON by another character
/// than the specification.
pub(crate) async fn batches(at: &Place) {
    let ours = at.ours().await;
    let mut theirs = at.theirs_with(&format!("{}.batched", at.serializer().as_str())).await;
    let (procedure, topic) = (at.uri("procedure"), at.uri("topic"));
    theirs.must("register", json!({"procedure": procedure, "answer": "echo"})).await;
    theirs.must("subscribe", json!({"topic": topic})).await;
    // Written at once, so that the router has several messages to put into a batch.
    let calls = (0..50u8).map(|number| ours.call(&*procedure).args((number,)).value::<u8>());
    let calls = futures_util::future::join_all(calls);
    let publish = async {
        for number in 0..50u8 {
            ours.publish(&*topic).args((number,)).await.unwrap();
        }
    };
    let (back, ()) = tokio::join!(calls, publish);
    for (number, back) in (0..).zip(back) {
        assert_eq!(back.unwrap(), number);
        assert_eq!(theirs.next("event").await["args"], json!([number]));
    }
    theirs.leave().await;
    ours.leave().await;
}

pub(crate) async fn wrong_realm(at: &Place) {
    let error = at.theirs_in("nowhere", at.serializer().as_str()).await.err().unwrap();
    assert_eq!(error["error"], "wamp.error.no_such_realm");
    let error = within("a refusal", at.ours_in("nowhere", at.serializer())).await.unwrap_err();
    let wampwerk::error::ConnectError::Join(reason) = error else { panic!("{error}") };
    assert_eq!(reason.kind, CloseKind::Aborted);
}
