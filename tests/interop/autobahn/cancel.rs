//! Calls that are given up, by either side and in each mode.

use std::future::pending;
use std::time::Duration;

use serde_json::json;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use wampwerk::Session;
use wampwerk::error::CallError;
use wampwerk::message::CancelMode;
use wampwerk::session::Registration;

use super::place::{Place, application, calling};
use crate::peer::{Autobahn, within};

/// The callee is interrupted unless the mode is skip, and its late answer is ignored.
pub(crate) async fn our_call_is_cancelled(at: &Place) {
    let (ours, mut theirs) = (at.ours().await, at.theirs().await);
    let procedure = at.uri("theirs");
    theirs.must("register", json!({"procedure": procedure})).await;
    for mode in [CancelMode::Kill, CancelMode::KillNoWait, CancelMode::Skip] {
        let call = ours.call(&*procedure).start().await.unwrap();
        let invocation = theirs.next("invocation").await["invocation"].clone();
        call.cancel(mode);
        let error = application(within("the end of a call", call.result()).await);
        match mode {
            // The callee has the last word, and Autobahn|Python has only this one.
            CancelMode::Kill if !at.is_crossbar() => {
                assert_eq!(error.uri, "wamp.error.runtime_error");
            }
            _ => assert_eq!(error.uri, "wamp.error.canceled"),
        }
        if mode == CancelMode::Skip {
            theirs.must("return", json!({"invocation": invocation})).await;
        } else {
            assert_eq!(theirs.next("interrupted").await["invocation"], invocation);
        }
    }
    still_well(at, &ours, theirs).await;
}

pub(crate) async fn our_call_is_dropped_or_times_out(at: &Place) {
    let (ours, mut theirs) = (at.ours().await, at.theirs().await);
    let procedure = at.uri("theirs");
    theirs.must("register", json!({"procedure": procedure})).await;
    let call = calling(&ours, &procedure, json!([]));
    theirs.next("invocation").await;
    call.abort();
    theirs.next("interrupted").await;
    let limit = Duration::from_millis(1);
    let error = ours.call(&*procedure).timeout(limit).await.unwrap_err();
    assert!(matches!(error, CallError::Timeout { .. }), "{error}");
    theirs.next("invocation").await;
    theirs.next("interrupted").await;
    still_well(at, &ours, theirs).await;
}

/// As an application of Autobahn does it: it settles the call for itself, and the rest follows.
pub(crate) async fn their_call_is_cancelled(at: &Place) {
    let (ours, theirs) = (at.ours().await, at.theirs().await);
    let procedure = at.uri("ours");
    let (_registration, mut events) = hold(&ours, &procedure).await;
    let call = theirs.start("call", json!({"procedure": procedure}));
    assert_eq!(within("a call", events.recv()).await, Some("called"));
    theirs.must("cancel", json!({"call": call.id})).await;
    assert_eq!(call.await.unwrap_err()["error"], "CancelledError");
    assert_eq!(within("an interrupt", events.recv()).await, Some("dropped"));
    still_well(at, &ours, theirs).await;
}

pub(crate) async fn their_call_is_cancelled_by_mode(at: &Place) {
    let (ours, theirs) = (at.ours().await, at.theirs().await);
    let procedure = at.uri("ours");
    let (_registration, mut events) = hold(&ours, &procedure).await;
    for mode in ["kill", "killnowait", "skip"] {
        let call = theirs.start("call", json!({"procedure": procedure}));
        assert_eq!(within("a call", events.recv()).await, Some("called"));
        theirs.must("cancel", json!({"call": call.id, "mode": mode})).await;
        // Crossbar answers a skipped call never.
        if mode != "skip" || !at.is_crossbar() {
            assert_eq!(call.await.unwrap_err()["error"], "wamp.error.canceled", "{mode}");
        }
        if mode != "skip" {
            assert_eq!(within("an interrupt", events.recv()).await, Some("dropped"));
        }
    }
    assert!(events.try_recv().is_err(), "a skipped call goes on");
    still_well(at, &ours, theirs).await;
}

/// Milliseconds here; seconds, roughly, with Crossbar, and another error.
pub(crate) async fn their_call_has_a_timeout(at: &Place) {
    let (ours, theirs) = (at.ours().await, at.theirs().await);
    let procedure = at.uri("ours");
    let (_registration, mut events) = hold(&ours, &procedure).await;
    let call = json!({"procedure": procedure, "options": {"timeout": 1}});
    let error = theirs.ask("call", call).await.unwrap_err();
    let expected = if at.is_crossbar() { "wamp.error.canceled" } else { "wamp.error.timeout" };
    assert_eq!(error["error"], expected);
    assert_eq!(within("a call", events.recv()).await, Some("called"));
    assert_eq!(within("an interrupt", events.recv()).await, Some("dropped"));
    still_well(at, &ours, theirs).await;
}

/// Registers a procedure of ours that does not end by itself, and tells when it is called and when
/// it is dropped.
async fn hold(ours: &Session, procedure: &str) -> (Registration, UnboundedReceiver<&'static str>) {
    struct Held(UnboundedSender<&'static str>);

    impl Drop for Held {
        fn drop(&mut self) {
            self.0.send("dropped").ok();
        }
    }

    let (sender, events) = unbounded_channel();
    let procedure = ours.register(procedure, move || {
        sender.send("called").unwrap();
        let held = Held(sender.clone());
        async move {
            pending::<()>().await;
            drop(held);
        }
    });
    (procedure.await.unwrap(), events)
}

/// Both sessions still do their work, and end as they should.
async fn still_well(at: &Place, ours: &Session, theirs: Autobahn) {
    let (to_them, to_us) = (at.uri("well.theirs"), at.uri("well.ours"));
    theirs.must("register", json!({"procedure": to_them, "answer": "echo"})).await;
    ours.register(&*to_us, |number: u32| async move { number }).await.unwrap();
    assert_eq!(ours.call(&*to_them).args((1,)).value::<u32>().await.unwrap(), 1);
    assert_eq!(theirs.call(&to_us, json!([2])).await.unwrap(), json!({"value": 2}));
    theirs.leave().await;
    ours.leave().await;
}
