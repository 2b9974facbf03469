//! Values of all types and sizes on their way to the other side and back.

use serde_json::{Value as Json, json};
use wampwerk::{Payload, Serializer};

use super::place::{Place, calling, payload, shape};

/// Each value goes to a procedure of the other side and to a subscriber there.
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
        for value in values() {
            let kwargs = json!({"value": value, "": "no name", "with space": [value]});
            let args = json!([value]);
            let both = json!([args, kwargs]);
            // Out by a call, and back as its result.
            let call = ours.call(&*to_them).payload(payload(&args, &kwargs));
            let call = tokio::spawn(async move { call.await });
            let invocation = theirs.next("invocation").await;
            assert_eq!(json!([invocation["args"], invocation["kwargs"]]), both, "{other:?}");
            let back =
                json!({"invocation": invocation["invocation"], "args": args, "kwargs": kwargs});
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
            let event = crate::common::autobahn::within("an event", events.next()).await;
            assert_eq!(shape(&event.unwrap().unwrap().payload), both, "{other:?}");
        }
        theirs.leave().await;
        ours.leave().await;
    }
}

fn values() -> Vec<Json> {
    vec![
        json!([null, true, false]),
        json!([0, -1, 23, 24, 255, 256, 65_535, 65_536]),
        json!([i64::MIN, i64::MAX, u64::MAX, 1u64 << 53, -(1i64 << 53)]),
        json!([0.5, -1.5, 1e300, 1e-300, 0.1]),
        json!(["", "é", "日本語", "🦀", "\u{7f}\n\t\"\\/", "\u{1}", " \u{2028}"]),
        json!([{"$bytes": ""}, {"$bytes": "00"}, {"$bytes": "00ff10fe"}]),
        json!([[], [[]], [[[1], []], {}], {"a": {"b": {"c": []}}}]),
        json!({"": 1, "a.b": 2, "é": 3, "$": 4}),
    ]
}

pub(crate) async fn of_any_size(at: &Place) {
    let (ours, theirs) = (at.ours().await, at.theirs().await);
    let (to_them, to_us) = (at.uri("theirs"), at.uri("ours"));
    theirs.must("register", json!({"procedure": to_them, "answer": "echo"})).await;
    ours.register(&*to_us, |payload: Payload| async move { payload }).await.unwrap();
    // Around the lengths where WebSocket frames and the binary formats change their form.
    for size in [0, 31, 32, 125, 126, 255, 256, 65_535, 65_536, 1 << 20] {
        let text = "x".repeat(size);
        let back = calling(&ours, &to_them, json!([text])).await.unwrap().unwrap();
        assert_eq!(back[0][0].as_str().unwrap().len(), size);
        let back = theirs.call(&to_us, json!([text])).await.unwrap();
        assert_eq!(back["value"].as_str().unwrap().len(), size);
    }
    theirs.leave().await;
    ours.leave().await;
}
