//! Contains [`Writer`], which turns messages and control frames into the octets to send.

use std::num::NonZeroUsize;

use bytes::Bytes;

use super::Kind;
use super::close;
use super::compressing::{COMPRESS_STEP, Compressing};
use super::deflate::{CompressError, Compressor};
use super::frame::{First, MAX_CONTROL, OpCode};
use super::mask::{self, Mask};
use crate::framing::chunks::Chunks;

/// Makes the mask of a frame. Masks must not be predictable (RFC 6455, section 5.3).
pub type MakeMask = fn() -> Mask;

/// Form of a message that is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Form {
    /// Length of the payload in each frame. `None`: one frame.
    pub fragment: Option<NonZeroUsize>,
    /// Sends it as it is, even if compression was agreed.
    pub uncompressed: bool,
}

const CONTINUATION: First = First { op_code: OpCode::Continuation, compressed: false };

/// Takes messages and control frames, and returns the octets to send.
///
/// It does not check that the frames of a message follow each other: that is the caller's part.
#[derive(Debug)]
pub struct Writer {
    chunks: Chunks,
    /// `None` for a server.
    masks: Option<MakeMask>,
    deflate: Option<Box<Deflating>>,
    streaming: Option<Streaming>,
    /// Number of frames of messages.
    frames: u64,
}

/// Compression of the messages of a connection.
#[derive(Debug)]
struct Deflating {
    compressor: Compressor,
    /// A message that is compressed in steps. Nothing may be written before it, except for control frames.
    long: Option<Box<Compressing>>,
}

/// A message that is sent frame by frame.
#[derive(Clone, Copy, Debug)]
struct Streaming {
    kind: Kind,
    compressed: bool,
    has_begun: bool,
    /// The frame that has begun: its mask, the octets that it has, and those that it lacks.
    frame: Option<(Option<Mask>, u64, u64)>,
}

/// Frames of a message were not given in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// A message was begun within another one.
    #[error("a message is begun within another one")]
    WithinMessage,
    /// A frame was given outside of a message.
    #[error("a frame is given outside of a message")]
    NoMessage,
    /// A frame was begun within another one, or the message was ended there.
    #[error("the frame that was begun lacks {0} bytes")]
    WithinFrame(u64),
    /// Data was given outside of a frame.
    #[error("data of a frame is given, but none was begun")]
    NoFrame,
    /// A frame of a compressed message was begun: its length is not known before.
    #[error("a frame of a compressed message cannot be sent in parts")]
    Compressed,
    /// The compressor failed.
    #[error(transparent)]
    Compress(#[from] CompressError),
}

impl Writer {
    /// Creates the writer of a server, which masks nothing.
    pub fn server() -> Self {
        Writer { chunks: Chunks::default(), masks: None, deflate: None, streaming: None, frames: 0 }
    }

    /// Creates the writer of a client, with the source of its masks.
    pub fn client(masks: MakeMask) -> Self {
        Writer { masks: Some(masks), ..Writer::server() }
    }

    /// Compresses messages.
    #[must_use]
    pub fn deflate(mut self, deflate: Option<Compressor>) -> Self {
        self.deflate = deflate.map(|compressor| Box::new(Deflating { compressor, long: None }));
        self
    }

    /// Gives back what compression needs only within a message. It is for connections that are idle.
    pub fn release(&mut self) {
        if let Some(deflate) = &mut self.deflate {
            deflate.compressor.release();
        }
    }

    /// Writes a message. One that is to be compressed and is longer than [`COMPRESS_STEP`] is only kept: then
    /// [`step`](Self::step) compresses and writes it. Whatever is written before its last step, except for pings and
    /// pongs, takes all the steps at once.
    ///
    /// # Errors
    /// Returns [`WriteError::WithinMessage`] if another one has begun.
    #[inline]
    pub fn message(&mut self, kind: Kind, payload: Bytes, form: Form) -> Result<(), WriteError> {
        if self.streaming.is_some() {
            return Err(WriteError::WithinMessage);
        }
        if self.deflate.is_none() && form.fragment.is_none() {
            let first = First { op_code: kind.op_code(), compressed: false };
            self.frame(true, first, &payload);
            return Ok(());
        }
        self.take_steps();
        if let Some(deflate) = &mut self.deflate
            && !form.uncompressed
            && payload.len() > COMPRESS_STEP
            && deflate.compressor.should_compress(payload.len())
        {
            deflate.long = Some(Box::new(Compressing::new(kind, payload, form)));
            return Ok(());
        }
        let compressed = if form.uncompressed { None } else { self.compressed(&payload) };
        self.formed(kind, payload, compressed, form);
        Ok(())
    }

    /// Returns the level and the window's size in bits with which a message of this length is compressed; `None`
    /// if it is not.
    pub fn compression(&self, length: usize) -> Option<(u8, u8)> {
        let compressor = &self.deflate.as_ref()?.compressor;
        compressor.should_compress(length).then(|| compressor.shape())
    }

