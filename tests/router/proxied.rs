//! Clients of a proxy, which says who they are: `anonymous-proxy` and `cryptosign-proxy`, only at listeners that are for
//! proxies.

use wampwerk::auth::cryptosign::SigningKey;
use wampwerk::error::ConnectError;
use wampwerk::router::{Role, Rule, User};
use wampwerk::server::Listener;
use wampwerk::session::authentication::{Authentication, Cryptosign};
use wampwerk::{Dict, Router, Session, Value, connect};

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed([seed; 32])
}

fn router() -> Router {
    let all = || Rule::prefix("").all();
    let user =
        |name: &str, seed: u8| User::new(name, "backend").public_key(&key(seed).public_key_hex());
    Router::builder()
        .realm("realm1")
        .realm("realm2")
        .role(Role::new("backend").allow(all()))
        .role(Role::new("guest").allow(all()))
        .user(user("front", 1).proxy())
        .user(user("joe", 2).realm("realm1"))
        .user(user("narrow", 4).realm("realm1").proxy())
        .build()
        .unwrap()
}

fn who() -> Dict {
    let dict = Dict::new().with("proxy_realm", "realm2").with("proxy_authid", "client-7");
    let extra = Dict::new().with("device", 7);
    dict.with("proxy_authrole", "guest").with("proxy_authextra", extra)
}

fn by_name(method: &str, authextra: &Dict) -> Authentication {
    let value = Dict::new().with(method, Dict::new().with("authextra", authextra.clone()));
    Authentication::from_value(&value.into()).unwrap()
}

fn by_key(seed: u8, authextra: &Dict) -> Authentication {
    Cryptosign::new(key(seed)).proxy().authextra(authextra.clone()).into()
}

async fn join(at: &Listener, authentication: Authentication) -> Result<Session, ConnectError> {
    connect(at.url(), "realm1").authentication(authentication).await
}

fn refusal(outcome: Result<Session, ConnectError>) -> String {
    match outcome {
        Err(ConnectError::Join(reason)) => reason.to_string(),
        other => panic!("{other:?}"),
    }
}

fn check(session: &Session, method: &str) {
    let details = &session.welcome().details;
    assert_eq!(session.realm(), "realm2");
    assert_eq!((session.authid(), session.authrole()), (Some("client-7"), Some("guest")));
    assert_eq!(details.authmethod.as_deref(), Some(method));
    assert_eq!(session.authextra().get("device"), Some(&Value::from(7)));
}

#[tokio::test]
async fn a_proxy_says_who_its_client_is() {
    let router = router();
    for url in ["ws://127.0.0.1:0/ws", "rs://127.0.0.1:0"] {
        let open = router.listen(url).anonymous_proxy(true).await.unwrap();
        check(&join(&open, by_name("anonymous-proxy", &who())).await.unwrap(), "anonymous-proxy");
        let keys = router.listen(url).cryptosign_proxy(true).await.unwrap();
        check(&join(&keys, by_key(1, &who())).await.unwrap(), "cryptosign-proxy");
    }
}

#[tokio::test]
async fn nobody_else_may() {
    let router = router();
    let url = "ws://127.0.0.1:0/ws";
    let plain = router.listen(url).await.unwrap();
    let open = router.listen(url).anonymous_proxy(true).await.unwrap();
    let keys = router.listen(url).cryptosign_proxy(true).await.unwrap();
    let no_method = "wamp.error.no_matching_auth_method";
    // Each listener has what was set for it, and others nothing.
    for at in [&plain, &keys] {
        assert!(refusal(join(at, by_name("anonymous-proxy", &who())).await).contains(no_method));
    }
    for at in [&plain, &open] {
        assert!(refusal(join(at, by_key(1, &who())).await).contains(no_method));
    }
    // A key of a user that is no proxy, and of nobody: as a wrong proof.
    for seed in [2, 3] {
        let refused = refusal(join(&keys, by_key(seed, &who())).await);
        assert!(refused.contains("wamp.error.authentication_denied"), "{refused}");
    }
    // A proxy of one realm joins for others in that realm only.
    let refused = refusal(join(&keys, by_key(4, &who())).await);
    assert!(refused.contains("wamp.error.authentication_denied"), "{refused}");
    let within = who().with("proxy_realm", "realm1");
    assert_eq!(join(&keys, by_key(4, &within)).await.unwrap().realm(), "realm1");
    // A user joins as itself there.
    let session = join(&keys, Cryptosign::new(key(2)).into()).await.unwrap();
    assert_eq!((session.authid(), session.authrole()), (Some("joe"), Some("backend")));
    assert_eq!(session.realm(), "realm1");
}

#[tokio::test]
async fn what_a_proxy_says_is_checked() {
    let router = router();
    let url = "ws://127.0.0.1:0/ws";
    let open = router.listen(url).anonymous_proxy(true).await.unwrap();
    let keys = router.listen(url).cryptosign_proxy(true).await.unwrap();
    let without = |key: &str| who().into_iter().filter(|(other, _)| other != key).collect::<Dict>();
    for (extra, text) in [
        (without("proxy_realm"), "authextra.proxy_realm is missing"),
        (without("proxy_authid"), "authextra.proxy_authid is missing"),
        (without("proxy_authrole"), "authextra.proxy_authrole is missing"),
        (who().with("proxy_authid", ""), "authextra.proxy_authid must be a text that is not empty"),
        (who().with("proxy_authid", 7), "authextra.proxy_authid must be a text that is not empty"),
        (who().with("proxy_authextra", 7), "authextra.proxy_authextra must be a dict"),
        (who().with("proxy_realm", "realm3"), "no_such_realm"),
        (who().with("proxy_authrole", "admin"), "no_such_role"),
    ] {
        for (at, authentication) in
            [(&open, by_name("anonymous-proxy", &extra)), (&keys, by_key(1, &extra))]
        {
            let refused = refusal(join(at, authentication).await);
            assert!(refused.contains(text), "{text}: {refused}");
        }
    }
}
