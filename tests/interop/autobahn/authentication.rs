//! How Autobahn's sessions log in to our router, and its `Component`, whose router goes and comes.

use serde_json::{Value as Json, json};
use wampwerk::auth::cryptosign::SigningKey;
use wampwerk::auth::scram::{Dialect, Kdf, ScramCredential};
use wampwerk::auth::{Credential, Salt};
use wampwerk::router::{Denied, Principal, RouterBuilder, User};
use wampwerk::server::Listener;
use wampwerk::{Router, Uri};

use super::place::Place;
use crate::peer::{Autobahn, Failed};

const SEED: &str = "4ffddd896a530ce5ee8c86b83b0d31835490a97a9cd718cb2f09c9fd31c4a7d7";

/// The methods that Autobahn has, the same by which the router knows a user of each, and where the
/// secret stands in what Autobahn is given.
fn methods() -> Vec<(&'static str, Json, &'static str)> {
    vec![
        ("ticket", json!({"authid": "tina", "ticket": "open sesame"}), "ticket"),
        ("wampcra", json!({"authid": "wanda", "secret": "a shared secret"}), "secret"),
        ("wampcra", json!({"authid": "walter", "secret": "another one"}), "secret"),
        ("scram", json!({"authid": "sam", "password": "pässword"}), "password"),
        ("cryptosign", json!({"authid": "carl", "privkey": SEED}), "privkey"),
    ]
}

fn users(router: RouterBuilder) -> RouterBuilder {
    let salted = Credential::salted_wampcra(&"another one".into(), Salt::new("pepper")).unwrap();
    let kdf = Kdf::Argon2id13;
    let (password, salt) = ("pässword".into(), [7; 16]);
    let dialect = Dialect::Autobahn;
    // Weaker than what Autobahn derives, which takes a second each time.
    let credential = ScramCredential::derive(dialect, &password, kdf, &salt, 64, Some(512));
    let scram = Credential::Scram { dialect, credential: credential.unwrap() };
    let key = SigningKey::from_hex(SEED).unwrap().public_key();
    router
        .user(User::new("tina", "staff").ticket("open sesame"))
        .user(User::new("wanda", "staff").wampcra("a shared secret"))
        .user(User::new("walter", "staff").credential(salted))
        .user(User::new("sam", "staff").credential(scram))
        .user(
            User::new("carl", "staff")
                .credential(Credential::Cryptosign { public_keys: vec![key] }),
        )
}

async fn place(like: &Place, more: impl FnOnce(RouterBuilder) -> RouterBuilder) -> Place {
    Place::embedded_with(more).await.with_serializer_of(like)
}

async fn log_in(at: &Place, authentication: Json) -> Result<Autobahn, Failed> {
    Autobahn::log_in(at.url(), "realm1", at.serializer().as_str(), authentication).await
}

async fn refusal(at: &Place, authentication: Json) -> Failed {
    log_in(at, authentication).await.err().unwrap()
}

/// It is in, by that method, and at work.
async fn assert_joined(theirs: Autobahn, authid: &str, authrole: &str, method: &str) {
    let said = |key: &str| theirs.details[key].as_str().unwrap().to_owned();
    assert_eq!((&*said("authrole"), &*said("authmethod")), (authrole, method));
    assert!(authid.is_empty() || said("authid") == authid, "{}", theirs.details);
    let procedure = format!("com.example.{}", theirs.id());
    theirs.must("register", json!({"procedure": procedure, "answer": "echo"})).await;
    assert_eq!(theirs.call(&procedure, json!(["here"])).await.unwrap(), json!({"value": "here"}));
    theirs.leave().await;
}

pub(crate) async fn every_method_joins(at: &Place) {
    let at = place(at, users).await;
    for (method, how, _) in methods() {
        let authid = how["authid"].as_str().unwrap().to_owned();
        let theirs = log_in(&at, json!({method: how})).await;
        let theirs = theirs.unwrap_or_else(|error| panic!("{authid}: {error}"));
        assert_joined(theirs, &authid, "staff", method).await;
    }
    // A key tells whose it is.
    let nameless = json!({"cryptosign": {"privkey": SEED}});
    assert_joined(log_in(&at, nameless).await.unwrap(), "carl", "staff", "cryptosign").await;
}

/// The refusal does not say whether the name or the secret was wrong.
pub(crate) async fn wrong_secrets_are_refused(at: &Place) {
    let at = place(at, users).await;
    for (method, how, secret) in methods() {
        let mut wrong = how.clone();
        wrong[secret] =
            if method == "cryptosign" { "00".repeat(32) } else { "?".to_owned() }.into();
        let refused = refusal(&at, json!({method: wrong})).await;
        assert_eq!(refused["error"], Uri::AUTHENTICATION_DENIED, "{method}: {refused}");
        let mut stranger = wrong;
        stranger["authid"] = "nobody".into();
        let unknown = refusal(&at, json!({method: stranger})).await;
        assert_eq!(
            (&unknown["error"], &unknown["args"]),
            (&refused["error"], &refused["args"]),
            "{method}"
        );
    }
    // Who says nothing of himself is not let in either.
    for anonymous in [json!({}), json!({"anonymous": {}})] {
        let refused = refusal(&at, anonymous).await;
        assert_eq!(refused["error"], Uri::NO_MATCHING_AUTH_METHOD, "{refused}");
    }
}

