//! What a peer is refused must not stay in the router's memory.

use wampwerk::internals::core::router::RouterConfig;
use wampwerk::message::*;

use crate::common::alone::alone;
use crate::common::router_core::*;

/// How much memory this process has, in MiB.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() / 1024
}

#[test]
fn names_of_refused_streams_are_not_kept() {
    if !alone(module_path!(), "names_of_refused_streams_are_not_kept") {
        return;
    }
    const MIB: usize = 1 << 20;
    let mut net = Net::with(RouterConfig::new(7).realm("realm1"));
    let caller = net.join_as(&Roles::new().with("caller", &["progressive_call_invocations"]));
    let mut refused = |request: u64| {
        let mut message = call(request, &"x".repeat(4 * MIB), 1);
        message.options.progress = Some(true);
        net.send(caller, message);
        assert_eq!(net.take(caller), [format!("ERROR 48 {request} wamp.error.invalid_uri")]);
    };
    refused(1);
    let before = resident();
    (2..=50).for_each(&mut refused);
    let grown = resident().saturating_sub(before);
    assert!(grown < 50, "50 refused calls left {grown} MiB");
    // What follows is thrown away all the same, up to the end.
    let mut end = call(50, &"x".repeat(4 * MIB), 1);
    end.options.progress = Some(true);
    net.send(caller, end.clone());
    end.options.progress = None;
    net.send(caller, end);
    assert_eq!(net.take(caller), [""; 0]);
    net.send(caller, call(51, "none", 1));
    assert_eq!(net.take(caller), ["ERROR 48 51 wamp.error.no_such_procedure"]);
}
