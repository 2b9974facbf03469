//! What TLS gives to the connection below a protocol.

/// Whether there is TLS, and its channel id.
#[derive(Clone, Copy, Default)]
pub(crate) struct Protection {
    pub(crate) secure: bool,
    pub(crate) channel_id: Option<[u8; 32]>,
}
