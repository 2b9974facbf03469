//! The task that drives a native connection: commands out, messages in, one flush per turn, and the end.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;

use super::channel::{Channel, Command, Incoming};
use super::closed::Closed;
use super::closing::CloseStep;
use super::message::{Message, Part};
use super::wire::Wire;
use crate::error::{Cause, TransportError};
use crate::framing::websocket::{self as framing, Event};
use crate::net::framed::{self, Framed, Framing, GiveUp, TimeLimits, WriteError, lost};
use crate::rt::Sleep;

/// Number of messages in each direction after which other tasks get their turn. Small turns let both ends
/// work at the same time.
const TURN: usize = 32;

/// Drives a connection until its end.
pub(super) struct Driver<W: Wire> {
    framed: Framed<Frames<W>>,
    channel: Arc<Channel>,
    /// Content of our Close frame, once the connection is being closed.
    closing: Option<(u16, String)>,
    /// Time for what waits before the Close frame that was asked for.
    last_words: Option<Sleep>,
    failed: Option<TransportError>,
    broken: Option<Broken>,
    /// The end of the connection, if it has failed.
    failure: Option<Closed>,
    is_over: bool,
    /// Dropped with the connection.
    _kept: Option<Box<dyn Send>>,
}

/// The peer broke a rule. Messages that came before can still be answered, for a bounded time.
struct Broken {
    error: TransportError,
    timer: Sleep,
}

/// WebSocket as a framing of messages for [`Framed`].
struct Frames<W> {
    wire: W,
    /// Pings and pongs are told, too.
    tells_control: bool,
    /// Our Close frame has left.
    has_said: bool,
}

impl<W: Wire> Driver<W> {
    pub(super) fn new(
        wire: W,
        channel: Arc<Channel>,
        peer: &str,
        times: TimeLimits,
        tells_control: bool,
    ) -> Self {
        let framed = Framed::new(Frames { wire, tells_control, has_said: false }, peer, times);
        Driver {
            framed,
            channel,
            closing: None,
            last_words: None,
            failed: None,
            broken: None,
            failure: None,
            is_over: false,
            _kept: None,
        }
    }

    /// Keeps this until the end.
    pub(super) fn keep(mut self, kept: Box<dyn Send>) -> Self {
        self._kept = Some(kept);
        self
    }

    fn poll_open(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let (mut out, mut has_read) = (0, 0);
        // Looked at before the commands are taken: an answer is put before the next message is waited for.
        let is_answered =
            self.broken.is_some() && self.channel.incoming.poll_all_taken(cx).is_ready();
        while out < TURN && self.closing.is_none() && self.failed.is_none() {
            match self.framed.poll_ready(cx) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => self.failed = Some(error),
                Poll::Pending => {
                    self.poll_last_words(cx);
                    break;
                }
            }
            let Poll::Ready(command) = self.channel.commands.poll_take(cx) else { break };
            // It ends with a command to close.
            let Some(command) = command else { break };
            self.execute(command);
            out += 1;
        }
        while has_read < TURN
            && self.closing.is_none()
            && self.failed.is_none()
            && self.broken.is_none()
        {
            let has_room = self.channel.incoming.poll_room(cx, None);
            if has_room.is_pending() {
                break;
            }
            match self.framed.poll_recv(cx) {
                Poll::Pending => break,
                Poll::Ready(Some(Ok(incoming))) => {
                    has_read += 1;
                    self.received(incoming);
                }
                Poll::Ready(Some(Err(
                    error @ (TransportError::Violation(_) | TransportError::TooLarge { .. }),
                ))) => {
                    let timer = Sleep::new(self.framed.close_timeout());
                    self.broken = Some(Broken { error, timer });
                    cx.waker().wake_by_ref();
                }
                Poll::Ready(Some(Err(error))) => self.failed = Some(error),
                // The peer's Close frame was answered.
                Poll::Ready(None) => self.closing = Some((1000, String::new())),
            }
        }
        if self.closing.is_none() && self.failed.is_none() {
            match self.framed.poll_flush(cx) {
                Poll::Ready(Ok(())) => {
                    if self.framed.has_lost() {
                        self.channel.lose();
                    }
                    self.channel.commands.done();
                }
                Poll::Ready(Err(error)) => self.failed = Some(error),
                Poll::Pending => {}
            }
        }
        if let Some(broken) = &mut self.broken {
            let is_late = Pin::new(&mut broken.timer).poll(cx).is_ready();
            let has_ended = self.closing.is_some() || self.failed.is_some();
            if is_late || has_ended || is_answered && out < TURN {
                self.failed = self.broken.take().map(|broken| broken.error);
            }
        }
        self.count_traffic();
        if self.closing.is_some() || self.failed.is_some() {
            return Poll::Ready(());
        }
        if out == TURN || has_read == TURN {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }

