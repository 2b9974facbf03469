//! A handler that blocks its session is named in the log.

use std::time::Duration;

use crate::common::notes::Notes;
use crate::common::router;

/// Longer than what is reported.
const LONG: Duration = Duration::from_millis(1050);

#[tokio::test(flavor = "current_thread")]
async fn a_handler_that_blocks_is_named() {
    let log = Notes::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::WARN)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    // The tasks of this test run on its thread.
    let _guard = tracing::subscriber::set_default(subscriber);
    let router = router();
    let session = router.connect("realm1").await.unwrap();
    let block = || std::thread::sleep(LONG);
    session
        .register("com.example.at_once", move || {
            block();
            async {}
        })
        .await
        .unwrap();
    session
        .register("com.example.later", move || async move {
            tokio::task::yield_now().await;
            block();
        })
        .await
        .unwrap();
    session
        .register("com.example.waits", || async {
            tokio::time::sleep(LONG).await;
        })
        .await
        .unwrap();
    for procedure in ["com.example.at_once", "com.example.later", "com.example.waits"] {
        session.call(procedure).await.unwrap();
    }
    let (sender, mut done) = tokio::sync::mpsc::unbounded_channel();
    session
        .subscribe_with("com.example.event", move || {
            block();
            sender.send(()).unwrap();
            async {}
        })
        .await
        .unwrap();
    session.publish("com.example.event").exclude_me(false).await.unwrap();
    done.recv().await.unwrap();
    session.leave().await;
    let log = log.text();
    let lines: Vec<_> = log.lines().filter(|line| line.contains("has blocked")).collect();
    for (line, name) in lines.iter().zip(["at_once", "later", "event"]) {
        assert!(line.contains(&format!("handler=com.example.{name} took=1.")), "{line}");
        assert!(line.contains("WARN") && line.contains("spawn_blocking"), "{line}");
    }
    assert_eq!(lines.len(), 3, "{log}");
}
