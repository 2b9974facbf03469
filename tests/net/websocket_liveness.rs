//! Pings over WebSocket, and peers that answer none or do not read.

use std::future::poll_fn;
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use wampwerk::error::TransportError;
use wampwerk::transport::{Ping, ServerOptions, WampWebSocketClientFactory};
use wampwerk::{Serializer, session};

use crate::common::relay::Relay;
use crate::common::router;
use crate::common::websocket::{
    client_frame, flush, frame, raw_client, raw_pair, read_head, recv, request, send, server,
    server_frame, wire,
};

#[tokio::test]
async fn a_peer_that_answers_no_ping_is_lost() {
    let short = Ping::new(Duration::from_millis(30), Duration::from_millis(50));
    let (mut end, mut server) = raw_pair(|c| c.auto_ping(short)).await;
    let peer = tokio::spawn(async move {
        let frame = client_frame(&mut server).await;
        (frame, server)
    });
    let begin = Instant::now();
    let error = recv(&mut end).await.unwrap().unwrap_err();
    assert_eq!(error, TransportError::Timeout("the peer answers no ping"));
    assert!(begin.elapsed() >= Duration::from_millis(80));
    let ((first, payload), _server) = peer.await.unwrap();
    assert_eq!((first, payload.len()), (0x89, 12));
}

#[tokio::test]
async fn a_peer_that_answers_pings_lives() {
    let short = Ping::new(Duration::from_millis(10), Duration::from_secs(10));
    let (mut end, mut server) = raw_pair(|c| c.auto_ping(short)).await;
    let peer = tokio::spawn(async move {
        for _ in 0..5 {
            assert_eq!(client_frame(&mut server).await.0, 0x89);
            server.write_all(b"\x8a\x00").await.unwrap();
        }
        server.write_all(b"\x82\x01!").await.unwrap();
        server
    });
    assert_eq!(recv(&mut end).await.unwrap().unwrap(), "!");
    peer.await.unwrap();
}

/// The peer has taken it, and works on it for longer than the time for an answer.
#[tokio::test]
async fn a_large_message_in_flight_is_no_silence() {
    let short = Ping::new(Duration::from_millis(30), Duration::from_millis(50));
    for from_client in [false, true] {
        let (mut end, mut peer) = match from_client {
            true => raw_client(server().options(ServerOptions::new().auto_ping(short))).await,
            false => raw_pair(|c| c.auto_ping(short)).await,
        };
        let busy = tokio::spawn(async move {
            let mut next = async || match from_client {
                true => server_frame(&mut peer).await,
                false => client_frame(&mut peer).await,
            };
            assert_eq!(next().await.1.len(), 1 << 20);
            let (first, payload) = next().await;
            assert_eq!(first, 0x89);
            tokio::time::sleep(Duration::from_millis(500)).await;
            peer.write_all(&wire(from_client, 0x8a, &payload)).await.unwrap();
            peer.write_all(&wire(from_client, 0x82, b"done")).await.unwrap();
            peer
        });
        send(&mut end, vec![b'x'; 1 << 20].into()).await.unwrap();
        flush(&mut end).await.unwrap();
        assert_eq!(recv(&mut end).await.unwrap().unwrap(), "done");
        busy.await.unwrap();
    }
}

#[tokio::test]
async fn a_flood_of_pings_does_not_hold_the_task() {
    let (mut end, mut server) = raw_pair(|c| c).await;
    server.write_all(&b"\x89\x00".repeat(10_000)).await.unwrap();
    server.write_all(b"\x82\x01x").await.unwrap();
    let mut turns = 0;
    let got = poll_fn(|cx| {
        turns += 1;
        end.poll_recv(cx)
    });
    assert_eq!(got.await.unwrap().unwrap(), "x");
    assert!(turns > 100, "{turns}");
}

#[tokio::test]
async fn a_peer_that_does_not_read_makes_us_wait_and_then_is_lost() {
    // Whether or not there are pings, and however long they may take.
    for ping in [None, Some(Ping::new(Duration::from_millis(20), Duration::MAX))] {
        does_not_read(|c| c.auto_ping(ping).send_timeout(Duration::from_millis(150))).await;
    }
}

async fn does_not_read(set: impl FnOnce(WampWebSocketClientFactory) -> WampWebSocketClientFactory) {
    let (mut end, server) = raw_pair(set).await;
    let chunk = frame(Serializer::Cbor, 64 << 10);
    let mut sent = 0;
    let error = loop {
        match send(&mut end, chunk.clone()).await {
            Ok(()) => sent += chunk.len(),
            Err(error) => break error,
        }
        // The system's buffers and ours; without a limit it would go on.
        assert!(sent < 64 << 20);
    };
    assert_eq!(error, TransportError::Timeout("the peer does not take what is sent"));
    assert!(sent >= 1 << 20);
    drop(server);
}

