//! `Header`: the four octets before each payload: `RRRR X TTT`, and 24 bits of length.

/// How many octets there are before each payload.
pub const HEADER_SIZE: usize = 4;

/// The longest payload that has a form: 2^24 octets, by the 25th bit of the length.
pub const MAX_FRAME: usize = 1 << 24;

/// The longest message that we send: 2^24 - 1 octets. Autobahn and Crossbar do not know the 25th
/// bit.
pub const MAX_MESSAGE: usize = MAX_FRAME - 1;

const RESERVED: u8 = 0xf0;
const KIND: u8 = 0x07;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FrameKind {
    /// 0: a WAMP message.
    Message,
    /// 1: is to be answered by a PONG with the same payload.
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

/// What a frame's header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What follows.
    pub kind: FrameKind,
    /// How many octets of it.
    pub length: usize,
}

/// The peer sent what is no frame, or a frame that is not taken. There is no way to find the next
/// one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// A type that has no meaning, 3 to 7.
    #[error("a frame of the reserved type {0}")]
    ReservedKind(u8),
    /// The upper four bits of the first octet are not 0.
    #[error("reserved bits in a frame's header: 0x{0:02x}")]
    ReservedBits(u8),
    /// The payload is longer than what was agreed on.
    #[error("a frame of {length} bytes exceeds the limit of {limit}")]
    TooLong {
        /// How long it is.
        length: usize,
        /// How long it may be.
        limit: usize,
    },
}

impl Header {
    /// Reads a header. The length may be up to 2^25 - 1: what is more than [`MAX_FRAME`] is for the
    /// limit of who reads.
    ///
    /// # Errors
    /// Reserved bits or types.
    pub fn read(octets: [u8; HEADER_SIZE]) -> Result<Self, FrameError> {
        let [first, _, _, _] = octets;
        if first & RESERVED != 0 {
            return Err(FrameError::ReservedBits(first));
        }
        let kind = FrameKind::from_code(first & KIND)?;
        let number = u32::from_be_bytes(octets) as usize;
        // The 25th bit lies above the type.
        let length = number & MAX_MESSAGE | (number >> 3) & MAX_FRAME;
        Ok(Header { kind, length })
    }

    /// As it is on the wire; `None` if the length is more than [`MAX_FRAME`].
    pub fn octets(self) -> Option<[u8; HEADER_SIZE]> {
        let length = u32::try_from(self.length).ok().filter(|_| self.length <= MAX_FRAME)?;
        let [long, high, middle, low] = length.to_be_bytes();
        Some([long << 3 | self.kind.code(), high, middle, low])
    }
}
