//! Floats as decimal text, by the page's own numbers.

#![allow(dead_code, reason = "only JSON has decimal texts")]

use std::fmt;

use js_sys::Number;

/// A float in a `Debug` output.
pub(crate) struct Shown(pub(crate) f64);

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text(self.0))
    }
}

/// Reads a number in JSON's form. One that is too large is infinite.
pub(crate) fn read(text: &str) -> Option<f64> {
    Some(Number::parse_float(text))
}

/// Appends the shortest text of a finite float that is read as this float, and not as an integer.
pub(crate) fn write(out: &mut Vec<u8>, value: f64) {
    out.extend_from_slice(text(value).as_bytes());
}

fn text(value: f64) -> String {
    let text = Number::from(value).to_string_with_radix(10);
    let mut text = text.map(String::from).unwrap_or_default();
    // JavaScript's text has no sign for a negative zero.
    if value == 0.0 && value.is_sign_negative() {
        text.insert(0, '-');
    }
    if value.is_finite() && !text.contains(['.', 'e']) {
        text.push_str(".0");
    }
    text
}
