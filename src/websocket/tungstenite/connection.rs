//! A stream of tokio-tungstenite as a connection of ours.
//!
//! Tungstenite does not tell how many bytes came or left, and its buffer is quadratic in what a slow peer
//! leaves there. It is therefore given small frames, a few at a time: progress shows at each of them.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use futures_sink::Sink;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::{CapacityError, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::seen::Seen;
use crate::error::{Cause, TransportError};
use crate::framing::websocket::frame::MAX_HEADER;
use crate::framing::websocket::{Event, Kind, close};
use crate::net::framed::GiveUp;
use crate::websocket::CloseCode;
use crate::websocket::channel::Command;
use crate::websocket::closing::{CloseStep, poll_drain};
use crate::websocket::connection::Reading;
use crate::websocket::prepared::Prepared;
use crate::websocket::settings::Settings;
use crate::websocket::wire::Wire;

/// Longest payload of a frame, and number of bytes that tungstenite holds at once. A peer that takes so much
/// within the time limit of sending is alive.
const FRAME: usize = 64 << 10;

/// Number of answers to pings that may wait until nothing more is read.
const PONGS: usize = 64;

/// Close code of a text that is not valid UTF-8.
const NOT_UTF8: u16 = 1007;

pub(crate) struct Connection<S> {
    stream: WebSocketStream<S>,
    seen: Seen,
    reading: Reading,
    /// Frames that tungstenite does not have yet, each with its greatest length, and the sum of these.
    waiting: VecDeque<(Message, usize)>,
    waiting_bytes: usize,
    /// Number of bytes that tungstenite has got since all had left.
    given: usize,
    written: u64,
    read: u64,
    /// Something was written, or has to be answered, since everything had left.
    dirty: bool,
    /// Number of answers to pings since everything had left.
    pongs: usize,
    /// The message that is sent in frames: the opcode of its next one.
    writing: Option<Data>,
    /// Writing has failed: nothing can leave any more.
    is_broken: bool,
    longest: usize,
    /// Longer messages are sent in frames of this many bytes, if it is less than `longest`.
    fragment: Option<NonZeroUsize>,
    fail_by_drop: bool,
    sent: Option<Option<u16>>,
    said: Option<Option<(u16, String)>>,
}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Connection<S> {
    pub(crate) fn new(stream: WebSocketStream<S>, settings: &Settings) -> Self {
        let room = stream.get_config().max_write_buffer_size;
        Connection {
            stream,
            seen: Seen::new(),
            reading: Reading::Open,
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            given: 0,
            written: 0,
            read: 0,
            dirty: false,
            pongs: 0,
            writing: None,
            is_broken: false,
            longest: room.saturating_sub(MAX_HEADER).clamp(1, FRAME),
            fragment: settings.auto_fragment_size,
            fail_by_drop: settings.fail_by_drop,
            sent: None,
            said: None,
        }
    }

    /// Returns the length of the longest message to send: that of the longest one that the stream reads, unless
    /// another is set.
    pub(crate) fn max_send(&self, settings: &Settings) -> usize {
        let read = self.stream.get_config().max_message_size.unwrap_or(usize::MAX);
        settings.max_send_size.unwrap_or(read)
    }

    fn push_frame(&mut self, message: Message) {
        self.dirty = true;
        let bytes = message.len() + MAX_HEADER;
        self.waiting_bytes += bytes;
        self.waiting.push_back((message, bytes));
    }

    /// Puts the payload into frames of bounded length. Returns the opcode of what follows them.
    fn push_payload(
        &mut self,
        mut data: Data,
        mut payload: Bytes,
        fragment: Option<NonZeroUsize>,
        is_last: bool,
    ) {
        let longest = fragment.map_or(self.longest, |bytes| bytes.get().min(self.longest));
        while payload.len() > longest {
            let part = payload.split_to(longest);
            self.push_frame(Message::Frame(Frame::message(part, OpCode::Data(data), false)));
            data = Data::Continue;
        }
        self.push_frame(Message::Frame(Frame::message(payload, OpCode::Data(data), is_last)));
    }

    fn drop_waiting(&mut self) {
        self.waiting = VecDeque::new();
        self.waiting_bytes = 0;
    }

    /// Gives frames to tungstenite while it holds little.
    fn give(&mut self, is_empty: bool) -> Result<(), Error> {
        while self.given < FRAME
            && let Some((message, bytes)) = self.waiting.pop_front()
        {
            self.waiting_bytes -= bytes;
            let close = match &message {
                Message::Close(frame) => Some(frame.as_ref().map(|frame| frame.code.into())),
                _ => None,
            };
            match Pin::new(&mut self.stream).start_send(message) {
                Ok(()) => self.given += bytes,
                // Answers to pings are there as well.
                Err(Error::WriteBufferFull(message)) if self.given > 0 || !is_empty => {
                    self.waiting_bytes += bytes;
                    self.waiting.push_front((*message, bytes));
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
            if close.is_some() {
                self.sent = close;
            }
        }
        Ok(())
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut is_empty = false;
        loop {
            if let Err(error) = self.give(is_empty) {
                match error {
                    // The peer has closed the connection, and tungstenite answers.
                    Error::ConnectionClosed
                    | Error::AlreadyClosed
                    | Error::Protocol(ProtocolError::SendAfterClosing) => self.drop_waiting(),
                    error => return Poll::Ready(Err(io_error(error))),
                }
            }
            ready!(Pin::new(&mut self.stream).poll_flush(cx)).map_err(io_error)?;
            self.written += self.given as u64;
            (self.given, self.pongs, is_empty) = (0, 0, true);
            if self.waiting.is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
    }

    fn received(&mut self, message: Message) -> Option<Event> {
        self.read += message.len() as u64;
        Some(match message {
            Message::Text(text) => Event::Message(Kind::Text, text.into()),
            Message::Binary(bytes) => Event::Message(Kind::Binary, bytes),
            Message::Ping(payload) => {
                self.dirty = !self.is_broken;
                self.pongs += 1;
                Event::Ping(payload)
            }
            Message::Pong(payload) => Event::Pong(payload),
            Message::Close(frame) => {
                let said = frame.map(|frame| (frame.code.into(), frame.reason.to_string()));
                self.reading = Reading::Closed;
                self.dirty = true;
                // Tungstenite has put its answer into the buffer, unless it is the answer to ours.
                self.sent.get_or_insert(said.as_ref().map(|(code, _)| *code));
                self.said = Some(said.clone());
                Event::Close(said)
            }
            // These do not come.
            Message::Frame(_) => return None,
        })
    }

    /// Ends reading by an error of tungstenite's, which sends no Close frame by itself.
    fn failed(&mut self, error: Error) -> TransportError {
        let code = match &error {
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => {
                self.reading = Reading::Ended;
                let error = io::Error::new(ErrorKind::UnexpectedEof, error);
                return TransportError::Lost(Cause::new(error));
            }
            Error::Protocol(_) => CloseCode::ProtocolError.code(),
            Error::Utf8(_) => NOT_UTF8,
            Error::Capacity(_) => CloseCode::TooBig.code(),
            _ => {
                self.reading = Reading::Ended;
                return TransportError::Lost(Cause::new(io_error(error)));
            }
        };
        self.reading = Reading::Failed(code, "");
        match error {
            Error::Capacity(CapacityError::MessageTooLong { size, max_size }) => {
                TransportError::TooLarge { size, limit: max_size }
            }
            error => TransportError::Violation(error.to_string()),
        }
    }

    /// Reads once, and drops all but what changes the state. Ready with false at the end.
    fn poll_read_dropping(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        Poll::Ready(match ready!(Pin::new(&mut self.stream).poll_next(cx)) {
            Some(Ok(message)) => {
                self.received(message);
                true
            }
            Some(Err(error)) => {
                if self.reading == Reading::Open {
                    self.failed(error);
                }
                false
            }
            None => false,
        })
    }
}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Wire for Connection<S> {
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Event>, TransportError>> {
        let mut cx = Context::from_waker(self.seen.waker(cx.waker()));
        Poll::Ready(match ready!(Pin::new(&mut self.stream).poll_next(&mut cx)) {
            Some(Ok(message)) => Ok(self.received(message)),
            Some(Err(error)) => Err(self.failed(error)),
            None => {
                self.reading = Reading::Ended;
                let error = io::Error::new(ErrorKind::UnexpectedEof, "the stream has ended");
                Err(TransportError::Lost(Cause::new(error)))
            }
        })
    }

    fn violation(&mut self, text: &'static str) -> TransportError {
        self.reading = Reading::Failed(CloseCode::ProtocolError.code(), text);
        TransportError::Violation(text.to_owned())
    }

    fn is_backlogged(&self) -> bool {
        !self.is_broken && self.pongs >= PONGS
    }

    fn write_message(&mut self, kind: Kind, payload: Bytes) -> Result<(), Cause> {
        self.push_payload(data(kind), payload, self.fragment, true);
        Ok(())
    }

    fn write_prepared(&mut self, message: &Arc<Prepared>) -> Result<(), Cause> {
        self.write_message(message.kind(), message.payload().clone())
    }

    fn push(&mut self, command: Command) -> Result<(), Cause> {
        match command {
            Command::Message { kind, payload, form } => {
                self.push_payload(data(kind), payload, form.fragment, true);
            }
            Command::Prepared(prepared) => self.write_prepared(&prepared)?,
            Command::Begin { kind, .. } => self.writing = Some(data(kind)),
            Command::Frame(payload) | Command::FrameData(payload) => {
                let data = self.writing.replace(Data::Continue).unwrap_or(Data::Continue);
                self.push_payload(data, payload, None, false);
            }
            Command::End => {
                let data = self.writing.take().unwrap_or(Data::Continue);
                self.push_payload(data, Bytes::new(), None, true);
            }
            Command::Ping(payload) => self.write_ping(payload),
            // As a message, it would replace an answer to a ping.
            Command::Pong(payload) => self.push_frame(Message::Frame(Frame::pong(payload))),
            // The sender refuses the first; the driver does the others.
            Command::FrameBegin(_) | Command::Abandon | Command::Close(_) => {}
        }
        Ok(())
    }

    fn write_ping(&mut self, payload: Bytes) {
        self.push_frame(Message::Ping(payload));
    }

    fn buffered(&self) -> usize {
        self.bytes_left().max(usize::from(self.dirty))
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = ready!(self.poll_write(cx));
        self.dirty = false;
        if result.is_err() {
            self.drop_waiting();
            self.given = 0;
            self.is_broken = true;
            // The task reads on, and tells the error at the end.
            cx.waker().wake_by_ref();
        }
        Poll::Ready(result)
    }

    /// A sign of life rather than a number of bytes: see [`Seen`].
    fn bytes_read(&self) -> u64 {
        self.read + self.seen.count()
    }

    fn bytes_written(&self) -> u64 {
        self.written
    }

    fn bytes_left(&self) -> usize {
        self.waiting_bytes + self.given
    }

    /// Unknown.
    fn traffic(&self) -> (u64, u64) {
        (0, 0)
    }

    fn give_up(&mut self, why: GiveUp) {
        match why {
            GiveUp::Lost => self.reading = Reading::Ended,
            GiveUp::Silent => self.reading = Reading::Failed(CloseCode::InternalError.code(), ""),
            GiveUp::Stalled => {}
        }
    }

    fn begin_close(&mut self, said: Option<(u16, &str)>, can_write: bool) -> CloseStep {
        let said = match self.reading {
            Reading::Failed(..) if self.fail_by_drop => return CloseStep::Done,
            Reading::Failed(code, text) => Some((code, text)),
            Reading::Open | Reading::Closed | Reading::Ended => said,
        };
        let frame = said.map(|(code, reason)| {
            // Cut as in our own frames.
            let reason = close::cut(reason).into();
            CloseFrame { code: code.into(), reason }
        });
        self.push_frame(Message::Close(frame));
        if can_write { CloseStep::Flush } else { CloseStep::Shutdown }
    }

    fn poll_close_step(&mut self, cx: &mut Context<'_>, step: CloseStep) -> Poll<CloseStep> {
        let failed = matches!(self.reading, Reading::Failed(..));
        Poll::Ready(match step {
            CloseStep::Flush => match self.poll_flush(cx) {
                // The peer may have much to say before it reads.
                Poll::Pending if self.reading == Reading::Open => {
                    ready!(self.poll_read_dropping(cx));
                    CloseStep::Flush
                }
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(())) if !failed => CloseStep::Answer,
                Poll::Ready(_) => CloseStep::Shutdown,
            },
            // Tungstenite ends after the peer's Close frame; that of a client when the server has ended the
            // stream.
            CloseStep::Answer | CloseStep::End => match ready!(self.poll_read_dropping(cx)) {
                true => CloseStep::Answer,
                false => CloseStep::Shutdown,
            },
            CloseStep::Shutdown => {
                match ready!(Pin::new(self.stream.get_mut()).poll_shutdown(cx)) {
                    Ok(()) if failed => CloseStep::Drain,
                    Ok(()) | Err(_) => CloseStep::Done,
                }
            }
            CloseStep::Drain => {
                let _ = ready!(poll_drain(self.stream.get_mut(), cx));
                CloseStep::Done
            }
            CloseStep::Done => CloseStep::Done,
        })
    }

    fn sent_code(&self) -> Option<u16> {
        self.sent.flatten()
    }

    fn peer_said(&self) -> Option<&Option<(u16, String)>> {
        self.said.as_ref()
    }
}

fn data(kind: Kind) -> Data {
    match kind {
        Kind::Text => Data::Text,
        Kind::Binary => Data::Binary,
    }
}

fn io_error(error: Error) -> io::Error {
    match error {
        Error::Io(error) => error,
        error => io::Error::other(error),
    }
}
