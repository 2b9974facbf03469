//! Whoever drives a transport gives it the time for closing that it says, and not much more: a
//! session, a router, and a server with handlers.

use std::time::Duration;

use tokio::time::Instant;
use wampwerk::Serializer;
use wampwerk::internals::core::client::ClientConfig;
use wampwerk::session::join;
use wampwerk::transport::{MemoryTransport, Transport};

use crate::common::fake_transport::{Control, FakeTransport};
use crate::common::handled::recorder;
use crate::common::router;

const SAYS: Duration = Duration::from_secs(20);

/// Takes its time to close.
fn slow(inner: Box<dyn Transport>, takes: Duration) -> (Box<dyn Transport>, Control) {
    let slow = FakeTransport::boxed(inner).closing_takes(takes, SAYS);
    let control = slow.control();
    (Box::new(slow), control)
}

/// It takes as long as it says, or much longer: when it has to be gone, and whether closed.
const CASES: [(Duration, Duration, bool); 2] = [
    (SAYS, SAYS, true),
    (Duration::from_secs(60), SAYS.saturating_add(Duration::from_secs(1)), false),
];

async fn assert_gone(gone: Control, after: Duration, closed: bool) {
    let begin = Instant::now();
    assert_eq!(gone.gone().await, closed);
    let took = begin.elapsed();
    assert!(took.abs_diff(after) < Duration::from_millis(100), "{took:?} for {after:?}");
}

#[tokio::test(start_paused = true)]
async fn a_session() {
    for (takes, after, closed) in CASES {
        let router = router();
        let (slow, gone) = slow(router.connect_transport(), takes);
        let session = join(slow, "realm1", ClientConfig::default()).await.unwrap();
        session.leave().await;
        assert_gone(gone, after, closed).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_router() {
    for (takes, after, closed) in CASES {
        let router = router();
        let (near, far) = MemoryTransport::pair(Serializer::ALL[0], 8);
        let (slow, gone) = slow(Box::new(far), takes);
        router.serve(slow);
        drop(near);
        assert_gone(gone, after, closed).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_with_handlers() {
    for (takes, after, closed) in CASES {
        let mut server = recorder(|_, _| async { Ok(()) });
        let (near, far) = MemoryTransport::pair(Serializer::ALL[0], 8);
        let (slow, gone) = slow(Box::new(far), takes);
        server.factory.serve(slow);
        // Nor does its shutdown cut it.
        let down = tokio::spawn({
            let factory = server.factory.clone();
            async move { factory.shutdown().await }
        });
        server.transport().await;
        assert_gone(gone, after, closed).await;
        down.await.unwrap();
        drop(near);
    }
}
