//! Calls and their answers.

use futures_util::future::join_all;
use serde_json::json;
use tokio::sync::mpsc::unbounded_channel;
use wampwerk::message::InvocationDetails;
use wampwerk::{ApplicationError, Payload, Value};

use super::place::{Place, application, calling, json_of, payload, shape};
use crate::peer::within;

pub(crate) async fn results_of_any_shape(at: &Place) {
    let (ours, theirs) = (at.ours().await, at.theirs().await);
    let (to_them, to_us) = (at.uri("theirs"), at.uri("ours"));
    theirs.must("register", json!({"procedure": to_them, "answer": "echo"})).await;
    ours.register(&*to_us, |payload: Payload| async move { payload }).await.unwrap();
    let bare = |value| json!({"value": value});
    let result = |args, kwargs| json!({"args": args, "kwargs": kwargs});
    for (args, kwargs, seen) in [
        (json!([]), json!({}), bare(json!(null))),
        (json!([null]), json!({}), bare(json!(null))),
        (json!(["one"]), json!({}), bare(json!("one"))),
        (json!([[1, 2]]), json!({}), bare(json!([1, 2]))),
        (json!([1, "two"]), json!({}), result(json!([1, "two"]), json!({}))),
        (json!([]), json!({"k": [1]}), result(json!([]), json!({"k": [1]}))),
        (json!([1]), json!({"k": 2}), result(json!([1]), json!({"k": 2}))),
    ] {
        let reply = ours.call(&*to_them).payload(payload(&args, &kwargs)).await.unwrap();
        assert_eq!(shape(&reply.payload), json!([args, kwargs]));
        let call = json!({"procedure": to_us, "args": args, "kwargs": kwargs});
        let mut result = theirs.must("call", call).await;
        for (key, value) in seen.as_object().unwrap() {
            assert_eq!(&result[key].take(), value);
        }
    }
    // What the endpoint of an application returns, bare.
    ours.register(at.uri("null"), || async {}).await.unwrap();
    assert_eq!(theirs.call(&at.uri("null"), json!([])).await.unwrap(), bare(json!(null)));
    theirs.leave().await;
    ours.leave().await;
}

pub(crate) async fn errors_with_arguments(at: &Place) {
    let (ours, mut theirs) = (at.ours().await, at.theirs().await);
    let procedure = at.uri("theirs");
    theirs.must("register", json!({"procedure": procedure})).await;
    let mut raised = Vec::new();
    for error in [
        json!({"error": "com.example.error.full", "args": [17, "x"], "kwargs": {"limit": 10}}),
        json!({"error": "com.example.error.empty"}),
        // Any other exception.
        json!({"args": ["out of paper"]}),
    ] {
        let call = calling(&ours, &procedure, json!([]));
        let mut raise = error;
        raise["invocation"] = theirs.next("invocation").await["invocation"].clone();
        theirs.must("raise", raise).await;
        let error = application(call.await.unwrap());
        raised.push(json!([
            error.uri.as_str(),
            json_of(&Value::List(error.args)),
            json_of(&Value::Dict(error.kwargs)),
        ]));
    }
    assert_eq!(raised[0], json!(["com.example.error.full", [17, "x"], {"limit": 10}]));
    assert_eq!(raised[1], json!(["com.example.error.empty", [], {}]));
    // Autobahn|JS sends the error itself, which has no members of its own.
    let words = if at.is_js() { json!({}) } else { json!("out of paper") };
    assert_eq!(raised[2], json!(["wamp.error.runtime_error", [words], {}]));

    let fail = |full: bool| async move {
        let error = ApplicationError::new("com.example.error.ours");
        Err::<(), _>(if full { error.arg(17).kwarg("limit", 10) } else { error })
    };
    ours.register(at.uri("ours"), fail).await.unwrap();
    for (args, seen) in
        [(json!([true]), json!([[17], {"limit": 10}])), (json!([false]), json!([[], {}]))]
    {
        let error = theirs.call(&at.uri("ours"), args).await.unwrap_err();
        assert_eq!(error["error"], "com.example.error.ours");
        assert_eq!(json!([error["args"], error["kwargs"]]), seen);
    }
    theirs.leave().await;
    ours.leave().await;
}

pub(crate) async fn what_no_procedure_takes(at: &Place) {
    let (ours, theirs) = (at.ours().await, at.theirs().await);
    let nobody = at.uri("nobody");
    let error = application(ours.call(&*nobody).await);
    assert_eq!(error.uri, "wamp.error.no_such_procedure");
    let error = theirs.call(&nobody, json!([1])).await.unwrap_err();
    assert_eq!(error["error"], "wamp.error.no_such_procedure");
    let procedure = at.uri("number");
    ours.register(&*procedure, |number: i64| async move { number }).await.unwrap();
    for args in [json!(["no number"]), json!([]), json!([1, 2])] {
        let error = theirs.call(&procedure, args).await.unwrap_err();
        assert_eq!(error["error"], "wamp.error.invalid_argument");
    }
    let registration = json!({"procedure": procedure});
    let error = theirs.ask("register", registration).await.unwrap_err();
    assert_eq!(error["error"], "wamp.error.procedure_already_exists");
    theirs.leave().await;
    ours.leave().await;
}

