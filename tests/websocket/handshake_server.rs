//! The server's side of the opening handshake: which requests are valid, and the answers (rules H10 to H22).

use wampwerk::internals::framing::websocket::handshake::{
    HeadKind, HeadReader, Offer, Refusal, RequestError, check, check_field, check_host, encode,
    host_of,
};

/// The head of a valid request.
const GOOD: &str = "GET /chat?a=b HTTP/1.1\r\nHost: example.com:8000\r\nUpgrade: websocket\r\n\
                    Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
                    Sec-WebSocket-Version: 13\r\n\r\n";
const HOST: &str = "Host: example.com:8000\r\n";
const UPGRADE: &str = "Upgrade: websocket\r\n";
const CONNECTION: &str = "Connection: Upgrade\r\n";
const KEY: &str = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
const VERSION: &str = "Sec-WebSocket-Version: 13\r\n";

fn read(head: &str) -> Result<http::Request<()>, RequestError> {
    let mut reader = HeadReader::new(HeadKind::Request);
    let whole = reader.feed(head.as_bytes()).map_err(RequestError::Head)?;
    assert!(whole, "{head:?}");
    Ok(reader.into_request().map_err(RequestError::Head)?.0)
}

fn decide(head: &str) -> Result<Offer, RequestError> {
    let request = read(head)?;
    let offer = check(&request)?;
    check_host(&request)?;
    Ok(offer)
}

/// The valid request with other lines in place of one.
fn with(line: &str, lines: &str) -> String {
    assert!(GOOD.contains(line));
    GOOD.replace(line, lines)
}

#[track_caller]
fn refused(head: &str, status: u16, text: &str) {
    let error = decide(head).expect_err(head);
    assert_eq!(error.status(), status, "{head:?}: {error}");
    assert!(error.to_string().contains(text), "{head:?}: {error}");
}

