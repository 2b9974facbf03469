//! A peer that breaks RawSocket's rules: it is told apart at once, what came before counts, and
//! what was said to it still leaves.

use tokio::io::AsyncWriteExt;
use wampwerk::error::TransportError;

use crate::common::raw_socket::*;

async fn violated(header: [u8; 4]) -> String {
    let (mut client, mut end) = over_tcp(options()).await;
    client.write_all(&frame(MESSAGE, b"before")).await.unwrap();
    client.write_all(&header).await.unwrap();
    assert_eq!(recv(&mut end).await, Some(Ok("before".into())));
    send(&mut end, "last words").await.unwrap();
    let Some(Err(TransportError::Violation(text))) = recv(&mut end).await else {
        panic!("{header:x?} passes");
    };
    // Nothing comes behind it.
    client.write_all(&frame(MESSAGE, b"behind")).await.unwrap();
    assert_eq!(recv(&mut end).await, None);
    let seen = async {
        let seen = rest(&mut client).await;
        drop(client);
        seen
    };
    let (closed, seen) = tokio::join!(close(&mut end), seen);
    assert_eq!(closed, Ok(()));
    assert_eq!(seen, frame(MESSAGE, b"last words"));
    text
}

#[tokio::test]
async fn reserved_types_are_refused() {
    for kind in 3..8 {
        let text = violated([kind, 0, 0, 0]).await;
        assert!(text.contains(&format!("reserved type {kind}")), "{text}");
    }
}

#[tokio::test]
async fn each_reserved_bit_is_refused() {
    for bit in [0x10, 0x20, 0x40, 0x80] {
        for kind in [MESSAGE, PING, PONG, 7] {
            let text = violated([bit | kind, 0, 0, 1]).await;
            assert!(
                text.contains(&format!("reserved bits in a frame's header: 0x{:02x}", bit | kind)),
                "{text}"
            );
        }
    }
}
