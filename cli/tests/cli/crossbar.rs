//! The program against Crossbar.

use crate::process::{Folder, Running, finish, program, run};

crate::tests! {
    calls_and_events_pass,
    logins_succeed,
}

fn rig() -> serde_json::Value {
    let path = std::env::var("WAMPWERK_CROSSBAR").unwrap();
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn calls_and_events_pass() {
    let rig = rig();
    for transport in ["ws", "rs"] {
        let url = rig[transport].as_str().unwrap();
        let at = ["--url", url, "--realm", rig["realm"].as_str().unwrap()];
        let uri = format!("com.example.cli.{transport}");
        let mut cat = Running::start(&[&["register", &uri][..], &at, &["--exec", "cat"]].concat());
        cat.prints("registered ");
        let called = run(&[&["call", &uri, "1", "--kw", "a=2"][..], &at].concat());
        assert_eq!(called.ok(), "{\"args\":[1],\"kwargs\":{\"a\":2}}\n");
        let mut events = Running::start(&[&["subscribe", &uri, "--count", "1"][..], &at].concat());
        events.prints("subscribed to ");
        run(&[&["publish", &uri, "\"open\""][..], &at].concat()).ok();
        assert_eq!(events.prints(&format!("{uri}  ")), "\"open\"");
        assert_eq!(events.end().code, Some(0));
        run(&[&["ping", "-c", "1"][..], &at].concat()).ok();
        assert_eq!(cat.interrupt().code, Some(0));
    }
}

fn logins_succeed() {
    let rig = rig();
    let (url, realm) = (rig["ws_auth"].as_str(), rig["realm"].as_str());
    let folder = Folder::new();
    let users = [("ticket", "ticket"), ("wampcra", "wampcra"), ("scram", "scram-pbkdf2")];
    for (method, user) in users.into_iter().chain([("cryptosign", "cryptosign")]) {
        let user = &rig["users"][user];
        let secret = folder.file(method, user["secret"].as_str().unwrap(), 0o600);
        let file = if method == "cryptosign" { "--key" } else { "--secret-file" };
        let mut command = program(&["ping", "-c", "1", "--auth", method, file, &secret]);
        command.args(["--url", url.unwrap(), "--realm", realm.unwrap()]);
        command.args(["--authid", user["authid"].as_str().unwrap()]);
        assert!(finish(command, "").ok().starts_with("1 answers: "), "{method}");
    }
}
