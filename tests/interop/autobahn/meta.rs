//! The meta API, as Autobahn sees it, and what it does to sessions of both kinds.

use serde_json::{Value as Json, json};
use wampwerk::error::CloseKind;
use wampwerk::router::{MetaApi, RouterBuilder};
use wampwerk::session::Ending;
use wampwerk::uri::Pattern;
use wampwerk::{Match, Session};

use super::place::{Place, application, json_of, payload};
use crate::peer::{Autobahn, within};

/// An id that is not in use.
const UNUSED: u64 = (1 << 53) - 1;

pub(crate) async fn sessions(at: &Place) {
    let (ours, mut theirs) = (at.ours().await, at.theirs().await);
    let list = ask(&theirs, "wamp.session.list", json!([])).await;
    for id in [ours.id(), theirs.id()] {
        assert!(list.as_array().unwrap().contains(&json!(id)), "{list}");
    }
    let count = ask(&theirs, "wamp.session.count", json!([["anonymous"]])).await;
    if at.is_crossbar() {
        assert!(count.as_u64().unwrap() >= 2, "others are there, too");
    } else {
        // Sessions of the round before may still be leaving.
        assert_eq!(ask(&theirs, "wamp.session.count", json!([["nobody"]])).await, 0);
        // Crossbar with a store fails here, by an exception of its own.
        let error = theirs.call("wamp.session.get", json!([UNUSED])).await.unwrap_err();
        assert_eq!(error["error"], "wamp.error.no_such_session");
    }
    let us = ours.welcome();
    let details = ask(&theirs, "wamp.session.get", json!([us.session])).await;
    assert_eq!(details["session"], us.session);
    assert_eq!(details["authid"], us.details.authid.clone().unwrap());
    assert_eq!(details["authrole"], us.details.authrole.clone().unwrap());

    let joins = theirs.must("subscribe", json!({"topic": "wamp.session.on_join"})).await;
    let leaves = theirs.must("subscribe", json!({"topic": "wamp.session.on_leave"})).await;
    let other = at.ours().await;
    let id = json!(other.id());
    let joined = event(&mut theirs, &joins, |args| args[0]["session"] == id).await;
    assert_eq!(joined[0]["authrole"], "anonymous");
    other.leave().await;
    event(&mut theirs, &leaves, |args| args[0] == id).await;
    for subscription in [joins, leaves] {
        theirs.must("unsubscribe", json!({"subscription": subscription})).await;
    }
    theirs.happened();
    theirs.leave().await;
    ours.leave().await;
}

pub(crate) async fn registrations(at: &Place) {
    let (ours, mut theirs) = (at.ours().await, at.theirs().await);
    let created = theirs.must("subscribe", json!({"topic": "wamp.registration.on_create"})).await;
    let deleted = theirs.must("subscribe", json!({"topic": "wamp.registration.on_delete"})).await;
    let procedure = at.uri("procedures.");
    let registration = ours.register(Pattern::prefix(&*procedure), || async {}).await.unwrap();
    let id = json!(registration.id());
    let seen = event(&mut theirs, &created, |args| args[1]["uri"] == *procedure).await;
    assert_eq!(seen[0], ours.id());
    assert_eq!((&seen[1]["id"], &seen[1]["match"]), (&id, &json!("prefix")));
    assert_eq!(seen[1]["invoke"], "single");

    let list = ask(&theirs, "wamp.registration.list", json!([])).await;
    assert!(list["prefix"].as_array().unwrap().contains(&id), "{list}");
    let lookup = |options: Json| ask(&theirs, "wamp.registration.lookup", options);
    assert_eq!(lookup(json!([procedure, {"match": "prefix"}])).await, id);
    assert_eq!(lookup(json!([at.uri("procedures")])).await, json!(null));
    let matched = ask(&theirs, "wamp.registration.match", json!([at.uri("procedures.a")])).await;
    assert_eq!(matched, id);
    let details = ask(&theirs, "wamp.registration.get", json!([id])).await;
    assert_eq!((&details["id"], &details["uri"]), (&id, &json!(procedure)));
    let callees = ask(&theirs, "wamp.registration.list_callees", json!([id])).await;
    assert_eq!(callees, json!([ours.id()]));
    assert_eq!(ask(&theirs, "wamp.registration.count_callees", json!([id])).await, 1);
    let error = theirs.call("wamp.registration.get", json!([UNUSED])).await.unwrap_err();
    assert_eq!(error["error"], "wamp.error.no_such_registration");

    registration.unregister().await.unwrap();
    event(&mut theirs, &deleted, |args| args[1] == id).await;
    for subscription in [created, deleted] {
        theirs.must("unsubscribe", json!({"subscription": subscription})).await;
    }
    theirs.happened();
    theirs.leave().await;
    ours.leave().await;
}

