//! The columns: libraries behind one face.

pub(crate) mod by_hand;
mod fastwebsockets;
mod ours;
mod tokio_websockets;
mod tungstenite;
mod yawc;

use std::time::Duration;

use bytes::Bytes;
use tokio::net::{TcpListener, TcpStream};

use crate::engine::Engine;
use crate::measure::{Error, Sample};
use crate::server::Server;
use crate::work::{self, Work};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Contender {
    Ours,
    /// The pure reader and writer of ours, over a socket without anything between.
    Engine,
    Tungstenite,
    TokioWebsockets,
    FastWebsockets,
    Yawc,
}

impl Contender {
    /// The one that the others are compared with.
    pub(crate) const OURS: Contender = Contender::Ours;

    pub(crate) const ALL: [Contender; 6] = [
        Contender::Ours,
        Contender::Engine,
        Contender::Tungstenite,
        Contender::TokioWebsockets,
        Contender::FastWebsockets,
        Contender::Yawc,
    ];

    pub(crate) fn key(self) -> &'static str {
        match self {
            Contender::Ours => "ours",
            Contender::Engine => "engine",
            Contender::Tungstenite => "tungstenite",
            Contender::TokioWebsockets => "tokio_websockets",
            Contender::FastWebsockets => "fastwebsockets",
            Contender::Yawc => "yawc",
        }
    }

    pub(crate) fn title(self) -> &'static str {
        match self {
            Contender::Ours => "ours",
            Contender::Engine => "our engine",
            Contender::Tungstenite => "tokio-tungstenite",
            Contender::TokioWebsockets => "tokio-websockets",
            Contender::FastWebsockets => "fastwebsockets",
            Contender::Yawc => "yawc",
        }
    }

    /// Returns whether it can do this. Where the handshake is ours, it is not measured.
    pub(crate) fn does(self, work: Work) -> bool {
        match work {
            Work::Json { .. } => {
                matches!(self, Contender::Ours | Contender::Engine | Contender::Yawc)
            }
            Work::Connect => {
                let own = [Contender::Ours, Contender::Tungstenite, Contender::TokioWebsockets];
                own.contains(&self)
            }
            _ => true,
        }
    }

    pub(crate) async fn measure(
        self,
        work: Work,
        time: Duration,
        server: &Server,
    ) -> Result<Sample, Error> {
        match self {
            Contender::Ours => work::measure::<ours::Ours>(work, time, server).await,
            Contender::Engine => work::measure::<Engine>(work, time, server).await,
            Contender::Tungstenite => {
                work::measure::<tungstenite::Tungstenite>(work, time, server).await
            }
            Contender::TokioWebsockets => {
                work::measure::<tokio_websockets::TokioWebsockets>(work, time, server).await
            }
            Contender::FastWebsockets => {
                work::measure::<fastwebsockets::FastWebsockets>(work, time, server).await
            }
            Contender::Yawc => work::measure::<yawc::Yawc>(work, time, server).await,
        }
    }
}

/// A library with clients and servers.
pub(crate) trait Library: 'static {
    type Listener: Send + 'static;
    type Incoming: 'static;
    type Socket: Socket;

    /// Listens on the thread of the servers. Returns the address, too.
    async fn listen(server: &Server, work: Work) -> Result<(Self::Listener, String), Error>;

    async fn accept(listener: &mut Self::Listener) -> Result<Self::Incoming, Error>;

    /// Completes the handshake of a server.
    async fn open(incoming: Self::Incoming, deflate: bool) -> Result<Self::Socket, Error>;

    async fn connect(address: &str, deflate: bool) -> Result<Self::Socket, Error>;
}

/// A connection of binary messages.
pub(crate) trait Socket: 'static {
    /// Sends a message, as a program does that has no more to send now.
    async fn send(&mut self, message: Bytes) -> Result<(), Error>;

    /// Receives the next message. `None` at the end.
    async fn receive(&mut self) -> Result<Option<Bytes>, Error>;

    /// Closes and waits for the end.
    async fn close(self) -> Result<(), Error>;
}

/// Listens on TCP, for libraries that take a stream.
pub(crate) async fn listen(server: &Server) -> Result<(TcpListener, String), Error> {
    let listening = server.run(|| async { TcpListener::bind("127.0.0.1:0").await }).await?;
    let listener = listening?;
    let address = listener.local_addr()?.to_string();
    Ok((listener, address))
}

pub(crate) async fn accept(listener: &mut TcpListener) -> Result<TcpStream, Error> {
    let (stream, _) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

pub(crate) async fn connect(address: &str) -> Result<TcpStream, Error> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
