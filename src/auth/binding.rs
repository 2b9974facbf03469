//! Contains what the router's ends of cryptosign and SCRAM need for channel bindings.

use crate::auth::{AuthError, ChallengeContext, TLS_EXPORTER};

impl ChallengeContext<'_> {
    /// Returns the transport's channel binding, which HELLO asks for.
    pub(in crate::auth) fn channel_id(&self) -> Result<[u8; 32], AuthError> {
        self.channel_id.ok_or_else(|| {
            AuthError::new(format_args!(
                "this transport does not support channel binding {TLS_EXPORTER:?}"
            ))
        })
    }

    /// Creates the error for an unknown channel binding in HELLO.
    pub(in crate::auth) fn unknown_binding(&self) -> AuthError {
        AuthError::new(format_args!(
            "HELLO.Details.authextra.channel_binding: the only supported type is {TLS_EXPORTER:?}"
        ))
    }
}
