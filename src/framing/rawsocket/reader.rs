//! Contains [`FrameReader`], which assembles received bytes into frames.
//!
//! Memory use follows the received bytes, not the length that a header claims. The limit is checked
//! as soon as the header is complete.

use bytes::{Buf, BufMut, Bytes};

use super::Frame;
use super::header::{FrameError, HEADER_SIZE, Header};

/// If at least this many bytes of a frame are missing, they are read into place without a copy.
const LONG: usize = 32 << 10;

/// Minimum growth of the memory for a frame.
const STEP: usize = 4 << 10;

/// Accepts bytes in chunks of any size and returns complete frames.
///
/// A frame that arrives in one chunk shares the memory of the chunk. Any other frame has memory of
/// its own.
#[derive(Debug)]
pub struct FrameReader {
    limit: usize,
    /// The limit at the start.
    longest: usize,
    /// Received bytes that were not processed yet.
    unread: Bytes,
    /// Bytes received after `unread`. Usually empty.
    later: Vec<u8>,
    partial: Partial,
    failed: Option<FrameError>,
}

/// An incomplete frame.
#[derive(Debug)]
enum Partial {
    /// This number of octets of the header.
    Header([u8; HEADER_SIZE], usize),
    Payload(Header, Vec<u8>),
}

impl FrameReader {
    /// Creates a reader for frames with payloads of up to `limit` octets.
    pub fn new(limit: usize) -> Self {
        FrameReader {
            limit,
            longest: limit,
            unread: Bytes::new(),
            later: Vec::new(),
            partial: Partial::NOTHING,
            failed: None,
        }
    }

    /// Refuses longer frames from now on; the limit of the start still applies.
    pub fn limit_frames(&mut self, octets: usize) {
        self.limit = octets.min(self.longest);
    }

    /// Adds received bytes. Earlier bytes need not be processed before; the cost per octet does not
    /// depend on it.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.failed.is_some() {
            return;
        }
        if !self.unread.is_empty() {
            self.later.extend_from_slice(bytes);
            return;
        }
        let rest = self.partial.take(bytes);
        if !rest.is_empty() {
            self.unread = Bytes::copy_from_slice(rest);
        }
    }

    /// Returns the buffer for the next bytes of a long incomplete frame. Bytes written there count
    /// as received, as with [`feed`](Self::feed), and both methods may be mixed. The buffer is
    /// never larger than the rest of the frame, and never much larger than the part already
    /// received.
    ///
    /// Returns `None` if there is no such frame, or if received bytes are still unprocessed.
    pub fn space(&mut self) -> Option<impl BufMut> {
        let Partial::Payload(header, payload) = &mut self.partial else { return None };
        let missing = header.length.saturating_sub(payload.len());
        if missing < LONG || !self.unread.is_empty() {
            return None;
        }
        if payload.len() == payload.capacity() {
            grow(payload, 1, missing);
        }
        Some(payload.limit(missing))
    }

    /// Returns the next complete frame, or `None` if more bytes are needed.
    ///
    /// # Errors
    /// Returns [`FrameError`] as early as possible, and again for every later call.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        loop {
            let frame = self.take_frame().inspect_err(|error| {
                self.failed = Some(*error);
                self.unread = Bytes::new();
                self.later = Vec::new();
                self.partial = Partial::NOTHING;
            })?;
            let more = self.unread.is_empty() && !self.later.is_empty();
            if more {
                self.unread = std::mem::take(&mut self.later).into();
            }
            if frame.is_some() || !more {
                return Ok(frame);
            }
        }
    }

    /// Returns whether a frame is incomplete. The end of the stream would truncate it.
    pub fn is_within_frame(&self) -> bool {
        !matches!(self.partial, Partial::Header(_, 0)) || !self.unread.is_empty()
    }

    fn take_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        let (header, payload) = match &mut self.partial {
            Partial::Header(octets, count) => {
                let missing = &mut octets[*count..];
                let new = missing.len().min(self.unread.len());
                missing[..new].copy_from_slice(&self.unread[..new]);
                self.unread.advance(new);
                *count += new;
                if *count < HEADER_SIZE {
                    // The chunk is used up; release its memory while waiting.
                    self.unread = Bytes::new();
                    return Ok(None);
                }
                let header = Header::read(*octets)?;
                let Header { length, .. } = header;
                if length > self.limit {
                    return Err(FrameError::TooLong { length, limit: self.limit });
                }
                if length > self.unread.len() {
                    self.partial = Partial::Payload(header, Vec::new());
                    self.partial.take(&std::mem::take(&mut self.unread));
                    return Ok(None);
                }
                // The last frame needs no split, which would cost an allocation.
                let last = length == self.unread.len();
                let payload = if last {
                    std::mem::take(&mut self.unread)
                } else {
                    self.unread.split_to(length)
                };
                (header, payload)
            }
            partial @ Partial::Payload(..) => {
                let rest = partial.take(&self.unread).len();
                self.unread.advance(self.unread.len() - rest);
                let Partial::Payload(header, payload) = partial else { return Ok(None) };
                if payload.len() < header.length {
                    // As above.
                    self.unread = Bytes::new();
                    return Ok(None);
                }
                (*header, std::mem::take(payload).into())
            }
        };
        self.partial = Partial::NOTHING;
        Ok(Some(Frame { kind: header.kind, payload }))
    }
}

