//! A WebSocket connection after its opening handshake: messages in and out of a byte stream.
//!
//! Nothing is written before a flush, and everything is polled by one task. The framing itself is
//! tungstenite's; pings are sent, and silence is judged, by the caller.

use std::fmt;
use std::io::ErrorKind;
use std::num::NonZeroUsize;
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};
use tungstenite::error::{CapacityError, ProtocolError};
use tungstenite::protocol::Role;
use tungstenite::protocol::frame::Frame;
use tungstenite::protocol::frame::coding::{Data, OpCode};
use tungstenite::{Message, Utf8Bytes, WebSocket};

use super::CloseCode;
use super::control::Pongs;
use super::io::Io;
use super::settings::Settings;
use crate::error::Cause;

/// More than the header of a frame ever takes.
pub(super) const HEADER_SIZE: usize = 16;

/// A WebSocket connection after its opening handshake.
pub(crate) struct Connection<S> {
    pub(super) socket: WebSocket<Io<S>>,
    pub(super) reading: Reading,
    /// Upper bound of the bytes that a flush still has to write.
    buffered: usize,
    pongs: Pongs,
    fragment: Option<NonZeroUsize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    Open,
    /// The peer has closed, or the connection is lost.
    Ended,
    /// The peer broke a rule or is silent. Our Close frame carries this code.
    Failed(CloseCode),
}

/// A message or frame of the peer.
#[derive(Debug)]
pub(crate) enum Received {
    Text(Bytes),
    Binary(Bytes),
    /// The answer is in the buffer.
    Ping,
    Pong(Bytes),
    /// A frame without a message of its own.
    Nothing,
    /// The peer's Close frame, with its code and reason if it has them.
    Close(Option<(u16, String)>),
    /// The closing handshake is complete.
    Closed,
}

/// The connection cannot be read any more.
#[derive(Debug)]
pub(crate) enum ReadError {
    Lost(Cause),
    Violation(String),
    TooLarge { size: usize, limit: usize },
}

/// A frame could not be written.
#[derive(Debug)]
pub(crate) enum WriteError {
    /// The stream is broken. What the peer said before can still be read.
    Lost(Cause),
    /// The frame itself cannot be sent.
    Frame(String),
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// `early` is what came behind the opening handshake.
    pub(crate) fn new(stream: S, early: Vec<u8>, role: Role, settings: &Settings) -> Self {
        let io = Io::new(stream, early);
        Connection {
            socket: WebSocket::from_raw_socket(io, role, Some(settings.framing())),
            reading: Reading::Open,
            buffered: 0,
            pongs: Pongs::default(),
            fragment: settings.auto_fragment_size,
        }
    }

    /// Begins a poll of the task that drives this connection: names the task to wake, and renews the
    /// bound of what one poll reads. Goes before everything else that is polled.
    pub(crate) fn enter(&mut self, cx: &Context<'_>) {
        self.socket.get_mut().enter(cx);
    }

    /// The next message or frame. After an error, [`Received::Close`] or [`Received::Closed`],
    /// nothing more can be read.
    pub(crate) fn poll_read(&mut self) -> Poll<Result<Received, ReadError>> {
        Poll::Ready(Ok(match self.socket.read() {
            Ok(Message::Binary(payload)) => Received::Binary(payload),
            Ok(Message::Text(payload)) => Received::Text(payload.into()),
            Ok(Message::Ping(payload)) => {
                let (written, left) = (self.bytes_written(), self.bytes_left());
                if !self.pongs.admit(payload.len(), written, left) {
                    let text = "pings without end, and their answers are not taken";
                    return Poll::Ready(Err(self.violation(text)));
                }
                Received::Ping
            }
            Ok(Message::Pong(payload)) => Received::Pong(payload),
            Ok(Message::Frame(_)) => Received::Nothing,
            Ok(Message::Close(frame)) => {
                // The answer leaves now, or when the connection is closed.
                let _ = self.socket.flush();
                self.reading = Reading::Ended;
                let said = frame.map(|frame| (frame.code.into(), frame.reason.to_string()));
                Received::Close(said)
            }
            Err(error) if would_block(&error) => return Poll::Pending,
            Err(error) => return Poll::Ready(self.read_failed(error)),
        }))
    }

    /// Ends reading because the peer broke a rule.
    pub(crate) fn violation(&mut self, text: impl fmt::Display) -> ReadError {
        self.fail(CloseCode::ProtocolError);
        ReadError::Violation(text.to_string())
    }

    /// Ends reading; our Close frame will carry this code.
    pub(crate) fn fail(&mut self, code: CloseCode) {
        self.reading = Reading::Failed(code);
    }

    /// Ends reading because the connection is broken.
    pub(crate) fn lost(&mut self) {
        self.reading = Reading::Ended;
    }

    /// Returns whether the stream had nothing more to read at the last attempt.
    pub(crate) fn is_drained(&self) -> bool {
        self.socket.get_ref().is_drained()
    }

