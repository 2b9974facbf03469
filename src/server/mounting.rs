//! WAMP within an HTTP server: what a `Mount` of a router or of handlers serves.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use http::{Request, Response};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::ConfigError;
use crate::framing::websocket::handshake::Refusal;
use crate::net::listen::room_for;
use crate::rt::BoxFuture;
use crate::server::connections::Connections;
use crate::server::serve::Serve;
use crate::server::target::Defaults;
use crate::transport::ServerOptions;
use crate::transport::native::accept::{Acceptor, Checked, Offer};
use crate::websocket::handshake::OnConnect;
use crate::websocket::{Grant, Mount, Mounted, ServeStream};

/// WAMP connections that come through an HTTP server.
struct Mounting<S: Serve> {
    acceptor: Acceptor,
    room: Arc<Semaphore>,
    connections: Arc<Connections<S>>,
}

/// Mounts what `connections` serve.
pub(super) fn mount<S: Serve>(
    offer: Offer,
    options: ServerOptions,
    defaults: &Defaults,
    on_connect: Option<OnConnect>,
    connections: Arc<Connections<S>>,
) -> Result<Mount, ConfigError> {
    options.check_mounted()?;
    let options = options.or(&defaults.options);
    let room = Arc::new(room_for(options.connections()));
    let acceptor = Acceptor::mounted(offer.or(&defaults.offer)).options(options).asking(on_connect);
    Ok(Mount::new(Mounting { acceptor, room, connections }))
}

impl<S: Serve> Mounting<S> {
    /// Checks everything that needs no decision of the application, and reserves room.
    fn check(&self, request: &Request<()>) -> Result<(Checked, OwnedSemaphorePermit), Refusal> {
        let down = pin!(self.connections.wait_shutdown());
        let is_down = down.poll(&mut Context::from_waker(Waker::noop())).is_ready();
        if is_down || self.connections.is_closed() {
            return Err(Refusal::down());
        }
        let checked = self.acceptor.check_request(request)?;
        let room = Arc::clone(&self.room).try_acquire_owned().map_err(|_| Refusal::no_room())?;
        Ok((checked, room))
    }
}

impl<S: Serve> Mounted for Mounting<S> {
    fn asking(&self, on_connect: OnConnect) -> Arc<dyn Mounted> {
        Arc::new(Mounting {
            acceptor: self.acceptor.clone().asking(Some(on_connect)),
            room: Arc::clone(&self.room),
            connections: Arc::clone(&self.connections),
        })
    }

    fn grant(self: Arc<Self>, request: Request<()>) -> BoxFuture<'static, Result<Grant, Refusal>> {
        let checked = self.check(&request);
        Box::pin(async move {
            let (checked, room) = checked?;
            let agreed = self.acceptor.ask(checked).await?;
            let expected = self.connections.expect().ok_or_else(Refusal::down)?;
            let response = agreed.response().clone();
            let serve: ServeStream = Box::new(move |stream, peer, secure| {
                let transport = self.acceptor.open(stream, peer, secure, &agreed);
                self.connections.take(transport, Some(room));
                drop(expected);
            });
            Ok((response, serve))
        })
    }

    fn refusal(&self, refusal: &Refusal) -> Response<String> {
        self.acceptor.refusal(refusal)
    }

    fn shut_down(&self) -> BoxFuture<'_, ()> {
        self.connections.dismiss();
        Box::pin(self.connections.wait_empty())
    }
}
