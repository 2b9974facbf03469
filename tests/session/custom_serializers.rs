//! Serializers of the program's own, at clients and at the embedded router: negotiated, and everything goes through them.

use std::sync::LazyLock;

use wampwerk::error::{CloseKind, ConnectError, DecodeError, EncodeError};
use wampwerk::message::CustomSerializer;
use wampwerk::session::connect_with;
use wampwerk::transport::TransportConfig;
use wampwerk::{Component, List, Router, Serializer, Session, Value, connect};

use crate::common::behaviour::{self, Place};

/// A format of CBOR whose octets are changed: nobody else reads it.
struct Turned;

/// Text: JSON behind a mark.
struct Marked;

/// One that breaks.
struct Broken;

fn through(serializer: Serializer, list: &List) -> Vec<u8> {
    let value = Value::List(list.clone());
    wampwerk::internals::codec::write_value(serializer, &value).unwrap()
}

fn back(serializer: Serializer, frame: &[u8]) -> Result<List, DecodeError> {
    match wampwerk::internals::codec::read_value(serializer, frame)? {
        Value::List(list) => Ok(list),
        other => Err(DecodeError::new(format!("{other:?} is no list"))),
    }
}

impl CustomSerializer for Turned {
    fn id(&self) -> &str {
        "turned"
    }

    fn raw_socket_id(&self) -> Option<u8> {
        Some(9)
    }

    fn encode(&self, message: &List) -> Result<Vec<u8>, EncodeError> {
        Ok(through(Serializer::Cbor, message).iter().map(|octet| octet ^ 0x55).collect())
    }

    fn decode(&self, frame: &[u8]) -> Result<List, DecodeError> {
        let octets: Vec<u8> = frame.iter().map(|octet| octet ^ 0x55).collect();
        back(Serializer::Cbor, &octets)
    }
}

impl CustomSerializer for Marked {
    fn id(&self) -> &str {
        "marked_json"
    }

    fn is_binary(&self) -> bool {
        false
    }

    fn encode(&self, message: &List) -> Result<Vec<u8>, EncodeError> {
        Ok([b"mark:", &through(Serializer::Json, message)[..]].concat())
    }

    fn decode(&self, frame: &[u8]) -> Result<List, DecodeError> {
        let text = frame.strip_prefix(b"mark:");
        back(Serializer::Json, text.ok_or_else(|| DecodeError::new("there is no mark"))?)
    }
}

impl CustomSerializer for Broken {
    fn id(&self) -> &str {
        "broken"
    }

    fn raw_socket_id(&self) -> Option<u8> {
        Some(15)
    }

    fn encode(&self, message: &List) -> Result<Vec<u8>, EncodeError> {
        match message.first().and_then(Value::as_u64) {
            Some(1 | 2) => Turned.encode(message),
            Some(48) => panic!("no calls"),
            _ => Err(EncodeError::new("no form for it")),
        }
    }

    fn decode(&self, frame: &[u8]) -> Result<List, DecodeError> {
        Turned.decode(frame)
    }
}

static TURNED: LazyLock<Serializer> = LazyLock::new(|| Serializer::register(Turned).unwrap());
static MARKED: LazyLock<Serializer> = LazyLock::new(|| Serializer::register(Marked).unwrap());
static BROKEN: LazyLock<Serializer> = LazyLock::new(|| Serializer::register(Broken).unwrap());

fn router() -> Router {
    let all = [*TURNED, *MARKED, *BROKEN, Serializer::Json, Serializer::Cbor];
    Router::builder().realm("realm1").serializers(&all).build().unwrap()
}

struct At {
    url: String,
    serializer: Serializer,
    batched: bool,
}

impl Place for At {
    async fn session(&self) -> Session {
        let connect = connect(&self.url, "realm1").serializers(&[self.serializer]);
        let session = connect.batched(self.batched).await.unwrap();
        assert_eq!(session.serializer(), self.serializer);
        session
    }
}

#[tokio::test]
async fn the_whole_behaviour_over_websocket() {
    let router = router();
    let listener = router.listen("ws://127.0.0.1:0/ws").await.unwrap();
    for serializer in [*TURNED, *MARKED] {
        for batched in [false, true] {
            let url = listener.url().to_owned();
            behaviour::all(&At { url, serializer, batched }).await;
        }
    }
}

