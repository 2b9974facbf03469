//! Where sessions of both kinds meet, and what scenarios have in common.

use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value as Json, json};
use tokio::task::JoinHandle;
use wampwerk::error::{CallError, ConnectError};
use wampwerk::router::{Disclosure, MetaApi, RouterBuilder};
use wampwerk::server::Listener;
use wampwerk::session::{SessionConfig, join};
use wampwerk::transport::{Connector, Tls, WampWebSocketClientFactory};
use wampwerk::{ApplicationError, Dict, List, Payload, Router, Serializer, Session, Value};

use crate::crossbar::rig::Rig;
use crate::peer::{Autobahn, Implementation};

/// A router, and the serializer that sessions speak with it.
pub(crate) struct Place {
    url: String,
    /// It lives as long as the place.
    router: Option<(Router, Listener)>,
    /// What leads our sessions there.
    connector: Ours,
    /// Whose the other sessions are.
    who: Implementation,
    /// The certificate that these trust, as PEM.
    ca: Option<String>,
    serializer: Serializer,
    round: u32,
}

pub(crate) type Ours = Box<dyn Fn(Serializer) -> Box<dyn Connector> + Send + Sync>;

impl Place {
    /// A router of its own, which discloses all callers and publishers, as the rig's Crossbar does.
    pub(crate) async fn embedded() -> Place {
        Place::embedded_with(|router| router).await
    }

    /// The same, with more settings.
    pub(crate) async fn embedded_with(more: impl FnOnce(RouterBuilder) -> RouterBuilder) -> Place {
        let router = more(Place::router()).build().unwrap();
        let listener = router.listen("ws://127.0.0.1:0/ws").await.unwrap();
        let url = listener.url().to_owned();
        let ours = over_websocket(url.clone(), Tls::new());
        Place::of(url, Some((router, listener)), ours, Implementation::Python, None)
    }

    /// What the routers of all places are made of.
    pub(crate) fn router() -> RouterBuilder {
        let router = Router::builder().realm("realm1").batched(true);
        router.disclosure(Disclosure::Always).meta_api(MetaApi::Full)
    }

    /// The Crossbar that `tests/crossbar/with` starts, shared with other tests.
    pub(crate) async fn crossbar() -> Place {
        Place::crossbar_with(Implementation::Python)
    }

    /// The same, with Autobahn|JS.
    pub(crate) async fn crossbar_js() -> Place {
        Place::crossbar_with(Implementation::Js)
    }

    fn crossbar_with(who: Implementation) -> Place {
        let url = Rig::find().get("ws").to_owned();
        let ours = over_websocket(url.clone(), Tls::new());
        Place::of(url, None, ours, who, None)
    }

    /// One that is there already.
    pub(crate) fn of(
        url: String,
        router: Option<(Router, Listener)>,
        connector: Ours,
        who: Implementation,
        ca: Option<String>,
    ) -> Place {
        Place { url, router, connector, who, ca, serializer: Serializer::Cbor, round: 0 }
    }

    /// The same, for another round, with this serializer.
    pub(crate) fn with(&mut self, serializer: Serializer) -> &Place {
        static ROUNDS: AtomicU32 = AtomicU32::new(0);
        self.serializer = serializer;
        self.round = ROUNDS.fetch_add(1, Ordering::Relaxed);
        self
    }

    pub(crate) fn is_crossbar(&self) -> bool {
        self.router.is_none()
    }

    /// Ends the embedded router.
    pub(crate) async fn shutdown(&self) {
        let (router, _) = self.router.as_ref().unwrap();
        router.shutdown().await;
    }

