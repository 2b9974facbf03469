//! A router that goes and comes back under a component with calls and subscriptions.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;
use wampwerk::Session;
use wampwerk::component::{Component, ComponentBuilder, ComponentState, RetryPolicy, States};
use wampwerk::error::{CallError, CloseKind};
use wampwerk::session::RegisterRequest;
use wampwerk::uri::Pattern;

use crate::common::site;
use crate::common::site::{Site, settled, tasks_of};

fn at(site: &Arc<Site>) -> ComponentBuilder {
    Component::builder().transports(site.entry()).retry(RetryPolicy::default().jitter(0.0))
}

async fn joined(states: &mut States) {
    states.wait_for(ComponentState::is_joined).await.unwrap();
}

async fn lost(states: &mut States) {
    states.wait_for(|state| !state.is_joined()).await.unwrap();
}

/// All registrations at the router: how many exact, prefix and wildcard.
async fn registrations(session: &Session) -> [usize; 3] {
    let all = session.meta().registration_list().await.unwrap();
    [all.exact.len(), all.prefix.len(), all.wildcard.len()]
}

#[tokio::test(start_paused = true)]
async fn everything_is_there_again_once_and_pending_calls_fail() {
    let site = Site::open();
    let component = at(&site).build().unwrap();
    component.register("com.example.add", |a: i64, b: i64| async move { a + b });
    component.register(Pattern::prefix("com.example.echo."), |text: String| async move { text });
    component.register("com.example.stuck", std::future::pending::<()>);
    let (sender, mut events) = mpsc::unbounded_channel::<(String, i64)>();
    for topic in ["com.example.news", "com.example.weather"] {
        let sender = sender.clone();
        component.subscribe(topic, move |number: i64| {
            drop(sender.send((topic.to_owned(), number)));
            async {}
        });
    }
    let mut states = component.states();
    let running = component.start();
    for round in 0..5 {
        joined(&mut states).await;
        let session = component.session().unwrap();
        let other = site.session().await;
        assert_eq!(registrations(&other).await, [2, 1, 0]);
        let statistics = site.router().statistics();
        assert_eq!((statistics.sessions, statistics.registrations), (2, 3));
        assert_eq!(statistics.subscriptions, 2);
        let sum: i64 = other.call("com.example.add").args((round, 2)).value().await.unwrap();
        assert_eq!(sum, round + 2);
        let echo: String = other.call("com.example.echo.a").args(("hello",)).value().await.unwrap();
        assert_eq!(echo, "hello");
        for topic in ["com.example.news", "com.example.weather"] {
            other.publish(topic).args((round,)).await.unwrap();
            assert_eq!(events.recv().await.unwrap(), (topic.to_owned(), round));
        }
        assert!(events.try_recv().is_err());
        let pending: Vec<_> = (0..10)
            .map(|_| {
                let call = session.call("com.example.stuck").value::<()>();
                tokio::spawn(call)
            })
            .collect();
        while site.router().statistics().calls < 10 {
            tokio::task::yield_now().await;
        }
        drop(other);
        if round % 2 == 0 {
            site.kill();
        } else {
            site.shut_down().await;
        }
        for call in pending {
            let error = call.await.unwrap().unwrap_err();
            let CallError::Closed { reason, .. } = error else { panic!("{error}") };
            let kind = if round % 2 == 0 { CloseKind::TransportLost } else { CloseKind::Goodbye };
            assert_eq!(reason.kind, kind);
        }
        lost(&mut states).await;
        assert!(session.is_closed());
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert!(component.session().is_none());
        site.start();
    }
    joined(&mut states).await;
    component.stop().await;
    running.await.unwrap();
    assert_eq!(site.router().statistics().registrations, 0);
}

