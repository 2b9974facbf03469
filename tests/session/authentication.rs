//! A session joins by each method, and is refused with a wrong secret. The router is scripted, but
//! its challenges and verdicts are those of `auth`.

use data_encoding::BASE64;
use serde_json::json;
use wampwerk::auth::cryptosign::SigningKey;
use wampwerk::auth::scram::{Dialect, Kdf, ScramCredential};
use wampwerk::auth::{Credential, Salt, Secret};
use wampwerk::error::{CloseKind, CloseReason, ConnectError};
use wampwerk::internals::auth::to_hex;
use wampwerk::internals::auth::{response, to_be_signed};
use wampwerk::session::SessionConfig;
use wampwerk::session::authentication::{
    Anonymous, Authentication, Cryptosign, Scram, Ticket, WampCra,
};
use wampwerk::{Dict, Session};

use crate::common::challenger;
use crate::common::challenger::{challenge, welcome};
use crate::common::scripted::{Scripted, joining};

fn with(authentication: impl Into<Authentication>) -> SessionConfig {
    SessionConfig::default().authentication(authentication)
}

/// Joins by `right`, and fails to by `wrong`; HELLO of the first.
async fn proves(
    credential: Credential,
    right: impl Into<Authentication>,
    wrong: impl Into<Authentication>,
) -> serde_json::Value {
    let (join, mut router) = joining(with(right)).await;
    challenge(&mut router, &credential).await;
    let session = join.await.unwrap().unwrap();
    assert_eq!(session.authmethod(), Some(credential.method()));
    assert_eq!(session.authrole(), Some("user"));
    assert_eq!(session.authprovider(), Some("static"));
    let hello = router.hello[2].clone();

    let (join, mut router) = joining(with(wrong)).await;
    challenge(&mut router, &credential).await;
    let reason = refusal(join.await.unwrap());
    assert_eq!(reason.kind, CloseKind::Aborted);
    assert_eq!(reason.reason, "wamp.error.authentication_failed");
    hello
}

fn refusal(outcome: Result<Session, ConnectError>) -> CloseReason {
    match outcome {
        Err(ConnectError::Join(reason)) => (*reason).clone(),
        other => panic!("{other:?}"),
    }
}

/// How a join ends whose challenge is refused: the router gets ABORT.
async fn refuses(outcome: Result<Session, ConnectError>, mut router: Scripted) -> String {
    let reason = refusal(outcome);
    assert_eq!(reason.reason, "wamp.error.cannot_authenticate");
    let told = router.recv().await;
    assert_eq!((&told[0], &told[2]), (&json!(3), &json!("wamp.error.cannot_authenticate")));
    reason.message.unwrap()
}

/// Answers the client's GOODBYE; its reason.
async fn farewell(router: &mut Scripted) -> String {
    let goodbye = router.recv().await;
    assert_eq!(goodbye[0], 6, "{goodbye}");
    router.send(json!([6, {}, "wamp.close.goodbye_and_out"]));
    goodbye[2].as_str().unwrap().to_owned()
}

fn key() -> SigningKey {
    SigningKey::from_seed([1; 32])
}

fn known_key() -> Credential {
    Credential::Cryptosign { public_keys: vec![key().public_key()] }
}

fn scram(dialect: Dialect, kdf: Kdf, iterations: u32, memory: Option<u32>) -> Credential {
    let password = Secret::from("pencil");
    let credential =
        ScramCredential::derive(dialect, &password, kdf, b"0123456789abcdef", iterations, memory);
    Credential::Scram { dialect, credential: credential.unwrap() }
}

#[tokio::test]
async fn by_ticket() {
    let credential = Credential::Ticket("secret!!!".into());
    let hello =
        proves(credential, Ticket::new("joe", "secret!!!"), Ticket::new("joe", "wrong")).await;
    assert_eq!((&hello["authid"], &hello["authmethods"]), (&json!("joe"), &json!(["ticket"])));
}

#[tokio::test]
async fn by_wampcra() {
    let credential = Credential::WampCra { secret: "secret2".into(), salt: None };
    proves(credential, WampCra::new("joe", "secret2"), WampCra::new("joe", "secret3")).await;
}

#[tokio::test]
async fn by_wampcra_with_a_salt() {
    let salted = Credential::salted_wampcra(&"secret2".into(), Salt::new("salt123"));
    let (right, wrong) = (WampCra::new("joe", "secret2"), WampCra::new("joe", "secret3"));
    proves(salted.unwrap(), right, wrong).await;
}

