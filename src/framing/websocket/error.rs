//! Contains [`ReadError`], what a peer did that ends a connection.

/// The peer broke a rule of WebSocket, or exceeded a limit. Nothing more can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// RSV1, RSV2 or RSV3 is set without a meaning. Contains the three bits.
    #[error("reserved bits {0:03b} of a frame are set")]
    ReservedBits(u8),
    /// An opcode that is reserved.
    #[error("opcode {0} of a frame is reserved")]
    OpCode(u8),
    /// A frame of a server with a mask.
    #[error("a frame of the server is masked")]
    Masked,
    /// A frame of a client without a mask.
    #[error("a frame of the client is not masked")]
    NotMasked,
    /// A length that is not in its shortest form, or has its highest bit set.
    #[error("length {0} of a frame is not in its shortest form, or too large")]
    Length(u64),
    /// A control frame that is not the only one of its message.
    #[error("a control frame is fragmented")]
    FragmentedControl,
    /// A control frame of more than 125 octets.
    #[error("a control frame is longer than 125 bytes")]
    LongControl,
    /// A continuation without a message.
    #[error("a continuation frame continues no message")]
    NothingToContinue,
    /// A new message within a message.
    #[error("a message begins within another one")]
    WithinMessage,
    /// A payload of one octet in a Close frame.
    #[error("a Close frame has one byte in the place of a code")]
    CloseLength,
    /// A code that no Close frame may have.
    #[error("{0} is not a valid code of a Close frame")]
    CloseCode(u16),
    /// A reason of a Close frame that is not UTF-8.
    #[error("the reason of a Close frame is not valid UTF-8")]
    CloseReason,
    /// A text message that is not UTF-8.
    #[error("a text message is not valid UTF-8")]
    Utf8,
    /// A compressed message that cannot be decompressed.
    #[error("a compressed message cannot be decompressed")]
    Compression,
    /// A frame above the limit.
    #[error("a frame of {length} bytes is longer than {limit}")]
    FrameTooLong {
        /// Length of the frame in octets.
        length: u64,
        /// Longest frame that is accepted.
        limit: usize,
    },
    /// A message above the limit.
    #[error("a message of at least {length} bytes is longer than {limit}")]
    MessageTooLong {
        /// Least length of the message in octets.
        length: u64,
        /// Longest message that is accepted.
        limit: usize,
    },
}

impl ReadError {
    /// Returns the code of the Close frame that answers it (RFC 6455, section 7.4.1).
    pub fn close_code(self) -> u16 {
        match self {
            ReadError::Utf8 | ReadError::CloseReason | ReadError::Compression => 1007,
            ReadError::FrameTooLong { .. } | ReadError::MessageTooLong { .. } => 1009,
            _ => 1002,
        }
    }
}
