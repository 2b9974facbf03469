//! `wampwerk call`: calls a procedure and prints its result.

use std::time::Duration;

use clap::Args;
use wampwerk::Uri;

use crate::connection::Connection;
use crate::failure::Outcome;
use crate::output::warn;
use crate::values::{self, Arguments};

/// Options of `wampwerk call`.
#[derive(Args, Debug)]
pub(crate) struct Call {
    /// Procedure
    #[arg(value_parser = crate::uris::exact)]
    uri: Uri,
    #[command(flatten)]
    arguments: Arguments,
    /// Maximum time for the result, or between progressive results
    #[arg(long, value_name = "TIME", value_parser = values::duration)]
    timeout: Option<Duration>,
    /// Ask for progressive results, and print each when it comes
    #[arg(long)]
    progress: bool,
    /// Disclose the caller's identity to the callee
    #[arg(long)]
    disclose_me: bool,
    #[command(flatten)]
    connection: Connection,
}

pub(crate) async fn run(options: Call) -> Outcome {
    let payload = options.arguments.read()?;
    let output = options.connection.output();
    let connection = options.connection.clone();
    connection
        .run(|session| async move {
            let mut request = session.call(&options.uri).payload(payload);
            if let Some(timeout) = options.timeout {
                request = request.timeout(timeout);
            }
            if options.disclose_me {
                request = request.disclose_me(true);
            }
            if !options.progress {
                return output.values(&request.await?.payload);
            }
            let mut call = request.start().await?;
            while let Some(result) = call.next().await {
                match result {
                    Ok(reply) => output.values(&reply.payload)?,
                    Err(lagged) => warn(lagged),
                }
            }
            output.values(&call.result().await?.payload)
        })
        .await
}
