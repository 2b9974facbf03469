//! `wampwerk subscribe`: prints the events of a topic.

use clap::Args;
use wampwerk::Session;
use wampwerk::session::Subscription;

use crate::connection::Connection;
use crate::failure::{Failure, Kind, Outcome};
use crate::output::{Output, warn};
use crate::uris::Target;

/// Options of `wampwerk subscribe`.
#[derive(Args, Debug)]
pub(crate) struct Subscribe {
    #[command(flatten)]
    target: Target,
    /// Print the retained events first
    #[arg(long)]
    retained: bool,
    /// Print up to this number of past events first, if the router keeps a history of the topic
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    history: u64,
    /// End after this number of events; those of --history do not count [default: at Ctrl-C]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    #[command(flatten)]
    connection: Connection,
}

pub(crate) async fn run(options: Subscribe) -> Outcome {
    let pattern = options.target.pattern()?;
    let output = options.connection.output();
    let connection = options.connection.clone();
    connection
        .run_until_interrupted(|session| async move {
            let mut request = session.subscribe(&pattern);
            if options.retained {
                request = request.get_retained();
            }
            let mut events = request.await?;
            output.note(format_args!("subscribed to {pattern}"));
            if options.history > 0 {
                print_history(&session, &events, options.history, output).await?;
            }
            print_events(&session, &mut events, options.count, output).await
        })
        .await
}

async fn print_events(
    session: &Session,
    events: &mut Subscription,
    count: Option<u64>,
    output: Output,
) -> Outcome {
    let mut seen = 0;
    while count.is_none_or(|count| seen < count) {
        match events.next().await {
            Some(Ok(event)) => {
                seen += 1;
                output.event(&event.topic, event.publication, &event.details, &event.payload)?;
            }
            Some(Err(lagged)) => warn(lagged),
            None => return Err(ended(session, events).await),
        }
    }
    Ok(())
}

/// Prints the past events, the oldest first.
async fn print_history(
    session: &Session,
    events: &Subscription,
    limit: u64,
    output: Output,
) -> Outcome {
    let past = session.meta().events(events.id()).limit(limit).reverse(true).await?;
    past.into_iter().rev().try_for_each(|past| {
        let topic = past.details.topic.as_ref().unwrap_or(events.topic());
        output.event(topic, past.publication, &past.details, &past.payload)
    })
}

/// The failure of a stream that has ended: with the session, or by the router alone.
async fn ended(session: &Session, events: &Subscription) -> Failure {
    match events.close_reason() {
        Some(_) => Failure::lost(session.closed().await.as_ref()),
        None => Failure::new(Kind::Lost, "the router has ended the subscription"),
    }
}
