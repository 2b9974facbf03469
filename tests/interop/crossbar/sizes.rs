//! Against a real Crossbar, on every transport that it has: messages that are nearly as long as it
//! takes, and messages that are too long.

use bytes::Bytes;
use wampwerk::error::{CallError, CloseKind, ProgressError, PublishError};
use wampwerk::session::{Progress, SessionConfig, join};
use wampwerk::{ApplicationError, Serializer, Session, Uri, Value};

use crate::crossbar::rig::{Rig, TRANSPORTS};

tests! { Crossbar:
    as_long_as_it_takes,
    too_long,
}

const MIB: usize = 1 << 20;

/// Those that carry bytes as they are: the sender need not write 16 MiB of text first.
const BINARY: [Serializer; 2] = [Serializer::MsgPack, Serializer::Cbor];

async fn session(rig: &Rig, transport: &str, serializer: Serializer) -> Session {
    let transport = rig.connector(transport, serializer).connect().await.unwrap();
    join(transport, rig.get("realm"), SessionConfig::default()).await.unwrap()
}

/// 15 MiB there and back. With the details that Crossbar adds there is room for more, but not for
/// much.
async fn as_long_as_it_takes() {
    let rig = Rig::find();
    for (number, transport) in TRANSPORTS.into_iter().enumerate() {
        // Each with one: it is the transport that may break. Crossbar takes seconds for a JSON text.
        let serializer = if number == 0 { Serializer::Json } else { BINARY[number % 2] };
        let session = session(&rig, transport, serializer).await;
        let procedure = format!("com.example.long.{transport}");
        session.register(&*procedure, |text: Value| async move { text }).await.unwrap();
        let sent = match serializer {
            Serializer::Json => Value::from("x".repeat(15 * MIB)),
            _ => Value::Bytes(vec![7; 15 * MIB].into()),
        };
        let back = session.call(&*procedure).args((&sent,)).value::<Value>().await;
        let back = back.unwrap_or_else(|error| panic!("{transport}: {error}"));
        assert!(back == sent, "{transport}");
        session.leave().await;
    }
}

/// It is not sent, its sender learns why, and the session goes on.
async fn too_long() {
    let rig = Rig::find();
    let long = Bytes::from(vec![0; 16 * MIB]);
    for (number, transport) in TRANSPORTS.into_iter().enumerate() {
        let session = session(&rig, transport, BINARY[number % 2]).await;
        let too_long = |error: ApplicationError| {
            assert_eq!(error.uri, Uri::PAYLOAD_SIZE_EXCEEDED, "{transport}");
            assert!(error.to_string().contains("16777"), "{transport}: {error}");
        };
        let call = session.call("com.example.nobody").args((Value::Bytes(long.clone()),));
        let CallError::Application(error) = call.await.unwrap_err() else { panic!("{transport}") };
        too_long(error);
        let publish = session.publish("com.example.nobody").args((Value::Bytes(long.clone()),));
        let PublishError::Application(error) = publish.await.unwrap_err() else {
            panic!("{transport}")
        };
        too_long(error);
        // As a result, which Crossbar would hand to the caller, and as a part of one.
        let answer = |text: Value, progress: Progress| async move {
            let part = progress.send((&text, &text)).await;
            assert!(matches!(part, Err(ProgressError::Application(_))), "{part:?}");
            Ok::<_, ApplicationError>((text.clone(), text))
        };
        let procedure = format!("com.example.too_long.{transport}");
        session.register(&*procedure, answer).await.unwrap();
        let half = long.slice(..9 * MIB);
        let call = session.call(&*procedure).args((Value::Bytes(half),)).on_progress(|_| ());
        let CallError::Application(error) = call.await.unwrap_err() else { panic!("{transport}") };
        too_long(error);
        session.call("wamp.session.count").value::<u64>().await.unwrap();
        let reason = session.leave().await;
        assert_eq!(reason.kind, CloseKind::Left, "{transport}: {reason}");
    }
}
