//! The terminal recordings of `docs/command-line.md`: each is run again and compared. `WAMPWERK_WRITE_RECORDINGS=1`
//! writes them.

use std::path::Path;

use crate::process::{Folder, Running, finish, program};
use crate::router::TestRouter;

crate::tests! {
    the_guide_shows_what_happens,
}

/// A terminal: what was typed, and what was printed.
struct Terminal<'a> {
    folder: &'a Folder,
    url: Option<&'a str>,
    text: String,
}

impl Terminal<'_> {
    fn command(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = program(arguments);
        command.current_dir(&self.folder.0);
        if let Some(url) = self.url {
            command.env("WAMPWERK_URL", url);
        }
        command
    }

    fn typed(&mut self, arguments: &[&str], end: &str) {
        let words: Vec<String> = arguments.iter().map(|word| quoted(word)).collect();
        self.text.push_str(&format!("$ wampwerk {}{end}\n", words.join(" ")));
    }

    /// Runs it to its end.
    fn run(&mut self, arguments: &[&str]) {
        self.typed(arguments, "");
        let run = finish(self.command(arguments), "");
        self.text.push_str(&run.stdout);
        self.text.push_str(&run.stderr);
    }

    /// Starts it in the background; it prints this line when it is ready.
    fn start(&mut self, arguments: &[&str], line: &str) -> Running {
        self.typed(arguments, " &");
        let mut running = Running::of(self.command(arguments));
        running.prints(line);
        self.text.push_str(&format!("{line}\n"));
        running
    }
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@".contains(c);
    if word.chars().all(plain) { word.to_owned() } else { format!("'{word}'") }
}

fn the_guide_shows_what_happens() {
    let folder = Folder::new();
    let router = TestRouter::start();
    let terminal = || Terminal { folder: &folder, url: Some(router.url()), text: String::new() };

    let mut first = terminal();
    let _echo =
        first.start(&["register", "com.example.echo", "--echo"], "registered com.example.echo");
    first.run(&["call", "com.example.echo", "\"hello\"", "[1,2]", "--kw", "unit=\"mm\""]);
    first.run(&["call", "com.example.echo", "1", "-o", "json"]);
    first.run(&["call", "com.example.unknown"]);
    first.run(&["call", "com.example.echo", "hello"]);

    let mut process = terminal();
    let script = "tr a-z A-Z";
    let _upper = process.start(
        &["register", "com.example.upper", "--exec", "sh", "-c", script],
        "registered com.example.upper",
    );
    process.run(&["call", "com.example.upper", "\"abc\""]);
    let script = "echo \"the disk is full\" >&2; exit 3";
    let options = [
        "register",
        "com.example.save",
        "--error",
        "3=com.example.error.full",
        "--exec",
        "sh",
        "-c",
        script,
    ];
    let _save = process.start(&options, "registered com.example.save");
    process.run(&["call", "com.example.save"]);

    let mut serving = Terminal { folder: &folder, url: None, text: String::new() };
    serving.run(&["keygen", "tls", "tls"]);
    folder.file(
        "router.toml",
        "realms = [\"realm1\"]\n[[listeners]]\nurl = \"wss://127.0.0.1:8443/ws\"\n\
         certificate = \"tls/server.pem\"\nkey = \"tls/server.key\"\n",
        0o600,
    );
    serving.run(&["router", "--config", "router.toml", "--check"]);
    folder.file("wrong.toml", "realms = [\"realm1\"]\nport = 8080\n", 0o600);
    serving.run(&["router", "--config", "wrong.toml"]);

    compare(&[("first", first.text), ("process", process.text), ("router", serving.text)]);
}

/// Compares the recordings with those of the page, or writes them.
fn compare(recordings: &[(&str, String)]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/command-line.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let mut expected = page.clone();
    for (name, text) in recordings {
        let mark = format!("<!-- recording: {name} -->\n");
        let start = expected.find(&mark).expect("the page has the mark") + mark.len();
        let rest = &expected[start..];
        let old = match rest.strip_prefix("\n```console\n") {
            Some(recording) => "\n```console\n".len() + recording.find("```\n").unwrap() + 4,
            None => 0,
        };
        expected.replace_range(start..start + old, &format!("\n```console\n{text}```\n"));
    }
    if std::env::var_os("WAMPWERK_WRITE_RECORDINGS").is_some() {
        std::fs::write(&path, &expected).unwrap();
        return;
    }
    let differs = expected.lines().zip(page.lines()).find(|(new, old)| new != old);
    assert!(
        expected == page,
        "docs/command-line.md is out of date: WAMPWERK_WRITE_RECORDINGS=1; {differs:?}"
    );
}
