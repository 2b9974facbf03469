//! What routers answer to the meta API, each in its way: every form is read, and what is none is an
//! error that says where.

use std::collections::BTreeMap;
use std::future::IntoFuture;

use serde_json::{Value, json};
use wampwerk::Match;
use wampwerk::error::CallError;
use wampwerk::message::{InvocationPolicy, PublishOptions};
use wampwerk::session::meta::Scope;
use wampwerk::uri::Pattern;

use crate::common::scripted::{Scripted, join};

/// What `request` gives when the router answers so, and the call that it got.
async fn asked<T>(
    router: &mut Scripted,
    request: impl IntoFuture<Output = Result<T, CallError>>,
    args: Value,
) -> (Result<T, CallError>, Value) {
    tokio::join!(request.into_future(), router.answer(args))
}

fn decode_error<T>(result: Result<T, CallError>) -> String {
    match result {
        Err(CallError::Decode { error, .. }) => error.message,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it was read"),
    }
}

#[tokio::test]
async fn sessions_are_asked_for_by_role_or_at_all() {
    let (session, mut router) = join().await;
    let meta = session.meta();
    let (count, call) = asked(&mut router, meta.session_count(None), json!([3])).await;
    assert_eq!((count.unwrap(), &call[3]), (3, &json!("wamp.session.count")));
    assert_eq!(call.as_array().unwrap().len(), 4, "no argument at all");
    let roles = ["a", "b"];
    let (list, call) = asked(&mut router, meta.session_list(Some(&roles)), json!([[1, 2]])).await;
    assert_eq!((list.unwrap(), &call[4]), (vec![1, 2], &json!([["a", "b"]])));
}

#[tokio::test]
async fn a_session_has_what_the_router_tells_and_no_more() {
    let (session, mut router) = join().await;
    let meta = session.meta();
    let bare = json!([{"session": 5}]);
    let info = asked(&mut router, meta.session_get(5), bare).await.0.unwrap();
    assert_eq!((info.session, info.authid, info.extra.len()), (5, None, 0));
    let odd = json!([{"session": 5, "authid": null, "authrole": 7, "x_node": "n"}]);
    let info = asked(&mut router, meta.session_get(5), odd).await.0.unwrap();
    assert_eq!((info.authid, info.authrole), (None, None));
    assert_eq!(info.extra.get("authrole").unwrap().as_i64(), Some(7));
    assert_eq!(info.extra.get("x_node").unwrap().as_str(), Some("n"));
    for (args, says) in [
        (json!([{"authid": "x"}]), "session is missing"),
        (json!([{"session": "five"}]), "session must be an id, is string"),
        (json!([5]), "dict"),
    ] {
        let error = decode_error(asked(&mut router, meta.session_get(5), args).await.0);
        assert!(error.contains(says), "{error}");
    }
}

#[tokio::test]
async fn killed_sessions_are_listed_or_counted() {
    let (session, mut router) = join().await;
    let meta = session.meta();
    for (args, count, sessions) in [
        (json!([[4, 5]]), 2, vec![4, 5]),
        (json!([3]), 3, vec![]),
        (json!([null]), 0, vec![]),
        (json!([]), 0, vec![]),
    ] {
        let killed = asked(&mut router, meta.kill_by_authrole("r"), args).await.0.unwrap();
        assert_eq!((killed.count, killed.sessions), (count, sessions));
    }
    let kill = meta.kill(9).reason("com.example.r").message("m");
    let (killed, call) = asked(&mut router, kill, json!([])).await;
    assert_eq!(killed.unwrap().sessions, [9]);
    assert_eq!(call[3], "wamp.session.kill");
    assert_eq!(
        (&call[4], &call[5]),
        (&json!([9]), &json!({"reason": "com.example.r", "message": "m"}))
    );
    let (killed, call) = asked(&mut router, meta.kill_all(), json!([2])).await;
    assert_eq!((killed.unwrap().count, &call[3]), (2, &json!("wamp.session.kill_all")));
    decode_error(asked(&mut router, meta.kill_by_authid("a"), json!(["many"])).await.0);
}

