//! `wampwerk publish`: publishes an event and waits until the router has accepted it.

use clap::Args;
use wampwerk::{Dict, Uri};

use crate::connection::Connection;
use crate::failure::Outcome;
use crate::values::Arguments;

/// Options of `wampwerk publish`.
#[derive(Args, Debug)]
pub(crate) struct Publish {
    /// Topic
    #[arg(value_parser = crate::uris::exact)]
    uri: Uri,
    #[command(flatten)]
    arguments: Arguments,
    /// Keep the event for later subscribers, until the next one
    #[arg(long)]
    retain: bool,
    /// Disclose the publisher's identity to the subscribers
    #[arg(long)]
    disclose_me: bool,
    /// Session that may receive the event, by its id; may be given several times [default: all]
    #[arg(long, value_name = "SESSION")]
    eligible: Vec<u64>,
    /// Role that may receive the event; may be given several times [default: all]
    #[arg(long, value_name = "ROLE")]
    eligible_role: Vec<String>,
    /// Session that does not receive the event; may be given several times
    #[arg(long, value_name = "SESSION")]
    exclude: Vec<u64>,
    #[command(flatten)]
    connection: Connection,
}

pub(crate) async fn run(options: Publish) -> Outcome {
    let payload = options.arguments.read()?;
    let output = options.connection.output();
    let connection = options.connection.clone();
    connection
        .run(|session| async move {
            let mut request = session.publish(&options.uri).payload(payload);
            if options.retain {
                request = request.retain();
            }
            if options.disclose_me {
                request = request.disclose_me(true);
            }
            if !options.eligible.is_empty() {
                request = request.eligible(options.eligible);
            }
            if !options.eligible_role.is_empty() {
                request = request.eligible_authrole(options.eligible_role);
            }
            if !options.exclude.is_empty() {
                request = request.exclude(options.exclude);
            }
            let publication = request.acknowledge().await?;
            let record =
                Dict::new().with("topic", options.uri.as_str()).with("publication", publication);
            output.line(format_args!("published {} as {publication}", options.uri), &record)
        })
        .await
}
