//! tokio-tungstenite at the other end, in this process.

use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Message};
use wampwerk::transport::ServerOptions;
use wampwerk::websocket::{self, WebSocket};

use super::exchange::exchange;
use super::roles::takeover;

tests! { Nothing:
    its_server_echoes,
    its_client_echoes,
    its_client_closes,
}

async fn echo(mut peer: WebSocketStream<TcpStream>) -> Option<CloseFrame> {
    let mut said = None;
    while let Some(message) = peer.next().await {
        match message.unwrap() {
            // Its answer leaves while it is asked for more.
            Message::Close(close) => said = close,
            message if message.is_text() || message.is_binary() => {
                peer.send(message).await.unwrap();
            }
            _ => {}
        }
    }
    said
}

async fn its_server_echoes() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        echo(tokio_tungstenite::accept_async(stream).await.unwrap()).await
    });
    // It knows no compression, so ours is offered in vain.
    let mut socket = websocket::connect(url).per_message_deflate(takeover()).await.unwrap();
    assert_eq!(socket.response().extensions().count(), 0);
    exchange(&mut socket).await;
    closes(socket).await;
    check_said(&server.await.unwrap().unwrap());
}

/// A pair of a client of tokio-tungstenite and our end.
async fn client() -> (WebSocketStream<TcpStream>, WebSocket) {
    let options = ServerOptions::new().per_message_deflate(takeover());
    let mut requests = websocket::listen("ws://127.0.0.1:0").options(options).await.unwrap();
    let (url, address) = (requests.url().to_owned(), requests.local_addr().unwrap());
    let connecting = tokio::spawn(async move {
        let stream = TcpStream::connect(address).await.unwrap();
        tokio_tungstenite::client_async(url, stream).await.unwrap().0
    });
    let socket = requests.next().await.unwrap().accept().await.unwrap();
    (connecting.await.unwrap(), socket)
}

async fn its_client_echoes() {
    let (peer, mut socket) = client().await;
    let peer = tokio::spawn(echo(peer));
    exchange(&mut socket).await;
    closes(socket).await;
    check_said(&peer.await.unwrap().unwrap());
}

async fn its_client_closes() {
    let (mut peer, mut socket) = client().await;
    let said = CloseFrame { code: CloseCode::Library(4002), reason: "no more, thänks".into() };
    peer.close(Some(said)).await.unwrap();
    assert_eq!(socket.next().await, None);
    let closed = socket.closed().await;
    assert!(closed.was_clean, "{closed:?}");
    assert_eq!((closed.code, &*closed.reason), (Some(4002), "no more, thänks"));
    while let Some(message) = peer.next().await {
        message.unwrap();
    }
}

async fn closes(socket: WebSocket) {
    let closed = socket.close(4001, "thät is all").await.unwrap();
    assert_eq!((closed.was_clean, closed.code), (true, Some(4001)), "{closed:?}");
}

fn check_said(said: &CloseFrame) {
    assert_eq!((u16::from(said.code), said.reason.as_str()), (4001, "thät is all"));
}
