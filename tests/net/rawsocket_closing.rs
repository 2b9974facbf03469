//! The end of a RawSocket connection: there is no frame for it, each side ends its direction.

use std::error::Error;
use std::future::poll_fn;
use std::io::ErrorKind;
use std::task::Poll;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::time::{Instant, timeout};
use wampwerk::error::TransportError;

use crate::common::raw_socket::*;

#[tokio::test]
async fn the_end_between_two_frames_is_orderly() {
    let (mut client, mut end) = over_tcp(options()).await;
    client.write_all(&frame(MESSAGE, b"bye")).await.unwrap();
    client.shutdown().await.unwrap();
    assert_eq!(recv(&mut end).await, Some(Ok("bye".into())));
    assert_eq!(recv(&mut end).await, None);
    assert_eq!(recv(&mut end).await, None);
    // The peer has ended its direction only: what is left for it leaves.
    send(&mut end, "you, too").await.unwrap();
    assert_eq!(close(&mut end).await, Ok(()));
    assert_eq!(rest(&mut client).await, frame(MESSAGE, b"you, too"));
}

#[tokio::test]
async fn the_end_within_a_frame_is_a_loss() {
    let whole = frame(MESSAGE, &filled(40));
    for cut in 1..whole.len() {
        let (mut client, mut end) = piped(options()).await;
        client.write_all(&frame(MESSAGE, b"before")).await.unwrap();
        client.write_all(&whole[..cut]).await.unwrap();
        drop(client);
        assert_eq!(recv(&mut end).await, Some(Ok("before".into())));
        let lost = TransportError::Lost("the peer went away within a frame".into());
        assert_eq!(recv(&mut end).await, Some(Err(lost)), "{cut}");
        assert_eq!(recv(&mut end).await, None);
        assert_eq!(close(&mut end).await, Ok(()));
    }
    // Also where the rest is read in place.
    let (mut client, mut end) = over_tcp(options()).await;
    client.write_all(&frame(MESSAGE, &filled(1 << 20))[..200_000]).await.unwrap();
    drop(client);
    assert!(matches!(recv(&mut end).await, Some(Err(TransportError::Lost(_)))));
}

#[tokio::test]
async fn a_reset_is_a_loss() {
    let (client, mut end) = over_tcp(options()).await;
    // With unread bytes on its side, the system resets the connection.
    send(&mut end, "unread").await.unwrap();
    flush(&mut end).await.unwrap();
    client.readable().await.unwrap();
    drop(client);
    let Some(Err(error)) = recv(&mut end).await else { panic!("not lost") };
    assert!(matches!(error, TransportError::Lost(_)), "{error}");
    assert_eq!(error.io_kind(), Some(ErrorKind::ConnectionReset));
    assert!(error.source().unwrap().is::<std::io::Error>());
    assert_eq!(close(&mut end).await, Ok(()));
}

#[tokio::test]
async fn closing_sends_what_is_left_and_waits_for_the_peer() {
    let (mut client, mut end) = over_tcp(options()).await;
    let long = filled(3 << 20);
    send(&mut end, long.clone()).await.unwrap();
    send(&mut end, "last").await.unwrap();
    let seen = async {
        let seen = rest(&mut client).await;
        // Whatever the peer has to say now, it is taken.
        client.write_all(&frame(MESSAGE, &filled(1 << 20))).await.unwrap();
        client.shutdown().await.unwrap();
        seen
    };
    let (closed, seen) = tokio::join!(close(&mut end), seen);
    assert_eq!(closed, Ok(()));
    assert!(seen == [frame(MESSAGE, &long), frame(MESSAGE, b"last")].concat());
}

