//! Procedures and topics by pattern.

use std::collections::BTreeSet;

use wampwerk::Match;
use wampwerk::message::{EventDetails, InvocationDetails};

use super::Place;

/// Runs them all.
pub(super) async fn all(place: &impl Place) {
    run! { place:
        procedures,
        topics,
        handlers,
        what_is_no_pattern,
    }
}

fn named(
    name: &'static str,
) -> impl Fn(InvocationDetails) -> std::future::Ready<String> + Send + Sync {
    move |details| std::future::ready(format!("{name} {}", details.procedure.as_ref().unwrap()))
}

async fn procedures(place: &impl Place) {
    let (callee, caller) = (place.session().await, place.session().await);
    let register = |uri, name, policy| callee.register(uri, named(name)).match_policy(policy);
    register("com.example.pattern", "short", Match::Prefix).await.unwrap();
    register("com.example.pattern.long", "long", Match::Prefix).await.unwrap();
    register("com.example.pattern.exact", "exact", Match::Exact).await.unwrap();
    register("com.example..wild.", "wildcard", Match::Wildcard).await.unwrap();
    for (procedure, name) in [
        ("com.example.pattern", "short"),
        ("com.example.pattern.other", "short"),
        ("com.example.pattern.longer.still", "long"),
        ("com.example.pattern.exact", "exact"),
        ("com.example.pattern.wild.x", "short"),
        ("com.example.any.wild.x", "wildcard"),
    ] {
        let called: String = caller.call(procedure).value().await.unwrap();
        assert_eq!(called, format!("{name} {procedure}"));
    }
    let error = caller.call("com.example.any.wild.x.y").await.unwrap_err();
    assert_eq!(super::application(error).uri, "wamp.error.no_such_procedure");
}

async fn topics(place: &impl Place) {
    let (publisher, subscriber) = (place.session().await, place.session().await);
    let subscribe = |uri, policy| subscriber.subscribe(uri).match_policy(policy);
    let mut all = [
        subscribe("com.example.topics.a", Match::Exact).await.unwrap(),
        subscribe("com.example.topics", Match::Prefix).await.unwrap(),
        subscribe("com.example..a", Match::Wildcard).await.unwrap(),
    ];
    let ids: BTreeSet<_> = all.iter().map(|subscription| subscription.id()).collect();
    assert_eq!(ids.len(), 3);
    let publish = publisher.publish("com.example.topics.a").args((1,)).acknowledge();
    let publication = publish.await.unwrap();
    for subscription in &mut all {
        let event = subscription.next().await.unwrap().unwrap();
        assert_eq!((event.publication, &*event.topic), (publication, "com.example.topics.a"));
    }
    publisher.publish("com.example.other.a").await.unwrap();
    publisher.publish("com.example.topics.b").await.unwrap();
    let [_, prefix, wildcard] = &mut all;
    assert_eq!(wildcard.next().await.unwrap().unwrap().topic, "com.example.other.a");
    assert_eq!(prefix.next().await.unwrap().unwrap().topic, "com.example.topics.b");
}

async fn handlers(place: &impl Place) {
    let (publisher, subscriber) = (place.session().await, place.session().await);
    let (sender, mut topics) = tokio::sync::mpsc::unbounded_channel();
    let handler = move |details: EventDetails| {
        sender.send(details.topic.as_ref().unwrap().to_string()).unwrap();
        async {}
    };
    let request = subscriber.subscribe_with("com.example.handlers_by.", handler);
    request.match_policy(Match::Prefix).await.unwrap();
    for topic in ["com.example.handlers_by.x", "com.example.handlers_by.y.z"] {
        publisher.publish(topic).await.unwrap();
        assert_eq!(topics.recv().await.unwrap(), topic);
    }
}

async fn what_is_no_pattern(place: &impl Place) {
    let session = place.session().await;
    for (bad, policy) in [
        ("com..example", Match::Prefix),
        ("com.exa mple", Match::Wildcard),
        ("com.#.example", Match::Wildcard),
    ] {
        let error = session.subscribe(bad).match_policy(policy).await.unwrap_err();
        assert!(error.to_string().contains("wamp.error.invalid_uri"), "{error}");
        let error = session.register(bad, named("")).match_policy(policy).await.unwrap_err();
        assert!(error.to_string().contains("wamp.error.invalid_uri"), "{error}");
    }
    assert!(!session.is_closed());
}
