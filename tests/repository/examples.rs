//! The examples do what they say: each is run as the program that it is, against a router of the
//! test's, and what it prints and how it ends is looked at.
//!
//! `cargo test` builds them, but `cargo test --test repository` does not: `cargo build --examples` first.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use wampwerk::server::Listener;
use wampwerk::{Router, Session, connect, websocket};

/// What no healthy machine needs; nothing waits for it to pass.
const DEADLINE: Duration = Duration::from_secs(60);

/// An example that runs. When it is dropped it is killed.
struct Example {
    name: String,
    child: Child,
    /// What it prints; its errors and log too, after a `!`.
    lines: UnboundedReceiver<String>,
    seen: Vec<String>,
}

impl Example {
    fn start(name: &str, arguments: &[&str]) -> Example {
        let mut folder = std::env::current_exe().unwrap();
        folder.pop();
        folder.pop();
        let program = folder.join("examples").join(name);
        assert!(program.exists(), "{} is not built: cargo build --examples", program.display());
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, lines) = unbounded_channel();
        forward("", child.stdout.take().unwrap(), sender.clone());
        forward("!", child.stderr.take().unwrap(), sender);
        Example { name: name.to_owned(), child, lines, seen: Vec::new() }
    }

    /// Waits until it prints a line that begins so; gives the rest of the line.
    async fn prints(&mut self, beginning: &str) -> String {
        loop {
            let line = tokio::time::timeout(DEADLINE, self.lines.recv()).await;
            let Ok(Some(line)) = line else {
                panic!("{} does not print {beginning:?}, but {:#?}", self.name, self.seen);
            };
            self.seen.push(line);
            if let Some(rest) = self.seen.last().and_then(|line| line.strip_prefix(beginning)) {
                return rest.to_owned();
            }
        }
    }

    /// Ctrl-C.
    fn interrupt(&self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    }

    /// Its end: the exit status, and all that it has printed.
    async fn ends(mut self) -> (Option<i32>, Vec<String>) {
        let rest = async {
            while let Some(line) = self.lines.recv().await {
                self.seen.push(line);
            }
        };
        let ended = tokio::time::timeout(DEADLINE, rest).await;
        assert!(ended.is_ok(), "{} does not end; it printed {:#?}", self.name, self.seen);
        (self.child.wait().unwrap().code(), std::mem::take(&mut self.seen))
    }

    /// The same of one that succeeds, and has nothing to complain about.
    async fn succeeds(self) -> Vec<String> {
        let name = self.name.clone();
        let (status, lines) = self.ends().await;
        assert_eq!(status, Some(0), "{name} printed {lines:#?}");
        assert!(!lines.iter().any(|line| line.starts_with('!')), "{name} printed {lines:#?}");
        lines
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn forward(mark: &'static str, from: impl Read + Send + 'static, to: UnboundedSender<String>) {
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            let _ = to.send(format!("{mark}{line}"));
        }
    });
}

/// A router for examples that meet, and a session of the test's.
async fn place() -> (Router, Listener, Session) {
    let router = Router::builder().realm("realm1").build().unwrap();
    let listener = router.listen("ws://127.0.0.1:0/ws").await.unwrap();
    let session = connect(listener.url(), "realm1").await.unwrap();
    (router, listener, session)
}

/// Whether `parts` come in this order.
fn assert_order(lines: &[String], parts: &[&str]) {
    let mut rest = lines.iter();
    for part in parts {
        assert!(rest.any(|line| line == part), "{part:?} is not in its place in {lines:#?}");
    }
}

#[tokio::test]
async fn quickstart() {
    assert_eq!(Example::start("quickstart", &[]).succeeds().await, ["it works"]);
}

#[tokio::test]
async fn advanced() {
    let lines = Example::start("advanced", &[]).succeeds().await;
    let parts = ["counting: 2", "counted: 3", "total: 6", "only 3 left"];
    assert_order(&lines, &parts);
    let parts = ["cancelled: wamp.error.canceled", "asked for com.shop.bolt.price", "sessions: 2"];
    assert_order(&lines, &parts);
}

