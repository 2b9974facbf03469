//! `Compressor`: the messages of one side of a connection, compressed.

use super::TAIL;
use super::parameters::Agreement;
use super::pool::{self, Shape};
use super::zlib::Deflater;
use crate::framing::websocket::Role;

/// Longest step of output. It is more than the six octets that zlib needs for the end of a flush.
const LONGEST_STEP: usize = 64 << 10;
const SHORTEST_STEP: usize = 256;

/// The compressor failed, or the crate is built without one. The message that was begun is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the message could not be compressed")]
pub struct CompressError;

/// Compresses the messages that one side of a connection sends.
///
/// A message is compressed whole by [`compress`](Self::compress), or in parts by [`push`](Self::push)
/// and [`finish`](Self::finish). What goes in has to leave in this order, or [`forget`](Self::forget)
/// has to follow.
pub struct Compressor {
    shape: Shape,
    takeover: bool,
    threshold: usize,
    deflater: Option<Deflater>,
    /// A message has begun, and something of it was taken.
    begun: bool,
}

impl Compressor {
    /// Creates the compressor of this side. It allocates nothing yet.
    pub fn new(role: Role, agreement: &Agreement) -> Self {
        let (parameters, settings) = (&agreement.parameters, &agreement.settings);
        let (refused, wanted, agreed, most) = match role {
            Role::Client => (
                parameters.client_no_context_takeover,
                settings.client_takeover().unwrap_or(true),
                parameters.client_max_window_bits,
                settings.client_window(),
            ),
            // The response says whatever was not wanted here.
            Role::Server => (
                parameters.server_no_context_takeover,
                true,
                parameters.server_max_window_bits,
                settings.server_window(),
            ),
        };
        let takeover = wanted && !refused;
        let shape = Shape {
            level: settings.compression_level(),
            window: most.map_or(agreed, |most| most.min(agreed)),
            memory: settings.compression_memory(),
        };
        let threshold = settings.least_size(takeover);
        Compressor { shape, takeover, threshold, deflater: None, begun: false }
    }

    /// Returns the level, and the size of the window in bits.
    pub fn shape(&self) -> (u8, u8) {
        (self.shape.level, self.shape.window)
    }

    /// Returns whether a message of this length is worth it.
    pub fn should_compress(&self, length: usize) -> bool {
        length > 0 && length >= self.threshold
    }

    /// Compresses a whole message and appends it to `out`. Returns false, with `out` as it was, if the
    /// message became no shorter and can be sent as it is.
    ///
    /// # Errors
    /// The compressor failed, so the message cannot be sent compressed.
    pub fn compress(&mut self, payload: &[u8], out: &mut Vec<u8>) -> Result<bool, CompressError> {
        let start = out.len();
        self.push_and(payload, out, true)?;
        self.end(start, out)?;
        Ok(self.keep_if_shorter(payload.len(), start, out))
    }

    /// Appends the rest of a message of `length` bytes that was [pushed](Self::push) and whose compressed form
    /// begins at `start`. The result is that of [`compress`](Self::compress).
    ///
    /// # Errors
    /// The compressor failed, so the message cannot be finished.
    pub fn finish_whole(
        &mut self,
        length: usize,
        start: usize,
        out: &mut Vec<u8>,
    ) -> Result<bool, CompressError> {
        self.finish(out)?;
        Ok(self.keep_if_shorter(length, start, out))
    }

    fn keep_if_shorter(&self, length: usize, start: usize, out: &mut Vec<u8>) -> bool {
        let shorter = out.len() - start < length;
        if !shorter && !self.takeover {
            out.truncate(start);
            return false;
        }
        true
    }

    /// Takes a part of a message and appends to `out` what that makes, often nothing.
    ///
    /// # Errors
    /// The compressor failed, so the message cannot be finished.
    pub fn push(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<(), CompressError> {
        self.push_and(input, out, false)
    }

    /// Appends the rest of the message to `out`.
    ///
    /// # Errors
    /// The compressor failed, so the message cannot be finished.
    pub fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), CompressError> {
        let start = out.len();
        if self.begun {
            self.run(&[], out, true)?;
        }
        self.end(start, out)
    }

    /// Forgets the history, and the message that was begun. It has to be called if something that went
    /// in does not leave as it came out, and after a [shared](compress_shared) message.
    pub fn forget(&mut self) {
        if self.begun {
            // See `Deflater::reset`.
            self.deflater = None;
        }
        self.begun = false;
        self.release();
    }

    /// Gives memory back, if no message has begun. The history is lost with it, so later messages may
    /// be longer. It is for connections that are idle.
    pub fn release(&mut self) {
        if !self.begun
            && let Some(deflater) = self.deflater.take()
        {
            pool::give_deflater(self.shape, deflater);
        }
    }

    fn push_and(
        &mut self,
        input: &[u8],
        out: &mut Vec<u8>,
        end: bool,
    ) -> Result<(), CompressError> {
        // A flush without input makes no output: an empty message is made by `end`.
        if input.is_empty() && !(end && self.begun) {
            return Ok(());
        }
        self.begun = true;
        self.run(input, out, end)
    }

