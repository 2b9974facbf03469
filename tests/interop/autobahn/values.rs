//! Values of all types and sizes on their way to the other side and back.

use serde_json::{Value as Json, json};
use wampwerk::router::RouterBuilder;
use wampwerk::{Payload, Serializer, Value};

use super::place::{Place, application, calling, payload, shape};

/// They go to a procedure of the other side and to a subscriber there.
pub(crate) async fn of_all_types(at: &Place) {
    // The other side's serializer, so that the router has to translate.
    for other in Serializer::ALL {
        let (ours, mut theirs) = (at.ours().await, at.theirs_with(other.as_str()).await);
        let [to_them, to_us, topic] =
            ["theirs", "ours", "topic"].map(|name| at.uri(&format!("{name}.{}", other.as_str())));
        theirs.must("register", json!({"procedure": to_them})).await;
        ours.register(&*to_us, |payload: Payload| async move { payload }).await.unwrap();
        theirs.must("subscribe", json!({"topic": topic})).await;
        let mut events = ours.subscribe(&*topic).await.unwrap();
        let (args, kwargs) = (values(), json!({"all": values(), "": "no name", "with space": 1}));
        let both = json!([args, kwargs]);
        // Out by a call, and back as its result.
        let call = ours.call(&*to_them).payload(payload(&args, &kwargs));
        let call = tokio::spawn(async move { call.await });
        let invocation = theirs.next("invocation").await;
        assert_eq!(json!([invocation["args"], invocation["kwargs"]]), both, "{other:?}");
        let back = json!({"invocation": invocation["invocation"], "args": args, "kwargs": kwargs});
        theirs.must("return", back).await;
        assert_eq!(shape(&call.await.unwrap().unwrap().payload), both, "{other:?}");
        // In, and back.
        let call = json!({"procedure": to_us, "args": args, "kwargs": kwargs});
        let result = theirs.must("call", call).await;
        assert_eq!(json!([result["args"], result["kwargs"]]), both, "{other:?}");
        // As events.
        ours.publish(&*topic).payload(payload(&args, &kwargs)).await.unwrap();
        let event = theirs.next("event").await;
        assert_eq!(json!([event["args"], event["kwargs"]]), both, "{other:?}");
        let publish = json!({"topic": topic, "args": args, "kwargs": kwargs});
        theirs.must("publish", publish).await;
        let event = crate::peer::within("an event", events.next()).await;
        assert_eq!(shape(&event.unwrap().unwrap().payload), both, "{other:?}");
        theirs.leave().await;
        ours.leave().await;
    }
}

fn values() -> Json {
    json!([
        [null, true, false],
        [0, -1, 23, 24, 255, 256, 65_535, 65_536],
        [i64::MIN, i64::MAX, u64::MAX, 1u64 << 53, -(1i64 << 53)],
        [0.5, -1.5, 1e300, 1e-300, 0.1],
        ["", "é", "日本語", "🦀", "\u{7f}\n\t\"\\/", "\u{1}", " \u{2028}"],
        [{"$bytes": ""}, {"$bytes": "00"}, {"$bytes": "00ff10fe"}],
        [[], [[]], [[[1], []], {}], {"a": {"b": {"c": []}}}],
        {"": 1, "a.b": 2, "é": 3, "$": 4},
    ])
}

pub(crate) async fn of_any_size(at: &Place) {
    let (ours, theirs) = (at.ours().await, at.theirs().await);
    let (to_them, to_us) = (at.uri("theirs"), at.uri("ours"));
    theirs.must("register", json!({"procedure": to_them, "answer": "echo"})).await;
    ours.register(&*to_us, |payload: Payload| async move { payload }).await.unwrap();
    // Around the lengths where WebSocket frames and the binary formats change their forms.
    for size in [0, 125, 126, 65_535, 65_536, 300_000] {
        let text = "x".repeat(size);
        let back = calling(&ours, &to_them, json!([text])).await.unwrap().unwrap();
        assert_eq!(back[0][0].as_str().unwrap().len(), size);
        let back = theirs.call(&to_us, json!([text])).await.unwrap();
        assert_eq!(back["value"].as_str().unwrap().len(), size);
    }
    theirs.leave().await;
    ours.leave().await;
}

/// JSON and CBOR have them; the sender of one that has no form in MessagePack is told, and the
/// sessions continue.
pub(crate) async fn integers_beyond_64_bits(at: &Place) {
    let theirs = at.theirs().await;
    for other in Serializer::ALL {
        let ours = at.ours_with(other).await;
        let procedure = at.uri(other.as_str());
        ours.register(&*procedure, |value: Value| async move { value }).await.unwrap();
        let text = at.uri(&format!("{}.text", other.as_str()));
        ours.register(&*text, |value: i128| async move { value.to_string() }).await.unwrap();
        for digits in ["18446744073709551616", "-9223372036854775809"] {
            let answer = theirs.call(&text, json!([{"$int": digits}])).await;
            // MessagePack has no form for it, in the router (Autobahn's word for
            // `wamp.error.invalid_payload`) or in Autobahn itself.
            match [at.serializer(), other].contains(&Serializer::MsgPack) {
                true => assert_eq!(answer.unwrap_err()["error"], "SerializationError"),
                false => assert_eq!(answer.unwrap(), json!({"value": digits})),
            }
        }
        let largest = json!([u64::MAX]);
        assert_eq!(theirs.call(&procedure, largest).await.unwrap(), json!({"value": u64::MAX}));
        ours.leave().await;
    }
    theirs.leave().await;
}

/// A result beyond the router's limit ends the session that sends it; its caller learns of that.
pub(crate) async fn too_big_for_the_router(at: &Place) {
    let limit = |router: RouterBuilder| router.max_message_payload_size(1 << 16);
    let at = Place::embedded_with(limit).await.with_serializer_of(at);
    let (ours, mut theirs) = (at.ours().await, at.theirs().await);
    let procedure = at.uri("procedure");
    theirs.must("register", json!({"procedure": procedure})).await;
    let call = calling(&ours, &procedure, json!([]));
    let invocation = theirs.next("invocation").await["invocation"].clone();
    let text = "x".repeat(1 << 16);
    theirs.must("return", json!({"invocation": invocation, "args": [text]})).await;
    assert_eq!(application(call.await.unwrap()).uri, "wamp.error.canceled");
    theirs.next("left").await;
    assert_eq!(theirs.next("closed").await["code"], 1009, "too big");
    ours.leave().await;
}
