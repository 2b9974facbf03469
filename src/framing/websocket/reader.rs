//! Contains [`Reader`], which assembles octets into messages.
//!
//! It keeps nothing but the message that is incomplete, and memory follows the received octets, not the
//! length that a header claims. Each rule is checked with the first octet that can break it.

use std::collections::VecDeque;

use bytes::buf::Limit;
use bytes::{BufMut, Bytes};

use super::deflate::{Decompressor, InflateError};
use super::error::ReadError;
use super::frame::{FrameHeader, MAX_HEADER, OpCode};
use super::utf8::Utf8;
use super::{Event, Kind, Limits, Part, Role, close, mask};
use crate::utf8;

/// If at least this many octets of a frame are missing, they are read into place without a copy.
const LONG: usize = 32 << 10;

/// Minimum growth of the memory for a message.
const LEAST: usize = 64;

/// Minimum size of the buffer for octets that are read into place.
const STEP: usize = 4 << 10;

/// Octets that are unmasked at once before they are decompressed.
const MASKED: usize = 4 << 10;

/// The same after a step that brought little: a final block ends a step, and may have two octets.
const MASKED_LITTLE: usize = 64;

/// Work of a step of decompression, in octets, however few it brings.
const STEP_WORK: usize = 512;

/// Maximum length of a part of a decompressed message, and octets that are decompressed in one step.
const PART: usize = 64 << 10;

/// Memory that a message may waste before it is moved to a smaller place.
const WASTE: usize = 16 << 10;

/// Takes the octets of a peer in portions of any size, and returns what they mean.
#[derive(Debug)]
pub struct Reader {
    /// Side of the peer.
    from: Role,
    limits: Limits,
    /// The limit of messages at the start.
    longest: usize,
    in_parts: bool,
    inflate: Option<Box<Decompressor>>,
    /// The beginning of a header that is incomplete.
    head: [u8; MAX_HEADER],
    head_length: u8,
    frame: Option<Frame>,
    /// The payload of a control frame that is incomplete.
    control: Vec<u8>,
    message: Option<Assembly>,
    /// Parts of a message that were not returned yet.
    parts: VecDeque<Part>,
    /// More can be decompressed of the octets that were read.
    is_inflating: bool,
    end: Option<Result<(), ReadError>>,
    /// Number of frames of messages.
    frames: u64,
}

/// A frame that is incomplete.
#[derive(Clone, Copy, Debug)]
struct Frame {
    header: FrameHeader,
    /// Number of octets of its payload that were read.
    read: u64,
}

/// A message that is incomplete.
#[derive(Debug)]
struct Assembly {
    kind: Kind,
    compressed: bool,
    /// The last step of decompression ended early and brought little.
    is_slow: bool,
    /// Received octets. Those behind `settled` were put there in place, and are still masked.
    octets: Vec<u8>,
    settled: usize,
    utf8: Utf8,
    /// Number of octets in all of its frames, as far as their headers came.
    claimed: u64,
}

/// Octets beside their count of owners, in one allocation. [`Bytes`] of a vector needs a second one when it is cloned,
/// and every message of WAMP is: its payload is a part of it.
struct Inline<const SIZE: usize> {
    octets: [u8; SIZE],
    length: usize,
}

impl Reader {
    /// Creates a reader of what the side `from` sends.
    pub fn new(from: Role, limits: Limits) -> Self {
        Reader {
            from,
            longest: limits.message,
            limits,
            in_parts: false,
            inflate: None,
            head: [0; MAX_HEADER],
            head_length: 0,
            frame: None,
            control: Vec::new(),
            message: None,
            parts: VecDeque::new(),
            is_inflating: false,
            end: None,
            frames: 0,
        }
    }

    /// Returns messages in parts, as they come, and not as a whole.
    #[must_use]
    pub fn in_parts(mut self) -> Self {
        self.in_parts = true;
        self
    }

    /// As [`in_parts`](Self::in_parts), before the first octet.
    pub fn set_in_parts(&mut self) {
        self.in_parts = true;
    }

