//! What a session does, whatever router and transport are under it: one suite, run in the same way
//! over the embedded router in-process, over WebSocket, in the browser, and against Crossbar.

#![allow(clippy::unwrap_used, clippy::panic, dead_code, reason = "tests may")]

/// Runs behaviours one after the other; one that does not end says so under its name.
macro_rules! run {
    ($place:ident: $($behaviour:ident),* $(,)?) => {$(
        super::limited(stringify!($behaviour), $behaviour($place)).await;
    )*};
}

mod audience;
mod cancel;
mod details;
mod patterns;
mod progress;
mod pubsub;
mod rpc;
mod session;
mod sharing;
mod streaming;
mod timeouts;
mod values;

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
#[allow(unused_imports, reason = "each test file uses a part of it")]
pub(crate) use values::troublesome;
use wampwerk::error::CallError;
use wampwerk::internals::rt::Sleep;
use wampwerk::{ApplicationError, Session};

/// Where sessions come from.
pub(crate) trait Place {
    /// A new session on `realm1`.
    fn session(&self) -> impl Future<Output = Session>;

    /// Which router it is.
    fn router(&self) -> Kind {
        Kind::Embedded
    }
}

/// A router, whose features are known: what it must announce, and what it must not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Embedded,
    Crossbar,
}

/// The features that behaviours need, and whether Crossbar has them.
const FEATURES: [(&str, &str, bool); 13] = [
    ("broker", "event_retention", true),
    ("broker", "pattern_based_subscription", true),
    ("broker", "publisher_exclusion", true),
    ("broker", "publisher_identification", true),
    ("broker", "subscriber_blackwhite_listing", true),
    ("dealer", "call_canceling", true),
    ("dealer", "call_timeout", false),
    ("dealer", "caller_identification", true),
    ("dealer", "pattern_based_registration", true),
    ("dealer", "progressive_call_invocations", false),
    ("dealer", "progressive_call_results", true),
    ("dealer", "registration_revocation", true),
    ("dealer", "shared_registration", true),
];

/// Runs every behaviour at a place, each with names of its own.
pub(crate) async fn all(place: &impl Place) {
    announced_features(place).await;
    rpc::all(place).await;
    values::all(place).await;
    progress::all(place).await;
    streaming::all(place).await;
    cancel::all(place).await;
    timeouts::all(place).await;
    details::all(place).await;
    patterns::all(place).await;
    sharing::all(place).await;
    pubsub::all(place).await;
    audience::all(place).await;
    session::all(place).await;
}

/// How long a behaviour may take; only a broken one comes near.
const LIMIT: Duration = Duration::from_secs(60);

async fn limited(name: &str, behaviour: impl Future<Output = ()>) {
    let mut behaviour = Box::pin(behaviour);
    let mut limit = Sleep::new(LIMIT);
    poll_fn(|cx| match Pin::new(&mut limit).poll(cx) {
        Poll::Ready(()) => panic!("{name} does not end"),
        Poll::Pending => behaviour.as_mut().poll(cx),
    })
    .await;
}

/// What is skipped is skipped because the router does not have it, and that is known here.
async fn announced_features(place: &impl Place) {
    let session = place.session().await;
    for (role, feature, _) in FEATURES {
        let _ = has(place, &session, role, feature);
    }
}

/// Whether the router has a feature: it says so, and is expected to say so.
fn has(place: &impl Place, session: &Session, role: &str, feature: &str) -> bool {
    let known = FEATURES.iter().find(|known| (known.0, known.1) == (role, feature)).unwrap();
    let expected = place.router() == Kind::Embedded || known.2;
    let announced = session.router_roles().supports(role, feature);
    assert_eq!(announced, expected, "{feature} of the {role} of {:?}", place.router());
    announced
}

/// The error that a call failed with at the callee or router.
fn application(error: CallError) -> ApplicationError {
    match error {
        CallError::Application(error) => error,
        other => panic!("no application error, but {other}"),
    }
}

/// Drives all to their end.
async fn join_all<F: Future + Unpin>(mut futures: Vec<F>) -> Vec<F::Output> {
    let mut results: Vec<Option<F::Output>> = futures.iter().map(|_| None).collect();
    poll_fn(move |cx| {
        let mut ready = true;
        for (future, result) in futures.iter_mut().zip(&mut results) {
            if result.is_none() {
                match std::pin::Pin::new(future).poll(cx) {
                    Poll::Ready(output) => *result = Some(output),
                    Poll::Pending => ready = false,
                }
            }
        }
        if !ready {
            return Poll::Pending;
        }
        Poll::Ready(results.iter_mut().map(|result| result.take().unwrap()).collect())
    })
    .await
}

/// Starts a future that is not to be done yet.
async fn poll_once<F: Future>(future: &mut std::pin::Pin<&mut F>) {
    let started = Cell::new(false);
    poll_fn(|cx| {
        if !started.replace(true) {
            assert!(future.as_mut().poll(cx).is_pending());
        }
        Poll::Ready(())
    })
    .await;
}

/// Where procedures wait until the test lets them go on.
#[derive(Clone)]
struct Gate(mpsc::UnboundedSender<oneshot::Sender<u8>>);

impl Gate {
    /// The gate, and where each who has reached it is let go on with a number.
    fn new() -> (Self, mpsc::UnboundedReceiver<oneshot::Sender<u8>>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Gate(sender), receiver)
    }

    async fn pass(self) -> Result<u8, ApplicationError> {
        let (open, opened) = oneshot::channel();
        self.0.send(open).map_err(ApplicationError::runtime)?;
        opened.await.map_err(ApplicationError::runtime)
    }
}
