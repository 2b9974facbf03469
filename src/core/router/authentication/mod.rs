//! Authentication in the router: who may join, and how that is found out (spec: "Authentication").
//!
//! Owns the choice of the method, the users, and each attempt to join from HELLO to the verdict.
//! What is computed is `auth`'s matter; connections, deadlines and WELCOME are `joining`'s.

mod attempt;
mod bounds;
mod config;
mod nonces;
mod request;
mod user;
mod users;
mod verdict;

pub use config::AuthenticationConfig;
pub use request::{AuthRequest, Denied, Principal};
pub use user::User;

pub(super) use attempt::{Admission, Attempt, Join, Next, Refusal};
pub(super) use verdict::{Authentication, trust};
