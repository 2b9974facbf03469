//! Listening on unix sockets, and what becomes of their files.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::{Arc, Barrier};

use tokio::net::{UnixListener, UnixStream};
use wampwerk::error::ListenError;
use wampwerk::transport::ServerOptions;
use wampwerk::{Router, connect};

use crate::common::authority;
use crate::common::router;
use crate::common::wire::{Folder, RawSocket};

/// Why it cannot be listened there.
async fn refused(router: &Router, url: &str) -> String {
    match router.listen(url).await {
        Err(ListenError::Io { address, message, .. }) => {
            assert!(url.contains(&address), "{address}");
            message
        }
        other => panic!("{url}: {other:?}"),
    }
}

#[tokio::test]
async fn sessions_of_both_kinds() {
    let folder = Folder::new();
    let path = folder.socket();
    let router = router();
    for url in
        [format!("ws://unix:{path}:/ws"), format!("ws://unix:{path}"), format!("rs://unix:{path}")]
    {
        let listener = router.listen(&url).await.unwrap();
        assert_eq!(listener.url(), url);
        assert_eq!(listener.local_addr(), None);
        assert_eq!(listener.raw_socket_url(), url.starts_with("rs").then_some(&*url));
        let callee = connect(&url, "realm1").await.unwrap();
        let caller = connect(&url, "realm1").await.unwrap();
        let registration = callee.register("com.example.one", || async { 1 }).await.unwrap();
        assert_eq!(caller.call("com.example.one").value::<u8>().await.unwrap(), 1);
        registration.unregister().await.unwrap();
        listener.close().await;
        assert!(!Path::new(&path).exists());
        // Sessions go on.
        caller.publish("com.example.topic").acknowledge().await.unwrap();
    }
}

#[tokio::test]
async fn a_stale_socket_is_replaced_and_a_live_one_is_not() {
    let folder = Folder::new();
    let path = folder.socket();
    let url = format!("rs://unix:{path}");
    let router = router();
    // Closing a socket leaves its file.
    drop(UnixListener::bind(&path).unwrap());
    assert!(Path::new(&path).exists());
    let listener = router.listen(&url).await.unwrap();
    RawSocket::join(UnixStream::connect(&path).await.unwrap()).await;

    let message = refused(&router, &url).await;
    assert_eq!(message, "another program already listens there");
    RawSocket::join(UnixStream::connect(&path).await.unwrap()).await;
    listener.close().await;

    // The socket of another program.
    let other = UnixListener::bind(&path).unwrap();
    assert_eq!(refused(&router, &url).await, "another program already listens there");
    assert!(Path::new(&path).exists());
    drop(other);
}

/// One wins, and can be reached.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_those_who_replace_a_stale_socket_at_the_same_time_one_wins() {
    let folder = Folder::new();
    let path = folder.socket();
    for round in 0..300 {
        drop(UnixListener::bind(&path).unwrap());
        let barrier = Arc::new(Barrier::new(3));
        let tasks: Vec<_> = (0..3)
            .map(|_| {
                let (url, barrier) = (format!("rs://unix:{path}"), Arc::clone(&barrier));
                tokio::spawn(async move {
                    let router = router();
                    tokio::task::block_in_place(|| barrier.wait());
                    let listener = router.listen(url).await;
                    (router, listener)
                })
            })
            .collect();
        let mut listening = Vec::new();
        for task in tasks {
            match task.await.unwrap() {
                (router, Ok(listener)) => listening.push((router, listener)),
                (_, Err(error)) => {
                    assert!(error.to_string().contains("already listens there"), "{error}");
                }
            }
        }
        assert_eq!(listening.len(), 1, "round {round}");
        RawSocket::join(UnixStream::connect(&path).await.unwrap()).await;
        for (_, listener) in listening {
            listener.close().await;
        }
        assert!(!Path::new(&path).exists());
    }
}

#[tokio::test]
async fn what_is_no_socket_is_never_removed() {
    let folder = Folder::new();
    let path = folder.socket();
    let url = format!("ws://unix:{path}");
    let router = router();
    fs::write(&path, "precious").unwrap();
    assert_eq!(refused(&router, &url).await, "the path exists and is not a socket");
    assert_eq!(fs::read(&path).unwrap(), b"precious");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert_eq!(refused(&router, &url).await, "the path exists and is not a socket");
    // A link to a stale socket is no socket either.
    let elsewhere = folder.0.join("other.sock");
    drop(UnixListener::bind(&elsewhere).unwrap());
    fs::remove_dir(&path).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
    assert_eq!(refused(&router, &url).await, "the path exists and is not a socket");
    assert!(elsewhere.exists() && fs::symlink_metadata(&path).unwrap().is_symlink());
}

#[tokio::test]
async fn what_took_its_place_is_not_removed() {
    let folder = Folder::new();
    let path = folder.socket();
    let router = router();
    let listener = router.listen(format!("rs://unix:{path}")).await.unwrap();
    fs::remove_file(&path).unwrap();
    let other = UnixListener::bind(&path).unwrap();
    listener.close().await;
    assert!(Path::new(&path).exists());
    drop(other);
}

#[tokio::test]
async fn the_file_goes_with_the_router() {
    let folder = Folder::new();
    let path = folder.socket();
    let router = router();
    let listener = router.listen(format!("rs://unix:{path}")).await.unwrap();
    router.shutdown().await;
    assert!(!Path::new(&path).exists());
    listener.close().await;
}

#[tokio::test]
async fn permissions_are_what_they_are_said_to_be() {
    let folder = Folder::new();
    let path = folder.socket();
    let router = router();
    for mode in [0o600, 0o660, 0o666, 0o700] {
        let options = ServerOptions::new().unix_mode(mode);
        let listener = router.listen(format!("rs://unix:{path}")).options(options).await.unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, mode);
        RawSocket::join(UnixStream::connect(&path).await.unwrap()).await;
        listener.close().await;
    }
}

#[tokio::test]
async fn what_cannot_be_listened_on() {
    let folder = Folder::new();
    let router = router();
    let nowhere = folder.0.join("nowhere/r.sock");
    refused(&router, &format!("rs://unix:{}", nowhere.display())).await;
    let long = "x".repeat(200);
    let message = refused(&router, &format!("rs://unix:/tmp/{long}")).await;
    assert!(message.contains("cannot be the path of a unix socket"), "{message}");
    let tls = authority::Authority::named("ours").server("localhost");
    for scheme in ["ws", "rs"] {
        let url = format!("{scheme}://unix:{}", folder.socket());
        let error = router.listen(url).tls(tls.clone()).await.unwrap_err().to_string();
        assert!(error.contains("TLS over a unix socket is not supported"), "{error}");
    }
    assert!(!Path::new(&folder.socket()).exists());
}
