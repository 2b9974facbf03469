//! Contains `Socket`: a `web_sys::WebSocket`, its four event handlers, and their state.
//!
//! Turns the page's events into polling. No `JsValue` leaves this file.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use js_sys::{Array, ArrayBuffer, JsString, Reflect, Uint8Array};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{BinaryType, CloseEvent, MessageEvent, WebSocket};

use crate::error::TransportError;
use crate::transport::CloseCode;

/// Maximum number of unread bytes. The browser keeps reading, so the connection is closed above
/// this. A message of the maximum size is always accepted.
const MAX_UNREAD: usize = 64 << 20;

/// The browser's socket. Dropping it closes the connection.
pub(super) struct Socket {
    socket: WebSocket,
    state: Rc<RefCell<State>>,
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
pub(super) struct Refusal {
    /// True if the URL or the subprotocols were rejected.
    pub(super) syntax: bool,
    pub(super) text: String,
}

/// A message that was not read yet.
struct Frame {
    binary: bool,
    bytes: Bytes,
}

#[derive(Default)]
struct State {
    opened: bool,
    max_message_size: usize,
    unread: VecDeque<Frame>,
    unread_bytes: usize,
    /// Reported once, after the unread messages.
    error: Option<TransportError>,
    /// Close code after an error of the peer. No further messages are accepted.
    failure: Option<CloseCode>,
    closed: bool,
    waker: Option<Waker>,
}

impl Socket {
    pub(super) fn new(
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
        Ok(Socket { socket, state, _handlers: handlers })
    }

    /// Completes when the connection is open or has failed; the browser does not tell scripts the
    /// reason.
    pub(super) fn poll_open(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), String>> {
        let mut state = self.state.borrow_mut();
        if state.opened {
            return Poll::Ready(Ok(()));
        }
        if state.closed {
            let text = "the browser could not open the WebSocket, and does not tell why";
            return Poll::Ready(Err(text.to_owned()));
        }
        state.wait(cx);
        Poll::Pending
    }

    /// Returns the subprotocol that the server selected.
    pub(super) fn protocol(&self) -> String {
        self.socket.protocol()
    }

    /// Returns the next message, which must be `binary` or text as the serializer requires.
    pub(super) fn poll_recv(
        &mut self,
        cx: &mut Context<'_>,
        binary: bool,
    ) -> Poll<Option<Result<Bytes, TransportError>>> {
        let mut state = self.state.borrow_mut();
        if let Some(frame) = state.unread.pop_front() {
            state.unread_bytes -= frame.bytes.len();
            if frame.binary == binary {
                return Poll::Ready(Some(Ok(frame.bytes)));
            }
            state.unread.clear();
            state.error = Some(TransportError::Violation(
                if binary {
                    "text message, but this serializer's are binary"
                } else {
                    "binary message, but this serializer's are text"
                }
                .to_owned(),
            ));
            state.failure = Some(CloseCode::ProtocolError);
        }
        if let Some(error) = state.error.take() {
            return Poll::Ready(Some(Err(error)));
        }
        if state.closed || state.failure.is_some() {
            return Poll::Ready(None);
        }
        state.wait(cx);
        Poll::Pending
    }

    pub(super) fn is_open(&self) -> bool {
        self.socket.ready_state() == WebSocket::OPEN
    }

    pub(super) fn buffered_amount(&self) -> u32 {
        self.socket.buffered_amount()
    }

    pub(super) fn send_text(&self, text: &str) -> Result<(), TransportError> {
        self.socket.send_with_str(text).map_err(|error| lost(&error))
    }

    pub(super) fn send_binary(&self, bytes: &[u8]) -> Result<(), TransportError> {
        // A copy, because the browser accepts no view of shared memory.
        let copy = Uint8Array::from(bytes);
        self.socket.send_with_array_buffer(&copy.buffer()).map_err(|error| lost(&error))
    }

    /// Returns the close code, if the peer caused an error.
    pub(super) fn failure(&self) -> Option<CloseCode> {
        self.state.borrow().failure
    }

    /// Closes the connection. `code` is 1000 or in 3000 to 4999.
    pub(super) fn close(&self, code: u16) {
        // It fails for other codes only; closing twice is allowed.
        let _ = self.socket.close_with_code(code);
    }

    pub(super) fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.state.borrow_mut();
        // No code reads them any more.
        state.unread.clear();
        state.unread_bytes = 0;
        if state.closed {
            return Poll::Ready(());
        }
        state.wait(cx);
        Poll::Pending
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

    fn receive_data(&mut self, data: &JsValue) {
        if self.failure.is_some() || self.closed {
            return;
        }
        let frame = match self.read(data) {
            Ok(frame) => frame,
            Err((error, code)) => {
                self.error = Some(error);
                self.failure = Some(code);
                return;
            }
        };
        self.unread_bytes += frame.bytes.len();
        self.unread.push_back(frame);
    }

    /// Checks the size before copying.
    fn read(&self, data: &JsValue) -> Result<Frame, (TransportError, CloseCode)> {
        if let Some(buffer) = data.dyn_ref::<ArrayBuffer>() {
            self.check(buffer.byte_length() as usize)?;
            return Ok(Frame { binary: true, bytes: Uint8Array::new(buffer).to_vec().into() });
        }
        let Some(text) = data.dyn_ref::<JsString>() else {
            let text = "a message that is neither text nor binary".to_owned();
            return Err((TransportError::Violation(text), CloseCode::ProtocolError));
        };
        // UTF-16 units: never more than the bytes in UTF-8.
        self.check(text.length() as usize)?;
        let text = String::from(text);
        self.check(text.len())?;
        Ok(Frame { binary: false, bytes: text.into() })
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
    let error = handler(state, |state| state.closed |= !state.opened);
    let closed = event_handler(state, |state, event: CloseEvent| {
        state.closed = true;
        if !event.was_clean() && state.failure.is_none() {
            let text = match event.reason() {
                reason if reason.is_empty() => format!("closed with code {}", event.code()),
                reason => format!("closed with code {}: {reason}", event.code()),
            };
            state.error.get_or_insert(TransportError::Lost(text.into()));
        }
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
