//! Implements RawSocket framing (spec: "RawSocket Transport"): the handshake, frames with a header
//! of four octets, and limits. All numbers are big-endian.
//!
//! ```
//! use wampwerk::Serializer;
//! use wampwerk::internals::framing::rawsocket::{Frame, FrameReader};
//! use wampwerk::internals::framing::rawsocket::{FrameWriter, MaxLength, Request};
//!
//! let request = Request::new(Serializer::Json, MaxLength::MAX);
//! assert_eq!(request.octets(), [0x7f, 0xf1, 0, 0]);
//!
//! let mut writer = FrameWriter::new();
//! writer.push(Frame::message("[1,\"realm1\",{}]"))?;
//! let mut reader = FrameReader::new(MaxLength::MAX.bytes());
//! for octet in writer.chunks().flatten() {
//!     reader.feed(&[*octet]);
//! }
//! assert_eq!(reader.next_frame()?, Some(Frame::message("[1,\"realm1\",{}]")));
//! assert_eq!(reader.next_frame()?, None);
//! # Ok::<(), wampwerk::internals::framing::rawsocket::FrameError>(())
//! ```

mod handshake;
mod header;
mod reader;
mod writer;

use bytes::Bytes;

pub use self::handshake::{
    HANDSHAKE_SIZE, HandshakeReply, MAGIC, MaxLength, ReplyError, Request, RequestError,
};
pub use self::header::{FrameError, FrameKind, HEADER_SIZE, Header, MAX_FRAME, MAX_MESSAGE};
pub use self::reader::FrameReader;
pub use self::writer::FrameWriter;
pub use crate::error::RawSocketRefusal;

/// A frame after the handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Type of the frame.
    pub kind: FrameKind,
    /// Payload: the bytes of a message, or any bytes for PING and PONG.
    pub payload: Bytes,
}

impl Frame {
    /// Creates a frame with a WAMP message.
    pub fn message(payload: impl Into<Bytes>) -> Self {
        Frame { kind: FrameKind::Message, payload: payload.into() }
    }

    /// Creates a PING. The peer answers with a PONG with the same payload.
    pub fn ping(payload: impl Into<Bytes>) -> Self {
        Frame { kind: FrameKind::Ping, payload: payload.into() }
    }

    /// Creates the answer to a PING.
    pub fn pong(payload: impl Into<Bytes>) -> Self {
        Frame { kind: FrameKind::Pong, payload: payload.into() }
    }
}
