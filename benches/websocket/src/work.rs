//! The rows: what client and server do.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::contenders::{Library, Socket};
use crate::measure::{Error, Sample, cpu_time};
use crate::server::Server;

/// Number of receivers of the fan-out.
const RECEIVERS: usize = 10;

/// Number of messages of the fan-out that may be on their way.
const FAN_OUT_WINDOW: usize = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Work {
    /// A client sends messages of a size, with so many in flight, and the server sends them back. More than a few MiB
    /// in flight would block both: neither reads while it writes.
    Echo { size: usize, window: usize },
    /// The same with JSON of 1 KiB that is compressed, with context takeover.
    Json { window: usize },
    /// Each message of 1 KiB of a client is sent to ten others. Counts the messages that are received.
    FanOut,
    /// A client connects and closes.
    Connect,
}

impl Work {
    pub(crate) const ALL: [Work; 13] = [
        Work::Echo { size: 16, window: 1 },
        Work::Echo { size: 64, window: 1 },
        Work::Echo { size: 1 << 10, window: 1 },
        Work::Echo { size: 64 << 10, window: 1 },
        Work::Echo { size: 1 << 20, window: 1 },
        Work::Echo { size: 16, window: 16 },
        Work::Echo { size: 64, window: 16 },
        Work::Echo { size: 1 << 10, window: 16 },
        Work::Echo { size: 64 << 10, window: 16 },
        Work::Json { window: 1 },
        Work::Json { window: 16 },
        Work::FanOut,
        Work::Connect,
    ];

    pub(crate) fn key(self) -> String {
        match self {
            Work::Echo { size, window } => format!("echo{size}x{window}"),
            Work::Json { window } => format!("json{window}"),
            Work::FanOut => "fanout".to_owned(),
            Work::Connect => "connect".to_owned(),
        }
    }

    pub(crate) fn title(self) -> String {
        match self {
            Work::Echo { size, window } => format!("echo {}, {window} in flight", octets(size)),
            Work::Json { window } => format!("echo 1 KiB JSON deflated, {window} in flight"),
            Work::FanOut => format!("1 to {RECEIVERS}, 1 KiB"),
            Work::Connect => "connect and close".to_owned(),
        }
    }

    pub(crate) fn deflate(self) -> bool {
        matches!(self, Work::Json { .. })
    }

    /// The messages that a client sends in turn.
    fn messages(self) -> Vec<Bytes> {
        match self {
            Work::Echo { size, .. } => vec![Bytes::from(vec![0x5a; size])],
            // Not the same again: a window of 32 KiB would hold all of it.
            Work::Json { .. } => (0..64).map(json).collect(),
            Work::FanOut => vec![Bytes::from(vec![0x5a; 1 << 10])],
            Work::Connect => Vec::new(),
        }
    }
}

fn octets(size: usize) -> String {
    match size {
        size if size >= 1 << 20 => format!("{} MiB", size >> 20),
        size if size >= 1 << 10 => format!("{} KiB", size >> 10),
        size => format!("{size} B"),
    }
}

/// JSON of about 1 KiB, as an application would send it.
fn json(number: u64) -> Bytes {
    let mut random = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random
    };
    let mut text = String::from("{\"records\":[");
    while text.len() < 960 {
        let (id, x, y) = (next() >> 44, next() % 1_000_000, next() % 1000);
        let name = ["pump", "valve", "sensor", "motor"][(next() % 4) as usize];
        text += &format!("{{\"id\":{id},\"kind\":\"{name}\",\"value\":{x}.{y:03},\"ok\":true}},");
    }
    text += "{}]}";
    Bytes::from(text)
}

/// Serves connections until the server ends it.
pub(crate) async fn serve<L: Library>(mut listener: L::Listener, work: Work) {
    let mut receivers: Vec<UnboundedSender<Bytes>> = Vec::new();
    while let Ok(incoming) = L::accept(&mut listener).await {
        if work != Work::FanOut {
            tokio::task::spawn_local(async move {
                let Ok(mut socket) = L::open(incoming, work.deflate()).await else { return };
                while let Ok(Some(message)) = socket.receive().await {
                    if socket.send(message).await.is_err() {
                        return;
                    }
                }
            });
        } else if receivers.len() < RECEIVERS {
            let (sender, mut messages) = unbounded_channel();
            receivers.push(sender);
            tokio::task::spawn_local(async move {
                let Ok(mut socket) = L::open(incoming, false).await else { return };
                while let Some(message) = messages.recv().await {
                    if socket.send(message).await.is_err() {
                        return;
                    }
                }
            });
        } else {
            let receivers = receivers.clone();
            tokio::task::spawn_local(async move {
                let Ok(mut socket) = L::open(incoming, false).await else { return };
                while let Ok(Some(message)) = socket.receive().await {
                    for receiver in &receivers {
                        let _ = receiver.send(message.clone());
                    }
                }
            });
        }
    }
}

