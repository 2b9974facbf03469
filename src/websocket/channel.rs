//! `Channel`: what the handles of a connection share with the task that drives it.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;

use super::closed::{Closed, WebSocketError};
use super::ending::Ending;
use super::message::{Message, Part};
use super::prepared::Prepared;
use super::queue::Queue;
use super::stats::Counters;
use crate::framing::websocket::{Form, Kind};
use crate::lock::Lock;

/// Bytes that may wait in each direction before the sender, or the peer, has to wait.
const LIMIT: usize = 256 << 10;

/// Requests of the handles, in order.
pub(crate) enum Command {
    Message {
        kind: Kind,
        payload: Bytes,
        form: Form,
    },
    Prepared(Arc<Prepared>),
    Begin {
        kind: Kind,
        uncompressed: bool,
    },
    Frame(Bytes),
    FrameBegin(u64),
    FrameData(Bytes),
    End,
    /// A message in parts was not ended.
    Abandon,
    Ping(Bytes),
    Pong(Bytes),
    Close(Option<(u16, String)>),
}

/// Input for the handles.
pub(super) enum Incoming {
    Message(Message),
    Part(Part),
    Ping(Bytes),
    Pong(Bytes),
}

pub(super) struct Channel {
    pub(super) commands: Queue<Command>,
    pub(super) incoming: Queue<Incoming>,
    pub(super) counters: Counters,
    pub(super) closed: Ending,
    /// The end of the connection, once it has failed. It may not be reached yet.
    failed: OnceLock<Box<Closed>>,
    /// Longest message that can be sent in bytes.
    pub(super) max_send: usize,
    pub(super) fragment: Option<NonZeroUsize>,
    /// Why a frame cannot be sent in parts, if it cannot.
    pub(super) no_frame_data: Option<&'static str>,
    /// Compression was agreed.
    pub(super) compresses: bool,
    writers: AtomicU64,
    /// Nothing can be sent any more. How the connection ends, is not known yet.
    has_lost: AtomicBool,
    aborted: Lock<Aborted>,
}

/// Whether a handle has ended the connection at once.
enum Aborted {
    /// Woken by that.
    No(Option<Waker>),
    Yes,
}

/// All handles have one of these. When the last is dropped, the connection is closed.
pub(super) struct Handles(Arc<Channel>);

impl Channel {
    pub(super) fn new(
        max_send: usize,
        fragment: Option<NonZeroUsize>,
        no_frame_data: Option<&'static str>,
        compresses: bool,
    ) -> Arc<Self> {
        Arc::new(Channel {
            commands: Queue::new(LIMIT),
            incoming: Queue::new(LIMIT),
            counters: Counters::default(),
            closed: Ending::default(),
            failed: OnceLock::new(),
            max_send,
            fragment,
            no_frame_data,
            compresses,
            writers: AtomicU64::new(0),
            has_lost: AtomicBool::new(false),
            aborted: Lock::new(Aborted::No(None)),
        })
    }

    /// Returns the number of a new writer of a message in parts.
    pub(super) fn next_writer(&self) -> u64 {
        self.writers.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// What was taken to be sent is lost.
    #[allow(dead_code, reason = "a browser does not tell")]
    pub(super) fn lose(&self) {
        self.has_lost.store(true, Ordering::Relaxed);
    }

    pub(super) fn has_lost(&self) -> bool {
        self.has_lost.load(Ordering::Relaxed)
    }

    /// Ends the connection without a closing handshake, and drops what was not sent.
    pub(super) fn abort(&self) {
        let aborted = std::mem::replace(&mut *self.aborted.lock(), Aborted::Yes);
        if let Aborted::No(driver) = aborted {
            self.commands.discard();
            driver.into_iter().for_each(Waker::wake);
        }
    }

    /// Ready when a handle has called [`abort`](Self::abort).
    pub(super) fn poll_aborted(&self, cx: &Context<'_>) -> Poll<()> {
        match &mut *self.aborted.lock() {
            Aborted::Yes => Poll::Ready(()),
            Aborted::No(Some(driver)) if driver.will_wake(cx.waker()) => Poll::Pending,
            Aborted::No(driver) => {
                *driver = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Returns the error of what is asked for after the end.
    pub(super) fn closed_error(&self) -> WebSocketError {
        let closed = self.ending();
        let text = if self.has_lost() {
            "the connection is lost"
        } else {
            "the connection is being closed"
        };
        let closing = || Closed::lost(text, None, None);
        WebSocketError::Closed(closed.unwrap_or_else(closing))
    }

    /// Returns how the connection has ended, or will end.
    pub(super) fn ending(&self) -> Option<Closed> {
        self.failed.get().map(|closed| &**closed).or_else(|| self.closed.get()).cloned()
    }

    /// The connection has failed: all that wait for messages, or to send some, are told. Its end follows.
    pub(super) fn fail(&self, closed: Closed) {
        // It is called once.
        let _ = self.failed.set(Box::new(closed));
        self.commands.discard();
        self.incoming.close();
    }

    /// The connection was aborted: there is nothing more to do for it.
    pub(super) fn end_aborted(&self) {
        self.end(Closed::lost("this side has aborted the connection", None, None));
    }

    /// The connection has ended: all that wait are told. What came before can still be taken.
    pub(super) fn end(&self, closed: Closed) {
        tracing::debug!(%closed, clean = closed.was_clean, "the WebSocket has ended");
        self.closed.set(closed);
        self.commands.discard();
        self.incoming.close();
    }
}

impl Handles {
    pub(super) fn new(channel: Arc<Channel>) -> Arc<Self> {
        Arc::new(Handles(channel))
    }

    pub(super) fn channel(&self) -> &Arc<Channel> {
        &self.0
    }
}

impl Drop for Handles {
    fn drop(&mut self) {
        self.0.commands.put(Command::Close(Some((1000, String::new()))), 0);
        self.0.commands.close();
    }
}
