//! The run: joining, working, the flood, leaving. What is asked for is asserted, what was measured
//! is printed.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use wampwerk::Session;
use wampwerk::session::Subscription;

use crate::board::{Board, Rates};
use crate::child::{Look, RouterProcess, raise_open_files};
use crate::crowd::{self, Error, Tasks};
use crate::idle::{self, look_when_idle, tell_memory};
use crate::kind::Kind;
use crate::offenders::Offence;
use crate::plan::Plan;
use crate::slow::{self, SlowReader};

/// Who subscribes to the flood and does not read.
const SLOW: usize = 20;

/// Who publishes the flood.
const LOUD: usize = 4;

/// So many times longer than in the quiet run may 99 of 100 calls take beside an offender.
const MOST_WAITED: u32 = 10;

/// Offenders are at work for this time at most, each.
const OFFENCE: Duration = Duration::from_secs(5);

/// So many calls of a session tell whether others have as many; and for how many times the measured
/// time they are waited for.
const ENOUGH: u64 = 4;
const MOST_TIMES: usize = 5;

/// Beside what is measured nothing takes so long.
const LIMIT: Duration = Duration::from_secs(240);

/// What a session at work may take at the router.
const BUSY_BYTES: usize = 128 << 10;

/// Maximum growth of the heap when all have left, and when they have come and left once more: 16 send buffers of
/// up to 64 KiB each, and small tables. The system's allocator gives back less than that to the system.
const KEPT_BYTES: usize = 2 << 20;
const GROWN_BYTES: usize = 256 << 10;

/// Runs everything.
pub(crate) fn run(plan: &Plan) {
    let needed = plan.sessions + SLOW + LOUD + 100;
    let allowed = raise_open_files();
    assert!(
        allowed >= needed as u64,
        "{} sessions need {needed} open files in each of two processes, but this system allows \
         {allowed}: raise it (`ulimit -n {needed}`, perhaps as root), or ask for fewer (--sessions)",
        plan.sessions
    );
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let began = Instant::now();
    runtime.block_on(async {
        for &kind in &plan.kinds {
            idle::run(kind, plan.sessions).await.unwrap();
        }
        let limit = LIMIT + (plan.time * 3 + OFFENCE * 6) * MOST_TIMES as u32;
        let done = tokio::time::timeout(limit, scenario(plan)).await;
        done.unwrap_or_else(|_| panic!("no end after {limit:?}")).unwrap();
    });
    println!("load: ok, {:.1} s", began.elapsed().as_secs_f64());
}

async fn scenario(plan: &Plan) -> Result<(), Error> {
    let mut router = RouterProcess::start();
    println!("{} sessions, router and clients in a process each", plan.sessions);
    let watcher = wampwerk::connect(router.url(Kind::WebSocket), "realm1").await?;
    let empty = look_when_idle(&mut router).await;

    let sessions = join(plan, &router).await?;
    let count = sessions.len();
    let board = Arc::new(Board::new(count));
    let mut listening = crowd::equip(&sessions, &board).await?;
    let equipped = router.look();
    tell_memory("with a procedure and a topic each", empty.memory, equipped, count);
    assert_eq!(equipped.registrations, count);

    let mut tasks = crowd::work(&sessions, &board);
    let before = measure(plan.time, &board, &mut tasks).await?;
    let busy = router.look();
    println!("at work: {}", before.line());
    check_fairness(&before);
    let busy_bytes = tell_memory("at work", empty.memory, busy, count);
    assert!(busy_bytes <= BUSY_BYTES, "{busy:?}");

    beside_offenders(plan, &mut router, &board, &mut tasks, &before).await?;
    let mut leaving = watch_leaving(&watcher, &mut router, count).await?;

    let slow = join_slow(plan, &router).await?;
    let mut loud = Tasks::new();
    for number in 0..LOUD {
        let url = router.url(plan.kinds[number % plan.kinds.len()]);
        for session in crowd::join(url, 1).await? {
            slow::flood(&mut loud, session);
        }
    }
    let mark = board.mark();
    let thrown_out = async {
        for _ in 0..SLOW {
            leaving.next().await.ok_or("the watcher's session has ended")??;
        }
        Ok::<_, Error>(())
    };
    beside(thrown_out, &mut [&mut tasks, &mut loud]).await?;
    let flooded = board.since(&mark);
    println!(
        "{SLOW} of the subscribers of a flood do not read, and were thrown out after {:.1} s; \
         meanwhile: {}",
        flooded.time.as_secs_f64(),
        flooded.line()
    );
    check_fairness(&flooded);
    loud.shutdown().await;
    for reader in slow {
        assert!(reader.read_to_the_end().await > 0, "nothing was on its way");
    }

    let after = measure(plan.time, &board, &mut tasks).await?;
    println!("without them: {}", after.line());
    check_fairness(&after);
    let kept = after.calls_per_second() / before.calls_per_second();
    assert!(kept > 0.5, "of the rate of before, {kept:.2} is left");

    board.stop();
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    // Who gets an answer has got what was published before it was asked for; the first round is
    // for the publishers, the second for the subscribers.
    barrier(&sessions).await?;
    barrier(&sessions).await?;
    crowd::leave(sessions).await;
    while let Some(ended) = listening.join_next().await {
        ended??;
    }
    let (published, events) = (board.published.load(Relaxed), board.events.load(Relaxed));
    assert_eq!(events, published, "events arrived, and were published");
    watcher.leave().await;
    wait_empty(&mut router);
    let left = look_when_idle(&mut router).await;
    let kept = left.heap.saturating_sub(empty.heap);
    assert!(kept <= KEPT_BYTES, "{kept} bytes are kept when all have left");
    println!(
        "all have left: {}, {} on the heap; at the start: {}",
        mebibytes(left.memory),
        mebibytes(left.heap),
        mebibytes(empty.heap)
    );

    // Once more: what was taken was given back, to the system or for the next ones.
    for kind in &plan.kinds {
        let sessions = crowd::join(router.url(*kind), count / plan.kinds.len()).await?;
        crowd::leave(sessions).await;
    }
    wait_empty(&mut router);
    let again = look_when_idle(&mut router).await;
    println!(
        "all have come and left again: {}, {} on the heap",
        mebibytes(again.memory),
        mebibytes(again.heap)
    );
    assert!(again.memory <= left.memory + (left.memory >> 2), "it grows: {again:?}, {left:?}");
    assert!(again.heap <= left.heap + GROWN_BYTES, "it grows: {again:?}, {left:?}");
    Ok(())
}

