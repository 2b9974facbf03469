//! `Nonces`: unpredictable octets; and `Key`.

use std::fmt;

use zeroize::Zeroizing;

use crate::auth::Secret;
use crate::auth::encoding::hmac_sha256;

/// Derives octets from a secret: HMAC-SHA256 of a counter. Ids are not a safe source, since every
/// peer sees some and can compute the next ones.
#[derive(Debug)]
pub(super) struct Nonces {
    secret: Secret,
    drawn: u64,
}

/// A key whose `Debug` shows nothing.
pub(super) struct Key(Zeroizing<[u8; 32]>);

impl Key {
    /// Derives the key for a purpose; the same input gives the same key.
    pub(super) fn derive(secret: &Secret, purpose: &str) -> Self {
        Key(hmac_sha256(secret.as_bytes(), &[b"derive", purpose.as_bytes()]).into())
    }

    pub(super) fn octets(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

impl Nonces {
    pub(super) fn new(secret: Secret) -> Self {
        Nonces { secret, drawn: 0 }
    }

    /// The next octets, never the same twice.
    pub(super) fn next(&mut self) -> [u8; 32] {
        self.drawn += 1;
        hmac_sha256(self.secret.as_bytes(), &[b"nonce", &self.drawn.to_be_bytes()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_new_and_hangs_on_the_secret() {
        let (mut one, mut other) = (Nonces::new("a".into()), Nonces::new("b".into()));
        let derive = |purpose| *Key::derive(&"a".into(), purpose).octets();
        let drawn = [one.next(), one.next(), other.next(), derive("a"), derive("b")];
        for (at, nonce) in drawn.iter().enumerate() {
            assert!(!drawn[..at].contains(nonce));
        }
        assert_eq!(derive("a"), drawn[3]);
    }
}
