//! `WampWebSocketServerFactory` and `WampRawSocketServerFactory`: servers with custom handlers.
//!
//! Both are thin layers over the same target and the same connections.

use std::fmt;
use std::sync::{Arc, OnceLock};

use tokio::io::{AsyncRead, AsyncWrite};

use crate::codec;
use crate::error::{AcceptError, Cause, ConfigError, ListenError, UrlError};
use crate::message::Serializer;
use crate::server::accepting::open;
use crate::server::connections::Connections;
use crate::server::handlers::Handlers;
use crate::server::mounting::mount;
use crate::server::target::{Defaults, Target, Url};
use crate::server::{Listener, TransportHandler};
use crate::transport::TlsServer;
use crate::transport::native::accept::{Acceptor, Offer};
use crate::transport::{ServerOptions, Transport};
use crate::websocket::handshake::OnConnect;
use crate::websocket::{ConnectionAccept, ConnectionDeny, ConnectionRequest, Mount};

/// Common part of both factories.
#[derive(Clone)]
struct Factory {
    handlers: Handlers,
    /// Connections that came without a listener.
    connections: Arc<Connections<Handlers>>,
    target: Target,
    /// Made of the target for the first stream that is given to `accept`. An attempt that fails, as with a
    /// certificate that is not there yet, is made again for the next stream.
    acceptor: Arc<OnceLock<Acceptor>>,
}

