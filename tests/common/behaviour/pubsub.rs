//! Publishing and subscribing.

use std::collections::BTreeMap;
use std::future::IntoFuture;
use std::sync::Arc;

use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use wampwerk::error::SubscribeError;
use wampwerk::message::EventDetails;
use wampwerk::session::{EventHandlers, IncomingEvent};
use wampwerk::uri::Pattern;
use wampwerk::{ApplicationError, Dict, List, Payload};

use super::Place;

/// Runs them all.
pub(super) async fn all(place: &impl Place) {
    run! { place:
        events_in_order,
        order_over_topics,
        acknowledged_publication,
        publisher_exclusion,
        several_subscriptions,
        many_handlers,
        subscriptions_end,
        event_handlers,
        handlers_that_are_methods,
        all_handlers_or_none,
        slow_subscriber_sees_lag,
    }
}

async fn events_in_order(place: &impl Place) {
    let (publisher, subscriber) = (place.session().await, place.session().await);
    let mut numbers = subscriber.subscribe("com.example.numbers").await.unwrap();
    for number in 0..300u32 {
        let half = BTreeMap::from([("half", f64::from(number) / 2.0)]);
        publisher.publish("com.example.numbers").args((number,)).kwargs(half).await.unwrap();
    }
    for number in 0..300u32 {
        let event = numbers.next().await.unwrap().unwrap();
        assert_eq!(event.decode::<u32>().unwrap(), number);
        let kwargs = event.kwargs::<BTreeMap<String, f64>>().unwrap();
        assert_eq!(kwargs["half"], f64::from(number) / 2.0);
    }
}

async fn acknowledged_publication(place: &impl Place) {
    let (publisher, subscriber) = (place.session().await, place.session().await);
    let mut topic = subscriber.subscribe("com.example.ack").await.unwrap();
    let id = publisher.publish("com.example.ack").args(("a", "b")).acknowledge().await.unwrap();
    let event = topic.next().await.unwrap().unwrap();
    assert_eq!(event.publication, id);
    assert_eq!(event.args::<(String, String)>().unwrap(), ("a".into(), "b".into()));
}

async fn publisher_exclusion(place: &impl Place) {
    let session = place.session().await;
    let mut topic = session.subscribe("com.example.me").await.unwrap();
    session.publish("com.example.me").args(("not to me",)).await.unwrap();
    session.publish("com.example.me").args(("to me",)).exclude_me(false).await.unwrap();
    let event = topic.next().await.unwrap().unwrap();
    assert_eq!(event.decode::<String>().unwrap(), "to me");
}

async fn several_subscriptions(place: &impl Place) {
    let (publisher, session) = (place.session().await, place.session().await);
    let mut one = session.subscribe("com.example.shared").await.unwrap();
    let mut other = session.subscribe("com.example.shared").await.unwrap();
    assert_eq!(one.id(), other.id());
    publisher.publish("com.example.shared").args((1,)).await.unwrap();
    for subscription in [&mut one, &mut other] {
        let event = subscription.next().await.unwrap().unwrap();
        assert_eq!(event.decode::<u8>().unwrap(), 1);
    }
    drop(one);
    // The drop has been seen when a later request has been answered.
    session.publish("com.example.elsewhere").acknowledge().await.unwrap();
    publisher.publish("com.example.shared").args((2,)).await.unwrap();
    assert_eq!(other.next().await.unwrap().unwrap().decode::<u8>().unwrap(), 2);
}

async fn subscriptions_end(place: &impl Place) {
    let (publisher, session) = (place.session().await, place.session().await);
    let (sender, mut handled) = tokio::sync::mpsc::unbounded_channel();
    let handler = move |number: u8| {
        sender.send(number).unwrap();
        async {}
    };
    let handler = session.subscribe_with("com.example.ends", handler).await.unwrap();
    let mut stream = session.subscribe("com.example.ends.stream").await.unwrap();
    publisher.publish("com.example.ends").args((1,)).acknowledge().await.unwrap();
    publisher.publish("com.example.ends.stream").acknowledge().await.unwrap();
    stream.next().await.unwrap().unwrap();
    assert_eq!(handled.recv().await, Some(1));
    handler.unsubscribe().await.unwrap();
    stream.unsubscribe().await.unwrap();
    publisher.publish("com.example.ends").args((2,)).acknowledge().await.unwrap();
    let mut later = session.subscribe("com.example.ends.later").await.unwrap();
    publisher.publish("com.example.ends.later").await.unwrap();
    later.next().await.unwrap().unwrap();
    // The handler itself is gone, and with it its end of the channel.
    assert_eq!(handled.recv().await, None);
}

async fn event_handlers(place: &impl Place) {
    let (publisher, subscriber) = (place.session().await, place.session().await);
    let (sender, mut events) = tokio::sync::mpsc::unbounded_channel();
    let handler = move |word: String, number: Option<u8>, _: EventDetails| {
        let sender = sender.clone();
        async move { sender.send((word, number)).unwrap() }
    };
    subscriber.subscribe_with("com.example.handled", handler).await.unwrap();
    let publish = |args: List| {
        publisher
            .publish("com.example.handled")
            .payload(Payload::from_values(args, Dict::new()))
            .into_future()
    };
    publish(vec!["a".into(), 1.into(), "surplus".into()]).await.unwrap();
    publish(vec![7.into()]).await.unwrap();
    publish(vec!["b".into()]).await.unwrap();
    assert_eq!(events.recv().await.unwrap(), ("a".into(), Some(1)));
    assert_eq!(events.recv().await.unwrap(), ("b".into(), None), "what does not fit is left out");
}

