//! Contains `ChannelBinding`, the connection that a proof is bound to.

use crate::auth::TLS_EXPORTER;

/// A channel binding, which makes a proof invalid on any other connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChannelBinding {
    /// `tls-exporter` (RFC 9266): the TLS connection. Native only; browsers do not provide it.
    TlsExporter,
}

impl ChannelBinding {
    /// Returns the name in HELLO.Details.authextra.channel_binding: `tls-exporter`.
    pub fn as_str(self) -> &'static str {
        match self {
            ChannelBinding::TlsExporter => TLS_EXPORTER,
        }
    }
}

/// Returns whether `authextra.channel_binding` of HELLO applies to a method. All these methods
/// share it.
pub(super) fn counts_for(method: &str) -> bool {
    matches!(method, "cryptosign" | "cryptosign-proxy" | "wamp-scram")
}
