//! The HTTP part of the opening handshake (RFC 6455, section 4) that client and server share.
//!
//! Reads one head of bounded size. tungstenite's own handshake is not used: it tells the client too
//! little about a refusal, and does not answer a refused client.

use tokio::io::{AsyncRead, AsyncReadExt};
use tungstenite::handshake::machine::TryParse;
use tungstenite::http::HeaderMap;

use crate::error::Cause;

/// Maximum length of a head; most HTTP servers allow as much.
pub(crate) const MAX_HEAD: usize = 16 << 10;

/// Bytes read at once; most heads are shorter.
const READ: usize = 1024;

pub(crate) enum HeadError {
    /// The peer ended the connection before the head was whole.
    Closed,
    Io(std::io::Error),
    /// Not HTTP, or a part of it that is not supported.
    Bad(String),
    /// The head does not end within [`MAX_HEAD`].
    TooLong,
}

impl HeadError {
    /// Returns the error of the connection, if that failed.
    pub(crate) fn cause(self) -> Option<Cause> {
        match self {
            HeadError::Io(error) => Some(Cause::new(error)),
            _ => None,
        }
    }
}

/// Reads the head of a request or a response, which begins with `bytes`, and returns it with the bytes
/// behind it. On failure, `bytes` holds everything that came.
pub(crate) async fn read_head<T: TryParse>(
    stream: &mut (impl AsyncRead + Unpin),
    bytes: &mut Vec<u8>,
) -> Result<(T, Vec<u8>), HeadError> {
    let mut known = 0;
    let mut more = bytes.is_empty();
    loop {
        if more {
            // The end may be split between two reads.
            known = bytes.len().saturating_sub(3);
            bytes.reserve(READ);
            if stream.read_buf(bytes).await.map_err(HeadError::Io)? == 0 {
                return Err(HeadError::Closed);
            }
        }
        more = true;
        if let Some(end) = bytes[known..].windows(4).position(|four| four == b"\r\n\r\n") {
            let behind = bytes.split_off(known + end + 4);
            return match T::try_parse(bytes) {
                Ok(Some((_, head))) => Ok((head, behind)),
                Ok(None) => Err(HeadError::Bad("incomplete HTTP head".to_owned())),
                Err(error) => Err(HeadError::Bad(error.to_string())),
            };
        }
        // A peer with another protocol gets the error at once, not after the timeout.
        if let Err(error) = T::try_parse(bytes) {
            return Err(HeadError::Bad(error.to_string()));
        }
        if bytes.len() >= MAX_HEAD {
            return Err(HeadError::TooLong);
        }
    }
}

/// Returns the tokens of a header that is a comma-separated list, over all its lines.
pub(crate) fn tokens<'a>(headers: &'a HeaderMap, name: &str) -> impl Iterator<Item = &'a str> {
    headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|token| !token.is_empty())
}
