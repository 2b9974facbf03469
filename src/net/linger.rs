//! The end of a connection to a client that was refused.
//!
//! Owns the wait for the client to read why. Closing a socket with unread bytes makes the system
//! reset the connection, and what was sent last could be lost.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

/// How long, and for how many bytes, the client is listened to.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: u64 = 64 << 10;

/// Ends our direction, and reads and forgets until the client has ended its own.
pub(crate) async fn farewell(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let linger = async {
        stream.shutdown().await?;
        tokio::io::copy(&mut stream.take(LINGER_BYTES), &mut tokio::io::sink()).await
    };
    // However it ends: the refusal stands, whether or not the client waits for it.
    let _ = timeout(LINGER, linger).await;
}
