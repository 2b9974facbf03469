//! Contains connections whose WebSocket belongs to JavaScript: `npm/js/module/socket.js` opens it.
//!
//! Received frames come with the commands of a turn, and sent ones leave with its records, so that a
//! message crosses without a call of its own.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use wampwerk::error::{ConnectError, TransportError, UrlError};
use wampwerk::hosted::{Batched, Sleep};
use wampwerk::message::Serializer;
use wampwerk::transport::{BoxFuture, Connector, Transport, TransportInfo};
use wampwerk::value::Dict;
use wampwerk::websocket::CloseCode;

use crate::command::Fields;
use crate::face::{self, Entry};
use crate::json;
use crate::record::{Kind, push};

/// Maximum number of unread bytes. The platform keeps reading, so the connection is closed above this.
/// A message of the maximum size is always accepted.
const MAX_UNREAD: usize = 64 << 20;

/// Number of bytes to send between two questions for room in the platform's buffer.
const UNSEEN: usize = 64 << 10;

/// A connector that has a number in JavaScript.
#[derive(Clone)]
pub(crate) struct Dialer {
    number: u32,
    url: String,
}

impl Dialer {
    /// Reads `dialer` and `url`, which JavaScript has checked.
    pub(crate) fn new(settings: &Dict) -> Self {
        Dialer {
            number: json::number(settings, "dialer").unwrap_or_default() as u32,
            url: json::text(settings, "url").unwrap_or_default().to_owned(),
        }
    }

    /// Returns a dialer for the `url` of these settings.
    pub(crate) fn to(&self, settings: &Dict) -> Self {
        let url = json::text(settings, "url").unwrap_or_default().to_owned();
        Dialer { number: self.number, url }
    }

    async fn open(&self) -> Result<Box<dyn Transport>, ConnectError> {
        let number = face::number();
        let state = Rc::new(RefCell::new(State::default()));
        face::insert(number, Entry::Socket(Rc::clone(&state)));
        push(Kind::Dial, self.number, |record| {
            record.u32(number);
            record.text(&self.url);
        });
        // Dropping it gives the attempt up.
        let socket = Socket { number, state };
        let (info, batched) = poll_fn(|cx| socket.poll_open(cx)).await?;
        Ok(Batched::over(Box::new(Open { socket, info, closing: None }), batched))
    }
}

impl Connector for Dialer {
    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Transport>, ConnectError>> {
        Box::pin(self.open())
    }
}

/// The module's part of a socket. Dropping it closes the connection.
struct Socket {
    number: u32,
    state: Rc<RefCell<State>>,
}

/// What JavaScript has told about a socket.
#[derive(Default)]
pub(crate) struct State {
    /// The outcome of the opening; taken once.
    opened: Option<Result<(TransportInfo, bool), ConnectError>>,
    /// Maximum size of a message in bytes.
    limit: usize,
    unread: VecDeque<Bytes>,
    unread_bytes: usize,
    /// Reported once, after the unread messages.
    error: Option<TransportError>,
    /// Close code after an error of the peer. No further messages are accepted.
    failure: Option<CloseCode>,
    is_closed: bool,
    /// Number of bytes sent since there was room.
    sent: usize,
    /// True if the question for room was sent.
    waits_for_room: bool,
    waker: Option<Waker>,
}

impl State {
    fn wait(&mut self, cx: &Context<'_>) {
        match &mut self.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            None => self.waker = Some(cx.waker().clone()),
        }
    }

    fn is_over(&self) -> bool {
        self.is_closed || self.failure.is_some()
    }

    fn discard(&mut self) {
        self.unread.clear();
        self.unread_bytes = 0;
    }

    fn fail(&mut self, error: TransportError, code: CloseCode) {
        self.error.get_or_insert(error);
        self.failure.get_or_insert(code);
    }

    fn receive(&mut self, frame: &[u8]) {
        let (size, limit) = (frame.len(), self.limit);
        if self.is_over() {
            return;
        }
        if size > limit {
            return self.fail(TransportError::TooLarge { size, limit }, CloseCode::TooBig);
        }
        if self.unread_bytes > MAX_UNREAD {
            let text = format!("more than {MAX_UNREAD} bytes were not read in time");
            return self.fail(TransportError::Lost(text.into()), CloseCode::InternalError);
        }
        self.unread_bytes += size;
        self.unread.push_back(Bytes::copy_from_slice(frame));
    }
}

impl Socket {
    fn poll_open(&self, cx: &Context<'_>) -> Poll<Result<(TransportInfo, bool), ConnectError>> {
        let mut state = self.state.borrow_mut();
        match state.opened.take() {
            Some(opened) => Poll::Ready(opened),
            None => {
                state.wait(cx);
                Poll::Pending
            }
        }
    }

    fn shut(&self, code: u16) {
        push(Kind::Shut, self.number, |record| record.u32(code.into()));
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        drop(face::remove(self.number));
        if !self.state.borrow().is_closed {
            self.shut(0);
        }
    }
}

/// An open connection.
struct Open {
    socket: Socket,
    info: TransportInfo,
    closing: Option<Sleep>,
}

