//! Contains [`MetaRequest`], a request that has options.

use std::future::IntoFuture;

use super::Meta;
use crate::error::{CallError, DecodeError};
use crate::message::Payload;
use crate::rt::{BoxFuture, MaybeSend};
use crate::session::{CallReply, Session};
use crate::uri::Uri;
use crate::value::{Dict, List, Value};

/// A builder for a request of the meta API. Await it to execute the request.
///
/// `T` is the answer, and the setters depend on it: [`Killed`](super::Killed) for ending sessions, `()`
/// for removing registrations and subscriptions, a list of [`HistoryEvent`](super::HistoryEvent) for
/// past events.
#[must_use = "nothing is asked until it is awaited"]
#[derive(Debug)]
pub struct MetaRequest<T> {
    session: Session,
    procedure: &'static str,
    args: List,
    kwargs: Dict,
    read: fn(&[Value], CallReply) -> Result<T, DecodeError>,
}

impl Meta {
    /// Creates a request. `read` gets its arguments and the answer.
    pub(super) fn request<T>(
        &self,
        procedure: &'static str,
        args: impl Into<List>,
        read: fn(&[Value], CallReply) -> Result<T, DecodeError>,
    ) -> MetaRequest<T> {
        let session = self.session.clone();
        MetaRequest { session, procedure, args: args.into(), kwargs: Dict::new(), read }
    }
}

impl<T> MetaRequest<T> {
    pub(super) fn with(mut self, key: &'static str, value: impl Into<Value>) -> Self {
        self.kwargs.insert(key, value);
        self
    }

    pub(super) fn with_reason(self, reason: Uri) -> Self {
        self.with("reason", reason.as_str())
    }

    async fn send(self) -> Result<T, CallError> {
        let MetaRequest { session, procedure, args, kwargs, read } = self;
        let payload = Payload::from_values(args.clone(), kwargs);
        let reply = session.call(procedure).payload(payload).await?;
        read(&args, reply).map_err(CallError::undecodable(procedure))
    }
}

impl<T: MaybeSend + 'static> IntoFuture for MetaRequest<T> {
    type Output = Result<T, CallError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}
