//! `WampTransport`: a handler's handle of its connection, and the queue between the two.
//!
//! The queue holds the messages to be sent, within a limit, and requests to close. The connection's own
//! task takes them from here.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Waker};

use bytes::Bytes;
use tokio::sync::{Semaphore, TryAcquireError};

use crate::codec;
use crate::error::{EncodeError, debug_as_text};
use crate::lock::Lock;
use crate::message::{Message, Serializer};
use crate::transport::TransportInfo;
use crate::websocket::CloseCode;

/// Maximum number of bytes that wait for the transport. A longer message waits until it is alone.
const ROOM: u32 = 1 << 20;

/// A connection of a custom WAMP server, for sending and closing. Cheap to clone, and usable
/// from any task.
///
/// Dropping it changes nothing: the connection stays until one of the sides closes it.
#[doc(alias = "ITransport")]
#[derive(Clone)]
pub struct WampTransport {
    queue: Arc<Queue>,
}

/// A message could not be sent. No part of it was sent, and the connection is unchanged.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The connection is closed or closing.
    #[error("the connection is closed")]
    Closed,
    /// The message is longer than the peer accepts, or this server sends.
    #[error("{message} of {size} bytes exceeds the connection's limit of {limit}")]
    TooLarge {
        /// Name of the message.
        message: &'static str,
        /// Length of the message in bytes.
        size: usize,
        /// Maximum length in bytes: [`TransportInfo::max_send`].
        limit: usize,
    },
    /// The message cannot be encoded with the connection's serializer.
    #[error("{message} cannot be written in {}: {error}", serializer.as_str())]
    Encode {
        /// Name of the message.
        message: &'static str,
        /// The serializer.
        serializer: Serializer,
        /// Error of the serializer.
        #[source]
        error: EncodeError,
    },
    /// Too many bytes wait to be sent; only [`WampTransport::try_send`] returns this.
    #[error("too much waits to be sent already")]
    Full,
}

debug_as_text! { SendError }

/// Requested end of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// Close when everything sent before has left.
    Close(CloseCode),
    Abort,
}

/// Requests to the connection's task.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub(super) ending: Option<Ending>,
    /// The server shuts down.
    pub(super) down: bool,
    /// Received messages are not wanted any more.
    pub(super) deaf: bool,
}

/// Messages that wait to be sent, and requests.
pub(crate) struct Queue {
    info: TransportInfo,
    /// Number of bytes that may still be put in. Waiting senders are served in order.
    room: Semaphore,
    state: Lock<State>,
}

/// A frame and its cost in the queue.
pub(super) struct Queued {
    pub(super) frame: Bytes,
    pub(super) cost: u32,
}

#[derive(Default)]
struct State {
    frames: VecDeque<Queued>,
    ending: Option<Ending>,
    /// The server shuts down.
    down: bool,
    deaf: bool,
    over: bool,
    /// The connection's task, unless it is being woken already.
    task: Option<Waker>,
}

impl WampTransport {
    pub(super) fn new(queue: &Arc<Queue>) -> Self {
        WampTransport { queue: Arc::clone(queue) }
    }

    /// Sends a message after all earlier ones. Waits while 1 MiB or more waits for a slow peer. When it
    /// returns, the peer may not have the message yet; only an answer of the peer shows that.
    ///
    /// Dropping the future before it is ready sends nothing.
    ///
    /// # Errors
    /// See [`SendError`]; never [`SendError::Full`].
    pub async fn send(&self, message: impl Into<Message>) -> Result<(), SendError> {
        let frame = self.encode(&message.into())?;
        let cost = cost(&frame);
        let room = self.queue.room.acquire_many(cost).await.map_err(|_| SendError::Closed)?;
        room.forget();
        self.queue.push(Queued { frame, cost })
    }

    /// Sends a message if there is room at once.
    ///
    /// # Errors
    /// See [`SendError`].
    pub fn try_send(&self, message: impl Into<Message>) -> Result<(), SendError> {
        let frame = self.encode(&message.into())?;
        let cost = cost(&frame);
        let room = self.queue.room.try_acquire_many(cost).map_err(|error| match error {
            TryAcquireError::Closed => SendError::Closed,
            TryAcquireError::NoPermits => SendError::Full,
        })?;
        room.forget();
        self.queue.push(Queued { frame, cost })
    }

    /// Returns whether messages can be sent: until one side closes the connection, or it is lost.
    #[doc(alias = "isOpen")]
    pub fn is_open(&self) -> bool {
        let state = self.queue.state.lock();
        state.ending.is_none() && !state.over
    }

