//! `Undeliverable`: what follows if a message cannot be carried to its receiver.

use crate::error::ApplicationError;
use crate::message::{Message, RequestType};

/// The consequence of a message that cannot be carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Undeliverable {
    /// An event is dropped.
    Drop,
    /// The invocation fails.
    Refuse(u64),
    /// The call whose progressive result it was is canceled.
    GiveUp(u64),
    /// The call gets an error in place of its answer.
    Replace(u64),
    /// The connection is closed.
    Close,
}

impl Undeliverable {
    /// `error` is what a caller is told.
    pub(super) fn of(message: &Message, error: &ApplicationError) -> Self {
        match message {
            Message::Event(_) => Undeliverable::Drop,
            Message::Invocation(invocation) => Undeliverable::Refuse(invocation.request),
            Message::Result(result) if result.details.progress == Some(true) => {
                Undeliverable::GiveUp(result.request)
            }
            Message::Result(result) => Undeliverable::Replace(result.request),
            // A forwarded error is replaced; an error of the router's own is not tried again.
            Message::Error(failed)
                if failed.request_type == RequestType::Call
                    && (failed.error != error.uri || failed.payload.serializer().is_some()) =>
            {
                Undeliverable::Replace(failed.request)
            }
            _ => Undeliverable::Close,
        }
    }
}
