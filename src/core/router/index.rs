//! `Index`: finds the subscriptions or the registration that match a URI, without a scan.
//!
//! The time of a look-up depends on the URI and on the number of matches, not on the number of
//! entries. The index also assigns the ids of entries.

use std::collections::HashMap;

use crate::core::ids::{IdMap, SequentialIds};
use crate::core::router::radix::{ROOT, RadixTree};
use crate::core::router::tables::shrink;
use crate::core::router::wildcards::{Wildcards, literal_head};
use crate::uri::{Match, Uri};

/// Entries by URI and by id; `T` holds the subscribers or callees.
#[derive(Debug)]
pub(super) struct Index<T> {
    entries: IdMap<Entry<T>>,
    exact: HashMap<Uri, u64>,
    prefixes: RadixTree<u8>,
    wildcards: Wildcards,
    // Router scope: the router may choose ids freely (spec: "IDs"). Sequential ids are short on the
    // wire and never reused.
    ids: SequentialIds,
}

/// A subscription or a registration. There is one for each URI and match policy.
#[derive(Debug)]
pub(super) struct Entry<T> {
    pub(super) id: u64,
    pub(super) uri: Uri,
    pub(super) policy: Match,
    pub(super) members: T,
}

impl<T> Index<T> {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = &Entry<T>> {
        self.entries.values()
    }

    pub(super) fn get(&self, id: u64) -> Option<&Entry<T>> {
        self.entries.get(&id)
    }

    pub(super) fn get_mut(&mut self, id: u64) -> Option<&mut Entry<T>> {
        self.entries.get_mut(&id)
    }

    /// The entry with exactly this URI and policy.
    pub(super) fn find(&self, uri: &str, policy: Match) -> Option<&Entry<T>> {
        let id = match policy {
            Match::Exact => self.exact.get(uri).copied(),
            Match::Prefix => self.prefixes.get(uri.as_bytes()),
            Match::Wildcard => self.wildcards.get(uri),
        };
        self.entries.get(&id?)
    }

    /// The entry with exactly this URI and policy; `make` creates a missing one. Returns true if it
    /// was created.
    pub(super) fn entry(
        &mut self,
        uri: Uri,
        policy: Match,
        make: impl FnOnce() -> T,
    ) -> (&mut Entry<T>, bool) {
        let known = self.find(&uri, policy).map(|entry| entry.id);
        let id = known.unwrap_or_else(|| {
            let id = self.ids.next();
            match policy {
                Match::Exact => drop(self.exact.insert(uri.clone(), id)),
                Match::Prefix => self.prefixes.insert(uri.as_bytes(), id),
                Match::Wildcard => self.wildcards.insert(&uri, id),
            }
            id
        });
        let make = || Entry { id, uri, policy, members: make() };
        (self.entries.entry(id).or_insert_with(make), known.is_none())
    }

    pub(super) fn remove(&mut self, id: u64) -> Option<Entry<T>> {
        let entry = self.entries.remove(&id)?;
        shrink(&mut self.entries);
        match entry.policy {
            Match::Exact => {
                self.exact.remove(&entry.uri);
                shrink(&mut self.exact);
            }
            Match::Prefix => self.prefixes.remove(entry.uri.as_bytes()),
            Match::Wildcard => self.wildcards.remove(&entry.uri),
        }
        Some(entry)
    }

    /// Returns whether a wildcard pattern has room, see [`Wildcards::has_room`].
    pub(super) fn has_room(&self, pattern: &str) -> bool {
        self.wildcards.has_room(pattern)
    }

    /// Number of wildcards that a look-up tries.
    pub(super) fn steps(&self, uri: &str) -> usize {
        self.wildcards.steps(uri)
    }

    /// Returns whether any entry is a pattern.
    pub(super) fn has_patterns(&self) -> bool {
        self.exact.len() < self.entries.len()
    }

