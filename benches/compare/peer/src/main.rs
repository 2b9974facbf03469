//! The peer's clients. Started by `wampwerk-compare`; see there.

#![allow(dead_code, reason = "the shared files also hold what only the other side needs")]

use std::process::ExitCode;

#[path = "../../src/clients.rs"]
mod clients;
#[path = "../../src/measure.rs"]
mod measure;
mod peer;
#[path = "../../src/plan.rs"]
mod plan;

fn main() -> ExitCode {
    clients::serve(async |cell| peer::run(&cell).await)
}
