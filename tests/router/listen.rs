//! Listening and its end: ports, addresses, GOODBYE to all.

use std::time::Duration;

use serde_json::json;
use wampwerk::Router;
use wampwerk::error::{BuildError, ListenError};

use crate::common::raw_client::Server;

#[test]
fn port_0_is_read_back_and_several_listeners_serve_one_router() {
    let server = Server::start();
    let port = server.listener.as_ref().unwrap().local_addr().unwrap().port();
    assert_ne!(port, 0);
    assert_eq!(server.url, format!("ws://127.0.0.1:{port}/ws"));
    let router = server.router.clone();
    let second =
        server.runtime.block_on(router.listen("ws://localhost:0/other").into_future()).unwrap();
    assert_ne!(second.local_addr().unwrap().port(), port);

    let first = server.runtime.block_on(async {
        let callee = wampwerk::connect(&server.url, "realm1").await.unwrap();
        let add = |a: i64, b: i64| async move { Ok::<_, wampwerk::ApplicationError>(a + b) };
        callee.register("com.example.add", add).await.unwrap();
        let caller = wampwerk::connect(second.url(), "realm1").await.unwrap();
        caller.call("com.example.add").args((2, 3)).value::<i64>().await.unwrap()
    });
    assert_eq!(first, 5);
}

#[test]
fn what_cannot_be_listened_on() {
    let server = Server::start();
    let listen = |url: &str| server.runtime.block_on(server.router.listen(url).into_future());
    assert!(matches!(listen(&server.url), Err(ListenError::Io { .. })));
    for url in ["", "127.0.0.1:0", "http://127.0.0.1:0/", "wss://127.0.0.1:0/ws"] {
        assert!(matches!(listen(url), Err(ListenError::InvalidUrl(_))), "{url}");
    }
    for (url, text) in [
        ("127.0.0.1:8080", "begin with ws:// or wss://, or rs:// or rss:// for RawSocket"),
        ("tcp://127.0.0.1:0", "is not one of ws, wss, rs and rss; write rs://"),
    ] {
        let error = listen(url).err().unwrap();
        assert!(error.to_string().contains(text), "{error}");
    }
}

#[test]
fn closing_a_listener_frees_the_port_and_keeps_the_sessions() {
    let mut server = Server::start();
    let mut raw = server.join();
    server.runtime.block_on(server.listener.take().unwrap().close());
    raw.assert_alive();
    let again = server.runtime.block_on(server.router.listen(&server.url).into_future()).unwrap();
    assert_eq!(again.url(), server.url);
}

#[test]
fn shutdown_says_goodbye_and_waits_until_all_have_gone() {
    let server = Server::start();
    let mut raw = server.join();
    let mut idle = server.connect();
    let address = server.listener.as_ref().unwrap().local_addr().unwrap();
    let router = server.router.clone();
    let down = server.runtime.spawn(async move { router.shutdown().await });
    assert_eq!(raw.recv(), json!([6, {}, "wamp.close.system_shutdown"]));
    assert_eq!(idle.recv_close(), 1001);
    assert!(idle.0.read().is_err());
    assert!(!down.is_finished(), "one session has not answered");
    raw.send(json!([6, {}, "wamp.close.goodbye_and_out"]));
    assert_eq!(raw.recv_close(), 1001);
    assert!(raw.0.read().is_err());
    server.runtime.block_on(down).unwrap();
    assert_eq!(server.router.statistics(), Default::default());
    // The listener has ended.
    assert!(std::net::TcpListener::bind(address).is_ok());
}

#[test]
fn dropping_the_last_handle_ends_the_router() {
    let server = Server::start();
    let mut raw = server.join();
    let Server { router, listener, runtime, .. } = server;
    let clone = router.clone();
    drop(router);
    raw.assert_alive();
    drop(clone);
    assert_eq!(raw.recv()[2], "wamp.close.system_shutdown");
    raw.send(json!([6, {}, "wamp.close.goodbye_and_out"]));
    assert_eq!(raw.recv_close(), 1001);
    let address = listener.as_ref().unwrap().local_addr().unwrap();
    while std::net::TcpStream::connect(address).is_ok() {
        std::thread::yield_now();
    }
    drop(runtime);
}

#[test]
fn settings_that_cannot_be() {
    for builder in [
        Router::builder(),
        Router::builder().realm("not a realm"),
        Router::builder().realm("realm1").serializers(&[]),
    ] {
        assert!(matches!(builder.build(), Err(BuildError::InvalidConfig(_))));
    }
}

#[test]
fn settings_that_no_listener_could_keep_to_are_named() {
    let builder = || Router::builder().realm("realm1");
    for (name, builder) in [
        ("max_message_payload_size", builder().max_message_payload_size(0)),
        ("max_message_payload_size", builder().max_message_payload_size(usize::MAX)),
        ("open_handshake_timeout", builder().open_handshake_timeout(Duration::ZERO)),
        ("open_handshake_timeout", builder().open_handshake_timeout(Duration::MAX)),
    ] {
        let error = builder.build().map(drop).unwrap_err().to_string();
        assert!(error.starts_with(&format!("invalid {name}: ")), "{error}");
    }
}
