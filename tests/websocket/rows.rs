//! The rules of WebSocket in rows, and their tests: names of functions contain the numbers of the rows.
//!
//! H: opening handshake; F: frames; C: closing; N: agreeing on compression; D: compressed messages; R: of the engine itself.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

/// The rows of each letter; H has two tables.
const ROWS: [(char, RangeInclusive<u8>); 7] = [
    ('h', 1..=7),
    ('h', 10..=22),
    ('f', 1..=16),
    ('c', 1..=13),
    ('n', 1..=7),
    ('d', 1..=20),
    ('r', 1..=8),
];

/// The rows in the name of a function: words of a letter and two digits, from the first word on.
fn rows_of(name: &str) -> impl Iterator<Item = String> {
    name.split('_')
        .take_while(|word| {
            word.len() == 3 && word.chars().skip(1).all(|digit| digit.is_ascii_digit())
        })
        .map(str::to_owned)
}

fn collect(folder: &Path, all: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("node_modules") {
            collect(&path, all);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            for line in text.lines() {
                let line = line.trim_start();
                if let Some(name) = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ")
                {
                    all.extend(rows_of(name.split('(').next().unwrap_or_default()));
                }
            }
        }
    }
}

#[test]
fn each_row_has_a_test_with_its_number() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mut found = BTreeSet::new();
    collect(&root.join("src"), &mut found);
    collect(&root.join("tests"), &mut found);
    for (letter, numbers) in ROWS {
        for number in numbers {
            let row = format!("{letter}{number:02}");
            assert!(found.contains(&row), "no test for row {row}");
        }
    }
}
