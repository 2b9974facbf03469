//! The client's side of the opening handshake: its request, and what it accepts as an answer (rules H1 to H7).

use wampwerk::internals::framing::websocket::handshake::{
    ClientRequest, HeadKind, HeadReader, Key, ResponseError,
};
use wampwerk::websocket::Deflate;

/// Key and answer of RFC 6455, section 1.3.
const KEY: [u8; 16] = *b"the sample nonce";
const ACCEPT: &str = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
const SWITCH: &str =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";

fn request() -> ClientRequest {
    ClientRequest {
        host: "example.com".to_owned(),
        resource: "/chat".to_owned(),
        ..ClientRequest::default()
    }
}

fn offering(protocols: &[&str], deflate: Option<Deflate>) -> ClientRequest {
    let protocols = protocols.iter().map(|&name| name.to_owned()).collect();
    ClientRequest { protocols, deflate, ..request() }
}

/// The verdict on a whole answer: protocol and extensions, or the error.
fn check(
    request: &ClientRequest,
    answer: &str,
) -> Result<(Option<String>, Vec<String>), ResponseError> {
    let mut reader = HeadReader::new(HeadKind::Response);
    let whole = reader.feed(answer.as_bytes()).map_err(ResponseError::Head)?;
    assert!(whole, "{answer:?}");
    let (response, behind) = reader.into_response().map_err(ResponseError::Head)?;
    assert_eq!(behind, b"");
    let agreement = request.check_response(&Key::new(KEY), &response)?;
    assert_eq!(agreement.deflate.is_some(), !agreement.extensions.is_empty());
    Ok((agreement.protocol, agreement.extensions))
}

#[test]
fn the_request_has_what_rfc_6455_wants_and_nothing_else() {
    let text = String::from_utf8(request().encode(&Key::new(KEY))).unwrap();
    let expected = "GET /chat HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\n\
                    Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    assert_eq!(text, expected);
}

#[test]
fn the_request_has_what_is_set() {
    let request = ClientRequest {
        host: "[::1]:9000".to_owned(),
        resource: "/a%20b?x=1&y".to_owned(),
        origin: Some("https://a.example".to_owned()),
        user_agent: Some("demo/1.0".to_owned()),
        protocols: vec!["one".to_owned(), "two".to_owned()],
        deflate: Some(Deflate::new()),
        headers: vec![("X-A".to_owned(), "1".to_owned()), ("x-a".to_owned(), "Jürgen".to_owned())],
    };
    request.check().unwrap();
    let text = String::from_utf8(request.encode(&Key::new(KEY))).unwrap();
    let lines: Vec<_> = text.split("\r\n").collect();
    assert_eq!(lines[..2], ["GET /a%20b?x=1&y HTTP/1.1", "Host: [::1]:9000"]);
    let expected = [
        "Sec-WebSocket-Protocol: one, two",
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
        "Origin: https://a.example",
        "User-Agent: demo/1.0",
        "X-A: 1",
        "x-a: Jürgen",
        "",
        "",
    ];
    assert_eq!(lines[6..], expected);
}

#[test]
fn parts_that_cannot_be_sent_are_refused_by_name() {
    let header = |name: &str, value: &str| ClientRequest {
        headers: vec![(name.to_owned(), value.to_owned())],
        ..request()
    };
    let host = |host: &str| ClientRequest { host: host.to_owned(), ..request() };
    let resource = |resource: &str| ClientRequest { resource: resource.to_owned(), ..request() };
    let odd = Some("a\r\nX: b".to_owned());
    for (request, path) in [
        (host(""), "host"),
        (host("a b"), "host"),
        (host("a/b"), "host"),
        (host("u@a"), "host"),
        (host("a\r\nX: b"), "host"),
        (resource(""), "resource"),
        (resource("ws"), "resource"),
        (resource("*"), "resource"),
        (resource("/#a"), "resource"),
        (resource("/a b"), "resource"),
        (resource("/ä"), "resource"),
        (resource("/\r\nX: b"), "resource"),
        (ClientRequest { origin: odd.clone(), ..request() }, "origin"),
        (ClientRequest { user_agent: odd, ..request() }, "user_agent"),
        (offering(&["a", ""], None), "protocols[1]"),
        (offering(&["a, b"], None), "protocols[0]"),
        (offering(&["ä"], None), "protocols[0]"),
        (offering(&["a", "b", "a"], None), "protocols[2]"),
        (header("", "x"), "headers."),
        (header("X A", "x"), "headers.X A"),
        (header("X:", "x"), "headers.X:"),
        (header("X\r\nY", "x"), "headers.X\\r\\nY"),
        (header("X", "a\0"), "headers.X"),
        (header("X", "a\n"), "headers.X"),
        (header("Host", "x"), "headers.Host"),
        (header("sec-websocket-key", "x"), "headers.sec-websocket-key"),
        (header("Sec-WebSocket-Anything", "x"), "headers.Sec-WebSocket-Anything"),
        (header("Connection", "x"), "headers.Connection"),
        (header("UPGRADE", "x"), "headers.UPGRADE"),
        (header("Content-Length", "1"), "headers.Content-Length"),
        (header("Transfer-Encoding", "chunked"), "headers.Transfer-Encoding"),
        (header("X", &"x".repeat(16 << 10)), "headers"),
    ] {
        let error = request.check().expect_err(path);
        assert_eq!(error.path, path, "{error}");
    }
}

