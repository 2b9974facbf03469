//! How the authorizer's answers come back, and sessions that have waited for them go on.

use std::time::Duration;

use crate::core::router::authorization::Authorization;
use crate::core::router::{ConnectionId, Router, State};
use crate::uri::Uri;

impl Router {
    /// The authorizer has answered a question of
    /// [`Output::Authorize`](crate::core::router::Output::Authorize); `None` if it has failed. What
    /// the session has waited with is done or refused now, and it goes on. An answer that nobody
    /// waits for any more is ignored: the session has ended, or the answer is late.
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

    /// Does what a session has waited with, and then what it has sent since. Without a ticket
    /// whatever it waits for.
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
        // One of them may make it wait again, which holds back the others.
        for message in held {
            self.handle_message(now, from, message);
        }
        // One of them may have led to another realm, too.
        let realm = self.realm_of(from);
        if !realm.is_some_and(|realm| self.realms[realm].is_waiting(from)) {
            self.outputs.resume(from);
        }
    }

    pub(super) fn knows_role(&self, realm: &Uri, role: &str) -> bool {
        let index = self.realm_names.get(realm);
        index.is_some_and(|index| self.realms[*index].knows_role(role))
    }

    fn realm_of(&self, connection: ConnectionId) -> Option<usize> {
        match self.connections.get(&connection)?.state {
            State::Joined(realm) => Some(realm),
            _ => None,
        }
    }
}
