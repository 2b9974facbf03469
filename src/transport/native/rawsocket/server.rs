//! Implements the server's half of the handshake.

use std::io::ErrorKind;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use super::handshake::{Agreement, read_octets};
use crate::error::{Cause, RawSocketRefusal};
use crate::framing::rawsocket::{HandshakeReply, MaxLength, Request, RequestError};
use crate::message::Serializer;
use crate::net::client_left;
use crate::net::linger::drain_and_close;

/// The client is not accepted.
#[derive(Debug, thiserror::Error)]
pub(in crate::transport::native) enum AnswerError {
    /// The connection ended before.
    #[error("{0}")]
    Lost(Cause),
    /// The client does not speak RawSocket, or violates the handshake. It is not told, because the
    /// protocol defines no code for this.
    #[error("{0}")]
    Bad(RequestError),
    /// The client was told the reason.
    #[error("refused: {0}")]
    Refused(RawSocketRefusal),
}

/// Performs the server's half: reads the client's octets, after those in `early`, and answers. The
/// caller limits the time.
///
/// A refused client has been told so and had time to read it; `stream` is then shut down and must
/// be dropped. Any maximum message length of the client is accepted.
pub(in crate::transport::native) async fn answer<S>(
    stream: &mut S,
    mut early: Vec<u8>,
    serializers: &[Serializer],
    max_message_size: usize,
) -> Result<Agreement, AnswerError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let lost = |error: std::io::Error| {
        AnswerError::Lost(match error.kind() {
            ErrorKind::UnexpectedEof => client_left().into(),
            _ => error.into(),
        })
    };
    let octets = read_octets(stream, &mut early).await.map_err(lost)?;
    let request = match Request::read(octets) {
        Ok(request) => request,
        Err(error) => {
            let Some(refusal) = error.refusal() else { return Err(AnswerError::Bad(error)) };
            return Err(refuse(stream, refusal).await);
        }
    };
    let serializer =
        Serializer::from_raw_socket_id(request.serializer).filter(|one| serializers.contains(one));
    let Some(serializer) = serializer else {
        return Err(refuse(stream, RawSocketRefusal::SerializerUnsupported).await);
    };
    let accept = Request::new(serializer, MaxLength::covering(max_message_size));
    stream.write_all(&HandshakeReply::Accept(accept).octets()).await.map_err(lost)?;
    stream.flush().await.map_err(lost)?;
    let agreement = Agreement::new(serializer, max_message_size, request.max_length);
    Ok(Agreement { early, ..agreement })
}

/// Refuses a client, also before it has sent anything, and waits a moment for its end.
pub(in crate::transport::native) async fn refuse<S>(
    stream: &mut S,
    refusal: RawSocketRefusal,
) -> AnswerError
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    // The refusal stands, whether or not the client waits for it.
    if stream.write_all(&HandshakeReply::Refuse(refusal).octets()).await.is_ok() {
        drain_and_close(stream).await;
    }
    AnswerError::Refused(refusal)
}
