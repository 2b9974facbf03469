//! WebSocket's opening handshake: what is asked, answered and refused.

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use wampwerk::Serializer;
use wampwerk::error::AcceptError;
use wampwerk::error::ConnectError;
use wampwerk::transport::Acceptor;
use wampwerk::transport::{Connector, Endpoint, WampWebSocketClientFactory};

use crate::common::websocket::{
    accept_one, client, listen, raw_request, raw_server, read_head, request, server, switching,
};

#[tokio::test]
async fn the_clients_order_decides_among_what_the_server_speaks() {
    let (listener, url) = listen().await;
    let config = Acceptor::websocket("/ws", &[Serializer::Json, Serializer::MsgPack]);
    let accepted = accept_one(listener, config);
    let order = [Serializer::Cbor, Serializer::MsgPack, Serializer::Json, Serializer::MsgPack];
    let end = client(&url, &order).connect().await.unwrap();
    assert_eq!(end.info().serializer, Serializer::MsgPack);
    assert_eq!(accepted.await.unwrap().unwrap().info().serializer, Serializer::MsgPack);
}

#[tokio::test]
async fn no_common_serializer_is_refused_with_400() {
    let (listener, url) = listen().await;
    let accepted = accept_one(listener, Acceptor::websocket("/ws", &[Serializer::Cbor]));
    let error = client(&url, &[Serializer::Json]).connect().await.err().unwrap();
    assert!(matches!(error, ConnectError::Handshake { .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains("400 Bad Request"), "{text}");
    assert!(text.contains("no common subprotocol; this router speaks wamp.2.cbor"), "{text}");
    let error = accepted.await.unwrap().err().unwrap();
    assert!(matches!(error, AcceptError::Refused { status: 400, .. }), "{error}");
}

#[tokio::test]
async fn requests_that_cannot_be_served_get_a_status_and_a_text() {
    let cases = [
        (request("/ws", ""), 400, "no common subprotocol"),
        (request("/ws", "Sec-WebSocket-Protocol: chat, wamp.2.xml\r\n"), 400, "no common"),
        (request("/other", "Sec-WebSocket-Protocol: wamp.2.json\r\n"), 404, "at this path"),
        ("GET /ws HTTP/1.1\r\nHost: h\r\n\r\n".to_owned(), 426, "connect by WebSocket"),
        ("POST /ws HTTP/1.1\r\nHost: h\r\n\r\n".to_owned(), 405, "only GET"),
        ("GET /ws HTTP/1.0\r\nHost: h\r\n\r\n".to_owned(), 505, "HTTP version"),
        ("\x16\x03\x01 no HTTP at all\r\n\r\n".to_owned(), 400, "not HTTP but TLS"),
        (format!("GET /ws HTTP/1.1\r\nX: {}", "x".repeat(16 << 10)), 431, "longer than"),
    ];
    for (request, status, text) in cases {
        let config = server();
        let (answer, error) = raw_request(config, &request).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{request:?}: {answer}");
        assert!(answer.contains(text), "{request:?}: {answer}");
        assert!(matches!(error, AcceptError::Refused { status: s, .. } if s == status), "{error}");
    }
}

#[tokio::test]
async fn a_list_of_subprotocols_may_be_in_several_headers() {
    let (listener, url) = listen().await;
    let accepted = accept_one(listener, server());
    let address = url.strip_prefix("ws://").unwrap().strip_suffix("/ws").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let protocols = "Sec-WebSocket-Protocol: chat\r\nsec-websocket-protocol: x,wamp.2.json\r\n";
    stream.write_all(request("/ws?token=1", protocols).as_bytes()).await.unwrap();
    let answer = read_head(&mut stream).await;
    assert!(answer.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{answer}");
    assert!(answer.contains("Sec-WebSocket-Protocol: wamp.2.json\r\n"), "{answer}");
    assert_eq!(accepted.await.unwrap().unwrap().info().serializer, Serializer::Json);
}

#[tokio::test]
async fn a_server_that_chooses_no_or_another_subprotocol_is_refused() {
    for (header, expected) in [
        ("", None),
        ("Sec-WebSocket-Protocol: wamp.2.json\r\n", Some("wamp.2.json")),
        ("Sec-WebSocket-Protocol: mqtt\r\n", Some("mqtt")),
        (
            "Sec-WebSocket-Protocol: wamp.2.cbor, wamp.2.msgpack\r\n",
            Some("wamp.2.cbor, wamp.2.msgpack"),
        ),
    ] {
        let (url, server) = raw_server(move |head| switching(head, header)).await;
        let factory = client(&url, &[Serializer::Cbor, Serializer::MsgPack]);
        match factory.connect().await.err().unwrap() {
            ConnectError::Subprotocol { offered, chosen } => {
                assert_eq!(offered, ["wamp.2.cbor", "wamp.2.msgpack"]);
                assert_eq!(chosen.as_deref(), expected);
            }
            other => panic!("{header:?}: {other}"),
        }
        drop(server.await.unwrap());
    }
}

#[tokio::test]
async fn what_is_no_websocket_server_is_named() {
    let cases = [
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "HTTP 200 OK: hello"),
        // A body in chunks, its last one cut.
        (
            "HTTP/1.1 503 Service Unavailable\r\nTransfer-Encoding: chunked\r\n\r\n\
             4;ext=1\r\nback\r\n00C\r\n at \r\n eight\r\n7\r\n o'c",
            "HTTP 503 Service Unavailable: back at    eight o'c",
        ),
        (
            "HTTP/1.1 503 Service Unavailable\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            "HTTP 503 Service Unavailable",
        ),
        (
            "HTTP/1.1 503 Service Unavailable\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nx",
            "HTTP 503 Service Unavailable",
        ),
        ("HTTP/1.1 301 Moved Permanently\r\nLocation: /\r\n\r\n", "HTTP 301"),
        ("220 mail.example ESMTP\r\n", "not a WebSocket server: its answer is not HTTP"),
        ("HTTP/1.1 101 \0\r\n\r\n", "the HTTP head of its answer is damaged: invalid"),
        ("HTTP/1.1 101 Swi", "closed the connection within its answer"),
        ("\x15\x03\x03\0\x02\x02\x32", "it speaks TLS: use wss://"),
        ("\x16\x03\x03", "it speaks TLS: use wss://"),
        ("HTTP/1.1 101 Switching Protocols\r\n\r\n", "another protocol"),
        (
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: wrong\r\n\r\n",
            "does not match the request",
        ),
        ("", "without an answer; if this is a RawSocket port, use rs://, and of TLS, wss://"),
    ];
    for (answer, text) in cases {
        let (url, server) = raw_server(move |_| answer.to_owned()).await;
        let closing = tokio::spawn(async move { drop(server.await.unwrap()) });
        let error = client(&url, &[Serializer::Cbor]).connect().await.err().unwrap();
        assert!(matches!(error, ConnectError::Handshake { .. }), "{answer:?}: {error}");
        assert!(error.to_string().contains(text), "{answer:?}: {error}");
        assert!(!error.to_string().contains("httparse"), "{answer:?}: {error}");
        closing.await.unwrap();
    }
    let (url, server) =
        raw_server(|head| switching(head, "Sec-WebSocket-Extensions: permessage-deflate\r\n"))
            .await;
    let error = client(&url, &[Serializer::Cbor]).connect().await.err().unwrap();
    assert!(error.to_string().contains("extension"), "{error}");
    drop(server);
}

#[tokio::test]
async fn a_raw_socket_port_that_closes_is_told_from_one_that_nobody_listens_on() {
    for reset in [false, true] {
        let (listener, url) = listen().await;
        let accepted = tokio::spawn(async move {
            if reset {
                let (stream, _) = listener.accept().await.unwrap();
                stream.readable().await.unwrap();
                stream.set_zero_linger().unwrap();
                return None;
            }
            let (stream, peer) = listener.accept().await.unwrap();
            Acceptor::raw_socket(&[Serializer::Cbor]).accept(stream, peer).await.err()
        });
        match client(&url, &[Serializer::Cbor]).connect().await.err().unwrap() {
            ConnectError::Handshake { address, message: text, .. } => {
                let hint = "if this is a RawSocket port, use rs://";
                assert!(address.starts_with("127.0.0.1:") && text.contains(hint), "{text}");
            }
            other => panic!("{reset}: {other:?}"),
        }
        assert_eq!(accepted.await.unwrap().is_none(), reset);
    }
}

/// The lines of the request that this client sends.
async fn request_of(
    url: &str,
    set: impl FnOnce(WampWebSocketClientFactory) -> WampWebSocketClientFactory,
) -> Vec<String> {
    let (listener, at) = listen().await;
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_head(&mut stream).await
    });
    let port = at.rsplit(':').next().unwrap().strip_suffix("/ws").unwrap().parse().unwrap();
    let factory = client(url, &[Serializer::Cbor, Serializer::Json]);
    let factory = factory.endpoint(Endpoint::tcp("127.0.0.1", port));
    assert!(set(factory).connect().await.is_err());
    server.await.unwrap().lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn the_request_says_what_rfc_6455_wants() {
    let lines = request_of("ws://router.example:8080/ws?a=b", |factory| factory).await;
    assert_eq!(lines[0], "GET /ws?a=b HTTP/1.1");
    let key = lines.iter().find(|line| line.starts_with("Sec-WebSocket-Key: ")).unwrap();
    assert_eq!(key.len(), "Sec-WebSocket-Key: ".len() + 24);
    let mut rest: Vec<_> = lines[1..].iter().filter(|line| *line != key).collect();
    rest.sort();
    let expected = [
        "",
        "Connection: Upgrade",
        "Host: router.example:8080",
        "Sec-WebSocket-Protocol: wamp.2.cbor, wamp.2.json",
        "Sec-WebSocket-Version: 13",
        "Upgrade: websocket",
    ];
    assert_eq!(rest, expected.iter().collect::<Vec<_>>());
}

#[tokio::test]
async fn headers_go_with_the_request_as_often_as_they_are_given() {
    let lines = request_of("ws://router.example/ws", |factory| {
        factory
            .header("Cookie", "session=1; theme=dark")
            .header("X-Forwarded-For", "10.0.0.1")
            .header("Authorization", "Bearer abc")
            .header("x-forwarded-for", "10.0.0.2")
            .header("X-Empty", "")
            .header("X-Name", "Jürgen")
            .origin("https://first.example")
            .origin("https://app.example")
            .user_agent("first")
            .user_agent("demo/1.0")
    })
    .await;
    let own: Vec<_> = lines.iter().skip_while(|line| !line.starts_with("Cookie")).collect();
    let expected = [
        "Cookie: session=1; theme=dark",
        "X-Forwarded-For: 10.0.0.1",
        "Authorization: Bearer abc",
        "x-forwarded-for: 10.0.0.2",
        "X-Empty: ",
        "X-Name: Jürgen",
        "Origin: https://app.example",
        "User-Agent: demo/1.0",
        "",
    ];
    assert_eq!(own, expected.iter().collect::<Vec<_>>());
}

#[tokio::test]
async fn settings_that_cannot_be_used_are_named() {
    match WampWebSocketClientFactory::new("ws://h/", &[]) {
        Err(ConnectError::InvalidConfig(error)) => assert_eq!(error.path, "serializers"),
        other => panic!("{other:?}"),
    }
    for (name, value, text) in [
        ("", "x", "not the name"),
        ("a b", "x", "not the name"),
        ("X", "a\r\nEvil: b", "control characters"),
        ("Sec-WebSocket-Key", "x", "belongs to the handshake"),
        ("HOST", "x", "belongs to the handshake"),
    ] {
        let factory = client("ws://h/", &[Serializer::Cbor]);
        let error = factory.header(name, value).check().unwrap_err();
        assert!(error.path.starts_with("headers."), "{error}");
        assert!(error.message.contains(text), "{name}: {value}: {error}");
    }
    for url in ["", "http://h/", "ws://h:0/", "ws://h/#f", "ws://u@h/", "ws://[::1/"] {
        let error = WampWebSocketClientFactory::new(url, &[Serializer::Cbor]).err().unwrap();
        assert!(matches!(error, ConnectError::InvalidUrl(_)), "{url}: {error}");
    }
}

#[tokio::test]
async fn connecting_to_nobody_is_refused_at_once() {
    let (listener, url) = listen().await;
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    match client(&url, &[Serializer::Cbor]).connect().await.err().unwrap() {
        ConnectError::Io { address: named, message, .. } => {
            assert_eq!(named, address);
            assert!(message.contains("refused"), "{message}");
        }
        other => panic!("{other}"),
    }
}