#[tokio::test]
async fn a_peer_that_does_not_read_is_waited_for_20_s_unless_it_is_set() {
    for (set, limit) in [(None, Some(20)), (Some(None), None), (Some(Some(3)), Some(3))] {
        for ping in [None, Some(Ping::new(Duration::from_secs(7), Duration::MAX))] {
            let set_both = |c: WampWebSocketClientFactory| match set {
                None => c.auto_ping(ping),
                Some(limit) => c.auto_ping(ping).send_timeout(limit.map(Duration::from_secs)),
            };
            let (mut end, _server) = raw_pair(set_both).await;
            tokio::time::pause();
            let begin = tokio::time::Instant::now();
            while poll_fn(|cx| Poll::Ready(end.poll_ready(cx))).await.is_ready() {
                end.start_send(vec![7; 1 << 20].into()).unwrap();
            }
            let long = Duration::from_secs(3600);
            let flushed = tokio::time::timeout(long, flush(&mut end)).await;
            let stalled = TransportError::Timeout("the peer does not take what is sent");
            assert_eq!(flushed.ok(), limit.map(|_| Err(stalled)), "{set:?} {ping:?}");
            // The system may have taken a little more at first.
            let (limit, took) = (limit.map_or(long, Duration::from_secs), begin.elapsed());
            assert!(took >= limit && took < 3 * limit, "{took:?} {limit:?}");
            tokio::time::resume();
        }
    }
}

/// The answer cannot come before the ping is there, behind the message: 16 MiB at 800 kB/s.
#[tokio::test(start_paused = true)]
async fn a_slow_reader_of_a_long_message_is_alive() {
    const SIZE: usize = 16 << 20;
    let (mut client, near) = duplex(64 << 10);
    let head = request("/ws", "Sec-WebSocket-Protocol: wamp.2.cbor\r\n");
    client.write_all(head.as_bytes()).await.unwrap();
    let mut end = server().accept(near, "the test").await.unwrap();
    read_head(&mut client).await;
    let transport = end.info().clone();
    let session = tokio::spawn(async move {
        send(&mut end, vec![7; SIZE].into()).await.unwrap();
        poll_fn(|cx| match end.poll_flush(cx) {
            Poll::Ready(Err(error)) => Poll::Ready(Some(Err(error))),
            _ => end.poll_recv(cx),
        })
        .await
    });
    let (mut left, mut space) = (SIZE + 10, vec![0; 8000]);
    while left > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        let most = left.min(space.len());
        match client.read(&mut space[..most]).await.unwrap() {
            0 => panic!("cut with {left} bytes to go: {:?}", session.await.unwrap()),
            count => left -= count,
        }
    }
    let mut ping = [0; 14];
    client.read_exact(&mut ping).await.unwrap();
    assert_eq!(ping[..2], [0x89, 12]);
    // Not counted from when it was to be sent, 11 s before.
    let delay = Duration::from_secs(9);
    tokio::time::sleep(delay).await;
    client.write_all(&wire(true, 0x8a, &ping[2..])).await.unwrap();
    client.read_exact(&mut ping).await.unwrap();
    assert_eq!(ping[..2], [0x89, 12]);
    let measured = transport.round_trip().unwrap();
    assert!((delay..delay + Duration::from_secs(1)).contains(&measured), "{measured:?}");
    // Its answer is missed: it did leave.
    let dead = TransportError::Timeout("the peer answers no ping");
    assert_eq!(session.await.unwrap(), Some(Err(dead)));
}

/// Often, and patient.
fn pings() -> Ping {
    Ping::new(Duration::from_millis(5), Duration::from_secs(60))
}

#[tokio::test]
async fn pings_are_as_long_as_they_are_to_be_and_no_two_are_the_same() {
    for (size, expected) in [(0, 12), (12, 12), (64, 64), (125, 125), (1000, 125)] {
        let (mut end, mut peer) = raw_pair(|c| c.auto_ping(pings().size(size))).await;
        let peer = tokio::spawn(async move {
            let mut seen: Vec<Vec<u8>> = Vec::new();
            while seen.len() < 3 {
                let (first, payload) = client_frame(&mut peer).await;
                assert_eq!((first, payload.len()), (0x89, expected));
                assert!(!seen.contains(&payload));
                peer.write_all(&wire(false, 0x8a, &payload)).await.unwrap();
                seen.push(payload);
            }
            peer.write_all(&wire(false, 0x82, b"enough")).await.unwrap();
            peer
        });
        assert_eq!(recv(&mut end).await.unwrap().unwrap(), "enough");
        peer.await.unwrap();
    }
}

