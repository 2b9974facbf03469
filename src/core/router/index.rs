//! `Index`: from a URI to the subscriptions or the registration that match it, without a scan.
//!
//! Owns the ids and who is in what. Each match policy has a table of its own; an entry is found by
//! its URI in one step and by its id in two.

use std::collections::HashMap;
use std::collections::hash_map;

use crate::core::ids::{IdMap, SequentialIds};
use crate::uri::Uri;

/// Entries by URI and by id; `T` is who subscribed or registered.
#[derive(Debug)]
pub(super) struct Index<T> {
    exact: HashMap<Uri, Entry<T>>,
    uris: IdMap<Uri>,
    // Router scope: the router is free to choose (spec: "IDs"); small ids are short on the wire,
    // and never given twice.
    ids: SequentialIds,
}

/// A subscription or a registration.
#[derive(Debug)]
pub(super) struct Entry<T> {
    pub(super) id: u64,
    pub(super) members: T,
}

impl<T> Index<T> {
    pub(super) fn len(&self) -> usize {
        self.exact.len()
    }

    /// The entry that matches `uri` exactly.
    pub(super) fn exact(&self, uri: &str) -> Option<&Entry<T>> {
        self.exact.get(uri)
    }

    /// The entry of `uri`, made by `make` if there is none.
    pub(super) fn entry(&mut self, uri: Uri, make: impl FnOnce() -> T) -> &mut Entry<T> {
        match self.exact.entry(uri) {
            hash_map::Entry::Occupied(entry) => entry.into_mut(),
            hash_map::Entry::Vacant(vacant) => {
                let id = self.ids.next();
                self.uris.insert(id, vacant.key().clone());
                vacant.insert(Entry { id, members: make() })
            }
        }
    }

    pub(super) fn get_mut(&mut self, id: u64) -> Option<&mut Entry<T>> {
        self.exact.get_mut(self.uris.get(&id)?)
    }

    pub(super) fn remove(&mut self, id: u64) {
        if let Some(uri) = self.uris.remove(&id) {
            self.exact.remove(&uri);
        }
    }
}

impl<T> Default for Index<T> {
    fn default() -> Self {
        Index { exact: HashMap::new(), uris: IdMap::default(), ids: SequentialIds::default() }
    }
}
