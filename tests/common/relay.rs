//! A relay of TCP: what happens to networks happens in it.

use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

/// It listens on a port of its own, and each connection to it goes on to the target.
pub struct Relay {
    pub port: u16,
    state: watch::Sender<State>,
}

#[derive(Clone, Default)]
struct State {
    /// How many have come; also the number of the next.
    accepted: u64,
    /// Nothing moves, and nothing is closed.
    stalled: bool,
    /// Links before this one do not move any more.
    dead: u64,
    /// Links before this one are closed.
    closed: u64,
}

impl Relay {
    pub async fn to(target: SocketAddr) -> Self {
        Relay::delayed(target, Duration::ZERO).await
    }

    /// All bytes arrive so much later, each way; they do not wait for each other.
    pub async fn delayed(target: SocketAddr, delay: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (state, _) = watch::channel(State::default());
        let relay = Relay { port, state: state.clone() };
        tokio::spawn(async move {
            let gone = state.subscribe();
            loop {
                let (near, _) = listener.accept().await.unwrap();
                near.set_nodelay(true).unwrap();
                let number = state.borrow().accepted;
                state.send_modify(|state| state.accepted += 1);
                tokio::spawn(link(near, target, delay, number, gone.clone()));
            }
        });
        relay
    }

    /// How many connections have come so far.
    pub fn accepted(&self) -> u64 {
        self.state.borrow().accepted
    }

    /// From now on nothing moves: neither bytes nor the end of a connection.
    pub fn stall(&self) {
        self.state.send_modify(|state| state.stalled = true);
    }

    /// Forwards again, for those who come from now on. The others stay as they are, for good.
    pub fn resume(&self) {
        self.state.send_modify(|state| {
            state.stalled = false;
            state.dead = state.accepted;
        });
    }

    /// Closes what does not move any more, at both ends.
    pub fn close_dead(&self) {
        self.state.send_modify(|state| state.closed = state.dead);
    }

    /// Closes all connections that there are.
    pub fn cut(&self) {
        self.state.send_modify(|state| state.closed = state.accepted);
    }
}

async fn link(
    mut near: TcpStream,
    target: SocketAddr,
    delay: Duration,
    number: u64,
    mut state: watch::Receiver<State>,
) {
    let mut moving = pin!(async move {
        let Ok(mut far) = TcpStream::connect(target).await else { return };
        far.set_nodelay(true).unwrap();
        if delay.is_zero() {
            let _ = copy_bidirectional(&mut near, &mut far).await;
            return;
        }
        let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
        tokio::join!(delayed(near_in, far_out, delay), delayed(far_in, near_out, delay));
    });
    loop {
        let State { stalled, dead, closed, .. } = state.borrow_and_update().clone();
        if number < closed {
            return;
        }
        tokio::select! {
            () = moving.as_mut(), if !stalled && number >= dead => return,
            changed = state.changed() => if changed.is_err() { return },
        }
    }
}

/// One direction, up to its end.
async fn delayed(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, delay: Duration) {
    let (line, mut arriving) = mpsc::unbounded_channel();
    let reading = async move {
        let mut space = vec![0; 32 << 10];
        while let Ok(count @ 1..) = from.read(&mut space).await {
            if line.send((Instant::now() + delay, space[..count].to_vec())).is_err() {
                return;
            }
        }
    };
    let writing = async move {
        while let Some((when, bytes)) = arriving.recv().await {
            sleep_until(when).await;
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
    };
    tokio::join!(reading, writing);
}
