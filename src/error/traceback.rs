//! The causes of an [`ApplicationError`], and their lines for callers that may see them.
//!
//! A traceback travels as Autobahn sends it: lines in the keyword value `traceback`.

use std::error::Error;
use std::fmt;

use super::application::ApplicationError;
use super::cause::Cause;
use super::text::chain;
use crate::value::{List, Value};

/// Key of the lines.
const KEY: &str = "traceback";

/// Maximum number of lines that are sent.
const MAX_LINES: usize = 100;

/// Maximum length of a line that is sent, in characters.
const MAX_LINE: usize = 400;

/// Place and stack of a panic.
#[derive(Debug)]
pub(crate) struct Traceback(pub(crate) Vec<String>);

impl ApplicationError {
    /// Adds the cause, which `source()` then returns. It is not sent, except as a
    /// [traceback](crate::session::SessionConfig::tracebacks) to callers that may see it.
    ///
    /// ```
    /// use std::error::Error;
    /// use wampwerk::ApplicationError;
    ///
    /// let cause = "x7".parse::<u32>().unwrap_err();
    /// let error = ApplicationError::new("com.example.error.no_number").caused_by(cause);
    /// assert_eq!(error.source().unwrap().to_string(), "invalid digit found in string");
    /// assert_eq!(error.traceback(), ["invalid digit found in string"]);
    /// ```
    #[must_use]
    pub fn caused_by(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.cause = Some(Cause::new(cause));
        self
    }

    /// Returns the lines of the causes: for a received error those that the callee has sent, otherwise the texts of
    /// all causes, and the place of a panic.
    #[doc(alias = "traceback_app")]
    pub fn traceback(&self) -> Vec<String> {
        let received = if self.is_traceback(KEY) { self.kwargs.get(KEY) } else { None };
        let texts = received.and_then(Value::as_list).unwrap_or_default().iter();
        let mut lines: Vec<_> = texts.filter_map(Value::as_str).map(ToOwned::to_owned).collect();
        for (number, cause) in self.source().into_iter().flat_map(chain).enumerate() {
            if let Some(Traceback(more)) = cause.downcast_ref() {
                lines.extend(more.iter().cloned());
            } else {
                let by = if number == 0 { "" } else { "caused by: " };
                lines.extend(format!("{by}{cause}").lines().map(ToOwned::to_owned));
            }
        }
        lines
    }

    /// Returns whether the keyword value of this key is a traceback that was received.
    pub(super) fn is_traceback(&self, key: &str) -> bool {
        self.is_received && key == KEY && matches!(self.kwargs.get(key), Some(Value::List(_)))
    }

    /// Removes a traceback that was received: what this caller may see is not for others.
    pub(crate) fn without_received_traceback(mut self) -> Self {
        if self.is_traceback(KEY) {
            self.kwargs.remove(KEY);
        }
        self
    }

    /// Adds the traceback to the keyword values. A value of the procedure's own stays.
    pub(crate) fn with_traceback(self) -> Self {
        let lines = self.traceback();
        let mut error = self.without_received_traceback();
        if !lines.is_empty() && error.kwargs.get(KEY).is_none() {
            let short = |line: String| line.chars().take(MAX_LINE).collect::<String>();
            let lines = lines.into_iter().take(MAX_LINES).map(|line| short(line).into());
            error.kwargs.insert(KEY, lines.collect::<List>());
        }
        error
    }
}

impl fmt::Display for Traceback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl Error for Traceback {}
