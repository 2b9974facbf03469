//! Sessions over RawSocket, over unix sockets, and where both kinds are at one place: the whole
//! behaviour with each serializer.

use wampwerk::session::connect_with;
use wampwerk::transport::{Connector, WampRawSocketClientFactory};
use wampwerk::{Serializer, Session, connect};

use crate::common::authority::Authority;
use crate::common::behaviour::{self, Place};
use crate::common::router;
use crate::common::wire;

/// What a session's transport has to be.
struct Expected {
    kind: &'static str,
    secure: bool,
    serializer: Serializer,
}

impl Expected {
    fn check(&self, session: Session) -> Session {
        let info = session.transport();
        assert_eq!((info.kind, info.secure), (self.kind, self.secure));
        assert_eq!(session.serializer(), self.serializer);
        session
    }
}

struct At {
    url: String,
    expected: Expected,
}

impl Place for At {
    async fn session(&self) -> Session {
        let connect = connect(&self.url, "realm1").serializers(&[self.expected.serializer]);
        self.expected.check(connect.await.unwrap())
    }
}

struct By<C> {
    factory: C,
    expected: Expected,
}

impl<C: Connector> Place for By<C> {
    async fn session(&self) -> Session {
        self.expected.check(connect_with(&self.factory, "realm1").await.unwrap())
    }
}

async fn with_each_serializer(url: &str, kind: &'static str) {
    for serializer in Serializer::ALL {
        let expected = Expected { kind, secure: false, serializer };
        behaviour::all(&At { url: url.to_owned(), expected }).await;
    }
}

#[tokio::test]
async fn the_whole_behaviour_over_tcp() {
    let router = router();
    let listener = router.listen("rs://127.0.0.1:0").await.unwrap();
    with_each_serializer(listener.url(), "rawsocket").await;
}

#[tokio::test]
async fn the_whole_behaviour_over_tls() {
    let router = router();
    let authority = Authority::named("ours");
    let listen = router.listen("rss://localhost:0").tls(authority.server("localhost"));
    let listener = listen.await.unwrap();
    for serializer in Serializer::ALL {
        let factory = WampRawSocketClientFactory::new(listener.url(), serializer).unwrap();
        let factory = factory.tls(authority.trusted());
        let expected = Expected { kind: "rawsocket", secure: true, serializer };
        behaviour::all(&By { factory, expected }).await;
    }
}

#[cfg(unix)]
#[tokio::test]
async fn the_whole_behaviour_over_unix_sockets() {
    let folder = wire::Folder::new();
    let router = router();
    for (url, kind) in [
        (format!("rs://unix:{}", folder.socket()), "rawsocket"),
        (format!("ws://unix:{}:/ws", folder.socket()), "websocket"),
    ] {
        let listener = router.listen(&url).await.unwrap();
        with_each_serializer(&url, kind).await;
        listener.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_whole_behaviour_where_both_kinds_are_at_one_place() {
    let router = router();
    let listener = router.listen("ws://127.0.0.1:0/ws").universal(true).await.unwrap();
    with_each_serializer(listener.raw_socket_url().unwrap(), "rawsocket").await;
    with_each_serializer(listener.url(), "websocket").await;
}
