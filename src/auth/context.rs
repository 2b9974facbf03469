//! Contains [`ChallengeContext`], the inputs of a challenge.

use std::time::Duration;

use crate::auth::cryptosign::SigningKey;
use crate::value::Dict;

/// The inputs of a challenge.
#[derive(Clone, Copy)]
pub struct ChallengeContext<'a> {
    /// Realm that the client wants to join.
    pub realm: &'a str,
    /// Authid of the client: from HELLO, or looked up by the public key.
    pub authid: &'a str,
    /// Role of the client. For a mock: the role of any user.
    pub authrole: &'a str,
    /// Authentication provider, such as `static`.
    pub authprovider: &'a str,
    /// Session id that WELCOME will carry.
    pub session: u64,
    /// Random octets. Draw new ones for each challenge.
    pub nonce: [u8; 32],
    /// Current time since 1970-01-01.
    pub unix_time: Duration,
    /// HELLO.Details.authextra.
    pub authextra: &'a Dict,
    /// The transport's `tls-exporter` channel binding, if available.
    pub channel_id: Option<[u8; 32]>,
    /// Secret seed of the mock challenges: 32 random octets that stay the same, preferably for
    /// years.
    pub secret: &'a [u8; 32],
    /// Key that proves the router's identity to cryptosign clients that ask for a proof.
    pub router_key: Option<&'a SigningKey>,
}
