//! Servers with handlers, and peers that speak to them word by word over the in-process transport.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use wampwerk::error::TransportError;
use wampwerk::internals::codec;
use wampwerk::message::{Call, CallOptions, CallResult, Message, Payload, ResultDetails};
use wampwerk::server::{HandlerError, TransportHandler, WampTransport, WampWebSocketServerFactory};
use wampwerk::transport::MemoryTransport;
use wampwerk::transport::{Transport, TransportInfo};
use wampwerk::websocket::CloseCode;
use wampwerk::{Dict, Serializer, Value};

use super::fake_transport::{Control, FakeTransport};

/// What a handler was called for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    Open,
    /// CALL with this request id; 0 for another message.
    Message(u64),
    Close(bool),
}

type Answer = Pin<Box<dyn Future<Output = Result<(), HandlerError>> + Send>>;
type OnMessage = dyn Fn(Message, WampTransport) -> Answer + Send + Sync;

pub(crate) struct Recorder {
    seen: UnboundedSender<Seen>,
    transports: UnboundedSender<WampTransport>,
    on_message: Arc<OnMessage>,
    transport: Option<WampTransport>,
}

impl TransportHandler for Recorder {
    async fn on_open(&mut self, transport: WampTransport) -> Result<(), HandlerError> {
        let _ = self.seen.send(Seen::Open);
        let _ = self.transports.send(transport.clone());
        self.transport = Some(transport);
        Ok(())
    }

    async fn on_message(&mut self, message: Message) -> Result<(), HandlerError> {
        let request = match &message {
            Message::Call(call) => call.request,
            _ => 0,
        };
        let _ = self.seen.send(Seen::Message(request));
        (self.on_message)(message, self.transport.clone().unwrap()).await
    }

    async fn on_close(&mut self, was_clean: bool) {
        let _ = self.seen.send(Seen::Close(was_clean));
    }
}

pub(crate) struct Server {
    pub(crate) factory: WampWebSocketServerFactory,
    make: Arc<dyn Fn() -> Recorder + Send + Sync>,
    seen: UnboundedReceiver<Seen>,
    transports: UnboundedReceiver<WampTransport>,
}

/// A server whose handlers tell what they are called for, and do this with each message.
pub(crate) fn recorder<F, R>(on_message: F) -> Server
where
    F: Fn(Message, WampTransport) -> R + Send + Sync + 'static,
    R: Future<Output = Result<(), HandlerError>> + Send + 'static,
{
    let (seen, on_seen) = unbounded_channel();
    let (transports, on_transport) = unbounded_channel();
    let on_message: Arc<OnMessage> =
        Arc::new(move |message, transport| Box::pin(on_message(message, transport)));
    let make = Arc::new(move || Recorder {
        seen: seen.clone(),
        transports: transports.clone(),
        on_message: Arc::clone(&on_message),
        transport: None,
    });
    let factory = factory({
        let make = Arc::clone(&make);
        move || make()
    });
    Server { factory, make, seen: on_seen, transports: on_transport }
}

/// A server whose handlers wait with each message for a permit.
pub(crate) fn gated() -> (Server, Arc<Semaphore>) {
    let gate = Arc::new(Semaphore::new(0));
    let waits = Arc::clone(&gate);
    let server = recorder(move |_, _| {
        let gate = Arc::clone(&waits);
        async move {
            gate.acquire().await.unwrap().forget();
            Ok(())
        }
    });
    (server, gate)
}

pub(crate) fn factory<H: TransportHandler>(
    make: impl Fn() -> H + Send + Sync + 'static,
) -> WampWebSocketServerFactory {
    WampWebSocketServerFactory::new(make, "ws://127.0.0.1:0/ws", codec::available()).unwrap()
}

