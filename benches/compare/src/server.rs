//! The other side: a thread with its own runtime for the relays and the router.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use wampwerk::Router;

use crate::measure::{Error, thread_cpu};
use crate::ours;
use crate::plan::Contender;
use crate::relay::{self, Flush};

/// Where the servers listen.
#[derive(Clone, Debug)]
pub struct Addresses {
    pub batched: SocketAddr,
    pub per_message: SocketAddr,
    pub router: String,
}

impl Addresses {
    /// Where a contender's clients go.
    pub fn of(&self, contender: Contender) -> String {
        match contender {
            Contender::RelayBatched => self.batched.to_string(),
            Contender::RelayPerMessage => self.per_message.to_string(),
            Contender::Ours | Contender::WampAsync => self.router.clone(),
        }
    }
}

/// Reads the CPU clock of the servers' thread.
pub struct ServerClock(mpsc::UnboundedSender<oneshot::Sender<Duration>>);

impl ServerClock {
    /// CPU time of the servers' thread since it began.
    pub fn cpu(&self) -> Result<Duration, Error> {
        let (answer, time) = oneshot::channel();
        self.0.send(answer).map_err(|_| "the servers have ended")?;
        Ok(time.blocking_recv()?)
    }
}

/// Starts the thread. It ends with the process.
pub fn start(router: Option<String>) -> Result<(Addresses, ServerClock), Error> {
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

/// Everything that listens, and our router, unless another one is to be used.
async fn listen(router: Option<String>) -> Result<(Addresses, Option<Router>), Error> {
    let (ours, router) = match router {
        Some(url) => (None, url),
        None => ours::listen().await.map(|(router, url)| (Some(router), url))?,
    };
    let batched = relay::listen(Flush::PerTurn).await?;
    let per_message = relay::listen(Flush::PerMessage).await?;
    Ok((Addresses { batched, per_message, router }, ours))
}
