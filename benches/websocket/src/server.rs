//! The thread of the servers.

use std::future::Future;
use std::pin::Pin;

use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

use crate::measure::Error;

type Job = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = ()>>> + Send>;

pub(crate) struct Server(UnboundedSender<Job>);

/// A server that runs.
pub(crate) struct Serving(oneshot::Sender<()>);

impl Server {
    pub(crate) fn start() -> Result<Server, Error> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (sender, mut jobs) = unbounded_channel::<Job>();
        std::thread::Builder::new().name("server".to_owned()).spawn(move || {
            let local = tokio::task::LocalSet::new();
            local.block_on(&runtime, async {
                while let Some(job) = jobs.recv().await {
                    tokio::task::spawn_local(job());
                }
            });
        })?;
        Ok(Server(sender))
    }

    /// Runs a future on the thread, until it ends or is stopped.
    pub(crate) fn spawn<F: Future<Output = ()> + 'static>(
        &self,
        start: impl FnOnce() -> F + Send + 'static,
    ) -> Serving {
        let (stop, stopped) = oneshot::channel();
        let job: Job = Box::new(move || {
            Box::pin(async move {
                tokio::select! {
                    () = start() => {}
                    _ = stopped => {}
                }
            })
        });
        let _ = self.0.send(job);
        Serving(stop)
    }

    /// Runs a future on the thread and returns its result.
    pub(crate) async fn run<T: Send + 'static, F: Future<Output = T> + 'static>(
        &self,
        start: impl FnOnce() -> F + Send + 'static,
    ) -> Result<T, Error> {
        let (sender, result) = oneshot::channel();
        let _serving = self.spawn(move || async move {
            let _ = sender.send(start().await);
        });
        Ok(result.await?)
    }
}

impl Serving {
    pub(crate) fn stop(self) {
        let _ = self.0.send(());
    }
}
