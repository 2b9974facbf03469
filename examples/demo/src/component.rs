//! The native component, with which the page communicates.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use wampwerk::error::CallError;
use wampwerk::message::EventDetails;
use wampwerk::session::{Kwargs, Progress, Reply};
use wampwerk::{ApplicationError, Dict, Error, Payload, Session, Value};

/// Sender of a chat message. The component does not answer other components: two of them would answer
/// each other for ever.
#[derive(Deserialize, Serialize)]
struct Sender {
    from: Option<String>,
}

/// Registers `demo.add`, `demo.echo`, `demo.time`, `demo.count`, `demo.fail` and `demo.callback`,
/// publishes `demo.tick` and `demo.load` every second, and answers on `demo.chat`.
pub(crate) async fn start(session: &Session) -> Result<(), Error> {
    let calls = Arc::new(AtomicU64::new(0));

    let counter = Arc::clone(&calls);
    session
        .register("demo.add", move |a: f64, b: f64| {
            counter.fetch_add(1, Ordering::Relaxed);
            async move { a + b }
        })
        .await?;

    let counter = Arc::clone(&calls);
    session
        .register("demo.echo", move |everything: Payload| {
            counter.fetch_add(1, Ordering::Relaxed);
            async move { everything }
        })
        .await?;

    session.register("demo.time", || async { timestamp() }).await?;

    // A caller that gives up ends it wherever it waits.
    session
        .register("demo.count", |to: u32, progress: Progress| async move {
            for n in 1..to {
                if progress.is_wanted() {
                    progress.send((n,)).await.map_err(ApplicationError::runtime)?;
                }
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            Ok::<_, ApplicationError>(to)
        })
        .await?;

    session
        .register("demo.fail", |text: Option<String>| async move {
            let error = ApplicationError::new("demo.error.refused").kwarg("retry", false);
            Err::<(), _>(match text {
                Some(text) => error.arg(text),
                None => error,
            })
        })
        .await?;

    let caller = session.clone();
    session
        .register("demo.callback", move |procedure: String, args: Option<Vec<Value>>| {
            let call = caller.call(procedure).args(args.unwrap_or_default());
            async move {
                let reply = call.await.map_err(|error| match error {
                    CallError::Application(error) => error,
                    other => ApplicationError::runtime(other),
                })?;
                let args: Vec<Value> = reply.args().map_err(ApplicationError::runtime)?;
                let kwargs: Dict = reply.kwargs().map_err(ApplicationError::runtime)?;
                Ok::<_, ApplicationError>(Reply::args(args).kwargs(kwargs))
            }
        })
        .await?;

    let publisher = session.clone();
    session
        .subscribe_with(
            "demo.chat",
            move |text: String, Kwargs(sender): Kwargs<Sender>, _: EventDetails| {
                let answer = publisher
                    .publish("demo.chat")
                    .args((format!("You said: {text}"),))
                    .kwargs(Sender { from: Some("component".to_owned()) });
                async move {
                    // The session's end is noticed elsewhere.
                    if sender.from.as_deref() != Some("component") {
                        let _ = answer.await;
                    }
                }
            },
        )
        .await?;

    tokio::spawn(tick(session.clone(), calls));
    Ok(())
}

/// Publishes once a second, until the session ends.
async fn tick(session: Session, calls: Arc<AtomicU64>) {
    #[derive(Serialize)]
    struct Tick {
        time: String,
    }

    #[derive(Serialize)]
    struct Load {
        calls_per_second: u64,
        calls: u64,
    }

    let mut second = tokio::time::interval(Duration::from_secs(1));
    let mut before = 0;
    for n in 0_u64.. {
        second.tick().await;
        let calls = calls.load(Ordering::Relaxed);
        let load = Load { calls_per_second: calls - before, calls };
        before = calls;
        let tick = session.publish("demo.tick").args((n,)).kwargs(Tick { time: timestamp() });
        if tick.await.is_err() || session.publish("demo.load").kwargs(load).await.is_err() {
            return;
        }
    }
}

/// The time in UTC, as in `2026-11-22T16:40:01.042Z`.
fn timestamp() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let (seconds, millis) = (now.as_secs(), now.subsec_millis());
    let (year, month, day) = date(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

/// Year, month and day of a day since 1970.
fn date(mut day: u64) -> (u64, usize, u64) {
    let is_leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    let mut year = 1970;
    while day >= 365 + u64::from(is_leap(year)) {
        day -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let february = 28 + u64::from(is_leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if day < length {
            break;
        }
        day -= length;
        month += 1;
    }
    (year, month, day + 1)
}

#[cfg(test)]
mod tests {
    use super::date;

    #[test]
    fn days_have_dates() {
        assert_eq!(date(0), (1970, 1, 1));
        assert_eq!(date(11_016), (2000, 2, 29));
        assert_eq!(date(20_779), (2026, 11, 22));
        assert_eq!(date(20_819), (2027, 1, 1));
    }
}
