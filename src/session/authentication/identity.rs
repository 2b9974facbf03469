//! Contains the requested identity in HELLO.

use crate::auth::AuthError;
use crate::value::Dict;

/// `authid`, `authrole` and `authextra` of HELLO.
#[derive(Clone, Default)]
pub(in crate::session) struct Identity {
    pub(in crate::session) authid: Option<String>,
    pub(in crate::session) authrole: Option<String>,
    pub(in crate::session) authextra: Dict,
}

impl Identity {
    /// Merges it with the identity of `whom`. Values in both must be equal.
    pub(in crate::session) fn merge(
        &mut self,
        other: Identity,
        whom: &str,
    ) -> Result<(), AuthError> {
        agree(&mut self.authid, other.authid, "authid", whom)?;
        agree(&mut self.authrole, other.authrole, "authrole", whom)?;
        self.merge_extra(other.authextra, whom)
    }

    /// Merges `authextra` with that of `whom`.
    pub(in crate::session) fn merge_extra(
        &mut self,
        authextra: Dict,
        whom: &str,
    ) -> Result<(), AuthError> {
        for (key, value) in authextra {
            match self.authextra.get(&key) {
                Some(other) if *other != value => {
                    // The values may be secret.
                    let text =
                        format!("{whom}: authextra.{key} differs from that of another method");
                    return Err(AuthError::new(text));
                }
                Some(_) => {}
                None => drop(self.authextra.insert(key, value)),
            }
        }
        Ok(())
    }
}

fn agree(
    ours: &mut Option<String>,
    theirs: Option<String>,
    key: &str,
    whom: &str,
) -> Result<(), AuthError> {
    match (&*ours, theirs) {
        (Some(ours), Some(theirs)) if *ours != theirs => Err(AuthError::new(format!(
            "{whom}: {key} is {theirs:?}, but {ours:?} for another method; HELLO has one only"
        ))),
        (None, Some(theirs)) => {
            *ours = Some(theirs);
            Ok(())
        }
        _ => Ok(()),
    }
}

/// The setters of a method that has an `identity`.
macro_rules! identity_setters {
    () => {
        /// Sets the requested authid. All methods offered together must agree.
        #[must_use]
        pub fn authid(mut self, authid: impl Into<String>) -> Self {
            self.identity.authid = Some(authid.into());
            self
        }

        $crate::session::authentication::identity::identity_setters!(authrole authextra);
    };
    (authrole authextra) => {
        /// Sets the requested role. All methods offered together must agree.
        #[must_use]
        pub fn authrole(mut self, authrole: impl Into<String>) -> Self {
            self.identity.authrole = Some(authrole.into());
            self
        }

        /// Adds to HELLO.Details.authextra. The values of all methods are merged; equal keys must
        /// have equal values.
        #[must_use]
        pub fn authextra(mut self, authextra: $crate::value::Dict) -> Self {
            self.identity.authextra = authextra;
            self
        }
    };
}

/// For a method that can be read from a dict, whose `identity` is read at once.
macro_rules! identified {
    () => {
        pub(super) fn identified(mut self, identity: Identity) -> Self {
            self.identity = identity;
            self
        }
    };
}

/// The getters of [`Authenticator`](super::Authenticator) for a method that has an `identity`.
macro_rules! identity_getters {
    () => {
        fn authid(&self) -> Option<&str> {
            self.identity.authid.as_deref()
        }

        fn authrole(&self) -> Option<&str> {
            self.identity.authrole.as_deref()
        }

        fn authextra(&self) -> $crate::value::Dict {
            self.identity.authextra.clone()
        }
    };
}

/// A `Debug` implementation that shows the requested identity only.
macro_rules! identity_debug {
    ($($name:ident)*) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name))
                    .field("authid", &self.identity.authid)
                    .field("authrole", &self.identity.authrole)
                    .finish_non_exhaustive()
            }
        }
    )*};
}

pub(super) use {identified, identity_debug, identity_getters, identity_setters};
