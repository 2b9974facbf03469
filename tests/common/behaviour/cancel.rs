//! Calls that are given up: dropped or canceled. Those that time out are in `timeouts`.

use std::future::{Future, IntoFuture, pending, poll_fn};
use std::pin::pin;
use std::task::Poll;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use wampwerk::Session;
use wampwerk::error::CallError;
use wampwerk::message::CancelMode;

use super::{Gate, Place, application, poll_once};

/// Runs them all.
pub(super) async fn all(place: &impl Place) {
    run! { place:
        dropped_call,
        a_dropped_call_ends_its_procedure,
        every_mode_settles,
        from_elsewhere_and_before_it_is_sent,
        what_was_skipped_is_thrown_away,
        a_caller_that_leaves_ends_its_calls,
        nobody_else_is_disturbed,
    }
}

async fn dropped_call(place: &impl Place) {
    let (callee, caller) = (place.session().await, place.session().await);
    let (sender, mut reached) = tokio::sync::mpsc::unbounded_channel();
    let procedure = move |number: u8| {
        sender.send(number).unwrap();
        pending::<()>()
    };
    callee.register("com.example.dropped", procedure).await.unwrap();
    callee.register("com.example.after", || async {}).await.unwrap();
    {
        // Dropped at once: unless the driver is quicker, on another thread, it never was.
        let mut call = pin!(caller.call("com.example.dropped").args((1,)).into_future());
        poll_once(&mut call).await;
    }
    {
        let mut call = pin!(caller.call("com.example.dropped").args((2,)).into_future());
        let reached = poll_fn(|cx| {
            assert!(call.as_mut().poll(cx).is_pending());
            loop {
                match std::task::ready!(reached.poll_recv(cx)) {
                    Some(1) => {}
                    number => return Poll::Ready(number),
                }
            }
        });
        assert_eq!(reached.await, Some(2));
    }
    caller.call("com.example.after").await.unwrap();
    assert!(reached.try_recv().is_err());
}

/// What a procedure that never ends by itself tells about its future.
#[derive(Debug, PartialEq)]
pub(super) enum Told {
    Started,
    Dropped,
}

struct Bell(UnboundedSender<Told>);

impl Drop for Bell {
    fn drop(&mut self) {
        // The test may be over.
        let _ = self.0.send(Told::Dropped);
    }
}

pub(super) fn stuck() -> (impl Fn() -> Stuck + Clone + Send + Sync, UnboundedReceiver<Told>) {
    let (sender, told) = unbounded_channel();
    let procedure = move || {
        let bell = Bell(sender.clone());
        let stuck: Stuck = Box::pin(async move {
            bell.0.send(Told::Started).unwrap();
            pending::<()>().await;
            drop(bell);
        });
        stuck
    };
    (procedure, told)
}

type Stuck = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

async fn a_dropped_call_ends_its_procedure(place: &impl Place) {
    let (callee, caller) = (place.session().await, place.session().await);
    let (procedure, mut told) = stuck();
    callee.register("com.example.drop_ends", procedure).await.unwrap();
    {
        let mut call = pin!(caller.call("com.example.drop_ends").into_future());
        poll_fn(|cx| {
            assert!(call.as_mut().poll(cx).is_pending());
            told.poll_recv(cx).map(|told| assert_eq!(told, Some(Told::Started)))
        })
        .await;
    }
    assert_eq!(told.recv().await, Some(Told::Dropped));
    let call = caller.call("com.example.drop_ends").start().await.unwrap();
    assert_eq!(told.recv().await, Some(Told::Started));
    drop(call);
    assert_eq!(told.recv().await, Some(Told::Dropped));
}

