//! Autobahn|Python at the other end: sessions of `tests/autobahn/peer.py`, driven from here.
//!
//! All tests of a program share one Python process, for it takes a second to start. It ends when
//! its stdin does: with the test program, however that ends.

#![allow(clippy::unwrap_used, clippy::panic, dead_code, reason = "tests may")]

use std::collections::HashMap;
use std::future::{Future, IntoFuture};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use serde_json::{Value as Json, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// What no healthy machine needs; nothing waits for it to pass.
const DEADLINE: Duration = Duration::from_secs(30);

/// A session of Autobahn|Python. When it is dropped its connection is cut.
pub(crate) struct Autobahn {
    name: String,
    happenings: UnboundedReceiver<Json>,
    /// What Autobahn knows about it: `session`, `realm`, `authid`, `authrole`, `authmethod`,
    /// `authprovider`, `authextra`, `features`.
    pub(crate) details: Json,
}

/// A command that is at work. `await` it for what it gives.
pub(crate) struct Pending {
    pub(crate) id: u64,
    what: String,
    replies: UnboundedReceiver<Json>,
}

/// Why a command failed: `error`, `args` and `kwargs`.
pub(crate) type Failed = Json;

impl Autobahn {
    /// Whether it is installed. If not, a loud word says what is skipped; in CI that is a failure.
    pub(crate) fn is_there() -> bool {
        if python().exists() {
            return true;
        }
        assert!(
            std::env::var("WAMPWERK_REQUIRE_ALL").is_err(),
            "no Autobahn|Python in {}, and all tests are required",
            python().display()
        );
        // Written past the test runner, which keeps the output of tests that pass.
        let loud = b"\nSKIPPED: no Autobahn|Python (run `tools/setup crossbar`)\n";
        std::io::stderr().write_all(loud).unwrap();
        false
    }

    /// Connects and joins. `serializer` is Autobahn's name of one: json, msgpack, cbor, or these
    /// with `.batched` behind.
    pub(crate) async fn join(url: &str, realm: &str, serializer: &str) -> Result<Self, Failed> {
        Autobahn::log_in(url, realm, serializer, json!({})).await
    }

    /// The same, by methods as Autobahn's `Component` has them: `{"ticket": {"authid": …}, …}`, or
    /// in this order if they are a list of pairs.
    pub(crate) async fn log_in(
        url: &str,
        realm: &str,
        serializer: &str,
        authentication: Json,
    ) -> Result<Self, Failed> {
        let mut session = Autobahn::new();
        let how = json!({
            "url": url, "realm": realm, "serializer": serializer, "authentication": authentication,
        });
        session.details = session.ask("join", how).await?;
        Ok(session)
    }

    /// Autobahn's `Component`, which has a procedure that echoes and a topic, as `how` says. It
    /// connects, and connects again, from the command `start` on until `stop`.
    pub(crate) async fn component(how: Json) -> Self {
        let component = Autobahn::new();
        component.must("steady", how).await;
        component
    }

    /// A name without anybody behind it yet.
    fn new() -> Self {
        let (sender, happenings) = unbounded_channel();
        Autobahn { name: Process::get().enter(sender), happenings, details: Json::Null }
    }

    pub(crate) fn id(&self) -> u64 {
        self.details["session"].as_u64().unwrap()
    }

    /// Starts the command `what`, with the parameters that the method of peer.py has.
    pub(crate) fn start(&self, what: &str, with: Json) -> Pending {
        let (sender, replies) = unbounded_channel();
        let id = Process::get().send(&self.name, what, with.clone(), Some(sender));
        Pending { id, what: format!("{what} {with}"), replies }
    }

    /// The outcome of a command.
    pub(crate) async fn ask(&self, what: &str, with: Json) -> Result<Json, Failed> {
        self.start(what, with).await
    }

    /// What a command gives that has to succeed.
    pub(crate) async fn must(&self, what: &str, with: Json) -> Json {
        let command = format!("{what} {with}");
        self.ask(what, with).await.unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    /// Calls a procedure with positional arguments.
    pub(crate) async fn call(&self, procedure: &str, args: Json) -> Result<Json, Failed> {
        self.ask("call", json!({"procedure": procedure, "args": args})).await
    }

    /// The next thing that happens to the session, which has to be an `event`.
    pub(crate) async fn next(&mut self, event: &str) -> Json {
        let awaited = format!("{event} of Autobahn's session {}", self.name);
        let happened = within(&awaited, self.happenings.recv()).await;
        let happened = happened.unwrap_or_else(|| panic!("no {awaited}: {}", Process::said()));
        assert_eq!(happened["event"], event, "{happened}");
        happened
    }

    /// The next `event`, whatever happens before it.
    pub(crate) async fn until(&mut self, event: &str) -> Json {
        let awaited = format!("{event} of Autobahn's session {}", self.name);
        loop {
            let happened = within(&awaited, self.happenings.recv()).await;
            let happened = happened.unwrap_or_else(|| panic!("no {awaited}: {}", Process::said()));
            if happened["event"] == event {
                return happened;
            }
        }
    }

    /// What has happened already.
    pub(crate) fn happened(&mut self) -> Vec<Json> {
        std::iter::from_fn(|| self.happenings.try_recv().ok()).collect()
    }

    /// Leaves; nothing else may have happened, and all has to end as it should. Autobahn ends the
    /// connection with another code and a reason as soon as it sees a violation of the protocol.
    pub(crate) async fn leave(mut self) {
        self.must("leave", json!({})).await;
        self.next("left").await;
        let closed = self.next("closed").await;
        assert_eq!((&closed["clean"], &closed["code"]), (&json!(true), &json!(1000)), "{closed}");
    }
}

impl Drop for Autobahn {
    fn drop(&mut self) {
        Process::get().forget(&self.name);
    }
}

impl Pending {
    /// The next progressive result: `args` and `kwargs`.
    pub(crate) async fn progress(&mut self) -> Json {
        let reply = self.reply().await;
        assert!(reply["progress"].is_object(), "{}: {reply}", self.what);
        reply["progress"].clone()
    }

    async fn reply(&mut self) -> Json {
        let reply = within(&self.what, self.replies.recv()).await;
        reply.unwrap_or_else(|| panic!("{}: {}", self.what, Process::said()))
    }
}

impl IntoFuture for Pending {
    type Output = Result<Json, Failed>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output>>>;

    fn into_future(mut self) -> Self::IntoFuture {
        Box::pin(async move {
            let reply = self.reply().await;
            assert!(reply["progress"].is_null(), "{}: {reply}", self.what);
            if reply["error"].is_null() { Ok(reply["ok"].clone()) } else { Err(reply) }
        })
    }
}

/// What the future gives; it has to give it before the deadline.
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    let limit = tokio::time::timeout(DEADLINE, future).await;
    limit.unwrap_or_else(|_| panic!("not within {DEADLINE:?}: {what}; {}", Process::said()))
}

/// The Python process.
struct Process {
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
    fn get() -> &'static Process {
        static PROCESS: LazyLock<Process> = LazyLock::new(Process::start);
        &PROCESS
    }

    fn start() -> Process {
        let peer = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/autobahn/peer.py");
        let mut child = Command::new(python())
            .arg(peer)
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
    fn enter(&self, happenings: UnboundedSender<Json>) -> String {
        let mut waiting = self.shared.waiting.lock().unwrap();
        waiting.last += 1;
        let name = format!("s{}", waiting.last);
        waiting.happenings.insert(name.clone(), happenings);
        name
    }

    fn forget(&self, name: &str) {
        self.shared.waiting.lock().unwrap().happenings.remove(name);
        self.send(name, "vanish", json!({}), None);
    }

    fn send(
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
            // Of a process that has ended nobody shall wait for a reply.
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

    fn said() -> String {
        format!("the Python process said: {}", Process::get().shared.stderr.lock().unwrap())
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
            // Nobody has to listen.
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
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .unwrap_or_else(|| Path::new(&std::env::var_os("HOME").unwrap_or_default()).join(".cache"));
    cache.join("wampwerk/crossbar/venv/bin/python")
}
