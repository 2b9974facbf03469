//! Procedures and topics by pattern.

use std::collections::BTreeSet;

use wampwerk::Match;
use wampwerk::message::{EventDetails, InvocationDetails};
use wampwerk::session::{EventHandlers, Procedures};
use wampwerk::uri::Pattern;

use super::Place;

/// Runs them all.
pub(super) async fn all(place: &impl Place) {
    run! { place:
        procedures,
        topics,
        handlers,
        patterns_in_one_way,
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
    let register = |uri, name, policy| callee.register(Pattern::new(uri, policy), named(name));
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
    let subscribe = |uri, policy| subscriber.subscribe(Pattern::new(uri, policy));
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
    let pattern = Pattern::prefix("com.example.handlers_by.");
    subscriber.subscribe_with(pattern, handler).await.unwrap();
    for topic in ["com.example.handlers_by.x", "com.example.handlers_by.y.z"] {
        publisher.publish(topic).await.unwrap();
        assert_eq!(topics.recv().await.unwrap(), topic);
    }
}

/// Wherever a URI is taken, a pattern is.
async fn patterns_in_one_way(place: &impl Place) {
    let (publisher, session) = (place.session().await, place.session().await);
    let (sender, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let handler = move |name: &'static str| {
        let sender = sender.clone();
        move |details: EventDetails| {
            sender.send(format!("{name} {}", details.topic.as_ref().unwrap())).unwrap();
            async {}
        }
    };
    let mut stream = session.subscribe(Pattern::prefix("com.example.way.")).await.unwrap();
    let wildcard = Pattern::wildcard("com.example..one");
    session.subscribe_with(wildcard, handler("with")).await.unwrap();
    let handlers = EventHandlers::new()
        .add(Pattern::wildcard("..two"), handler("all"))
        .add_with_options(Pattern::prefix("way.three."), |set| set.queue(2), handler("options"));
    session.subscribe_all("com.example.", handlers).await.unwrap();
    let procedures = Procedures::new()
        .add(Pattern::prefix("prefix."), named("add"))
        .add_with_options(Pattern::wildcard(".w"), |set| set.disclose_caller(), named("options"));
    session.register_all("com.example.way.", procedures).await.unwrap();
    for (topic, name) in [("one", "with"), ("two.two", "all"), ("three.x", "options")] {
        let topic = format!("com.example.way.{topic}");
        publisher.publish(&*topic).await.unwrap();
        assert_eq!(stream.next().await.unwrap().unwrap().topic, topic);
        assert_eq!(heard.recv().await.unwrap(), format!("{name} {topic}"));
    }
    for (procedure, name) in [("prefix.any", "add"), ("any.w", "options")] {
        let procedure = format!("com.example.way.{procedure}");
        let called: String = publisher.call(&*procedure).value().await.unwrap();
        assert_eq!(called, format!("{name} {procedure}"));
    }
}

async fn what_is_no_pattern(place: &impl Place) {
    let session = place.session().await;
    for (bad, policy) in [
        ("com..example", Match::Prefix),
        ("com.exa mple", Match::Wildcard),
        ("com.#.example", Match::Wildcard),
    ] {
        let error = session.subscribe(Pattern::new(bad, policy)).await.unwrap_err();
        assert!(error.to_string().contains("wamp.error.invalid_uri"), "{error}");
        let error = session.register(Pattern::new(bad, policy), named("")).await.unwrap_err();
        assert!(error.to_string().contains("wamp.error.invalid_uri"), "{error}");
    }
    assert!(!session.is_closed());
}
