//! The transports on which a router of ours meets Autobahn's clients.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use wampwerk::transport::{Tls, WampRawSocketClientFactory};

use super::place::{Ours, Place, over_websocket};
use crate::common::authority::Authority;
use crate::peer::Implementation;

/// What is below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Below {
    Tcp,
    Tls,
    Unix,
}

/// What is spoken there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Ws,
    Rs,
    /// WebSocket, where the router takes both.
    UniversalWs,
    /// RawSocket, where the router takes both.
    UniversalRs,
}

impl Kind {
    pub(crate) fn is_raw(self) -> bool {
        matches!(self, Kind::Rs | Kind::UniversalRs)
    }

    pub(crate) fn is_universal(self) -> bool {
        matches!(self, Kind::UniversalWs | Kind::UniversalRs)
    }
}

impl Place {
    /// A router of its own that listens in this way only, and clients that come in it.
    pub(crate) async fn over(kind: Kind, below: Below, who: Implementation) -> Place {
        let scheme = if kind == Kind::Rs { "rs" } else { "ws" };
        let url = match below {
            Below::Tcp => format!("{scheme}://127.0.0.1:0"),
            Below::Tls => format!("{scheme}s://127.0.0.1:0"),
            Below::Unix => format!("{scheme}://unix:{}", socket().display()),
        };
        let path = match (kind, below) {
            (Kind::Rs, _) => "",
            (_, Below::Unix) => ":/ws",
            _ => "/ws",
        };
        let router = Place::router().build().unwrap();
        let authority = Authority::named("interop");
        let tls = (below == Below::Tls).then(|| authority.server("127.0.0.1"));
        let listen = router.listen(url + path).tls(tls).universal(kind.is_universal());
        let listener = listen.await.unwrap();
        let (url, ours) = if kind.is_raw() {
            let url = listener.raw_socket_url().unwrap().to_owned();
            (url.clone(), over_raw_socket(url, authority.trusted()))
        } else {
            let url = listener.url().to_owned();
            (url.clone(), over_websocket(url, authority.trusted()))
        };
        Place::of(url, Some((router, listener)), ours, who, Some(authority.pem()))
    }
}

/// Sessions of ours over RawSocket.
fn over_raw_socket(url: String, tls: Tls) -> Ours {
    Box::new(move |serializer| {
        let factory = WampRawSocketClientFactory::new(&url, serializer).unwrap();
        Box::new(if url.starts_with("rss") { factory.tls(tls.clone()) } else { factory })
    })
}

/// The router takes the file away with itself.
fn socket() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    std::env::temp_dir().join(format!("wampwerk-interop-{}-{count}.sock", std::process::id()))
}