    /// The ids of all entries that match `uri`, in the order of [`visit`](Self::visit).
    pub(super) fn matches(&self, uri: &str) -> Vec<u64> {
        let mut all = Vec::new();
        self.visit(uri, |entry| all.push(entry.id));
        all
    }

    /// Visits all entries that match `uri`: exact, then prefixes from the shortest, then wildcards
    /// in the order of their literal components from the left.
    pub(super) fn visit(&self, uri: &str, mut visit: impl FnMut(&Entry<T>)) {
        let mut visit = |id: u64| {
            if let Some(entry) = self.entries.get(&id) {
                visit(entry);
            }
        };
        if let Some(&id) = self.exact.get(uri) {
            visit(id);
        }
        if self.has_patterns() {
            prefixes_of(uri, &self.prefixes).for_each(&mut visit);
            self.wildcards.visit(uri, &mut visit);
        }
    }

    /// The entry that a call of `uri` goes to: exact, or else the longest prefix, or else the
    /// wildcard with the longest literal head (spec: "Pattern-based registration").
    pub(super) fn best(&self, uri: &str) -> Option<&Entry<T>> {
        let exact = self.exact.get(uri).copied();
        let id = exact
            .or_else(|| prefixes_of(uri, &self.prefixes).last())
            .or_else(|| self.wildcards.best(uri));
        self.entries.get(&id?)
    }

    /// The best entry that matches everything that a pattern matches. A prefix counts as a text
    /// that every match begins with; an empty component of a wildcard is matched by empty
    /// components only.
    pub(super) fn best_covering(&self, uri: &str, policy: Match) -> Option<&Entry<T>> {
        let id = match policy {
            Match::Exact => return self.best(uri),
            Match::Prefix => prefixes_of(uri, &self.prefixes).last(),
            Match::Wildcard => {
                let Some(head) = literal_head(uri) else { return self.best(uri) };
                prefixes_of(head, &self.prefixes).last().or_else(|| self.wildcards.best(uri))
            }
        };
        self.entries.get(&id?)
    }
}

impl<T> Default for Index<T> {
    fn default() -> Self {
        Index {
            entries: IdMap::default(),
            exact: HashMap::new(),
            prefixes: RadixTree::default(),
            wildcards: Wildcards::default(),
            ids: SequentialIds::default(),
        }
    }
}