async fn slow_subscriber_sees_lag(place: &impl Place) {
    let (publisher, subscriber) = (place.session().await, place.session().await);
    let mut slow = subscriber.subscribe("com.example.flood").queue(4).await.unwrap();
    let mut end = subscriber.subscribe("com.example.flood.end").await.unwrap();
    for number in 0..10u8 {
        publisher.publish("com.example.flood").args((number,)).await.unwrap();
    }
    publisher.publish("com.example.flood.end").await.unwrap();
    end.next().await.unwrap().unwrap();
    for number in 0..4u8 {
        assert_eq!(slow.next().await.unwrap().unwrap().decode::<u8>().unwrap(), number);
    }
    assert_eq!(slow.next().await.unwrap().unwrap_err().missed, 6);
}

async fn many_handlers(place: &impl Place) {
    let (publisher, subscriber) = (place.session().await, place.session().await);
    let (sender, mut handled) = tokio::sync::mpsc::unbounded_channel();
    let handler = |name: &'static str| {
        let sender = sender.clone();
        move |number: u8, details: EventDetails| {
            sender.send((name, number, details.topic.as_ref().unwrap().to_string())).unwrap();
            async {}
        }
    };
    let topic = "com.example.handlers";
    let first = subscriber.subscribe_with(topic, handler("first")).await.unwrap();
    let second = subscriber.subscribe_with(topic, handler("second")).await.unwrap();
    assert_eq!(first.id(), second.id());
    publisher.publish(topic).args((1,)).await.unwrap();
    let mut both = [handled.recv().await.unwrap(), handled.recv().await.unwrap()];
    both.sort_unstable();
    assert_eq!(both, ["first", "second"].map(|name| (name, 1, topic.to_owned())));
    first.clone().unsubscribe().await.unwrap();
    assert!(!first.is_active() && second.is_active());
    publisher.publish(topic).args((2,)).await.unwrap();
    assert_eq!(handled.recv().await.unwrap(), ("second", 2, topic.to_owned()));
}

async fn order_over_topics(place: &impl Place) {
    let (publisher, subscriber) = (place.session().await, place.session().await);
    let mut topics = Vec::new();
    for topic in ["com.example.order.a", "com.example.order.b"] {
        topics.push((topic, subscriber.subscribe(topic).await.unwrap()));
    }
    for number in 0..100u8 {
        let topic = topics[usize::from(number % 2)].0;
        publisher.publish(topic).args((number,)).await.unwrap();
    }
    for (offset, (_, subscription)) in topics.iter_mut().enumerate() {
        for number in (0..100u8).skip(offset).step_by(2) {
            let event = subscription.next().await.unwrap().unwrap();
            assert_eq!(event.decode::<u8>().unwrap(), number);
        }
    }
}

struct Board(UnboundedSender<String>);

impl Board {
    async fn posted(self: Arc<Self>, text: String) {
        self.0.send(text).unwrap();
    }

    async fn cleared(self: Arc<Self>) -> Result<(), ApplicationError> {
        self.0.send("cleared".to_owned()).unwrap();
        Ok(())
    }

    async fn any(self: Arc<Self>, event: IncomingEvent) {
        self.0.send(format!("any {}", event.topic)).unwrap();
    }
}

async fn handlers_that_are_methods(place: &impl Place) {
    let (publisher, session) = (place.session().await, place.session().await);
    let (sender, mut heard) = unbounded_channel();
    let handlers = EventHandlers::of(Arc::new(Board(sender)))
        .add("posted", Board::posted)
        .add("cleared", Board::cleared)
        .add_with_options(Pattern::prefix("any."), |request| request.queue(8), Board::any);
    let subscriptions = session.subscribe_all("com.example.board.", handlers).await.unwrap();
    let topics: Vec<_> = subscriptions.iter().map(|one| one.topic().to_string()).collect();
    assert_eq!(
        topics,
        ["posted", "cleared", "any."].map(|name| format!("com.example.board.{name}"))
    );
    let publish = |topic: &str| publisher.publish(format!("com.example.board.{topic}"));
    publish("posted").args(("hello",)).await.unwrap();
    assert_eq!(heard.recv().await.unwrap(), "hello");
    publish("cleared").await.unwrap();
    assert_eq!(heard.recv().await.unwrap(), "cleared");
    publish("any.other").await.unwrap();
    assert_eq!(heard.recv().await.unwrap(), "any com.example.board.any.other");
    for subscription in subscriptions {
        subscription.unsubscribe().await.unwrap();
    }
    publish("cleared").acknowledge().await.unwrap();
    assert!(heard.recv().await.is_none());
}

async fn all_handlers_or_none(place: &impl Place) {
    let (publisher, session) = (place.session().await, place.session().await);
    let (sender, mut heard) = unbounded_channel();
    let handler = move || {
        sender.send(()).unwrap();
        async {}
    };
    let handlers = EventHandlers::new()
        .add("first", handler.clone())
        .add("not valid", handler.clone())
        .add("last", handler);
    let error = session.subscribe_all("com.example.all.", handlers).await.unwrap_err();
    assert_eq!(error.uri, "com.example.all.not valid");
    assert!(error.to_string().starts_with("cannot subscribe to com.example.all.not valid: "));
    let SubscribeError::Application(error) = error.error else { panic!("{error}") };
    assert_eq!(error.uri, "wamp.error.invalid_uri");
    // The others have ended.
    for topic in ["com.example.all.first", "com.example.all.last"] {
        publisher.publish(topic).acknowledge().await.unwrap();
    }
    assert!(heard.recv().await.is_none());
    session.subscribe_all("com.example.all.", EventHandlers::new()).await.unwrap();
}
