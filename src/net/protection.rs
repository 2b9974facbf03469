//! What TLS gives to the connection below a transport.

use crate::transport::TransportInfo;

/// Whether there is TLS, and its channel id.
#[derive(Clone, Copy, Default)]
pub(crate) struct Protection {
    pub(crate) secure: bool,
    pub(crate) channel_id: Option<[u8; 32]>,
}

impl Protection {
    pub(crate) fn tell(self, info: &mut TransportInfo) {
        info.secure = self.secure;
        info.channel_id = self.channel_id;
    }
}
