//! `WampRawSocketClientFactory` against peers written by hand: what it says, whom it takes for a
//! server, and what it tells of those who are none.

use std::future::{pending, poll_fn};
use std::net::SocketAddr;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use wampwerk::Serializer;
use wampwerk::error::{ConnectError, RawSocketRefusal, TransportError};
use wampwerk::transport::{
    Connector, Endpoint, Ping, Proxy, Transport, WampRawSocketClientFactory,
};
use wampwerk::websocket::CloseCode;

fn client(url: &str) -> WampRawSocketClientFactory {
    WampRawSocketClientFactory::new(url, Serializer::Cbor).unwrap()
}

/// A server for one client: what it does with the connection.
async fn serve<F, T>(then: impl FnOnce(TcpStream) -> F + Send + 'static) -> (u16, JoinHandle<T>)
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        then(stream).await
    });
    (port, server)
}

async fn octets(stream: &mut TcpStream) -> [u8; 4] {
    let mut octets = [0; 4];
    stream.read_exact(&mut octets).await.unwrap();
    octets
}

/// Agrees to everything, with this maximum length of its own.
async fn agree(stream: &mut TcpStream, exponent: u8) -> [u8; 4] {
    let request = octets(stream).await;
    let answer = [0x7f, exponent << 4 | request[1] & 0x0f, 0, 0];
    stream.write_all(&answer).await.unwrap();
    request
}

async fn frame(stream: &mut TcpStream) -> (u8, Vec<u8>) {
    let [kind, length @ ..] = octets(stream).await;
    let length = length.iter().fold(0, |length, octet| length << 8 | usize::from(*octet));
    let mut payload = vec![0; length];
    stream.read_exact(&mut payload).await.unwrap();
    (kind, payload)
}

async fn send(end: &mut Box<dyn Transport>, frame: Bytes) -> Result<(), TransportError> {
    poll_fn(|cx| end.poll_ready(cx)).await?;
    end.start_send(frame)?;
    poll_fn(|cx| end.poll_flush(cx)).await
}

async fn receive(end: &mut Box<dyn Transport>) -> Option<Result<Bytes, TransportError>> {
    poll_fn(|cx| end.poll_recv(cx)).await
}

/// The error for a client whose server answers so, and waits then until the client goes.
async fn refused(answer: &'static [u8]) -> ConnectError {
    let (port, server) = serve(move |mut stream| async move {
        octets(&mut stream).await;
        stream.write_all(answer).await.unwrap();
        assert_eq!(stream.read(&mut [0; 64]).await.unwrap_or_default(), 0);
    })
    .await;
    let error = client(&format!("rs://127.0.0.1:{port}")).connect().await.err().unwrap();
    server.await.unwrap();
    error
}

#[tokio::test]
async fn each_serializer_is_asked_for_by_its_number() {
    for (serializer, id) in [(Serializer::Json, 1), (Serializer::Cbor, 3)] {
        for (size, exponent) in [(512, 0), (513, 1), (70_000, 8), (1 << 24, 15)] {
            let (port, server) = serve(async |mut stream| agree(&mut stream, 0).await).await;
            let url = format!("rs://127.0.0.1:{port}");
            let factory = WampRawSocketClientFactory::new(&url, serializer).unwrap();
            let transport = factory.max_message_payload_size(size).connect().await.unwrap();
            assert_eq!(server.await.unwrap(), [0x7f, exponent << 4 | id, 0, 0]);
            assert_eq!(transport.info().serializer, serializer);
        }
        let small = WampRawSocketClientFactory::new("rs://h", serializer)
            .unwrap()
            .max_message_payload_size(0);
        assert_eq!(small.check().unwrap_err().path, "options.max_message_payload_size");
    }
}

#[tokio::test]
async fn frames_go_both_ways_and_closing_is_orderly() {
    let (port, server) = serve(async |mut stream| {
        agree(&mut stream, 15).await;
        let (kind, payload) = frame(&mut stream).await;
        assert_eq!((kind, payload.as_slice()), (0, b"to the server".as_slice()));
        stream.write_all(b"\0\0\0\x05hello").await.unwrap();
        // The client ends its direction, and waits for ours.
        assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
    })
    .await;
    let mut end = client(&format!("rs://localhost:{port}")).connect().await.unwrap();
    let info = end.info().clone();
    assert_eq!((info.kind, info.secure, info.channel_id), ("rawsocket", false, None));
    assert_eq!(info.peer, format!("localhost:{port}"));
    // The length of 2^24 has a bit of its own, which Autobahn cannot read: one less is sent.
    assert_eq!(info.max_send, (1 << 24) - 1);
    send(&mut end, Bytes::from_static(b"to the server")).await.unwrap();
    assert_eq!(receive(&mut end).await.unwrap().unwrap(), &b"hello"[..]);
    poll_fn(|cx| end.poll_close(cx, CloseCode::Normal)).await.unwrap();
    server.await.unwrap();
}