impl Partial {
    const NOTHING: Partial = Partial::Header([0; HEADER_SIZE], 0);

    /// Takes the bytes that belong to the payload and returns the rest.
    fn take<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let Partial::Payload(header, payload) = self else { return bytes };
        let missing = header.length.saturating_sub(payload.len());
        let (new, rest) = bytes.split_at(missing.min(bytes.len()));
        grow(payload, new.len(), missing);
        payload.extend_from_slice(new);
        rest
    }
}

/// Makes room for `new` octets: doubles the capacity, up to the missing length.
fn grow(payload: &mut Vec<u8>, new: usize, missing: usize) {
    if payload.capacity() - payload.len() < new {
        let more = payload.len().max(STEP).min(missing);
        payload.reserve_exact(more.max(new));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests may")]
mod tests {
    use super::*;
    use crate::framing::rawsocket::MAX_FRAME;

    #[test]
    fn memory_follows_what_came_and_not_what_is_claimed() {
        let mut reader = FrameReader::new(MAX_FRAME);
        reader.feed(&[0x08, 0, 0, 0]);
        let mut came = 0;
        while came < MAX_FRAME {
            assert_eq!(reader.next_frame(), Ok(None));
            let Partial::Payload(_, payload) = &reader.partial else { unreachable!() };
            assert_eq!(payload.len(), came);
            assert!(payload.capacity() <= (2 * came).max(STEP), "{came}: {}", payload.capacity());
            // Alternates between copying and reading in place.
            let portion = (came / 3).clamp(1, MAX_FRAME - came);
            if came % 2 == 0
                && let Some(mut space) = reader.space()
            {
                let room = space.chunk_mut().len().min(portion);
                space.put_bytes(7, room);
                came += room;
                continue;
            }
            reader.feed(&vec![7; portion]);
            came += portion;
        }
        let frame = reader.next_frame().unwrap().unwrap();
        assert!(frame.payload.len() == MAX_FRAME && frame.payload.iter().all(|octet| *octet == 7));
        assert!(!reader.is_within_frame());
    }

    /// Feeds octet by octet and processes now and then. Stored bytes move only when the buffer
    /// doubles, however many there are.
    #[test]
    fn what_was_not_looked_at_is_not_copied_again_by_what_comes() {
        const FRAMES: usize = 20_000;
        let frame = [0, 0, 0, 3, 7, 8, 9];
        let stream = frame.repeat(FRAMES);
        // Processes never before the end; after each 1000 octets once; or until no frame is
        // complete.
        for (looks, patience) in [(usize::MAX, 0), (1000, 1), (1000, usize::MAX)] {
            let mut reader = FrameReader::new(MAX_FRAME);
            let (mut copied, mut frames) = (0, 0);
            for (index, octet) in stream.iter().enumerate() {
                let place = |reader: &FrameReader| (reader.later.as_ptr(), reader.unread.as_ptr());
                let (before, held) = (place(&reader), reader.later.len());
                let waited = !reader.unread.is_empty();
                reader.feed(&[*octet]);
                if waited {
                    assert_eq!(place(&reader).1, before.1, "the portion was copied");
                    copied += if place(&reader).0 == before.0 { 1 } else { held + 1 };
                }
                if index % looks == looks - 1 {
                    for _ in 0..patience {
                        // Moved bytes are handed over, not copied.
                        let later = reader.later.as_ptr();
                        let (was, there) = (reader.unread.len(), reader.later.len());
                        let Some(_) = reader.next_frame().unwrap() else { break };
                        frames += 1;
                        if there > 0 && reader.later.is_empty() {
                            let taken = there - reader.unread.len();
                            assert_eq!(reader.unread.as_ptr(), later.wrapping_add(taken), "{was}");
                        }
                    }
                }
            }
            while let Some(frame) = reader.next_frame().unwrap() {
                assert_eq!(frame, Frame::message(vec![7, 8, 9]));
                frames += 1;
            }
            assert_eq!((frames, reader.is_within_frame()), (FRAMES, false));
            assert!(copied <= 3 * stream.len(), "{copied} octets copied for {}", stream.len());
        }
    }

    #[test]
    fn a_reader_that_waits_keeps_no_portion_alive() {
        // Complete frames, followed by a part of a header or by a part of a payload.
        for behind in [&[][..], &[0], &[0, 0, 0], &[0, 0, 0, 9, 1, 2]] {
            let mut reader = FrameReader::new(MAX_FRAME);
            reader.feed(&[&[0, 0, 0, 2, 1, 2, 2, 0, 0, 1, 3], behind].concat());
            let message = reader.next_frame().unwrap().unwrap();
            assert_eq!(message, Frame::message(vec![1, 2]));
            assert_eq!(reader.next_frame(), Ok(Some(Frame::pong(vec![3]))));
            assert_eq!(reader.next_frame(), Ok(None));
            assert!(message.payload.is_unique(), "{behind:?}");
            assert_eq!(reader.is_within_frame(), !behind.is_empty());
        }
    }
}
