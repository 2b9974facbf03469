//! Contains [`StreamingCall`], a call whose arguments are sent in parts.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use serde::Serialize;

use crate::error::{CallError, Lagged};
use crate::message::{CancelMode, Payload};
use crate::session::call::CallReply;
use crate::session::command::Command;
use crate::session::running_call::{Canceller, RunningCall};

/// A call that accepts further arguments, created by [`CallRequest::start_streaming`]. There is no
/// final result before the last arguments have been [sent](StreamingCall::finish).
///
/// ```
/// # async fn example(session: wampwerk::Session) -> Result<(), wampwerk::Error> {
/// let mut call = session.call("com.example.sum").args((1,)).start_streaming().await?;
/// call.send((2,)).await?;
/// if let Some(so_far) = call.next().await {
///     println!("{}", so_far?.decode::<i64>()?);
/// }
/// let sum: i64 = call.finish((3,)).await?.value().await?;
/// # Ok(()) }
/// ```
///
/// A [timeout](super::CallRequest::timeout) includes sending. It runs from the start of the call,
/// and each progressive result that is taken restarts it.
///
/// Dropping the handle cancels the call.
///
/// [`CallRequest::start_streaming`]: super::CallRequest::start_streaming
/// [`CallRequest::timeout`]: super::CallRequest::timeout
#[must_use = "dropping it cancels the call"]
pub struct StreamingCall(RunningCall);

impl StreamingCall {
    pub(super) fn new(call: RunningCall) -> Self {
        StreamingCall(call)
    }

    /// Sends further arguments. `args` are the positional arguments. Waits while the transport
    /// accepts no data.
    ///
    /// # Errors
    /// Returns an error in these cases:
    /// - [`CallError::Ended`]: the call is over, for example because it was refused or answered
    ///   early; [`finish`](Self::finish) then returns its outcome
    /// - [`CallError::Timeout`]: the time limit passed
    /// - the arguments cannot be encoded or sent, or the session is closed
    pub async fn send<A: Serialize>(&self, args: A) -> Result<(), CallError> {
        self.send_payload(self.0.write(&args)?).await
    }

    /// Sends further positional and keyword arguments; see [`send`](Self::send).
    ///
    /// # Errors
    /// Returns [`CallError::Ended`] if the call is over, [`CallError::Timeout`] if the time limit passed, and an
    /// error if the arguments cannot be encoded or sent, or the session is closed.
    pub async fn send_payload(&self, payload: Payload) -> Result<(), CallError> {
        self.0.send_part(payload, false).await
    }

    /// Sends the last arguments and returns the running call. If the call is over, the arguments
    /// are dropped and the outcome is available at once.
    ///
    /// # Errors
    /// Returns the errors of [`send`](Self::send) except [`CallError::Ended`]. The call is then
    /// canceled.
    pub async fn finish<A: Serialize>(self, args: A) -> Result<RunningCall, CallError> {
        let payload = self.0.write(&args)?;
        self.finish_payload(payload).await
    }

    /// Sends the last positional and keyword arguments; see [`finish`](Self::finish).
    ///
    /// # Errors
    /// Returns [`CallError::Timeout`] if the time limit passed, and an error if the arguments cannot be encoded or
    /// sent, or the session is closed. The call is then canceled.
    pub async fn finish_payload(self, payload: Payload) -> Result<RunningCall, CallError> {
        match self.0.send_part(payload, true).await {
            Ok(()) | Err(CallError::Ended { .. }) => Ok(self.0),
            Err(error) => Err(error),
        }
    }

    /// Returns the next progressive result, or `None` when the call has ended.
    pub async fn next(&mut self) -> Option<Result<CallReply, Lagged>> {
        self.0.next().await
    }

    /// Cancels the call; see [`RunningCall::cancel`].
    pub fn cancel(&self, mode: CancelMode) {
        self.0.cancel(mode);
    }

    /// Returns a handle that cancels the call from elsewhere.
    pub fn canceller(&self) -> Canceller {
        self.0.canceller()
    }

    /// Gives up the right to send more arguments without sending a last part. For a call that has
    /// ended: its result is then available from [`RunningCall::result`].
    pub fn into_running(self) -> RunningCall {
        self.0
    }
}

impl RunningCall {
    fn write<A: Serialize>(&self, args: &A) -> Result<Payload, CallError> {
        Ok(Payload::empty().with_args(self.session.serializer(), args)?)
    }

    async fn send_part(&self, payload: Payload, last: bool) -> Result<(), CallError> {
        self.check_open()?;
        let payload = payload.into_serializer(self.session.serializer())?;
        self.session.check(&self.procedure, &payload)?;
        let permit = self.in_time(self.session.shared.commands.reserve()).await?;
        let permit = permit.map_err(|_| self.session.closed_error::<CallError>(&self.procedure))?;
        // The call may have ended while waiting for room.
        self.check_open()?;
        permit.send(Command::Arguments { ticket: self.ticket, payload, last });
        Ok(())
    }

    fn check_open(&self) -> Result<(), CallError> {
        if self.session.is_closed() {
            return Err(self.session.closed_error(&self.procedure));
        }
        match &self.outcome {
            Some(Err(CallError::Timeout { limit, .. })) => Err(self.timed_out(*limit)),
            None if !self.control.results.is_ended() => Ok(()),
            _ => Err(CallError::Ended { procedure: self.procedure.clone() }),
        }
    }
}

impl Stream for StreamingCall {
    type Item = Result<CallReply, Lagged>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.get_mut().0).poll_next(cx)
    }
}

impl fmt::Debug for StreamingCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StreamingCall").field(&self.0).finish()
    }
}
