//! What a session learns by the meta API and leaves in testaments, whatever router is under it: one
//! suite, run over the embedded router and against Crossbar.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::future::IntoFuture;

use wampwerk::Match;
use wampwerk::error::{CallError, CloseKind};
use wampwerk::message::{InvocationPolicy, PublishOptions};
use wampwerk::session::meta::{MetaEvent, MetaEvents, Scope};
use wampwerk::session::{Ending, IncomingEvent};
use wampwerk::uri::Pattern;

use super::behaviour::Place;

/// Runs every behaviour at a place, each with names of its own.
pub(crate) async fn all(place: &impl Place) {
    sessions_are_told_apart(place).await;
    sessions_come_and_go(place).await;
    a_session_is_killed_with_a_reason(place).await;
    sessions_are_killed_by_authid(place).await;
    registrations_are_found(place).await;
    registrations_come_and_go(place).await;
    subscriptions_are_found(place).await;
    subscriptions_come_and_go(place).await;
    a_subscriber_is_removed(place).await;
    what_is_unknown_is_an_error(place).await;
    any_meta_topic_untyped(place).await;
    testaments_are_published_in_order(place).await;
    testaments_are_flushed(place).await;
    testaments_of_killed_sessions(place).await;
}

/// What the specification asks for and Crossbar does not do.
pub(crate) async fn beyond_crossbar(place: &impl Place) {
    // There `remove_callee` fails half-way, and the callee is not told.
    a_callee_is_removed(place).await;
    // There it ends the caller, too.
    the_caller_is_spared(place).await;
    // There neither is told.
    who_has_left_is_told(place).await;
    wildcard_subscriptions_are_listed(place).await;
    // There it is a runtime error.
    let session = place.session().await;
    let error = session.meta().session_get(UNKNOWN).await.unwrap_err();
    assert_eq!(uri(&error), "wamp.error.no_such_session");
}

/// For routers that keep the history of the topic `com.example.history`.
pub(crate) async fn history(place: &impl Place) {
    let (publisher, reader) = (place.session().await, place.session().await);
    let kept = reader.subscribe("com.example.history").await.unwrap();
    let before = reader.meta().events(kept.id()).limit(100).await.unwrap().len();
    let mut publications = Vec::new();
    for number in 0..3u8 {
        let extra = BTreeMap::from([("half", f64::from(number) / 2.0)]);
        let publish = publisher.publish("com.example.history").args((number,)).kwargs(extra);
        publications.push(publish.acknowledge().await.unwrap());
    }
    let mut events = reader.meta().events(kept.id()).limit(100).await.unwrap();
    assert_eq!(events.len(), before + 3);
    // The order without `reverse` is the router's.
    events.retain(|event| publications.contains(&event.publication));
    events.sort_by_key(|event| event.decode::<u8>().unwrap());
    for (number, event) in events.iter().enumerate() {
        assert_eq!(event.publication, publications[number]);
        assert_eq!(event.kwargs::<BTreeMap<String, f64>>().unwrap()["half"], number as f64 / 2.0);
    }
    assert_eq!(reader.meta().events(kept.id()).limit(2).await.unwrap().len(), 2);
    let none = reader.subscribe("com.example.no_history").await.unwrap();
    assert!(reader.meta().events(none.id()).await.is_err());
    let error = reader.meta().events(UNKNOWN).await.unwrap_err();
    assert_eq!(uri(&error), "wamp.error.no_such_subscription");
}

const UNKNOWN: u64 = 9_007_199_254_740_992;

fn uri(error: &CallError) -> &str {
    match error.application() {
        Some(error) => &error.uri,
        None => panic!("{error}"),
    }
}

/// The next that is ours: others may be about at the same time.
async fn next_of<T: MetaEvent + Debug>(events: &mut MetaEvents<T>, ours: impl Fn(&T) -> bool) -> T {
    loop {
        let event = events.next().await.unwrap().unwrap();
        if ours(&event) {
            return event;
        }
    }
}

