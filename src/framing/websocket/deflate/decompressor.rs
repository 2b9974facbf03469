//! `Decompressor`: the compressed messages that come from the peer, as plain text.

use super::TAIL;
use super::history::History;
use super::parameters::Agreement;
use super::pool;
use super::zlib::{Inflater, Step};
use crate::framing::websocket::Role;

/// Bounds of a step of output.
const SHORTEST_STEP: usize = 512;
const LONGEST_STEP: usize = 64 << 10;

/// Number of final blocks that a message may have in any case. Each costs a new stream, and perhaps a copy of the
/// history; beyond that a message needs [`OCTETS_PER_FINAL_BLOCK`] for each.
const FREE_FINAL_BLOCKS: usize = 256;
const OCTETS_PER_FINAL_BLOCK: usize = 128;

/// A compressed message that cannot be read. Nothing more can be read after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InflateError {
    /// The data is not a whole message in the format of deflate.
    #[error("the compressed message is not valid")]
    Corrupt,
    /// The inflated message is longer than the limit.
    #[error("the compressed message is longer than the limit when inflated")]
    TooLong,
}

/// Inflates the messages that one side of a connection receives.
///
/// The payload of a message goes in by [`push`](Self::push) in any portions, and
/// [`finish`](Self::finish) follows.
pub struct Decompressor {
    inflater: Option<Inflater>,
    /// Present with context takeover.
    history: Option<History>,
    /// The current message.
    message: Message,
    failed: Option<InflateError>,
}

/// State within a message.
#[derive(Debug, Default)]
struct Message {
    /// Octets that were read and written.
    read: usize,
    written: usize,
    /// Something was read since the message began, or since a final block in it.
    in_stream: bool,
    /// Room of the last step if that filled it, so that there may be more to write; else 0.
    full: usize,
    final_blocks: usize,
}

impl Decompressor {
    /// Creates the decompressor of this side. It allocates nothing yet.
    pub fn new(role: Role, agreement: &Agreement) -> Self {
        let parameters = &agreement.parameters;
        let (takeover, window) = match role {
            Role::Client => {
                (!parameters.server_no_context_takeover, parameters.server_max_window_bits)
            }
            Role::Server => {
                (!parameters.client_no_context_takeover, parameters.client_max_window_bits)
            }
        };
        Decompressor {
            inflater: None,
            history: takeover.then(|| History::new(window)),
            message: Message::default(),
            failed: None,
        }
    }

    /// Inflates the next octets of a message and appends them to `out`. `limit` is the maximum length
    /// of the whole inflated message; memory grows by at most one octet more.
    ///
    /// # Errors
    /// The message is not valid or too long; then the connection has to be failed.
    pub fn push(
        &mut self,
        mut input: &[u8],
        out: &mut Vec<u8>,
        limit: usize,
    ) -> Result<(), InflateError> {
        while self.push_some(&mut input, out, usize::MAX, limit)? {}
        Ok(())
    }

    /// As [`push`](Self::push), but inflates at most `room` octets, so that the work is bounded. Moves
    /// `input` on, and returns true if there is more to do: then it has to be called again with the
    /// rest, even if `input` is empty.
    ///
    /// # Errors
    /// The message is not valid or too long; then the connection has to be failed.
    pub fn push_some(
        &mut self,
        input: &mut &[u8],
        out: &mut Vec<u8>,
        room: usize,
        limit: usize,
    ) -> Result<bool, InflateError> {
        self.check()?;
        if input.is_empty() && self.message.full == 0 {
            return Ok(false);
        }
        // One octet beyond the limit shows that the message is too long.
        let left = limit.saturating_sub(self.message.written).saturating_add(1);
        let guess = input.len().saturating_mul(4).max(self.message.full.saturating_mul(2));
        let room = guess.clamp(SHORTEST_STEP, LONGEST_STEP).min(left).min(room.max(1));
        let start = out.len();
        out.resize(start + room, 0);
        let step = self.step(input, &mut out[start..], false, limit);
        out.truncate(start + step.as_ref().map_or(0, |step| step.written));
        let step = step?;
        *input = &input[step.read..];
        self.message.read = self.message.read.saturating_add(step.read);
        self.message.written += step.written;
        self.message.in_stream |= step.read > 0;
        self.message.full = if step.written == room { room } else { 0 };
        if self.message.written > limit {
            return Err(self.fail(InflateError::TooLong));
        }
        if let Some(history) = &mut self.history {
            history.extend(&out[start..]);
        }
        if step.ended {
            self.restart()?;
        } else if step.read == 0 && step.written == 0 && !input.is_empty() {
            return Err(self.fail(InflateError::Corrupt));
        }
        Ok(self.message.full > 0 || !input.is_empty())
    }

