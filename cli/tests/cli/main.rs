//! The program as users run it: processes against a router, and against Crossbar where it is up.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may")]
#![allow(missing_docs, reason = "a test")]

mod bench;
mod calls;
mod contexts;
mod crossbar;
mod events;
mod help;
mod misuse;
mod process;
mod recordings;
mod router;
mod routers;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Completion, Failed, Trial};

/// Lists the tests of a module.
macro_rules! tests {
    ($($name:ident,)+) => {
        pub(crate) fn tests() -> Vec<(&'static str, fn())> {
            vec![$((concat!(module_path!(), "::", stringify!($name)), $name as fn())),+]
        }
    };
}
pub(crate) use tests;

fn main() -> ExitCode {
    let here = [
        bench::tests(),
        calls::tests(),
        contexts::tests(),
        events::tests(),
        help::tests(),
        misuse::tests(),
        recordings::tests(),
        routers::tests(),
    ];
    let mut trials: Vec<Trial> = here.into_iter().flatten().map(|test| trial(test, None)).collect();
    let missing = std::env::var_os("WAMPWERK_CROSSBAR")
        .is_none()
        .then_some("no Crossbar: run `tests/crossbar/with cargo test`");
    trials.extend(crossbar::tests().into_iter().map(|test| trial(test, missing)));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// A test that lacks its peer is ignored, and fails with `CI` set.
fn trial((name, test): (&'static str, fn()), missing: Option<&'static str>) -> Trial {
    let name = name.split_once("::").map_or(name, |(_, name)| name);
    Trial::ignorable_test(name, move || match missing {
        None => {
            test();
            Ok(Completion::Completed)
        }
        Some(missing) if std::env::var_os("CI").is_some_and(|value| !value.is_empty()) => {
            Err(Failed::from(missing))
        }
        Some(missing) => Ok(Completion::ignored_with(missing)),
    })
}
