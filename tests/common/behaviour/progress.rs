//! Results that come in parts.

use std::sync::{Arc, Mutex};

use serde::{Serialize, Serializer};
use tokio::sync::{mpsc, watch};
use wampwerk::ApplicationError;
use wampwerk::error::ProgressError;
use wampwerk::session::Progress;

use super::Place;

/// Runs them all.
pub(super) async fn all(place: &impl Place) {
    run! { place:
        as_a_stream,
        by_callback,
        failing_behind_progress,
        a_procedure_is_the_same_for_all_callers,
        failures_are_seen,
        a_slow_caller_sees_lag,
    }
}

async fn count(to: u32, progress: Progress) -> Result<u32, ApplicationError> {
    for number in 1..to {
        progress.send((number,)).await?;
    }
    Ok(to)
}

async fn as_a_stream(place: &impl Place) {
    let (callee, caller) = (place.session().await, place.session().await);
    callee.register("com.example.count", count).await.unwrap();
    let mut call = caller.call("com.example.count").args((300,)).start().await.unwrap();
    for number in 1..300u32 {
        assert_eq!(call.next().await.unwrap().unwrap().decode::<u32>().unwrap(), number);
    }
    assert!(call.next().await.is_none());
    assert_eq!(call.value::<u32>().await.unwrap(), 300);
    // Whoever only wants the last one need not take the others.
    let call = caller.call("com.example.count").args((10,)).start().await.unwrap();
    assert_eq!(call.value::<u32>().await.unwrap(), 10);
}

async fn by_callback(place: &impl Place) {
    let (callee, caller) = (place.session().await, place.session().await);
    callee.register("com.example.count.callback", count).await.unwrap();
    let numbers = Arc::new(Mutex::new(Vec::new()));
    let seen = numbers.clone();
    let call = caller.call("com.example.count.callback").args((20,)).on_progress(move |reply| {
        seen.lock().unwrap().push(reply.decode::<u32>().unwrap());
    });
    assert_eq!(call.value::<u32>().await.unwrap(), 20);
    assert_eq!(*numbers.lock().unwrap(), (1..20).collect::<Vec<u32>>());
}

async fn failing_behind_progress(place: &impl Place) {
    let (callee, caller) = (place.session().await, place.session().await);
    let fails = |progress: Progress| async move {
        progress.send(("so far",)).await.map_err(ApplicationError::runtime)?;
        Err::<(), _>(ApplicationError::new("com.example.error.stopped").arg("here"))
    };
    callee.register("com.example.fails_later", fails).await.unwrap();
    let mut call = caller.call("com.example.fails_later").start().await.unwrap();
    assert_eq!(call.next().await.unwrap().unwrap().decode::<String>().unwrap(), "so far");
    assert!(call.next().await.is_none());
    let error = super::application(call.result().await.unwrap_err());
    assert_eq!(error.uri, "com.example.error.stopped");
}

async fn a_procedure_is_the_same_for_all_callers(place: &impl Place) {
    let (callee, caller) = (place.session().await, place.session().await);
    let procedure = |progress: Progress| async move {
        progress.send((1,)).await?;
        Ok::<_, ApplicationError>(progress.is_wanted())
    };
    callee.register("com.example.any_caller", procedure).await.unwrap();
    let call = caller.call("com.example.any_caller");
    assert!(!call.value::<bool>().await.unwrap(), "nothing is sent, and nothing is wrong");
    let mut call = caller.call("com.example.any_caller").start().await.unwrap();
    assert_eq!(call.next().await.unwrap().unwrap().decode::<u8>().unwrap(), 1);
    assert!(call.value::<bool>().await.unwrap());
}

struct Unwritable;

impl Serialize for Unwritable {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("no"))
    }
}

async fn failures_are_seen(place: &impl Place) {
    let (callee, caller) = (place.session().await, place.session().await);
    let (sender, mut kept) = mpsc::unbounded_channel();
    let procedure = move |progress: Progress| {
        sender.send(progress.clone()).unwrap();
        async move { matches!(progress.send((Unwritable,)).await, Err(ProgressError::Encode(_))) }
    };
    callee.register("com.example.unwritable_progress", procedure).await.unwrap();
    let call = caller.call("com.example.unwritable_progress").start().await.unwrap();
    assert!(call.value::<bool>().await.unwrap(), "and the call goes on");
    // When the call is over it is told, too.
    let progress = kept.recv().await.unwrap();
    assert!(!progress.is_wanted());
    assert!(matches!(progress.send((1,)).await, Err(ProgressError::Ended)));
}

/// More results than a slow caller has room for.
const FLOOD: u32 = 1500;

async fn a_slow_caller_sees_lag(place: &impl Place) {
    let (callee, caller) = (place.session().await, place.session().await);
    let (sent, reached) = watch::channel(0);
    let sent = Arc::new(sent);
    let flood = move |progress: Progress| {
        let sent = sent.clone();
        async move {
            for number in 0..FLOOD {
                progress.send((number,)).await?;
                sent.send_replace(number);
            }
            Ok::<_, ApplicationError>("all")
        }
    };
    callee.register("com.example.flood_of_results", flood).await.unwrap();
    // Of those that were sent the session keeps no more than some hundred.
    let most = move || {
        let mut reached = reached.clone();
        async move { reached.wait_for(|sent| *sent >= FLOOD - 10).await.map(drop).is_ok() }
    };
    callee.register("com.example.flood_of_results.most", most).await.unwrap();
    let mut call = caller.call("com.example.flood_of_results").start().await.unwrap();
    assert!(caller.call("com.example.flood_of_results.most").value::<bool>().await.unwrap());
    let (mut taken, mut missed) = (0, 0);
    while let Some(item) = call.next().await {
        match item {
            Ok(reply) => {
                let number = reply.decode::<u32>().unwrap();
                assert_eq!(u64::from(number), taken + missed, "in order, and told where some miss");
                taken += 1;
            }
            Err(lagged) => missed += lagged.missed,
        }
    }
    assert!(taken >= 1024 && missed > 0, "{taken} {missed}");
    assert_eq!(taken + missed, u64::from(FLOOD));
    assert_eq!(call.value::<String>().await.unwrap(), "all");
}
