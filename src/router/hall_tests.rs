//! How long one connection keeps the lock of its realm, in work.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use crate::core::router::{ConnectionId, Door, Gate, Input, Outputs, Peer, RouterConfig};
use crate::message::{
    Hello, HelloDetails, Payload, Publish, PublishOptions, Roles, Subscribe, SubscribeOptions,
};
use crate::router::hall::{Hall, StepEffects};
use crate::router::outbox::Outbox;
use crate::uri::{Match, Uri};

const NOW: Duration = Duration::from_secs(9);

struct World {
    gate: Gate,
    hall: Hall,
    last: u64,
}

impl World {
    fn new() -> Option<Self> {
        let (gate, mut realms) = Gate::new(RouterConfig::new(7).realm("realm1"));
        Some(World { gate, hall: Hall::new(realms.pop()?), last: 0 })
    }

    fn join(&mut self) -> Option<ConnectionId> {
        self.last += 1;
        let id = ConnectionId::new(self.last);
        let mut door = Door::new(&self.gate, NOW, id, Peer::default(), None);
        let mut details = HelloDetails::default();
        details.roles = Some(Roles::new().with("publisher", &[]));
        let hello = Hello { realm: "realm1".into(), details };
        let hello = Input::Message(hello.into());
        let entry = door.handle(&self.gate, NOW, hello, &mut Outputs::default())?;
        let outbox = Arc::new(Outbox::new(64 << 20));
        assert!(self.hall.enter(NOW, id, *entry, &outbox));
        Some(id)
    }

    /// Hands in inputs, and returns how many are left when the lock is free again.
    fn handle(&mut self, from: ConnectionId, inputs: impl IntoIterator<Item = Input>) -> usize {
        let mut inputs: VecDeque<_> = inputs.into_iter().collect();
        let mut effects = StepEffects::default();
        let ended = self.hall.handle(NOW, from, &mut inputs, &mut effects, Waker::noop());
        assert!(!ended && !effects.paused);
        inputs.len()
    }
}

fn subscribe(topic: &str, policy: Match) -> Input {
    let mut options = SubscribeOptions::default();
    options.r#match = Some(policy);
    Input::Message(Subscribe { request: 1, options, topic: topic.into() }.into())
}

fn publish(topic: &str) -> Input {
    let (options, topic) = (PublishOptions::default(), Uri::from(topic));
    Input::Message(Publish { request: 1, options, topic, payload: Payload::empty() }.into())
}

#[test]
fn row06_others_have_their_turn_after_some_work() {
    let Some(mut world) = World::new() else { return };
    let Some(publisher) = world.join() else { return };
    for _ in 0..500 {
        let Some(id) = world.join() else { return };
        assert_eq!(world.handle(id, [subscribe("com.example.t", Match::Exact)]), 0);
    }
    let many = |topic: &str| (0..32).map(|_| publish(topic)).collect::<Vec<_>>();
    assert_eq!(world.handle(publisher, many("com.example.nobody")), 0);
    // 500 receivers each: three of them are enough.
    assert_eq!(world.handle(publisher, many("com.example.t")), 29);
    // Wildcards that match nothing are work, too.
    for session in 0..4 {
        let Some(id) = world.join() else { return };
        for shape in 0..64 {
            let number = session * 64 + shape;
            let component = |bit: i32| if number >> bit & 1 > 0 { "" } else { "x" };
            let pattern: Vec<_> = (0..8).map(component).collect();
            let pattern = format!("{}.none.y", pattern.join("."));
            world.handle(id, [subscribe(&pattern, Match::Wildcard)]);
        }
    }
    // 256 sets of empty components.
    assert_eq!(world.handle(publisher, many("a.b.c.d.e.f.g.h.i.j")), 28);
}
