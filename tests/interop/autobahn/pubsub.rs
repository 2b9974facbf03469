//! Events between both kinds of sessions.

use serde_json::{Value as Json, json};
use wampwerk::session::{PublishRequest, Subscription};

use super::place::{Place, payload, shape};
use crate::peer::{Autobahn, within};

pub(crate) async fn events_of_any_shape(at: &Place) {
    let (ours, mut theirs) = (at.ours().await, at.theirs().await);
    let topic = at.uri("topic");
    let id = theirs.must("subscribe", json!({"topic": topic})).await;
    let mut events = ours.subscribe(&*topic).await.unwrap();
    assert_eq!(id, events.id(), "one subscription of the broker for all");
    for (args, kwargs) in [
        (json!([]), json!({})),
        (json!([null]), json!({})),
        (json!([1, "two", [3]]), json!({})),
        (json!([]), json!({"k": [1]})),
        (json!([1]), json!({"k": {"l": 2}})),
    ] {
        let publish = ours.publish(&*topic).payload(payload(&args, &kwargs));
        let publication = publish.acknowledge().await.unwrap();
        let event = theirs.next("event").await;
        assert_eq!((&event["args"], &event["kwargs"]), (&args, &kwargs));
        assert_eq!((&event["publication"], &event["subscription"]), (&json!(publication), &id));
        assert_eq!(event["topic"], topic);

        let publish = json!({"topic": topic, "args": args, "kwargs": kwargs,
            "options": {"acknowledge": true}});
        let publication = theirs.must("publish", publish).await;
        let event = next(&mut events).await;
        assert_eq!(shape(&event.payload), json!([args, kwargs]));
        assert_eq!((publication, event.topic.as_str()), (json!(event.publication), &*topic));
    }
    theirs.leave().await;
    ours.leave().await;
}

pub(crate) async fn events_keep_their_order(at: &Place) {
    let (ours, mut theirs) = (at.ours().await, at.theirs().await);
    let topic = at.uri("topic");
    theirs.must("subscribe", json!({"topic": topic})).await;
    let mut events = ours.subscribe(&*topic).await.unwrap();
    for number in 0..200u32 {
        ours.publish(&*topic).args((number,)).await.unwrap();
        drop(theirs.start("publish", json!({"topic": topic, "args": [number]})));
    }
    for number in 0..200u32 {
        assert_eq!(theirs.next("event").await["args"], json!([number]));
        assert_eq!(next(&mut events).await.decode::<u32>().unwrap(), number);
    }
    theirs.leave().await;
    ours.leave().await;
}

/// The lists of those who are to get an event, and of those who are not.
pub(crate) async fn events_for_some(at: &Place) {
    let (ours, theirs) = (at.ours().await, at.theirs().await);
    let (mut a, mut b, c) = (at.theirs().await, at.theirs().await, at.ours().await);
    let topic = at.uri("topic");
    for subscriber in [&a, &b] {
        subscriber.must("subscribe", json!({"topic": topic})).await;
    }
    let mut events = c.subscribe(&*topic).await.unwrap();
    let [authid_b, role] = ["authid", "authrole"].map(|key| b.details[key].as_str().unwrap());
    let (authid_b, role) = (authid_b.to_owned(), role.to_owned());
    let authid_c = c.welcome().details.authid.clone().unwrap();
    let lists = [
        ("not a", json!({"exclude": [a.id()]})),
        ("only a and c", json!({"eligible": [a.id(), c.id()]})),
        ("not b", json!({"exclude_authid": [authid_b]})),
        ("only b", json!({"eligible_authid": [authid_b]})),
        ("only c", json!({"eligible_authid": [authid_c]})),
        ("nobody", json!({"exclude_authrole": [role, "other"]})),
        ("all", json!({"eligible_authrole": ["other", role]})),
        ("a, not b", json!({"eligible": [a.id(), b.id()], "exclude_authid": [authid_b]})),
        ("end", json!({})),
    ];
    for (label, mut options) in lists.clone() {
        options["acknowledge"] = true.into();
        theirs.must("publish", json!({"topic": topic, "args": [label], "options": options})).await;
    }
    for (label, lists) in &lists {
        let publish = listing(ours.publish(&*topic).args((label,)), lists);
        publish.acknowledge().await.unwrap();
    }
    for _ in ["published by theirs", "published by ours"] {
        assert_eq!(labels(&mut a).await, ["only a and c", "not b", "all", "a, not b", "end"]);
        assert_eq!(labels(&mut b).await, ["not a", "only b", "all", "end"]);
        let mut seen = Vec::new();
        while seen.last().is_none_or(|label| label != "end") {
            seen.push(next(&mut events).await.decode::<String>().unwrap());
        }
        assert_eq!(seen, ["not a", "only a and c", "not b", "only c", "all", "end"]);
    }
    for session in [theirs, a, b] {
        session.leave().await;
    }
}

pub(crate) async fn events_for_the_publisher(at: &Place) {
    let (ours, mut theirs) = (at.ours().await, at.theirs().await);
    let topic = at.uri("topic");
    theirs.must("subscribe", json!({"topic": topic})).await;
    let mut events = ours.subscribe(&*topic).await.unwrap();
    let publish = |label: &str, exclude_me: bool| {
        let options = json!({"exclude_me": exclude_me, "acknowledge": true});
        json!({"topic": topic, "args": [label], "options": options})
    };
    theirs.must("publish", publish("not to them", true)).await;
    theirs.must("publish", publish("to them", false)).await;
    ours.publish(&*topic).args(("not to us",)).acknowledge().await.unwrap();
    ours.publish(&*topic).args(("to us",)).exclude_me(false).acknowledge().await.unwrap();
    for label in ["to them", "not to us", "to us"] {
        assert_eq!(theirs.next("event").await["args"], json!([label]));
    }
    for label in ["not to them", "to them", "to us"] {
        assert_eq!(next(&mut events).await.decode::<String>().unwrap(), label);
    }
    theirs.leave().await;
    ours.leave().await;
}