    /// The peer takes nothing more for now. Closing does not wait for it for longer than `close_timeout`.
    fn poll_last_words(&mut self, cx: &mut Context<'_>) {
        if self.last_words.is_none() && self.channel.commands.poll_closed(cx).is_pending() {
            return;
        }
        let limit = self.framed.close_timeout();
        let timer = self.last_words.get_or_insert_with(|| Sleep::new(limit));
        if Pin::new(timer).poll(cx).is_pending() {
            return;
        }
        let (mut said, mut is_lost) = (None, false);
        while let Poll::Ready(Some(command)) = self.channel.commands.poll_take(cx) {
            match command {
                Command::Close(close) => said = close,
                _ => is_lost = true,
            }
        }
        if is_lost {
            let text = "the peer does not take what was sent before the Close frame";
            self.failed = Some(TransportError::Timeout(text));
        } else {
            self.closing = Some(said.unwrap_or((1000, String::new())));
        }
    }

    fn execute(&mut self, command: Command) {
        let counters = &self.channel.counters;
        match &command {
            Command::Message { payload, .. } => {
                counters.messages_out.add(1);
                counters.payload_out.add(payload.len());
            }
            Command::Prepared(prepared) => {
                counters.messages_out.add(1);
                counters.payload_out.add(prepared.payload().len());
            }
            Command::End => counters.messages_out.add(1),
            Command::Frame(data) | Command::FrameData(data) => counters.payload_out.add(data.len()),
            Command::Close(said) => {
                self.closing = Some(said.clone().unwrap_or((1000, String::new())));
                return;
            }
            Command::Abandon => {
                let text = "a message that was written in parts was not ended";
                self.failed = Some(TransportError::Lost(text.into()));
                return;
            }
            _ => {}
        }
        if let Err(error) = self.framed.start_send(command) {
            self.failed = Some(error);
        }
    }

    fn received(&mut self, incoming: Incoming) {
        let counters = &self.channel.counters;
        let size = match &incoming {
            Incoming::Message(message) => {
                counters.messages_in.add(1);
                counters.payload_in.add(message.len());
                message.len()
            }
            Incoming::Part(part) => {
                let size = if let Part::Data(data) = part { data.len() } else { 0 };
                counters.messages_in.add(usize::from(matches!(part, Part::End)));
                counters.payload_in.add(size);
                size
            }
            Incoming::Ping(payload) | Incoming::Pong(payload) => payload.len(),
        };
        self.channel.incoming.put(incoming, size);
    }

    fn count_traffic(&self) {
        let counters = &self.channel.counters;
        let wire = &self.framed.framing().wire;
        for (counts, (came, left)) in [
            ([&counters.wire_in, &counters.wire_out], wire.traffic()),
            ([&counters.frames_in, &counters.frames_out], wire.frames()),
        ] {
            counts[0].set(came);
            counts[1].set(left);
        }
    }

