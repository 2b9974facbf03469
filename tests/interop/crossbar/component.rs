//! A component and a real Crossbar: it logs in, stays up when its session is killed and when Crossbar
//! is restarted, and what it has declared is there once after each.

use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use wampwerk::component::{
    AttemptError, Component, ComponentBuilder, ComponentError, ComponentState, RetryPolicy,
};
use wampwerk::session::authentication::{Cryptosign, Scram, Ticket, WampCra};
use wampwerk::{Session, Uri, connect};

use crate::crossbar::rig::Rig;

tests! { Crossbar:
    every_method_has_a_component,
    a_killed_session_comes_back,
    a_wrong_secret_is_said_once,
    credentials_are_asked_for_at_each_attempt,
    a_restarted_crossbar_is_found_again,
}

/// What no healthy machine needs; nothing waits for it to pass.
const DEADLINE: Duration = Duration::from_secs(120);

async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    let limit = tokio::time::timeout(DEADLINE, future).await;
    limit.unwrap_or_else(|_| panic!("not within {DEADLINE:?}: {what}"))
}

/// What all components here have: quick retries, so that tests are short.
fn builder(rig: &Rig) -> ComponentBuilder {
    let retry = RetryPolicy::default()
        .initial_delay(Duration::from_millis(50))
        .max_delay(Duration::from_millis(500));
    Component::builder().realm(rig.get("realm")).retry(retry)
}

async fn caller(rig: &Rig) -> Session {
    let (authid, secret) = rig.user("ticket");
    let connect = connect(rig.get("ws_auth"), rig.get("realm"));
    connect.authentication(Ticket::new(authid, secret)).await.unwrap()
}

/// A component that logs in, has a procedure and a topic under `prefix`, and hands on its events.
fn component(rig: &Rig, builder: ComponentBuilder, prefix: &str) -> (Component, Events) {
    let (authid, secret) = rig.user("wampcra");
    let component = builder.authentication(WampCra::new(authid, secret)).build().unwrap();
    let (sender, events) = unbounded_channel();
    component.register(format!("{prefix}.add"), |a: i64, b: i64| async move { a + b });
    component.subscribe(format!("{prefix}.news"), move |text: String| {
        let _ = sender.send(text);
        async {}
    });
    (component, events)
}

type Events = UnboundedReceiver<String>;

/// Waits until it is joined with another session than `last`.
async fn joined(component: &Component, last: u64) -> u64 {
    let mut states = component.states();
    let new = |state: &ComponentState| match state {
        ComponentState::Joined { session, .. } => *session != last,
        _ => false,
    };
    match within("a new session", states.wait_for(new)).await {
        Some(ComponentState::Joined { session, .. }) => session,
        other => panic!("{other:?}"),
    }
}

/// Everything that is declared under `prefix` is there, once.
async fn assert_there(caller: &Session, prefix: &str, events: &mut Events) {
    let procedure = format!("{prefix}.add");
    assert_eq!(caller.call(&*procedure).args((2, 3)).value::<i64>().await.unwrap(), 5);
    let meta = caller.meta();
    let registration = meta.registration_lookup(&*procedure).await.unwrap().unwrap();
    assert_eq!(meta.registration_count_callees(registration).await.unwrap(), 1);
    for text in ["one", "two"] {
        caller.publish(format!("{prefix}.news")).args((text,)).acknowledge().await.unwrap();
        assert_eq!(within("an event", events.recv()).await.as_deref(), Some(text));
    }
    // The events have their order: there was none twice.
    assert!(events.is_empty());
}

async fn every_method_has_a_component() {
    let rig = Rig::find();
    let key = |seed: &str| wampwerk::auth::cryptosign::SigningKey::from_hex(seed).unwrap();
    for user in ["ticket", "wampcra", "wampcra-salted", "scram-pbkdf2", "cryptosign"] {
        let (authid, secret) = rig.user(user);
        let builder = builder(&rig).transports(rig.get("ws_auth"));
        let builder = match user {
            "ticket" => builder.authentication(Ticket::new(authid, secret)),
            "cryptosign" => builder.authentication(Cryptosign::new(key(secret)).authid(authid)),
            "scram-pbkdf2" => builder.authentication(Scram::new(authid, secret)),
            _ => builder.authentication(WampCra::new(authid, secret)),
        };
        let said = Arc::new(Mutex::new(None));
        let hears = said.clone();
        let main = move |session: Session| {
            *hears.lock().unwrap() = session.authid().map(str::to_owned);
            async {}
        };
        let component = builder.main(main).build().unwrap();
        within(user, component.start()).await.unwrap();
        assert_eq!(said.lock().unwrap().as_deref(), Some(authid));
    }
}

