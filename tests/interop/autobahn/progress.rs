//! Progressive results, and progressive arguments, which Autobahn|Python does not have.

use serde_json::json;
use wampwerk::ApplicationError;
use wampwerk::session::Progress;

use super::place::{Place, application, payload, shape};
use crate::peer::within;

pub(crate) async fn results_from_autobahn(at: &Place) {
    let (ours, mut theirs) = (at.ours().await, at.theirs().await);
    let procedure = at.uri("theirs");
    theirs.must("register", json!({"procedure": procedure})).await;
    let mut call = ours.call(&*procedure).args((3,)).start().await.unwrap();
    let invocation = theirs.next("invocation").await;
    assert_eq!((&invocation["args"], &invocation["progress"]), (&json!([3]), &json!(true)));
    let to = &invocation["invocation"];
    let parts = [json!([[1], {}]), json!([[2, "b"], {"k": 2}]), json!([[], {}])];
    for part in &parts {
        let progress = json!({"invocation": to, "args": part[0], "kwargs": part[1]});
        theirs.must("progress", progress).await;
        let reply = within("progress", call.next()).await.unwrap().unwrap();
        assert_eq!(reply.details.progress, Some(true));
        assert_eq!(&shape(&reply.payload), part);
    }
    theirs.must("return", json!({"invocation": to, "args": ["done"]})).await;
    assert!(within("the end", call.next()).await.is_none());
    assert_eq!(call.value::<String>().await.unwrap(), "done");

    // By a function, and ending with an error.
    let (sender, mut seen) = tokio::sync::mpsc::unbounded_channel();
    let call = ours.call(&*procedure).on_progress(move |part| drop(sender.send(part)));
    let call = tokio::spawn(async move { call.await });
    let to = theirs.next("invocation").await["invocation"].clone();
    theirs.must("progress", json!({"invocation": to, "args": [1]})).await;
    let part = within("progress", seen.recv()).await.unwrap();
    assert_eq!(part.decode::<u8>().unwrap(), 1);
    theirs.must("raise", json!({"invocation": to, "error": "com.example.error.late"})).await;
    let error = application(call.await.unwrap());
    assert_eq!(error.uri, "com.example.error.late");
    theirs.leave().await;
    ours.leave().await;
}

/// Autobahn|JS announces them without call canceling: it cannot be stopped, but both routers ask it
/// for them all the same.
pub(crate) async fn results_from_autobahn_js(at: &Place) {
    let (ours, mut theirs) = (at.ours().await, at.theirs().await);
    let procedure = at.uri("theirs");
    theirs.must("register", json!({"procedure": procedure})).await;
    let mut call = ours.call(&*procedure).args((3,)).start().await.unwrap();
    let invocation = theirs.next("invocation").await;
    assert_eq!(invocation["progress"], true);
    let to = &invocation["invocation"];
    for number in 0..3 {
        let progress = json!({"invocation": to, "args": [number], "kwargs": {"of": 3}});
        theirs.must("progress", progress).await;
        let reply = within("progress", call.next()).await.unwrap().unwrap();
        assert_eq!(shape(&reply.payload), json!([[number], {"of": 3}]));
    }
    theirs.must("return", json!({"invocation": to, "args": ["done"]})).await;
    assert!(within("the end", call.next()).await.is_none());
    assert_eq!(call.value::<String>().await.unwrap(), "done");
    // A call that is given up reaches no callee that cannot be interrupted, and does it no harm.
    let call = ours.call(&*procedure).start().await.unwrap();
    let to = theirs.next("invocation").await["invocation"].clone();
    drop(call);
    theirs.must("return", json!({"invocation": to, "args": ["late"]})).await;
    theirs.leave().await;
    ours.leave().await;
}

pub(crate) async fn results_to_autobahn(at: &Place) {
    let (ours, theirs) = (at.ours().await, at.theirs().await);
    let procedure = at.uri("ours");
    let count = |to: u32, progress: Progress| async move {
        for number in 0..to {
            progress.send((number, "of", to)).await.unwrap();
        }
        progress.send_payload(payload(&json!([]), &json!({"all": true}))).await.unwrap();
        match to {
            0 => Err(ApplicationError::new("com.example.error.nothing")),
            to => Ok(to),
        }
    };
    ours.register(&*procedure, count).await.unwrap();
    let call =
        |to| theirs.start("call", json!({"procedure": procedure, "args": [to], "progress": true}));
    // Two at once, each with results of its own.
    let mut calls = [call(20), call(3)];
    for (call, to) in calls.iter_mut().zip([20, 3]) {
        for number in 0..to {
            assert_eq!(call.progress().await, json!({"args": [number, "of", to], "kwargs": {}}));
        }
        assert_eq!(call.progress().await, json!({"args": [], "kwargs": {"all": true}}));
    }
    for (call, to) in calls.into_iter().zip([20, 3]) {
        assert_eq!(call.await.unwrap(), json!({"value": to}));
    }
    let mut call = call(0);
    call.progress().await;
    assert_eq!(call.await.unwrap_err()["error"], "com.example.error.nothing");
    theirs.leave().await;
    ours.leave().await;
}

pub(crate) async fn results_that_nobody_asked_for(at: &Place) {
    let (ours, mut theirs) = (at.ours().await, at.theirs().await);
    let (to_them, to_us) = (at.uri("theirs"), at.uri("ours"));
    theirs.must("register", json!({"procedure": to_them})).await;
    let unasked = |progress: Progress| async move {
        progress.send((1,)).await.is_ok() && !progress.is_wanted()
    };
    ours.register(&*to_us, unasked).await.unwrap();
    assert_eq!(theirs.call(&to_us, json!([])).await.unwrap(), json!({"value": true}));
    let call = super::place::calling(&ours, &to_them, json!([]));
    let invocation = theirs.next("invocation").await;
    assert_eq!(invocation["progress"], false);
    theirs.must("return", json!({"invocation": invocation["invocation"]})).await;
    assert_eq!(call.await.unwrap().unwrap(), json!([[], {}]));
    theirs.leave().await;
    ours.leave().await;
}

/// It did not announce them; a second INVOCATION of the same id would end its session.
pub(crate) async fn arguments_in_parts_are_not_for_autobahn(at: &Place) {
    let (ours, theirs) = (at.ours().await, at.theirs().await);
    let procedure = at.uri("theirs");
    theirs.must("register", json!({"procedure": procedure, "answer": "echo"})).await;
    let outcome = match ours.call(&*procedure).args((1,)).start_streaming().await {
        Ok(call) => {
            drop(call.send((2,)).await);
            let call = call.finish((3,)).await.unwrap();
            within("the refusal", call.result()).await
        }
        // Crossbar has not announced them either.
        Err(error) => Err(error),
    };
    assert_eq!(application(outcome).uri, "wamp.error.feature_not_supported");
    theirs.leave().await;
    ours.leave().await;
}
