//! TCP: from a name to a connected socket.

use std::fmt;
use std::time::Duration;

use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use crate::error::ConnectError;
use crate::transport::url::WebSocketUrl;

/// Tries all addresses of the name in the resolver's order, each for up to `limit`; the look-up
/// has `limit` for itself. The socket has `TCP_NODELAY`: a request that waits for the answer to a
/// request must not wait for a delayed acknowledge.
pub(super) async fn connect(
    url: &WebSocketUrl,
    limit: Duration,
) -> Result<TcpStream, ConnectError> {
    let io = |message: &dyn fmt::Display| ConnectError::Io {
        address: format!("{}:{}", url.host, url.port),
        message: message.to_string(),
    };
    let addresses = match timeout(limit, lookup_host((url.host.as_str(), url.port))).await {
        Ok(Ok(addresses)) => addresses,
        Ok(Err(error)) => return Err(io(&error)),
        Err(_) => return Err(ConnectError::Timeout("looking up the name")),
    };
    let mut failure = io(&"the name has no address");
    for address in addresses {
        match timeout(limit, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                stream.set_nodelay(true).map_err(|error| io(&error))?;
                return Ok(stream);
            }
            Ok(Err(error)) => failure = io(&error),
            Err(_) => failure = ConnectError::Timeout("connecting by TCP"),
        }
    }
    Err(failure)
}