#[tokio::test]
async fn hello() {
    let (_router, listener, session) = place().await;
    let mut counter = session.subscribe("com.example.oncounter").await.unwrap();
    let mut example = Example::start("hello", &["--url", listener.url()]);
    example.prints("joined realm1 as session ").await;
    assert_eq!(counter.next().await.unwrap().unwrap().decode::<i64>().unwrap(), 1);
    example.prints("no session has registered mul2 yet").await;
    // What it calls is there from now on, and what it has declared is there, too.
    session.register("com.example.mul2", |a: i64, b: i64| async move { a * b }).await.unwrap();
    example.prints("mul2(").await;
    let sum = session.call("com.example.add2").args((2, 3)).value::<i64>().await.unwrap();
    assert_eq!(sum, 5);
    example.prints("asked for 2 and 3").await;
    session.publish("com.example.oncounter").args((17,)).await.unwrap();
    example.prints("another counts: 17").await;
    // Ctrl-C is a good end.
    example.interrupt();
    example.succeeds().await;
}

#[tokio::test]
async fn two_hellos_call_each_other() {
    let (_router, listener, _session) = place().await;
    let mut adds = Example::start("hello", &["--url", listener.url()]);
    let other = ["--url", listener.url(), "--offer", "mul2", "--call", "add2"];
    let mut multiplies = Example::start("hello", &other);
    adds.prints("mul2(").await;
    multiplies.prints("add2(").await;
    adds.prints("another counts: ").await;
    adds.interrupt();
    multiplies.interrupt();
    adds.succeeds().await;
    multiplies.succeeds().await;
}

#[tokio::test]
async fn calculator() {
    let (_router, listener, _session) = place().await;
    let mut backend = Example::start("calculator_backend", &["--url", listener.url()]);
    backend.prints("the calculator is ready").await;
    let calculation = ["--url", listener.url(), "8", "/", "4", "+", "0.5"];
    let lines = Example::start("calculator_frontend", &calculation).succeeds().await;
    assert_eq!(lines, ["= 8 -> 8", "/ 4 -> 2", "+ 0.5 -> 2.5", "2.5"]);
    backend.prints("2 + 0.5 = 2.5").await;
    // The backend's error is the frontend's.
    for (operator, error) in [("/", "division_by_zero"), ("^", "no_such_operator")] {
        let calculation = ["--url", listener.url(), "1", operator, "0"];
        let (status, lines) = Example::start("calculator_frontend", &calculation).ends().await;
        assert_eq!(status, Some(1), "{lines:#?}");
        assert!(lines.iter().any(|line| line.contains(error)), "{lines:#?}");
    }
    // A second one does not go on without the names.
    let (status, lines) =
        Example::start("calculator_backend", &["--url", listener.url()]).ends().await;
    assert_eq!(status, Some(1), "{lines:#?}");
    let taken = "wamp.error.procedure_already_exists";
    assert!(lines.iter().any(|line| line.contains(taken)), "{lines:#?}");
    backend.interrupt();
    backend.succeeds().await;
}

#[tokio::test]
async fn what_an_example_does_not_know_is_refused_by_name() {
    for (name, arguments, text) in [
        ("hello", &["--ofer", "mul2"][..], "no such option: --ofer; there are --url, --offer"),
        ("authentication", &["--method"], "--method needs a value"),
        ("reconnecting", &["ws://127.0.0.1:1/ws"], "is not a known option; known are --url"),
        ("calculator_frontend", &[], "what is to be calculated?"),
    ] {
        let (status, lines) = Example::start(name, arguments).ends().await;
        assert_eq!(status, Some(1), "{lines:#?}");
        assert!(lines.iter().any(|line| line.contains(text)), "{lines:#?}");
    }
}

#[tokio::test]
async fn pubsub() {
    let (_router, listener, _session) = place().await;
    let mut subscriber = Example::start("pubsub_subscriber", &["--url", listener.url()]);
    subscriber.prints("subscribed").await;
    let mut publisher = Example::start("pubsub_publisher", &["--url", listener.url()]);
    publisher.prints("published 1 as ").await;
    let lines = subscriber.succeeds().await;
    let parts = ["event 1: 1", "event 2: 2", "event 3: 3", "event 4: 4", "event 5: 5"];
    assert_order(&lines, &parts);
    publisher.interrupt();
    publisher.succeeds().await;
}

#[tokio::test]
async fn authentication() {
    let methods = [
        ("ticket", "tina is in as staff by ticket"),
        ("wampcra", "wanda is in as staff by wampcra"),
        ("wampcra-salted", "walter is in as staff by wampcra"),
        ("scram", "sam is in as staff by scram"),
        ("wamp-scram", "sue is in as staff by wamp-scram"),
        ("cryptosign", "carl is in as staff by cryptosign"),
        ("custom", "tina is in as staff by ticket"),
        ("dict", "wanda is in as staff by wampcra"),
    ];
    for (method, last) in methods {
        let lines = Example::start("authentication", &["--method", method]).succeeds().await;
        assert_eq!(lines.last().map(String::as_str), Some(last));
        let other_key = "17".repeat(32);
        let secret = if method == "cryptosign" { &*other_key } else { "a wrong one" };
        let wrong = ["--method", method, "--secret", secret];
        assert_refused(&wrong, "wamp.error.authentication_denied").await;
    }
    assert_refused(&["--method", "anonymous"], "wamp.error.no_matching_auth_method").await;
}

