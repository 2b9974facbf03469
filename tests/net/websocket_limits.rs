//! How long messages and frames may be over WebSocket, both ways.

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use wampwerk::Serializer;
use wampwerk::error::TransportError;
use wampwerk::transport::ServerOptions;
use wampwerk::websocket::CloseCode;

use crate::common::websocket::{
    End, close, flush, frame, header, pair, pair_with, raw_client, raw_pair, read_frame, recv,
    send, server_with, wire,
};

#[tokio::test]
async fn sizes_up_to_the_limit_pass_and_longer_ones_are_refused() {
    const LIMIT: usize = 1 << 20;
    for serializer in [Serializer::Json, Serializer::Cbor] {
        let (mut left, mut right) = pair_with(
            serializer,
            |c| c.max_message_payload_size(LIMIT),
            |s| s.max_message_payload_size(LIMIT),
        )
        .await;
        assert_eq!(left.info().max_send, LIMIT);
        for size in [0, 1, 125, 126, 65535, 65536, LIMIT - 1, LIMIT] {
            let sent = frame(serializer, size);
            let got = tokio::join!(
                async {
                    send(&mut left, sent.clone()).await.unwrap();
                    flush(&mut left).await.unwrap();
                },
                recv(&mut right)
            );
            assert!(got.1.unwrap().unwrap() == sent, "{size}");
        }
        let too_long = TransportError::TooLarge { size: LIMIT + 1, limit: LIMIT };
        assert_eq!(send(&mut left, frame(serializer, LIMIT + 1)).await, Err(too_long));
        // The transport stays usable.
        send(&mut left, frame(serializer, 3)).await.unwrap();
        flush(&mut left).await.unwrap();
        assert_eq!(recv(&mut right).await.unwrap().unwrap(), frame(serializer, 3));
    }
}

#[tokio::test]
async fn the_default_limit_is_16_mib() {
    let (mut left, mut right) = pair(Serializer::MsgPack).await;
    assert_eq!(left.info().max_send, 16 << 20);
    let sent = frame(Serializer::MsgPack, 16 << 20);
    let got = tokio::join!(
        async {
            send(&mut left, sent.clone()).await.unwrap();
            flush(&mut left).await.unwrap();
        },
        recv(&mut right)
    );
    assert!(got.1.unwrap().unwrap() == sent);
}

#[tokio::test]
async fn a_message_that_is_too_long_ends_the_connection_with_1009() {
    let (mut left, right) =
        pair_with(Serializer::Cbor, |c| c, |s| s.max_message_payload_size(1000)).await;
    let server = tokio::spawn(async move {
        let mut right = right;
        let error = recv(&mut right).await.unwrap().unwrap_err();
        assert_eq!(error, TransportError::TooLarge { size: 5_000_000, limit: 1000 });
        assert!(recv(&mut right).await.is_none());
        close(&mut right, CloseCode::Normal).await.unwrap();
    });
    send(&mut left, frame(Serializer::Cbor, 5_000_000)).await.unwrap();
    // The server reads no more of it, but takes it, so that its Close frame arrives.
    flush(&mut left).await.unwrap();
    let error = recv(&mut left).await.unwrap().unwrap_err();
    assert!(error.to_string().contains("code 1009"), "{error}");
    close(&mut left, CloseCode::Normal).await.unwrap();
    server.await.unwrap();
}

/// Each of our ends with these limits, and plain TCP at the other; whether that is a client.
async fn both_ends(message: usize, frame: usize) -> [(End, TcpStream, bool); 2] {
    let (client, far) =
        raw_pair(|c| c.max_message_payload_size(message).max_frame_payload_size(frame)).await;
    let limited = server_with(
        ServerOptions::new().max_message_payload_size(message).max_frame_payload_size(frame),
    );
    let (server, near) = raw_client(limited).await;
    [(client, far, false), (server, near, true)]
}

/// Sends the frames of one message, and gives what the end makes of them.
async fn received(
    (end, peer, is_client): &mut (End, TcpStream, bool),
    sizes: &[usize],
) -> Result<usize, TransportError> {
    let last = sizes.len() - 1;
    for (index, &size) in sizes.iter().enumerate() {
        let code = if index == 0 { 0x02 } else { 0x00 };
        let first = if index == last { 0x80 | code } else { code };
        peer.write_all(&wire(*is_client, first, &vec![7; size])).await.unwrap();
    }
    recv(end).await.unwrap().map(|message| message.len())
}