#[tokio::test]
async fn registrations_and_subscriptions() {
    let (session, mut router) = join().await;
    let meta = session.meta();
    let only = json!([{"exact": [1]}]);
    let lists = asked(&mut router, meta.registration_list(), only).await.0.unwrap();
    assert_eq!((lists.exact, lists.prefix, lists.wildcard), (vec![1], vec![], vec![]));
    let look_up = meta.registration_lookup(Pattern::wildcard("a..b"));
    let (id, call) = asked(&mut router, look_up, json!([null])).await;
    assert_eq!((id.unwrap(), &call[4]), (None, &json!(["a..b", {"match": "wildcard"}])));
    let none = asked(&mut router, meta.subscription_match("a.b"), json!([null])).await.0;
    assert_eq!(none.unwrap().len(), 0);
    let none = asked(&mut router, meta.registration_match("a.b"), json!([])).await.0;
    assert_eq!(none.unwrap(), None);
    let told = json!([{"id": 3, "created": "2026-11-22T19:00:00.000Z", "uri": "a.", "match": "prefix",
        "invoke": "last"}]);
    let info = asked(&mut router, meta.registration_get(3), told).await.0.unwrap();
    assert_eq!((info.id, &*info.uri, info.r#match), (3, "a.", Match::Prefix));
    assert_eq!(info.invoke, Some(InvocationPolicy::Last));
    assert_eq!(info.created.unwrap(), "2026-11-22T19:00:00.000Z");
    let own = json!([{"id": 3, "uri": "a.b", "invoke": "all"}]);
    let info = asked(&mut router, meta.registration_get(3), own).await.0.unwrap();
    assert_eq!((info.invoke, info.r#match), (None, Match::Exact));
    assert_eq!(info.extra.get("invoke").unwrap().as_str(), Some("all"));
    let wrong = json!([{"id": 3, "uri": "a.b", "match": "regex"}]);
    let error = decode_error(asked(&mut router, meta.subscription_get(3), wrong).await.0);
    assert_eq!(error, "match must be a match policy, is string");
    let remove = meta.remove_subscriber(3, 4).reason("com.example.r");
    let (removed, call) = asked(&mut router, remove, json!([])).await;
    removed.unwrap();
    assert_eq!((&call[4], &call[5]), (&json!([3, 4]), &json!({"reason": "com.example.r"})));
}

#[tokio::test]
async fn a_history_of_either_shape() {
    let (session, mut router) = join().await;
    let meta = session.meta();
    let one = json!({"timestamp": "2026-11-22T19:00:00Z", "subscription": 3, "publication": 11,
        "details": {"topic": "a.b", "publisher": 5}, "args": [1], "kwargs": {"k": 2}});
    let crossbar = json!({"time_ns": 5, "realm": "realm1", "session_id": 6, "authid": "x",
        "authrole": "r", "publication": 12, "topic": "a.c", "args": null, "kwargs": null});
    for args in [json!([[one, crossbar]]), json!([one, crossbar])] {
        let events = asked(&mut router, meta.events(3), args).await.0.unwrap();
        let [one, crossbar] = &events[..] else { panic!("{events:?}") };
        assert_eq!((one.publication, one.subscription), (11, Some(3)));
        assert_eq!(one.timestamp.as_deref(), Some("2026-11-22T19:00:00Z"));
        assert_eq!(one.details.topic.as_deref(), Some("a.b"));
        assert_eq!((one.details.publisher, one.decode::<u8>().unwrap()), (Some(5), 1));
        assert_eq!(one.kwargs::<BTreeMap<String, u8>>().unwrap()["k"], 2);
        assert_eq!((crossbar.publication, crossbar.details.publisher), (12, Some(6)));
        assert_eq!(crossbar.details.topic.as_deref(), Some("a.c"));
        assert_eq!(crossbar.details.publisher_authid.as_deref(), Some("x"));
        assert!(crossbar.payload.is_empty() && crossbar.extra.get("time_ns").is_some());
    }
    // One event alone, and none in three ways.
    let events = asked(&mut router, meta.events(3), json!([one])).await.0.unwrap();
    assert_eq!(events.len(), 1);
    for none in [json!([[]]), json!([]), json!([null])] {
        assert!(asked(&mut router, meta.events(3), none).await.0.unwrap().is_empty());
    }
    for (bad, says) in [
        (json!([[one, 7]]), "event 2: must be a dict, is integer"),
        (json!([[{"args": []}]]), "event 1: publication is missing"),
        (json!([[{"publication": 1, "args": {}}]]), "event 1: args is dict, no list"),
        (json!([[{"publication": 1, "details": {"topic": 1}}]]), "event 1: EVENT.Details.topic"),
    ] {
        let error = decode_error(asked(&mut router, meta.events(3), bad).await.0);
        assert!(error.contains(says), "{error}");
    }
    let filtered = meta.events(3).reverse(true).limit(5).from_time("t1").before_time("t2");
    let filtered = filtered.topic("a.b").after_publication(11).until_publication(12);
    let call = asked(&mut router, filtered, json!([[]])).await.1;
    assert_eq!(call[4], json!([3]));
    let expected = json!({"reverse": true, "limit": 5, "from_time": "t1", "before_time": "t2",
        "topic": "a.b", "after_publication": 11, "until_publication": 12});
    assert_eq!(call[5], expected);
}

#[tokio::test]
async fn a_bad_event_is_an_item_and_not_the_end() {
    let (session, mut router) = join().await;
    let meta = session.meta();
    let (left, _) = tokio::join!(meta.on_session_leave(), router.subscribed(1));
    let mut left = left.unwrap();
    for args in [json!([5]), json!(["five"]), json!([]), json!([6, "joe", "user", "more"])] {
        router.send(json!([36, 1, 9, {}, args]));
    }
    let one = left.next().await.unwrap().unwrap();
    assert_eq!((one.session, one.authid), (5, None));
    for _ in 0..2 {
        let error = left.next().await.unwrap().unwrap_err();
        assert!(matches!(error, wampwerk::Error::Decode(_)), "{error}");
    }
    let last = left.next().await.unwrap().unwrap();
    assert_eq!((last.session, last.authid.as_deref()), (6, Some("joe")));
    assert_eq!(last.authrole.as_deref(), Some("user"));

    let (created, _) = tokio::join!(meta.on_registration_create(), router.subscribed(2));
    let mut created = created.unwrap();
    router.send(json!([36, 2, 9, {}, [5, {"id": 1, "uri": "a.b", "match": "exact"}]]));
    let created = created.next().await.unwrap().unwrap();
    assert_eq!((created.session, &*created.info.uri), (Some(5), "a.b"));

    // Crossbar, of a session that has gone by then.
    let (deleted, _) = tokio::join!(meta.on_subscription_delete(), router.subscribed(3));
    let mut deleted = deleted.unwrap();
    router.send(json!([36, 3, 9, {}, [null, 8]]));
    let deleted = deleted.next().await.unwrap().unwrap();
    assert_eq!((deleted.session, deleted.id), (None, 8));
}

#[tokio::test]
async fn a_testament_is_what_was_put_together() {
    let (session, mut router) = join().await;
    let mut options = PublishOptions::default();
    options.retain = Some(true);
    let testament = session.add_testament("a.b").args((1, "x")).kwargs(json!({"k": 2}));
    let testament = testament.options(options).scope(Scope::Detached);
    let call = asked(&mut router, testament, json!([77])).await;
    call.0.unwrap();
    assert_eq!(call.1[3], "wamp.session.add_testament");
    assert_eq!(call.1[4], json!(["a.b", [1, "x"], {"k": 2}]));
    assert_eq!(call.1[5], json!({"scope": "detached", "publish_options": {"retain": true}}));
    let call = asked(&mut router, session.add_testament("a.b"), json!([])).await;
    call.0.unwrap();
    assert_eq!((&call.1[4], &call.1[5]), (&json!(["a.b", [], {}]), &json!({"scope": "destroyed"})));
    let call = asked(&mut router, session.flush_testaments(Scope::Destroyed), json!([1])).await;
    call.0.unwrap();
    assert_eq!(call.1[5], json!({"scope": "destroyed"}));
    let error = session.add_testament("a..b").await.unwrap_err();
    assert_eq!(error.application().unwrap().uri, "wamp.error.invalid_uri");
    let error = session.add_testament("a.b").args("no list").await.unwrap_err();
    assert!(matches!(error, CallError::Encode(_)));
}

/// All of it can be used from any thread.
#[test]
fn futures_are_send() {
    fn send<T: Send>(_: impl FnOnce(wampwerk::Session) -> T) {}
    send(|session| async move { session.meta().session_list(None).await });
    send(|session| session.meta().kill(1).into_future());
    send(|session| session.add_testament("a.b").into_future());
    send(|session| async move { session.meta().on_session_join().await });
}
