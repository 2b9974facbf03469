//! The authorizer's answers, and how the waiting sessions go on.

use std::time::Duration;

use crate::core::router::authorization::Authorization;
use crate::core::router::{ConnectionId, RouterCore, State};
use crate::uri::Uri;

impl RouterCore {
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
        let Some(realm) = self.realm_of(from) else { return };
        let decided = self.realms[realm].authorized(from, ticket, decided);
        let Some((message, outcome, held)) = decided else { return };
        self.set_deadline(from, None);
        let done = self.turn(now, realm, |realm, turn| realm.perform(turn, from, message, outcome));
        if let Err(violation) = done {
            self.handle_violation(now, from, violation);
        }
        // One of them may make the session wait again, which queues the others.
        for message in held {
            self.handle_message(now, from, message);
        }
        // One of them may have led to another realm, too.
        let realm = self.realm_of(from);
        // One of them may have ended the connection: nothing follows `Close`.
        let open = self.connections.contains_key(&from);
        if open && !realm.is_some_and(|realm| self.realms[realm].is_waiting(from)) {
            self.outputs.resume(from);
        }
    }

    pub(super) fn has_role(&self, realm: &Uri, role: &str) -> bool {
        let index = self.realm_names.get(realm);
        index.is_some_and(|index| self.realms[*index].has_role(role))
    }

    fn realm_of(&self, connection: ConnectionId) -> Option<usize> {
        match self.connections.get(&connection)?.state {
            State::Joined(realm) => Some(realm),
            _ => None,
        }
    }
}
