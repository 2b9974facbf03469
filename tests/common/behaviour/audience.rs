//! Who gets an event, now or later.

use wampwerk::session::{PublishRequest, Subscription};
use wampwerk::uri::Pattern;

use super::{Kind, Place};

/// Runs them all.
pub(super) async fn all(place: &impl Place) {
    run! { place:
        lists,
        retained,
        retained_by_pattern,
    }
}

async fn next(subscription: &mut Subscription) -> String {
    subscription.next().await.unwrap().unwrap().decode().unwrap()
}

async fn lists(place: &impl Place) {
    let publisher = place.session().await;
    let sessions = [place.session().await, place.session().await, place.session().await];
    let topic = "com.example.audience";
    let mut all = Vec::new();
    for session in &sessions {
        all.push(session.subscribe(topic).await.unwrap());
    }
    let [a, b, c] = sessions.each_ref().map(|session| session.id());
    let details = &sessions[0].welcome().details;
    let (authid, authrole) = (details.authid.clone().unwrap(), details.authrole.clone().unwrap());
    let publish = |text| publisher.publish(topic).args((text,));
    let cases: [(&str, PublishRequest, [bool; 3]); 7] = [
        ("exclude", publish("exclude").exclude([a, c]), [false, true, false]),
        ("eligible", publish("eligible").eligible([a, b]), [true, true, false]),
        ("both", publish("both").eligible([a, b]).exclude([a]), [false, true, false]),
        ("authid", publish("authid").eligible_authid([&authid]), [true, false, false]),
        ("not authid", publish("not authid").exclude_authid([&authid]), [false, true, true]),
        ("authrole", publish("authrole").eligible_authrole([&authrole]), [true; 3]),
        ("not authrole", publish("not authrole").exclude_authrole([&authrole]), [false; 3]),
    ];
    for (name, request, receivers) in cases {
        request.await.unwrap();
        publish("behind").await.unwrap();
        for (subscription, receives) in all.iter_mut().zip(receivers) {
            if receives {
                assert_eq!(next(subscription).await, name);
            }
            assert_eq!(next(subscription).await, "behind", "{name}");
        }
    }
}

async fn retained(place: &impl Place) {
    let (publisher, subscriber) = (place.session().await, place.session().await);
    let topic = "com.example.retained";
    let publish = |text| publisher.publish(topic).args((text,)).retain().acknowledge();
    publish("old").await.unwrap();
    publish("new").await.unwrap();
    publisher.publish(topic).args(("not kept",)).acknowledge().await.unwrap();
    let mut plain = subscriber.subscribe(topic).await.unwrap();
    let late = place.session().await;
    let mut events = late.subscribe(topic).get_retained().await.unwrap();
    let event = events.next().await.unwrap().unwrap();
    assert_eq!((event.details.retained, &*event.topic), (Some(true), topic));
    assert_eq!(event.decode::<String>().unwrap(), "new");
    publisher.publish(topic).args(("live",)).await.unwrap();
    let event = events.next().await.unwrap().unwrap();
    assert_ne!(event.details.retained, Some(true));
    assert_eq!(event.decode::<String>().unwrap(), "live");
    assert_eq!(next(&mut plain).await, "live", "nobody gets it without asking");
}

async fn retained_by_pattern(place: &impl Place) {
    if place.router() == Kind::Crossbar {
        // It keeps them for exact topics only.
        return;
    }
    let (publisher, subscriber) = (place.session().await, place.session().await);
    for topic in ["com.example.kept.a", "com.example.kept.b"] {
        publisher.publish(topic).args((topic,)).retain().acknowledge().await.unwrap();
    }
    let request = subscriber.subscribe(Pattern::prefix("com.example.kept."));
    let mut events = request.get_retained().await.unwrap();
    let mut topics = Vec::new();
    for _ in 0..2 {
        let event = events.next().await.unwrap().unwrap();
        assert_eq!(event.decode::<String>().unwrap(), event.topic.as_str());
        topics.push(event.topic.to_string());
    }
    topics.sort_unstable();
    assert_eq!(topics, ["com.example.kept.a", "com.example.kept.b"]);
}
