//! Transports by which no session can ever be joined, with real servers: a component does not try
//! them again.

#![cfg(all(not(target_arch = "wasm32"), feature = "client", feature = "router", feature = "cbor"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may")]

use std::time::Duration;

use tokio::time::timeout;
use wampwerk::component::{AttemptError, Component, ComponentError, TransportConfig};
use wampwerk::{ConnectError, Listener, RawSocketRefusal, Router, Serializer};

/// How it ends after one attempt, without having been told to.
async fn end_of(config: TransportConfig) -> AttemptError {
    let config = config.initial_retry_delay(Duration::from_millis(1));
    let component = Component::builder().realm("realm1").transports(config).build().unwrap();
    let end = timeout(Duration::from_secs(30), component.start()).await.unwrap().unwrap_err();
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
    let router = Router::builder().realm("realm1").serializers(&[Serializer::Json]).build();
    let listener = listening(&router.unwrap()).await;
    let config = TransportConfig::rawsocket(listener.url()).serializers(&[Serializer::Cbor]);
    match end_of(config).await {
        AttemptError::Connect(ConnectError::RawSocketRefused { refusal, .. }) => {
            assert_eq!(refusal, RawSocketRefusal::SerializerUnsupported);
        }
        other => panic!("{other}"),
    }
}
