//! The relay: WebSocket frames over the hops of WAMP, without WAMP.
//!
//! A group is one leading connection and its followers, all owned by one task: a frame of the
//! leader goes to every follower, a frame of a follower to the leader. So a caller (leader) and a
//! callee make a call path, a publisher (leader) and subscribers an event path. No channel, no
//! copy of a frame but WebSocket's own: what it moves is the wire's limit for tokio-tungstenite.

use std::collections::HashMap;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::{Sink, Stream, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, accept_async};

use crate::measure::Error;

/// Frames of one connection that are read in one turn before the others have theirs.
const TURN: usize = 1024;

/// When written frames leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flush {
    /// Everything that is ready is gathered, then flushed once.
    PerTurn,
    /// Each frame is flushed before the next is taken: `sink.send(frame).await`.
    PerMessage,
}

/// A connection that knows when to flush; clients and the relay use the same.
pub struct Line {
    socket: WebSocketStream<TcpStream>,
    flush: Flush,
    /// Something was written since the last complete flush.
    dirty: bool,
}

impl Line {
    pub fn new(socket: WebSocketStream<TcpStream>, flush: Flush) -> Self {
        Line { socket, flush, dirty: false }
    }

    /// The next frame; `None` at the end.
    pub fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Error>> {
        Poll::Ready(match ready!(Pin::new(&mut self.socket).poll_next(cx)) {
            Some(Ok(Message::Binary(frame))) => Ok(Some(frame)),
            Some(Ok(Message::Close(_))) | None => Ok(None),
            Some(Ok(other)) => Err(format!("the relay moves binary frames only: {other}").into()),
            Some(Err(error)) => Err(error.into()),
        })
    }

    /// Ready when a frame can be put.
    pub fn poll_open(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.flush == Flush::PerMessage {
            ready!(self.poll_clean(cx))?;
        }
        Pin::new(&mut self.socket).poll_ready(cx).map_err(Error::from)
    }

    /// Writes a frame; only when open.
    pub fn put(&mut self, frame: Bytes, cx: &mut Context<'_>) -> Result<(), Error> {
        Pin::new(&mut self.socket).start_send(Message::Binary(frame))?;
        self.dirty = true;
        if self.flush == Flush::PerMessage
            && let Poll::Ready(Err(error)) = self.poll_clean(cx)
        {
            return Err(error);
        }
        Ok(())
    }

    /// Ends a turn: ready when everything has left.
    pub fn poll_clean(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.dirty {
            ready!(Pin::new(&mut self.socket).poll_flush(cx))?;
            self.dirty = false;
        }
        Poll::Ready(Ok(()))
    }
}

/// Which place a connection has. It is what a client sends first, as text: `group members place`.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    pub group: u64,
    pub members: usize,
    /// 0 is the leader.
    pub place: usize,
}

impl Place {
    pub fn text(self) -> String {
        format!("{} {} {}", self.group, self.members, self.place)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ').map(str::parse::<u64>);
        let mut next = || words.next()?.ok();
        let (group, members, place) = (next()?, next()? as usize, next()? as usize);
        (place < members).then_some(Place { group, members, place })
    }
}

type Groups = Arc<Mutex<HashMap<u64, Vec<(usize, Line)>>>>;

/// Starts a relay on a free port of the loopback.
pub async fn listen(flush: Flush) -> Result<SocketAddr, Error> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let groups = Groups::default();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let groups = groups.clone();
            // Clients hang up when they have measured; if the relay fails, they notice and say so.
            tokio::spawn(async move { drop(seat(stream, flush, groups).await) });
        }
    });
    Ok(address)
}

/// Puts a new connection into its group; the last one of a group carries the frames of all.
async fn seat(stream: TcpStream, flush: Flush, groups: Groups) -> Result<(), Error> {
    stream.set_nodelay(true)?;
    let mut socket = accept_async(stream).await?;
    let first = socket.next().await.ok_or("closed before its place was known")??;
    let place = Place::parse(first.to_text()?).ok_or("no place")?;
    let mut lines = {
        let mut groups = groups.lock().unwrap();
        let waiting = groups.entry(place.group).or_default();
        waiting.push((place.place, Line::new(socket, flush)));
        if waiting.len() < place.members {
            return Ok(());
        }
        groups.remove(&place.group).unwrap_or_default()
    };
    lines.sort_by_key(|(place, _)| *place);
    let mut followers: Vec<Line> = lines.into_iter().map(|(_, line)| line).collect();
    let mut leader = followers.remove(0);
    poll_fn(|cx| poll_carry(&mut leader, &mut followers, cx)).await
}

/// One turn. Ready when one of the group has left.
fn poll_carry(
    leader: &mut Line,
    followers: &mut [Line],
    cx: &mut Context<'_>,
) -> Poll<Result<(), Error>> {
    let mut more = true;
    for _ in 0..TURN {
        more = all_open(followers, cx)?;
        if !more {
            break;
        }
        match leader.poll_frame(cx)? {
            Poll::Ready(Some(frame)) => {
                for follower in followers.iter_mut() {
                    follower.put(frame.clone(), cx)?;
                }
            }
            Poll::Ready(None) => return Poll::Ready(Ok(())),
            Poll::Pending => {
                more = false;
                break;
            }
        }
    }
    for follower in followers.iter_mut() {
        let mut rest = TURN;
        while rest > 0 && leader.poll_open(cx)?.is_ready() {
            match follower.poll_frame(cx)? {
                Poll::Ready(Some(frame)) => leader.put(frame, cx)?,
                Poll::Ready(None) => return Poll::Ready(Ok(())),
                Poll::Pending => break,
            }
            rest -= 1;
        }
        more |= rest == 0;
        if let Poll::Ready(Err(error)) = follower.poll_clean(cx) {
            return Poll::Ready(Err(error));
        }
    }
    if let Poll::Ready(Err(error)) = leader.poll_clean(cx) {
        return Poll::Ready(Err(error));
    }
    if more {
        cx.waker().wake_by_ref();
    }
    Poll::Pending
}

fn all_open(lines: &mut [Line], cx: &mut Context<'_>) -> Result<bool, Error> {
    for line in lines {
        match line.poll_open(cx) {
            Poll::Ready(opened) => opened?,
            Poll::Pending => return Ok(false),
        }
    }
    Ok(true)
}
