//! `wampwerk ping`: measures the time of requests to the router and back.

use std::time::{Duration, Instant};

use clap::Args;
use wampwerk::error::CallError;
use wampwerk::{Dict, Session};

use crate::connection::Connection;
use crate::failure::{Failure, Kind, Outcome};
use crate::output::Output;
use crate::values;

/// The procedure that is called: the router itself answers it, be it by an error.
const PROCEDURE: &str = "wamp.session.count";

/// Options of `wampwerk ping`.
#[derive(Args, Debug)]
pub(crate) struct Ping {
    /// Number of requests
    #[arg(short, long, value_name = "NUMBER", default_value_t = 5)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    count: u32,
    /// Pause between the requests
    #[arg(long, value_name = "TIME", default_value = "200ms", value_parser = values::duration)]
    interval: Duration,
    /// Maximum time for an answer
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = values::duration)]
    timeout: Duration,
    #[command(flatten)]
    connection: Connection,
}

pub(crate) async fn run(options: Ping) -> Outcome {
    let output = options.connection.output();
    let connection = options.connection.clone();
    let start = Instant::now();
    connection
        .run(|session| async move {
            let joined = start.elapsed();
            output.note(format_args!(
                "joined {} as session {} in {} over {} with {}",
                session.realm(),
                session.id(),
                milliseconds(joined),
                session.transport().kind,
                session.serializer().as_str(),
            ));
            let mut times = Vec::new();
            for number in 1..=options.count {
                if number > 1 {
                    tokio::time::sleep(options.interval).await;
                }
                times.push(round_trip(&session, options.timeout, number, output).await?);
            }
            summary(&times, joined, output)
        })
        .await
}

async fn round_trip(
    session: &Session,
    timeout: Duration,
    number: u32,
    output: Output,
) -> Outcome<Duration> {
    let start = Instant::now();
    match session.call(PROCEDURE).timeout(timeout).await {
        // Routers without this procedure, or that do not allow it, answer as fast.
        Ok(_) | Err(CallError::Application(_)) => {}
        Err(CallError::Timeout { limit, .. }) => {
            return Err(Failure::new(Kind::Timeout, format_args!("no answer within {limit:?}")));
        }
        Err(error) => return Err(error.into()),
    }
    let time = start.elapsed();
    output.note(format_args!("{number}: {}", milliseconds(time)));
    Ok(time)
}

fn summary(times: &[Duration], joined: Duration, output: Output) -> Outcome {
    let count = times.len();
    let sum: Duration = times.iter().sum();
    let average = sum / u32::try_from(count.max(1)).unwrap_or(u32::MAX);
    let minimum = times.iter().min().copied().unwrap_or_default();
    let maximum = times.iter().max().copied().unwrap_or_default();
    let record = Dict::new()
        .with("count", count as u64)
        .with("join_ms", to_milliseconds(joined))
        .with("min_ms", to_milliseconds(minimum))
        .with("avg_ms", to_milliseconds(average))
        .with("max_ms", to_milliseconds(maximum));
    output.line(
        format_args!(
            "{count} answers: minimum {}, average {}, maximum {}",
            milliseconds(minimum),
            milliseconds(average),
            milliseconds(maximum)
        ),
        &record,
    )
}

fn milliseconds(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1000.0)
}

/// Rounded to a thousandth.
fn to_milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1000.0
}
