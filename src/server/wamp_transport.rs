//! `WampTransport`: a handler's hold on its connection, and the queue between the two.
//!
//! Owns what waits to be sent, how much of it, and what was asked about the end. The connection's own
//! task takes it from here.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Waker};

use bytes::Bytes;
use tokio::sync::{Semaphore, TryAcquireError};

use crate::codec;
use crate::message::{Message, Serializer};
use crate::rt::lock::Lock;
use crate::transport::{CloseCode, TransportInfo};

/// Bytes that may wait for the transport. A message that alone is longer waits until it is alone.
const ROOM: u32 = 1 << 20;

/// A connection of a WAMP server of one's own, for sending and closing. Cheap to clone, and usable
/// from any task.
///
/// Dropping it changes nothing: the connection stays until one of the sides closes it.
#[derive(Clone)]
pub struct WampTransport {
    queue: Arc<Queue>,
}

/// A message could not be sent. Nothing of it was, and the connection is as it was before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The connection is closed, or about to be.
    #[error("the connection is closed")]
    Closed,
    /// The message is longer than the peer takes, or this server sends.
    #[error("{message} of {size} bytes exceeds the connection's limit of {limit}")]
    TooLarge {
        /// The message's name.
        message: &'static str,
        /// How long it is, in bytes.
        size: usize,
        /// How long it may be: [`TransportInfo::max_send`].
        limit: usize,
    },
    /// The message cannot be written in the connection's serializer.
    #[error("{message} cannot be written in {}: {error}", serializer.as_str())]
    Encode {
        /// The message's name.
        message: &'static str,
        /// The serializer.
        serializer: Serializer,
        /// What was wrong.
        error: crate::error::EncodeError,
    },
    /// Too much waits to be sent already; only [`WampTransport::try_send`] says so.
    #[error("too much waits to be sent already")]
    Full,
}

/// How the connection shall end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// When all that was sent before has left.
    Close(CloseCode),
    Abort,
}

/// What was asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub(super) ending: Option<Ending>,
    /// The server goes down.
    pub(super) down: bool,
    /// What is received is not wanted any more.
    pub(super) deaf: bool,
}

/// What waits to be sent, and what was asked for.
pub(crate) struct Queue {
    info: TransportInfo,
    /// Bytes that may still be put in. It is fair: who waits longest is next.
    room: Semaphore,
    state: Lock<State>,
}

/// A frame, and how much room it takes.
pub(super) struct Queued {
    pub(super) frame: Bytes,
    pub(super) cost: u32,
}

#[derive(Default)]
struct State {
    frames: VecDeque<Queued>,
    ending: Option<Ending>,
    /// The server goes down.
    down: bool,
    deaf: bool,
    over: bool,
    /// The connection's task, if it is not being woken already.
    task: Option<Waker>,
}

impl WampTransport {
    pub(super) fn new(queue: &Arc<Queue>) -> Self {
        WampTransport { queue: Arc::clone(queue) }
    }

    /// Sends a message, after all that was sent before. Waits while a mebibyte or more waits for a
    /// slow peer. That it returns does not say that the peer has it; only the peer's answer does.
    ///
    /// Dropping the future before it is done sends nothing.
    ///
    /// # Errors
    /// As [`SendError`] tells, but never [`SendError::Full`].
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
    /// As [`SendError`] tells.
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

    /// Whether messages can be sent: until one of the sides closes the connection, or it is lost.
    pub fn is_open(&self) -> bool {
        let state = self.queue.state.lock();
        state.ending.is_none() && !state.over
    }

    /// Closes the connection in order, with WebSocket's code 1000: what was sent before still leaves,
    /// if the peer takes it within the server's
    /// [`close_timeout`](crate::transport::ServerOptions::close_timeout). From now on nothing can be
    /// sent, and nothing is received.
    ///
    /// It returns at once. The handler's `on_close` tells when it is done.
    pub fn close(&self) {
        self.close_with(CloseCode::Normal);
    }

    /// As [`close`](Self::close), with another code. The code of the first call counts. RawSocket
    /// has no codes.
    pub fn close_with(&self, code: CloseCode) {
        self.queue.end(Ending::Close(code));
    }

    /// Drops the connection at once, and what was not sent yet with it.
    pub fn abort(&self) {
        self.queue.end(Ending::Abort);
    }

    /// What the two sides have agreed on, and who the peer is.
    pub fn info(&self) -> &TransportInfo {
        &self.queue.info
    }

    /// In the caller's task: the caller is told at once, and the connection's is spared.
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

    /// As the server's side wants it: what the peer has sent before is not wanted, either.
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

    /// Nothing can be sent any more, because of the peer.
    pub(super) fn refuse(&self) {
        self.state.lock().ending.get_or_insert(Ending::Close(CloseCode::Normal));
        self.room.close();
    }

    /// The server goes down, which the handler is to be told.
    pub(super) fn shut_down(&self) {
        let mut state = self.state.lock();
        state.down = true;
        let task = state.task.take();
        drop(state);
        wake(task);
    }

    /// Moves what waits behind `frames`, and tells what was asked for. The task is woken when there
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

    /// The transport has taken this much.
    pub(super) fn leaves(&self, cost: u32) {
        self.room.add_permits(cost as usize);
    }

    /// Takes nothing more.
    pub(super) fn over(&self) {
        let mut state = self.state.lock();
        state.over = true;
        let frames = std::mem::take(&mut state.frames);
        drop(state);
        drop(frames);
        self.room.close();
    }

    /// The connection's task has ended.
    pub(super) fn gone(&self) {
        self.over();
        // It would keep what is left of the task.
        self.state.lock().task = None;
    }
}

/// Always outside the lock: a waker may run anything.
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
