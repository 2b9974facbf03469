//! What an idle session takes at a router that has sessions of one transport only: who comes last would else
//! pay for the tables of all.

use std::time::{Duration, Instant};

use crate::child::{Look, RouterProcess};
use crate::crowd::{self, Error};
use crate::kind::Kind;

/// So many sessions are there before memory is looked at: what is allocated once is not theirs.
const WARM_UP: usize = 50;

/// What an idle session may take, in bytes: that of other builds has larger futures.
const IDLE_BYTES: usize = if cfg!(debug_assertions) { 64 << 10 } else { 6758 };

/// Joins so many sessions, prints what they take, and checks that it is within bounds.
pub(crate) async fn run(kind: Kind, count: usize) -> Result<(), Error> {
    let mut router = RouterProcess::start();
    let warm = crowd::join(router.url(kind), WARM_UP).await?;
    let (before, began) = (look_when_idle(&mut router).await, Instant::now());
    let count = count - WARM_UP;
    let sessions = crowd::join(router.url(kind), count).await?;
    let rate = count as f64 / began.elapsed().as_secs_f64();
    let now = look_when_idle(&mut router).await;
    assert_eq!(now.sessions, before.sessions + count);
    println!("{}: {rate:.0} sessions a second joined", kind.title());
    let bytes = tell_memory("idle", before.memory, now, count);
    assert!(bytes <= IDLE_BYTES, "{now:?}");
    let heap = now.heap.saturating_sub(before.heap) / count;
    println!("of these on the heap: {heap} bytes");
    assert!(heap <= kind.idle_heap(), "{heap} bytes on the heap for an idle session");
    crowd::leave(warm).await;
    crowd::leave(sessions).await;
    Ok(())
}

/// Looks when the last one has given back what joining took.
pub(crate) async fn look_when_idle(router: &mut RouterProcess) -> Look {
    let mut look = router.look();
    loop {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let before = std::mem::replace(&mut look, router.look());
        // A few bytes come and go with each look.
        if before.heap.abs_diff(look.heap) < 1 << 10 {
            return look;
        }
    }
}

/// What a session takes, in bytes: 0 if the system does not tell.
pub(crate) fn tell_memory(what: &str, before: usize, now: Look, sessions: usize) -> usize {
    let bytes = now.memory.saturating_sub(before) / sessions;
    match now.memory {
        0 => println!("memory: not measured, as there is no /proc/self/status"),
        _ => println!("memory: {:.1} KiB for a session {what}", bytes as f64 / 1024.0),
    }
    bytes
}
