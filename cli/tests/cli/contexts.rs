//! Contexts, completions and keys.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::process::{Folder, Run, finish, program, run};
use crate::router::TestRouter;

crate::tests! {
    a_context_has_the_router_and_the_login,
    wrong_contexts_are_named,
    a_login_is_not_sent_to_another_url,
    completions_name_the_commands,
    a_generated_key_logs_in,
    generated_files_are_private_and_stay,
}

fn at(folder: &Folder, arguments: &[&str]) -> Command {
    let mut command = program(arguments);
    command.env("WAMPWERK_CONFIG_DIR", folder.0.join("config"));
    command
}

fn in_folder(folder: &Folder, arguments: &[&str]) -> Run {
    finish(at(folder, arguments), "")
}

fn a_context_has_the_router_and_the_login() {
    let router = TestRouter::with_users();
    let folder = Folder::new();
    let joe = ["--url", router.url(), "--auth", "ticket", "--authid", "joe"];
    let mut add = at(&folder, &[&["context", "add", "joe"][..], &joe].concat());
    add.env("WAMPWERK_SECRET", "a ticket");
    assert_eq!(finish(add, "").ok(), "");
    let file = folder.0.join("config/contexts.toml");
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    in_folder(&folder, &["context", "add", "other", "--url", "rs://127.0.0.1:9"]).ok();

    assert!(in_folder(&folder, &["ping", "-c", "1"]).ok().starts_with("1 answers: "));
    let list = in_folder(&folder, &["context", "list", "-o", "json"]);
    let expected = format!(
        "{{\"name\":\"joe\",\"in use\":\"yes\",\"url\":\"{}\",\"realm\":\"realm1\",\"auth\":\"ticket\",\
         \"authid\":\"joe\"}}\n{{\"name\":\"other\",\"in use\":null,\"url\":\"rs://127.0.0.1:9\",\
         \"realm\":\"realm1\",\"auth\":null,\"authid\":null}}\n",
        router.url()
    );
    assert_eq!(list.ok(), expected);
    let table = in_folder(&folder, &["context", "list"]);
    assert!(table.ok().contains("realm1") && !table.ok().contains("a ticket"), "{table:?}");

    in_folder(&folder, &["context", "use", "other"]).ok();
    in_folder(&folder, &["ping", "-c", "1"]).fails(3);
    in_folder(&folder, &["ping", "-c", "1", "--context", "joe"]).ok();
}

fn wrong_contexts_are_named() {
    let folder = Folder::new();
    let refused = in_folder(&folder, &["ping", "--context", "joe"]);
    let expected = "no context \"joe\": there are none; `wampwerk context add` adds one";
    assert_eq!(refused.is_refused(), expected);
    in_folder(&folder, &["context", "add", "a", "--url", "ws://127.0.0.1:9/ws"]).ok();
    let refused = in_folder(&folder, &["context", "use", "b"]);
    assert_eq!(refused.is_refused(), "no context \"b\": there are a");
    let refused = in_folder(&folder, &["context", "add", "a"]);
    assert_eq!(refused.is_refused(), "context \"a\" exists; --replace replaces it");
    in_folder(&folder, &["context", "add", "a", "--replace"]).ok();
    in_folder(&folder, &["context", "add", "b", "--url", "http://a"]).is_refused();
    in_folder(&folder, &["context", "add", "b", "--realm", "a b"]).is_refused();
    in_folder(&folder, &["context", "add", "a b"]).is_refused();

    let file = folder.0.join("config/contexts.toml");
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o640)).unwrap();
    let refused = in_folder(&folder, &["ping"]);
    assert!(refused.is_refused().contains("contexts.toml: other users may read"), "{refused:?}");
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
    std::fs::write(&file, "[contexts.a]\nsecret = \"hidden\"\nurls = \"x\"\n").unwrap();
    let refused = in_folder(&folder, &["context", "list"]);
    assert!(refused.is_refused().contains("unknown field `urls`"), "{refused:?}");
    assert!(!refused.stderr.contains("hidden"), "{refused:?}");
}

fn a_login_is_not_sent_to_another_url() {
    let router = TestRouter::with_users();
    let folder = Folder::new();
    let joe = [
        "--url",
        "ws://127.0.0.1:9/ws",
        "--auth",
        "ticket",
        "--authid",
        "joe",
        "--secret",
        "a ticket",
    ];
    in_folder(&folder, &[&["context", "add", "joe"][..], &joe].concat()).ok();
    let ping = ["ping", "-c", "1", "--url", router.url()];
    in_folder(&folder, &ping).fails(4);
    in_folder(&folder, &[&ping[..], &["--context", "joe"]].concat()).ok();
}

fn completions_name_the_commands() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = run(&["completions", shell]);
        assert!(script.ok().contains("subscribe"), "{shell}");
    }
    run(&["completions", "unknown"]).is_refused();
}

fn a_generated_key_logs_in() {
    let folder = Folder::new();
    let file = folder.0.join("key");
    let generated = run(&["keygen", "cryptosign", file.to_str().unwrap()]);
    let public = generated.ok().trim();
    let user = format!("authid = \"carl\"\nrole = \"user\"\npublic_keys = [\"{public}\"]\n");
    let router = TestRouter::with(&format!("[[users]]\n{user}"));
    let key = ["--key", file.to_str().unwrap()];
    run(&[&["ping", "-c", "1", "--url", router.url()][..], &key].concat()).ok();
}

fn generated_files_are_private_and_stay() {
    let folder = Folder::new();
    let path = |name: &str| folder.0.join(name).to_str().unwrap().to_owned();
    let mode = |name: &str| folder.0.join(name).metadata().unwrap().permissions().mode() & 0o777;
    run(&["keygen", "cryptosign", &path("key")]).ok();
    assert_eq!(mode("key"), 0o600);
    let refused = run(&["keygen", "cryptosign", &path("key")]);
    assert!(refused.is_refused().contains("exists"), "{refused:?}");

    let drawn = run(&["keygen", "wampcra", &path("secret"), "-o", "json"]);
    let credential: serde_json::Value = serde_json::from_str(drawn.ok()).unwrap();
    assert_eq!(credential["iterations"], 1000);
    assert_eq!(mode("secret"), 0o600);
    let scram = run(&["keygen", "scram", &path("secret"), "--kdf", "pbkdf2"]);
    assert!(scram.ok().starts_with("scram = { kdf = \"pbkdf2\", iterations = 600000, salt = "));
    assert!(!scram.ok().contains(std::fs::read_to_string(path("secret")).unwrap().trim()));

    run(&["keygen", "tls", &path("tls")]).ok();
    assert_eq!(mode("tls/server.key"), 0o600);
    run(&["keygen", "tls", &path("tls")]).is_refused();
}
