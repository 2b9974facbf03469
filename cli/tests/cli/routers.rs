//! The router, its configuration, and the meta API.

use crate::process::{Folder, Running, run};
use crate::router::TestRouter;

crate::tests! {
    a_router_says_where_it_listens,
    a_port_in_use_is_named,
    a_configuration_has_users_roles_and_histories,
    a_configuration_in_json,
    wrong_configurations_are_named,
    generated_credentials_and_certificates_serve,
    sessions_registrations_and_subscriptions_are_listed,
    sessions_are_ended_where_the_router_allows_it,
    a_watch_prints_meta_events,
}

fn a_router_says_where_it_listens() {
    let arguments = [
        "router",
        "--listen",
        "ws://127.0.0.1:0/a",
        "--listen",
        "rs://127.0.0.1:0",
        "--universal",
        "--realm",
        "realm2",
    ];
    let mut router = Running::start(&arguments);
    let urls: Vec<String> = (0..3).map(|_| router.prints("listening on ")).collect();
    assert!(urls[0].starts_with("ws://127.0.0.1:") && urls[0].ends_with("/a"), "{urls:?}");
    assert!(urls[1].starts_with("rs://") && urls[2].starts_with("rs://"), "{urls:?}");
    for url in &urls {
        run(&["ping", "-c", "1", "--url", url, "--realm", "realm2"]).ok();
    }
    let mut session = Running::start(&["subscribe", "a", "--url", &urls[0], "--realm", "realm2"]);
    session.prints("subscribed to ");
    assert_eq!(router.interrupt().code, Some(0));
    let ended = session.end();
    assert!(ended.fails(7).contains("wamp.close.system_shutdown"), "{ended:?}");
}

fn a_port_in_use_is_named() {
    let router = TestRouter::start();
    let refused = run(&["router", "--listen", "ws://127.0.0.1:0/ws", "--listen", router.url()]);
    let line = refused.is_refused();
    assert!(line.starts_with(&format!("listener {}: cannot listen on", router.url())), "{line}");
    // What is checked is the configuration, not the machine.
    assert_eq!(
        run(&["router", "--listen", router.url(), "--check"]).ok(),
        "the configuration is valid\n"
    );
}

fn a_configuration_has_users_roles_and_histories() {
    let router = TestRouter::with(
        r#"
        anonymous = "guest"
        meta_api = "full"
        max_message_payload_size = 100000
        [limits]
        subscriptions = 1
        [[histories]]
        topic = "com.example."
        match = "prefix"
        limit = 5
        [[users]]
        authid = "joe"
        role = "user"
        ticket = "a ticket"
        [[roles]]
        name = "guest"
        rules = [{ uri = "com.example.", match = "prefix", allow = ["publish", "subscribe"] }]
        [[roles]]
        name = "user"
        rules = [
            { uri = "", match = "prefix", allow = ["call", "register", "publish", "subscribe"] },
            { uri = "com.example.secret", deny = ["call"] },
        ]
        "#,
    );
    let url = ["--url", router.url()];
    let joe = ["--auth", "ticket", "--authid", "joe", "--secret", "a ticket"];
    let denied = run(&[&["call", "com.example.add"][..], &url].concat());
    assert!(denied.fails(5).starts_with("wamp.error.not_authorized"), "{denied:?}");
    let called = run(&[&["call", "com.example.add"][..], &url, &joe].concat());
    assert!(called.fails(5).starts_with("wamp.error.no_such_procedure"), "{called:?}");
    let denied = run(&[&["call", "com.example.secret"][..], &url, &joe].concat());
    assert!(denied.fails(5).starts_with("wamp.error.not_authorized"), "{denied:?}");
    run(&[&["publish", "com.example.news", "1"][..], &url].concat()).ok();
    let subscribe = ["subscribe", "com.example.", "--match", "prefix", "--history", "5"];
    let mut past = Running::start(&[&subscribe[..], &url].concat());
    past.prints("com.example.news  1");
}

fn a_configuration_in_json() {
    let folder = Folder::new();
    let json = r#"{"realms": ["realm1"], "listeners": [{"url": "rs://127.0.0.1:0", "max_connections": 1, "ping_interval": "5s"}]}"#;
    let file = folder.file("router.json", json, 0o644);
    let mut router = Running::start(&["router", "--config", &file, "-o", "json"]);
    let line: serde_json::Value = serde_json::from_str(&router.prints("")).unwrap();
    run(&["ping", "-c", "1", "--url", line["url"].as_str().unwrap()]).ok();
}

