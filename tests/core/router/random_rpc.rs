//! Random calls with all their options between peers that can do more or less: whatever comes, the
//! promises of the dealer hold.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;
use wampwerk::internals::core::router::{ConnectionId, Disclosure, RouterConfig};
use wampwerk::message::*;
use wampwerk::{ApplicationError, Match};

use crate::common::router_core::*;
use crate::common::rpc::*;

const PEERS: usize = 5;
const PROCEDURES: [(&str, Match); 4] = [
    ("com.a", Match::Exact),
    ("com.b", Match::Exact),
    ("com.", Match::Prefix),
    (".a", Match::Wildcard),
];
const CALLED: [&str; 5] = ["com.a", "com.b", "com.c", "net.a", "net.b"];

#[derive(Clone, Debug)]
enum Step {
    Register {
        who: usize,
        what: usize,
        invoke: u8,
        concurrency: u64,
        force: bool,
    },
    Unregister {
        who: usize,
        which: usize,
    },
    Call {
        who: usize,
        what: usize,
        bits: u8,
        timeout: u64,
    },
    Continue {
        who: usize,
        which: usize,
        last: bool,
    },
    Cancel {
        who: usize,
        which: usize,
        mode: u8,
    },
    Answer {
        who: usize,
        which: usize,
        how: u8,
    },
    /// An answer once more.
    Late {
        who: usize,
        back: u64,
    },
    Undeliverable {
        who: usize,
        which: usize,
    },
    /// The last one only at times: it is a violation.
    Wrong {
        who: usize,
        how: u8,
    },
    Leave {
        who: usize,
        how: u8,
    },
    Wait(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let who = 0..PEERS;
    let which = 0..8_usize;
    let step = prop_oneof![
        12 => (who.clone(), 0..PROCEDURES.len(), 0..5_u8, 0..4_u64, any::<bool>()).prop_map(
            |(who, what, invoke, concurrency, force)| {
                Step::Register { who, what, invoke, concurrency, force }
            }
        ),
        3 => (who.clone(), which.clone()).prop_map(|(who, which)| Step::Unregister { who, which }),
        40 => (who.clone(), 0..CALLED.len(), any::<u8>(), 0..400_u64).prop_map(
            |(who, what, bits, timeout)| Step::Call { who, what, bits, timeout }
        ),
        25 => (who.clone(), which.clone(), any::<bool>())
            .prop_map(|(who, which, last)| Step::Continue { who, which, last }),
        10 => (who.clone(), which.clone(), 0..4_u8)
            .prop_map(|(who, which, mode)| Step::Cancel { who, which, mode }),
        50 => (who.clone(), which.clone(), 0..6_u8)
            .prop_map(|(who, which, how)| Step::Answer { who, which, how }),
        5 => (who.clone(), 0..6_u64).prop_map(|(who, back)| Step::Late { who, back }),
        8 => (who.clone(), which).prop_map(|(who, which)| Step::Undeliverable { who, which }),
        1 => (who.clone(), 0..5_u8).prop_map(|(who, how)| Step::Wrong { who, how }),
        3 => (who, 0..3_u8).prop_map(|(who, how)| Step::Leave { who, how }),
        5 => (0..200_u64).prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 50..300)
}

/// What peers can do: all of it, or less.
fn roles(kind: usize) -> Roles {
    match kind % 4 {
        0 | 1 => able(),
        2 => without(&["payload_passthru_mode", "registration_revocation"]),
        _ => Roles::new().with("callee", &[]).with("caller", &["progressive_call_invocations"]),
    }
}

/// What a test knows of a peer.
struct Peer {
    id: ConnectionId,
    roles: Roles,
    requests: u64,
    invocations: u64,
    /// Invocations that it may answer, with what it was told of each.
    open: Vec<(u64, InvocationDetails)>,
    interrupted: BTreeSet<u64>,
    /// Calls that are not over, and whether progress was asked for.
    calls: BTreeMap<u64, bool>,
    /// Progressive calls whose last arguments it has not sent.
    streams: Vec<(u64, &'static str)>,
    registrations: BTreeSet<u64>,
    /// The last argument from each caller.
    heard: BTreeMap<i64, i64>,
}

struct World {
    net: Net,
    peers: Vec<Peer>,
    /// Arguments are numbered, so that their order shows.
    arguments: i64,
}

impl World {
    fn new(config: RouterConfig) -> Self {
        let mut world = World { net: Net::with(config), peers: Vec::new(), arguments: 0 };
        for kind in 0..PEERS {
            let peer = world.join(kind);
            world.peers.push(peer);
        }
        world
    }

