//! `Router::shutdown` ends, whatever the transports do.

use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use wampwerk::error::TransportError;
use wampwerk::transport::{CloseCode, Transport, TransportInfo};
use wampwerk::{Router, Serializer};

/// Nothing ever comes from it, and it never closes. It may take frames, or not even that.
struct Deaf {
    info: TransportInfo,
    takes_frames: bool,
}

impl Transport for Deaf {
    fn info(&self) -> &TransportInfo {
        &self.info
    }

    fn poll_recv(&mut self, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, TransportError>>> {
        Poll::Pending
    }

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        if self.takes_frames { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    fn start_send(&mut self, _: Bytes) -> Result<(), TransportError> {
        Ok(())
    }

    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Pending
    }

    fn poll_close(
        &mut self,
        _: &mut Context<'_>,
        _: CloseCode,
    ) -> Poll<Result<(), TransportError>> {
        Poll::Pending
    }
}

// Paused time runs ahead only when nothing else is left to do.
#[tokio::test(start_paused = true)]
async fn transports_that_never_close_do_not_keep_the_router_up() {
    let router = Router::builder().realm("realm1").build().unwrap();
    for takes_frames in [true, false] {
        let info = TransportInfo::new(Serializer::ALL[0], "deaf", "nobody");
        router.serve(Box::new(Deaf { info, takes_frames }));
    }
    let session = router.connect("realm1").await.unwrap();
    assert_eq!(router.statistics().sessions, 1);
    // "A few seconds".
    tokio::time::timeout(Duration::from_secs(10), router.shutdown()).await.unwrap();
    session.closed().await;
    assert_eq!(router.statistics().sessions, 0);
}
