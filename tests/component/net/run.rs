//! `run`: several components at once, how they end, and the signals that end a process.
//!
//! The tests of signals run themselves again as a child process, as a signal is for a whole process.

use std::future::pending;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use wampwerk::component::{
    AttemptError, Component, ComponentError, LogLevel, RetryPolicy, RunError, run,
};
use wampwerk::internals::codec;
use wampwerk::internals::core::client::ClientConfig;
use wampwerk::message::{Message, Welcome, WelcomeDetails};
use wampwerk::transport::Acceptor;
use wampwerk::transport::Transport;
use wampwerk::{Error, Serializer};

use crate::common::alone::path;
use crate::common::{listening, router};

/// The URL of the router, for the child.
const URL: &str = "WAMPWERK_TEST_URL";

fn component(url: &str) -> wampwerk::component::ComponentBuilder {
    Component::builder().transports(url).realm("realm1")
}

#[tokio::test]
async fn there_must_be_something_to_run() {
    let error = run(Vec::new(), LogLevel::None).signals(false).await.unwrap_err();
    assert!(error.failed.is_empty());
    assert_eq!(error.to_string(), "no component to run");
    // As `main` shows it.
    assert_eq!(format!("{error:?}"), error.to_string());
}

#[tokio::test]
async fn all_run_at_once_and_all_are_waited_for() {
    let (_router, listener) = listening("ws://127.0.0.1:0/ws").await;
    // Each waits for the other, so they have to run at the same time.
    let (done, mut finished) = mpsc::unbounded_channel();
    let meet = |mine: &'static str, other: &'static str| {
        let done = done.clone();
        component(listener.url())
            .main(move |session| {
                let done = done.clone();
                async move {
                    let mut events = session.subscribe(mine).await?;
                    session.register(format!("{mine}.here"), || async { true }).await?;
                    let there = format!("{other}.here");
                    while session.call(there.as_str()).value::<bool>().await.is_err() {
                        tokio::task::yield_now().await;
                    }
                    session.publish(other).acknowledge().await?;
                    events.next().await;
                    done.send(mine).unwrap();
                    Ok::<_, Error>(())
                }
            })
            .build()
            .unwrap()
    };
    let both = [
        meet("com.example.left", "com.example.right"),
        meet("com.example.right", "com.example.left"),
    ];
    run(both, LogLevel::None).signals(false).await.unwrap();
    let mut names = [finished.recv().await.unwrap(), finished.recv().await.unwrap()];
    names.sort_unstable();
    assert_eq!(names, ["com.example.left", "com.example.right"]);
}

#[tokio::test]
async fn one_that_fails_is_told_and_does_not_stop_the_others() {
    let (_router, listener) = listening("ws://127.0.0.1:0/ws").await;
    let (failed, mut others) = mpsc::unbounded_channel();
    let bad =
        Component::builder().realm("no.such.realm").transports(listener.url()).build().unwrap();
    bad.on_connect_failure(move |error: AttemptError| {
        let failed = failed.clone();
        async move { failed.send(error).unwrap() }
    });
    let refused = component("ws://127.0.0.1:1/")
        .retry(RetryPolicy::default().max_retries(0))
        .build()
        .unwrap();
    let (go, gone) = tokio::sync::watch::channel(false);
    let good = component(listener.url())
        .main(move |session| {
            let mut gone = gone.clone();
            async move {
                gone.wait_for(|gone| *gone).await.unwrap();
                session.publish("com.example.still.there").acknowledge().await.map(drop)
            }
        })
        .build()
        .unwrap();
    let running =
        tokio::spawn(run([bad, good, refused], LogLevel::None).signals(false).into_future());
    // The good one ends after the failure of the bad one.
    assert!(matches!(others.recv().await, Some(AttemptError::Refused(_))));
    go.send(true).unwrap();
    let error: RunError = running.await.unwrap().unwrap_err();
    let mut failed = error.failed.clone();
    failed.sort_by_key(|(index, _)| *index);
    assert!(
        matches!(
            &failed[..],
            [
                (0, ComponentError::Fatal(AttemptError::Refused(_))),
                (2, ComponentError::Exhausted { .. }),
            ]
        ),
        "{error}"
    );
    let text = error.to_string();
    assert!(text.contains("component 0 (no.such.realm) failed: "), "{text}");
    assert!(text.contains("component 2 (realm1) failed: "), "{text}");
}

/// The router's end of one connection, until the session has joined, and subscribes. It then says
/// nothing more.
async fn welcome(listener: &tokio::net::TcpListener) -> Box<dyn Transport> {
    let (stream, peer) = listener.accept().await.unwrap();
    let config = Acceptor::websocket("/ws", &Serializer::ALL);
    let mut end = config.accept(stream, peer).await.unwrap();
    assert!(matches!(read(&mut end).await, Some(Message::Hello(_))));
    let mut details = WelcomeDetails::default();
    details.roles = Some(wampwerk::message::Roles::new().with("broker", &[]).with("dealer", &[]));
    let welcome = Message::from(Welcome { session: 1, details });
    let frame = codec::encode(end.info().serializer, &welcome).unwrap();
    std::future::poll_fn(|cx| end.poll_ready(cx)).await.unwrap();
    end.start_send(frame).unwrap();
    std::future::poll_fn(|cx| end.poll_flush(cx)).await.unwrap();
    assert!(matches!(read(&mut end).await, Some(Message::Subscribe(_))));
    end
}