#[test]
fn the_sample_of_the_rfc_is_accepted() {
    let head = with(
        VERSION,
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: chat, superchat\r\n\
         Origin: http://example.com\r\n",
    );
    let offer = decide(&head).unwrap();
    assert_eq!(offer.key.accept(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert_eq!(offer.protocols, ["chat", "superchat"]);
    assert!(offer.extensions.is_empty());
    let answer = String::from_utf8(encode(&offer.accept(Some("chat"), None).unwrap())).unwrap();
    let expected = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\
                    Upgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
                    Sec-WebSocket-Protocol: chat\r\n\r\n";
    assert_eq!(answer, expected);
}

#[test]
fn h10_only_get() {
    for method in ["POST", "HEAD", "get", "PUT", "OPTIONS", "BREW", "G\u{21}T"] {
        refused(&GOOD.replace("GET ", &format!("{method} ")), 405, "only GET");
    }
    refused("CONNECT example.com:80 HTTP/1.1\r\nHost: example.com\r\n\r\n", 405, "only GET");
}

#[test]
fn h11_http_1_1_is_needed() {
    refused(&GOOD.replace("HTTP/1.1", "HTTP/1.0"), 505, "HTTP/1.1 is needed");
    for version in ["0.9", "1.2", "2.0", "3.0"] {
        refused(&GOOD.replace("HTTP/1.1", &format!("HTTP/{version}")), 505, version);
    }
    refused("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "the HTTP version is 2.0");
}

#[test]
fn h12_host_is_there_once() {
    refused(&with(HOST, ""), 400, "Host");
    refused(&with(HOST, &HOST.repeat(2)), 400, "Host");
    for host in ["", "a, b", "a b", "u@a", "a/b", "a:b", "a:99999", "a:+1", ":80"] {
        refused(&with(HOST, &format!("Host: {host}\r\n")), 400, "Host");
    }
    for (host, expected) in [
        ("a", ("a", None)),
        ("A.example:80", ("A.example", Some(80))),
        ("[::1]", ("[::1]", None)),
        ("[::1]:9000", ("[::1]", Some(9000))),
    ] {
        let head = with(HOST, &format!("hOST:  {host} \r\n"));
        decide(&head).unwrap();
        assert_eq!(host_of(&read(&head).unwrap()), Some(expected));
    }
}

#[test]
fn h13_upgrade_and_connection_ask_for_websocket() {
    for lines in [
        "upgrade: WebSocket\r\n",
        "Upgrade: h2c, websocket\r\n",
        "Upgrade: h2c\r\nUpgrade: websocket\r\n",
        "Upgrade: websocket\r\nUpgrade: websocket\r\n",
    ] {
        decide(&with(UPGRADE, lines)).expect(lines);
    }
    for lines in [
        "Connection: keep-alive, Upgrade\r\n",
        "Connection: keep-alive\r\nConnection: Upgrade\r\n",
        "connection: UPGRADE\r\n",
        "Connection:,,upgrade\r\n",
    ] {
        decide(&with(CONNECTION, lines)).expect(lines);
    }
    let missing = "Connection: Upgrade";
    refused(&with(UPGRADE, ""), 426, missing);
    refused(&with(UPGRADE, "Upgrade: websockets\r\n"), 426, missing);
    refused(&with(UPGRADE, "Upgrade: web socket\r\n"), 426, missing);
    refused(&with(CONNECTION, ""), 426, missing);
    refused(&with(CONNECTION, "Connection: keep-alive\r\n"), 426, missing);
    refused("GET / HTTP/1.1\r\nHost: h\r\n\r\n", 426, missing);
    let response = Refusal::from(RequestError::Upgrade).response();
    assert_eq!(response.headers()["Upgrade"], "websocket");
    assert_eq!(response.headers()["Sec-WebSocket-Version"], "13");
}

#[test]
fn h14_the_version_is_13() {
    for version in ["8", "0", "013", "13, 8", "8, 13", "+13", "13.0", "", "1 3", "14"] {
        let head = with(VERSION, &format!("Sec-WebSocket-Version: {version}\r\n"));
        refused(&head, 426, "Sec-WebSocket-Version: 13");
    }
    refused(&with(VERSION, ""), 426, "Sec-WebSocket-Version: 13");
    refused(&with(VERSION, &VERSION.repeat(2)), 400, "more than once");
    // White space around a value is not a part of it.
    decide(&with(VERSION, "Sec-WebSocket-Version: \t 13 \r\n")).unwrap();
}

#[test]
fn h15_the_key_is_16_octets_in_base64_and_there_once() {
    refused(&with(KEY, ""), 400, "Sec-WebSocket-Key");
    refused(&with(KEY, &KEY.repeat(2)), 400, "Sec-WebSocket-Key");
    for key in [
        "",
        "dGhlIHNhbXBsZSBub25j",
        "dGhlIHNhbXBsZSBub25jZQ",
        "dGhlIHNhbXBsZSBub25jZQ=",
        "dGhlIHNhbXBsZSBub25jZQ===",
        "dGhlIHNhbXBsZSBub25jZWE=",
        "dGhlIHNhbXBsZSBub25jZWFh",
        "dGhlIHNhbXBsZSBub25jZR==",
        "dGhlIHNhbXBsZSBub25jZf==",
        "dGhlIHNhbXBsZSBub25j-_==",
        "dGhlIHNhbXBsZSBub25jZQ= =",
        "dGhlIHNhbXBsZSBub25 jZQ==",
        "dGhlIHNhbXBsZSBub25jZQ==, dGhlIHNhbXBsZSBub25jZQ==",
        "========================",
        "dGhlIHNhbXBsZSBub25jZ\u{e4}==",
    ] {
        refused(&with(KEY, &format!("Sec-WebSocket-Key: {key}\r\n")), 400, "Sec-WebSocket-Key");
    }
    decide(&with(KEY, "Sec-WebSocket-Key:AAAAAAAAAAAAAAAAAAAAAA== \r\n")).unwrap();
    decide(&with(KEY, "Sec-WebSocket-Key: +//+//+//+//+//+//+//w==\r\n")).unwrap();
}

#[test]
fn h17_subprotocols_are_one_list_without_doubles() {
    let protocols = |lines: &str| decide(&with(VERSION, &format!("{VERSION}{lines}")));
    for (lines, expected) in [
        ("", &[][..]),
        ("Sec-WebSocket-Protocol:\r\n", &[]),
        ("Sec-WebSocket-Protocol: a\r\n", &["a"]),
        ("Sec-WebSocket-Protocol: a,b , c\r\nsec-websocket-protocol: A\r\n", &["a", "b", "c", "A"]),
        ("Sec-WebSocket-Protocol: ,a,,\r\n", &["a"]),
    ] {
        assert_eq!(protocols(lines).unwrap().protocols, expected);
    }
    for lines in [
        "Sec-WebSocket-Protocol: a, b, a\r\n",
        "Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: a\r\n",
        "Sec-WebSocket-Protocol: a b\r\n",
        "Sec-WebSocket-Protocol: \"a\"\r\n",
        "Sec-WebSocket-Protocol: \u{e4}\r\n",
    ] {
        refused(&with(VERSION, &format!("{VERSION}{lines}")), 400, "Sec-WebSocket-Protocol");
    }
    let offer = protocols("Sec-WebSocket-Protocol: a, b\r\n").unwrap();
    for other in ["c", "A", "", "a, b"] {
        assert!(offer.accept(Some(other), None).is_err(), "{other}");
    }
    let response = offer.accept(None, None).unwrap();
    assert!(!response.headers().contains_key("Sec-WebSocket-Protocol"));
    assert_eq!(offer.accept(Some("b"), None).unwrap().headers()["Sec-WebSocket-Protocol"], "b");
}

#[test]
fn h18_extensions_are_one_list_and_unknown_ones_stay_in_it() {
    let lines = "Sec-WebSocket-Extensions: x-webkit-deflate-frame, permessage-bzip2\r\n\
                 Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits; \
                 server_max_window_bits = \"10\",a;b=\"\\c\"\r\nsec-websocket-extensions:\r\n";
    let offer = decide(&with(VERSION, &format!("{VERSION}{lines}"))).unwrap();
    let expected = [
        "x-webkit-deflate-frame",
        "permessage-bzip2",
        "permessage-deflate; client_max_window_bits; server_max_window_bits=10",
        "a; b=c",
    ];
    assert_eq!(offer.extensions, expected);
    for value in ["a b", "a; ", "a;b c", "a=b", "a;b=", "a;b=\"", "a;b=\"c, d\"", "\u{e4}", "a;;b"]
    {
        let lines = format!("{VERSION}Sec-WebSocket-Extensions: {value}\r\n");
        refused(&with(VERSION, &lines), 400, "Sec-WebSocket-Extensions");
    }
    let value = "permessage-deflate".parse().unwrap();
    let response = offer.accept(None, Some(&value)).unwrap();
    assert_eq!(response.headers()["Sec-WebSocket-Extensions"], "permessage-deflate");
}

#[test]
fn h19_a_request_has_no_body() {
    for line in [
        "Content-Length: 1\r\n",
        "Content-Length: 0\r\nContent-Length: 5\r\n",
        "Content-Length: +0\r\n",
        "Content-Length: x\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Transfer-Encoding: identity\r\n",
    ] {
        refused(&with(HOST, &format!("{HOST}{line}")), 400, "no body");
    }
    decide(&with(HOST, &format!("{HOST}Content-Length: 0\r\n"))).unwrap();
}

#[test]
fn h20_the_path_of_an_absolute_target_counts() {
    for (target, path, host) in [
        ("/ws?a=b", "/ws", "example.com"),
        ("ws://other.example:81/ws?a=b", "/ws", "other.example"),
        ("http://other.example/ws?a=b", "/ws", "other.example"),
        ("wss://[::1]/ws?a=b", "/ws", "[::1]"),
    ] {
        let head = GOOD.replace("/chat?a=b", target);
        decide(&head).expect(target);
        let request = read(&head).unwrap();
        assert_eq!((request.uri().path(), request.uri().query()), (path, Some("a=b")), "{target}");
        assert_eq!(host_of(&request).unwrap().0, host, "{target}");
    }
    // Host is needed all the same.
    refused(&with(HOST, "").replace("/chat?a=b", "ws://h/ws"), 400, "Host");
    for target in ["chat", "ws:", "http://", "//", "/\u{7f}"] {
        let head = GOOD.replace("/chat?a=b", target);
        match decide(&head) {
            Err(error) => assert_eq!(error.status(), 400, "{target}: {error}"),
            Ok(_) => assert_eq!(target, "//"),
        }
    }
}

#[test]
fn h21_octets_behind_the_head_stay_and_a_second_request_is_not_read() {
    let frames = [0x81, 0x85, 1, 2, 3, 4, 5, 6, 7, 8, 9];
    for behind in [&frames[..], GOOD.as_bytes(), b"", b"\n", b"\r\n\r\n"] {
        let all = [GOOD.as_bytes(), behind].concat();
        for portion in [1, 2, 7, 100, all.len()] {
            let mut reader = HeadReader::new(HeadKind::Request);
            for part in all.chunks(portion) {
                let _ = reader.feed(part).unwrap();
            }
            let (request, found) = reader.into_request().unwrap();
            assert_eq!(found, behind);
            check(&request).unwrap();
        }
    }
}

#[test]
fn h22_applications_add_no_header_of_the_handshake_and_no_control_characters() {
    for (name, value) in
        [("Set-Cookie", "a=b"), ("X-Name", "J\u{fc}rgen"), ("Server", "demo/1.0"), ("x", "")]
    {
        assert_eq!(check_field(name, value), Ok(()), "{name}");
    }
    for (name, value, text) in [
        ("X", "a\rb", "control characters"),
        ("X", "a\nb", "control characters"),
        ("X", "a\0b", "control characters"),
        ("X", "a\x7fb", "control characters"),
        ("X\r\nY", "a", "not the name"),
        ("X Y", "a", "not the name"),
        ("X:", "a", "not the name"),
        ("\u{e4}", "a", "not the name"),
        ("", "a", "not the name"),
        ("Upgrade", "a", "belongs to the handshake"),
        ("connection", "a", "belongs to the handshake"),
        ("SEC-WEBSOCKET-ACCEPT", "a", "belongs to the handshake"),
        ("Sec-WebSocket-Protocol", "a", "belongs to the handshake"),
        ("Content-Length", "0", "belongs to the handshake"),
        ("Transfer-Encoding", "chunked", "belongs to the handshake"),
    ] {
        let error = check_field(name, value).expect_err(name);
        assert!(error.contains(text), "{name:?}: {error}");
    }
}

#[test]
fn refusals_have_a_body_a_length_and_close_the_connection() {
    for status in [400, 403, 404, 405, 408, 426, 431, 500, 503, 505] {
        let refusal = Refusal::new(status.try_into().unwrap(), "j\u{fc}st no");
        let response = refusal.response();
        let text = String::from_utf8(encode(&response)).unwrap();
        assert!(text.starts_with(&format!("HTTP/1.1 {status} ")), "{text}");
        assert!(text.ends_with("\r\n\r\n"), "{text}");
        for line in ["Content-Length: 9\r\n", "Content-Type: text/plain; charset=utf-8\r\n"] {
            assert!(text.contains(line), "{text}");
        }
        let connection = text.lines().find(|line| line.starts_with("Connection: ")).unwrap();
        assert!(connection.ends_with("close"), "{text}");
        assert_eq!(response.body(), "j\u{fc}st no\n");
        assert_eq!(text.contains("Upgrade: websocket\r\nSec-WebSocket-Version: 13"), status == 426);
        assert_eq!(text.contains("Allow: GET\r\n"), status == 405);
    }
}
