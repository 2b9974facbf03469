//! Messages from the router that are well-formed and cannot be used.

use super::{Client, ClientEvent};
use crate::message::unusable::Unusable;
use crate::message::{Payload, RequestError, RequestErrorDetails, RequestType};

impl Client {
    /// Handles a message that carries too much beside its arguments, or an option of a wrong value, in place of
    /// [`handle_message`](Self::handle_message). The request that it belongs to fails with [`Unusable::error`], and
    /// an event counts as missed. Any other message is a violation.
    pub fn handle_unusable(&mut self, unusable: &Unusable) {
        if !self.is_established() {
            return self.handle_violation(unusable.violation());
        }
        self.heartbeat.hear();
        let Unusable { id, progress, .. } = *unusable;
        let error = unusable.error();
        match (unusable.code, unusable.request_type) {
            // EVENT
            (36, _) => match self.interest.listeners(id) {
                Ok(listeners) => {
                    let missed = |&listener: &_| ClientEvent::Missed { listener };
                    self.events.extend(listeners.unwrap_or_default().iter().map(missed));
                }
                Err(violation) => self.handle_violation(violation),
            },
            // INVOCATION
            (68, _) => self.refuse(id, progress, error),
            // RESULT
            (50, _) | (8, Some(RequestType::Call)) => self.refuse_result(id, progress, error),
            (8, Some(request_type)) => self.handle_message(
                RequestError {
                    request_type,
                    request: id,
                    details: RequestErrorDetails::default(),
                    error: error.uri,
                    payload: Payload::from_values(error.args, error.kwargs),
                }
                .into(),
            ),
            _ => self.handle_violation(unusable.violation()),
        }
    }
}
