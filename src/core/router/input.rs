//! `Input`: what a connection has brought.

use crate::error::Violation;
use crate::message::Message;
use crate::message::unusable::Unusable;

/// An input that one connection has read, for its [`Door`](super::Door) or, if it has a session, for the
/// [`RealmCore`](super::RealmCore).
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "boxing would cost an allocation a message")]
#[allow(clippy::exhaustive_enums, reason = "drivers pass them on")]
pub enum Input {
    /// A message.
    Message(Message),
    /// Bytes that are not a valid message.
    Violation(Violation),
    /// A message that is well-formed and cannot be used.
    Unusable(Unusable),
    /// The transport has ended.
    End,
}

impl Input {
    /// Returns whether it asks for a change that is told in meta events.
    pub(super) fn is_change(&self) -> bool {
        use Message::{Register, Subscribe, Unregister, Unsubscribe};
        let Input::Message(message) = self else { return false };
        matches!(message, Subscribe(_) | Unsubscribe(_) | Register(_) | Unregister(_))
    }
}
