//! Contains `Socket`: a `web_sys::WebSocket`, its four event handlers, and their state.
//!
//! Turns the page's events into polling, and bounds what waits in both directions, which the browser does
//! not. No `JsValue` leaves this file.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use js_sys::{Array, ArrayBuffer, JsString, Reflect, Uint8Array};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{BinaryType, CloseEvent, MessageEvent, WebSocket};

use crate::error::{Cause, TransportError};
use crate::framing::websocket::close::is_of_application;
use crate::rt::{Sleep, now};
use crate::websocket::CloseCode;
use crate::websocket::message::Message;

/// Maximum number of unread bytes. The browser keeps reading, so the connection is closed above
/// this. A message of the maximum size is always accepted.
const MAX_UNREAD: usize = 64 << 20;

/// Number of bytes unsent by the browser above which the socket is not ready.
const HIGH_WATER: u32 = 1 << 20;

/// Number of bytes to send between two looks at the browser's buffer.
const UNSEEN: usize = 64 << 10;

/// Interval for looking at the browser's buffer, only while blocked: the browser does not tell when it
/// shrinks.
const BLOCKED_CHECK: Duration = Duration::from_millis(10);

/// Longest time in which a server takes nothing of what is sent; the native default is the same.
const PATIENCE: Duration = Duration::from_secs(20);

/// The browser's socket. Dropping it closes the connection.
pub(crate) struct Socket {
    socket: WebSocket,
    state: Rc<RefCell<State>>,
    blocked: Option<BlockedSend>,
    /// Number of bytes sent since the last look at the browser's buffer.
    sent: Cell<usize>,
    /// Kept as long as the socket can call them.
    _handlers: Handlers,
}

type Handlers = (
    Closure<dyn FnMut()>,
    Closure<dyn FnMut(MessageEvent)>,
    Closure<dyn FnMut()>,
    Closure<dyn FnMut(CloseEvent)>,
);

/// The reason why the browser refused to connect.
pub(crate) struct Refusal {
    /// True if the URL or the subprotocols were rejected.
    pub(crate) syntax: bool,
    pub(crate) text: String,
}

/// The browser's account of the end.
#[derive(Clone)]
pub(crate) struct Ended {
    pub(crate) was_clean: bool,
    /// Code of the peer's Close frame, or one of those that are never sent.
    pub(crate) code: u16,
    pub(crate) reason: String,
}

#[derive(Default)]
struct State {
    opened: bool,
    max_message_size: usize,
    unread: VecDeque<Message>,
    unread_bytes: usize,
    /// Reported once, after the unread messages.
    error: Option<TransportError>,
    /// Close code after an error of the peer. No further messages are accepted.
    failure: Option<CloseCode>,
    ended: Option<Ended>,
    waker: Option<Waker>,
}

impl Socket {
    pub(crate) fn new(
        url: &str,
        subprotocols: &[&str],
        max_message_size: usize,
    ) -> Result<Self, Refusal> {
        let protocols: Array = subprotocols.iter().map(|&name| JsValue::from_str(name)).collect();
        let socket =
            WebSocket::new_with_str_sequence(url, &protocols).map_err(|error| Refusal {
                syntax: property(&error, "name").as_deref() == Some("SyntaxError"),
                text: text(&error),
            })?;
        socket.set_binary_type(BinaryType::Arraybuffer);
        let state = Rc::new(RefCell::new(State { max_message_size, ..State::default() }));
        let handlers = install(&socket, &state);
        Ok(Socket { socket, state, blocked: None, sent: Cell::new(0), _handlers: handlers })
    }

    /// Completes when the connection is open or has failed; the browser does not tell scripts the
    /// reason.
    pub(crate) fn poll_open(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), String>> {
        let mut state = self.state.borrow_mut();
        if state.opened {
            return Poll::Ready(Ok(()));
        }
        if state.ended.is_some() {
            let text = "the browser could not open the WebSocket, and does not tell why";
            return Poll::Ready(Err(text.to_owned()));
        }
        state.wait(cx);
        Poll::Pending
    }

    /// Returns the subprotocol that the server selected.
    pub(crate) fn protocol(&self) -> String {
        self.socket.protocol()
    }

    /// Returns the extensions in use, as in a header.
    pub(crate) fn extensions(&self) -> String {
        self.socket.extensions()
    }