/// Refused, and the session goes on. Autobahn itself lets empty components through, as for patterns.
pub(crate) async fn what_is_no_uri(at: &Place) {
    let theirs = at.theirs().await;
    for uri in [at.uri("..a"), at.uri("a."), "wamp.example".to_owned()] {
        let error = theirs.ask("register", json!({"procedure": uri})).await.unwrap_err();
        assert_eq!(error["error"], "wamp.error.invalid_uri", "{uri}");
    }
    let error = theirs.ask("subscribe", json!({"topic": at.uri("..a")})).await.unwrap_err();
    assert_eq!(error["error"], "wamp.error.invalid_uri");
    let options = json!({"acknowledge": true});
    let publish = json!({"topic": "wamp.session.on_join", "options": options});
    let error = theirs.ask("publish", publish).await.unwrap_err();
    assert_eq!(error["error"], "wamp.error.invalid_uri");
    theirs.leave().await;
}

/// Autobahn has options of its own; unknown ones do no harm.
pub(crate) async fn options_of_autobahn(at: &Place) {
    let (ours, theirs) = (at.ours().await, at.theirs().await);
    let uri = at.uri("uri");
    ours.register(&*uri, |number: u8| async move { number }).await.unwrap();
    let mut events = ours.subscribe(&*uri).await.unwrap();
    let options = json!({"transaction_hash": "0x17", "forward_for": [
        {"session": 1, "authid": "a", "authrole": "b"}]});
    let call = json!({"procedure": uri, "args": [1], "options": options});
    assert_eq!(theirs.must("call", call).await, json!({"value": 1}));
    theirs.must("publish", json!({"topic": uri, "args": [2], "options": options})).await;
    let event = within("an event", events.next()).await.unwrap().unwrap();
    assert_eq!(event.decode::<u8>().unwrap(), 2);
    theirs.leave().await;
    ours.leave().await;
}

pub(crate) async fn callers_are_disclosed(at: &Place) {
    let (ours, mut theirs) = (at.ours().await, at.theirs().await);
    let procedure = at.uri("theirs");
    theirs.must("register", json!({"procedure": procedure})).await;
    let call = calling(&ours, &procedure, json!([]));
    let invocation = theirs.next("invocation").await;
    let us = ours.welcome();
    assert_eq!(invocation["caller"], us.session);
    assert_eq!(invocation["caller_authid"], us.details.authid.clone().unwrap());
    assert_eq!(invocation["caller_authrole"], us.details.authrole.clone().unwrap());
    assert_eq!(invocation["procedure"], procedure);
    theirs.must("return", json!({"invocation": invocation["invocation"]})).await;
    call.await.unwrap().unwrap();

    let whom = |details: InvocationDetails| async move {
        Value::List(vec![
            details.caller.unwrap().into(),
            details.caller_authid.clone().unwrap().into(),
            details.caller_authrole.clone().unwrap().into(),
        ])
    };
    ours.register(at.uri("ours"), whom).await.unwrap();
    let options = json!({"details": true});
    let call = json!({"procedure": at.uri("ours"), "options": options});
    let result = theirs.must("call", call).await;
    let them = &theirs.details;
    assert_eq!(result["args"][0], json!([them["session"], them["authid"], them["authrole"]]));
    assert_eq!(result["callee"], us.session, "callees are disclosed, too");
    theirs.leave().await;
    ours.leave().await;
}

pub(crate) async fn many_calls_at_once(at: &Place) {
    let (ours, theirs) = (at.ours().await, at.theirs().await);
    let (to_them, to_us) = (at.uri("theirs"), at.uri("ours"));
    theirs.must("register", json!({"procedure": to_them, "answer": "echo"})).await;
    ours.register(&*to_us, |number: u32| async move { number }).await.unwrap();
    let there = (0..100u32).map(|number| ours.call(&*to_them).args((number,)).value::<u32>());
    for (number, back) in join_all(there).await.into_iter().enumerate() {
        assert_eq!(back.unwrap() as usize, number);
    }
    let call = |number| theirs.start("call", json!({"procedure": to_us, "args": [number]}));
    let here: Vec<_> = (0..100).map(call).collect();
    for (number, call) in here.into_iter().enumerate() {
        assert_eq!(call.await.unwrap(), json!({"value": number}));
    }
    theirs.leave().await;
    ours.leave().await;
}

pub(crate) async fn callees_that_go(at: &Place) {
    let (ours, mut theirs) = (at.ours().await, at.theirs().await);
    let procedure = at.uri("theirs");
    theirs.must("register", json!({"procedure": procedure})).await;
    let call = calling(&ours, &procedure, json!([]));
    theirs.next("invocation").await;
    theirs.must("vanish", json!({})).await;
    let error = application(within("the end of a call", call).await.unwrap());
    assert_eq!(error.uri, "wamp.error.canceled");

    let theirs = at.theirs().await;
    let procedure = at.uri("ours");
    let (sender, mut called) = unbounded_channel();
    let stuck = move || {
        sender.send(()).unwrap();
        std::future::pending::<()>()
    };
    ours.register(&*procedure, stuck).await.unwrap();
    let call = theirs.start("call", json!({"procedure": procedure}));
    within("a call", called.recv()).await.unwrap();
    ours.leave().await;
    assert_eq!(call.await.unwrap_err()["error"], "wamp.error.canceled");
    theirs.leave().await;
}
