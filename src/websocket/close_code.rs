//! The codes of WebSocket's Close frames that this library sends.

/// Reason why this side closes a connection, with WebSocket's codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseCode {
    /// 1000: normal end.
    Normal,
    /// 1001: the server shuts down, or the page is left.
    GoingAway,
    /// 1002: the peer violated the protocol.
    ProtocolError,
    /// 1009: the peer's message was too long.
    TooBig,
    /// 1011: an error on this side, or the peer does not read.
    InternalError,
}

impl CloseCode {
    /// Returns the number on the wire.
    pub const fn code(self) -> u16 {
        match self {
            CloseCode::Normal => 1000,
            CloseCode::GoingAway => 1001,
            CloseCode::ProtocolError => 1002,
            CloseCode::TooBig => 1009,
            CloseCode::InternalError => 1011,
        }
    }
}
