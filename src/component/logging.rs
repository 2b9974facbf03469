//! Contains [`LogLevel`], the log level of [`run`](crate::component::run).

use crate::rt;

/// The log level of [`run`](crate::component::run) and
/// [`ApplicationRunner`](crate::component::ApplicationRunner).
///
/// Natively, with the Cargo feature `log` (enabled by default), they install a
/// [`tracing`](https://docs.rs/tracing) subscriber that writes lines to standard error. It stays
/// for the rest of the process. If the program has installed a subscriber of its own, that one is
/// used instead. In the browser, and without the feature, nothing is installed.
///
/// Lines below [`Info`](LogLevel::Info) are those of this crate only: other crates also log what they
/// send and receive, secrets included. Colors are for terminals.
///
/// Each line of a component is in a span with its realm and, if it has one, its
/// [name](crate::component::ComponentBuilder::name) (`component{realm=… name=…}`), and during an
/// attempt and its session also in a span with the transport (`attempt{transport=…}`).
#[doc(alias("start_logging", "txaio"))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum LogLevel {
    /// No change to logging.
    None,
    /// Final failures.
    Error,
    /// Also failures that are retried or skipped.
    Warn,
    /// Also joined sessions with their ids, ended sessions with the reason, and listening routers.
    #[default]
    Info,
    /// Also connecting and connected components, and the end of sessions and connections.
    Debug,
    /// Also each message of a session.
    Trace,
}

impl LogLevel {
    /// Returns the name: `"none"`, `"error"`, `"warn"`, `"info"`, `"debug"` or `"trace"`.
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

    /// Returns the level with a name. `"critical"`, which Autobahn has, equals `"error"`.
    pub fn from_name(name: &str) -> Option<Self> {
        use LogLevel::{Debug, Error, Info, None as Nothing, Trace, Warn};
        match name {
            "critical" => Some(Error),
            name => [Nothing, Error, Warn, Info, Debug, Trace]
                .into_iter()
                .find(|level| level.as_str() == name),
        }
    }

    /// Installs the subscriber where one is needed.
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
