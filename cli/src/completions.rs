//! `wampwerk completions`: prints what makes a shell complete the program's commands and options.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::failure::Outcome;
use crate::output;

/// Options of `wampwerk completions`.
#[derive(Args, Debug)]
pub(crate) struct Completions {
    /// Shell
    shell: Shell,
}

pub(crate) fn run(options: &Completions) -> Outcome {
    let mut script = Vec::new();
    let mut command = crate::CommandLine::command();
    clap_complete::generate(options.shell, &mut command, "wampwerk", &mut script);
    output::write(&script)
}
