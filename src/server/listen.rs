//! `Listen`: the builder of a router's listener. The router's part of this room.

use std::fmt;
use std::future::IntoFuture;

use crate::core::router::ConnectionId;
use crate::error::{ConfigError, ListenError};
use crate::net::listen::listener::Listener;
use crate::router::{self, Connection, ListenGuard, Router};
use crate::rt::BoxFuture;
use crate::server::accepting::open;
use crate::server::connections::Connections;
use crate::server::mounting::mount;
use crate::server::serve::Serve;
use crate::server::target::{Defaults, Target};
use crate::transport::native::accept::Offer;
use crate::transport::{ServerOptions, TlsServer, Transport};
use crate::websocket::handshake::OnConnect;
use crate::websocket::{ConnectionAccept, ConnectionDeny, ConnectionRequest, Mount};

/// Builder of a listener: made by [`Router::listen`], started by `.await`.
#[doc(alias = "listenWS")]
#[must_use = "nothing is listened on until this is awaited"]
pub struct Listen {
    target: Target,
    connections: router::Connections,
}

impl Router {
    /// Listens at a URL. With port 0 the system chooses a free one; see [`Listener::url`].
    ///
    /// | URL | listens for |
    /// | --- | --- |
    /// | `ws://host[:port][/path]` | WebSocket; clients that ask for another path get HTTP status 404 |
    /// | `wss://host[:port][/path]` | WebSocket with [TLS](Listen::tls) |
    /// | `ws://unix:/run/router.sock`, `ws://unix:/run/router.sock:/path` | WebSocket on a unix socket |
    /// | `rs://host[:port]` | RawSocket |
    /// | `rss://host[:port]` | RawSocket with TLS |
    /// | `rs://unix:/run/router.sock` | RawSocket on a unix socket |
    ///
    /// Default port: 80, with TLS 443, also for RawSocket.
    ///
    /// With [`universal`](Listen::universal), a WebSocket listener accepts RawSocket at the same address.
    ///
    /// For a host with several addresses, the listener uses all of them that belong to this machine, at
    /// the same port; [`Listener::local_addr`] is the first.
    ///
    /// A stale unix socket, at which no program listens, is replaced. The file is removed when listening
    /// ends.
    ///
    /// **A listener does not keep its router alive.** When the last handle of the router is dropped, the
    /// listener stops and its sessions get GOODBYE. `builder.build()?.listen(url).await?` on a temporary
    /// therefore stops listening at the end of that statement. Keep the router as long as it must serve:
    ///
    /// ```
    /// use wampwerk::Router;
    /// use wampwerk::server::Listener;
    ///
    /// async fn start() -> Result<(Router, Listener), Box<dyn std::error::Error>> {
    ///     let router = Router::builder().realm("realm1").build()?;
    ///     let listener = router.listen("ws://127.0.0.1:0/ws").await?;
    ///     Ok((router, listener))
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (router, listener) = start().await?;
    /// let session = wampwerk::connect(listener.url(), "realm1").await?;
    ///
    /// drop(router);
    /// assert_eq!(session.closed().await.reason, "wamp.close.system_shutdown");
    /// # Ok(()) }
    /// ```
    ///
    /// With options, and a second listener:
    ///
    /// ```
    /// use std::time::Duration;
    /// use wampwerk::Router;
    /// use wampwerk::transport::ServerOptions;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let router = Router::builder().realm("realm1").build()?;
    /// let listener = router.listen("ws://127.0.0.1:0/ws").await?;
    /// println!("connect to {}", listener.url());
    ///
    /// let options = ServerOptions::new().max_connections(100).open_handshake_timeout(Duration::from_secs(3));
    /// let second = router.listen("ws://127.0.0.1:0/ws").options(options).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Of the await: [`ListenError::InvalidUrl`] if the URL cannot be listened on with these settings,
    /// [`ListenError::InvalidConfig`] with the name of an invalid option, [`ListenError::Io`] if the
    /// address is not available.
    pub fn listen(&self, url: impl Into<String>) -> Listen {
        let settings = self.settings();
        Listen {
            target: Target {
                url: url.into(),
                universal: false,
                offer: Offer::new(&settings.serializers),
                options: ServerOptions::new(),
                on_connect: None,
                defaults: self.server_defaults(),
                tls: None,
            },
            connections: self.connections(),
        }
    }

    /// Makes this router a part of an HTTP server; see [`Mount`]. Unset `options` take the router's
    /// values. The sessions end with the router; the mount does not keep the router running.
    ///
    /// The HTTP server reads the request, and limits the time for it.
    ///
    /// ```
    /// use wampwerk::Router;
    /// use wampwerk::transport::ServerOptions;
    ///
    /// let router = Router::builder().realm("realm1").build()?;
    /// // Give it to the HTTP server's handler of `/ws`, as in the example of `Mount`.
    /// let mount = router.mount(ServerOptions::new().max_connections(500))?;
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The first option that is not valid, or has no effect on a mounted server:
    /// `open_handshake_timeout` and `unix_mode`.
    pub fn mount(&self, options: ServerOptions) -> Result<Mount, ConfigError> {
        let offer = Offer::new(&self.settings().serializers);
        let connections = Connections::new(self.connections());
        mount(offer, options, &self.server_defaults(), None, connections)
    }

