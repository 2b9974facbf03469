//! tokio-websockets.

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_websockets::{ClientBuilder, Message, ServerBuilder, WebSocketStream};

use super::{Library, Socket};
use crate::measure::Error;
use crate::server::Server;
use crate::work::Work;

pub(crate) struct TokioWebsockets;

impl Library for TokioWebsockets {
    type Listener = TcpListener;
    type Incoming = TcpStream;
    type Socket = WebSocketStream<TcpStream>;

    async fn listen(server: &Server, _work: Work) -> Result<(TcpListener, String), Error> {
        super::listen(server).await
    }

    async fn accept(listener: &mut TcpListener) -> Result<TcpStream, Error> {
        super::accept(listener).await
    }

    async fn open(incoming: TcpStream, _deflate: bool) -> Result<Self::Socket, Error> {
        Ok(ServerBuilder::new().accept(incoming).await?.1)
    }

    async fn connect(address: &str, _deflate: bool) -> Result<Self::Socket, Error> {
        let stream = super::connect(address).await?;
        let builder = ClientBuilder::new().uri(&format!("ws://{address}/"))?;
        Ok(builder.connect_on(stream).await?.0)
    }
}

impl Socket for WebSocketStream<TcpStream> {
    async fn send(&mut self, message: Bytes) -> Result<(), Error> {
        Ok(SinkExt::send(self, Message::binary(message)).await?)
    }

    async fn receive(&mut self) -> Result<Option<Bytes>, Error> {
        while let Some(message) = self.next().await {
            let message = message?;
            if message.is_binary() {
                return Ok(Some(message.into_payload().into()));
            }
        }
        Ok(None)
    }

    async fn close(mut self) -> Result<(), Error> {
        SinkExt::close(&mut self).await?;
        while self.next().await.is_some() {}
        Ok(())
    }
}
