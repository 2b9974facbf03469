//! Both roles against a peer that echoes.

use serde_json::{Value as Json, json};
use wampwerk::transport::ServerOptions;
use wampwerk::websocket::Deflate;
use wampwerk::websocket::{self, WebSocket};

use super::exchange::exchange;
use super::peer::{Library, Peer};

/// Deflate with context takeover in both directions.
pub(crate) fn takeover() -> Deflate {
    Deflate::new().server_context_takeover(true).client_context_takeover(true).threshold(0)
}

/// Deflate without.
pub(crate) fn no_takeover() -> Deflate {
    Deflate::new().server_context_takeover(false).client_context_takeover(false)
}

/// Deflate with the smallest windows that all peers know.
pub(crate) fn windows_of_9() -> Deflate {
    takeover().server_max_window_bits(9).client_max_window_bits(9)
}

/// The options of a peer that compresses, with others added.
pub(crate) fn deflating(others: Json) -> Json {
    let mut options = json!({"deflate": true});
    options.as_object_mut().unwrap().extend(others.as_object().unwrap().clone());
    options
}

/// Exchanges messages in both roles. Compression has to be agreed on if both sides want it.
pub(crate) async fn both(library: Library, deflate: Option<Deflate>, options: Json) {
    let is_compressed = deflate.is_some() && options["deflate"] == true;

    let (mut peer, url) = Peer::server(library, &options).await;
    let mut socket = websocket::connect(url).per_message_deflate(deflate.clone()).await.unwrap();
    assert_eq!(socket.response().extensions().count(), usize::from(is_compressed));
    assert_eq!(peer.opened().await.is_empty(), !is_compressed);
    exchange(&mut socket).await;
    check_ratio(&socket, is_compressed);
    closes(socket, &mut peer).await;

    let server = ServerOptions::new().per_message_deflate(deflate);
    let listening = websocket::listen("ws://127.0.0.1:0").options(server);
    let mut requests = listening.await.unwrap();
    for is_ours in [true, false] {
        let mut peer = Peer::client(library, requests.url(), &options);
        let mut socket = requests.next().await.unwrap().accept().await.unwrap();
        assert_eq!(peer.opened().await.is_empty(), !is_compressed);
        if is_ours {
            exchange(&mut socket).await;
            check_ratio(&socket, is_compressed);
            closes(socket, &mut peer).await;
        } else {
            closed_by_peer(socket, &mut peer).await;
        }
    }
    requests.close().await;
}

/// Two thirds of the exchanged messages compress well.
fn check_ratio(socket: &WebSocket, is_compressed: bool) {
    let stats = socket.stats();
    assert_eq!(stats.wire_out < stats.payload_out * 2 / 3, is_compressed, "{stats:?}");
    assert_eq!(stats.wire_in < stats.payload_in * 2 / 3, is_compressed, "{stats:?}");
}

/// We close, and the peer sees why.
async fn closes(socket: WebSocket, peer: &mut Peer) {
    let closed = socket.close(4001, "thät is all").await.unwrap();
    assert_eq!((closed.was_clean, closed.code), (true, Some(4001)), "{closed:?}");
    assert_eq!(peer.closed().await, (4001, "thät is all".to_owned()));
}

/// The peer closes, and we see why.
async fn closed_by_peer(mut socket: WebSocket, peer: &mut Peer) {
    socket.send("!close 4002 no more, thänks").await.unwrap();
    assert_eq!(socket.next().await, None);
    let closed = socket.closed().await;
    assert!(closed.was_clean, "{closed:?}");
    assert_eq!((closed.code, &*closed.reason), (Some(4002), "no more, thänks"));
    // Our answer has the code alone.
    assert_eq!(peer.closed().await, (4002, String::new()));
}
