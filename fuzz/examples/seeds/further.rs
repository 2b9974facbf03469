//! Seeds of the targets for clients, listeners and settings.

/// An octet of choices, then CHALLENGE.Extra in JSON.
pub const SCRAM: &[(&str, &str)] = &[
    (
        "spec",
        "\u{1}{\"nonce\":\"NONCEx\",\"salt\":\"c2FsdHNhbHQ=\",\"kdf\":\"pbkdf2\",\"iterations\":4096}",
    ),
    (
        "argon2",
        "\u{1}{\"nonce\":\"NONCEx\",\"salt\":\"c2FsdHNhbHQ=\",\"kdf\":\"argon2id13\",\"iterations\":1,\"memory\":16384}",
    ),
    (
        "autobahn",
        "\u{2}{\"nonce\":\"NONCEx\",\"salt\":\"c2FsdHNhbHQ=\",\"kdf\":\"argon2id-13\",\"iterations\":2,\"memory\":512}",
    ),
    (
        "too_much",
        "\u{1}{\"nonce\":\"NONCEx\",\"salt\":\"c2FsdHNhbHQ=\",\"kdf\":\"argon2id13\",\"iterations\":4294967295,\"memory\":4294967295}",
    ),
    ("no_nonce", "\u{1}{\"nonce\":\"other\",\"salt\":\"\",\"kdf\":\"x\"}"),
    ("binding", "\u{1}{\"nonce\":\"NONCEx\",\"channel_binding\":\"tls-exporter\"}"),
];

