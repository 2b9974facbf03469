//! A name with several addresses, of which some are dead: RFC 8305 over loopback.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use wampwerk::error::ConnectError;
use wampwerk::transport::{Connector, Endpoint, IpVersion, Proxy};

use crate::common::endpoints::{accept_one, assert_connected, client, closed_port, listen_on, ws};

fn v4(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn v6(port: u16) -> SocketAddr {
    format!("[::1]:{port}").parse().unwrap()
}

fn endpoint(addresses: &[SocketAddr]) -> Endpoint {
    Endpoint::addresses(addresses.iter().copied())
}

/// A listener whose queue is full: the system lets who connects wait. Returns what keeps it so.
async fn silent() -> (SocketAddr, TcpListener, Vec<TcpStream>) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(v4(0)).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut queue = Vec::new();
    // Connects as long as the system takes it at once.
    while let Ok(stream) =
        tokio::time::timeout(Duration::from_millis(200), TcpStream::connect(address)).await
    {
        queue.push(stream.unwrap());
        assert!(queue.len() < 100, "the queue of the listener is never full");
    }
    (address, listener, queue)
}

#[tokio::test]
async fn a_dead_family_does_not_keep_the_other_from_connecting() {
    for dead_first in [true, false] {
        let (listener, port) = listen_on("127.0.0.1:0").await;
        let server = accept_one(listener, ws());
        let dead = v6(closed_port("[::1]:0").await);
        let both = if dead_first { [dead, v4(port)] } else { [v4(port), dead] };
        let factory = client("ws://router.example/ws").endpoint(endpoint(&both));
        let mut left = factory.connect().await.unwrap();
        assert_connected(&mut left, &mut server.await.unwrap().unwrap()).await;
    }
}

#[tokio::test]
async fn an_address_that_does_not_answer_is_not_waited_for() {
    let (silent, _listener, _queue) = silent().await;
    let (listener, port) = listen_on("[::1]:0").await;
    let server = accept_one(listener, ws());
    let factory = client("ws://router.example/ws")
        .endpoint(endpoint(&[silent, v6(port)]))
        .connect_timeout(Duration::from_secs(3600));
    // The system itself would give the silent one up only after minutes.
    let limit = Duration::from_secs(20);
    let mut left = tokio::time::timeout(limit, factory.connect()).await.unwrap().unwrap();
    assert_connected(&mut left, &mut server.await.unwrap().unwrap()).await;
}

#[tokio::test]
async fn the_only_living_address_is_found_behind_dead_ones() {
    let mut addresses = Vec::new();
    for _ in 0..3 {
        addresses.push(v6(closed_port("[::1]:0").await));
    }
    let (listener, port) = listen_on("127.0.0.1:0").await;
    addresses.push(v4(port));
    let server = accept_one(listener, ws());
    let factory = client("ws://router.example/ws").endpoint(endpoint(&addresses));
    let mut left = factory.connect().await.unwrap();
    assert_connected(&mut left, &mut server.await.unwrap().unwrap()).await;
}

