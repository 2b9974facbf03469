//! Calls that take too long: the timeout of the caller, and that of the router.

use std::future::pending;
use std::time::Duration;

use wampwerk::error::CallError;

use super::cancel::{Told, stuck};
use super::{Kind, Place, application, has};

/// Runs them all.
pub(super) async fn all(place: &impl Place) {
    run! { place:
        call_timeout,
        a_timeout_ends_the_procedure,
        the_router_keeps_the_time,
    }
}

async fn call_timeout(place: &impl Place) {
    let (callee, caller) = (place.session().await, place.session().await);
    callee.register("com.example.never", pending::<()>).await.unwrap();
    let limit = Duration::from_millis(50);
    match caller.call("com.example.never").timeout(limit).await {
        Err(CallError::Timeout { procedure, limit: passed }) => {
            assert_eq!((procedure.as_str(), passed), ("com.example.never", limit));
        }
        other => panic!("{other:?}"),
    }
    callee.register("com.example.in_time", || async { 1 }).await.unwrap();
    let call = caller.call("com.example.in_time").timeout(Duration::from_secs(60));
    assert_eq!(call.value::<u8>().await.unwrap(), 1);
}

async fn a_timeout_ends_the_procedure(place: &impl Place) {
    let (callee, caller) = (place.session().await, place.session().await);
    let (procedure, mut told) = stuck();
    callee.register("com.example.timeout_ends", procedure).await.unwrap();
    let limit = Duration::from_millis(100);
    let error = caller.call("com.example.timeout_ends").timeout(limit).await.unwrap_err();
    assert!(matches!(error, CallError::Timeout { .. }), "{error}");
    assert_eq!(told.recv().await, Some(Told::Started));
    assert_eq!(told.recv().await, Some(Told::Dropped));
    let call = caller.call("com.example.timeout_ends").timeout(limit).start().await.unwrap();
    let error = call.result().await.unwrap_err();
    assert!(matches!(error, CallError::Timeout { .. }), "{error}");
    assert_eq!(told.recv().await, Some(Told::Started));
    assert_eq!(told.recv().await, Some(Told::Dropped));
}

async fn the_router_keeps_the_time(place: &impl Place) {
    let (callee, caller) = (place.session().await, place.session().await);
    if !has(place, &caller, "dealer", "call_timeout") {
        // Crossbar takes the number for seconds all the same, so there is nothing to wait for.
        assert_eq!(place.router(), Kind::Crossbar);
        return;
    }
    let (procedure, mut told) = stuck();
    callee.register("com.example.router_timeout", procedure.clone()).await.unwrap();
    let forwarded = callee.register("com.example.forwarded_timeout", procedure).forward_timeout();
    forwarded.await.unwrap();
    for procedure in ["com.example.router_timeout", "com.example.forwarded_timeout"] {
        let call = caller.call(procedure).router_timeout(Duration::from_millis(50));
        let error = application(call.await.unwrap_err());
        assert_eq!(error.uri, "wamp.error.timeout", "{procedure}");
        assert_eq!(told.recv().await, Some(Told::Started));
        assert_eq!(told.recv().await, Some(Told::Dropped));
    }
}
