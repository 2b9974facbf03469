//! Wrong input: one line names it, the exit code is 2, and nothing is started.

use crate::process::run;
use crate::router::TestRouter;

crate::tests! {
    wrong_values_are_named,
    wrong_options_are_named,
    a_router_that_is_not_there,
    wrong_realms_and_procedures,
}

fn wrong_values_are_named() {
    let call = |value: &[&str]| {
        let mut arguments = vec!["call", "com.example.add", "--url", "ws://127.0.0.1:9/ws"];
        arguments.extend(value);
        run(&arguments).is_refused().to_owned()
    };
    let expected = "value 2 is not JSON: hello; a text needs quotes: '\"hello\"'";
    assert_eq!(call(&["1", "hello"]), expected);
    assert!(call(&["1,2"]).starts_with("value 1 is not JSON: 1,2;"));
    assert!(call(&["{\"a\":"]).starts_with("value 1 is not JSON: {\"a\":;"));
    assert!(call(&["@/nonexistent"]).starts_with("value 1: /nonexistent: "));
    assert!(call(&["@/etc/hostname/"]).starts_with("value 1: /etc/hostname/: "));
    assert_eq!(call(&["-"]), "value 1: the standard input contains no JSON document");
    assert_eq!(call(&["--kw", "a"]), "--kw a: it must be KEY=VALUE");
    assert_eq!(call(&["--kw", "a=1", "--kw", "a=2"]), "--kw a is given twice");
}

fn wrong_options_are_named() {
    let refuses = |arguments: &[&str], part: &str| {
        let refused = run(arguments);
        assert!(refused.is_refused().contains(part), "no {part:?} in {refused:#?}");
    };
    refuses(&["unknown"], "unrecognized subcommand 'unknown'");
    refuses(&["call"], "<URI>");
    refuses(&["call", "a b"], "a b");
    refuses(&["call", "a", "--unknown"], "--unknown");
    refuses(&["call", "a", "--timeout", "soon"], "soon");
    refuses(&["call", "a", "--timeout", "0"], "a time above 0");
    refuses(&["call", "a", "--url", "http://example.com"], "http");
    refuses(&["call", "a", "--auth", "ticket"], "--auth ticket needs --secret-file FILE");
    refuses(&["call", "a", "--secret", "x"], "a secret needs --auth");
    refuses(&["call", "a", "--auth", "ticket", "--secret", "x"], "needs --authid NAME");
    refuses(&["call", "a", "--auth", "cryptosign"], "needs --key FILE");
    refuses(&["call", "a", "--ca", "/nonexistent"], "/nonexistent: ");
    refuses(&["register", "a"], "--exec");
    refuses(&["register", "a", "--echo", "--value", "1"], "--value");
    refuses(&["register", "a", "--exec", "/nonexistent"], "--exec /nonexistent: no such program");
    refuses(&["register", "a", "--error", "0=b", "--exec", "cat"], "a code of 1 to 255");
    refuses(&["subscribe", "a", "--count", "0"], "--count");
    refuses(&["subscribe", "a#b"], "a#b");
}

fn a_router_that_is_not_there() {
    let refused = run(&["call", "com.example.add", "--url", "ws://127.0.0.1:9/ws"]);
    assert!(refused.fails(3).starts_with("cannot reach 127.0.0.1:9"), "{refused:?}");
}

fn wrong_realms_and_procedures() {
    let router = TestRouter::start();
    let url = router.url();
    let refused = run(&["call", "com.example.add", "--url", url, "--realm", "unknown"]);
    assert!(refused.fails(4).contains("wamp.error.no_such_realm"), "{refused:?}");
    let failed = run(&["call", "com.example.add", "--url", url]);
    assert!(failed.fails(5).starts_with("wamp.error.no_such_procedure"), "{failed:?}");
}
