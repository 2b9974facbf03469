//! The other side: a thread with its own runtime for the relays and the router.

use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use wampwerk::Router;

use crate::line::Flush;
use crate::measure::{Error, thread_cpu};
use crate::ours;
use crate::plan::Contender;
use crate::relay;

/// Where the servers listen.
#[derive(Debug)]
pub(crate) struct Addresses {
    places: Vec<(Contender, String)>,
    /// Its unix sockets. Gone with this.
    _directory: Directory,
}

impl Addresses {
    /// Where a contender's clients go.
    pub(crate) fn of(&self, contender: Contender) -> Option<String> {
        self.places.iter().find(|place| place.0 == contender).map(|place| place.1.clone())
    }
}

/// A directory of our own for unix sockets.
#[derive(Debug)]
struct Directory(PathBuf);

impl Directory {
    fn new() -> Result<Self, Error> {
        let path = std::env::temp_dir().join(format!("wampwerk-compare-{}", std::process::id()));
        std::fs::create_dir(&path)?;
        Ok(Directory(path))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Reads the CPU clock of the servers' thread.
pub(crate) struct ServerClock(mpsc::UnboundedSender<oneshot::Sender<Duration>>);

impl ServerClock {
    /// CPU time of the servers' thread since it began.
    pub(crate) fn cpu(&self) -> Result<Duration, Error> {
        let (answer, time) = oneshot::channel();
        self.0.send(answer).map_err(|_| "the servers have ended")?;
        Ok(time.blocking_recv()?)
    }
}

/// Starts the thread. It ends with the process.
pub(crate) fn start(router: Option<String>) -> Result<(Addresses, ServerClock), Error> {
    let (started, addresses) = std::sync::mpsc::channel();
    let (clock, mut asked) = mpsc::unbounded_channel::<oneshot::Sender<Duration>>();
    std::thread::Builder::new().name("servers".to_owned()).spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = match runtime {
            Ok(runtime) => runtime,
            Err(error) => return drop(started.send(Err(error.into()))),
        };
        runtime.block_on(async move {
            match listen(router).await {
                Ok((addresses, _router)) => {
                    drop(started.send(Ok(addresses)));
                    while let Some(answer) = asked.recv().await {
                        let _ = answer.send(thread_cpu());
                    }
                }
                Err(error) => drop(started.send(Err(error))),
            }
        });
    })?;
    let addresses = addresses.recv()??;
    Ok((addresses, ServerClock(clock)))
}

/// Everything that listens, and our router, unless another one is to be used, which is for
/// WebSocket only.
async fn listen(router: Option<String>) -> Result<(Addresses, Option<Router>), Error> {
    let directory = Directory::new()?;
    let path = directory.0.join("relay");
    relay::listen_unix(&path)?;
    let mut places = vec![
        (Contender::RelayBatched, relay::listen_websocket(Flush::PerTurn).await?.to_string()),
        (Contender::RelayPerMessage, relay::listen_websocket(Flush::PerMessage).await?.to_string()),
        (Contender::TcpRelay, relay::listen_tcp().await?.to_string()),
        (Contender::UnixRelay, path.to_str().ok_or("no text")?.to_owned()),
    ];
    let ours = match router {
        Some(url) => {
            places.extend([(Contender::Ours, url.clone()), (Contender::WampAsync, url)]);
            None
        }
        None => {
            let (router, urls) = ours::listen(&directory.0.join("router")).await?;
            let contenders = [Contender::Ours, Contender::TcpOurs, Contender::UnixOurs];
            places.push((Contender::WampAsync, urls[0].clone()));
            places.extend(contenders.into_iter().zip(urls));
            Some(router)
        }
    };
    Ok((Addresses { places, _directory: directory }, ours))
}
