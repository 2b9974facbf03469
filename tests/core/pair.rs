//! Client cores against the router core, in virtual time: what crosses on the lines, and who is
//! told what in the end.

use wampwerk::error::CloseKind;
use wampwerk::internals::core::client::{Answer, ClientEvent, Failure, RequestTicket};
use wampwerk::message::{
    CallOptions, CancelMode, PublishOptions, RegisterOptions, SubscribeOptions,
};
use wampwerk::{ApplicationError, Payload};
// In the browser the same tests run under its own runner.
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::common::pair::World;

fn register(world: &mut World, peer: usize, procedure: &str) -> RequestTicket {
    let ticket = world.ticket(peer);
    let options = RegisterOptions::default();
    world.peers[peer].client.register(ticket, procedure.into(), options);
    ticket
}

fn subscribe(world: &mut World, peer: usize, topic: &str) -> RequestTicket {
    let ticket = world.ticket(peer);
    world.peers[peer].client.subscribe(ticket, topic.into(), SubscribeOptions::default());
    ticket
}

fn call(world: &mut World, peer: usize, procedure: &str) -> RequestTicket {
    call_with_id(world, peer, procedure).0
}

fn call_with_id(world: &mut World, peer: usize, procedure: &str) -> (RequestTicket, u64) {
    let ticket = world.ticket(peer);
    let (options, payload) = (CallOptions::default(), Payload::empty());
    let id = world.peers[peer].client.call(ticket, procedure.into(), options, payload);
    (ticket, id)
}

/// The second of two peers has called a procedure of the first.
fn called() -> (World, RequestTicket) {
    let mut world = World::joined(2);
    register(&mut world, 0, "com.example.p");
    world.settle();
    let ticket = call(&mut world, 1, "com.example.p");
    world.settle();
    (world, ticket)
}

fn publish(world: &mut World, peer: usize, topic: &str, acknowledge: bool) -> RequestTicket {
    let ticket = world.ticket(peer);
    let mut options = PublishOptions::default();
    options.acknowledge = acknowledge.then_some(true);
    world.peers[peer].client.publish(ticket, topic.into(), options, Payload::empty());
    ticket
}

/// Takes the invocations that a client was handed.
fn invocations(world: &mut World, peer: usize) -> Vec<u64> {
    let mut found = Vec::new();
    world.peers[peer].events.retain(|event| match event {
        ClientEvent::Invocation { invocation, .. } => {
            found.push(invocation.request);
            false
        }
        _ => true,
    });
    found
}

fn reply(world: &World, peer: usize, wanted: RequestTicket) -> &Result<Answer, Failure> {
    let mut replies = world.peers[peer].events.iter().filter_map(|event| match event {
        ClientEvent::Reply { ticket, result } if *ticket == wanted => Some(result),
        _ => None,
    });
    let reply = replies.next().unwrap();
    assert!(replies.next().is_none(), "one reply a ticket");
    reply
}

