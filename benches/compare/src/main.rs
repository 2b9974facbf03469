//! Our client and router beside a bare relay and a peer, in one run, as tables.
//!
//! This process holds the relays and the router, on one thread with a current_thread runtime. The
//! clients live in two more processes, also on one thread each: `--clients` of this program for
//! the relays' and ours, and the peer's program, which must lie beside it. Every round runs each row's contenders one right after the other, in an
//! order that rotates, so that what else the machine does weighs on all of them alike.

#![allow(clippy::unwrap_used, reason = "a thread that panicked ends the measurement")]

use std::process::ExitCode;
use std::time::Duration;

use children::Clients;
use clients::Cell;
use line::Flush;
use measure::{Error, Sample};
use plan::{Contender, WINDOW, Work};
use relay_client::Hop;
use server::{Addresses, ServerClock};
use table::{Layout, Results};

mod children;
mod clients;
mod frames;
mod line;
mod measure;
mod ours;
mod plan;
mod relay;
mod relay_client;
mod server;
mod table;
mod verdicts;

const USAGE: &str = "\
usage: wampwerk-compare [--quick] [--markdown] [--rounds N] [--time MS]
                        [--row KEY]… [--column KEY]… [--router URL]
  --quick       a minute instead of about seven
  --markdown    print the table as Markdown
  --rounds N    how often each cell is measured
  --time MS     how long each cell is measured in a round
  --row KEY     only this row: call1 call64 call256 event1x64 event1x1024 event10x64 event10x1024
                progress wildcard
  --column KEY  only this column: batched permessage ours wamp_async, and of RawSocket
                tcp ours_tcp unix ours_unix
  --router URL  another router than ours (realm1, anonymous), over WebSocket";

struct Arguments {
    plan: Plan,
    markdown: bool,
    router: Option<String>,
}

/// How long, how often, and which.
pub(crate) struct Plan {
    rounds: usize,
    warm_up: Duration,
    time: Duration,
    works: Vec<Work>,
    contenders: Vec<Contender>,
}

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some("--clients") {
        return clients::serve(run_clients);
    }
    let arguments = match parse(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(error) => {
            eprintln!("{error}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match compare(arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn parse(mut words: impl Iterator<Item = String>) -> Result<Arguments, Error> {
    let mut plan = Plan {
        rounds: 7,
        warm_up: Duration::from_millis(150),
        time: Duration::from_millis(700),
        works: Work::ALL.to_vec(),
        contenders: Contender::ALL.to_vec(),
    };
    let (mut markdown, mut router) = (false, None);
    let (mut works, mut contenders) = (Vec::new(), Vec::new());
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} wants a value"));
        match word.as_str() {
            "--quick" => {
                plan.rounds = 3;
                plan.warm_up = Duration::from_millis(60);
                plan.time = Duration::from_millis(260);
            }
            "--markdown" => markdown = true,
            "--rounds" => plan.rounds = value()?.parse()?,
            "--time" => plan.time = Duration::from_millis(value()?.parse()?),
            "--router" => router = Some(value()?),
            "--row" => {
                let key = value()?;
                works.push(Work::from_key(&key).ok_or(format!("no row {key}"))?);
            }
            "--column" => {
                let key = value()?;
                contenders.push(Contender::from_key(&key).ok_or(format!("no column {key}"))?);
            }
            other => return Err(format!("what is {other}?").into()),
        }
    }
    if !works.is_empty() {
        plan.works = works;
    }
    if !contenders.is_empty() {
        plan.contenders = contenders;
    }
    Ok(Arguments { plan, markdown, router })
}

