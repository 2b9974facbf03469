//! Contains [`Header`], the four octets before each payload: `RRRR X TTT`, and 24 bits of length.

/// Number of octets before each payload.
pub const HEADER_SIZE: usize = 4;

/// Maximum length of a payload: 2^24 octets, using the 25th bit of the length.
pub const MAX_FRAME: usize = 1 << 24;

/// Maximum length of a message to send: 2^24 - 1 octets. Autobahn and Crossbar do not support the
/// 25th bit.
pub const MAX_MESSAGE: usize = MAX_FRAME - 1;

const RESERVED: u8 = 0xf0;
const KIND: u8 = 0x07;

/// The type of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FrameKind {
    /// 0: a WAMP message.
    Message,
    /// 1: a PING, answered with a PONG with the same payload.
    Ping,
    /// 2: the answer to a PING.
    Pong,
}

impl FrameKind {
    fn code(self) -> u8 {
        match self {
            FrameKind::Message => 0,
            FrameKind::Ping => 1,
            FrameKind::Pong => 2,
        }
    }

    fn from_code(code: u8) -> Result<Self, FrameError> {
        match code {
            0 => Ok(FrameKind::Message),
            1 => Ok(FrameKind::Ping),
            2 => Ok(FrameKind::Pong),
            code => Err(FrameError::ReservedKind(code)),
        }
    }
}

/// The header of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Type of the frame.
    pub kind: FrameKind,
    /// Length of the payload in octets.
    pub length: usize,
}

/// The received bytes are not a valid frame, or the frame is not accepted. The position of the next
/// frame is then unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// A reserved type, 3 to 7.
    #[error("a frame of the reserved type {0}")]
    ReservedKind(u8),
    /// The upper four bits of the first octet are not 0.
    #[error("reserved bits in a frame's header: 0x{0:02x}")]
    ReservedBits(u8),
    /// The payload is longer than the agreed limit.
    #[error("a frame of {length} bytes exceeds the limit of {limit}")]
    TooLong {
        /// Length of the payload in octets.
        length: usize,
        /// Limit in octets.
        limit: usize,
    },
}

impl Header {
    /// Parses a header. The length may be up to 2^25 - 1; the caller must compare it with its
    /// limit, also above [`MAX_FRAME`].
    ///
    /// # Errors
    /// Returns [`FrameError`] for reserved bits and reserved types.
    pub fn read(octets: [u8; HEADER_SIZE]) -> Result<Self, FrameError> {
        let [first, _, _, _] = octets;
        if first & RESERVED != 0 {
            return Err(FrameError::ReservedBits(first));
        }
        let kind = FrameKind::from_code(first & KIND)?;
        let number = u32::from_be_bytes(octets) as usize;
        // The 25th bit is above the type.
        let length = number & MAX_MESSAGE | (number >> 3) & MAX_FRAME;
        Ok(Header { kind, length })
    }

    /// Returns the wire form, or `None` if the length exceeds [`MAX_FRAME`].
    pub fn octets(self) -> Option<[u8; HEADER_SIZE]> {
        let length = u32::try_from(self.length).ok().filter(|_| self.length <= MAX_FRAME)?;
        let [long, high, middle, low] = length.to_be_bytes();
        Some([long << 3 | self.kind.code(), high, middle, low])
    }
}
