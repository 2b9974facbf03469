//! The WebAssembly module of the npm package `wampwerk`.
//!
//! Its interface is two queues of bytes. JavaScript writes commands into one, and passes it once per
//! turn (`commands`). The module writes records into the other (`record`), and passes it once per
//! turn, too. Payloads are bytes in both: JavaScript encodes and decodes values. WebSockets, timers and the
//! clock are JavaScript's. Handles are numbers; the side that creates a thing chooses its number.
//! `npm/js/module/port.js` is the other end.

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
mod socket;
mod subscription;
mod thrown;

use wampwerk::hosted::{self, Host};
use wasm_bindgen::prelude::*;

/// The functions of `port.js`, as it describes them. None of them throws, except `answer`.
#[wasm_bindgen(raw_module = "./module/port.js")]
extern "C" {
    fn deliver(address: usize, length: usize);
    fn schedule();
    #[wasm_bindgen(catch)]
    fn answer(kind: u8, number: u32, text: &str) -> Result<String, JsValue>;
    fn panicked(text: &str);
}

/// The functions of `clock.js`, which implement those of [`Host`].
#[wasm_bindgen(raw_module = "./module/clock.js")]
extern "C" {
    fn clock() -> f64;
    #[wasm_bindgen(js_name = unixClock)]
    fn unix_clock() -> f64;
    #[wasm_bindgen(js_name = callLater)]
    fn call_later();
    #[wasm_bindgen(js_name = setTimer)]
    fn set_timer(millis: f64);
    #[wasm_bindgen(js_name = isOnline)]
    fn is_online() -> bool;
}

/// Connects the module to its JavaScript.
#[wasm_bindgen]
#[allow(unreachable_pub, reason = "wasm-bindgen exports public functions only")]
pub fn attach() {
    std::panic::set_hook(Box::new(|panic| panicked(&panic.to_string())));
    hosted::host(Host {
        clock,
        unix_clock,
        schedule,
        idle: record::pass,
        call_later,
        set_timer,
        online: is_online,
    });
}

/// Runs what waits for time to pass.
#[wasm_bindgen]
#[allow(unreachable_pub, reason = "wasm-bindgen exports public functions only")]
pub fn timer() {
    hosted::timer();
}

/// Runs what has let the page's tasks run before.
#[wasm_bindgen]
#[allow(unreachable_pub, reason = "wasm-bindgen exports public functions only")]
pub fn later() {
    hosted::later();
}

/// Runs what waits for a network.
#[wasm_bindgen(js_name = wentOnline)]
#[allow(unreachable_pub, reason = "wasm-bindgen exports public functions only")]
pub fn went_online() {
    hosted::went_online();
}

/// Executes a batch of commands, and what is ready to run.
///
/// # Errors
/// Returns a text if a command is malformed, which is a defect of `port.js`.
#[wasm_bindgen]
#[allow(unreachable_pub, reason = "wasm-bindgen exports public functions only")]
pub fn commands(batch: &[u8]) -> Result<(), JsValue> {
    hosted::turn(|| command::execute(batch)).map_err(JsValue::from_str)
}