    fn join(&mut self, kind: usize) -> Peer {
        let roles = roles(kind);
        Peer {
            id: self.net.join_as(&roles),
            roles,
            requests: 0,
            invocations: 0,
            open: Vec::new(),
            interrupted: BTreeSet::new(),
            calls: BTreeMap::new(),
            streams: Vec::new(),
            registrations: BTreeSet::new(),
            heard: BTreeMap::new(),
        }
    }

    fn argument(&mut self, who: usize) -> Payload {
        self.arguments += 1;
        Payload::from_values(vec![(who as i64).into(), self.arguments.into()], Default::default())
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Register { who, what, invoke, concurrency, force } => {
                let peer = &mut self.peers[who];
                peer.requests += 1;
                let (procedure, policy) = PROCEDURES[what];
                let message = registers(peer.requests, procedure, |options| {
                    options.r#match = Some(policy);
                    options.invoke = Some(match invoke {
                        0 => InvocationPolicy::Single,
                        1 => InvocationPolicy::RoundRobin,
                        2 => InvocationPolicy::Random,
                        3 => InvocationPolicy::First,
                        _ => InvocationPolicy::Last,
                    });
                    options.concurrency = (concurrency > 0).then_some(concurrency);
                    options.force_reregister = Some(force);
                });
                self.net.send(peer.id, message);
            }
            Step::Unregister { who, which } => {
                let peer = &mut self.peers[who];
                let Some(id) = peer.registrations.iter().nth(which).copied() else { return };
                peer.requests += 1;
                peer.registrations.remove(&id);
                self.net.send(peer.id, unregister(peer.requests, id));
            }
            Step::Call { who, what, bits, timeout } => {
                let payload = self.argument(who);
                let peer = &mut self.peers[who];
                peer.requests += 1;
                let request = peer.requests;
                let streams =
                    bits & 3 == 0 && peer.roles.supports("caller", "progressive_call_invocations");
                let mut message = calls(request, CALLED[what], |options| {
                    options.progress = streams.then_some(true);
                    options.receive_progress = Some(bits & 4 != 0);
                    options.timeout = (bits & 8 != 0).then_some(timeout);
                    options.disclose_me = (bits & 48 == 48).then_some(true);
                    if bits & 192 == 192 && peer.roles.supports("caller", "payload_passthru_mode") {
                        options.ppt_scheme = Some("x_own".to_owned());
                    }
                });
                message.payload = payload;
                peer.calls.insert(request, bits & 4 != 0);
                if streams {
                    peer.streams.push((request, CALLED[what]));
                }
                self.net.send(peer.id, message);
            }
            Step::Continue { who, which, last } => {
                let payload = self.argument(who);
                let peer = &mut self.peers[who];
                let Some(&(request, procedure)) = peer.streams.get(which) else { return };
                if last {
                    peer.streams.remove(which);
                }
                let mut message =
                    calls(request, procedure, |options| options.progress = Some(!last));
                message.payload = payload;
                // Perhaps late; never wrong.
                self.net.send(peer.id, message);
                assert_eq!(self.net.closed(self.peers[who].id), None);
            }
            Step::Cancel { who, which, mode } => {
                let peer = &mut self.peers[who];
                let Some(request) = peer.calls.keys().nth(which).copied() else { return };
                let mode = [
                    None,
                    Some(CancelMode::Skip),
                    Some(CancelMode::Kill),
                    Some(CancelMode::KillNoWait),
                ][usize::from(mode)];
                let mut message = Cancel { request, options: CancelOptions::default() };
                message.options.mode = mode;
                self.net.send(peer.id, message);
            }
            Step::Answer { who, which, how } => {
                let peer = &mut self.peers[who];
                if which >= peer.open.len() {
                    return;
                }
                let id = peer.id;
                if how > 3 {
                    return self.net.send(id, progress(peer.open[which].0));
                }
                let (invocation, _) = peer.open.remove(which);
                match how {
                    0 => self.net.send(id, fails(invocation, "com.example.error", 1)),
                    _ => self.net.send(id, yields(invocation, 1)),
                }
            }
            Step::Late { who, back } => {
                let peer = &mut self.peers[who];
                let Some(invocation @ 1..) = peer.invocations.checked_sub(back) else { return };
                peer.open.retain(|(open, _)| *open != invocation);
                self.net.send(peer.id, yields(invocation, 1));
            }
            Step::Undeliverable { who, which } => {
                let peer = &mut self.peers[who];
                if which >= peer.open.len() {
                    return;
                }
                let (request, details) = peer.open[which].clone();
                let message =
                    Invocation { request, registration: 1, details, payload: Payload::empty() };
                let error = ApplicationError::new("wamp.error.invalid_payload");
                self.net.router.handle_undeliverable(
                    self.net.now,
                    peer.id,
                    &message.into(),
                    &error,
                );
                self.net.drain();
            }
            Step::Wrong { who, how } => self.wrong(who, how),
            Step::Leave { who, how } => {
                let id = self.peers[who].id;
                match how {
                    0 => self.net.send(id, goodbye("wamp.close.close_realm")),
                    1 => self.net.send(id, hello("realm1")),
                    _ => {}
                }
                self.gone(who);
            }
            Step::Wait(milliseconds) => self.net.advance(Duration::from_millis(milliseconds)),
        }
        self.read();
    }

