//! `ChannelBinding`: to which connection a proof is bound.

use crate::auth::AuthError;
use crate::auth::cryptosign::TLS_EXPORTER;
use crate::transport::TransportInfo;

/// What a proof is bound to, so that it is worth nothing on another connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChannelBinding {
    /// `tls-exporter` (RFC 9266): the TLS connection. Natively only; no browser tells it.
    TlsExporter,
}

impl ChannelBinding {
    /// The name in HELLO.Details.authextra.channel_binding: `tls-exporter`.
    pub fn as_str(self) -> &'static str {
        match self {
            ChannelBinding::TlsExporter => TLS_EXPORTER,
        }
    }

    /// What both ends know of the connection.
    pub(super) fn data(self, transport: &TransportInfo) -> Result<[u8; 32], AuthError> {
        match self {
            ChannelBinding::TlsExporter => transport.channel_id.ok_or_else(|| {
                let text = "the transport has no TLS connection to bind to (tls-exporter)";
                AuthError::new(text)
            }),
        }
    }
}

/// Methods for which `authextra.channel_binding` of HELLO counts. It is one for all of them.
pub(super) fn counts_for(method: &str) -> bool {
    matches!(method, "cryptosign" | "cryptosign-proxy" | "wamp-scram")
}
