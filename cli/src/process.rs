//! Contains [`Program`], which answers calls by processes: one for each call, with bounds on its time and its output.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::sync::Semaphore;
use wampwerk::session::IncomingCall;
use wampwerk::{ApplicationError, Dict, List, Payload, Uri, Value};

use crate::failure::{Failure, Outcome};
use crate::output::{json, warn};
use crate::values;

/// Maximum number of calls that wait for a process.
const MAX_WAITING: usize = 1024;

/// Length of the end of the standard error that an error carries.
const STDERR: usize = 4096;

/// Time for a process that has ended to have its output read: a child of its own may keep the pipe open.
const AFTER_EXIT: Duration = Duration::from_secs(1);

/// A command whose processes answer calls.
pub(crate) struct Program {
    command: PathBuf,
    arguments: Vec<String>,
    errors: HashMap<i32, Uri>,
    text: bool,
    time_limit: Duration,
    output_limit: usize,
    /// Calls that may be here, running or waiting.
    places: Semaphore,
    processes: Semaphore,
}

/// What a process has left.
struct Finished {
    status: ExitStatus,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

impl Program {
    /// Looks the command up, so that a wrong one is found before a call comes.
    pub(crate) fn new(command: &[String]) -> Outcome<Self> {
        let Some((name, arguments)) = command.split_first() else {
            return Err(Failure::usage("--exec needs a command"));
        };
        let Some(path) = find(name) else {
            return Err(Failure::usage(format_args!("--exec {name}: no such program")));
        };
        Ok(Program {
            command: path,
            arguments: arguments.to_vec(),
            errors: HashMap::new(),
            text: false,
            time_limit: Duration::from_secs(60),
            output_limit: 1 << 20,
            places: Semaphore::new(1 + MAX_WAITING),
            processes: Semaphore::new(1),
        })
    }

    /// Sets the errors of exit codes. Default: `wamp.error.runtime_error` for each.
    pub(crate) fn errors(mut self, errors: HashMap<i32, Uri>) -> Self {
        self.errors = errors;
        self
    }

    /// Sets whether the output is a text even if it is JSON.
    pub(crate) fn text(mut self, text: bool) -> Self {
        self.text = text;
        self
    }

    /// Sets the number of processes at a time.
    pub(crate) fn concurrency(mut self, processes: usize) -> Self {
        self.places = Semaphore::new(processes + MAX_WAITING);
        self.processes = Semaphore::new(processes);
        self
    }

    /// Sets the maximum time of a process and length of its output.
    pub(crate) fn limits(mut self, time: Duration, output: usize) -> Self {
        self.time_limit = time;
        self.output_limit = output;
        self
    }

    /// Runs a process. If the future is dropped, because the caller has canceled, the process is killed.
    pub(crate) async fn answer(&self, call: &IncomingCall) -> Result<Payload, ApplicationError> {
        let full = |_| ApplicationError::new(Uri::UNAVAILABLE).arg("too many calls wait");
        let _place = self.places.try_acquire().map_err(full)?;
        let _process = self.processes.acquire().await.map_err(ApplicationError::runtime)?;
        let outcome = match tokio::time::timeout(self.time_limit, self.run(call)).await {
            Ok(outcome) => outcome,
            Err(_) => {
                let text = format!("the process took longer than {:?}", self.time_limit);
                Err(ApplicationError::new(Uri::TIMEOUT).arg(text))
            }
        };
        outcome.inspect_err(|error| warn(format_args!("{}: {error}", call.procedure)))
    }

    async fn run(&self, call: &IncomingCall) -> Result<Payload, ApplicationError> {
        let (args, kwargs) = call.payload.to_values()?;
        let input = json(&Dict::new().with("args", args).with("kwargs", kwargs).into());
        let mut command = Command::new(&self.command);
        command
            .args(&self.arguments)
            .env("WAMPWERK_PROCEDURE", call.procedure.as_str())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        // Ctrl-C in a terminal reaches this program only, and its children end with it.
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command.spawn().map_err(ApplicationError::runtime)?;
        let _group = Group::of(&child);
        let finished = self.finish(&mut child, input).await?;
        self.result(finished)
    }

