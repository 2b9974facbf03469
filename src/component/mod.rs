//! `Component`: a session that stays up. Transports, realm, credentials and handlers are described
//! once; it connects, joins, and does it again whenever the connection is lost.
//!
//! Owns the loop around sessions. When to try which transport is `core::retry`'s matter.

/// A session that stays up. Autobahn's `Component`.
#[derive(Clone, Debug)]
pub struct Component {}
