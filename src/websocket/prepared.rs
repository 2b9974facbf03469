//! Contains [`Prepared`], a message that is compressed once for many receivers.

use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;

use crate::framing::websocket::deflate::SharedCompressor;
use crate::framing::websocket::{COMPRESS_STEP, Kind};
use crate::lock::Lock;

/// Sizes of a window: 8 to 15 bits (RFC 7692, section 7.1.2).
const LEAST_WINDOW: u8 = 8;
const WINDOWS: usize = 8;

/// A message that many connections send. Its bytes are shared, and it is compressed once for all connections with
/// the same window. Each connection adds the header, which takes less time than to look one up.
#[derive(Debug)]
pub struct Prepared {
    kind: Kind,
    payload: Bytes,
    uncompressed: bool,
    is_utf8: OnceLock<bool>,
    /// Made for the first connection with compression; most messages never need it.
    deflated: OnceLock<Box<[Lock<Deflated>; WINDOWS]>>,
}

/// The compressed message for one size of the window.
#[derive(Debug, Default)]
enum Deflated {
    #[default]
    Unmade,
    /// A connection compresses it; these wait for that.
    InWork(Vec<Waker>),
    /// `None` where compression makes it no shorter.
    Made(Option<Bytes>),
}

impl Prepared {
    /// Creates a message. Text has to be UTF-8.
    pub fn new(kind: Kind, payload: Bytes, uncompressed: bool) -> Self {
        let (is_utf8, deflated) = (OnceLock::new(), OnceLock::new());
        Prepared { kind, payload, uncompressed, is_utf8, deflated }
    }

    /// Returns the kind of the message.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Returns the payload.
    pub fn payload(&self) -> &Bytes {
        &self.payload
    }

    /// Returns whether the payload is UTF-8. That is checked once for all receivers.
    pub fn is_utf8(&self) -> bool {
        *self.is_utf8.get_or_init(|| crate::utf8::is_valid(&self.payload))
    }

    /// Returns whether the message is sent as it is, even if compression was agreed.
    pub fn is_uncompressed(&self) -> bool {
        self.uncompressed
    }

    fn deflated(&self, window: u8) -> &Lock<Deflated> {
        let index = usize::from(window.saturating_sub(LEAST_WINDOW)).min(WINDOWS - 1);
        &self.deflated.get_or_init(Box::default)[index]
    }
}

/// A connection's wish for the compressed form of a [`Prepared`] message.
///
/// The first connection compresses the message, in steps of bounded work; the others wait for it, and none blocks
/// a thread. If the first one ends before, another one begins anew.
#[derive(Debug)]
pub(super) struct Preparing {
    prepared: Arc<Prepared>,
    level: u8,
    window: u8,
    /// Present in the connection that compresses.
    work: Option<SharedCompressor>,
}

/// Result of a step.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Preparation {
    /// More steps follow.
    More,
    /// Another connection compresses the message.
    Waits,
    /// The compressed form, or `None` if it is not shorter.
    Made(Option<Bytes>),
}

impl Preparing {
    pub(super) fn new(prepared: Arc<Prepared>, (level, window): (u8, u8)) -> Self {
        Preparing { prepared, level, window, work: None }
    }

    pub(super) fn message(&self) -> &Prepared {
        &self.prepared
    }

    /// Compresses the next part of the message, unless another connection does.
    pub(super) fn step(&mut self) -> Preparation {
        if self.work.is_none() {
            let mut deflated = self.prepared.deflated(self.window).lock();
            match &*deflated {
                Deflated::Unmade => *deflated = Deflated::InWork(Vec::new()),
                Deflated::InWork(_) => return Preparation::Waits,
                Deflated::Made(made) => return Preparation::Made(made.clone()),
            }
        }
        let (level, window) = (self.level, self.window);
        let work = self.work.get_or_insert_with(|| SharedCompressor::new(level, window));
        if !work.step(&self.prepared.payload, COMPRESS_STEP) {
            return Preparation::More;
        }
        let made = self.work.take().and_then(SharedCompressor::finish).map(Bytes::from);
        self.end(Deflated::Made(made.clone()));
        Preparation::Made(made)
    }

    /// Ready when no other connection compresses the message any more.
    pub(super) fn poll_turn(&self, cx: &Context<'_>) -> Poll<()> {
        let mut deflated = self.prepared.deflated(self.window).lock();
        let Deflated::InWork(waiting) = &mut *deflated else { return Poll::Ready(()) };
        if self.work.is_some() {
            return Poll::Ready(());
        }
        // A connection that is polled again while it waits is the last one that was added, as a rule.
        if waiting.last().is_none_or(|last| !last.will_wake(cx.waker())) {
            waiting.push(cx.waker().clone());
        }
        Poll::Pending
    }

    fn end(&self, state: Deflated) {
        let before = std::mem::replace(&mut *self.prepared.deflated(self.window).lock(), state);
        if let Deflated::InWork(waiting) = before {
            waiting.into_iter().for_each(Waker::wake);
        }
    }
}

impl Drop for Preparing {
    fn drop(&mut self) {
        if self.work.is_some() {
            self.end(Deflated::Unmade);
        }
    }
}

#[cfg(test)]
#[cfg(feature = "deflate")]
mod tests {
    use super::*;

    fn message(length: usize) -> Arc<Prepared> {
        Arc::new(Prepared::new(Kind::Binary, vec![7; length].into(), false))
    }

    #[test]
    fn one_compresses_and_the_others_wait() {
        let prepared = message(3 * COMPRESS_STEP);
        let new = || Preparing::new(Arc::clone(&prepared), (1, 15));
        let (mut first, mut second) = (new(), new());
        let cx = Context::from_waker(Waker::noop());
        assert_eq!(first.step(), Preparation::More);
        assert_eq!(second.step(), Preparation::Waits);
        assert!(second.poll_turn(&cx).is_pending());
        // Another size of the window has nothing to do with it.
        assert_eq!(Preparing::new(Arc::clone(&prepared), (1, 9)).step(), Preparation::More);
        assert_eq!(first.step(), Preparation::More);
        let made = first.step();
        assert!(matches!(&made, Preparation::Made(Some(made)) if made.len() < COMPRESS_STEP));
        assert!(second.poll_turn(&cx).is_ready());
        assert_eq!(second.step(), made);
        assert_eq!(new().step(), made);
    }

    #[test]
    fn a_connection_that_ends_hands_the_work_on() {
        let prepared = message(2 * COMPRESS_STEP);
        let mut first = Preparing::new(Arc::clone(&prepared), (1, 15));
        let mut second = Preparing::new(prepared, (1, 15));
        let cx = Context::from_waker(Waker::noop());
        assert_eq!(first.step(), Preparation::More);
        assert!(second.poll_turn(&cx).is_pending());
        drop(first);
        assert!(second.poll_turn(&cx).is_ready());
        assert_eq!(second.step(), Preparation::More);
        assert!(matches!(second.step(), Preparation::Made(Some(_))));
    }
}
