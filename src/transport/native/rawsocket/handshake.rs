//! Implements the opening handshake on a stream: the common part and the client's half.

use std::io::{self, ErrorKind};

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::io::{AsyncWrite, AsyncWriteExt};

use crate::framing::rawsocket::{HANDSHAKE_SIZE, MAGIC, MAX_MESSAGE, MaxLength};
use crate::framing::rawsocket::{HandshakeReply, ReplyError, Request};
use crate::message::Serializer;

/// The agreement of both ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::transport::native) struct Agreement {
    pub(super) serializer: Serializer,
    /// Maximum message length that the peer was told.
    pub(super) max_receive: MaxLength,
    /// Maximum length of messages to send.
    pub(super) max_send: usize,
    /// Bytes read after the handshake.
    pub(super) early: Vec<u8>,
}

impl Agreement {
    /// Creates an agreement. `max_message_size` is the setting for both directions, `peer` the
    /// length that the peer accepts.
    pub(super) fn new(serializer: Serializer, max_message_size: usize, peer: MaxLength) -> Self {
        Agreement {
            serializer,
            max_receive: MaxLength::covering(max_message_size),
            max_send: sendable(max_message_size, peer),
            early: Vec::new(),
        }
    }
}

/// Returns the maximum length of messages to a peer with this limit.
fn sendable(max_send_size: usize, peer: MaxLength) -> usize {
    max_send_size.min(peer.bytes()).min(MAX_MESSAGE)
}

/// The server did not agree.
#[derive(Debug)]
pub(in crate::transport::native) enum ShakeError {
    Io(io::Error),
    /// The server closed the connection without an answer. Crossbar does so for an unsupported
    /// serializer.
    Closed,
    Reply(ReplyError),
}

/// Performs the client's half: asks for `serializer` and reads the server's answer. The second
/// limit is for sending, if it differs. The caller limits the time.
pub(in crate::transport::native) async fn shake_hands(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    serializer: Serializer,
    (max_message_size, max_send_size): (usize, Option<usize>),
) -> Result<Agreement, ShakeError> {
    let request = Request::new(serializer, MaxLength::covering(max_message_size));
    stream.write_all(&request.octets()).await.map_err(ShakeError::Io)?;
    stream.flush().await.map_err(ShakeError::Io)?;
    let octets =
        read_octets(stream, &mut Vec::new()).await.map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => ShakeError::Closed,
            _ => ShakeError::Io(error),
        })?;
    let server = HandshakeReply::read(octets, request).map_err(ShakeError::Reply)?;
    Ok(Agreement {
        max_send: sendable(max_send_size.unwrap_or(max_message_size), server),
        ..Agreement::new(serializer, max_message_size, server)
    })
}

/// Reads the peer's octets, the first ones from `early`, and no octet more. If the first octet is
/// wrong, the others are not awaited and are 0.
pub(super) async fn read_octets(
    stream: &mut (impl AsyncRead + Unpin),
    early: &mut Vec<u8>,
) -> io::Result<[u8; HANDSHAKE_SIZE]> {
    let mut octets = [0; HANDSHAKE_SIZE];
    let mut count = early.len().min(HANDSHAKE_SIZE);
    octets[..count].copy_from_slice(&early[..count]);
    early.drain(..count);
    while count < HANDSHAKE_SIZE && (count == 0 || octets[0] == MAGIC) {
        match stream.read(&mut octets[count..]).await? {
            0 => return Err(ErrorKind::UnexpectedEof.into()),
            more => count += more,
        }
    }
    Ok(octets)
}
