//! The tables.

use crate::contenders::Contender;
use crate::frames::Row;
use crate::measure::Results;
use crate::work::Work;

/// Operations per second.
pub(crate) fn rates(
    results: &Results,
    works: &[Work],
    contenders: &[Contender],
    markdown: bool,
) -> String {
    let value = |work, contender| {
        results.median(work, contender, |sample| sample.rate).map(|rate| format!("{rate:.0}"))
    };
    cells("operations per second", works, contenders, value, markdown)
}

/// Processor time.
pub(crate) fn processor(
    results: &Results,
    works: &[Work],
    contenders: &[Contender],
    markdown: bool,
) -> String {
    let value = |work, contender| {
        results.median(work, contender, |sample| sample.micros).map(|micros| format!("{micros:.2}"))
    };
    let title = "processor time of both sides, us for each operation";
    cells(title, works, contenders, value, markdown)
}

/// Our rate as a multiple of each other one, and of the best.
pub(crate) fn ratios(
    results: &Results,
    works: &[Work],
    contenders: &[Contender],
    markdown: bool,
) -> String {
    let ours = Contender::OURS;
    let value = |work, contender| {
        let ratio = results.ratio(work, ours, contender, |sample| sample.rate);
        ratio.filter(|_| contender != ours).map(|ratio| format!("{ratio:.2}"))
    };
    let title = format!("rate of {}, as a multiple", ours.title());
    cells(&title, works, contenders, value, markdown)
}

/// The rows without sockets.
pub(crate) fn frames(rows: &[Row], markdown: bool) -> String {
    let head = vec!["frames".to_owned(), "ours".to_owned(), "tungstenite".to_owned()];
    let mut lines = vec![head];
    for row in rows {
        let value = |value| format!("{value:.1} {}", row.unit);
        lines.push(vec![row.title.to_owned(), value(row.ours), value(row.tungstenite)]);
    }
    layout(&lines, markdown)
}

fn cells(
    title: &str,
    works: &[Work],
    contenders: &[Contender],
    value: impl Fn(Work, Contender) -> Option<String>,
    markdown: bool,
) -> String {
    let mut head = vec![title.to_owned()];
    head.extend(contenders.iter().map(|contender| contender.title().to_owned()));
    let mut lines = vec![head];
    for &work in works {
        let mut line = vec![work.title()];
        let cell = |&contender| value(work, contender).unwrap_or_else(|| "-".to_owned());
        line.extend(contenders.iter().map(cell));
        lines.push(line);
    }
    layout(&lines, markdown)
}

fn layout(lines: &[Vec<String>], markdown: bool) -> String {
    let columns = lines.first().map_or(0, Vec::len);
    let width = |column: usize| lines.iter().map(|line| line[column].len()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for (number, line) in lines.iter().enumerate() {
        let cell = |(column, cell): (usize, &String)| match column {
            0 => format!("{cell:<width$}", width = widths[0]),
            _ => format!("{cell:>width$}", width = widths[column]),
        };
        let parts: Vec<String> = line.iter().enumerate().map(cell).collect();
        if markdown {
            text += &format!("| {} |\n", parts.join(" | "));
            if number == 0 {
                let rule = |column| if column == 0 { "---" } else { "---:" };
                let rules: Vec<&str> = (0..columns).map(rule).collect();
                text += &format!("| {} |\n", rules.join(" | "));
            }
        } else {
            text += &format!("{}\n", parts.join("  "));
        }
    }
    text
}