pub(crate) async fn subscriptions(at: &Place) {
    let (ours, mut theirs) = (at.ours().await, at.theirs().await);
    let created = theirs.must("subscribe", json!({"topic": "wamp.subscription.on_create"})).await;
    let deleted = theirs.must("subscribe", json!({"topic": "wamp.subscription.on_delete"})).await;
    let topic = at.uri("topic");
    let subscription = ours.subscribe(&*topic).await.unwrap();
    let id = json!(subscription.id());
    let seen = event(&mut theirs, &created, |args| args[1]["uri"] == *topic).await;
    assert_eq!(seen[0], ours.id());
    assert_eq!((&seen[1]["id"], &seen[1]["match"]), (&id, &json!("exact")));

    let list = ask(&theirs, "wamp.subscription.list", json!([])).await;
    assert!(list["exact"].as_array().unwrap().contains(&id), "{list}");
    assert_eq!(ask(&theirs, "wamp.subscription.lookup", json!([topic])).await, id);
    let matching = ask(&theirs, "wamp.subscription.match", json!([topic])).await;
    assert!(matching.as_array().unwrap().contains(&id), "{matching}");
    let details = ask(&theirs, "wamp.subscription.get", json!([id])).await;
    assert_eq!((&details["id"], &details["uri"]), (&id, &json!(topic)));
    let subscribers = ask(&theirs, "wamp.subscription.list_subscribers", json!([id])).await;
    assert_eq!(subscribers, json!([ours.id()]));
    assert_eq!(ask(&theirs, "wamp.subscription.count_subscribers", json!([id])).await, 1);
    let error = theirs.call("wamp.subscription.get", json!([UNUSED])).await.unwrap_err();
    assert_eq!(error["error"], "wamp.error.no_such_subscription");

    subscription.unsubscribe().await.unwrap();
    event(&mut theirs, &deleted, |args| args[1] == id).await;
    for subscription in [created, deleted] {
        theirs.must("unsubscribe", json!({"subscription": subscription})).await;
    }
    theirs.happened();
    theirs.leave().await;
    ours.leave().await;
}

pub(crate) async fn our_registration_is_revoked(at: &Place) {
    let (ours, theirs) = (at.ours().await, at.theirs().await);
    let procedure = at.uri("procedure");
    let registration = ours.register(&*procedure, || async {}).await.unwrap();
    let remove = json!([registration.id(), ours.id(), "com.example.why"]);
    ask(&theirs, "wamp.registration.remove_callee", remove).await;
    let ended = within("the end of a registration", registration.ended()).await;
    let Ending::Revoked(reason) = ended else { panic!("{ended:?}") };
    assert_eq!(reason, "com.example.why");
    assert!(!registration.is_active());
    let error = theirs.call(&procedure, json!([])).await.unwrap_err();
    assert_eq!(error["error"], "wamp.error.no_such_procedure");
    // It can be registered again.
    ours.register(&*procedure, || async { 1 }).await.unwrap();
    assert_eq!(ask(&theirs, &procedure, json!([])).await, 1);
    theirs.leave().await;
    ours.leave().await;
}

