//! wamp_async through our router, used as its examples use it.
//!
//! Its event loop runs as a task. Its handlers' futures are awaited where they are taken from the
//! queue, not spawned one by one as in its example: they never wait here, and it is faster so.

use std::sync::Arc;
use std::time::Instant;

use serde_json::Value;
use tokio::task::JoinSet;
use wamp_async::{Client, ClientConfig, SerializerType, WampArgs};

use crate::clients::Cell;
use crate::measure::{Error, Meter, Sample, Window};
use crate::plan::{PROCEDURE, REALM, TOPIC, Work};

type Tasks = JoinSet<Result<(), Error>>;

/// Runs one cell.
pub async fn run(cell: &Cell) -> Result<Sample, Error> {
    let (work, router) = (cell.work, cell.address.as_str());
    let meter = Arc::new(Meter::default());
    let mut tasks = JoinSet::new();
    let text = "x".repeat(work.size());
    match work {
        Work::Calls { in_flight } => {
            let callee = join(router, &mut tasks).await?;
            callee.register(PROCEDURE, |args, _| async move { Ok((args, None)) }).await?;
            tasks.spawn(async move {
                std::future::pending::<()>().await;
                drop(callee);
                Ok(())
            });
            let caller = Arc::new(join(router, &mut tasks).await?);
            for _ in 0..in_flight {
                let (caller, meter, text) = (caller.clone(), meter.clone(), text.clone());
                tasks.spawn(async move {
                    while !meter.stopped() {
                        let started = (in_flight == 1).then(Instant::now);
                        let (args, _) = caller.call(PROCEDURE, args(&text), None).await?;
                        check(args, &text)?;
                        match started {
                            Some(started) => meter.count_timed(started.elapsed()),
                            None => meter.count(1),
                        }
                    }
                    Ok(())
                });
            }
        }
        Work::Progress | Work::Wildcard { .. } => return Err("the peer cannot do that".into()),
        Work::Events { subscribers, .. } => {
            let window = Arc::new(Window::new(subscribers));
            for number in 0..subscribers {
                let subscriber = join(router, &mut tasks).await?;
                let (_, mut events) = subscriber.subscribe(TOPIC).await?;
                let (window, meter, text) = (window.clone(), meter.clone(), text.clone());
                tasks.spawn(async move {
                    while let Some((_, args, _)) = events.recv().await {
                        check(args, &text)?;
                        window.arrived(number);
                        meter.count(1);
                    }
                    drop(subscriber);
                    Ok(())
                });
            }
            let publisher = join(router, &mut tasks).await?;
            tasks.spawn(async move {
                loop {
                    for _ in 0..window.room().await {
                        publisher.publish(TOPIC, args(&text), None, false).await?;
                        window.sent();
                    }
                }
            });
        }
    }
    meter.run(cell, &mut tasks).await
}

async fn join(router: &str, tasks: &mut Tasks) -> Result<Client<'static>, Error> {
    let config = ClientConfig::default().set_serializers(vec![SerializerType::MsgPack]);
    let (mut client, (event_loop, handlers)) = Client::connect(router, Some(config)).await?;
    tasks.spawn(async move { Ok(event_loop.await?) });
    let mut handlers = handlers.ok_or("no queue of handlers")?;
    tasks.spawn(async move {
        while let Some(handler) = handlers.recv().await {
            handler.await?;
        }
        Ok(())
    });
    client.join_realm(REALM).await?;
    Ok(client)
}

fn args(text: &str) -> Option<WampArgs> {
    Some(vec![Value::String(text.to_owned())])
}

fn check(args: Option<WampArgs>, text: &str) -> Result<(), Error> {
    match args.as_deref() {
        Some([Value::String(got)]) if got.len() == text.len() => Ok(()),
        other => Err(format!("got {other:?}").into()),
    }
}
