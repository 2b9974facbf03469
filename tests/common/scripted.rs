//! A router that says what a test has it say: the other end of a session over the in-process
//! transport, in JSON.

use std::future::poll_fn;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinHandle;
use wampwerk::error::ConnectError;
use wampwerk::internals::core::client::ClientConfig;
use wampwerk::session::SessionConfig;
use wampwerk::transport::MemoryTransport;
use wampwerk::transport::Transport;
use wampwerk::websocket::CloseCode;
use wampwerk::{Serializer, Session, session};

pub struct Scripted {
    end: MemoryTransport,
    /// What HELLO said.
    pub hello: Value,
}

/// A session, and the router that it has joined: one that announces nothing.
pub async fn join() -> (Session, Scripted) {
    join_as(json!({"roles": {"broker": {}, "dealer": {}}})).await
}

/// The same with details of WELCOME.
pub async fn join_as(details: Value) -> (Session, Scripted) {
    join_with(details, ClientConfig::default()).await
}

/// The same with settings of the session.
pub async fn join_with(details: Value, config: impl Into<SessionConfig>) -> (Session, Scripted) {
    let (client, end) = MemoryTransport::pair(Serializer::Json, 64);
    let mut router = Scripted { end, hello: Value::Null };
    router.send(json!([2, 7, details]));
    let joined = session::join(Box::new(client), "realm1", config);
    let session = joined.await.unwrap();
    router.hello = router.recv().await;
    (session, router)
}

/// A session that joins, and its router, which has read HELLO and not answered it yet.
pub async fn joining(
    config: impl Into<SessionConfig>,
) -> (JoinHandle<Result<Session, ConnectError>>, Scripted) {
    let (client, end) = MemoryTransport::pair(Serializer::Json, 64);
    let joining = tokio::spawn(session::join(Box::new(client), "realm1", config.into()));
    (joining, Scripted::read_hello(end).await)
}

impl Scripted {
    /// The router at this end, when it has read HELLO.
    pub async fn read_hello(end: MemoryTransport) -> Self {
        let mut router = Scripted { end, hello: Value::Null };
        router.hello = router.recv().await;
        router
    }

    pub fn send(&mut self, message: Value) {
        self.send_text(&message.to_string());
    }

    pub fn send_text(&mut self, text: &str) {
        self.end.start_send(text.to_owned().into()).unwrap();
    }

    /// The next message of the client. A test that waits in vain fails.
    pub async fn recv(&mut self) -> Value {
        let frame = poll_fn(|cx| self.end.poll_recv(cx));
        let frame = tokio::time::timeout(Duration::from_secs(20), frame).await;
        serde_json::from_slice(&frame.unwrap().unwrap().unwrap()).unwrap()
    }

    /// The next message, which must be of this type; its request id.
    pub async fn expect(&mut self, code: u64) -> u64 {
        let message = self.recv().await;
        assert_eq!(message[0], code, "{message}");
        message[1].as_u64().unwrap()
    }

    /// Answers the next call; it comes back.
    pub async fn answer(&mut self, args: Value) -> Value {
        let call = self.recv().await;
        assert_eq!(call[0], 48, "{call}");
        self.send(json!([50, call[1], {}, args]));
        call
    }

    /// Takes the next subscription, under the id that is given.
    pub async fn subscribed(&mut self, subscription: u64) -> Value {
        let subscribe = self.recv().await;
        assert_eq!(subscribe[0], 32, "{subscribe}");
        self.send(json!([33, subscribe[1], subscription]));
        subscribe
    }

    /// Whether the client has closed the transport; what it says before is passed over.
    pub async fn closed(&mut self) {
        let end = async { while let Some(Ok(_)) = poll_fn(|cx| self.end.poll_recv(cx)).await {} };
        tokio::time::timeout(Duration::from_secs(20), end).await.unwrap();
    }

    /// Closes the transport without a word of WAMP.
    pub async fn close(mut self) {
        poll_fn(|cx| self.end.poll_close(cx, CloseCode::Normal)).await.unwrap();
    }
}
