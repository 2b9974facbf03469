//! Calling a procedure.

use std::future::IntoFuture;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::core::client::Answer;
use crate::error::{CallError, DecodeError, Elapsed, EncodeError};
use crate::message::{CallOptions, Payload, ResultDetails};
use crate::rt::BoxFuture;
use crate::session::command::Command;
use crate::session::{Session, failure, unexpected, within};
use crate::uri::Uri;

/// A call that is being put together; `await` it, or ask for a [value](CallRequest::value).
///
/// Dropping the future gives the call up: its entry is freed at once, and the router is told by
/// CANCEL (`killnowait`) if it announced `call_canceling`.
#[must_use = "a call does nothing until it is awaited"]
#[derive(Debug)]
pub struct CallRequest {
    session: Session,
    procedure: Uri,
    options: CallOptions,
    payload: Result<Payload, EncodeError>,
    timeout: Option<Duration>,
}

/// The result of a call.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CallReply {
    /// What the router says about it.
    pub details: ResultDetails,
    /// The result's values.
    pub payload: Payload,
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
        }
    }
}

impl CallRequest {
    /// The positional arguments: a tuple, array or list of anything that serde can write.
    pub fn args<A: Serialize>(mut self, args: A) -> Self {
        self.payload =
            self.payload.and_then(|payload| payload.with_args(self.session.serializer(), &args));
        self
    }

    /// The keyword arguments: a struct or map.
    pub fn kwargs<K: Serialize>(mut self, kwargs: K) -> Self {
        self.payload = self
            .payload
            .and_then(|payload| payload.with_kwargs(self.session.serializer(), &kwargs));
        self
    }

    /// All arguments at once, as they are.
    pub fn payload(mut self, payload: Payload) -> Self {
        self.payload = Ok(payload);
        self
    }

    /// The options on the wire.
    pub fn options(mut self, options: CallOptions) -> Self {
        self.options = options;
        self
    }

    /// How long to wait for the result. Afterwards the call fails with [`CallError::Timeout`] and
    /// is cancelled at the router. Default: as long as the session lives.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Calls, and reads the one positional value of the result; see [`Payload::decode`].
    pub async fn value<T: DeserializeOwned>(self) -> Result<T, CallError> {
        Ok(self.send().await?.decode()?)
    }

    async fn send(self) -> Result<CallReply, CallError> {
        let CallRequest { session, procedure, options, payload, timeout } = self;
        let payload = payload?.into_serializer(session.serializer())?;
        session.check(&procedure, &payload)?;
        let ticket = session.ticket();
        let answer = session.request(ticket, |waiter| Command::Call {
            ticket,
            procedure,
            options,
            payload,
            waiter,
        });
        // The timer is the caller's: it runs from here on, whether or not the transport takes the
        // call. Dropping the request gives it up.
        let answer = match timeout {
            None => answer.await,
            Some(limit) => within(limit, answer).await.ok_or(CallError::Timeout(Elapsed(limit)))?,
        };
        match answer {
            Ok(Answer::Result { details, payload }) => Ok(CallReply { details, payload }),
            Ok(other) => Err(unexpected(&other)),
            Err(error) => Err(failure(error)),
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

impl CallReply {
    /// The one positional value; see [`Payload::decode`].
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, DecodeError> {
        self.payload.decode()
    }

    /// All positional values; see [`Payload::args`].
    pub fn args<T: DeserializeOwned>(&self) -> Result<T, DecodeError> {
        self.payload.args()
    }

    /// The keyword values; see [`Payload::kwargs`].
    pub fn kwargs<T: DeserializeOwned>(&self) -> Result<T, DecodeError> {
        self.payload.kwargs()
    }
}

/// Natively all futures can go to another thread.
#[allow(dead_code, reason = "it only has to compile")]
fn assert_send(session: &Session) {
    fn check<T: crate::rt::MaybeSend>(_: T) {}
    check(session.call("a").value::<i64>());
    check(session.leave());
    check(session.closed());
}
