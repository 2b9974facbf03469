//! Contains [`Unusable`], what is known of a message that is well-formed, but cannot be used.

use crate::error::{ApplicationError, Violation};
use crate::message::RequestType;
use crate::uri::Uri;

/// A well-formed message that cannot be used. Only its kind and ids were read, so that the refusal can
/// be sent to the request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unusable {
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
    /// The reason.
    pub problem: Problem,
}

/// Reason why a message cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// It carries too much beside its arguments: options, details, URIs.
    TooHeavy {
        /// Weight of everything beside the arguments, in bytes. Many small values weigh more than
        /// their bytes.
        weight: usize,
        /// The limit.
        limit: usize,
        /// Name of the setting of the limit.
        setting: &'static str,
    },
    /// An option or detail has a value that it cannot have.
    Option(String),
    /// Some readers of this serializer cannot read the arguments.
    Payload(String),
}

impl Unusable {
    /// Returns the error for the peer that waits for an answer.
    pub(crate) fn error(&self) -> ApplicationError {
        let uri = match self.problem {
            Problem::TooHeavy { .. } => Uri::PAYLOAD_SIZE_EXCEEDED,
            Problem::Option(_) => Uri::INVALID_ARGUMENT,
            Problem::Payload(_) => Uri::INVALID_PAYLOAD,
        };
        ApplicationError::new(uri).arg(self.text())
    }

    /// Returns the violation, for a message that no answer refuses.
    pub(crate) fn violation(&self) -> Violation {
        Violation::new(self.text())
    }

    fn text(&self) -> String {
        match &self.problem {
            Problem::TooHeavy { weight, limit, setting } => format!(
                "the message with code {} weighs {weight} bytes beside its arguments: \
                 the limit is {limit} ({setting})",
                self.code
            ),
            Problem::Option(text) | Problem::Payload(text) => text.clone(),
        }
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
