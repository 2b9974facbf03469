//! Payload passthru mode, payload transparency, and keys of applications: what the router forwards
//! without a look at it, and from whom to whom.

use wampwerk::Dict;
use wampwerk::internals::core::router::ConnectionId;
use wampwerk::message::*;
// In the browser the same tests run under its own runner.
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::common::router_core::*;
use crate::common::rpc::*;

const PPT: &[&str] = &["payload_passthru_mode"];
const ENC: &[&str] = &["payload_transparency"];

/// Sets the keys of both modes; the types have the same ones.
macro_rules! fill {
    ($fields:expr, ppt) => {
        $fields.ppt_scheme = Some("x_own".to_owned());
        $fields.ppt_serializer = Some("cbor".to_owned());
        $fields.ppt_cipher = Some("x_rot13".to_owned());
        $fields.ppt_keyid = Some("k".to_owned());
    };
    ($fields:expr, enc) => {
        $fields.enc_algo = Some("cryptobox".to_owned());
        $fields.enc_serializer = Some("json".to_owned());
        $fields.enc_key = Some("k".to_owned());
    };
}

macro_rules! filled {
    ($type:ty $(, $mode:ident)*) => {{
        let mut fields = <$type>::default();
        $(fill!(fields, $mode);)*
        fields
    }};
}

fn pair(net: &mut Net, caller: &Roles, callee: &Roles) -> (ConnectionId, ConnectionId) {
    let [caller, callee] = [net.join_as(caller), net.join_as(callee)];
    net.register(callee, 1, "a");
    (caller, callee)
}

#[test]
fn the_keys_of_both_modes_go_there_and_back() {
    let mut net = Net::new();
    let (caller, callee) = pair(&mut net, &able(), &able());
    let mut message = call(1, "a", "sealed");
    message.options = filled!(CallOptions, ppt, enc);
    net.send(caller, message.clone());
    let invocation = net.invocation(callee);
    assert_eq!(invocation.details, filled!(InvocationDetails, ppt, enc));
    assert!(same(&invocation.payload, &message.payload));

    let mut answer = yields(1, "sealed");
    answer.options = filled!(YieldOptions, ppt, enc);
    net.send(callee, answer.clone());
    let result = net.result(caller);
    assert_eq!(result.details, filled!(ResultDetails, ppt, enc));
    assert!(same(&result.payload, &answer.payload));

    net.send(caller, call(2, "a", 1));
    let mut failure = fails(2, "com.example.error", "sealed");
    failure.details = filled!(RequestErrorDetails, ppt, enc);
    net.take(callee);
    net.send(callee, failure.clone());
    let error = net.error(caller);
    assert_eq!((&error.details, &error.error), (&failure.details, &failure.error));
    assert!(same(&error.payload, &failure.payload));
}

#[test]
fn progressive_results_are_no_exception() {
    let mut net = Net::new();
    let (caller, callee) = pair(&mut net, &able(), &able());
    net.send(caller, calls(1, "a", |options| options.receive_progress = Some(true)));
    let mut part = progress(1);
    fill!(part.options, ppt);
    net.send(callee, part);
    let mut expected = filled!(ResultDetails, ppt);
    expected.progress = Some(true);
    assert_eq!(net.result(caller).details, expected);
}

/// CALL with binary data in place of arguments.
fn sealed(request: u64, progress: bool) -> Call {
    let mut message = calls(request, "a", |options| options.progress = Some(progress));
    fill!(message.options, enc);
    message.payload = Payload::from_opaque("sealed");
    message
}

#[test]
fn of_arguments_that_follow_only_what_is_needed_to_read_the_message() {
    let mut net = Net::new();
    let (caller, callee) = pair(&mut net, &able(), &able());
    // The options of the first CALL are frozen, and the callee remembers them.
    let mut part = calls(1, "a", |options| options.progress = Some(true));
    fill!(part.options, ppt);
    net.send(caller, part.clone());
    let mut expected = filled!(InvocationDetails, ppt);
    expected.progress = Some(true);
    assert_eq!(net.invocation(callee).details, expected);
    net.send(caller, part.clone());
    let mut expected = InvocationDetails::default();
    expected.progress = Some(true);
    let invocation = net.invocation(callee);
    assert_eq!(invocation.details, expected);
    assert!(same(&invocation.payload, &part.payload));
    part.options.progress = None;
    net.send(caller, part);
    assert_eq!(net.invocation(callee).details, InvocationDetails::default());

    // Autobahn's keys stand with the binary data that they are for.
    let mut expected = filled!(InvocationDetails, enc);
    expected.progress = Some(true);
    for _ in 0..2 {
        net.send(caller, sealed(2, true));
        assert_eq!(net.invocation(callee).details, expected);
    }
    net.send(caller, sealed(2, false));
    assert_eq!(net.invocation(callee).details, filled!(InvocationDetails, enc));
}

