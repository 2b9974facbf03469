//! What a component logs: that it joined and left, and each line with its realm and transport.

use std::sync::{Arc, Mutex};

use wampwerk::{Component, Error};

use crate::common::alone::alone;
use crate::common::notes::Notes;
use crate::common::router;

#[cfg(feature = "log")]
#[test]
fn row16_other_crates_are_not_logged_below_info_and_files_have_no_colors() {
    const NAME: &str = "row16_other_crates_are_not_logged_below_info_and_files_have_no_colors";
    // The child has the pipe of its parent as its standard error.
    if std::env::var_os("ROW16").is_none() {
        let program = std::env::current_exe().unwrap();
        let name = format!("{}::{NAME}", module_path!().split_once("::").unwrap().1);
        let mut child = std::process::Command::new(program);
        let output = child.args([&*name, "--exact", "--nocapture"]).env("ROW16", "1").output();
        let output = output.unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{text}");
        for expected in ["our trace", "their info", "component{realm=realm1 name=\"backend\"}"] {
            assert!(text.contains(expected), "{expected} in {text}");
        }
        assert!(!text.contains("their trace") && !text.contains("their debug"), "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
        return;
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let mut retry = wampwerk::component::RetryPolicy::default();
        retry.max_retries = Some(0);
        let component = Component::builder()
            .name("backend")
            .transports("ws://127.0.0.1:9/ws")
            .retry(retry)
            .build()
            .unwrap();
        let run = wampwerk::component::run([component], wampwerk::component::LogLevel::Trace);
        run.signals(false).await.unwrap_err();
    });
    tracing::trace!(target: "wampwerk::message", "our trace");
    tracing::trace!(target: "tungstenite::protocol", "their trace");
    tracing::debug!(target: "rustls", "their debug");
    tracing::info!(target: "application", "their info");
}

#[tokio::test]
async fn row16_joining_and_leaving_are_logged_with_name_realm_and_transport() {
    // Its subscriber is the whole process's.
    if !alone(module_path!(), "row16_joining_and_leaving_are_logged_with_name_realm_and_transport")
    {
        return;
    }
    let lines = Notes::default();
    let writer = lines.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::DEBUG)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .init();
    let router = router();
    let listener = router.listen("ws://127.0.0.1:0/ws").await.unwrap();
    let url = listener.url().to_owned();
    let id = Arc::new(Mutex::new(0));
    let seen = Arc::clone(&id);
    let component = Component::builder()
        .transports(&url)
        .name("shop")
        .main(move |session| {
            *seen.lock().unwrap() = session.id();
            async { Ok::<_, Error>(()) }
        })
        .build()
        .unwrap();
    component.start().await.unwrap();

    let id = *id.lock().unwrap();
    let text = lines.text();
    let line = |end: &str| {
        let found: Vec<&str> = text.lines().filter(|line| line.contains(end)).collect();
        assert_eq!(found.len(), 1, "{end:?} in {text}");
        found[0]
    };
    let place = format!("component{{realm=realm1 name=\"shop\"}}:attempt{{transport=\"{url}\"}}: ");
    for (end, level) in [
        (": connecting".to_owned(), "DEBUG"),
        (": connected peer=".to_owned(), "DEBUG"),
        (format!(": joined realm=realm1 session={id}"), "INFO"),
        // The session's own task.
        (": session closed".to_owned(), "DEBUG"),
        (format!(": the session has ended session={id} reason=left"), "INFO"),
    ] {
        let line = line(&end);
        assert!(line.contains(&place) && line.contains(level), "{line}");
    }
}
