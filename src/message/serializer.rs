//! Contains [`Serializer`], the names of the wire formats.

#[cfg(not(feature = "hosted"))]
use super::custom::{self, CustomId};

/// A wire format for WAMP messages.
///
/// The Cargo features `json`, `msgpack` and `cbor` determine which formats can be used. The names
/// are always known.
#[doc(alias = "ISerializer")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Serializer {
    /// JSON, in text frames.
    #[doc(alias("JsonSerializer", "JSONSerializer"))]
    Json,
    /// MessagePack with distinct `str` and `bin`, in binary frames.
    #[doc(alias("MsgPackSerializer", "MsgpackSerializer"))]
    MsgPack,
    /// CBOR (RFC 8949), in binary frames.
    #[doc(alias = "CBORSerializer")]
    Cbor,
    /// One of the program's own; see [`register`](Serializer::register).
    #[cfg(not(feature = "hosted"))]
    Custom(CustomId),
}

impl Serializer {
    /// All serializers of this library.
    pub const ALL: [Serializer; 3] = [Serializer::Cbor, Serializer::MsgPack, Serializer::Json];

    /// Returns the id: `"json"`, `"msgpack"`, `"cbor"`, or that of a registered one.
    pub fn as_str(self) -> &'static str {
        match self {
            Serializer::Json => "json",
            Serializer::MsgPack => "msgpack",
            Serializer::Cbor => "cbor",
            #[cfg(not(feature = "hosted"))]
            Serializer::Custom(custom) => custom.id(),
        }
    }

    /// Returns the serializer with an id.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::known().find(|serializer| serializer.as_str() == id)
    }

    /// Returns the WebSocket subprotocol, as in `wamp.2.cbor`.
    pub fn subprotocol(self) -> &'static str {
        match self {
            Serializer::Json => "wamp.2.json",
            Serializer::MsgPack => "wamp.2.msgpack",
            Serializer::Cbor => "wamp.2.cbor",
            #[cfg(not(feature = "hosted"))]
            Serializer::Custom(custom) => custom.subprotocol(),
        }
    }

    /// Returns the WebSocket subprotocol for batched messages, as in `wamp.2.cbor.batched`.
    pub fn batched_subprotocol(self) -> &'static str {
        match self {
            Serializer::Json => "wamp.2.json.batched",
            Serializer::MsgPack => "wamp.2.msgpack.batched",
            Serializer::Cbor => "wamp.2.cbor.batched",
            #[cfg(not(feature = "hosted"))]
            Serializer::Custom(custom) => custom.batched(),
        }
    }

    /// Returns the serializer of a WebSocket subprotocol without batches.
    pub fn from_subprotocol(name: &str) -> Option<Self> {
        Self::known().find(|serializer| serializer.subprotocol() == name)
    }

    /// Returns the number in a RawSocket handshake: 1 for JSON, 2 for MessagePack, 3 for CBOR, that of a registered one,
    /// or 0 if that is for WebSocket only.
    pub fn raw_socket_id(self) -> u8 {
        match self {
            Serializer::Json => 1,
            Serializer::MsgPack => 2,
            Serializer::Cbor => 3,
            #[cfg(not(feature = "hosted"))]
            Serializer::Custom(custom) => custom.raw_socket_id(),
        }
    }

    /// Returns the serializer with a number in a RawSocket handshake.
    pub fn from_raw_socket_id(id: u8) -> Option<Self> {
        if id == 0 {
            return None;
        }
        Self::known().find(|serializer| serializer.raw_socket_id() == id)
    }

    /// Number of places.
    #[cfg(feature = "router")]
    pub(crate) const PLACES: usize = Self::ALL.len() + 12;

    /// Returns a number below [`PLACES`](Self::PLACES), which no other serializer has.
    #[cfg(feature = "router")]
    pub(crate) fn place(self) -> usize {
        match self {
            Serializer::Cbor => 0,
            Serializer::MsgPack => 1,
            Serializer::Json => 2,
            #[cfg(not(feature = "hosted"))]
            Serializer::Custom(custom) => Self::ALL.len() + custom.place(),
        }
    }

    /// Returns all serializers, and those that are registered.
    fn known() -> impl Iterator<Item = Self> {
        #[cfg(not(feature = "hosted"))]
        return Self::ALL.into_iter().chain(custom::registered());
        #[cfg(feature = "hosted")]
        Self::ALL.into_iter()
    }

    /// Returns whether frames are binary rather than text.
    pub fn is_binary(self) -> bool {
        match self {
            Serializer::Json => false,
            Serializer::MsgPack | Serializer::Cbor => true,
            #[cfg(not(feature = "hosted"))]
            Serializer::Custom(custom) => custom.is_binary(),
        }
    }
}
