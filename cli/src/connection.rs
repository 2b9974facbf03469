//! Connects commands to a router: by the options of the command line, and by a context for those that are not given.

use std::time::Duration;

use clap::Args;
use wampwerk::session::{Connect, Session};

use crate::access::Access;
use crate::contexts::Contexts;
use crate::failure::{Failure, Kind, Outcome};
use crate::interrupt::Interrupt;
use crate::output::{Format, Output};
use crate::values;

/// Options of every command that connects to a router.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Connection")]
pub(crate) struct Connection {
    /// Context with the options that are not given; see `wampwerk context` [default: the one in use, without --url]
    #[arg(long, env = "WAMPWERK_CONTEXT", hide_env_values = true, value_name = "NAME")]
    context: Option<String>,
    #[command(flatten)]
    access: Access,
    /// Maximum time for connecting and joining
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = values::duration)]
    connect_timeout: Duration,
    /// Show each message on the standard error, without secrets
    #[arg(long)]
    trace: bool,
    /// Form of the output
    #[arg(short, long, value_name = "FORM", default_value = "text")]
    output: Format,
}

impl Connection {
    /// Returns where the results go.
    pub(crate) fn output(&self) -> Output {
        Output::new(self.output)
    }

    /// Connects, runs the body, and leaves with GOODBYE, also when it fails or the user interrupts it.
    pub(crate) async fn run<F, Fut>(&self, body: F) -> Outcome
    where
        F: FnOnce(Session) -> Fut,
        Fut: Future<Output = Outcome>,
    {
        let request = self.request()?;
        self.start_trace();
        let mut interrupt = Interrupt::new()?;
        let session = tokio::select! {
            session = request => session?,
            () = interrupt.wait() => return Err(Failure::interrupted()),
        };
        let outcome = tokio::select! {
            outcome = body(session.clone()) => outcome,
            () = interrupt.wait() => Err(Failure::interrupted()),
        };
        session.leave().await;
        outcome
    }

    /// As [`run`](Self::run), for commands that the user ends: an interruption is their success, the end of the
    /// session a failure.
    pub(crate) async fn run_until_interrupted<F, Fut>(&self, body: F) -> Outcome
    where
        F: FnOnce(Session) -> Fut,
        Fut: Future<Output = Outcome>,
    {
        let outcome = self.run(body).await;
        match outcome {
            Err(failure) if failure.kind == Kind::Interrupted => Ok(()),
            other => other,
        }
    }

    /// Puts the connection together.
    pub(crate) fn request(&self) -> Outcome<Connect<'static>> {
        let access = self.access.clone();
        let access = match &self.context {
            Some(name) => access.or(Contexts::load()?.get(name)?.clone()),
            // The login of a context is not for the router of another URL.
            None if access.url.is_some() => access,
            None => match Contexts::load()?.current() {
                Some(context) => access.or(context.clone()),
                None => access,
            },
        };
        access.check()?;
        Ok(access.request()?.timeout(self.connect_timeout))
    }

    /// Shows the library's log of messages, whose texts omit what proves an identity.
    pub(crate) fn start_trace(&self) {
        use tracing_subscriber::filter::{LevelFilter, Targets};
        use tracing_subscriber::layer::SubscriberExt;
        use tracing_subscriber::util::SubscriberInitExt;

        if self.trace {
            let messages = Targets::new().with_target("wampwerk::message", LevelFilter::TRACE);
            let lines = tracing_subscriber::fmt::layer()
                .with_writer(std::io::stderr)
                .with_ansi(false)
                .with_level(false)
                .with_target(false);
            tracing_subscriber::registry().with(lines).with(messages).init();
        }
    }
}
