//! What a component's transports are configured to be is what is connected.

use std::future::poll_fn;
use std::time::Duration;

use bytes::Bytes;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixListener};
use wampwerk::component::Component;
use wampwerk::error::{ConfigError, ConnectError, TransportError};
use wampwerk::transport::Acceptor;
use wampwerk::transport::{TlsServer, Transport, TransportConfig};
use wampwerk::{Dict, Serializer, Value};

use crate::common::router;

async fn listen() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

fn dict<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Dict::from(entries).into()
}

fn read(value: &Value) -> TransportConfig {
    TransportConfig::from_value(value).unwrap()
}

fn local(port: u16) -> Value {
    dict([("type", "tcp".into()), ("host", "127.0.0.1".into()), ("port", port.into())])
}

async fn connect(config: TransportConfig) -> Result<Box<dyn Transport>, ConnectError> {
    config.connector()?.connect().await
}

async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

async fn send(end: &mut Box<dyn Transport>, size: usize) -> Result<(), TransportError> {
    poll_fn(|cx| end.poll_ready(cx)).await.unwrap();
    end.start_send(Bytes::from(vec![0; size]))?;
    poll_fn(|cx| end.poll_flush(cx)).await
}

async fn recv(end: &mut Box<dyn Transport>) -> Option<Result<usize, TransportError>> {
    poll_fn(|cx| end.poll_recv(cx)).await.map(|frame| frame.map(|frame| frame.len()))
}

/// Both ends of a connection with these options.
async fn pair(options: Value) -> (Box<dyn Transport>, Box<dyn Transport>) {
    let (listener, port) = listen().await;
    let server = tokio::spawn(async move {
        let (stream, peer) = listener.accept().await.unwrap();
        Acceptor::websocket("/", &[Serializer::Cbor]).accept(stream, peer).await.unwrap()
    });
    let url = format!("ws://127.0.0.1:{port}/");
    let near = connect(read(&dict([("url", url.into()), ("options", options)]))).await.unwrap();
    (near, server.await.unwrap())
}

#[tokio::test]
async fn the_server_sees_url_headers_and_serializers() {
    let (listener, port) = listen().await;
    let config = dict([
        ("url", "ws://router.example:8080/deep/ws?x=1".into()),
        ("endpoint", local(port)),
        ("serializers", vec![Value::from("json"), "cbor".into()].into()),
        ("headers", dict([("X-Trace", "7".into()), ("Cookie", "a=b; c=d".into())])),
    ]);
    let connecting = tokio::spawn(connect(read(&config)));
    let (mut stream, _) = listener.accept().await.unwrap();
    let head = read_head(&mut stream).await;
    let lines: Vec<&str> = head.lines().collect();
    assert_eq!(lines[0], "GET /deep/ws?x=1 HTTP/1.1");
    for line in [
        "Host: router.example:8080",
        "Sec-WebSocket-Protocol: wamp.2.json, wamp.2.cbor",
        "X-Trace: 7",
        "Cookie: a=b; c=d",
    ] {
        assert!(lines.contains(&line), "{line}: {head}");
    }
    stream.write_all(b"HTTP/1.1 403 Forbidden\r\n\r\n").await.unwrap();
    let error = connecting.await.unwrap().err().unwrap();
    assert!(matches!(error, ConnectError::Handshake { .. }), "{error}");
}

#[tokio::test]
async fn sizes_are_limited_both_ways() {
    let (mut near, mut far) = pair(dict([("maxMessagePayloadSize", 1000.into())])).await;
    send(&mut near, 1000).await.unwrap();
    assert_eq!(recv(&mut far).await, Some(Ok(1000)));
    let too_large = TransportError::TooLarge { size: 1001, limit: 1000 };
    assert_eq!(send(&mut near, 1001).await, Err(too_large.clone()));
    send(&mut far, 1000).await.unwrap();
    assert_eq!(recv(&mut near).await, Some(Ok(1000)));
    send(&mut far, 1001).await.unwrap();
    assert_eq!(recv(&mut near).await, Some(Err(too_large)));

    let (mut near, mut far) = pair(dict([("max_frame_payload_size", 500.into())])).await;
    send(&mut far, 500).await.unwrap();
    assert_eq!(recv(&mut near).await, Some(Ok(500)));
    send(&mut far, 501).await.unwrap();
    assert!(matches!(recv(&mut near).await, Some(Err(TransportError::TooLarge { .. }))));
}

