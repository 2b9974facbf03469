//! Implements batches: several WAMP messages in one WebSocket message, as in the subprotocols
//! `wamp.2.<serializer>.batched` (spec: "Batched WebSocket transport").
//!
//! JSON: a separator follows each message, including the last one. The specification writes the
//! separator as `\30` and as the octet 0x1e. Autobahn and Crossbar read the first as octal; they
//! write and accept 0x18 only. Neither octet can occur in a JSON text, so this module reads both.
//!
//! MessagePack and CBOR: the length precedes each message as an unsigned 32-bit big-endian number.

use bytes::{Buf, Bytes};

use crate::message::Serializer;

/// The delimiter of the messages in a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BatchFormat {
    /// The octet 0x18 after each message: JSON of Autobahn and Crossbar.
    Separated18,
    /// The octet 0x1e after each message: JSON of the specification.
    Separated1e,
    /// The length before each message: MessagePack and CBOR.
    Prefixed,
}

/// The reason why bytes are not a valid batch. No message of such a batch is used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BatchError {
    /// The batch contains no message.
    #[error("the batch contains no message")]
    Empty,
    /// The separator after the last message is missing.
    #[error("the batch does not end with a separator (0x18 or 0x1e)")]
    Unended,
    /// The rest is too short for a length.
    #[error("{left} bytes follow the last message of the batch")]
    Rest {
        /// Number of bytes left.
        left: usize,
    },
    /// The rest is too short for the message.
    #[error("the batch ends within a message: {length} bytes announced, {left} received")]
    Truncated {
        /// Length of the message by its prefix.
        length: u32,
        /// Number of bytes left.
        left: usize,
    },
}

const PREFIX: usize = size_of::<u32>();

impl BatchFormat {
    /// Returns the format that a client starts with. Autobahn and Crossbar accept it, too.
    pub fn of(serializer: Serializer) -> Self {
        match serializer {
            text if !text.is_binary() => BatchFormat::Separated18,
            _ => BatchFormat::Prefixed,
        }
    }

    /// Returns the number of additional bytes per message.
    pub fn overhead(self) -> usize {
        self.separator().map_or(PREFIX, |_| 1)
    }

    /// Returns the maximum length of a message in a batch, in bytes.
    pub fn max_message(self) -> usize {
        match self {
            BatchFormat::Separated18 | BatchFormat::Separated1e => usize::MAX,
            BatchFormat::Prefixed => u32::MAX as usize,
        }
    }

    /// Appends a message to a batch. Returns false and appends nothing if the message is longer
    /// than [`max_message`](Self::max_message).
    #[must_use]
    pub fn append(self, message: &[u8], batch: &mut Vec<u8>) -> bool {
        match self.separator() {
            Some(separator) => {
                batch.extend_from_slice(message);
                batch.push(separator);
            }
            None => {
                let Ok(length) = u32::try_from(message.len()) else { return false };
                batch.extend_from_slice(&length.to_be_bytes());
                batch.extend_from_slice(message);
            }
        }
        true
    }

    fn separator(self) -> Option<u8> {
        match self {
            BatchFormat::Separated18 => Some(0x18),
            BatchFormat::Separated1e => Some(0x1e),
            BatchFormat::Prefixed => None,
        }
    }

    fn separated_by(octet: u8) -> Option<Self> {
        [BatchFormat::Separated18, BatchFormat::Separated1e]
            .into_iter()
            .find(|format| format.separator() == Some(octet))
    }
}

/// The messages of a batch, in order. The messages themselves are not checked.
///
/// ```
/// use wampwerk::Serializer;
/// use wampwerk::internals::framing::batch::{Batch, BatchFormat};
///
/// let batch = Batch::read(Serializer::Json, "[17,1,2]\x1e[35,3]\x1e".into())?;
/// assert_eq!(batch.format(), BatchFormat::Separated1e);
/// assert!(batch.eq(["[17,1,2]", "[35,3]"]));
/// # Ok::<(), wampwerk::internals::framing::batch::BatchError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Batch {
    format: BatchFormat,
    rest: Bytes,
    /// Messages below this length are copied, because a stored message would otherwise keep the
    /// whole batch alive.
    short: usize,
}

impl Batch {
    /// Creates the iterator after checking the delimiters of the whole batch.
    ///
    /// # Errors
    ///
    /// Returns [`BatchError`] if the bytes are not a valid batch.
    pub fn read(serializer: Serializer, batch: Bytes) -> Result<Self, BatchError> {
        let mut format = BatchFormat::of(serializer);
        let last = *batch.last().ok_or(BatchError::Empty)?;
        if format.separator().is_some() {
            format = BatchFormat::separated_by(last).ok_or(BatchError::Unended)?;
        } else {
            check_lengths(&batch)?;
        }
        Ok(Batch { format, short: batch.len() / 2, rest: batch })
    }

    /// Returns the format of the batch.
    pub fn format(&self) -> BatchFormat {
        self.format
    }
}

impl Iterator for Batch {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        let length = match self.format.separator() {
            Some(separator) => self.rest.iter().position(|&octet| octet == separator)?,
            // `read` has checked that the prefix and the message are complete.
            None => self.rest.try_get_u32().ok()? as usize,
        };
        let message = self.rest.split_to(length.min(self.rest.len()));
        if self.format != BatchFormat::Prefixed {
            self.rest.advance(1);
        }
        Some(if length < self.short { Bytes::copy_from_slice(&message) } else { message })
    }
}

fn check_lengths(mut rest: &[u8]) -> Result<(), BatchError> {
    while !rest.is_empty() {
        let Some((prefix, behind)) = rest.split_first_chunk::<PREFIX>() else {
            return Err(BatchError::Rest { left: rest.len() });
        };
        let length = u32::from_be_bytes(*prefix);
        rest = behind
            .get(length as usize..)
            .ok_or(BatchError::Truncated { length, left: behind.len() })?;
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests may")]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_batch_is_refused_as_a_whole() {
        for (serializer, bytes, expected) in [
            (Serializer::Json, &b""[..], BatchError::Empty),
            (Serializer::Cbor, b"", BatchError::Empty),
            (Serializer::Json, b"[1]", BatchError::Unended),
            (Serializer::Json, b"[1]\x18[2]", BatchError::Unended),
            (Serializer::Json, b"[1]\n", BatchError::Unended),
            (Serializer::MsgPack, b"\0\0\0", BatchError::Rest { left: 3 }),
            (Serializer::Cbor, b"\0\0\0\x01\x80\0", BatchError::Rest { left: 1 }),
            (Serializer::Cbor, b"\0\0\0\x02\x80", BatchError::Truncated { length: 2, left: 1 }),
            (
                Serializer::MsgPack,
                b"\0\0\0\x01\x80\xff\xff\xff\xff",
                BatchError::Truncated { length: u32::MAX, left: 0 },
            ),
        ] {
            let read = Batch::read(serializer, Bytes::copy_from_slice(bytes));
            assert_eq!(read.unwrap_err(), expected, "{bytes:x?}");
        }
    }

    #[test]
    fn a_short_message_does_not_keep_a_long_batch() {
        let mut bytes = Vec::new();
        for length in [10, 1000, 10] {
            assert!(BatchFormat::Prefixed.append(&vec![0x80; length], &mut bytes));
        }
        let batch = Bytes::from(bytes);
        let whole = batch.as_ptr_range();
        let within: Vec<_> = Batch::read(Serializer::Cbor, batch)
            .unwrap()
            .map(|message| whole.contains(&message.as_ptr()))
            .collect();
        assert_eq!(within, [false, true, false]);
    }
}
