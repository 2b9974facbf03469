//! The router as a process of its own, and the test's hold on it.
//!
//! It prints `ready` and its URLs, and for each line that it gets one with what it takes and holds.
//! It ends with its stdin.

use std::io::{BufRead, BufReader, Write, stdin};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use wampwerk::Router;

use crate::kind::Kind;

/// How much may wait for a client that does not read. Small, so that filling it takes no time.
const OUTBOX_LIMIT: usize = 2 << 20;

/// What the process is.
#[tokio::main]
pub(crate) async fn serve(directory: &Path, heap: fn() -> usize) {
    raise_open_files();
    let router = Router::builder().realm("realm1").outbox_limit(OUTBOX_LIMIT).build().unwrap();
    let unix = format!("rs://unix:{}", directory.join("router").display());
    let mut urls = Vec::new();
    for url in ["ws://127.0.0.1:0/ws", "rs://127.0.0.1:0", &unix] {
        urls.push(router.listen(url).await.unwrap().url().to_owned());
    }
    println!("ready {}", urls.join(" "));
    let asked = router.clone();
    let answering = tokio::task::spawn_blocking(move || {
        for _ in stdin().lines().map_while(Result::ok) {
            let held = asked.statistics();
            println!(
                "{} {} {} {} {} {} {}",
                anonymous_memory(),
                heap(),
                held.connections,
                held.sessions,
                held.subscriptions,
                held.registrations,
                held.calls
            );
        }
    });
    answering.await.unwrap();
    router.shutdown().await;
}

/// What the router's process takes and what the router holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Look {
    /// Memory of its own that is in use, in bytes; 0 if the system does not tell.
    pub(crate) memory: usize,
    /// Bytes on its heap.
    pub(crate) heap: usize,
    pub(crate) connections: usize,
    pub(crate) sessions: usize,
    pub(crate) subscriptions: usize,
    pub(crate) registrations: usize,
    pub(crate) calls: usize,
}

/// The router's process. It ends when this is dropped.
pub(crate) struct RouterProcess {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    urls: Vec<String>,
    directory: PathBuf,
}

impl RouterProcess {
    pub(crate) fn start() -> Self {
        let name = format!("wampwerk-load-{}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        std::fs::create_dir(&directory).unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .arg("--router")
            .arg(&directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let mut router = RouterProcess { child, stdin, stdout, urls: Vec::new(), directory };
        let ready = router.line();
        let urls = ready.strip_prefix("ready ").unwrap_or_else(|| panic!("what is {ready:?}?"));
        router.urls = urls.split(' ').map(str::to_owned).collect();
        router
    }

    pub(crate) fn url(&self, kind: Kind) -> &str {
        let place = Kind::ALL.iter().position(|one| *one == kind).unwrap();
        &self.urls[place]
    }

    pub(crate) fn look(&mut self) -> Look {
        writeln!(self.stdin.as_ref().unwrap()).unwrap();
        let line = self.line();
        let mut words = line.split(' ').map(|word| word.parse::<usize>().unwrap());
        let mut next = || words.next().unwrap();
        Look {
            memory: next(),
            heap: next(),
            connections: next(),
            sessions: next(),
            subscriptions: next(),
            registrations: next(),
            calls: next(),
        }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        assert!(self.stdout.read_line(&mut line).unwrap() > 0, "the router's process has ended");
        line.trim_end().to_owned()
    }
}

impl Drop for RouterProcess {
    fn drop(&mut self) {
        drop(self.stdin.take());
        if std::thread::panicking() {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// Each session is an open file at each end. The limit is raised as far as the system lets us, and it
/// is said how many there may be.
pub(crate) fn raise_open_files() -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    // macOS takes no more than this.
    let wanted = maximum.unwrap_or(u64::MAX).min(10_240);
    let current = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    if current >= wanted {
        return current;
    }
    match setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum }) {
        Ok(()) => wanted,
        Err(_) => current,
    }
}

/// What is resident and no file's.
fn anonymous_memory() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let kibibytes = line.and_then(|rest| rest.trim().strip_suffix(" kB")?.parse::<usize>().ok());
    kibibytes.unwrap_or(0) << 10
}
