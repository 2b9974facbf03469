//! Applies a `ChannelBinding` in the methods that can be bound to a connection.

use super::channel_binding::ChannelBinding;
use super::from_value::must_be;
use super::identity::Identity;
use crate::auth::{AuthError, TLS_EXPORTER};
use crate::error::ConfigError;
use crate::transport::TransportInfo;
use crate::value::Value;

impl ChannelBinding {
    /// Takes the channel binding out of `authextra`.
    pub(super) fn take(identity: &mut Identity) -> Result<Option<ChannelBinding>, ConfigError> {
        match identity.authextra.remove("channel_binding").unwrap_or_default() {
            Value::Null => Ok(None),
            Value::String(name) if name == TLS_EXPORTER => Ok(Some(ChannelBinding::TlsExporter)),
            other => {
                Err(must_be("\"tls-exporter\" or null", &other).within("authextra.channel_binding"))
            }
        }
    }

    /// Returns the data that both ends know about the connection.
    pub(super) fn data(self, transport: &TransportInfo) -> Result<[u8; 32], AuthError> {
        match self {
            ChannelBinding::TlsExporter => transport.channel_id.ok_or_else(|| {
                let text = "the transport has no TLS connection to bind to (tls-exporter)";
                AuthError::new(text)
            }),
        }
    }
}