async fn read(end: &mut Box<dyn Transport>) -> Option<Message> {
    let frame = std::future::poll_fn(|cx| end.poll_recv(cx)).await?.ok()?;
    Some(codec::decode(end.info().serializer, &frame).unwrap())
}

/// This test again, as another process.
fn child(test: &str, url: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([&*path(module_path!(), test), "--exact", "--nocapture"])
        .env(URL, url)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

fn send(signal: &str, child: &Child) {
    let id = child.id().unwrap().to_string();
    let sent = std::process::Command::new("kill").args([signal, &id]).status().unwrap();
    assert!(sent.success());
}

/// The child's part: as `fn main` would exit.
fn exit(end: Result<(), RunError>) -> ! {
    match end {
        Ok(()) => std::process::exit(0),
        Err(error) => {
            println!("end: {error}");
            std::process::exit(1)
        }
    }
}

async fn lines(child: &mut Child) -> Vec<String> {
    let mut reader = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut lines = Vec::new();
    while let Some(line) = reader.next_line().await.unwrap() {
        lines.push(line);
    }
    lines
}

#[tokio::test]
async fn sigterm_during_a_call_says_goodbye() {
    if let Ok(url) = std::env::var(URL) {
        let caller = component(&url)
            .main(|session| async move { session.call("com.example.never").value::<()>().await })
            .build()
            .unwrap();
        caller.on_leave(|reason| async move { println!("caller: {reason}") });
        let other = component(&url).build().unwrap();
        other.on_leave(|reason| async move { println!("other: {reason}") });
        other.subscribe("com.example.news", |_news: String| async {});
        exit(run([caller, other], LogLevel::None).await)
    }
    for signal in ["-TERM", "-INT"] {
        let (router, listener) = listening("ws://127.0.0.1:0/ws").await;
        let callee = router.connect("realm1").await.unwrap();
        let (called, mut calls) = mpsc::unbounded_channel();
        let never = move || {
            called.send(()).unwrap();
            pending::<()>()
        };
        callee.register("com.example.never", never).await.unwrap();
        let mut created = callee.subscribe("wamp.subscription.on_create").await.unwrap();
        let mut child = child("sigterm_during_a_call_says_goodbye", listener.url());
        // Both know by then that they have joined.
        created.next().await.unwrap().unwrap();
        calls.recv().await.unwrap();
        send(signal, &child);
        let lines = lines(&mut child).await;
        assert!(child.wait().await.unwrap().success(), "{lines:?}");
        for name in ["caller", "other"] {
            let left = format!("{name}: left (wamp.close.");
            assert!(lines.iter().any(|line| line.contains(&left)), "{lines:?}");
        }
    }
}

#[tokio::test]
async fn nobody_is_waited_for_after_a_second_signal() {
    if let Ok(url) = std::env::var(URL) {
        // Neither the router's answer nor time ends it.
        let mut client = ClientConfig::default();
        client.leave_timeout = Duration::from_secs(3600);
        let one = component(&url).session_config(client.into()).build().unwrap();
        one.subscribe("com.example.news", |_news: String| async {});
        let all = run(one, LogLevel::None).stop_timeout(Duration::from_secs(3600));
        exit(all.await)
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/ws", listener.local_addr().unwrap());
    let mut child = child("nobody_is_waited_for_after_a_second_signal", &url);
    let mut end = welcome(&listener).await;
    send("-TERM", &child);
    assert!(matches!(read(&mut end).await, Some(Message::Goodbye(_))));
    send("-INT", &child);
    let lines = lines(&mut child).await;
    assert_eq!(child.wait().await.unwrap().code(), Some(1), "{lines:?}");
    let told = "end: component 0 did not stop in time";
    assert!(lines.iter().any(|line| line.contains(told)), "{lines:?}");
}

#[tokio::test]
async fn waiting_for_those_who_do_not_stop_has_a_bound() {
    if let Ok(url) = std::env::var(URL) {
        let mut client = ClientConfig::default();
        client.leave_timeout = Duration::from_secs(3600);
        let one = component(&url).session_config(client.into()).build().unwrap();
        one.subscribe("com.example.news", |_news: String| async {});
        exit(run(one, LogLevel::None).stop_timeout(Duration::from_millis(50)).await)
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/ws", listener.local_addr().unwrap());
    let mut child = child("waiting_for_those_who_do_not_stop_has_a_bound", &url);
    let _end = welcome(&listener).await;
    send("-TERM", &child);
    let lines = lines(&mut child).await;
    assert_eq!(child.wait().await.unwrap().code(), Some(1), "{lines:?}");
}

#[tokio::test]
async fn a_signal_ends_a_retry_delay() {
    if let Ok(url) = std::env::var(URL) {
        let policy = RetryPolicy::default()
            .initial_delay(Duration::from_secs(3600))
            .max_delay(Duration::from_secs(3600));
        let one = component(&url).retry(policy).build().unwrap();
        one.on_connect_failure(|_: AttemptError| async { println!("failed") });
        exit(run(one, LogLevel::None).await)
    }
    // It accepts, and hangs up.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/ws", listener.local_addr().unwrap());
    let mut child = child("a_signal_ends_a_retry_delay", &url);
    drop(listener.accept().await.unwrap());
    let mut reader = BufReader::new(child.stdout.take().unwrap()).lines();
    while !reader.next_line().await.unwrap().unwrap().contains("failed") {}
    send("-TERM", &child);
    assert!(child.wait().await.unwrap().success());
}

#[tokio::test]
async fn the_log_goes_to_the_standard_error() {
    if let Ok(url) = std::env::var(URL) {
        let policy = RetryPolicy::default().max_retries(0);
        let one = component(&url).retry(policy).build().unwrap();
        exit(run(one, LogLevel::Error).await)
    }
    let child = Command::new(std::env::current_exe().unwrap())
        .args([
            &*path(module_path!(), "the_log_goes_to_the_standard_error"),
            "--exact",
            "--nocapture",
        ])
        .env(URL, "ws://127.0.0.1:1/ws")
        .output()
        .await
        .unwrap();
    assert_eq!(child.status.code(), Some(1));
    let errors = String::from_utf8(child.stderr).unwrap();
    assert_eq!(cfg!(feature = "log"), errors.contains("a component failed"), "{errors}");
}

/// Starts the test again as a child, which blocks its main thread for ever behind its run, and waits
/// until it is there.
async fn blocked(test: &str, url: &str, before: impl AsyncFnOnce(&Child)) -> Child {
    let mut child = child(test, url);
    before(&child).await;
    let mut reader = BufReader::new(child.stdout.take().unwrap()).lines();
    while !reader.next_line().await.unwrap().unwrap().contains("blocked") {}
    child.stdout = Some(reader.into_inner().into_inner());
    child
}

fn block() -> ! {
    println!("blocked");
    loop {
        std::thread::park();
    }
}

#[tokio::test]
async fn behind_a_run_that_a_signal_ended_the_next_one_ends_the_process() {
    if let Ok(url) = std::env::var(URL) {
        run(component(&url).build().unwrap(), LogLevel::None).await.unwrap();
        block()
    }
    for (signal, status) in [("-TERM", 143), ("-INT", 130)] {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}/ws", listener.local_addr().unwrap());
        let test = "behind_a_run_that_a_signal_ended_the_next_one_ends_the_process";
        let mut child = blocked(test, &url, async |child| {
            // It is listening, as it connects.
            let _connection = listener.accept().await.unwrap();
            send("-TERM", child);
        })
        .await;
        send(signal, &child);
        assert_eq!(child.wait().await.unwrap().code(), Some(status));
    }
}

#[tokio::test]
async fn behind_a_run_that_ended_by_itself_two_signals_end_the_process() {
    if let Ok(url) = std::env::var(URL) {
        let once = RetryPolicy::default().max_retries(0);
        for _ in 0..2 {
            let one = component(&url).retry(once.clone()).build().unwrap();
            run(one, LogLevel::None).await.unwrap_err();
        }
        // What listens for itself gets the first one.
        let mut own = signal(SignalKind::terminate()).unwrap();
        println!("listening");
        own.recv().await.unwrap();
        block()
    }
    let test = "behind_a_run_that_ended_by_itself_two_signals_end_the_process";
    let mut child = child(test, "ws://127.0.0.1:1/ws");
    let mut reader = BufReader::new(child.stdout.take().unwrap()).lines();
    while !reader.next_line().await.unwrap().unwrap().contains("listening") {}
    send("-TERM", &child);
    while !reader.next_line().await.unwrap().unwrap().contains("blocked") {}
    // Another one, as two of a kind may count as one.
    send("-INT", &child);
    let status = child.wait().await.unwrap().code();
    assert!(matches!(status, Some(130 | 143)), "{status:?}");
}

#[cfg(feature = "log")]
#[tokio::test]
async fn a_refusal_is_logged_once() {
    if let Ok(url) = std::env::var(URL) {
        let one = Component::builder().realm("no.such.realm").transports(url).build().unwrap();
        exit(run(one, LogLevel::Debug).await)
    }
    let router = router();
    let listener = router.listen("ws://127.0.0.1:0/ws").await.unwrap();
    let child = Command::new(std::env::current_exe().unwrap())
        .args([&*path(module_path!(), "a_refusal_is_logged_once"), "--exact", "--nocapture"])
        .env(URL, listener.url())
        .output()
        .await
        .unwrap();
    assert_eq!(child.status.code(), Some(1));
    let log = String::from_utf8(child.stderr).unwrap();
    let loud = |line: &&str| line.contains("ERROR") || line.contains("WARN");
    let lines: Vec<&str> = log.lines().filter(loud).collect();
    assert_eq!(lines.len(), 1, "{log}");
    assert!(lines[0].contains("no.such.realm") && lines[0].contains("no_such_realm"), "{log}");
}
