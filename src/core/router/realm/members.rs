//! Sessions joining and leaving a realm, and the meta events about it.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::core::router::ConnectionId;
use crate::core::router::config::RouterConfig;
use crate::core::router::leaving::Leaving;
use crate::core::router::meta::{self, Kill};
use crate::core::router::meta_event::Announcement;
use crate::core::router::output::MOST_WORK;
use crate::core::router::realm::Realm;
use crate::core::router::session::Session;
use crate::core::router::tables::shrink;
use crate::core::router::turn::Turn;

/// Maximum number of meta events in one step. Without receivers they cost one look-up each.
const MOST: usize = 4 << 10;

/// Number of portions of meta events that may wait.
const CONGESTED: usize = 16;

impl Realm {
    pub(in crate::core::router) fn join(&mut self, connection: ConnectionId, mut session: Session) {
        session.role = self.role(&session.identity.authrole);
        let identity = Arc::clone(&session.identity);
        self.connections.insert(identity.session, connection);
        self.sessions.insert(connection, session);
        self.announce(Announcement::Joined(identity));
    }

    /// Removes sessions and everything that they held, in this step and others. Publishes their
    /// testaments and the meta events, unless `quietly`; calls whose callees they were fail in any case.
    ///
    /// They are not told of each other: if all of them watch, that would take a square of messages.
    pub(in crate::core::router) fn release(
        &mut self,
        turn: &mut Turn<'_>,
        connections: &[ConnectionId],
        quietly: bool,
    ) {
        for &connection in connections {
            let testaments = self.testaments.remove(&connection);
            shrink(&mut self.testaments);
            let Some(session) = self.sessions.leave(connection, quietly) else { continue };
            self.connections.remove(&session.identity.session);
            shrink(&mut self.connections);
            if let Some(waiting) = &session.waiting {
                turn.held.sub(waiting.message.weight());
            }
            self.leaving.push_back(Leaving::new(connection, session, testaments, quietly));
        }
        self.leave_portion(turn);
    }

    /// Notes that nothing is left of a session.
    pub(super) fn left(&mut self, turn: &mut Turn<'_>, leaving: &Leaving) {
        self.sessions.left(leaving.connection);
        turn.left.push(leaving.connection);
        if !leaving.quietly {
            self.collect(turn);
            self.announce(Announcement::Left(Arc::clone(&leaving.session.identity)));
        }
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
        let before = turn.outputs.work();
        for _ in 0..MOST {
            if turn.outputs.work().wrapping_sub(before) > MOST_WORK {
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

    /// Returns whether so many meta events wait that no more should come.
    pub(in crate::core::router) fn is_congested(&self, config: &RouterConfig) -> bool {
        self.announcements.len() > CONGESTED.saturating_mul(config.portion)
    }

    fn announce(&mut self, announcement: Announcement) {
        if self.publishes_meta_events {
            self.announcements.push_back(announcement);
        }
    }

    /// Ends the sessions. Their connections follow after the turn.
    pub(super) fn kill(&mut self, turn: &mut Turn<'_>, kill: Kill) {
        self.release(turn, &kill.victims, kill.quietly);
        // Last, because nothing may follow GOODBYE.
        turn.killed.extend_from_slice(&kill.victims);
        turn.outputs.multicast(kill.victims, kill.goodbye);
    }
}
