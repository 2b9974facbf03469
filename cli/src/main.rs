//! The program `wampwerk`: calls, events, procedures and a router on the command line.

mod access;
mod bench;
mod call;
mod completions;
mod connection;
mod context;
mod contexts;
mod failure;
mod files;
mod interrupt;
mod keygen;
mod listeners;
mod meta;
mod output;
mod ping;
mod process;
mod publish;
mod register;
mod router;
mod router_config;
mod subscribe;
mod uris;
mod values;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use failure::{EXIT_CODES, Failure, Outcome};

/// Command line for WAMP: remote procedure calls and events over a router
#[derive(Parser, Debug)]
#[command(name = "wampwerk", version, after_help = EXIT_CODES)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Call a procedure and print its result
    Call(call::Call),
    /// Publish an event
    Publish(publish::Publish),
    /// Print the events of a topic, until Ctrl-C
    Subscribe(subscribe::Subscribe),
    /// Register a procedure, until Ctrl-C
    Register(register::Register),
    /// Measure the time to the router and back
    Ping(ping::Ping),
    /// Run a router, until Ctrl-C
    Router(Box<router::RouterOptions>),
    /// Ask the router about sessions, procedures and topics, and end sessions
    #[command(subcommand)]
    Meta(meta::Meta),
    /// Measure calls, events or connections at a router
    #[command(subcommand)]
    Bench(bench::Bench),
    /// Keep routers and logins by name
    #[command(subcommand)]
    Context(context::Context),
    /// Generate keys, credentials and certificates
    #[command(subcommand)]
    Keygen(keygen::Keygen),
    /// Print the completions of a shell
    Completions(completions::Completions),
}

fn main() -> ExitCode {
    let command = match CommandLine::try_parse() {
        Ok(CommandLine { command }) => command,
        Err(error) => return explain(&error),
    };
    match start(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::complain(&failure);
            ExitCode::from(failure.kind as u8)
        }
    }
}

fn start(command: Command) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(run(command));
    // A thread that reads the standard input would keep the program.
    runtime.shutdown_background();
    outcome
}

async fn run(command: Command) -> Outcome {
    match command {
        Command::Call(options) => call::run(options).await,
        Command::Publish(options) => publish::run(options).await,
        Command::Subscribe(options) => subscribe::run(options).await,
        Command::Register(options) => register::run(options).await,
        Command::Ping(options) => ping::run(options).await,
        Command::Router(options) => router::run(*options).await,
        Command::Meta(command) => meta::run(command).await,
        Command::Bench(command) => bench::run(command).await,
        Command::Context(command) => context::run(command),
        Command::Keygen(command) => keygen::run(command),
        Command::Completions(options) => completions::run(&options),
    }
}

/// Prints the help or the version, or the one line of a wrong argument.
fn explain(error: &clap::Error) -> ExitCode {
    use clap::error::ErrorKind;
    let is_help = matches!(
        error.kind(),
        ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    );
    if is_help {
        // The help may go to a pipe that nobody reads.
        let _ = error.print();
        return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
    }
    let text = error.to_string();
    let first = text.split("\n\nUsage:").next().unwrap_or(&text);
    let first = first.strip_prefix("error: ").unwrap_or(first);
    output::complain(&Failure::usage(first));
    ExitCode::from(2)
}
