//! The servers' side of `clients`: starts the two client processes and asks them.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::clients::Cell;
use crate::measure::{Error, Sample};
use crate::server::ServerClock;

/// A process of clients. It ends when this is dropped.
pub(crate) struct Clients {
    child: Child,
    stdin: ChildStdin,
    lines: mpsc::Receiver<String>,
}

impl Clients {
    pub(crate) fn start(program: &Path, arguments: &[&str]) -> Result<Self, Error> {
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", program.display()))?;
        let stdin = child.stdin.take().ok_or("no stdin")?;
        let stdout = child.stdout.take().ok_or("no stdout")?;
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Clients { child, stdin, lines })
    }

    /// Measures one cell. The outer error is final.
    pub(crate) fn measure(
        &mut self,
        cell: &Cell,
        server: &ServerClock,
    ) -> Result<Result<Sample, String>, Error> {
        writeln!(self.stdin, "{}", cell.line())?;
        loop {
            let line = self.lines.recv_timeout(cell.limit() + Duration::from_secs(5))?;
            match line.split_once(' ').unwrap_or((&line, "")) {
                ("cpu", _) => writeln!(self.stdin, "{}", server.cpu()?.as_nanos())?,
                ("sample", figures) => {
                    return Ok(Ok(Sample::parse(figures).ok_or("no sample")?));
                }
                ("error", text) => return Ok(Err(text.to_owned())),
                _ => return Err(format!("what is {line:?}?").into()),
            }
        }
    }
}

impl Drop for Clients {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