#[tokio::test]
async fn a_silent_server_is_given_up() {
    let options = dict([("autoPingInterval", 0.02.into()), ("autoPingTimeout", 0.02.into())]);
    // The far end is never polled, so it answers no ping.
    let (mut near, _far) = pair(options).await;
    assert!(matches!(recv(&mut near).await, Some(Err(TransportError::Timeout(_)))));

    // Closing does not wait either.
    let options = dict([
        ("closeHandshakeTimeout", 0.02.into()),
        ("serverConnectionDropTimeout", 0.02.into()),
    ]);
    let (mut near, _far) = pair(options).await;
    let begin = std::time::Instant::now();
    let closed = poll_fn(|cx| near.poll_close(cx, wampwerk::websocket::CloseCode::Normal)).await;
    assert!(matches!(closed, Err(TransportError::Timeout(_))), "{closed:?}");
    assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());

    let (listener, port) = listen().await;
    let config = dict([
        ("url", format!("ws://127.0.0.1:{port}/").into()),
        ("options", dict([("openHandshakeTimeout", 0.02.into())])),
    ]);
    let error = connect(read(&config)).await.err().unwrap();
    assert!(matches!(error, ConnectError::Timeout(_)), "{error}");
    drop(listener);
}

#[tokio::test]
async fn a_proxy_is_asked_and_told_who_we_are() {
    let (listener, port) = listen().await;
    let config = dict([
        ("url", "wss://router.example/ws".into()),
        (
            "proxy",
            dict([
                ("host", "127.0.0.1".into()),
                ("port", port.into()),
                ("username", "me".into()),
                ("password", "secret".into()),
            ]),
        ),
    ]);
    let connecting = tokio::spawn(connect(read(&config)));
    let (mut stream, _) = listener.accept().await.unwrap();
    let head = read_head(&mut stream).await;
    assert!(head.starts_with("CONNECT router.example:443 HTTP/1.1\r\n"), "{head}");
    // "me:secret"
    assert!(head.contains("Proxy-Authorization: Basic bWU6c2VjcmV0\r\n"), "{head}");
    stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
    // TLS begins: a handshake record.
    assert_eq!(stream.read_u8().await.unwrap(), 0x16);
    drop(stream);
    assert!(connecting.await.unwrap().is_err());

    let proxy =
        dict([("type", "socks5".into()), ("host", "127.0.0.1".into()), ("port", port.into())]);
    let config = dict([("url", "ws://router.example/ws".into()), ("proxy", proxy)]);
    let connecting = tokio::spawn(connect(read(&config)));
    let (mut stream, _) = listener.accept().await.unwrap();
    assert_eq!(stream.read_u8().await.unwrap(), 5);
    drop(stream);
    assert!(connecting.await.unwrap().is_err());
}