    /// Closes the connection in order, with WebSocket's code 1000. Messages sent before still leave, if
    /// the peer takes them within the server's
    /// [`close_timeout`](crate::transport::ServerOptions::close_timeout). From now on nothing can be
    /// sent, and nothing is received.
    ///
    /// Returns at once. The handler's `on_close` is called when the connection is closed.
    pub fn close(&self) {
        self.close_with(CloseCode::Normal);
    }

    /// Like [`close`](Self::close), with another code. The code of the first call counts. RawSocket
    /// has no codes.
    pub fn close_with(&self, code: CloseCode) {
        self.queue.end(Ending::Close(code));
    }

    /// Drops the connection at once, with everything that was not sent yet.
    #[doc(alias = "dropConnection")]
    pub fn abort(&self) {
        self.queue.end(Ending::Abort);
    }

    /// Result of the negotiation, and the peer's address.
    #[doc(alias = "transport_details")]
    pub fn info(&self) -> &TransportInfo {
        &self.queue.info
    }

    /// Encodes in the caller's task: the caller gets errors at once, and the connection's task is spared.
    fn encode(&self, message: &Message) -> Result<Bytes, SendError> {
        let (name, info) = (message.name(), &self.queue.info);
        let (serializer, limit) = (info.serializer, info.max_send);
        let frame = codec::encode(serializer, message).map_err(|error| SendError::Encode {
            message: name,
            serializer,
            error,
        })?;
        match frame.len() {
            size if size > limit => Err(SendError::TooLarge { message: name, size, limit }),
            _ => Ok(frame),
        }
    }
}

impl Queue {
    pub(super) fn new(info: TransportInfo) -> Arc<Self> {
        let room = Semaphore::new(ROOM as usize);
        Arc::new(Queue { info, room, state: Lock::default() })
    }

    pub(super) fn info(&self) -> &TransportInfo {
        &self.info
    }

    fn push(&self, queued: Queued) -> Result<(), SendError> {
        let mut state = self.state.lock();
        if state.ending.is_some() || state.over {
            return Err(SendError::Closed);
        }
        state.frames.push_back(queued);
        let task = state.task.take();
        drop(state);
        wake(task);
        Ok(())
    }

    /// Ends the connection by the server's wish: messages that the peer has sent before are dropped.
    pub(super) fn end(&self, ending: Ending) {
        let mut state = self.state.lock();
        state.deaf = true;
        if matches!((state.ending, ending), (Some(Ending::Abort), _) | (Some(_), Ending::Close(_)))
        {
            return;
        }
        state.ending = Some(ending);
        let task = state.task.take();
        drop(state);
        self.room.close();
        wake(task);
    }

    /// Refuses further messages because of the peer.
    pub(super) fn refuse(&self) {
        self.state.lock().ending.get_or_insert(Ending::Close(CloseCode::Normal));
        self.room.close();
    }

    /// Tells the handler that the server shuts down.
    pub(super) fn shut_down(&self) {
        let mut state = self.state.lock();
        state.down = true;
        let task = state.task.take();
        drop(state);
        wake(task);
    }

    /// Moves waiting frames to the end of `frames`, and returns the requests. The task is woken when there
    /// is more.
    pub(super) fn take(&self, cx: &mut Context<'_>, frames: &mut VecDeque<Queued>) -> Asked {
        let mut state = self.state.lock();
        frames.append(&mut state.frames);
        match &mut state.task {
            Some(task) => task.clone_from(cx.waker()),
            None => state.task = Some(cx.waker().clone()),
        }
        Asked { ending: state.ending, down: state.down, deaf: state.deaf }
    }

    /// Records that the transport has accepted this many bytes.
    pub(super) fn leaves(&self, cost: u32) {
        self.room.add_permits(cost as usize);
    }

    /// Refuses further messages.
    pub(super) fn over(&self) {
        let mut state = self.state.lock();
        state.over = true;
        let frames = std::mem::take(&mut state.frames);
        drop(state);
        drop(frames);
        self.room.close();
    }

    /// Records the end of the connection's task.
    pub(super) fn gone(&self) {
        self.over();
        // It would keep the rest of the task alive.
        self.state.lock().task = None;
    }
}

/// Always outside the lock: a waker may run any code.
fn wake(task: Option<Waker>) {
    if let Some(task) = task {
        task.wake();
    }
}

fn cost(frame: &Bytes) -> u32 {
    let bytes = frame.len() + size_of::<Queued>();
    u32::try_from(bytes).unwrap_or(ROOM).min(ROOM)
}

impl fmt::Debug for WampTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WampTransport")
            .field("info", self.info())
            .field("is_open", &self.is_open())
            .finish()
    }
}