async fn sessions_are_told_apart(place: &impl Place) {
    let (one, other) = (place.session().await, place.session().await);
    let meta = one.meta();
    let list = meta.session_list(None).await.unwrap();
    assert!(list.contains(&one.id()) && list.contains(&other.id()));
    assert!(meta.session_count(None).await.unwrap() >= 2);
    let details = &other.welcome().details;
    let info = meta.session_get(other.id()).await.unwrap();
    assert_eq!(info.session, other.id());
    assert_eq!((&info.authid, &info.authrole), (&details.authid, &details.authrole));
    assert_eq!(info.authmethod, details.authmethod);
    let role = info.authrole.unwrap();
    let of_role = meta.session_list(Some(&[&role])).await.unwrap();
    assert!(of_role.contains(&one.id()) && of_role.contains(&other.id()));
    assert!(meta.session_list(Some(&["nobody"])).await.unwrap().is_empty());
    assert_eq!(meta.session_count(Some(&["nobody", "either"])).await.unwrap(), 0);
}

async fn sessions_come_and_go(place: &impl Place) {
    let watcher = place.session().await;
    let mut joined = watcher.meta().on_session_join().await.unwrap();
    let mut left = watcher.meta().on_session_leave().await.unwrap();
    let session = place.session().await;
    let info = next_of(&mut joined, |info| info.session == session.id()).await;
    assert_eq!(info.authid, session.welcome().details.authid);
    let id = session.id();
    session.leave().await;
    next_of(&mut left, |left| left.session == id).await;
    joined.unsubscribe().await.unwrap();
    let gone = watcher.leave().await;
    // Others may have left the realm before.
    while left.next().await.is_some() {}
    assert_eq!(left.close_reason().unwrap(), gone);
}

async fn a_session_is_killed_with_a_reason(place: &impl Place) {
    let (killer, victim) = (place.session().await, place.session().await);
    let kill = killer.meta().kill(victim.id()).reason("com.example.close.idle").message("go away");
    let killed = kill.await.unwrap();
    assert_eq!((killed.count, &*killed.sessions), (1, &[victim.id()][..]));
    let reason = victim.closed().await;
    assert_eq!(reason.kind, CloseKind::Goodbye);
    assert_eq!(reason.reason, "com.example.close.idle");
    assert_eq!(reason.message.as_deref(), Some("go away"));
    let error = killer.meta().kill(UNKNOWN).await.unwrap_err();
    assert_eq!(uri(&error), "wamp.error.no_such_session");
}

async fn the_caller_is_spared(place: &impl Place) {
    let (killer, victim) = (place.session().await, place.session().await);
    let error = killer.meta().kill(killer.id()).await.unwrap_err();
    assert_eq!(uri(&error), "wamp.error.no_such_session");
    let role = killer.welcome().details.authrole.clone().unwrap();
    let killed = killer.meta().kill_by_authrole(role).await.unwrap();
    assert!(killed.count >= 1 && !killed.sessions.contains(&killer.id()));
    assert_eq!(victim.closed().await.reason, "wamp.close.killed");
    let victim = place.session().await;
    let killed = killer.meta().kill_all().reason("com.example.close.all").await.unwrap();
    assert!(killed.count >= 1);
    assert_eq!(victim.closed().await.reason, "com.example.close.all");
    assert!(!killer.is_closed());
}

async fn who_has_left_is_told(place: &impl Place) {
    let (watcher, session) = (place.session().await, place.session().await);
    let mut left = watcher.meta().on_session_leave().await.unwrap();
    let details = session.welcome().details.clone();
    let id = session.id();
    session.leave().await;
    let event = next_of(&mut left, |left| left.session == id).await;
    assert_eq!((event.authid, event.authrole), (details.authid.clone(), details.authrole.clone()));
}

async fn sessions_are_killed_by_authid(place: &impl Place) {
    let (killer, victim) = (place.session().await, place.session().await);
    let authid = victim.welcome().details.authid.clone().unwrap();
    let killed = killer.meta().kill_by_authid(authid).await.unwrap();
    assert_eq!((killed.count, killed.sessions), (1, vec![victim.id()]));
    assert_eq!(victim.closed().await.kind, CloseKind::Goodbye);
    let killed = killer.meta().kill_by_authid("nobody").await.unwrap();
    assert_eq!((killed.count, killed.sessions), (0, vec![]));
    let killed = killer.meta().kill_by_authrole("nobody").await.unwrap();
    assert_eq!((killed.count, killed.sessions), (0, vec![]));
}

