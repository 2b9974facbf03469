//! fox-wamp as the router of our client. It speaks JSON over WebSocket alone.

use std::future::IntoFuture;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use wampwerk::error::CallError;
use wampwerk::session::Progress;
use wampwerk::{ApplicationError, Dict, List, Session, Value, connect};

use crate::peer::within;

tests! { FoxWamp:
    calls_progress_errors_and_events_through_fox_wamp,
    what_fox_wamp_sends_without_arguments_is_read,
}

async fn calls_progress_errors_and_events_through_fox_wamp() {
    let router = FoxWamp::start().await;
    let (callee, caller) = (router.join().await, router.join().await);

    let add = |a: i64, b: i64| async move { a + b };
    let registration = callee.register("com.example.add", add).await.unwrap();
    let call = caller.call("com.example.add").args((2, 3)).value::<i64>();
    assert_eq!(within("a call", call).await.unwrap(), 5);

    let count = |n: u8, progress: Progress| async move {
        for part in 1..n {
            progress.send((part,)).await?;
        }
        Ok::<_, ApplicationError>(n)
    };
    callee.register("com.example.count", count).await.unwrap();
    let (parts, mut received) = tokio::sync::mpsc::unbounded_channel();
    let call = caller.call("com.example.count").args((3,)).on_progress(move |reply| {
        parts.send(reply.payload.decode::<u8>().unwrap()).unwrap();
    });
    assert_eq!(within("progress", call.value::<u8>()).await.unwrap(), 3);
    assert_eq!((received.recv().await, received.recv().await), (Some(1), Some(2)));

    // It passes on neither the URI nor the arguments, but sends the URI as an argument.
    let fail = || async { Err::<(), _>(ApplicationError::new("com.example.error.wrong").arg(7)) };
    callee.register("com.example.fail", fail).await.unwrap();
    let error = refusal(&caller, "com.example.fail").await;
    assert_eq!(error.uri, "wamp.error.callee_failure");
    assert_eq!(error.args, [Value::from("com.example.error.wrong")]);
    assert_eq!(refusal(&caller, "com.example.missing").await.uri, "wamp.error.no_such_procedure");

    let mut events = callee.subscribe("com.example.topic").await.unwrap();
    let publish = caller.publish("com.example.topic").args(("é", Value::Null)).acknowledge();
    within("a publication", publish.into_future()).await.unwrap();
    let event = within("an event", events.next()).await.unwrap().unwrap();
    assert_eq!(event.payload.args::<List>().unwrap(), [Value::from("é"), Value::Null]);

    within("unregistering", registration.unregister()).await.unwrap();
    assert_eq!(refusal(&caller, "com.example.add").await.uri, "wamp.error.no_such_procedure");
    // It ends with its own reason, `wamp.error.goodbye_and_out`.
    within("leaving", callee.leave()).await;
    within("leaving", caller.leave()).await;
}

/// It sends null for arguments that are missing.
async fn what_fox_wamp_sends_without_arguments_is_read() {
    let router = FoxWamp::start().await;
    let (ours, other) = (router.join().await, router.join().await);
    let mut events = ours.subscribe("com.example.bare").await.unwrap();
    let publish = other.publish("com.example.bare").acknowledge();
    within("a publication", publish.into_future()).await.unwrap();
    let event = within("an event", events.next()).await.unwrap().unwrap();
    assert!(event.payload.args::<List>().unwrap().is_empty());
    assert!(event.payload.kwargs::<Dict>().unwrap().is_empty());

    let sessions = within("a call", other.call("wamp.session.count").value::<u32>()).await;
    // The two, and one of its own.
    assert_eq!(sessions.unwrap(), 3);
    assert!(!ours.is_closed() && !other.is_closed());
}

/// Where `tools/setup foxwamp` installs fox-wamp.
pub(crate) fn installed() -> PathBuf {
    folder().join("node_modules/fox-wamp")
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fox_wamp")
}

async fn refusal(caller: &Session, procedure: &'static str) -> ApplicationError {
    let error = within(procedure, caller.call(procedure).value::<Value>()).await.unwrap_err();
    let CallError::Application(error) = error else { panic!("{error}") };
    error
}

/// A running router; dropping ends it.
struct FoxWamp {
    _process: Child,
    url: String,
}

impl FoxWamp {
    async fn start() -> FoxWamp {
        let mut process = Command::new("node")
            .arg("router.mjs")
            .current_dir(folder())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let url = within("fox-wamp", lines.next_line()).await.unwrap().unwrap();
        FoxWamp { _process: process, url }
    }

    async fn join(&self) -> Session {
        within("joining", connect(&self.url, "realm1").into_future()).await.unwrap()
    }
}
