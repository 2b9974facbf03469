//! `Verdict` and `Verdicts`: the decision about a request, and a cache of the authorizer's
//! decisions.

use std::collections::HashMap;

use crate::core::router::authorization::request::Action;
use crate::core::router::config::{Disclosure, RouterConfig};
use crate::uri::{Match, Uri};

/// Maximum length of a cached URI, in bytes: longer ones could fill the memory, so the authorizer
/// is asked each time.
const LONGEST: usize = 256;

/// Decision about one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::core::router) struct Verdict {
    pub(in crate::core::router) allow: bool,
    /// True if others learn the session's identity, whatever the other settings.
    pub(in crate::core::router) disclose: bool,
}

/// A bounded cache. When it is full, the entries are dropped that have not been used since it was
/// half full.
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

impl Verdict {
    pub(in crate::core::router) const ALLOWED: Verdict = Verdict { allow: true, disclose: false };
    pub(super) const DENIED: Verdict = Verdict { allow: false, disclose: false };

    /// The disclosure of the session for an allowed request.
    pub(in crate::core::router) fn disclosure(self, config: &RouterConfig) -> Disclosure {
        if self.disclose { Disclosure::Always } else { config.disclosure }
    }
}

impl Verdicts {
    /// Creates a cache for at most `room` decisions.
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

    pub(in crate::core::router) fn insert(
        &mut self,
        action: Action,
        uri: &Uri,
        policy: Match,
        verdict: Verdict,
    ) {
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
        // Action and policy are part of the key.
        assert_eq!(all.get(Action::Register, &asked, Match::Exact), None);
        assert_eq!(all.get(Action::Call, &asked, Match::Prefix), None);
        let long = Uri::from("a".repeat(LONGEST + 1));
        all.insert(Action::Call, &long, Match::Exact, Verdict { allow: true, disclose: false });
        assert_eq!(all.get(Action::Call, &long, Match::Exact), None);
    }
}
