//! Contains [`Serializer`], the names of the wire formats.

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
}

impl Serializer {
    /// All serializers.
    pub const ALL: [Serializer; 3] = [Serializer::Cbor, Serializer::MsgPack, Serializer::Json];

    /// Returns the id: `"json"`, `"msgpack"` or `"cbor"`.
    pub fn as_str(self) -> &'static str {
        match self {
            Serializer::Json => "json",
            Serializer::MsgPack => "msgpack",
            Serializer::Cbor => "cbor",
        }
    }

    /// Returns the serializer with an id.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|serializer| serializer.as_str() == id)
    }

    /// Returns the WebSocket subprotocol, as in `wamp.2.cbor`.
    pub fn subprotocol(self) -> &'static str {
        match self {
            Serializer::Json => "wamp.2.json",
            Serializer::MsgPack => "wamp.2.msgpack",
            Serializer::Cbor => "wamp.2.cbor",
        }
    }

    /// Returns the WebSocket subprotocol for batched messages, as in `wamp.2.cbor.batched`.
    pub fn batched_subprotocol(self) -> &'static str {
        match self {
            Serializer::Json => "wamp.2.json.batched",
            Serializer::MsgPack => "wamp.2.msgpack.batched",
            Serializer::Cbor => "wamp.2.cbor.batched",
        }
    }

    /// Returns the serializer of a WebSocket subprotocol without batches.
    pub fn from_subprotocol(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|serializer| serializer.subprotocol() == name)
    }

    /// Returns the number in a RawSocket handshake: 1 for JSON, 2 for MessagePack, 3 for CBOR.
    pub fn raw_socket_id(self) -> u8 {
        match self {
            Serializer::Json => 1,
            Serializer::MsgPack => 2,
            Serializer::Cbor => 3,
        }
    }

    /// Returns the serializer with a number in a RawSocket handshake.
    pub fn from_raw_socket_id(id: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|serializer| serializer.raw_socket_id() == id)
    }

    /// Returns whether frames are binary rather than text.
    pub fn is_binary(self) -> bool {
        self != Serializer::Json
    }
}
