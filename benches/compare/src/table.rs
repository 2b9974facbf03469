//! The samples, and the tables of them.

use std::collections::HashMap;
use std::fmt::Write;

use crate::measure::Sample;
use crate::plan::{Contender, Work};

/// All samples, one list per cell in the order of the rounds; nothing where a round failed.
#[derive(Default)]
pub(crate) struct Results(HashMap<(String, &'static str), Vec<Option<Sample>>>);

impl Results {
    /// Adds what a cell gave in a round.
    pub(crate) fn add(&mut self, work: Work, contender: Contender, sample: Option<Sample>) {
        self.0.entry((work.key(), contender.key())).or_default().push(sample);
    }

    fn cell(&self, work: Work, contender: Contender) -> &[Option<Sample>] {
        self.0.get(&(work.key(), contender.key())).map_or(&[], Vec::as_slice)
    }

    /// The median of something over the rounds.
    pub(crate) fn median(
        &self,
        work: Work,
        contender: Contender,
        of: impl Fn(&Sample) -> f64,
    ) -> Option<f64> {
        median(self.cell(work, contender).iter().flatten().map(of))
    }

    /// What the row is about: a time or a rate.
    pub(crate) fn figure(&self, work: Work, contender: Contender) -> Option<f64> {
        self.median(work, contender, |sample| figure(work, sample))
    }

    /// The median of the ratios of each round: the two were measured seconds apart, so what else
    /// the machine did in that round weighs on both.
    pub(crate) fn ratio(&self, work: Work, contenders: [Contender; 2]) -> Option<f64> {
        let [above, below] = contenders.map(|contender| self.cell(work, contender));
        median(above.iter().zip(below).filter_map(|pair| {
            Some(figure(work, pair.0.as_ref()?) / figure(work, pair.1.as_ref()?))
        }))
    }
}

/// What a table shows.
pub(crate) struct Layout<'a> {
    pub(crate) works: &'a [Work],
    pub(crate) contenders: &'a [Contender],
    pub(crate) markdown: bool,
}

/// The measured rates and times, with the clients' CPU time.
pub(crate) fn main_table(results: &Results, layout: &Layout<'_>) -> String {
    table(layout, "work", |work, contender| {
        let figure = results.figure(work, contender)?;
        let cpu = results.median(work, contender, |sample| sample.client_cpu)?;
        Some(format!("{} ({})", number(figure), small(cpu)))
    })
}

/// The CPU time of the other side.
pub(crate) fn server_table(results: &Results, layout: &Layout<'_>) -> String {
    table(layout, "router's or relay's CPU per operation, µs", |work, contender| {
        Some(small(results.median(work, contender, |sample| sample.server_cpu)?))
    })
}

fn figure(work: Work, sample: &Sample) -> f64 {
    match sample.p50 {
        Some(p50) if work.is_sequential() => p50,
        _ => sample.rate,
    }
}

fn table(
    layout: &Layout<'_>,
    corner: &str,
    cell: impl Fn(Work, Contender) -> Option<String>,
) -> String {
    let Layout { works, contenders, markdown } = *layout;
    let mut rows = vec![
        std::iter::once(corner.to_owned())
            .chain(contenders.iter().map(|contender| contender.title().to_owned()))
            .collect::<Vec<_>>(),
    ];
    for &work in works {
        let cells = contenders.iter().map(|&contender| match cell(work, contender) {
            Some(figures) => figures,
            None if work.is_for(contender) => "failed".to_owned(),
            None => "-".to_owned(),
        });
        rows.push(std::iter::once(work.title()).chain(cells).collect());
    }
    let widths: Vec<usize> = (0..rows[0].len())
        .map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0))
        .collect();
    let mut out = String::new();
    for (index, row) in rows.iter().enumerate() {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .enumerate()
            .map(
                |(column, (cell, &width))| {
                    if column == 0 { format!("{cell:width$}") } else { format!("{cell:>width$}") }
                },
            )
            .collect();
        let _ = if markdown {
            writeln!(out, "| {} |", cells.join(" | "))
        } else {
            writeln!(out, "{}", cells.join("   "))
        };
        if index == 0 {
            let rules: Vec<String> = widths
                .iter()
                .enumerate()
                .map(|(column, width)| {
                    if !markdown || column == 0 {
                        "-".repeat(*width)
                    } else {
                        "-".repeat(width - 1) + ":"
                    }
                })
                .collect();
            let _ = if markdown {
                writeln!(out, "| {} |", rules.join(" | "))
            } else {
                writeln!(out, "{}", rules.join("   "))
            };
        }
    }
    out
}

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(values[middle]),
        _ => Some((values[middle - 1] + values[middle]) / 2.0),
    }
}

/// Three significant digits, thousands apart: `407 000`, `61.8`.
pub(crate) fn number(value: f64) -> String {
    if value < 1000.0 {
        return small(value);
    }
    let unit = 10f64.powi(value.log10().floor() as i32 - 2);
    let digits = format!("{:.0}", (value / unit).round() * unit);
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

/// Three significant digits of what is small.
pub(crate) fn small(value: f64) -> String {
    match value {
        v if v >= 99.95 => format!("{v:.0}"),
        v if v >= 9.995 => format!("{v:.1}"),
        v => format!("{v:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits_and_gaps() {
        assert_eq!(number(407_123.0), "407 000");
        assert_eq!(number(1_154_000.0), "1 150 000");
        assert_eq!(number(999.7), "1000");
        assert_eq!(number(1234.0), "1 230");
        assert_eq!(number(61.84), "61.8");
        assert_eq!(number(1.1), "1.10");
    }

    #[test]
    fn the_ratio_is_the_median_of_the_rounds_ratios() {
        let mut results = Results::default();
        let work = Work::Calls { in_flight: 64 };
        for (ours, relay) in [(10.0, 20.0), (100.0, 1000.0), (30.0, 30.0)] {
            let sample = |rate| Some(Sample { rate, p50: None, client_cpu: 1.0, server_cpu: 1.0 });
            results.add(work, Contender::Ours, sample(ours));
            results.add(work, Contender::RelayBatched, sample(relay));
        }
        results.add(work, Contender::Ours, None);
        let ratio = results.ratio(work, [Contender::Ours, Contender::RelayBatched]);
        assert_eq!(ratio, Some(0.5));
    }
}