/// The ids of all prefixes of `uri`, from the shortest to the longest. Takes one walk along the
/// URI, whatever the number of entries.
fn prefixes_of(uri: &str, prefixes: &RadixTree<u8>) -> impl Iterator<Item = u64> {
    let mut next = Some((prefixes.node(ROOT), uri.as_bytes()));
    std::iter::from_fn(move || {
        loop {
            let (node, rest) = next?;
            let child = rest.first().and_then(|first| node.children.get(first));
            next = child.and_then(|child| {
                let child = prefixes.node(*child);
                rest.strip_prefix(&*child.label).map(|rest| (child, rest))
            });
            if node.id.is_some() {
                return node.id;
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::core::router::wildcards::fits;

    const POLICIES: [Match; 3] = [Match::Exact, Match::Prefix, Match::Wildcard];

    /// The rules of the spec, by looking at every entry.
    #[derive(Default)]
    struct Reference(BTreeMap<u64, (String, Match)>);

    impl Reference {
        fn matches(&self, uri: &str) -> Vec<u64> {
            let mut all: Vec<_> = self
                .0
                .iter()
                .filter(|(_, (own, policy))| match policy {
                    Match::Exact => own == uri,
                    Match::Prefix => uri.starts_with(own.as_str()),
                    Match::Wildcard => fits(own, uri),
                })
                .collect();
            // Exact, then the shortest prefix, then the wildcard with the longest literal head.
            all.sort_by_key(|(_, (own, policy))| match policy {
                Match::Exact => (0, 0, Vec::new()),
                Match::Prefix => (1, own.len(), Vec::new()),
                Match::Wildcard => (2, 0, own.split('.').map(str::is_empty).collect()),
            });
            all.into_iter().map(|(id, _)| *id).collect()
        }

        fn best(&self, uri: &str) -> Option<u64> {
            let all = self.matches(uri);
            let of = |policy| {
                let mut fitting = all.iter().filter(move |id| self.0[*id].1 == policy);
                if policy == Match::Prefix { fitting.next_back() } else { fitting.next() }
            };
            POLICIES.into_iter().find_map(of).copied()
        }
    }

    fn steps() -> impl Strategy<Value = Vec<(String, usize, bool)>> {
        // Few letters, so that much matches; some take two bytes.
        prop::collection::vec(
            ("[ab\u{e9}\u{e8}.]{0,7}", 0..3_usize, prop::bool::weighted(0.8)),
            0..80,
        )
    }

    proptest! {
        #[test]
        fn it_finds_what_a_scan_finds(
            steps in steps(),
            uris in prop::collection::vec("[ab\u{e9}\u{e8}]{1,3}(\\.[ab\u{e9}]{1,2}){0,3}", 1..20),
        ) {
            let mut index = Index::default();
            let mut naive = Reference::default();
            for (pattern, policy, insert) in steps {
                let policy = POLICIES[policy];
                let known = index.find(&pattern, policy).map(|entry| entry.id);
                prop_assert_eq!(known.is_some(), naive.0.values().any(|(own, of)| {
                    *own == pattern && *of == policy
                }));
                if insert {
                    let (entry, made) = index.entry(pattern.as_str().into(), policy, || ());
                    prop_assert_eq!(known.unwrap_or(entry.id), entry.id);
                    prop_assert_eq!(made, known.is_none());
                    naive.0.insert(entry.id, (pattern, policy));
                } else if let Some(id) = known {
                    prop_assert!(index.remove(id).is_some());
                    naive.0.remove(&id);
                }
                prop_assert_eq!(index.len(), naive.0.len());
            }
            for uri in &uris {
                prop_assert_eq!(index.matches(uri), naive.matches(uri), "{:?}", uri);
                prop_assert_eq!(index.best(uri).map(|entry| entry.id), naive.best(uri), "{:?}", uri);
            }
            for id in naive.0.into_keys() {
                index.remove(id);
            }
            prop_assert!(index.len() == 0 && !index.has_patterns() && index.prefixes.is_empty());
        }
    }

    #[test]
    fn calls_go_where_the_spec_says() {
        let mut index = Index::default();
        for (uri, policy) in [
            ("a1.b2.c3.d4.e55", Match::Exact),
            ("a1.b2.c3", Match::Prefix),
            ("a1.b2.c3.d4", Match::Prefix),
            ("a1.b2..d4.e5", Match::Wildcard),
            ("a1.b2.c33..e5", Match::Wildcard),
            ("a1.b2..d4.e5..g7", Match::Wildcard),
            ("a1.b2..d4..f6.g7", Match::Wildcard),
        ] {
            index.entry(uri.into(), policy, || ());
        }
        for (called, expected) in [
            ("a1.b2.c3.d4.e55", Some(1)),
            ("a1.b2.c3.d98.e74", Some(2)),
            ("a1.b2.c3.d4.e325", Some(3)),
            ("a1.b2.c55.d4.e5", Some(4)),
            ("a1.b2.c88.d4.e5.f6.g7", Some(6)),
            ("a2.b2.c2.d2.e2", None),
            // An example in the spec says 5, against its own rule that prefixes are compared as
            // text.
            ("a1.b2.c33.d4.e5", Some(2)),
        ] {
            assert_eq!(index.best(called).map(|entry| entry.id), expected, "{called}");
        }
        index.remove(2);
        assert_eq!(index.best("a1.b2.c33.d4.e5").map(|entry| entry.id), Some(5));
    }
}
