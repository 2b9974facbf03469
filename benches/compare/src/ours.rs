//! wampwerk through its own router.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use tokio::task::JoinSet;
use wampwerk::session::Progress;
use wampwerk::uri::Pattern;
use wampwerk::{ApplicationError, Router, Serializer, Session};

use crate::clients::Cell;
use crate::measure::{Error, Meter, Sample, Window};
use crate::plan::{PROCEDURE, PROGRESS, REALM, TOPIC, Work};

/// Starts the router on free ports and at `path`; the URLs of WebSocket, of RawSocket on TCP, and on
/// the unix socket. It listens as long as it lives.
pub(crate) async fn listen(path: &Path) -> Result<(Router, [String; 3]), Error> {
    let router = Router::builder().realm(REALM).build()?;
    let unix = format!("rs://unix:{}", path.to_str().ok_or("no text")?);
    let websocket = router.listen("ws://127.0.0.1:0/ws").await?;
    let tcp = router.listen("rs://127.0.0.1:0").await?;
    let unix = router.listen(&unix).await?;
    let urls = [websocket, tcp, unix].map(|listener| listener.url().to_owned());
    Ok((router, urls))
}

/// Runs one cell.
pub(crate) async fn run(cell: &Cell) -> Result<Sample, Error> {
    let (work, router) = (cell.work, cell.address.as_str());
    let meter = Arc::new(Meter::default());
    let mut tasks = JoinSet::new();
    let mut sessions = Vec::new();
    let text = "x".repeat(work.size());
    match work {
        Work::Calls { in_flight } => {
            let callee = join(router).await?;
            callee
                .register(PROCEDURE, |text: String| async move { Ok::<_, ApplicationError>(text) })
                .await?;
            let caller = join(router).await?;
            for _ in 0..in_flight {
                let (caller, meter, text) = (caller.clone(), meter.clone(), text.clone());
                tasks.spawn(async move {
                    while !meter.stopped() {
                        let started = (in_flight == 1).then(Instant::now);
                        let got: String =
                            caller.call(PROCEDURE).args((text.as_str(),)).value().await?;
                        check(&got, &text)?;
                        match started {
                            Some(started) => meter.count_timed(started.elapsed()),
                            None => meter.count(1),
                        }
                    }
                    Ok(())
                });
            }
            sessions.extend([callee, caller]);
        }
        Work::Progress => {
            let callee = join(router).await?;
            let part = text.clone();
            let procedure = move |progress: Progress| {
                let part = part.clone();
                async move {
                    for _ in 0..PROGRESS {
                        if progress.send((part.as_str(),)).await.is_err() {
                            break;
                        }
                    }
                }
            };
            callee.register(PROCEDURE, procedure).await?;
            let caller = join(router).await?;
            for _ in 0..4 {
                let (caller, meter, text) = (caller.clone(), meter.clone(), text.clone());
                tasks.spawn(async move {
                    while !meter.stopped() {
                        let mut call = caller.call(PROCEDURE).start().await?;
                        let mut results = 0;
                        while let Some(result) = call.next().await {
                            check(&result?.decode::<String>()?, &text)?;
                            results += 1;
                            meter.count(1);
                        }
                        call.result().await?;
                        if results != PROGRESS {
                            return Err(format!("{results} results of {PROGRESS}").into());
                        }
                    }
                    Ok(())
                });
            }
            sessions.extend([callee, caller]);
        }
        Work::Wildcard { others } => {
            let window = Arc::new(Window::new(1));
            let subscriber = join(router).await?;
            let mut handles = Vec::new();
            for number in 0..others {
                let pattern = format!("com.example..other{number}");
                handles.push(subscriber.subscribe(Pattern::wildcard(pattern)).await?);
            }
            let mut events = subscriber.subscribe(Pattern::wildcard("com..note")).await?;
            let (arrived, counted, expected) = (window.clone(), meter.clone(), text.clone());
            tasks.spawn(async move {
                while let Some(event) = events.next().await {
                    check(&event?.decode::<String>()?, &expected)?;
                    arrived.arrived(0);
                    counted.count(1);
                }
                drop(handles);
                Err("a subscription ended".into())
            });
            let publisher = join(router).await?;
            sessions.extend([subscriber, publisher.clone()]);
            tasks.spawn(async move {
                loop {
                    for _ in 0..window.room().await {
                        publisher.publish(TOPIC).args((text.as_str(),)).await?;
                        window.sent();
                    }
                }
            });
        }
        Work::Events { subscribers, .. } => {
            let window = Arc::new(Window::new(subscribers));
            for number in 0..subscribers {
                let subscriber = join(router).await?;
                let mut events = subscriber.subscribe(TOPIC).await?;
                let (window, meter, text) = (window.clone(), meter.clone(), text.clone());
                tasks.spawn(async move {
                    while let Some(event) = events.next().await {
                        let got: String = event?.decode()?;
                        check(&got, &text)?;
                        window.arrived(number);
                        meter.count(1);
                    }
                    Err("a subscription ended".into())
                });
                sessions.push(subscriber);
            }
            let publisher = join(router).await?;
            sessions.push(publisher.clone());
            tasks.spawn(async move {
                loop {
                    for _ in 0..window.room().await {
                        publisher.publish(TOPIC).args((text.as_str(),)).await?;
                        window.sent();
                    }
                }
            });
        }
    }
    let sample = meter.run(cell, &mut tasks).await?;
    for session in sessions {
        session.leave().await;
    }
    Ok(sample)
}

async fn join(router: &str) -> Result<Session, Error> {
    Ok(wampwerk::connect(router, REALM).serializers(&[Serializer::MsgPack]).await?)
}

fn check(got: &str, text: &str) -> Result<(), Error> {
    if got.len() == text.len() { Ok(()) } else { Err(format!("got {got:?}").into()) }
}
