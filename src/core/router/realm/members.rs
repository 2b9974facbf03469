//! Sessions joining and leaving a realm, and the meta events about it.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::core::router::ConnectionId;
use crate::core::router::meta::{self, Kill};
use crate::core::router::meta_event::{Announcement, MetaEvent};
use crate::core::router::realm::Realm;
use crate::core::router::session::Session;
use crate::core::router::testaments::Testaments;
use crate::core::router::turn::Turn;

/// Maximum number of receivers of meta events in one step, about.
const PORTION: usize = 16 << 10;

/// Maximum number of meta events in one step. Without receivers they cost one look-up each.
const MOST: usize = 64 << 10;

/// A session that is out of the realm, before others are told.
struct Departed {
    connection: ConnectionId,
    session: Session,
    testaments: Option<Testaments>,
    /// Changes of its subscriptions.
    meta_events: Vec<MetaEvent>,
}

impl Realm {
    pub(in crate::core::router) fn join(&mut self, connection: ConnectionId, mut session: Session) {
        session.role = self.role(&session.identity.authrole);
        let identity = Arc::clone(&session.identity);
        self.connections.insert(identity.session, connection);
        self.sessions.insert(connection, session);
        self.announce(Announcement::Joined(identity));
    }

    /// Removes a session and everything that it held. Publishes its testaments and the meta events.
    pub(in crate::core::router) fn release(
        &mut self,
        turn: &mut Turn<'_>,
        connection: ConnectionId,
    ) {
        if let Some(gone) = self.remove(turn, connection) {
            self.publish_leaving(turn, gone);
        }
    }

    /// Removes several sessions at once. They are not told of each other: if all of them watch,
    /// that would take a square of messages.
    pub(in crate::core::router) fn release_all(
        &mut self,
        turn: &mut Turn<'_>,
        connections: &[ConnectionId],
    ) {
        for gone in self.remove_all(turn, connections) {
            self.publish_leaving(turn, gone);
        }
    }

    /// As [`release_all`](Realm::release_all), but publishes nothing. Calls whose callees they were
    /// still fail.
    pub(in crate::core::router) fn release_quietly(
        &mut self,
        turn: &mut Turn<'_>,
        connections: &[ConnectionId],
    ) {
        let before = turn.meta_events.len();
        for gone in self.remove_all(turn, connections) {
            self.dealer.release(turn, gone.connection, gone.session, &mut self.sessions);
        }
        turn.meta_events.truncate(before);
    }

    fn remove_all(&mut self, turn: &mut Turn<'_>, connections: &[ConnectionId]) -> Vec<Departed> {
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

    /// Takes a session out of the realm: nothing reaches it any more.
    fn remove(&mut self, turn: &mut Turn<'_>, connection: ConnectionId) -> Option<Departed> {
        let testaments = self.testaments.remove(&connection);
        let session = self.sessions.remove(&connection)?;
        self.connections.remove(&session.identity.session);
        let before = turn.meta_events.len();
        self.broker.release(turn, connection, &session);
        let meta_events = turn.meta_events.split_off(before);
        Some(Departed { connection, session, testaments, meta_events })
    }

    fn publish_leaving(&mut self, turn: &mut Turn<'_>, gone: Departed) {
        let Departed { connection, session, testaments, meta_events } = gone;
        let identity = Arc::clone(&session.identity);
        // As the session itself would, but it gets no event any more.
        for (message, disclosure) in testaments.into_iter().flat_map(Testaments::into_publications)
        {
            let gone = (connection, &session);
            // The session has gone, so a failure has no receiver.
            let _ = self.broker.publish_for_gone(turn, gone, &self.sessions, message, disclosure);
        }
        turn.meta_events.extend(meta_events);
        self.dealer.release(turn, connection, session, &mut self.sessions);
        self.collect(turn);
        self.announce(Announcement::Left(identity));
    }

    /// Publishes the changes of this turn as meta events, unless earlier ones are still to come.
    pub(in crate::core::router) fn publish_meta_events(&mut self, turn: &mut Turn<'_>) {
        self.collect(turn);
        if !self.is_behind {
            self.publish_portion(turn);
        }
    }

    /// Publishes the next meta events, up to a bound: sessions that leave many subscriptions, and many
    /// sessions that watch, multiply.
    pub(in crate::core::router) fn publish_portion(&mut self, turn: &mut Turn<'_>) {
        let before = turn.outputs.receivers();
        for _ in 0..MOST {
            if turn.outputs.receivers() - before > PORTION {
                break;
            }
            let Some(announcement) = self.announcements.pop_front() else { break };
            meta::announce(self, turn, &announcement);
        }
        self.is_behind = !self.announcements.is_empty();
        if !self.is_behind {
            // Many may have waited.
            self.announcements = VecDeque::new();
        }
    }

    /// Queues the changes of this turn.
    fn collect(&mut self, turn: &mut Turn<'_>) {
        if self.publishes_meta_events {
            self.announcements.extend(turn.meta_events.drain(..).map(Announcement::Change));
        } else {
            turn.meta_events.clear();
        }
    }

    fn announce(&mut self, announcement: Announcement) {
        if self.publishes_meta_events {
            self.announcements.push_back(announcement);
        }
    }

    /// Ends the sessions. Their connections follow after the turn.
    pub(super) fn kill(&mut self, turn: &mut Turn<'_>, kill: Kill) {
        if kill.quietly {
            self.release_quietly(turn, &kill.victims);
        } else {
            self.release_all(turn, &kill.victims);
        }
        // Last, because nothing may follow GOODBYE.
        turn.killed.extend_from_slice(&kill.victims);
        turn.outputs.multicast(kill.victims, kill.goodbye);
    }
}
