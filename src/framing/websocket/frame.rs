//! Contains [`FrameHeader`], what stands before the payload of a frame (RFC 6455, section 5.2).

use super::Role;
use super::error::ReadError;
use super::mask::Mask;

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

/// What tells the first frame of a message from others.
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

    /// Returns the octets of the header, and their number.
    pub fn octets(&self) -> ([u8; MAX_HEADER], usize) {
        let mut octets = [0; MAX_HEADER];
        octets[0] = self.op_code as u8;
        octets[0] |= if self.fin { FIN } else { 0 };
        octets[0] |= if self.compressed { RSV1 } else { 0 };
        let masked = if self.mask.is_some() { MASKED } else { 0 };
        let mut end = match self.length {
            0..126 => {
                octets[1] = masked | self.length as u8;
                2
            }
            126..0x1_0000 => {
                octets[1] = masked | LENGTH_16;
                octets[2..4].copy_from_slice(&(self.length as u16).to_be_bytes());
                4
            }
            _ => {
                octets[1] = masked | LENGTH_64;
                octets[2..10].copy_from_slice(&self.length.to_be_bytes());
                10
            }
        };
        if let Some(mask) = self.mask {
            octets[end..end + 4].copy_from_slice(&mask);
            end += 4;
        }
        (octets, end)
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