#[tokio::test]
async fn a_unix_socket_is_an_endpoint() {
    let folder = std::env::temp_dir().join(format!("wampwerk-config-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("socket");
    let listener = UnixListener::bind(&path).unwrap();
    let text = path.to_str().unwrap();
    let endpoint = dict([("type", "unix".into()), ("path", text.into())]);
    let by_endpoint = dict([("url", "ws://router.example/ws".into()), ("endpoint", endpoint)]);
    for config in [read(&by_endpoint), TransportConfig::new(format!("ws://unix:{text}:/ws"))] {
        let connecting = tokio::spawn(connect(config));
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut begin = [0; 12];
        stream.read_exact(&mut begin).await.unwrap();
        assert_eq!(&begin, b"GET /ws HTTP");
        drop(stream);
        assert!(connecting.await.unwrap().is_err());
    }
    std::fs::remove_dir_all(folder).unwrap();
}

struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Authority(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// Certificate and key, as PEM.
    fn issue(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        (params.signed_by(&key, &self.0).unwrap().pem(), key.serialize_pem())
    }
}

#[tokio::test]
async fn tls_has_roots_a_name_and_a_certificate() {
    let authority = Authority::new();
    let (cert, key) = authority.issue("inner.example");
    let (mine, my_key) = authority.issue("me");
    let server = TlsServer::new(cert, key).client_roots(authority.0.pem());
    let folder = std::env::temp_dir().join(format!("wampwerk-tls-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        Value::from(path.to_str().unwrap())
    };
    let router = router();
    let listener = router.listen("wss://127.0.0.1:0/ws").tls(server).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let root = authority.0.pem();
    // As PEM text, and as files.
    for (root, mine, my_key) in [
        (Value::from(root.as_str()), mine.as_str().into(), my_key.as_str().into()),
        (file("root", &root), file("mine", &mine), file("my_key", &my_key)),
    ] {
        let with = |name: &str, certificate: bool| {
            let mut tls = Dict::new().with("hostname", name).with("trust_root", root.clone());
            if certificate {
                tls.insert("certificate", mine.clone());
                tls.insert("key", my_key.clone());
            }
            let endpoint = local(port).as_dict().unwrap().clone().with("tls", tls);
            dict([("url", "wss://router.example/ws".into()), ("endpoint", endpoint.into())])
        };
        let component = Component::builder()
            .transports(with("inner.example", true))
            .main(|session| async move {
                assert!(session.transport().secure);
                session.leave().await;
            })
            .build()
            .unwrap();
        component.start().await.unwrap();
        // Another server name, and no client certificate.
        let other_name = connect(read(&with("router.example", true))).await;
        assert!(matches!(other_name, Err(ConnectError::Tls { .. })));
        assert!(connect(read(&with("inner.example", false))).await.is_err());
    }

    let refused = |tls: [(&str, Value); 3]| -> ConfigError {
        let endpoint = local(port).as_dict().unwrap().clone().with("tls", Dict::from(tls));
        let config =
            dict([("url", "wss://router.example/ws".into()), ("endpoint", endpoint.into())]);
        read(&config).connector().err().unwrap()
    };
    let nothing = || Value::Null;
    for (tls, key, text) in [
        (
            [("trust_root", "/none".into()), ("key", nothing()), ("certificate", nothing())],
            "trust_root",
            "neither PEM text nor a file that can be read: ",
        ),
        (
            [("trust_root", "/dev/zero".into()), ("key", nothing()), ("certificate", nothing())],
            "trust_root",
            "not that of a regular file",
        ),
        (
            [("trust_root", "-----BEGIN".into()), ("key", nothing()), ("certificate", nothing())],
            "trust_root",
            "certificate",
        ),
        (
            [
                ("trust_root", nothing()),
                ("key", "rosebud".into()),
                ("certificate", mine.as_str().into()),
            ],
            "key",
            "neither PEM text nor a file that can be read: ",
        ),
        (
            [
                ("trust_root", nothing()),
                ("key", authority.issue("other").1.into()),
                ("certificate", mine.as_str().into()),
            ],
            "key",
            "it does not belong to the certificate",
        ),
        (
            [("hostname", "not a name".into()), ("key", nothing()), ("certificate", nothing())],
            "hostname",
            "not a name",
        ),
    ] {
        let error = refused(tls);
        assert_eq!(error.path, format!("endpoint.tls.{key}"), "{error}");
        assert!(error.message.contains(text), "{error}");
        assert!(!error.to_string().contains("rosebud"), "{error}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn a_whole_component_from_json() {
    let router = router();
    let listener = router.listen("ws://127.0.0.1:0/ws").await.unwrap();
    let text = format!(
        r#"{{
            "realm": "realm1",
            "transports": [{{"url": {:?}, "max_retries": 0}}],
            "authentication": {{"anonymous": {{"authid": "joe"}}}},
            "extra": {{"prefix": "com.example."}}
        }}"#,
        listener.url(),
    );
    let component = Component::from_json(&text).unwrap();
    assert_eq!(component.realm(), "realm1");
    let (sender, mut joined) = tokio::sync::mpsc::unbounded_channel();
    component.on_join(move |session: wampwerk::Session| {
        let sender = sender.clone();
        async move { sender.send(session).unwrap() }
    });
    let running = component.start();
    joined.recv().await.unwrap().leave().await;
    running.await.unwrap();

    for (text, message) in [
        ("", "not valid JSON"),
        ("[]", "it must be a dict, not list"),
        (r#"{"realm": "realm 1"}"#, r#"realm: "realm 1" is not a valid URI: component 1 "#),
        (r#"{"max_retries": 5}"#, "max_retries: it belongs to a transport: transports[0].max_"),
        (
            r#"{"authentication": ["ticket"]}"#,
            "authentication: it must be a dict of methods, not list",
        ),
        (
            r#"{"authentication": {"ticket": {"a b\n": 1}}}"#,
            r"authentication.ticket.a b\n: unknown key; known are ticket, ",
        ),
        (r#"{"realms": "r"}"#, "realms: unknown key; known are realm, transports, "),
        (
            r#"{"limits": {"detail": 1}}"#,
            "limits.detail: unknown key; known are details, joining, queue, running",
        ),
        (r#"{"limits": {"queue": 0}}"#, "limits.queue: it must be 1 to 2147483647"),
        (
            r#"{"limits": {"running": "1 MiB"}}"#,
            "limits.running: it must be an integer, not string",
        ),
        (r#"{"realm": 1}"#, "realm: it must be a string, not integer"),
        (r#"{"realm": "no realm"}"#, "is not a valid URI"),
        (r#"{"transports": "http://h/"}"#, "transports[0].url: "),
        (
            r#"{"transports": ["ws://h/", {"url": "wss://h/", "endpoint":
                {"type": "tcp", "host": "h", "port": 1, "tls": {"foo": 1}}}]}"#,
            "transports[1].endpoint.tls.foo: unknown key; known are hostname, ",
        ),
        (r#"{"authentication": []}"#, "authentication"),
        (
            r#"{"authentication": {"tickets": {}}}"#,
            "authentication.tickets: unknown authentication method",
        ),
        (r#"{"authentication": {"ticket": {}}}"#, "authentication.ticket.ticket: it is missing"),
        (
            r#"{"authentication": {"wampcra": {"secrets": "rosebud"}}}"#,
            "authentication.wampcra.secrets: unknown key; known are secret, authid, ",
        ),
    ] {
        let error = Component::from_json(text).err().unwrap().to_string();
        assert!(error.contains(message), "{text}: {error}");
        assert!(!error.contains("rosebud"), "{error}");
    }
}

#[tokio::test]
async fn limits_of_a_dict_replace_those_of_the_program() {
    let router = router();
    let listener = router.listen("ws://127.0.0.1:0/ws").await.unwrap();
    let url = listener.url();
    let text =
        format!(r#"{{"transports": {url:?}, "limits": {{"details": 2000, "joining": null}}}}"#);
    let builder = wampwerk::component::ComponentBuilder::from_json(&text).unwrap();
    let config = wampwerk::session::SessionConfig::new().details_limit(1 << 20);
    let component = builder.session_config(config).build().unwrap();
    let (sender, mut joined) = tokio::sync::mpsc::unbounded_channel();
    component.on_join(move |session: wampwerk::Session| {
        let sender = sender.clone();
        async move { sender.send(session).unwrap() }
    });
    let running = component.start();
    let session = joined.recv().await.unwrap();
    let callee = router.connect("realm1").await.unwrap();
    let fails = |n: usize| async move {
        let text = "x".repeat(n);
        Err::<(), _>(wampwerk::ApplicationError::new("com.example.e").kwarg("n", n).arg(text))
    };
    callee.register("com.example.fails", fails).await.unwrap();
    // Arguments do not count, the URI of an error does.
    let named = |n: usize| async move {
        Err::<(), _>(wampwerk::ApplicationError::new(format!("com.example.{}", "x".repeat(n))))
    };
    callee.register("com.example.named", named).await.unwrap();
    let error = session.call("com.example.fails").args((5000,)).await.unwrap_err();
    assert!(error.to_string().contains("com.example.e"), "{error}");
    let error = session.call("com.example.named").args((3000,)).await.unwrap_err();
    assert!(error.to_string().contains("wamp.error.payload_size_exceeded"), "{error}");
    assert!(error.to_string().contains("the limit is 2000"), "{error}");
    session.leave().await;
    running.await.unwrap();
}