#[test]
fn a_good_answer_is_accepted() {
    assert_eq!(check(&request(), &format!("{SWITCH}{ACCEPT}\r\n")), Ok((None, vec![])));
    // Case, white space and other headers do not count, nor does the reason phrase.
    let odd = format!(
        "HTTP/1.1 101 x\r\nupgrade: \t WebSocket \r\nCONNECTION:keep-alive\r\nconnection: upgrade,x\r\n\
         {}Date: now\r\n\r\n",
        ACCEPT.replace(": ", ":\t").replace("\r\n", "  \r\n")
    );
    assert_eq!(check(&request(), &odd), Ok((None, vec![])));
}

#[test]
fn h01_another_status_is_the_error() {
    for status in [100, 200, 204, 301, 401, 403, 404, 426, 500, 503, 999] {
        let answer = format!("HTTP/1.1 {status} Text\r\n{ACCEPT}\r\n");
        match check(&request(), &answer) {
            Err(ResponseError::Status(found)) => assert_eq!(found, status),
            other => panic!("{status}: {other:?}"),
        }
    }
    // Also of an old server.
    let old = check(&request(), "HTTP/1.0 403 Forbidden\r\n\r\n").unwrap_err();
    assert_eq!(old.to_string(), "the server answered HTTP 403 Forbidden");
    let answer = format!("{SWITCH}{ACCEPT}\r\n").replace("HTTP/1.1", "HTTP/1.0");
    assert_eq!(check(&request(), &answer), Err(ResponseError::Version));
}

#[test]
fn h02_upgrade_is_websocket_and_nothing_else() {
    for line in [
        "",
        "Upgrade: h2c\r\n",
        "Upgrade: \r\n",
        "Upgrade: websockets\r\n",
        "Upgrade: websocket, h2c\r\n",
        "Upgrade: websocket\r\nUpgrade: websocket\r\n",
    ] {
        let answer = format!("HTTP/1.1 101 x\r\nConnection: Upgrade\r\n{line}{ACCEPT}\r\n");
        assert_eq!(check(&request(), &answer), Err(ResponseError::Upgrade), "{line:?}");
    }
}

#[test]
fn h03_connection_has_the_token_upgrade() {
    let with = |lines: &str| {
        check(&request(), &format!("HTTP/1.1 101 x\r\nUpgrade: websocket\r\n{lines}{ACCEPT}\r\n"))
    };
    for lines in [
        "Connection: upgrade\r\n",
        "Connection: keep-alive, UPGRADE\r\n",
        "Connection: ,Upgrade ,\r\n",
        "Connection: keep-alive\r\nConnection: Upgrade\r\n",
    ] {
        assert_eq!(with(lines), Ok((None, vec![])), "{lines:?}");
    }
    for lines in
        ["", "Connection: close\r\n", "Connection: upgraded\r\n", "Connection: up grade\r\n"]
    {
        assert_eq!(with(lines), Err(ResponseError::Connection), "{lines:?}");
    }
}

#[test]
fn h04_the_accept_key_is_that_of_the_request_and_there_once() {
    let with = |lines: &str| check(&request(), &format!("{SWITCH}{lines}\r\n"));
    for (lines, part) in [
        (String::new(), "is missing"),
        (ACCEPT.repeat(2), "is repeated"),
        (ACCEPT.to_ascii_lowercase(), "is of another key"),
        (ACCEPT.replace("s3p", "s3q"), "is of another key"),
        (ACCEPT.replace('=', ""), "is of another key"),
        (ACCEPT.replace("Oo=", "O o="), "is of another key"),
        ("Sec-WebSocket-Accept:\r\n".to_owned(), "is of another key"),
    ] {
        let error = with(&lines).unwrap_err();
        assert!(matches!(error, ResponseError::Accept(_)), "{lines:?}: {error:?}");
        let text = error.to_string();
        assert!(text.contains("does not match the request") && text.contains(part), "{text}");
    }
    assert!(with(&ACCEPT.replace(": ", ": \t  ")).is_ok());
}

