//! `ApplicationRunner`: one application session as a program, without Autobahn's defects.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;
use wampwerk::component::{
    ApplicationRunner, ApplicationSession, AttemptError, BoxError, ComponentConfig, ComponentError,
    LogLevel,
};
use wampwerk::error::{CloseKind, CloseReason};
use wampwerk::router::MetaApi;
use wampwerk::transport::{Endpoint, Tls};
use wampwerk::websocket::WebSocketOptions;
use wampwerk::{Serializer, Session};

use crate::common::listening;
use crate::common::router_with;

/// What happened to the sessions of a runner.
#[derive(Debug)]
enum Seen {
    Made(ComponentConfig),
    Joined(Session),
    Left(Arc<CloseReason>),
}

struct Watched(mpsc::UnboundedSender<Seen>);

impl ApplicationSession for Watched {
    async fn on_join(&self, session: Session) -> Result<(), BoxError> {
        self.0.send(Seen::Joined(session))?;
        Ok(())
    }

    async fn on_leave(&self, reason: Arc<CloseReason>) {
        let _ = self.0.send(Seen::Left(reason));
    }
}

struct Sight(mpsc::UnboundedReceiver<Seen>);

impl Sight {
    async fn made(&mut self) -> ComponentConfig {
        match self.0.recv().await {
            Some(Seen::Made(config)) => config,
            other => panic!("not made: {other:?}"),
        }
    }

    async fn joined(&mut self) -> Session {
        match self.0.recv().await {
            Some(Seen::Joined(session)) => session,
            other => panic!("not joined: {other:?}"),
        }
    }

    async fn left(&mut self) -> Arc<CloseReason> {
        match self.0.recv().await {
            Some(Seen::Left(reason)) => reason,
            other => panic!("not left: {other:?}"),
        }
    }
}

fn watched(
    runner: &ApplicationRunner,
) -> (impl Future<Output = Result<(), ComponentError>> + Send + use<>, Sight) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let make = move |config: ComponentConfig| {
        sender.send(Seen::Made(config)).unwrap();
        Watched(sender.clone())
    };
    let runner = runner.clone().signals(false).log_level(LogLevel::None);
    (runner.run(make), Sight(receiver))
}

/// As quickly as it may be.
fn quick(url: &str) -> ApplicationRunner {
    ApplicationRunner::new(url, "realm1")
        .initial_retry_delay(Duration::from_millis(1))
        .max_retry_delay(Duration::from_millis(2))
        .retry_delay_growth(1.0)
        .retry_delay_jitter(0.0)
}

#[tokio::test]
async fn the_session_gets_realm_and_extra_and_leaves_when_it_is_stopped() {
    let (_router, listener) = listening("ws://127.0.0.1:0/ws").await;
    let runner = ApplicationRunner::new(listener.url(), "realm1")
        .extra("something")
        .serializers(&[Serializer::Json]);
    let (run, mut sight) = watched(&runner);
    let running = tokio::spawn(run);
    let config = sight.made().await;
    assert_eq!((config.realm.as_str(), config.extra.as_str()), ("realm1", Some("something")));
    let session = sight.joined().await;
    assert_eq!(session.transport().serializer, Serializer::Json);
    // Autobahn's default for its runner.
    assert_eq!(session.transport().max_send, 1 << 20);
    runner.stop();
    assert_eq!(sight.left().await.kind, CloseKind::Left);
    running.await.unwrap().unwrap();
    // What is started later is not stopped.
    let (run, mut sight) = watched(&runner.clone().auto_reconnect(true));
    let running = tokio::spawn(run);
    sight.made().await;
    let session = sight.joined().await;
    session.leave().await;
    assert_eq!(sight.left().await.kind, CloseKind::Left);
    running.await.unwrap().unwrap();
}

/// Registers a name.
struct Taker;

impl ApplicationSession for Taker {
    async fn on_join(&self, session: Session) -> Result<(), BoxError> {
        session.register("com.example.taken", async || 1).await?;
        Ok(())
    }
}

#[tokio::test]
async fn a_name_already_taken_is_the_end_if_the_runner_is_strict() {
    let (_router, listener) = listening("ws://127.0.0.1:0/ws").await;
    let first = wampwerk::connect(listener.url(), "realm1").await.unwrap();
    first.register("com.example.taken", async || 1).await.unwrap();
    let runner = ApplicationRunner::new(listener.url(), "realm1").strict(true);
    let error = runner.signals(false).log_level(LogLevel::None).run(|_| Taker).await.unwrap_err();
    let text = "gave up after 1 failed attempt: on_join failed: ";
    assert!(error.to_string().starts_with(text), "{error}");
    // As `main` shows it.
    assert_eq!(format!("{error:?}"), error.to_string());
    let ComponentError::Exhausted { last, attempts: 1 } = error else {
        panic!("{error}");
    };
    let AttemptError::Handler { what, error } = &last else { panic!("{last}") };
    assert_eq!(what, "on_join");
    assert_eq!(error.to_application().uri, "wamp.error.procedure_already_exists");
}

#[tokio::test]
async fn a_lost_connection_is_the_end_without_auto_reconnect() {
    let (router, listener) = listening("ws://127.0.0.1:0/ws").await;
    let (run, mut sight) = watched(&quick(listener.url()));
    let running = tokio::spawn(run);
    sight.made().await;
    sight.joined().await;
    router.shutdown().await;
    let reason = sight.left().await;
    let error = running.await.unwrap().unwrap_err();
    let ComponentError::Exhausted { last: AttemptError::Lost(lost), .. } = error else {
        panic!("{error}")
    };
    assert_eq!(lost, reason);
    assert!(sight.0.recv().await.is_none(), "there was another attempt");
}

