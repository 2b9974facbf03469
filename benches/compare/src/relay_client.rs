//! The clients of the relays: as lean as they can be, with frames as long as WAMP's.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use tokio::net::{TcpStream, UnixStream};
use tokio::task::JoinSet;

use crate::clients::Cell;
use crate::line::{Flush, Line};
use crate::measure::{Error, Meter, Sample, Window};
use crate::plan::{PROCEDURE, TOPIC, Work};
use crate::relay::Place;

/// What frames travel over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hop {
    WebSocket(Flush),
    Tcp,
    Unix,
}

/// Runs one cell.
pub(crate) async fn run(cell: &Cell, hop: Hop) -> Result<Sample, Error> {
    let (work, relay) = (cell.work.frames(), cell.address.as_str());
    let meter = Arc::new(Meter::default());
    let mut tasks = JoinSet::new();
    match work {
        Work::Calls { in_flight } => {
            let group = Group::new(2);
            let caller = group.join(relay, 0, hop).await?;
            let callee = group.join(relay, 1, hop).await?;
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
                line: group.join(relay, 0, hop).await?,
                frame: frame(PUBLISH + string(size)),
                window: window.clone(),
            };
            for subscriber in 0..subscribers {
                let mut line = group.join(relay, 1 + subscriber, hop).await?;
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

    /// `relay` is `host:port`, or the path of a unix socket.
    async fn join(&self, relay: &str, place: usize, hop: Hop) -> Result<Line, Error> {
        let mut line = match hop {
            Hop::WebSocket(flush) => {
                Line::open_websocket(TcpStream::connect(relay).await?, flush).await?
            }
            Hop::Tcp => Line::tcp(TcpStream::connect(relay).await?)?,
            Hop::Unix => Line::unix(UnixStream::connect(relay).await?),
        };
        let place = Place { group: self.id, members: self.members, place };
        line.send(place.frame()).await?;
        Ok(line)
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
