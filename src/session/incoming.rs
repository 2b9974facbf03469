//! Contains [`IncomingCall`], and the progress and chunks of a running procedure.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};

use serde::Serialize;
use tokio::sync::mpsc;

use crate::error::{ApplicationError, Lagged, ProgressError};
use crate::message::{InvocationDetails, Payload, Serializer};
use crate::session::command::Command;
use crate::session::handler::{Arguments, Extract};
use crate::session::queue::{Queue, QueueLimits, Queued};
use crate::session::size_exceeded;
use crate::uri::Uri;

/// A call that a procedure must answer.
#[doc(alias = "Invocation")]
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct IncomingCall {
    /// Called procedure. For a pattern registration this is not the pattern.
    pub procedure: Uri,
    /// Details of the call, including the caller if the router discloses it.
    pub details: InvocationDetails,
    /// Arguments of the call; with progressive arguments, the first part.
    pub payload: Payload,
    serializer: Serializer,
    link: Option<Arc<CallLink>>,
}

/// Connects a running procedure to its session beyond its answer. Most calls have none.
pub(super) struct CallLink {
    pub(super) invocation: u64,
    commands: mpsc::WeakSender<Command>,
    max_send: usize,
    wants_progress: bool,
    /// Number of progressive results passed to the driver; the final result must not overtake them.
    pub(super) sent: AtomicU64,
    over: AtomicBool,
    /// Queue of the arguments after the first part.
    pub(super) more: Option<Arc<Queue<Payload>>>,
}

impl Queued for Payload {
    fn weight(&self) -> usize {
        Payload::weight(self)
    }
}

impl IncomingCall {
    pub(super) fn new(
        procedure: Uri,
        details: InvocationDetails,
        payload: Payload,
        serializer: Serializer,
        link: Option<Arc<CallLink>>,
    ) -> Self {
        IncomingCall { procedure, details, payload, serializer, link }
    }

    /// Returns the preferred serializer for the answer.
    pub fn serializer(&self) -> Serializer {
        self.serializer
    }

    /// Returns the sender for progressive results.
    pub fn progress(&self) -> Progress {
        Progress { link: self.link.clone(), serializer: self.serializer }
    }

    /// Returns all arguments of the call, part by part.
    pub fn chunks(&self) -> Chunks {
        let more = self.link.as_ref().and_then(|link| link.more.clone());
        Chunks { first: Some(self.payload.clone()), more }
    }
}

impl CallLink {
    pub(super) fn new(
        invocation: u64,
        commands: mpsc::WeakSender<Command>,
        max_send: usize,
        details: &InvocationDetails,
        queue: QueueLimits,
    ) -> Self {
        let streaming = details.progress == Some(true);
        CallLink {
            invocation,
            commands,
            max_send,
            wants_progress: details.receive_progress == Some(true),
            sent: AtomicU64::new(0),
            over: AtomicBool::new(false),
            more: streaming.then(|| Queue::new(queue)),
        }
    }

    /// Marks the call as answered, canceled, or closed with its session.
    pub(super) fn end(&self) {
        self.over.store(true, Ordering::Release);
        if let Some(more) = &self.more {
            more.end(None);
        }
    }
}

impl fmt::Debug for CallLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallLink").field("invocation", &self.invocation).finish_non_exhaustive()
    }
}

/// Parameter of a procedure: the sender for progressive results (spec: "Progressive call results").
///
/// ```
/// use wampwerk::session::Progress;
///
/// # async fn example(session: wampwerk::Session) -> Result<(), wampwerk::Error> {
/// session.register("com.example.count", |to: u32, progress: Progress| async move {
///     for n in 1..to {
///         progress.send((n,)).await?; // Returns an error if the call is over.
///     }
///     Ok::<_, wampwerk::ApplicationError>(to)
/// }).await?;
/// # Ok(()) }
/// ```
#[doc(alias = "CallDetails.progress")]
#[derive(Clone, Debug)]
pub struct Progress {
    link: Option<Arc<CallLink>>,
    serializer: Serializer,
}

impl Progress {
    /// Returns whether the caller accepts progressive results and the call is still open. Checking
    /// is optional; it saves the work of results that would not be sent.
    pub fn is_wanted(&self) -> bool {
        self.link
            .as_ref()
            .is_some_and(|link| link.wants_progress && !link.over.load(Ordering::Acquire))
    }