fn error_uri(reply: &Result<Answer, Failure>) -> &str {
    match reply {
        Err(Failure::Error(error)) => &error.error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_call_and_its_result() {
    let (mut world, ticket) = called();
    for request in invocations(&mut world, 0) {
        world.peers[0].client.answer(request, Ok(Payload::empty()));
    }
    world.settle();
    assert!(matches!(reply(&world, 1, ticket), Ok(Answer::Result { .. })));
    assert_eq!(world.peers[1].log, ["> CALL", "< RESULT"]);
    assert_eq!(world.peers[0].log, ["> REGISTER", "< REGISTERED", "< INVOCATION", "> YIELD"]);
    assert_eq!(world.router.statistics().calls, 0);
}

#[test]
fn a_call_and_its_error() {
    let (mut world, ticket) = called();
    for request in invocations(&mut world, 0) {
        let error = ApplicationError::new("com.example.error.no");
        world.peers[0].client.answer(request, Err(error));
    }
    world.settle();
    assert_eq!(error_uri(reply(&world, 1, ticket)), "com.example.error.no");
}

#[test]
fn a_callee_that_is_lost_fails_its_calls() {
    let (mut world, ticket) = called();
    world.break_line(0);
    world.settle();
    assert_eq!(error_uri(reply(&world, 1, ticket)), "wamp.error.canceled");
    let ticket = call(&mut world, 1, "com.example.p");
    world.settle();
    assert_eq!(error_uri(reply(&world, 1, ticket)), "wamp.error.no_such_procedure");
}

#[test]
fn a_call_that_is_given_up_may_still_be_answered() {
    let mut world = World::joined(2);
    register(&mut world, 0, "com.example.p");
    world.settle();
    let (_, id) = call_with_id(&mut world, 1, "com.example.p");
    world.settle();
    world.peers[1].client.abandon(id, CancelMode::KillNoWait);
    for request in invocations(&mut world, 0) {
        world.peers[0].client.answer(request, Ok(Payload::empty()));
    }
    world.settle();
    assert!(world.peers[1].events.is_empty());
    assert!(world.peers.iter().all(|peer| peer.client.is_established()));
}

#[test]
fn an_event_never_comes_before_subscribed_nor_after_unsubscribed_is_a_violation() {
    let mut world = World::joined(2);
    let listener = subscribe(&mut world, 0, "com.example.t");
    publish(&mut world, 1, "com.example.t", false);
    world.step_to_router(0);
    world.step_to_router(1);
    world.settle();
    assert_eq!(world.peers[0].log, ["> SUBSCRIBE", "< SUBSCRIBED", "< EVENT"]);
    let Ok(Answer::Subscribed { subscription }) = *reply(&world, 0, listener) else { panic!() };

    // UNSUBSCRIBE and EVENT cross.
    publish(&mut world, 1, "com.example.t", false);
    world.step_to_router(1);
    let ticket = world.ticket(0);
    world.peers[0].client.unsubscribe(ticket, subscription, listener);
    world.settle();
    assert!(matches!(reply(&world, 0, ticket), Ok(Answer::Unsubscribed)));
    assert!(world.peers[0].client.is_established());
    assert_eq!(world.router.statistics().subscriptions, 0);
}

#[test]
fn a_subscription_survives_when_one_listener_goes_as_another_comes() {
    let mut world = World::joined(2);
    let first = subscribe(&mut world, 0, "com.example.t");
    world.settle();
    let Ok(Answer::Subscribed { subscription }) = *reply(&world, 0, first) else { panic!() };
    let second = subscribe(&mut world, 0, "com.example.t");
    let ticket = world.ticket(0);
    world.peers[0].client.unsubscribe(ticket, subscription, first);
    world.settle();
    publish(&mut world, 1, "com.example.t", true);
    world.settle();
    let reached = world.peers[0].events.iter().filter_map(|event| match event {
        ClientEvent::Event { listener, .. } => Some(*listener),
        _ => None,
    });
    assert_eq!(reached.collect::<Vec<_>>(), [second]);
}

#[test]
fn leaving_settles_what_waits_and_takes_everything_along() {
    let mut world = World::joined(2);
    register(&mut world, 0, "com.example.p");
    subscribe(&mut world, 0, "com.example.t");
    world.settle();
    let waits = call(&mut world, 0, "com.example.p");
    let now = world.now;
    world.peers[0].client.leave(now, "wamp.close.close_realm".into(), None);
    world.settle();
    assert_eq!(world.peers[0].closed().unwrap().kind, CloseKind::Left);
    assert!(matches!(reply(&world, 0, waits), Err(Failure::Closed(_))));
    let statistics = world.router.statistics();
    let held = (statistics.subscriptions, statistics.registrations, statistics.calls);
    assert_eq!((statistics.sessions, held), (1, (0, 0, 0)));
}

#[test]
fn a_router_that_goes_down_says_so_to_all() {
    let mut world = World::joined(3);
    let now = world.now;
    world.router.shutdown(now);
    world.settle();
    for peer in &world.peers {
        let reason = peer.closed().unwrap();
        assert_eq!(reason.kind, CloseKind::Goodbye);
        assert_eq!(reason.reason, "wamp.close.system_shutdown");
        assert_eq!(peer.log, ["< GOODBYE", "> GOODBYE"]);
    }
}

#[test]
fn an_unknown_realm() {
    let mut world = World::new();
    let peer = world.connect("nowhere");
    world.settle();
    let reason = world.peers[peer].closed().unwrap();
    assert_eq!((reason.kind, &*reason.reason), (CloseKind::Aborted, "wamp.error.no_such_realm"));
}

#[test]
fn more_arguments_for_a_call_that_was_refused_are_no_call() {
    let mut world = World::joined(2);
    // The router itself refuses the second one: it takes no arguments in parts.
    for (procedure, refusal) in [
        ("com.example.nobody", "wamp.error.no_such_procedure"),
        ("wamp.session.count", "wamp.error.feature_not_supported"),
    ] {
        let ticket = world.ticket(1);
        let mut options = CallOptions::default();
        options.progress = Some(true);
        let client = &mut world.peers[1].client;
        let id = client.call(ticket, procedure.into(), options, Payload::empty());
        // They cross the answer.
        client.call_more(id, Payload::empty(), false);
        client.call_more(id, Payload::empty(), true);
        world.settle();
        assert_eq!(error_uri(reply(&world, 1, ticket)), refusal);
    }
    register(&mut world, 0, "com.example.nobody");
    world.settle();
    assert!(world.peers[1].client.is_established());
    let log = &world.peers[1].log;
    assert_eq!(log.iter().filter(|line| *line == "> CALL").count(), 6);
    assert_eq!(log.iter().filter(|line| line.starts_with('<')).count(), 2, "one answer each");
}
