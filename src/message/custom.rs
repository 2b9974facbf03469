//! Serializers of the program's own, and the table of those that are registered.

use std::fmt;
use std::sync::OnceLock;

use super::Serializer;
use crate::error::{ConfigError, DecodeError, EncodeError};
use crate::value::List;

/// A serializer of the program's own. [`Serializer::register`] makes a [`Serializer`] of it, for all lists of
/// serializers: of clients, routers and servers.
///
/// It converts whole messages to and from values. The library's own serializers convert types without values, and keep
/// what a router forwards as bytes; one of these takes several times as long.
///
/// ```
/// use wampwerk::error::{DecodeError, EncodeError};
/// use wampwerk::message::CustomSerializer;
/// use wampwerk::{List, Serializer};
///
/// /// JSON that is turned around.
/// struct Reversed;
///
/// impl CustomSerializer for Reversed {
///     fn id(&self) -> &str {
///         "nosj"
///     }
///
///     fn raw_socket_id(&self) -> Option<u8> {
///         Some(12)
///     }
///
///     fn encode(&self, message: &List) -> Result<Vec<u8>, EncodeError> {
///         let mut text = serde_json::to_vec(message).map_err(EncodeError::new)?;
///         text.reverse();
///         Ok(text)
///     }
///
///     fn decode(&self, frame: &[u8]) -> Result<List, DecodeError> {
///         let text: Vec<u8> = frame.iter().rev().copied().collect();
///         serde_json::from_slice(&text).map_err(DecodeError::new)
///     }
/// }
///
/// # fn main() -> Result<(), wampwerk::error::ConfigError> {
/// let reversed = Serializer::register(Reversed)?;
/// assert_eq!(reversed.subprotocol(), "wamp.2.nosj");
/// let connecting = wampwerk::connect("ws://127.0.0.1:8080/ws", "realm1")
///     .serializers(&[reversed, Serializer::Cbor]);
/// # let _ = connecting;
/// # Ok(()) }
/// ```
#[doc(alias("ISerializer", "IObjectSerializer"))]
pub trait CustomSerializer: Send + Sync {
    /// Returns the id: lower case letters, digits and `_`, at most 40. The WebSocket subprotocol is `wamp.2.<id>`.
    fn id(&self) -> &str;

    /// Returns the number in a RawSocket handshake, 4 to 15, which both ends must have agreed on. Default: none; then it
    /// is for WebSocket only.
    fn raw_socket_id(&self) -> Option<u8> {
        None
    }

    /// Returns whether frames are binary, rather than text, which must be UTF-8. Default: true.
    fn is_binary(&self) -> bool {
        true
    }

    /// Encodes a message: a list that begins with its code.
    ///
    /// # Errors
    /// Returns [`EncodeError`] if the format has no form for a value. The request or answer then fails.
    fn encode(&self, message: &List) -> Result<Vec<u8>, EncodeError>;

    /// Decodes a frame, which comes from a peer. The function must bound the depth, to 100 levels at most, and the memory
    /// that it takes.
    ///
    /// # Errors
    /// Returns [`DecodeError`] if the frame is not a message. The session then ends.
    fn decode(&self, frame: &[u8]) -> Result<List, DecodeError>;
}

/// Place in the table.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CustomId(u8);

struct Entry {
    custom: Box<dyn CustomSerializer>,
    id: String,
    raw_socket_id: u8,
    is_binary: bool,
    subprotocol: String,
    batched: String,
}

/// Maximum number of registered serializers; as many have a number in RawSocket.
const MAX: usize = 12;

static TABLE: [OnceLock<Entry>; MAX] = [const { OnceLock::new() }; MAX];

impl CustomId {
    fn entry(self) -> Option<&'static Entry> {
        TABLE.get(usize::from(self.0))?.get()
    }

    pub(crate) fn serializer(self) -> Option<&'static dyn CustomSerializer> {
        self.entry().map(|entry| &*entry.custom)
    }

    #[cfg(feature = "router")]
    pub(super) fn place(self) -> usize {
        usize::from(self.0)
    }

    pub(super) fn id(self) -> &'static str {
        self.entry().map_or("", |entry| &entry.id)
    }

    pub(super) fn subprotocol(self) -> &'static str {
        self.entry().map_or("", |entry| &entry.subprotocol)
    }

    pub(super) fn batched(self) -> &'static str {
        self.entry().map_or("", |entry| &entry.batched)
    }

    pub(super) fn raw_socket_id(self) -> u8 {
        self.entry().map_or(0, |entry| entry.raw_socket_id)
    }

    pub(super) fn is_binary(self) -> bool {
        self.entry().is_none_or(|entry| entry.is_binary)
    }
}

impl fmt::Debug for CustomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// Returns those that are registered.
pub(super) fn registered() -> impl Iterator<Item = Serializer> {
    let used = TABLE.iter().take_while(|slot| slot.get().is_some());
    (0..).zip(used).map(|(place, _)| Serializer::Custom(CustomId(place)))
}

/// Adds one to the table. The caller has to see to it that only one thread does so at a time.
pub(crate) fn add(custom: Box<dyn CustomSerializer>) -> Result<Serializer, ConfigError> {
    let id = custom.id().to_owned();
    let refused = |text: &str| Err(ConfigError::new("serializers", format!("{id:.60?}: {text}")));
    let is_valid = |octet: u8| matches!(octet, b'a'..=b'z' | b'0'..=b'9' | b'_');
    if !(1..=40).contains(&id.len()) || !id.bytes().all(is_valid) {
        return refused("an id has 1 to 40 lower case letters, digits and _");
    }
    if Serializer::from_id(&id).is_some() {
        return refused("there is a serializer of this id");
    }
    let raw_socket_id = custom.raw_socket_id();
    match raw_socket_id {
        Some(4..=15) | None => {}
        Some(_) => return refused("the number in RawSocket must be 4 to 15"),
    }
    if let Some(other) = raw_socket_id.and_then(Serializer::from_raw_socket_id) {
        return refused(&format!("{} has the same number in RawSocket", other.as_str()));
    }
    let place = registered().count();
    let (Some(slot), Ok(number)) = (TABLE.get(place), u8::try_from(place)) else {
        return refused(&format!("there are {MAX} already"));
    };
    let entry = Entry {
        raw_socket_id: raw_socket_id.unwrap_or(0),
        is_binary: custom.is_binary(),
        subprotocol: format!("wamp.2.{id}"),
        batched: format!("wamp.2.{id}.batched"),
        id: id.clone(),
        custom,
    };
    match slot.set(entry) {
        Ok(()) => Ok(Serializer::Custom(CustomId(number))),
        Err(_) => refused("another one was registered at the same time"),
    }
}
