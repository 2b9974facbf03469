//! Putting methods together: what must agree, Autobahn's dict of methods, and keys in files.

use serde_json::{Value as Json, json};
use wampwerk::auth::AuthError;
use wampwerk::auth::cryptosign::SigningKey;
use wampwerk::auth::scram::Dialect;
use wampwerk::error::{ConfigError, ConnectError};
use wampwerk::internals::auth::to_hex;
use wampwerk::session::SessionConfig;
use wampwerk::session::authentication::{
    Anonymous, Authentication, ChannelBinding, Cryptosign, OnChallenge, Scram, Signature, Ticket,
    WampCra,
};
use wampwerk::{Dict, Value};

fn value(json: Json) -> Value {
    serde_json::from_value(json).unwrap()
}

fn read(json: Json) -> Result<Authentication, ConfigError> {
    Authentication::from_value(&value(json))
}

fn refused(json: Json) -> String {
    read(json).unwrap_err().to_string()
}

fn seed() -> String {
    to_hex(&[1; 32])
}

#[test]
fn methods_keep_their_order() {
    let methods = Authentication::new()
        .with(Scram::new("joe", "pencil"))
        .and_then(|methods| methods.with(Ticket::new("joe", "secret!!!")))
        .and_then(|methods| methods.with(Anonymous::new()))
        .unwrap();
    assert_eq!(methods.methods(), ["scram", "wamp-scram", "ticket", "anonymous"]);
    assert!(Authentication::new().is_empty());
    assert_eq!(
        format!("{:?}", Authentication::from(Anonymous::named("tls"))),
        "Authentication([\"tls\"])"
    );
}

#[test]
fn methods_that_disagree_are_refused() {
    let joe = || Authentication::from(Ticket::new("joe", "secret!!!"));
    let error = joe().with(WampCra::new("jim", "secret2")).unwrap_err().to_string();
    assert_eq!(
        error,
        "wampcra: authid is \"jim\", but \"joe\" for another method; HELLO has one only"
    );
    assert!(joe().with(Anonymous::new()).is_ok(), "one that does not say has nothing against it");
    let user = joe().with(Anonymous::new().authrole("user")).unwrap();
    let error = user.with(Anonymous::named("tls").authrole("admin")).unwrap_err().to_string();
    assert!(error.starts_with("tls: authrole is \"admin\""), "{error}");
    let extra = |value: &str| Dict::new().with("token", value).with("same", 1);
    let first = joe().with(Anonymous::new().authextra(extra("s3cret"))).unwrap();
    assert!(first.clone().with(Anonymous::named("tls").authextra(extra("s3cret"))).is_ok());
    let error =
        first.with(Anonymous::named("tls").authextra(extra("other"))).unwrap_err().to_string();
    assert_eq!(error, "tls: authextra.token differs from that of another method");
    let error = joe().with(Ticket::new("joe", "other")).unwrap_err().to_string();
    assert_eq!(error, "ticket is given twice");
    let unnamed = OnChallenge::new(&[], |_| async { Ok(Signature::new("")) });
    assert!(joe().with(unnamed).unwrap_err().to_string().contains("without a name"));
}

#[tokio::test]
async fn a_session_that_disagrees_with_its_method_is_not_opened() {
    let (transport, _end) =
        wampwerk::transport::MemoryTransport::pair(wampwerk::internals::codec::available()[0], 4);
    let config =
        SessionConfig::default().authentication(Ticket::new("joe", "s3cret")).authid("jim");
    let error = wampwerk::session::join(Box::new(transport), "realm1", config).await.unwrap_err();
    let ConnectError::InvalidConfig(ConfigError { message: text, .. }) = error else {
        panic!("{error}")
    };
    assert!(text.contains("\"joe\"") && text.contains("\"jim\""), "{text}");
}

#[test]
fn nothing_shows_a_secret() {
    let key = Cryptosign::new(SigningKey::from_seed([1; 32])).authid("joe");
    let extra = Dict::new().with("token", "s3cret");
    let shown = format!(
        "{:?} {:?} {:?} {key:?} {:?} {:?}",
        Ticket::new("joe", "s3cret").authextra(extra.clone()),
        WampCra::new("joe", "s3cret"),
        Scram::new("joe", "s3cret"),
        Signature::new("s3cret"),
        SessionConfig::default().authentication(Ticket::new("joe", "s3cret")).authextra(extra),
    );
    assert!(shown.contains("joe"), "{shown}");
    assert!(!shown.contains("s3cret") && !shown.contains(&seed()), "{shown}");
}