#[tokio::test]
async fn the_round_trip_is_that_of_the_answer_to_the_last_ping() {
    const DELAY: Duration = Duration::from_millis(60);
    // Until the answer, nothing else is asked.
    let strict = pings().restart_on_traffic(false);
    for from_client in [false, true] {
        let begin = Instant::now();
        let (mut end, mut peer) = match from_client {
            true => raw_client(server().options(ServerOptions::new().auto_ping(strict))).await,
            false => raw_pair(|c| c.auto_ping(strict)).await,
        };
        assert_eq!(end.info().round_trip(), None);
        let say = move |first: u8, payload: &[u8]| wire(from_client, first, payload);
        let asked = tokio::spawn(async move {
            let (first, payload) = match from_client {
                true => server_frame(&mut peer).await,
                false => client_frame(&mut peer).await,
            };
            assert_eq!(first, 0x89);
            // None of these is the answer.
            let mut other = payload.clone();
            other[11] ^= 1;
            for wrong in [b"" as &[u8], b"unasked", &payload[..11], &other] {
                peer.write_all(&say(0x8a, wrong)).await.unwrap();
            }
            peer.write_all(&say(0x82, b"before")).await.unwrap();
            (peer, payload)
        });
        assert_eq!(recv(&mut end).await.unwrap().unwrap(), "before");
        assert_eq!(end.info().round_trip(), None);
        let (mut peer, payload) = asked.await.unwrap();
        tokio::time::sleep(DELAY).await;
        peer.write_all(&say(0x8a, &payload)).await.unwrap();
        peer.write_all(&say(0x82, b"after")).await.unwrap();
        assert_eq!(recv(&mut end).await.unwrap().unwrap(), "after");
        let last = end.info().round_trip().unwrap();
        assert!(last >= DELAY && last <= begin.elapsed(), "{last:?}");
    }
}

#[tokio::test]
async fn a_session_sees_how_far_away_its_router_is() {
    const DELAY: Duration = Duration::from_millis(40);
    let router = router();
    let listener = router.listen("ws://127.0.0.1:0/ws").await.unwrap();
    let relay = Relay::delayed(listener.local_addr().unwrap(), DELAY).await;
    let url = format!("ws://127.0.0.1:{}/ws", relay.port);
    for batched in [false, true] {
        let factory = WampWebSocketClientFactory::new(&url, &[Serializer::Cbor]).unwrap();
        // The session is busy all the time.
        let factory = factory.batched(batched).auto_ping(pings().restart_on_traffic(false));
        let session = session::connect_with(&factory, "realm1").await.unwrap();
        let transport = session.transport().clone();
        let last = loop {
            session.call("com.example.nothing").await.unwrap_err();
            if let Some(last) = transport.round_trip() {
                break last;
            }
        };
        assert!(last >= 2 * DELAY, "{last:?}");
        assert_eq!(session.transport().round_trip(), Some(last));
        session.leave().await;
    }
}

#[tokio::test]
async fn data_is_no_answer_where_only_the_answer_counts() {
    let strict = Ping::new(Duration::from_millis(20), Duration::from_millis(200));
    let strict = strict.restart_on_traffic(false);
    let (mut end, peer) = raw_pair(|c| c.auto_ping(strict)).await;
    let (mut from_end, mut to_end) = peer.into_split();
    let talking = tokio::spawn(async move {
        let mut ticks = tokio::time::interval(Duration::from_millis(2));
        while to_end.write_all(b"\x82\x01x").await.is_ok() {
            ticks.tick().await;
        }
    });
    let (begin, mut got) = (Instant::now(), 0);
    let error = loop {
        match recv(&mut end).await.unwrap() {
            Ok(_) => got += 1,
            Err(error) => break error,
        }
        assert!(begin.elapsed() < Duration::from_secs(30));
    };
    assert_eq!(error, TransportError::Timeout("the peer answers no ping"));
    assert!(begin.elapsed() >= Duration::from_millis(220));
    assert!(got > 0);
    let mut ping = [0; 2];
    from_end.read_exact(&mut ping).await.unwrap();
    assert_eq!(ping, [0x89, 0x80 | 12]);
    drop((end, from_end));
    talking.await.unwrap();
}
