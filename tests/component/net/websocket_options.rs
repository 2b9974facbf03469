//! What a transport's `options` say of pings and fragments is what is on the wire.

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use wampwerk::Value;
use wampwerk::error::TransportError;
use wampwerk::transport::TransportConfig;

use crate::common::websocket::{End, client_frame, flush, raw_server, recv, send, switching, wire};

/// The client that these options make, and its server.
async fn connected(options: &str) -> (End, TcpStream) {
    let (url, server) =
        raw_server(|head| switching(head, "Sec-WebSocket-Protocol: wamp.2.cbor\r\n")).await;
    let text = format!(r#"{{"url": "{url}", "serializers": ["cbor"], "options": {{{options}}}}}"#);
    let value: Value = serde_json::from_str(&text).unwrap();
    let connector = TransportConfig::from_value(&value).unwrap().connector().unwrap();
    (connector.connect().await.unwrap(), server.await.unwrap())
}

#[tokio::test]
async fn messages_leave_in_fragments_of_the_size() {
    for (options, frames) in [
        (r#""autoFragmentSize": 3"#, vec![(0x02, "abc"), (0x00, "def"), (0x80, "g")]),
        (r#""auto_fragment_size": 7"#, vec![(0x82, "abcdefg")]),
        (r#""autoFragmentSize": 0"#, vec![(0x82, "abcdefg")]),
        ("", vec![(0x82, "abcdefg")]),
    ] {
        let (mut end, mut server) = connected(options).await;
        send(&mut end, "abcdefg".into()).await.unwrap();
        flush(&mut end).await.unwrap();
        for (first, payload) in frames {
            let expected = (first, payload.as_bytes().to_vec());
            assert_eq!(client_frame(&mut server).await, expected, "{options}");
        }
    }
}

#[tokio::test]
async fn pings_have_the_size_and_only_their_answers_count() {
    let options = r#""autoPingInterval": 0.02, "autoPingTimeout": 0.3, "autoPingSize": 99,
                     "autoPingRestartOnAnyTraffic": false"#;
    let (mut end, mut server) = connected(options).await;
    let peer = tokio::spawn(async move {
        let (first, payload) = client_frame(&mut server).await;
        assert_eq!((first, payload.len()), (0x89, 99));
        server.write_all(&wire(false, 0x8a, &payload)).await.unwrap();
        // From the next one on, everything comes but the answer.
        assert_eq!(client_frame(&mut server).await.0, 0x89);
        let mut ticks = tokio::time::interval(std::time::Duration::from_millis(5));
        while server.write_all(b"\x82\x01x\x8a\x00").await.is_ok() {
            ticks.tick().await;
        }
    });
    let error = loop {
        match recv(&mut end).await.unwrap() {
            Ok(message) => assert_eq!(message, "x"),
            Err(error) => break error,
        }
    };
    assert_eq!(error, TransportError::Timeout("the peer answers no ping"));
    assert!(end.info().round_trip().is_some());
    drop(end);
    peer.await.unwrap();
}