pub(crate) async fn our_subscription_is_revoked(at: &Place) {
    let (ours, theirs) = (at.ours().await, at.theirs().await);
    let topic = at.uri("topic");
    let mut subscription = ours.subscribe(&*topic).await.unwrap();
    let remove = json!([subscription.id(), ours.id(), "com.example.why"]);
    ask(&theirs, "wamp.subscription.remove_subscriber", remove).await;
    let ended = within("the end of a subscription", subscription.ended()).await;
    let Ending::Revoked(reason) = ended else { panic!("{ended:?}") };
    assert_eq!(reason, "com.example.why");
    assert!(within("the end of the events", subscription.next()).await.is_none());
    let mut again = ours.subscribe(&*topic).await.unwrap();
    theirs.must("publish", json!({"topic": topic, "args": [1]})).await;
    let event = within("an event", again.next()).await.unwrap().unwrap();
    assert_eq!(event.decode::<u8>().unwrap(), 1);
    theirs.leave().await;
    ours.leave().await;
}

pub(crate) async fn their_registration_is_revoked(at: &Place) {
    let (ours, mut theirs) = (at.ours().await, at.theirs().await);
    let procedure = at.uri("procedure");
    let register = json!({"procedure": procedure});
    let registration = theirs.must("register", register.clone()).await;
    // A call that runs goes on.
    let call = super::place::calling(&ours, &procedure, json!([]));
    let invocation = theirs.next("invocation").await["invocation"].clone();
    let remove = payload(&json!([registration, theirs.id()]), &json!({}));
    ours.call("wamp.registration.remove_callee").payload(remove).await.unwrap();
    let error = application(ours.call(&*procedure).await);
    assert_eq!(error.uri, "wamp.error.no_such_procedure");
    theirs.must("return", json!({"invocation": invocation, "args": ["done"]})).await;
    assert_eq!(call.await.unwrap().unwrap(), json!([["done"], {}]));
    // Autobahn keeps quiet about it, and can register again.
    theirs.must("register", json!({"procedure": procedure, "answer": ["again"]})).await;
    assert_eq!(ours.call(&*procedure).value::<String>().await.unwrap(), "again");
    theirs.leave().await;
    ours.leave().await;
}

/// Autobahn|Python announces `subscription_revocation`, but takes its message for a violation of
/// the protocol. That ends its session and no other.
pub(crate) async fn their_subscription_is_revoked(at: &Place) {
    let (ours, mut theirs, mut witness) = (at.ours().await, at.theirs().await, at.theirs().await);
    let topic = at.uri("topic");
    let subscription = theirs.must("subscribe", json!({"topic": topic})).await;
    assert_eq!(witness.must("subscribe", json!({"topic": topic})).await, subscription);
    let remove = payload(&json!([subscription, theirs.id()]), &json!({}));
    ours.call("wamp.subscription.remove_subscriber").payload(remove).await.unwrap();
    theirs.next("left").await;
    let closed = theirs.next("closed").await;
    assert_eq!(closed["clean"], false, "{closed}");
    ours.publish(&*topic).args((1,)).acknowledge().await.unwrap();
    assert_eq!(witness.next("event").await["args"], json!([1]));
    witness.leave().await;
    ours.leave().await;
}

pub(crate) async fn sessions_are_killed(at: &Place) {
    let (ours, mut theirs, killer) = (at.ours().await, at.theirs().await, at.theirs().await);
    let kill = |id: u64| {
        let kwargs = json!({"reason": "com.example.why", "message": "because"});
        let call = json!({"procedure": "wamp.session.kill", "args": [id], "kwargs": kwargs});
        killer.must("call", call)
    };
    kill(ours.id()).await;
    let reason = within("the end of a session", ours.closed()).await;
    assert_eq!((reason.kind, reason.reason.as_str()), (CloseKind::Goodbye, "com.example.why"));
    assert_eq!(reason.message.as_deref(), Some("because"));
    kill(theirs.id()).await;
    let left = theirs.next("left").await;
    assert_eq!((&left["reason"], &left["message"]), (&json!("com.example.why"), &json!("because")));
    assert_eq!(theirs.next("closed").await["clean"], true);
    let error = killer.call("wamp.session.kill", json!([theirs.id()])).await.unwrap_err();
    assert_eq!(error["error"], "wamp.error.no_such_session");
    killer.leave().await;
}