#[tokio::test]
async fn by_cryptosign() {
    let wrong = Cryptosign::new(SigningKey::from_seed([2; 32])).authid("joe");
    let hello = proves(known_key(), Cryptosign::new(key()), wrong).await;
    assert_eq!(hello.get("authid"), None, "the key says who we are");
    assert_eq!(hello["authextra"], json!({"pubkey": to_hex(&key().public_key())}));
}

#[tokio::test]
async fn by_scram() {
    let credential = scram(Dialect::Spec, Kdf::Pbkdf2, 4096, None);
    let hello = proves(credential, Scram::new("joe", "pencil"), Scram::new("joe", "pencils")).await;
    assert_eq!(hello["authmethods"], json!(["scram", "wamp-scram"]));
    let credential = scram(Dialect::Spec, Kdf::Argon2id13, 16, Some(1024));
    let only = |password| Scram::new("joe", password).dialect(Dialect::Spec);
    let hello = proves(credential, only("pencil"), only("pencils")).await;
    assert_eq!(hello["authmethods"], json!(["wamp-scram"]));
}

#[tokio::test]
async fn a_weak_scram_only_where_it_is_accepted() {
    let credential = scram(Dialect::Autobahn, Kdf::Argon2id13, 2, Some(512));
    // Whoever plays the router picks the dialect.
    let (join, mut router) = joining(with(Scram::new("joe", "pencil"))).await;
    let nonce = router.hello[2]["authextra"]["nonce"].as_str().unwrap().to_owned();
    router.send(json!([4, "scram", {
        "nonce": format!("{nonce}more"), "salt": "AAAAAAAAAAAAAAAAAAAAAA==",
        "kdf": "argon2id-13", "iterations": 2, "memory": 512,
    }]));
    assert!(refuses(join.await.unwrap(), router).await.contains("are too weak (minimum 16384)"));
    let accepting = |password| Scram::new("joe", password).accept_weak(true);
    proves(credential, accepting("pencil"), accepting("eraser")).await;
}

#[tokio::test]
async fn by_autobahns_scram() {
    let credential = scram(Dialect::Autobahn, Kdf::Argon2id13, 16, Some(1024));
    proves(credential, Scram::new("joe", "pencil"), Scram::new("joe", "pencils")).await;
}

#[tokio::test]
async fn without_a_proof() {
    let methods = Authentication::new()
        .with(Anonymous::new().authid("joe").authrole("guest"))
        .and_then(|methods| methods.with(Anonymous::named("cookie")))
        .unwrap();
    let (join, mut router) = joining(with(methods)).await;
    let details = &router.hello[2];
    assert_eq!(details["authmethods"], json!(["anonymous", "cookie"]));
    assert_eq!((&details["authid"], &details["authrole"]), (&json!("joe"), &json!("guest")));
    welcome(&mut router, "cookie", json!({"x": 1}));
    let session = join.await.unwrap().unwrap();
    assert_eq!((session.authid(), session.authmethod()), (Some("joe"), Some("cookie")));
    assert_eq!(*session.authextra(), Dict::new().with("x", 1));
}

#[tokio::test]
async fn what_has_no_answer_refuses_a_challenge() {
    let (join, mut router) = joining(with(Anonymous::named("cookie"))).await;
    router.send(json!([4, "cookie", {}]));
    let text = refuses(join.await.unwrap(), router).await;
    assert!(text.contains("\"cookie\""), "{text}");
}

#[tokio::test]
async fn the_router_takes_which_it_can_do() {
    let methods = Authentication::new()
        .with(Ticket::new("joe", "secret!!!"))
        .and_then(|methods| methods.with(WampCra::new("joe", "secret2")))
        .and_then(|methods| methods.with(Cryptosign::new(key()).authid("joe")))
        .unwrap();
    let config = with(methods).authid("joe").authextra(Dict::new().with("device", 7));
    let (join, mut router) = joining(config).await;
    let details = &router.hello[2];
    assert_eq!(details["authmethods"], json!(["ticket", "wampcra", "cryptosign"]));
    let extra = json!({"device": 7, "pubkey": to_hex(&key().public_key())});
    assert_eq!(details["authextra"], extra);
    let credential = Credential::WampCra { secret: "secret2".into(), salt: None };
    challenge(&mut router, &credential).await;
    assert_eq!(join.await.unwrap().unwrap().authmethod(), Some("wampcra"));
}

