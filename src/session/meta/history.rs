//! Implements event history: past publications.

use serde::de::DeserializeOwned;

use super::fields::{take_id, take_text};
use super::{Meta, MetaRequest};
use crate::error::DecodeError;
use crate::message::{EventDetails, Payload};
use crate::session::CallReply;
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
    #[doc(alias = "get_events")]
    pub fn events(&self, subscription: u64) -> MetaRequest<Vec<HistoryEvent>> {
        self.request("wamp.subscription.get_events", [subscription.into()], read)
    }
}

macro_rules! filters {
    ($($(#[$doc:meta])* $name:ident: $ty:ty;)*) => {$(
        $(#[$doc])*
        pub fn $name(self, $name: $ty) -> Self {
            self.with(stringify!($name), $name)
        }
    )*};
}

/// For [`Meta::events`].
///
/// All filters must match. Times are RFC 3339 texts (`2026-11-22T19:00:00Z`); filters by
/// publication compare positions in the history. Crossbar supports `limit` only (default: 10, the
/// newest first) and rejects the others with an error.
impl MetaRequest<Vec<HistoryEvent>> {
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
}

fn read(_: &[Value], reply: CallReply) -> Result<Vec<HistoryEvent>, DecodeError> {
    let events = events(reply.payload.to_values()?.0);
    let read = |(index, event)| {
        HistoryEvent::read(event)
            .map_err(|error| DecodeError::new(format!("event {}: {}", index + 1, error.message)))
    };
    events.into_iter().enumerate().map(read).collect()
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