/// Neither end would take anything, were it to have its own say first.
#[tokio::test]
async fn a_peer_that_talks_before_it_reads_gets_everything() {
    const SIZE: usize = 10 * PIPE;
    for half in [false, true] {
        let (mut client, mut end) = piped(options()).await;
        send(&mut end, filled(SIZE)).await.unwrap();
        let peer = tokio::spawn(async move {
            client.write_all(&frame(MESSAGE, &filled(SIZE))).await.unwrap();
            if half {
                client.shutdown().await.unwrap();
            }
            let got = read_frame(&mut client).await;
            assert_eq!(rest(&mut client).await, b"");
            got
        });
        assert_eq!(close(&mut end).await, Ok(()), "{half}");
        drop(end);
        assert!(peer.await.unwrap() == (MESSAGE, filled(SIZE)), "{half}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_close_is_waited_for_as_long_as_it_is_set() {
    let limit = Duration::from_secs(3);
    let late = Err(TransportError::Timeout("the peer does not close"));
    // It reads, but does not end; then it does not even read.
    for unread in [0, 10 * PIPE] {
        let (mut client, mut end) = piped(options().close_timeout(limit)).await;
        send(&mut end, filled(unread)).await.unwrap();
        let begin = Instant::now();
        assert_eq!(close(&mut end).await, late);
        assert_eq!(begin.elapsed(), limit);
        assert_eq!(close(&mut end).await, Ok(()));
        drop(end);
        assert!(!rest(&mut client).await.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_goes_on_sending_does_not_keep_us() {
    let limit = Duration::from_millis(50);
    let (mut client, mut end) = piped(options().close_timeout(limit)).await;
    let more = frame(MESSAGE, &filled(1000));
    let endless = async {
        // Time goes on between two of them.
        while client.write_all(&more).await.is_ok() {
            tokio::time::sleep(Duration::from_micros(10)).await;
        }
    };
    let closed = async {
        let closed = close(&mut end).await;
        drop(end);
        closed
    };
    let (closed, ()) = tokio::join!(closed, endless);
    assert_eq!(closed, Err(TransportError::Timeout("the peer does not close")));
}

#[tokio::test]
async fn the_peers_last_words_are_read_although_nothing_can_be_sent() {
    let (mut client, mut end) = piped(options()).await;
    client.write_all(&frame(MESSAGE, b"one")).await.unwrap();
    client.write_all(&frame(MESSAGE, b"two")).await.unwrap();
    drop(client);
    send(&mut end, "too late").await.unwrap();
    // The error is kept.
    assert_eq!(flush(&mut end).await, Ok(()));
    assert_eq!(send(&mut end, "and more").await, Ok(()));
    assert_eq!(flush(&mut end).await, Ok(()));
    assert_eq!(recv(&mut end).await, Some(Ok("one".into())));
    assert_eq!(recv(&mut end).await, Some(Ok("two".into())));
    assert!(matches!(recv(&mut end).await, Some(Err(TransportError::Lost(_)))));
    assert_eq!(recv(&mut end).await, None);
    assert_eq!(close(&mut end).await, Ok(()));
}

#[tokio::test]
async fn pings_that_nobody_can_answer_do_not_hold_up_the_last_words() {
    let (client, server) = duplex(8 << 20);
    let (mut client, mut end) = agreed(client, server, HELLO, options()).await;
    // Writing fails at the answer to the first; that to the second alone would be too much to wait.
    client.write_all(&frame(PING, b"small")).await.unwrap();
    client.write_all(&frame(PING, &filled(2 << 20))).await.unwrap();
    client.write_all(&frame(MESSAGE, b"last words")).await.unwrap();
    drop(client);
    let long = Duration::from_secs(10);
    assert_eq!(timeout(long, recv(&mut end)).await, Ok(Some(Ok("last words".into()))));
    let end = timeout(long, recv(&mut end)).await;
    assert!(matches!(end, Ok(Some(Err(TransportError::Lost(_))))), "{end:?}");
}

#[tokio::test]
async fn a_peer_that_breaks_off_while_we_send_is_told_of_by_reading() {
    let (mut client, mut end) = over_tcp(options()).await;
    client.write_all(&frame(MESSAGE, b"before")).await.unwrap();
    assert_eq!(recv(&mut end).await, Some(Ok("before".into())));
    send(&mut end, filled(8 << 20)).await.unwrap();
    assert!(poll_fn(|cx| Poll::Ready(end.poll_flush(cx))).await.is_pending());
    client.read_exact(&mut [0; 1000]).await.unwrap();
    drop(client);
    loop {
        send(&mut end, filled(1 << 20)).await.unwrap();
        flush(&mut end).await.unwrap();
        match look(&mut end).await {
            Poll::Ready(Some(Err(TransportError::Lost(_)))) => break,
            Poll::Ready(other) => panic!("{other:?}"),
            Poll::Pending => {}
        }
    }
    assert_eq!(recv(&mut end).await, None);
    assert_eq!(close(&mut end).await, Ok(()));
}
