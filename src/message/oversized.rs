//! Contains [`Oversized`], what is known of a message that is too heavy to be decoded.

use crate::error::{ApplicationError, Violation};
use crate::message::RequestType;
use crate::uri::Uri;

/// A well-formed message that carries too much beside its arguments: options, details, URIs. Only its
/// kind and ids were read, so that the refusal can be sent to the request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Oversized {
    /// Code of the message.
    pub code: u64,
    /// The request that an ERROR answers.
    pub request_type: Option<RequestType>,
    /// Request id, or the subscription of an EVENT.
    pub id: u64,
    /// True if more arguments or results follow.
    pub progress: bool,
    /// True if a publisher waits for an answer.
    pub acknowledge: bool,
    /// Weight of everything beside the arguments, in bytes. Many small values weigh more than their
    /// bytes.
    pub weight: usize,
    /// The limit.
    pub limit: usize,
    /// Name of the setting of the limit.
    pub setting: &'static str,
}

impl Oversized {
    /// Returns the error for the peer that waits for an answer.
    pub(crate) fn error(&self) -> ApplicationError {
        ApplicationError::new(Uri::PAYLOAD_SIZE_EXCEEDED).arg(self.text())
    }

    /// Returns the violation, for a message that no answer refuses.
    pub(crate) fn violation(&self) -> Violation {
        Violation::new(self.text())
    }

    fn text(&self) -> String {
        let Oversized { code, weight, limit, setting, .. } = self;
        format!(
            "the message with code {code} weighs {weight} bytes beside its arguments: \
             the limit is {limit} ({setting})"
        )
    }
}

/// Returns the position of the arguments in a message with this code. All before them counts as
/// envelope.
pub(crate) fn arguments_at(code: u64) -> Option<usize> {
    match code {
        // ABORT, RESULT, YIELD
        3 | 50 | 70 => Some(3),
        // PUBLISH, EVENT, CALL, INVOCATION
        16 | 36 | 48 | 68 => Some(4),
        // ERROR
        8 => Some(5),
        _ => None,
    }
}
