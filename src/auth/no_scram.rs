//! Replaces `scram` when that feature is off: there are no credentials, and every attempt to create
//! one is an error that names the feature.

use crate::auth::mock::Mock;
use crate::auth::{AuthError, Credential};

pub use super::dialect::Dialect;

/// The values that a router stores for a password. Without the feature `scram` there are none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScramCredential {}

impl ScramCredential {
    pub(in crate::auth) fn check(&self, _dialect: Dialect) -> Result<(), AuthError> {
        match *self {}
    }

    pub(in crate::auth) fn mock(_dialect: Dialect, _mock: &Mock) -> Result<Credential, AuthError> {
        Err(off())
    }

    pub(in crate::auth) fn mock_like(&self, _dialect: Dialect, _mock: &Mock) -> Credential {
        match *self {}
    }
}

pub(crate) fn off() -> AuthError {
    AuthError::new("scram is not compiled in (feature `scram` of the crate is off)")
}

pub(in crate::auth) mod router {
    //! The router's end of it, which never begins.

    use crate::auth::scram::{Dialect, ScramCredential};
    use crate::auth::{AuthError, ChallengeContext};
    use crate::message::Authenticate;
    use crate::value::Dict;

    pub(in crate::auth) enum RouterExchange {}

    impl RouterExchange {
        pub(in crate::auth) fn begin(
            _dialect: Dialect,
            credential: &ScramCredential,
            _context: &ChallengeContext<'_>,
        ) -> Result<(Dict, Self), AuthError> {
            match *credential {}
        }

        pub(in crate::auth) fn verify(&self, _answer: &Authenticate) -> Option<Dict> {
            match *self {}
        }
    }
}
