//! When a component tries again: exact in virtual time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use wampwerk::component::{
    AttemptError, Component, ComponentBuilder, ComponentError, ComponentState, RetryDecision,
    RetryPolicy, TransportEntry,
};
use wampwerk::error::{CloseKind, ConnectError};
use wampwerk::internals::core::retry::{Next, Rotation};

use crate::common::notes::Notes;
use crate::common::site::{Site, millis};

fn steady() -> RetryPolicy {
    RetryPolicy::default().jitter(0.0)
}

fn at(site: &Arc<Site>) -> ComponentBuilder {
    Component::builder().transports(site.entry()).retry(steady())
}

#[tokio::test(start_paused = true)]
async fn nobody_there_is_tried_again_with_growing_delays_until_none_is_left() {
    let site = Site::empty();
    let component = at(&site).retry(steady().max_retries(4)).build().unwrap();
    let error = component.start().await.unwrap_err();
    assert_eq!(millis(&site.attempts()), [0, 1500, 3750, 7125, 12188]);
    let ComponentError::Exhausted { last, attempts } = &error else { panic!("{error}") };
    assert_eq!(*attempts, 5);
    assert!(matches!(last, AttemptError::Connect(ConnectError::Io { .. })), "{last}");
    assert!(error.to_string().contains("nobody is there"), "{error}");
    assert_eq!(component.state(), ComponentState::Done);
}

