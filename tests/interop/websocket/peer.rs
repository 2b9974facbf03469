//! Echo peers of other implementations, as processes: the programs in `tests/websocket_peers`.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value as Json;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::peer::Implementation;

/// Deadline of everything: no healthy machine reaches it.
const DEADLINE: Duration = Duration::from_secs(60);

/// An implementation of WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Library {
    /// Autobahn|Python.
    Autobahn,
    /// `websockets`, of Python.
    Websockets,
    /// `ws`, of Node.
    Ws,
}

/// A program that echoes all messages. It ends when it is dropped.
pub(crate) struct Peer {
    child: Child,
    lines: UnboundedReceiver<Json>,
    name: String,
}

impl Library {
    fn command(self) -> Command {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/websocket_peers");
        let (program, script) = match self {
            Library::Autobahn => (Implementation::Python.installed(), "with_autobahn.py"),
            Library::Websockets => (Implementation::Python.installed(), "with_websockets.py"),
            Library::Ws => (PathBuf::from("node"), "with_ws.mjs"),
        };
        let mut command = Command::new(program);
        command.arg(folder.join(script));
        command
    }
}

impl Peer {
    /// Starts an echo server. Returns its URL, too.
    pub(crate) async fn server(library: Library, options: &Json) -> (Peer, String) {
        let mut peer = Peer::start(library, &["server"], options);
        let port = peer.next("port").await;
        (peer, format!("ws://127.0.0.1:{port}"))
    }

    /// Starts a client of `url` that echoes.
    pub(crate) fn client(library: Library, url: &str, options: &Json) -> Peer {
        Peer::start(library, &["client", url], options)
    }

    fn start(library: Library, arguments: &[&str], options: &Json) -> Peer {
        let mut child = library
            .command()
            .args(arguments)
            .arg(options.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, lines) = unbounded_channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let _ = sender.send(serde_json::from_str(&line).unwrap());
            }
        });
        Peer { child, lines, name: format!("{library:?} {arguments:?} {options}") }
    }

    /// Waits until a connection is open. Returns its extensions.
    pub(crate) async fn opened(&mut self) -> String {
        self.next("open").await["extensions"].as_str().unwrap().to_owned()
    }

    /// Waits until a connection is closed. Returns the code and the reason that the program reports.
    pub(crate) async fn closed(&mut self) -> (u64, String) {
        let closed = self.next("closed").await;
        assert_eq!(closed["clean"], true, "{}: {closed}", self.name);
        (closed["code"].as_u64().unwrap(), closed["reason"].as_str().unwrap().to_owned())
    }

    /// The value of the next line, which has to have this key.
    async fn next(&mut self, key: &str) -> Json {
        let line = tokio::time::timeout(DEADLINE, self.lines.recv()).await;
        let Ok(Some(mut line)) = line else { panic!("{}: no {key}, but {line:?}", self.name) };
        assert!(line.get(key).is_some(), "{}: no {key}, but {line}", self.name);
        line[key].take()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