    /// Returns the next message. After an error, and after the end, nothing more comes.
    pub(crate) fn poll_recv(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Message, TransportError>>> {
        let mut state = self.state.borrow_mut();
        if let Some(message) = state.unread.pop_front() {
            state.unread_bytes -= message.len();
            return Poll::Ready(Some(Ok(message)));
        }
        if let Some(error) = state.error.take() {
            return Poll::Ready(Some(Err(error)));
        }
        if state.is_over() {
            return Poll::Ready(None);
        }
        state.wait(cx);
        Poll::Pending
    }

    /// Completes when no further messages can come.
    pub(crate) fn poll_over(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.state.borrow_mut();
        if state.is_over() {
            return Poll::Ready(());
        }
        state.wait(cx);
        Poll::Pending
    }

    /// Drops all messages, as the peer has broken a rule.
    pub(crate) fn fail(&mut self, code: CloseCode) {
        let mut state = self.state.borrow_mut();
        state.failure = Some(code);
        state.error = None;
        state.discard();
    }

    pub(crate) fn is_open(&self) -> bool {
        self.socket.ready_state() == WebSocket::OPEN
    }

    /// Completes when the browser's buffer has room, and when the socket is not open.
    pub(crate) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        if self.blocked.is_none() && self.sent.get() < UNSEEN {
            return Poll::Ready(Ok(()));
        }
        self.sent.set(0);
        loop {
            let amount = self.socket.buffered_amount();
            if amount < HIGH_WATER || !self.is_open() {
                self.blocked = None;
                return Poll::Ready(Ok(()));
            }
            let blocked = self.blocked.get_or_insert_with(|| BlockedSend::new(amount));
            if amount != blocked.amount {
                (blocked.amount, blocked.since) = (amount, now());
            } else if now().saturating_sub(blocked.since) > PATIENCE {
                let error = TransportError::Timeout("the peer does not take what is sent");
                return Poll::Ready(Err(error));
            }
            if Pin::new(&mut blocked.timer).poll(cx).is_pending() {
                return Poll::Pending;
            }
            blocked.timer = Sleep::new(BLOCKED_CHECK);
        }
    }

    /// Returns whether the connection has ended. What is sent while it ends is dropped by the browser.
    pub(crate) fn has_ended(&self) -> bool {
        self.state.borrow().ended.is_some()
    }

    /// Sends text, which has to be UTF-8.
    pub(crate) fn send_text(&self, text: &[u8]) -> Result<(), TransportError> {
        self.sent.set(self.sent.get() + text.len());
        let text = std::str::from_utf8(text).map_err(|error| {
            TransportError::Violation(format!("the frame to send is not valid UTF-8: {error}"))
        })?;
        self.socket.send_with_str(text).map_err(|error| lost(&error))
    }

    pub(crate) fn send_binary(&self, bytes: &[u8]) -> Result<(), TransportError> {
        self.sent.set(self.sent.get() + bytes.len());
        // A copy, because the browser accepts no view of shared memory.
        let copy = Uint8Array::from(bytes);
        self.socket.send_with_array_buffer(&copy.buffer()).map_err(|error| lost(&error))
    }

    /// Returns the close code, if the peer caused an error.
    pub(crate) fn failure(&self) -> Option<CloseCode> {
        self.state.borrow().failure
    }

    /// Closes the connection behind what was sent. Returns the code that the Close frame has, or `None` if
    /// the connection is being closed already.
    pub(crate) fn close(&self, code: u16, reason: &str) -> Option<u16> {
        if !self.is_open() {
            return None;
        }
        let code = page_code(code);
        // It fails for other codes and for long reasons only.
        let closing = self.socket.close_with_code_and_reason(code, reason);
        closing.is_ok().then_some(code)
    }

    /// Completes at the end. Messages that come before it are dropped.
    pub(crate) fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        let mut state = self.state.borrow_mut();
        // No code reads them any more.
        state.discard();
        if let Some(ended) = &state.ended {
            return Poll::Ready(ended.clone());
        }
        state.wait(cx);
        Poll::Pending
    }
}

/// State while the browser's buffer is over the limit.
struct BlockedSend {
    timer: Sleep,
    amount: u32,
    /// Time of the last change of the amount.
    since: Duration,
}

impl BlockedSend {
    fn new(amount: u32) -> Self {
        BlockedSend { timer: Sleep::new(BLOCKED_CHECK), amount, since: now() }
    }
}

impl Ended {
    /// The end without a Close frame (RFC 6455, section 7.4.1).
    fn abnormal() -> Self {
        Ended { was_clean: false, code: 1006, reason: String::new() }
    }
}

impl From<Ended> for TransportError {
    fn from(Ended { code, reason, .. }: Ended) -> Self {
        TransportError::Lost(Cause::of_close("", code, &reason))
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // First, because the browser would call removed handlers.
        self.socket.set_onopen(None);
        self.socket.set_onmessage(None);
        self.socket.set_onerror(None);
        self.socket.set_onclose(None);
        let _ = self.socket.close();
    }
}

