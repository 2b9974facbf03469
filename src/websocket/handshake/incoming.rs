//! The server's opening handshake over a stream: reads the request, and writes the answer.

use std::io;
use std::time::Duration;

use http::{Request, Response, StatusCode};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout, timeout_at};

use super::head::{ReadError, read_head};
use super::terms::Terms;
use crate::framing::websocket::handshake::{
    HeadKind, HeadReader, Refusal, RequestError, check_host, encode,
};
use crate::net::linger::drain_and_close;

/// Time limit for sending a refusal after the time of the handshake is over.
const LAST_WORD: Duration = Duration::from_secs(1);

/// A request that was read, and its stream, which waits for the answer.
pub(crate) struct Incoming<S> {
    pub(crate) request: Request<()>,
    stream: S,
    /// Octets behind the request: the first frames.
    behind: Vec<u8>,
}

/// There is no request to decide about. The client was told, where that was possible.
pub(crate) enum ReceiveError {
    /// The client ended the connection.
    Closed,
    Io(io::Error),
    /// The head did not come in time.
    Timeout,
    Refused(Refusal),
}

/// Reads the request that starts with `early` and continues on the stream, until `deadline`.
pub(crate) async fn receive<S>(
    mut stream: S,
    early: &[u8],
    deadline: Instant,
    terms: &Terms,
) -> Result<Incoming<S>, ReceiveError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut reader = HeadReader::new(HeadKind::Request);
    // A fault is returned again by the next call.
    let _ = reader.feed(early);
    let bad = match timeout_at(deadline, read_head(&mut stream, &mut reader)).await {
        Ok(Ok(())) => match reader.into_request().map_err(RequestError::Head) {
            Ok((request, behind)) => match check_host(&request) {
                Ok(()) => return Ok(Incoming { request, stream, behind }),
                Err(error) => error,
            },
            Err(error) => error,
        },
        Ok(Err(ReadError::Bad(error))) => RequestError::Head(error),
        Ok(Err(ReadError::Closed)) => return Err(ReceiveError::Closed),
        Ok(Err(ReadError::Io(error))) => return Err(ReceiveError::Io(error)),
        Err(_) => {
            // A client that has said nothing waits for no answer.
            if !reader.is_empty() {
                let text = "the request took too long";
                let refusal = Refusal::new(StatusCode::REQUEST_TIMEOUT, text);
                send(stream, terms.refusal(&refusal)).await;
            }
            return Err(ReceiveError::Timeout);
        }
    };
    let refusal = Refusal::from(bad);
    send(stream, terms.refusal(&refusal)).await;
    Err(ReceiveError::Refused(refusal))
}

impl<S: AsyncRead + AsyncWrite + Unpin> Incoming<S> {
    /// Sends the answer that accepts. Returns the stream and the octets behind the request.
    pub(crate) async fn accept(mut self, response: &Response<()>) -> io::Result<(S, Vec<u8>)> {
        self.stream.write_all(&encode(response)).await?;
        self.stream.flush().await?;
        Ok((self.stream, self.behind))
    }

    /// Sends an answer that refuses, and closes the connection.
    pub(crate) async fn refuse(self, response: Response<String>) {
        send(self.stream, response).await;
    }
}

/// The refusal stands, whether or not the client takes it.
async fn send(mut stream: impl AsyncRead + AsyncWrite + Unpin, response: Response<String>) {
    let mut octets = encode(&response);
    octets.extend_from_slice(response.body().as_bytes());
    if let Ok(Ok(())) = timeout(LAST_WORD, stream.write_all(&octets)).await {
        drain_and_close(stream).await;
    }
}
