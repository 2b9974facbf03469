//! A WebSocket connection after its opening handshake: messages in and out of a byte stream.
//!
//! Nothing is written before a flush, and everything is polled by one task. What frames look like is in
//! `framing::websocket`; pings are sent, and silence is judged, by the caller.

use std::io::{self, ErrorKind};
use std::mem::MaybeUninit;
use std::num::NonZeroUsize;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

use super::CloseCode;
use super::channel::Command;
use super::closing::CloseStep;
use super::control::Pongs;
use super::masks;
use super::prepared::{Prepared, Preparing};
use super::settings::Settings;
use super::wire::Wire;
use crate::error::{Cause, TransportError};
use crate::framing::websocket::deflate::Agreement;
use crate::framing::websocket::{self as framing, Event, Form, Kind, Reader, Role, Writer};
use crate::net::framed::GiveUp;
use crate::net::limits::HIGH_WATER;
use crate::net::write::poll_write_pieces;
use crate::rt::Sleep;

/// Bytes read by one system call, unless the rest of a longer frame is missing. The space is on the
/// stack, so that a connection that waits needs no memory for it, and it is never cleared.
pub(crate) const READ_SIZE: usize = 32 << 10;

/// Number of reads after which the task yields: a message may consist of a million empty fragments.
const READS_PER_POLL: u8 = 16;

/// Number of steps of decompression of 64 KiB after which the task yields.
pub(super) const STEPS_PER_POLL: u8 = 16;

/// Time without a message after which the memory of compression is given back.
const IDLE: Duration = Duration::from_secs(5);

/// A WebSocket connection after its opening handshake.
pub(crate) struct Connection<S> {
    pub(super) stream: S,
    role: Role,
    reader: Reader,
    pub(super) writer: Writer,
    /// A message for many that is not compressed yet. As with `writer.is_compressing()`, nothing may be written
    /// before it, except for control frames.
    pub(super) preparing: Option<Box<Preparing>>,
    /// Bytes that came and that `reader` has not read. At the start these are the bytes behind the opening
    /// handshake.
    early: Bytes,
    pub(super) reading: Reading,
    /// Code of our Close frame, once that was written.
    sent: Option<Option<u16>>,
    /// Content of the peer's Close frame, once that has come.
    said: Option<Option<(u16, String)>>,
    /// Something was written since everything had left.
    dirty: bool,
    pongs: Pongs,
    /// Payload of the last ping that came while a frame was sent in parts. Of several pings that wait, the
    /// last one is enough (RFC 6455, section 5.5.3).
    held_pong: Option<Bytes>,
    fragment: Option<NonZeroUsize>,
    pub(super) fail_by_drop: bool,
    /// Present if compression was agreed.
    idle: Option<Box<Idle>>,
    read: u64,
    /// Number of times that the stream may still be read in this poll.
    reads_left: u8,
    /// Number of times that the reader may still be asked for more in this poll.
    steps_left: u8,
    written: u64,
}

