//! The authorizer's answers, and how the waiting sessions go on.

use std::time::Duration;

use crate::core::router::authorization::Authorization;
use crate::core::router::connection::ConnectionId;
use crate::core::router::realm_core::RealmCore;

impl RealmCore {
    /// Takes the authorizer's answer to
    /// [`Output::Authorize`](crate::core::router::Output::Authorize); `None` if the authorizer has
    /// failed. The waiting request is performed or refused, and the session goes on. A late answer,
    /// or one for a session that has ended, is ignored.
    pub fn handle_authorized(
        &mut self,
        now: Duration,
        connection: ConnectionId,
        ticket: u64,
        decided: Option<Authorization>,
    ) {
        let decided = decided.ok_or("the authorizer has failed");
        self.decide(now, connection, Some(ticket), decided);
    }

    /// Performs or refuses the waiting request, and then handles the messages behind it. Without a
    /// ticket the answer is for any request.
    pub(super) fn decide(
        &mut self,
        now: Duration,
        from: ConnectionId,
        ticket: Option<u64>,
        decided: Result<Authorization, &str>,
    ) {
        let decided = self.realm.authorized(from, ticket, decided);
        let Some((message, outcome, mut held)) = decided else { return };
        self.stop_waiting(from);
        let mut done = self.turn(now, |realm, turn| realm.perform(turn, from, message, outcome));
        // One of them may make the session wait again, which queues the others, or end it.
        while done.is_ok()
            && self.is_member(from)
            && let Some(message) = held.pop_front()
        {
            done = self.receive(now, from, message);
        }
        match done {
            // Nothing follows `Close`.
            Err(violation) => self.handle_violation(now, from, violation),
            Ok(()) if self.realm.is_waiting(from) => {}
            Ok(()) => {
                self.outputs.resume(from);
                if !held.is_empty() {
                    self.outputs.unread(from, held);
                }
            }
        }
    }
}
