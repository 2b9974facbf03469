//! The WebAssembly module of the npm package `wampwerk`.
//!
//! Its interface is two queues of bytes. JavaScript writes commands into one, and passes it once per
//! turn (`commands`). The module writes records into the other (`record`), and passes it once per
//! turn, too. Payloads are bytes in both: JavaScript encodes and decodes values. Handles are numbers;
//! the side that creates a thing chooses its number. `npm/js/module/port.js` is the other end.

// Elsewhere there is no JavaScript, and futures must be `Send`, which JavaScript values are not.
#![cfg(target_arch = "wasm32")]

mod authentication;
mod call;
mod command;
mod component;
mod face;
mod hooks;
mod json;
mod record;
mod registration;
mod report;
mod session;
mod subscription;
mod thrown;

use js_sys::Function;
use wampwerk::internals::rt;
use wasm_bindgen::prelude::*;

/// Connects the module to its JavaScript.
///
/// `deliver` receives a batch of records: its length times 2^32, plus its address. `schedule` arranges that `commands` is
/// called after what runs now, with an empty batch if there are none. `ask` answers a question at
/// once: it receives a kind, a number and a text, and returns a text, or throws one. `panicked`
/// receives the text of a panic, after which the module cannot be used.
#[wasm_bindgen]
#[allow(unreachable_pub, reason = "wasm-bindgen exports public functions only")]
pub fn attach(deliver: Function, schedule: Function, ask: Function, panicked: Function) {
    std::panic::set_hook(Box::new(move |panic| {
        // It throws nothing.
        let _ = panicked.call1(&JsValue::UNDEFINED, &panic.to_string().into());
    }));
    record::attach(deliver, schedule);
    face::attach(ask);
}

/// Executes a batch of commands, and what is ready to run.
///
/// # Errors
/// Returns a text if a command is malformed, which is a defect of `port.js`.
#[wasm_bindgen]
#[allow(unreachable_pub, reason = "wasm-bindgen exports public functions only")]
pub fn commands(batch: &[u8]) -> Result<(), JsValue> {
    rt::turn(|| command::execute(batch)).map_err(JsValue::from_str)
}