async fn a_killed_session_comes_back() {
    let rig = Rig::find();
    let prefix = "com.example.component.killed";
    let builder = builder(&rig).transports(rig.get("ws_auth"));
    let (component, mut events) = component(&rig, builder, prefix);
    let running = component.start();
    let mut session = joined(&component, 0).await;
    let caller = caller(&rig).await;
    assert_there(&caller, prefix, &mut events).await;
    // Without a reason Crossbar says `wamp.close.normal`, as if all had gone well.
    for reason in [None, Some("com.example.enough")] {
        let kill = caller.meta().kill(session);
        let kill = match reason {
            Some(reason) => kill.reason(reason),
            None => kill,
        };
        kill.await.unwrap();
        session = joined(&component, session).await;
        assert_there(&caller, prefix, &mut events).await;
    }
    within("the end", component.stop()).await;
    within("the end", running).await.unwrap();
    let error = caller.call(format!("{prefix}.add")).args((2, 3)).await.unwrap_err();
    assert!(error.to_string().contains(Uri::NO_SUCH_PROCEDURE), "{error}");
}

async fn a_wrong_secret_is_said_once() {
    let rig = Rig::find();
    let (authid, secret) = rig.user("wampcra");
    let wrong = format!("{secret}?");
    let builder = builder(&rig).transports(rig.get("ws_auth"));
    let component = builder.authentication(WampCra::new(authid, &*wrong)).build().unwrap();
    let failures = Arc::new(AtomicU32::new(0));
    let counts = failures.clone();
    component.on_connect_failure(move |_| {
        counts.fetch_add(1, Ordering::Relaxed);
        async {}
    });
    let error = within("a refusal", component.start()).await.unwrap_err();
    let ComponentError::Fatal(AttemptError::Refused(reason)) = &error else { panic!("{error:?}") };
    assert_eq!(reason.reason, "wamp.error.not_authorized");
    assert_eq!(failures.load(Ordering::Relaxed), 1);
    assert!(!format!("{error} {error:?}").contains(&wrong), "{error:?}");
}

/// As after a password was changed: the next attempt asks for it again.
async fn credentials_are_asked_for_at_each_attempt() {
    let rig = Rig::find();
    let (authid, secret) = rig.user("ticket");
    let (authid, secret) = (authid.to_owned(), secret.to_owned());
    let attempts = AtomicU32::new(0);
    let credentials = move || {
        let right = attempts.fetch_add(1, Ordering::Relaxed) > 0;
        let ticket = if right { &*secret } else { "the old one" };
        let ticket = Ticket::new(&*authid, ticket);
        async move { Ok::<_, wampwerk::Error>(ticket) }
    };
    let builder = builder(&rig).transports(rig.get("ws_auth")).credentials(credentials);
    let component = builder.is_fatal(|_| false).build().unwrap();
    let running = component.start();
    joined(&component, 0).await;
    within("the end", component.stop()).await;
    within("the end", running).await.unwrap();
}

async fn a_restarted_crossbar_is_found_again() {
    // One of the test's own, with other ports after each start.
    let own = OwnCrossbar::new();
    let rig = own.start().await;
    let prefix = "com.example.component.restarted";
    let home = own.home.clone();
    let url = move || {
        let rig = Rig::at(&home.join("rig.json"));
        async move { Ok::<_, wampwerk::Error>(rig.get("ws_auth").to_owned()) }
    };
    let (component, mut events) = component(&rig, builder(&rig).url(url), prefix);
    let running = component.start();
    let session = joined(&component, 0).await;
    assert_there(&caller(&rig).await, prefix, &mut events).await;

    own.stop().await;
    let mut states = component.states();
    within("the loss", states.wait_for(|state| !state.is_joined())).await.unwrap();
    let rig = own.start().await;
    joined(&component, session).await;
    assert_there(&caller(&rig).await, prefix, &mut events).await;

    within("the end", component.stop()).await;
    within("the end", running).await.unwrap();
}

/// A Crossbar that is started and stopped here.
struct OwnCrossbar {
    home: PathBuf,
}

impl OwnCrossbar {
    fn new() -> Self {
        let home =
            std::env::temp_dir().join(format!("wampwerk-own-crossbar.{}", std::process::id()));
        OwnCrossbar { home }
    }

    async fn start(&self) -> Rig {
        self.run(|command| command.env("CROSSBAR_HOME", &self.home), "start").await;
        Rig::at(&self.home.join("rig.json"))
    }

    async fn stop(&self) {
        self.run(|command| command.arg(&self.home), "stop").await;
    }

    async fn run(&self, with: impl FnOnce(&mut Command) -> &mut Command, what: &str) {
        let mut command = OwnCrossbar::command(what);
        with(&mut command);
        let output = tokio::task::spawn_blocking(move || command.output());
        let output = within(what, output).await.unwrap().unwrap();
        assert!(output.status.success(), "{what}: {output:?}");
    }

    fn command(what: &str) -> Command {
        Command::new(format!("{}/tests/crossbar/{what}", env!("CARGO_MANIFEST_DIR")))
    }
}

impl Drop for OwnCrossbar {
    fn drop(&mut self) {
        let _ = OwnCrossbar::command("stop").arg(&self.home).output();
        let _ = std::fs::remove_dir_all(&self.home);
    }
}
