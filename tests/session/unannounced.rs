//! Options towards a router that announces nothing: refused, unless the user takes the risk by name.

use std::sync::Mutex;

use serde_json::json;
use wampwerk::component::{Component, TransportEntry};
use wampwerk::error::{CallError, ConnectError, PublishError, RegisterError, SubscribeError};
use wampwerk::message::InvocationPolicy;
use wampwerk::session::SessionConfig;
use wampwerk::transport::{BoxFuture, Connector, MemoryTransport, Transport};
use wampwerk::uri::Pattern;
use wampwerk::{ApplicationError, Serializer, Uri};

use crate::common::scripted::{Scripted, join, join_with};

const TOPIC: &str = "com.example.topic";

fn assert_refused(error: &ApplicationError, option: &str) {
    assert_eq!(error.uri, Uri::FEATURE_NOT_SUPPORTED);
    let text = error.to_string();
    assert!(text.contains(&format!("{option}: the router has not announced")), "{text}");
    assert!(text.contains("risk_unannounced"), "{text}");
}

#[tokio::test]
async fn options_towards_a_router_that_announces_nothing_are_refused_without_the_risk() {
    let (session, _router) = join().await;
    let error = session.publish(TOPIC).exclude_me(false).await.unwrap_err();
    let PublishError::Application(error) = error else { panic!("{error}") };
    assert_refused(&error, "exclude_me");
    let error = session.subscribe(TOPIC).get_retained().await.unwrap_err();
    let SubscribeError::Application(error) = error else { panic!("{error}") };
    assert_refused(&error, "get_retained");
    let request = session.register(TOPIC, || async {}).invoke(InvocationPolicy::First);
    let RegisterError::Application(error) = request.await.unwrap_err() else { panic!() };
    assert_refused(&error, "invoke");
    let mut options = wampwerk::message::CallOptions::default();
    options.ppt_scheme = Some("x_own".to_owned());
    let CallError::Application(error) = session.call(TOPIC).options(options).await.unwrap_err()
    else {
        panic!()
    };
    assert_refused(&error, "ppt_scheme");
}

#[tokio::test]
async fn exclude_me_and_other_options_are_sent_when_the_user_takes_the_risk() {
    let nothing = json!({"roles": {"broker": {}, "dealer": {}}});
    let config = SessionConfig::new().risk_unannounced(true);
    let (session, mut router) = join_with(nothing, config).await;
    session.publish(TOPIC).exclude_me(false).eligible([1]).retain().await.unwrap();
    let options = json!({"exclude_me": false, "eligible": [1], "retain": true});
    assert_eq!(router.recv().await, json!([16, 1, options, TOPIC]));
    let own = session.clone();
    let subscribing =
        tokio::spawn(
            async move { own.subscribe(Pattern::prefix("com.example.")).get_retained().await },
        );
    let options = json!({"match": "prefix", "get_retained": true});
    assert_eq!(router.recv().await, json!([32, 2, options, "com.example."]));
    router.send(json!([33, 2, 9]));
    let _events = subscribing.await.unwrap().unwrap();
    let own = session.clone();
    let registering = tokio::spawn(async move {
        own.register(TOPIC, || async {}).invoke(InvocationPolicy::First).await
    });
    assert_eq!(router.recv().await, json!([64, 3, {"invoke": "first"}, TOPIC]));
    router.send(json!([65, 3, 9]));
    registering.await.unwrap().unwrap();
    let calling =
        tokio::spawn(async move { session.call(TOPIC).on_progress(|_| ()).await.map(drop) });
    assert_eq!(router.recv().await, json!([48, 4, {"receive_progress": true}, TOPIC]));
    router.send(json!([50, 4, {}]));
    calling.await.unwrap().unwrap();
}

/// Gives its transport away once.
struct Once(Mutex<Option<MemoryTransport>>);

impl Connector for Once {
    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Transport>, ConnectError>> {
        let transport = self.0.lock().unwrap().take().unwrap();
        Box::pin(async { Ok(Box::new(transport) as Box<dyn Transport>) })
    }
}

#[tokio::test]
async fn a_component_takes_the_risk_as_well() {
    let (client, end) = MemoryTransport::pair(Serializer::Json, 64);
    let once = std::sync::Arc::new(Once(Mutex::new(Some(client))));
    let entry = TransportEntry::new("scripted", once);
    let builder = Component::builder().realm("realm1").transports(entry).risk_unannounced(true);
    let component =
        builder.main(|session| async move { session.publish(TOPIC).exclude_me(false).await });
    let component = component.build().unwrap();
    let round_robin = InvocationPolicy::RoundRobin;
    component.register_with_options(TOPIC, move |set| set.invoke(round_robin), || async {});
    component.subscribe_with_options(TOPIC, |set| set.get_retained(), || async {});
    let _running = component.start();
    let mut router = Scripted::read_hello(end).await;
    router.send(json!([2, 7, {"roles": {"broker": {}, "dealer": {}}}]));
    assert_eq!(router.recv().await, json!([64, 1, {"invoke": "roundrobin"}, TOPIC]));
    assert_eq!(router.recv().await, json!([32, 2, {"get_retained": true}, TOPIC]));
    router.send(json!([65, 1, 9]));
    router.send(json!([33, 2, 9]));
    assert_eq!(router.recv().await, json!([16, 3, {"exclude_me": false}, TOPIC]));
}
