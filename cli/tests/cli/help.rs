//! The help texts, compared with the files in `tests/cli/help`. `WAMPWERK_WRITE_HELP=1` writes the files.

use std::path::Path;

use crate::process::run;

crate::tests! {
    help_texts_are_those_of_the_files,
    a_version_is_printed,
}

const COMMANDS: &[&str] = &[
    "",
    "call",
    "publish",
    "subscribe",
    "register",
    "ping",
    "context",
    "context add",
    "context list",
    "keygen",
    "keygen scram",
    "keygen tls",
    "completions",
    "router",
    "meta",
    "meta sessions",
    "meta kill",
    "bench",
    "bench calls",
];

fn help_texts_are_those_of_the_files() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/help");
    let write = std::env::var_os("WAMPWERK_WRITE_HELP").is_some();
    let mut other = Vec::new();
    for command in COMMANDS {
        let mut arguments: Vec<&str> = command.split_whitespace().collect();
        arguments.push("--help");
        let help = run(&arguments);
        let name = if command.is_empty() { "wampwerk" } else { command };
        let file = folder.join(format!("{}.txt", name.replace(' ', "-")));
        if write {
            std::fs::write(&file, help.ok()).unwrap();
        }
        if std::fs::read_to_string(&file).unwrap_or_default() != help.ok() {
            other.push(file);
        }
    }
    assert!(other.is_empty(), "other help than in {other:#?}: WAMPWERK_WRITE_HELP=1 writes it");
}

fn a_version_is_printed() {
    let version = format!("wampwerk {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(run(&["--version"]).ok(), version);
}
