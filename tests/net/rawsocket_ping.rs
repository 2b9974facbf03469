//! PING is answered by exactly one PONG with the same payload, and floods do not make us grow.

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::{JoinHandle, yield_now};
use wampwerk::error::TransportError;

use crate::common::raw_socket::*;

/// Takes all messages; nothing is sent or flushed until the end.
fn taking(mut end: End) -> JoinHandle<(Vec<Bytes>, Option<TransportError>)> {
    tokio::spawn(async move {
        let mut messages = Vec::new();
        loop {
            match recv(&mut end).await {
                Some(Ok(message)) => messages.push(message),
                last => {
                    // What is left for the peer leaves.
                    assert_eq!(close(&mut end).await, Ok(()));
                    return (messages, last.and_then(Result::err));
                }
            }
        }
    })
}

#[tokio::test]
async fn each_gets_its_answer_although_we_have_nothing_to_say() {
    let (mut client, end) = over_tcp(options()).await;
    let taking = taking(end);
    for size in [0, 1, 4, 125, 126, 5000, 16 << 10, 200_000] {
        client.write_all(&frame(PING, &filled(size))).await.unwrap();
        assert!(read_frame(&mut client).await == (PONG, filled(size)), "{size}");
    }
    client.shutdown().await.unwrap();
    // One each.
    assert_eq!(rest(&mut client).await, b"");
    assert_eq!(taking.await.unwrap(), (Vec::new(), None));
}

#[tokio::test]
async fn answers_come_in_order_and_messages_pass_them() {
    let (mut client, end) = over_tcp(options()).await;
    let taking = taking(end);
    let pings: Vec<_> = (0..200_usize).map(|number| filled(number * 3)).collect();
    let all: Vec<u8> = pings
        .iter()
        .enumerate()
        .flat_map(|(number, ping)| {
            let message = frame(MESSAGE, number.to_string().as_bytes());
            // The PONG answers no PING.
            [frame(PING, ping), message, frame(PONG, b"unasked")].concat()
        })
        .collect();
    client.write_all(&all).await.unwrap();
    for ping in pings {
        assert_eq!(read_frame(&mut client).await, (PONG, ping));
    }
    client.shutdown().await.unwrap();
    assert_eq!(rest(&mut client).await, b"");
    let (messages, error) = taking.await.unwrap();
    assert_eq!(error, None);
    assert!(
        messages.iter().eq((0..200).map(|number| number.to_string()).collect::<Vec<_>>().iter())
    );
}

#[tokio::test]
async fn a_ping_of_16_mib_gets_its_answer() {
    let (mut client, end) = over_tcp(options()).await;
    let taking = taking(end);
    let whole = filled(1 << 24);
    client.write_all(&frame(PING, &whole)).await.unwrap();
    assert_eq!(octets(&mut client).await, [0x0a, 0, 0, 0]);
    let mut answer = vec![0; 1 << 24];
    client.read_exact(&mut answer).await.unwrap();
    assert!(answer == whole);
    taking.abort();
}

#[tokio::test]
async fn who_does_not_read_the_answers_is_not_read_further() {
    for size in [0, 60, 20_000, 3 << 20] {
        let (mut client, mut end) = piped(options()).await;
        let ping = frame(PING, &filled(size));
        let pings = ping.repeat(5000 / ping.len() + 1);
        let (mut sent, mut refused) = (0, 0);
        while refused < 100 {
            let wrote = tokio::select! {
                biased;
                wrote = client.write(&pings[sent % pings.len()..]) => wrote.unwrap(),
                () = yield_now() => 0,
            };
            sent += wrote;
            refused = if wrote == 0 { refused + 1 } else { 0 };
            assert!(look(&mut end).await.is_pending());
            // The answers that wait, one ping more, what was read behind it, and both pipes.
            let most = (1 << 20) + 2 * ping.len() + 3 * PIPE;
            assert!(sent < most, "{size}: {sent}");
        }
        // As soon as it reads, all goes on, and nothing was lost.
        let taking = taking(end);
        let (mut reading, mut writing) = tokio::io::split(client);
        let writing = async {
            writing.write_all(&ping[sent % ping.len()..]).await.unwrap();
            writing.write_all(&frame(MESSAGE, b"at last")).await.unwrap();
            writing.shutdown().await.unwrap();
        };
        let reading = async {
            for _ in 0..=sent / ping.len() {
                assert!(read_frame(&mut reading).await == (PONG, filled(size)), "{size}");
            }
            assert_eq!(rest(&mut reading).await, b"");
        };
        tokio::join!(writing, reading);
        assert_eq!(taking.await.unwrap(), (vec![Bytes::from("at last")], None));
    }
}
