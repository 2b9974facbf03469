//! Ours, by its public interface.

use bytes::Bytes;
use wampwerk::transport::ServerOptions;
use wampwerk::websocket::Deflate;
use wampwerk::websocket::{self, IncomingRequest, IncomingRequests, Message, WebSocket};

use super::{Library, Socket};
use crate::measure::Error;
use crate::server::Server;
use crate::work::Work;

pub(crate) struct Ours;

fn deflate(compressed: bool) -> Option<Deflate> {
    let takeover = Deflate::new().server_context_takeover(true).client_context_takeover(true);
    Some(takeover).filter(|_| compressed)
}

impl Library for Ours {
    type Listener = IncomingRequests;
    type Incoming = IncomingRequest;
    type Socket = WebSocket;

    async fn listen(server: &Server, work: Work) -> Result<(IncomingRequests, String), Error> {
        let options = ServerOptions::new().per_message_deflate(deflate(work.deflate()));
        let listening = websocket::listen("ws://127.0.0.1:0").options(options);
        let requests = server.run(|| async move { listening.await }).await??;
        let url = requests.url().to_owned();
        Ok((requests, url))
    }

    async fn accept(listener: &mut IncomingRequests) -> Result<IncomingRequest, Error> {
        Ok(listener.next().await.ok_or("the listener ended")?)
    }

    async fn open(incoming: IncomingRequest, _deflate: bool) -> Result<WebSocket, Error> {
        Ok(incoming.accept().await?)
    }

    async fn connect(address: &str, compressed: bool) -> Result<WebSocket, Error> {
        Ok(websocket::connect(address).per_message_deflate(deflate(compressed)).await?)
    }
}

impl Socket for WebSocket {
    async fn send(&mut self, message: Bytes) -> Result<(), Error> {
        Ok(WebSocket::send(self, message).await?)
    }

    async fn receive(&mut self) -> Result<Option<Bytes>, Error> {
        let message = self.next().await.transpose()?;
        Ok(message.map(Message::into_bytes))
    }

    async fn close(self) -> Result<(), Error> {
        WebSocket::close(&self, 1000, "").await?;
        Ok(())
    }
}
