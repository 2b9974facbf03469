//! A place with an embedded router that can be killed and started again, and what leads there.

use std::future::pending;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;
use tokio::time::Instant;
use wampwerk::component::TransportEntry;
use wampwerk::rt::BoxFuture;
use wampwerk::transport::memory::{self, MemoryTransport};
use wampwerk::transport::{CloseCode, Connector, Transport, TransportInfo};
use wampwerk::{ConnectError, Router, RouterBuilder, Serializer, Session, TransportError};

/// How the place takes those who connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// By the router, if there is one.
    Router,
    /// Connecting never ends.
    Hangs,
    /// There is a connection, and nothing ever comes over it, but what the test says.
    Silent,
    /// There is a connection, and the answer is ABORT with this reason.
    Aborts(&'static str),
}

/// A place where a router may be.
pub struct Site {
    mode: Mutex<Mode>,
    /// The far ends of connections on which nobody speaks.
    silent: Mutex<Vec<MemoryTransport>>,
    deaf: AtomicBool,
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
    pub fn empty() -> Arc<Self> {
        Site::of(plain)
    }

    /// A place with a router.
    pub fn open() -> Arc<Self> {
        let site = Site::empty();
        site.start();
        site
    }

    /// A place for routers of a kind; there is none yet.
    pub fn of(make: fn() -> RouterBuilder) -> Arc<Self> {
        Arc::new(Site {
            mode: Mutex::new(Mode::Router),
            silent: Mutex::default(),
            deaf: AtomicBool::new(false),
            router: Mutex::default(),
            cuts: watch::channel(0).0,
            began: Instant::now(),
            attempts: Mutex::default(),
            transports: watch::channel(0).0,
            make,
        })
    }

    /// Starts a router.
    pub fn start(&self) {
        *self.router.lock().unwrap() = Some((self.make)().build().unwrap());
    }

    /// The router goes without a word, and all connections break.
    pub fn kill(&self) {
        self.router.lock().unwrap().take();
        self.cut();
    }

    /// All connections break.
    pub fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// How it takes those who come from now on.
    pub fn behave(&self, mode: Mode) {
        *self.mode.lock().unwrap() = mode;
    }

    /// The far end of the last connection on which nobody speaks.
    pub fn far_end(&self) -> MemoryTransport {
        self.silent.lock().unwrap().pop().unwrap()
    }

    /// From now on nothing reaches the clients: a link that is half open.
    pub fn go_deaf(&self, deaf: bool) {
        self.deaf.store(deaf, Ordering::Relaxed);
    }

    /// The router says GOODBYE to all, and goes.
    pub async fn shut_down(&self) {
        let router = self.router.lock().unwrap().take();
        router.unwrap().shutdown().await;
    }

    pub fn router(&self) -> Router {
        self.router.lock().unwrap().clone().unwrap()
    }

    /// A session of its own at the router, not through the connector.
    pub async fn session(&self) -> Session {
        self.router().connect("realm1").await.unwrap()
    }

    /// When there were attempts to connect, since the place is there.
    pub fn attempts(&self) -> Vec<Duration> {
        self.attempts.lock().unwrap().clone()
    }

    /// How many connections are open.
    pub fn open_transports(&self) -> usize {
        *self.transports.borrow()
    }

    /// What leads here.
    pub fn entry(self: &Arc<Self>) -> TransportEntry {
        TransportEntry::new("site", Arc::new(Way(Arc::clone(self))))
    }
}

/// How many tasks of the runtime are alive.
fn alive() -> usize {
    tokio::runtime::Handle::current().metrics().num_alive_tasks()
}

/// How many tasks there are besides those of a component: the router has one of its own, from the
/// first connection on.
pub async fn tasks_of(site: &Site) -> usize {
    let router = site.router.lock().unwrap().clone();
    if let Some(router) = router {
        router.connect("realm1").await.unwrap().leave().await;
        while router.statistics().connections > 0 {
            tokio::task::yield_now().await;
        }
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    }
    alive()
}

/// Lets everything run that can run, until nothing is left but `tasks` tasks.
pub async fn settled(tasks: usize) {
    for _ in 0..1000 {
        if alive() <= tasks {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("{} tasks are left, not {tasks}", alive());
}

/// In whole milliseconds.
pub fn millis(delays: &[Duration]) -> Vec<u128> {
    delays.iter().map(Duration::as_millis).collect()
}

struct Way(Arc<Site>);

impl Connector for Way {
    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Transport>, ConnectError>> {
        let site = Arc::clone(&self.0);
        Box::pin(async move {
            site.attempts.lock().unwrap().push(site.began.elapsed());
            let mode = *site.mode.lock().unwrap();
            let inner: Box<dyn Transport> = match mode {
                Mode::Hangs => pending().await,
                Mode::Silent => {
                    let (near, far) = memory::pair(Serializer::Json, 16);
                    site.silent.lock().unwrap().push(far);
                    Box::new(near)
                }
                Mode::Aborts(reason) => {
                    let (near, mut far) = memory::pair(Serializer::Json, 16);
                    let abort = format!(r#"[3, {{"message": "no"}}, "{reason}"]"#);
                    far.start_send(abort.into()).unwrap();
                    site.silent.lock().unwrap().push(far);
                    Box::new(near)
                }
                Mode::Router => {
                    let router = site.router.lock().unwrap().clone();
                    let (address, message) = ("site".to_owned(), "nobody is there".to_owned());
                    router
                        .ok_or(ConnectError::Io { address, message, cause: None })?
                        .connect_transport()
                }
            };
            let mut cuts = site.cuts.subscribe();
            site.transports.send_modify(|open| *open += 1);
            let cut = Box::pin(async move {
                let _ = cuts.changed().await;
            });
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
            Ok(()) if self.site.deaf.load(Ordering::Relaxed) => Poll::Pending,
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
