//! WebSocket as a framing of WAMP messages: text messages for JSON, binary ones for the others.

use std::fmt;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::error::{Cause, TransportError};
use crate::framing::websocket::deflate::Agreement;
use crate::framing::websocket::{Event, Kind, Role};
use crate::net::framed::{Framing, GiveUp, Incoming, TimeLimits, WriteError, lost};
use crate::net::protection::Protection;
use crate::transport::TransportInfo;
use crate::transport::native::framed::FramedTransport;
use crate::transport::shared_frame::SharedFrame;
use crate::transport::subprotocol::Subprotocol;
use crate::websocket::CloseCode;
use crate::websocket::closing::CloseStep;
use crate::websocket::connection::Connection;
use crate::websocket::settings::Settings;
use crate::websocket::wire::Wire;

/// A WebSocket connection whose messages are WAMP's.
pub(in crate::transport::native) struct WebSocketFraming<W> {
    wire: W,
    kind: Kind,
}

/// A message to send.
pub(in crate::transport::native) enum Outgoing {
    Own(Bytes),
    Shared(SharedFrame),
}

impl From<Bytes> for Outgoing {
    fn from(message: Bytes) -> Self {
        Outgoing::Own(message)
    }
}

impl From<SharedFrame> for Outgoing {
    fn from(frame: SharedFrame) -> Self {
        Outgoing::Shared(frame)
    }
}

/// The transport over a stream whose opening handshake is done; `early` is what came behind it.
#[allow(clippy::too_many_arguments, reason = "the parts of a connection, each of its own kind")]
pub(super) fn transport<S>(
    stream: S,
    early: Vec<u8>,
    role: Role,
    peer: impl fmt::Display,
    protection: Protection,
    subprotocol: Subprotocol,
    settings: &Settings,
    deflate: Option<&Agreement>,
) -> FramedTransport<WebSocketFraming<Connection<S>>>
where
    S: AsyncRead + AsyncWrite + Send + Unpin,
{
    let mut info = TransportInfo::new(subprotocol.serializer, "websocket", peer);
    info.secure = protection.secure;
    info.channel_id = protection.channel_id;
    info.max_send = settings.max_send();
    let connection = Connection::new(stream, early, role, settings, deflate);
    over(connection, info, settings.times())
}

/// The transport over an open connection.
pub(in crate::transport::native) fn over<W: Wire>(
    wire: W,
    info: TransportInfo,
    times: TimeLimits,
) -> FramedTransport<WebSocketFraming<W>> {
    let kind = if info.serializer.is_binary() { Kind::Binary } else { Kind::Text };
    FramedTransport::new(WebSocketFraming { wire, kind }, info, times)
}

impl<W: Wire> Framing for WebSocketFraming<W> {
    type Incoming = Bytes;
    type Outgoing = Outgoing;
    type Close = CloseCode;
    type CloseStep = CloseStep;

    const CLOSED: CloseStep = CloseStep::Done;

    fn enter(&mut self, _cx: &Context<'_>) {
        self.wire.enter();
    }

