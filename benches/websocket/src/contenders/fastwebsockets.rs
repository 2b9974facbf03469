//! fastwebsockets, behind a handshake by hand: its own needs hyper.

use bytes::{Bytes, BytesMut};
use fastwebsockets::{Frame, OpCode, Payload, Role, WebSocket};
use tokio::net::{TcpListener, TcpStream};

use super::{Library, Socket, by_hand};
use crate::measure::Error;
use crate::server::Server;
use crate::work::Work;

pub(crate) struct FastWebsockets;

impl Library for FastWebsockets {
    type Listener = TcpListener;
    type Incoming = TcpStream;
    type Socket = WebSocket<TcpStream>;

    async fn listen(server: &Server, _work: Work) -> Result<(TcpListener, String), Error> {
        super::listen(server).await
    }

    async fn accept(listener: &mut TcpListener) -> Result<TcpStream, Error> {
        super::accept(listener).await
    }

    async fn open(mut incoming: TcpStream, _deflate: bool) -> Result<Self::Socket, Error> {
        by_hand::server(&mut incoming).await?;
        Ok(WebSocket::after_handshake(incoming, Role::Server))
    }

    async fn connect(address: &str, _deflate: bool) -> Result<Self::Socket, Error> {
        let mut stream = super::connect(address).await?;
        by_hand::client(&mut stream).await?;
        Ok(WebSocket::after_handshake(stream, Role::Client))
    }
}

impl Socket for WebSocket<TcpStream> {
    async fn send(&mut self, message: Bytes) -> Result<(), Error> {
        Ok(self.write_frame(Frame::binary(Payload::Bytes(message.into()))).await?)
    }

    async fn receive(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            let frame = self.read_frame().await?;
            match frame.opcode {
                OpCode::Binary => {
                    return Ok(Some(match frame.payload {
                        Payload::Bytes(octets) => BytesMut::freeze(octets),
                        payload => payload.to_vec().into(),
                    }));
                }
                OpCode::Close => return Ok(None),
                _ => {}
            }
        }
    }

    async fn close(self) -> Result<(), Error> {
        Ok(())
    }
}
