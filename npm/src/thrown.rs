//! Stores values that functions of the page throw, while their errors pass through Rust.
//!
//! An error of a component must be `Send` natively, so it cannot contain a JavaScript value: it
//! contains a number, and the value is kept here until the error is dropped.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;

use wasm_bindgen::prelude::*;

use crate::error::{Report, thrown};
use crate::value::get;

#[derive(Default)]
struct ThrownValues {
    last: u64,
    values: BTreeMap<u64, JsValue>,
}

thread_local! {
    static VALUES: RefCell<ThrownValues> = RefCell::default();
}

/// A thrown value.
#[derive(Debug)]
pub(crate) struct Thrown {
    number: u64,
    text: String,
}

impl Thrown {
    pub(crate) fn new(value: JsValue) -> Self {
        let text = get(&value, "message").as_string().or_else(|| value.as_string());
        let number = VALUES.with_borrow_mut(|values| {
            values.last += 1;
            values.values.insert(values.last, value);
            values.last
        });
        Thrown { number, text: text.unwrap_or_else(|| "an error without a text".to_owned()) }
    }

    pub(crate) fn report(&self) -> Report {
        let value = VALUES.with_borrow(|values| values.values.get(&self.number).cloned());
        thrown(&value.unwrap_or(JsValue::UNDEFINED))
    }
}

impl Drop for Thrown {
    fn drop(&mut self) {
        // Dropped outside of the borrow.
        let _value = VALUES.with_borrow_mut(|values| values.values.remove(&self.number));
    }
}

impl fmt::Display for Thrown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Thrown {}