impl State {
    fn wait(&mut self, cx: &Context<'_>) {
        match &mut self.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            None => self.waker = Some(cx.waker().clone()),
        }
    }

    fn is_over(&self) -> bool {
        self.ended.is_some() || self.failure.is_some()
    }

    fn discard(&mut self) {
        self.unread.clear();
        self.unread_bytes = 0;
    }

    fn receive_data(&mut self, data: &JsValue) {
        if self.is_over() {
            return;
        }
        let message = match self.read(data) {
            Ok(message) => message,
            Err((error, code)) => {
                self.error = Some(error);
                self.failure = Some(code);
                return;
            }
        };
        self.unread_bytes += message.len();
        self.unread.push_back(message);
    }

    /// Checks the size before the data is copied.
    fn read(&self, data: &JsValue) -> Result<Message, (TransportError, CloseCode)> {
        if let Some(text) = data.dyn_ref::<JsString>() {
            // UTF-8 has at least as many bytes as UTF-16 has units, and at most three times as many.
            self.check(text.length() as usize)?;
            let text = String::from(text);
            self.check(text.len())?;
            return Ok(Message::Text(text));
        }
        let Some(buffer) = data.dyn_ref::<ArrayBuffer>() else {
            let text = "a message that is neither text nor binary".to_owned();
            return Err((TransportError::Violation(text), CloseCode::ProtocolError));
        };
        self.check(buffer.byte_length() as usize)?;
        Ok(Message::Binary(Uint8Array::new(buffer).to_vec().into()))
    }

    fn check(&self, size: usize) -> Result<(), (TransportError, CloseCode)> {
        let limit = self.max_message_size;
        if size > limit {
            return Err((TransportError::TooLarge { size, limit }, CloseCode::TooBig));
        }
        if self.unread_bytes > MAX_UNREAD {
            let text = format!("more than {MAX_UNREAD} bytes were not read in time");
            return Err((TransportError::Lost(text.into()), CloseCode::InternalError));
        }
        Ok(())
    }
}

fn install(socket: &WebSocket, state: &Rc<RefCell<State>>) -> Handlers {
    let opened = handler(state, |state| state.opened = true);
    let message =
        event_handler(state, |state, event: MessageEvent| state.receive_data(&event.data()));
    // Before the opening this is the end; later the `close` event follows with the reason.
    let error = handler(state, |state| {
        if !state.opened {
            state.ended.get_or_insert_with(Ended::abnormal);
        }
    });
    let closed = event_handler(state, |state, event: CloseEvent| {
        let ended =
            Ended { was_clean: event.was_clean(), code: event.code(), reason: event.reason() };
        if !ended.was_clean && state.failure.is_none() {
            state.error.get_or_insert(ended.clone().into());
        }
        state.ended = Some(ended);
    });
    socket.set_onopen(Some(opened.as_ref().unchecked_ref()));
    socket.set_onmessage(Some(message.as_ref().unchecked_ref()));
    socket.set_onerror(Some(error.as_ref().unchecked_ref()));
    socket.set_onclose(Some(closed.as_ref().unchecked_ref()));
    (opened, message, error, closed)
}

fn handler(state: &Rc<RefCell<State>>, change: fn(&mut State)) -> Closure<dyn FnMut()> {
    let state = Rc::clone(state);
    Closure::new(move || apply(&state, change))
}

fn event_handler<E: wasm_bindgen::convert::FromWasmAbi + 'static>(
    state: &Rc<RefCell<State>>,
    change: fn(&mut State, E),
) -> Closure<dyn FnMut(E)> {
    let state = Rc::clone(state);
    Closure::new(move |event| apply(&state, |state| change(state, event)))
}

fn apply(state: &RefCell<State>, change: impl FnOnce(&mut State)) {
    let waker = {
        let mut state = state.borrow_mut();
        change(&mut state);
        state.waker.take()
    };
    // After the borrow: a waker may run any code.
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// Returns a code that a page may use, 1000 or 3000 to 4999; the private range represents the
/// others.
fn page_code(code: u16) -> u16 {
    if is_of_application(code) { code } else { 3000 + code }
}

fn lost(error: &JsValue) -> TransportError {
    TransportError::Lost(text(error).into())
}

/// Returns the text of a thrown value.
fn text(error: &JsValue) -> String {
    property(error, "message").unwrap_or_else(|| format!("{error:?}"))
}

fn property(value: &JsValue, name: &str) -> Option<String> {
    Reflect::get(value, &name.into()).ok()?.as_string()
}
