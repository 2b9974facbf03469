//! An opening handshake for libraries that are measured behind it. It checks nothing.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::measure::Error;

const REQUEST: &str = "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
const RESPONSE: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

pub(crate) async fn client(stream: &mut TcpStream) -> Result<(), Error> {
    stream.write_all(REQUEST.as_bytes()).await?;
    stream.read_exact(&mut vec![0; RESPONSE.len()]).await?;
    Ok(())
}

pub(crate) async fn server(stream: &mut TcpStream) -> Result<(), Error> {
    stream.read_exact(&mut vec![0; REQUEST.len()]).await?;
    stream.write_all(RESPONSE.as_bytes()).await?;
    Ok(())
}