#[test]
fn a_callee_gets_no_message_that_it_cannot_read_in_the_middle_of_a_call() {
    let mut net = Net::new();
    let missing = ["payload_passthru_mode", "payload_transparency"];
    let (caller, callee) = pair(&mut net, &able(), &without(&missing));
    let mut part = calls(1, "a", |options| options.progress = Some(true));
    net.send(caller, part.clone());
    assert_eq!(net.take(callee), ["INVOCATION 1 1"]);
    fill!(part.options, ppt);
    fill!(part.options, enc);
    net.send(caller, part);
    let invocation = net.invocation(callee);
    assert_eq!(
        (invocation.details.ppt_scheme.as_ref(), &invocation.details.enc_algo),
        (None, &None)
    );
    net.send(caller, sealed(1, true));
    assert_eq!(net.take(caller), ["ERROR 48 1 wamp.error.feature_not_supported"]);
    assert_eq!(net.take(callee), ["INTERRUPT 1"]);
    // What was on its way.
    net.send(caller, sealed(1, false));
    assert_eq!((net.take(caller).len(), net.take(callee).len()), (0, 0));
    assert_eq!((net.closed(caller), net.closed(callee)), (None, None));
}

#[test]
fn who_did_not_announce_passthru_mode_must_not_use_it() {
    let mut net = Net::new();
    let (caller, callee) = pair(&mut net, &without(PPT), &able());
    net.send(caller, calls(1, "a", |options| options.ppt_scheme = Some("mqtt".to_owned())));
    net.assert_violation(caller, "CALL.Options.ppt_scheme");
    assert_eq!(net.take(callee), [""; 0]);

    for wrong in ["YIELD.Options.ppt_scheme", "ERROR.Details.ppt_scheme"] {
        let mut net = Net::new();
        let (caller, callee) = pair(&mut net, &able(), &without(PPT));
        net.send(caller, call(1, "a", 1));
        if wrong.starts_with("YIELD") {
            let set = |options: &mut YieldOptions| options.ppt_scheme = Some("mqtt".to_owned());
            net.send(callee, yields_with(1, set));
        } else {
            let mut failure = fails(1, "com.example.error", 1);
            failure.details.ppt_scheme = Some("mqtt".to_owned());
            net.send(callee, failure);
        }
        net.assert_violation(callee, wrong);
        assert_eq!(net.take(caller), ["ERROR 48 1 wamp.error.canceled"]);
    }
}

#[test]
fn transparency_is_not_asked_of_senders() {
    // The specification does not know it, and old clients use it without a word.
    let mut net = Net::new();
    let (caller, callee) = pair(&mut net, &able(), &able());
    let roles = without(ENC);
    let silent = net.join_as(&roles);
    net.send(silent, calls(1, "a", |options| options.enc_algo = Some("cryptobox".to_owned())));
    assert_eq!(net.invocation(callee).details.enc_algo.as_deref(), Some("cryptobox"));
    net.register(silent, 2, "b");
    net.send(caller, call(1, "b", 1));
    net.take(silent);
    let set = |options: &mut YieldOptions| options.enc_algo = Some("cryptobox".to_owned());
    net.send(silent, yields_with(1, set));
    assert_eq!(net.result(caller).details.enc_algo.as_deref(), Some("cryptobox"));
}