impl Transport for Open {
    fn info(&self) -> &TransportInfo {
        &self.info
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, TransportError>>> {
        let mut state = self.socket.state.borrow_mut();
        if let Some(frame) = state.unread.pop_front() {
            state.unread_bytes -= frame.len();
            return Poll::Ready(Some(Ok(frame)));
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

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        let mut state = self.socket.state.borrow_mut();
        if state.sent < UNSEEN || state.is_closed {
            return Poll::Ready(Ok(()));
        }
        if let Some(error) = &state.error {
            return Poll::Ready(Err(error.clone()));
        }
        if !std::mem::replace(&mut state.waits_for_room, true) {
            push(Kind::Room, self.socket.number, |_| {});
        }
        state.wait(cx);
        Poll::Pending
    }

    fn start_send(&mut self, frame: Bytes) -> Result<(), TransportError> {
        let (size, limit) = (frame.len(), self.info.max_send);
        if size > limit {
            return Err(TransportError::TooLarge { size, limit });
        }
        let mut state = self.socket.state.borrow_mut();
        // As natively, `poll_recv` reports the end, after the peer's last messages.
        if !state.is_closed {
            state.sent += size;
            push(Kind::Send, self.socket.number, |record| record.bytes(&frame));
        }
        Ok(())
    }

    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        // The records leave at the end of the turn, and the platform sends as soon as it can.
        Poll::Ready(Ok(()))
    }

    fn poll_close(
        &mut self,
        cx: &mut Context<'_>,
        code: CloseCode,
    ) -> Poll<Result<(), TransportError>> {
        if self.closing.is_none() {
            let failure = self.socket.state.borrow().failure;
            self.socket.shut(failure.unwrap_or(code).code());
            self.closing = Some(Sleep::new(self.close_timeout()));
        }
        let mut state = self.socket.state.borrow_mut();
        // No code reads them any more.
        state.discard();
        if state.is_closed {
            return Poll::Ready(Ok(()));
        }
        state.wait(cx);
        drop(state);
        let Some(timer) = &mut self.closing else { return Poll::Pending };
        let late = || Err(TransportError::Timeout("the peer does not close"));
        Pin::new(timer).poll(cx).map(|()| late())
    }
}

/// Text of the error if the platform's buffer does not shrink.
const NOT_TAKEN: &str = "the peer does not take what is sent";

/// Changes the state of a socket that is still used, and wakes its task.
fn change(number: u32, change: impl FnOnce(&mut State)) {
    let state = face::get(number, |entry| match entry {
        Entry::Socket(state) => Some(Rc::clone(state)),
        _ => None,
    });
    let Some(state) = state else { return };
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

/// The connection is open.
pub(crate) fn opened(number: u32, fields: &mut Fields<'_>) -> Option<()> {
    let (serializer, batched, limit) = (fields.text()?, fields.u8()? != 0, fields.f64()? as usize);
    let serializer = Serializer::from_id(serializer)?;
    let mut info = TransportInfo::new(serializer, "websocket", fields.text()?);
    info.max_send = limit;
    change(number, |state| {
        state.limit = limit;
        state.opened = Some(Ok((info, batched)));
    });
    Some(())
}

/// The connection could not be opened.
pub(crate) fn refused(number: u32, fields: &mut Fields<'_>) -> Option<()> {
    let (kind, peer, text) = (fields.u8()?, fields.text()?, fields.text()?.to_owned());
    let address = peer.to_owned();
    let error = match kind {
        1 => UrlError::new(peer, text).into(),
        2 => ConnectError::Subprotocol {
            // The offers are listed in one text.
            offered: peer.split(' ').map(ToOwned::to_owned).collect(),
            chosen: Some(text),
        },
        3 => ConnectError::Timeout(text),
        _ => ConnectError::Io { address, message: text, cause: None },
    };
    change(number, |state| {
        state.is_closed = true;
        state.opened = Some(Err(error));
    });
    Some(())
}

/// A frame was received.
pub(crate) fn received(number: u32, frame: &[u8]) {
    change(number, |state| state.receive(frame));
}

/// The connection has ended.
pub(crate) fn closed(number: u32, fields: &mut Fields<'_>) -> Option<()> {
    let (was_clean, code, reason) = (fields.u8()? != 0, fields.u32()?, fields.text()?);
    change(number, |state| {
        if !was_clean && state.failure.is_none() {
            let colon = if reason.is_empty() { "" } else { ": " };
            let text = format!("closed with code {code}{colon}{reason}");
            state.error.get_or_insert_with(|| TransportError::Lost(text.into()));
        }
        state.is_closed = true;
    });
    Some(())
}

/// The connection cannot be used any longer.
pub(crate) fn faulty(number: u32, fields: &mut Fields<'_>) -> Option<()> {
    let (kind, size, text) = (fields.u8()?, fields.f64()? as usize, fields.text()?);
    change(number, |state| match kind {
        0 => {
            let limit = state.limit;
            state.fail(TransportError::TooLarge { size, limit }, CloseCode::TooBig);
        }
        1 => state.fail(TransportError::Violation(text.to_owned()), CloseCode::ProtocolError),
        2 => state.fail(TransportError::Timeout(NOT_TAKEN), CloseCode::InternalError),
        _ => state.fail(TransportError::Lost(text.to_owned().into()), CloseCode::InternalError),
    });
    Some(())
}

/// The platform's buffer has room again.
pub(crate) fn has_room(number: u32) {
    change(number, |state| {
        state.sent = 0;
        state.waits_for_room = false;
    });
}