    /// Refuses messages of more octets from now on; the limit of the start still applies.
    pub fn limit_messages(&mut self, octets: usize) {
        self.limits.message = octets.min(self.longest);
    }

    /// Accepts compressed messages.
    #[must_use]
    pub fn inflate(mut self, inflate: Option<Decompressor>) -> Self {
        self.inflate = inflate.map(Box::new);
        self
    }

    /// Gives back what compression needs only within a message. It is for connections that are idle.
    pub fn release(&mut self) {
        if let Some(inflate) = &mut self.inflate {
            inflate.release();
        }
    }

    /// Reads from `input`, which is shortened by what was read, up to the next event; `None` when all of
    /// it was read. After [`Event::Close`] everything is dropped.
    ///
    /// # Errors
    /// Returns [`ReadError`] with the first octet that breaks a rule, and again for every later call.
    #[inline(always)]
    pub fn read(&mut self, input: &mut &[u8]) -> Result<Option<Event>, ReadError> {
        match self.short(input) {
            Some(message) => {
                self.frames += 1;
                Ok(Some(message))
            }
            None => self.read_up_to(input, usize::MAX),
        }
    }

    /// As [`read`](Self::read), but decompresses no more than 64 KiB or so, so that the work is bounded. If there
    /// is no event, `input` may be left, or [`has_event`](Self::has_event): then there is more to do.
    ///
    /// # Errors
    /// Returns [`ReadError`] with the first octet that breaks a rule, and again for every later call.
    #[inline]
    pub fn read_some(&mut self, input: &mut &[u8]) -> Result<Option<Event>, ReadError> {
        match self.short(input) {
            Some(message) => {
                self.frames += 1;
                Ok(Some(message))
            }
            None => self.read_up_to(input, PART),
        }
    }

    /// Returns the buffer for the next octets of a long incomplete frame, once some have come: a claim alone
    /// reserves nothing. Octets written there count as received, at the next [`read`](Self::read). The buffer
    /// is never larger than the rest of the frame, and never much larger than the part already received.
    pub fn space(&mut self) -> Option<Limit<&mut Vec<u8>>> {
        let (Some(frame), Some(message)) = (&self.frame, &mut self.message) else { return None };
        let unsettled = (message.octets.len() - message.settled) as u64;
        let missing = usize::try_from(frame.missing() - unsettled).ok()?;
        let in_place = !self.in_parts && !message.compressed && !frame.header.op_code.is_control();
        if missing < LONG || !in_place || message.octets.is_empty() {
            return None;
        }
        if message.octets.len() == message.octets.capacity() {
            grow(&mut message.octets, STEP, missing);
        }
        Some((&mut message.octets).limit(missing))
    }

    /// Returns whether [`read`](Self::read) may have an event without further input, which happens to parts and to
    /// compressed messages.
    pub fn has_event(&self) -> bool {
        let is_whole = self.frame.is_some_and(|frame| frame.missing() == 0);
        !self.parts.is_empty() || self.is_inflating || is_whole
    }

    /// Returns the number of frames of messages whose headers came.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Returns whether a message or a frame is incomplete. The end of the stream would truncate it.
    pub fn is_within_message(&self) -> bool {
        self.head_length > 0 || self.frame.is_some() || self.message.is_some()
    }

    /// Reads a short message, which is one frame that is all there. It does the same as what follows, in half
    /// of the time: most messages are such ones. Whatever is not as it should be is left to the rest.
    #[inline(always)]
    fn short(&self, input: &mut &[u8]) -> Option<Event> {
        let is_between = self.head_length == 0 && self.frame.is_none() && self.message.is_none();
        let is_between = is_between && self.end.is_none() && !self.in_parts;
        let (kind, masked, length, rest) = FrameHeader::parse_short(input)?;
        let fits = length <= self.limits.frame && length <= self.limits.message;
        if !is_between || !fits || masked != (self.from == Role::Client) {
            return None;
        }
        let (mask, rest) = if masked { rest.split_first_chunk()? } else { (&[0; 4], rest) };
        let (payload, rest) = rest.split_at_checked(length)?;
        let unmask = |octets: &mut [u8]| {
            if masked {
                mask::apply(*mask, 0, octets);
            }
            kind == Kind::Binary || utf8::is_valid(octets)
        };
        let octets = match length {
            0..=104 => Inline::<104>::bytes(payload, unmask)?,
            105..=232 => Inline::<232>::bytes(payload, unmask)?,
            _ => {
                let mut octets = payload.to_vec();
                unmask(&mut octets).then(|| octets.into())?
            }
        };
        *input = rest;
        Some(Event::Message(kind, octets))
    }

