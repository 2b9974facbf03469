//! Sessions over compressed WebSockets: calls, and events for many subscribers of different kinds.

use wampwerk::transport::ServerOptions;
use wampwerk::websocket::{Deflate, WebSocketOptions};
use wampwerk::{Serializer, Session, connect};

use crate::common::{router, soon};

fn long_text() -> String {
    (0..300).map(|number| format!("item {number} of a long list; ")).collect()
}

async fn join(url: &str, serializer: Serializer, deflate: Option<Deflate>) -> Session {
    let options = WebSocketOptions::new().per_message_deflate(deflate);
    connect(url, "realm1").serializers(&[serializer]).options(options).await.unwrap()
}

#[tokio::test]
async fn compressed_and_plain_sessions_share_a_router() {
    let router = router();
    // With takeover, a shared event comes between messages that refer to earlier ones.
    let deflate = Deflate::new().server_context_takeover(true).client_context_takeover(true);
    let options = ServerOptions::new().per_message_deflate(deflate.clone());
    let listener = router.listen("ws://127.0.0.1:0/ws").options(options).await.unwrap();
    let url = listener.url();

    let callee = join(url, Serializer::Json, Some(deflate.clone())).await;
    callee.register("com.example.echo", |text: String| async move { text }).await.unwrap();
    let mut subscribers = Vec::new();
    let without = Deflate::new().server_context_takeover(false);
    for deflate in [None, Some(without), Some(deflate.clone()), Some(deflate)] {
        for serializer in [Serializer::Json, Serializer::Cbor, Serializer::MsgPack] {
            let session = join(url, serializer, deflate.clone()).await;
            let events = session.subscribe("com.example.news").await.unwrap();
            subscribers.push((session, events));
        }
    }
    let text = long_text();
    for round in 0..3 {
        let published = format!("{round} {text}");
        callee.publish("com.example.news").args((&published,)).await.unwrap();
        for (session, events) in &mut subscribers {
            let event = soon(events.next()).await.unwrap().unwrap();
            assert_eq!(event.decode::<String>().unwrap(), published);
            let call = session.call("com.example.echo").args((&text,));
            assert_eq!(call.value::<String>().await.unwrap(), text);
        }
    }
}
