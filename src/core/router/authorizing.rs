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

    /// Performs or refuses the waiting request. Without a ticket the answer is for any request.
    pub(super) fn decide(
        &mut self,
        now: Duration,
        from: ConnectionId,
        ticket: Option<u64>,
        decided: Result<Authorization, &str>,
    ) {
        let decided = self.realm.authorized(&mut self.held, from, ticket, decided);
        let Some((message, outcome)) = decided else { return };
        self.waits.set(from, None);
        match self.turn(now, |realm, turn| realm.perform(turn, from, message, outcome)) {
            // Nothing follows `Close`.
            Err(violation) => self.handle_violation(now, from, violation),
            Ok(()) => self.outputs.resume(from),
        }
    }
}
