//! A thousand sessions of one component over real sockets, each ended in another way: afterwards
//! there are as many sockets, tasks and sessions as before, and no more memory is taken.
//!
//! Open files are counted for the whole process, so it is one of its own.

use std::time::Duration;

use tokio::sync::mpsc::unbounded_channel;
use tokio::time::Instant;
use wampwerk::component::{Component, ComponentState, States};
use wampwerk::router::{MetaApi, Statistics};
use wampwerk::{Router, Session};

use crate::common::alone::alone;
use crate::common::relay::Relay;
use crate::common::router_with;
use crate::common::soon;

/// Before the first count, so that what is made once is there.
const FIRST: usize = 200;

const CYCLES: usize = 1000;

/// What the allocator may take for itself while nothing is lost: far less than a session needs,
/// per session.
const SLACK: usize = 1 << 18;

/// What a process holds.
#[derive(Clone, Debug, PartialEq)]
struct Held {
    files: usize,
    tasks: usize,
    router: Statistics,
}

fn held(router: &Router) -> Held {
    Held {
        files: std::fs::read_dir("/proc/self/fd").unwrap().count(),
        tasks: tokio::runtime::Handle::current().metrics().num_alive_tasks(),
        router: router.statistics(),
    }
}

/// The memory of this process, in bytes.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<usize>().unwrap() * 1024
}

/// As soon as it holds what it did, or the test fails.
async fn settle(router: &Router, wanted: &Held) {
    let begin = Instant::now();
    while held(router) != *wanted {
        assert!(begin.elapsed() < Duration::from_secs(20), "{:?}, not {wanted:?}", held(router));
        tokio::task::yield_now().await;
    }
}

/// The session after this one.
async fn next(component: &Component, states: &mut States, last: u64) -> Session {
    let fits = |state: &ComponentState| match state {
        ComponentState::Joined { session, .. } => *session != last,
        _ => false,
    };
    soon(states.wait_for(fits)).await.unwrap();
    component.session().unwrap()
}

#[tokio::test]
async fn nothing_is_left_of_a_thousand_sessions() {
    if !alone(module_path!(), "nothing_is_left_of_a_thousand_sessions") {
        return;
    }
    let router = router_with(|it| it.meta_api(MetaApi::Full));
    let listener = router.listen("ws://127.0.0.1:0/ws").await.unwrap();
    let relay = Relay::to(listener.local_addr().unwrap()).await;
    let admin = router.connect("realm1").await.unwrap();
    let nothing = {
        // The first connection starts a task of the router's for good.
        admin.meta().session_count(None).await.unwrap();
        held(&router)
    };

    let transport =
        format!(r#"{{"url": "ws://127.0.0.1:{}/ws", "initial_retry_delay": 0}}"#, relay.port);
    let component = Component::builder().transports(transport.as_str()).build().unwrap();
    component.register("com.example.add", |a: i64, b: i64| async move { a + b });
    let (sender, mut events) = unbounded_channel::<usize>();
    component.subscribe("com.example.news", move |cycle: usize| {
        let _ = sender.send(cycle);
        async {}
    });
    let mut states = component.states();
    let running = component.start();
    let mut session = next(&component, &mut states, 0).await;
    let mut wanted = None;
    for cycle in 0..FIRST + CYCLES {
        if cycle == FIRST {
            // The router may still hold what was cut.
            let alone = async {
                while router.statistics().connections > 2 {
                    tokio::task::yield_now().await;
                }
            };
            soon(alone).await;
            wanted = Some((held(&router), resident()));
        }
        let sum: i64 = admin.call("com.example.add").args((cycle, 1)).value().await.unwrap();
        assert_eq!(usize::try_from(sum).unwrap(), cycle + 1);
        admin.publish("com.example.news").args((cycle,)).acknowledge().await.unwrap();
        assert_eq!(events.recv().await, Some(cycle));
        let last = session.id();
        let pending = tokio::spawn(session.call("wamp.session.list").value::<Vec<u64>>());
        drop(session);
        if cycle % 2 == 0 {
            // The network breaks.
            relay.cut();
        } else {
            // The router says GOODBYE.
            admin.meta().kill(last).await.unwrap();
        }
        // It has an answer or an error, and no other end.
        drop(soon(pending).await.unwrap());
        session = next(&component, &mut states, last).await;
    }
    assert_eq!(relay.accepted(), u64::try_from(FIRST + CYCLES + 1).unwrap());
    let (wanted, memory) = wanted.unwrap();
    settle(&router, &wanted).await;
    let grown = resident().saturating_sub(memory);
    assert!(grown < SLACK, "{grown} bytes more after {CYCLES} sessions");
    assert!(events.try_recv().is_err());

    drop(session);
    component.stop().await;
    running.await.unwrap();
    settle(&router, &nothing).await;
}
