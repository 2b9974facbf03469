//! `LogLevel`: how much of the crate's log [`run`](crate::component::run) shows.

use crate::rt;

/// How much is logged by [`run`](crate::component::run) and
/// [`ApplicationRunner`](crate::component::ApplicationRunner).
///
/// Natively, with the crate's feature `log` (a default), and unless the program has installed a
/// [`tracing`](https://docs.rs/tracing) subscriber of its own, which then decides alone: they install
/// one that writes lines to the standard error. It stays for the rest of the process. In the browser,
/// and without the feature, nothing is installed: there a program installs what it likes.
///
/// Each line of a component stands in a span that names its realm (`component{realm=…}`), and during
/// an attempt and its session in one that names the transport (`attempt{transport=…}`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum LogLevel {
    /// Logging is left alone.
    None,
    /// What has failed for good.
    Error,
    /// Also what has failed, and is tried again or left out.
    Warn,
    /// Also that a component has joined, with the id of the session, and that a session has ended,
    /// with the reason; and that a router listens.
    #[default]
    Info,
    /// Also that a component connects and is connected, and how sessions and connections end.
    Debug,
    /// Also each message of a session.
    Trace,
}

impl LogLevel {
    /// Its name: `"none"`, `"error"`, `"warn"`, `"info"`, `"debug"`, `"trace"`.
    pub fn as_str(self) -> &'static str {
        match self {
            LogLevel::None => "none",
            LogLevel::Error => "error",
            LogLevel::Warn => "warn",
            LogLevel::Info => "info",
            LogLevel::Debug => "debug",
            LogLevel::Trace => "trace",
        }
    }

    /// The level of a name. `"critical"`, which Autobahn has, too, is as `"error"`.
    pub fn from_name(name: &str) -> Option<Self> {
        use LogLevel::{Debug, Error, Info, None as Nothing, Trace, Warn};
        match name {
            "critical" => Some(Error),
            name => [Nothing, Error, Warn, Info, Debug, Trace]
                .into_iter()
                .find(|level| level.as_str() == name),
        }
    }

    /// Installs the subscriber, where there is to be one.
    pub(crate) fn install(self) {
        let level = match self {
            LogLevel::None => return,
            LogLevel::Error => tracing::Level::ERROR,
            LogLevel::Warn => tracing::Level::WARN,
            LogLevel::Info => tracing::Level::INFO,
            LogLevel::Debug => tracing::Level::DEBUG,
            LogLevel::Trace => tracing::Level::TRACE,
        };
        rt::log_to_stderr(level);
    }
}
