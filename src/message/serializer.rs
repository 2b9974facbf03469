//! `Serializer`: the names of the wire formats.

/// A wire format for WAMP messages. Which of them can be used is a matter of the crate's features
/// (`json`, `msgpack`, `cbor`); the names are always known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Serializer {
    /// JSON, in text frames.
    Json,
    /// MessagePack with `str` and `bin` apart, in binary frames.
    MsgPack,
    /// CBOR (RFC 8949), in binary frames.
    Cbor,
}

impl Serializer {
    /// All of them.
    pub const ALL: [Serializer; 3] = [Serializer::Cbor, Serializer::MsgPack, Serializer::Json];

    /// Its id: `"json"`, `"msgpack"`, `"cbor"`.
    pub fn as_str(self) -> &'static str {
        match self {
            Serializer::Json => "json",
            Serializer::MsgPack => "msgpack",
            Serializer::Cbor => "cbor",
        }
    }

    /// The serializer of an id.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|serializer| serializer.as_str() == id)
    }

    /// The WebSocket subprotocol, as in `wamp.2.cbor`.
    pub fn subprotocol(self) -> &'static str {
        match self {
            Serializer::Json => "wamp.2.json",
            Serializer::MsgPack => "wamp.2.msgpack",
            Serializer::Cbor => "wamp.2.cbor",
        }
    }

    /// The WebSocket subprotocol with batches of messages, as in `wamp.2.cbor.batched`.
    pub fn batched_subprotocol(self) -> &'static str {
        match self {
            Serializer::Json => "wamp.2.json.batched",
            Serializer::MsgPack => "wamp.2.msgpack.batched",
            Serializer::Cbor => "wamp.2.cbor.batched",
        }
    }

    /// The serializer of a WebSocket subprotocol without batches.
    pub fn from_subprotocol(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|serializer| serializer.subprotocol() == name)
    }

    /// Its number in a RawSocket handshake: 1 is JSON, 2 MessagePack, 3 CBOR.
    pub fn raw_socket_id(self) -> u8 {
        match self {
            Serializer::Json => 1,
            Serializer::MsgPack => 2,
            Serializer::Cbor => 3,
        }
    }

    /// The serializer of a number in a RawSocket handshake.
    pub fn from_raw_socket_id(id: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|serializer| serializer.raw_socket_id() == id)
    }

    /// Whether its frames are binary rather than text.
    pub fn is_binary(self) -> bool {
        self != Serializer::Json
    }
}
