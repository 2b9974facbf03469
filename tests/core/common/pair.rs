//! The router core and several client cores with lines between them, in virtual time. A line keeps
//! its order; which line moves next is the test's choice, so messages cross as on a network.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use wampwerk::error::CloseReason;
use wampwerk::internals::core::client::{Client, ClientConfig, ClientEvent, RequestTicket};
use wampwerk::internals::core::router::{ConnectionId, Output, RouterConfig, RouterCore};
use wampwerk::message::Message;

pub struct World {
    pub now: Duration,
    pub router: RouterCore,
    pub peers: Vec<Peer>,
    numbers: BTreeMap<ConnectionId, usize>,
}

/// A client with its line.
pub struct Peer {
    pub client: Client,
    pub connection: ConnectionId,
    pub events: Vec<ClientEvent>,
    pub to_router: VecDeque<Message>,
    pub to_client: VecDeque<Line>,
    /// What went over the line, by name: `"> CALL"`, `"< RESULT"`.
    pub log: Vec<String>,
    tickets: u64,
}

#[allow(clippy::large_enum_variant, reason = "nearly all are messages")]
pub enum Line {
    Message(Message),
    /// The router has closed the connection.
    End,
}

impl World {
    /// `realm1`, and request ids that must be in sequence.
    pub fn new() -> Self {
        let mut config = RouterConfig::new(11).realm("realm1");
        config.strict_request_ids = true;
        World {
            now: Duration::from_secs(1),
            router: RouterCore::new(config),
            peers: Vec::new(),
            numbers: BTreeMap::new(),
        }
    }

    /// So many clients that have joined.
    pub fn joined(count: usize) -> Self {
        let mut world = World::new();
        for _ in 0..count {
            let peer = world.connect("realm1");
            world.settle();
            assert!(matches!(world.peers[peer].events[..], [ClientEvent::Joined(_)]));
            world.peers[peer].events.clear();
            world.peers[peer].log.clear();
        }
        world
    }

    /// A client that is on its way into a realm.
    pub fn connect(&mut self, realm: &str) -> usize {
        let connection = self.router.connect(self.now);
        let mut client = Client::new(ClientConfig::default());
        client.join(self.now, realm.into());
        self.numbers.insert(connection, self.peers.len());
        self.peers.push(Peer {
            client,
            connection,
            events: Vec::new(),
            to_router: VecDeque::new(),
            to_client: VecDeque::new(),
            log: Vec::new(),
            tickets: 0,
        });
        self.drain();
        self.peers.len() - 1
    }

    /// A new ticket for a client.
    pub fn ticket(&mut self, peer: usize) -> RequestTicket {
        self.peers[peer].tickets += 1;
        RequestTicket(self.peers[peer].tickets)
    }

    /// Moves everything until nothing is on a line.
    pub fn settle(&mut self) {
        self.drain();
        while self.peers.iter().any(|peer| !peer.to_router.is_empty() || !peer.to_client.is_empty())
        {
            for peer in 0..self.peers.len() {
                self.step_to_router(peer);
                self.step_to_client(peer);
            }
        }
    }

    /// Moves one message of a line to the router.
    pub fn step_to_router(&mut self, peer: usize) {
        self.drain();
        if let Some(message) = self.peers[peer].to_router.pop_front() {
            self.peers[peer].log.push(format!("> {}", message.name()));
            self.router.handle_message(self.now, self.peers[peer].connection, message);
            self.drain();
        }
    }

    /// Moves one message of a line to the client.
    pub fn step_to_client(&mut self, peer: usize) {
        self.drain();
        match self.peers[peer].to_client.pop_front() {
            Some(Line::Message(message)) => {
                self.peers[peer].log.push(format!("< {}", message.name()));
                self.peers[peer].client.handle_message(message);
            }
            Some(Line::End) => self.peers[peer].client.handle_transport_closed(None),
            None => {}
        }
        self.drain();
    }

    /// A line breaks: what is on it is lost.
    pub fn break_line(&mut self, peer: usize) {
        let peer = &mut self.peers[peer];
        peer.to_router.clear();
        peer.to_client.clear();
        peer.client.handle_transport_closed(Some("broken".into()));
        while peer.client.poll_transmit().is_some() {}
        self.router.handle_disconnect(self.now, peer.connection);
        self.numbers.remove(&peer.connection);
        self.drain();
    }

    pub fn advance(&mut self, by: Duration) {
        self.now += by;
        self.router.handle_timeout(self.now);
        for peer in &mut self.peers {
            peer.client.handle_timeout(self.now);
        }
        self.drain();
    }

    pub fn drain(&mut self) {
        for peer in &mut self.peers {
            // A broken line takes nothing.
            let open = self.numbers.contains_key(&peer.connection);
            while let Some(message) = peer.client.poll_transmit() {
                if open {
                    peer.to_router.push_back(message);
                }
            }
            while let Some(event) = peer.client.poll_event() {
                peer.events.push(event);
            }
        }
        while let Some(output) = self.router.poll_output() {
            match output {
                Output::Send { to, message } => self.line(to, Line::Message(message)),
                Output::Multicast { to, message } => {
                    for to in to {
                        self.line(to, Line::Message(message.clone()));
                    }
                }
                Output::Close { connection, .. } => self.line(connection, Line::End),
                other => panic!("{other:?}"),
            }
        }
    }

    fn line(&mut self, to: ConnectionId, line: Line) {
        if let Some(&peer) = self.numbers.get(&to) {
            self.peers[peer].to_client.push_back(line);
        }
    }
}

impl Peer {
    /// The reason why the session is over, if it is.
    pub fn closed(&self) -> Option<&CloseReason> {
        self.events.iter().find_map(|event| match event {
            ClientEvent::Closed(reason) => Some(&**reason),
            _ => None,
        })
    }
}
