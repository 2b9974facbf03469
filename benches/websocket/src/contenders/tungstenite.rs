//! tokio-tungstenite.

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use super::{Library, Socket};
use crate::measure::Error;
use crate::server::Server;
use crate::work::Work;

pub(crate) struct Tungstenite;

impl Library for Tungstenite {
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
        Ok(tokio_tungstenite::accept_async(incoming).await?)
    }

    async fn connect(address: &str, _deflate: bool) -> Result<Self::Socket, Error> {
        let stream = super::connect(address).await?;
        Ok(tokio_tungstenite::client_async(format!("ws://{address}/"), stream).await?.0)
    }
}

impl Socket for WebSocketStream<TcpStream> {
    async fn send(&mut self, message: Bytes) -> Result<(), Error> {
        Ok(SinkExt::send(self, Message::Binary(message)).await?)
    }

    async fn receive(&mut self) -> Result<Option<Bytes>, Error> {
        while let Some(message) = self.next().await {
            if let Message::Binary(message) = message? {
                return Ok(Some(message));
            }
        }
        Ok(None)
    }

    async fn close(mut self) -> Result<(), Error> {
        WebSocketStream::close(&mut self, None).await?;
        while self.next().await.is_some() {}
        Ok(())
    }
}