async fn nothing() {}

async fn registrations_are_found(place: &impl Place) {
    let session = place.session().await;
    let meta = session.meta();
    let exact = session.register("com.example.meta.find", nothing).await.unwrap();
    let shared = session
        .register(Pattern::prefix("com.example.meta."), nothing)
        .invoke(InvocationPolicy::RoundRobin);
    let shared = shared.await.unwrap();
    let wildcard = session.register(Pattern::wildcard("com.example.meta..at"), nothing);
    let wildcard = wildcard.await.unwrap();
    let lists = meta.registration_list().await.unwrap();
    assert!(lists.exact.contains(&exact.id()) && lists.prefix.contains(&shared.id()));
    assert!(lists.wildcard.contains(&wildcard.id()));

    let found = meta.registration_lookup("com.example.meta.find").await.unwrap();
    assert_eq!(found, Some(exact.id()));
    let pattern = Pattern::from_starred("com.example.meta.*").unwrap();
    assert_eq!(meta.registration_lookup(&pattern).await.unwrap(), Some(shared.id()));
    assert_eq!(meta.registration_lookup("com.example.meta.other").await.unwrap(), None);
    let found = meta.registration_match("com.example.meta.other").await.unwrap();
    assert_eq!(found, Some(shared.id()));
    assert_eq!(meta.registration_match("com.example.nowhere").await.unwrap(), None);

    let info = meta.registration_get(shared.id()).await.unwrap();
    assert_eq!(
        (info.id, &*info.uri, info.r#match),
        (shared.id(), "com.example.meta.", Match::Prefix)
    );
    assert_eq!(info.invoke, Some(InvocationPolicy::RoundRobin));
    assert!(info.created.unwrap().starts_with("20"));
    let callees = meta.registration_list_callees(exact.id()).await.unwrap();
    assert_eq!(callees, [session.id()]);
    assert_eq!(meta.registration_count_callees(exact.id()).await.unwrap(), 1);
}

async fn registrations_come_and_go(place: &impl Place) {
    let (watcher, callee) = (place.session().await, place.session().await);
    let meta = watcher.meta();
    let mut created = meta.on_registration_create().await.unwrap();
    let mut registered = meta.on_registration_register().await.unwrap();
    let mut unregistered = meta.on_registration_unregister().await.unwrap();
    let mut deleted = meta.on_registration_delete().await.unwrap();
    let registration = callee.register("com.example.meta.coming", nothing).await.unwrap();
    let event = next_of(&mut created, |event| event.session == Some(callee.id())).await;
    assert_eq!(event.info.id, registration.id());
    assert_eq!(event.info.uri, "com.example.meta.coming");
    let event = next_of(&mut registered, |event| event.session == Some(callee.id())).await;
    assert_eq!(event.id, registration.id());
    let id = registration.id();
    registration.unregister().await.unwrap();
    let event = next_of(&mut unregistered, |event| event.session == Some(callee.id())).await;
    assert_eq!(event.id, id);
    let event = next_of(&mut deleted, |event| event.session == Some(callee.id())).await;
    assert_eq!(event.id, id);
}

async fn a_callee_is_removed(place: &impl Place) {
    let (boss, callee) = (place.session().await, place.session().await);
    let registration = callee.register("com.example.meta.removed", nothing).await.unwrap();
    boss.call("com.example.meta.removed").await.unwrap();
    let remove = boss.meta().remove_callee(registration.id(), callee.id());
    remove.reason("com.example.reason").await.unwrap();
    match registration.ended().await {
        Ending::Revoked(reason) => assert_eq!(reason, "com.example.reason"),
        other => panic!("{other:?}"),
    }
    assert!(!registration.is_active() && !callee.is_closed());
    let error = boss.call("com.example.meta.removed").await.unwrap_err();
    assert_eq!(uri(&error), "wamp.error.no_such_procedure");
    // The name is free again.
    callee.register("com.example.meta.removed", nothing).await.unwrap();
    boss.call("com.example.meta.removed").await.unwrap();
}

async fn subscriptions_are_found(place: &impl Place) {
    let session = place.session().await;
    let meta = session.meta();
    let exact = session.subscribe("com.example.meta.topic").await.unwrap();
    let prefix = session.subscribe(Pattern::prefix("com.example.meta.")).await.unwrap();
    let lists = meta.subscription_list().await.unwrap();
    assert!(lists.exact.contains(&exact.id()) && lists.prefix.contains(&prefix.id()));
    let found = meta.subscription_lookup("com.example.meta.topic").await.unwrap();
    assert_eq!(found, Some(exact.id()));
    let found = meta.subscription_lookup(Pattern::prefix("com.example.meta.")).await.unwrap();
    assert_eq!(found, Some(prefix.id()));
    assert_eq!(meta.subscription_lookup("com.example.meta.other").await.unwrap(), None);
    let matching = meta.subscription_match("com.example.meta.topic").await.unwrap();
    assert!(matching.contains(&exact.id()) && matching.contains(&prefix.id()));
    assert!(meta.subscription_match("org.example.nowhere").await.unwrap().is_empty());
    let info = meta.subscription_get(exact.id()).await.unwrap();
    assert_eq!(
        (info.id, &*info.uri, info.r#match),
        (exact.id(), "com.example.meta.topic", Match::Exact)
    );
    assert!(info.created.unwrap().starts_with("20"));
    let subscribers = meta.subscription_list_subscribers(exact.id()).await.unwrap();
    assert_eq!(subscribers, [session.id()]);
    assert_eq!(meta.subscription_count_subscribers(exact.id()).await.unwrap(), 1);
}

async fn wildcard_subscriptions_are_listed(place: &impl Place) {
    let session = place.session().await;
    let pattern = session.subscribe(Pattern::wildcard("com.example.meta..wild"));
    let pattern = pattern.await.unwrap();
    let lists = session.meta().subscription_list().await.unwrap();
    assert!(lists.wildcard.contains(&pattern.id()));
}

async fn subscriptions_come_and_go(place: &impl Place) {
    let (watcher, subscriber) = (place.session().await, place.session().await);
    let meta = watcher.meta();
    let mut created = meta.on_subscription_create().await.unwrap();
    let mut subscribed = meta.on_subscription_subscribe().await.unwrap();
    let mut unsubscribed = meta.on_subscription_unsubscribe().await.unwrap();
    let mut deleted = meta.on_subscription_delete().await.unwrap();
    let subscription = subscriber.subscribe("com.example.meta.came").await.unwrap();
    let event = next_of(&mut created, |event| event.session == Some(subscriber.id())).await;
    assert_eq!(event.info.id, subscription.id());
    assert_eq!(event.info.uri, "com.example.meta.came");
    let event = next_of(&mut subscribed, |event| event.session == Some(subscriber.id())).await;
    assert_eq!(event.id, subscription.id());
    let id = subscription.id();
    subscription.unsubscribe().await.unwrap();
    let event = next_of(&mut unsubscribed, |event| event.session == Some(subscriber.id())).await;
    assert_eq!(event.id, id);
    let event = next_of(&mut deleted, |event| event.session == Some(subscriber.id())).await;
    assert_eq!(event.id, id);
}

async fn a_subscriber_is_removed(place: &impl Place) {
    let (boss, subscriber) = (place.session().await, place.session().await);
    let mut subscription = subscriber.subscribe("com.example.meta.revoked").await.unwrap();
    let remove = boss.meta().remove_subscriber(subscription.id(), subscriber.id());
    remove.reason("com.example.reason").await.unwrap();
    assert!(subscription.next().await.is_none());
    match subscription.ended().await {
        Ending::Revoked(reason) => assert_eq!(reason, "com.example.reason"),
        other => panic!("{other:?}"),
    }
    // The session lives, and can subscribe again.
    let mut again = subscriber.subscribe("com.example.meta.revoked").await.unwrap();
    boss.publish("com.example.meta.revoked").args((1,)).await.unwrap();
    assert_eq!(again.next().await.unwrap().unwrap().decode::<u8>().unwrap(), 1);
}

async fn what_is_unknown_is_an_error(place: &impl Place) {
    let session = place.session().await;
    let meta = session.meta();
    let error = meta.registration_get(UNKNOWN).await.unwrap_err();
    assert_eq!(uri(&error), "wamp.error.no_such_registration");
    let error = meta.registration_list_callees(UNKNOWN).await.unwrap_err();
    assert_eq!(uri(&error), "wamp.error.no_such_registration");
    let error = meta.registration_count_callees(UNKNOWN).await.unwrap_err();
    assert_eq!(uri(&error), "wamp.error.no_such_registration");
    let error = meta.subscription_get(UNKNOWN).await.unwrap_err();
    assert_eq!(uri(&error), "wamp.error.no_such_subscription");
    let error = meta.subscription_list_subscribers(UNKNOWN).await.unwrap_err();
    assert_eq!(uri(&error), "wamp.error.no_such_subscription");
    let error = meta.subscription_count_subscribers(UNKNOWN).await.unwrap_err();
    assert_eq!(uri(&error), "wamp.error.no_such_subscription");
    let error = meta.remove_callee(UNKNOWN, session.id()).await.unwrap_err();
    assert_eq!(uri(&error), "wamp.error.no_such_registration");
    let error = meta.remove_subscriber(UNKNOWN, session.id()).await.unwrap_err();
    assert_eq!(uri(&error), "wamp.error.no_such_subscription");
}

async fn any_meta_topic_untyped(place: &impl Place) {
    let watcher = place.session().await;
    let mut all =
        watcher.meta().on::<IncomingEvent>(Pattern::prefix("wamp.session.")).await.unwrap();
    let session = place.session().await;
    let of = |event: &IncomingEvent| match event.details.topic.as_deref() {
        Some("wamp.session.on_leave") => event.args::<Vec<wampwerk::Value>>().unwrap()[0].as_u64(),
        _ => None,
    };
    let id = session.id();
    session.leave().await;
    next_of(&mut all, |event| of(event) == Some(id)).await;
}

async fn testaments_are_published_in_order(place: &impl Place) {
    let (heir, dying) = (place.session().await, place.session().await);
    let mut events = heir.subscribe("com.example.testament").await.unwrap();
    for (number, scope) in [(2, Scope::Destroyed), (0, Scope::Detached), (1, Scope::Detached)] {
        let testament = dying.add_testament("com.example.testament").args((number, "text"));
        let kwargs = BTreeMap::from([("number", number)]);
        testament.kwargs(kwargs).scope(scope).await.unwrap();
    }
    // Not for the heir.
    let mut options = PublishOptions::default();
    options.exclude = Some(vec![heir.id()]);
    dying.add_testament("com.example.testament").args((9,)).options(options).await.unwrap();
    dying.add_testament("com.example.testament").await.unwrap();
    dying.leave().await;
    for number in 0..3 {
        let event = events.next().await.unwrap().unwrap();
        assert_eq!(event.args::<(u8, String)>().unwrap(), (number, "text".into()));
        assert_eq!(event.kwargs::<BTreeMap<String, u8>>().unwrap()["number"], number);
    }
    assert!(events.next().await.unwrap().unwrap().payload.is_empty());
}

async fn testaments_are_flushed(place: &impl Place) {
    let (heir, dying) = (place.session().await, place.session().await);
    let mut events = heir.subscribe("com.example.testament.flushed").await.unwrap();
    let add = |scope: Scope| {
        let topic = "com.example.testament.flushed";
        dying.add_testament(topic).args((scope.as_str(),)).scope(scope).into_future()
    };
    add(Scope::Destroyed).await.unwrap();
    add(Scope::Detached).await.unwrap();
    dying.flush_testaments(Scope::Destroyed).await.unwrap();
    dying.leave().await;
    heir.publish("com.example.testament.flushed").args(("end",)).exclude_me(false).await.unwrap();
    for expected in ["detached", "end"] {
        let event = events.next().await.unwrap().unwrap();
        assert_eq!(event.decode::<String>().unwrap(), expected);
    }
}

async fn testaments_of_killed_sessions(place: &impl Place) {
    let (heir, dying) = (place.session().await, place.session().await);
    let mut events = heir.subscribe("com.example.testament.killed").await.unwrap();
    dying.add_testament("com.example.testament.killed").await.unwrap();
    heir.meta().kill(dying.id()).await.unwrap();
    events.next().await.unwrap().unwrap();
    let bad = heir.add_testament("com..example").await.unwrap_err();
    assert_eq!(uri(&bad), "wamp.error.invalid_uri");
}