/// As the router is unless it is told otherwise.
pub(crate) async fn nobody_is_killed(at: &Place) {
    let read_only = |router: RouterBuilder| router.meta_api(MetaApi::ReadOnly);
    let at = Place::embedded_with(read_only).await.with_serializer_of(at);
    let (ours, theirs) = (at.ours().await, at.theirs().await);
    assert_eq!(ask(&theirs, "wamp.session.count", json!([])).await, 2);
    let error = theirs.call("wamp.session.kill", json!([ours.id()])).await.unwrap_err();
    assert_eq!(error["error"], "wamp.error.not_authorized");
    assert_eq!(ask(&theirs, "wamp.session.count", json!([])).await, 2);
    theirs.leave().await;
    ours.leave().await;
}

pub(crate) async fn event_history(at: &Place) {
    let history = |router: RouterBuilder| router.history("com.example.", Match::Prefix, 2);
    let at = Place::embedded_with(history).await.with_serializer_of(at);
    let (ours, theirs) = (at.ours().await, at.theirs().await);
    let topic = at.uri("topic");
    let mut publications = Vec::new();
    for number in 0..3 {
        let publish = ours.publish(&*topic).args((number,));
        publications.push(json!(publish.acknowledge().await.unwrap()));
    }
    let lookup = json!(["com.example.", {"match": "prefix"}]);
    let subscription = ask(&theirs, "wamp.subscription.lookup", lookup).await;
    let events = ask(&theirs, "wamp.subscription.get_events", json!([subscription])).await;
    let events = events.as_array().unwrap();
    let seen: Vec<_> = events.iter().map(|event| &event["publication"]).collect();
    assert_eq!(seen, [&publications[1], &publications[2]]);
    assert_eq!(events[1]["args"], json!([2]));
    let newest = json!({"procedure": "wamp.subscription.get_events", "args": [subscription],
        "kwargs": {"reverse": true, "limit": 1}});
    assert_eq!(theirs.must("call", newest).await["value"], json!([events[1]]));
    theirs.leave().await;
    ours.leave().await;
}

pub(crate) async fn testaments(at: &Place) {
    let (ours, theirs) = (at.ours().await, at.theirs().await);
    let topic = at.uri("will");
    let mut events = ours.subscribe(&*topic).await.unwrap();
    let flushed = at.theirs().await;
    let add = |label: &str| json!([topic, [label], {"k": 1}]);
    ask(&flushed, "wamp.session.add_testament", add("flushed")).await;
    ask(&flushed, "wamp.session.flush_testaments", json!([])).await;
    flushed.leave().await;
    ask(&theirs, "wamp.session.add_testament", add("the will")).await;
    drop(theirs);
    let event = within("a testament", events.next()).await.unwrap().unwrap();
    assert_eq!(event.decode::<String>().unwrap(), "the will");
    assert_eq!(json_of(&event.kwargs().unwrap()), json!({"k": 1}));

    let mut theirs = at.theirs().await;
    theirs.must("subscribe", json!({"topic": topic})).await;
    let testator: Session = at.ours().await;
    let testament = payload(&add("ours"), &json!({}));
    testator.call("wamp.session.add_testament").payload(testament).await.unwrap();
    testator.leave().await;
    assert_eq!(theirs.next("event").await["args"], json!(["ours"]));
    theirs.leave().await;
    ours.leave().await;
}

/// The one value that a procedure gives.
async fn ask(theirs: &Autobahn, procedure: &str, args: Json) -> Json {
    let result = theirs.must("call", json!({"procedure": procedure, "args": args})).await;
    result["value"].clone()
}

/// The arguments of the event that is meant; in a shared router there are others.
async fn event(theirs: &mut Autobahn, subscription: &Json, meant: impl Fn(&Json) -> bool) -> Json {
    loop {
        let event = theirs.next("event").await;
        if event["subscription"] == *subscription && meant(&event["args"]) {
            return event["args"].clone();
        }
    }
}
