//! Asking a silent router for a sign of life by a request that changes nothing.
//!
//! Any message is a sign of life. No timer is set per message: the timer runs on, and looks whether a
//! message has come meanwhile.

use std::time::Duration;

use super::Client;
use crate::error::{CloseKind, CloseReason};
use crate::message::{MAX_ID, Message, Unregister, Unsubscribe};
use crate::uri::Uri;

/// Shortest time of a heartbeat.
const LEAST: Duration = Duration::from_millis(1);

/// Bytes that a router works off within a second at least, as for the pings of `net::liveness`: while it is busy with
/// what this session has sent, it is not silent.
const LEAST_RATE: u64 = 256 << 10;

/// Most bytes that it is taken to be busy with.
const MOST_BUSY: usize = 16 << 20;

/// State of the heartbeat of a session.
#[derive(Debug, Default)]
pub(super) struct Heartbeat {
    due: Due,
    /// A message has come since the timer was set.
    heard: bool,
    /// Id of the request whose answer is awaited.
    asked: Option<u64>,
    /// Approximate size in bytes of the payloads that were sent since the router was last heard.
    sent: usize,
}

#[derive(Clone, Copy, Debug, Default)]
enum Due {
    /// No heartbeat is set; or the request waits until the transport takes it, as the router cannot answer before.
    #[default]
    Never,
    /// The clock must be read, to set the timer.
    Now,
    At(Duration),
}

impl Heartbeat {
    /// Starts with a session, unless the interval is zero.
    pub(super) fn start(&mut self, interval: Duration) {
        let due = if interval.is_zero() { Due::Never } else { Due::Now };
        *self = Heartbeat { due, ..Heartbeat::default() };
    }

    /// Records a message from the router.
    pub(super) fn hear(&mut self) {
        self.heard = true;
    }

    /// Records a message that the transport takes.
    pub(super) fn left(&mut self, message: &Message) {
        // What is behind the question does not hold its answer back.
        if self.asked.is_none() || matches!(self.due, Due::Never) {
            let payload = match message {
                Message::Call(call) => call.payload.weight(),
                Message::Publish(publish) => publish.payload.weight(),
                Message::Yield(result) => result.payload.weight(),
                Message::Error(error) => error.payload.weight(),
                _ => 0,
            };
            self.sent = self.sent.saturating_add(payload);
        }
        let (Message::Unregister(Unregister { request, .. })
        | Message::Unsubscribe(Unsubscribe { request, .. })) = message
        else {
            return;
        };
        if self.asked == Some(*request) {
            self.due = Due::Now;
        }
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        match self.due {
            Due::Never => None,
            Due::Now => Some(Duration::ZERO),
            Due::At(time) => Some(time),
        }
    }
}

/// Time that the router may take for what was sent to it.
fn busy_time(sent: usize) -> Duration {
    // In 64 bits: the product does not fit into `usize` in the browser.
    Duration::from_millis(sent.min(MOST_BUSY) as u64 * 1000 / LEAST_RATE)
}

impl Client {
    /// Asks a silent router, or ends the session if it does not answer.
    pub(super) fn beat(&mut self, now: Duration) {
        let (interval, timeout) = self.config.heartbeat;
        let after = |time: Duration| Due::At(now.saturating_add(time.max(LEAST)));
        let Heartbeat { due, heard, asked, sent } = &mut self.heartbeat;
        match *due {
            Due::Never => {}
            Due::At(time) if time > now => {}
            Due::Now if asked.is_some() => *due = after(timeout.saturating_add(busy_time(*sent))),
            Due::Now => *due = after(interval),
            Due::At(_) if std::mem::take(heard) => {
                *sent = 0;
                *asked = None;
                *due = after(interval);
            }
            Due::At(_) if asked.is_some() => {
                let timeout = timeout.saturating_add(busy_time(*sent));
                let text = format!(
                    "the router was silent for {interval:?}, and did not answer within {timeout:?}"
                );
                self.close(CloseReason::new(CloseKind::TimedOut, Uri::TIMEOUT, Some(text)));
            }
            Due::At(_) => {
                let request = self.ids.next();
                (*asked, *due) = (Some(request), Due::Never);
                let harmless = self.harmless(request);
                self.transmits.push_back(harmless);
            }
        }
    }

    /// A request that changes nothing and that each router answers: the end of a registration or subscription that
    /// this session does not have. Unlike a call, it needs no permission. Its answer is ignored, as no request
    /// waits for it.
    pub(super) fn harmless(&self, request: u64) -> Message {
        if self.router.has("broker") && !self.router.has("dealer") {
            let ours = self.interest.is_subscribed(MAX_ID);
            let subscription = if ours { MAX_ID - 1 } else { MAX_ID };
            return Unsubscribe { request, subscription, options: None }.into();
        }
        let ours = self.interest.is_registered(MAX_ID);
        let registration = if ours { MAX_ID - 1 } else { MAX_ID };
        Unregister { request, registration, options: None }.into()
    }
}
