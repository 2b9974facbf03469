//! Batches: several WAMP messages in one WebSocket message, as the subprotocols
//! `wamp.2.<serializer>.batched` have them (spec: "Batched WebSocket transport").
//!
//! JSON texts are each followed by a separator, also the last one. The specification writes it as
//! `\30` and as the octet 0x1e; Autobahn and Crossbar took the first for octal and write, and read,
//! 0x18 only. Neither octet can stand within a JSON text, so both are read here.
//! Of MessagePack and CBOR, each message is preceded by its length as an unsigned 32-bit number,
//! most significant octet first.

use bytes::{Buf, Bytes};

use crate::message::Serializer;

/// How the messages of a batch are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BatchFormat {
    /// The octet 0x18 behind each message: Autobahn's and Crossbar's JSON.
    Separated18,
    /// The octet 0x1e behind each message: JSON by the specification.
    Separated1e,
    /// The length before each message: MessagePack and CBOR.
    Prefixed,
}

/// Why bytes are no batch. Nothing of them is taken then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BatchError {
    /// There is no message in it.
    #[error("a batch without a message")]
    Empty,
    /// There is no separator behind the last message.
    #[error("a batch that does not end with a separator (0x18 or 0x1e)")]
    Unended,
    /// What is left is too short for a length.
    #[error("a batch with {left} bytes behind its last message")]
    Rest {
        /// How many bytes there are.
        left: usize,
    },
    /// What is left is too short for the message.
    #[error("a batch that ends within a message: {length} bytes announced, {left} there")]
    Truncated {
        /// How long the message is, by its prefix.
        length: u32,
        /// How many bytes there are.
        left: usize,
    },
}

const PREFIX: usize = size_of::<u32>();

impl BatchFormat {
    /// How a client begins: with what Autobahn and Crossbar read, too.
    pub fn of(serializer: Serializer) -> Self {
        match serializer {
            Serializer::Json => BatchFormat::Separated18,
            Serializer::MsgPack | Serializer::Cbor => BatchFormat::Prefixed,
        }
    }

    /// How many bytes a message takes more in a batch.
    pub fn overhead(self) -> usize {
        self.separator().map_or(PREFIX, |_| 1)
    }

    /// The longest message that has a form in a batch.
    pub fn max_message(self) -> usize {
        match self {
            BatchFormat::Separated18 | BatchFormat::Separated1e => usize::MAX,
            BatchFormat::Prefixed => u32::MAX as usize,
        }
    }

    /// Adds a message to a batch. False, and nothing is added, if it is longer than
    /// [`max_message`](Self::max_message).
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

/// The messages of a batch, in order. Whether a message is one is for its reader to find out.
///
/// ```
/// use wampwerk::Serializer;
/// use wampwerk::framing::batch::{Batch, BatchFormat};
///
/// let batch = Batch::read(Serializer::Json, "[17,1,2]\x1e[35,3]\x1e".into())?;
/// assert_eq!(batch.format(), BatchFormat::Separated1e);
/// assert!(batch.eq(["[17,1,2]", "[35,3]"]));
/// # Ok::<(), wampwerk::framing::batch::BatchError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Batch {
    format: BatchFormat,
    rest: Bytes,
    /// Shorter messages are copied out. Whoever keeps one would keep the whole batch otherwise.
    short: usize,
}

impl Batch {
    /// Takes a batch, after looking whether it is whole.
    ///
    /// # Errors
    ///
    /// [`BatchError`] if it is none.
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

    /// How it was written.
    pub fn format(&self) -> BatchFormat {
        self.format
    }
}

impl Iterator for Batch {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        let length = match self.format.separator() {
            Some(separator) => self.rest.iter().position(|&octet| octet == separator)?,
            // Both were looked at before: there is a prefix, and as much behind it.
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
