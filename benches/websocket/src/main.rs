//! Our WebSocket beside other crates, in one run, as tables.
//!
//! Two threads with a current_thread runtime each: one has the servers, one the clients. Every round measures each
//! row with all contenders, one right after the other in an order that rotates, so that other load on the machine
//! affects all of them.

#![allow(clippy::unwrap_used, reason = "a thread that panicked ends the measurement")]

mod contenders;
mod engine;
mod frames;
mod measure;
mod server;
mod table;
mod work;

use std::process::ExitCode;
use std::time::Duration;

use contenders::Contender;
use measure::{Error, Results};
use server::Server;
use work::Work;

const USAGE: &str = "\
usage: wampwerk-websocket-bench [--quick] [--markdown] [--rounds N] [--time MS] [--row KEY]… [--column KEY]… [--no-frames]
  --quick       half a minute instead of about four
  --markdown    prints the tables as Markdown
  --rounds N    number of measurements of each cell
  --time MS     time of a measurement
  --row KEY     only this row, such as echo16x1, echo64x16, fanout, connect, json
  --column KEY  only this column: ours engine tungstenite tokio_websockets fastwebsockets yawc
  --no-frames   leaves out the rows without sockets";

struct Arguments {
    rounds: usize,
    time: Duration,
    works: Vec<Work>,
    contenders: Vec<Contender>,
    markdown: bool,
    frames: bool,
}

fn main() -> ExitCode {
    let arguments = match parse(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(error) => {
            eprintln!("{error}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match compare(&arguments) {
        Ok(failures) if failures.is_empty() => ExitCode::SUCCESS,
        Ok(failures) => {
            failures.iter().for_each(|failure| println!("failed: {failure}"));
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn parse(mut words: impl Iterator<Item = String>) -> Result<Arguments, Error> {
    let mut arguments = Arguments {
        rounds: 7,
        time: Duration::from_millis(400),
        works: Vec::new(),
        contenders: Vec::new(),
        markdown: false,
        frames: true,
    };
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} requires a value"));
        match word.as_str() {
            "--quick" => (arguments.rounds, arguments.time) = (3, Duration::from_millis(120)),
            "--markdown" => arguments.markdown = true,
            "--no-frames" => arguments.frames = false,
            "--rounds" => arguments.rounds = value()?.parse()?,
            "--time" => arguments.time = Duration::from_millis(value()?.parse()?),
            "--row" => {
                let key = value()?;
                let found = Work::ALL.into_iter().find(|work| work.key() == key);
                arguments.works.push(found.ok_or(format!("no row {key}"))?);
            }
            "--column" => {
                let key = value()?;
                let found = Contender::ALL.into_iter().find(|contender| contender.key() == key);
                arguments.contenders.push(found.ok_or(format!("no column {key}"))?);
            }
            other => return Err(format!("unknown option {other}").into()),
        }
    }
    if arguments.works.is_empty() {
        arguments.works = Work::ALL.to_vec();
    }
    if arguments.contenders.is_empty() {
        arguments.contenders = Contender::ALL.to_vec();
    }
    Ok(arguments)
}

/// Measures and prints. Returns what could not be measured.
fn compare(arguments: &Arguments) -> Result<Vec<String>, Error> {
    let Arguments { rounds, time, works, contenders, markdown, frames } = arguments;
    if *frames {
        println!("{}", table::frames(&frames::measure(*rounds)?, *markdown));
    }
    let (mut results, mut failures) = (Results::default(), Vec::new());
    let server = Server::start()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let local = tokio::task::LocalSet::new();
    for round in 0..*rounds {
        eprintln!("round {} of {rounds}", round + 1);
        for &work in works {
            for turn in 0..contenders.len() {
                let contender = contenders[(turn + round) % contenders.len()];
                if !contender.does(work) {
                    continue;
                }
                let measured = contender.measure(work, *time, &server);
                match local.block_on(&runtime, measured) {
                    Ok(sample) => results.add(work, contender, Some(sample)),
                    Err(error) => {
                        results.add(work, contender, None);
                        let (name, row) = (contender.title(), work.title());
                        failures.push(format!("{name}, {row}, round {}: {error}", round + 1));
                    }
                }
            }
        }
    }
    println!("{}", table::rates(&results, works, contenders, *markdown));
    println!("{}", table::processor(&results, works, contenders, *markdown));
    println!("{}", table::ratios(&results, works, contenders, *markdown));
    Ok(failures)
}
