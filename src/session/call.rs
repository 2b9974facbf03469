//! Implements calling a procedure.

use std::fmt;
use std::future::IntoFuture;
use std::time::Duration;

use serde::de::DeserializeOwned;

use crate::core::client::Answer;
use crate::error::{ApplicationError, CallError, DecodeError, EncodeError};
use crate::message::{CallOptions, CancelMode, Payload, ResultDetails};
use crate::rt::future::within;
use crate::rt::{BoxFuture, MaybeSend};
use crate::session::arguments::argument_setters;
use crate::session::command::Command;
use crate::session::queue::Queued;
use crate::session::running_call::RunningCall;
use crate::session::streaming_call::StreamingCall;
use crate::session::{Session, failure, features, unexpected};
use crate::uri::Uri;

/// A builder for a call. Await it for the whole [`CallReply`], or call
/// [`value`](CallRequest::value).
///
/// Dropping the future cancels the call. Its entry is freed at once. If the router announced
/// `call_canceling`, it receives CANCEL (see [`cancel_mode`](CallRequest::cancel_mode)).
#[doc(alias = "CallOptions")]
#[must_use = "a call does nothing until it is awaited"]
pub struct CallRequest {
    pub(super) session: Session,
    pub(super) procedure: Uri,
    pub(super) options: CallOptions,
    pub(super) payload: Result<Payload, EncodeError>,
    pub(super) timeout: Option<Duration>,
    pub(super) cancel_mode: CancelMode,
    on_progress: Option<Box<dyn OnProgress>>,
}

/// The result of a call.
#[doc(alias("CallResult", "Result"))]
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CallReply {
    /// Details that the router sent with the result.
    pub details: ResultDetails,
    /// Values of the result.
    pub payload: Payload,
}

trait OnProgress: MaybeSend {
    fn call(&mut self, reply: CallReply);
}

impl<F: FnMut(CallReply) + MaybeSend> OnProgress for F {
    fn call(&mut self, reply: CallReply) {
        self(reply);
    }
}

impl Session {
    /// Calls a procedure.
    ///
    /// ```
    /// # async fn example(session: wampwerk::Session) -> Result<(), wampwerk::Error> {
    /// let sum: i64 = session.call("com.example.add").args((2, 3)).value().await?;
    /// # Ok(()) }
    /// ```
    pub fn call(&self, procedure: impl Into<Uri>) -> CallRequest {
        CallRequest {
            session: self.clone(),
            procedure: procedure.into(),
            options: CallOptions::default(),
            payload: Ok(Payload::empty()),
            timeout: None,
            cancel_mode: CancelMode::KillNoWait,
            on_progress: None,
        }
    }
}

impl CallRequest {
    argument_setters!();

    /// Sets the raw options. Call this before the other setters; it overwrites them.
    ///
    /// `receive_progress` and `progress` are ignored here. Use [`on_progress`](Self::on_progress),
    /// [`start`](Self::start) or [`start_streaming`](Self::start_streaming) instead.
    pub fn options(mut self, options: CallOptions) -> Self {
        self.options = options;
        self
    }

    /// Sets the maximum time to wait for the result. After it, the call fails with
    /// [`CallError::Timeout`] and is canceled at the router. The caller's own timer measures it, so
    /// it works with every router. Default: no timeout.
    ///
    /// For a call with progressive results this is the maximum pause: each result restarts the
    /// timer. Time during which the transport accepts no data counts, too.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets the time limit that the router, or a callee that asked for it, enforces
    /// (`CALL.Options.timeout`, whole milliseconds, rounded up). The call then fails with
    /// `wamp.error.timeout`. A router without call timeouts ignores it.
    ///
    /// **Crossbar reads the number as seconds** and then answers `wamp.error.canceled`. With
    /// Crossbar, `router_timeout(Duration::from_millis(5))` means five seconds, and one second
    /// means about 17 minutes. Crossbar does not announce the feature, so a client cannot detect
    /// the difference. Prefer [`timeout`](Self::timeout), which means the same with every router.
    #[doc(alias = "CallOptions.timeout")]
    pub fn router_timeout(mut self, timeout: Duration) -> Self {
        let milliseconds = timeout.as_nanos().div_ceil(1_000_000);
        let largest = u128::from(crate::message::MAX_ID);
        self.options.timeout = u64::try_from(milliseconds.min(largest)).ok();
        self
    }

    /// Discloses the caller's identity to the callee, if the router allows it. Default: the router
    /// decides.
    pub fn disclose_me(mut self, disclose: bool) -> Self {
        self.options.disclose_me = Some(disclose);
        self
    }

    /// Sets the cancel mode for a call that is dropped or times out: skip, kill or killnowait
    /// (spec: "Call canceling"). Default: killnowait.
    #[doc(alias = "mode")]
    pub fn cancel_mode(mut self, mode: CancelMode) -> Self {
        self.cancel_mode = mode;
        self
    }

    /// Requests progressive results and passes them to a function, in order and before the final
    /// result is returned. For a stream of results see [`start`](Self::start).
    ///
    /// If the function is too slow and results are dropped, the session's
    /// [`on_user_error`](super::SessionConfig::on_user_error) hook is called.
    ///
    /// ```
    /// # async fn example(session: wampwerk::Session) -> Result<(), wampwerk::Error> {
    /// let total: u64 = session
    ///     .call("com.example.download")
    ///     .on_progress(|part| println!("{:?} bytes so far", part.decode::<u64>()))
    ///     .value()
    ///     .await?;
    /// # Ok(()) }
    /// ```
    pub fn on_progress(mut self, on_progress: impl FnMut(CallReply) + MaybeSend + 'static) -> Self {
        self.on_progress = Some(Box::new(on_progress));
        self
    }

