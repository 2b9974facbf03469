//! `Ping`: when to ask the peer for a sign of life.

use std::time::Duration;

use crate::error::ConfigError;
use crate::settings::{LONGEST, check_time};

/// The times and the size of automatic pings (RFC 6455, section 5.5.2).
///
/// Defaults: interval 10 s, timeout 10 s, 12 bytes, only while the peer is silent. Autobahn's
/// `autoPing…` options. Not available in the browser.
#[doc(alias = "AutoPing")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ping {
    /// Zero: no pings. Unset, it is [`DEFAULT_TIME`](Self::DEFAULT_TIME) where pings are sent by
    /// default, and no pings elsewhere.
    pub(crate) interval: Option<Duration>,
    /// Zero: the answer is waited for without limit.
    pub(crate) timeout: Option<Duration>,
    pub(crate) size: Option<usize>,
    pub(crate) restart_on_traffic: Option<bool>,
}

impl Ping {
    /// Minimum number of bytes of a ping: less would not tell the pings of this side from others.
    pub const MIN_SIZE: usize = 12;
    /// Maximum number of bytes of a ping: RFC 6455, section 5.5.
    pub const MAX_SIZE: usize = 125;
    /// Default of the interval and of the timeout.
    pub(crate) const DEFAULT_TIME: Duration = Duration::from_secs(10);

    /// Pings at this interval, each answered within `timeout`.
    ///
    /// A ping is sent after an interval in which nothing came; the intervals follow each other, so
    /// that is up to two of them after the last sign of life. The connection counts as lost when
    /// nothing came within `timeout` after the ping has left; a peer that may be busy with what was sent before gets
    /// another second for each 256 KiB of it, for 16 MiB at most. Until the ping has left, behind a long message
    /// on a slow line, the `send_timeout` decides. Times count as 1 ms at least and as a year at most.
    #[doc(alias("autoPingInterval", "autoPingTimeout"))]
    pub fn new(interval: Duration, timeout: Duration) -> Self {
        let bounded = |time: Duration| time.clamp(Duration::from_millis(1), LONGEST);
        Ping {
            interval: Some(bounded(interval)),
            timeout: Some(bounded(timeout)),
            ..Ping::default()
        }
    }

    /// Number of bytes of a ping, 12 to 125 (the nearest of them counts): its number (4 bytes), 8
    /// random bytes, and zeros. Default: 12. Autobahn's `autoPingSize`.
    #[doc(alias = "autoPingSize")]
    #[must_use]
    pub fn size(mut self, bytes: usize) -> Self {
        self.size = Some(bytes.clamp(Ping::MIN_SIZE, Ping::MAX_SIZE));
        self
    }

    /// Sets whether any byte that comes is a sign of life. If not, only the answer to a ping counts,
    /// and a ping is sent an interval after the last answer, whatever else comes: the time of the
    /// [round trip](crate::transport::TransportInfo::round_trip) is then known on busy connections too, but a long
    /// message on a slow line may hold the answer back for too long. Default: true. Autobahn's
    /// `autoPingRestartOnAnyTraffic`.
    #[doc(alias = "autoPingRestartOnAnyTraffic")]
    #[must_use]
    pub fn restart_on_traffic(mut self, restart: bool) -> Self {
        self.restart_on_traffic = Some(restart);
        self
    }

    /// Settings that an application gives as a whole. Pings without an interval take the default one;
    /// `None` is for no pings at all.
    pub(crate) fn set(ping: Option<Ping>) -> Self {
        ping.map_or_else(Ping::never, |ping| Ping {
            interval: ping.interval.or(Some(Ping::DEFAULT_TIME)),
            ..ping
        })
    }

    /// No pings at all.
    fn never() -> Self {
        Ping { interval: Some(Duration::ZERO), ..Ping::default() }
    }

    /// Takes the unset options from others.
    pub(crate) fn or(self, others: Ping) -> Self {
        Ping {
            interval: self.interval.or(others.interval),
            timeout: self.timeout.or(others.timeout),
            size: self.size.or(others.size),
            restart_on_traffic: self.restart_on_traffic.or(others.restart_on_traffic),
        }
    }

    /// The keys that are set, as options of a transport.
    pub(crate) fn set_keys(&self) -> impl Iterator<Item = &'static str> + use<> {
        [
            (self.interval.is_some(), "auto_ping_interval"),
            (self.timeout.is_some(), "auto_ping_timeout"),
            (self.size.is_some(), "auto_ping_size"),
            (self.restart_on_traffic.is_some(), "auto_ping_restart_on_any_traffic"),
        ]
        .into_iter()
        .filter_map(|(set, key)| set.then_some(key))
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let (least, most) = (Ping::MIN_SIZE, Ping::MAX_SIZE);
        if self.size.is_some_and(|size| size < least || size > most) {
            let text = format_args!("it must be {least} to {most} bytes");
            return Err(ConfigError::new("auto_ping_size", text));
        }
        let times = [(self.interval, "auto_ping_interval"), (self.timeout, "auto_ping_timeout")];
        for (time, key) in times {
            if let Some(Err(text)) = time.map(|time| check_time(time, false)) {
                return Err(ConfigError::new(key, text));
            }
        }
        Ok(())
    }
}