#[cfg(feature = "json")]
#[tokio::test(start_paused = true)]
async fn they_stand_before_ready_and_in_order() {
    use std::future::poll_fn;
    use wampwerk::transport::Transport;

    let site = Site::empty();
    site.behave(site::Mode::Silent);
    let component = at(&site).build().unwrap();
    // More than a session queues.
    for number in 0..300_u32 {
        let uri = format!("com.example.n{number}");
        match number % 3 {
            0 => component.subscribe(uri, || async {}),
            _ => component.register(uri, || async {}),
        };
    }
    let (sender, mut ready) = mpsc::unbounded_channel();
    component.on_ready(move |_| {
        sender.send(()).unwrap();
        async {}
    });
    let mut states = component.states();
    let running = component.start();
    for _ in 0..2 {
        let joining = |state: &ComponentState| matches!(state, ComponentState::Joining { .. });
        states.wait_for(joining).await.unwrap();
        let mut router = site.far_end();
        let welcome = r#"[2, 7, {"roles": {"broker": {}, "dealer": {}}}]"#;
        router.start_send(welcome.into()).unwrap();
        let mut read = async |_: &str| {
            let frame = poll_fn(|cx| router.poll_recv(cx)).await.unwrap().unwrap();
            serde_json::from_slice::<serde_json::Value>(&frame).unwrap()
        };
        assert_eq!(read("HELLO").await[0], 1);
        let mut ids = Vec::new();
        for number in 0..300 {
            let request = read("REGISTER or SUBSCRIBE").await;
            assert_eq!(request[3], format!("com.example.n{number}"));
            ids.push((request[0].as_u64().unwrap() + 1, request[1].clone()));
        }
        assert!(ready.try_recv().is_err());
        for (number, (answer, id)) in ids.into_iter().enumerate() {
            poll_fn(|cx| router.poll_ready(cx)).await.unwrap();
            assert!(ready.try_recv().is_err());
            router.start_send(format!("[{answer}, {id}, {}]", number + 1).into()).unwrap();
        }
        ready.recv().await.unwrap();
        drop(router);
        states.wait_for(|state| !state.is_joined()).await.unwrap();
    }
    drop(component.stop());
    running.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_old_session_at_the_router_is_only_pushed_aside_if_asked() {
    let site = Site::open();
    for force in [false, true] {
        let old = site.session().await;
        let request = old.register("com.example.mine", || async { "old" });
        let request = if force { request.force_reregister() } else { request };
        let registration = request.await.unwrap();
        let component = at(&site).build().unwrap();
        let set = move |request: RegisterRequest| {
            if force { request.force_reregister() } else { request }
        };
        component.register_with_options("com.example.mine", set, || async { "new" });
        let mut states = component.states();
        let running = component.start();
        joined(&mut states).await;
        let session = site.session().await;
        let mine: String = session.call("com.example.mine").value().await.unwrap();
        assert_eq!(mine, if force { "new" } else { "old" });
        assert_eq!(registration.is_active(), !force);
        component.stop().await;
        running.await.unwrap();
        old.leave().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_taken_off_is_not_there_again() {
    let site = Site::open();
    let component = at(&site).build().unwrap();
    let add = component.register("com.example.add", |a: i64, b: i64| async move { a + b });
    let news = component.subscribe("com.example.news", || async {});
    component.register("com.example.stays", || async {});
    let mut states = component.states();
    let running = component.start();
    joined(&mut states).await;
    assert!(component.off(add) && component.off(news) && !component.off(add));
    // What stands in the session of the moment stays.
    assert_eq!(site.router().statistics().registrations, 2);
    site.cut();
    lost(&mut states).await;
    joined(&mut states).await;
    let statistics = site.router().statistics();
    assert_eq!((statistics.registrations, statistics.subscriptions), (1, 0));
    component.stop().await;
    running.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn main_runs_in_each_session() {
    let site = Site::open();
    let runs = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&runs);
    let component = at(&site)
        .main(move |session| {
            let run = counted.fetch_add(1, Ordering::Relaxed);
            async move {
                if run == 4 {
                    return Ok(());
                }
                // It sees the end of its session, and says so; it is no failure of its own.
                session.call("com.example.stuck").value::<()>().await
            }
        })
        .retry(RetryPolicy::default().jitter(0.0).max_retries(1))
        .build()
        .unwrap();
    component.register("com.example.stuck", std::future::pending::<()>);
    let mut states = component.states();
    let running = component.start();
    for _ in 0..4 {
        joined(&mut states).await;
        site.cut();
        lost(&mut states).await;
    }
    running.await.unwrap();
    assert_eq!(runs.load(Ordering::Relaxed), 5);
    assert_eq!(site.attempts().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_times_nothing_is_left() {
    let site = Site::open();
    let before = tasks_of(&site).await;
    let component = at(&site).build().unwrap();
    component.register("com.example.add", |a: i64, b: i64| async move { a + b });
    component.subscribe("com.example.news", || async {});
    let mut states = component.states();
    let running = component.start();
    let mut most = 0;
    for _ in 0..1000 {
        joined(&mut states).await;
        let statistics = site.router().statistics();
        assert_eq!((statistics.connections, statistics.registrations), (1, 1));
        assert_eq!(site.open_transports(), 1);
        most = most.max(tokio::runtime::Handle::current().metrics().num_alive_tasks());
        site.cut();
        lost(&mut states).await;
    }
    // The component, the session's driver, the subscription's handler, the router's end.
    assert!(most <= before + 4, "{most} tasks, {before} before");
    assert_eq!(site.attempts().len(), 1000);
    component.stop().await;
    running.await.unwrap();
    settled(before).await;
    assert_eq!(site.open_transports(), 0);
    assert_eq!(site.router().statistics().connections, 0);
}