    /// The defaults of the router's listeners.
    fn server_defaults(&self) -> Defaults {
        let settings = self.settings();
        let options = ServerOptions::new()
            .open_handshake_timeout(settings.open_handshake_timeout)
            .max_message_payload_size(settings.max_message_payload_size);
        let offer = Offer {
            batched: Some(settings.batched),
            strict: Some(settings.strict_negotiation),
            ..Offer::default()
        };
        Defaults { options, offer }
    }
}

impl Listen {
    /// Sets the certificate: for `wss://` and `rss://`, and required there.
    ///
    /// ```no_run
    /// # async fn listen(router: wampwerk::Router) -> Result<(), Box<dyn std::error::Error>> {
    /// use wampwerk::transport::TlsServer;
    ///
    /// let tls = TlsServer::new("fullchain.pem", "privkey.pem");
    /// router.listen("wss://0.0.0.0:443/ws").tls(tls).await?;
    /// # Ok(()) }
    /// ```
    pub fn tls(mut self, tls: impl Into<Option<TlsServer>>) -> Self {
        self.target.tls = tls.into();
        self
    }

    /// Accepts RawSocket at the same address as WebSocket; the first octet that a client sends tells
    /// which it is. The URL is that of the WebSocket; [`Listener::raw_socket_url`] returns the other.
    /// Default: false.
    pub fn universal(mut self, universal: bool) -> Self {
        self.target.universal = universal;
        self
    }

    /// Sets the options for clients. Unset options take the router's values, then the defaults of
    /// [`ServerOptions`].
    pub fn options(mut self, options: ServerOptions) -> Self {
        self.target.options = options;
        self
    }

    /// WebSocket: also accepts the subprotocols `wamp.2.<serializer>.batched`. Default:
    /// [the router's](crate::router::RouterBuilder::batched).
    ///
    /// In batched JSON both separators are read, the specification's 0x1e and Autobahn's 0x18; answers use
    /// the one of the client.
    pub fn batched(mut self, batched: bool) -> Self {
        self.target.offer.batched = Some(batched);
        self
    }

    /// WebSocket: requires that a client names a subprotocol of this server. Default:
    /// [the router's](crate::router::RouterBuilder::strict_negotiation), where it is explained.
    /// Autobahn's `STRICT_PROTOCOL_NEGOTIATION`.
    #[doc(alias = "STRICT_PROTOCOL_NEGOTIATION")]
    pub fn strict_negotiation(mut self, strict: bool) -> Self {
        self.target.offer.strict = Some(strict);
        self
    }

    /// Sets whether clients of this listener may join for others without a proof, by `anonymous-proxy` as in Crossbar: a
    /// proxy that has authenticated its clients says in HELLO.Details.authextra who they are, by `proxy_realm`,
    /// `proxy_authid`, `proxy_authrole` and, if wanted, `proxy_authextra`. Default: false.
    ///
    /// **Whoever reaches the listener may then be anybody.** Only the proxy may reach it: listen on a unix socket, or
    /// on the loopback interface of a machine without other users.
    ///
    /// ```no_run
    /// # async fn listen(router: wampwerk::Router) -> Result<(), Box<dyn std::error::Error>> {
    /// router.listen("rs://unix:/run/proxy/router.sock").anonymous_proxy(true).await?;
    /// # Ok(()) }
    /// ```
    pub fn anonymous_proxy(mut self, allowed: bool) -> Self {
        self.connections.proxies.anonymous = allowed;
        self
    }

    /// Sets whether users that are a [`proxy`](crate::router::User::proxy) may join for others at this listener, by
    /// `cryptosign-proxy` as in Crossbar: as with [`anonymous_proxy`](Self::anonymous_proxy), but the proxy must prove its
    /// key. Default: false.
    pub fn cryptosign_proxy(mut self, allowed: bool) -> Self {
        self.connections.proxies.cryptosign = allowed;
        self
    }

    /// Calls `ask` for every WebSocket request that would be accepted otherwise; see
    /// [`ConnectionRequest`]. Default: all are accepted.
    #[doc(alias = "onConnect")]
    pub fn on_connect<F, Fut>(mut self, ask: F) -> Self
    where
        F: Fn(ConnectionRequest) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<ConnectionAccept, ConnectionDeny>> + Send + 'static,
    {
        self.target.on_connect = Some(OnConnect::new(ask));
        self
    }
}

impl IntoFuture for Listen {
    type Output = Result<Listener, ListenError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(open(self.target, self.connections))
    }
}

impl fmt::Debug for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listen").field("target", &self.target).finish_non_exhaustive()
    }
}

impl Serve for router::Connections {
    type Run = Connection;
    type Handle = ConnectionId;
    type Guard = ListenGuard;

    fn serve(&self, transport: Box<dyn Transport>) -> (Connection, ConnectionId) {
        self.take(transport)
    }

    fn end(&self, connections: Vec<ConnectionId>) {
        self.dismiss(&connections);
    }

    async fn wait_shutdown(&self) {
        router::Connections::wait_shutdown(self).await;
    }

    fn guard(&self) -> ListenGuard {
        router::Connections::guard(self)
    }
}
