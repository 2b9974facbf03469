//! Authorization: which session may call, register, publish and subscribe to what (spec:
//! "Authorization").
//!
//! Owns the rules, how they decide, and what is asked of whoever decides where they do not. Who a
//! session is comes from elsewhere: a session brings its role when it joins a realm.

mod cache;
mod cover;
mod policy;
mod request;
mod role;
mod waiting;

pub(super) use cache::{Verdict, Verdicts};
pub(super) use policy::{Policy, Rules};
pub use request::{Action, Authorization, AuthorizationRequest, Cached};
pub(crate) use role::validate;
pub use role::{Role, Rule};
pub(super) use waiting::{Outcome, Subject, Waiting};
