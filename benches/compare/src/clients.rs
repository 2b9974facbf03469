//! The clients' side as a process: takes cells to measure from stdin, answers on stdout.
//!
//! Lines in: `cell <row> <column> <warm-up ms> <time ms> <address>`. Lines out: `cpu`, which is
//! answered by the servers' CPU time in ns, and at the end `sample …` or `error …`.

use std::io::{BufRead, Write, stdin, stdout};
use std::process::ExitCode;
use std::time::Duration;

use crate::measure::{Error, Sample};
use crate::plan::{Contender, Work};

/// What to measure, how long, and where the servers are.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cell {
    pub(crate) work: Work,
    pub(crate) contender: Contender,
    /// Runs before the measured time, with everything connected.
    pub(crate) warm_up: Duration,
    /// The measured time.
    pub(crate) time: Duration,
    /// `host:port` of a relay or its path, or the URL of the router.
    pub(crate) address: String,
}

impl Cell {
    /// After this long something hangs.
    pub(crate) fn limit(&self) -> Duration {
        self.warm_up + self.time + Duration::from_secs(10)
    }

    pub(crate) fn line(&self) -> String {
        format!(
            "cell {} {} {} {} {}",
            self.work.key(),
            self.contender.key(),
            self.warm_up.as_millis(),
            self.time.as_millis(),
            self.address,
        )
    }

    fn parse(line: &str) -> Option<Self> {
        let mut words = line.strip_prefix("cell ")?.splitn(5, ' ');
        Some(Cell {
            work: Work::from_key(words.next()?)?,
            contender: Contender::from_key(words.next()?)?,
            warm_up: Duration::from_millis(words.next()?.parse().ok()?),
            time: Duration::from_millis(words.next()?.parse().ok()?),
            address: words.next()?.to_owned(),
        })
    }
}

/// Measures what it is asked to, until stdin ends.
pub(crate) fn serve(measure: impl AsyncFn(Cell) -> Result<Sample, Error>) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let mut line = String::new();
    loop {
        line.clear();
        match stdin().lock().read_line(&mut line) {
            Ok(0) => return ExitCode::SUCCESS,
            Ok(_) => {}
            Err(error) => {
                eprintln!("{error}");
                return ExitCode::FAILURE;
            }
        }
        let result = runtime.block_on(async {
            let cell = Cell::parse(line.trim_end()).ok_or_else(|| format!("what is {line:?}?"))?;
            let limit = cell.limit();
            tokio::time::timeout(limit, measure(cell))
                .await
                .map_err(|_| format!("no end after {limit:?}"))?
        });
        match result {
            Ok(sample) => say(&sample.line()),
            Err(error) => say(&format!("error {error}").replace('\n', " ")),
        }
    }
}

/// Asks for the CPU time of the servers' thread. It blocks, so it stands outside of the clients'
/// own measured time.
pub(crate) fn server_cpu() -> Result<Duration, Error> {
    say("cpu");
    let mut line = String::new();
    stdin().lock().read_line(&mut line)?;
    Ok(Duration::from_nanos(line.trim_end().parse()?))
}

fn say(line: &str) {
    let mut out = stdout().lock();
    // The reader is gone, so stdin ends too.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
