//! `?` in procedures and event handlers: which error a caller gets for each error of this crate, of the
//! standard library, and of `anyhow`.

use std::io;
use std::sync::Arc;

use wampwerk::component::BoxError;
use wampwerk::error::{
    CallError, Cause, ConfigError, DecodeError, EncodeError, Error, ProgressError, RegisterError,
};
use wampwerk::session::Procedures;
use wampwerk::{ApplicationError, Session, Uri};

use crate::common::router;

/// Asks another procedure; the error is converted by `?` alone.
async fn ask<E: From<CallError>>(session: Session) -> Result<String, E> {
    Ok(session.call("com.example.inner").value().await?)
}

/// The pattern of the documentation.
fn passed_on(error: anyhow::Error) -> ApplicationError {
    match error.downcast::<CallError>() {
        Ok(error) => error.into(),
        Err(error) => ApplicationError::runtime(format!("{error:#}")),
    }
}

async fn ask_in_context(session: Session) -> anyhow::Result<String> {
    use anyhow::Context;
    let text: String = session.call("com.example.inner").value().await.context("cannot ask")?;
    Ok(text.parse::<u8>().context("not a number")?.to_string())
}

#[tokio::test]
async fn question_mark_on_a_call_inside_a_procedure() {
    let router = router();
    let session = router.connect("realm1").await.unwrap();
    let callee = router.connect("realm1").await.unwrap();
    let (one, two, three, four) =
        (session.clone(), session.clone(), session.clone(), session.clone());
    let procedures = Procedures::new()
        .add("own", move || ask::<ApplicationError>(one.clone()))
        .add("any", move || ask::<Error>(two.clone()))
        .add("boxed", move || ask::<BoxError>(three.clone()))
        .add("anyhow", move || {
            let asked = ask_in_context(four.clone());
            async { asked.await.map_err(passed_on) }
        });
    session.register_all("com.example.", procedures).await.unwrap();
    let refused = ApplicationError::new("com.example.error.full").arg(17).kwarg("limit", 10);
    let error = refused.clone();
    let fail = move || std::future::ready(Err::<(), _>(error.clone()));
    let inner = callee.register("com.example.inner", fail).await.unwrap();
    for name in ["own", "any", "boxed", "anyhow"] {
        let error = session.call(format!("com.example.{name}")).await.unwrap_err();
        assert_eq!(error.application(), Some(&refused), "{name}");
    }
    inner.unregister().await.unwrap();
    // What no peer has said has a text.
    callee.register("com.example.inner", || async { vec!["a list"] }).await.unwrap();
    for name in ["own", "any", "boxed", "anyhow"] {
        let error = session.call(format!("com.example.{name}")).await.unwrap_err();
        let error = error.application().unwrap();
        assert_eq!(error.uri, Uri::RUNTIME_ERROR, "{name}");
        assert!(error.to_string().contains("the result of com.example.inner"), "{error}");
    }
}

#[test]
fn each_error_of_the_crate_becomes_one_for_the_caller() {
    let refused = ApplicationError::new("com.example.error.full").arg(1);
    let same: [BoxError; 6] = [
        refused.clone().into(),
        CallError::Application(refused.clone()).into(),
        RegisterError::Application(refused.clone()).into(),
        ProgressError::Application(refused.clone()).into(),
        Error::Call(CallError::Application(refused.clone())).into(),
        Error::Progress(ProgressError::Application(refused.clone())).into(),
    ];
    for error in same {
        let text = format!("{error:?}");
        assert_eq!(Cause::new(error).to_application(), refused, "{text}");
    }
    let others: [(BoxError, &str); 7] = [
        (DecodeError::new("a").into(), Uri::INVALID_ARGUMENT),
        (Error::Decode(DecodeError::new("a")).into(), Uri::INVALID_ARGUMENT),
        (EncodeError::new("a").into(), Uri::INVALID_PAYLOAD),
        (Uri::parse("a..b").unwrap_err().into(), Uri::INVALID_URI),
        (ProgressError::Ended.into(), Uri::CANCELED),
        (io::Error::other("no disk").into(), Uri::RUNTIME_ERROR),
        ("a text".into(), Uri::RUNTIME_ERROR),
    ];
    for (error, uri) in others {
        let text = error.to_string();
        assert_eq!(ApplicationError::from(error).uri, uri, "{text}");
    }
    assert_eq!(ApplicationError::from(io::Error::other("no disk")).args, ["no disk".into()]);
    assert_eq!(ApplicationError::from(Cause::from("a text")).args, ["a text".into()]);
}

/// `?` alone: each of these compiles.
#[allow(dead_code, reason = "it is only compiled")]
async fn question_marks(session: Session) -> Result<(), ApplicationError> {
    let other = wampwerk::connect("ws://127.0.0.1:8080/ws", "realm1").await?;
    other.publish("com.example.topic").acknowledge().await?;
    let mut events = session.subscribe("com.example.topic").await?;
    if let Some(event) = events.next().await {
        event?.decode::<String>()?;
    }
    session.register("com.example.procedure", || async {}).await?.unregister().await?;
    session.register_all("com.example.", Procedures::new()).await?;
    let refused: Result<(), Arc<wampwerk::error::CloseReason>> = Err(session.closed().await);
    refused?;
    Err::<(), ConfigError>(ConfigError::new("a", "b"))?;
    std::fs::read_to_string("/a")?;
    "5".parse::<u8>().map_err(ApplicationError::runtime)?;
    Ok(())
}
