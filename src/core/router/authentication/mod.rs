//! Authentication in the router (spec: "Authentication").
//!
//! Contains the choice of the method, the users, and each attempt to join from HELLO to the
//! verdict. `auth` implements the arithmetic; `door` implements connections, deadlines and WELCOME.

mod attempt;
mod bounds;
mod config;
mod nonces;
mod proxied;
mod request;
mod user;
mod users;
mod verdict;

pub use config::AuthenticationConfig;
pub(super) use nonces::Draws;
pub(crate) use proxied::ProxyMethods;
pub use request::{AuthRequest, Denied, Principal};
pub use user::User;

pub(super) use attempt::{Admission, Attempt, Join, Next, Refusal};
pub(super) use verdict::{Authentication, trust};
