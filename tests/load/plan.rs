//! What is to be run: the arguments.

use std::path::PathBuf;
use std::time::Duration;

use crate::kind::Kind;

pub(crate) const USAGE: &str = "\
usage: load [--sockets N] [--sessions N] [--seconds S] [--transport ws|tcp|unix]… [--strict] [FILTER]
  --sockets N    how many WebSockets without WAMP are open and idle; default 2000
  --sessions N   how many sessions; default 2000
  --seconds S    how long they are measured, each time; default 3
  --transport T  over WebSocket, over RawSocket on TCP, or over RawSocket on a unix socket; more than
                 one share the sessions; default all
  FILTER         as `cargo test` gives it: does nothing unless \"load\" contains it";

/// What this process is.
pub(crate) enum Role {
    /// The router, with a directory for its unix socket.
    Router(PathBuf),
    /// An echo server without WAMP, with or without context takeover.
    Echo(bool),
    Test(Plan),
    LeftOut,
    Help,
    List,
}

/// A run.
pub(crate) struct Plan {
    pub(crate) sockets: usize,
    pub(crate) sessions: usize,
    pub(crate) time: Duration,
    pub(crate) kinds: Vec<Kind>,
}

pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Role, String> {
    let mut plan =
        Plan { sockets: 2000, sessions: 2000, time: Duration::from_secs(3), kinds: Vec::new() };
    let mut left_out = false;
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} wants a value"));
        match word.as_str() {
            "--router" => return Ok(Role::Router(value()?.into())),
            "--echo" => return Ok(Role::Echo(false)),
            "--echo-takeover" => return Ok(Role::Echo(true)),
            "--help" => return Ok(Role::Help),
            "--list" => return Ok(Role::List),
            "--sockets" => plan.sockets = number(&value()?)?,
            "--sessions" => plan.sessions = number(&value()?)?,
            "--seconds" => plan.time = Duration::from_secs(number(&value()?)? as u64),
            "--transport" => {
                let key = value()?;
                plan.kinds.push(Kind::from_key(&key).ok_or(format!("no transport {key}"))?);
            }
            // What `cargo test` gives to every test; there is nothing to be done about it here.
            "--nocapture" | "--include-ignored" | "--quiet" | "--exact" => {}
            "--test-threads" | "--skip" | "--format" | "--color" => drop(value()?),
            word if word.starts_with("--") => return Err(format!("what is {word}?")),
            filter => left_out |= !"load".contains(filter),
        }
    }
    if plan.kinds.is_empty() {
        plan.kinds = Kind::ALL.to_vec();
    }
    if plan.sessions < 100 {
        return Err(format!("{} sessions are too few", plan.sessions));
    }
    Ok(if left_out { Role::LeftOut } else { Role::Test(plan) })
}

fn number(word: &str) -> Result<usize, String> {
    word.parse().map_err(|_| format!("{word:?} is not a number"))
}
