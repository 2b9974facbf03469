//! Implements event history: past publications.

use std::future::IntoFuture;

use serde::de::DeserializeOwned;

use super::Meta;
use super::fields::{take_id, take_text};
use crate::error::{CallError, DecodeError};
use crate::message::{EventDetails, Payload};
use crate::rt::BoxFuture;
use crate::session::Session;
use crate::uri::Uri;
use crate::value::{Dict, List, Value};

/// An event that the router has stored.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HistoryEvent {
    /// Time of the publication: RFC 3339. Crossbar sends `time_ns` in `extra` instead.
    pub timestamp: Option<String>,
    /// Id of the subscription with the history.
    pub subscription: Option<u64>,
    /// Id of the publication.
    pub publication: u64,
    /// Details: topic, publisher and others, as far as the router discloses them.
    pub details: EventDetails,
    /// Arguments.
    pub payload: Payload,
    /// All other keys.
    pub extra: Dict,
}

/// A builder for a request of the stored events of a subscription. Await it to receive them.
///
/// All filters must match. Times are RFC 3339 texts (`2026-11-22T19:00:00Z`); filters by
/// publication compare positions in the history. Crossbar supports `limit` only (default: 10, the
/// newest first) and rejects the others with an error.
#[doc(alias = "get_events")]
#[must_use = "nothing is asked until it is awaited"]
#[derive(Debug)]
pub struct HistoryRequest {
    session: Session,
    subscription: u64,
    filters: Dict,
}

impl Meta {
    /// Requests the stored events of a subscription. The router's configuration determines which
    /// topics have a history.
    ///
    /// Fails with `wamp.error.no_such_subscription`, `wamp.error.not_authorized`, or
    /// `wamp.error.history_unavailable`.
    ///
    /// ```
    /// # async fn example(session: wampwerk::Session) -> Result<(), wampwerk::Error> {
    /// let news = session.subscribe("com.example.news").await?;
    /// for event in session.meta().events(news.id()).limit(3).reverse(true).await? {
    ///     println!("{:?}: {}", event.timestamp, event.decode::<String>()?);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn events(&self, subscription: u64) -> HistoryRequest {
        HistoryRequest { session: self.session.clone(), subscription, filters: Dict::new() }
    }
}

macro_rules! filters {
    ($($(#[$doc:meta])* $name:ident: $ty:ty;)*) => {$(
        $(#[$doc])*
        pub fn $name(self, $name: $ty) -> Self {
            self.filter(stringify!($name), $name)
        }
    )*};
}

impl HistoryRequest {
    filters! {
        /// Sets whether the newest event is the first.
        reverse: bool;
        /// Sets the maximum number of events.
        limit: u64;
        /// Selects events published at this time or later.
        from_time: &str;
        /// Selects events published after this time.
        after_time: &str;
        /// Selects events published before this time.
        before_time: &str;
        /// Selects events published at this time or earlier.
        until_time: &str;
        /// Selects events of this topic, for a pattern subscription.
        topic: &str;
        /// Selects this publication and later ones.
        from_publication: u64;
        /// Selects publications after this one.
        after_publication: u64;
        /// Selects publications before this one.
        before_publication: u64;
        /// Selects this publication and earlier ones.
        until_publication: u64;
    }

    fn filter(mut self, key: &'static str, value: impl Into<Value>) -> Self {
        self.filters.insert(key, value);
        self
    }

    async fn send(self) -> Result<Vec<HistoryEvent>, CallError> {
        const PROCEDURE: &str = "wamp.subscription.get_events";
        let payload = Payload::from_values(vec![self.subscription.into()], self.filters);
        let undecodable = CallError::undecodable(PROCEDURE);
        let reply = self.session.call(PROCEDURE).payload(payload).await?;
        let events = events(reply.payload.to_values().map_err(&undecodable)?.0);
        let read = |(index, event)| {
            HistoryEvent::read(event).map_err(|error| {
                DecodeError::new(format!("event {}: {}", index + 1, error.message))
            })
        };
        let read: Result<_, _> = events.into_iter().enumerate().map(read).collect();
        read.map_err(undecodable)
    }
}

impl IntoFuture for HistoryRequest {
    type Output = Result<Vec<HistoryEvent>, CallError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl HistoryEvent {
    /// Decodes the only positional argument; see [`Payload::decode`].
    ///
    /// # Errors
    /// Returns [`DecodeError`] if it does not fit the type.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, DecodeError> {
        self.payload.decode()
    }

    /// Decodes all positional arguments; see [`Payload::args`].
    ///
    /// # Errors
    /// Returns [`DecodeError`] if they do not fit the type.
    pub fn args<T: DeserializeOwned>(&self) -> Result<T, DecodeError> {
        self.payload.args()
    }

    /// Decodes the keyword arguments; see [`Payload::kwargs`].
    ///
    /// # Errors
    /// Returns [`DecodeError`] if they do not fit the type.
    pub fn kwargs<T: DeserializeOwned>(&self) -> Result<T, DecodeError> {
        self.payload.kwargs()
    }

    fn read(event: Value) -> Result<Self, DecodeError> {
        let Value::Dict(mut dict) = event else {
            return Err(DecodeError::new(format!("must be a dict, is {}", event.kind())));
        };
        let publication = take_id(&mut dict, "publication")?;
        let details = match dict.remove("details") {
            None | Some(Value::Null) => Dict::new(),
            Some(Value::Dict(details)) => details,
            Some(other) => {
                return Err(DecodeError::new(format!("details is {}, no dict", other.kind())));
            }
        };
        let mut details =
            EventDetails::from_dict(details).map_err(|wrong| DecodeError::new(wrong.message))?;
        // Crossbar sends topic and publisher under names of its own.
        if details.topic.is_none() {
            details.topic = take_text(&mut dict, "topic").map(Uri::from);
        }
        if let Some(publisher) = dict.get("session_id").and_then(Value::as_u64) {
            details.publisher = Some(publisher);
            details.publisher_authid = take_text(&mut dict, "authid");
            details.publisher_authrole = take_text(&mut dict, "authrole");
            dict.remove("session_id");
        }
        let args = match dict.remove("args") {
            None | Some(Value::Null) => List::new(),
            Some(Value::List(args)) => args,
            Some(other) => {
                return Err(DecodeError::new(format!("args is {}, no list", other.kind())));
            }
        };
        let kwargs = match dict.remove("kwargs") {
            None | Some(Value::Null) => Dict::new(),
            Some(Value::Dict(kwargs)) => kwargs,
            Some(other) => {
                return Err(DecodeError::new(format!("kwargs is {}, no dict", other.kind())));
            }
        };
        Ok(HistoryEvent {
            timestamp: take_text(&mut dict, "timestamp"),
            subscription: dict.remove("subscription").and_then(|id| id.as_u64()),
            publication,
            details,
            payload: Payload::from_values(args, kwargs),
            extra: dict,
        })
    }
}

/// Returns the events in both readings of the specification: each event is an argument, or the only
/// argument is the list of events (Crossbar).
fn events(mut args: List) -> List {
    match args.as_mut_slice() {
        [Value::List(events)] => std::mem::take(events),
        [Value::Null] => List::new(),
        _ => args,
    }
}
