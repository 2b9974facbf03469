//! `Verdicts`: what an authorizer has decided before.

use std::collections::HashMap;

use crate::core::router::authorization::policy::Verdict;
use crate::core::router::authorization::request::Action;
use crate::uri::{Match, Uri};

/// Longer URIs are asked about each time, so that they cannot fill the memory.
const LONGEST: usize = 256;

/// A bounded cache. When it is full, those go that nobody has asked for since it was half full.
#[derive(Debug)]
pub(in crate::core::router) struct Verdicts {
    room: usize,
    young: Generation,
    old: Generation,
}

/// By action and match policy, then by URI.
#[derive(Debug, Default)]
struct Generation {
    maps: [HashMap<Uri, Verdict>; 12],
    count: usize,
}

impl Verdicts {
    /// A cache for so many at most.
    pub(in crate::core::router) fn new(room: usize) -> Self {
        Verdicts { room, young: Generation::default(), old: Generation::default() }
    }

    pub(super) fn get(&mut self, action: Action, uri: &Uri, policy: Match) -> Option<Verdict> {
        let map = slot(action, policy);
        if let Some(verdict) = self.young.maps[map].get(uri) {
            return Some(*verdict);
        }
        let verdict = self.old.maps[map].remove(uri)?;
        self.insert(action, uri, policy, verdict);
        Some(verdict)
    }

    pub(super) fn insert(&mut self, action: Action, uri: &Uri, policy: Match, verdict: Verdict) {
        if uri.len() > LONGEST {
            return;
        }
        if self.young.count >= self.room / 2 {
            self.old = std::mem::take(&mut self.young);
        }
        let new = self.young.maps[slot(action, policy)].insert(uri.clone(), verdict).is_none();
        self.young.count += usize::from(new);
    }
}

fn slot(action: Action, policy: Match) -> usize {
    action as usize * 3 + policy as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_bounded_and_keeps_what_is_asked_for() {
        let mut all = Verdicts::new(8);
        let uri = |number: usize| Uri::from(format!("com.example.{number}"));
        let asked = uri(0);
        for number in 0..100 {
            let verdict = Verdict { allow: number % 2 == 0, disclose: false };
            all.insert(Action::Call, &uri(number), Match::Exact, verdict);
            let known = all.get(Action::Call, &asked, Match::Exact);
            assert!(known.is_some_and(|verdict| verdict.allow), "{number}");
        }
        let held = |it: &Generation| it.maps.iter().map(HashMap::len).sum::<usize>();
        assert!(held(&all.young) + held(&all.old) <= 8);
        assert_eq!(all.get(Action::Call, &uri(1), Match::Exact), None);
        let last = all.get(Action::Call, &uri(99), Match::Exact);
        assert!(last.is_some_and(|verdict| !verdict.allow));
        // Action and policy count.
        assert_eq!(all.get(Action::Register, &asked, Match::Exact), None);
        assert_eq!(all.get(Action::Call, &asked, Match::Prefix), None);
        let long = Uri::from("a".repeat(LONGEST + 1));
        all.insert(Action::Call, &long, Match::Exact, Verdict { allow: true, disclose: false });
        assert_eq!(all.get(Action::Call, &long, Match::Exact), None);
    }
}