/// Beside each kind of offender, the sessions have their answers in time.
async fn beside_offenders(
    plan: &Plan,
    router: &mut RouterProcess,
    board: &Board,
    tasks: &mut Tasks,
    quiet: &Rates,
) -> Result<(), Error> {
    let limit = quiet.quantile(0.99) * MOST_WAITED;
    for (number, offence) in Offence::ALL.into_iter().enumerate() {
        let kind = plan.kinds[number % plan.kinds.len()];
        let url = router.url(kind).to_owned();
        let starting = tokio::task::spawn_blocking(move || offence.start(kind, &url));
        let offender = starting.await??;
        let rates = measure(plan.time.min(OFFENCE), board, tasks).await?;
        let stopping = tokio::task::spawn_blocking(move || offender.stop());
        let times = stopping.await??;
        println!("{} ({times} times): {}", offence.title(), rates.line());
        check_fairness(&rates);
        let waited = rates.quantile(0.99);
        assert!(waited < limit, "{offence:?}: a call takes {waited:?}, the limit is {limit:?}");
    }
    let look = router.look();
    println!("after the offenders: {}", mebibytes(look.memory));
    Ok(())
}

/// The events of sessions that leave from now on; the offenders' have left.
async fn watch_leaving(
    watcher: &Session,
    router: &mut RouterProcess,
    count: usize,
) -> Result<Subscription, Error> {
    let deadline = Instant::now() + Duration::from_secs(60);
    while router.look().sessions > count + 1 {
        assert!(Instant::now() < deadline, "offenders have not left: {:?}", router.look());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(watcher.subscribe("wamp.session.on_leave").await?)
}

/// All sessions, one transport after the other.
async fn join(plan: &Plan, router: &RouterProcess) -> Result<Vec<Session>, Error> {
    let mut all = Vec::new();
    for (index, &kind) in plan.kinds.iter().enumerate() {
        let kinds = plan.kinds.len();
        all.push(crowd::join(router.url(kind), (plan.sessions + index) / kinds).await?);
    }
    // Neighbours come over different transports.
    let most = all.iter().map(Vec::len).max().unwrap_or(0);
    let mut iterators: Vec<_> = all.into_iter().map(Vec::into_iter).collect();
    let mut mixed = Vec::new();
    for _ in 0..most {
        mixed.extend(iterators.iter_mut().filter_map(Iterator::next));
    }
    Ok(mixed)
}

async fn join_slow(plan: &Plan, router: &RouterProcess) -> Result<Vec<SlowReader>, Error> {
    let mut slow = Vec::new();
    for number in 0..SLOW {
        let kind = plan.kinds[number % plan.kinds.len()];
        slow.push(SlowReader::join(kind, router.url(kind)).await?);
    }
    Ok(slow)
}

/// Lets them work for this time, and longer on a machine that is too slow to tell anything by then.
async fn measure(time: Duration, board: &Board, tasks: &mut Tasks) -> Result<Rates, Error> {
    let mark = board.mark();
    let wait = async {
        for _ in 0..MOST_TIMES {
            tokio::time::sleep(time).await;
            if board.median_since(&mark) >= ENOUGH {
                break;
            }
        }
        Ok(())
    };
    beside(wait, &mut [tasks]).await?;
    Ok(board.since(&mark))
}

/// Waits for `end`. A task that ends before is an error.
async fn beside(
    end: impl Future<Output = Result<(), Error>>,
    tasks: &mut [&mut Tasks],
) -> Result<(), Error> {
    let mut end = std::pin::pin!(end);
    std::future::poll_fn(|cx| {
        for tasks in tasks.iter_mut() {
            if let std::task::Poll::Ready(Some(ended)) = tasks.poll_join_next(cx) {
                let error = match ended {
                    Ok(Ok(())) => "a session stopped early".into(),
                    Ok(Err(error)) => error,
                    Err(error) => error.into(),
                };
                return std::task::Poll::Ready(Err(error));
            }
        }
        end.as_mut().poll(cx)
    })
    .await
}

fn mebibytes(bytes: usize) -> String {
    format!("{:.1} MiB", bytes as f64 / (1 << 20) as f64)
}

fn check_fairness(rates: &Rates) {
    let [least, middle, _] = rates.spread();
    assert!(least > 0, "a session starves: {}", rates.line());
    assert!(least >= middle / 10, "not fair: {}", rates.line());
}

async fn barrier(sessions: &[Session]) -> Result<(), Error> {
    let mut calls = JoinSet::new();
    for session in sessions {
        calls.spawn(session.call("wamp.session.count").value::<u64>());
    }
    while let Some(called) = calls.join_next().await {
        called??;
    }
    Ok(())
}

/// The router may still be closing the last connections.
fn wait_empty(router: &mut RouterProcess) -> Look {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let look = router.look();
        let empty = Look { memory: look.memory, heap: look.heap, ..Look::default() };
        if look == empty {
            return look;
        }
        assert!(Instant::now() < deadline, "all have left, and the router holds {look:?}");
    }
}
