//! yawc, behind a handshake by hand: its own needs hyper.

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use yawc::{DeflateOptions, Frame, OpCode, Options, Role, WebSocket};

use super::{Library, Socket, by_hand};
use crate::measure::Error;
use crate::server::Server;
use crate::work::Work;

pub(crate) struct Yawc;

fn socket(stream: TcpStream, role: Role, deflate: bool) -> Result<WebSocket<TcpStream>, Error> {
    let options = Options::default().with_limits(16 << 20, 32 << 20);
    if !deflate {
        return Ok(WebSocket::from_stream(stream, role, options.without_compression())?);
    }
    // The level that ours has by default, too.
    let options = Options { compression: Some(DeflateOptions::low_latency()), ..options };
    let extensions = Some("permessage-deflate");
    Ok(WebSocket::from_stream_with_extensions(stream, role, extensions, options)?)
}

impl Library for Yawc {
    type Listener = TcpListener;
    type Incoming = TcpStream;
    type Socket = WebSocket<TcpStream>;

    async fn listen(server: &Server, _work: Work) -> Result<(TcpListener, String), Error> {
        super::listen(server).await
    }

    async fn accept(listener: &mut TcpListener) -> Result<TcpStream, Error> {
        super::accept(listener).await
    }

    async fn open(mut incoming: TcpStream, deflate: bool) -> Result<Self::Socket, Error> {
        by_hand::server(&mut incoming).await?;
        socket(incoming, Role::Server, deflate)
    }

    async fn connect(address: &str, deflate: bool) -> Result<Self::Socket, Error> {
        let mut stream = super::connect(address).await?;
        by_hand::client(&mut stream).await?;
        socket(stream, Role::Client, deflate)
    }
}

impl Socket for WebSocket<TcpStream> {
    async fn send(&mut self, message: Bytes) -> Result<(), Error> {
        Ok(SinkExt::send(self, Frame::binary(message)).await?)
    }

    async fn receive(&mut self) -> Result<Option<Bytes>, Error> {
        while let Some(frame) = self.next().await {
            if frame.opcode() == OpCode::Binary {
                return Ok(Some(frame.into_payload()));
            }
        }
        Ok(None)
    }

    async fn close(self) -> Result<(), Error> {
        Ok(())
    }
}