impl Server {
    /// Makes the same handlers, for a server of another kind.
    pub(crate) fn make(&self) -> impl Fn() -> Recorder + Send + Sync + 'static {
        let make = Arc::clone(&self.make);
        move || make()
    }

    pub(crate) async fn connect(&mut self, serializer: Serializer, capacity: usize) -> Peer {
        self.connect_with(serializer, capacity, |_| {}).await
    }

    pub(crate) async fn connect_with(
        &mut self,
        serializer: Serializer,
        capacity: usize,
        change: impl FnOnce(&mut TransportInfo),
    ) -> Peer {
        Peer::connect(&self.factory, serializer, capacity, change)
    }

    /// The handle of the next connection.
    pub(crate) async fn transport(&mut self) -> WampTransport {
        self.transports.recv().await.unwrap()
    }

    /// The next that is seen is this.
    pub(crate) async fn expect(&mut self, expected: &[Seen]) {
        for expected in expected {
            let seen = tokio::time::timeout(Duration::from_secs(60), self.seen.recv()).await;
            assert_eq!(seen.as_ref(), Ok(&Some(*expected)));
        }
    }

    /// Paused time runs ahead when nothing is left to do.
    pub(crate) async fn expect_nothing(&mut self) {
        let seen = tokio::time::timeout(Duration::from_secs(60), self.seen.recv()).await;
        assert!(seen.is_err(), "{seen:?}");
    }
}

/// The other end of a connection.
pub(crate) struct Peer {
    end: Option<MemoryTransport>,
    control: Control,
}

impl Peer {
    pub(crate) fn connect(
        factory: &WampWebSocketServerFactory,
        serializer: Serializer,
        capacity: usize,
        change: impl FnOnce(&mut TransportInfo),
    ) -> Self {
        let (near, far) = MemoryTransport::pair(serializer, capacity);
        let limited = FakeTransport::over(far).with_info(|info| {
            *info = TransportInfo::new(serializer, "limited", "peer");
            change(info);
        });
        let control = limited.control();
        factory.serve(Box::new(limited));
        Peer { end: Some(near), control }
    }

    pub(crate) async fn send(&mut self, message: impl Into<Message>) {
        let end = self.end.as_mut().unwrap();
        let frame = codec::encode(end.info().serializer, &message.into()).unwrap();
        self.send_frame(frame).await;
    }

    pub(crate) async fn send_frame(&mut self, frame: Bytes) {
        let end = self.end.as_mut().unwrap();
        poll_fn(|cx| end.poll_ready(cx)).await.unwrap();
        end.start_send(frame).unwrap();
    }

    pub(crate) async fn recv(&mut self) -> Message {
        let end = self.end.as_mut().unwrap();
        let frame = poll_fn(|cx| end.poll_recv(cx)).await.unwrap().unwrap();
        codec::decode(end.info().serializer, &frame).unwrap()
    }

    /// How the connection ends; what comes before is not looked at.
    pub(crate) async fn end(&mut self) -> Result<(), TransportError> {
        let end = self.end.as_mut().unwrap();
        loop {
            match poll_fn(|cx| end.poll_recv(cx)).await {
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error),
                None => return Ok(()),
            }
        }
    }

    pub(crate) async fn close(&mut self) {
        let end = self.end.as_mut().unwrap();
        poll_fn(|cx| end.poll_close(cx, CloseCode::Normal)).await.unwrap();
    }

    /// Goes without a word.
    pub(crate) fn lose(&mut self) {
        self.end = None;
    }

    /// The code with which the server has closed.
    pub(crate) fn closed_with(&self) -> Option<CloseCode> {
        self.control.closed_with()
    }
}

pub(crate) fn call(request: u64, args: serde_json::Value) -> Call {
    let (options, procedure) = (CallOptions::default(), "com.example.echo".into());
    Call { request, options, procedure, payload: payload(args) }
}

pub(crate) fn result(request: u64, args: serde_json::Value) -> CallResult {
    CallResult { request, details: ResultDetails::default(), payload: payload(args) }
}

fn payload(args: serde_json::Value) -> Payload {
    let args: Vec<Value> = serde_json::from_value(args).unwrap();
    Payload::from_values(args.into_iter().collect(), Dict::new())
}