macro_rules! factory {
    ($(#[$doc:meta])* $name:ident, $kind:pat, $wrong:literal, $schemes:literal) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name(Factory);

        impl $name {
            /// Creates a server at `url`. `make_handler` creates a handler for each connection.
            /// Clients may use one of the `serializers`.
            #[doc = concat!("The URL is one of ", $schemes, ".")]
            /// With port 0 the system chooses a free one.
            ///
            /// # Errors
            /// [`ListenError::InvalidUrl`] if the URL is none of these,
            /// [`ListenError::InvalidConfig`] if there is no serializer, or one is not compiled in.
            pub fn new<F, H>(
                make_handler: F,
                url: &str,
                serializers: &[Serializer],
            ) -> Result<Self, ListenError>
            where
                F: Fn() -> H + Send + Sync + 'static,
                H: TransportHandler,
            {
                let factory = Factory::new(Handlers::new(make_handler), url.to_owned(), serializers)?;
                match factory.target.read_url()? {
                    $kind => Ok($name(factory)),
                    url => {
                        Err(UrlError::new(url.shown().0, $wrong).into())
                    }
                }
            }

            /// Sets the options for clients. Default: [`ServerOptions::new`].
            #[must_use]
            pub fn options(mut self, options: ServerOptions) -> Self {
                self.0.change().options = options;
                self
            }

            /// Sets the certificate; required if the URL means TLS. Default: none.
            #[must_use]
            pub fn tls(mut self, tls: impl Into<Option<TlsServer>>) -> Self {
                self.0.change().tls = tls.into();
                self
            }

            /// Listens. A factory can listen several times.
            ///
            /// # Errors
            /// [`ListenError::InvalidConfig`] with the name of an invalid option,
            /// [`ListenError::InvalidUrl`] if TLS does not fit the URL, [`ListenError::Io`] if the
            /// address is not available, [`ListenError::Closed`] after [`shutdown`](Self::shutdown).
            #[doc(alias = "listenWS")]
            pub async fn listen(&self) -> Result<Listener, ListenError> {
                self.0.listen().await
            }

            /// Waits for the opening handshake on a connected stream, and serves the client. The caller limits
            /// the number of such streams.
            ///
            /// `peer` is the client's address, as
            /// [`TransportInfo::peer`](crate::transport::TransportInfo::peer) shows it. For TCP set
            /// `TCP_NODELAY` before.
            ///
            /// # Errors
            /// See [`AcceptError`].
            pub async fn accept<S>(
                &self,
                stream: S,
                peer: impl fmt::Display,
            ) -> Result<(), AcceptError>
            where
                S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
            {
                self.0.accept(stream, peer).await
            }

            /// Serves a client over an open transport.
            ///
            /// # Panics
            /// Outside a tokio runtime.
            pub fn serve(&self, transport: Box<dyn Transport>) {
                self.0.connections.take(transport, None);
            }

            /// Shuts the server down: closes its listeners and ends all of its connections. These are the
            /// connections of [`accept`](Self::accept), of [`serve`](Self::serve), of its mounts and of its
            /// listeners, even of listeners that were closed or dropped before. Their handlers get
            /// [`on_shutdown`](TransportHandler::on_shutdown), and so do those of connections that still come.
            /// Returns when all connections are gone, after at most 15 s; a long
            /// [`close_timeout`](ServerOptions::close_timeout) makes the time of `on_shutdown` longer.
            ///
            /// Clones of a factory are one server. Dropping all of them ends nothing, but then the
            /// connections of a dropped listener can no longer be ended.
            pub async fn shutdown(&self) {
                self.0.handlers.shut_down().await;
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut debug = f.debug_struct(stringify!($name));
                debug.field("target", &self.0.target).finish_non_exhaustive()
            }
        }
    };
}

factory! {
    /// A custom WAMP server over WebSocket: a [`TransportHandler`] handles each connection. Autobahn's `WampWebSocketServerFactory`.
    ///
    /// ```
    /// use wampwerk::{Serializer, Uri};
    /// use wampwerk::message::{Goodbye, ClosingDetails, Message};
    /// use wampwerk::server::{HandlerError, TransportHandler};
    /// use wampwerk::server::{WampTransport, WampWebSocketServerFactory};
    ///
    /// /// Says goodbye to every client.
    /// struct Farewell;
    ///
    /// impl TransportHandler for Farewell {
    ///     async fn on_open(&mut self, transport: WampTransport) -> Result<(), HandlerError> {
    ///         let reason = Uri::SYSTEM_SHUTDOWN.into();
    ///         transport.send(Goodbye { details: ClosingDetails::default(), reason }).await?;
    ///         transport.close();
    ///         Ok(())
    ///     }
    ///
    ///     async fn on_message(&mut self, _: Message) -> Result<(), HandlerError> {
    ///         Ok(())
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let url = "ws://127.0.0.1:0/ws";
    /// let server = WampWebSocketServerFactory::new(|| Farewell, url, &[Serializer::Json])?;
    /// let listener = server.listen().await?;
    /// # {
    /// assert!(wampwerk::connect(listener.url(), "realm1").await.is_err());
    /// # }
    /// listener.shutdown().await;
    /// # Ok(()) }
    /// ```
    WampWebSocketServerFactory,
    Url::WebSocket(_),
    "RawSocket has WampRawSocketServerFactory",
    "`ws://host:port/path`, `wss://host:port/path` and `ws://unix:/file:/path`"
}

factory! {
    /// A custom WAMP server over RawSocket: a [`TransportHandler`] handles each connection. Autobahn's `WampRawSocketServerFactory`.
    ///
    /// It is used like [`WampWebSocketServerFactory`].
    WampRawSocketServerFactory,
    Url::RawSocket(_),
    "WebSocket has WampWebSocketServerFactory",
    "`rs://host:port`, `rss://host:port` and `rs://unix:/file`"
}

impl WampWebSocketServerFactory {
    /// Accepts RawSocket at the same address as WebSocket; the first octet that a client sends tells
    /// which it is. [`Listener::raw_socket_url`] returns the URL for RawSocket. Applies to
    /// [`listen`](Self::listen) and [`accept`](Self::accept). Default: false.
    #[must_use]
    pub fn universal(mut self, universal: bool) -> Self {
        self.0.change().universal = universal;
        self
    }

    /// Also accepts the subprotocols `wamp.2.<serializer>.batched`. Default: false.
    ///
    /// In batched JSON both separators are read, the specification's 0x1e and Autobahn's 0x18; answers use
    /// the one of the client.
    #[must_use]
    pub fn batched(mut self, batched: bool) -> Self {
        self.0.change().offer.batched = Some(batched);
        self
    }

    /// Requires that a client names a subprotocol of this server. Default: true. If false, a client
    /// that names none, or only others, counts as one with `wamp.2.json` if this server has that, and none is
    /// announced to it. Autobahn's `STRICT_PROTOCOL_NEGOTIATION`.
    #[doc(alias = "STRICT_PROTOCOL_NEGOTIATION")]
    #[must_use]
    pub fn strict_negotiation(mut self, strict: bool) -> Self {
        self.0.change().offer.strict = Some(strict);
        self
    }

    /// Calls `ask` for every request that would be accepted otherwise; see
    /// [`ConnectionRequest`]. Default: all are accepted.
    #[doc(alias = "onConnect")]
    #[must_use]
    pub fn on_connect<F, Fut>(mut self, ask: F) -> Self
    where
        F: Fn(ConnectionRequest) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<ConnectionAccept, ConnectionDeny>> + Send + 'static,
    {
        self.0.change().on_connect = Some(OnConnect::new(ask));
        self
    }

    /// Makes this server a part of an HTTP server, which chooses the path: see [`Mount`]. The URL and the
    /// certificate are not used.
    ///
    /// # Errors
    /// The first option that is not valid.
    pub fn mount(&self) -> Result<Mount, ConfigError> {
        let Target { offer, options, on_connect, .. } = &self.0.target;
        let connections = Connections::new(self.0.handlers.clone());
        let (options, on_connect) = (options.clone(), on_connect.clone());
        mount(offer.clone(), options, &Defaults::default(), on_connect, connections)
    }
}

impl Factory {
    fn new(
        handlers: Handlers,
        url: String,
        serializers: &[Serializer],
    ) -> Result<Self, ConfigError> {
        if serializers.is_empty() {
            return Err(ConfigError::new("serializers", "at least one is needed"));
        }
        for serializer in serializers {
            if !codec::is_available(*serializer) {
                let text = format!("{} is not compiled in", serializer.as_str());
                return Err(ConfigError::new("serializers", text));
            }
        }
        let target = Target {
            url,
            universal: false,
            offer: Offer::new(serializers),
            options: ServerOptions::new(),
            on_connect: None,
            defaults: Defaults::default(),
            tls: None,
        };
        let connections = Connections::new(handlers.clone());
        Ok(Factory { connections, handlers, target, acceptor: Arc::default() })
    }

    /// The target, to be changed.
    fn change(&mut self) -> &mut Target {
        self.acceptor = Arc::default();
        &mut self.target
    }

    async fn listen(&self) -> Result<Listener, ListenError> {
        if self.handlers.is_down() {
            return Err(ListenError::Closed);
        }
        let listener = open(self.target.clone(), self.handlers.clone()).await?;
        self.handlers.add_listener(listener.control.stopped.clone());
        Ok(listener)
    }

    async fn accept<S>(&self, stream: S, peer: impl fmt::Display) -> Result<(), AcceptError>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let acceptor = self.acceptor().map_err(AcceptError::Settings)?;
        self.connections.take(acceptor.accept(stream, peer).await?, None);
        Ok(())
    }

    fn acceptor(&self) -> Result<&Acceptor, Cause> {
        if let Some(acceptor) = self.acceptor.get() {
            return Ok(acceptor);
        }
        let (_, acceptor) = self.target.clone().check().map_err(|error| match error {
            ListenError::InvalidUrl(error) => Cause::new(error),
            ListenError::InvalidConfig(error) => Cause::new(error),
            error => Cause::new(error),
        })?;
        Ok(self.acceptor.get_or_init(|| acceptor))
    }
}
