//! The clients of the relay: as lean as they can be, with frames as long as WAMP's.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use futures_util::SinkExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;

use crate::clients::Cell;
use crate::measure::{Error, Meter, Sample, Window};
use crate::plan::{PROCEDURE, TOPIC, Work};
use crate::relay::{Flush, Line, Place};

/// Runs one cell.
pub async fn run(cell: &Cell, flush: Flush) -> Result<Sample, Error> {
    let (work, relay) = (cell.work.frames(), cell.address.parse()?);
    let meter = Arc::new(Meter::default());
    let mut tasks = JoinSet::new();
    match work {
        Work::Calls { in_flight } => {
            let group = Group::new(2);
            let caller = group.join(relay, 0, flush).await?;
            let callee = group.join(relay, 1, flush).await?;
            let mut callee = Callee { line: callee, frame: frame(YIELD + string(work.size())) };
            tasks.spawn(async move { poll_fn(|cx| callee.poll(cx)).await });
            let mut caller = Caller {
                line: caller,
                frame: frame(CALL + string(work.size())),
                in_flight,
                open: 0,
                started: Instant::now(),
                meter: meter.clone(),
            };
            tasks.spawn(async move { poll_fn(|cx| caller.poll(cx)).await });
        }
        Work::Events { subscribers, size } => {
            let window = Arc::new(Window::new(subscribers));
            let group = Group::new(1 + subscribers);
            let mut publisher = Publisher {
                line: group.join(relay, 0, flush).await?,
                frame: frame(PUBLISH + string(size)),
                window: window.clone(),
            };
            for subscriber in 0..subscribers {
                let mut line = group.join(relay, 1 + subscriber, flush).await?;
                let (window, meter) = (window.clone(), meter.clone());
                tasks.spawn(async move {
                    poll_fn(|cx| poll_subscriber(&mut line, subscriber, &window, &meter, cx)).await
                });
            }
            tasks.spawn(async move { poll_fn(|cx| publisher.poll(cx)).await });
        }
        Work::Progress | Work::Wildcard { .. } => return Err("the relay knows frames only".into()),
    }
    meter.run(cell, &mut tasks).await
}

// The lengths of MessagePack's WAMP messages without the string, with request ids of 3 bytes:
// the list's head, the message type, ids, an empty dict, the URI with its head, the list of args.
const CALL: usize = 1 + 1 + 3 + 1 + (1 + PROCEDURE.len()) + 1;
const YIELD: usize = 1 + 1 + 3 + 1 + 1;
const PUBLISH: usize = 1 + 1 + 3 + 1 + (1 + TOPIC.len()) + 1;

/// A string in MessagePack.
fn string(length: usize) -> usize {
    length + if length < 256 { 2 } else { 3 }
}

fn frame(length: usize) -> Bytes {
    Bytes::from(vec![b'x'; length])
}

struct Group {
    id: u64,
    members: usize,
}

impl Group {
    fn new(members: usize) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Group { id: NEXT.fetch_add(1, Relaxed), members }
    }

    async fn join(&self, relay: SocketAddr, place: usize, flush: Flush) -> Result<Line, Error> {
        let stream = TcpStream::connect(relay).await?;
        stream.set_nodelay(true)?;
        let (mut socket, _) = client_async(format!("ws://{relay}/"), stream).await?;
        let place = Place { group: self.id, members: self.members, place };
        socket.send(Message::text(place.text())).await?;
        Ok(Line::new(socket, flush))
    }
}

struct Caller {
    line: Line,
    frame: Bytes,
    in_flight: usize,
    open: usize,
    started: Instant,
    meter: Arc<Meter>,
}

impl Caller {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        while let Poll::Ready(frame) = self.line.poll_frame(cx)? {
            frame.ok_or("the relay has closed")?;
            self.open -= 1;
            if self.in_flight == 1 {
                self.meter.count_timed(self.started.elapsed());
            } else {
                self.meter.count(1);
            }
        }
        if self.meter.stopped() {
            return Poll::Ready(Ok(()));
        }
        while self.open < self.in_flight && self.line.poll_open(cx)?.is_ready() {
            self.open += 1;
            if self.in_flight == 1 {
                self.started = Instant::now();
            }
            self.line.put(self.frame.clone(), cx)?;
        }
        let _ = self.line.poll_clean(cx)?;
        Poll::Pending
    }
}

struct Callee {
    line: Line,
    frame: Bytes,
}

impl Callee {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        while self.line.poll_open(cx)?.is_ready() {
            match self.line.poll_frame(cx)? {
                Poll::Ready(Some(_)) => self.line.put(self.frame.clone(), cx)?,
                Poll::Ready(None) => return Poll::Ready(Err("the relay has closed".into())),
                Poll::Pending => break,
            }
        }
        let _ = self.line.poll_clean(cx)?;
        Poll::Pending
    }
}

struct Publisher {
    line: Line,
    frame: Bytes,
    window: Arc<Window>,
}

impl Publisher {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        while self.line.poll_open(cx)?.is_ready() && self.window.poll_room(cx).is_ready() {
            self.line.put(self.frame.clone(), cx)?;
            self.window.sent();
        }
        let _ = self.line.poll_clean(cx)?;
        Poll::Pending
    }
}

fn poll_subscriber(
    line: &mut Line,
    subscriber: usize,
    window: &Window,
    meter: &Meter,
    cx: &mut Context<'_>,
) -> Poll<Result<(), Error>> {
    while let Poll::Ready(frame) = line.poll_frame(cx)? {
        frame.ok_or("the relay has closed")?;
        window.arrived(subscriber);
        meter.count(1);
    }
    Poll::Pending
}
