//! The handshake: four octets each way, the client's first.

use crate::error::RawSocketRefusal;
use crate::message::Serializer;

/// The first octet of both. No HTTP request begins with it, nor does TLS.
pub const MAGIC: u8 = 0x7f;

/// How many octets each half has.
pub const HANDSHAKE_SIZE: usize = 4;

/// The longest message that one side takes: 2^(9 + exponent) octets, with an exponent of 0 to 15,
/// which is 512 octets to 16 MiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MaxLength(u8);

impl MaxLength {
    /// 512 octets.
    pub const MIN: MaxLength = MaxLength(0);

    /// 16 MiB.
    pub const MAX: MaxLength = MaxLength(15);

    /// Of an exponent; `None` above 15.
    pub fn new(exponent: u8) -> Option<Self> {
        (exponent <= Self::MAX.0).then_some(MaxLength(exponent))
    }

    /// The smallest one in which a message of so many octets has room. 16 MiB for more.
    pub fn covering(bytes: usize) -> Self {
        let exponents = Self::MIN.0..Self::MAX.0;
        exponents.map(MaxLength).find(|max| max.bytes() >= bytes).unwrap_or(Self::MAX)
    }

    /// 0 to 15, as on the wire.
    pub fn exponent(self) -> u8 {
        self.0
    }

    /// How many octets that is.
    pub fn bytes(self) -> usize {
        512 << self.0
    }
}

/// What the client says, and what the server repeats with its own length to agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// The number of the serializer, 1 to 15: also one that we do not speak.
    pub serializer: u8,
    /// The longest message that the sender of this takes.
    pub max_length: MaxLength,
}

/// What came is no request of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The first octet is another one.
    #[error("the first octet is 0x{0:02x}, not 0x7f")]
    Magic(u8),
    /// Serializer 0, which is used for errors.
    #[error("the client asks for serializer 0, which is none")]
    NoSerializer,
    /// The last two octets are not 0. The client is told so.
    #[error("reserved octets in the client's handshake: {0:02x?}")]
    Reserved([u8; 2]),
}

/// What came from the server does not let us go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplyError {
    /// The first octet is another one.
    #[error("the server does not speak RawSocket: its answer begins with 0x{0:02x}, not 0x7f")]
    Magic(u8),
    /// The server refuses, and says why.
    #[error("the server refuses: {0}")]
    Refused(RawSocketRefusal),
    /// The server refuses by a code that has no meaning: 0, or 5 to 15.
    #[error("the server refuses by the unknown error code {0}")]
    UnknownCode(u8),
    /// The server answers with another serializer than the one that it was asked for.
    #[error("the server answers with serializer {answered}, asked for {asked}")]
    Serializer {
        /// The number that we sent.
        asked: u8,
        /// The number that came.
        answered: u8,
    },
    /// The last two octets are not 0.
    #[error("reserved octets in the server's handshake: {0:02x?}")]
    Reserved([u8; 2]),
}

impl Request {
    /// Asks for a serializer of ours.
    pub fn new(serializer: Serializer, max_length: MaxLength) -> Self {
        Request { serializer: serializer.raw_socket_id(), max_length }
    }

    /// Reads what a client says. Whether the serializer is one of ours is not looked at.
    ///
    /// # Errors
    /// [`RequestError`]: the connection is to be failed, with [`RequestError::refusal`] as the last
    /// word.
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

    /// As it is on the wire.
    pub fn octets(self) -> [u8; HANDSHAKE_SIZE] {
        [MAGIC, self.max_length.0 << 4 | self.serializer & 0x0f, 0, 0]
    }
}

impl RequestError {
    /// What the client is told, if there is a word for it.
    pub fn refusal(self) -> Option<RawSocketRefusal> {
        match self {
            RequestError::Reserved(_) => Some(RawSocketRefusal::ReservedBits),
            RequestError::Magic(_) | RequestError::NoSerializer => None,
        }
    }
}

/// What the server answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The client's serializer, and how long a message the server takes.
    Accept(Request),
    /// No. The connection is closed then.
    Refuse(RawSocketRefusal),
}

impl Reply {
    /// Reads the answer to `request`: how long a message the server takes.
    ///
    /// # Errors
    /// [`ReplyError`]: the connection is to be failed.
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

    /// As it is on the wire.
    pub fn octets(self) -> [u8; HANDSHAKE_SIZE] {
        match self {
            Reply::Accept(request) => request.octets(),
            Reply::Refuse(refusal) => [MAGIC, refusal.code() << 4, 0, 0],
        }
    }
}

fn nibbles(octet: u8) -> (u8, u8) {
    (octet >> 4, octet & 0x0f)
}
