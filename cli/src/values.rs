//! Reads values from the command line: JSON, `@file`, `-` for the standard input, and durations.

use std::io::Read;
use std::time::Duration;

use clap::Args;
use wampwerk::{Dict, List, Payload, Serializer, Value};

use crate::failure::{Failure, Outcome};

/// Maximum number of bytes that are read from a file or the standard input.
const MAX_INPUT: u64 = 64 << 20;

/// The values that a call or a publication carries.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Positional values: JSON, @FILE with JSON, or - for JSON on the standard input
    #[arg(value_name = "VALUE", allow_negative_numbers = true)]
    values: Vec<String>,
    /// Keyword value, in the same forms; may be given several times
    #[arg(long = "kw", value_name = "KEY=VALUE")]
    keywords: Vec<String>,
}

impl Arguments {
    /// Reads the values.
    pub(crate) fn read(&self) -> Outcome<Payload> {
        let mut input = StandardInput::default();
        let mut args = List::new();
        for (index, text) in self.values.iter().enumerate() {
            args.push(input.value(&format!("value {}", index + 1), text)?);
        }
        let mut kwargs = Dict::new();
        for keyword in &self.keywords {
            let Some((key, text)) = keyword.split_once('=').filter(|(key, _)| !key.is_empty())
            else {
                let text = format!("--kw {keyword}: it must be KEY=VALUE");
                return Err(Failure::usage(text));
            };
            if kwargs.insert(key, input.value(&format!("--kw {key}"), text)?).is_some() {
                return Err(Failure::usage(format_args!("--kw {key} is given twice")));
            }
        }
        Ok(Payload::from_values(args, kwargs))
    }
}

/// Reads one value in any of the forms.
pub(crate) fn value(place: &str, text: &str) -> Outcome<Value> {
    StandardInput::default().value(place, text)
}

/// Reads a JSON document.
pub(crate) fn from_json(text: &str) -> Option<Value> {
    let list = format!("[{text}]");
    let payload = Payload::from_encoded(Serializer::Json, list.as_bytes(), None).ok()?;
    let (args, _) = payload.to_values().ok()?;
    // Several values separated by commas are a list, but no document.
    <[Value; 1]>::try_from(args).ok().map(|[value]| value)
}

/// Reads a duration: `250ms`, `10s`, `5m`, or a number of seconds.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let units = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0), ("", 1.0)];
    let found = units
        .iter()
        .find_map(|(unit, factor)| Some(text.strip_suffix(unit)?.parse::<f64>().ok()? * factor));
    found
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| "it must be a time above 0, such as 250ms, 10s or 5m".to_owned())
}

/// The standard input, which can be read once.
#[derive(Default)]
struct StandardInput {
    is_read: bool,
}

impl StandardInput {
    fn value(&mut self, place: &str, text: &str) -> Outcome<Value> {
        if text == "-" {
            if std::mem::replace(&mut self.is_read, true) {
                let text = format!("{place}: only one value can be the standard input");
                return Err(Failure::usage(text));
            }
            return document(place, "the standard input", &read(place, std::io::stdin())?);
        }
        if let Some(path) = text.strip_prefix('@') {
            let file = std::fs::File::open(path)
                .map_err(|error| Failure::usage(format_args!("{place}: {path}: {error}")))?;
            return document(place, path, &read(place, file)?);
        }
        from_json(text).ok_or_else(|| {
            let quoted = crate::output::json(&shortened(text).into());
            Failure::usage(format_args!(
                "{place} is not JSON: {}; a text needs quotes: '{quoted}'",
                shortened(text),
            ))
        })
    }
}

fn document(place: &str, source: &str, text: &str) -> Outcome<Value> {
    from_json(text.trim())
        .ok_or_else(|| Failure::usage(format_args!("{place}: {source} contains no JSON document")))
}

fn read(place: &str, source: impl Read) -> Outcome<String> {
    let mut text = String::new();
    let read = source.take(MAX_INPUT + 1).read_to_string(&mut text);
    read.map_err(|error| Failure::usage(format_args!("{place}: {error}")))?;
    if text.len() as u64 > MAX_INPUT {
        let limit = MAX_INPUT >> 20;
        return Err(Failure::usage(format_args!("{place}: more than {limit} MiB")));
    }
    Ok(text)
}

/// The beginning of a text, for a message of one line.
fn shortened(text: &str) -> String {
    const LENGTH: usize = 60;
    let clean = text.chars().filter(|c| !c.is_control());
    if text.chars().count() <= LENGTH {
        clean.collect()
    } else {
        clean.take(LENGTH).chain(['…']).collect()
    }
}