/// Whether every cell could be measured.
fn compare(Arguments { mut plan, markdown, router }: Arguments) -> Result<bool, Error> {
    let load = load();
    let (addresses, server) = server::start(router)?;
    plan.contenders.retain(|&contender| addresses.of(contender).is_some());
    let (results, failures) = measure_all(&plan, &addresses, &server)?;

    println!("{}", set_up(&plan, &load));
    for columns in [&Contender::WEBSOCKET[..], &Contender::RAW_SOCKET] {
        let measured = |one: &Contender| plan.contenders.contains(one);
        let contenders: Vec<_> = columns.iter().copied().filter(measured).collect();
        if contenders.is_empty() {
            continue;
        }
        let layout = Layout { works: &plan.works, contenders: &contenders, markdown };
        println!("{}", table::main_table(&results, &layout));
        println!("{}", table::server_table(&results, &layout));
    }
    println!("Ratios (medians of the rounds' own ratios):\n{}", if markdown { "\n" } else { "" });
    print!("{}", verdicts::verdicts(&results, &plan.works, markdown));
    for failure in &failures {
        println!("failed: {failure}");
    }
    Ok(failures.is_empty())
}

/// Measures everything; the samples, and what failed.
fn measure_all(
    plan: &Plan,
    addresses: &Addresses,
    server: &ServerClock,
) -> Result<(Results, Vec<String>), Error> {
    let (mut results, mut failures) = (Results::default(), Vec::new());
    let program = std::env::current_exe()?;
    let mut clients = Clients::start(&program, &["--clients"])?;
    let mut peers = Clients::start(&program.with_file_name("wampwerk-compare-peer"), &[])?;
    for round in 0..plan.rounds {
        eprintln!("round {} of {}", round + 1, plan.rounds);
        for &work in &plan.works {
            for turn in 0..plan.contenders.len() {
                let contender = plan.contenders[(turn + round) % plan.contenders.len()];
                if !work.is_for(contender) {
                    continue;
                }
                let cell = Cell {
                    work,
                    contender,
                    warm_up: plan.warm_up,
                    time: plan.time,
                    address: addresses.of(contender).ok_or("the contender does not listen")?,
                };
                let process = match contender {
                    Contender::WampAsync => &mut peers,
                    _ => &mut clients,
                };
                let sample = process.measure(&cell, server)?;
                if let Err(error) = &sample {
                    let place = format!("{}, {}", contender.title(), work.title());
                    failures.push(format!("{place}, round {}: {error}", round + 1));
                }
                results.add(work, contender, sample.ok());
            }
        }
    }
    Ok((results, failures))
}

async fn run_clients(cell: Cell) -> Result<Sample, Error> {
    let hop = match cell.contender {
        Contender::RelayBatched => Hop::WebSocket(Flush::PerTurn),
        Contender::RelayPerMessage => Hop::WebSocket(Flush::PerMessage),
        Contender::TcpRelay => Hop::Tcp,
        Contender::UnixRelay => Hop::Unix,
        Contender::Ours | Contender::TcpOurs | Contender::UnixOurs => {
            return ours::run(&cell).await;
        }
        Contender::WampAsync => return Err("that is another program's".into()),
    };
    relay_client::run(&cell, hop).await
}

fn set_up(plan: &Plan, load_before: &str) -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!(
        "\
Loopback, MessagePack, TCP_NODELAY (wamp_async sets none), caller and callee or publisher and
subscribers in one process on one thread (current_thread runtime), relay or router on another; {cores} cores,
load {load_before} before and {} after. Medians of {} rounds of {} ms each, interleaved.
Calls: one string of 64 B there and back. Events: at most {WINDOW} on their way per subscriber.
A tcp or unix relay moves frames of a length of 4 octets and a payload, gathered before each write.
In brackets: CPU time of the clients' thread per operation (call or delivery), in µs.
",
        load(),
        plan.rounds,
        plan.time.as_millis(),
    )
}

/// The load of the machine over the last minute.
fn load() -> String {
    std::fs::read_to_string("/proc/loadavg")
        .ok()
        .and_then(|text| text.split(' ').next().map(str::to_owned))
        .unwrap_or_else(|| "unknown".to_owned())
}