#[test]
fn autobahns_dict_is_read() {
    // The order counts, which `json!` does not keep.
    let all = r#"{
        "scram": {"authid": "joe", "password": "pencil"},
        "cryptosign": {
            "privkey": "0101010101010101010101010101010101010101010101010101010101010101",
            "authextra": {"channel_binding": "tls-exporter"}
        },
        "wampcra": {"authid": "joe", "secret": "secret2", "authrole": "user"},
        "ticket": {"ticket": "secret!!!", "authextra": {"device": 7}},
        "cookie": {},
        "tls": null,
        "anonymous": {"authrole": "user"},
        "anonymous-proxy": {}
    }"#;
    let all = Authentication::from_value(&serde_json::from_str(all).unwrap()).unwrap();
    let methods = [
        "scram",
        "cryptosign",
        "wampcra",
        "ticket",
        "cookie",
        "tls",
        "anonymous",
        "anonymous-proxy",
    ];
    assert_eq!(all.methods(), methods);
    let scram = json!({"authid": "joe", "password": "pencil"});
    let spec = read(json!({"wamp-scram": scram})).unwrap();
    assert_eq!(spec.methods(), ["wamp-scram"]);
    let both = read(json!({"wamp-scram": scram, "tls": {}, "scram": scram})).unwrap();
    assert_eq!(both.methods(), ["scram", "wamp-scram", "tls"], "one nonce is for both");
    let spec_first =
        Dict::new().with("wamp-scram", value(scram.clone())).with("scram", value(scram));
    let both = Authentication::from_value(&spec_first.into()).unwrap();
    assert_eq!(both.methods(), ["wamp-scram", "scram"]);
    let public_key = to_hex(&SigningKey::from_seed([1; 32]).public_key());
    let own =
        json!({"privkey": seed(), "authextra": {"pubkey": public_key, "channel_binding": null}});
    assert!(read(json!({"cryptosign-proxy": own})).is_ok());
    assert!(read(json!({})).unwrap().is_empty());
}

#[test]
fn what_is_wrong_in_the_dict_is_named() {
    let scram = json!({"authid": "joe", "password": "pencil"});
    let other = json!({"authid": "joe", "password": "eraser"});
    for (wrong, text) in [
        (json!(["ticket"]), "invalid settings: it must be a dict of methods, not list"),
        (json!({"ticket": "secret!!!"}), "invalid ticket: it must be a dict, not string"),
        (
            json!({"persona": {}}),
            "invalid persona: unknown authentication method; known are anonymous, \
             anonymous-proxy, cookie, tls, ticket, wampcra, cryptosign, cryptosign-proxy, scram, \
             wamp-scram",
        ),
        (json!({"ticket": {}}), "invalid ticket.ticket: it is missing"),
        (
            json!({"ticket": {"ticket": 7}}),
            "invalid ticket.ticket: it must be a string, not integer",
        ),
        (
            json!({"ticket": {"ticket": "x", "secret": "s3cret"}}),
            "invalid ticket.secret: unknown key; known are ticket, authid, authrole, authextra",
        ),
        (json!({"wampcra": {"secret": "s3cret"}}), "invalid wampcra.authid: it is missing"),
        (json!({"wampcra": {"authid": "joe"}}), "invalid wampcra.secret: it is missing"),
        (
            json!({"wampcra": {"authid": "joe", "secret": "x", "authextra": []}}),
            "invalid wampcra.authextra: it must be a dict, not list",
        ),
        (json!({"scram": {"authid": "joe"}}), "invalid scram.password: it is missing"),
        (
            json!({"scram": {"authid": "joe", "password": "x", "accept_weak": 1}}),
            "invalid scram.accept_weak: it must be a boolean, not integer",
        ),
        (
            json!({"scram": scram, "wamp-scram": other}),
            "invalid wamp-scram: it must have the same settings as scram",
        ),
        (json!({"cryptosign": {}}), "invalid cryptosign.privkey: it is missing"),
        (
            json!({"cryptosign": {"privkey": "keys/id_ed25519"}}),
            "invalid cryptosign.privkey: it must be 64 hexadecimal digits, or the text of \
             an OpenSSH key, not the path of a file",
        ),
        (
            json!({"cryptosign": {"privkey": seed(), "authextra": {"pubkey": seed()}}}),
            "invalid cryptosign.authextra.pubkey: it is not the public key of privkey",
        ),
        (
            json!({"cryptosign": {"privkey": seed(), "authextra": {"channel_binding": "tls-unique"}}}),
            "invalid cryptosign.authextra.channel_binding: it must be \"tls-exporter\" or null, \
             not string",
        ),
        (
            json!({"anonymous": {"ticket": "s3cret"}}),
            "invalid anonymous.ticket: unknown key; known are authid, authrole, authextra",
        ),
        (
            json!({"anonymous": {"authid": "joe"}, "ticket": {"ticket": "x", "authid": "jim"}}),
            "invalid ticket: ticket: authid is \"jim\", but \"joe\" for another method; HELLO has one only",
        ),
    ] {
        assert_eq!(refused(wrong), text);
    }
    let error = refused(json!({"cryptosign": {"privkey": "s3cret"}}));
    assert!(error.starts_with("invalid cryptosign.privkey: "), "{error}");
    assert!(!error.contains("s3cret"), "{error}");
    let error = refused(json!({"cryptosign": {"privkey": seed(), "router_key": "77"}}));
    assert!(error.starts_with("invalid cryptosign.router_key: "), "{error}");
}