    /// Writes a message in one frame, of which many writers share the payload, or the compressed form of it. That
    /// form refers to nothing before it, see [`SharedCompressor`](super::deflate::SharedCompressor).
    ///
    /// # Errors
    /// Returns [`WriteError::WithinMessage`] if another one has begun.
    pub fn shared(
        &mut self,
        kind: Kind,
        payload: &Bytes,
        is_compressed: bool,
    ) -> Result<(), WriteError> {
        if self.streaming.is_some() {
            return Err(WriteError::WithinMessage);
        }
        self.take_steps();
        if is_compressed && let Some(deflate) = &mut self.deflate {
            // The peer's history has this message now, and the compressor's has not.
            deflate.compressor.forget();
        }
        self.frame(true, First { op_code: kind.op_code(), compressed: is_compressed }, payload);
        Ok(())
    }

    /// Returns whether a message is compressed in steps.
    pub fn is_compressing(&self) -> bool {
        self.deflate.as_ref().is_some_and(|deflate| deflate.long.is_some())
    }

    /// Compresses up to [`COMPRESS_STEP`] bytes of a long message, and writes it after its last step.
    pub fn step(&mut self) {
        let Some(deflate) = &mut self.deflate else { return };
        let Some(long) = &mut deflate.long else { return };
        if let Some(compressed) = long.step(&mut deflate.compressor)
            && let Some(long) = deflate.long.take()
        {
            let Compressing { kind, payload, form, .. } = *long;
            self.formed(kind, payload, compressed, form);
        }
    }

    /// Begins a message that is sent frame by frame.
    ///
    /// # Errors
    /// Returns [`WriteError::WithinMessage`] if another one has begun.
    pub fn begin_message(&mut self, kind: Kind, uncompressed: bool) -> Result<(), WriteError> {
        if self.streaming.is_some() {
            return Err(WriteError::WithinMessage);
        }
        self.take_steps();
        let compressed = self.deflate.is_some() && !uncompressed;
        self.streaming = Some(Streaming { kind, compressed, has_begun: false, frame: None });
        Ok(())
    }

    /// Writes a frame of the message.
    ///
    /// # Errors
    /// Returns the [`WriteError`] if no frame can be here.
    pub fn message_frame(&mut self, payload: Bytes) -> Result<(), WriteError> {
        self.check_between_frames()?;
        let payload = match self.stream_compressor() {
            None => payload,
            Some(deflate) => {
                let mut out = Vec::new();
                deflate.push(&payload, &mut out)?;
                if out.is_empty() {
                    // It leaves with a later frame.
                    return Ok(());
                }
                out.into()
            }
        };
        let first = self.next_frame()?;
        self.frame(false, first, &payload);
        Ok(())
    }

    /// Begins a frame of the message whose data is given in parts.
    ///
    /// # Errors
    /// Returns the [`WriteError`] if no frame can be here.
    pub fn begin_frame(&mut self, length: u64) -> Result<(), WriteError> {
        self.check_between_frames()?;
        if self.stream_compressor().is_some() {
            return Err(WriteError::Compressed);
        }
        let first = self.next_frame()?;
        let mask = self.header(false, first, length);
        if let Some(streaming) = &mut self.streaming
            && length > 0
        {
            streaming.frame = Some((mask, 0, length));
        }
        Ok(())
    }

    /// Writes data of the frame that was begun. Returns the number of octets that the frame still lacks;
    /// the data beyond its length is left in `data`.
    ///
    /// # Errors
    /// Returns [`WriteError::NoFrame`] if no frame was begun, or it is complete.
    pub fn frame_data(&mut self, data: &mut Bytes) -> Result<u64, WriteError> {
        let Some(Streaming { frame: Some((mask, written, missing)), .. }) = &mut self.streaming
        else {
            return Err(WriteError::NoFrame);
        };
        let count = usize::try_from(*missing).unwrap_or(usize::MAX).min(data.len());
        let part = data.split_to(count);
        let position = (*written % 4) as usize;
        match *mask {
            None => self.chunks.push(&part),
            Some(mask) => {
                let masked =
                    |at: usize, octets: &mut [u8]| mask::apply(mask, position + at, octets);
                self.chunks.extend_with(&part, masked);
            }
        }
        *written += count as u64;
        *missing -= count as u64;
        let left = *missing;
        if left == 0
            && let Some(streaming) = &mut self.streaming
        {
            streaming.frame = None;
        }
        Ok(left)
    }

    /// Ends the message.
    ///
    /// # Errors
    /// Returns the [`WriteError`] if there is none, or a frame is incomplete.
    pub fn end_message(&mut self) -> Result<(), WriteError> {
        self.check_between_frames()?;
        let mut payload = Vec::new();
        if let Some(deflate) = self.stream_compressor() {
            deflate.finish(&mut payload)?;
        }
        let first = self.next_frame()?;
        self.frame(true, first, &payload.into());
        self.streaming = None;
        Ok(())
    }