    /// Puts a binary message into the buffer; writes only above the buffer's limit.
    pub(crate) fn write_binary(&mut self, payload: Bytes) -> Result<(), WriteError> {
        match self.fragment_size(payload.len()) {
            Some(size) => self.write_fragments(payload, Data::Binary, size),
            None => self.write(Message::Binary(payload)),
        }
    }

    /// Puts a text message into the buffer; writes only above the buffer's limit.
    pub(crate) fn write_text(&mut self, text: Utf8Bytes) -> Result<(), WriteError> {
        match self.fragment_size(text.len()) {
            Some(size) => self.write_fragments(text.into(), Data::Text, size),
            None => self.write(Message::Text(text)),
        }
    }

    /// Puts a ping into the buffer.
    pub(crate) fn write_ping(&mut self, payload: Bytes) -> Result<(), WriteError> {
        self.write(Message::Ping(payload))
    }

    /// Upper bound of the bytes that a flush still has to write.
    pub(crate) fn buffered(&self) -> usize {
        self.buffered
    }

    /// Ready when everything has left. When this fails, nothing is kept for the peer any more.
    pub(crate) fn poll_flush(&mut self) -> Poll<Result<(), WriteError>> {
        let result = match self.socket.flush() {
            Err(error) if would_block(&error) => {
                // Never 0 while the stream itself has something to flush.
                self.buffered = self.socket.get_ref().bytes_left().max(1);
                return Poll::Pending;
            }
            Err(error) => self.write_failed(error),
            Ok(()) => Ok(()),
        };
        self.buffered = 0;
        Poll::Ready(result)
    }

    /// Number of bytes read since the start.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.socket.get_ref().bytes_read()
    }

    /// Number of bytes that the stream took since the start.
    pub(crate) fn bytes_written(&self) -> u64 {
        self.socket.get_ref().bytes_written()
    }

    /// Number of bytes that the stream did not take at the last attempt to write.
    pub(crate) fn bytes_left(&self) -> usize {
        self.socket.get_ref().bytes_left()
    }

    /// Size of the frames that a message of this length is split into, if it is.
    fn fragment_size(&self, length: usize) -> Option<usize> {
        self.fragment.map(NonZeroUsize::get).filter(|&size| length > size)
    }

    /// Writes frames of this many bytes; a character may be split (RFC 6455, section 5.6).
    fn write_fragments(
        &mut self,
        mut rest: Bytes,
        kind: Data,
        size: usize,
    ) -> Result<(), WriteError> {
        let mut code = OpCode::Data(kind);
        loop {
            let frame = rest.split_to(size.min(rest.len()));
            let last = rest.is_empty();
            self.write(Message::Frame(Frame::message(frame, code, last)))?;
            if last {
                return Ok(());
            }
            code = OpCode::Data(Data::Continue);
        }
    }

    fn write(&mut self, message: Message) -> Result<(), WriteError> {
        self.buffered += message.len() + HEADER_SIZE;
        match self.socket.write(message) {
            Ok(()) => Ok(()),
            Err(error) => self.write_failed(error),
        }
    }

    /// Returns `Ok` for what is not an error of writing.
    fn write_failed(&mut self, error: tungstenite::Error) -> Result<(), WriteError> {
        use tungstenite::Error;
        match error {
            // It is in the buffer.
            Error::Io(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
            // The peer has closed, which is read as the end.
            Error::ConnectionClosed
            | Error::AlreadyClosed
            | Error::Protocol(ProtocolError::SendAfterClosing) => Ok(()),
            Error::Io(error) => {
                self.buffered = 0;
                // The task reads on, and tells the error at the end.
                self.socket.get_ref().wake();
                Err(WriteError::Lost(error.into()))
            }
            error => Err(WriteError::Frame(error.to_string())),
        }
    }

    fn read_failed(&mut self, error: tungstenite::Error) -> Result<Received, ReadError> {
        use tungstenite::Error;
        let lost: Cause = match error {
            Error::ConnectionClosed | Error::AlreadyClosed => {
                self.reading = Reading::Ended;
                return Ok(Received::Closed);
            }
            Error::Capacity(CapacityError::MessageTooLong { size, max_size }) => {
                self.fail(CloseCode::TooBig);
                return Err(ReadError::TooLarge { size, limit: max_size });
            }
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => {
                std::io::Error::new(ErrorKind::UnexpectedEof, "the peer went away without closing")
                    .into()
            }
            Error::Protocol(error) => return Err(self.violation(error)),
            Error::Utf8(error) => return Err(self.violation(error)),
            Error::Io(error) => error.into(),
            error => error.to_string().into(),
        };
        self.lost();
        Err(ReadError::Lost(lost))
    }
}

pub(super) fn would_block(error: &tungstenite::Error) -> bool {
    matches!(error, tungstenite::Error::Io(error) if error.kind() == ErrorKind::WouldBlock)
}
