//! What is Crossbar's own on RawSocket: it knows no PING.

use std::time::Duration;

use wampwerk::error::{CloseKind, ConnectError};
use wampwerk::session::connect_with;
use wampwerk::transport::{Ping, WampRawSocketClientFactory};
use wampwerk::{Serializer, connect};

use crate::crossbar::rig::Rig;

tests! { Crossbar:
    a_ping_ends_the_connection,
    connecting_by_url,
    it_answers_to_a_heartbeat,
}

const TRANSPORTS: [&str; 3] = ["rs", "unix", "universal_rs"];

fn factory(rig: &Rig, transport: &str) -> WampRawSocketClientFactory {
    WampRawSocketClientFactory::new(&rig.url(transport), Serializer::Cbor).unwrap()
}

/// A PING makes it drop the connection (surprise S19). Who turns pings on is told that it is this.
async fn a_ping_ends_the_connection() {
    let rig = Rig::find();
    for transport in TRANSPORTS {
        // Long enough to join before the first PING.
        let ping = Ping::new(Duration::from_millis(500), Duration::from_secs(20));
        let factory = factory(&rig, transport).auto_ping(ping);
        let session = connect_with(&factory, rig.get("realm")).await.unwrap();
        let reason = session.closed().await;
        assert_eq!(reason.kind, CloseKind::TransportLost, "{transport}: {reason}");
        assert!(reason.to_string().contains("PING"), "{transport}: {reason}");
    }
}

/// What takes the place of pings: it answers, and says nothing else.
async fn it_answers_to_a_heartbeat() {
    let rig = Rig::find();
    for transport in [&TRANSPORTS[..], &["ws", "universal_ws"]].concat() {
        let url = rig.url(transport);
        let connect = connect(url, rig.get("realm"))
            .heartbeat(Duration::from_millis(50), Duration::from_secs(2));
        let session = connect.await.unwrap();
        // Without an answer the session would end in this time.
        let ended = tokio::time::timeout(Duration::from_millis(2500), session.closed()).await;
        assert!(ended.is_err(), "{transport}: {ended:?}");
        session.call("wamp.session.count").value::<u64>().await.unwrap();
        session.leave().await;
    }
}

/// The shortest way to a session.
async fn connecting_by_url() {
    let rig = Rig::find();
    for transport in TRANSPORTS {
        let session = connect(rig.url(transport), rig.get("realm")).await.unwrap();
        assert_eq!(session.transport().kind, "rawsocket");
        session.call("wamp.session.count").value::<u64>().await.unwrap();
        session.leave().await;
    }
    // A certificate that the client does not trust.
    let error = connect(rig.url("rss"), rig.get("realm")).await.unwrap_err();
    assert!(matches!(error, ConnectError::Tls { .. }), "{error}");
}
