//! What is secret in a URL is in no error, no state, no notice and no Debug output.

use std::fmt::Debug;

use wampwerk::Serializer;
use wampwerk::component::{ApplicationRunner, Component, RetryDecision, RetryPolicy};
use wampwerk::transport::{TransportConfig, WampWebSocketClientFactory};

use crate::common::notes::Notes;

const SECRET: &str = "hunter2";

fn discreet(thing: &impl Debug) {
    let text = format!("{thing:?}");
    assert!(!text.contains(SECRET), "{text}");
}

#[tokio::test]
async fn user_and_password() {
    let url = "ws://joe:hunter2@127.0.0.1:1/";
    let component = Component::builder()
        .url(move || async move { Ok::<_, wampwerk::Error>(url.to_owned()) })
        .retry(RetryPolicy::default().max_retries(0))
        .build()
        .unwrap();
    let end = component.start().await.unwrap_err();
    assert!(!end.to_string().contains(SECRET), "{end}");
    discreet(&end);
    let error = wampwerk::connect(url, "realm1").await.unwrap_err();
    assert!(error.to_string().contains("ws://…@127.0.0.1:1/"), "{error}");
    assert!(!error.to_string().contains(SECRET), "{error}");
    discreet(&error);
    discreet(&TransportConfig::new(url));
    discreet(&Component::new(url, "realm1").unwrap_err());
}

#[tokio::test]
async fn the_query() {
    let url = "ws://127.0.0.1:1/ws?ticket=hunter2";
    let told = Notes::new();
    for component in [
        Component::builder().transports(url),
        Component::builder().transports(
            TransportConfig::new(url)
                .url_per_attempt(move || async move { Ok::<_, wampwerk::Error>(url.to_owned()) })
                .unwrap(),
        ),
    ] {
        let component = component.retry(RetryPolicy::default().max_retries(0)).build().unwrap();
        discreet(&component);
        let notices = told.clone();
        component.on_retry(move |notice| {
            assert_eq!(notice.transport, "ws://127.0.0.1:1/ws?…");
            notices.note(format!("{notice:?}"));
            RetryDecision::Retry
        });
        let end = component.start().await.unwrap_err();
        assert!(!end.to_string().contains(SECRET), "{end}");
        discreet(&end);
    }
    assert_eq!(told.all().len(), 2);
    discreet(&told);
    discreet(&TransportConfig::new(url));
    discreet(&ApplicationRunner::new(url, "realm1"));
    discreet(&WampWebSocketClientFactory::new(url, &[Serializer::Json]).unwrap());
}
