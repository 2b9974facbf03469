//! `Nonces`: unpredictable octets; `Draws`: what one step of one connection draws; and `Key`.

use std::fmt;

use zeroize::Zeroizing;

use crate::auth::Secret;
use crate::auth::encoding::hmac_sha256;
use crate::core::ids::RandomIds;
use crate::core::router::connection::ConnectionId;

/// Derives octets from a secret: HMAC-SHA256 of a number. Nothing changes, so that connections need
/// not wait for each other.
#[derive(Debug)]
pub(super) struct Nonces {
    secret: Secret,
}

/// The random numbers of one step of one connection. Connections share no source.
#[derive(Debug)]
pub(in crate::core::router) struct Draws {
    ids: RandomIds,
    stream: u64,
}

/// Number of steps of one connection with ids of their own.
const STEPS: u32 = (1 << 24) - 1;

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

impl Draws {
    /// Creates the source of step `step` of a connection, from the router's key.
    pub(in crate::core::router) fn new(key: [u8; 32], connection: ConnectionId, step: u32) -> Self {
        // Step 0 is left to the realms. A session id returns after 16 million steps, at the earliest.
        let stream = connection.number() << 24 | u64::from(step % STEPS + 1);
        Draws { ids: RandomIds::of_stream(key, stream), stream }
    }

    /// The next id.
    pub(super) fn id(&mut self) -> u64 {
        self.ids.next()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

impl Nonces {
    pub(super) fn new(secret: Secret) -> Self {
        Nonces { secret }
    }

    /// The octets of this step: the same for the same draws.
    pub(super) fn nonce(&self, draws: &Draws) -> [u8; 32] {
        hmac_sha256(self.secret.as_bytes(), &[b"nonce", &draws.stream.to_be_bytes()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_new_and_hangs_on_the_secret() {
        let (one, other) = (Nonces::new("a".into()), Nonces::new("b".into()));
        let derive = |purpose| *Key::derive(&"a".into(), purpose).octets();
        let of = |connection, step| Draws::new([7; 32], ConnectionId::new(connection), step);
        let nonces = [(1, 1), (1, 2), (2, 1)].map(|(who, step)| one.nonce(&of(who, step)));
        let [first, second, third] = nonces;
        let alien = other.nonce(&of(1, 1));
        let drawn = [first, second, third, alien, derive("a"), derive("b")];
        for (at, nonce) in drawn.iter().enumerate() {
            assert!(!drawn[..at].contains(nonce));
        }
        assert_eq!(derive("a"), drawn[4]);
        let mut ids: Vec<_> = [(1, 1), (1, 2), (2, 1)].map(|(who, step)| of(who, step).id()).into();
        // Only neighbours are compared.
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 3);
    }
}
