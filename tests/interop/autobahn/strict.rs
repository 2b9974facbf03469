//! Autobahn ends its session over what it cannot read. No other session can make it do so: the router
//! refuses the sender, and Autobahn lives.

use serde_json::json;
use wampwerk::message::PublishOptions;
use wampwerk::{ApplicationError, Payload, Serializer};

use super::place::Place;

/// Arguments that are well-formed, but that Autobahn's readers refuse.
fn poison(serializer: Serializer) -> Vec<&'static [u8]> {
    match serializer {
        Serializer::Json => vec![br#"["\u0000A"]"#],
        Serializer::MsgPack => vec![b"\x91\x81\x01\x02", b"\x91\xd4\xff\0", b"\x91\xd4\xfe\0"],
        _ => vec![
            b"\x81\xc0\x01",
            b"\x81\xc1\x61a",
            b"\x81\xc2\x01",
            b"\x81\xc4\x80",
            b"\x81\xd8\x1d\x01",
            b"\x81\xd8\x23\x61(",
            b"\x81\xd8\x25\x41a",
            b"\x81\xd9\x01\x04\x41a",
        ],
    }
}

pub(crate) async fn it_outlives_what_it_cannot_read(at: &Place) {
    let (ours, mut theirs) = (at.ours().await, at.theirs().await);
    let (topic, procedure) = (at.uri("topic"), at.uri("procedure"));
    theirs.must("subscribe", json!({"topic": topic})).await;
    for arguments in poison(at.serializer()) {
        let payload = || Payload::from_encoded(at.serializer(), arguments, None).unwrap();
        let refused = ours.publish(&*topic).payload(payload()).acknowledge().await.unwrap_err();
        let text = refused.to_string();
        assert!(text.contains("wamp.error.invalid_payload"), "{text}");
        let refused = ours.call(&*procedure).payload(payload()).await.unwrap_err();
        assert!(refused.to_string().contains("wamp.error.invalid_payload"), "{refused}");
    }
    for (key, value) in [("transaction_hash", 7)] {
        let mut options = PublishOptions::default();
        options.extra.insert(key, value);
        let publish = ours.publish(&*topic).options(options).args((1,));
        let refused = publish.acknowledge().await.unwrap_err().to_string();
        assert!(refused.contains("wamp.error.invalid_argument"), "{refused}");
    }
    let fails = || async { Err::<(), _>(ApplicationError::new("a b c")) };
    ours.register(&*procedure, fails).await.unwrap();
    let error = theirs.call(&procedure, json!([])).await.unwrap_err();
    assert!(error["error"].as_str().unwrap().starts_with("wamp.error."), "{error}");
    // It is still there.
    ours.publish(&*topic).args((1,)).acknowledge().await.unwrap();
    assert_eq!(theirs.next("event").await["args"], json!([1]));
    theirs.leave().await;
    ours.leave().await;
}
