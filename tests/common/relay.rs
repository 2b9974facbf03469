//! A relay of TCP: what happens to networks happens in it.

#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(unreachable_pub, reason = "a module of several tests")]
#![allow(clippy::unwrap_used, reason = "a test says so by panicking")]

use std::net::SocketAddr;
use std::pin::pin;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

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
                tokio::spawn(link(near, target, number, gone.clone()));
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
    number: u64,
    mut state: watch::Receiver<State>,
) {
    let mut moving = pin!(async move {
        let Ok(mut far) = TcpStream::connect(target).await else { return };
        far.set_nodelay(true).unwrap();
        let _ = copy_bidirectional(&mut near, &mut far).await;
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
