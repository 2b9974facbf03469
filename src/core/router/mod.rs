//! The router core: takes connections and messages, and routes messages between sessions. Pure.
//!
//! A [`Door`] is a connection without a session, and a [`RealmCore`] the sessions of a realm. They
//! share nothing that changes, so a driver can give each a lock of its own. `RouterCore` is all of them
//! together, for tests and programs with one thread. After any input, drain the outputs.
//!
//! The router has the whole Basic Profile, and the features of the Advanced Profile that WELCOME
//! announces (see `offer`). A request with an option that needs another feature is refused where
//! ignoring the option would be wrong.
//!
//! The floors, from bottom to top; a file imports only from its own floor and those below:
//!
//! - words and rules: `connection`, `input`, `deadlines`, `names`, `meta_api`, `features`,
//!   `authentication`, `authorization`, `config`
//! - one session and one step: `session`, `testaments`, `leaving`, `held`, `output`, `turn`, `checks`,
//!   and the `index` of URIs
//! - `broker` and `dealer`
//! - `realm/mod`: the state of one realm
//! - `meta`: the meta API over that state
//! - `realm/{members, portions, requests, judge}`: joining and leaving, requests, authorization
//! - `offer`, `gate`, `door` with `joining`; `realm_core` with `authorizing` and `unusable`
//! - `whole`: the `RouterCore`

mod authentication;
mod authorization;
mod authorizing;
mod broker;
mod checks;
mod config;
mod connection;
mod custom;
mod deadlines;
mod dealer;
mod door;
mod features;
mod gate;
mod held;
mod index;
mod input;
mod joining;
mod leaving;
mod meta;
mod meta_api;
mod meta_event;
mod names;
mod offer;
mod output;
mod radix;
mod realm;
mod realm_core;
mod session;
mod tables;
mod testaments;
mod turn;
mod undeliverable;
mod unusable;
mod whole;
mod wildcards;

pub(crate) use authentication::ProxyMethods;
pub use authentication::{AuthRequest, AuthenticationConfig, Denied, Principal, User};
pub(crate) use authorization::validate as validate_roles;
pub use authorization::{Action, Authorization, AuthorizationRequest, Role, Rule};
pub use config::{Disclosure, HistoryConfig, Limits, RouterConfig};
pub(crate) use connection::ByConnection;
pub use connection::{ConnectionId, Peer};
pub(crate) use custom::is_custom;
pub use door::{Door, Entry};
pub use gate::Gate;
pub use input::Input;
pub use meta_api::MetaApi;
pub use output::{CloseCause, Output, Outputs};
pub use realm_core::{RealmCore, Remains};
pub(crate) use tables::shrink;
pub use whole::RouterCore;

/// Numbers of what a router holds at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statistics {
    /// Connections, with or without a session.
    pub connections: usize,
    /// Sessions that have joined a realm.
    pub sessions: usize,
    /// Topics with a subscriber.
    pub subscriptions: usize,
    /// Procedures with a callee.
    pub registrations: usize,
    /// Calls without an answer yet.
    pub calls: usize,
    /// Events since the start that could not be sent to a subscriber, because its serializer has no form
    /// for them or because of its limit.
    pub undeliverable_events: usize,
}

impl Statistics {
    /// Adds the numbers of a realm.
    pub(crate) fn add(&mut self, realm: &RealmCore) {
        let [sessions, subscriptions, registrations, calls] = realm.counts();
        self.sessions += sessions;
        self.subscriptions += subscriptions;
        self.registrations += registrations;
        self.calls += calls;
    }
}
