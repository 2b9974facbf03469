//! Looks up the addresses of a name, on threads of its own.
//!
//! The system's call blocks, for a minute if a name server is silent, and cannot be interrupted. On
//! the runtime's own threads for such calls, a runtime that is dropped would wait for it, and so
//! would a process that was told to end.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::{Arc, LazyLock};
use std::thread;

use tokio::sync::{Semaphore, oneshot};

/// Maximum number of names looked up at once; others wait for their turn.
const AT_ONCE: usize = 16;

/// Returns all addresses of the name; an address is its own. When the future is dropped, the look-up
/// still runs to its end.
pub(crate) async fn look_up(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    static TURNS: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(AT_ONCE)));
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let host = host.to_owned();
    on_a_thread(&TURNS, move || Ok((host.as_str(), port).to_socket_addrs()?.collect())).await?
}

/// Runs `work` on a thread of its own, once it is its turn.
async fn on_a_thread<T: Send + 'static>(
    turns: &Arc<Semaphore>,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<T> {
    let turn = Arc::clone(turns).acquire_owned().await.map_err(io::Error::other)?;
    let (sender, receiver) = oneshot::channel();
    thread::Builder::new().name("wampwerk-lookup".to_owned()).spawn(move || {
        let result = work();
        drop(turn);
        // The future may have been dropped.
        let _ = sender.send(result);
    })?;
    receiver.await.map_err(|_| io::Error::other("the look-up panicked"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn a_name_and_an_address() {
        for host in ["localhost", "127.0.0.1", "::1"] {
            let addresses = look_up(host, 7).await.unwrap();
            assert!(!addresses.is_empty(), "{host}");
            assert!(addresses.iter().all(|one| one.ip().is_loopback() && one.port() == 7));
        }
        assert!(look_up("no.such.host.invalid", 7).await.is_err());
    }

    #[test]
    fn a_runtime_ends_during_a_look_up() {
        let turns = Arc::new(Semaphore::new(1));
        let (release, released) = mpsc::channel::<()>();
        let (begun, began) = mpsc::channel();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        runtime.spawn({
            let turns = Arc::clone(&turns);
            async move {
                let block = move || {
                    begun.send(()).unwrap();
                    released.recv().unwrap();
                };
                on_a_thread(&turns, block).await.unwrap();
            }
        });
        began.recv().unwrap();
        // It would wait forever.
        drop(runtime);
        assert_eq!(turns.available_permits(), 0);
        release.send(()).unwrap();
    }

    #[tokio::test]
    async fn so_many_at_once_and_no_more() {
        let turns = Arc::new(Semaphore::new(1));
        let (release, released) = mpsc::channel::<()>();
        let (begun, began) = mpsc::channel();
        let (first, second) = (Arc::clone(&turns), Arc::clone(&turns));
        let begins = begun.clone();
        let first = tokio::spawn(async move {
            let block = move || {
                begins.send(1).unwrap();
                released.recv().unwrap();
            };
            on_a_thread(&first, block).await.unwrap();
        });
        while turns.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        // The first is not awaited any more, but it still has its turn.
        first.abort();
        let second = tokio::spawn(async move {
            on_a_thread(&second, move || begun.send(2).unwrap()).await.unwrap();
        });
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert!(!second.is_finished());
        release.send(()).unwrap();
        second.await.unwrap();
        assert_eq!(began.iter().collect::<Vec<_>>(), [1, 2]);
    }
}
