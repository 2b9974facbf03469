//! The HTTP part of the opening handshake (RFC 6455, section 4) that client and server share.
//!
//! Owns reading one head of bounded size. It is not tungstenite's, which tells the client too little
//! about a refusal and answers a refused client not at all.

use tokio::io::{AsyncRead, AsyncReadExt};
use tungstenite::handshake::machine::TryParse;
use tungstenite::http::HeaderMap;

/// As much as most HTTP servers allow.
pub(crate) const MAX_HEAD: usize = 16 << 10;

/// Most heads are shorter.
const READ: usize = 1024;

pub(crate) enum HeadError {
    /// The peer ended the connection before the head was whole.
    Closed,
    Io(std::io::Error),
    /// Not HTTP, or not what we read of it.
    Bad(String),
    /// There is no end of it within [`MAX_HEAD`].
    TooLong,
}

/// Reads a request's or a response's head, of which `bytes` holds what came before; also what came
/// behind it. When it fails, `bytes` holds all that came.
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
        // Whoever speaks another protocol is told so at once, not by the timeout.
        if let Err(error) = T::try_parse(bytes) {
            return Err(HeadError::Bad(error.to_string()));
        }
        if bytes.len() >= MAX_HEAD {
            return Err(HeadError::TooLong);
        }
    }
}

/// The tokens of a header that is a comma-separated list, over all its lines.
pub(crate) fn tokens<'a>(headers: &'a HeaderMap, name: &str) -> impl Iterator<Item = &'a str> {
    headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|token| !token.is_empty())
}
