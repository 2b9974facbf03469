//! Fake credentials for unknown users.

use crate::auth::mock::Mock;
use crate::auth::scram::{Dialect, Kdf, ScramCredential};
use crate::auth::{AuthError, Credential};

impl ScramCredential {
    /// A credential as most users of this dialect have it.
    pub(in crate::auth) fn mock(dialect: Dialect, mock: &Mock) -> Result<Credential, AuthError> {
        let (iterations, memory) = match dialect {
            Dialect::Spec => (2, 19 * 1024),
            Dialect::Autobahn => (4096, 512),
        };
        Ok(Self::with_work(dialect, mock, Kdf::Argon2id13, 16, iterations, Some(memory)))
    }

    /// A credential that looks like this one to the client.
    pub(in crate::auth) fn mock_like(&self, dialect: Dialect, mock: &Mock) -> Credential {
        Self::with_work(dialect, mock, self.kdf, self.salt.len(), self.iterations, self.memory)
    }

    fn with_work(
        dialect: Dialect,
        mock: &Mock,
        kdf: Kdf,
        salt: usize,
        iterations: u32,
        memory: Option<u32>,
    ) -> Credential {
        // The dialects have different salts.
        let purpose = |what: &str| format!("{} {what}", dialect.method());
        let credential = ScramCredential {
            kdf,
            salt: mock.octets(&purpose("salt"), salt),
            iterations,
            memory,
            stored_key: mock.key(&purpose("stored key")),
            server_key: mock.key(&purpose("server key")),
        };
        Credential::Scram { dialect, credential }
    }
}
