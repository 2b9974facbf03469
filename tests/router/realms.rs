//! Realms with a lock each: sessions go from one to the other while events come, and each sees those of its
//! realm alone, in their order.

use std::collections::BTreeMap;

use tokio::task::JoinSet;
use wampwerk::{Router, Session};

const REALMS: [&str; 2] = ["realm1", "realm2"];
const TOPIC: &str = "com.example.count";
const PUBLISHERS: u64 = 3;
const HOPS: usize = 40;

type Outcome = Result<(), Box<dyn std::error::Error + Send + Sync>>;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sessions_that_change_realms_see_one_realm_at_a_time() {
    let router = Router::builder().realm(REALMS[0]).realm(REALMS[1]).build().unwrap();
    let mut publishers = JoinSet::new();
    for number in 0..PUBLISHERS {
        for realm in REALMS {
            let session = router.connect(realm).await.unwrap();
            publishers.spawn(publish(session, realm, number));
        }
    }
    let mut hoppers = JoinSet::new();
    for number in 0..4 {
        let session = router.connect(REALMS[number % 2]).await.unwrap();
        hoppers.spawn(hop(session, number));
    }
    while let Some(done) = hoppers.join_next().await {
        done.unwrap().unwrap();
    }
    publishers.shutdown().await;
    router.shutdown().await;
    let left = router.statistics();
    assert_eq!((left.connections, left.sessions, left.subscriptions), (0, 0, 0));
}

/// Publishes numbers until it is aborted.
async fn publish(session: Session, realm: &str, publisher: u64) -> Outcome {
    for count in 0_u64.. {
        session.publish(TOPIC).args((realm, publisher, count)).acknowledge().await?;
    }
    Ok(())
}

/// Goes from realm to realm on one connection.
async fn hop(mut session: Session, number: usize) -> Outcome {
    for hop in 0..HOPS {
        let realm = REALMS[(number + hop) % 2];
        assert_eq!(session.realm().as_str(), realm);
        let mut events = session.subscribe(TOPIC).await?;
        let mut last: BTreeMap<u64, u64> = BTreeMap::new();
        for _ in 0..10 {
            let event = events.next().await.ok_or("the session has ended")??;
            let (from, publisher, count): (String, u64, u64) = event.args()?;
            assert_eq!(from, realm);
            if let Some(before) = last.insert(publisher, count) {
                assert_eq!(count, before + 1, "publisher {publisher}");
            }
        }
        drop(events);
        session = session.rejoin(REALMS[(number + hop + 1) % 2]).await?;
    }
    session.leave().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_shutdown_meets_those_who_join() {
    for _ in 0..20 {
        let router = Router::builder().realm(REALMS[0]).realm(REALMS[1]).build().unwrap();
        let mut joining = JoinSet::new();
        for number in 0..16 {
            let router = router.clone();
            joining.spawn(async move {
                // It joins and is told of the end, or does not join.
                if let Ok(session) = router.connect(REALMS[number % 2]).await {
                    session.closed().await;
                }
            });
        }
        tokio::task::yield_now().await;
        router.shutdown().await;
        while let Some(done) = joining.join_next().await {
            done.unwrap();
        }
        assert_eq!(router.statistics(), Default::default());
    }
}