async fn every_mode_settles(place: &impl Place) {
    let (callee, caller) = (place.session().await, place.session().await);
    let (procedure, mut told) = stuck();
    callee.register("com.example.modes", procedure).await.unwrap();
    callee.register("com.example.modes.after", || async {}).await.unwrap();
    for mode in [CancelMode::Kill, CancelMode::KillNoWait, CancelMode::Skip] {
        let mut call = caller.call("com.example.modes").start().await.unwrap();
        assert_eq!(told.recv().await, Some(Told::Started));
        call.cancel(mode);
        // Also where the router never answers, as Crossbar does not for "skip".
        assert!(call.next().await.is_none());
        let error = application(call.result().await.unwrap_err());
        assert_eq!(error.uri, "wamp.error.canceled");
        if mode != CancelMode::Skip {
            assert_eq!(told.recv().await, Some(Told::Dropped));
        }
    }
    // What was skipped goes on.
    caller.call("com.example.modes.after").await.unwrap();
    assert!(told.try_recv().is_err());
}

async fn from_elsewhere_and_before_it_is_sent(place: &impl Place) {
    let (callee, caller) = (place.session().await, place.session().await);
    let (procedure, mut told) = stuck();
    callee.register("com.example.canceller", procedure).await.unwrap();
    let call = caller.call("com.example.canceller").start().await.unwrap();
    let canceller = call.canceller();
    assert_eq!(told.recv().await, Some(Told::Started));
    let mut result = pin!(call.result());
    poll_once(&mut result).await;
    canceller.cancel(CancelMode::KillNoWait);
    assert_eq!(application(result.await.unwrap_err()).uri, "wamp.error.canceled");
    canceller.cancel(CancelMode::Kill);
    assert_eq!(told.recv().await, Some(Told::Dropped));
    let call = caller.call("com.example.canceller").start().await.unwrap();
    call.cancel(CancelMode::Skip);
    assert_eq!(application(call.result().await.unwrap_err()).uri, "wamp.error.canceled");
}

async fn what_was_skipped_is_thrown_away(place: &impl Place) {
    let (callee, caller) = (place.session().await, place.session().await);
    let (gate, mut reached) = Gate::new();
    callee.register("com.example.skipped", move || gate.clone().pass()).await.unwrap();
    let call = caller.call("com.example.skipped").start().await.unwrap();
    let open = reached.recv().await.unwrap();
    call.cancel(CancelMode::Skip);
    assert_eq!(application(call.result().await.unwrap_err()).uri, "wamp.error.canceled");
    open.send(1).unwrap();
    // The late result is dropped, and does no harm.
    let mut second = pin!(caller.call("com.example.skipped").value::<u8>());
    poll_once(&mut second).await;
    reached.recv().await.unwrap().send(2).unwrap();
    assert_eq!(second.await.unwrap(), 2);
}

async fn a_caller_that_leaves_ends_its_calls(place: &impl Place) {
    let (callee, caller) = (place.session().await, place.session().await);
    let (procedure, mut told) = stuck();
    callee.register("com.example.caller_leaves", procedure).await.unwrap();
    let call = caller.call("com.example.caller_leaves").start().await.unwrap();
    assert_eq!(told.recv().await, Some(Told::Started));
    caller.leave().await;
    assert!(matches!(call.result().await, Err(CallError::Closed { .. })));
    assert_eq!(told.recv().await, Some(Told::Dropped));
}

/// That a session is still of use.
async fn works(session: &Session) {
    session.publish("com.example.works").acknowledge().await.unwrap();
}

async fn nobody_else_is_disturbed(place: &impl Place) {
    let (callee, caller) = (place.session().await, place.session().await);
    let (procedure, mut told) = stuck();
    callee.register("com.example.disturb", procedure).await.unwrap();
    let kept = caller.call("com.example.disturb").start().await.unwrap();
    assert_eq!(told.recv().await, Some(Told::Started));
    for _ in 0..20 {
        let call = caller.call("com.example.disturb").start().await.unwrap();
        assert_eq!(told.recv().await, Some(Told::Started));
        call.cancel(CancelMode::KillNoWait);
        assert_eq!(told.recv().await, Some(Told::Dropped));
    }
    works(&caller).await;
    works(&callee).await;
    let mut kept = pin!(kept.result());
    let open = poll_fn(|cx| Poll::Ready(kept.as_mut().poll(cx).is_pending())).await;
    assert!(open, "the one that was not cancelled goes on");
}