#[tokio::test]
async fn the_error_tells_what_each_address_said() {
    let dead = [v6(closed_port("[::1]:0").await), v4(closed_port("127.0.0.1:0").await)];
    let factory = client("ws://router.example/ws").endpoint(endpoint(&dead));
    match factory.connect().await.err().unwrap() {
        ConnectError::Io { message, .. } => {
            for address in dead {
                let part = format!("{address}: Connection refused");
                assert!(message.contains(&part), "{message}");
            }
        }
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_version_of_ip_takes_no_address_of_the_other() {
    let (listener, port) = listen_on("[::1]:0").await;
    let dead = v4(closed_port("127.0.0.1:0").await);
    let both = endpoint(&[dead, v6(port)]);
    let factory = client("ws://router.example/ws").endpoint(both);
    let only_v4 = factory.clone().ip_version(IpVersion::V4).connect().await.err().unwrap();
    let text = only_v4.to_string();
    assert!(text.contains("refused") && !text.contains("[::1]:0"), "{text}");

    let server = accept_one(listener, ws());
    let mut left = factory.ip_version(IpVersion::V6).connect().await.unwrap();
    assert_connected(&mut left, &mut server.await.unwrap().unwrap()).await;

    // What is known before is refused before.
    let neither = client("ws://router.example/ws").endpoint(endpoint(&[dead]));
    let literal = client("ws://127.0.0.1:9/ws");
    let proxied = client("ws://router.example/ws");
    let proxied = proxied.proxy(Proxy::http("127.0.0.1", 9));
    for factory in [neither, literal, proxied] {
        let error = factory.ip_version(IpVersion::V6).check().unwrap_err();
        assert!(error.to_string().contains("version: 127.0.0.1 is not an IPv6 address"), "{error}");
    }
    // Through a proxy it is the proxy's matter.
    let far = client("ws://127.0.0.1:9/ws").proxy(Proxy::http("::1", 9));
    far.ip_version(IpVersion::V6).check().unwrap();
}

#[tokio::test]
async fn any_time_may_be_given_to_connect() {
    let (listener, port) = listen_on("127.0.0.1:0").await;
    let server = accept_one(listener, ws());
    let factory = client(&format!("ws://127.0.0.1:{port}/ws")).connect_timeout(Duration::MAX);
    let mut left = factory.connect().await.unwrap();
    assert_connected(&mut left, &mut server.await.unwrap().unwrap()).await;
}

#[tokio::test]
async fn the_time_to_connect_is_for_all_addresses_together() {
    let (silent, _listener, _queue) = silent().await;
    let factory = client("ws://router.example/ws")
        .endpoint(endpoint(&[silent; 5]))
        .connect_timeout(Duration::from_millis(600));
    // Five times as long, if each had its own.
    let limit = Duration::from_millis(2500);
    match tokio::time::timeout(limit, factory.connect()).await.unwrap().err().unwrap() {
        ConnectError::Timeout(step) => {
            assert!(step.starts_with(&format!("connecting to {silent}, ")), "{step}");
        }
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_name_without_an_address_is_named() {
    // RFC 6761: there is no such name.
    match client("ws://nobody.invalid:8080/ws").connect().await.err().unwrap() {
        ConnectError::Io { address, .. } => assert_eq!(address, "nobody.invalid:8080"),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn the_endpoint_is_not_what_the_server_is_asked_for() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let (listener, port) = listen_on("127.0.0.1:0").await;
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        stream.write_all(b"HTTP/1.1 403 Forbidden\r\n\r\n").await.unwrap();
        String::from_utf8(head).unwrap()
    });
    let factory = client("ws://router.example:8080/some/path?key=1")
        .endpoint(Endpoint::tcp("127.0.0.1", port))
        .origin("https://old.example")
        .origin("https://page.example")
        .user_agent("tester/1")
        .header("Cookie", "a=b");
    assert!(!format!("{factory:?}").contains("a=b"), "{factory:?}");
    let error = factory.connect().await.err().unwrap();
    assert!(error.to_string().contains("403"), "{error}");
    let head = server.await.unwrap();
    assert!(head.starts_with("GET /some/path?key=1 HTTP/1.1\r\n"), "{head}");
    for line in [
        "Host: router.example:8080",
        "Origin: https://page.example",
        "User-Agent: tester/1",
        "Cookie: a=b",
    ] {
        assert_eq!(head.lines().filter(|other| *other == line).count(), 1, "{line}: {head}");
    }
    assert!(!head.contains("old.example"), "{head}");
}

#[test]
fn what_cannot_be_an_endpoint_is_refused_at_construction() {
    for (host, port, text) in [
        ("", 80, "endpoint.host: the host is missing"),
        ("a b", 80, "endpoint.host: ' ' cannot be in a host name"),
        ("user@host", 80, "endpoint.host: '@'"),
        ("host:80", 80, "endpoint.host: ':'"),
        ("1.2.3", 80, "not an IPv4 address"),
        ("host", 0, "endpoint.port: 0"),
    ] {
        let error = client("ws://h/").endpoint(Endpoint::tcp(host, port)).check().unwrap_err();
        assert!(error.to_string().contains(text), "{host}: {error}");
    }
    let error = client("ws://h/").endpoint(Endpoint::addresses([])).check().unwrap_err();
    assert_eq!(error.to_string(), "invalid endpoint: at least one address is needed");
    for (host, shown) in
        [("::1", "[::1]:80"), ("[::1]", "[::1]:80"), ("Host", "host:80"), ("1.2.3.4", "1.2.3.4:80")]
    {
        assert_eq!(Endpoint::tcp(host, 80).to_string(), shown);
    }
}
