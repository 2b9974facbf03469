//! Authorization: the actions that a session may perform (spec: "Authorization").
//!
//! Contains the roles, their rules and decisions, and the questions to the authorizer. A session
//! brings its role when it joins a realm.

mod cache;
mod cover;
mod policy;
mod request;
mod role;
mod waiting;

pub(super) use cache::{Verdict, Verdicts};
pub(super) use policy::Policy;
pub(super) use request::Cached;
pub use request::{Action, Authorization, AuthorizationRequest};
pub(crate) use role::validate;
pub use role::{Role, Rule};
pub(super) use waiting::{Outcome, Subject, Waiting};