fn wrong_configurations_are_named() {
    let folder = Folder::new();
    let refuses = |text: &str, part: &str| {
        let file = folder.file("router.toml", text, 0o600);
        for check in [&[][..], &["--check"]] {
            let refused = run(&[&["router", "--config", &file][..], check].concat());
            assert!(refused.is_refused().contains(part), "no {part:?} in {refused:#?}");
        }
    };
    let listener = "realms = [\"realm1\"]\n[[listeners]]\nurl = \"ws://127.0.0.1:0/ws\"\n";
    refuses("", "missing field `realms`");
    refuses("realms = [", "router.toml: line 1: ");
    refuses("realms = []\nlisteners = []", "no listener");
    refuses(&listener.replace("\"realm1\"", ""), "realm: at least one is needed");
    refuses(&format!("{listener}port = 1"), "line 4: unknown field `port`");
    refuses(&format!("unknown = 1\n{listener}"), "line 1: unknown field `unknown`");
    refuses(&listener.replace("ws:", "http:"), "listener http://127.0.0.1:0/ws: ");
    refuses(&listener.replace("ws:", "wss:"), "listener wss://127.0.0.1:0/ws: ");
    refuses(&format!("{listener}certificate = \"a.pem\""), "certificate and key belong together");
    refuses(&format!("{listener}certificate = \"a.pem\"\nkey = \"a.key\""), "/a.pem: ");
    refuses(&format!("{listener}max_connections = 0"), "max_connections");
    refuses(&format!("{listener}ping_interval = \"soon\""), "a time above 0");
    refuses(&format!("{listener}unix_mode = \"999\""), "octal digits");
    refuses(&format!("{listener}[[users]]\nauthid = \"joe\"\nrole = \"user\""), "joe");
    refuses(
        &format!("{listener}[[users]]\nauthid = \"joe\"\nrole = \"user\"\npublic_keys = [\"x\"]"),
        "joe",
    );
    refuses(
        &format!("{listener}[[users]]\nauthid = \"joe\"\nrole = \"user\"\nscram = {{}}"),
        "users[0] (joe): scram",
    );
    refuses(
        &format!("{listener}[[roles]]\nname = \"a\"\nrules = [{{ uri = \"a\" }}]"),
        "allow or deny",
    );
    refuses(
        &format!(
            "{listener}[[roles]]\nname = \"a\"\nrules = [{{ uri = \"a b\", allow = [\"call\"] }}]"
        ),
        "a b",
    );
    refuses(&format!("{listener}[limits]\nsessions = 1"), "unknown field `sessions`");
    refuses(&format!("serializers = [\"xml\"]\n{listener}"), "serializers: no \"xml\"");

    let open = folder.file(
        "open.toml",
        &format!("{listener}[[users]]\nauthid = \"joe\"\nrole = \"user\"\nticket = \"hidden\""),
        0o644,
    );
    let refused = run(&["router", "--config", &open]);
    assert!(refused.is_refused().contains("open.toml: other users may read"), "{refused:?}");
    assert!(!refused.stderr.contains("hidden"), "{refused:?}");
    let refused = run(&["router", "--config", "/nonexistent"]);
    assert!(refused.is_refused().starts_with("/nonexistent: "), "{refused:?}");
    run(&["router", "--config", &open, "--realm", "a"]).is_refused();
    run(&["router", "--history", "a"]).is_refused();
    let refused = run(&["router", "--certificate", &open, "--key", &folder.file("key", "", 0o600)]);
    assert!(refused.is_refused().starts_with("listener ws://127.0.0.1:8080/ws: "), "{refused:?}");
}

