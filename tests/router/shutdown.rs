//! `Router::shutdown` ends, whatever the transports do.

use std::time::Duration;

use wampwerk::Serializer;
use wampwerk::transport::TransportInfo;

use crate::common::fake_transport::FakeTransport;
use crate::common::router;

/// Nothing ever comes from it, and it never closes. It may take frames, or not even that.
fn deaf(takes_frames: bool) -> FakeTransport {
    let deaf = FakeTransport::alone(TransportInfo::new(Serializer::ALL[0], "deaf", "nobody"));
    let control = deaf.control();
    control.go_deaf(true);
    control.stick(!takes_frames);
    control.flush_never();
    deaf.closing_never()
}

// Paused time runs ahead only when nothing else is left to do.
#[tokio::test(start_paused = true)]
async fn transports_that_never_close_do_not_keep_the_router_up() {
    let router = router();
    for takes_frames in [true, false] {
        router.serve(Box::new(deaf(takes_frames)));
    }
    let session = router.connect("realm1").await.unwrap();
    assert_eq!(router.statistics().sessions, 1);
    // "A few seconds".
    tokio::time::timeout(Duration::from_secs(10), router.shutdown()).await.unwrap();
    session.closed().await;
    assert_eq!(router.statistics().sessions, 0);
}