#[tokio::test]
async fn the_whole_behaviour_over_rawsocket_and_in_process() {
    let router = router();
    let listener = router.listen("rs://127.0.0.1:0").await.unwrap();
    behaviour::all(&At { url: listener.url().to_owned(), serializer: *TURNED, batched: false })
        .await;
    struct Here(Router);
    impl Place for Here {
        async fn session(&self) -> Session {
            let session = self.0.connect("realm1").await.unwrap();
            assert_eq!(session.serializer(), *TURNED, "the first of the router");
            session
        }
    }
    behaviour::all(&Here(router)).await;
}

/// Peers with other serializers are not concerned.
#[tokio::test]
async fn serializers_meet_in_the_router() {
    let router = router();
    let listener = router.listen("ws://127.0.0.1:0/ws").await.unwrap();
    let all = [*TURNED, *MARKED, Serializer::Json, Serializer::Cbor];
    let bytes = Value::Bytes(vec![0, 1, 255].into());
    for one in all {
        let callee = connect(listener.url(), "realm1").serializers(&[one]).await.unwrap();
        let echo = |value: Value| async move { value };
        callee.register("com.example.echo", echo).await.unwrap();
        let mut subscriptions = Vec::new();
        for other in all {
            let caller = connect(listener.url(), "realm1").serializers(&[other]).await.unwrap();
            for value in [bytes.clone(), 1.5.into(), "ä".into(), Value::Null, u64::MAX.into()] {
                let call = caller.call("com.example.echo").args((value.clone(),));
                assert_eq!(call.value::<Value>().await.unwrap(), value, "{one:?} {other:?}");
            }
            subscriptions.push(caller.subscribe("com.example.topic").await.unwrap());
        }
        callee.publish("com.example.topic").args((7, "seven")).acknowledge().await.unwrap();
        for subscription in &mut subscriptions {
            let event = subscription.next().await.unwrap().unwrap();
            assert_eq!(event.args::<(u8, String)>().unwrap(), (7, "seven".to_owned()));
        }
        callee.leave().await;
    }
}

