//! The end of a mount while the HTTP server still has connections that it was granted.

use std::time::Duration;

use axum::http::Request;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::time::{Instant, timeout};

use crate::common::handled::{Seen, recorder};

fn request() -> Request<()> {
    Request::get("/anywhere")
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header("sec-websocket-protocol", "wamp.2.json")
        .body(())
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_was_granted_is_waited_for() {
    let mut server = recorder(|_, _| async { Ok(()) });
    for comes in [true, false] {
        let mount = server.factory.mount().unwrap();
        let (_, upgrade) = mount.upgrade(&request()).await.unwrap();
        let mut down = tokio::spawn({
            let mount = mount.clone();
            async move { mount.shutdown().await }
        });
        assert!(timeout(Duration::from_secs(1), &mut down).await.is_err());
        let begin = Instant::now();
        if comes {
            let (near, mut far) = duplex(1 << 10);
            upgrade.serve(near, "peer");
            // 1001, and the answer, masked by zeros.
            let mut frame = [0; 4];
            far.read_exact(&mut frame).await.unwrap();
            assert_eq!(frame, [0x88, 2, 0x03, 0xe9]);
            assert!(!down.is_finished());
            far.write_all(&[0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe9]).await.unwrap();
            down.await.unwrap();
            server.expect(&[Seen::Open, Seen::Close(true)]).await;
        } else {
            drop(upgrade);
            down.await.unwrap();
        }
        assert_eq!(begin.elapsed(), Duration::ZERO);
        assert_eq!(mount.upgrade(&request()).await.unwrap_err().status(), 503);
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_never_comes_is_not_waited_for_for_ever() {
    let server = recorder(|_, _| async { Ok(()) });
    let mount = server.factory.mount().unwrap();
    let upgrade = mount.upgrade(&request()).await.unwrap();
    let begin = Instant::now();
    mount.shutdown().await;
    assert_eq!(begin.elapsed(), Duration::from_secs(10));
    drop(upgrade);
}