    #[inline(never)]
    fn read_up_to(&mut self, input: &mut &[u8], most: usize) -> Result<Option<Event>, ReadError> {
        match self.end {
            None => {}
            Some(Ok(())) => {
                *input = &[];
                return Ok(None);
            }
            Some(Err(error)) => return Err(error),
        }
        let event = self.advance(input, most);
        let end = match &event {
            Err(error) => Err(*error),
            Ok(Some(Event::Close(_))) => Ok(()),
            Ok(_) => return event,
        };
        self.end = Some(end);
        (self.frame, self.message) = (None, None);
        (self.control, self.parts) = (Vec::new(), VecDeque::new());
        self.is_inflating = false;
        event
    }

    /// Decompresses `most` octets, or a step more.
    fn advance(&mut self, input: &mut &[u8], most: usize) -> Result<Option<Event>, ReadError> {
        self.settle()?;
        let mut inflated = 0;
        loop {
            if let Some(part) = self.parts.pop_front() {
                return Ok(Some(Event::Part(part)));
            }
            let Some(frame) = self.frame else {
                let Some(header) = self.header(input)? else { return Ok(None) };
                if header.op_code.is_control() {
                    self.frame = Some(Frame { header, read: 0 });
                } else if let Some(whole) = self.begin(header, input)? {
                    return Ok(Some(whole));
                }
                continue;
            };
            if frame.missing() > 0 || self.is_inflating {
                if input.is_empty() && !self.is_inflating || inflated >= most {
                    return Ok(None);
                }
                let count = usize::try_from(frame.missing()).unwrap_or(usize::MAX);
                let octets = &input[..count.min(input.len())];
                let mut read = octets.len();
                if frame.header.op_code.is_control() {
                    self.control.extend_from_slice(octets);
                } else if self.message.as_ref().is_some_and(|message| message.compressed) {
                    let written;
                    (read, written) = self.put_compressed(frame, octets)?;
                    inflated += written.max(STEP_WORK);
                } else {
                    self.put(frame, octets)?;
                }
                *input = &input[read..];
                if let Some(frame) = &mut self.frame {
                    frame.read += read as u64;
                }
                continue;
            }
            self.frame = None;
            let event = if frame.header.op_code.is_control() {
                Some(self.end_control(frame.header)?)
            } else {
                self.end_frame(frame.header.fin)?
            };
            if event.is_some() {
                return Ok(event);
            }
        }
    }

    /// Reads a header, or keeps its beginning.
    fn header(&mut self, input: &mut &[u8]) -> Result<Option<FrameHeader>, ReadError> {
        let kept = usize::from(self.head_length);
        if kept == 0
            && let Some((header, length)) =
                FrameHeader::parse(input, self.from, self.inflate.is_some())?
        {
            *input = &input[length..];
            return Ok(Some(header));
        }
        let more = input.len().min(MAX_HEADER - kept);
        self.head[kept..kept + more].copy_from_slice(&input[..more]);
        let octets = &self.head[..kept + more];
        if let Some((header, length)) =
            FrameHeader::parse(octets, self.from, self.inflate.is_some())?
        {
            *input = &input[length - kept..];
            self.head_length = 0;
            return Ok(Some(header));
        }
        *input = &input[more..];
        // At most the length of a header.
        self.head_length = (kept + more) as u8;
        Ok(None)
    }