    fn next_buffered(&mut self) -> Result<Option<Incoming<Bytes>>, TransportError> {
        let event = self.wire.next_buffered();
        self.incoming(event)
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Result<Incoming<Bytes>, TransportError>> {
        let event = ready!(self.wire.poll_read(cx));
        Poll::Ready(Ok(self.incoming(event)?.unwrap_or(Incoming::Nothing)))
    }

    fn limit_messages(&mut self, bytes: usize) {
        self.wire.limit_messages(bytes);
    }

    fn is_drained(&self) -> bool {
        self.wire.is_drained()
    }

    fn is_backlogged(&self) -> bool {
        self.wire.is_backlogged()
    }

    fn push_message(&mut self, message: Outgoing) -> Result<(), WriteError> {
        let is_valid = self.kind == Kind::Binary
            || match &message {
                Outgoing::Own(bytes) => crate::utf8::is_valid(bytes),
                Outgoing::Shared(frame) => frame.as_ref().is_utf8(),
            };
        if !is_valid {
            let text = "the frame to send is not valid UTF-8".to_owned();
            return Err(WriteError::Frame(TransportError::Violation(text)));
        }
        let written = match message {
            Outgoing::Own(message) => self.wire.write_message(self.kind, message),
            Outgoing::Shared(frame) => self.wire.write_prepared(frame.as_ref()),
        };
        written.map_err(|error| WriteError::Frame(lost(error)))
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

    fn begin_close(&mut self, code: &CloseCode, can_write: bool) -> CloseStep {
        self.wire.begin_close(Some((code.code(), "")), can_write)
    }

    fn poll_close_step(&mut self, cx: &mut Context<'_>, step: CloseStep) -> Poll<CloseStep> {
        self.wire.poll_close_step(cx, step)
    }
}

impl<W: Wire> WebSocketFraming<W> {
    /// Checks that a message is of the kind of this serializer's.
    fn incoming(
        &mut self,
        event: Result<Option<Event>, TransportError>,
    ) -> Result<Option<Incoming<Bytes>>, TransportError> {
        let event = match event {
            Ok(Some(Event::Message(kind, _))) if kind != self.kind => {
                Err(self.wire.violation(match kind {
                    Kind::Binary => "binary message, but this serializer's are text",
                    Kind::Text => "text message, but this serializer's are binary",
                }))
            }
            event => event,
        };
        Ok(Some(match event {
            Ok(None) => return Ok(None),
            Ok(Some(Event::Message(_, message))) => Incoming::Message(message),
            Ok(Some(Event::Ping(_))) => Incoming::Ping(None),
            Ok(Some(Event::Pong(payload))) => Incoming::Pong(payload, None),
            Ok(Some(Event::Close(said))) => return goodbye(said).map(Some),
            // The reader returns whole messages.
            Ok(Some(Event::Part(_))) => Incoming::Nothing,
            Err(error) => return Err(error),
        }))
    }
}

/// The end by the peer. A code that is not one of an orderly end is told to the session.
fn goodbye(said: Option<(u16, String)>) -> Result<Incoming<Bytes>, TransportError> {
    const ORDERLY: [u16; 2] = [CloseCode::Normal.code(), CloseCode::GoingAway.code()];
    match said {
        Some((code, reason)) if !ORDERLY.contains(&code) || !reason.is_empty() => {
            Err(lost(Cause::of_close(" by the peer", code, &reason)))
        }
        _ => Ok(Incoming::Close),
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::io::Cursor;
    use std::pin::Pin;
    use std::task::Waker;
    use std::time::Duration;

    use tokio::io::{ReadBuf, duplex, join, repeat, sink};

    use super::*;
    use crate::message::Serializer;
    use crate::net::limits::{HIGH_WATER, LAST_WORDS, MESSAGES_PER_LOOK};
    use crate::net::liveness::AutoPing;
    use crate::settings::Ping;
    use crate::transport::Transport;
    use crate::websocket::connection::READ_SIZE;

    fn test_transport<S>(
        stream: S,
        early: Vec<u8>,
        role: Role,
        settings: &Settings,
    ) -> FramedTransport<WebSocketFraming<Connection<S>>>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin,
    {
        let subprotocol = Subprotocol { serializer: Serializer::Cbor, batched: false };
        let protection = Protection::default();
        transport(stream, early, role, "test", protection, subprotocol, settings, None)
    }

    #[test]
    fn a_peer_that_takes_a_part_makes_room() {
        const FRAME: usize = 100_000;
        const PIPE: usize = 64 << 10;
        let (near, mut far) = duplex(PIPE);
        let settings = Settings { auto_ping: None, send_timeout: None, ..Settings::default() };
        let mut transport = test_transport(near, Vec::new(), Role::Server, &settings);
        let cx = &mut Context::from_waker(Waker::noop());
        let frame = Bytes::from(vec![7; FRAME]);
        let (mut sent, mut read) = (0, 0);
        while read < 5 * HIGH_WATER {
            while let Poll::Ready(ready) = transport.poll_ready(cx) {
                assert_eq!(ready, Ok(()));
                assert_eq!(transport.start_send(frame.clone()), Ok(()));
                sent += FRAME + 10;
            }
            // Neither does it wait until all has left, nor does it take more than it should.
            let held = HIGH_WATER..=HIGH_WATER + FRAME + 10 + PIPE;
            assert!(held.contains(&(sent - read)), "{sent} - {read}");
            assert!(transport.framing().buffered() >= HIGH_WATER);
            let mut space = [0; PIPE / 4];
            let mut buf = ReadBuf::new(&mut space);
            assert!(Pin::new(&mut far).poll_read(cx, &mut buf).is_ready());
            assert!(!buf.filled().is_empty());
            read += buf.filled().len();
        }
        // All of it is there, and flushing ends.
        while read < sent {
            let _ = transport.poll_flush(cx);
            let mut space = [0; PIPE];
            let mut buf = ReadBuf::new(&mut space);
            assert!(Pin::new(&mut far).poll_read(cx, &mut buf).is_ready());
            read += buf.filled().len();
        }
        assert_eq!(read, sent);
        assert_eq!(transport.poll_flush(cx), Poll::Ready(Ok(())));
    }

    #[test]
    fn fragments_without_end_do_not_hold_the_task() {
        // An empty fragment, and then empty continuations for ever.
        let stream = join(repeat(0), sink());
        let settings = Settings { auto_ping: None, ..Settings::default() };
        let mut transport = test_transport(stream, vec![2, 0], Role::Client, &settings);
        let cx = &mut Context::from_waker(Waker::noop());
        for turn in 1..5 {
            assert!(transport.poll_recv(cx).is_pending());
            let read = usize::try_from(transport.framing().bytes_read());
            assert!(read.is_ok_and(|read| read <= 2 + turn * 16 * READ_SIZE), "{read:?}");
        }
    }

    /// Messages sent before the failure are read; an endless stream of them is not.
    #[tokio::test]
    async fn who_takes_nothing_and_talks_on_is_ended() {
        const SIZE: usize = 60_000;
        let header = [0x82, 0xfe, (SIZE >> 8) as u8, SIZE as u8, 0, 0, 0, 0];
        let frame = [&header, &[7; SIZE][..]].concat();
        let (talk, (broken, _)) = (Cursor::new(frame.repeat(300)), duplex(1));
        let settings = Settings { auto_ping: None, ..Settings::default() };
        let stream = join(talk, broken);
        let mut transport = test_transport(stream, Vec::new(), Role::Server, &settings);
        assert_eq!(transport.start_send(Bytes::from_static(b"unheard")), Ok(()));
        assert_eq!(poll_fn(|cx| transport.poll_flush(cx)).await, Ok(()));
        let mut messages = 0_u64;
        let error = loop {
            match poll_fn(|cx| transport.poll_recv(cx)).await {
                Some(Ok(_)) => messages += 1,
                last => break last,
            }
        };
        assert!(matches!(error, Some(Err(TransportError::Lost(_)))), "{error:?}");
        let expected = LAST_WORDS / (SIZE as u64 + 8);
        assert!((expected..expected + 2).contains(&messages), "{messages}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_ping_is_due_though_messages_come_without_a_pause() {
        for strict in [true, false] {
            // For a server, without end: a binary message of two bytes, masked with 0x82 each.
            let stream = join(repeat(0x82), sink());
            let ping = Ping::default().restart_on_traffic(!strict);
            let Some(ping) = AutoPing::of(&ping, true) else { unreachable!("it is on") };
            let settings = Settings { auto_ping: Some(ping), ..Settings::default() };
            let mut transport = test_transport(stream, Vec::new(), Role::Server, &settings);
            let cx = &mut Context::from_waker(Waker::noop());
            for waited in [Duration::ZERO, ping.interval] {
                tokio::time::advance(waited).await;
                for _ in 0..MESSAGES_PER_LOOK {
                    let message = Ok(Bytes::from_static(&[0, 0]));
                    assert_eq!(transport.poll_recv(cx), Poll::Ready(Some(message)));
                }
                let pinged = transport.framing().bytes_written() > 0;
                assert_eq!(pinged, strict && !waited.is_zero());
            }
        }
    }
}