pub(crate) async fn publishers_are_disclosed(at: &Place) {
    let (ours, mut theirs) = (at.ours().await, at.theirs().await);
    let topic = at.uri("topic");
    theirs.must("subscribe", json!({"topic": topic})).await;
    let mut events = ours.subscribe(&*topic).await.unwrap();
    ours.publish(&*topic).await.unwrap();
    let event = theirs.next("event").await;
    let us = ours.welcome();
    assert_eq!(event["publisher"], us.session);
    assert_eq!(event["publisher_authid"], us.details.authid.clone().unwrap());
    assert_eq!(event["publisher_authrole"], us.details.authrole.clone().unwrap());
    theirs.must("publish", json!({"topic": topic})).await;
    let details = next(&mut events).await.details;
    assert_eq!(details.publisher.unwrap(), theirs.id());
    assert_eq!(details.publisher_authid.clone().unwrap(), theirs.details["authid"]);
    assert_eq!(details.publisher_authrole.clone().unwrap(), theirs.details["authrole"]);
    theirs.leave().await;
    ours.leave().await;
}

pub(crate) async fn retained_events(at: &Place) {
    let (ours, mut theirs) = (at.ours().await, at.theirs().await);
    let [by_us, by_them] = ["by_us", "by_them"].map(|name| at.uri(name));
    for number in 1..=2 {
        ours.publish(&*by_us).args((number,)).retain().acknowledge().await.unwrap();
        let options = json!({"retain": true, "acknowledge": true});
        let publish = json!({"topic": by_them, "args": [number], "options": options});
        theirs.must("publish", publish).await;
    }
    let subscribe = json!({"topic": by_us, "options": {"get_retained": true}});
    let subscription = theirs.must("subscribe", subscribe).await;
    let event = theirs.next("event").await;
    assert_eq!((&event["args"], &event["retained"]), (&json!([2]), &json!(true)));
    assert_eq!((&event["subscription"], &event["topic"]), (&subscription, &json!(by_us)));
    ours.publish(&*by_us).args((3,)).await.unwrap();
    let event = theirs.next("event").await;
    assert_eq!((&event["args"], &event["retained"]), (&json!([3]), &json!(null)));

    let mut events = ours.subscribe(&*by_them).get_retained().await.unwrap();
    let event = next(&mut events).await;
    assert_eq!(event.decode::<u8>().unwrap(), 2);
    assert_eq!((event.details.retained, event.topic.as_str()), (Some(true), &*by_them));
    // Whoever does not ask gets only what comes.
    theirs.must("subscribe", json!({"topic": by_them})).await;
    let publish = json!({"topic": by_them, "args": [3], "options": {"exclude_me": false}});
    theirs.must("publish", publish).await;
    assert_eq!(theirs.next("event").await["args"], json!([3]));
    theirs.leave().await;
    ours.leave().await;
}

/// An event behind UNSUBSCRIBED, or before SUBSCRIBED, would end Autobahn's session.
pub(crate) async fn unsubscribing_amid_events(at: &Place) {
    let (ours, mut theirs) = (at.ours().await, at.theirs().await);
    let topic = at.uri("topic");
    let publisher = ours.clone();
    let (stop, mut stopped) = tokio::sync::oneshot::channel::<()>();
    let flood = topic.clone();
    let flood = tokio::spawn(async move {
        let mut published = 0u32;
        while stopped.try_recv().is_err() {
            publisher.publish(&*flood).args((published,)).acknowledge().await.unwrap();
            published += 1;
        }
    });
    for _ in 0..10 {
        let subscription = theirs.must("subscribe", json!({"topic": topic})).await;
        let first = theirs.next("event").await["args"][0].as_u64().unwrap();
        theirs.must("unsubscribe", json!({"subscription": subscription})).await;
        for (number, event) in (first + 1..).zip(theirs.happened()) {
            assert_eq!(event["args"], json!([number]), "no event is missing in between");
        }
    }
    stop.send(()).unwrap();
    flood.await.unwrap();
    theirs.leave().await;
    ours.leave().await;
}

async fn next(events: &mut Subscription) -> wampwerk::session::IncomingEvent {
    within("an event", events.next()).await.unwrap().unwrap()
}

/// What the events up to the one that says "end" say.
async fn labels(subscriber: &mut Autobahn) -> Vec<Json> {
    let mut seen = Vec::new();
    while seen.last().is_none_or(|label| label != "end") {
        seen.push(subscriber.next("event").await["args"][0].clone());
    }
    seen
}

fn listing(mut publish: PublishRequest, lists: &Json) -> PublishRequest {
    for (option, list) in lists.as_object().unwrap() {
        let list = list.as_array().unwrap();
        let ids = || list.iter().map(|id| id.as_u64().unwrap());
        let names = || list.iter().map(|name| name.as_str().unwrap());
        publish = match &**option {
            "exclude" => publish.exclude(ids()),
            "eligible" => publish.eligible(ids()),
            "exclude_authid" => publish.exclude_authid(names()),
            "eligible_authid" => publish.eligible_authid(names()),
            "exclude_authrole" => publish.exclude_authrole(names()),
            "eligible_authrole" => publish.eligible_authrole(names()),
            other => panic!("{other}"),
        };
    }
    publish
}