    /// Begins a frame of a message. Returns the message if it is this frame, and all of it is there.
    fn begin(
        &mut self,
        header: FrameHeader,
        input: &mut &[u8],
    ) -> Result<Option<Event>, ReadError> {
        self.frames += 1;
        let length = header.length;
        let kind = match (header.op_code, &self.message) {
            (OpCode::Continuation, None) => return Err(ReadError::NothingToContinue),
            (OpCode::Continuation, Some(message)) => message.kind,
            (_, Some(_)) => return Err(ReadError::WithinMessage),
            (OpCode::Text, None) => Kind::Text,
            (_, None) => Kind::Binary,
        };
        if length > self.limits.frame as u64 {
            return Err(ReadError::FrameTooLong { length, limit: self.limits.frame });
        }
        let compressed = self.message.as_ref().map_or(header.compressed, |it| it.compressed);
        let claimed = length + self.message.as_ref().map_or(0, |message| message.claimed);
        let limit = self.limits.message;
        // A compressed message is limited while it is decompressed.
        if !compressed && claimed > limit as u64 {
            return Err(ReadError::MessageTooLong { length: claimed, limit });
        }
        let alone = self.message.is_none() && header.fin && !compressed && !self.in_parts;
        if alone && input.len() as u64 >= length {
            let (octets, rest) = input.split_at(length as usize);
            *input = rest;
            let mut octets = octets.to_vec();
            if let Some(mask) = header.mask {
                mask::apply(mask, 0, &mut octets);
            }
            if kind == Kind::Text && !utf8::is_valid(&octets) {
                return Err(ReadError::Utf8);
            }
            return Ok(Some(Event::Message(kind, octets.into())));
        }
        let is_first = self.message.is_none();
        let message = self.message.get_or_insert_with(|| Assembly::new(kind, compressed));
        if !compressed {
            message.claimed = claimed;
        }
        self.frame = Some(Frame { header, read: 0 });
        if self.in_parts {
            if is_first {
                self.parts.push_back(Part::Begin(kind));
            }
            self.parts.push_back(Part::FrameBegin(length));
        }
        Ok(None)
    }

    /// Takes octets of a frame of a message.
    fn put(&mut self, frame: Frame, octets: &[u8]) -> Result<(), ReadError> {
        let Some(message) = &mut self.message else { return Ok(()) };
        // Further frames may follow any other one, and they may be tiny.
        let most = if frame.header.fin { frame.missing() } else { u64::MAX };
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        grow(&mut message.octets, octets.len(), most);
        message.octets.extend_from_slice(octets);
        message.settle(frame)?;
        if self.in_parts {
            self.parts.extend(message.part());
        }
        Ok(())
    }

    /// Decompresses octets of a frame, in one step. Returns the numbers of octets that were read and written.
    #[inline(never)]
    fn put_compressed(&mut self, frame: Frame, octets: &[u8]) -> Result<(usize, usize), ReadError> {
        let (Some(inflate), Some(message)) = (&mut self.inflate, &mut self.message) else {
            return Ok((octets.len(), 0));
        };
        let limit = self.limits.message;
        let most = if message.is_slow { MASKED_LITTLE } else { MASKED };
        let given = &octets[..octets.len().min(most)];
        let mut input = given;
        let mut unmasked = [0; MASKED];
        if let Some(mask) = frame.header.mask {
            let octets = &mut unmasked[..given.len()];
            octets.copy_from_slice(given);
            mask::apply(mask, (frame.read % 4) as usize, octets);
            input = octets;
        }
        let before = message.octets.len();
        let more = inflate.push_some(&mut input, &mut message.octets, PART, limit);
        let more = more.map_err(|error| inflate_error(error, limit))?;
        let written = message.octets.len() - before;
        message.check()?;
        message.is_slow = !input.is_empty() && written < STEP_WORK;
        self.is_inflating = more && input.is_empty();
        if self.in_parts {
            self.parts.extend(message.part());
        }
        Ok((given.len() - input.len(), written))
    }

    /// Takes the octets that were put into place.
    fn settle(&mut self) -> Result<(), ReadError> {
        if let (Some(frame), Some(message)) = (&mut self.frame, &mut self.message)
            && message.octets.len() > message.settled
        {
            let count = message.settle(*frame)?;
            frame.read += count as u64;
        }
        Ok(())
    }