    /// Sends a progressive result. `args` are its positional values: a tuple, array or list. Waits
    /// while the transport accepts no data.
    ///
    /// If the caller did not request progressive results, nothing is sent and the method succeeds,
    /// so the same procedure works for all callers; see [`is_wanted`](Self::is_wanted).
    ///
    /// # Errors
    /// Returns [`ProgressError::Ended`] if the call is over (canceled, answered, or its session
    /// closed), and an error if the values cannot be encoded or are too long for the transport.
    pub async fn send<A: Serialize>(&self, args: A) -> Result<(), ProgressError> {
        if self.wanting()?.is_none() {
            return Ok(());
        }
        let payload = Payload::empty().with_args(self.serializer, &args)?;
        self.send_payload(payload).await
    }

    /// Sends a progressive result with positional and keyword values; see [`send`](Self::send).
    ///
    /// # Errors
    /// Returns [`ProgressError::Ended`] if the call is over (canceled, answered, or its session
    /// closed), and an error if the values cannot be encoded or are too long for the transport.
    pub async fn send_payload(&self, payload: Payload) -> Result<(), ProgressError> {
        const ENVELOPE: usize = 64;
        let Some(link) = self.wanting()? else { return Ok(()) };
        let payload = payload.into_serializer(self.serializer)?;
        let size = payload.weight() + ENVELOPE;
        if size > link.max_send {
            let error = size_exceeded("message", size, link.max_send);
            return Err(ProgressError::Application(error));
        }
        let commands = link.commands.upgrade().ok_or(ProgressError::Ended)?;
        let permit = commands.reserve().await.map_err(|_| ProgressError::Ended)?;
        if link.over.load(Ordering::Acquire) {
            return Err(ProgressError::Ended);
        }
        link.sent.fetch_add(1, Ordering::Release);
        permit.send(Command::Progress { invocation: link.invocation, payload });
        Ok(())
    }

    /// Returns the link to a caller who requested results. Calls without a link have none.
    fn wanting(&self) -> Result<Option<&CallLink>, ProgressError> {
        match self.link.as_deref() {
            Some(link) if link.over.load(Ordering::Acquire) => Err(ProgressError::Ended),
            link => Ok(link.filter(|link| link.wants_progress)),
        }
    }
}

/// Parameter of a procedure: all arguments of the call, as they arrive (spec: "Progressive call
/// invocations"). A plain call has one part.
///
/// ```
/// use wampwerk::ApplicationError;
/// use wampwerk::session::Chunks;
///
/// # async fn example(session: wampwerk::Session) -> Result<(), wampwerk::Error> {
/// session.register("com.example.sum", |mut chunks: Chunks| async move {
///     let mut sum = 0;
///     while let Some(chunk) = chunks.next().await {
///         sum += chunk?.decode::<i64>()?;
///     }
///     Ok::<_, ApplicationError>(sum)
/// }).await?;
/// # Ok(()) }
/// ```
///
/// The queue holds at most 1024 parts and 64 MiB. Further parts are dropped, and [`Lagged`] reports
/// their number at that position.
pub struct Chunks {
    first: Option<Payload>,
    more: Option<Arc<Queue<Payload>>>,
}

impl Chunks {
    /// Returns the next part, or `None` after the last one.
    pub async fn next(&mut self) -> Option<Result<Payload, Lagged>> {
        std::future::poll_fn(|cx| self.poll(cx)).await
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Payload, Lagged>>> {
        match (self.first.take(), &self.more) {
            (Some(first), _) => Poll::Ready(Some(Ok(first))),
            (None, Some(more)) => more.poll_next(cx),
            (None, None) => Poll::Ready(None),
        }
    }
}

impl futures_core::Stream for Chunks {
    type Item = Result<Payload, Lagged>;

    fn poll_next(self: std::pin::Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll(cx)
    }
}

impl fmt::Debug for Chunks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chunks").finish_non_exhaustive()
    }
}

impl Extract<IncomingCall> for Progress {
    fn extract(arguments: &mut Arguments<'_, IncomingCall>) -> Result<Self, ApplicationError> {
        Ok(arguments.context().progress())
    }
}

impl Extract<IncomingCall> for Chunks {
    fn extract(arguments: &mut Arguments<'_, IncomingCall>) -> Result<Self, ApplicationError> {
        arguments.take_all();
        Ok(arguments.context().chunks())
    }
}
