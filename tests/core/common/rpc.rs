//! Peers with features, and messages with options, for the tests of the dealer.

use wampwerk::Match;
use wampwerk::internals::core::router::ConnectionId;
use wampwerk::message::*;

use super::router_core::*;

/// What a client can announce as a caller and as a callee.
const CALLER: &[&str] = &[
    "call_canceling",
    "progressive_call_results",
    "progressive_call_invocations",
    "payload_passthru_mode",
    "payload_transparency",
];
const CALLEE: &[&str] = &[
    "call_canceling",
    "call_timeout",
    "progressive_call_results",
    "progressive_call_invocations",
    "payload_passthru_mode",
    "payload_transparency",
    "registration_revocation",
];

/// A client that can do everything.
pub fn able() -> Roles {
    Roles::new().with("caller", CALLER).with("callee", CALLEE)
}

/// The same without some features, in both roles.
pub fn without(features: &[&str]) -> Roles {
    let keep = |all: &[&'static str]| -> Vec<&'static str> {
        all.iter().copied().filter(|feature| !features.contains(feature)).collect()
    };
    Roles::new().with("caller", &keep(CALLER)).with("callee", &keep(CALLEE))
}

/// REGISTER with options.
pub fn registers(
    request: u64,
    procedure: &str,
    set: impl FnOnce(&mut RegisterOptions),
) -> Register {
    let mut message = register(request, procedure);
    set(&mut message.options);
    message
}

pub fn registers_as(request: u64, procedure: &str, policy: Match) -> Register {
    registers(request, procedure, |options| options.r#match = Some(policy))
}

pub fn shares(request: u64, procedure: &str, invoke: InvocationPolicy) -> Register {
    registers(request, procedure, |options| options.invoke = Some(invoke))
}

/// CALL with options.
pub fn calls(request: u64, procedure: &str, set: impl FnOnce(&mut CallOptions)) -> Call {
    let mut message = call(request, procedure, "in");
    set(&mut message.options);
    message
}

/// YIELD with options.
pub fn yields_with(request: u64, set: impl FnOnce(&mut YieldOptions)) -> Yield {
    let mut message = yields(request, "out");
    set(&mut message.options);
    message
}

pub fn progress(request: u64) -> Yield {
    yields_with(request, |options| options.progress = Some(true))
}

impl Net {
    /// Sends REGISTER, which must work; the registration's id.
    pub fn registered(&mut self, id: ConnectionId, message: Register) -> u64 {
        self.send(id, message);
        match self.take_one(id) {
            Message::Registered(registered) => registered.registration,
            other => panic!("{}", show(&other)),
        }
    }

    /// The one invocation that came.
    pub fn invocation(&mut self, id: ConnectionId) -> Invocation {
        match self.take_one(id) {
            Message::Invocation(invocation) => invocation,
            other => panic!("{}", show(&other)),
        }
    }

    pub fn interrupt(&mut self, id: ConnectionId) -> Interrupt {
        match self.take_one(id) {
            Message::Interrupt(interrupt) => interrupt,
            other => panic!("{}", show(&other)),
        }
    }

    pub fn result(&mut self, id: ConnectionId) -> CallResult {
        match self.take_one(id) {
            Message::Result(result) => result,
            other => panic!("{}", show(&other)),
        }
    }

    pub fn error(&mut self, id: ConnectionId) -> RequestError {
        match self.take_one(id) {
            Message::Error(error) => error,
            other => panic!("{}", show(&other)),
        }
    }
}
