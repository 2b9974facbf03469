//! Measurements.

use crate::process::{Running, run};
use crate::router::TestRouter;

crate::tests! {
    each_kind_is_measured,
    a_histogram_and_a_table_are_printed,
    wrong_loads_are_named,
    an_interrupted_measurement_ends,
}

fn each_kind_is_measured() {
    let router = TestRouter::start();
    for kind in ["calls", "events", "connects"] {
        let load = ["--concurrency", "2", "--size", "100", "--duration", "300ms", "-o", "json"];
        let measured = run(&[&["bench", kind, "--url", router.url()][..], &load].concat());
        let json: serde_json::Value = serde_json::from_str(measured.ok()).unwrap();
        assert_eq!((&json["kind"], &json["failures"]), (&kind.into(), &0.into()), "{json}");
        let number = |key: &str| json[key].as_f64().unwrap();
        assert!(number("count") >= 2.0 && number("seconds") >= 0.3, "{json}");
        assert!(number("p50_ms") <= number("p99_ms"), "{json}");
        assert!(number("p99_ms") <= number("max_ms"), "{json}");
    }
    assert_eq!(router.sessions(), 0);
}

fn a_histogram_and_a_table_are_printed() {
    let router = TestRouter::start();
    let measured = run(&["bench", "calls", "-c", "1", "-d", "200ms", "--url", router.url()]);
    let text = measured.ok();
    assert!(text.contains("per_second") && text.contains(" ms ") && text.contains('█'), "{text}");
}

fn wrong_loads_are_named() {
    run(&["bench", "calls", "-c", "0"]).is_refused();
    run(&["bench", "calls", "-d", "0s"]).is_refused();
    run(&["bench", "calls", "--url", "http://a"]).is_refused();
    run(&["bench", "calls", "--url", "ws://127.0.0.1:9/ws"]).fails(3);
}

fn an_interrupted_measurement_ends() {
    let router = TestRouter::start();
    let measuring = Running::start(&[
        "bench",
        "calls",
        "-c",
        "1",
        "-d",
        "1h",
        "--trace",
        "--url",
        router.url(),
    ]);
    while router.sessions() < 2 {}
    let ended = measuring.interrupt();
    assert_eq!(ended.code, Some(130));
    let goodbyes = ended.stderr.lines().filter(|line| line.contains("wamp.close.close_realm"));
    assert_eq!(goodbyes.count(), 2);
    assert_eq!(router.sessions(), 0);
}