#[tokio::test]
async fn a_router_that_knows_no_password_is_left() {
    let credential = scram(Dialect::Spec, Kdf::Pbkdf2, 4096, None);
    // Without a challenge, however it calls that.
    for method in ["wamp-scram", "scram", "anonymous", "cookie"] {
        let (join, mut router) = joining(with(Scram::new("joe", "pencil"))).await;
        welcome(&mut router, method, json!({}));
        let told = tokio::spawn(async move { farewell(&mut router).await });
        let reason = refusal(join.await.unwrap());
        assert_eq!(reason.reason, "wamp.error.cannot_authenticate");
        assert!(reason.message.unwrap().contains("without proving its identity"));
        assert_eq!(told.await.unwrap(), "wamp.error.cannot_authenticate");
    }
    // With one, but a signature that is another's.
    let (join, mut router) = joining(with(Scram::new("joe", "pencil"))).await;
    let script = tokio::spawn(async move {
        let nonce = router.hello[2]["authextra"]["nonce"].as_str().unwrap().to_owned();
        let Credential::Scram { credential, .. } = &credential else { panic!() };
        let salt = BASE64.encode(&credential.salt);
        router.send(json!([4, "wamp-scram", {
            "nonce": format!("{nonce}more"), "salt": salt, "kdf": "pbkdf2",
            "iterations": 4096, "memory": null, "channel_binding": null,
        }]));
        assert_eq!(router.recv().await[0], 5);
        let verifier = BASE64.encode(&[0; 32]);
        welcome(&mut router, "wamp-scram", json!({"verifier": verifier}));
        farewell(&mut router).await
    });
    let reason = refusal(join.await.unwrap());
    assert_eq!(reason.reason, "wamp.error.cannot_authenticate");
    assert!(reason.message.unwrap().contains("signature is wrong"));
    assert_eq!(script.await.unwrap(), "wamp.error.cannot_authenticate");
}

#[tokio::test]
async fn a_router_that_is_asked_for_its_key_must_have_it() {
    let expecting = |key| Cryptosign::new(self::key()).expect_router_key(key);
    let router_key = challenger::router_key().public_key();
    let (join, mut router) = joining(with(expecting(router_key))).await;
    challenge(&mut router, &known_key()).await;
    assert!(join.await.unwrap().is_ok());

    let (join, mut router) = joining(with(expecting([7; 32]))).await;
    let hello = router.hello[2].clone();
    assert_eq!(hello["authextra"]["challenge"].as_str().unwrap().len(), 64);
    // It must not see our signature, which it could pass on.
    let answer = tokio::spawn(async move {
        let other = SigningKey::from_seed([8; 32]);
        let message = hello["authextra"]["challenge"].as_str().unwrap();
        let message = to_be_signed(message, None).unwrap();
        let signature = response(&other.sign(&message), &message);
        let challenge = to_hex(&[3; 32]);
        router.send(json!([4, "cryptosign", {"challenge": challenge, "signature": signature}]));
        router.recv().await
    });
    let text = refusal(join.await.unwrap()).message.unwrap();
    assert!(text.contains("not who it should be"), "{text}");
    assert_eq!(answer.await.unwrap()[0], 3);

    let (join, mut router) = joining(with(expecting(router_key))).await;
    router.send(json!([4, "cryptosign", {"challenge": to_hex(&[3; 32])}]));
    let text = refuses(join.await.unwrap(), router).await;
    assert!(text.contains("CHALLENGE.Extra.signature is missing"), "{text}");
}

#[tokio::test]
async fn joining_again_proves_it_again() {
    let (join, mut router) = joining(with(Scram::new("joe", "pencil"))).await;
    let credential = scram(Dialect::Spec, Kdf::Pbkdf2, 4096, None);
    challenge(&mut router, &credential).await;
    let session = join.await.unwrap().unwrap();
    let first = router.hello[2]["authextra"]["nonce"].clone();
    let again = tokio::spawn(session.rejoin("realm1"));
    assert_eq!(farewell(&mut router).await, "wamp.close.close_realm");
    router.hello = router.recv().await;
    assert_ne!(router.hello[2]["authextra"]["nonce"], first);
    challenge(&mut router, &credential).await;
    assert_eq!(again.await.unwrap().unwrap().authid(), Some("joe"));
}
