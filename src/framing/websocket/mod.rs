//! Contains the framing of WebSocket (RFC 6455) and its compression (RFC 7692): octets in, events out, without
//! I/O.
//!
//! [`Reader`] takes octets and returns [`Event`]s; [`Writer`] takes messages and returns octets.

use bytes::Bytes;

pub mod close;
mod compressing;
pub mod deflate;
mod error;
pub mod frame;
pub mod handshake;
pub mod mask;
mod reader;
pub mod utf8;
mod writer;

pub use compressing::COMPRESS_STEP;
pub use error::ReadError;
pub use reader::Reader;
pub use writer::{Form, MakeMask, WriteError, Writer};

use self::frame::OpCode;

/// Side of a connection. It decides about masks (RFC 6455, section 5.1) and parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Side that sent the request. It masks its frames.
    Client,
    /// Side that answered the request.
    Server,
}

/// Kind of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// UTF-8.
    Text,
    /// Anything.
    Binary,
}

/// Limits of what is read, in octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest payload of a frame.
    pub frame: usize,
    /// Longest message, decompressed.
    pub message: usize,
}

/// Input from the peer.
// With a whole word for the variant, events are moved by words. That takes a third off reading a short message.
#[repr(u64)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A message. Text is valid UTF-8.
    Message(Kind, Bytes),
    /// A part of a message, from a reader that returns messages in parts.
    Part(Part),
    /// A ping, which has to be answered.
    Ping(Bytes),
    /// A pong.
    Pong(Bytes),
    /// The Close frame, with its code and reason if it has them.
    Close(Option<(u16, String)>),
}

/// A part of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// A message begins.
    Begin(Kind),
    /// A frame begins, with the length that its header says.
    FrameBegin(u64),
    /// Octets of the message. Those of a text may end within a character.
    Data(Bytes),
    /// The frame ends.
    FrameEnd,
    /// The message ends.
    End,
}

impl Kind {
    fn op_code(self) -> OpCode {
        match self {
            Kind::Text => OpCode::Text,
            Kind::Binary => OpCode::Binary,
        }
    }
}
