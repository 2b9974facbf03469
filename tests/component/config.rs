//! What a component's transports are read from: what is refused, and with which words.

use std::time::Duration;

use proptest::prelude::*;
use wampwerk::component::IntoTransports;
use wampwerk::error::ConfigError;
use wampwerk::transport::{Endpoint, IpVersion, Proxy, Tls, TransportConfig};
use wampwerk::websocket::WebSocketOptions;
use wampwerk::{Dict, Serializer, Value};

/// Reads them as a component does.
fn refused(transports: impl IntoTransports) -> ConfigError {
    match transports.into_transports() {
        Err(error) => error,
        Ok(transports) => panic!("not refused: {transports:?}"),
    }
}

fn accepted(transports: impl IntoTransports) -> usize {
    transports.into_transports().unwrap().len()
}

/// A dict with more keys, which override its own.
fn merged(dict: &str, more: &str) -> String {
    let read = |text: &str| -> serde_json::Map<_, _> { serde_json::from_str(text).unwrap() };
    let mut dict = read(dict);
    dict.extend(read(&format!("{{{more}}}")));
    serde_json::Value::Object(dict).to_string()
}

/// With a URL, and more keys.
fn with(more: &str) -> String {
    merged(r#"{"url": "ws://127.0.0.1:9/ws"}"#, more)
}

fn endpoint(more: &str) -> String {
    let tcp = merged(r#"{"type": "tcp", "host": "127.0.0.1", "port": 9}"#, more);
    format!(r#"{{"url": "wss://127.0.0.1:9/ws", "endpoint": {tcp}}}"#)
}

#[test]
fn the_key_and_the_reason_are_told() {
    for (more, path, text) in [
        // Keys.
        (r#""urls": []"#, "urls", "unknown key; known are type, url, endpoint, "),
        (r#""type": "websockets""#, "type", r#"must be "websocket" or "rawsocket""#),
        (r#""type": 1"#, "type", "must be a string, not integer"),
        (r#""url": 5"#, "url", "must be a string, not integer"),
        (r#""url": null"#, "url", "missing"),
        // Serializers.
        (r#""serializers": "cbor""#, "serializers", "must be a list, not string"),
        (r#""serializers": []"#, "serializers", "at least one"),
        (
            r#""serializers": ["json", "yaml"]"#,
            "serializers[1]",
            "unknown serializer; known are cbor, msgpack, json",
        ),
        (r#""serializers": ["json", 1]"#, "serializers[1]", "must be a string, not integer"),
        (r#""serializers": ["cbor.batched"]"#, "serializers[0]", "batches are switched on by"),
        (r#""serializer": "cbor""#, "serializer", "websocket has the key serializers instead"),
        // Options.
        (r#""options": []"#, "options", "must be a dict, not list"),
        (
            r#""options": {"autoPing": 1}"#,
            "options.autoPing",
            "unknown key; known are maxFramePayloadSize, maxMessagePayloadSize, ",
        ),
        (
            r#""options": {"maxMessagePayloadSize": 0}"#,
            "options.maxMessagePayloadSize",
            "must be 1 to 2147483647 bytes",
        ),
        (
            r#""options": {"max_frame_payload_size": "1"}"#,
            "options.max_frame_payload_size",
            "must be an integer, not string",
        ),
        (
            r#""options": {"openHandshakeTimeout": 0}"#,
            "options.openHandshakeTimeout",
            "more than 0 seconds",
        ),
        (
            r#""options": {"autoPingInterval": -1}"#,
            "options.autoPingInterval",
            "must be 0 to 31536000 seconds",
        ),
        (
            r#""options": {"auto_ping_timeout": 1e300}"#,
            "options.auto_ping_timeout",
            "must be 0 to 31536000 seconds",
        ),
        (
            r#""options": {"autoPingInterval": 1, "auto_ping_interval": 2}"#,
            "options.auto_ping_interval",
            "twice, also as autoPingInterval",
        ),
        (
            r#""options": {"perMessageCompressionOffers": [{}]}"#,
            "options.perMessageCompressionOffers",
            "a dict cannot have it, because its values are objects; use perMessageDeflate",
        ),
        (
            r#""options": {"autoFragmentSize": -1}"#,
            "options.autoFragmentSize",
            "must be 0 to 2147483647 bytes",
        ),
        (r#""options": {"autoPingSize": 11}"#, "options.autoPingSize", "must be 12 to 125 bytes"),
        (r#""options": {"auto_ping_size": 126}"#, "options.auto_ping_size", "12 to 125 bytes"),
        (
            r#""options": {"autoPingRestartOnAnyTraffic": 1}"#,
            "options.autoPingRestartOnAnyTraffic",
            "must be true or false",
        ),
        (r#""options": {"tcp_no_delay": false}"#, "options.tcp_no_delay", "only be true"),
        (r#""options": {"failByDrop": 1}"#, "options.failByDrop", "true or false"),
        (r#""options": {"version": 8}"#, "options.version", "RFC 6455"),
        (r#""options": {"webStatus": true}"#, "options.webStatus", "an option of servers"),
        // Proxy.
        (r#""proxy": "10.0.0.1:8080""#, "proxy", "must be a dict, not string"),
        (r#""proxy": {"host": "h"}"#, "proxy.port", "missing"),
        (r#""proxy": {"port": 1}"#, "proxy.host", "missing"),
        (r#""proxy": {"host": "h", "port": 65536}"#, "proxy.port", "must be 1 to 65535"),
        (r#""proxy": {"host": "h", "port": "80"}"#, "proxy.port", "must be an integer"),
        (r#""proxy": {"host": "a b", "port": 80}"#, "proxy.host", "' ' cannot be in a host"),
        (r#""proxy": {"host": "h", "port": 1, "type": "ftp"}"#, "proxy.type", "\"socks5\""),
        (r#""proxy": {"host": "h", "port": 1, "user": "u"}"#, "proxy.user", "unknown key"),
        (
            r#""proxy": {"host": "h", "port": 1, "username": "u"}"#,
            "proxy.password",
            "missing beside the username",
        ),
        (
            r#""proxy": {"host": "h", "port": 1, "password": "p"}"#,
            "proxy.username",
            "missing beside the password",
        ),
        // Headers.
        (r#""headers": ["X: y"]"#, "headers", "must be a dict, not list"),
        (r#""headers": {"X-A": 1}"#, "headers.X-A", "must be a string, not integer"),
        (r#""headers": {"X A": "1"}"#, "headers.X A", "is not the name of a header"),
        (r#""headers": {"X": "a\nb"}"#, "headers.X", "control characters"),
        (r#""headers": {"Upgrade": "h2c"}"#, "headers.Upgrade", "belongs to the handshake"),
        // Retries.
        (r#""max_retries": -2"#, "max_retries", "must be -1 to 4294967295"),
        (r#""max_retries": 1.5"#, "max_retries", "must be an integer, not float"),
        (r#""initial_retry_delay": "1""#, "initial_retry_delay", "must be a number, not string"),
        (r#""max_retry_delay": -0.1"#, "max_retry_delay", "must be 0 to 31536000 seconds"),
        (r#""retry_delay_growth": 0.5"#, "retry_delay_growth", "must be 1 to 1000"),
        (r#""retry_delay_jitter": 1.5"#, "retry_delay_jitter", "must be 0 to 1"),
    ] {
        let error = refused(format!("[{}]", with(more)));
        assert_eq!(error.path, format!("[0].{path}"), "{more}: {error}");
        assert!(error.message.contains(text), "{more}: {error}");
    }
    let error = refused(r#"{"url": "ws://h/", "initial_retry_delay": "1}"#);
    assert_eq!(error.path, "");
    assert!(error.message.contains("not valid JSON"), "{error}");
}

#[test]
fn the_key_of_an_endpoint_is_told() {
    for (more, path, text) in [
        (
            r#""foo": 1"#,
            "foo",
            "unknown key; known are type, host, port, path, timeout, version, tls",
        ),
        (r#""path": "/run/x""#, "path", "by an endpoint of type tcp"),
        (r#""host": "ex ample""#, "host", "' ' cannot be in a host name"),
        (r#""host": "[::1""#, "host", "cannot be in a host name"),
        (r#""host": """#, "host", "missing"),
        (r#""host": null"#, "host", "missing"),
        (r#""host": "abc.onion""#, "host", "socks5"),
        (r#""port": 0"#, "port", "must be 1 to 65535"),
        (r#""port": null"#, "port", "missing"),
        (r#""timeout": 0"#, "timeout", "more than 0 seconds"),
        (r#""version": 5"#, "version", "must be 4 or 6"),
        (r#""type": "udp""#, "type", r#"must be "tcp" or "unix""#),
        (r#""type": null"#, "type", "missing"),
        (r#""type": "unix""#, "host", "by an endpoint of type unix"),
        (r#""tls": 1"#, "tls", "must be true, false or a dict"),
        (r#""tls": false"#, "tls", "it is false, but the URL asks for TLS"),
        (r#""tls": {"foo": 1}"#, "tls.foo", "known are hostname, trust_root, certificate, key"),
        (r#""tls": {"hostname": 1}"#, "tls.hostname", "must be a string"),
        (r#""tls": {"certificate": "x"}"#, "tls.key", "missing beside the certificate"),
        (r#""tls": {"key": "x"}"#, "tls.certificate", "missing beside the key"),
    ] {
        // The second of two; the last of two equal keys counts.
        let error = refused(format!(r#"["ws://h/", {}]"#, endpoint(more)));
        assert_eq!(error.path, format!("[1].endpoint.{path}"), "{more}: {error}");
        assert!(error.message.contains(text), "{more}: {error}");
    }
    for (endpoint, path, text) in [
        (r#"{"type": "unix"}"#, "path", "missing"),
        (r#"{"type": "unix", "path": ""}"#, "path", "the path of the unix socket is empty"),
        (r#"{"type": "unix", "path": "/x", "tls": true}"#, "tls", "by an endpoint of type unix"),
        (
            r#"{"type": "unix", "path": "/x", "version": 4}"#,
            "version",
            "by an endpoint of type unix",
        ),
        (r#"{"type": "tcp", "host": "h", "port": 1, "tls": true}"#, "tls", "begin with wss://"),
    ] {
        let error = refused(with(&format!(r#""endpoint": {endpoint}"#)));
        assert_eq!(error.path, format!("[0].endpoint.{path}"), "{endpoint}: {error}");
        assert!(error.message.contains(text), "{endpoint}: {error}");
    }
}

#[test]
fn urls_are_read_by_their_scheme() {
    for (url, text) in [
        ("http://h/", "one of ws, wss, rs and rss; write ws://"),
        ("https://h/", "one of ws, wss, rs and rss; write wss://"),
        ("tcp://h:1", "the scheme \"tcp\" is not one of ws, wss, rs and rss; write rs://"),
        ("mqtt://h", "the scheme \"mqtt\" is not one of ws, wss, rs and rss"),
        ("p:w://h", "the scheme is not one of ws, wss, rs and rss"),
        ("h:8080", "must begin with ws:// or wss://, or rs:// or rss://"),
        (r#"{"type": "websocket", "url": "mqtt://h"}"#, "neither ws nor wss"),
        (
            r#"{"type": "websocket", "url": "rs://h:1"}"#,
            "the type of the transport is \"websocket\"; let that be \"rawsocket\"",
        ),
        ("", "must begin with ws://"),
        ("ws://h/#x", "fragment"),
        ("ws://h:0/", "port 0 is out of range (1 to 65535)"),
        ("rs://h/path", "no path, query or fragment"),
        ("rs://h:99999", "is not a port"),
        ("rs://unix:run", "must be absolute, as in rs://unix:/"),
        ("rss://unix:/run/x", "TLS over a unix socket"),
    ] {
        let error = refused(url);
        assert_eq!(error.path, "[0].url", "{url}: {error}");
        assert!(error.message.contains(text), "{url}: {error}");
        // Errors do not repeat it, as it may hold a password.
        let error = refused("ws://user:rosebud@h/");
        assert!(!error.to_string().contains("rosebud"), "{error}");
    }
}

#[test]
fn raw_sockets_are_read() {
    for url in ["rs://127.0.0.1:8080", "RS://h", "rs://[::1]:7", "rs+unix:///run/x"] {
        assert_eq!(accepted(url), 1);
        assert_eq!(accepted(["ws://h/", url]), 2);
    }
    if cfg!(unix) {
        assert_eq!(accepted("rs://unix:/run/x"), 1);
    }
    let raw = |more: &str| format!(r#"{{"type": "rawsocket", {more}}}"#);
    for more in [
        r#""url": "rs://h:1""#,
        r#""url": "rs://h:1", "serializer": "json", "max_retries": 3"#,
        // As Autobahn takes them.
        r#""url": "ws://h:1""#,
        r#""url": "ws://unix:/run/x""#,
        r#""endpoint": {"type": "unix", "path": "/run/with space"}"#,
        r#""endpoint": {"type": "tcp", "host": "h", "port": 1, "timeout": 2}"#,
        r#""url": null, "endpoint": {"type": "tcp", "host": "::1", "port": 1, "version": 6}"#,
        r#""url": "rs://h", "options": {"maxMessagePayloadSize": 1048576, "tcpNoDelay": true}"#,
        r#""url": "rs://h", "options": {"openHandshakeTimeout": 2, "close_handshake_timeout": 1}"#,
        r#""url": "rs://h", "options": {"autoPingInterval": 2, "autoPingTimeout": 0}"#,
        r#""url": "rs://h", "options": {"autoPingInterval": 0, "autoPingSize": 12}"#,
        r#""url": "rs://h", "proxy": {"host": "h", "port": 1, "type": "socks5"}"#,
    ] {
        assert_eq!(accepted(raw(more)), 1, "{more}");
    }
    for (more, path, text) in [
        ("\"serializer\": \"cbor\"", "url", "missing"),
        (r#""url": "rs://h", "serializers": ["cbor"]"#, "serializers", "rawsocket has the key"),
        (r#""url": "rs://h", "serializer": ["cbor"]"#, "serializer", ""),
        (r#""url": "rs://h", "serializer": "ubjson""#, "serializer", ""),
        (r#""url": "rs://h", "headers": {"X": "y"}"#, "headers", "not supported by RawSocket"),
        (r#""url": "http://h""#, "url", "neither rs nor rss"),
        (r#""url": "ws://h:1/ws""#, "url", "no path, query or fragment; use rs://h:1"),
        (r#""url": "wss://unix:/run/x""#, "url", "TLS over a unix socket"),
        (
            r#""url": "rss://h", "endpoint": {"type": "unix", "path": "/x"}"#,
            "endpoint",
            "TLS over a unix socket",
        ),
        (
            r#""url": "rs://h", "endpoint": {"type": "tcp", "host": "h", "port": 1, "tls": true}"#,
            "endpoint.tls",
            "begin with rss://",
        ),
        (
            r#""url": "rs://h", "options": {"maxMessagePayloadSize": 511}"#,
            "options.max_message_payload_size",
            "512 to 16777216",
        ),
        (
            r#""url": "rs://h", "options": {"max_message_payload_size": 16777217}"#,
            "options.max_message_payload_size",
            "512 to 16777216",
        ),
        (
            r#""url": "rs://h", "options": {"autoPingTimeout": 1}"#,
            "options.auto_ping_timeout",
            "only if there is an auto_ping_interval",
        ),
        (
            r#""url": "rs://h", "options": {"maxFramePayloadSize": 1000}"#,
            "options.maxFramePayloadSize",
            "not supported by RawSocket; known are maxMessagePayloadSize, openHandshakeTimeout, \
             closeHandshakeTimeout, autoPingInterval, autoPingTimeout",
        ),
        (
            r#""url": "rs://h", "options": {"applyMask": true}"#,
            "options.applyMask",
            "not supported by RawSocket",
        ),
        (r#""url": "rs://h", "options": {"nonsense": 1}"#, "options.nonsense", "known are max"),
    ] {
        let error = refused(raw(more));
        assert_eq!(error.path, format!("[0].{path}"), "{more}: {error}");
        assert!(error.message.contains(text), "{more}: {error}");
    }
}

#[cfg(feature = "tls")]
#[test]
fn raw_sockets_have_tls_where_it_is_asked_for() {
    for text in [
        r#""RSS://h""#,
        r#"{"type": "rawsocket", "url": "wss://h:1"}"#,
        r#"{"url": "rss://h", "endpoint": {"type": "tcp", "host": "x", "port": 1, "tls": true}}"#,
        r#"{"type": "rawsocket", "endpoint": {"type": "tcp", "host": "x", "port": 1, "tls": {}}}"#,
    ] {
        assert_eq!(accepted(text), 1, "{text}");
    }
    let plain = r#"{"url": "rss://h", "endpoint":
        {"type": "tcp", "host": "x", "port": 1, "tls": false}}"#;
    assert_eq!(refused(plain).path, "[0].endpoint.tls");
}

#[test]
fn all_forms_are_taken() {
    assert_eq!(accepted("ws://127.0.0.1:8080/ws"), 1);
    assert_eq!(accepted("wss://[::1]/ws?x=1".to_owned()), 1);
    assert_eq!(accepted(r#""ws://h/""#), 1);
    assert_eq!(accepted(["ws://a/", "ws://b/"]), 2);
    assert_eq!(accepted(vec![TransportConfig::new("ws://a/"); 3]), 3);
    assert_eq!(accepted(r#"["ws://a/", {"url": "ws://b/"}]"#), 2);
    assert_eq!(accepted(Value::from(Dict::from([("url", "ws://b/")]))), 1);
    for host in ["::1", "[::1]", "router.example", "127.0.0.1"] {
        assert_eq!(accepted(endpoint(&format!(r#""host": {host:?}"#))), 1);
    }
    // An empty list connects to nothing.
    assert!(refused("[]").message.contains("at least one transport"));
    assert!(refused(Vec::<String>::new()).message.contains("at least one transport"));
    for value in [Value::Null, Value::Int(1), Value::Bool(true)] {
        assert!(refused(value).message.contains("must be a URL, a dict, or a list of them"));
    }
    // The index is that among all.
    let error = refused(["[\"ws://a/\", \"ws://b/\"]", "[\"ws://c/\", \"http://d/\"]"]);
    assert_eq!(error.path, "[3].url");
    // Nested lists are none of Autobahn's.
    assert_eq!(refused(r#"[["ws://a/"]]"#).path, "[0]");
}

#[test]
fn what_is_typed_is_checked_as_well() {
    let one = || TransportConfig::websocket("ws://127.0.0.1:9/ws");
    let year = Duration::from_secs(366 * 86_400);
    for (config, path) in [
        (one().retry_delay_growth(f64::NAN), "retry_delay_growth"),
        (one().retry_delay_jitter(-0.1), "retry_delay_jitter"),
        (one().initial_retry_delay(year), "initial_retry_delay"),
        (one().max_retry_delay(year), "max_retry_delay"),
        (one().serializers(&[]), "serializers"),
        (
            one().max_retry_delay(Duration::ZERO).initial_retry_delay(Duration::from_secs(1)),
            "initial_retry_delay",
        ),
        (one().header("X\r\nY", "y"), r"headers.X\r\nY"),
        (one().connect_timeout(Duration::ZERO), "endpoint.timeout"),
        (one().tls(Tls::new()), "endpoint.tls"),
        (one().endpoint(Endpoint::tcp("h", 0)), "endpoint.port"),
        (one().endpoint(Endpoint::unix("")), "endpoint.path"),
        (one().endpoint(Endpoint::unix("/x")).ip_version(IpVersion::V4), "endpoint.version"),
        (one().endpoint(Endpoint::unix("/x")).proxy(Proxy::http("h", 1)), "proxy"),
        (one().proxy(Proxy::socks5("", 1)), "proxy.host"),
        (one().proxy(Proxy::http("h", 0)), "proxy.port"),
        (one().header("Host", "h"), "headers.Host"),
        (
            one().options(WebSocketOptions::new().max_message_payload_size(0)),
            "options.max_message_payload_size",
        ),
        (
            one().options(WebSocketOptions::new().close_handshake_timeout(Duration::ZERO)),
            "options.close_handshake_timeout",
        ),
        (one().options(WebSocketOptions::new().auto_ping_size(126)), "options.auto_ping_size"),
        (
            one().options(WebSocketOptions::new().auto_fragment_size(1 << 31)),
            "options.auto_fragment_size",
        ),
        (TransportConfig::rawsocket("http://h"), "url"),
        (TransportConfig::rawsocket("rs://h").header("X", "y"), "headers"),
        (TransportConfig::rawsocket("rs://h").serializers(&Serializer::ALL), "serializer"),
        (TransportConfig::rawsocket("rs://h").batched(true), "batched"),
        (TransportConfig::rawsocket("rs://h").tls(Tls::new()), "endpoint.tls"),
        (TransportConfig::rawsocket(""), "url"),
        (TransportConfig::websocket("rs://h"), "url"),
        (
            TransportConfig::rawsocket("rs://h")
                .options(WebSocketOptions::new().max_frame_payload_size(1)),
            "options.max_frame_payload_size",
        ),
        (
            TransportConfig::rawsocket("rs://h")
                .options(WebSocketOptions::new().server_connection_drop_timeout(year)),
            "options.server_connection_drop_timeout",
        ),
    ] {
        let error = config.connector().err().unwrap_or_else(|| panic!("not refused: {config:?}"));
        assert_eq!(error.path, path, "{error}");
    }
}

#[test]
fn secrets_do_not_show() {
    let config = TransportConfig::websocket("wss://h/")
        .header("Authorization", "Bearer rosebud")
        .proxy(Proxy::http("p", 1).credentials("me", "rosebud"))
        .tls(Tls::new().certificate("/none", "rosebud"));
    assert!(!format!("{config:?}").contains("rosebud"));
    let error = config.connector().err().unwrap();
    assert!(!error.to_string().contains("rosebud"), "{error}");
}

#[test]
fn retry_keys_become_the_policy() {
    let text = with(
        r#""max_retries": 3, "initial_retry_delay": 0.25, "max_retry_delay": 8,
           "retry_delay_growth": 2, "retry_delay_jitter": 0"#,
    );
    let config = TransportConfig::from_json(&text).unwrap();
    let retry = config.retry_policy().unwrap();
    assert_eq!((retry.max_retries, retry.growth, retry.jitter), (Some(3), 2.0, 0.0));
    assert_eq!(retry.initial_delay, Duration::from_millis(250));
    assert_eq!(retry.max_delay, Duration::from_secs(8));
    let config = TransportConfig::from_json(&with(r#""max_retries": -1"#)).unwrap();
    assert_eq!(config.retry_policy().unwrap().max_retries, None);
    assert_eq!(TransportConfig::from_json(r#""ws://h/""#).unwrap().retry_policy(), None);
}

/// Any JSON, most of it made of the keys and values that mean something.
fn json() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::Value as Json;
    let key = prop::sample::select(vec![
        "type",
        "url",
        "endpoint",
        "serializers",
        "serializer",
        "options",
        "proxy",
        "headers",
        "max_retries",
        "max_retry_delay",
        "host",
        "port",
        "path",
        "tls",
        "timeout",
        "version",
        "hostname",
        "trust_root",
        "certificate",
        "key",
        "username",
        "password",
        "autoPingInterval",
        "max_message_payload_size",
        "\u{0}",
        "ключ",
    ]);
    let word = prop::sample::select(vec![
        "websocket",
        "rawsocket",
        "tcp",
        "unix",
        "ws://127.0.0.1:1/",
        "wss://h/",
        "rs://h:1",
        "ws://unix:/x",
        "cbor",
        "json",
        "h",
        "socks5",
        "/dev/null",
        "-----BEGIN",
        "",
    ]);
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        (0..70_000i64).prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        word.prop_map(Json::from),
        "\\PC*".prop_map(Json::from),
    ];
    leaf.prop_recursive(4, 64, 8, move |inner| {
        let key = prop_oneof![4 => key.clone().prop_map(str::to_owned), 1 => "\\PC*"];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::vec((key, inner), 0..8)
                .prop_map(|entries| entries.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn nonsense_is_refused_and_never_a_panic(json in json(), text in "\\PC*") {
        let value: Value = serde_json::from_value(json.clone()).unwrap();
        let from_value = (&value).into_transports().map(|all| all.len());
        prop_assert_eq!(json.to_string().into_transports().map(|all| all.len()).is_ok(),
            from_value.is_ok());
        if let Err(error) = from_value {
            prop_assert!(!error.message.is_empty());
        }
        let _ = text.as_str().into_transports();
        let _ = TransportConfig::websocket(text.clone()).header(&text, &text).connector();
    }
}