    async fn finish(&self, child: &mut Child, input: String) -> Result<Finished, ApplicationError> {
        let (stdin, stdout, stderr) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let write = async move {
            if let Some(mut stdin) = stdin {
                // A process need not read its input.
                let _ = stdin.write_all(input.as_bytes()).await;
            }
            // Goes on until the process has ended.
            std::future::pending::<()>().await
        };
        let mut output = Vec::new();
        let mut errors = Vec::new();
        let status = {
            let mut read = std::pin::pin!(async {
                let (read, ()) = tokio::join!(
                    read_limited(stdout, &mut output, self.output_limit),
                    read_end(stderr, &mut errors),
                );
                read
            });
            let mut write = std::pin::pin!(write);
            let mut is_read = false;
            let status = loop {
                tokio::select! {
                    () = &mut write => {}
                    within = &mut read, if !is_read => {
                        within.map_err(|()| self.flooded())?;
                        is_read = true;
                    }
                    status = child.wait() => break status.map_err(ApplicationError::runtime)?,
                }
            };
            if !is_read && let Ok(within) = tokio::time::timeout(AFTER_EXIT, read).await {
                within.map_err(|()| self.flooded())?;
            }
            status
        };
        Ok(Finished { status, stdout: output, stderr: errors })
    }

    fn flooded(&self) -> ApplicationError {
        let text = format!("the process wrote more than {} bytes", self.output_limit);
        ApplicationError::new(Uri::PAYLOAD_SIZE_EXCEEDED).arg(text)
    }

    fn result(&self, finished: Finished) -> Result<Payload, ApplicationError> {
        let Finished { status, stdout, stderr } = finished;
        if status.success() {
            return Ok(Payload::from_values(List::from([self.value(stdout)]), Dict::new()));
        }
        let said = String::from_utf8_lossy(&stderr).trim().to_owned();
        let text = if said.is_empty() { status.to_string() } else { said };
        let Some(code) = status.code() else {
            return Err(ApplicationError::runtime(format_args!("the process died: {status}")));
        };
        let uri = self.errors.get(&code).map_or(Uri::RUNTIME_ERROR, Uri::as_str);
        Err(ApplicationError::new(uri).arg(text).kwarg("exit_code", code))
    }

    /// JSON, or a text without the last line break; binary data if it is neither.
    fn value(&self, output: Vec<u8>) -> Value {
        let text = match String::from_utf8(output) {
            Ok(text) => text,
            Err(binary) => return Value::Bytes(binary.into_bytes().into()),
        };
        let document = values::from_json(text.trim()).filter(|_| !self.text);
        document.unwrap_or_else(|| {
            let line = text.strip_suffix('\n').unwrap_or(&text);
            line.strip_suffix('\r').unwrap_or(line).into()
        })
    }
}

/// Kills the whole process group of a process when it is dropped: what the process has started ends with it.
struct Group {
    #[cfg(unix)]
    leader: Option<rustix::process::Pid>,
}

impl Group {
    #[cfg(unix)]
    fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Group { leader: id.and_then(rustix::process::Pid::from_raw) }
    }

    #[cfg(not(unix))]
    fn of(_: &Child) -> Self {
        Group {}
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(leader) = self.leader {
            // It may be empty already.
            let _ = rustix::process::kill_process_group(leader, rustix::process::Signal::KILL);
        }
    }
}

/// Reads to the end. Fails if there is more than the limit.
async fn read_limited(
    source: Option<impl AsyncRead + Unpin>,
    into: &mut Vec<u8>,
    limit: usize,
) -> Result<(), ()> {
    let Some(source) = source else { return Ok(()) };
    // A pipe that breaks has ended.
    let _ = source.take(limit as u64 + 1).read_to_end(into).await;
    if into.len() > limit { Err(()) } else { Ok(()) }
}

/// Reads to the end, and keeps the last part.
async fn read_end(source: Option<impl AsyncRead + Unpin>, into: &mut Vec<u8>) {
    let Some(mut source) = source else { return };
    let mut buffer = [0; STDERR];
    while let Ok(length @ 1..) = source.read(&mut buffer).await {
        into.extend_from_slice(&buffer[..length]);
        let surplus = into.len().saturating_sub(STDERR);
        into.drain(..surplus);
    }
}

/// Finds a program as a shell does.
fn find(name: &str) -> Option<PathBuf> {
    let is_program = |path: &Path| path.is_file();
    if name.contains(std::path::MAIN_SEPARATOR) || name.contains('/') {
        return Some(PathBuf::from(name)).filter(|path| is_program(path));
    }
    let folders = std::env::var_os("PATH")?;
    let extension = std::env::consts::EXE_SUFFIX;
    std::env::split_paths(&folders)
        .flat_map(|folder| [folder.join(name), folder.join(format!("{name}{extension}"))])
        .find(|path| is_program(path))
}
