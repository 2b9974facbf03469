//! Close frames: their codes and reasons (RFC 6455, sections 5.5.1 and 7.4).

use super::error::ReadError;
use super::frame::MAX_CONTROL;

/// Maximum length of a reason in octets.
pub const MAX_REASON: usize = MAX_CONTROL - 2;

/// Returns the code and the reason of a Close frame; `None` if it has neither.
///
/// # Errors
/// Returns the breach if the payload is not a valid one.
pub fn parse(payload: &[u8]) -> Result<Option<(u16, String)>, ReadError> {
    let (code, reason) = match payload {
        [] => return Ok(None),
        [_] => return Err(ReadError::CloseLength),
        [high, low, reason @ ..] => (u16::from_be_bytes([*high, *low]), reason),
    };
    if !is_on_wire(code) {
        return Err(ReadError::CloseCode(code));
    }
    let reason = std::str::from_utf8(reason).map_err(|_| ReadError::CloseReason)?;
    Ok(Some((code, reason.to_owned())))
}

/// Returns the payload of a Close frame. The reason is cut at a character if it is too long.
pub fn payload(code: u16, reason: &str) -> Vec<u8> {
    [&code.to_be_bytes(), cut(reason).as_bytes()].concat()
}

/// Returns as many characters of a reason as a Close frame has room for.
pub fn cut(reason: &str) -> &str {
    let mut end = reason.len().min(MAX_REASON);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    &reason[..end]
}

/// Returns whether a Close frame may have this code: one that is registered, or is for applications.
pub fn is_on_wire(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

/// Returns whether an application may send this code.
pub fn is_of_application(code: u16) -> bool {
    matches!(code, 1000 | 3000..=4999)
}
