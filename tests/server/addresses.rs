//! The addresses that a listener's host comes to.

use std::net::TcpListener;

use tokio::net::TcpStream;
use wampwerk::connect;

use crate::common::router;
use crate::common::wire::{RawSocket, address};

/// Whether this machine has IPv6.
fn has_ipv6() -> bool {
    TcpListener::bind("[::1]:0").is_ok()
}

#[tokio::test]
async fn ipv6_is_listened_on() {
    if !has_ipv6() {
        return;
    }
    let router = router();
    let listener = router.listen("ws://[::1]:0/ws").universal(true).await.unwrap();
    let port = address(&listener).port();
    assert_eq!(listener.url(), format!("ws://[::1]:{port}/ws"));
    assert_eq!(listener.raw_socket_url().unwrap(), format!("rs://[::1]:{port}"));
    for url in [listener.url(), listener.raw_socket_url().unwrap()] {
        connect(url, "realm1").await.unwrap();
    }
}

/// Every address of a name is one where clients look.
#[tokio::test]
async fn a_name_is_listened_on_at_all_its_addresses() {
    let mut all: Vec<_> = tokio::net::lookup_host("localhost:0").await.unwrap().collect();
    all.retain(|address| address.is_ipv4() || has_ipv6());
    let router = router();
    let listener = router.listen("rs://localhost:0").await.unwrap();
    for mut one in all.clone() {
        one.set_port(address(&listener).port());
        RawSocket::join(TcpStream::connect(one).await.unwrap()).await;
    }
    listener.close().await;
    for one in all {
        assert!(TcpListener::bind(one).is_ok(), "{one}");
    }
}
