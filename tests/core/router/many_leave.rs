//! What it costs that many sessions are ended at once does not grow with the square of their number,
//! even if all of them watch and share a
//! registration. With the square it would take minutes here.

use std::time::{Duration, Instant};

use wampwerk::internals::core::router::{ConnectionId, MetaApi, RouterConfig};
use wampwerk::message::InvocationPolicy;

use crate::common::router_core::*;

const MANY: usize = 10_000;

/// Without optimization on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// One that stays, and many, each of which wants to know who leaves.
fn crowd() -> (Net, ConnectionId, Vec<ConnectionId>) {
    let mut config = RouterConfig::new(7).realm("realm1");
    config.meta_api = MetaApi::Full;
    let mut net = Net::with(config);
    let stays = net.join();
    net.subscribe(stays, 1, "wamp.session.on_leave");
    let many: Vec<_> = (0..MANY).map(|_| net.join()).collect();
    for &one in &many {
        net.subscribe(one, 1, "wamp.session.on_leave");
        net.subscribe(one, 2, "com.example.topic");
        let mut register = register(3, "com.example.shared");
        register.options.invoke = Some(InvocationPolicy::RoundRobin);
        net.send(one, register);
        net.take(one);
    }
    (net, stays, many)
}

fn ended(mut net: Net, stays: ConnectionId, many: &[ConnectionId], start: Instant, reason: &str) {
    let took = start.elapsed();
    net.drain();
    assert!(took < PATIENCE, "{took:?}");
    let told = net.take(stays).iter().filter(|it| it.starts_with("EVENT")).count();
    assert_eq!(told, MANY);
    for &one in many {
        assert_eq!(net.take(one), [format!("GOODBYE {reason}")]);
    }
    assert_eq!(net.statistics().sessions, 1);
}

#[test]
fn dismissed() {
    let (mut net, stays, many) = crowd();
    let start = Instant::now();
    net.router.dismiss(net.now, &many);
    ended(net, stays, &many, start, "wamp.close.system_shutdown");
}

#[test]
fn killed() {
    let (mut net, stays, many) = crowd();
    let start = Instant::now();
    let kill = call(2, "wamp.session.kill_by_authrole", "anonymous");
    net.router.handle_message(net.now, stays, kill.into());
    ended(net, stays, &many, start, "wamp.close.killed");
}

#[test]
fn shut_down() {
    let (mut net, stays, many) = crowd();
    let start = Instant::now();
    net.router.shutdown(net.now);
    let took = start.elapsed();
    net.drain();
    assert!(took < PATIENCE, "{took:?}");
    for one in many.into_iter().chain([stays]) {
        assert_eq!(net.take(one), ["GOODBYE wamp.close.system_shutdown"]);
    }
}
