//! Estimates the memory that values take, so that queues are bounded by it.

use crate::value::{Dict, Value};

/// Assumed size of a value in bytes. Equal on all targets, so that limits have the same meaning.
const VALUE: usize = 32;

/// Returns the approximate memory use of a value in bytes.
pub(crate) fn value(value: &Value) -> usize {
    let mut sum = 0;
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        sum += VALUE;
        match value {
            Value::String(text) => sum += text.len(),
            Value::Bytes(bytes) => sum += bytes.len(),
            Value::List(list) => open.extend(list),
            Value::Dict(dict) => {
                for (key, value) in dict.iter() {
                    sum += key.len();
                    open.push(value);
                }
            }
            _ => {}
        }
    }
    sum
}

/// Returns the approximate memory use of the entries of a dict in bytes.
pub(crate) fn dict(dict: &Dict) -> usize {
    dict.iter().map(|(key, entry)| key.len() + value(entry)).sum()
}
