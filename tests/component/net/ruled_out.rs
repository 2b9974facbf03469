//! Transports by which no session can ever be joined, with real servers: a component does not try
//! them again.

use std::time::Duration;

use tokio::sync::mpsc::unbounded_channel;
use wampwerk::component::{AttemptError, Component, ComponentError};
use wampwerk::error::{CloseKind, ConnectError, RawSocketRefusal};
use wampwerk::server::Listener;
use wampwerk::transport::{ServerOptions, TransportConfig};
use wampwerk::{Router, Serializer};

use crate::common::router;
use crate::common::soon;

/// How it ends after one attempt, without having been told to.
async fn end_of(config: TransportConfig) -> AttemptError {
    let config = config.initial_retry_delay(Duration::from_millis(1));
    let component = Component::builder().realm("realm1").transports(config).build().unwrap();
    let end = soon(component.start()).await.unwrap_err();
    match end {
        ComponentError::Exhausted { last, attempts: 1 } => last,
        other => panic!("{other}"),
    }
}

async fn listening(router: &Router) -> Listener {
    router.listen("rs://127.0.0.1:0").await.unwrap()
}

#[tokio::test]
#[cfg(feature = "json")]
async fn a_serializer_that_the_server_does_not_speak() {
    let builder = Router::builder().realm("realm1").serializers(&[Serializer::Json]);
    let router = builder.build().unwrap();
    let listener = listening(&router).await;
    let config = TransportConfig::rawsocket(listener.url()).serializers(&[Serializer::Cbor]);
    match end_of(config).await {
        AttemptError::Connect(ConnectError::RawSocketRefused { refusal, .. }) => {
            assert_eq!(refusal, RawSocketRefusal::SerializerUnsupported);
        }
        other => panic!("{other}"),
    }
}

/// The server would be told of a session that it has not heard of if we sent ABORT.
#[tokio::test]
async fn a_limit_of_ours_that_no_hello_keeps() {
    let router = router();
    let listener = listening(&router).await;
    let url = listener.url();
    let json = format!(
        r#"{{"type": "rawsocket", "url": "{url}", "options": {{"maxMessagePayloadSize": 512}}}}"#
    );
    let told = end_of(TransportConfig::from_json(&json).unwrap()).await;
    let AttemptError::Refused(reason) = &told else { panic!("{told}") };
    assert_eq!(
        (reason.kind, &*reason.reason),
        (CloseKind::Left, "wamp.error.payload_size_exceeded")
    );
    let text = reason.message.as_deref().unwrap();
    assert!(
        text.starts_with("the HELLO has ") && text.ends_with("the transport takes 512"),
        "{text}"
    );
}

#[tokio::test]
async fn a_limit_that_no_hello_keeps_rules_out_its_transport_alone() {
    let router = router();
    let narrow = router.listen("rs://127.0.0.1:0");
    let narrow = narrow.options(ServerOptions::new().max_message_payload_size(512)).await.unwrap();
    let wide = listening(&router).await;
    let urls = [narrow.url().to_owned(), wide.url().to_owned()];
    let component = Component::builder()
        .realm("realm1")
        .transports(urls)
        .main(|session| async move { drop(session) })
        .build()
        .unwrap();
    let (sender, mut errors) = unbounded_channel();
    component.on_connect_failure(move |error| {
        sender.send(error.to_string()).unwrap();
        async {}
    });
    soon(component.start()).await.unwrap();
    let error = errors.recv().await.unwrap();
    assert!(error.contains("the HELLO has"), "{error}");
}
