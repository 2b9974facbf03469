//! What a WebSocket peer makes us hold by claiming, asking or not reading.

use std::future::poll_fn;
use std::task::Poll;

use tokio::io::AsyncWriteExt;
use wampwerk::error::TransportError;

use crate::common::alone::alone;
use crate::common::websocket::{header, raw_client, raw_pair, recv, server, wire};

/// How much memory this process has, in MiB.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() / 1024
}

#[tokio::test]
async fn f09_a_length_that_is_only_claimed_takes_no_memory() {
    if !alone(module_path!(), "f09_a_length_that_is_only_claimed_takes_no_memory") {
        return;
    }
    const COUNT: usize = 100;
    let mut ends = Vec::new();
    for _ in 0..COUNT {
        ends.push(raw_client(server()).await);
    }
    let before = resident();
    for (end, peer) in &mut ends {
        // What is claimed comes along with a message, so it has been read when that has.
        let mut bytes = wire(true, 0x82, b"whole");
        bytes.extend(header(true, 0x82, 16 << 20));
        bytes.extend(b"and some of it");
        peer.write_all(&bytes).await.unwrap();
        assert_eq!(recv(end).await.unwrap().unwrap(), "whole");
        poll_fn(|cx| {
            assert!(end.poll_recv(cx).is_pending());
            Poll::Ready(())
        })
        .await;
    }
    let grown = resident().saturating_sub(before);
    assert!(grown < 50, "{COUNT} claims of 16 MiB took {grown} MiB");
}

#[tokio::test]
async fn r06_a_peer_that_asks_and_takes_no_answer_is_lost() {
    if !alone(module_path!(), "r06_a_peer_that_asks_and_takes_no_answer_is_lost") {
        return;
    }
    const MOST: usize = 64 << 20;
    let before = resident();
    for from_client in [false, true] {
        let (mut end, peer) = match from_client {
            true => raw_client(server()).await,
            false => raw_pair(|c| c).await,
        };
        let (_unread, mut peer) = peer.into_split();
        let flood = tokio::spawn(async move {
            let pings = wire(from_client, 0x89, &[7; 125]).repeat(500);
            let mut sent = 0;
            while sent < MOST && peer.write_all(&pings).await.is_ok() {
                sent += pings.len();
            }
            peer
        });
        let error = tokio::select! {
            got = recv(&mut end) => got.unwrap().unwrap_err(),
            _ = async { flood.await.unwrap() } => {
                panic!("all answers are kept: {} MiB", resident() - before)
            }
        };
        assert!(
            matches!(&error, TransportError::Violation(text) if text.contains("pings")),
            "{error}"
        );
    }
}
