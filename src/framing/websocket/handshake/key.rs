//! Contains `Key`: the nonce of a client, and the proof that the server has read it.

use data_encoding::BASE64;
use sha1::{Digest, Sha1};

/// Constant of the protocol (RFC 6455, section 1.3).
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Value of `Sec-WebSocket-Key`: 16 octets, chosen at random for each attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key([u8; 16]);

impl Key {
    /// Creates a key from 16 random octets.
    pub fn new(octets: [u8; 16]) -> Self {
        Key(octets)
    }

    /// Reads the value of the header. Returns `None` if it is not 22 characters of Base64 for 16 octets,
    /// followed by `==`.
    pub fn read(value: &[u8]) -> Option<Self> {
        Some(Key(BASE64.decode(value).ok()?.try_into().ok()?))
    }

    /// Returns the value of the header.
    pub fn encoded(&self) -> String {
        BASE64.encode(&self.0)
    }

    /// Returns the value of `Sec-WebSocket-Accept` that answers this key.
    pub fn accept(&self) -> String {
        let digest = Sha1::new().chain_update(self.encoded()).chain_update(GUID).finalize();
        BASE64.encode(&digest)
    }
}