#[tokio::test(start_paused = true)]
async fn the_schedule_is_the_rotations() {
    let site = Site::empty();
    let policy = RetryPolicy::default().max_retries(20);
    let component = at(&site).retry(policy.clone()).seed(42).build().unwrap();
    component.start().await.unwrap_err();
    let mut rotation = Rotation::new([policy], 42);
    let mut expected = Vec::new();
    let mut time = Duration::ZERO;
    while let Next::Connect { transport, delay, .. } = rotation.next() {
        time += delay;
        expected.push(time);
        rotation.failed(transport);
    }
    let found = site.attempts();
    assert_eq!(found.len(), 21);
    for (found, expected) in found.iter().zip(expected) {
        // Timers are whole milliseconds, and there are twenty.
        assert!(found.abs_diff(expected) < Duration::from_millis(40), "{found:?} {expected:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn each_loss_waits_the_initial_delay_and_resets_the_counter() {
    let site = Site::open();
    let component = at(&site).retry(steady().max_retries(2)).build().unwrap();
    let mut states = component.states();
    let running = component.start();
    for _ in 0..10 {
        states.wait_for(ComponentState::is_joined).await.unwrap();
        site.cut();
        states.wait_for(|state| !state.is_joined()).await.unwrap();
    }
    states.wait_for(ComponentState::is_joined).await.unwrap();
    let expected: Vec<u128> = (0..=10).map(|round| round * 1500).collect();
    assert_eq!(millis(&site.attempts()), expected);
    site.kill();
    let error = running.await.unwrap_err();
    let ComponentError::Exhausted { last, attempts } = error else { panic!("{error}") };
    assert!(matches!(last, AttemptError::Connect(_)), "{last}");
    assert_eq!(attempts, 3);
    assert_eq!(millis(&site.attempts())[11..], [16_500, 18_750]);
}

#[tokio::test(start_paused = true)]
async fn of_ten_transports_one_works() {
    let dead: Vec<_> = (0..9).map(|_| Site::empty()).collect();
    let alive = Site::open();
    let mut entries: Vec<TransportEntry> = dead.iter().map(Site::entry).collect();
    entries.insert(7, alive.entry());
    let component = Component::builder().transports(entries).retry(steady()).build().unwrap();
    let mut states = component.states();
    let running = component.start();
    states.wait_for(ComponentState::is_joined).await.unwrap();
    assert_eq!(millis(&alive.attempts()), [0]);
    alive.cut();
    states.wait_for(|state| !state.is_joined()).await.unwrap();
    states.wait_for(ComponentState::is_joined).await.unwrap();
    // Two that were never tried, then seven after 1.5 s each, then it.
    assert_eq!(millis(&alive.attempts()), [0, 8 * 1500]);
    assert_eq!(dead.iter().map(|site| site.attempts().len()).sum::<usize>(), 7 + 9);
    component.stop().await;
    running.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_failing_main_is_tried_again_with_growing_delays() {
    let site = Site::open();
    let runs = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&runs);
    let component = at(&site)
        .retry(steady().max_retries(3))
        .main(move |session| {
            let run = counted.fetch_add(1, Ordering::Relaxed);
            async move {
                assert_ne!(run, 2, "the third time it panics");
                session.call("com.example.nobody").value::<()>().await
            }
        })
        .build()
        .unwrap();
    let panicked = Notes::new();
    let errors = panicked.clone();
    component.on_connect_failure(move |error| {
        errors.note(error.to_string());
        async {}
    });
    let error = component.start().await.unwrap_err();
    let ComponentError::Exhausted { last: AttemptError::Main(last), attempts: 4 } = error else {
        panic!("{error}");
    };
    let call = last.downcast_ref::<wampwerk::error::CallError>().unwrap();
    assert_eq!(call.application().unwrap().uri, "wamp.error.no_such_procedure");
    assert_eq!(last.to_application().uri, "wamp.error.no_such_procedure");
    assert_eq!(millis(&site.attempts()), [0, 1500, 3750, 7125]);
    assert_eq!(runs.load(Ordering::Relaxed), 4);
    let errors = panicked.all();
    assert!(errors[2].contains("the third time it panics"), "{errors:?}");
    assert_eq!(site.router().statistics().connections, 0);
}

#[tokio::test(start_paused = true)]
async fn a_main_that_ran_for_ten_seconds_was_good() {
    let site = Site::open();
    let runs = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&runs);
    let component = at(&site)
        .retry(steady().max_retries(1))
        .main(move |_| {
            let run = counted.fetch_add(1, Ordering::Relaxed);
            async move {
                tokio::time::sleep(Duration::from_secs(10)).await;
                if run < 9 { Err("not yet") } else { Ok(()) }
            }
        })
        .build()
        .unwrap();
    component.start().await.unwrap();
    assert_eq!(runs.load(Ordering::Relaxed), 10);
}

#[tokio::test(start_paused = true)]
async fn a_goodbye_of_the_router_is_no_success() {
    let site = Site::open();
    let component = at(&site).build().unwrap();
    let (sender, mut failures) = watch::channel(Vec::new());
    component.on_connect_failure(move |error| {
        sender.send_modify(|all| all.push(error));
        async {}
    });
    let mut states = component.states();
    let running = component.start();
    states.wait_for(ComponentState::is_joined).await.unwrap();
    site.shut_down().await;
    failures.wait_for(|failures| !failures.is_empty()).await.unwrap();
    site.start();
    states.wait_for(ComponentState::is_joined).await.unwrap();
    let first = failures.borrow()[0].clone();
    let AttemptError::Lost(reason) = &first else { panic!("{first}") };
    assert_eq!((reason.kind, &*reason.reason), (CloseKind::Goodbye, "wamp.close.system_shutdown"));
    component.stop().await;
    running.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_retry_can_be_vetoed_and_its_delay_changed() {
    let site = Site::empty();
    let component = at(&site).build().unwrap();
    let notices = Notes::new();
    let seen = notices.clone();
    component.on_retry(move |notice| {
        seen.note((notice.failures, notice.attempt, notice.delay.as_millis()));
        assert!(notice.will_retry && notice.transport == "site");
        match notice.failures {
            2 => RetryDecision::After(Duration::from_secs(7)),
            4 => RetryDecision::Stop,
            _ => RetryDecision::Retry,
        }
    });
    let error = component.start().await.unwrap_err();
    assert!(matches!(error, ComponentError::Vetoed { attempts: 4, .. }), "{error}");
    assert_eq!(error.attempt().unwrap().to_string(), "cannot reach site: nobody is there");
    assert_eq!(millis(&site.attempts()), [0, 1500, 8500, 11_875]);
    let expected = [(1, 2, 1500), (2, 3, 2250), (3, 4, 3375), (4, 5, 5062)];
    assert_eq!(notices.all(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_decision_may_take_its_time() {
    let site = Site::empty();
    let component = at(&site).build().unwrap();
    component.on_retry_async(|notice| async move {
        tokio::time::sleep(Duration::from_secs(10)).await;
        match notice.failures {
            1 => Ok(RetryDecision::Retry),
            2 => Err("cannot decide"),
            _ => Ok(RetryDecision::Stop),
        }
    });
    let error = component.start().await.unwrap_err();
    assert!(matches!(error, ComponentError::Vetoed { attempts: 3, .. }), "{error}");
    assert_eq!(millis(&site.attempts()), [0, 11_500, 23_750]);
    // The callback runs again, and does not delay a stop.
    let mut states = component.states();
    let running = component.start();
    let connecting = |state: &ComponentState| matches!(state, ComponentState::Connecting { .. });
    states.wait_for(connecting).await.unwrap();
    let before = wampwerk::internals::rt::now();
    component.stop().await;
    running.await.unwrap();
    assert_eq!(wampwerk::internals::rt::now(), before);
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_panics_decides_nothing() {
    let site = Site::empty();
    let component =
        at(&site).retry(steady().max_retries(1)).is_fatal(|_| panic!("hook")).build().unwrap();
    component.on_retry(|_| panic!("hook"));
    let error = component.start().await.unwrap_err();
    assert!(matches!(error, ComponentError::Exhausted { attempts: 2, .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_retry_can_be_made_now() {
    let site = Site::empty();
    let component = at(&site).retry(steady().initial_delay(Duration::from_secs(100))).build();
    let component = component.unwrap();
    let mut states = component.states();
    let running = component.start();
    let waiting = |state: &ComponentState| matches!(state, ComponentState::Waiting { .. });
    let state = states.wait_for(waiting).await.unwrap();
    assert_eq!(state, ComponentState::Waiting { delay: Duration::from_secs(100) });
    tokio::time::advance(Duration::from_secs(3)).await;
    site.start();
    component.retry_now();
    states.wait_for(ComponentState::is_joined).await.unwrap();
    assert_eq!(millis(&site.attempts()), [0, 3000]);
    // Without anything to retry, it does nothing.
    component.retry_now();
    component.stop().await;
    running.await.unwrap();
    assert_eq!(site.attempts().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_retry_can_be_made_now_from_the_notice_itself() {
    let site = Site::empty();
    let component = at(&site).build().unwrap();
    let handle = component.clone();
    component.on_retry(move |notice| {
        handle.retry_now();
        if notice.failures < 100 { RetryDecision::Retry } else { RetryDecision::Stop }
    });
    let error = component.start().await.unwrap_err();
    assert!(matches!(error, ComponentError::Vetoed { attempts: 100, .. }), "{error}");
    assert_eq!(*site.attempts().last().unwrap(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn no_delay_at_all_starves_nobody() {
    let site = Site::empty();
    let component = at(&site).retry(steady().initial_delay(Duration::ZERO)).build().unwrap();
    let running = component.start();
    while site.attempts().len() < 100 {
        tokio::task::yield_now().await;
    }
    component.stop().await;
    running.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_main_that_fails_is_no_loss_though_its_goodbye_gets_no_answer() {
    let site = Site::open();
    let place = Arc::clone(&site);
    let component = at(&site)
        .retry(steady().max_retries(3))
        .main(move |_| {
            let place = Arc::clone(&place);
            async move {
                place.go_deaf(true);
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    place.cut();
                    place.go_deaf(false);
                });
                Err::<(), _>("main is broken")
            }
        })
        .build()
        .unwrap();
    let error = component.start().await.unwrap_err();
    let ComponentError::Exhausted { last: AttemptError::Main(last), attempts: 4 } = &error else {
        panic!("{error}");
    };
    assert_eq!(last.to_string(), "main is broken");
    // Each attempt goes on until its link breaks.
    assert_eq!(millis(&site.attempts()), [0, 1600, 3950, 7425]);
}

#[tokio::test(start_paused = true)]
async fn short_delays_do_not_make_a_failing_main_good() {
    let quick = steady().initial_delay(Duration::from_millis(10)).max_retries(3);
    for (policy, runtime) in [
        (quick.clone().max_delay(Duration::ZERO), 0),
        (quick.clone().max_delay(Duration::ZERO), 200),
        (quick.clone().max_delay(Duration::from_millis(100)), 200),
        (quick.max_delay(Duration::from_millis(100)), 9900),
    ] {
        let site = Site::open();
        let component = at(&site)
            .retry(policy)
            .main(move |_| async move {
                tokio::time::sleep(Duration::from_millis(runtime)).await;
                Err::<(), _>("broken")
            })
            .build()
            .unwrap();
        let end = component.start().await;
        assert!(matches!(end, Err(ComponentError::Exhausted { attempts: 4, .. })), "{end:?}");
        assert_eq!(site.attempts().len(), 4);
    }
}

#[tokio::test(start_paused = true)]
async fn slow_last_words_do_not_make_a_failing_main_good() {
    let site = Site::open();
    let component = at(&site)
        .retry(steady().max_retries(2))
        .main(|_| async {
            tokio::time::sleep(Duration::from_secs(9)).await;
            Err::<(), _>("broken")
        })
        .build()
        .unwrap();
    component.on_leave(|_| tokio::time::sleep(Duration::from_secs(2)));
    let end = component.start().await;
    assert!(matches!(end, Err(ComponentError::Exhausted { attempts: 3, .. })), "{end:?}");
}
