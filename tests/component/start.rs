//! Starting a component: once, twice, again, and while it is stopping; and how it ends well.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use wampwerk::Session;
use wampwerk::component::{
    AttemptError, BoxError, Component, ComponentBuilder, ComponentError, ComponentState,
    RetryPolicy,
};
use wampwerk::transport::BoxFuture;

use crate::common::site::{Site, millis};

fn at(site: &Arc<Site>) -> ComponentBuilder {
    Component::builder().transports(site.entry()).retry(RetryPolicy::default().jitter(0.0))
}

fn counting(component: &Component) -> Arc<AtomicU32> {
    let count = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&count);
    component.on_start(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        async {}
    });
    count
}

#[tokio::test(start_paused = true)]
async fn a_second_start_joins_the_first() {
    let site = Site::empty();
    let component = at(&site).retry(RetryPolicy::default().max_retries(1)).build().unwrap();
    let starts = counting(&component);
    let (one, other) = (component.start(), component.clone().start());
    let third = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        component.start().await
    };
    let (one, other, third) = tokio::join!(one, other, third);
    for end in [one, other, third] {
        assert!(matches!(end, Err(ComponentError::Exhausted { attempts: 2, .. })), "{end:?}");
    }
    assert_eq!((site.attempts().len(), starts.load(Ordering::Relaxed)), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn it_starts_again_with_fresh_counters() {
    let site = Site::empty();
    let retry = RetryPolicy::default().jitter(0.0).max_retries(2);
    let component = at(&site).retry(retry).build().unwrap();
    let starts = counting(&component);
    for _ in 0..3 {
        let error = component.start().await.unwrap_err();
        assert!(matches!(error, ComponentError::Exhausted { attempts: 3, .. }), "{error}");
    }
    let expected = [0, 1500, 3750, 3750, 5250, 7500, 7500, 9000, 11_250];
    assert_eq!(millis(&site.attempts()), expected);
    site.start();
    let running = component.start();
    component.states().wait_for(ComponentState::is_joined).await.unwrap();
    component.stop().await;
    running.await.unwrap();
    assert_eq!(starts.load(Ordering::Relaxed), 4);
}

#[tokio::test(start_paused = true)]
async fn a_start_while_it_is_stopping_begins_behind_it() {
    let site = Site::open();
    let component = at(&site).build().unwrap();
    let first = component.start();
    let mut states = component.states();
    states.wait_for(ComponentState::is_joined).await.unwrap();
    // The router does not answer GOODBYE.
    site.go_deaf(true);
    let stopping = component.stop();
    let second = component.start();
    let third = component.start();
    stopping.await;
    first.await.unwrap();
    site.go_deaf(false);
    states.wait_for(ComponentState::is_joined).await.unwrap();
    assert_eq!(site.attempts().len(), 2);
    let stopping = component.stop();
    let (second, third, ()) = tokio::join!(second, third, stopping);
    second.unwrap();
    third.unwrap();
    assert_eq!(site.attempts().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn starts_and_stops_in_a_row_leave_the_last_word() {
    let site = Site::open();
    let component = at(&site).build().unwrap();
    let starts = counting(&component);
    let mut runs = Vec::new();
    for _ in 0..100 {
        runs.push(component.start());
        drop(component.stop());
    }
    let last = component.start();
    for run in runs {
        run.await.unwrap();
    }
    component.states().wait_for(ComponentState::is_joined).await.unwrap();
    assert_eq!((site.attempts().len(), starts.load(Ordering::Relaxed)), (1, 1));
    component.stop().await;
    last.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn it_may_be_started_again_from_its_own_listeners() {
    let site = Site::open();
    let component = at(&site).main(|_| async {}).build().unwrap();
    let (starts, handle) = (counting(&component), component.clone());
    component.on_disconnect(move |_| {
        // It joins the run that is about to end.
        drop(handle.start());
        async {}
    });
    component.start().await.unwrap();
    assert_eq!(starts.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn leaving_is_success() {
    for how in ["leave", "leave_with", "detach", "unanswered", "lost"] {
        let site = Site::open();
        let component = at(&site).build().unwrap();
        let running = component.start();
        component.states().wait_for(ComponentState::is_joined).await.unwrap();
        let session = component.session().unwrap();
        match how {
            "leave" => drop(session.leave().await),
            "leave_with" => {
                session.leave_with("wamp.close.logout", Some("bye".to_owned())).await;
            }
            "detach" => drop(session.detach().await.unwrap()),
            "unanswered" => {
                site.go_deaf(true);
                session.leave().await;
            }
            _ => {
                site.go_deaf(true);
                let leaving = tokio::spawn(async move { session.leave().await });
                tokio::time::sleep(Duration::from_secs(1)).await;
                site.cut();
                leaving.await.unwrap();
            }
        }
        running.await.unwrap();
        assert_eq!((site.attempts().len(), component.state()), (1, ComponentState::Done), "{how}");
    }
}

#[tokio::test(start_paused = true)]
async fn main_that_returns_is_success() {
    let site = Site::open();
    let component = at(&site)
        .main(|session| async move {
            session.publish("com.example.topic").acknowledge().await?;
            Ok::<_, wampwerk::Error>(())
        })
        .build()
        .unwrap();
    component.start().await.unwrap();
    assert_eq!(site.router().statistics().connections, 0);
}

/// What main may do when it has left, and how that ends.
#[tokio::test(start_paused = true)]
async fn leaving_does_not_hide_that_main_failed() {
    type Work = fn(Session) -> BoxFuture<'static, Result<(), BoxError>>;
    let works: [(Work, bool); 4] = [
        (|_| Box::pin(async { Err("not done".into()) }), false),
        (
            // Left elsewhere, while main is at work.
            |session| {
                Box::pin(async move {
                    let other = session.clone();
                    tokio::spawn(async move { other.leave().await });
                    Ok(session.call("com.example.nobody").value::<()>().await?)
                })
            },
            true,
        ),
        (
            |session| {
                Box::pin(async move {
                    session.leave().await;
                    Err("not done".into())
                })
            },
            true,
        ),
        (
            // Left by main, and then it panics.
            |session| {
                Box::pin(async move {
                    session.leave().await;
                    panic!("not done")
                })
            },
            true,
        ),
    ];
    for (place, (work, leaves)) in works.into_iter().enumerate() {
        let site = Site::open();
        let retry = RetryPolicy::default().max_retries(2);
        let component = at(&site).retry(retry).main(work).build().unwrap();
        let error = component.start().await.unwrap_err();
        let failed = matches!(error.attempt(), Some(AttemptError::Main(_)));
        assert!(failed, "{place}: {error}");
        assert_eq!(matches!(error, ComponentError::Fatal(_)), leaves, "{place}: {error}");
        assert_eq!(site.attempts().len(), if leaves { 1 } else { 3 }, "{place}");
        assert_eq!(site.open_transports(), 0);
    }
}

/// On a thread of its own, so that the end of the run is seen between its steps.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_behind_the_state_done_begins_a_run() {
    for round in 0..3000 {
        let site = Site::empty();
        let component = at(&site).retry(RetryPolicy::default().max_retries(0)).build().unwrap();
        let first = component.start();
        while component.state() != ComponentState::Done {
            std::hint::spin_loop();
        }
        let second = component.start();
        first.await.unwrap_err();
        second.await.unwrap_err();
        assert_eq!(site.attempts().len(), 2, "round {round}");
    }
}

#[test]
fn the_end_of_the_runtime_is_an_end() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (first, second) = (runtime(), runtime());
    let (component, running) = first.block_on(async {
        let component = at(&Site::open()).build().unwrap();
        let running = component.start();
        component.states().wait_for(ComponentState::is_joined).await.unwrap();
        (component, running)
    });
    drop(first);
    assert_eq!(component.state(), ComponentState::Done);
    assert!(component.session().is_none());
    second.block_on(async {
        let error = running.await.unwrap_err();
        assert!(matches!(error, ComponentError::RuntimeEnded), "{error}");
        component.stop().await;
        let running = component.start();
        component.states().wait_for(ComponentState::is_joined).await.unwrap();
        component.stop().await;
        running.await.unwrap();
    });
}
