//! A subscriber that does not read is thrown out; publisher and other subscribers go on. One that
//! reads slowly gets everything, and the publisher waits for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::json;
use wampwerk::router::Limits;

use crate::common::raw_client::Server;

/// More than the buffers of the sockets, of the transport and of the outbox hold together.
const EVENTS: u64 = 3_000;
const TEXT: usize = 8_000;

#[test]
fn who_does_not_read_is_thrown_out_and_nobody_else() {
    let server = Server::with(|builder| builder.outbox_limit(4 << 20));
    let subscribe = json!([32, 1, {}, "com.example.topic"]);
    let [mut reader, mut stuck] = [server.join(), server.join()];
    for raw in [&mut reader, &mut stuck] {
        raw.send(subscribe.clone());
        assert_eq!(raw.recv()[0], 33);
    }
    let mut publisher = server.join();
    let reading = std::thread::spawn(move || {
        for number in 0..EVENTS {
            assert_eq!(reader.recv()[4][0], number);
        }
        reader
    });
    let text = "x".repeat(TEXT);
    for number in 0..EVENTS {
        publisher.send(json!([16, number + 1, {}, "com.example.topic", [number, text]]));
    }
    // The reader that keeps up has got every event, in order.
    let mut reader = reading.join().unwrap();
    reader.assert_alive();
    publisher.assert_alive();
    assert_eq!(server.router.statistics().sessions, 2);
    // What was sent before is there; then the connection has ended.
    let end = loop {
        match stuck.0.read() {
            Ok(message) if message.is_text() => {}
            other => break other,
        }
    };
    assert!(!matches!(end, Ok(ref message) if !message.is_close()), "{end:?}");
}

#[test]
fn row03_what_waits_for_all_clients_of_a_realm_is_bounded() {
    let mut limits = Limits::default();
    limits.realm_outbox_bytes = 8 << 20;
    let server = Server::with(|builder| builder.limits(limits));
    let subscribe = json!([32, 1, {}, "com.example.topic"]);
    let mut stuck: Vec<_> = (0..4).map(|_| server.join()).collect();
    let mut reader = server.join();
    for raw in stuck.iter_mut().chain([&mut reader]) {
        raw.send(subscribe.clone());
        assert_eq!(raw.recv()[0], 33);
    }
    let mut publisher = server.join();
    let reading = std::thread::spawn(move || {
        for number in 0..EVENTS {
            assert_eq!(reader.recv()[4][0], number);
        }
        reader
    });
    let text = "x".repeat(TEXT);
    for number in 0..EVENTS {
        publisher.send(json!([16, number + 1, {}, "com.example.topic", [number, text]]));
    }
    let mut reader = reading.join().unwrap();
    reader.assert_alive();
    publisher.assert_alive();
    // Each of them may hold 64 MiB, but not all together.
    let left = server.router.statistics().sessions - 2;
    assert!(left < 4, "{left} of them hold {} bytes each", EVENTS as usize * TEXT);
}

/// Reads events of `size` bytes with `pause` between them, while a publisher sends `count` of them
/// as fast as it may.
fn read_slowly(count: u64, size: usize, pause: Duration) {
    let server = Server::with(|builder| builder.outbox_limit(4 << 20));
    let mut reader = server.join();
    reader.send(json!([32, 1, {}, "com.example.topic"]));
    assert_eq!(reader.recv()[0], 33);
    let read = Arc::new(AtomicU64::new(0));
    let reading = std::thread::spawn({
        let read = Arc::clone(&read);
        move || {
            for number in 0..count {
                assert_eq!(reader.recv()[4][0], number);
                read.fetch_add(1, Ordering::Relaxed);
                // This is what makes it slow.
                std::thread::sleep(pause);
            }
            reader
        }
    });
    let mut publisher = server.join();
    let text = "x".repeat(size);
    for number in 0..count {
        let options = json!({"acknowledge": true});
        publisher.send(json!([16, number + 1, options, "com.example.topic", [number, text]]));
        assert_eq!(publisher.recv()[0], 17);
    }
    // What the buffers hold on the way is less than half of it: the publisher has waited.
    let read = read.load(Ordering::Relaxed);
    assert!(read > count / 2, "{read} of {count} were read when all were sent");
    let mut reader = reading.join().unwrap();
    reader.assert_alive();
    publisher.assert_alive();
    assert_eq!(server.router.statistics().sessions, 2);
}

#[test]
fn who_reads_slowly_misses_nothing_and_slows_the_publisher_down() {
    read_slowly(480, 64_000, Duration::from_millis(8));
}