/// Runs the client of a row, first for a third of the time without counting.
pub(crate) async fn measure<L: Library>(
    work: Work,
    time: Duration,
    server: &Server,
) -> Result<Sample, Error> {
    let (listener, address) = L::listen(server, work).await?;
    let serving = server.spawn(move || serve::<L>(listener, work));
    let measured = tokio::time::timeout(time * 3 + Duration::from_secs(10), async {
        match work {
            Work::Echo { window, .. } | Work::Json { window } => {
                echo::<L>(&address, work, window, time).await
            }
            Work::FanOut => fan_out::<L>(&address, work, time).await,
            Work::Connect => connect::<L>(&address, time).await,
        }
    })
    .await;
    serving.stop();
    measured.map_err(|_| "it takes too long")?
}

async fn echo<L: Library>(
    address: &str,
    work: Work,
    window: usize,
    time: Duration,
) -> Result<Sample, Error> {
    let mut socket = L::connect(address, work.deflate()).await?;
    let messages = work.messages();
    let mut next = messages.iter().cycle();
    for _ in 0..window {
        socket.send(next.next().unwrap().clone()).await?;
    }
    let mut clock = Clock::start(time);
    let mut expected = messages.iter().cycle();
    while !clock.is_over() {
        let message = socket.receive().await?.ok_or("the connection ended")?;
        if message.len() != expected.next().unwrap().len() {
            return Err("an echo has another length".into());
        }
        clock.count(1);
        socket.send(next.next().unwrap().clone()).await?;
    }
    Ok(clock.sample())
}

async fn fan_out<L: Library>(address: &str, work: Work, time: Duration) -> Result<Sample, Error> {
    let (received, permits) = (Rc::new(Cell::new(0_u64)), Rc::new(Semaphore::new(FAN_OUT_WINDOW)));
    let mut receivers = tokio::task::JoinSet::new();
    for _ in 0..RECEIVERS {
        let mut socket = L::connect(address, false).await?;
        let (received, permits) = (received.clone(), permits.clone());
        receivers.spawn_local(async move {
            while let Ok(Some(_)) = socket.receive().await {
                received.set(received.get() + 1);
                if received.get() % RECEIVERS as u64 == 0 {
                    permits.add_permits(1);
                }
            }
        });
    }
    let mut publisher = L::connect(address, false).await?;
    let message = work.messages().remove(0);
    let mut clock = Clock::start(time);
    let mut counted = 0;
    while !clock.is_over() {
        permits.acquire().await?.forget();
        publisher.send(message.clone()).await?;
        clock.count(received.get() - counted);
        counted = received.get();
    }
    Ok(clock.sample())
}

async fn connect<L: Library>(address: &str, time: Duration) -> Result<Sample, Error> {
    let mut clock = Clock::start(time);
    while !clock.is_over() {
        L::connect(address, false).await?.close().await?;
        clock.count(1);
    }
    Ok(clock.sample())
}

/// Counts operations after a time without counting.
struct Clock {
    time: Duration,
    begin: Instant,
    cpu: Duration,
    is_warm: bool,
    operations: u64,
}

impl Clock {
    fn start(time: Duration) -> Clock {
        Clock { time, begin: Instant::now(), cpu: cpu_time(), is_warm: false, operations: 0 }
    }

    fn count(&mut self, operations: u64) {
        self.operations += operations;
    }

    fn is_over(&mut self) -> bool {
        let elapsed = self.begin.elapsed();
        if self.is_warm {
            return elapsed >= self.time;
        }
        if elapsed >= self.time / 3 {
            *self = Clock { is_warm: true, ..Clock::start(self.time) };
        }
        false
    }

    fn sample(self) -> Sample {
        let (time, cpu) = (self.begin.elapsed(), cpu_time() - self.cpu);
        let operations = self.operations as f64;
        Sample {
            rate: operations / time.as_secs_f64(),
            micros: cpu.as_secs_f64() * 1e6 / operations.max(1.0),
        }
    }
}
