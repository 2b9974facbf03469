//! Who is told what about whom.

use wampwerk::ApplicationError;
use wampwerk::message::InvocationDetails;
use wampwerk::session::IncomingCall;

use super::{Kind, Place, application};

/// Runs them all.
pub(super) async fn all(place: &impl Place) {
    run! { place:
        callers,
        publishers,
        callees,
        the_whole_call,
    }
}

async fn who(details: InvocationDetails) -> Option<u64> {
    details.caller
}

async fn callers(place: &impl Place) {
    let (callee, caller) = (place.session().await, place.session().await);
    callee.register("com.example.who", who).await.unwrap();
    callee.register("com.example.who.asks", who).disclose_caller().await.unwrap();
    let asked: Option<u64> =
        caller.call("com.example.who").disclose_me(true).value().await.unwrap();
    assert_eq!(asked, Some(caller.id()));
    let asked: Option<u64> = caller.call("com.example.who.asks").value().await.unwrap();
    assert_eq!(asked, Some(caller.id()));
    let not_asked: Option<u64> = caller.call("com.example.who").value().await.unwrap();
    // Crossbar does as its settings say, whatever is asked for.
    assert_eq!(not_asked.is_some(), place.router() == Kind::Crossbar);
}

async fn publishers(place: &impl Place) {
    let (publisher, subscriber) = (place.session().await, place.session().await);
    let mut events = subscriber.subscribe("com.example.who").await.unwrap();
    publisher.publish("com.example.who").disclose_me(true).await.unwrap();
    publisher.publish("com.example.who").await.unwrap();
    let event = events.next().await.unwrap().unwrap();
    assert_eq!(event.details.publisher, Some(publisher.id()));
    let event = events.next().await.unwrap().unwrap();
    assert_eq!(event.details.publisher.is_some(), place.router() == Kind::Crossbar);
    assert_eq!(event.topic, "com.example.who");
}

async fn callees(place: &impl Place) {
    let (callee, caller) = (place.session().await, place.session().await);
    let fail = |wrong: bool| async move {
        if wrong { Err(ApplicationError::new("com.example.error.wrong")) } else { Ok(()) }
    };
    callee.register("com.example.answers", fail).await.unwrap();
    let reply = caller.call("com.example.answers").args((false,)).await.unwrap();
    let error = caller.call("com.example.answers").args((true,)).await.unwrap_err();
    let error = application(error);
    assert_eq!(error.uri, "com.example.error.wrong");
    // Routers tell it as they are set; but nothing wrong.
    let told = [reply.details.callee, error.callee()];
    assert!(told.into_iter().flatten().all(|told| told == callee.id()), "{told:?}");
    if told[1].is_some() {
        assert_eq!(error.callee_authid(), callee.authid());
        assert_eq!(error.callee_authrole(), callee.authrole());
    } else {
        assert_eq!(error.details, wampwerk::Dict::new());
    }
    // An error of the router names none.
    let error = application(caller.call("com.example.answers.not").await.unwrap_err());
    assert_eq!((error.callee(), error.details), (None, wampwerk::Dict::new()));
}

async fn the_whole_call(place: &impl Place) {
    let (callee, caller) = (place.session().await, place.session().await);
    let whole = |call: IncomingCall| async move {
        assert!(!call.progress().is_wanted());
        let values = call.payload.to_values().map_err(ApplicationError::runtime)?;
        Ok::<_, ApplicationError>((call.procedure.to_string(), values.0.len(), values.1.len()))
    };
    callee.register("com.example.whole", whole).await.unwrap();
    let call = caller.call("com.example.whole").args((1, 2));
    let call = call.kwargs(std::collections::BTreeMap::from([("three", 3)]));
    let (procedure, args, kwargs): (String, usize, usize) = call.value().await.unwrap();
    assert_eq!((&*procedure, args, kwargs), ("com.example.whole", 2, 1));
}
