//! Reads a head from a stream.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

use crate::framing::websocket::handshake::{HeadError, HeadReader};

/// Octets read at once; most heads are shorter.
const READ: usize = 1024;

/// A head could not be read.
pub(super) enum ReadError {
    /// The peer ended the connection before the head was whole.
    Closed,
    Io(io::Error),
    Bad(HeadError),
}

/// Reads until the head is whole. `reader` may hold its beginning, and holds everything that came.
pub(super) async fn read_head(
    stream: &mut (impl AsyncRead + Unpin),
    reader: &mut HeadReader,
) -> Result<(), ReadError> {
    // Everything in the reader already counts.
    let mut whole = reader.feed(&[]).map_err(ReadError::Bad)?;
    let mut portion = [0; READ];
    while !whole {
        let count = stream.read(&mut portion).await.map_err(ReadError::Io)?;
        if count == 0 {
            return Err(ReadError::Closed);
        }
        whole = reader.feed(&portion[..count]).map_err(ReadError::Bad)?;
    }
    Ok(())
}
