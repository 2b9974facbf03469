//! Messages from sessions that are well-formed and cannot be used.

use std::time::Duration;

use crate::core::router::connection::ConnectionId;
use crate::core::router::realm_core::RealmCore;
use crate::error::Violation;
use crate::message::RequestType;
use crate::message::unusable::Unusable;

impl RealmCore {
    /// Handles a message that carries too much beside its arguments, an option of a wrong value or arguments that
    /// strict readers refuse, in place of [`handle_message`](RealmCore::handle_message). The request that it makes
    /// or answers fails with [`Unusable::error`]. Any other message is a violation.
    pub fn handle_unusable(&mut self, now: Duration, from: ConnectionId, unusable: &Unusable) {
        if !self.is_member(from) {
            return;
        }
        let (id, error) = (unusable.id, unusable.error());
        let outcome = match (unusable.code, unusable.request_type) {
            // PUBLISH
            (16, _) if !unusable.acknowledge => {
                self.count_request(from, RequestType::Publish, id).map(|()| {
                    self.outputs.dropped(from, error);
                })
            }
            // YIELD, or ERROR for INVOCATION
            (70, _) | (8, Some(RequestType::Invocation)) => {
                self.outputs.dropped(from, error.clone());
                self.turn(now, |realm, turn| realm.refuse(turn, from, id, error));
                Ok(())
            }
            // The arguments that follow this CALL would be taken for another call.
            (48, _) if unusable.progress => Err(unusable.violation()),
            (48, _) if self.realm.is_calling(from, id) => {
                self.turn(now, |realm, turn| realm.give_up(turn, from, id, error));
                Ok(())
            }
            (8, _) => Err(unusable.violation()),
            (code, _) => match RequestType::from_code(code).filter(|_| code != 68) {
                Some(kind) => self.count_request(from, kind, id).map(|()| {
                    self.outputs.error(from, kind, id, error);
                }),
                None => Err(unusable.violation()),
            },
        };
        if let Err(violation) = outcome {
            self.handle_violation(now, from, violation);
        }
    }

    /// Counts a request that is refused unread, where ids must be in sequence.
    fn count_request(
        &mut self,
        from: ConnectionId,
        kind: RequestType,
        id: u64,
    ) -> Result<(), Violation> {
        if !self.config.strict_request_ids {
            return Ok(());
        }
        let session = self.realm.sessions.get_mut(&from);
        session.map_or(Ok(()), |session| {
            session.check_request(&format!("{kind:?}").to_uppercase(), id)
        })
    }
}
