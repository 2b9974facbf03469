//! The transports on which a router of ours meets Autobahn's clients.

use wampwerk::transport::TlsConfig;

use super::place::{Place, over_websocket};
use crate::common::authority::Authority;
use crate::common::autobahn::Implementation;

/// A transport of the router.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    WebSocket,
    WebSocketOverTls,
}

impl Place {
    /// A router of its own that listens in this way only, and clients that come in it.
    pub(crate) async fn over(way: Way, who: Implementation) -> Option<Place> {
        if !who.is_there() {
            return None;
        }
        let router = Place::router().build().unwrap();
        let authority = Authority::named("interop");
        let (listener, tls) = match way {
            Way::WebSocket => {
                (router.listen("ws://127.0.0.1:0/ws").await.unwrap(), TlsConfig::new())
            }
            Way::WebSocketOverTls => {
                let tls = authority.server("localhost");
                let listener = router.listen("wss://localhost:0/ws").tls(tls).await.unwrap();
                (listener, authority.trusted())
            }
        };
        let url = listener.url().to_owned();
        let ours = over_websocket(url.clone(), tls);
        let router = Some((router, listener));
        Some(Place::of(url, router, ours, who, Some(authority.pem())))
    }
}
