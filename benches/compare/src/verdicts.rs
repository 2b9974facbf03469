//! What the project wants to reach, and whether it does.

use std::fmt::Write;

use crate::plan::{Contender, Work};
use crate::table::{Results, number, small};

struct Reach {
    work: Work,
    contender: Contender,
    beside: Contender,
    bound: f64,
    /// What the project wants in the end; nothing where it is the same.
    goal: Option<f64>,
}

const REACH: [Reach; 7] = [
    Reach {
        work: Work::Calls { in_flight: 1 },
        contender: Contender::Ours,
        beside: Contender::RelayBatched,
        bound: 1.2,
        goal: Some(1.1),
    },
    Reach {
        work: Work::Calls { in_flight: 64 },
        contender: Contender::Ours,
        beside: Contender::RelayBatched,
        bound: 0.3,
        goal: Some(0.5),
    },
    Reach {
        work: Work::Calls { in_flight: 64 },
        contender: Contender::Ours,
        beside: Contender::WampAsync,
        bound: 2.0,
        goal: None,
    },
    Reach {
        work: Work::Events { subscribers: 10, size: 64 },
        contender: Contender::Ours,
        beside: Contender::RelayBatched,
        bound: 0.25,
        goal: Some(0.4),
    },
    Reach {
        work: Work::Events { subscribers: 10, size: 1024 },
        contender: Contender::Ours,
        beside: Contender::RelayBatched,
        bound: 0.25,
        goal: Some(0.4),
    },
    Reach {
        work: Work::Calls { in_flight: 1 },
        contender: Contender::UnixOurs,
        beside: Contender::UnixRelay,
        bound: 1.2,
        goal: None,
    },
    Reach {
        work: Work::Calls { in_flight: 64 },
        contender: Contender::UnixOurs,
        beside: Contender::UnixRelay,
        bound: 0.25,
        goal: None,
    },
];

/// Which CPU time of the clients per call the project wants, with 64 calls in flight, in µs.
const GOAL_CPU: f64 = 2.5;

/// One line for each thing that is asked for.
pub(crate) fn verdicts(results: &Results, works: &[Work], markdown: bool) -> String {
    let bullet = if markdown { "- " } else { "  " };
    let mut out = String::new();
    for reach in REACH {
        if let Some(line) = reach.line(results) {
            let _ = writeln!(out, "{bullet}{line}");
        }
    }
    for contender in [Contender::UnixOurs, Contender::TcpOurs] {
        if let Some(line) = ahead(results, works, contender) {
            let _ = writeln!(out, "{bullet}{line}");
        }
    }
    let work = Work::Calls { in_flight: 64 };
    for contender in [Contender::Ours, Contender::TcpOurs, Contender::UnixOurs] {
        if let Some(cpu) = results.median(work, contender, |sample| sample.client_cpu) {
            let _ = writeln!(
                out,
                "{bullet}client CPU per call, 64 in flight, {}: {} µs; goal ≤ {GOAL_CPU}: {}",
                contender.title(),
                small(cpu),
                met(cpu <= GOAL_CPU),
            );
        }
    }
    out
}

impl Reach {
    fn line(&self, results: &Results) -> Option<String> {
        let Reach { work, contender, beside, bound, goal } = *self;
        let ratio = results.ratio(work, [contender, beside])?;
        let sign = if work.is_sequential() { "≤" } else { "≥" };
        let reached =
            |bound| met(if work.is_sequential() { ratio <= bound } else { ratio >= bound });
        let figure =
            |contender| results.figure(work, contender).map_or_else(|| "?".to_owned(), number);
        let mut line = format!(
            "{}: {} {ratio:.2} × {} ({} to {}); reach {sign} {bound}: {}",
            work.title(),
            contender.title(),
            beside.title(),
            figure(contender),
            figure(beside),
            reached(bound),
        );
        if let Some(goal) = goal {
            let _ = write!(line, "; goal {sign} {goal}: {}", reached(goal));
        }
        Some(line)
    }
}

/// Whether RawSocket is ahead of our own WebSocket in every row.
fn ahead(results: &Results, works: &[Work], contender: Contender) -> Option<String> {
    let ratios: Vec<f64> = works
        .iter()
        .filter_map(|&work| {
            let ratio = results.ratio(work, [contender, Contender::Ours])?;
            Some(if work.is_sequential() { 1.0 / ratio } else { ratio })
        })
        .collect();
    let least = ratios.iter().copied().min_by(f64::total_cmp)?;
    let listed: Vec<_> = ratios.iter().map(|ratio| format!("{ratio:.2}")).collect();
    Some(format!(
        "{} as fast as {}, row by row: {}; reach: ahead in every row: {}",
        contender.title(),
        Contender::Ours.title(),
        listed.join(" "),
        met(least > 1.0),
    ))
}

fn met(met: bool) -> &'static str {
    if met { "met" } else { "NOT met" }
}
