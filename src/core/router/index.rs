//! `Index`: from a URI to the subscriptions or the registration that match it, without a scan.
//!
//! Owns the ids and who is in what. How long a look-up takes depends on the URI and on what matches
//! it, not on how many others there are.

use std::collections::{BTreeMap, HashMap};

use crate::core::ids::{IdMap, SequentialIds};
use crate::core::router::wildcards::Wildcards;
use crate::uri::{Match, Uri};

/// Entries by URI and by id; `T` is who subscribed or registered.
#[derive(Debug)]
pub(super) struct Index<T> {
    entries: IdMap<Entry<T>>,
    exact: HashMap<Uri, u64>,
    prefixes: Prefixes,
    wildcards: Wildcards,
    // Router scope: the router is free to choose (spec: "IDs"); small ids are short on the wire,
    // and never given twice.
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

    pub(super) fn iter(&self) -> impl Iterator<Item = &Entry<T>> {
        self.entries.values()
    }

    pub(super) fn get(&self, id: u64) -> Option<&Entry<T>> {
        self.entries.get(&id)
    }

    pub(super) fn get_mut(&mut self, id: u64) -> Option<&mut Entry<T>> {
        self.entries.get_mut(&id)
    }

    /// The entry of this very URI and policy.
    pub(super) fn find(&self, uri: &str, policy: Match) -> Option<&Entry<T>> {
        let id = match policy {
            Match::Exact => self.exact.get(uri).copied(),
            Match::Prefix => self.prefixes.ids.get(uri).copied(),
            Match::Wildcard => self.wildcards.get(uri),
        };
        self.entries.get(&id?)
    }

    /// The entry of this very URI and policy, made by `make` if there is none; true if it was made.
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
                Match::Prefix => self.prefixes.insert(uri.clone(), id),
                Match::Wildcard => self.wildcards.insert(&uri, id),
            }
            id
        });
        let make = || Entry { id, uri, policy, members: make() };
        (self.entries.entry(id).or_insert_with(make), known.is_none())
    }

    pub(super) fn remove(&mut self, id: u64) -> Option<Entry<T>> {
        let entry = self.entries.remove(&id)?;
        match entry.policy {
            Match::Exact => drop(self.exact.remove(&entry.uri)),
            Match::Prefix => self.prefixes.remove(&entry.uri),
            Match::Wildcard => self.wildcards.remove(&entry.uri),
        }
        Some(entry)
    }

    /// Whether there is any entry that is not exact.
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
    /// from the one that is literal for longest.
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
            self.prefixes.matches(uri).for_each(&mut visit);
            self.wildcards.visit(uri, &mut visit);
        }
    }

    /// The entry that a call of `uri` goes to: exact, or else the longest prefix, or else the
    /// wildcard that is literal for longest from the left (spec: "Pattern-based registration").
    pub(super) fn best(&self, uri: &str) -> Option<&Entry<T>> {
        let exact = self.exact.get(uri).copied();
        let id = exact
            .or_else(|| self.prefixes.matches(uri).next_back())
            .or_else(|| self.wildcards.best(uri));
        self.entries.get(&id?)
    }
}

impl<T> Default for Index<T> {
    fn default() -> Self {
        Index {
            entries: IdMap::default(),
            exact: HashMap::new(),
            prefixes: Prefixes::default(),
            wildcards: Wildcards::default(),
            ids: SequentialIds::default(),
        }
    }
}

/// Prefixes, found by trying each length that there is.
#[derive(Debug, Default)]
struct Prefixes {
    ids: HashMap<Uri, u64>,
    /// How many prefixes have this length, in bytes.
    lengths: BTreeMap<usize, usize>,
}

impl Prefixes {
    fn insert(&mut self, prefix: Uri, id: u64) {
        *self.lengths.entry(prefix.len()).or_default() += 1;
        self.ids.insert(prefix, id);
    }

    fn remove(&mut self, prefix: &Uri) {
        if self.ids.remove(prefix).is_none() {
            return;
        }
        if let Some(count) = self.lengths.get_mut(&prefix.len()) {
            *count -= 1;
            if *count == 0 {
                self.lengths.remove(&prefix.len());
            }
        }
    }

    /// From the shortest to the longest.
    fn matches(&self, uri: &str) -> impl DoubleEndedIterator<Item = u64> {
        let fitting = self.lengths.range(..=uri.len());
        // A prefix ends between two characters of the URI, or it is none of its prefixes.
        fitting.filter_map(|(&length, _)| self.ids.get(uri.get(..length)?).copied())
    }
}