    /// Ends the message whose last octets begin at `start`.
    fn end(&mut self, start: usize, out: &mut Vec<u8>) -> Result<(), CompressError> {
        if !self.begun {
            // RFC 7692, section 7.2.3.6.
            out.push(0);
            return Ok(());
        }
        if !out[start..].ends_with(&TAIL) {
            return Err(self.fail());
        }
        out.truncate(out.len() - TAIL.len());
        self.begun = false;
        if !self.takeover {
            self.release();
        }
        Ok(())
    }

    fn run(&mut self, input: &[u8], out: &mut Vec<u8>, flush: bool) -> Result<(), CompressError> {
        if self.deflater.is_none() {
            self.deflater = pool::take_deflater(self.shape);
        }
        let deflater = self.deflater.as_mut();
        match deflater.and_then(|deflater| run(deflater, input, out, flush, LONGEST_STEP)) {
            Some(()) => Ok(()),
            None => Err(self.fail()),
        }
    }

    fn fail(&mut self) -> CompressError {
        self.deflater = None;
        self.begun = false;
        CompressError
    }
}

impl Drop for Compressor {
    fn drop(&mut self) {
        self.release();
    }
}

impl std::fmt::Debug for Compressor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Compressor")
            .field("shape", &self.shape)
            .field("takeover", &self.takeover)
            .field("threshold", &self.threshold)
            .field("begun", &self.begun)
            .finish_non_exhaustive()
    }
}

/// A message that is compressed without history, for all connections whose agreed window has at least `window`
/// bits.
///
/// After sending it, a compressor with context takeover has to [`forget`](Compressor::forget).
pub struct SharedCompressor {
    shape: Shape,
    deflater: Option<Deflater>,
    taken: usize,
    out: Vec<u8>,
}

impl SharedCompressor {
    /// Creates the compressor of one message.
    pub fn new(level: u8, window: u8) -> Self {
        let shape = Shape { level, window, memory: 8 };
        SharedCompressor { shape, deflater: pool::take_deflater(shape), taken: 0, out: Vec::new() }
    }

    /// Compresses the next `count` bytes of the message. Returns whether that was the last step.
    pub fn step(&mut self, payload: &[u8], count: usize) -> bool {
        let rest = payload.get(self.taken..).unwrap_or_default();
        let part = &rest[..count.min(rest.len())];
        let is_last = part.len() == rest.len();
        let Some(deflater) = &mut self.deflater else { return true };
        self.taken += part.len();
        if run(deflater, part, &mut self.out, is_last, LONGEST_STEP).is_none() {
            self.deflater = None;
        }
        is_last || self.deflater.is_none()
    }

    /// Returns the compressed message after the last step. Returns `None` if it became no shorter, or if the
    /// crate is built without compression.
    pub fn finish(mut self) -> Option<Vec<u8>> {
        let deflater = self.deflater.take()?;
        if !self.out.ends_with(&TAIL) {
            return None;
        }
        pool::give_deflater(self.shape, deflater);
        self.out.truncate(self.out.len() - TAIL.len());
        (self.out.len() < self.taken).then_some(self.out)
    }
}

impl std::fmt::Debug for SharedCompressor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SharedCompressor")
            .field("shape", &self.shape)
            .field("taken", &self.taken)
            .finish_non_exhaustive()
    }
}

/// Compresses a whole message as a [`SharedCompressor`] does.
pub fn compress_shared(payload: &[u8], level: u8, window: u8) -> Option<Vec<u8>> {
    let mut compressor = SharedCompressor::new(level, window);
    compressor.step(payload, usize::MAX);
    compressor.finish()
}

/// Takes all input, with `flush` to its end. `None` if the compressor fails.
fn run(
    deflater: &mut Deflater,
    mut input: &[u8],
    out: &mut Vec<u8>,
    flush: bool,
    longest: usize,
) -> Option<()> {
    loop {
        let start = out.len();
        let room = (input.len() / 2).max(SHORTEST_STEP).min(longest);
        out.resize(start + room, 0);
        let step = deflater.step(input, &mut out[start..], flush);
        let (read, written) = step.as_ref().map_or((0, 0), |step| (step.read, step.written));
        out.truncate(start + written);
        step.ok()?;
        input = &input[read..];
        // A flush that fills the room goes on in the next call (RFC 7692, section 7.2.1).
        if input.is_empty() && written < room {
            return Some(());
        }
        if read == 0 && written == 0 {
            return None;
        }
    }
}

#[cfg(test)]
#[cfg(feature = "deflate")]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail so")]

    use super::*;

    #[test]
    fn a_flush_that_fills_the_room_goes_on() {
        let shape = Shape { level: 6, window: 15, memory: 8 };
        let plain: Vec<u8> = (0..3000_u32).map(|n| ((n * n) >> 5) as u8).collect();
        // More than the six octets that zlib needs for a flush.
        for longest in 7..40 {
            for length in 2900..2950 {
                let mut deflater = pool::take_deflater(shape).unwrap();
                let mut out = Vec::new();
                run(&mut deflater, &plain[..length], &mut out, true, longest).unwrap();
                assert!(out.ends_with(&TAIL), "{length} in steps of {longest}");
                let mut back = vec![0; length + 1];
                let mut inflater = pool::take_inflater().unwrap();
                let step = inflater.step(&out, &mut back, false).ok().unwrap();
                assert_eq!((step.read, step.written), (out.len(), length));
                assert_eq!(back[..length], plain[..length]);
                pool::give_deflater(shape, deflater);
            }
        }
    }
}