    /// Ends the message and appends the rest of it to `out`.
    ///
    /// # Errors
    /// The message is too long or not valid: [`InflateError::Corrupt`] if it ends within a block. Then the
    /// connection has to be failed.
    pub fn finish(&mut self, out: &mut Vec<u8>, limit: usize) -> Result<(), InflateError> {
        self.push(&[], out, limit)?;
        // A message may be empty, or end by a final block: then nothing is open.
        if self.message.in_stream {
            self.tail()?;
        }
        self.message = Message::default();
        if self.history.is_none() {
            self.release();
        }
        Ok(())
    }

    /// Gives memory back, if no message has begun: with context takeover the history stays. It is for
    /// connections that are idle.
    pub fn release(&mut self) {
        if self.message.read == 0
            && let Some(inflater) = self.inflater.take()
        {
            pool::give_inflater(inflater);
        }
    }

    /// Reads the four octets that each message lacks. They are the rest of an empty stored block, whose
    /// header was the last thing in the message (RFC 7692, section 7.2.1). Then they make no output and
    /// end a block, so that an octet behind them is not read.
    fn tail(&mut self) -> Result<(), InflateError> {
        let [a, b, c, d] = TAIL;
        let step = self.step(&[a, b, c, d, 0], &mut [0], true, usize::MAX)?;
        match (step.read, step.written, step.ended) {
            (4, 0, false) => Ok(()),
            _ => Err(self.fail(InflateError::Corrupt)),
        }
    }

    /// Begins a new stream after a final block, which may be anywhere in a message (RFC 7692, section
    /// 7.2.3.4). The history still counts.
    fn restart(&mut self) -> Result<(), InflateError> {
        self.message.in_stream = false;
        self.message.full = 0;
        self.message.final_blocks += 1;
        let most = FREE_FINAL_BLOCKS + self.message.read / OCTETS_PER_FINAL_BLOCK;
        if self.message.final_blocks > most {
            return Err(self.fail(InflateError::Corrupt));
        }
        if let Some(inflater) = &mut self.inflater {
            inflater.reset();
        }
        self.restore()
    }

    fn step(
        &mut self,
        input: &[u8],
        out: &mut [u8],
        block: bool,
        limit: usize,
    ) -> Result<Step, InflateError> {
        if self.inflater.is_none() {
            self.inflater = pool::take_inflater();
            self.restore()?;
        }
        match self.inflater.as_mut().map(|inflater| inflater.step(input, out, block)) {
            Some(Ok(step)) => Ok(step),
            // The error is the same as if the octets had come one by one.
            Some(Err(failed)) if self.message.written + failed.written > limit => {
                Err(self.fail(InflateError::TooLong))
            }
            _ => Err(self.fail(InflateError::Corrupt)),
        }
    }

    /// Gives the history to a decompressor that has none yet.
    fn restore(&mut self) -> Result<(), InflateError> {
        let history = self.history.as_mut().filter(|history| history.len() > 0);
        let restored = match (&mut self.inflater, history) {
            (Some(inflater), Some(history)) => inflater.set_history(history.in_order()).is_ok(),
            _ => true,
        };
        if restored { Ok(()) } else { Err(self.fail(InflateError::Corrupt)) }
    }

    fn check(&self) -> Result<(), InflateError> {
        self.failed.map_or(Ok(()), Err)
    }

    fn fail(&mut self, error: InflateError) -> InflateError {
        self.failed = Some(error);
        self.history = None;
        self.message = Message::default();
        self.release();
        error
    }
}

impl Drop for Decompressor {
    fn drop(&mut self) {
        self.message = Message::default();
        self.release();
    }
}

impl std::fmt::Debug for Decompressor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decompressor")
            .field("takeover", &self.history.is_some())
            .field("message", &self.message)
            .field("failed", &self.failed)
            .finish_non_exhaustive()
    }
}