#[tokio::test]
async fn an_answer_may_come_octet_by_octet_and_with_what_follows() {
    let (port, _server) = serve(async |mut stream| {
        stream.set_nodelay(true).unwrap();
        octets(&mut stream).await;
        for octet in [0x7f, 0xf3] {
            stream.write_all(&[octet]).await.unwrap();
        }
        stream.write_all(b"\0\0\0\0\0\x03one\0\0\0\x03two").await.unwrap();
        pending::<()>().await;
    })
    .await;
    let mut end = client(&format!("rs://127.0.0.1:{port}")).connect().await.unwrap();
    assert_eq!(receive(&mut end).await.unwrap().unwrap(), &b"one"[..]);
    assert_eq!(receive(&mut end).await.unwrap().unwrap(), &b"two"[..]);
}

#[tokio::test]
async fn each_error_code_is_told_as_what_it_means() {
    for (answer, refusal, text) in [
        (
            b"\x7f\x10\0\0",
            RawSocketRefusal::SerializerUnsupported,
            "refuses the RawSocket handshake with cbor: it does not speak the serializer",
        ),
        (
            b"\x7f\x20\0\0",
            RawSocketRefusal::MessageLengthUnacceptable,
            "it does not accept the maximum message length",
        ),
        (b"\x7f\x30\0\0", RawSocketRefusal::ReservedBits, "reserved bits are set"),
        (
            b"\x7f\x40\0\0",
            RawSocketRefusal::TooManyConnections,
            "the maximum number of connections is reached",
        ),
    ] {
        let error = refused(answer).await;
        assert!(error.to_string().contains(text), "{error}");
        match error {
            ConnectError::RawSocketRefused { address, serializer, refusal: told } => {
                assert!(address.starts_with("127.0.0.1:"), "{address}");
                assert_eq!((serializer, told), ("cbor", refusal));
            }
            other => panic!("{other}"),
        }
    }
}

#[tokio::test]
async fn what_is_no_agreement_is_an_error_that_says_why() {
    for (answer, text) in [
        (&b"\x7f\x00\0\0"[..], "unknown error code 0"),
        (b"\x7f\x50\0\0", "unknown error code 5"),
        (b"\x7f\xf0\0\0", "unknown error code 15"),
        (b"\x7f\xf1\0\0", "answers with serializer 1, asked for 3"),
        (b"\x7f\xf3\0\x01", "reserved octets"),
        (b"\x7f\xf3\x01\0", "reserved octets"),
        (b"\x7e\xf3\0\0", "begins with 0x7e, not 0x7f"),
        // The client does not wait for a second octet.
        (b"\x7e", "begins with 0x7e, not 0x7f"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "HTTP: if there is WebSocket, use ws://"),
        (b"\x15\x03\x03\0\x02\x02\x28", "it speaks TLS: use rss://"),
    ] {
        match refused(answer).await {
            ConnectError::Handshake { address, message: told, .. } => {
                assert!(address.starts_with("127.0.0.1:") && told.contains(text), "{told}");
            }
            other => panic!("{other}"),
        }
    }
}

#[tokio::test]
async fn a_server_that_closes_may_not_speak_the_serializer() {
    for sent in [&b""[..], b"\x7f", b"\x7f\xf3\0"] {
        for reset in [false, true] {
            let (port, _server) = serve(async move |mut stream| {
                octets(&mut stream).await;
                stream.write_all(sent).await.unwrap();
                if reset {
                    stream.set_zero_linger().unwrap();
                }
            })
            .await;
            let error = client(&format!("rs://127.0.0.1:{port}")).connect().await.err().unwrap();
            let text = format!(
                "opening handshake failed: 127.0.0.1:{port}: the server closed the connection \
                 during the RawSocket handshake; it may not speak cbor"
            );
            assert_eq!(error.to_string(), text);
        }
    }
}

#[tokio::test]
async fn what_is_sent_can_have_another_limit() {
    // What is taken, what is sent by us, what the server takes, and the least of what holds.
    for (taken, set, exponent, sent) in [
        (1 << 20, Some(1000), 15, 1000),
        (1000, Some(1 << 20), 15, 1 << 20),
        (1000, Some(1 << 20), 1, 1024),
        (1 << 20, Some(1 << 30), 15, (1 << 24) - 1),
        (1000, None, 15, 1000),
    ] {
        let (port, server) =
            serve(async move |mut stream| agree(&mut stream, exponent).await).await;
        let factory = client(&format!("rs://127.0.0.1:{port}")).max_message_payload_size(taken);
        let factory = set.map_or(factory.clone(), |bytes| factory.max_send_size(bytes));
        assert_eq!(factory.connect().await.unwrap().info().max_send, sent);
        let told = 512 << (server.await.unwrap()[1] >> 4);
        assert!(told >= taken && told < 2 * taken, "{told}");
    }
}

