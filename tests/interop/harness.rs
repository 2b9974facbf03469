//! Runs tests that need a peer or a tool. Where it is missing they are reported as ignored, with the
//! reason; with `CI` set they fail.
//!
//! Rust's own harness cannot ignore a test once it runs, so this is another one. Each file lists its
//! tests with `tests!`.

use std::future::Future;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::{Arc, Condvar, Mutex};

use libtest_mimic::{Arguments, Completion, Failed, Trial};

use crate::crossbar::rig::Rig;
use crate::fox_wamp;
use crate::peer::Implementation;
use crate::websocket::nginx::Nginx;
use crate::xconn;

/// Lists the tests of a module, behind what they need.
macro_rules! tests {
    ($($need:ident)+: $($name:ident,)+) => {
        pub(crate) fn tests() -> Vec<crate::harness::Test> {
            use crate::harness::{Need, Test};
            let needs = &[$(Need::$need),+];
            vec![$(Test::new(module_path!(), stringify!($name), needs, || Box::pin($name()))),+]
        }
    };
}

/// Runs groups of tests, one group after the other.
pub(crate) fn run(groups: Vec<Vec<Test>>) -> ExitCode {
    let turn = Arc::new(Turn::default());
    let mut trials = Vec::new();
    for (group, tests) in groups.into_iter().enumerate() {
        for test in tests {
            let turn = turn.clone();
            trials.push(Trial::ignorable_test(test.name.clone(), move || {
                let _turn = turn.enter(group);
                test.run()
            }));
        }
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// A peer or tool that tests need.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Need {
    /// A running Crossbar.
    Crossbar,
    /// Crossbar, installed: the test starts its own.
    CrossbarInstalled,
    /// Autobahn|Python, installed.
    AutobahnPython,
    /// Autobahn|JS, installed.
    AutobahnJs,
    /// xconn, installed.
    Xconn,
    /// fox-wamp, installed.
    FoxWamp,
    /// nginx.
    Nginx,
    /// No peer.
    Nothing,
}

impl Need {
    /// Returns what is missing, and how to get it.
    fn missing(self) -> Option<&'static str> {
        let (is_there, missing) = match self {
            Need::Crossbar => {
                (Rig::path().is_some(), "no Crossbar: run `tests/crossbar/with cargo test`")
            }
            // In the same folder as Autobahn|Python.
            Need::CrossbarInstalled => (
                Implementation::Python.installed().with_file_name("crossbar").exists(),
                "no Crossbar: run `tools/setup crossbar`",
            ),
            Need::AutobahnPython => (
                Implementation::Python.installed().exists(),
                "no Autobahn|Python: run `tools/setup crossbar`",
            ),
            Need::AutobahnJs => (
                Implementation::Js.installed().exists(),
                "no Autobahn|JS: run `tools/setup autobahnjs`",
            ),
            Need::Xconn => (xconn::python().exists(), "no xconn: run `tools/setup xconn`"),
            Need::FoxWamp => {
                (fox_wamp::installed().exists(), "no fox-wamp: run `tools/setup foxwamp`")
            }
            Need::Nginx => (Nginx::program().is_some(), "no nginx: run `tools/setup nginx`"),
            Need::Nothing => (true, ""),
        };
        (!is_there).then_some(missing)
    }
}

type Running = Pin<Box<dyn Future<Output = ()>>>;

/// A test of a program.
pub(crate) struct Test {
    name: String,
    needs: &'static [Need],
    start: fn() -> Running,
}

impl Test {
    /// `module` is `module_path!()`.
    pub(crate) fn new(
        module: &str,
        name: &str,
        needs: &'static [Need],
        start: fn() -> Running,
    ) -> Test {
        let (_program, module) = module.split_once("::").unwrap();
        Test { name: format!("{module}::{name}"), needs, start }
    }

    fn run(self) -> Result<Completion, Failed> {
        if let Some(missing) = self.needs.iter().find_map(|need| need.missing()) {
            let in_ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty());
            return match in_ci {
                true => Err(missing.into()),
                false => Ok(Completion::ignored_with(missing)),
            };
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on((self.start)());
        Ok(Completion::Completed)
    }
}

/// Lets tests of one group run at a time: in different groups some use the same names.
#[derive(Default)]
struct Turn {
    running: Mutex<Group>,
    left: Condvar,
}

#[derive(Default)]
struct Group {
    number: usize,
    tests: usize,
}

impl Turn {
    /// Waits until no test of another group runs. The test has left when the result is dropped.
    fn enter(&self, group: usize) -> Within<'_> {
        let running = self.running.lock().unwrap();
        let other = |running: &mut Group| running.tests > 0 && running.number != group;
        let mut running = self.left.wait_while(running, other).unwrap();
        running.number = group;
        running.tests += 1;
        Within(self)
    }
}

struct Within<'a>(&'a Turn);

impl Drop for Within<'_> {
    fn drop(&mut self) {
        self.0.running.lock().unwrap().tests -= 1;
        self.0.left.notify_all();
    }
}
