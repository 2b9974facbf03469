//! Event history: what was published before one asked.

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

/// An event that the router has kept.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HistoryEvent {
    /// When it was published: RFC 3339. Crossbar gives `time_ns` in `extra` instead.
    pub timestamp: Option<String>,
    /// The subscription that it was kept for.
    pub subscription: Option<u64>,
    /// The id of the publication.
    pub publication: u64,
    /// The topic, publisher and more, as far as the router tells.
    pub details: EventDetails,
    /// The arguments.
    pub payload: Payload,
    /// All else that the router tells.
    pub extra: Dict,
}

/// Asking for the events that were kept of a subscription; `await` it to get them.
///
/// All filters must hold. Times are RFC 3339 texts (`2026-11-22T19:00:00Z`); filters by publication go
/// by the position in the history. Crossbar knows `limit` only (by itself it gives 10, the newest
/// first) and refuses the others with an error.
#[must_use = "nothing is asked until it is awaited"]
#[derive(Debug)]
pub struct HistoryRequest {
    session: Session,
    subscription: u64,
    filters: Dict,
}

impl Meta {
    /// The events that the router has kept of a subscription. Which topics have a history is a
    /// matter of the router's configuration.
    ///
    /// Its failure is `wamp.error.no_such_subscription`, `wamp.error.not_authorized`, or
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
        /// Whether the newest shall come first.
        reverse: bool;
        /// At most so many.
        limit: u64;
        /// Published at this time or later.
        from_time: &str;
        /// Published later than this time.
        after_time: &str;
        /// Published before this time.
        before_time: &str;
        /// Published at this time or before.
        until_time: &str;
        /// Of this topic, where the subscription is to a pattern.
        topic: &str;
        /// From this publication on.
        from_publication: u64;
        /// Behind this publication.
        after_publication: u64;
        /// Before this publication.
        before_publication: u64;
        /// Up to and with this publication.
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
    /// The one positional argument; see [`Payload::decode`].
    ///
    /// # Errors
    /// When it does not fit the type.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, DecodeError> {
        self.payload.decode()
    }

    /// All positional arguments; see [`Payload::args`].
    ///
    /// # Errors
    /// When they do not fit the type.
    pub fn args<T: DeserializeOwned>(&self) -> Result<T, DecodeError> {
        self.payload.args()
    }

    /// The keyword arguments; see [`Payload::kwargs`].
    ///
    /// # Errors
    /// When they do not fit the type.
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
        // Crossbar tells of topic and publisher beside the rest, in words of its own.
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

/// The specification can be read in two ways: each event is an argument, or the only one is the list
/// of them (Crossbar).
fn events(mut args: List) -> List {
    match args.as_mut_slice() {
        [Value::List(events)] => std::mem::take(events),
        [Value::Null] => List::new(),
        _ => args,
    }
}
