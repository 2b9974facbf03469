//! Floats as decimal text, by the page's own numbers.

use js_sys::Number;

/// Reads a number in JSON's form. One that is too large is infinite.
pub(crate) fn read(text: &str) -> Option<f64> {
    Some(Number::parse_float(text))
}

/// Appends the shortest text of a finite float that is read as this float, and not as an integer.
pub(crate) fn write(out: &mut Vec<u8>, value: f64) {
    // JavaScript's text has no sign for a negative zero.
    if value == 0.0 && value.is_sign_negative() {
        out.push(b'-');
    }
    let text: String =
        Number::from(value).to_string_with_radix(10).map(String::from).unwrap_or_default();
    out.extend_from_slice(text.as_bytes());
    if !text.contains(['.', 'e']) {
        out.extend_from_slice(b".0");
    }
}
