//! What was accepted can be delivered, also wrapped by an answer of the router.

use wampwerk::session::SessionConfig;
use wampwerk::transport::{Connector, WampWebSocketClientFactory};
use wampwerk::{Match, Serializer, Session, Value};

use crate::common::router_with;

/// Lists around a value: with those of the message and of the arguments, the 100 levels that a message may have.
const DEEPEST: usize = 98;

async fn join(url: &str, serializer: Serializer) -> Session {
    let factory = WampWebSocketClientFactory::new(url, &[serializer]).unwrap();
    let transport = factory.connect().await.unwrap();
    wampwerk::session::join(transport, "realm1", SessionConfig::default()).await.unwrap()
}

#[tokio::test]
async fn what_was_accepted_can_be_delivered_also_wrapped_by_an_answer() {
    let router = router_with(|router| {
        Serializer::ALL.into_iter().fold(router, |router, serializer| {
            let topic = format!("com.example.{}", serializer.as_str());
            router.history(topic, Match::Exact, 100)
        })
    });
    let listener = router.listen("ws://127.0.0.1:0/ws").await.unwrap();
    let url = format!("ws://{}/ws", listener.local_addr().unwrap());
    let deepest = (0..DEEPEST).fold(Value::from(7), |inner, _| Value::List(vec![inner]));
    let deeper = Value::List(vec![deepest.clone()]);
    for from in Serializer::ALL {
        let publisher = join(&url, from).await;
        let topic = format!("com.example.{}", from.as_str());
        let topic = topic.as_str();
        publisher.publish(topic).args((deeper.clone(),)).acknowledge().await.unwrap_err();
        let mut readers = Vec::new();
        for to in Serializer::ALL {
            let reader = join(&url, to).await;
            let events = reader.subscribe(topic).await.unwrap();
            readers.push((to, reader, events));
        }
        publisher.publish(topic).args((deepest.clone(),)).acknowledge().await.unwrap();
        for (to, reader, mut events) in readers {
            let event = events.next().await.unwrap().unwrap();
            assert_eq!(event.decode::<Value>().unwrap(), deepest, "{from:?} to {to:?}");
            let told = reader.meta().events(events.id()).await.unwrap();
            let [event] = &told[..] else { panic!("{from:?} to {to:?}: {told:?}") };
            assert_eq!(event.decode::<Value>().unwrap(), deepest, "{from:?} to {to:?}");
        }
    }
}

/// It comes without arguments, and does not hide the others.
#[tokio::test]
async fn an_event_that_a_serializer_has_no_form_for_does_not_hide_the_others() {
    let router = router_with(|router| router.history("com.example.t", Match::Exact, 100));
    let listener = router.listen("ws://127.0.0.1:0/ws").await.unwrap();
    let url = format!("ws://{}/ws", listener.local_addr().unwrap());
    let publisher = join(&url, Serializer::Cbor).await;
    let values = [1.into(), f64::NAN.into(), (1_u128 << 64).into(), "\0".into(), Value::from(2)];
    for value in values {
        publisher.publish("com.example.t").args((vec![value],)).acknowledge().await.unwrap();
    }
    for (serializer, readable) in [
        (Serializer::Cbor, [true; 5]),
        (Serializer::Json, [true, false, true, false, true]),
        (Serializer::MsgPack, [true, true, false, true, true]),
    ] {
        let reader = join(&url, serializer).await;
        let events = reader.subscribe("com.example.t").await.unwrap();
        let told = reader.meta().events(events.id()).await.unwrap();
        let found: Vec<_> = told.iter().map(|event| event.args::<(Value,)>().is_ok()).collect();
        assert_eq!(found, readable, "{serializer:?}");
    }
}
