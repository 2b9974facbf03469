//! What the tests of PubSub through the router core have in common.

use wampwerk::Match;
use wampwerk::internals::core::router::ConnectionId;
use wampwerk::message::*;

use super::router_core::*;

/// A joined client.
#[derive(Clone, Debug)]
pub struct Peer {
    pub id: ConnectionId,
    pub session: u64,
    pub authid: String,
}

pub const TOPIC: &str = "com.example.topic";

/// Joins without any feature.
pub fn join(net: &mut Net) -> Peer {
    join_as(net, Roles::new().with("publisher", &[]).with("subscriber", &[])).0
}

pub fn join_as(net: &mut Net, roles: Roles) -> (Peer, WelcomeDetails) {
    let id = net.connect();
    let mut message = hello("realm1");
    message.details.roles = Some(roles);
    net.send(id, message);
    let Message::Welcome(Welcome { session, details }) = net.take_one(id) else { panic!() };
    let authid = details.authid.clone().unwrap_or_default();
    (Peer { id, session, authid }, details)
}

pub fn subscribe_as(request: u64, topic: &str, policy: Match) -> Subscribe {
    let mut message = subscribe(request, topic);
    message.options.r#match = Some(policy);
    message
}

/// Subscribes and forgets the answer.
pub fn subscribed(net: &mut Net, id: ConnectionId, message: Subscribe) -> u64 {
    net.send(id, message);
    match net.take_one(id) {
        Message::Subscribed(subscribed) => subscribed.subscription,
        other => panic!("{}", show(&other)),
    }
}

/// A publication with options.
pub fn publish_as(
    request: u64,
    topic: &str,
    value: impl Into<wampwerk::Value>,
    set: impl FnOnce(&mut PublishOptions),
) -> Publish {
    let mut message = publish(request, topic, value);
    set(&mut message.options);
    message
}

/// The events that a peer got, and nothing else.
pub fn events(net: &mut Net, id: ConnectionId) -> Vec<Event> {
    let event = |message| match message {
        Message::Event(event) => event,
        other => panic!("{}", show(&other)),
    };
    net.take_messages(id).into_iter().map(event).collect()
}

/// Which of them got an event since the last time.
pub fn reached(net: &mut Net, peers: &[&Peer]) -> Vec<bool> {
    peers.iter().map(|peer| !events(net, peer.id).is_empty()).collect()
}