#[test]
fn callees_that_cannot_read_it_are_not_called() {
    for (missing, options) in [(PPT, filled!(CallOptions, ppt)), (ENC, filled!(CallOptions, enc))] {
        let mut net = Net::new();
        let [caller, simple, other] =
            [net.join_as(&able()), net.join_as(&without(missing)), net.join_as(&able())];
        net.registered(simple, shares(1, "a", InvocationPolicy::First));
        let mut message = call(1, "a", 1);
        message.options = options;
        net.send(caller, message.clone());
        let error = net.error(caller);
        assert_eq!(error.error, "wamp.error.feature_not_supported");
        assert!(format!("{:?}", error.payload).contains(missing[0]));
        assert_eq!(net.statistics().calls, 0);
        // Of several, one that can.
        net.registered(other, shares(1, "a", InvocationPolicy::First));
        net.send(caller, Call { request: 2, ..message });
        assert_eq!((net.take(other).len(), net.take(simple).len()), (1, 0));
    }
}

#[test]
fn a_caller_that_cannot_read_the_result_is_told_so() {
    for (missing, options) in [(PPT, filled!(YieldOptions, ppt)), (ENC, filled!(YieldOptions, enc))]
    {
        let mut net = Net::new();
        let (caller, callee) = pair(&mut net, &without(missing), &able());
        net.send(caller, call(1, "a", 1));
        net.take(callee);
        let mut answer = yields(1, "sealed");
        answer.options = options.clone();
        net.send(callee, answer);
        assert_eq!(net.take(caller), ["ERROR 48 1 wamp.error.feature_not_supported"]);
        assert_eq!((net.take(callee).len(), net.closed(callee)), (0, None));

        // A progressive one ends the call, and its callee may stop.
        net.send(caller, calls(2, "a", |options| options.receive_progress = Some(true)));
        let mut part = progress(2);
        part.options = options;
        part.options.progress = Some(true);
        net.send(callee, part);
        assert_eq!(net.take(caller), ["ERROR 48 2 wamp.error.feature_not_supported"]);
        assert_eq!(net.take(callee), ["INVOCATION 2 1", "INTERRUPT 2"]);
        net.send(callee, yields(2, 1));
        assert_eq!((net.take(caller).len(), net.statistics().calls), (0, 0));
    }
}

#[test]
fn a_caller_that_cannot_read_an_error_still_learns_which_one_it_is() {
    let mut net = Net::new();
    let (caller, callee) = pair(&mut net, &without(PPT), &able());
    net.send(caller, call(1, "a", 1));
    let mut failure = fails(1, "com.example.error", "sealed");
    failure.details = filled!(RequestErrorDetails, ppt);
    net.send(callee, failure);
    let error = net.error(caller);
    assert_eq!(error.error, "com.example.error");
    assert_eq!(error.details, RequestErrorDetails::default());
    assert!(error.payload.is_empty());
}

#[test]
fn keys_of_a_mode_that_is_not_on_are_ignored() {
    let mut net = Net::new();
    let (caller, callee) = pair(&mut net, &without(PPT), &without(PPT));
    net.send(
        caller,
        calls(1, "a", |options| {
            options.ppt_serializer = Some("cbor".to_owned());
            options.enc_key = Some("k".to_owned());
        }),
    );
    assert_eq!(net.invocation(callee).details, InvocationDetails::default());
}

#[test]
fn keys_of_applications_go_through_and_unknown_ones_do_not() {
    let mut net = Net::new();
    let (caller, callee) = pair(&mut net, &Roles::new().with("caller", &[]), &able());
    let sent: Dict = [
        ("x_trace", "1"),
        ("_tenant", "2"),
        ("transaction_hash", "3"),
        ("rkey", "4"),
        ("procedure", "5"),
        ("xtra", "6"),
    ]
    .into();
    let kept: Dict = [("x_trace", "1"), ("_tenant", "2"), ("transaction_hash", "3")].into();
    net.send(caller, calls(1, "a", |options| options.extra = sent.clone()));
    assert_eq!(net.invocation(callee).details.extra, kept);
    net.send(callee, yields_with(1, |options| options.extra = sent.clone()));
    assert_eq!(net.result(caller).details.extra, kept);
    net.send(caller, call(2, "a", 1));
    let mut failure = fails(2, "com.example.error", 1);
    failure.details.extra = sent;
    net.send(callee, failure);
    assert_eq!(net.error(caller).details.extra, kept);
}