async fn assert_refused(arguments: &[&str], reason: &str) {
    let (status, lines) = Example::start("authentication", arguments).ends().await;
    assert_eq!(status, Some(1), "{arguments:?}: {lines:#?}");
    assert!(lines.iter().any(|line| line.contains(reason)), "{arguments:?}: {lines:#?}");
    assert!(!lines.iter().any(|line| line.contains("a wrong one")), "{arguments:?}: {lines:#?}");
}

#[tokio::test]
async fn reconnecting() {
    let (status, lines) = Example::start("reconnecting", &[]).ends().await;
    assert_eq!(status, Some(0), "{lines:#?}");
    let parts = [
        "ready for the 1. time",
        "left: wamp.close.system_shutdown",
        "ready for the 2. time",
        "Hello, again!",
        "left: wamp.close.goodbye_and_out",
    ];
    assert_order(&lines, &parts);
}

/// Both routers are one here; `make cluster` and the interop tests have two that are linked.
#[tokio::test]
async fn cluster() {
    let mut example = Example::start("cluster", &[]);
    example.prints("service: joined at ws://").await;
    example.prints("user: the square of ").await;
    example.interrupt();
    let (status, lines) = example.ends().await;
    assert_eq!(status, Some(0), "{lines:#?}");
    assert!(lines.iter().any(|line| line.ends_with("calls were answered")), "{lines:#?}");
}

#[tokio::test]
async fn several_components() {
    let lines = Example::start("several_components", &[]).succeeds().await;
    let parts =
        ["the guest eats a hot soup", "no pizza: com.example.error.not_on_the_menu", "closed"];
    assert_order(&lines, &parts);
    assert!(lines.contains(&"the waiter writes down: a hot soup".to_owned()), "{lines:#?}");
}

#[tokio::test]
async fn own_server() {
    let places = ["--url", "ws://127.0.0.1:0/ws", "--raw-socket", "rs://127.0.0.1:0"];
    let mut server = Example::start("own_server", &places);
    let web = server.prints("WebSocket ").await;
    let raw = server.prints("RawSocket ").await;
    for (one, other) in [(&web, &raw), (&raw, &web), (&raw, &raw)] {
        let callee = connect(one, "realm1").await.unwrap();
        callee.register("com.example.add", |a: i64, b: i64| async move { a + b }).await.unwrap();
        let caller = connect(other, "realm1").await.unwrap();
        let sum = caller.call("com.example.add").args((2, 3)).value::<i64>().await.unwrap();
        assert_eq!(sum, 5);
        let error = caller.call("com.example.nobody").await.unwrap_err().to_string();
        assert!(error.starts_with("wamp.error.no_such_procedure: procedure "), "{error}");
        let error = caller.call("com.example.add").args(("a", "b")).await.unwrap_err().to_string();
        assert!(error.starts_with("wamp.error.invalid_argument"), "{error}");
        let twice = caller.register("com.example.add", || async {}).await.unwrap_err().to_string();
        assert!(twice.starts_with("wamp.error.procedure_already_exists"), "{twice}");
        // Who waits for a callee that goes is told.
        let (entered, mut on_entered) = unbounded_channel();
        let endless = move || {
            let _ = entered.send(());
            std::future::pending::<i64>()
        };
        callee.register("com.example.never", endless).await.unwrap();
        let waiting = caller.clone();
        let waiting = tokio::spawn(async move { waiting.call("com.example.never").await });
        on_entered.recv().await.unwrap();
        callee.leave().await;
        let ended = waiting.await.unwrap();
        let error = ended.unwrap_err().to_string();
        assert!(error.starts_with("wamp.error.canceled: the callee has gone"), "{error}");
        caller.leave().await;
    }
    assert!(connect(&web, "realm2").await.unwrap_err().to_string().contains("no_such_realm"));
    let [web, raw] =
        [connect(&web, "realm1").await.unwrap(), connect(&raw, "realm1").await.unwrap()];
    server.interrupt();
    server.prints("going down").await;
    for session in [web, raw] {
        assert_eq!(session.closed().await.reason, "wamp.close.system_shutdown");
    }
    assert_eq!(server.succeeds().await.last().map(String::as_str), Some("down"));
}

