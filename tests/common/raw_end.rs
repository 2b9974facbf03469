//! One end of a connection to a router in this process, spoken to word by word.

use std::future::poll_fn;

use wampwerk::internals::codec;
use wampwerk::message::*;
use wampwerk::transport::Transport;
use wampwerk::websocket::CloseCode;
use wampwerk::{Match, Router};

pub(crate) struct Raw(Box<dyn Transport>);

impl Raw {
    pub(crate) async fn join(router: &Router) -> Self {
        let mut raw = Raw(router.connect_transport());
        let rpc = &["progressive_call_results", "call_canceling"];
        let roles = Roles::new().with("publisher", &[]).with("subscriber", &[]);
        let mut details = HelloDetails::default();
        details.roles = Some(roles.with("caller", rpc).with("callee", rpc));
        raw.send(Hello { realm: "realm1".into(), details }).await;
        assert!(matches!(raw.recv().await, Message::Welcome(_)));
        raw
    }

    pub(crate) async fn send(&mut self, message: impl Into<Message>) {
        let frame = codec::encode(self.0.info().serializer, &message.into()).unwrap();
        poll_fn(|cx| self.0.poll_ready(cx)).await.unwrap();
        self.0.start_send(frame).unwrap();
    }

    pub(crate) async fn recv(&mut self) -> Message {
        self.next().await.unwrap()
    }

    /// The next message, or none if the connection has ended.
    pub(crate) async fn next(&mut self) -> Option<Message> {
        let frame = poll_fn(|cx| self.0.poll_recv(cx)).await?.ok()?;
        Some(codec::decode(self.0.info().serializer, &frame).unwrap())
    }

    pub(crate) async fn subscribe(&mut self, request: u64, topic: &str, policy: Match) {
        let mut options = SubscribeOptions::default();
        options.r#match = Some(policy);
        self.send(Subscribe { request, options, topic: topic.into() }).await;
        assert!(matches!(self.recv().await, Message::Subscribed(_)));
    }

    /// Nothing else is on its way to it.
    pub(crate) async fn assert_alive(&mut self) {
        let options = CallOptions::default();
        let procedure = "com.example.nobody".into();
        self.send(Call { request: 9999, options, procedure, payload: Payload::empty() }).await;
        assert!(matches!(self.recv().await, Message::Error(_)));
    }

    pub(crate) async fn close(&mut self, code: CloseCode) {
        poll_fn(|cx| self.0.poll_close(cx, code)).await.unwrap();
    }
}
