//! Leaving in portions: what a session holds may be much, and other sessions wait for each step.
//!
//! A session that leaves is out of the realm at once: it gets nothing, and nobody finds it. Its
//! testaments, subscriptions, registrations and calls follow in steps with a bound, one session after
//! the other in turn.

use crate::core::router::leaving::Leaving;
use crate::core::router::output::MOST_WORK;
use crate::core::router::realm::Realm;
use crate::core::router::session::Invoked;
use crate::core::router::testaments::Testament;
use crate::core::router::turn::Turn;

impl Realm {
    /// Goes on with the removal of the sessions that have left, up to a bound.
    pub(in crate::core::router) fn leave_portion(&mut self, turn: &mut Turn<'_>) {
        let before = turn.outputs.work();
        let mut room = turn.config.portion;
        while let Some(mut leaving) = self.leaving.pop_front() {
            loop {
                if room == 0 || turn.outputs.work().wrapping_sub(before) > MOST_WORK {
                    // The others come first now.
                    self.leaving.push_back(leaving);
                    return;
                }
                let Some(work) = self.leave_step(turn, &mut leaving) else { break };
                room = room.saturating_sub(work);
            }
            self.left(turn, &leaving);
        }
        self.leaving = Default::default();
    }

    /// Takes one thing from a session that has left. Returns the work that it took; `None` if nothing
    /// is left.
    fn leave_step(&mut self, turn: &mut Turn<'_>, leaving: &mut Leaving) -> Option<usize> {
        let Leaving { connection, session, quietly, .. } = leaving;
        let (connection, id) = (*connection, session.identity.session);
        let Realm { sessions, broker, dealer, .. } = self;
        let before = turn.meta_events.len();
        let mut work = 1;
        if let Some(testament) = leaving.testaments.next() {
            turn.held.sub(testament.weight);
            let Testament { publish, disclosure, .. } = testament;
            if !*quietly {
                // As the session itself would, but a failure has no receiver.
                let gone = (connection, &*session);
                let _ = broker.publish_for_gone(turn, gone, sessions, publish, disclosure);
            }
        } else if let Some((subscription, _)) = leaving.subscriptions.next() {
            broker.leave(turn, connection, id, subscription);
        } else if let Some((registration, _)) = leaving.registrations.next() {
            work += dealer.registrations.depart(turn, sessions, registration, connection, id);
        } else if let Some((request, invoked)) = leaving.calls.next() {
            dealer.caller_left(turn, sessions, (connection, request), invoked);
        } else if let Some((invocation, origin)) = leaving.invocations.next() {
            dealer.callee_left(turn, sessions, Invoked { callee: connection, invocation }, &origin);
        } else {
            return None;
        }
        if *quietly {
            turn.meta_events.truncate(before);
        }
        Some(work)
    }
}
