//! Caller identification: who learns who calls and who answers.

use wampwerk::internals::core::router::{ConnectionId, Disclosure, RouterConfig};
use wampwerk::message::*;
// In the browser the same tests run under its own runner.
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::common::router_core::*;
use crate::common::rpc::*;

fn net(disclosure: Disclosure) -> Net {
    let mut config = RouterConfig::new(7).realm("realm1");
    config.disclosure = disclosure;
    Net::with(config)
}

/// Session id, authid and authrole.
type Who = (Option<u64>, Option<String>, Option<String>);

const UNUSED: Who = (None, None, None);

/// A client, and who it is.
fn join(net: &mut Net) -> (ConnectionId, Who) {
    let id = net.connect();
    net.send(id, hello("realm1"));
    let Message::Welcome(welcome) = net.take_one(id) else { panic!() };
    let details = welcome.details.into_fields();
    (id, (Some(welcome.session), details.authid, details.authrole))
}

fn caller_of(invocation: Invocation) -> Who {
    let details = invocation.details.into_fields();
    (details.caller, details.caller_authid, details.caller_authrole)
}

fn asks(request: u64, procedure: &str) -> Call {
    calls(request, procedure, |options| options.disclose_me = Some(true))
}

fn wants(request: u64, procedure: &str) -> Register {
    registers(request, procedure, |options| options.disclose_caller = Some(true))
}

#[test]
fn by_default_the_caller_is_told_if_one_of_the_two_asks_for_it() {
    let mut net = net(Disclosure::default());
    let (caller, who) = join(&mut net);
    let (callee, _) = join(&mut net);
    net.registered(callee, register(1, "plain"));
    net.registered(callee, wants(2, "curious"));
    for (message, expected) in [
        (call(1, "plain", 1), &UNUSED),
        (calls(2, "plain", |options| options.disclose_me = Some(false)), &UNUSED),
        (asks(3, "plain"), &who),
        (call(4, "curious", 1), &who),
        (asks(5, "curious"), &who),
    ] {
        net.send(caller, message);
        assert_eq!(&caller_of(net.invocation(callee)), expected);
    }
    // Callees are not told.
    net.send(callee, yields(3, 1));
    assert_eq!(net.result(caller).details, ResultDetails::default());
    net.send(callee, fails(4, "com.example.error", 1));
    assert_eq!(net.error(caller).details, RequestErrorDetails::default());
}

#[test]
fn of_several_callees_each_is_told_what_it_asked_for() {
    let mut net = net(Disclosure::OnRequest);
    let (caller, who) = join(&mut net);
    let callees = [join(&mut net).0, join(&mut net).0];
    for (callee, curious) in callees.into_iter().zip([false, true]) {
        net.registered(
            callee,
            registers(1, "a", |options| {
                options.invoke = Some(InvocationPolicy::RoundRobin);
                options.disclose_caller = Some(curious);
            }),
        );
    }
    net.send(caller, call(1, "a", 1));
    net.send(caller, call(2, "a", 1));
    assert_eq!(callees.map(|callee| caller_of(net.invocation(callee))), [UNUSED, who]);
}

#[test]
fn a_router_may_always_tell_both_sides() {
    let mut net = net(Disclosure::Always);
    let (caller, caller_is) = join(&mut net);
    let (callee, callee_is) = join(&mut net);
    net.registered(callee, register(1, "a"));
    net.send(caller, call(1, "a", 1));
    net.send(caller, calls(2, "a", |options| options.disclose_me = Some(false)));
    for message in net.take_messages(callee) {
        let Message::Invocation(invocation) = message else { panic!() };
        assert_eq!(caller_of(invocation), caller_is);
    }
    net.send(callee, yields(1, 1));
    let details = net.result(caller).details.into_fields();
    assert_eq!((details.callee, details.callee_authid, details.callee_authrole), callee_is);
    net.send(callee, fails(2, "com.example.error", 1));
    let details = net.error(caller).details.into_fields();
    assert_eq!((details.callee, details.callee_authid, details.callee_authrole), callee_is);
}

#[test]
fn a_router_may_tell_nobody() {
    let mut net = net(Disclosure::Never);
    let [(caller, _), (callee, _)] = [join(&mut net), join(&mut net)];
    net.registered(callee, register(1, "a"));
    net.send(callee, wants(2, "b"));
    assert_eq!(net.take(callee), ["ERROR 64 2 wamp.error.option_disallowed.disclose_me"]);
    net.send(caller, asks(1, "a"));
    assert_eq!(net.take(caller), ["ERROR 48 1 wamp.error.option_disallowed.disclose_me"]);
    assert_eq!((net.take(callee).len(), net.statistics().calls), (0, 0));
    net.send(caller, calls(2, "a", |options| options.disclose_me = Some(false)));
    assert_eq!(caller_of(net.invocation(callee)), UNUSED);
}

#[test]
fn nobody_can_call_itself_somebody_else() {
    let mut net = net(Disclosure::OnRequest);
    let [(caller, _), (callee, _)] = [join(&mut net), join(&mut net)];
    net.registered(callee, register(1, "a"));
    let forged = [("caller", 1), ("caller_authid", 2), ("forward_for", 3)];
    net.send(caller, calls(1, "a", |options| options.extra = forged.into()));
    assert_eq!(net.invocation(callee).details, InvocationDetails::default());
    let mut answer = yields(1, 1);
    answer.options.extra = [("callee", 1), ("callee_authid", 2)].into();
    net.send(callee, answer);
    assert_eq!(net.result(caller).details, ResultDetails::default());
}
