//! How sessions join a realm and leave it, and who is told.

use std::sync::Arc;

use crate::core::router::ConnectionId;
use crate::core::router::happening::Happening;
use crate::core::router::meta::{self, Kill};
use crate::core::router::realm::Realm;
use crate::core::router::session::Session;
use crate::core::router::testaments::Testaments;
use crate::core::router::turn::Turn;

/// A session that nothing reaches any more, and of which nobody was told yet.
struct Gone {
    connection: ConnectionId,
    session: Session,
    testaments: Option<Testaments>,
    /// What its subscriptions' end was.
    happenings: Vec<Happening>,
}

impl Realm {
    pub(in crate::core::router) fn join(
        &mut self,
        turn: &mut Turn<'_>,
        connection: ConnectionId,
        mut session: Session,
    ) {
        session.role = self.role(&session.identity.authrole);
        let identity = Arc::clone(&session.identity);
        self.connections.insert(identity.session, connection);
        self.sessions.insert(connection, session);
        meta::joined(self, turn, &identity);
    }

    /// Everything that a session held goes with it. Its testaments are published, and those who
    /// watch are told.
    pub(in crate::core::router) fn release(
        &mut self,
        turn: &mut Turn<'_>,
        connection: ConnectionId,
    ) {
        if let Some(gone) = self.remove(turn, connection) {
            self.tell_of(turn, gone);
        }
    }

    /// The same for several at once. None of them is told of another one: that would be a square
    /// of messages if all of them watch.
    pub(in crate::core::router) fn release_all(
        &mut self,
        turn: &mut Turn<'_>,
        connections: &[ConnectionId],
    ) {
        for gone in self.remove_all(turn, connections) {
            self.tell_of(turn, gone);
        }
    }

    /// As [`release_all`](Realm::release_all), but without a word to anybody, save that calls fail
    /// whose callees they were.
    pub(in crate::core::router) fn release_quietly(
        &mut self,
        turn: &mut Turn<'_>,
        connections: &[ConnectionId],
    ) {
        let before = turn.happenings.len();
        for gone in self.remove_all(turn, connections) {
            self.dealer.release(turn, gone.connection, gone.session, &mut self.sessions);
        }
        turn.happenings.truncate(before);
    }

    fn remove_all(&mut self, turn: &mut Turn<'_>, connections: &[ConnectionId]) -> Vec<Gone> {
        let all: Vec<_> =
            connections.iter().filter_map(|connection| self.remove(turn, *connection)).collect();
        if all.len() > 1 {
            self.dealer.registrations.clear(all.iter().flat_map(|gone| {
                let registrations = gone.session.registrations.ids();
                registrations.into_iter().map(|id| (id, gone.connection))
            }));
        }
        all
    }

    /// From here on nothing reaches it.
    fn remove(&mut self, turn: &mut Turn<'_>, connection: ConnectionId) -> Option<Gone> {
        let testaments = self.testaments.remove(&connection);
        let session = self.sessions.remove(&connection)?;
        self.connections.remove(&session.identity.session);
        let before = turn.happenings.len();
        self.broker.release(turn, connection, &session);
        let happenings = turn.happenings.split_off(before);
        Some(Gone { connection, session, testaments, happenings })
    }

    fn tell_of(&mut self, turn: &mut Turn<'_>, gone: Gone) {
        let Gone { connection, session, testaments, happenings } = gone;
        let identity = Arc::clone(&session.identity);
        // As the session itself would, but it gets nothing any more.
        for (message, disclosure) in testaments.into_iter().flat_map(Testaments::into_publications)
        {
            let gone = (connection, &session);
            // There is nobody left to be told that it failed.
            let _ = self.broker.publish_for_gone(turn, gone, &self.sessions, message, disclosure);
        }
        turn.happenings.extend(happenings);
        self.dealer.release(turn, connection, session, &mut self.sessions);
        self.publish_happenings(turn);
        meta::left(self, turn, &identity);
    }

    /// Tells those who watch what has changed in this turn.
    pub(in crate::core::router) fn publish_happenings(&mut self, turn: &mut Turn<'_>) {
        for happening in std::mem::take(&mut turn.happenings) {
            meta::publish(self, turn, happening);
        }
    }

    /// Ends the sessions. Their connections follow when the turn is over.
    pub(super) fn kill(&mut self, turn: &mut Turn<'_>, kill: Kill) {
        if kill.quietly {
            self.release_quietly(turn, &kill.victims);
        } else {
            self.release_all(turn, &kill.victims);
        }
        // After all of that: nothing may follow GOODBYE.
        turn.killed.extend_from_slice(&kill.victims);
        turn.outputs.multicast(kill.victims, kill.goodbye);
    }
}