    /// The same, with the serializer of another.
    pub(crate) fn with_serializer_of(mut self, other: &Place) -> Place {
        self.serializer = other.serializer;
        self
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn serializer(&self) -> Serializer {
        self.serializer
    }

    /// A URI that no other session uses: sessions of the round before may still be leaving, and a
    /// Crossbar may be shared.
    pub(crate) fn uri(&self, name: &str) -> String {
        format!("com.example.p{}.r{}.{name}", std::process::id(), self.round)
    }

    /// A session of ours.
    pub(crate) async fn ours(&self) -> Session {
        self.ours_with(self.serializer).await
    }

    /// A session of ours with another serializer.
    pub(crate) async fn ours_with(&self, serializer: Serializer) -> Session {
        self.ours_in("realm1", serializer).await.unwrap()
    }

    /// A session of ours in another realm.
    pub(crate) async fn ours_in(
        &self,
        realm: &str,
        serializer: Serializer,
    ) -> Result<Session, ConnectError> {
        let transport = (self.connector)(serializer).connect().await?;
        join(transport, realm, SessionConfig::default()).await
    }

    /// A session of Autobahn's.
    pub(crate) async fn theirs(&self) -> Autobahn {
        self.theirs_with(self.serializer.as_str()).await
    }

    /// A session of Autobahn's with another serializer.
    pub(crate) async fn theirs_with(&self, serializer: &str) -> Autobahn {
        self.theirs_in("realm1", serializer).await.unwrap()
    }

    /// A session of Autobahn's in another realm.
    pub(crate) async fn theirs_in(&self, realm: &str, serializer: &str) -> Result<Autobahn, Json> {
        let how = json!({"url": self.url, "realm": realm, "serializer": serializer, "ca": self.ca});
        Autobahn::join_as(self.who, how).await
    }

    pub(crate) fn is_js(&self) -> bool {
        self.who == Implementation::Js
    }
}

/// Sessions of ours over WebSocket.
pub(crate) fn over_websocket(url: String, tls: Tls) -> Ours {
    Box::new(move |serializer| {
        let factory = WampWebSocketClientFactory::new(&url, &[serializer]).unwrap();
        Box::new(if url.starts_with("wss") { factory.tls(tls.clone()) } else { factory })
    })
}

/// A call that runs beside the test.
pub(crate) fn calling(
    session: &Session,
    procedure: &str,
    args: Json,
) -> JoinHandle<Result<Json, CallError>> {
    let call = session.call(procedure).payload(payload(&args, &json!({})));
    tokio::spawn(async move { call.await.map(|reply| shape(&reply.payload)) })
}

/// The error that a call ended with.
pub(crate) fn application<T: std::fmt::Debug>(outcome: Result<T, CallError>) -> ApplicationError {
    match outcome {
        Err(CallError::Application(error)) => error,
        other => panic!("no application error, but {other:?}"),
    }
}

/// The arguments as the peer writes them: a list of those by position, and a dict.
pub(crate) fn shape(payload: &Payload) -> Json {
    let (args, kwargs) = payload.to_values().unwrap();
    json!([json_of(&Value::List(args)), json_of(&Value::Dict(kwargs))])
}

pub(crate) fn payload(args: &Json, kwargs: &Json) -> Payload {
    let Value::List(args) = value_of(args) else { panic!("{args}") };
    let Value::Dict(kwargs) = value_of(kwargs) else { panic!("{kwargs}") };
    Payload::from_values(args, kwargs)
}

/// As the peer writes values in JSON.
pub(crate) fn json_of(value: &Value) -> Json {
    match value {
        Value::Bytes(bytes) => {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            json!({"$bytes": hex})
        }
        Value::List(list) => list.iter().map(json_of).collect(),
        Value::Dict(dict) => {
            dict.iter().map(|(key, value)| (key.to_owned(), json_of(value))).collect()
        }
        plain => serde_json::to_value(plain).unwrap(),
    }
}

fn value_of(json: &Json) -> Value {
    match json {
        Json::Array(list) => Value::List(list.iter().map(value_of).collect::<List>()),
        Json::Object(dict) => match dict.get("$bytes") {
            Some(hex) => {
                let hex = hex.as_str().unwrap();
                let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
                Value::Bytes((0..hex.len()).step_by(2).map(byte).collect())
            }
            None => {
                let entries = dict.iter().map(|(key, value)| (key.clone(), value_of(value)));
                Value::Dict(entries.collect::<Dict>())
            }
        },
        plain => serde_json::from_value(plain.clone()).unwrap(),
    }
}
