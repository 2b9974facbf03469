//! `Callees`: the callees of a registration, and the choice among them (spec: "Shared
//! registration").

use std::hash::BuildHasherDefault;
use std::time::Duration;

use indexmap::IndexMap;

use crate::core::ids::{IdHasher, RandomIds};
use crate::core::router::ConnectionId;
use crate::core::router::dealer::forward::RequiredFeatures;
use crate::core::router::features::Features;
use crate::message::InvocationPolicy;

/// The callees of a registration, in the order in which they registered.
#[derive(Debug)]
pub(in crate::core::router) struct Callees {
    pub(in crate::core::router) invoke: InvocationPolicy,
    /// Time of the first registration, in the time of the router core.
    pub(in crate::core::router) created: Duration,
    pub(super) members: IndexMap<ConnectionId, Callee, BuildHasherDefault<IdHasher>>,
    /// Round robin: index of the next callee.
    next: usize,
}

/// A callee and its settings.
#[derive(Clone, Copy, Debug)]
pub(super) struct Callee {
    /// The session's id.
    pub(super) session: u64,
    /// Never reused in one dealer.
    pub(super) joining: u64,
    pub(super) features: Features,
    /// Maximum number of calls at the same time.
    pub(super) concurrency: Option<u64>,
    /// Number of running calls. Counted only if there is a maximum.
    pub(super) running: u64,
    pub(super) disclose_caller: bool,
    pub(super) forward_timeout: bool,
    /// True if another callee may take over the registration.
    pub(super) yielding: bool,
}

/// Reason for not finding a callee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoCallee {
    /// All suitable callees are at their limit of concurrent calls.
    Busy,
    /// No callee has the needed features.
    Incapable,
}

impl Callees {
    pub(super) fn new(invoke: InvocationPolicy, created: Duration) -> Self {
        Callees { invoke, created, members: IndexMap::default(), next: 0 }
    }

    /// The session ids of the callees, in the order in which they registered.
    pub(in crate::core::router) fn sessions(&self) -> impl Iterator<Item = u64> {
        self.members.values().map(|callee| callee.session)
    }

    /// The only callee, if there is nothing to choose and nothing to count: the usual case.
    pub(super) fn only(&self) -> Option<(ConnectionId, Callee)> {
        if self.invoke != InvocationPolicy::Single {
            return None;
        }
        let (connection, callee) = self.members.get_index(0)?;
        callee.concurrency.is_none().then_some((*connection, *callee))
    }

    /// Chooses the callee of the next call, and counts the call if the callee has a limit.
    pub(super) fn choose(
        &mut self,
        random: &mut RandomIds,
        needs: RequiredFeatures,
    ) -> Result<(ConnectionId, Callee), NoCallee> {
        let count = self.members.len();
        let free = |index: &usize| {
            self.members.get_index(*index).is_some_and(|(_, callee)| callee.takes(needs))
        };
        let index = match self.invoke {
            InvocationPolicy::Single | InvocationPolicy::First => (0..count).find(free),
            InvocationPolicy::Last => (0..count).rev().find(free),
            InvocationPolicy::RoundRobin => {
                (self.next..count).chain(0..self.next.min(count)).find(free)
            }
            InvocationPolicy::Random => match draw(random, count) {
                Some(index) if free(&index) => Some(index),
                _ => {
                    let all: Vec<_> = (0..count).filter(free).collect();
                    draw(random, all.len()).map(|index| all[index])
                }
            },
        };
        let Some(index) = index else {
            let capable = self.members.values().any(|callee| needs.are_met_by(callee.features));
            return Err(if capable { NoCallee::Busy } else { NoCallee::Incapable });
        };
        self.next = index + 1;
        let Some((connection, callee)) = self.members.get_index_mut(index) else {
            return Err(NoCallee::Incapable);
        };
        if callee.concurrency.is_some() {
            callee.running += 1;
        }
        Ok((*connection, *callee))
    }

    /// Counts the end of a call of a limited callee.
    pub(super) fn finished(&mut self, connection: ConnectionId, joining: u64) {
        let callee = self.members.get_mut(&connection);
        if let Some(callee) = callee.filter(|callee| callee.joining == joining) {
            callee.running = callee.running.saturating_sub(1);
        }
    }

    /// Removes several in one pass.
    pub(super) fn remove_all(&mut self, goes: impl Fn(ConnectionId) -> bool) {
        let (mut index, mut before) = (0, 0);
        self.members.retain(|connection, _| {
            let stays = !goes(*connection);
            before += usize::from(!stays && index < self.next);
            index += 1;
            stays
        });
        self.next -= before;
    }

    pub(super) fn remove(&mut self, connection: ConnectionId) -> Option<Callee> {
        let (index, _, callee) = self.members.shift_remove_full(&connection)?;
        if index < self.next {
            self.next -= 1;
        }
        Some(callee)
    }
}

impl Callee {
    fn takes(&self, needs: RequiredFeatures) -> bool {
        let free = self.concurrency.is_none_or(|limit| self.running < limit);
        free && needs.are_met_by(self.features)
    }
}

/// A random index below `count`.
fn draw(random: &mut RandomIds, count: usize) -> Option<usize> {
    let index = random.next().checked_rem(u64::try_from(count).ok()?)?;
    usize::try_from(index).ok()
}
