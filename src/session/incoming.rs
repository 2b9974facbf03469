//! `IncomingCall`: a call on its way to a procedure, and what the procedure may do beside answering.

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

/// A call that a procedure is to answer.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct IncomingCall {
    /// The procedure that was called; with a pattern registration not the pattern.
    pub procedure: Uri,
    /// Who calls, and how, as far as the router tells.
    pub details: InvocationDetails,
    /// The arguments; of progressive arguments the first.
    pub payload: Payload,
    serializer: Serializer,
    link: Option<Arc<CallLink>>,
}

/// What connects a running procedure with its session, beyond the answer. Most calls have none.
pub(super) struct CallLink {
    pub(super) invocation: u64,
    commands: mpsc::WeakSender<Command>,
    max_send: usize,
    wants_progress: bool,
    /// Results that were handed over; the last one must not overtake them.
    pub(super) sent: AtomicU64,
    over: AtomicBool,
    /// Arguments that follow the first.
    pub(super) more: Option<Arc<Queue<Payload>>>,
}

impl Queued for Payload {
    fn payload(&self) -> &Payload {
        self
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

    /// The format that the answer is best written in.
    pub fn serializer(&self) -> Serializer {
        self.serializer
    }

    /// Where results go that are not the last.
    pub fn progress(&self) -> Progress {
        Progress { link: self.link.clone(), serializer: self.serializer }
    }

    /// All arguments of the call, part by part.
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
    ) -> Self {
        let streaming = details.progress == Some(true);
        CallLink {
            invocation,
            commands,
            max_send,
            wants_progress: details.receive_progress == Some(true),
            sent: AtomicU64::new(0),
            over: AtomicBool::new(false),
            more: streaming.then(|| Queue::new(QueueLimits::default())),
        }
    }

    /// The call is answered, cancelled, or has gone with its session.
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

/// A parameter of a procedure: where it sends results that are not the last (spec: "Progressive
/// call results").
///
/// ```
/// use wampwerk::session::Progress;
///
/// # async fn example(session: wampwerk::Session) -> Result<(), wampwerk::Error> {
/// session.register("com.example.count", |to: u32, progress: Progress| async move {
///     for n in 1..to {
///         progress.send((n,)).await?; // An error: nobody waits for the call any more.
///     }
///     Ok::<_, wampwerk::ApplicationError>(to)
/// }).await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Progress {
    link: Option<Arc<CallLink>>,
    serializer: Serializer,
}

impl Progress {
    /// Whether the caller takes such results, and the call is still open. A procedure need not ask;
    /// it saves the work for what would not be sent.
    pub fn is_wanted(&self) -> bool {
        self.link
            .as_ref()
            .is_some_and(|link| link.wants_progress && !link.over.load(Ordering::Acquire))
    }

    /// Sends a result; `args` are its positional values: a tuple, array or list. It is ready when
    /// the result is on its way, and waits while the transport takes nothing.
    ///
    /// If the caller did not ask for such results nothing is sent, and nothing is wrong: so a
    /// procedure is the same for all callers. [`is_wanted`](Self::is_wanted) tells.
    ///
    /// # Errors
    /// [`ProgressError::Ended`] if the call is over (cancelled, answered, or the session has
    /// closed), and what cannot be written or is too long for the transport.
    pub async fn send<A: Serialize>(&self, args: A) -> Result<(), ProgressError> {
        if self.wanting()?.is_none() {
            return Ok(());
        }
        let payload = Payload::empty().with_args(self.serializer, &args)?;
        self.send_payload(payload).await
    }

    /// As [`send`](Self::send), with positional and keyword values.
    ///
    /// # Errors
    /// As [`send`](Self::send).
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

    /// The way to a caller who asked. (Of calls without a link nothing more is known.)
    fn wanting(&self) -> Result<Option<&CallLink>, ProgressError> {
        match self.link.as_deref() {
            Some(link) if link.over.load(Ordering::Acquire) => Err(ProgressError::Ended),
            link => Ok(link.filter(|link| link.wants_progress)),
        }
    }
}

/// A parameter of a procedure: all arguments of the call, as they come (spec: "Progressive call
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
/// At most 1024 parts (and 64 MiB) wait to be taken; what comes beyond is dropped, and [`Lagged`]
/// says so where it is missing.
pub struct Chunks {
    first: Option<Payload>,
    more: Option<Arc<Queue<Payload>>>,
}

impl Chunks {
    /// The next part; `None` after the last one.
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
