//! Why a server refuses a RawSocket connection.

/// The error code of a server's answer to a RawSocket handshake (spec: "RawSocket Transport").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum RawSocketRefusal {
    /// 1: the server does not speak the serializer.
    #[error("it does not speak the serializer")]
    SerializerUnsupported,
    /// 2: the longest message that the client takes is too short, or too long, for the server.
    #[error("it does not accept the maximum message length")]
    MessageLengthUnacceptable,
    /// 3: bits are set that have no meaning yet.
    #[error("reserved bits are set")]
    ReservedBits,
    /// 4: the server has as many connections as it wants.
    #[error("the maximum number of connections is reached")]
    TooManyConnections,
}

impl RawSocketRefusal {
    /// All of them.
    pub const ALL: [RawSocketRefusal; 4] = [
        RawSocketRefusal::SerializerUnsupported,
        RawSocketRefusal::MessageLengthUnacceptable,
        RawSocketRefusal::ReservedBits,
        RawSocketRefusal::TooManyConnections,
    ];

    /// The number on the wire, 1 to 4.
    pub fn code(self) -> u8 {
        match self {
            RawSocketRefusal::SerializerUnsupported => 1,
            RawSocketRefusal::MessageLengthUnacceptable => 2,
            RawSocketRefusal::ReservedBits => 3,
            RawSocketRefusal::TooManyConnections => 4,
        }
    }

    /// The refusal of a code. The others, 0 and 5 to 15, have no meaning.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|refusal| refusal.code() == code)
    }
}
