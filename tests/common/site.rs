//! A place with an embedded router that can be killed and started again, and what leads there.

use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;
use wampwerk::component::TransportEntry;
use wampwerk::error::ConnectError;
use wampwerk::router::RouterBuilder;
use wampwerk::transport::MemoryTransport;
use wampwerk::transport::{BoxFuture, Connector, Transport};
use wampwerk::{Router, Serializer, Session};

use super::fake_transport::{Control, FakeTransport};

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
    /// The far ends of connections that stay silent.
    silent: Mutex<Vec<MemoryTransport>>,
    deaf: AtomicBool,
    /// Of all connections that there were.
    connections: Mutex<Vec<Control>>,
    router: Mutex<Option<Router>>,
    began: Instant,
    attempts: Mutex<Vec<Duration>>,
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
            connections: Mutex::default(),
            router: Mutex::default(),
            began: Instant::now(),
            attempts: Mutex::default(),
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
        self.connections.lock().unwrap().iter().for_each(Control::cut);
    }

    /// How it takes those who come from now on.
    pub fn behave(&self, mode: Mode) {
        *self.mode.lock().unwrap() = mode;
    }

    /// The far end of the last connection that stays silent.
    pub fn far_end(&self) -> MemoryTransport {
        self.silent.lock().unwrap().pop().unwrap()
    }

    /// From now on nothing reaches the clients: a link that is half open.
    pub fn go_deaf(&self, deaf: bool) {
        self.deaf.store(deaf, Ordering::Relaxed);
        self.connections.lock().unwrap().iter().for_each(|one| one.go_deaf(deaf));
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
        self.connections.lock().unwrap().iter().filter(|one| !one.is_gone()).count()
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
                    let (near, far) = MemoryTransport::pair(Serializer::Json, 16);
                    site.silent.lock().unwrap().push(far);
                    Box::new(near)
                }
                Mode::Aborts(reason) => {
                    let (near, mut far) = MemoryTransport::pair(Serializer::Json, 16);
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
            let transport = FakeTransport::boxed(inner);
            let control = transport.control();
            control.go_deaf(site.deaf.load(Ordering::Relaxed));
            site.connections.lock().unwrap().push(control);
            Ok(Box::new(transport) as Box<dyn Transport>)
        })
    }
}