    /// Breaks the protocol, which ends the session; answers to invocations that never were are ignored.
    fn wrong(&mut self, who: usize, how: u8) {
        let peer = &self.peers[who];
        let message: Message = match how {
            0 => yields(peer.invocations + 1, 1).into(),
            1 => progress(peer.invocations + 1).into(),
            2 => fails(peer.invocations + 7, "com.example.error", 1).into(),
            // A call that is under way, again.
            3 => match peer.calls.keys().next() {
                Some(request) => call(*request, "com.other", 1).into(),
                None => return,
            },
            _ => Interrupt { request: 1, options: CancelOptions::default() }.into(),
        };
        self.net.send(peer.id, message);
        if how < 3 {
            return assert_eq!(self.net.closed(self.peers[who].id), None);
        }
        assert!(self.net.closed(self.peers[who].id).is_some());
        self.gone(who);
    }

    /// Another peer takes the place of one that has gone.
    fn gone(&mut self, who: usize) {
        self.net.disconnect(self.peers[who].id);
        self.net.take_messages(self.peers[who].id);
        self.peers[who] = self.join(who);
        // Its callees forget what they have heard of the one before.
        for peer in &mut self.peers {
            peer.heard.remove(&(who as i64));
        }
    }

    /// Reads what all got and checks it.
    fn read(&mut self) {
        for peer in &mut self.peers {
            for message in self.net.take_messages(peer.id) {
                peer.read(&message);
            }
            assert_eq!(self.net.closed(peer.id), None);
        }
        let calls = self.peers.iter().map(|peer| peer.calls.len()).sum::<usize>();
        assert_eq!(self.net.statistics().calls, calls);
        // An exact count of timers is the router's own; none may be left without a call.
        assert!(calls > 0 || self.net.router.poll_timeout().is_none());
    }

