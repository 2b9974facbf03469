//! What a component logs: that it joined and left, and each line with its realm and transport.

use std::io::{Result, Write};
use std::sync::{Arc, Mutex};

use tracing_subscriber::fmt::MakeWriter;
use wampwerk::{Component, Error, Router};

use crate::common::alone::alone;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, text: &[u8]) -> Result<usize> {
        self.0.lock().unwrap().write(text)
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Lines;

    fn make_writer(&'a self) -> Lines {
        self.clone()
    }
}

#[tokio::test]
async fn joining_and_leaving_are_logged_with_realm_and_transport() {
    // Its subscriber is the whole process's.
    if !alone(module_path!(), "joining_and_leaving_are_logged_with_realm_and_transport") {
        return;
    }
    let lines = Lines::default();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::DEBUG)
        .with_ansi(false)
        .with_writer(lines.clone())
        .init();
    let router = Router::builder().realm("realm1").build().unwrap();
    let listener = router.listen("ws://127.0.0.1:0/ws").await.unwrap();
    let url = listener.url().to_owned();
    let id = Arc::new(Mutex::new(0));
    let seen = Arc::clone(&id);
    let component = Component::builder()
        .transports(&url)
        .main(move |session| {
            *seen.lock().unwrap() = session.id();
            async { Ok::<_, Error>(()) }
        })
        .build()
        .unwrap();
    component.start().await.unwrap();

    let id = *id.lock().unwrap();
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let line = |end: &str| {
        let found: Vec<&str> = text.lines().filter(|line| line.contains(end)).collect();
        assert_eq!(found.len(), 1, "{end:?} in {text}");
        found[0]
    };
    let place = format!("component{{realm=realm1}}:attempt{{transport=\"{url}\"}}: ");
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
