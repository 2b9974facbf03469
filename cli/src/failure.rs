//! Contains [`Failure`]: why a command failed, as the text for people and the exit code for scripts.

use std::fmt::Display;
use std::io;

use wampwerk::error::{
    BuildError, CallError, CloseKind, CloseReason, ConfigError, ConnectError, ListenError,
    PublishError, RegisterError, SubscribeError,
};
use wampwerk::{ApplicationError, Uri};

/// Result of a command, or of a step of it.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

/// The failure of a command.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) kind: Kind,
    pub(crate) text: String,
}

/// Kind of a failure. The number is the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Anything that is none of the others, such as a file that cannot be written.
    Other = 1,
    /// An argument, a context, a file or a configuration is not valid. Nothing was started.
    Usage = 2,
    /// The router cannot be reached.
    Unreachable = 3,
    /// The router refuses the session: realm, credentials, rights.
    Refused = 4,
    /// The router or the callee answered with an error.
    Application = 5,
    /// No answer came in time.
    Timeout = 6,
    /// The session ended while it was needed.
    Lost = 7,
    /// The user interrupted the command before its end.
    Interrupted = 130,
}

/// Table of the exit codes, for the help text.
pub(crate) const EXIT_CODES: &str = "Exit codes:
  0    success
  1    another failure
  2    an argument, a context, a file or a configuration is not valid; nothing was started
  3    the router cannot be reached
  4    the router refuses the session
  5    the router or the callee answered with an error
  6    no answer in time
  7    the session ended while it was needed
  130  interrupted";

impl Failure {
    pub(crate) fn new(kind: Kind, text: impl Display) -> Self {
        // One line: messages of systems and peers may have several.
        let text = text.to_string();
        let lines: Vec<&str> =
            text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        Failure { kind, text: lines.join(" ") }
    }

    pub(crate) fn usage(text: impl Display) -> Self {
        Failure::new(Kind::Usage, text)
    }

    pub(crate) fn other(text: impl Display) -> Self {
        Failure::new(Kind::Other, text)
    }

    pub(crate) fn interrupted() -> Self {
        Failure::new(Kind::Interrupted, "interrupted")
    }

    /// The failure of a command whose session has ended.
    pub(crate) fn lost(reason: &CloseReason) -> Self {
        let kind = if reason.kind == CloseKind::TimedOut { Kind::Timeout } else { Kind::Lost };
        Failure::new(kind, format_args!("the session has ended: {reason}"))
    }
}

impl From<ConnectError> for Failure {
    fn from(error: ConnectError) -> Self {
        let kind = match &error {
            ConnectError::InvalidUrl(_) | ConnectError::InvalidConfig(_) => Kind::Usage,
            ConnectError::Timeout(_) => Kind::Timeout,
            ConnectError::Join(reason) => match reason.kind {
                CloseKind::TransportLost => Kind::Unreachable,
                CloseKind::TimedOut => Kind::Timeout,
                _ => Kind::Refused,
            },
            _ => Kind::Unreachable,
        };
        Failure::new(kind, error)
    }
}

impl From<ApplicationError> for Failure {
    fn from(error: ApplicationError) -> Self {
        let kind = if error.uri == Uri::TIMEOUT { Kind::Timeout } else { Kind::Application };
        Failure::new(kind, error)
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Application(error) => error.into(),
            CallError::Timeout { .. } => Failure::new(Kind::Timeout, error),
            CallError::Closed { .. } => Failure::new(Kind::Lost, error),
            other => Failure::new(Kind::Application, other),
        }
    }
}

macro_rules! requests {
    ($($error:ident),*) => {$(
        impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                match error {
                    $error::Application(error) => error.into(),
                    $error::Closed { .. } => Failure::new(Kind::Lost, error),
                    #[allow(unreachable_patterns, reason = "one macro for all")]
                    other => Failure::new(Kind::Application, other),
                }
            }
        }
    )*};
}

requests! { PublishError, SubscribeError, RegisterError }

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Failure::usage(error)
    }
}

impl From<BuildError> for Failure {
    fn from(error: BuildError) -> Self {
        match error {
            BuildError::InvalidConfig(error) => Failure::usage(error),
            other => Failure::other(other),
        }
    }
}

/// A port in use is a wrong argument: another one would do.
impl From<ListenError> for Failure {
    fn from(error: ListenError) -> Self {
        match error {
            ListenError::Closed => Failure::other(error),
            other => Failure::usage(other),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::other(error)
    }
}
