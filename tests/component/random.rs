//! A component under random starts, stops, losses and deaths of its router, against a model of what
//! has to hold at any time.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use wampwerk::component::{
    AttemptError, Component, ComponentError, ComponentState, RetryPolicy, Running,
};

use crate::common::notes::Notes;
use crate::common::site;
use crate::common::site::{Mode, Site, settled};

#[derive(Clone, Copy, Debug)]
enum Step {
    Start,
    Stop,
    StopAndWait,
    Cut,
    Kill,
    ShutDown,
    Restart,
    Leave,
    RetryNow,
    Deaf(bool),
    Behave(u8),
    Pass(u64),
    Turns(u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => Just(Step::Start),
        2 => Just(Step::Stop),
        1 => Just(Step::StopAndWait),
        2 => Just(Step::Cut),
        1 => Just(Step::Kill),
        1 => Just(Step::ShutDown),
        3 => Just(Step::Restart),
        1 => Just(Step::Leave),
        1 => Just(Step::RetryNow),
        2 => any::<bool>().prop_map(Step::Deaf),
        2 => (0..4_u8).prop_map(Step::Behave),
        4 => (0..6000_u64).prop_map(Step::Pass),
        6 => (0..40_u8).prop_map(Step::Turns),
    ];
    prop::collection::vec(step, 1..60)
}

/// What the stations were, and that they came in an order that can be.
#[derive(Clone, Default)]
struct Stations(Arc<Mutex<Station>>, Arc<AtomicI64>);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Station {
    #[default]
    Apart,
    Connected,
    Joined,
    Ready,
    Left,
}

impl Stations {
    fn go(&self, to: Station, from: &[Station]) {
        let mut at = self.0.lock().unwrap();
        assert!(from.contains(&at), "{to:?} after {:?}", *at);
        *at = to;
    }

    fn listen(&self, component: &Component) {
        macro_rules! station {
            ($($name:ident: $to:ident from $($from:ident),*;)*) => {$(
                let stations = self.clone();
                component.$name(move |_| {
                    stations.go(Station::$to, &[$(Station::$from),*]);
                    async {}
                });
            )*};
        }
        station! {
            on_connect: Connected from Apart;
            on_join: Joined from Connected;
            on_ready: Ready from Joined;
            on_leave: Left from Connected, Joined, Ready;
            on_disconnect: Apart from Connected, Left;
        }
        let running = Arc::clone(&self.1);
        component.on_start(move || {
            running.fetch_add(1, Ordering::Relaxed);
            async {}
        });
    }
}

async fn play(steps: Vec<Step>, strict: bool, with_main: bool) {
    let site = Site::open();
    let before = site::tasks_of(&site).await;
    let errors = Notes::new();
    let told = errors.clone();
    let mut builder = Component::builder()
        .transports(vec![site.entry(), Site::empty().entry()])
        .retry(RetryPolicy::default().initial_delay(Duration::from_millis(700)))
        .on_user_error(move |error| told.note(error.to_string()))
        .strict(strict)
        .seed(7);
    if with_main {
        builder = builder
            .main(|session| async move { session.call("com.example.nobody").value::<()>().await });
    }
    let component = builder.build().unwrap();
    component.register("com.example.add", |a: i64, b: i64| async move { a + b });
    component.subscribe("com.example.news", || async {});
    let stations = Stations::default();
    stations.listen(&component);
    let mut runs: Vec<Running> = Vec::new();
    let mut up = true;
    for step in steps {
        match step {
            Step::Start => runs.push(component.start()),
            Step::Stop => drop(component.stop()),
            Step::StopAndWait => {
                component.stop().await;
                assert!(component.session().is_none());
                assert_eq!(site.open_transports(), 0);
                let attempts = site.attempts().len();
                tokio::time::sleep(Duration::from_secs(600)).await;
                assert_eq!(site.attempts().len(), attempts);
            }
            Step::Cut => site.cut(),
            Step::Kill => {
                site.kill();
                up = false;
            }
            Step::ShutDown if up => {
                site.shut_down().await;
                up = false;
            }
            Step::Restart if !up => {
                site.start();
                up = true;
            }
            Step::ShutDown | Step::Restart => {}
            Step::Leave => {
                if let Some(session) = component.session() {
                    session.leave().await;
                }
            }
            Step::RetryNow => component.retry_now(),
            Step::Deaf(deaf) => site.go_deaf(deaf),
            Step::Behave(mode) => site.behave(match mode {
                0 => Mode::Silent,
                1 => Mode::Aborts("com.example.busy"),
                _ => Mode::Router,
            }),
            Step::Pass(millis) => tokio::time::sleep(Duration::from_millis(millis)).await,
            Step::Turns(turns) => {
                for _ in 0..turns {
                    tokio::task::yield_now().await;
                }
            }
        }
        if up {
            let statistics = site.router().statistics();
            assert!(statistics.registrations <= 1 && statistics.subscriptions <= 1);
        }
    }
    // However it went: with a router that works, a start leads to a session.
    site.behave(Mode::Router);
    site.go_deaf(false);
    if !up {
        site.start();
    }
    if !with_main {
        runs.push(component.start());
        // Nothing that is left of the link that was half open.
        site.cut();
        let mut states = component.states();
        let joined = states.wait_for(ComponentState::is_joined);
        tokio::time::timeout(Duration::from_secs(600), joined).await.unwrap().unwrap();
        assert_eq!(component.state().is_joined(), component.session().is_some());
    }
    component.stop().await;
    for run in runs {
        match run.await {
            // Left while `main` was at work, which fails.
            Err(ComponentError::Fatal(AttemptError::Main(_))) if with_main => {}
            end => end.unwrap(),
        }
    }
    assert_eq!(*stations.0.lock().unwrap(), Station::Apart);
    assert_eq!(site.open_transports(), 0);
    let never = component.state() == ComponentState::Idle;
    assert!(never || component.state() == ComponentState::Done);
    drop(component);
    assert_eq!(errors.all(), [""; 0]);
    // One more for each router that went: its own task may wait for its last timer.
    tokio::time::sleep(Duration::from_secs(100)).await;
    settled(before + 1).await;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn whatever_happens(steps in steps(), strict: bool, with_main: bool) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(play(steps, strict, with_main));
    }
}
