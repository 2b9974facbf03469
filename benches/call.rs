//! How long a call takes: to an endpoint in the same process, and over ws loopback through a
//! router on a thread of its own; one call after the other and 64 in flight.
#![allow(clippy::unwrap_used, reason = "a bench ends with the first error")]

use std::cell::Cell;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use futures_util::future::join_all;
use tokio::runtime::{Builder, Runtime};
use wampwerk::{ApplicationError, Router, Serializer, Session};

const REALM: &str = "realm1";
const PROCEDURE: &str = "com.example.echo";

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(1500));
    targets = in_process, websocket
}
criterion_main!(benches);

fn in_process(criterion: &mut Criterion) {
    let runtime = runtime();
    let router = Router::builder().realm(REALM).build().unwrap();
    let sessions = runtime.block_on(async {
        [router.connect(REALM).await.unwrap(), router.connect(REALM).await.unwrap()]
    });
    measure(criterion, "call in process", "memory", &runtime, sessions);
}

fn websocket(criterion: &mut Criterion) {
    let runtime = runtime();
    let url = start_router();
    let serializers =
        [(Serializer::Json, "json"), (Serializer::MsgPack, "msgpack"), (Serializer::Cbor, "cbor")];
    for (serializer, name) in serializers {
        let connect = || async {
            wampwerk::connect(url.as_str(), REALM).serializers(&[serializer]).await.unwrap()
        };
        let sessions = runtime.block_on(async { [connect().await, connect().await] });
        measure(criterion, "call over ws", name, &runtime, sessions);
    }
}

fn measure(
    criterion: &mut Criterion,
    group: &str,
    name: &str,
    runtime: &Runtime,
    [callee, caller]: [Session; 2],
) {
    runtime.block_on(async {
        let echo = |text: String| async move { Ok::<_, ApplicationError>(text) };
        callee.register(PROCEDURE, echo).await.unwrap();
    });
    let mut group = criterion.benchmark_group(group);
    group.throughput(Throughput::Elements(1));
    for (in_flight, how) in [(1, "sequential"), (64, "64 in flight")] {
        group.bench_function(BenchmarkId::new(how, name), |bencher| {
            bencher.iter_custom(|calls| runtime.block_on(make_calls(&caller, in_flight, calls)));
        });
    }
    group.finish();
    runtime.block_on(async {
        callee.leave().await;
        caller.leave().await;
    });
}

/// The time that `calls` take with `in_flight` of them open.
async fn make_calls(caller: &Session, in_flight: usize, calls: u64) -> Duration {
    let text = "x".repeat(64);
    let left = Cell::new(calls);
    let lane = || async {
        while left.get() > 0 {
            left.set(left.get() - 1);
            let got: String = caller.call(PROCEDURE).args((&text,)).value().await.unwrap();
            assert_eq!(got.len(), text.len());
        }
    };
    let start = Instant::now();
    join_all((0..in_flight).map(|_| lane())).await;
    start.elapsed()
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Starts a router on a thread that ends with the process; its URL.
fn start_router() -> String {
    let (started, url) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        runtime().block_on(async {
            let router = Router::builder().realm(REALM).build().unwrap();
            let listener = router.listen("ws://127.0.0.1:0/ws").await.unwrap();
            started.send(listener.url().to_string()).unwrap();
            std::future::pending::<()>().await;
        });
    });
    url.recv().unwrap()
}
