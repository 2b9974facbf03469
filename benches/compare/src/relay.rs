//! The relays: frames over the hops of WAMP, without WAMP.
//!
//! A group is one leading connection and its followers, all owned by one task: a frame of the
//! leader goes to every follower, a frame of a follower to the leader. So a caller (leader) and a
//! callee make a call path, a publisher (leader) and subscribers an event path. No channel, no
//! copy of a frame but the framing's own: what it moves is the wire's limit.

use std::collections::HashMap;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::net::{TcpListener, UnixListener};

use crate::line::{Flush, Line};
use crate::measure::Error;

/// Frames of one connection that are read in one turn before the others have theirs.
const TURN: usize = 1024;

/// Which place a connection has. It is what a client sends first: `group members place`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) group: u64,
    pub(crate) members: usize,
    /// 0 is the leader.
    pub(crate) place: usize,
}

impl Place {
    pub(crate) fn frame(self) -> Bytes {
        format!("{} {} {}", self.group, self.members, self.place).into()
    }

    fn parse(frame: &[u8]) -> Option<Self> {
        let mut words = str::from_utf8(frame).ok()?.split(' ').map(str::parse::<u64>);
        let mut next = || words.next()?.ok();
        let (group, members, place) = (next()?, next()? as usize, next()? as usize);
        (place < members).then_some(Place { group, members, place })
    }
}

type Groups = Arc<Mutex<HashMap<u64, Vec<(usize, Line)>>>>;

/// Starts a relay for WebSocket on a free port of the loopback.
pub(crate) async fn listen_websocket(flush: Flush) -> Result<SocketAddr, Error> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let groups = Groups::default();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let groups = groups.clone();
            // Clients hang up when they have measured; if the relay fails, they notice and say so.
            tokio::spawn(async move {
                let line = Line::accept_websocket(stream, flush).await?;
                seat(line, groups).await
            });
        }
    });
    Ok(address)
}

/// Starts a relay for plain frames on a free port of the loopback.
pub(crate) async fn listen_tcp() -> Result<SocketAddr, Error> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let groups = Groups::default();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let groups = groups.clone();
            tokio::spawn(async move { seat(Line::tcp(stream)?, groups).await });
        }
    });
    Ok(address)
}

/// Starts a relay for plain frames on a unix socket.
pub(crate) fn listen_unix(path: &Path) -> Result<(), Error> {
    let listener = UnixListener::bind(path)?;
    let groups = Groups::default();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let groups = groups.clone();
            tokio::spawn(async move { seat(Line::unix(stream), groups).await });
        }
    });
    Ok(())
}

/// Puts a new connection into its group; the last one of a group carries the frames of all.
async fn seat(mut line: Line, groups: Groups) -> Result<(), Error> {
    let place = Place::parse(&line.frame().await?).ok_or("no place")?;
    let mut lines = {
        let mut groups = groups.lock().unwrap();
        let waiting = groups.entry(place.group).or_default();
        waiting.push((place.place, line));
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
