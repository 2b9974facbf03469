//! The end of a connection to a client that was refused.
//!
//! Waits for the client to read the reason. Closing a socket with unread bytes makes the system
//! reset the connection, and what was sent last could be lost.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

/// Limits of time and bytes for which the client is still read.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: u64 = 64 << 10;

/// Ends the direction of this side, then reads and drops until the client has ended its own.
pub(crate) async fn drain_and_close(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let linger = async {
        stream.shutdown().await?;
        tokio::io::copy(&mut stream.take(LINGER_BYTES), &mut tokio::io::sink()).await
    };
    // The refusal stands, whether or not the client waits for it.
    let _ = timeout(LINGER, linger).await;
}
