//! Contains values that functions of the page threw, while their errors pass through Rust.
//!
//! An error of a component must be `Send` natively, so it cannot contain a JavaScript value: it
//! contains a number, and JavaScript keeps the value until the error is dropped.

use std::fmt;

use wampwerk::value::{Dict, Value};

use crate::json;
use crate::record::{Kind, push};

/// A thrown value.
#[derive(Debug)]
pub(crate) struct Thrown {
    number: u32,
    text: String,
}

impl Thrown {
    /// Reads the number and the text of the value: `{number, message}`.
    pub(crate) fn read(report: &[u8]) -> Self {
        let report = json::read(report).unwrap_or_default();
        let number = json::number(&report, "number").unwrap_or_default() as u32;
        let text = json::text(&report, "message").unwrap_or("an error without a text");
        Thrown { number, text: text.to_owned() }
    }

    pub(crate) fn report(&self) -> Dict {
        Dict::from([
            ("kind", Value::from("thrown")),
            ("number", Value::from(u64::from(self.number))),
        ])
    }
}

impl Drop for Thrown {
    fn drop(&mut self) {
        push(Kind::Forget, self.number, |_| {});
    }
}

impl fmt::Display for Thrown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Thrown {}
