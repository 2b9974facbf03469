//! `StreamingCall`: a call whose arguments go out part by part.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use serde::Serialize;

use crate::error::{CallEnded, CallError, Lagged};
use crate::message::{CancelMode, Payload};
use crate::session::call::CallReply;
use crate::session::command::Command;
use crate::session::running_call::{Canceller, RunningCall};

/// A call that is open for more arguments; [`CallRequest::start_streaming`] makes it. There is no
/// result before the last arguments have been [sent](StreamingCall::finish).
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
/// A [timeout](super::CallRequest::timeout) holds for sending too; it runs from the start of the
/// call, and each progressive result that is taken starts it again.
///
/// Dropping it gives the call up.
///
/// [`CallRequest::start_streaming`]: super::CallRequest::start_streaming
/// [`CallRequest::timeout`]: super::CallRequest::timeout
#[must_use = "dropping it cancels the call"]
pub struct StreamingCall(RunningCall);

impl StreamingCall {
    pub(super) fn new(call: RunningCall) -> Self {
        StreamingCall(call)
    }

    /// Sends more arguments; `args` are the positional ones. It waits while the transport takes
    /// nothing.
    ///
    /// # Errors
    /// [`CallError::Ended`] if the call is over, as when it was refused or answered early;
    /// [`finish`](Self::finish) then leads to what it ended with. [`CallError::Timeout`], and that
    /// the arguments cannot be written or sent, or the session has closed.
    pub async fn send<A: Serialize>(&self, args: A) -> Result<(), CallError> {
        self.send_payload(self.0.write(&args)?).await
    }

    /// As [`send`](Self::send), with positional and keyword arguments.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn send_payload(&self, payload: Payload) -> Result<(), CallError> {
        self.0.send_part(payload, false).await
    }

    /// Sends the last arguments, and gives the call to wait for its result. If the call is over
    /// already they are dropped, and the result is there.
    ///
    /// # Errors
    /// As [`send`](Self::send), but for [`CallError::Ended`]. The call is given up then.
    pub async fn finish<A: Serialize>(self, args: A) -> Result<RunningCall, CallError> {
        let payload = self.0.write(&args)?;
        self.finish_payload(payload).await
    }

    /// As [`finish`](Self::finish), with positional and keyword arguments.
    ///
    /// # Errors
    /// As [`finish`](Self::finish).
    pub async fn finish_payload(self, payload: Payload) -> Result<RunningCall, CallError> {
        match self.0.send_part(payload, true).await {
            Ok(()) | Err(CallError::Ended(CallEnded)) => Ok(self.0),
            Err(error) => Err(error),
        }
    }

    /// The next progressive result; `None` when the call has ended, one way or the other.
    pub async fn next(&mut self) -> Option<Result<CallReply, Lagged>> {
        self.0.next().await
    }

    /// Cancels the call; see [`RunningCall::cancel`].
    pub fn cancel(&self, mode: CancelMode) {
        self.0.cancel(mode);
    }

    /// Something to cancel the call with from elsewhere.
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
        let permit = permit.map_err(|_| self.session.reason())?;
        // It may have ended while there was no room.
        self.check_open()?;
        permit.send(Command::Arguments { ticket: self.ticket, payload, last });
        Ok(())
    }

    fn check_open(&self) -> Result<(), CallError> {
        if self.session.is_closed() {
            return Err(self.session.reason().into());
        }
        match &self.outcome {
            Some(Err(CallError::Timeout(elapsed))) => Err(elapsed.clone().into()),
            None if !self.control.results.is_ended() => Ok(()),
            _ => Err(CallEnded.into()),
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
