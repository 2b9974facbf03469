//! `ClientConfig`: the settings of a session.

use std::time::Duration;

use crate::value::Dict;

/// Settings of a session.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClientConfig {
    /// Time limit of each step of joining: the answer to HELLO, the answer of this side to CHALLENGE, the answer
    /// to AUTHENTICATE. Default: 10 s.
    pub join_timeout: Duration,
    /// Time limit of the answer to GOODBYE. Default: 3 s.
    pub leave_timeout: Duration,
    /// HELLO.Details.agent. Default: name and version of this crate.
    pub agent: String,
    /// `disclose_me` of calls and publications that do not set it themselves. Default: not set, and
    /// the router decides.
    pub disclose_me: Option<bool>,
    /// If true, announces support of encoded payloads: `payload_passthru_mode` and Autobahn's
    /// `payload_transparency`. Default: false.
    pub payload_passthru: bool,
    /// Maximum weight in bytes of what a received message carries beside its arguments: options,
    /// details and URIs. Default: 64 KiB.
    pub details_limit: usize,
    /// Maximum length in bytes of a received message before WELCOME. Default: 128 KiB.
    pub joining_limit: usize,
    /// Maximum weight in bytes of the events that wait in the queue of a subscription, and of the
    /// progressive results or argument parts of a call. Default: 64 MiB.
    pub queue_limit: usize,
    /// Maximum weight in bytes of the calls that the session's procedures work on. Default: 64 MiB.
    pub running_limit: usize,
    /// Longest silence of the router before it is asked for a sign of life, and the time limit of its answer.
    /// Zero: it is not asked. Default: zero, 10 s.
    pub heartbeat: (Duration, Duration),
    /// Further keys of HELLO.Details. Default: none.
    pub hello: Dict,
}

impl Default for ClientConfig {
    fn default() -> Self {
        ClientConfig {
            join_timeout: Duration::from_secs(10),
            leave_timeout: Duration::from_secs(3),
            agent: concat!("wampwerk/", env!("CARGO_PKG_VERSION")).to_owned(),
            disclose_me: None,
            payload_passthru: false,
            details_limit: 64 << 10,
            joining_limit: 128 << 10,
            queue_limit: 64 << 20,
            running_limit: 64 << 20,
            heartbeat: (Duration::ZERO, Duration::from_secs(10)),
            hello: Dict::new(),
        }
    }
}