/// The JavaScript of the npm package reads these dicts as well, with the same texts.
#[test]
fn dicts_of_the_vectors() {
    #[derive(serde::Deserialize)]
    struct Vectors {
        accepted: Vec<Accepted>,
        refused: Vec<Refused>,
    }

    #[derive(serde::Deserialize)]
    struct Accepted {
        authentication: Value,
        methods: Vec<String>,
    }

    #[derive(serde::Deserialize)]
    struct Refused {
        authentication: Value,
        path: String,
        text: String,
    }

    let vectors = include_str!("../vectors/authentication.json");
    let Vectors { accepted, refused } = serde_json::from_str(vectors).unwrap();
    assert!(accepted.len() >= 15 && refused.len() >= 45);
    for Accepted { authentication, methods } in accepted {
        let read = Authentication::from_value(&authentication).unwrap();
        assert_eq!(read.methods(), methods, "{authentication:?}");
    }
    for Refused { authentication, path, text } in refused {
        let error = Authentication::from_value(&authentication).unwrap_err();
        assert_eq!((error.path, error.message), (path, text), "{authentication:?}");
    }
}

#[test]
fn what_is_bound_to_the_channel_says_so_for_all() {
    let tls = ChannelBinding::TlsExporter;
    let key = || Cryptosign::new(SigningKey::from_seed([1; 32]));
    let scram = || Scram::new("joe", "pencil");
    let refused = |methods: Result<Authentication, AuthError>| methods.unwrap_err().to_string();
    for (methods, bound, other) in [
        (
            Authentication::from(key().channel_binding(tls)).with(scram()),
            "cryptosign",
            "wamp-scram",
        ),
        (
            Authentication::from(key()).with(scram().channel_binding(tls)),
            "wamp-scram",
            "cryptosign",
        ),
        (
            Authentication::from(scram().channel_binding(tls)).with(key()),
            "wamp-scram",
            "cryptosign",
        ),
    ] {
        let text = refused(methods);
        let expected = format!("{bound} is bound to the channel and {other} is not");
        assert!(text.starts_with(&expected), "{text}");
    }
    let autobahn = scram().dialect(Dialect::Autobahn).channel_binding(tls);
    let text = refused(Authentication::new().with(autobahn));
    assert_eq!(text, "scram has no channel binding (tls-exporter)");

    let bound = json!({"authid": "joe", "password": "pencil",
        "authextra": {"channel_binding": "tls-exporter"}});
    let both = read(json!({"wamp-scram": bound, "scram": bound})).unwrap();
    assert_eq!(both.methods(), ["wamp-scram"], "the other dialect could not be bound");
    assert!(read(json!({"scram": bound})).is_err());
}

#[test]
fn keys_are_read_from_files() {
    let folder = std::env::temp_dir().join(format!("wampwerk-keys-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = |name: &str, content: &[u8]| {
        let path = folder.join(name);
        std::fs::write(&path, content).unwrap();
        path
    };
    assert!(Cryptosign::from_file(file("raw", &[1; 32])).is_ok());
    assert!(Cryptosign::from_file(file("hex", seed().as_bytes())).is_ok());
    let large = file("large", &vec![b'a'; 70_000]);
    for (path, text) in [
        (folder.join("none"), ""),
        (folder.clone(), ""),
        (file("wrong", b"s3cret"), ""),
        (large, "too large for a key"),
    ] {
        let error = Cryptosign::from_file(&path).unwrap_err().to_string();
        assert!(error.starts_with(&format!("key file {}: {text}", path.display())), "{error}");
        assert!(!error.contains("s3cret"), "{error}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}
