//! `Nonces`: octets that nobody can foretell.

use crate::auth::{Secret, hmac_sha256};

/// Draws octets from a secret: HMAC-SHA256 of a counter. Ids are no such source, as every peer sees
/// them and can compute the next ones.
#[derive(Debug)]
pub(super) struct Nonces {
    secret: Secret,
    drawn: u64,
}

impl Nonces {
    pub(super) fn new(secret: Secret) -> Self {
        Nonces { secret, drawn: 0 }
    }

    /// Never the same twice.
    pub(super) fn next(&mut self) -> [u8; 32] {
        self.drawn += 1;
        hmac_sha256(self.secret.as_bytes(), &[b"nonce", &self.drawn.to_be_bytes()])
    }

    /// Always the same for the same purpose.
    pub(super) fn derive(&self, purpose: &str) -> [u8; 32] {
        hmac_sha256(self.secret.as_bytes(), &[b"derive", purpose.as_bytes()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_new_and_hangs_on_the_secret() {
        let (mut one, mut other) = (Nonces::new("a".into()), Nonces::new("b".into()));
        let drawn = [one.next(), one.next(), other.next(), one.derive("a"), one.derive("b")];
        for (at, nonce) in drawn.iter().enumerate() {
            assert!(!drawn[..at].contains(nonce));
        }
        assert_eq!(one.derive("a"), drawn[3]);
    }
}
