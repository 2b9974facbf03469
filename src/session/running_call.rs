//! Contains [`RunningCall`], the handle of a call that is running.

use std::fmt;
use std::future::{Future, IntoFuture, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use serde::de::DeserializeOwned;
use tokio::sync::{mpsc, oneshot};

use crate::core::client::{Answer, Failure, RequestTicket};
use crate::error::{CallError, Lagged};
use crate::message::CancelMode;
use crate::rt::future::within;
use crate::rt::{self, BoxFuture, Sleep};
use crate::session::call::{CallReply, CallRequest};
use crate::session::command::{Command, Signal};
use crate::session::queue::Queue;
use crate::session::{Guard, Session, failure, features, unexpected};
use crate::uri::Uri;

/// A running call. [`next`](RunningCall::next) returns its progressive results. Await it for the
/// final result, or call [`value`](RunningCall::value). [`cancel`](RunningCall::cancel) cancels it.
///
/// ```
/// # async fn example(session: wampwerk::Session) -> Result<(), wampwerk::Error> {
/// let mut call = session.call("com.example.count").args((10,)).start().await?;
/// while let Some(step) = call.next().await {
///     println!("{}", step?.decode::<u32>()?);
/// }
/// let last: u32 = call.value().await?;
/// # Ok(()) }
/// ```
///
/// The queue holds at most 1024 results and 64 MiB. Further results are dropped, and [`Lagged`]
/// reports their number at that position. The final result is never dropped.
///
/// Dropping the handle cancels the call.
#[must_use = "dropping it cancels the call"]
pub struct RunningCall {
    pub(super) session: Session,
    pub(super) procedure: Uri,
    pub(super) ticket: RequestTicket,
    answer: oneshot::Receiver<Result<Answer, Failure>>,
    pub(super) control: Arc<CallControl>,
    timeout: Option<Timeout>,
    /// An outcome that was settled and not taken yet.
    pub(super) outcome: Option<Result<CallReply, CallError>>,
    guard: OwnGuard,
}

/// Maximum time without a message from the callee.
struct Timeout {
    limit: Duration,
    deadline: Duration,
    sleep: Sleep,
}

/// Cancels a call from anywhere; see [`RunningCall::canceller`].
#[derive(Clone)]
pub struct Canceller {
    ticket: RequestTicket,
    control: Arc<CallControl>,
    signals: mpsc::UnboundedSender<Signal>,
}

/// State shared by the driver and the holder of a call.
pub(super) struct CallControl {
    pub(super) results: Arc<Queue<CallReply>>,
    /// True after a cancellation, perhaps before the driver knew the call.
    pub(super) cancelled: AtomicBool,
}

impl RunningCall {
    pub(super) async fn start(request: CallRequest) -> Result<Self, CallError> {
        let CallRequest { session, procedure, mut options, payload, timeout, cancel_mode, .. } =
            request;
        let timeout = timeout.map(Timeout::new);
        options.receive_progress = Some(true);
        let payload = payload?.into_serializer(session.serializer())?;
        session.check(&procedure, &payload)?;
        features::check_call(session.offered(), &mut options)?;
        let ticket = session.ticket();
        let (waiter, answer) = oneshot::channel();
        let results = Queue::new(session.queue_limits());
        let control = Arc::new(CallControl { results, cancelled: AtomicBool::new(false) });
        let signals = session.shared.signals.clone();
        let guard = OwnGuard(Some(signals), ticket, cancel_mode);
        let command = Command::Call {
            ticket,
            procedure: procedure.clone(),
            options,
            payload,
            waiter,
            control: Some(control.clone()),
        };
        let outcome = None;
        let call =
            RunningCall { session, procedure, ticket, answer, control, timeout, outcome, guard };
        // As for a plain call, the timer runs even if the transport does not accept the call.
        let sent = call.in_time(call.session.shared.commands.send(command)).await?;
        sent.map_err(|_| call.session.closed_error::<CallError>(&call.procedure))?;
        Ok(call)
    }

    /// Returns the output of the future, unless the call's time runs out first.
    pub(super) async fn in_time<T>(&self, future: impl Future<Output = T>) -> Result<T, CallError> {
        let Some(Timeout { limit, deadline, .. }) = &self.timeout else { return Ok(future.await) };
        match deadline.checked_sub(rt::now()) {
            Some(rest) if !rest.is_zero() => within(rest, future).await,
            _ => None,
        }
        .ok_or_else(|| self.timed_out(*limit))
    }

    /// Returns the next progressive result, or `None` when the call has ended.
    pub async fn next(&mut self) -> Option<Result<CallReply, Lagged>> {
        poll_fn(|cx| self.poll_progress(cx)).await
    }

    /// Waits for the final result. Progressive results that were not taken are dropped.
    ///
    /// # Errors
    /// See [`CallRequest`]. A canceled call ends with `wamp.error.canceled`.
    pub async fn result(mut self) -> Result<CallReply, CallError> {
        poll_fn(|cx| {
            // Each result restarts the timer.
            while let Poll::Ready(Some(_)) = self.poll_progress(cx) {}
            self.outcome.take().map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }

    /// Waits for the final result and decodes its only positional value, or several into a tuple; see
    /// [`Payload::decode`](crate::Payload::decode).
    ///
    /// # Errors
    /// See [`result`](Self::result). Also returns an error if the value does not fit the type.
    pub async fn value<T: DeserializeOwned>(self) -> Result<T, CallError> {
        let undecodable = CallError::undecodable(self.procedure.clone());
        self.result().await?.decode().map_err(undecodable)
    }

    /// Cancels the call.
    ///
    /// With [`CancelMode::Kill`] the call ends with the last message of its callee, at the latest
    /// after 10 s. With the other modes, or if the router does not support canceling, the call ends
    /// at once with `wamp.error.canceled`, independent of the router's answer.
    pub fn cancel(&self, mode: CancelMode) {
        self.canceller().cancel(mode);
    }

    /// Returns a handle that cancels the call from elsewhere.
    pub fn canceller(&self) -> Canceller {
        Canceller {
            ticket: self.ticket,
            control: self.control.clone(),
            signals: self.session.shared.signals.clone(),
        }
    }

    fn poll_progress(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<CallReply, Lagged>>> {
        match self.control.results.poll_next(cx) {
            Poll::Ready(Some(reply)) => {
                if let Some(timeout) = &mut self.timeout {
                    *timeout = Timeout::new(timeout.limit);
                }
                return Poll::Ready(Some(reply));
            }
            // The driver ends the queue together with the call and then reports the outcome.
            Poll::Ready(None) | Poll::Pending => {}
        }
        if self.outcome.is_some() {
            return Poll::Ready(None);
        }
        if let Poll::Ready(answer) = Pin::new(&mut self.answer).poll(cx) {
            // Results may have arrived between the two checks.
            if let Poll::Ready(Some(reply)) = self.control.results.poll_next(cx) {
                self.settle(answer);
                return Poll::Ready(Some(reply));
            }
            self.settle(answer);
            return Poll::Ready(None);
        }
        if let Some(Timeout { limit, sleep, .. }) = &mut self.timeout
            && pin!(sleep).poll(cx).is_ready()
        {
            let limit = *limit;
            self.outcome = Some(Err(self.timed_out(limit)));
            self.timeout = None;
            self.guard.fire();
            return Poll::Ready(None);
        }
        Poll::Pending
    }

    pub(super) fn timed_out(&self, limit: Duration) -> CallError {
        CallError::Timeout { procedure: self.procedure.clone(), limit }
    }

    fn settle(&mut self, answer: Result<Result<Answer, Failure>, oneshot::error::RecvError>) {
        self.guard.0 = None;
        self.timeout = None;
        let answer = answer.unwrap_or_else(|_| Err(Failure::Closed(self.session.reason())));
        self.outcome = Some(match answer {
            Ok(Answer::Result { details, payload }) => Ok(CallReply { details, payload }),
            Ok(other) => Err(unexpected(&other)),
            Err(error) => Err(failure(error, &self.procedure)),
        });
    }
}

impl Timeout {
    fn new(limit: Duration) -> Self {
        let deadline = rt::now().saturating_add(limit);
        Timeout { limit, deadline, sleep: Sleep::new(limit) }
    }
}

impl Stream for RunningCall {
    type Item = Result<CallReply, Lagged>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_progress(cx)
    }
}

impl IntoFuture for RunningCall {
    type Output = Result<CallReply, CallError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.result())
    }
}

impl fmt::Debug for RunningCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunningCall").field("procedure", &self.procedure).finish_non_exhaustive()
    }
}

impl Canceller {
    /// Cancels the call; see [`RunningCall::cancel`]. Does nothing if the call has ended.
    pub fn cancel(&self, mode: CancelMode) {
        self.control.cancelled.store(true, Ordering::Release);
        // Without a driver the call has ended.
        drop(self.signals.send(Signal::Cancel(self.ticket, mode)));
    }
}

impl fmt::Debug for Canceller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Canceller").finish_non_exhaustive()
    }
}

/// A [`Guard`] that owns its sender.
struct OwnGuard(Option<mpsc::UnboundedSender<Signal>>, RequestTicket, CancelMode);

impl OwnGuard {
    fn fire(&mut self) {
        if let Some(signals) = self.0.take() {
            drop(Guard { signals: Some(&signals), ticket: self.1, mode: self.2 });
        }
    }
}

impl Drop for OwnGuard {
    fn drop(&mut self) {
        self.fire();
    }
}