/// Watches for the time when compression needs no memory.
#[derive(Default)]
struct Idle {
    /// A message was read or written since the timer was set.
    used: bool,
    timer: Option<Sleep>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    Open,
    /// The peer's Close frame has come.
    Closed,
    /// The connection has ended without it, or is lost.
    Ended,
    /// The peer broke a rule or is silent. Our Close frame carries this code and text.
    Failed(u16, &'static str),
}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Connection<S> {
    /// `early` is what came behind the opening handshake, `deflate` the compression that was agreed there.
    pub(crate) fn new(
        stream: S,
        early: Vec<u8>,
        role: Role,
        settings: &Settings,
        deflate: Option<&Agreement>,
    ) -> Self {
        let (peer, writer) = match role {
            Role::Client => (Role::Server, Writer::client(masks::mask)),
            Role::Server => (Role::Client, Writer::server()),
        };
        Connection {
            stream,
            role,
            reader: Reader::new(peer, settings.limits())
                .inflate(deflate.map(|agreed| agreed.decompressor(role))),
            writer: writer.deflate(deflate.map(|agreed| agreed.compressor(role))),
            preparing: None,
            read: early.len() as u64,
            early: early.into(),
            reading: Reading::Open,
            sent: None,
            said: None,
            dirty: false,
            pongs: Pongs::default(),
            held_pong: None,
            fragment: settings.auto_fragment_size,
            fail_by_drop: settings.fail_by_drop,
            idle: deflate.map(|_| Box::default()),
            reads_left: READS_PER_POLL,
            steps_left: STEPS_PER_POLL,
            written: 0,
        }
    }

    /// Returns messages in parts from now on.
    pub(crate) fn read_in_parts(&mut self) {
        self.reader.set_in_parts();
    }

    /// Ends reading; our Close frame will carry this code and text.
    pub(crate) fn fail(&mut self, code: u16, text: &'static str) {
        self.reading = Reading::Failed(code, text);
    }

    /// Puts something into the buffer, unless our Close frame was written.
    pub(crate) fn write(
        &mut self,
        write: impl FnOnce(&mut Writer) -> Result<(), framing::WriteError>,
    ) -> Result<(), framing::WriteError> {
        if self.has_closed() {
            return Ok(());
        }
        self.begin_write();
        let written = write(&mut self.writer);
        if let Some(payload) = self.held_pong.take_if(|_| self.writer.is_between_frames()) {
            self.writer.pong(payload);
        }
        written
    }

    pub(super) fn begin_write(&mut self) {
        self.dirty = true;
        self.used();
        self.finish_preparing();
    }

    /// Puts a pong into the buffer.
    pub(crate) fn write_pong(&mut self, payload: Bytes) {
        self.write_control(|writer| writer.pong(payload));
    }

    fn write_control(&mut self, write: impl FnOnce(&mut Writer)) {
        if !self.has_closed() && self.writer.is_between_frames() {
            self.dirty = true;
            write(&mut self.writer);
        }
    }

    /// Puts our Close frame into the buffer, unless that has been done.
    pub(super) fn write_close(&mut self, said: Option<(u16, &str)>) {
        if !self.has_closed() && self.writer.is_between_frames() {
            self.dirty = true;
            self.finish_preparing();
            self.writer.close(said);
            self.sent = Some(said.map(|(code, _)| code));
        }
    }

    /// Returns whether our Close frame was written, so that nothing can follow it.
    pub(super) fn has_closed(&self) -> bool {
        self.sent.is_some()
    }

    pub(super) fn is_client(&self) -> bool {
        self.role == Role::Client
    }

    /// Takes what the reader returned.
    fn take(
        &mut self,
        event: Result<Option<Event>, framing::ReadError>,
    ) -> Result<Option<Event>, TransportError> {
        let event = event.map_err(|error| {
            self.fail(error.close_code(), "");
            read_error(error)
        })?;
        match &event {
            Some(Event::Ping(payload)) => {
                let (written, left) = (self.written, self.bytes_left());
                if !self.pongs.admit(payload.len(), written, left) {
                    let text = "pings without end, and their answers are not taken";
                    return Err(self.violation(text));
                }
                if self.writer.is_between_frames() {
                    self.write_pong(payload.clone());
                } else {
                    self.held_pong = Some(payload.clone());
                }
            }
            Some(Event::Close(said)) => {
                self.reading = Reading::Closed;
                self.said = Some(said.clone());
                let said = said.as_ref().map(|(code, reason)| (*code, reason.as_str()));
                // The same code; a reason is not repeated.
                self.write_close(said.map(|(code, _)| (code, "")));
            }
            Some(_) => self.used(),
            None => {}
        }
        Ok(event)
    }

    fn used(&mut self) {
        if let Some(idle) = &mut self.idle {
            idle.used = true;
        }
    }

    /// Gives back what compression needs, some time after the last message.
    fn poll_idle(&mut self, cx: &mut Context<'_>) {
        let Some(idle) = &mut self.idle else { return };
        while idle.used || idle.timer.is_some() {
            let timer = idle.timer.get_or_insert_with(|| {
                idle.used = false;
                Sleep::new(IDLE)
            });
            if Pin::new(timer).poll(cx).is_pending() {
                return;
            }
            idle.timer = None;
            if !idle.used {
                self.reader.release();
                self.writer.release();
            }
        }
    }

    fn ended(&mut self, error: io::Error) -> Result<Option<Event>, TransportError> {
        self.reading = Reading::Ended;
        Err(TransportError::Lost(Cause::new(error)))
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Before what waits for the peer: others may wait for this.
        let compressed = self.poll_compress(cx);
        while !self.writer.chunks().is_empty() {
            let pieces = self.writer.chunks().iter();
            let count = ready!(poll_write_pieces(&mut self.stream, cx, pieces))?;
            if count == 0 {
                return Poll::Ready(Err(ErrorKind::WriteZero.into()));
            }
            self.written += count as u64;
            self.writer.advance(count);
        }
        let flushed = Pin::new(&mut self.stream).poll_flush(cx)?;
        ready!(compressed);
        flushed.map(Ok)
    }
}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Wire for Connection<S> {
    fn frames(&self) -> (u64, u64) {
        (self.reader.frames(), self.writer.frames())
    }

    fn enter(&mut self) {
        self.reads_left = READS_PER_POLL;
        self.steps_left = STEPS_PER_POLL;
    }

    fn next_buffered(&mut self) -> Result<Option<Event>, TransportError> {
        while !self.early.is_empty() || self.reader.has_event() {
            let Some(steps_left) = self.steps_left.checked_sub(1) else {
                // Nothing more is read in this poll.
                self.reads_left = 0;
                break;
            };
            let mut input = &self.early[..];
            let event = self.reader.read_some(&mut input);
            let left = input.len();
            self.early.advance(self.early.len() - left);
            if left == 0 {
                // Or it would hold its memory until more comes.
                self.early = Bytes::new();
            }
            if !matches!(event, Ok(None)) {
                return self.take(event);
            }
            self.steps_left = steps_left;
        }
        Ok(None)
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Event>, TransportError>> {
        let Some(reads_left) = self.reads_left.checked_sub(1) else {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        };
        let in_place = match self.reader.space() {
            Some(mut space) => Some(ready!(pin!(self.stream.read_buf(&mut space)).poll(cx))),
            None => None,
        };
        let read = if let Some(read) = in_place {
            read.map(|count| (count, self.reader.read(&mut &[][..])))
        } else {
            let mut space = [const { MaybeUninit::uninit() }; READ_SIZE];
            let mut buf = ReadBuf::uninit(&mut space);
            let Poll::Ready(read) = Pin::new(&mut self.stream).poll_read(cx, &mut buf) else {
                self.poll_idle(cx);
                return Poll::Pending;
            };
            read.map(|()| {
                let mut input = buf.filled();
                let event = self.reader.read_some(&mut input);
                if !input.is_empty() {
                    self.early = Bytes::copy_from_slice(input);
                }
                (buf.filled().len(), event)
            })
        };
        self.reads_left = reads_left;
        Poll::Ready(match read {
            Ok((0, _)) => {
                let text = "the peer went away without closing";
                self.ended(io::Error::new(ErrorKind::UnexpectedEof, text))
            }
            Ok((count, event)) => {
                self.read += count as u64;
                self.take(event)
            }
            Err(error) => self.ended(error),
        })
    }

    fn violation(&mut self, text: &'static str) -> TransportError {
        self.fail(CloseCode::ProtocolError.code(), text);
        TransportError::Violation(text.to_string())
    }

    fn limit_messages(&mut self, bytes: usize) {
        self.reader.limit_messages(bytes);
    }

    fn is_drained(&self) -> bool {
        self.reads_left > 0
    }

    fn buffered(&self) -> usize {
        let length = self.writer.chunks().len();
        if self.is_compressing() { length.max(HIGH_WATER) } else { length.max(self.dirty.into()) }
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = ready!(self.poll_write(cx));
        self.dirty = false;
        if result.is_err() {
            self.preparing = None;
            self.writer.clear();
            // The task reads on, and tells the error at the end.
            cx.waker().wake_by_ref();
        }
        Poll::Ready(result)
    }

    fn bytes_read(&self) -> u64 {
        self.read
    }

    fn bytes_written(&self) -> u64 {
        self.written
    }

    fn bytes_left(&self) -> usize {
        self.writer.chunks().len()
    }

    fn give_up(&mut self, why: GiveUp) {
        // Others may wait for it.
        self.preparing = None;
        match why {
            GiveUp::Lost => self.reading = Reading::Ended,
            GiveUp::Silent => self.fail(CloseCode::InternalError.code(), ""),
            // The code of the one who closes counts.
            GiveUp::Stalled => {}
        }
    }

    fn sent_code(&self) -> Option<u16> {
        self.sent.flatten()
    }

    fn peer_said(&self) -> Option<&Option<(u16, String)>> {
        self.said.as_ref()
    }

    fn write_message(&mut self, kind: Kind, payload: Bytes) -> Result<(), Cause> {
        let form = Form { fragment: self.fragment, uncompressed: false };
        self.write(|writer| writer.message(kind, payload, form)).map_err(Cause::new)
    }

    fn write_prepared(&mut self, message: &Arc<Prepared>) -> Result<(), Cause> {
        if let Some(size) = self.fragment
            && message.payload().len() > size.get()
        {
            return self.write_message(message.kind(), message.payload().clone());
        }
        self.push_prepared(message).map_err(Cause::new)
    }

    fn can_ping(&self) -> bool {
        self.writer.is_between_frames()
    }

    fn write_ping(&mut self, payload: Bytes) {
        self.write_control(|writer| writer.ping(payload));
    }

    fn push(&mut self, command: Command) -> Result<(), Cause> {
        let written = match command {
            Command::Ping(payload) => {
                self.write_ping(payload);
                Ok(())
            }
            Command::Pong(payload) => {
                self.write_pong(payload);
                Ok(())
            }
            Command::Message { kind, payload, form } => {
                self.write(|writer| writer.message(kind, payload, form))
            }
            Command::Prepared(prepared) => self.push_prepared(&prepared),
            Command::Begin { kind, uncompressed } => {
                self.write(|writer| writer.begin_message(kind, uncompressed))
            }
            Command::Frame(payload) => self.write(|writer| writer.message_frame(payload)),
            Command::FrameBegin(length) => self.write(|writer| writer.begin_frame(length)),
            Command::FrameData(mut data) => {
                self.write(|writer| writer.frame_data(&mut data).map(|_| ()))
            }
            Command::End => self.write(framing::Writer::end_message),
            // The driver does these.
            Command::Abandon | Command::Close(_) => Ok(()),
        };
        written.map_err(Cause::new)
    }

    fn begin_close(&mut self, said: Option<(u16, &str)>, can_write: bool) -> CloseStep {
        Connection::begin_close(self, said, can_write)
    }

    fn poll_close_step(&mut self, cx: &mut Context<'_>, step: CloseStep) -> Poll<CloseStep> {
        Connection::poll_close_step(self, cx, step)
    }
}

fn read_error(error: framing::ReadError) -> TransportError {
    match error {
        framing::ReadError::FrameTooLong { length, limit }
        | framing::ReadError::MessageTooLong { length, limit } => {
            let size = usize::try_from(length).unwrap_or(usize::MAX);
            TransportError::TooLarge { size, limit }
        }
        error => TransportError::Violation(error.to_string()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests may")]
mod tests {
    use std::future::poll_fn;

    use tokio::io::{AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test]
    async fn what_one_read_brought_is_given_in_order_and_counted_once() {
        let (near, mut far) = duplex(2 * READ_SIZE);
        let mut sent = Vec::new();
        while sent.len() < READ_SIZE + 5000 {
            sent.extend_from_slice(&[0x82, 2, (sent.len() % 251) as u8, 7]);
        }
        let (early, rest) = sent.split_at(2501);
        let settings = Settings::default();
        let mut connection = Connection::new(near, early.to_vec(), Role::Client, &settings, None);
        far.write_all(rest).await.unwrap();
        let mut read = Vec::new();
        poll_fn(|cx| {
            connection.enter();
            loop {
                let event = match connection.next_buffered().unwrap() {
                    Some(event) => event,
                    None => match connection.poll_read(cx) {
                        Poll::Ready(Ok(Some(event))) => event,
                        Poll::Ready(Ok(None)) => continue,
                        Poll::Ready(Err(error)) => panic!("{error:?}"),
                        Poll::Pending => return Poll::Ready(()),
                    },
                };
                let Event::Message(Kind::Binary, payload) = event else { unreachable!() };
                read.extend_from_slice(&[&[0x82, 2], &payload[..]].concat());
            }
        })
        .await;
        assert_eq!(read, sent);
        assert_eq!(connection.bytes_read(), sent.len() as u64);
        // Only the stream itself was asked: twice for what there was, and it has nothing more.
        assert_eq!(connection.reads_left, READS_PER_POLL - 2);
        assert!(connection.is_drained() && connection.early.is_empty());
        // Nor does it hold any memory for what was read.
        assert!(!connection.early.is_unique());
    }
}
