//! Listening: from a socket to the router. Native only.
//!
//! Owns the accept loop. The opening handshake is the transport's, and what follows the router's.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};

use crate::error::ConnectError;
use crate::router::{Connections, Router};
use crate::rt;
use crate::transport::url::WebSocketUrl;
use crate::transport::{AcceptConfig, accept};

/// After the system could give us no connection (too many open files, say), until the next try.
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(50);

/// A place where a router takes connections. Dropping it changes nothing: the router goes on
/// listening there until [`close`](Listener::close) or its own end.
#[derive(Debug)]
pub struct Listener {
    url: String,
    local_addr: SocketAddr,
    stop: oneshot::Sender<()>,
    stopped: watch::Receiver<()>,
}

impl Router {
    /// Takes WebSocket connections on `url`, as in `ws://127.0.0.1:8080/ws`. With port 0 the system
    /// chooses a free one; [`Listener::url`] has it. Clients that ask for another path get HTTP
    /// status 404.
    ///
    /// # Errors
    /// [`ConnectError::InvalidUrl`] if the URL is none, [`ConnectError::Listen`] if the address cannot
    /// be had.
    pub async fn listen(&self, url: &str) -> Result<Listener, ConnectError> {
        let url = parse(url)?;
        if url.secure {
            return Err(invalid(&url, "wss:// needs a certificate: see `listen_tls`"));
        }
        self.listen_on(url, |config| config).await
    }

    /// As [`listen`](Router::listen), with TLS, on a URL as in `wss://127.0.0.1:8443/ws`.
    ///
    /// # Errors
    /// As [`listen`](Router::listen).
    #[cfg(feature = "tls")]
    pub async fn listen_tls(
        &self,
        url: &str,
        tls: crate::transport::TlsServerConfig,
    ) -> Result<Listener, ConnectError> {
        let url = parse(url)?;
        if !url.secure {
            return Err(invalid(&url, "TLS is for wss://"));
        }
        self.listen_on(url, |config| config.tls(tls)).await
    }

    async fn listen_on(
        &self,
        mut url: WebSocketUrl,
        with: impl FnOnce(AcceptConfig) -> AcceptConfig,
    ) -> Result<Listener, ConnectError> {
        let io = |error: std::io::Error| ConnectError::Listen {
            address: url.authority(),
            message: error.to_string(),
        };
        let socket = TcpListener::bind((url.host.as_str(), url.port)).await.map_err(io)?;
        let local_addr = socket.local_addr().map_err(io)?;
        url.port = local_addr.port();

        let settings = self.settings();
        let config = AcceptConfig::new(url.path.clone(), &settings.serializers)
            .batched(settings.batched)
            .max_message_size(settings.max_message_size)
            .handshake_timeout(settings.handshake_timeout);
        let config = with(config);
        let (stop, on_stop) = oneshot::channel();
        let (alive, stopped) = watch::channel(());
        let connections = self.connections();
        tracing::info!(%url, "listening");
        rt::spawn(async move {
            run(&socket, &config, &connections, on_stop).await;
            // The port is free before anybody is told so.
            drop(socket);
            drop(alive);
        });
        Ok(Listener { url: url.to_string(), local_addr, stop, stopped })
    }
}

impl Listener {
    /// The URL to connect to, with the real port.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The address of the socket.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Takes no more connections, and returns when the port is free. Those that there are go on.
    pub async fn close(mut self) {
        // Both fail only if it is closed already.
        let _ = self.stop.send(());
        let _ = self.stopped.changed().await;
    }
}

fn parse(url: &str) -> Result<WebSocketUrl, ConnectError> {
    let url = WebSocketUrl::parse_listen(url)?;
    if url.unix.is_some() {
        return Err(invalid(&url, "a unix socket is nothing that can be listened on here"));
    }
    Ok(url)
}

fn invalid(url: &WebSocketUrl, message: &str) -> ConnectError {
    ConnectError::InvalidUrl { url: url.to_string(), message: message.to_owned() }
}

/// Accepts until the listener is closed or the router goes down.
async fn run(
    socket: &TcpListener,
    config: &AcceptConfig,
    connections: &Connections,
    mut on_stop: oneshot::Receiver<()>,
) {
    let mut down = pin!(connections.wait_down());
    let mut dropped = false;
    loop {
        let accepted = poll_fn(|cx| {
            if down.as_mut().poll(cx).is_ready() {
                return Poll::Ready(None);
            }
            if !dropped && let Poll::Ready(stop) = Pin::new(&mut on_stop).poll(cx) {
                if stop.is_ok() {
                    return Poll::Ready(None);
                }
                // Nobody can close it any more but the router.
                dropped = true;
            }
            socket.poll_accept(cx).map(Some)
        });
        match accepted.await {
            None => return,
            Some(Ok((stream, peer))) => {
                rt::spawn(welcome(stream, peer, config.clone(), connections.clone()));
            }
            Some(Err(error)) => {
                tracing::warn!(%error, "cannot accept a connection");
                rt::Sleep::new(PAUSE_AFTER_ERROR).await;
            }
        }
    }
}

/// One connection up to the router. The handshake has its own limit of time.
async fn welcome(
    stream: TcpStream,
    peer: SocketAddr,
    config: AcceptConfig,
    connections: Connections,
) {
    // Answers are small and must not wait for an acknowledgement.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%peer, %error, "connection lost");
        return;
    }
    match accept(stream, peer, &config).await {
        Ok(transport) => connections.serve(transport),
        Err(error) => tracing::debug!(%peer, %error, "connection refused"),
    }
}
