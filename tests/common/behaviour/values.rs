//! What travels is what was sent.

use bytes::Bytes;
use wampwerk::{Dict, List, Payload, Value};

use super::Place;

/// Runs them all.
pub(super) async fn all(place: &impl Place) {
    run! { place:
        values_survive,
        raw_payloads,
    }
}

/// Values with which serializers have trouble.
pub(crate) fn troublesome() -> Value {
    let bytes: Vec<u8> = (0..=255).collect();
    let mut list = List::new();
    list.push(Value::Null);
    list.push(true.into());
    list.extend(
        [0, 1, 23, 24, 127, 128, 255, 256, 65_535, 65_536, -1, -24, -25, -128, -129]
            .map(Value::from),
    );
    list.extend([i64::MIN, i64::MAX, 1 << 53, (1 << 53) + 1, -(1 << 53) - 1].map(Value::from));
    list.extend([0.5, 1.0, -2.25, 1e300, f64::MIN_POSITIVE].map(Value::from));
    list.extend(["", "grüße", "\"\\\u{1}\u{7f}\u{2028}\u{1F600}"].map(Value::from));
    list.push(Value::Bytes(Bytes::new()));
    list.push(Value::Bytes(bytes.into()));
    let nested = Dict::from([("", Value::from(1)), ("a b", Value::List(vec![Value::Null]))]);
    Value::Dict(Dict::from([("list", Value::List(list)), ("nested", Value::Dict(nested))]))
}

async fn values_survive(place: &impl Place) {
    let (callee, caller) = (place.session().await, place.session().await);
    callee.register("com.example.echo", |value: Value| async move { value }).await.unwrap();
    let value = troublesome();
    let back: Value = caller.call("com.example.echo").args((&value,)).value().await.unwrap();
    assert_eq!(back, value);
}

async fn raw_payloads(place: &impl Place) {
    let (callee, caller) = (place.session().await, place.session().await);
    callee.register("com.example.raw", |payload: Payload| async move { payload }).await.unwrap();
    let kwargs = Dict::from([("k", troublesome())]);
    let payload = Payload::from_values(vec![1.into(), 2.into()], kwargs.clone());
    let reply = caller.call("com.example.raw").payload(payload).await.unwrap();
    assert_eq!(reply.payload.to_values().unwrap(), (vec![1.into(), 2.into()], kwargs));
}