/// CHALLENGE.Extra in JSON.
pub const CRA: &[(&str, &str)] = &[
    ("plain", r#"{"challenge":"{\"nonce\":1}"}"#),
    ("salted", r#"{"challenge":"x","salt":"ab","iterations":1000,"keylen":32}"#),
    (
        "much",
        r#"{"challenge":"x","salt":"ab","iterations":18446744073709551615,"keylen":4294967295}"#,
    ),
    ("none", r#"{"challenge":"x","salt":"ab","iterations":0,"keylen":0}"#),
    ("types", r#"{"challenge":1,"salt":[]}"#),
];

pub const KEYS: &[(&str, &str)] = &[
    ("hex", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n"),
    (
        "keyfile",
        "private-key-ed25519: 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\npublic-key-ed25519: 00\n",
    ),
    (
        "openssh",
        "\
-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW
QyNTUxOQAAACBtsjSKTCfbNbIt9Hgrv3Jnwa/psDxL7zji7lko1DhnZAAAAJiTzBVzk8wV
cwAAAAtzc2gtZWQyNTUxOQAAACBtsjSKTCfbNbIt9Hgrv3Jnwa/psDxL7zji7lko1DhnZA
AAAECSSHctqcaneJy5FYVyUdSP2gFiJW40UKgVnA0Ap7HDYG2yNIpMJ9s1si30eCu/cmfB
r+mwPEvvOOLuWSjUOGdkAAAADndhbXB3ZXJrIHRlc3RzAQIDBAUGBw==
-----END OPENSSH PRIVATE KEY-----
",
    ),
    (
        "cut",
        "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n-----END OPENSSH PRIVATE KEY-----",
    ),
];

pub const SETTINGS: &[(&str, &str)] = &[
    ("url", r#""ws://127.0.0.1:8080/ws""#),
    (
        "transport",
        r#"{"type":"websocket","url":"wss://example.com/ws","serializers":["cbor","json"],"endpoint":{"type":"tcp","host":"example.com","port":443,"tls":true,"timeout":5},"options":{"maxMessagePayloadSize":1000,"perMessageDeflate":true}}"#,
    ),
    (
        "several",
        r#"[{"url":"rs://localhost:1","max_retries":-1},{"url":"ws://localhost","initial_retry_delay":0.5}]"#,
    ),
    (
        "authentication",
        r#"{"wampcra":{"authid":"peter","secret":"x"},"scram":{"authid":"peter","password":"x"},"cryptosign":{"privkey":"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}}"#,
    ),
    (
        "component",
        r#"{"realm":"realm1","transports":"ws://localhost/ws","authentication":{"ticket":{"ticket":"x","authid":"a"}}}"#,
    ),
    ("proxy", r#"{"url":"ws://localhost","proxy":{"host":"10.0.0.1","port":3128}}"#),
    ("wrong", r#"{"url":"ws://localhost","endpoint":{"port":0},"serializers":"x"}"#),
];

/// Kind and login, portions; then what a proxy answers.
pub const PROXIES: &[(&str, &[u8])] = &[
    ("http", b"\x01\x05HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\nbehind"),
    ("http_old", b"\x01\0HTTP/1.0 200\r\n\r\n"),
    ("http_login", b"\x01\x07HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\r\n"),
    ("http_refused", b"\x03\x03HTTP/1.1 502 Bad \x1b[31mGateway\r\n\r\n"),
    ("http_odd", b"\x01\x03HTTP/1.1 2x0 OK\r\n\r\n"),
    ("http_line_feeds", b"\x01\x03HTTP/1.1 200 OK\n\n"),
    ("socks5", b"\0\x05\x05\0\x05\0\0\x01\x7f\0\0\x01\0\x50behind"),
    ("socks5_login", b"\x02\x09\x05\x02\x01\0\x05\0\0\x03\x01a\0\x50"),
    ("socks5_refused", b"\0\x05\x05\0\x05\x05\0\x04"),
    ("socks5_tor", b"\0\x05\x05\0\x05\xf2\0\x01\0\0\0\0\0\0"),
    ("socks5_no_method", b"\0\x05\x05\xff"),
    ("socks4", b"\0\x05\x04\x5a"),
];

/// Settings, portions; then what a client sends.
pub const CLIENTS: &[(&str, &[u8])] = &[
    ("rawsocket", b"\0\x05\x7f\xf1\0\0\0\0\0\x0d[1,\"realm1\",{}]\x01\0\0\x01x"),
    ("rawsocket_long", b"\x20\x05\x7f\xf3\0\0\0\0\x03\xe9\x80"),
    ("rawsocket_unknown", b"\0\x05\x7f\xfe\0\0"),
    ("websocket", b"\x10\x07GET /ws?token=1 HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: wamp.2.json\r\n\r\n\x81\x83abcd\x3a\x53\x3e"),
    ("websocket_origin", b"\x0b\x07GET /ws HTTP/1.1\r\nHost: example.com\r\nOrigin: https://a.example.com\r\nX-Forwarded-For: 1.2.3.4\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: wamp.2.cbor.batched,wamp.2.cbor\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n\x82\x80abcd\xc2\x80abcd\x88\x80abcd"),
    ("websocket_long", b"\x20\x07GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: wamp.2.json\r\n\r\n\x81\xfe\x03\xe9abcd"),
    ("http", b"\0\x07GET /other HTTP/1.1\r\nHost: example.com\r\n\r\n"),
    ("neither", b"\0\x07\x16\x03\x01"),
];

/// Steps of a client: see the target.
pub const STEPS: &[(&str, &[u8])] = &[
    ("join_and_call", b"\0\x10\x01\x04\x01\x12\x12\0\x12\x13\0"),
    ("challenge", b"\0\x10\x03\x0d\x10\0\x03\x01\xff"),
    (
        "listeners",
        b"\0\x10\x01\x06\x07\x10\x0d\0\0\x10\x14\x01\x01\x10\x10\0\x10\x18\x01\x01\x0b\0\0",
    ),
    ("violation", b"\0\x10\x01\x04\x03\x02"),
    ("timeout", b"\0\x01\xff"),
    ("raw", b"\0\x10\x01\x0f\x08[17,1,2]\x02"),
];
