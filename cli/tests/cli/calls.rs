//! Calls and procedures.

use std::time::{Duration, Instant};

use crate::process::{Folder, Running, finish, program, run};
use crate::router::TestRouter;

crate::tests! {
    a_call_carries_values_of_each_kind,
    values_come_from_files_and_from_the_standard_input,
    a_fixed_value_answers,
    a_process_answers,
    exit_codes_become_errors,
    a_process_that_hangs_floods_or_dies_fails_its_call_alone,
    what_a_process_has_started_ends_with_it,
    processes_run_at_a_time_up_to_the_limit,
    a_timeout_has_its_exit_code,
    a_login_by_a_secret_of_a_file,
    an_interrupted_program_leaves,
    a_trace_shows_messages_without_secrets,
    a_ping_measures,
    a_lost_router_ends_the_program,
}

/// Registers a procedure, and waits until it is there.
fn register(url: &str, uri: &str, options: &[&str]) -> Running {
    let mut arguments = vec!["register", uri, "--url", url];
    arguments.extend(options);
    let mut running = Running::start(&arguments);
    running.prints("registered ");
    running
}

fn a_call_carries_values_of_each_kind() {
    let router = TestRouter::start();
    let url = router.url();
    let _echo = register(url, "com.example.echo", &["--echo"]);
    let call = |options: &[&str]| {
        let mut arguments = vec!["call", "com.example.echo", "--url", url];
        arguments.extend(options);
        run(&arguments)
    };
    let text = call(&["1", "-2.5", "\"a text\"", "[true,null]", "--kw", "unit={\"name\":\"mm\"}"]);
    assert_eq!(text.ok(), "1\n-2.5\na text\n[true,null]\nunit: {\"name\":\"mm\"}\n");
    let json = call(&["\"ä\"", "--kw", "b=2", "--kw", "a=1", "-o", "json"]);
    assert_eq!(json.ok(), "{\"args\":[\"ä\"],\"kwargs\":{\"b\":2,\"a\":1}}\n");
    assert_eq!(call(&["\"no line break\"", "-o", "raw"]).ok(), "no line break");
    for serializer in ["json", "msgpack", "cbor"] {
        assert_eq!(call(&["7", "--serializer", serializer]).ok(), "7\n");
    }
}

fn values_come_from_files_and_from_the_standard_input() {
    let router = TestRouter::start();
    let _echo = register(router.url(), "com.example.echo", &["--echo"]);
    let folder = Folder::new();
    let file = format!("@{}", folder.file("value.json", "{\"from\": \"a file\"}\n", 0o644));
    let arguments = ["call", "com.example.echo", &file, "-", "--url", router.url(), "-o", "json"];
    let run = finish(program(&arguments), "[1,\n2]");
    let expected = "{\"args\":[{\"from\":\"a file\"},[1,2]],\"kwargs\":{}}\n";
    assert_eq!(run.ok(), expected);
}

fn a_fixed_value_answers() {
    let router = TestRouter::start();
    let _fixed = register(router.url(), "com.example.", &["--match", "prefix", "--value", "-7"]);
    assert_eq!(run(&["call", "com.example.any", "1", "--url", router.url()]).ok(), "-7\n");
}

fn a_process_answers() {
    let router = TestRouter::start();
    let url = router.url();
    let _cat = register(url, "com.example.cat", &["--exec", "cat"]);
    let called = run(&["call", "com.example.cat", "1", "--kw", "a=2", "--url", url]);
    assert_eq!(called.ok(), "{\"args\":[1],\"kwargs\":{\"a\":2}}\n");
    let script = "echo \"$WAMPWERK_PROCEDURE\"";
    let _sh = register(url, "com.example.name", &["--exec", "sh", "-c", script]);
    assert_eq!(run(&["call", "com.example.name", "--url", url]).ok(), "com.example.name\n");
    let _text = register(url, "com.example.text", &["--text", "--exec", "echo", "12"]);
    let called = run(&["call", "com.example.text", "--url", url, "-o", "json"]);
    assert_eq!(called.ok(), "{\"args\":[\"12\"],\"kwargs\":{}}\n");
}

fn exit_codes_become_errors() {
    let router = TestRouter::start();
    let url = router.url();
    let script = "echo 'no such file' >&2; exit 3";
    let errors = ["--error", "3=com.example.error.not_found", "--exec", "sh", "-c", script];
    let _mapped = register(url, "com.example.mapped", &errors);
    let _other = register(url, "com.example.other", &["--exec", "sh", "-c", "exit 4"]);
    let called = run(&["call", "com.example.mapped", "--url", url]);
    assert_eq!(called.fails(5), "com.example.error.not_found: no such file (exit_code: 3)");
    let called = run(&["call", "com.example.other", "--url", url]);
    assert_eq!(called.fails(5), "wamp.error.runtime_error: exit status: 4 (exit_code: 4)");
}

fn a_process_that_hangs_floods_or_dies_fails_its_call_alone() {
    let router = TestRouter::start();
    let url = router.url();
    let script = "read call; case $call in *hang*) sleep 600;; *flood*) cat /dev/zero;; \
                  *die*) kill -9 $$;; *) echo fine;; esac";
    let limits =
        ["--time-limit", "500ms", "--output-limit", "100000", "--exec", "sh", "-c", script];
    let mut procedure = register(url, "com.example.run", &limits);
    let call = |what: &str| run(&["call", "com.example.run", what, "--url", url]);
    let hanging = call("\"hang\"");
    let expected = "wamp.error.timeout: the process took longer than 500ms";
    assert_eq!(hanging.fails(6), expected);
    let expected = "wamp.error.payload_size_exceeded: the process wrote more than 100000 bytes";
    assert_eq!(call("\"flood\"").fails(5), expected);
    let dying = call("\"die\"");
    assert!(dying.fails(5).starts_with("wamp.error.runtime_error: the process died: "));
    assert_eq!(call("1").ok(), "fine\n");
    procedure.prints("warning: com.example.run: wamp.error.timeout");
    assert_eq!(procedure.interrupt().code, Some(0));
}

