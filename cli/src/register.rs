//! `wampwerk register`: registers a procedure that a program of the user answers, or an echo, or a fixed value.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use clap::{ArgGroup, Args};
use wampwerk::session::IncomingCall;
use wampwerk::{ApplicationError, Dict, List, Payload, Uri};

use crate::connection::Connection;
use crate::failure::{Failure, Kind, Outcome};
use crate::process::Program;
use crate::uris::Target;
use crate::values;

/// Options of `wampwerk register`.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("answer").required(true).args(["exec", "echo", "value"]))]
pub(crate) struct Register {
    #[command(flatten)]
    target: Target,
    /// Answer with the arguments of the call
    #[arg(long)]
    echo: bool,
    /// Answer with this value: JSON, @FILE with JSON, or - for JSON on the standard input
    #[arg(long, value_name = "VALUE", allow_hyphen_values = true)]
    value: Option<String>,
    /// Answer each call by a process: the command and its arguments; the last option of the line
    ///
    /// The process reads {"args": [...], "kwargs": {...}} from its standard input. What it writes to its standard
    /// output is the result: JSON, or otherwise a text. Another exit code than 0 is an error, with the end of what
    /// it wrote to the standard error.
    #[arg(long, value_name = "CMD", num_args = 1.., allow_hyphen_values = true)]
    exec: Vec<String>,
    /// The output of the process is a text, even if it is JSON
    #[arg(long, requires = "exec")]
    text: bool,
    /// Error of an exit code, such as 3=com.example.error.not_found; may be given several times
    #[arg(long = "error", value_name = "CODE=URI", requires = "exec", value_parser = error_code)]
    errors: Vec<(i32, Uri)>,
    /// Maximum number of processes at a time; further calls wait
    #[arg(long, value_name = "NUMBER", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=4096))]
    concurrency: u16,
    /// Maximum time of a process; then it is killed, and the call fails with wamp.error.timeout
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = values::duration)]
    time_limit: Duration,
    /// Maximum length of its output; then it is killed, and the call fails
    #[arg(long, value_name = "BYTES", default_value_t = 1 << 20, value_parser = clap::value_parser!(u32).range(1..))]
    output_limit: u32,
    #[command(flatten)]
    connection: Connection,
}

pub(crate) async fn run(options: Register) -> Outcome {
    let pattern = options.target.pattern()?;
    let output = options.connection.output();
    let answer = Arc::new(options.answer()?);
    let connection = options.connection.clone();
    connection
        .run_until_interrupted(|session| async move {
            let registration = session
                .register(&pattern, move |call: IncomingCall| {
                    let answer = Arc::clone(&answer);
                    async move { answer.of(call).await }
                })
                .await?;
            output.note(format_args!("registered {pattern}"));
            tokio::select! {
                reason = session.closed() => Err(Failure::lost(&reason)),
                _ = registration.ended() => match session.is_closed() {
                    true => Err(Failure::lost(session.closed().await.as_ref())),
                    false => Err(Failure::new(Kind::Lost, "the router has ended the registration")),
                },
            }
        })
        .await
}

/// What answers the calls.
enum Answer {
    Echo,
    Value(Payload),
    Process(Program),
}

impl Answer {
    async fn of(&self, call: IncomingCall) -> Result<Payload, ApplicationError> {
        match self {
            Answer::Echo => Ok(call.payload),
            Answer::Value(value) => Ok(value.clone()),
            Answer::Process(program) => program.answer(&call).await,
        }
    }
}

impl Register {
    fn answer(&self) -> Outcome<Answer> {
        if self.echo {
            return Ok(Answer::Echo);
        }
        if let Some(text) = &self.value {
            let value = values::value("--value", text)?;
            return Ok(Answer::Value(Payload::from_values(List::from([value]), Dict::new())));
        }
        let mut errors = HashMap::new();
        for (code, uri) in &self.errors {
            if errors.insert(*code, uri.clone()).is_some() {
                return Err(Failure::usage(format_args!("--error {code} is given twice")));
            }
        }
        let program = Program::new(&self.exec)?
            .errors(errors)
            .text(self.text)
            .concurrency(self.concurrency.into())
            .limits(self.time_limit, self.output_limit as usize);
        Ok(Answer::Process(program))
    }
}

/// Reads `CODE=URI`.
fn error_code(text: &str) -> Result<(i32, Uri), String> {
    let wrong = || "it must be CODE=URI, with a code of 1 to 255".to_owned();
    let (code, uri) = text.split_once('=').ok_or_else(wrong)?;
    let code = code.parse().ok().filter(|code| (1..=255).contains(code)).ok_or_else(wrong)?;
    Ok((code, crate::uris::exact(uri)?))
}
