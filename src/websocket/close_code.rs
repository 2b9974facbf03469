//! The codes of WebSocket's Close frames that this library sends.

/// Why a transport is closed by us; WebSocket's codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseCode {
    /// 1000: all is said.
    Normal,
    /// 1001: the router or the page goes away.
    GoingAway,
    /// 1002: the peer broke the protocol.
    ProtocolError,
    /// 1009: the peer sent too long a message.
    TooBig,
    /// 1011: something failed on our side, or the peer does not read.
    InternalError,
}

impl CloseCode {
    /// The number on the wire.
    pub fn code(self) -> u16 {
        match self {
            CloseCode::Normal => 1000,
            CloseCode::GoingAway => 1001,
            CloseCode::ProtocolError => 1002,
            CloseCode::TooBig => 1009,
            CloseCode::InternalError => 1011,
        }
    }
}
