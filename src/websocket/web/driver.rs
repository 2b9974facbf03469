//! The task that drives a connection in the browser: commands to the socket, its messages to the handles,
//! and the end.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use super::socket::{Ended, Socket};
use crate::error::{Cause, TransportError};
use crate::framing::websocket::Kind;
use crate::rt::future::{Race, race, within};
use crate::websocket::channel::{Channel, Command, Incoming};
use crate::websocket::closed::Closed;
use crate::websocket::{CLOSE_TIMEOUT, CloseCode};

/// Code of a Close frame that has none (RFC 6455, section 7.4.1).
const NO_CODE: u16 = 1005;

/// Drives a connection until its end.
pub(in crate::websocket) async fn drive(socket: Socket, channel: Arc<Channel>) {
    let aborted = poll_fn(|cx| channel.poll_aborted(cx));
    match race(drive_until_closed(socket, &channel), aborted).await {
        Race::First(closed) => channel.end(closed),
        Race::Second(()) => channel.end_aborted(),
    }
}

async fn drive_until_closed(mut socket: Socket, channel: &Channel) -> Closed {
    let end = poll_fn(|cx| poll_open(&mut socket, channel, cx)).await;
    if let End::Failed(TransportError::Violation(_) | TransportError::TooLarge { .. }) = end {
        // The messages that came before may still be answered.
        within(CLOSE_TIMEOUT, poll_fn(|cx| poll_answers(&mut socket, channel, cx))).await;
    }
    // Nothing more is taken.
    channel.commands.close();
    let (sent, failed) = match end {
        End::Asked(code, reason) => (socket.close(code, &reason), None),
        End::Failed(error) => {
            let code = socket.failure().unwrap_or(CloseCode::InternalError);
            (socket.close(code.code(), ""), Some(error))
        }
        End::Ended => (None, None),
    };
    // The browser finishes the rest by itself.
    let ended = within(CLOSE_TIMEOUT, poll_fn(|cx| socket.poll_closed(cx))).await;
    closed(ended, sent, failed)
}

/// The reason why an open connection is so no longer.
enum End {
    /// A handle asked for it.
    Asked(u16, String),
    Failed(TransportError),
    /// The peer has closed it.
    Ended,
}

fn poll_open(socket: &mut Socket, channel: &Channel, cx: &mut Context<'_>) -> Poll<End> {
    match poll_send(socket, channel, cx) {
        Poll::Ready(end) => Poll::Ready(end),
        Poll::Pending => poll_receive(socket, channel, cx),
    }
}

/// Sends until the messages that have come are taken and the next one is waited for.
fn poll_answers(socket: &mut Socket, channel: &Channel, cx: &mut Context<'_>) -> Poll<()> {
    // Looked at before the commands are taken: an answer is put before the next message is waited for.
    let is_answered = channel.incoming.poll_all_taken(cx).is_ready();
    let has_ended = poll_send(socket, channel, cx).is_ready();
    if is_answered || has_ended { Poll::Ready(()) } else { Poll::Pending }
}

/// Sends all that can be sent without waiting. Ready when the connection is to end.
fn poll_send(socket: &mut Socket, channel: &Channel, cx: &mut Context<'_>) -> Poll<End> {
    while socket.is_open() {
        match socket.poll_ready(cx) {
            Poll::Ready(Ok(())) => {}
            Poll::Ready(Err(error)) => return Poll::Ready(End::Failed(error)),
            Poll::Pending => break,
        }
        // The queue ends with a command to close.
        let Poll::Ready(Some(command)) = channel.commands.poll_take(cx) else { break };
        let sent = match command {
            Command::Message { kind, payload, .. } => send(socket, channel, kind, &payload),
            Command::Prepared(message) => send(socket, channel, message.kind(), message.payload()),
            Command::Close(said) => {
                let (code, reason) = said.unwrap_or((CloseCode::Normal.code(), String::new()));
                return Poll::Ready(End::Asked(code, reason));
            }
            // Handles refuse them: `NO_PARTS`.
            Command::Begin { .. }
            | Command::Frame(_)
            | Command::FrameBegin(_)
            | Command::FrameData(_)
            | Command::End
            | Command::Abandon
            | Command::Ping(_)
            | Command::Pong(_) => Ok(()),
        };
        if let Err(error) = sent {
            return Poll::Ready(End::Failed(error));
        }
    }
    channel.commands.done();
    Poll::Pending
}

/// Takes all messages for which there is room.
fn poll_receive(socket: &mut Socket, channel: &Channel, cx: &mut Context<'_>) -> Poll<End> {
    loop {
        // What came before the end is in memory in any case, so it needs no room.
        if socket.poll_over(cx).is_pending() && channel.incoming.poll_room(cx, None).is_pending() {
            return Poll::Pending;
        }
        match ready!(socket.poll_recv(cx)) {
            Some(Ok(message)) => {
                let size = message.len();
                channel.counters.messages_in.add(1);
                channel.counters.payload_in.add(size);
                channel.incoming.put(Incoming::Message(message), size);
            }
            Some(Err(error)) => return Poll::Ready(End::Failed(error)),
            None => return Poll::Ready(End::Ended),
        }
    }
}

fn send(
    socket: &Socket,
    channel: &Channel,
    kind: Kind,
    payload: &[u8],
) -> Result<(), TransportError> {
    match kind {
        Kind::Binary => socket.send_binary(payload)?,
        Kind::Text => socket.send_text(payload)?,
    }
    channel.counters.messages_out.add(1);
    channel.counters.payload_out.add(payload.len());
    Ok(())
}

fn closed(ended: Option<Ended>, sent: Option<u16>, failed: Option<TransportError>) -> Closed {
    let lost = |text: String, error| Closed::lost(text, sent, Some(Cause::new(error)));
    if let Some(error) = failed {
        return lost(error.to_string(), error);
    }
    let error = match ended {
        Some(ended) if ended.was_clean => {
            let code = Some(ended.code).filter(|&code| code != NO_CODE);
            // Browsers answer a Close frame with its code.
            let sent = sent.or(code);
            return Closed { was_clean: true, code, reason: ended.reason, sent, cause: None };
        }
        Some(ended) => ended.into(),
        None => TransportError::Timeout("the peer does not close"),
    };
    lost("the peer did not answer the Close frame".to_owned(), error)
}