    /// Returns how the connection has ended.
    fn closed(&mut self, result: Result<(), TransportError>) -> Closed {
        if let Some(failure) = self.failure.take() {
            return failure;
        }
        let Frames { wire, has_said, .. } = self.framed.framing();
        let sent = wire.sent_code().filter(|_| *has_said);
        let text = match (wire.peer_said(), has_said) {
            (Some(said), true) => {
                let (code, reason) = said.clone().unzip();
                let reason = reason.unwrap_or_default();
                return Closed { was_clean: true, code, reason, sent, cause: None };
            }
            (Some(_), false) => "the peer's Close frame could not be answered",
            (None, true) => "the peer did not answer the Close frame",
            (None, false) => "the Close frame could not be sent",
        };
        Closed::lost(text, sent, result.err().map(Cause::new))
    }
}

impl<W: Wire + Unpin> Future for Driver<W> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        if this.is_over {
            return Poll::Ready(());
        }
        if this.channel.poll_aborted(cx).is_ready() {
            this.is_over = true;
            this.channel.end_aborted();
            return Poll::Ready(());
        }
        if this.closing.is_none() && this.failed.is_none() {
            ready!(this.poll_open(cx));
            // Nothing more is taken.
            this.channel.commands.close();
        }
        let close = this.closing.clone().unwrap_or((1011, String::new()));
        let result = this.framed.poll_close(cx, &close);
        this.count_traffic();
        if let Some(error) = &this.failed
            && this.failure.is_none()
        {
            // What is left to do takes time, and changes nothing. A Close frame that waits behind a peer which takes
            // nothing was not sent.
            let wire = &this.framed.framing().wire;
            let sent = wire.sent_code().filter(|_| wire.bytes_left() == 0);
            let failure = Closed::lost(error.to_string(), sent, Some(Cause::new(error.clone())));
            this.channel.fail(failure.clone());
            this.failure = Some(failure);
        }
        let result = ready!(result);
        this.is_over = true;
        let closed = this.closed(result);
        this.channel.end(closed);
        Poll::Ready(())
    }
}

impl<W: Wire> Drop for Driver<W> {
    /// The runtime ends: whoever waits is told.
    fn drop(&mut self) {
        if !self.is_over {
            self.channel.end(Closed::lost("the runtime has ended", None, None));
        }
    }
}

impl<W: Wire> Framing for Frames<W> {
    type Incoming = Incoming;
    type Outgoing = Command;
    type Close = (u16, String);
    type CloseStep = CloseStep;

    const CLOSED: CloseStep = CloseStep::Done;

    fn enter(&mut self, _cx: &Context<'_>) {
        self.wire.enter();
    }

    fn next_buffered(&mut self) -> Result<Option<framed::Incoming<Incoming>>, TransportError> {
        let event = self.wire.next_buffered();
        self.incoming(event)
    }

    fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<framed::Incoming<Incoming>, TransportError>> {
        let event = ready!(self.wire.poll_read(cx));
        Poll::Ready(Ok(self.incoming(event)?.unwrap_or(framed::Incoming::Nothing)))
    }

    fn is_drained(&self) -> bool {
        self.wire.is_drained()
    }

    fn is_backlogged(&self) -> bool {
        self.wire.is_backlogged()
    }

    fn push_message(&mut self, command: Command) -> Result<(), WriteError> {
        self.wire.push(command).map_err(|error| WriteError::Frame(lost(error)))
    }

    fn can_ping(&self) -> bool {
        self.wire.can_ping()
    }

    fn push_ping(&mut self, payload: Bytes) -> Result<(), WriteError> {
        self.wire.write_ping(payload);
        Ok(())
    }

    fn buffered(&self) -> usize {
        self.wire.buffered()
    }

    fn needs_flush(&self) -> bool {
        self.wire.buffered() > 0
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        self.wire.poll_flush(cx).map_err(|error| WriteError::Lost(lost(error)))
    }

    fn bytes_read(&self) -> u64 {
        self.wire.bytes_read()
    }

    fn bytes_written(&self) -> u64 {
        self.wire.bytes_written()
    }

    fn bytes_left(&self) -> usize {
        self.wire.bytes_left()
    }

    fn give_up(&mut self, why: GiveUp) {
        self.wire.give_up(why);
    }

