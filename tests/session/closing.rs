//! A transport may take its own time to close, and no more: sessions and components wait so long.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;
use wampwerk::component::{Component, TransportEntry};
use wampwerk::error::{ConnectError, PublishError};
use wampwerk::internals::core::client::ClientConfig;
use wampwerk::transport::{BoxFuture, Connector, Transport};
use wampwerk::{Router, session};

use crate::common::fake_transport::{Control, FakeTransport};
use crate::common::notes::Notes;
use crate::common::router;

/// What a transport says that it takes to close at most.
const LIMIT: Duration = Duration::from_secs(20);

/// What the slow one takes.
const SLOW: Duration = Duration::from_secs(15);

/// A transport to the router that takes so long to close.
fn slow(router: &Router, time: Duration) -> (FakeTransport, Control) {
    let slow = FakeTransport::to(router).closing_takes(time, LIMIT);
    let control = slow.control();
    (slow, control)
}

#[tokio::test(start_paused = true)]
async fn a_session_waits_for_its_transport_as_long_as_that_says() {
    for (time, closes) in [(SLOW, true), (Duration::from_secs(3600), false)] {
        let router = router();
        let (transport, control) = slow(&router, time);
        let joined = session::join(Box::new(transport), "realm1", ClientConfig::default()).await;
        let began = Instant::now();
        joined.unwrap().leave().await;
        assert_eq!(control.gone().await, closes);
        let took = began.elapsed();
        assert!(took >= SLOW && took <= LIMIT + Duration::from_secs(2), "{took:?}");
    }
}

/// Makes one of them, once.
struct Once(Mutex<Option<FakeTransport>>);

impl Connector for Once {
    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Transport>, ConnectError>> {
        let transport = self.0.lock().unwrap().take().unwrap();
        Box::pin(async { Ok(Box::new(transport) as Box<dyn Transport>) })
    }
}

#[tokio::test(start_paused = true)]
async fn a_component_does_so_too_whether_its_session_is_joined_or_not() {
    for joins in [true, false] {
        let router = router();
        let (transport, control) = slow(&router, SLOW);
        let once = Arc::new(Once(Mutex::new(Some(transport))));
        let builder = Component::builder().transports(TransportEntry::new("slow", once));
        // The one is closed by its session, the other by the attempt.
        let builder = match joins {
            true => builder.main(|session| async move { drop(session) }),
            false => builder
                .credentials(|| async {
                    Err::<wampwerk::session::authentication::Anonymous, _>("none")
                })
                .is_fatal(|_| true),
        };
        let component = builder.build().unwrap();
        let clean = Notes::new();
        let told = clean.clone();
        component.on_disconnect(move |was_clean| {
            told.note(was_clean);
            async {}
        });
        assert_eq!(component.start().await.is_ok(), joins);
        assert!(control.gone().await);
        assert_eq!(clean.all(), [true], "{joins}");
    }
}

/// GOODBYE has been answered, but the session's own task may not have ended yet.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn publish_right_after_leave_fails_always() {
    let router = router();
    for run in 0..200 {
        let session = router.connect("realm1").await.unwrap();
        let other = session.clone();
        let reason = session.leave().await;
        for session in [&session, &other] {
            let published = session.publish("com.example.topic").await;
            let Err(PublishError::Closed { reason: why, .. }) = published else {
                panic!("{run}: {published:?}")
            };
            assert_eq!(why, reason, "{run}");
        }
    }
}
