//! Implements the handshake: four octets in each direction, the client's first.

use crate::error::RawSocketRefusal;
use crate::message::Serializer;

/// First octet of both halves. Neither an HTTP request nor a TLS connection starts with it.
pub const MAGIC: u8 = 0x7f;

/// Number of octets in each half.
pub const HANDSHAKE_SIZE: usize = 4;

/// Maximum length of the messages that one side accepts: 2^(9 + exponent) octets, with an exponent
/// of 0 to 15, which is 512 octets to 16 MiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MaxLength(u8);

impl MaxLength {
    /// 512 octets.
    pub const MIN: MaxLength = MaxLength(0);

    /// 16 MiB.
    pub const MAX: MaxLength = MaxLength(15);

    /// Creates a length from an exponent. Returns `None` above 15.
    pub fn new(exponent: u8) -> Option<Self> {
        (exponent <= Self::MAX.0).then_some(MaxLength(exponent))
    }

    /// Returns the smallest length that is at least `bytes` octets, and 16 MiB for larger numbers.
    pub fn covering(bytes: usize) -> Self {
        let exponents = Self::MIN.0..Self::MAX.0;
        exponents.map(MaxLength).find(|max| max.bytes() >= bytes).unwrap_or(Self::MAX)
    }

    /// Returns the exponent on the wire, 0 to 15.
    pub fn exponent(self) -> u8 {
        self.0
    }

    /// Returns the length in octets.
    pub fn bytes(self) -> usize {
        512 << self.0
    }
}

/// The client's half. A server that accepts repeats it with its own maximum length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// Number of the serializer, 1 to 15. It may be unknown here.
    pub serializer: u8,
    /// Maximum length of the messages that the sender of this half accepts.
    pub max_length: MaxLength,
}

/// The received octets are not a valid client handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The first octet is wrong.
    #[error("the first octet is 0x{0:02x}, not 0x7f")]
    Magic(u8),
    /// Serializer 0, which is reserved for errors.
    #[error("the client asks for serializer 0, which is reserved for errors")]
    NoSerializer,
    /// The last two octets are not 0. The server reports this to the client.
    #[error("reserved octets in the client's handshake: {0:02x?}")]
    Reserved([u8; 2]),
}

/// The server's half is not valid, or it refuses the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplyError {
    /// The first octet is wrong.
    #[error("the server does not speak RawSocket: its answer begins with 0x{0:02x}, not 0x7f")]
    Magic(u8),
    /// The server refuses with a known reason.
    #[error("the server refuses: {0}")]
    Refused(RawSocketRefusal),
    /// The server refuses with an undefined code: 0, or 5 to 15.
    #[error("the server refuses with the unknown error code {0}")]
    UnknownCode(u8),
    /// The server answers with another serializer than requested.
    #[error("the server answers with serializer {answered}, asked for {asked}")]
    Serializer {
        /// Requested number.
        asked: u8,
        /// Received number.
        answered: u8,
    },
    /// The last two octets are not 0.
    #[error("reserved octets in the server's handshake: {0:02x?}")]
    Reserved([u8; 2]),
}

impl Request {
    /// Creates the request for a serializer.
    pub fn new(serializer: Serializer, max_length: MaxLength) -> Self {
        Request { serializer: serializer.raw_socket_id(), max_length }
    }

    /// Parses the client's half. Does not check that the serializer is supported.
    ///
    /// # Errors
    /// Returns [`RequestError`]. The server must fail the connection, after sending
    /// [`RequestError::refusal`] if there is one.
    pub fn read(octets: [u8; HANDSHAKE_SIZE]) -> Result<Self, RequestError> {
        let [magic, second, reserved @ ..] = octets;
        let (max_length, serializer) = nibbles(second);
        match (magic, serializer, reserved) {
            (MAGIC, 0, _) => Err(RequestError::NoSerializer),
            (MAGIC, _, [0, 0]) => Ok(Request { serializer, max_length: MaxLength(max_length) }),
            (MAGIC, _, reserved) => Err(RequestError::Reserved(reserved)),
            (magic, _, _) => Err(RequestError::Magic(magic)),
        }
    }

    /// Returns the wire form.
    pub fn octets(self) -> [u8; HANDSHAKE_SIZE] {
        [MAGIC, self.max_length.0 << 4 | self.serializer & 0x0f, 0, 0]
    }
}

impl RequestError {
    /// Returns the refusal to send to the client, if the protocol defines one for this error.
    pub fn refusal(self) -> Option<RawSocketRefusal> {
        match self {
            RequestError::Reserved(_) => Some(RawSocketRefusal::ReservedBits),
            RequestError::Magic(_) | RequestError::NoSerializer => None,
        }
    }
}

/// The server's half.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandshakeReply {
    /// Accepts: the client's serializer, and the server's maximum length.
    Accept(Request),
    /// Refuses. The server then closes the connection.
    Refuse(RawSocketRefusal),
}

impl HandshakeReply {
    /// Parses the answer to `request` and returns the server's maximum length.
    ///
    /// # Errors
    /// Returns [`ReplyError`]. The client must fail the connection.
    pub fn read(octets: [u8; HANDSHAKE_SIZE], request: Request) -> Result<MaxLength, ReplyError> {
        let [magic, second, reserved @ ..] = octets;
        if magic != MAGIC {
            return Err(ReplyError::Magic(magic));
        }
        match (nibbles(second), reserved) {
            ((code, 0), _) => Err(RawSocketRefusal::from_code(code)
                .map_or(ReplyError::UnknownCode(code), ReplyError::Refused)),
            ((_, answered), _) if answered != request.serializer => {
                Err(ReplyError::Serializer { asked: request.serializer, answered })
            }
            ((max_length, _), [0, 0]) => Ok(MaxLength(max_length)),
            (_, reserved) => Err(ReplyError::Reserved(reserved)),
        }
    }

    /// Returns the wire form.
    pub fn octets(self) -> [u8; HANDSHAKE_SIZE] {
        match self {
            HandshakeReply::Accept(request) => request.octets(),
            HandshakeReply::Refuse(refusal) => [MAGIC, refusal.code() << 4, 0, 0],
        }
    }
}

fn nibbles(octet: u8) -> (u8, u8) {
    (octet >> 4, octet & 0x0f)
}