#[tokio::test]
async fn a_silent_server_is_not_waited_for() {
    for sent in [&b""[..], b"\x7f\xf3\0"] {
        let (port, server) = serve(async move |mut stream| {
            octets(&mut stream).await;
            stream.write_all(sent).await.unwrap();
            // The client goes.
            assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
        })
        .await;
        let factory = client(&format!("rs://127.0.0.1:{port}"));
        let error = factory.open_handshake_timeout(Duration::from_millis(50)).connect().await;
        match error.err().unwrap() {
            ConnectError::Timeout(step) => {
                let text = format!(
                    "the RawSocket handshake with 127.0.0.1:{port}; if it is a server of \
                     WebSocket, use ws://, and of TLS, rss://"
                );
                assert_eq!(step, text);
            }
            other => panic!("{other}"),
        }
        server.await.unwrap();
    }
}

#[tokio::test]
async fn a_port_on_which_nobody_listens_is_named() {
    let (port, server) = serve(async |_| ()).await;
    server.abort();
    let _ = server.await;
    match client(&format!("rs://127.0.0.1:{port}")).connect().await.err().unwrap() {
        ConnectError::Io { address, message, .. } => {
            assert_eq!(address, format!("127.0.0.1:{port}"));
            assert!(message.contains("refused"), "{message}");
        }
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn an_endpoint_leads_elsewhere_than_the_url_past_dead_addresses() {
    let (port, server) = serve(async |mut stream| agree(&mut stream, 15).await).await;
    let dead = TcpListener::bind("[::1]:0").await.unwrap().local_addr().unwrap();
    let addresses = [dead, SocketAddr::from(([127, 0, 0, 1], port))];
    let factory = client("rs://router.example:1");
    let end = factory.endpoint(Endpoint::addresses(addresses)).connect().await;
    server.await.unwrap();
    assert_eq!(end.unwrap().info().peer, format!("{dead}, 127.0.0.1:{port}"));
}

#[tokio::test]
async fn each_message_is_limited_by_what_its_reader_takes() {
    let (port, server) = serve(async |mut stream| {
        let request = agree(&mut stream, 0).await;
        assert_eq!(request[1] >> 4, 1);
        // 512 is what this server takes, 1024 what the client does.
        assert_eq!(frame(&mut stream).await, (0, vec![1; 512]));
        for size in [1024_u16, 1025] {
            let [high, low] = size.to_be_bytes();
            stream.write_all(&[0, 0, high, low]).await.unwrap();
            stream.write_all(&vec![2; usize::from(size)]).await.unwrap();
        }
        stream
    })
    .await;
    let factory = client(&format!("rs://127.0.0.1:{port}")).max_message_payload_size(1000);
    let mut end = factory.connect().await.unwrap();
    assert_eq!(end.info().max_send, 512);
    poll_fn(|cx| end.poll_ready(cx)).await.unwrap();
    match end.start_send(Bytes::from(vec![1; 513])).unwrap_err() {
        TransportError::TooLarge { size, limit } => assert_eq!((size, limit), (513, 512)),
        other => panic!("{other}"),
    }
    // It is usable as before.
    send(&mut end, Bytes::from(vec![1; 512])).await.unwrap();
    let stream = server.await.unwrap();
    assert_eq!(receive(&mut end).await.unwrap().unwrap().len(), 1024);
    let error = receive(&mut end).await.unwrap().unwrap_err();
    assert_eq!(error, TransportError::TooLarge { size: 1025, limit: 1024 });
    drop(stream);
}

#[tokio::test]
async fn a_ping_is_answered_and_none_is_sent_unasked() {
    let (port, server) = serve(async |mut stream| {
        agree(&mut stream, 15).await;
        stream.write_all(b"\x01\0\0\x04ping\0\0\0\x01!").await.unwrap();
        assert_eq!(frame(&mut stream).await, (2, b"ping".to_vec()));
        frame(&mut stream).await
    })
    .await;
    let mut end = client(&format!("rs://127.0.0.1:{port}")).connect().await.unwrap();
    assert_eq!(receive(&mut end).await.unwrap().unwrap(), &b"!"[..]);
    tokio::time::pause();
    for _ in 0..3 {
        poll_fn(|cx| {
            assert!(end.poll_recv(cx).is_pending());
            Poll::Ready(())
        })
        .await;
        tokio::time::advance(Duration::from_secs(3600)).await;
    }
    tokio::time::resume();
    send(&mut end, Bytes::from_static(b"first")).await.unwrap();
    assert_eq!(server.await.unwrap(), (0, b"first".to_vec()));
}

#[tokio::test]
async fn a_server_that_does_not_read_is_waited_for_20_s_unless_it_is_set() {
    for (set, limit) in [(None, Some(20)), (Some(None), None), (Some(Some(3)), Some(3))] {
        for ping in [None, Some(Ping::new(Duration::from_secs(7), Duration::MAX))] {
            let (port, server) = serve(async |mut stream| {
                agree(&mut stream, 15).await;
                stream
            })
            .await;
            let mut factory = client(&format!("rs://127.0.0.1:{port}")).auto_ping(ping);
            if let Some(limit) = set {
                factory = factory.send_timeout(limit.map(Duration::from_secs));
            }
            let mut end = factory.connect().await.unwrap();
            let _server = server.await.unwrap();
            tokio::time::pause();
            let begin = tokio::time::Instant::now();
            while poll_fn(|cx| Poll::Ready(end.poll_ready(cx))).await.is_ready() {
                end.start_send(vec![7; 1 << 20].into()).unwrap();
            }
            let long = Duration::from_secs(3600);
            let flushed = tokio::time::timeout(long, poll_fn(|cx| end.poll_flush(cx))).await;
            let stalled = TransportError::Timeout("the peer does not take what is sent");
            assert_eq!(flushed.ok(), limit.map(|_| Err(stalled)), "{set:?} {ping:?}");
            // The system may have taken a little more at first.
            let (limit, took) = (limit.map_or(long, Duration::from_secs), begin.elapsed());
            assert!(took >= limit && took < 3 * limit, "{took:?} {limit:?}");
            tokio::time::resume();
        }
    }
}

#[tokio::test]
async fn pings_are_sent_where_they_are_asked_for() {
    let (port, server) = serve(async |mut stream| {
        agree(&mut stream, 15).await;
        (frame(&mut stream).await, stream)
    })
    .await;
    let times = Ping::new(Duration::from_millis(1), Duration::from_secs(30)).size(100);
    let factory = client(&format!("rs://127.0.0.1:{port}")).auto_ping(times);
    let mut end = factory.connect().await.unwrap();
    tokio::select! {
        result = receive(&mut end) => panic!("{result:?}"),
        ping = server => {
            let ((kind, payload), _stream) = ping.unwrap();
            assert_eq!((kind, payload.len()), (1, 100));
        }
    }
}

#[tokio::test]
async fn a_proxy_may_lead_there() {
    let (target, server) = serve(async |mut stream| agree(&mut stream, 15).await).await;
    let (port, proxy) = serve(async move |mut near| {
        let mut asked = Vec::new();
        while !asked.ends_with(b"\r\n\r\n") {
            asked.push(near.read_u8().await.unwrap());
        }
        let mut far = TcpStream::connect(("127.0.0.1", target)).await.unwrap();
        near.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
        String::from_utf8(asked).unwrap()
    })
    .await;
    let factory = client("rs://router.example:7").proxy(Proxy::http("127.0.0.1", port));
    let mut end = factory.connect().await.unwrap();
    assert_eq!(server.await.unwrap(), [0x7f, 0xf3, 0, 0]);
    let _ = poll_fn(|cx| end.poll_close(cx, CloseCode::Normal)).await;
    assert!(proxy.await.unwrap().starts_with("CONNECT router.example:7 HTTP/1.1\r\n"));
}

#[test]
fn what_cannot_be_is_refused_at_construction() {
    let make = |url: &str| WampRawSocketClientFactory::new(url, Serializer::Cbor);
    for url in ["ws://h:1", "rs://h:1/path", "rss://unix:/run/r.sock", "h:1", "rs://h:0"] {
        let error = make(url).unwrap_err();
        assert!(matches!(error, ConnectError::InvalidUrl(_)), "{error}");
    }
    let socket = format!("rs://unix:/tmp/{}", "x".repeat(103));
    if cfg!(unix) {
        assert!(make(&socket).unwrap_err().to_string().contains("108 bytes"));
        let endpoint = Endpoint::unix("/run/r.sock");
        let proxy = Proxy::http("127.0.0.1", 3128);
        let proxied = client("rs://h:1").proxy(proxy);
        assert!(proxied.endpoint(endpoint).check().unwrap_err().to_string().contains("proxy"));
    }
    if cfg!(feature = "tls") {
        let endpoint = Endpoint::unix("/run/r.sock");
        let error = client("rss://h:1").endpoint(endpoint).check().unwrap_err();
        assert!(error.to_string().contains("TLS over a unix socket is not supported"), "{error}");
    } else {
        assert!(make("rss://h:1").unwrap_err().to_string().contains("feature `tls`"));
    }
}