#[cfg(feature = "tokio-tungstenite")]
#[tokio::test]
async fn over_tungstenite() {
    let lines = Example::start("over_tungstenite", &[]).succeeds().await;
    assert_eq!(lines, ["joined realm1 over websocket", "2 + 3 = 5"]);
}

#[tokio::test]
async fn mounted() {
    let mut server = Example::start("mounted", &["--address", "127.0.0.1:0"]);
    let page = server.prints("page http://").await;
    let url = server.prints("router ").await;
    let address = page.trim_end_matches('/');
    let session = connect(&url, "realm1").await.unwrap();
    let mut news = session.subscribe("com.example.news").await.unwrap();
    let answer = http(address, "GET / HTTP/1.0\r\n\r\n").await;
    assert!(answer.contains("A page beside a WAMP router."), "{answer}");
    let answer = http(address, "GET /count HTTP/1.0\r\n\r\n").await;
    assert!(answer.ends_with("\r\n\r\n1\n"), "{answer}");
    let post = "HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello";
    let answer = http(address, &format!("POST /publish/com.example.news {post}")).await;
    assert!(answer.starts_with("HTTP/1.0 204"), "{answer}");
    assert_eq!(news.next().await.unwrap().unwrap().decode::<String>().unwrap(), "hello");
    let answer = http(address, &format!("POST /publish/a%20b {post}")).await;
    assert!(answer.starts_with("HTTP/1.0 400"), "{answer}");
    let get = "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let answer = http(address, get).await;
    assert!(answer.starts_with("HTTP/1.1 426"), "{answer}");
    server.interrupt();
    assert_eq!(session.closed().await.reason, "wamp.close.system_shutdown");
    assert_eq!(server.succeeds().await.last().map(String::as_str), Some("down"));
}

/// What a server answers, up to its end.
async fn http(address: &str, request: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let read = stream.read_to_string(&mut answer);
    tokio::time::timeout(DEADLINE, read).await.unwrap().unwrap();
    answer
}

#[tokio::test]
async fn websocket_echo() {
    let lines = Example::start("websocket_echo", &[]).succeeds().await;
    let parts = ["received one", "received two", "received three"];
    assert_order(&lines, &parts);
    assert!(
        lines.iter().any(|line| line.starts_with("agreed on permessage-deflate")),
        "{lines:#?}"
    );
    assert!(lines.iter().any(|line| line.starts_with("client: code 1000")), "{lines:#?}");
}

#[tokio::test]
async fn websocket_broadcast() {
    let lines = Example::start("websocket_broadcast", &[]).succeeds().await;
    for client in ["first", "second"] {
        let received = format!("{client} received {{\"tick\": ");
        let count = lines.iter().filter(|line| line.starts_with(&received)).count();
        assert_eq!(count, 3, "{lines:#?}");
        assert!(lines.contains(&format!("{client} left")), "{lines:#?}");
    }
}

#[tokio::test]
async fn websocket_chat() {
    let places = ["--page", "127.0.0.1:0", "--listen", "ws://127.0.0.1:0"];
    let mut server = Example::start("websocket_chat", &places);
    let page = server.prints("page ").await;
    let url = server.prints("chat ").await;
    let guest = websocket::connect(format!("{url}?name=guest")).protocols(["chat.example"]);
    let mut guest = guest.await.unwrap();
    assert_eq!(guest.response().protocol(), Some("chat.example"));
    server.prints("guest is here").await;
    guest.send("is somebody here?").await.unwrap();
    server.prints("guest: is somebody here?").await;
    let mut ann = Example::start("websocket_chat", &["--join", &url, "--name", "ann"]);
    server.prints("ann is here").await;
    // The standard input of examples is empty, so she leaves.
    ann.prints("closed: code 1000").await;
    ann.succeeds().await;
    server.prints("ann has left (code 1000: bye)").await;
    let said: Vec<String> = std::iter::from_fn(|| {
        let said = guest.next().now_or_never()??.unwrap();
        Some(said.text()?.to_owned())
    })
    .collect();
    assert_order(&said, &["guest is here", "guest: is somebody here?", "ann is here"]);
    // Pages of other sites are refused, and so is a guest without a name.
    for (query, origin, status) in
        [("?name=page", "http://elsewhere.example", "403"), ("", page.trim_end_matches('/'), "400")]
    {
        let refused = websocket::connect(format!("{url}{query}")).origin(origin);
        let error = refused.protocols(["chat.example"]).await.unwrap_err().to_string();
        assert!(error.contains(status), "{error}");
    }
}
