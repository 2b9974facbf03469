//! Prints results and events in the chosen form, and notes for people on the standard error.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use clap::ValueEnum;
use comfy_table::Table;
use wampwerk::message::EventDetails;
use wampwerk::{Dict, List, Payload, Serializer, Value};

use crate::failure::{Failure, Outcome};

/// Form of the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people: texts as they are, other values as JSON.
    #[default]
    Text,
    /// One JSON document on each line.
    Json,
    /// The values only: texts and binary data as they are, without a line break.
    Raw,
}

/// Writes to the standard output and the standard error.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    pub(crate) format: Format,
    colored: bool,
}

impl Output {
    /// Colors only go to terminals, and not if `NO_COLOR` is set.
    pub(crate) fn new(format: Format) -> Self {
        let colored = format == Format::Text && io::stdout().is_terminal() && allows_color();
        Output { format, colored }
    }

    /// Prints the values of a result.
    pub(crate) fn values(&self, payload: &Payload) -> Outcome {
        let (args, kwargs) = to_values(payload)?;
        match self.format {
            Format::Text => {
                let lines = args.iter().map(plain);
                let keywords = kwargs.iter().map(|(key, value)| format!("{key}: {}", plain(value)));
                lines.chain(keywords).try_for_each(|line| print(&line))
            }
            Format::Json => self.record(&Dict::new().with("args", args).with("kwargs", kwargs)),
            Format::Raw => args.iter().try_for_each(|value| match value {
                Value::String(text) => write(text.as_bytes()),
                Value::Bytes(bytes) => write(bytes),
                other => write(json(other).as_bytes()),
            }),
        }
    }

    /// Prints an event: the topic, and its values on the same line.
    pub(crate) fn event(
        &self,
        topic: &str,
        publication: u64,
        details: &EventDetails,
        payload: &Payload,
    ) -> Outcome {
        match self.format {
            Format::Text => {
                let (args, kwargs) = to_values(payload)?;
                let args = args.iter().map(json);
                let kwargs = kwargs.iter().map(|(key, value)| format!("{key}={}", json(value)));
                let values: Vec<String> = args.chain(kwargs).collect();
                let mark = if details.retained == Some(true) { " (retained)" } else { "" };
                let topic = self.paint("36", topic);
                print(format!("{topic}{mark}  {}", values.join(" ")).trim_end())
            }
            Format::Json => {
                let (args, kwargs) = to_values(payload)?;
                let record = Dict::new()
                    .with("topic", topic)
                    .with("publication", publication)
                    .with("details", details.to_dict())
                    .with("args", args)
                    .with("kwargs", kwargs);
                self.record(&record)
            }
            Format::Raw => {
                self.values(payload)?;
                write(b"\n")
            }
        }
    }

    /// Prints a record: in the form `text` as a line for people, otherwise as JSON.
    pub(crate) fn line(&self, text: impl Display, record: &Dict) -> Outcome {
        match self.format {
            Format::Text => print(&text.to_string()),
            Format::Json | Format::Raw => self.record(record),
        }
    }

    /// Prints a table, or one record for each row.
    pub(crate) fn table(&self, heads: &[&str], rows: &[Dict]) -> Outcome {
        if self.format != Format::Text {
            return rows.iter().try_for_each(|row| self.record(row));
        }
        let mut table = Table::new();
        table.load_style(comfy_table::presets::UTF8_HORIZONTAL_ONLY).set_header(heads.to_vec());
        for row in rows {
            let cell = |head: &&str| match row.get(head) {
                None | Some(Value::Null) => String::new(),
                Some(value) => plain(value),
            };
            table.add_row(heads.iter().map(cell).collect::<Vec<_>>());
        }
        print(&table.to_string())
    }

    fn record(&self, record: &Dict) -> Outcome {
        print(&json(&record.clone().into()))
    }

    /// Writes a note for people to the standard error; the forms for programs have none.
    pub(crate) fn note(&self, text: impl Display) {
        if self.format == Format::Text {
            // Without a reader of notes, none are needed.
            let _ = writeln!(io::stderr(), "{text}");
        }
    }

    /// Colors a text, if the output is a terminal.
    fn paint(&self, code: &str, text: impl Display) -> String {
        if self.colored { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_string() }
    }
}

/// Writes the failure of the program, in one line.
pub(crate) fn complain(failure: &Failure) {
    let mut stderr = io::stderr();
    let colored = stderr.is_terminal() && allows_color();
    let head = if colored { "\x1b[31merror\x1b[0m" } else { "error" };
    // The exit code tells it, too.
    let _ = writeln!(stderr, "{head}: {}", failure.text);
}

/// Writes a warning to the standard error.
pub(crate) fn warn(text: impl Display) {
    // Nobody may read it.
    let _ = writeln!(io::stderr(), "warning: {text}");
}

/// Prints a line.
pub(crate) fn print(line: &str) -> Outcome {
    write(format!("{line}\n").as_bytes())
}

/// The JSON text of a value. Binary data is a string of `U+0000` and Base64, as WAMP has it.
pub(crate) fn json(value: &Value) -> String {
    let encoded = Payload::encode(Serializer::Json, &(value,), &());
    let text = encoded.ok().and_then(|payload| {
        let (args, _) = payload.encoded()?;
        let inner = args.strip_prefix(b"[")?.strip_suffix(b"]")?;
        String::from_utf8(inner.to_vec()).ok()
    });
    // JSON has no infinite numbers.
    text.unwrap_or_else(|| "null".to_owned())
}

/// A value as people read it: texts as they are, other values as JSON.
pub(crate) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| json(value), str::to_owned)
}

pub(crate) fn to_values(payload: &Payload) -> Outcome<(List, Dict)> {
    payload.to_values().map_err(|error| Failure::other(format_args!("unreadable values: {error}")))
}

/// Writes and flushes: readers of pipes want each result when it comes.
pub(crate) fn write(bytes: &[u8]) -> Outcome {
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(bytes).and_then(|()| stdout.flush());
    written.map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::other("the reader of the output has gone"),
        _ => Failure::other(format_args!("cannot write the output: {error}")),
    })
}

fn allows_color() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
