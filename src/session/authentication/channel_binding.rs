//! Contains `ChannelBinding`, the connection that a proof is bound to.

use super::identity::Identity;
use crate::auth::{AuthError, TLS_EXPORTER};
use crate::error::ConfigError;
use crate::transport::TransportInfo;
use crate::value::Value;

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

    /// Takes the channel binding out of `authextra`.
    #[allow(dead_code, reason = "no method that is compiled in may have a binding")]
    pub(super) fn take(identity: &mut Identity) -> Result<Option<ChannelBinding>, ConfigError> {
        match identity.authextra.remove("channel_binding").unwrap_or_default() {
            Value::Null => Ok(None),
            Value::String(name) if name == TLS_EXPORTER => Ok(Some(ChannelBinding::TlsExporter)),
            other => {
                let text = format!("it must be \"tls-exporter\" or null, not {other:?}");
                Err(ConfigError::new("authextra.channel_binding", text))
            }
        }
    }

    /// Returns the data that both ends know about the connection.
    #[allow(dead_code, reason = "no method that is compiled in may have a binding")]
    pub(super) fn data(self, transport: &TransportInfo) -> Result<[u8; 32], AuthError> {
        match self {
            ChannelBinding::TlsExporter => transport.channel_id.ok_or_else(|| {
                let text = "the transport has no TLS connection to bind to (tls-exporter)";
                AuthError::new(text)
            }),
        }
    }
}

/// Returns whether `authextra.channel_binding` of HELLO applies to a method. All these methods
/// share it.
pub(super) fn counts_for(method: &str) -> bool {
    matches!(method, "cryptosign" | "cryptosign-proxy" | "wamp-scram")
}