    /// All callees answer all invocations: then no callee is busy, and no call is pending.
    fn settle(&mut self) {
        for who in 0..PEERS {
            let id = self.peers[who].id;
            for (invocation, _) in std::mem::take(&mut self.peers[who].open) {
                self.net.send(id, yields(invocation, 1));
            }
        }
        self.read();
        assert_eq!((self.net.statistics().calls, self.net.router.poll_timeout()), (0, None));
        for procedure in CALLED {
            let caller = self.net.join();
            self.net.send(caller, call(1, procedure, 1));
            for peer in &self.peers {
                for message in self.net.take_messages(peer.id) {
                    let Message::Invocation(Invocation { request, .. }) = message else {
                        panic!("{}", show(&message))
                    };
                    self.net.send(peer.id, yields(request, 1));
                }
            }
            let [answer] = self.net.take(caller).try_into().unwrap();
            let nobody = "ERROR 48 1 wamp.error.no_such_procedure";
            assert!(answer == "RESULT 1" || answer == nobody, "{answer}");
            self.net.disconnect(caller);
        }
    }
}

impl Peer {
    fn read(&mut self, message: &Message) {
        match message {
            Message::Registered(registered) => {
                assert!(self.registrations.insert(registered.registration), "twice");
            }
            Message::Unregistered(unregistered) if unregistered.request == 0 => {
                assert!(self.roles.supports("callee", "registration_revocation"));
                let id = unregistered.details.as_ref().unwrap().registration.unwrap();
                assert!(self.registrations.remove(&id), "not its own");
            }
            Message::Unregistered(_) => {}
            Message::Invocation(invocation) => self.invoked(invocation),
            Message::Interrupt(interrupt) => {
                assert!(self.roles.supports("callee", "call_canceling"));
                assert!(interrupt.request <= self.invocations);
                assert!(self.interrupted.insert(interrupt.request), "interrupted twice");
            }
            Message::Result(result) if result.details.progress == Some(true) => {
                assert_eq!(self.calls.get(&result.request), Some(&true), "not asked for");
            }
            Message::Result(CallResult { request, .. }) => {
                assert!(self.calls.remove(request).is_some(), "no such call, or answered twice");
            }
            Message::Error(error) if error.request_type == RequestType::Call => {
                let over = self.calls.remove(&error.request).is_some();
                assert!(over, "no such call, or answered twice");
            }
            Message::Error(error) => assert_ne!(error.request_type, RequestType::Invocation),
            other => panic!("{}", show(other)),
        }
    }

    /// Returns whether the callee announces no features at all.
    fn announces_nothing(&self) -> bool {
        let callee = self.roles.as_dict().get("callee").and_then(|callee| callee.as_dict());
        callee.is_some_and(|callee| callee.get("features").is_none())
    }

    fn invoked(&mut self, invocation: &Invocation) {
        let Invocation { request, ref details, .. } = *invocation;
        if request == self.invocations + 1 {
            self.invocations = request;
            self.open.push((request, details.clone()));
            assert!(
                details.receive_progress.is_none()
                    || self.roles.supports("callee", "progressive_call_results")
                    || self.announces_nothing()
            );
            assert!(
                details.ppt_scheme.is_none()
                    || self.roles.supports("callee", "payload_passthru_mode")
            );
        } else {
            // More arguments for one that it has not answered, and was not told to stop.
            assert!(self.roles.supports("callee", "progressive_call_invocations"));
            assert!(!self.interrupted.contains(&request), "interrupted");
            let (_, told) = self.open.iter_mut().find(|(open, _)| *open == request).unwrap();
            assert_eq!(told.progress, Some(true), "the last ones have come before");
            told.progress = details.progress;
        }
        let (args, _) = invocation.payload.to_values().unwrap();
        let [caller, number] = [&args[0], &args[1]].map(|value| value.as_i64().unwrap());
        let before = self.heard.insert(caller, number);
        assert!(before.is_none_or(|before| before < number), "out of order");
    }
}

proptest! {
    #[test]
    fn promises_hold(steps in steps(), strict in any::<bool>(), disclosure in 0..3_u8) {
        let mut config = RouterConfig::new(7).realm("realm1");
        config.strict_request_ids = strict;
        config.limits.calls = 5;
        config.limits.registrations = 3;
        config.disclosure = match disclosure {
            0 => Disclosure::OnRequest,
            1 => Disclosure::Always,
            _ => Disclosure::Never,
        };
        let mut world = World::new(config);
        for step in steps {
            world.take(step);
        }
        world.settle();
        for who in 0..PEERS {
            world.net.disconnect(world.peers[who].id);
        }
        prop_assert_eq!(world.net.statistics(), Default::default());
        prop_assert_eq!(world.net.router.poll_timeout(), None);
    }
}
