//! A router on a loopback port, and raw WebSocket clients that may send whatever they like.

use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tungstenite::client::IntoClientRequest;
use tungstenite::handshake::client::Response;
use tungstenite::http::HeaderValue;
use tungstenite::{HandshakeError, Message, WebSocket};
use wampwerk::Router;
use wampwerk::router::RouterBuilder;
use wampwerk::server::Listener;

/// A router and what it runs on. The test's own thread is free to block.
pub struct Server {
    pub router: Router,
    pub listener: Option<Listener>,
    pub url: String,
    pub runtime: Runtime,
}

impl Server {
    pub fn start() -> Self {
        Server::with(|builder| builder)
    }

    pub fn with(configure: impl FnOnce(RouterBuilder) -> RouterBuilder) -> Self {
        let runtime = Runtime::new().unwrap();
        let router = configure(Router::builder().realm("realm1")).build().unwrap();
        let listener =
            runtime.block_on(router.listen("ws://127.0.0.1:0/ws").into_future()).unwrap();
        let url = listener.url().to_owned();
        Server { router, listener: Some(listener), url, runtime }
    }

    /// A JSON client without a session.
    pub fn connect(&self) -> Raw {
        self.open("/ws", Some("wamp.2.json")).unwrap_or_else(|refusal| panic!("{refusal:?}"))
    }

    /// A JSON client with a session on `realm1`.
    pub fn join(&self) -> Raw {
        let mut raw = self.connect();
        raw.send(json!([1, "realm1", {"roles": {"caller": {}}}]));
        assert_eq!(raw.recv()[0], 2);
        raw
    }

    /// A WebSocket, or the answer of the server if it refuses.
    pub fn open(&self, path: &str, subprotocol: Option<&str>) -> Result<Raw, Box<Response>> {
        let address = self.listener.as_ref().unwrap().local_addr().unwrap();
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        // So that a test fails instead of hanging.
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.set_write_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut request = format!("ws://{address}{path}").into_client_request().unwrap();
        if let Some(subprotocol) = subprotocol {
            let value = HeaderValue::from_str(subprotocol).unwrap();
            request.headers_mut().insert("Sec-WebSocket-Protocol", value);
        }
        match tungstenite::client(request, stream) {
            Ok((socket, _)) => Ok(Raw(socket)),
            Err(HandshakeError::Failure(tungstenite::Error::Http(response))) => Err(response),
            Err(other) => panic!("{other}"),
        }
    }
}

pub struct Raw(pub WebSocket<TcpStream>);

impl Raw {
    pub fn send(&mut self, message: Value) {
        self.send_text(&message.to_string());
    }

    pub fn send_text(&mut self, text: &str) {
        self.0.send(Message::text(text)).unwrap();
    }

    pub fn recv(&mut self) -> Value {
        serde_json::from_str(&self.recv_text()).unwrap()
    }

    pub fn recv_text(&mut self) -> String {
        loop {
            match self.0.read().unwrap() {
                Message::Text(text) => return text.to_string(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// The code of the Close frame, which must be the next that comes.
    pub fn recv_close(&mut self) -> u16 {
        match self.0.read().unwrap() {
            Message::Close(Some(frame)) => frame.code.into(),
            other => panic!("{other:?}"),
        }
    }

    /// That the router is still here for this client.
    pub fn assert_alive(&mut self) {
        self.send(json!([48, 1_000_000, {}, "com.example.nobody"]));
        assert_eq!(self.recv()[4], "wamp.error.no_such_procedure");
    }
}