#[tokio::test]
async fn a_lost_connection_is_made_again_with_auto_reconnect() {
    let router = router_with(|it| it.meta_api(MetaApi::Full));
    let listener = router.listen("ws://127.0.0.1:0/ws").await.unwrap();
    let watcher = router.connect("realm1").await.unwrap();
    let runner = quick(listener.url());
    let (run, mut sight) = watched(&runner.clone().auto_reconnect(true));
    let running = tokio::spawn(run);
    for _ in 0..3 {
        sight.made().await;
        let session = sight.joined().await;
        watcher.call("wamp.session.kill").args((session.id(),)).value::<()>().await.unwrap();
        assert_eq!(sight.left().await.kind, CloseKind::Goodbye);
    }
    sight.made().await;
    sight.joined().await;
    runner.clone().stop();
    assert_eq!(sight.left().await.kind, CloseKind::Left);
    running.await.unwrap().unwrap();
}

#[tokio::test]
async fn the_first_connection_is_tried_again_as_well() {
    let refused = quick("ws://127.0.0.1:1/ws").max_retries(3);
    let (run, sight) = watched(&refused.clone().auto_reconnect(true));
    let error = run.await.unwrap_err();
    let ComponentError::Exhausted { attempts, last } = error else { panic!("{error}") };
    assert_eq!(attempts, 4);
    assert!(matches!(last, AttemptError::Connect(_)), "{last}");
    drop(sight);
    // Without, there is one.
    let (run, _sight) = watched(&refused);
    let error = run.await.unwrap_err();
    let ComponentError::Exhausted { attempts, .. } = error else { panic!("{error}") };
    assert_eq!(attempts, 1);
}

#[tokio::test]
async fn a_failed_login_is_not_tried_again() {
    let (_router, listener) = listening("ws://127.0.0.1:0/ws").await;
    let runner = ApplicationRunner::new(listener.url(), "no.such.realm");
    let made = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&made);
    let (sender, _sight) = mpsc::unbounded_channel();
    let runner = runner.signals(false).log_level(LogLevel::None).auto_reconnect(true);
    let run = runner.run(move |_config| {
        count.fetch_add(1, Ordering::Relaxed);
        Watched(sender.clone())
    });
    let error = run.await.unwrap_err();
    let ComponentError::Fatal(AttemptError::Refused(reason)) = error else { panic!("{error}") };
    assert_eq!(reason.reason, "wamp.error.no_such_realm");
    assert_eq!(made.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn parameters_are_checked_before_anything_is_connected() {
    let ws = "ws://127.0.0.1:1/ws";
    for (runner, text) in [
        (ApplicationRunner::new(ws, "realm1").tls(Tls::new()), "tls: the URL does not use TLS"),
        (ApplicationRunner::new("http://h/", "realm1"), "url: "),
        (ApplicationRunner::new(ws, "realm1").serializers(&[]), "serializers: at least one"),
        (ApplicationRunner::new(ws, "realm 1"), "\"realm 1\" is not a valid URI"),
        (ApplicationRunner::new(ws, "realm1").retry_delay_growth(0.1), "retry_delay_growth: "),
        (ApplicationRunner::new(ws, "realm1").header("Upgrade", "x"), "headers.Upgrade: "),
        (
            ApplicationRunner::new("rs://h:8080/ws", "realm1"),
            "url: a RawSocket URL has no path, query or fragment",
        ),
        (
            ApplicationRunner::new("rs://h:8080", "realm1")
                .websocket_options(WebSocketOptions::new().max_frame_payload_size(1)),
            "websocket_options.max_frame_payload_size: not supported by RawSocket",
        ),
        (
            ApplicationRunner::new(ws, "realm1")
                .websocket_options(WebSocketOptions::new().max_message_payload_size(0)),
            "websocket_options.max_message_payload_size: ",
        ),
    ] {
        let (run, _sight) = watched(&runner);
        let error = run.await.unwrap_err();
        assert!(matches!(error, ComponentError::InvalidConfig(_)), "{error}");
        assert!(error.to_string().contains(text), "{error}");
        assert!(!error.to_string().contains("transports["), "{error}");
    }
    let runner = ApplicationRunner::new(ws, "realm1").endpoint(Endpoint::tcp("h", 0));
    let (run, _sight) = watched(&runner);
    let error = run.await.unwrap_err();
    assert!(error.to_string().contains("endpoint.port: "), "{error}");
}

#[tokio::test]
async fn options_override_the_defaults_one_by_one() {
    let (_router, listener) = listening("ws://127.0.0.1:0/ws").await;
    let url = listener.url().replace("127.0.0.1", "router.example");
    let port = listener.url().trim_end_matches("/ws").rsplit(':').next().unwrap().parse().unwrap();
    let runner = ApplicationRunner::new(url, "realm1")
        .websocket_options(WebSocketOptions::new().max_message_payload_size(70_000))
        .endpoint(Endpoint::tcp("127.0.0.1", port));
    let (run, mut sight) = watched(&runner);
    let running = tokio::spawn(run);
    sight.made().await;
    assert_eq!(sight.joined().await.transport().max_send, 70_000);
    runner.stop();
    running.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_stop_right_behind_the_spawn_counts() {
    let (_router, listener) = listening("ws://127.0.0.1:0/ws").await;
    let runner = quick(listener.url()).auto_reconnect(true);
    let (run, mut sight) = watched(&runner);
    // It has not been polled yet: the test has the only thread.
    let running = tokio::spawn(run);
    runner.stop();
    running.await.unwrap().unwrap();
    assert!(!matches!(sight.0.recv().await, Some(Seen::Joined(_))));
}