#[test]
fn h05_extensions_were_offered_and_none_comes_twice() {
    let with = |offer: Option<Deflate>, value: &str| {
        let line = format!("Sec-WebSocket-Extensions: {value}\r\n");
        check(&offering(&[], offer), &format!("{SWITCH}{ACCEPT}{line}\r\n"))
    };
    let (deflate, twice) =
        ("permessage-deflate", "\r\nSec-WebSocket-Extensions: permessage-deflate");
    for (offer, value, text) in [
        (None, deflate, "\"permessage-deflate\", which was not offered"),
        (None, "x-a", "\"x-a\", which was not offered"),
        (Some(Deflate::new()), "permessage-deflate, x-b", "\"x-b\", which was not offered"),
        (Some(Deflate::new()), &format!("{deflate}{twice}"), "twice"),
        (Some(Deflate::new()), "permessage-deflate; x=1", "x is unknown"),
        (Some(Deflate::new()), "permessage-deflate; client_max_window_bits=16", "16"),
        (Some(Deflate::new()), "permessage-deflate; ", "not a valid list"),
        (None, "a b", "not a valid list"),
        (None, "a;b=\"c", "not a valid list"),
        (None, "a;b=\"c d\"", "not a valid list"),
        (None, ";", "not a valid list"),
    ] {
        let error = with(offer, value).unwrap_err();
        assert!(matches!(error, ResponseError::Extensions(_)), "{value}: {error:?}");
        assert!(error.to_string().contains(text), "{value}: {error}");
    }
    let agreed = with(Some(Deflate::new()), "permessage-deflate ; client_max_window_bits = 9,");
    let expected = "permessage-deflate; client_max_window_bits=9".to_owned();
    assert_eq!(agreed, Ok((None, vec![expected])));
    assert_eq!(with(None, ""), Ok((None, vec![])));
    assert_eq!(with(Some(Deflate::new()), ""), Ok((None, vec![])));
}

#[test]
fn h06_the_subprotocol_is_one_of_the_offered_compared_octet_by_octet() {
    let with = |offered: &[&str], lines: &str| {
        check(&offering(offered, None), &format!("{SWITCH}{ACCEPT}{lines}\r\n"))
    };
    let line = |value: &str| format!("Sec-WebSocket-Protocol: {value}\r\n");
    for name in ["chat", "superchat"] {
        let agreed = Ok((Some(name.to_owned()), vec![]));
        assert_eq!(with(&["chat", "superchat"], &line(name)), agreed);
    }
    // None may be chosen: what that means is the application's decision.
    assert_eq!(with(&["chat"], ""), Ok((None, vec![])));
    for (offered, lines, chosen) in [
        (&[][..], line("chat"), "chat"),
        (&["chat"], line("Chat"), "Chat"),
        (&["chat"], line("chat2"), "chat2"),
        (&["chat"], line(""), ""),
        (&["chat", "b"], line("chat, b"), "chat, b"),
        (&["chat", "b"], line("chat") + &line("b"), "chat, b"),
        (&["chat"], line("chat").repeat(2), "chat, chat"),
    ] {
        let error = Err(ResponseError::Protocol { chosen: chosen.to_owned() });
        assert_eq!(with(offered, &lines), error, "{lines:?}");
    }
}

#[test]
fn h07_octets_behind_the_head_are_the_first_frames() {
    let head = format!("{SWITCH}{ACCEPT}\r\n");
    let frames = [0x81, 0x02, b'\r', b'\n', 0x88, 0x00];
    let all = [head.as_bytes(), &frames].concat();
    for cut in 0..=all.len() {
        let mut reader = HeadReader::new(HeadKind::Response);
        let first = reader.feed(&all[..cut]).unwrap();
        assert_eq!(first, cut >= head.len());
        assert!(reader.feed(&all[cut..]).unwrap());
        let (response, behind) = reader.into_response().unwrap();
        assert_eq!(response.headers().len(), 3);
        assert_eq!(behind, frames, "{cut}");
    }
}
