//! Through an HTTP or SOCKS5 proxy to a router, and proxies that misbehave.

use std::net::SocketAddr;
use std::time::Duration;

use wampwerk::error::ConnectError;
use wampwerk::transport::{Connector, Endpoint, Proxy, WampWebSocketClientFactory};

use crate::common::endpoints::{assert_connected, client, closed_port, listen_on, serve, ws};
use crate::common::proxy;
use crate::common::proxy::Manner;
use crate::common::router;

const LOGIN: Option<(&str, &str)> = Some(("joe", "pass-word"));

fn nowhere() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

fn local(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn through(proxy: Proxy) -> WampWebSocketClientFactory {
    // Only the proxy knows that name.
    client("ws://router.example:8080/ws").proxy(proxy)
}

fn http(port: u16) -> Proxy {
    Proxy::http("127.0.0.1", port)
}

fn socks5(port: u16) -> Proxy {
    Proxy::socks5("127.0.0.1", port)
}

/// The error, which must be of the proxy: its status and text.
async fn refusal(proxy: Proxy) -> (Option<u16>, String) {
    let name = proxy.to_string();
    match through(proxy).connect().await.err().unwrap() {
        ConnectError::Proxy { proxy, status, message, .. } => {
            assert_eq!(proxy, name);
            (status, message)
        }
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn frames_go_through_and_the_proxy_looks_up_the_name() {
    for byte_by_byte in [false, true] {
        for login in [None, LOGIN] {
            let manner = Manner { login, byte_by_byte, ..Manner::default() };
            let (port, server) = serve(ws()).await;
            let (http_port, asked) = proxy::http(local(port), manner.clone()).await;
            let proxy = match login {
                None => http(http_port),
                Some((user, password)) => http(http_port).credentials(user, password),
            };
            let mut left = through(proxy).connect().await.unwrap();
            assert_connected(&mut left, &mut server.await.unwrap().unwrap()).await;
            drop(left);
            assert_eq!(asked.await.unwrap(), "router.example:8080");

            let (port, server) = serve(ws()).await;
            let (socks_port, asked) = proxy::socks5(local(port), manner).await;
            let proxy = match login {
                None => socks5(socks_port),
                Some((user, password)) => socks5(socks_port).credentials(user, password),
            };
            let mut left = through(proxy).connect().await.unwrap();
            assert_connected(&mut left, &mut server.await.unwrap().unwrap()).await;
            drop(left);
            assert_eq!(asked.await.unwrap(), "router.example:8080");
        }
    }
}

#[tokio::test]
async fn the_proxy_is_asked_for_the_endpoint() {
    for (endpoint, target) in [
        (Endpoint::tcp("10.0.0.7", 81), "10.0.0.7:81"),
        (Endpoint::tcp("2001:db8::7", 81), "[2001:db8::7]:81"),
        (Endpoint::tcp("other.example", 81), "other.example:81"),
        (Endpoint::addresses(["10.0.0.8:82".parse().unwrap()]), "10.0.0.8:82"),
    ] {
        for socks in [false, true] {
            let (port, server) = serve(ws()).await;
            let (proxy, asked) = if socks {
                let (port, asked) = proxy::socks5(local(port), Manner::default()).await;
                (socks5(port), asked)
            } else {
                let (port, asked) = proxy::http(local(port), Manner::default()).await;
                (http(port), asked)
            };
            let factory = through(proxy).endpoint(endpoint.clone());
            let mut left = factory.connect().await.unwrap();
            assert_connected(&mut left, &mut server.await.unwrap().unwrap()).await;
            drop(left);
            assert_eq!(asked.await.unwrap(), target);
        }
    }
}

#[tokio::test]
async fn a_wrong_login_and_none_are_told_as_such_and_no_password_shows() {
    let manner = || Manner { login: LOGIN, ..Manner::default() };
    for login in [None, Some(("joe", "hunter2-wrong")), Some(("eve", "hunter2-wrong"))] {
        for socks in [false, true] {
            let (port, asked) = if socks {
                proxy::socks5(nowhere(), manner()).await
            } else {
                proxy::http(nowhere(), manner()).await
            };
            let mut proxy = if socks { socks5(port) } else { http(port) };
            if let Some((user, password)) = login {
                proxy = proxy.credentials(user, password);
            }
            let name = proxy.to_string();
            let factory = through(proxy);
            assert!(!format!("{factory:?}").contains("hunter2"), "{factory:?}");
            let error = factory.connect().await.err().unwrap();
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
            match &error {
                ConnectError::ProxyAuthentication { proxy, message, .. } => {
                    assert_eq!(*proxy, name);
                    assert!(socks || message.contains("407"), "{message}");
                    assert!(socks || message.contains("Basic realm"), "{message}");
                }
                other => panic!("{other}"),
            }
            assert!(asked.await.unwrap().starts_with("refused"));
        }
    }
}

#[tokio::test]
async fn a_login_that_nobody_asks_for_does_no_harm() {
    let (port, server) = serve(ws()).await;
    let (socks_port, _asked) = proxy::socks5(local(port), Manner::default()).await;
    let proxy = socks5(socks_port).credentials("joe", "pass-word");
    let mut left = through(proxy).connect().await.unwrap();
    assert_connected(&mut left, &mut server.await.unwrap().unwrap()).await;
}

#[tokio::test]
async fn a_refusal_is_told_with_its_status() {
    for (status, text) in [(403, "403 Forbidden"), (502, "502 Bad Gateway"), (100, "100 Continue")]
    {
        let answer = format!("HTTP/1.1 {text}\r\nContent-Length: 0\r\n\r\n").into_bytes();
        let (port, _) = proxy::saying(20, answer, false).await;
        let (code, message) = refusal(http(port)).await;
        assert_eq!(code, Some(status));
        assert!(message.contains(text), "{message}");
    }
    // RFC 1928 has codes up to 8; Tor has more.
    for (code, text) in [(2, "rules"), (5, "refused the connection"), (0xf0, "(SOCKS5 reply 240)")]
    {
        let (port, _) = proxy::saying(3, vec![5, 0, 5, code, 0, 1], true).await;
        let (status, message) = refusal(socks5(port)).await;
        assert_eq!(status, Some(code.into()));
        assert!(message.contains(text), "{message}");
    }
}

#[tokio::test]
async fn the_next_address_is_asked_for_when_one_is_refused() {
    let (port, server) = serve(ws()).await;
    let (listener, proxy_port) = listen_on("127.0.0.1:0").await;
    let proxy = tokio::spawn(async move {
        let refuses = Manner { reply: Some(vec![4, 0, 1]), ..Manner::default() };
        let (stream, _) = listener.accept().await.unwrap();
        let first = proxy::serve_socks5(stream, nowhere(), &refuses).await;
        let (stream, _) = listener.accept().await.unwrap();
        (first, proxy::serve_socks5(stream, local(port), &Manner::default()).await)
    });
    let two = ["10.0.0.8:82".parse().unwrap(), "10.0.0.9:83".parse().unwrap()];
    let two = Endpoint::addresses(two);
    let factory = through(socks5(proxy_port)).endpoint(two);
    let mut left = factory.connect().await.unwrap();
    assert_connected(&mut left, &mut server.await.unwrap().unwrap()).await;
    drop(left);
    let asked = ("refused 10.0.0.8:82".to_owned(), "10.0.0.9:83".to_owned());
    assert_eq!(proxy.await.unwrap(), asked);
}

#[tokio::test]
async fn a_proxy_that_dies_is_told() {
    for byte_by_byte in [false, true] {
        let manner = Manner { dies_in_the_middle: true, byte_by_byte, ..Manner::default() };
        let (port, _) = proxy::http(nowhere(), manner.clone()).await;
        assert_eq!(refusal(http(port)).await, (None, "it closed the connection".to_owned()));
        let (port, _) = proxy::socks5(nowhere(), manner).await;
        assert_eq!(refusal(socks5(port)).await, (None, "it closed the connection".to_owned()));
    }
    // Before it says anything, and before it is there.
    let (port, _) = proxy::saying(20, Vec::new(), false).await;
    refusal(http(port)).await;
    let (_, message) = refusal(socks5(closed_port("127.0.0.1:0").await)).await;
    assert!(message.contains("cannot reach it: Connection refused"), "{message}");
}

#[tokio::test]
async fn a_proxy_that_dies_under_a_session_ends_it() {
    let router = router();
    let listener = router.listen("ws://127.0.0.1:0/ws").await.unwrap();
    let (port, tunnel) = proxy::http(listener.local_addr().unwrap(), Manner::default()).await;
    let session = wampwerk::session::connect_with(through(http(port)), "realm1").await.unwrap();
    session.register("com.example.add", |a: i64, b: i64| async move { a + b }).await.unwrap();
    let sum: i64 = session.call("com.example.add").args((2, 3)).value().await.unwrap();
    assert_eq!(sum, 5);
    tunnel.abort();
    let reason = session.closed().await;
    assert_eq!(reason.kind, wampwerk::error::CloseKind::TransportLost, "{reason}");
}

#[tokio::test]
async fn garbage_is_told_at_once() {
    for (bytes, text) in [
        (b"SSH-2.0-OpenSSH_9.9\r\n".to_vec(), "does not speak HTTP"),
        (b"\x05\x00".to_vec(), "does not speak HTTP"),
        (b"HTTP/1.1 abc\r\n\r\n".to_vec(), "no HTTP status"),
        (b"HTTP/1.1 2000\r\n\r\n".to_vec(), "no HTTP status"),
        (b"HTTP/1.1 2\xff\xff\xff\r\n\r\n".to_vec(), "no HTTP status"),
        (b"HTTP/1.\r\n\r\n".to_vec(), "no HTTP status"),
        ([&b"HTTP/1.1 200 OK\r\nX: "[..], &[b'a'; 100_000]].concat(), "longer than 16384 bytes"),
    ] {
        let (port, _) = proxy::saying(20, bytes, true).await;
        let (status, message) = refusal(http(port)).await;
        assert_eq!(status, None);
        assert!(message.contains(text), "{message}");
    }
    for (bytes, text) in [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), "does not speak SOCKS5"),
        (vec![4, 0], "does not speak SOCKS5"),
        (vec![5, 2], "chose method 2"),
        (vec![5, 1], "chose method 1"),
        (vec![5, 0, 4, 0, 0, 1], "does not speak SOCKS5"),
        (vec![5, 0, 5, 0, 0, 9], "an address of type 9"),
    ] {
        let (port, _) = proxy::saying(3, bytes, true).await;
        let (status, message) = refusal(socks5(port)).await;
        assert_eq!(status, None);
        assert!(message.contains(text), "{message}");
    }
}

#[tokio::test]
async fn a_silent_proxy_is_given_up() {
    let (http_port, _) = proxy::saying(20, b"HTTP/1.1 2".to_vec(), true).await;
    let (socks_port, _) = proxy::saying(3, vec![5], true).await;
    for proxy in [http(http_port), socks5(socks_port)] {
        let wanted = format!("the answer of the proxy {proxy}");
        let factory = through(proxy).connect_timeout(Duration::from_millis(100));
        match factory.connect().await.err().unwrap() {
            ConnectError::Timeout(step) => assert_eq!(step, wanted),
            other => panic!("{other}"),
        }
    }
}

#[tokio::test]
async fn what_is_right_behind_the_answer_is_the_routers() {
    let refused = b"HTTP/1.1 418 I'm a teapot\r\n\r\nshort and stout";
    for answer in [
        &b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"[..],
        b"HTTP/1.0 200 Connection established\r\n\r\n",
        b"HTTP/1.0 204\n\n",
    ] {
        let (port, _) = proxy::saying(20, [answer, refused].concat(), true).await;
        let error = through(http(port)).connect().await.err().unwrap();
        assert!(
            matches!(&error, ConnectError::Handshake { message: text, .. } if text.contains("418")),
            "{error}"
        );
    }

    for bound in [
        vec![1, 127, 0, 0, 1, 0, 80],
        [vec![4], vec![0; 18]].concat(),
        [vec![3, 11], b"example.com".to_vec(), vec![0, 80]].concat(),
        [vec![3, 255], vec![b'x'; 257]].concat(),
        vec![3, 0, 0, 80],
    ] {
        let bytes = [&[5, 0, 5, 0, 0], &bound[..], refused].concat();
        let (port, _) = proxy::saying(3, bytes, true).await;
        let error = through(socks5(port)).connect().await.err().unwrap();
        assert!(
            matches!(&error, ConnectError::Handshake { message: text, .. } if text.contains("418")),
            "{error}"
        );
    }
}

#[test]
fn what_a_proxy_cannot_be_told_is_refused_at_construction() {
    let long = "x".repeat(256);
    for (proxy, user, password, text) in [
        (http(1), "a:b", "x", "proxy.username: it cannot have a colon"),
        (http(1), "a\r\nX", "x", "proxy.username: it has control characters"),
        (http(1), "a", "x\r\nX: y", "proxy.password: it has control characters"),
        (socks5(1), "", "x", "proxy.username: it has 0 bytes"),
        (socks5(1), "a", "", "proxy.password: it has 0 bytes"),
        (socks5(1), &long, "x", "proxy.username: it has 256 bytes"),
        (socks5(1), "a", &long, "proxy.password: it has 256 bytes"),
    ] {
        let error = through(proxy.credentials(user, password)).check().unwrap_err();
        assert!(error.to_string().contains(text), "{error}");
    }
    let refused = |proxy| through(proxy).check().unwrap_err().to_string();
    assert!(refused(Proxy::http("", 80)).contains("proxy.host: the host is missing"));
    assert!(refused(Proxy::socks5("h", 0)).contains("proxy.port: 0"));
    let far = client(&format!("ws://{long}/ws"));
    assert!(far.clone().proxy(http(1)).check().is_ok());
    let error = far.proxy(socks5(1)).check().unwrap_err();
    assert!(error.to_string().contains("too long for a SOCKS5 proxy"), "{error}");
    assert_eq!(Proxy::socks5("::1", 9).to_string(), "socks5://[::1]:9");
}