fn what_a_process_has_started_ends_with_it() {
    let router = TestRouter::start();
    let url = router.url();
    let folder = Folder::new();
    let file = folder.0.join("id");
    // The grandchild writes its id and would sleep for long.
    let script =
        format!("sh -c 'echo $$ > {0}.new; mv {0}.new {0}; exec sleep 600'", file.display());
    let options = ["--time-limit", "2s", "--exec", "sh", "-c", &format!("{script}; true")];
    let _procedure = register(url, "com.example.run", &options);
    run(&["call", "com.example.run", "--url", url]).fails(6);
    let id = std::fs::read_to_string(&file).unwrap();
    let process = format!("/proc/{}/stat", id.trim());
    let start = Instant::now();
    // A zombie is one that nobody has waited for yet.
    let lives = || std::fs::read_to_string(&process).is_ok_and(|stat| !stat.contains(") Z"));
    while lives() {
        assert!(start.elapsed() < Duration::from_secs(10), "{process} is still there");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn processes_run_at_a_time_up_to_the_limit() {
    let router = TestRouter::start();
    let url = router.url();
    let folder = Folder::new();
    // `mkdir` fails if another process is at work.
    let lock = folder.0.join("lock");
    let script = format!("mkdir {0} || exit 9; sleep 0.1; rmdir {0}; echo 1", lock.display());
    let options = ["--concurrency", "1", "--exec", "sh", "-c", &script];
    let _procedure = register(url, "com.example.run", &options);
    let mut calls: Vec<Running> =
        (0..4).map(|_| Running::start(&["call", "com.example.run", "--url", url])).collect();
    for call in &mut calls {
        call.prints("1");
    }
}

fn a_timeout_has_its_exit_code() {
    let router = TestRouter::start();
    let url = router.url();
    let _slow = register(url, "com.example.slow", &["--exec", "sleep", "600"]);
    let called = run(&["call", "com.example.slow", "--timeout", "300ms", "--url", url]);
    assert_eq!(called.fails(6), "no result of com.example.slow within 300ms");
}

fn a_login_by_a_secret_of_a_file() {
    let router = TestRouter::with_users();
    let url = router.url();
    let folder = Folder::new();
    let right = folder.file("right", "a secret of joe\n", 0o600);
    let wrong = folder.file("wrong", "another secret\n", 0o600);
    let open = folder.file("open", "a secret of joe\n", 0o644);
    let ping = |options: &[&str]| {
        let mut arguments = vec!["ping", "-c", "1", "--url", url];
        arguments.extend(options);
        run(&arguments)
    };
    let joe = ["--auth", "wampcra", "--authid", "joe", "--secret-file"];
    assert!(ping(&[&joe[..], &[&right]].concat()).ok().starts_with("1 answers: "));
    let refused = ping(&[&joe[..], &[&wrong]].concat());
    assert!(refused.fails(4).starts_with("cannot join: "), "{refused:?}");
    let refused = ping(&[]);
    assert!(refused.fails(4).starts_with("cannot join: "), "{refused:?}");
    let refused = ping(&[&joe[..], &[&open]].concat());
    assert!(refused.is_refused().contains("(mode 644); it must be 600"), "{refused:?}");
}

fn an_interrupted_program_leaves() {
    let router = TestRouter::start();
    let url = router.url();
    let procedure = register(url, "com.example.slow", &["--trace", "--exec", "sleep", "600"]);
    assert_eq!(router.sessions(), 1);
    let caller = Running::start(&["call", "com.example.slow", "--url", url]);
    while router.sessions() != 2 {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(caller.interrupt().code, Some(130));
    let ended = procedure.interrupt();
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    assert!(ended.stderr.contains("wamp.close.close_realm"), "{ended:#?}");
    assert_eq!(router.sessions(), 0);
}

fn a_trace_shows_messages_without_secrets() {
    let router = TestRouter::with_users();
    let arguments = [
        "ping",
        "--url",
        router.url(),
        "-c",
        "1",
        "--auth",
        "ticket",
        "--authid",
        "joe",
        "--trace",
    ];
    let mut command = program(&arguments);
    command.env("WAMPWERK_SECRET", "a ticket");
    let traced = finish(command, "");
    traced.ok();
    for message in ["Hello", "Challenge", "Authenticate", "Welcome", "Call", "Goodbye"] {
        assert!(traced.stderr.contains(message), "no {message} in {traced:#?}");
    }
    assert!(!traced.stderr.contains("a ticket"), "{traced:#?}");
}

fn a_ping_measures() {
    let router = TestRouter::start();
    let arguments = ["ping", "-c", "3", "--interval", "1ms", "--url", router.url(), "-o", "json"];
    let pinged = run(&arguments);
    let json: serde_json::Value = serde_json::from_str(pinged.ok()).unwrap();
    assert_eq!(json["count"], 3);
    assert!(json["min_ms"].as_f64().unwrap() <= json["max_ms"].as_f64().unwrap());
}

fn a_lost_router_ends_the_program() {
    let router = TestRouter::start();
    let mut procedure = register(router.url(), "com.example.echo", &["--echo"]);
    drop(router.process);
    let ended = procedure.end();
    assert!(ended.fails(7).starts_with("the session has ended: "), "{ended:?}");
}
