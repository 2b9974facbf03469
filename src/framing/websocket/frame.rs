//! Contains [`FrameHeader`], what stands before the payload of a frame (RFC 6455, section 5.2).

use super::error::ReadError;
use super::mask::Mask;
use super::{Kind, Role};

/// Maximum length of a header in octets.
pub const MAX_HEADER: usize = 14;

/// Maximum length of the payload of a control frame.
pub const MAX_CONTROL: usize = 125;

const FIN: u8 = 0x80;
const RSV1: u8 = 0x40;
const RSV2_RSV3: u8 = 0x30;
const OP_CODE: u8 = 0x0f;
const MASKED: u8 = 0x80;
const LENGTH: u8 = 0x7f;
const LENGTH_16: u8 = 126;
const LENGTH_64: u8 = 127;

/// Type of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum OpCode {
    /// A further frame of a message.
    Continuation = 0,
    /// The first frame of a text message.
    Text = 1,
    /// The first frame of a binary message.
    Binary = 2,
    /// The end of the connection.
    Close = 8,
    /// A question for a sign of life.
    Ping = 9,
    /// The answer to a ping.
    Pong = 10,
}

impl OpCode {
    /// Returns whether this is a control frame, which may come between the frames of a message.
    pub fn is_control(self) -> bool {
        self as u8 >= 8
    }

    fn from_number(number: u8) -> Result<Self, ReadError> {
        Ok(match number {
            0 => OpCode::Continuation,
            1 => OpCode::Text,
            2 => OpCode::Binary,
            8 => OpCode::Close,
            9 => OpCode::Ping,
            10 => OpCode::Pong,
            other => return Err(ReadError::OpCode(other)),
        })
    }
}

/// Properties of the first frame of a message.
#[derive(Clone, Copy)]
pub(super) struct First {
    pub(super) op_code: OpCode,
    pub(super) compressed: bool,
}

/// Header of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHeader {
    /// True for the last frame of a message, and for control frames.
    pub fin: bool,
    /// True for the first frame of a compressed message (RFC 7692, section 6).
    pub compressed: bool,
    /// Type of the frame.
    pub op_code: OpCode,
    /// Mask of the payload, in frames of a client.
    pub mask: Option<Mask>,
    /// Length of the payload in octets.
    pub length: u64,
}

impl FrameHeader {
    /// Reads the header that these octets begin with; `None` if they are too few. Returns the number of
    /// its octets, too. `from` is the side that sent it; `compression` tells whether compression was agreed.
    ///
    /// # Errors
    /// Returns the first breach, as soon as the octet that shows it is there.
    pub fn parse(
        octets: &[u8],
        from: Role,
        compression: bool,
    ) -> Result<Option<(Self, usize)>, ReadError> {
        let Some(&first) = octets.first() else { return Ok(None) };
        let op_code = OpCode::from_number(first & OP_CODE)?;
        let fin = first & FIN != 0;
        let compressed = first & RSV1 != 0;
        let may_be_compressed = compression && matches!(op_code, OpCode::Text | OpCode::Binary);
        if first & RSV2_RSV3 != 0 || compressed && !may_be_compressed {
            return Err(ReadError::ReservedBits((first >> 4) & 7));
        }
        if op_code.is_control() && !fin {
            return Err(ReadError::FragmentedControl);
        }
        let Some(&second) = octets.get(1) else { return Ok(None) };
        let masked = second & MASKED != 0;
        match (from, masked) {
            (Role::Client, false) => return Err(ReadError::NotMasked),
            (Role::Server, true) => return Err(ReadError::Masked),
            _ => {}
        }
        let short = second & LENGTH;
        if op_code.is_control() && short > MAX_CONTROL as u8 {
            return Err(ReadError::LongControl);
        }
        let (length, mut end) = match short {
            LENGTH_16 => {
                let Some(octets) = octets.get(2..4) else { return Ok(None) };
                (number(octets), 4)
            }
            LENGTH_64 => {
                let Some(octets) = octets.get(2..10) else { return Ok(None) };
                (number(octets), 10)
            }
            short => (u64::from(short), 2),
        };
        let least = match short {
            LENGTH_16 => 126,
            LENGTH_64 => 0x1_0000,
            _ => 0,
        };
        if length < least || length > i64::MAX as u64 {
            return Err(ReadError::Length(length));
        }
        let mut mask = None;
        if masked {
            let Some(octets) = octets[end..].first_chunk() else { return Ok(None) };
            mask = Some(*octets);
            end += octets.len();
        }
        Ok(Some((FrameHeader { fin, compressed, op_code, mask, length }, end)))
    }

    /// Reads the beginning of a frame that is a whole message of less than 126 octets, not compressed: its
    /// kind, whether it is masked, the length of its payload, and what follows. `None` for any other.
    #[inline]
    pub(super) fn parse_short(octets: &[u8]) -> Option<(Kind, bool, usize, &[u8])> {
        const TEXT: u8 = FIN | OpCode::Text as u8;
        const BINARY: u8 = FIN | OpCode::Binary as u8;
        let [first, second, rest @ ..] = octets else { return None };
        let kind = match *first {
            TEXT => Kind::Text,
            BINARY => Kind::Binary,
            _ => return None,
        };
        let length = second & LENGTH;
        (length < LENGTH_16).then(|| (kind, second & MASKED != 0, usize::from(length), rest))
    }

    /// Returns the octets of the header, with zeros behind, and their number.
    #[inline]
    pub fn octets(&self) -> ([u8; 16], usize) {
        let masked = if self.mask.is_some() { MASKED } else { 0 };
        // All in one word: octets that are written one by one and then read together take ten nanoseconds.
        let (second, length, end) = match self.length {
            short @ 0..126 => (short as u8, 0, 2),
            middle @ 126..0x1_0000 => (LENGTH_16, u64::from((middle as u16).swap_bytes()), 4),
            long => (LENGTH_64, long.swap_bytes(), 10),
        };
        let fin = if self.fin { FIN } else { 0 };
        let compressed = if self.compressed { RSV1 } else { 0 };
        let first = self.op_code as u8 | fin | compressed;
        let start = u16::from_le_bytes([first, masked | second]);
        let mut word = u128::from(start) | u128::from(length) << 16;
        let mut count = end;
        if let Some(mask) = self.mask {
            word |= u128::from(u32::from_le_bytes(mask)) << (8 * end);
            count += mask.len();
        }
        (word.to_le_bytes(), count)
    }
}

impl First {
    pub(super) fn header(self, fin: bool, mask: Option<Mask>, length: u64) -> FrameHeader {
        let First { op_code, compressed } = self;
        FrameHeader { fin, compressed, op_code, mask, length }
    }
}

fn number(octets: &[u8]) -> u64 {
    octets.iter().fold(0, |number, octet| number << 8 | u64::from(*octet))
}
