//! Payloads that only the two ends can read: our key ring and Autobahn's.

use serde_json::{Value as Json, json};
use wampwerk::message::InvocationDetails;
use wampwerk::session::cryptobox::{Key, KeyPair, KeyRing};
use wampwerk::session::{Kwargs, SessionConfig, join};
use wampwerk::transport::{Connector, WampWebSocketClientFactory};
use wampwerk::{ApplicationError, Dict, Session, Uri, Value};

use super::place::{Place, application, calling};
use crate::peer::Autobahn;

/// Who has which of two pairs of keys.
struct Keys {
    originators: KeyPair,
    responders: KeyPair,
}

impl Keys {
    fn new() -> Keys {
        let draw = || KeyRing::generate_key().unwrap();
        Keys { originators: draw(), responders: draw() }
    }

    fn of_originators(&self) -> Key {
        Key::originator(&self.originators.private, &self.responders.public).unwrap()
    }

    fn of_responders(&self) -> Key {
        Key::responder(&self.responders.private, &self.originators.public).unwrap()
    }

    fn json_of_originators(&self) -> Json {
        json!({"originator_priv": self.originators.private, "responder_pub": self.responders.public})
    }

    fn json_of_responders(&self) -> Json {
        json!({"responder_priv": self.responders.private, "originator_pub": self.originators.public})
    }
}

async fn ours(at: &Place, ring: KeyRing) -> Session {
    let factory = WampWebSocketClientFactory::new(at.url(), &[at.serializer()]).unwrap();
    let config = SessionConfig::default().payload_codec(ring);
    join(factory.connect().await.unwrap(), "realm1", config).await.unwrap()
}

async fn theirs(at: &Place, keys: Json) -> Autobahn {
    let theirs = at.theirs().await;
    theirs.must("keys", json!({"keys": keys})).await;
    theirs
}

pub(crate) async fn what_we_seal_they_open(at: &Place) {
    let keys = Keys::new();
    let prefix = at.uri("");
    let ring = KeyRing::new();
    ring.set_key(&*prefix, keys.of_originators());
    let ours = ours(at, ring).await;
    let mut theirs = theirs(at, json!({&prefix: keys.json_of_responders()})).await;

    theirs.must("register", json!({"procedure": at.uri("echo"), "answer": "echo"})).await;
    let value: Value =
        vec![Value::from("h\u{e4}fen"), 7.into(), Value::Bytes("\0\x7f".into())].into();
    let mut kwargs = Dict::new();
    kwargs.insert("depth", 3.5);
    let reply =
        ours.call(at.uri("echo")).args((&value, Value::Null)).kwargs(&kwargs).await.unwrap();
    assert_eq!(reply.args::<(Value, Value)>().unwrap(), (value, Value::Null));
    assert_eq!(reply.kwargs::<Dict>().unwrap(), kwargs);
    assert_eq!(reply.details.enc_algo.as_deref(), Some("cryptobox"));

    theirs.must("register", json!({"procedure": at.uri("held")})).await;
    let call = calling(&ours, &at.uri("held"), json!([1]));
    let invocation = theirs.next("invocation").await;
    assert_eq!(invocation["args"], json!([1]));
    let error = json!({
        "invocation": invocation["invocation"], "error": at.uri("error"), "args": ["low tide"],
    });
    theirs.must("raise", error).await;
    let error = application(call.await.unwrap());
    assert_eq!((&*error.uri, error.args), (&*at.uri("error"), vec!["low tide".into()]));

    theirs.must("subscribe", json!({"topic": at.uri("news")})).await;
    ours.publish(at.uri("news")).args(("rain", 7)).acknowledge().await.unwrap();
    let event = theirs.next("event").await;
    assert_eq!(event["args"], json!(["rain", 7]));
    theirs.leave().await;
    ours.leave().await;
}

pub(crate) async fn what_they_seal_we_open(at: &Place) {
    let keys = Keys::new();
    let prefix = at.uri("");
    let ring = KeyRing::new();
    ring.set_key(&*prefix, keys.of_responders());
    let ours = ours(at, ring).await;
    let theirs = theirs(at, json!({&prefix: keys.json_of_originators()})).await;

    let add = |a: i64, b: i64, kwargs: Kwargs<Dict>, details: InvocationDetails| async move {
        assert_eq!(details.enc_algo.as_deref(), Some("cryptobox"));
        assert_eq!(kwargs.0.get("unit"), Some(&"m".into()));
        a + b
    };
    ours.register(at.uri("add"), add).await.unwrap();
    let call = json!({"procedure": at.uri("add"), "args": [2, 3], "kwargs": {"unit": "m"}});
    assert_eq!(theirs.must("call", call).await["value"], 5);

    let uri = at.uri("error");
    let fails = move || {
        let error = ApplicationError::new(&*uri).arg("low tide");
        async { Err::<(), _>(error) }
    };
    ours.register(at.uri("fails"), fails).await.unwrap();
    let error = theirs.call(&at.uri("fails"), json!([])).await.unwrap_err();
    assert_eq!((&error["error"], &error["args"]), (&json!(at.uri("error")), &json!(["low tide"])));

    let mut news = ours.subscribe(at.uri("news")).await.unwrap();
    let publish = json!({
        "topic": at.uri("news"), "args": [1], "kwargs": {"k": [true, null]},
        "options": {"acknowledge": true},
    });
    theirs.must("publish", publish).await;
    let event = news.next().await.unwrap().unwrap();
    assert_eq!(event.details.enc_algo.as_deref(), Some("cryptobox"));
    assert_eq!(event.decode::<u8>().unwrap(), 1);
    assert_eq!(
        event.payload.kwargs::<Dict>().unwrap().get("k"),
        Some(&vec![Value::Bool(true), Value::Null].into())
    );
    theirs.leave().await;
    ours.leave().await;
}

/// Whoever has other keys, or none, can read nothing, and the caller is told so in Autobahn's words.
pub(crate) async fn other_keys_open_nothing(at: &Place) {
    let (keys, others) = (Keys::new(), Keys::new());
    let prefix = at.uri("");
    let ring = KeyRing::new();
    ring.set_key(&*prefix, keys.of_originators());
    let caller = ours(at, ring).await;
    let strange = KeyRing::new();
    strange.set_key(&*prefix, others.of_responders());
    let stranger = ours(at, strange).await;
    let theirs = theirs(at, json!({&prefix: others.json_of_responders()})).await;

    theirs.must("register", json!({"procedure": at.uri("theirs"), "answer": "echo"})).await;
    stranger.register(at.uri("ours"), || async { 1 }).await.unwrap();
    for procedure in ["theirs", "ours"] {
        let error = caller.call(at.uri(procedure)).args((1,)).await;
        assert_eq!(application(error).uri, Uri::ENCRYPTION_DECRYPT_ERROR, "{procedure}");
    }
    // Without a codec: our router knows that it cannot, Crossbar lets it say so itself.
    let plain = at.ours().await;
    plain.register(at.uri("plain"), || async { 1 }).await.unwrap();
    let error = application(caller.call(at.uri("plain")).args((1,)).await);
    let expected =
        if at.is_crossbar() { Uri::NO_PAYLOAD_CODEC } else { Uri::FEATURE_NOT_SUPPORTED };
    assert_eq!(error.uri, expected);
    theirs.leave().await;
    for session in [caller, stranger, plain] {
        session.leave().await;
    }
}
