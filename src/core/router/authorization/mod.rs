//! Authorization: which session may call, register, publish and subscribe to what (spec:
//! "Authorization").
//!
//! Owns the rules, how they decide, and what is asked of whoever decides where they do not. Who a
//! session is comes from elsewhere: a session brings its role when it joins a realm.

mod answer;
mod cache;
mod cover;
mod judge;
mod policy;
mod request;
mod role;

pub(super) use cache::Verdicts;
pub(super) use judge::Waiting;
pub(super) use policy::{Policy, Verdict};
pub use request::{Action, Authorization, AuthorizationRequest, Cached};
pub(crate) use role::validate;
pub use role::{Role, Rule};