pub(crate) async fn guests_beside_users(at: &Place) {
    let at = place(at, |router| users(router).anonymous("guest")).await;
    for anonymous in [json!({}), json!({"anonymous": {}})] {
        assert_joined(log_in(&at, anonymous).await.unwrap(), "", "guest", "anonymous").await;
    }
    let ticket = json!({"ticket": {"authid": "tina", "ticket": "open sesame"}});
    assert_joined(log_in(&at, ticket).await.unwrap(), "tina", "staff", "ticket").await;
}

/// The first that the router has counts; a wrong proof of it is no reason to try the next.
pub(crate) async fn several_methods_at_once(at: &Place) {
    let both = User::new("bo", "staff").ticket("open sesame").wampcra("a shared secret");
    let at = place(at, |router| router.user(both)).await;
    let ticket = |ticket: &str| json!(["ticket", {"authid": "bo", "ticket": ticket}]);
    let cra = |secret: &str| json!(["wampcra", {"authid": "bo", "secret": secret}]);
    let (ticket_first, cra_first) = (
        |right: &str| json!([["anonymous", {}], ticket(right), cra("?")]),
        |right: &str| json!([["cryptosign", {"privkey": SEED}], cra(right), ticket("?")]),
    );
    let theirs = log_in(&at, ticket_first("open sesame")).await.unwrap();
    assert_joined(theirs, "bo", "staff", "ticket").await;
    let theirs = log_in(&at, cra_first("a shared secret")).await.unwrap();
    assert_joined(theirs, "bo", "staff", "wampcra").await;
    for wrong in [ticket_first("a shared secret"), cra_first("open sesame")] {
        let refused = refusal(&at, wrong).await;
        assert_eq!(refused["error"], Uri::AUTHENTICATION_DENIED, "{refused}");
    }
}

/// A dynamic authenticator, which tells another name than the client did.
pub(crate) async fn a_function_lets_them_in(at: &Place) {
    let dynamic = |router: RouterBuilder| {
        router.authenticator(&["ticket", "wampcra"], |request| async move {
            let secret = match request.authid.as_deref() {
                Some("joe") => "a long secret",
                _ => return Err(Denied::new()),
            };
            let credential = match request.authmethod.as_str() {
                "ticket" => Credential::Ticket(secret.into()),
                _ => Credential::WampCra { secret: secret.into(), salt: None },
            };
            Ok(Principal::new("joseph", "backend").credential(credential))
        })
    };
    let at = place(at, dynamic).await;
    for (method, secret) in [("ticket", "ticket"), ("wampcra", "secret")] {
        let right = json!({method: {"authid": "joe", secret: "a long secret"}});
        assert_joined(log_in(&at, right).await.unwrap(), "joseph", "backend", method).await;
        for (authid, text) in [("joe", "?"), ("nobody", "a long secret")] {
            let refused = refusal(&at, json!({method: {"authid": authid, secret: text}})).await;
            assert_eq!(refused["error"], Uri::AUTHENTICATION_DENIED, "{refused}");
        }
    }
}

pub(crate) async fn their_component_comes_back(at: &Place) {
    let (serializer, procedure, topic) = (at.serializer(), at.uri("procedure"), at.uri("topic"));
    let start = async |url: &str| -> (Router, Listener) {
        let router = users(Router::builder().realm("realm1")).build().unwrap();
        let listener = router.listen(url).await.unwrap();
        (router, listener)
    };
    let (router, listener) = start("ws://127.0.0.1:0/ws").await;
    let url = listener.url().to_owned();
    let how = json!({
        "url": url, "realm": "realm1", "serializer": serializer.as_str(), "procedure": procedure,
        "topic": topic, "authentication": {"wampcra": {"authid": "walter", "secret": "another one"}},
    });
    let mut theirs = Autobahn::component(how).await;
    let running = theirs.start("start", json!({}));
    assert_eq!(theirs.until("joined").await["details"]["authid"], "walter");
    theirs.until("ready").await;

    router.shutdown().await;
    drop(listener);
    assert_eq!(theirs.until("left").await["reason"], Uri::SYSTEM_SHUTDOWN);
    let (_router, _listener) = start(&url).await;
    theirs.until("ready").await;

    let ticket = wampwerk::session::authentication::Ticket::new("tina", "open sesame");
    let ours = wampwerk::connect(&url, "realm1").authentication(ticket).await.unwrap();
    assert_eq!(ours.call(&*procedure).args((5,)).value::<Vec<u8>>().await.unwrap(), [5]);
    ours.publish(&*topic).args(("news",)).await.unwrap();
    assert_eq!(theirs.until("event").await["args"], json!(["news"]));
    theirs.must("stop", json!({})).await;
    running.await.unwrap();
    ours.leave().await;
}
