//! RawSocket peers that are silent, and peers that take nothing.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout};
use wampwerk::error::TransportError;
use wampwerk::transport::Ping;

use crate::common::raw_socket::*;

const INTERVAL: Duration = Duration::from_secs(3);
const TIMEOUT: Duration = Duration::from_secs(5);

fn ping() -> Ping {
    Ping::new(INTERVAL, TIMEOUT)
}

#[tokio::test(start_paused = true)]
async fn nobody_is_asked_unless_it_is_set() {
    let (mut client, mut end) = piped(options()).await;
    let long = Duration::from_secs(3600);
    assert!(timeout(long, recv(&mut end)).await.is_err());
    drop(end);
    assert_eq!(rest(&mut client).await, b"");
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_is_asked_and_then_lost() {
    let (mut client, mut end) = piped(options().auto_ping(ping())).await;
    let begin = Instant::now();
    let dead = TransportError::Timeout("the peer answers no ping");
    assert_eq!(recv(&mut end).await, Some(Err(dead)));
    assert_eq!(begin.elapsed(), INTERVAL + TIMEOUT);
    assert_eq!(recv(&mut end).await, None);
    // There is no peer to wait for.
    assert_eq!(close(&mut end).await, Ok(()));
    assert_eq!(begin.elapsed(), INTERVAL + TIMEOUT);
    drop(end);
    let (kind, payload) = read_frame(&mut client).await;
    assert_eq!((kind, payload.len()), (PING, Ping::MIN_SIZE));
    assert_eq!(rest(&mut client).await, b"");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_answers_lives_and_the_round_trip_is_measured() {
    let (mut client, mut end) = piped(options().auto_ping(ping().size(100))).await;
    let delay = Duration::from_millis(70);
    let answers = async {
        for _ in 0..5 {
            let (kind, payload) = read_frame(&mut client).await;
            assert_eq!((kind, payload.len()), (PING, 100));
            tokio::time::sleep(delay).await;
            client.write_all(&frame(PONG, &payload)).await.unwrap();
        }
        client.write_all(&frame(MESSAGE, b"done")).await.unwrap();
    };
    assert_eq!(end.info().round_trip(), None);
    let (_, got) = tokio::join!(answers, recv(&mut end));
    assert_eq!(got, Some(Ok("done".into())));
    assert_eq!(end.info().round_trip(), Some(delay));
}

#[tokio::test(start_paused = true)]
async fn a_slow_transfer_is_a_sign_of_life() {
    let (mut client, mut end) = piped(options().auto_ping(ping())).await;
    let message = filled(50);
    let slowly = async {
        for octet in frame(MESSAGE, &message) {
            tokio::time::sleep(INTERVAL - Duration::from_secs(1)).await;
            client.write_all(&[octet]).await.unwrap();
        }
    };
    let (_, got) = tokio::join!(slowly, recv(&mut end));
    assert_eq!(got, Some(Ok(message.into())));
}

/// The answer cannot come before the ping is there, behind the message: 16 MiB at 800 kB/s.
#[tokio::test(start_paused = true)]
async fn a_slow_reader_of_a_long_message_is_alive() {
    const SIZE: usize = (16 << 20) - 1;
    for strict in [false, true] {
        let ping = ping().restart_on_traffic(!strict);
        let (mut client, mut end) = piped(options().auto_ping(ping)).await;
        let transport = end.info().clone();
        let session = tokio::spawn(async move {
            send(&mut end, filled(SIZE)).await.unwrap();
            poll_fn(|cx| match end.poll_flush(cx) {
                Poll::Ready(Err(error)) => Poll::Ready(Some(Err(error))),
                _ => end.poll_recv(cx),
            })
            .await
        });
        let (mut left, mut space) = (SIZE + 4, vec![0; 8000]);
        while left > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
            let most = left.min(space.len());
            match client.read(&mut space[..most]).await.unwrap() {
                0 => panic!("cut with {left} bytes to go: {:?}", session.await.unwrap()),
                count => left -= count,
            }
        }
        let (kind, payload) = read_frame(&mut client).await;
        assert_eq!((kind, payload.len()), (PING, Ping::MIN_SIZE));
        // Not counted from when it was to be sent, 18 s before.
        tokio::time::sleep(TIMEOUT - Duration::from_secs(1)).await;
        client.write_all(&frame(PONG, &payload)).await.unwrap();
        let (kind, _) = read_frame(&mut client).await;
        assert_eq!(kind, PING);
        assert!(transport.round_trip().is_some_and(|time| time < TIMEOUT), "{transport:?}");
        // Its answer is missed: it did leave.
        let dead = TransportError::Timeout("the peer answers no ping");
        assert_eq!(session.await.unwrap(), Some(Err(dead)));
    }
}

/// The peer has taken it, and works on it for longer than the time for an answer.
#[tokio::test(start_paused = true)]
async fn a_large_message_in_flight_is_no_silence() {
    const SIZE: usize = 10 << 20;
    for strict in [false, true] {
        let ping = ping().restart_on_traffic(!strict);
        let (mut client, mut end) = piped(options().auto_ping(ping)).await;
        let session = tokio::spawn(async move {
            send(&mut end, filled(SIZE)).await.unwrap();
            flush(&mut end).await.unwrap();
            recv(&mut end).await
        });
        let (kind, payload) = read_frame(&mut client).await;
        assert_eq!((kind, payload.len()), (MESSAGE, SIZE));
        let (kind, payload) = read_frame(&mut client).await;
        assert_eq!(kind, PING);
        tokio::time::sleep(6 * TIMEOUT).await;
        client.write_all(&frame(PONG, &payload)).await.unwrap();
        client.write_all(&frame(MESSAGE, b"done")).await.unwrap();
        assert_eq!(session.await.unwrap(), Some(Ok("done".into())), "{strict}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_takes_nothing_is_given_up() {
    let limit = Duration::from_secs(4);
    let (mut client, mut end) = piped(options().send_timeout(limit)).await;
    send(&mut end, filled(10 * PIPE)).await.unwrap();
    let begin = Instant::now();
    let stalled = TransportError::Timeout("the peer does not take what is sent");
    assert_eq!(flush(&mut end).await, Err(stalled.clone()));
    assert_eq!(begin.elapsed(), limit);
    // Nor is it waited for in the end.
    assert_eq!(close(&mut end).await, Ok(()));
    assert_eq!(begin.elapsed(), limit);
    drop(end);
    assert_eq!(rest(&mut client).await.len(), PIPE);

    // A peer that takes a little, now and then, is slow only.
    let (mut client, mut end) = piped(options().send_timeout(limit)).await;
    send(&mut end, filled(3 * PIPE)).await.unwrap();
    let slowly = async {
        let mut seen = 0;
        let mut some = vec![0; PIPE / 8];
        while seen < 3 * PIPE + 4 {
            tokio::time::sleep(limit - Duration::from_secs(1)).await;
            seen += client.read(&mut some).await.unwrap();
        }
        seen
    };
    let (flushed, seen) = tokio::join!(flush(&mut end), slowly);
    assert_eq!((flushed, seen), (Ok(()), 3 * PIPE + 4));
}

#[tokio::test(start_paused = true)]
async fn room_is_below_the_mark_and_waiting_for_it_ends() {
    let limit = Duration::from_secs(4);
    let (_client, mut end) = piped(options().send_timeout(limit)).await;
    let stalled = Err(TransportError::Timeout("the peer does not take what is sent"));
    let mut taken = 0;
    let error = loop {
        match poll_fn(|cx| end.poll_ready(cx)).await {
            Ok(()) => end.start_send(filled(100_000).into()).unwrap(),
            error => break error,
        }
        taken += 1;
    };
    assert_eq!(error, stalled);
    assert!((11..=12).contains(&taken), "{taken}");
}

#[tokio::test(start_paused = true)]
async fn who_reads_no_answers_to_its_pings_is_given_up() {
    let limit = Duration::from_secs(4);
    let (mut client, mut end) = piped(options().send_timeout(limit)).await;
    let flood = async {
        let ping = frame(PING, &filled(1000));
        while client.write_all(&ping).await.is_ok() {}
    };
    let given_up = async {
        let got = recv(&mut end).await;
        assert_eq!(close(&mut end).await, Ok(()));
        drop(end);
        got
    };
    let ((), got) = tokio::join!(flood, given_up);
    let stalled = TransportError::Timeout("the peer does not take what is sent");
    assert_eq!(got, Some(Err(stalled)));
}