    fn begin_close(&mut self, (code, reason): &(u16, String), can_write: bool) -> CloseStep {
        self.wire.begin_close(Some((*code, reason)), can_write)
    }

    fn poll_close_step(&mut self, cx: &mut Context<'_>, step: CloseStep) -> Poll<CloseStep> {
        let next = ready!(self.wire.poll_close_step(cx, step));
        // The answer is waited for when everything has left.
        self.has_said |= next == CloseStep::Answer;
        Poll::Ready(next)
    }
}

impl<W> Frames<W> {
    fn incoming(
        &self,
        event: Result<Option<Event>, TransportError>,
    ) -> Result<Option<framed::Incoming<Incoming>>, TransportError> {
        let told = |incoming| Some(incoming).filter(|_| self.tells_control);
        Ok(event?.map(|event| match event {
            Event::Message(kind, payload) => {
                framed::Incoming::Message(Incoming::Message(Message::received(kind, payload)))
            }
            Event::Part(part) => framed::Incoming::Message(Incoming::Part(part.into())),
            Event::Ping(payload) => framed::Incoming::Ping(told(Incoming::Ping(payload))),
            Event::Pong(payload) => {
                framed::Incoming::Pong(payload.clone(), told(Incoming::Pong(payload)))
            }
            Event::Close(_) => framed::Incoming::Close,
        }))
    }
}

impl From<framing::Part> for Part {
    fn from(part: framing::Part) -> Self {
        match part {
            framing::Part::Begin(kind) => Part::Begin { is_binary: kind == framing::Kind::Binary },
            framing::Part::FrameBegin(length) => Part::FrameBegin { length },
            framing::Part::Data(octets) => Part::Data(octets),
            framing::Part::FrameEnd => Part::FrameEnd,
            framing::Part::End => Part::End,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests may")]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
    use tokio::time::sleep;

    use super::*;
    use crate::framing::websocket::{Kind, Role};
    use crate::websocket::connection::Connection;
    use crate::websocket::settings::Settings;

    /// tests/load bounds the rest of the memory.
    #[test]
    fn the_task_of_an_idle_connection_is_small() {
        let size = size_of::<Driver<Connection<tokio::net::TcpStream>>>();
        assert!(size <= 1024, "{size}");
    }

    /// RFC 6455, section 5.4: a control frame is never within another frame, and none is lost.
    #[tokio::test(start_paused = true)]
    async fn f15_control_frames_wait_for_the_end_of_a_frame_in_parts() {
        let (near, mut far) = duplex(1 << 10);
        let settings = Settings::default();
        let connection = Connection::new(near, Vec::new(), Role::Server, &settings, None);
        let channel = Channel::new(1 << 20, None, None, false);
        let times = settings.times();
        let driver = Driver::new(connection, Arc::clone(&channel), "test", times, false);
        tokio::spawn(driver);
        let put = |command| assert!(channel.commands.put(command, 1));
        put(Command::Begin { kind: Kind::Binary, uncompressed: false });
        put(Command::FrameBegin(2));
        put(Command::FrameData(Bytes::from_static(b"a")));
        let mut octets = [0; 3];
        far.read_exact(&mut octets).await.unwrap();
        assert_eq!(&octets, b"\x02\x02a");
        // Two pings come, and then nothing for longer than the peer may be silent.
        far.write_all(b"\x89\x81\0\0\0\0p\x89\x81\0\0\0\0q").await.unwrap();
        sleep(Duration::from_secs(60)).await;
        put(Command::FrameData(Bytes::from_static(b"b")));
        put(Command::End);
        let mut octets = [0; 6];
        far.read_exact(&mut octets).await.unwrap();
        assert_eq!(&octets, b"b\x8a\x01q\x80\x00");
        // The peer is asked again from now on.
        let mut header = [0; 2];
        far.read_exact(&mut header).await.unwrap();
        assert_eq!(header[0], 0x89);
        assert!(channel.closed.get().is_none());
    }
}