    fn end_frame(&mut self, is_last: bool) -> Result<Option<Event>, ReadError> {
        if self.in_parts {
            self.parts.push_back(Part::FrameEnd);
        }
        if !is_last {
            return Ok(None);
        }
        let Some(mut message) = self.message.take() else { return Ok(None) };
        if message.compressed
            && let Some(inflate) = &mut self.inflate
        {
            let limit = self.limits.message;
            let ended = inflate.finish(&mut message.octets, limit);
            ended.map_err(|error| inflate_error(error, limit))?;
            message.check()?;
            if self.in_parts {
                // Before the end of the frame, to which it belongs.
                let end = self.parts.pop_back();
                self.parts.extend(message.part());
                self.parts.extend(end);
            }
        }
        message.utf8.finish().map_err(|_| ReadError::Utf8)?;
        if self.in_parts {
            self.parts.push_back(Part::End);
            return Ok(None);
        }
        let mut octets = message.octets;
        if octets.capacity() - octets.len() > WASTE {
            octets.shrink_to_fit();
        }
        Ok(Some(Event::Message(message.kind, octets.into())))
    }

    fn end_control(&mut self, header: FrameHeader) -> Result<Event, ReadError> {
        let mut payload = std::mem::take(&mut self.control);
        if let Some(mask) = header.mask {
            mask::apply(mask, 0, &mut payload);
        }
        Ok(match header.op_code {
            OpCode::Ping => Event::Ping(payload.into()),
            OpCode::Pong => Event::Pong(payload.into()),
            _ => Event::Close(close::parse(&payload)?),
        })
    }
}

impl Frame {
    fn missing(&self) -> u64 {
        self.header.length - self.read
    }
}

impl<const SIZE: usize> Inline<SIZE> {
    /// Returns a copy of the octets as `change` leaves them; `None` if it returns false.
    #[inline]
    fn bytes(payload: &[u8], change: impl FnOnce(&mut [u8]) -> bool) -> Option<Bytes> {
        let mut inline = Inline { octets: [0; SIZE], length: payload.len() };
        let octets = inline.octets.get_mut(..payload.len())?;
        octets.copy_from_slice(payload);
        change(octets).then(|| Bytes::from_owner(inline))
    }
}

impl<const SIZE: usize> AsRef<[u8]> for Inline<SIZE> {
    fn as_ref(&self) -> &[u8] {
        &self.octets[..self.length]
    }
}

impl Assembly {
    fn new(kind: Kind, compressed: bool) -> Self {
        Assembly {
            kind,
            compressed,
            is_slow: false,
            octets: Vec::new(),
            settled: 0,
            utf8: Utf8::default(),
            claimed: 0,
        }
    }

    /// Unmasks and checks the octets that are new. Returns their number.
    fn settle(&mut self, frame: Frame) -> Result<usize, ReadError> {
        let new = &mut self.octets[self.settled..];
        if let Some(mask) = frame.header.mask {
            mask::apply(mask, (frame.read % 4) as usize, new);
        }
        let count = new.len();
        self.check()?;
        Ok(count)
    }

    /// Checks the octets that are new.
    fn check(&mut self) -> Result<(), ReadError> {
        if self.kind == Kind::Text {
            self.utf8.push(&self.octets[self.settled..]).map_err(|_| ReadError::Utf8)?;
        }
        self.settled = self.octets.len();
        Ok(())
    }

    /// Takes the octets out, if there are any.
    fn part(&mut self) -> Option<Part> {
        self.settled = 0;
        let octets = std::mem::take(&mut self.octets);
        (!octets.is_empty()).then(|| Part::Data(octets.into()))
    }
}

fn inflate_error(error: InflateError, limit: usize) -> ReadError {
    match error {
        InflateError::TooLong => ReadError::MessageTooLong { length: limit as u64 + 1, limit },
        InflateError::Corrupt => ReadError::Compression,
    }
}

/// Makes room for `new` octets: doubles the capacity, but adds no more than `most`.
fn grow(octets: &mut Vec<u8>, new: usize, most: usize) {
    if octets.capacity() - octets.len() < new {
        let more = octets.len().max(new).max(LEAST).min(most);
        octets.reserve_exact(more.max(new));
    }
}
