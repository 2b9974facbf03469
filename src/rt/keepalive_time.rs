//! Replaces `keepalive` where the system's interval cannot be set, only the time until the first probe.

use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;

const IDLE: Duration = Duration::from_secs(30);

/// Lets the system detect a dead connection. An option that cannot be set is left as it is.
pub(crate) fn enable(stream: &TcpStream) {
    let keepalive = TcpKeepalive::new().with_time(IDLE);
    if let Err(error) = SockRef::from(stream).set_tcp_keepalive(&keepalive) {
        tracing::debug!(%error, "no TCP keepalive");
    }
}
