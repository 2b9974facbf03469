//! Two realms do not wait for each other: on two cores they do the work of two.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use wampwerk::{Router, Session};

use crate::crowd::Error;

const REALMS: [&str; 2] = ["realm1", "realm2"];

/// Pairs of a caller and a callee in each realm, and calls of a caller at the same time.
const PAIRS: usize = 8;
const CALLS: usize = 4;

/// Each rate is the best of so many.
const ROUNDS: usize = 5;

/// Measures the calls of one realm and of two in one router. Each realm has a thread, which runs its
/// clients and their connections. With `strict`, two do at least 1.7 times as much.
pub(crate) fn run(time: Duration, strict: bool) {
    let mut router = Router::builder();
    for realm in REALMS {
        router = router.realm(realm);
    }
    let router = router.build().unwrap();
    let time = time / (2 * ROUNDS as u32);
    let (mut alone, mut both): (f64, f64) = (0.0, 0.0);
    for _ in 0..ROUNDS {
        alone = alone.max(rate(&router, &REALMS[..1], time));
        both = both.max(rate(&router, &REALMS, time));
    }
    let ratio = both / alone;
    println!("one realm: {alone:.0} calls/s; two realms: {both:.0} calls/s, {ratio:.2} times");
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    assert!(!strict || cores < 2 || ratio >= 1.7, "two realms on {cores} cores: {ratio:.2} times");
}

/// Calls per second of these realms together.
fn rate(router: &Router, realms: &[&'static str], time: Duration) -> f64 {
    let begin = Arc::new(Barrier::new(realms.len()));
    let threads: Vec<_> = realms
        .iter()
        .map(|&realm| {
            let (router, begin) = (router.clone(), Arc::clone(&begin));
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                runtime.block_on(calls(&router, realm, &begin, time))
            })
        })
        .collect();
    threads.into_iter().map(|thread| thread.join().unwrap().unwrap()).sum()
}

async fn calls(
    router: &Router,
    realm: &str,
    begin: &Barrier,
    time: Duration,
) -> Result<f64, Error> {
    let mut sessions = Vec::new();
    for pair in 0..PAIRS {
        let callee = router.connect(realm).await?;
        callee
            .register(format!("com.example.add{pair}"), |a: i64, b: i64| async move { a + b })
            .await?;
        sessions.push((callee, router.connect(realm).await?));
    }
    begin.wait();
    let stop = Arc::new(AtomicBool::new(false));
    let began = Instant::now();
    let mut callers = JoinSet::new();
    for (pair, (_, caller)) in sessions.iter().enumerate() {
        for _ in 0..CALLS {
            callers.spawn(call(
                caller.clone(),
                format!("com.example.add{pair}"),
                Arc::clone(&stop),
            ));
        }
    }
    tokio::time::sleep(time).await;
    stop.store(true, Relaxed);
    let mut count = 0;
    while let Some(done) = callers.join_next().await {
        count += done??;
    }
    let rate = count as f64 / began.elapsed().as_secs_f64();
    for (callee, caller) in sessions {
        callee.leave().await;
        caller.leave().await;
    }
    Ok(rate)
}

async fn call(session: Session, procedure: String, stop: Arc<AtomicBool>) -> Result<u64, Error> {
    let mut count = 0;
    while !stop.load(Relaxed) {
        let sum: i64 = session.call(procedure.as_str()).args((count as i64, 1)).value().await?;
        assert_eq!(sum, count as i64 + 1);
        count += 1;
    }
    Ok(count)
}
