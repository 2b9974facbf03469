//! What a component's transports may be in the browser: what it cannot do is refused by name.

use std::time::Duration;

use wampwerk::component::IntoTransports;
use wampwerk::transport::{IpVersion, Tls, TransportConfig};
use wampwerk::websocket::WebSocketOptions;
use wasm_bindgen_test::wasm_bindgen_test;

fn with(more: &str) -> String {
    format!(r#"{{"url": "wss://127.0.0.1:9/ws", {more}}}"#)
}

#[wasm_bindgen_test]
fn what_the_browser_does_itself_is_refused() {
    for (more, path) in [
        (r#""endpoint": {"type": "tcp", "host": "h", "port": 1}"#, "endpoint"),
        (r#""endpoint": {"type": "unix", "path": "/x"}"#, "endpoint"),
        (r#""proxy": {"host": "h", "port": 1}"#, "proxy"),
        (r#""headers": {"X": "y"}"#, "headers"),
        (r#""options": {"maxFramePayloadSize": 1}"#, "options.max_frame_payload_size"),
        (r#""options": {"closeHandshakeTimeout": 1}"#, "options.close_handshake_timeout"),
        (
            r#""options": {"serverConnectionDropTimeout": 1}"#,
            "options.server_connection_drop_timeout",
        ),
        (r#""options": {"autoPingInterval": 1}"#, "options.auto_ping_interval"),
        (r#""options": {"autoPingTimeout": 1}"#, "options.auto_ping_timeout"),
        (r#""options": {"autoPingSize": 12}"#, "options.auto_ping_size"),
        (
            r#""options": {"autoPingRestartOnAnyTraffic": true}"#,
            "options.auto_ping_restart_on_any_traffic",
        ),
        (r#""options": {"autoFragmentSize": 0}"#, "options.auto_fragment_size"),
        (r#""options": {"perMessageDeflate": true}"#, "options.per_message_deflate"),
    ] {
        let Err(error) = with(more).into_transports() else { panic!("not refused: {more}") };
        assert_eq!(error.path, format!("[0].{path}"), "{error}");
        assert!(error.message.contains("the browser decides"), "{error}");
    }
    let one = || TransportConfig::websocket("wss://h/");
    for (config, path) in [
        (one().tls(Tls::new()), "endpoint.tls"),
        (one().ip_version(IpVersion::V4), "endpoint.version"),
        (TransportConfig::new("ws://unix:/x"), "url"),
        (TransportConfig::new("rs://h"), "url"),
        (TransportConfig::rawsocket("rss://h"), "url"),
        (TransportConfig::new("rs://h").header("X", "y"), "url"),
    ] {
        assert_eq!(config.connector().err().unwrap().path, path);
    }
}

#[wasm_bindgen_test]
fn what_it_has_is_taken() {
    let options = WebSocketOptions::new()
        .max_message_payload_size(1 << 20)
        .open_handshake_timeout(Duration::from_secs(3));
    let config = TransportConfig::websocket("wss://h/")
        .options(options)
        .connect_timeout(Duration::from_secs(3))
        .max_retries(3);
    assert!(config.connector().is_ok());
    let text = with(r#""serializers": ["json"], "options": {"maxMessagePayloadSize": 1000}"#);
    assert_eq!(text.into_transports().unwrap().len(), 1);
}

/// The JavaScript of the npm package refuses the same, with the same texts.
#[wasm_bindgen_test]
fn the_vectors_are_refused() {
    #[derive(serde::Deserialize)]
    struct Vectors {
        refused: Vec<Refused>,
        refused_in_browsers: Vec<Refused>,
    }

    #[derive(serde::Deserialize)]
    struct Refused {
        transport: wampwerk::Value,
        path: String,
        text: String,
    }

    let vectors = include_str!("../vectors/transports.json");
    let Vectors { refused, refused_in_browsers } = serde_json::from_str(vectors).unwrap();
    assert!(refused.len() >= 100 && refused_in_browsers.len() >= 25);
    for Refused { transport, path, text } in refused.into_iter().chain(refused_in_browsers) {
        let Err(error) = (&transport).into_transports() else {
            panic!("not refused: {transport:?}")
        };
        assert_eq!((error.path, error.message), (format!("[0].{path}"), text), "{transport:?}");
    }
}