#[tokio::test]
async fn the_order_of_the_client_decides_and_dicts_name_them() {
    let router = router();
    let listener = router.listen("ws://127.0.0.1:0/ws").await.unwrap();
    let order = [*MARKED, Serializer::Cbor, *TURNED];
    let session = connect(listener.url(), "realm1").serializers(&order).await.unwrap();
    assert_eq!((session.serializer(), session.serializer().as_str()), (*MARKED, "marked_json"));
    let dict = format!(r#"{{"url": "{}", "serializers": ["turned", "json"]}}"#, listener.url());
    let component = Component::new(dict.as_str(), "realm1").unwrap();
    let running = component.start();
    let joined = component.states().wait_for(|state| state.is_joined()).await;
    joined.unwrap();
    assert_eq!(component.session().unwrap().serializer(), *TURNED);
    component.stop().await;
    running.await.unwrap();
    // A router that does not have it.
    let plain = Router::builder().realm("realm1").build().unwrap();
    let listener = plain.listen("ws://127.0.0.1:0/ws").await.unwrap();
    let refused = connect(listener.url(), "realm1").serializers(&[*TURNED]).await.unwrap_err();
    assert!(refused.to_string().contains("no common subprotocol"), "{refused}");
    let session = connect(listener.url(), "realm1").serializers(&order).await.unwrap();
    assert_eq!(session.serializer(), Serializer::Cbor);
    let listener = plain.listen("rs://127.0.0.1:0").await.unwrap();
    let refused = connect(listener.url(), "realm1").serializers(&[*TURNED]).await.unwrap_err();
    assert!(matches!(refused, ConnectError::RawSocketRefused { .. }), "{refused}");
    // One without a number there.
    let refused = connect(listener.url(), "realm1").serializers(&[*MARKED]).await.unwrap_err();
    let text = "invalid serializer: marked_json has no number for RawSocket";
    assert_eq!(refused.to_string(), text);
}

#[tokio::test]
async fn one_that_fails_or_panics_fails_its_request_alone() {
    let router = router();
    let listener = router.listen("ws://127.0.0.1:0/ws").await.unwrap();
    let session = connect(listener.url(), "realm1").serializers(&[*BROKEN]).await.unwrap();
    let refused = session.call("com.example.any").await.unwrap_err().to_string();
    assert_eq!(
        refused,
        "wamp.error.invalid_payload: cannot encode: the serializer panicked: no calls"
    );
    let refused = session.subscribe("com.example.any").await.unwrap_err().to_string();
    assert_eq!(refused, "wamp.error.invalid_payload: cannot encode: no form for it");
    assert!(!session.is_closed());
    assert_eq!(router.statistics().sessions, 1);
}

#[tokio::test]
async fn a_frame_that_is_no_message_ends_its_session_alone() {
    let router = router();
    let listener = router.listen("ws://127.0.0.1:0/ws").await.unwrap();
    let url = listener.url();
    let other = connect(url, "realm1").serializers(&[*MARKED]).await.unwrap();
    // A client that offers the subprotocol and sends something else.
    let mut client =
        wampwerk::websocket::connect(url).protocols(["wamp.2.marked_json"]).await.unwrap();
    client.send("[1, \"realm1\", {}]").await.unwrap();
    let mut told = String::new();
    while let Some(Ok(message)) = client.next().await {
        if let wampwerk::websocket::Message::Text(text) = message {
            told.push_str(&text);
        }
    }
    assert!(told.starts_with("mark:[3,"), "{told}");
    assert!(told.contains("malformed marked_json message: there is no mark"), "{told}");
    assert!(!other.is_closed());
    let session = connect_with(TransportConfig::new(url).connector().unwrap(), "realm1");
    assert_eq!(session.await.unwrap().leave().await.kind, CloseKind::Left);
}

#[test]
fn wrong_and_taken_ids_are_refused() {
    struct Other(&'static str, Option<u8>);
    impl CustomSerializer for Other {
        fn id(&self) -> &str {
            self.0
        }

        fn raw_socket_id(&self) -> Option<u8> {
            self.1
        }

        fn encode(&self, _: &List) -> Result<Vec<u8>, EncodeError> {
            Ok(Vec::new())
        }

        fn decode(&self, _: &[u8]) -> Result<List, DecodeError> {
            Ok(List::new())
        }
    }
    let _ = (*TURNED, *MARKED, *BROKEN);
    let letters = "an id has 1 to 40 lower case letters, digits and _";
    for (id, number, text) in [
        ("", None, letters),
        ("a.b", None, letters),
        ("cbor.batched", None, letters),
        ("Json", None, letters),
        ("json", None, "there is a serializer of this id"),
        ("turned", None, "there is a serializer of this id"),
        ("free", Some(3), "the number in RawSocket must be 4 to 15"),
        ("free", Some(16), "the number in RawSocket must be 4 to 15"),
        ("free", Some(9), "turned has the same number in RawSocket"),
    ] {
        let error = Serializer::register(Other(id, number)).unwrap_err().to_string();
        assert_eq!(error, format!("invalid serializers: {id:?}: {text}"));
    }
    assert_eq!(Serializer::from_id("free"), None);
    assert_eq!(Serializer::from_subprotocol("wamp.2.turned"), Some(*TURNED));
    assert_eq!(Serializer::from_raw_socket_id(9), Some(*TURNED));
    assert_eq!(Serializer::from_raw_socket_id(0), None);
}

/// Messages and bytes, at both ends of each connection, and of all connections by serializer.
#[tokio::test]
async fn messages_are_counted_for_each_serializer() {
    let router = router();
    let listener = router.listen("ws://127.0.0.1:0/ws").await.unwrap();
    let mut sums = Vec::new();
    for (serializer, batched) in
        [(*TURNED, false), (Serializer::Json, true), (Serializer::Cbor, false)]
    {
        let connect = connect(listener.url(), "realm1").serializers(&[serializer]);
        let session = connect.batched(batched).await.unwrap();
        let first = session.transport().traffic();
        assert_eq!((first.messages_in, first.messages_out), (1, 1), "WELCOME and HELLO");
        for _ in 0..10 {
            let call = session.call("com.example.none").args(("x".repeat(1000),));
            call.await.unwrap_err();
        }
        let now = session.transport().traffic();
        assert_eq!((now.messages_in, now.messages_out), (11, 11));
        let sent = now.payload_out - first.payload_out;
        assert!((10_200..11_500).contains(&sent), "{sent}");
        assert!(now.payload_in - first.payload_in < 2000, "{now:?}");
        assert_eq!((now.wire_in, now.frames_in), (0, 0));
        session.leave().await;
        let all = session.transport().traffic();
        assert_eq!((all.messages_in, all.messages_out), (12, 12));
        sums.push((serializer, all));
    }
    for (serializer, all) in sums {
        // The router tells it at the end of its turn.
        let counted = || {
            let traffic = router.traffic(serializer);
            [traffic.messages_in, traffic.payload_in, traffic.messages_out, traffic.payload_out]
        };
        let told = [all.messages_out, all.payload_out, all.messages_in, all.payload_in];
        crate::common::soon(async {
            while counted() != told {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
    assert_eq!(router.traffic(Serializer::MsgPack), Default::default());
    assert_eq!(router.traffic(*MARKED), Default::default());
}
