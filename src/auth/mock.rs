//! Credentials of users that there are not: made of the router's secret, the same each time.

use crate::auth::encoding::{hex, hmac_sha256};
use crate::auth::scram::{Dialect, Kdf, ScramCredential};
use crate::auth::{AuthError, ChallengeContext, Credential, Salt, Secret};

/// Makes up what nobody can know without the router's secret, and what stays the same for the same
/// authid on the same realm.
pub(in crate::auth) struct Mock {
    /// Of the realm and the authid, whatever their lengths.
    seed: [u8; 32],
}

impl Mock {
    pub(in crate::auth) fn new(context: &ChallengeContext<'_>) -> Self {
        let ChallengeContext { realm, authid, secret, .. } = context;
        // Its length, so that no other realm and authid make the same text.
        let length = (realm.len() as u64).to_be_bytes();
        let parts: [&[u8]; 3] = [&length, realm.as_bytes(), authid.as_bytes()];
        Mock { seed: hmac_sha256(&secret[..], &parts) }
    }

    /// A usual credential of a method.
    pub(in crate::auth) fn usual(&self, method: &str) -> Result<Credential, AuthError> {
        Ok(match method {
            "ticket" => Credential::Ticket(self.key("ticket")),
            "wampcra" => Credential::WampCra { secret: self.key("key"), salt: None },
            "cryptosign" => Credential::Cryptosign { public_keys: Vec::new() },
            _ => match Dialect::of_method(method) {
                Some(Dialect::Spec) => {
                    self.scram(Dialect::Spec, Kdf::Argon2id13, 16, 2, Some(19 * 1024))
                }
                Some(Dialect::Autobahn) => {
                    self.scram(Dialect::Autobahn, Kdf::Argon2id13, 16, 4096, Some(512))
                }
                None => {
                    return Err(AuthError::new(format_args!("method {method:?} has no challenge")));
                }
            },
        })
    }

    /// A credential that looks like another one to the client.
    pub(in crate::auth) fn like(&self, credential: &Credential) -> Credential {
        match credential {
            Credential::Ticket(_) => Credential::Ticket(self.key("ticket")),
            Credential::WampCra { salt, .. } => {
                let salt = salt
                    .as_ref()
                    .map(|like| Salt { salt: self.salt_text(&like.salt), ..like.clone() });
                Credential::WampCra { secret: self.key("key"), salt }
            }
            Credential::Cryptosign { .. } => Credential::Cryptosign { public_keys: Vec::new() },
            Credential::Scram { dialect, credential } => self.scram(
                *dialect,
                credential.kdf,
                credential.salt.len(),
                credential.iterations,
                credential.memory,
            ),
        }
    }

    fn scram(
        &self,
        dialect: Dialect,
        kdf: Kdf,
        salt: usize,
        iterations: u32,
        memory: Option<u32>,
    ) -> Credential {
        let credential = ScramCredential {
            kdf,
            salt: self.octets("salt", salt),
            iterations,
            memory,
            stored_key: self.key("stored key"),
            server_key: self.key("server key"),
        };
        Credential::Scram { dialect, credential }
    }

    fn key(&self, purpose: &str) -> Secret {
        self.octets(purpose, 32).into()
    }

    /// A text as long as another one, and of the same kind where that can be told.
    fn salt_text(&self, like: &str) -> String {
        let octets = self.octets("salt text", like.len());
        if like.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)) {
            return hex(&octets)[..like.len()].to_owned();
        }
        const LETTERS: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789ab";
        octets.iter().map(|octet| char::from(LETTERS[usize::from(octet % 64)])).collect()
    }

    fn octets(&self, purpose: &str, count: usize) -> Vec<u8> {
        let mut octets = Vec::with_capacity(count + 32);
        let mut block = 0_u32;
        while octets.len() < count {
            let parts: [&[u8]; 3] = [purpose.as_bytes(), &[0], &block.to_be_bytes()];
            octets.extend(hmac_sha256(&self.seed, &parts));
            block += 1;
        }
        octets.truncate(count);
        octets
    }
}