    /// Starts the call and returns a handle to it: a stream of its progressive results, and a way
    /// to cancel it.
    ///
    /// # Errors
    /// Returns errors that are known before the call is sent. Together with
    /// [`on_progress`](Self::on_progress) it returns `wamp.error.invalid_argument`, because only
    /// one receiver can take the results.
    pub async fn start(mut self) -> Result<RunningCall, CallError> {
        self.check_takers()?;
        self.options.progress = None;
        RunningCall::start(self).await
    }

    /// Starts a call whose arguments are sent in parts (spec: "Progressive call invocations"). The
    /// arguments given here are the first part. [`StreamingCall::send`] sends further parts,
    /// [`StreamingCall::finish`] the last one.
    ///
    /// ```
    /// # async fn example(session: wampwerk::Session) -> Result<(), wampwerk::Error> {
    /// let call = session.call("com.example.sum").args((1,)).start_streaming().await?;
    /// call.send((2,)).await?;
    /// let sum: i64 = call.finish((3,)).await?.value().await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Returns errors that are known before the call is sent, for example that the router lacks the
    /// feature. Together with [`on_progress`](Self::on_progress) it returns
    /// `wamp.error.invalid_argument`, as [`start`](Self::start) does.
    pub async fn start_streaming(mut self) -> Result<StreamingCall, CallError> {
        self.check_takers()?;
        self.options.progress = Some(true);
        Ok(StreamingCall::new(RunningCall::start(self).await?))
    }

    fn check_takers(&self) -> Result<(), ApplicationError> {
        if self.on_progress.is_none() {
            return Ok(());
        }
        let text = "on_progress() does not go with start() or start_streaming(): use next()";
        Err(ApplicationError::new(Uri::INVALID_ARGUMENT).arg(text))
    }

    /// Calls and decodes the only positional value of the result, or several into a tuple; see
    /// [`Payload::decode`].
    pub async fn value<T: DeserializeOwned>(self) -> Result<T, CallError> {
        let undecodable = CallError::undecodable(self.procedure.clone());
        self.send().await?.decode().map_err(undecodable)
    }

    async fn send(mut self) -> Result<CallReply, CallError> {
        if let Some(mut on_progress) = self.on_progress.take() {
            let errors = self.session.shared.config.user_errors.clone();
            let procedure = self.procedure.clone();
            let mut call = RunningCall::start(self).await?;
            while let Some(reply) = call.next().await {
                match reply {
                    Ok(reply) => on_progress.call(reply),
                    Err(lagged) => errors.tell(&procedure, lagged),
                }
            }
            return call.result().await;
        }
        let CallRequest { session, procedure, mut options, payload, timeout, cancel_mode, .. } =
            self;
        // `start` and `on_progress` request progressive results; `start_streaming` sends arguments
        // in parts.
        (options.receive_progress, options.progress) = (None, None);
        let payload = payload?.into_serializer(session.serializer())?;
        session.check(&procedure, &payload)?;
        features::check_call(session.offered(), &mut options)?;
        let ticket = session.ticket();
        let answer = session.request(ticket, cancel_mode, |waiter| Command::Call {
            ticket,
            procedure: procedure.clone(),
            options,
            payload,
            waiter,
            control: None,
        });
        // The timer runs from here on, even if the transport does not accept the call. Dropping the
        // request cancels the call.
        let answer = match timeout {
            None => answer.await,
            Some(limit) => match within(limit, answer).await {
                Some(answer) => answer,
                None => return Err(CallError::Timeout { procedure, limit }),
            },
        };
        match answer {
            Ok(Answer::Result { details, payload }) => Ok(CallReply { details, payload }),
            Ok(other) => Err(unexpected(&other)),
            Err(error) => Err(failure(error, &procedure)),
        }
    }
}

impl IntoFuture for CallRequest {
    type Output = Result<CallReply, CallError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl fmt::Debug for CallRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallRequest")
            .field("procedure", &self.procedure)
            .field("options", &self.options)
            .field("payload", &self.payload)
            .finish_non_exhaustive()
    }
}

impl CallReply {
    /// Decodes the only positional value, or several into a tuple; see [`Payload::decode`].
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, DecodeError> {
        self.payload.decode()
    }

    /// Decodes all positional values; see [`Payload::args`].
    pub fn args<T: DeserializeOwned>(&self) -> Result<T, DecodeError> {
        self.payload.args()
    }

    /// Decodes the keyword values; see [`Payload::kwargs`].
    pub fn kwargs<T: DeserializeOwned>(&self) -> Result<T, DecodeError> {
        self.payload.kwargs()
    }
}

impl Queued for CallReply {
    fn weight(&self) -> usize {
        self.payload.weight() + self.details.weight()
    }
}

/// Checks at compile time that all native futures are `Send`.
const _: fn(&Session) = |session| {
    fn check<T: crate::rt::MaybeSend>(_: T) {}
    check(session.call("a").value::<i64>());
    check(session.call("a").on_progress(drop).value::<i64>());
    check(session.call("a").start_streaming());
    check(session.leave());
    check(session.closed());
};
