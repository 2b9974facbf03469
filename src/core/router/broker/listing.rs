//! `Listing`: the receivers that a publisher allows (spec: "Subscriber Black- and Whitelisting").

use crate::core::router::session::Identity;
use crate::message::PublishOptions;

/// The six lists of PUBLISH.Options, at least one of them present. A session gets the event only if
/// all lists allow it; an empty `eligible` list allows no session.
///
/// The lists are sorted: each of a million sessions is looked up in a list of a million.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Listing {
    sessions: Lists<u64>,
    authids: Lists<String>,
    authroles: Lists<String>,
}

#[derive(Clone, Debug, PartialEq)]
struct Lists<T> {
    eligible: Option<Vec<T>>,
    exclude: Option<Vec<T>>,
}

impl Listing {
    /// The lists of a publication, if it has any. An empty `exclude` list does not count.
    pub(super) fn of(options: &PublishOptions) -> Option<Box<Self>> {
        let sessions = Lists::new(&options.eligible, &options.exclude);
        let authids = Lists::new(&options.eligible_authid, &options.exclude_authid);
        let authroles = Lists::new(&options.eligible_authrole, &options.exclude_authrole);
        if sessions.is_none() && authids.is_none() && authroles.is_none() {
            return None;
        }
        Some(Box::new(Listing {
            sessions: sessions.unwrap_or_default(),
            authids: authids.unwrap_or_default(),
            authroles: authroles.unwrap_or_default(),
        }))
    }

    /// Returns whether this session may get the event.
    pub(super) fn allows(&self, to: &Identity) -> bool {
        self.sessions.allow(&to.session) && self.allows_principal(to)
    }

    /// Returns whether a session with this authid and role may get the event, whatever its id.
    pub(super) fn allows_principal(&self, to: &Identity) -> bool {
        self.authids.allow(&to.authid) && self.authroles.allow(&to.authrole)
    }

    /// Returns whether it depends on session ids, which mean nothing after the sessions have gone.
    pub(super) fn names_sessions(&self) -> bool {
        self.sessions.eligible.is_some() || self.sessions.exclude.is_some()
    }

    /// Returns whether no session can ever get the event.
    pub(super) fn has_no_receiver(&self) -> bool {
        self.sessions.is_empty() || self.authids.is_empty() || self.authroles.is_empty()
    }

    /// Approximate size in bytes.
    pub(super) fn weight(&self) -> usize {
        let texts = |lists: &Lists<String>| lists.iter().map(|text| text.len() + 24).sum::<usize>();
        self.sessions.iter().count() * 8 + texts(&self.authids) + texts(&self.authroles)
    }
}

impl<T: Ord + Clone> Lists<T> {
    fn new(eligible: &Option<Vec<T>>, exclude: &Option<Vec<T>>) -> Option<Self> {
        let exclude = exclude.as_ref().filter(|list| !list.is_empty());
        if eligible.is_none() && exclude.is_none() {
            return None;
        }
        let sorted = |list: &Vec<T>| {
            let mut list = list.clone();
            list.sort_unstable();
            list
        };
        Some(Lists { eligible: eligible.as_ref().map(sorted), exclude: exclude.map(sorted) })
    }

    fn allow(&self, who: &T) -> bool {
        self.eligible.as_ref().is_none_or(|list| list.binary_search(who).is_ok())
            && self.exclude.as_ref().is_none_or(|list| list.binary_search(who).is_err())
    }

    fn is_empty(&self) -> bool {
        self.eligible.as_ref().is_some_and(Vec::is_empty)
    }

    fn iter(&self) -> impl Iterator<Item = &T> {
        self.eligible.iter().chain(&self.exclude).flatten()
    }
}

impl<T> Default for Lists<T> {
    fn default() -> Self {
        Lists { eligible: None, exclude: None }
    }
}
