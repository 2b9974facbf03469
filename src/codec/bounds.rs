//! Contains [`Bounds`], the limits of received messages, which are checked before a value is built.

use crate::error::Violation;
use crate::message::unusable::Unusable;

/// Limits of a received message.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Maximum number of bytes of the whole message.
    pub message: usize,
    /// Name of the setting of `message`.
    pub message_setting: &'static str,
    /// Maximum weight of everything beside the arguments: options, details, URIs.
    pub details: usize,
    /// Name of the setting of `details`.
    pub details_setting: &'static str,
    /// Selects the unknown keys of options and details that are decoded. All others are skipped.
    pub keeps_key: fn(&str) -> bool,
    /// True to refuse arguments that some readers of the serializer cannot read, although they are
    /// well-formed.
    pub strict: bool,
}

/// Reason for refusing a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The message is not valid.
    Violation(Violation),
    /// The message is well-formed, but carries too much beside its arguments, an impossible option,
    /// or arguments that some receivers cannot read.
    Unusable(Unusable),
}

impl Bounds {
    /// No limit but that of the transport. All keys are kept.
    pub const NONE: Bounds = Bounds {
        message: usize::MAX,
        message_setting: "fixed",
        details: usize::MAX,
        details_setting: "fixed",
        keeps_key: |_| true,
        strict: false,
    };
}
