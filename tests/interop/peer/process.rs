//! The processes in which Autobahn's sessions live: `tests/autobahn_python/peer.py` and
//! `tests/autobahn_js/peer.mjs`, which take the same commands.
//!
//! All tests of a program share one process of each, for it takes a second to start. It ends when
//! its stdin does: with the test program, however that ends.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock};

use serde_json::{Value as Json, json};
use tokio::sync::mpsc::UnboundedSender;

/// Whose sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Implementation {
    /// Autobahn|Python, on Twisted.
    Python,
    /// Autobahn|JS, on Node.
    Js,
}

static PROCESSES: [OnceLock<Process>; 2] = [OnceLock::new(), OnceLock::new()];

impl Implementation {
    /// Path of what `tools/setup` installs for it.
    pub(crate) fn installed(self) -> PathBuf {
        match self {
            Implementation::Python => python(),
            Implementation::Js => javascript().join("node_modules/autobahn"),
        }
    }

    pub(super) fn process(self) -> &'static Process {
        PROCESSES[self as usize].get_or_init(|| Process::start(self))
    }

    fn program(self) -> PathBuf {
        match self {
            Implementation::Python => python(),
            Implementation::Js => "node".into(),
        }
    }

    fn peer(self) -> PathBuf {
        match self {
            Implementation::Python => {
                Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/autobahn_python/peer.py")
            }
            Implementation::Js => javascript().join("peer.mjs"),
        }
    }
}

/// What those that run have said on their stderr.
pub(super) fn all_said() -> String {
    PROCESSES.iter().filter_map(OnceLock::get).map(Process::said).collect()
}

/// A process with the sessions of an implementation.
pub(super) struct Process {
    stdin: Mutex<ChildStdin>,
    shared: Arc<Shared>,
}

/// What its readers know.
#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    stderr: Mutex<String>,
}

/// Who waits for what it says.
#[derive(Default)]
struct Waiting {
    last: u64,
    ended: bool,
    /// By session.
    happenings: HashMap<String, UnboundedSender<Json>>,
    /// By command.
    replies: HashMap<u64, UnboundedSender<Json>>,
}

impl Process {
    fn start(implementation: Implementation) -> Process {
        let mut child = Command::new(implementation.program())
            .arg(implementation.peer())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = Mutex::new(child.stdin.take().unwrap());
        let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let shared = Arc::new(Shared::default());
        let (listener, collector) = (shared.clone(), shared.clone());
        std::thread::spawn(move || {
            listener.listen(stdout);
            child.wait()
        });
        std::thread::spawn(move || collector.collect(stderr));
        Process { stdin, shared }
    }

    /// A new session's name, by which `happenings` gets what happens to it.
    pub(super) fn enter(&self, happenings: UnboundedSender<Json>) -> String {
        let mut waiting = self.shared.waiting.lock().unwrap();
        waiting.last += 1;
        let name = format!("s{}", waiting.last);
        waiting.happenings.insert(name.clone(), happenings);
        name
    }

    pub(super) fn forget(&self, name: &str) {
        self.shared.waiting.lock().unwrap().happenings.remove(name);
        self.send(name, "vanish", json!({}), None);
    }

    pub(super) fn send(
        &self,
        session: &str,
        what: &str,
        with: Json,
        replies: Option<UnboundedSender<Json>>,
    ) -> u64 {
        let mut command = with;
        let id = {
            let mut waiting = self.shared.waiting.lock().unwrap();
            waiting.last += 1;
            let id = waiting.last;
            // After the end of the process no caller waits for a reply.
            if let Some(replies) = replies.filter(|_| !waiting.ended) {
                waiting.replies.insert(id, replies);
            }
            id
        };
        command["id"] = id.into();
        command["session"] = session.into();
        command["do"] = what.into();
        // If it has ended, whoever waits sees that.
        drop(writeln!(self.stdin.lock().unwrap(), "{command}"));
        id
    }

    pub(super) fn said(&self) -> String {
        format!("the peer said: {}", self.shared.stderr.lock().unwrap())
    }
}

impl Shared {
    fn listen(&self, stdout: impl Read) {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            let said: Json = serde_json::from_str(&line).unwrap();
            let mut waiting = self.waiting.lock().unwrap();
            match said["id"].as_u64() {
                Some(id) if said["progress"].is_object() => waiting.replies.get(&id).cloned(),
                Some(id) => waiting.replies.remove(&id),
                None => waiting.happenings.get(said["session"].as_str().unwrap()).cloned(),
            }
            // There may be no listener.
            .map(|listener| listener.send(said));
        }
        let mut waiting = self.waiting.lock().unwrap();
        *waiting = Waiting { last: waiting.last, ended: true, ..Waiting::default() };
    }

    fn collect(&self, stderr: impl Read) {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            let mut collected = self.stderr.lock().unwrap();
            collected.push_str(&line);
            collected.push('\n');
        }
    }
}

/// The Python beside Crossbar, which brings Autobahn; `tools/setup crossbar` installs it.
fn python() -> PathBuf {
    tools_cache().join("crossbar/venv/bin/python")
}

/// The folder in which `tools/setup` keeps what it installs.
pub(crate) fn tools_cache() -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .unwrap_or_else(|| Path::new(&std::env::var_os("HOME").unwrap_or_default()).join(".cache"));
    cache.join("wampwerk")
}

/// Where `tools/setup autobahnjs` installs Autobahn|JS.
fn javascript() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/autobahn_js")
}
