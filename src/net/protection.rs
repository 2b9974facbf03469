//! Properties of the connection below a protocol that TLS provides.

/// Use of TLS, and its channel id.
#[derive(Clone, Copy, Default)]
pub(crate) struct Protection {
    pub(crate) secure: bool,
    pub(crate) channel_id: Option<[u8; 32]>,
}