fn generated_credentials_and_certificates_serve() {
    let folder = Folder::new();
    let path = |name: &str| folder.0.join(name).to_str().unwrap().to_owned();
    let (secret, key) = (path("secret"), path("key"));
    run(&["keygen", "tls", &path("tls")]).ok();
    let salted = run(&["keygen", "wampcra", &secret]);
    let scram = run(&["keygen", "scram", &secret, "--kdf", "pbkdf2"]);
    let spec = run(&["keygen", "scram", &secret, "--kdf", "pbkdf2", "--spec"]);
    let public = run(&["keygen", "cryptosign", &key]);
    let text = format!(
        "realms = [\"realm1\"]\n[[listeners]]\nurl = \"wss://127.0.0.1:0/ws\"\n\
         certificate = \"tls/server.pem\"\nkey = \"tls/server.key\"\n\
         [[users]]\nauthid = \"joe\"\nrole = \"user\"\npublic_keys = [\"{}\"]\n{}{}\
         [[users]]\nauthid = \"sue\"\nrole = \"user\"\n{}",
        public.ok().trim(),
        salted.ok(),
        scram.ok(),
        spec.ok(),
    );
    // The key of WAMP-CRA is as good as the secret.
    let open = folder.file("open.toml", &text, 0o644);
    let refused = run(&["router", "--config", &open, "--check"]);
    assert!(refused.is_refused().contains("open.toml: other users may read"), "{refused:?}");
    let file = folder.file("router.toml", &text, 0o600);
    assert_eq!(run(&["router", "--config", &file, "--check"]).ok(), "the configuration is valid\n");
    let mut router = Running::start(&["router", "--config", &file]);
    let url = router.prints("listening on ");
    let at = ["ping", "-c", "1", "--url", &url, "--ca", &path("tls/ca.pem"), "--authid"];
    for (authid, method, option, file) in [
        ("joe", "wampcra", "--secret-file", &secret),
        ("joe", "scram", "--secret-file", &secret),
        ("sue", "wamp-scram", "--secret-file", &secret),
        ("joe", "cryptosign", "--key", &key),
    ] {
        run(&[&at[..], &[authid, "--auth", method, option, file]].concat()).ok();
    }
    let refused = run(&["ping", "--url", &url]);
    assert!(refused.fails(3).starts_with("TLS with 127.0.0.1 failed: "), "{refused:?}");
}

fn sessions_registrations_and_subscriptions_are_listed() {
    let router = TestRouter::start();
    let url = router.url();
    let mut echo = Running::start(&["register", "com.example.echo", "--echo", "--url", url]);
    echo.prints("registered ");
    let mut news = Running::start(&["subscribe", "com.a.", "--match", "prefix", "--url", url]);
    news.prints("subscribed to ");
    let list = |what: &str| {
        let listed = run(&["meta", what, "--url", url, "-o", "json"]);
        let rows: Vec<serde_json::Value> =
            listed.ok().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        rows
    };
    let sessions = list("sessions");
    assert_eq!(sessions.len(), 3, "{sessions:?}");
    assert_eq!(sessions.iter().filter(|row| row["own"] == "yes").count(), 1);
    let registrations = list("registrations");
    assert_eq!(registrations.len(), 1);
    assert_eq!(registrations[0]["uri"], "com.example.echo");
    assert_eq!(registrations[0]["callees"], 1);
    let subscriptions = list("subscriptions");
    assert_eq!(subscriptions[0]["match"], "prefix");
    assert_eq!(subscriptions[0]["subscribers"], 1);
    let table = run(&["meta", "registrations", "--url", url]);
    assert!(table.ok().contains("com.example.echo"), "{table:?}");
}

fn sessions_are_ended_where_the_router_allows_it() {
    let closed = TestRouter::start();
    let denied = run(&["meta", "kill", "--all", "--url", closed.url()]);
    assert!(denied.fails(5).starts_with("wamp.error.not_authorized"), "{denied:?}");
    let router = TestRouter::with("meta_api = \"full\"\n");
    let mut echo = Running::start(&["register", "a.b", "--echo", "--url", router.url()]);
    echo.prints("registered ");
    let reason = ["--reason", "com.example.close.idle"];
    let killed = run(&[&["meta", "kill", "--all", "--url", router.url()][..], &reason].concat());
    assert_eq!(killed.ok(), "ended 1 sessions\n");
    let ended = echo.end();
    assert!(ended.fails(7).contains("com.example.close.idle"), "{ended:?}");
    run(&["meta", "kill", "--url", router.url()]).is_refused();
    let failed = run(&["meta", "kill", "1", "--url", router.url()]);
    assert!(failed.fails(5).starts_with("wamp.error.no_such_session"), "{failed:?}");
}

fn a_watch_prints_meta_events() {
    let router = TestRouter::start();
    let mut watch = Running::start(&["meta", "watch", "--url", router.url()]);
    watch.prints("watching");
    let mut echo = Running::start(&["register", "a.b", "--echo", "--url", router.url()]);
    watch.prints("wamp.session.on_join  ");
    assert!(watch.prints("wamp.registration.on_create  ").contains("\"uri\":\"a.b\""));
    echo.prints("registered ");
    assert_eq!(echo.interrupt().code, Some(0));
    watch.prints("wamp.registration.on_delete  ");
    watch.prints("wamp.session.on_leave  ");
    assert_eq!(watch.interrupt().code, Some(0));
}
