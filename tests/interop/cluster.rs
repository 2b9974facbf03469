//! Two Crossbar nodes linked router to router, with unchanged components at both: what crosses the link, what does not,
//! and a component that goes over to the other node when its own is killed.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use wampwerk::component::{Component, ComponentState, RetryPolicy};
use wampwerk::error::CallError;
use wampwerk::message::InvocationPolicy;
use wampwerk::session::Progress;
use wampwerk::uri::Pattern;
use wampwerk::{ApplicationError, Session, Uri, connect};

use crate::peer::within;

tests! { CrossbarInstalled:
    calls_and_events_cross_the_link,
    what_a_link_does_not_carry,
    a_component_goes_over_to_the_other_node,
}

const REALM: &str = "realm1";

async fn calls_and_events_cross_the_link() {
    let cluster = Cluster::start().await;
    let (a, b) = (cluster.session("a").await, cluster.session("b").await);
    for (here, there, prefix) in [(&a, &b, "com.example.a"), (&b, &a, "com.example.b")] {
        let add = format!("{prefix}.add");
        here.register(&*add, |a: i64, b: i64| async move { a + b }).await.unwrap();
        reaches(there, &add).await;
        assert_eq!(there.call(&*add).args((2, 3)).value::<i64>().await.unwrap(), 5);

        let topic = format!("{prefix}.news");
        let mut events = here.subscribe(&*topic).await.unwrap();
        listens(there, &topic).await;
        there.publish(&*topic).args(("one",)).acknowledge().await.unwrap();
        let event = within("an event", events.next()).await.unwrap().unwrap();
        assert_eq!(event.decode::<String>().unwrap(), "one");
        // Whose event it is stands in `forward_for`: the session of the publisher, then the link.
        assert_eq!(event.details.publisher, Some(there.id()));
        assert!(event.details.extra.get("forward_for").is_some(), "{event:?}");
    }
    // A caller that gives up.
    let (sender, mut stopped) = tokio::sync::mpsc::unbounded_channel::<()>();
    let slow = move || {
        let sender = sender.clone();
        async move {
            let _until_dropped = sender;
            std::future::pending::<()>().await
        }
    };
    let registration = a.register("com.example.a.slow", slow).await.unwrap();
    reaches(&b, "com.example.a.slow").await;
    let call = b.call("com.example.a.slow").timeout(Duration::from_millis(100));
    assert!(matches!(call.await, Err(CallError::Timeout { .. })));
    registration.unregister().await.unwrap();
    // Both the endpoint and the interrupted invocation have dropped theirs.
    assert_eq!(within("the end of the invocation", stopped.recv()).await, None);
    // What leaves one node leaves the other.
    a.leave().await;
    let lost = async {
        while b.call("com.example.a.add").args((2, 3)).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    within("the end of the registration", lost).await;
}

/// The statements of `docs/cluster.md`. A Crossbar that carries more makes this test fail: the page then changes.
async fn what_a_link_does_not_carry() {
    let cluster = Cluster::start().await;
    let (a, b) = (cluster.session("a").await, cluster.session("b").await);

    // Errors: the caller at the other node gets a result, which is null.
    let fails = || async { Err::<(), _>(ApplicationError::new("com.example.error")) };
    a.register("com.example.fails", fails).await.unwrap();
    reaches(&b, "com.example.fails").await;
    assert_eq!(b.call("com.example.fails").value::<Option<i64>>().await.unwrap(), None);
    let error = a.call("com.example.fails").await.unwrap_err();
    assert!(error.to_string().starts_with("com.example.error"), "{error}");

    // Progressive results: only the final one arrives.
    let count = |n: u8, progress: Progress| async move {
        for part in 1..n {
            progress.send((part,)).await?;
        }
        Ok::<_, ApplicationError>(n)
    };
    a.register("com.example.count", count).await.unwrap();
    reaches(&b, "com.example.count").await;
    let progressed = Arc::new(AtomicBool::new(false));
    let hears = progressed.clone();
    let call = b.call("com.example.count").args((3,));
    let call = call.on_progress(move |_| hears.store(true, Ordering::Relaxed));
    assert_eq!(call.value::<u8>().await.unwrap(), 3);
    assert!(!progressed.load(Ordering::Relaxed));

    // Shared registrations: a node whose callee came first uses the other node's callees, too, never the reverse.
    let shared = "com.example.shared";
    for (session, name) in [(&a, "a"), (&b, "b")] {
        let who = move || async move { name };
        session.register(shared, who).invoke(InvocationPolicy::RoundRobin).await.unwrap();
        reaches(&b, shared).await;
    }
    let mut answers = Vec::new();
    for session in [&a, &b] {
        for _ in 0..4 {
            answers.push(session.call(shared).value::<String>().await.unwrap());
        }
    }
    assert_eq!(answers[..4], ["a"; 4]);
    let from_b = &answers[4..];
    assert!(from_b.contains(&"a".into()) && from_b.contains(&"b".into()), "{answers:?}");

    // Patterns, of topics and of procedures.
    a.register(Pattern::prefix("com.example.any"), || async { 1 }).await.unwrap();
    let mut prefix = a.subscribe(Pattern::prefix("com.example.all")).await.unwrap();
    // The link does things in their order: when this one is there, the others would be.
    a.register("com.example.last", || async {}).await.unwrap();
    reaches(&b, "com.example.last").await;
    let error = b.call("com.example.any.thing").await.unwrap_err();
    assert!(error.to_string().contains(Uri::NO_SUCH_PROCEDURE), "{error}");
    let mut exact = a.subscribe("com.example.all.news").await.unwrap();
    listens(&b, "com.example.all.news").await;
    b.publish("com.example.all.news").args(("one",)).acknowledge().await.unwrap();
    within("the event", exact.next()).await.unwrap().unwrap();
    // It came by the exact subscription's link, and is an event of node a from then on.
    let event = within("the event", prefix.next()).await.unwrap().unwrap();
    assert_eq!(event.topic.as_str(), "com.example.all.news");

    // Another callee of a procedure that is not shared.
    let error = b.register("com.example.count", || async { 1 }).await.unwrap_err();
    assert!(error.to_string().contains("wamp.error.procedure_already_exists"), "{error}");

    // Retained events: an event that came by a link is not kept for later subscribers.
    let mut at_once = b.subscribe("com.example.kept").await.unwrap();
    listens(&a, "com.example.kept").await;
    a.publish("com.example.kept").args((1,)).retain().acknowledge().await.unwrap();
    within("an event", at_once.next()).await.unwrap().unwrap();
    let later = cluster.session("b").await;
    let mut kept = later.subscribe("com.example.kept").get_retained().await.unwrap();
    a.publish("com.example.kept").args((2,)).acknowledge().await.unwrap();
    let event = within("an event", kept.next()).await.unwrap().unwrap();
    assert_eq!(event.decode::<u8>().unwrap(), 2, "the retained event did not cross");

    // The meta API: each node knows its own sessions.
    let sessions = b.meta().session_list(None).await.unwrap();
    assert!(!sessions.contains(&a.id()), "{sessions:?}");
}

async fn a_component_goes_over_to_the_other_node() {
    let cluster = Cluster::start().await;
    let longest = Duration::from_secs(1);
    let retry = RetryPolicy::default().initial_delay(Duration::from_millis(50)).max_delay(longest);
    let urls = [cluster.url("a"), cluster.url("b")];
    let component =
        Component::builder().transports(urls).realm(REALM).retry(retry).build().unwrap();
    component.register("com.example.add", |a: i64, b: i64| async move { a + b });
    let (sender, mut events) = tokio::sync::mpsc::unbounded_channel();
    component.subscribe("com.example.news", move |text: String| {
        let _ = sender.send(text);
        async {}
    });
    let mut states = component.states();
    let running = component.start();
    let at = |url: String| move |state: &ComponentState| matches!(state, ComponentState::Joined { transport, .. } if transport.contains(&url));
    let joined = states.wait_for(at(cluster.url("a")));
    within("a session at node a", joined).await.unwrap();

    let caller = cluster.session("b").await;
    reaches(&caller, "com.example.add").await;
    assert_eq!(caller.call("com.example.add").args((2, 3)).value::<i64>().await.unwrap(), 5);

    cluster.kill("a").await;
    let joined = states.wait_for(at(cluster.url("b")));
    within("a session at node b", joined).await.unwrap();
    // All that was declared stands again, at the node where the caller is.
    assert_eq!(caller.call("com.example.add").args((2, 3)).value::<i64>().await.unwrap(), 5);
    caller.publish("com.example.news").args(("here",)).acknowledge().await.unwrap();
    assert_eq!(within("the event", events.recv()).await.unwrap(), "here");

    // The killed node comes back, links again, and its sessions reach the component over the link.
    cluster.launch("a").await;
    let other = cluster.session("a").await;
    reaches(&other, "com.example.add").await;
    assert_eq!(other.call("com.example.add").args((3, 4)).value::<i64>().await.unwrap(), 7);

    within("the end", component.stop()).await;
    within("the end", running).await.unwrap();
}

/// Waits until the node of this session knows the procedure.
async fn reaches(session: &Session, procedure: &str) {
    let known = async {
        while session.meta().registration_lookup(procedure).await.unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    within(procedure, known).await;
}

/// Waits until the node of this session has a subscriber of the topic.
async fn listens(session: &Session, topic: &str) {
    let known = async {
        while session.meta().subscription_lookup(topic).await.unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    within(topic, known).await;
}

/// Two linked nodes of this test's own, `a` and `b`.
struct Cluster {
    home: PathBuf,
    nodes: serde_json::Value,
}

impl Cluster {
    async fn start() -> Self {
        let said = Cluster::run("cluster/start", &[]).await;
        let path = Path::new(said.trim());
        let nodes = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        Cluster { home: path.parent().unwrap().to_owned(), nodes }
    }

    fn url(&self, node: &str) -> String {
        self.nodes[node].as_str().unwrap().to_owned()
    }

    async fn session(&self, node: &str) -> Session {
        connect(self.url(node), REALM).await.unwrap()
    }

    /// Ends a node as a power cut would.
    async fn kill(&self, node: &str) {
        Cluster::run("cluster/kill", &[&self.home, Path::new(node)]).await;
    }

    /// Starts a killed node again, at its address.
    async fn launch(&self, node: &str) {
        Cluster::run("launch", &[&self.home.join(node)]).await;
    }

    async fn run(script: &str, arguments: &[&Path]) -> String {
        let mut command = Cluster::command(script);
        command.args(arguments);
        let output = tokio::task::spawn_blocking(move || command.output());
        let output = output.await.unwrap().unwrap();
        assert!(output.status.success(), "{script}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn command(script: &str) -> Command {
        Command::new(format!("{}/tests/crossbar/{script}", env!("CARGO_MANIFEST_DIR")))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = Cluster::command("cluster/stop").arg(&self.home).output();
    }
}