    /// Returns whether a message was begun that is not complete.
    pub fn is_within_message(&self) -> bool {
        self.streaming.is_some()
    }

    /// Returns whether a control frame can be sent now: not within a frame.
    pub fn is_between_frames(&self) -> bool {
        self.streaming.is_none_or(|streaming| streaming.frame.is_none())
    }

    /// Writes a ping. What is longer than 125 octets is cut.
    pub fn ping(&mut self, payload: Bytes) {
        self.control(OpCode::Ping, payload);
    }

    /// Writes a pong. What is longer than 125 octets is cut.
    pub fn pong(&mut self, payload: Bytes) {
        self.control(OpCode::Pong, payload);
    }

    /// Writes a Close frame with a code and a reason, or without.
    pub fn close(&mut self, said: Option<(u16, &str)>) {
        self.take_steps();
        let payload = said.map(|(code, reason)| close::payload(code, reason));
        self.control(OpCode::Close, payload.unwrap_or_default().into());
    }

    /// Returns the number of frames of messages that were written.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Returns the octets to send.
    pub fn chunks(&self) -> &Chunks {
        &self.chunks
    }

    /// Removes the first `count` octets, which were sent.
    pub fn advance(&mut self, count: usize) {
        self.chunks.advance(count);
    }

    /// Discards what was not sent.
    pub fn clear(&mut self) {
        self.chunks.clear();
        if let Some(deflate) = &mut self.deflate
            && deflate.long.take().is_some()
        {
            deflate.compressor.forget();
        }
    }

    fn take_steps(&mut self) {
        while self.is_compressing() {
            self.step();
        }
    }

    /// Writes a message, compressed or as it is, in one frame or in several.
    fn formed(&mut self, kind: Kind, payload: Bytes, compressed: Option<Bytes>, form: Form) {
        let mut first = First { op_code: kind.op_code(), compressed: compressed.is_some() };
        let mut rest = compressed.unwrap_or(payload);
        if let Some(fragment) = form.fragment {
            while rest.len() > fragment.get() {
                let frame = rest.split_to(fragment.get());
                self.frame(false, first, &frame);
                first = CONTINUATION;
            }
        }
        self.frame(true, first, &rest);
    }

    fn control(&mut self, op_code: OpCode, mut payload: Bytes) {
        payload.truncate(MAX_CONTROL);
        self.frame(true, First { op_code, compressed: false }, &payload);
    }

    /// Returns the compressed message; `None` if it is sent as it is.
    fn compressed(&mut self, payload: &[u8]) -> Option<Bytes> {
        let deflate = &mut self.deflate.as_mut()?.compressor;
        if !deflate.should_compress(payload.len()) {
            return None;
        }
        let mut out = Vec::new();
        match deflate.compress(payload, &mut out) {
            Ok(true) => Some(out.into()),
            Ok(false) => None,
            Err(_) => {
                deflate.forget();
                None
            }
        }
    }

    fn check_between_frames(&self) -> Result<(), WriteError> {
        match self.streaming.ok_or(WriteError::NoMessage)?.frame {
            Some((_, _, missing)) => Err(WriteError::WithinFrame(missing)),
            None => Ok(()),
        }
    }

    /// Returns the compressor of the message that has begun, if it is compressed.
    fn stream_compressor(&mut self) -> Option<&mut Compressor> {
        let compressed = self.streaming.is_some_and(|streaming| streaming.compressed);
        self.deflate.as_deref_mut().filter(|_| compressed).map(|deflate| &mut deflate.compressor)
    }

    /// Returns the beginning of the next frame of the message.
    fn next_frame(&mut self) -> Result<First, WriteError> {
        let streaming = self.streaming.as_mut().ok_or(WriteError::NoMessage)?;
        let first = !std::mem::replace(&mut streaming.has_begun, true);
        let (op_code, compressed) = (streaming.kind.op_code(), streaming.compressed);
        Ok(if first { First { op_code, compressed } } else { CONTINUATION })
    }

    #[inline]
    fn frame(&mut self, fin: bool, first: First, payload: &Bytes) {
        match self.header(fin, first, payload.len() as u64) {
            None => self.chunks.push(payload),
            Some(mask) => {
                let masked = |at: usize, octets: &mut [u8]| mask::apply(mask, at, octets);
                self.chunks.extend_with(payload, masked);
            }
        }
    }

    /// Writes a header, and returns its mask.
    #[inline]
    fn header(&mut self, fin: bool, first: First, length: u64) -> Option<Mask> {
        self.frames += u64::from(!first.op_code.is_control());
        let mask = self.masks.map(|make| make());
        let (octets, count) = first.header(fin, mask, length).octets();
        self.chunks.extend_short(octets, count);
        mask
    }
}