fn too_large<T>(size: usize, limit: usize) -> Result<T, TransportError> {
    Err(TransportError::TooLarge { size, limit })
}

#[tokio::test]
async fn a_message_is_as_long_as_its_frames_together() {
    const LIMIT: usize = 1000;
    let fits: [&[usize]; 6] = [&[1000], &[0, 0, 1000, 0], &[999, 1], &[250; 4], &[1; 1000], &[0]];
    let too_long: [(&[usize], usize); 4] =
        [(&[1001], 1001), (&[1000, 1], 1001), (&[999, 2], 1001), (&[1; 1001], 1001)];
    for index in 0..2 {
        let mut end = both_ends(LIMIT, LIMIT).await.into_iter().nth(index).unwrap();
        for sizes in fits {
            assert_eq!(received(&mut end, sizes).await, Ok(sizes.iter().sum()), "{sizes:?}");
        }
        for (sizes, size) in too_long {
            let mut end = both_ends(LIMIT, LIMIT).await.into_iter().nth(index).unwrap();
            assert_eq!(received(&mut end, sizes).await, too_large(size, LIMIT), "{sizes:?}");
        }
    }
}

#[tokio::test]
async fn frames_have_a_limit_of_their_own() {
    for index in 0..2 {
        let mut end = both_ends(1000, 100).await.into_iter().nth(index).unwrap();
        for sizes in [&[100usize] as &[_], &[100; 10], &[0, 100, 100]] {
            assert_eq!(received(&mut end, sizes).await, Ok(sizes.iter().sum()), "{sizes:?}");
        }
        assert_eq!(received(&mut end, &[1, 101]).await, too_large(101, 100));
        let mut end = both_ends(1000, 100).await.into_iter().nth(index).unwrap();
        assert_eq!(received(&mut end, &[100; 11]).await, too_large(1100, 1000));
        // A frame may be allowed to be longer than a message, and is none.
        let mut end = both_ends(100, 1000).await.into_iter().nth(index).unwrap();
        assert_eq!(received(&mut end, &[101]).await, too_large(101, 100));
    }
}

#[tokio::test]
async fn what_is_sent_can_have_another_limit() {
    let cases = [(1000, Some(10), 10), (10, Some(1000), 1000), (10, None, 10)];
    for (taken, set, sent) in cases {
        let limits = |client: wampwerk::transport::WampWebSocketClientFactory| {
            let client = client.max_message_payload_size(taken);
            set.map_or(client.clone(), |bytes| client.max_send_size(bytes))
        };
        let (mut end, mut peer) = raw_pair(limits).await;
        assert_eq!(end.info().max_send, sent);
        assert_eq!(
            send(&mut end, frame(Serializer::Cbor, sent + 1)).await,
            too_large(sent + 1, sent)
        );
        send(&mut end, frame(Serializer::Cbor, sent)).await.unwrap();
        flush(&mut end).await.unwrap();
        assert_eq!(read_frame(&mut peer).await.2.len(), sent);
        let mut end = (end, peer, false);
        assert_eq!(received(&mut end, &[taken]).await, Ok(taken));
        assert_eq!(received(&mut end, &[taken + 1]).await, too_large(taken + 1, taken));
    }
}

#[tokio::test]
async fn a_length_that_is_only_claimed_is_refused_before_it_comes() {
    for claimed in [1001, 16 << 20, 1 << 32, 1 << 63, u64::MAX] {
        for (mut end, mut peer, is_client) in both_ends(1000, 1000).await {
            peer.write_all(&header(is_client, 0x82, claimed)).await.unwrap();
            let error = recv(&mut end).await.unwrap();
            if claimed >> 63 == 0 {
                assert_eq!(error, too_large(usize::try_from(claimed).unwrap(), 1000));
            } else {
                // The highest bit must not be set (RFC 6455, section 5.2).
                assert!(matches!(error, Err(TransportError::Violation(_))), "{error:?}");
            }
        }
    }
}
