//! Events that a subscriber's serializer cannot carry: they are counted, and others get them.

use serde_json::json;
use wampwerk::Serializer;
use wampwerk::session::SessionConfig;
use wampwerk::transport::{Connector, WampWebSocketClientFactory};

use crate::common::raw_client::Server;

#[test]
fn an_event_without_a_form_is_counted_and_does_not_disturb() {
    let server = Server::start();
    let mut raw = server.join();
    raw.send(json!([32, 1, {}, "com.example.topic"]));
    assert_eq!(raw.recv()[0], 33);
    let publisher = server.runtime.block_on(async {
        let factory = WampWebSocketClientFactory::new(&server.url, &[Serializer::Cbor]).unwrap();
        let transport = factory.connect().await.unwrap();
        wampwerk::session::join(transport, "realm1", SessionConfig::default()).await.unwrap()
    });
    let publish = |value: wampwerk::Value| {
        let published = publisher.publish("com.example.topic").args((value,)).acknowledge();
        server.runtime.block_on(published).unwrap();
    };
    publish(f64::NAN.into());
    publish("\0text".into());
    publish(f64::INFINITY.into());
    publish(7.into());
    assert_eq!(raw.recv()[4], json!([7]));
    assert_eq!(server.router.statistics().undeliverable_events, 3);
    // An integer of more than 64 bits has a form in both.
    let wide = publisher.publish("com.example.topic").args((1_u128 << 64,)).acknowledge();
    server.runtime.block_on(wide).unwrap();
    assert_eq!(raw.recv()[4][0].as_f64(), Some(18_446_744_073_709_551_616.0));
}
