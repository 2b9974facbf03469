//! What a message costs on its way through a codec: writing and reading an envelope, and passing a
//! payload on against decoding it.

#![allow(missing_docs, reason = "criterion's macros write public items")]
#![allow(clippy::unwrap_used, reason = "a bench may fail so")]

use std::hint::black_box;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use wampwerk::internals::codec;
use wampwerk::message::{Call, CallOptions, Event, EventDetails, Message, Serializer};
use wampwerk::{Dict, Payload, Value};

fn small_call(serializer: Serializer) -> Message {
    Message::Call(Call {
        request: 814_201,
        options: CallOptions::default(),
        procedure: "com.example.add".into(),
        payload: Payload::encode(serializer, &(2, 3), &()).unwrap(),
    })
}

/// An EVENT of about 1 KiB: one text and a few fields.
fn event(serializer: Serializer) -> Message {
    let kwargs = Dict::from([
        ("station", Value::from("harbour north")),
        ("level", 2.375.into()),
        ("trend", Value::List(vec![1.into(), (-3).into(), 7.5.into()])),
        ("valid", true.into()),
    ]);
    Message::Event(Event {
        subscription: 7_418_529_630,
        publication: 112_233_445_566,
        details: EventDetails::default(),
        payload: Payload::encode(serializer, &("x".repeat(940),), &kwargs).unwrap(),
    })
}

fn forward(serializer: Serializer, frame: &Bytes) -> Bytes {
    let message = codec::decode(serializer, frame).unwrap();
    codec::encode(serializer, &message).unwrap()
}

fn forward_decoded(serializer: Serializer, frame: &Bytes) -> Bytes {
    let mut message = codec::decode(serializer, frame).unwrap();
    if let Message::Call(Call { payload, .. }) | Message::Event(Event { payload, .. }) =
        &mut message
    {
        let (args, kwargs) = payload.to_values().unwrap();
        *payload = Payload::from_values(args, kwargs);
    }
    codec::encode(serializer, &message).unwrap()
}

fn benches(criterion: &mut Criterion) {
    for serializer in codec::available() {
        for (what, message) in
            [("small_call", small_call(*serializer)), ("event_1k", event(*serializer))]
        {
            let mut group =
                criterion.benchmark_group(format!("codec/{}/{what}", serializer.as_str()));
            let frame = codec::encode(*serializer, &message).unwrap();
            group.throughput(Throughput::Bytes(frame.len() as u64));
            group.bench_function("encode", |bench| {
                bench.iter(|| codec::encode(*serializer, black_box(&message)).unwrap());
            });
            group.bench_function("decode", |bench| {
                bench.iter(|| codec::decode(*serializer, black_box(&frame)).unwrap());
            });
            group.bench_function("forward", |bench| {
                bench.iter(|| forward(*serializer, black_box(&frame)));
            });
            group.bench_function("forward_decoded", |bench| {
                bench.iter(|| forward_decoded(*serializer, black_box(&frame)));
            });
            group.finish();
        }
        let mut group = criterion.benchmark_group(format!("codec/{}/payload", serializer.as_str()));
        group.bench_function("encode_2_integers", |bench| {
            bench.iter(|| Payload::encode(*serializer, black_box(&(2, 3)), &()).unwrap());
        });
        let payload = Payload::encode(*serializer, &(2, 3), &()).unwrap();
        group.bench_function("args_2_integers", |bench| {
            bench.iter(|| black_box(&payload).args::<(i64, i64)>().unwrap());
        });
        group.finish();
    }
}

criterion_group!(codecs, benches);
criterion_main!(codecs);
