//! Arguments that come in parts.

use wampwerk::ApplicationError;
use wampwerk::error::CallError;
use wampwerk::session::{Chunks, Progress};

use super::{Place, application, has};

/// Runs them all.
pub(super) async fn all(place: &impl Place) {
    run! { place:
        parts_are_one_call,
        both_ways,
        an_answer_before_the_last_part,
        a_call_that_was_refused_takes_no_more,
    }
}

async fn sum(mut chunks: Chunks, progress: Progress) -> Result<i64, ApplicationError> {
    let mut sum = 0;
    while let Some(chunk) = chunks.next().await {
        sum += chunk.map_err(ApplicationError::runtime)?.decode::<i64>()?;
        progress.send((sum,)).await?;
    }
    Ok(sum)
}

async fn parts_are_one_call(place: &impl Place) {
    let (callee, caller) = (place.session().await, place.session().await);
    callee.register("com.example.sum", sum).await.unwrap();
    // A plain call has one part.
    assert_eq!(caller.call("com.example.sum").args((7,)).value::<i64>().await.unwrap(), 7);
    let call = caller.call("com.example.sum").args((1,));
    if !has(place, &caller, "dealer", "progressive_call_invocations") {
        let error = application(call.start_streaming().await.unwrap_err());
        assert_eq!(error.uri, "wamp.error.feature_not_supported");
        return;
    }
    let call = call.start_streaming().await.unwrap();
    for number in 2..100 {
        call.send((number,)).await.unwrap();
    }
    let total = call.finish((100,)).await.unwrap().value::<i64>().await.unwrap();
    assert_eq!(total, 5050);
}

async fn both_ways(place: &impl Place) {
    let (callee, caller) = (place.session().await, place.session().await);
    if !has(place, &caller, "dealer", "progressive_call_invocations") {
        return;
    }
    callee.register("com.example.sum.both", sum).await.unwrap();
    let call = caller.call("com.example.sum.both").args((0,));
    let mut call = call.start_streaming().await.unwrap();
    for number in 1..20i64 {
        let so_far: i64 = call.next().await.unwrap().unwrap().decode().unwrap();
        assert_eq!(so_far, (0..number).sum::<i64>());
        call.send((number,)).await.unwrap();
    }
    let call = call.finish((20,)).await.unwrap();
    assert_eq!(call.value::<i64>().await.unwrap(), (0..21).sum::<i64>());
}

async fn an_answer_before_the_last_part(place: &impl Place) {
    let (callee, caller) = (place.session().await, place.session().await);
    if !has(place, &caller, "dealer", "progressive_call_invocations") {
        return;
    }
    let first = |mut chunks: Chunks| async move {
        let first = chunks.next().await.unwrap().map_err(ApplicationError::runtime)?;
        first.decode::<u8>().map_err(ApplicationError::runtime)
    };
    callee.register("com.example.first_part", first).await.unwrap();
    let call = caller.call("com.example.first_part").args((1,));
    let mut call = call.start_streaming().await.unwrap();
    assert!(call.next().await.is_none(), "it is answered");
    let error = call.send((2,)).await.unwrap_err();
    assert!(matches!(error, CallError::Ended { .. }), "{error:?}");
    let call = call.finish((3,)).await.unwrap();
    assert_eq!(call.value::<u8>().await.unwrap(), 1);
    // The late parts were no calls of their own.
    let again = caller.call("com.example.first_part").args((4,)).value::<u8>().await;
    assert_eq!(again.unwrap(), 4);
}

async fn a_call_that_was_refused_takes_no_more(place: &impl Place) {
    let (callee, caller) = (place.session().await, place.session().await);
    if !has(place, &caller, "dealer", "progressive_call_invocations") {
        return;
    }
    let refuse = |_: Chunks| async { Err::<(), _>(ApplicationError::new("com.example.error.no")) };
    callee.register("com.example.refused", refuse).await.unwrap();
    let mut call = caller.call("com.example.refused").args((1,)).start_streaming().await.unwrap();
    assert!(call.next().await.is_none(), "it is refused");
    let error = call.send((2,)).await.unwrap_err();
    assert!(matches!(error, CallError::Ended { .. }), "{error:?}");
    let error = call.finish((3,)).await.unwrap().result().await.unwrap_err();
    assert_eq!(application(error).uri, "com.example.error.no");
}
