//! A place with an embedded router that can be killed and started again, and what leads there.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;
use tokio::time::Instant;
use wampwerk::component::TransportEntry;
use wampwerk::rt::BoxFuture;
use wampwerk::transport::{CloseCode, Connector, Transport, TransportInfo};
use wampwerk::{ConnectError, Router, RouterBuilder, Session, TransportError};

/// A place where a router may be.
pub(crate) struct Site {
    router: Mutex<Option<Router>>,
    /// Counted up with each cut.
    cuts: watch::Sender<u64>,
    began: Instant,
    attempts: Mutex<Vec<Duration>>,
    transports: watch::Sender<usize>,
    make: fn() -> RouterBuilder,
}

fn plain() -> RouterBuilder {
    Router::builder().realm("realm1")
}

impl Site {
    /// A place without a router.
    pub(crate) fn empty() -> Arc<Self> {
        Site::of(plain)
    }

    /// A place with a router.
    pub(crate) fn open() -> Arc<Self> {
        let site = Site::empty();
        site.start();
        site
    }

    /// A place for routers of a kind; there is none yet.
    pub(crate) fn of(make: fn() -> RouterBuilder) -> Arc<Self> {
        Arc::new(Site {
            router: Mutex::default(),
            cuts: watch::channel(0).0,
            began: Instant::now(),
            attempts: Mutex::default(),
            transports: watch::channel(0).0,
            make,
        })
    }

    /// Starts a router.
    pub(crate) fn start(&self) {
        *self.router.lock().unwrap() = Some((self.make)().build().unwrap());
    }

    /// The router goes without a word, and all connections break.
    pub(crate) fn kill(&self) {
        self.router.lock().unwrap().take();
        self.cut();
    }

    /// All connections break.
    pub(crate) fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// The router says GOODBYE to all, and goes.
    pub(crate) async fn shut_down(&self) {
        let router = self.router.lock().unwrap().take();
        router.unwrap().shutdown().await;
    }

    pub(crate) fn router(&self) -> Router {
        self.router.lock().unwrap().clone().unwrap()
    }

    /// A session of its own at the router, not through the connector.
    pub(crate) async fn session(&self) -> Session {
        self.router().connect("realm1").await.unwrap()
    }

    /// When there were attempts to connect, since the place is there.
    pub(crate) fn attempts(&self) -> Vec<Duration> {
        self.attempts.lock().unwrap().clone()
    }

    /// How many connections are open.
    pub(crate) fn open_transports(&self) -> usize {
        *self.transports.borrow()
    }

    /// What leads here.
    pub(crate) fn entry(self: &Arc<Self>) -> TransportEntry {
        TransportEntry::new("site", Arc::new(Way(Arc::clone(self))))
    }
}

/// Delays without jitter are in milliseconds here.
pub(crate) fn millis(delays: &[Duration]) -> Vec<u128> {
    delays.iter().map(Duration::as_millis).collect()
}

struct Way(Arc<Site>);

impl Connector for Way {
    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Transport>, ConnectError>> {
        let site = Arc::clone(&self.0);
        Box::pin(async move {
            site.attempts.lock().unwrap().push(site.began.elapsed());
            let router = site.router.lock().unwrap().clone();
            let Some(router) = router else {
                let (address, message) = ("site".to_owned(), "nobody is there".to_owned());
                return Err(ConnectError::Io { address, message });
            };
            let mut cuts = site.cuts.subscribe();
            site.transports.send_modify(|open| *open += 1);
            let cut = Box::pin(async move {
                let _ = cuts.changed().await;
            });
            let inner = router.connect_transport();
            Ok(Box::new(Cuttable { inner, cut, is_cut: false, site }) as Box<dyn Transport>)
        })
    }
}

struct Cuttable {
    inner: Box<dyn Transport>,
    cut: Pin<Box<dyn Future<Output = ()> + Send>>,
    is_cut: bool,
    site: Arc<Site>,
}

impl Cuttable {
    fn poll_cut(&mut self, cx: &mut Context<'_>) -> Result<(), TransportError> {
        self.is_cut = self.is_cut || self.cut.as_mut().poll(cx).is_ready();
        if self.is_cut { Err(TransportError::Lost("cut".to_owned())) } else { Ok(()) }
    }
}

impl Drop for Cuttable {
    fn drop(&mut self) {
        self.site.transports.send_modify(|open| *open -= 1);
    }
}

impl Transport for Cuttable {
    fn info(&self) -> &TransportInfo {
        self.inner.info()
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, TransportError>>> {
        match self.poll_cut(cx) {
            Ok(()) => self.inner.poll_recv(cx),
            Err(error) => Poll::Ready(Some(Err(error))),
        }
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.poll_cut(cx)?;
        self.inner.poll_ready(cx)
    }

    fn start_send(&mut self, frame: Bytes) -> Result<(), TransportError> {
        self.inner.start_send(frame)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.poll_cut(cx)?;
        self.inner.poll_flush(cx)
    }

    fn poll_close(
        &mut self,
        cx: &mut Context<'_>,
        code: CloseCode,
    ) -> Poll<Result<(), TransportError>> {
        self.inner.poll_close(cx, code)
    }
}
