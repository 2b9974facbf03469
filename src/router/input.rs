//! Contains [`Input`].

use crate::error::Violation;
use crate::message::Message;
use crate::message::unusable::Unusable;

/// An input that one connection has read.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "boxing would cost an allocation a message")]
pub(super) enum Input {
    Message(Message),
    Violation(Violation),
    Unusable(Unusable),
    /// The transport has ended.
    End,
}
