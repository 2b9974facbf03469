//! A scripted router that knows users: it challenges them by what `auth` computes for routers, and
//! judges their answers by it.

use std::time::Duration;

use serde_json::{Map, Value as Json, json};
use wampwerk::auth::Credential;
use wampwerk::auth::cryptosign::SigningKey;
use wampwerk::internals::auth::{ChallengeContext, Exchange};
use wampwerk::message::Authenticate;
use wampwerk::{Dict, Value};

use super::scripted::Scripted;

/// What a router says of itself.
pub fn router_key() -> SigningKey {
    SigningKey::from_seed([9; 32])
}

/// Challenges the client by this credential, and lets it in if the answer is right.
pub async fn challenge(router: &mut Scripted, credential: &Credential) {
    challenge_over(router, credential, None).await;
}

/// The same over a channel with an id.
pub async fn challenge_over(
    router: &mut Scripted,
    credential: &Credential,
    channel_id: Option<[u8; 32]>,
) {
    let details = router.hello[2].clone();
    let offered = details["authmethods"].as_array().unwrap();
    assert!(offered.contains(&json!(credential.method())), "{details}");
    let extra = dict(&details["authextra"]);
    let key = router_key();
    let context = ChallengeContext {
        realm: "realm1",
        authid: details["authid"].as_str().unwrap_or("by key"),
        authrole: "user",
        authprovider: "static",
        session: 7,
        nonce: [3; 32],
        unix_time: Duration::from_secs(1_795_000_000),
        authextra: &extra,
        channel_id,
        secret: &[5; 32],
        router_key: Some(&key),
    };
    let (challenge, exchange) = Exchange::begin(credential, &context).unwrap();
    router.send(json!([4, challenge.method, json_of(&challenge.extra)]));
    let answer = router.recv().await;
    assert_eq!(answer[0], 5, "{answer}");
    let signature = answer[1].as_str().unwrap().to_owned();
    let answer = Authenticate { signature, extra: dict(&answer[2]) };
    match exchange.verify(&answer) {
        Ok(authextra) => welcome(router, credential.method(), json_of(&authextra)),
        Err(error) => {
            let details = json!({"message": error.message});
            router.send(json!([3, details, "wamp.error.authentication_failed"]));
        }
    }
}

/// Lets the client in.
pub fn welcome(router: &mut Scripted, method: &str, authextra: Json) {
    let authid = router.hello[2]["authid"].clone();
    router.send(json!([2, 7, {
        "roles": {"broker": {}, "dealer": {}},
        "authid": if authid.is_null() { json!("by key") } else { authid },
        "authrole": "user",
        "authmethod": method,
        "authprovider": "static",
        "authextra": authextra,
    }]));
}

pub fn json_of(dict: &Dict) -> Json {
    serde_json::to_value(dict).unwrap()
}

/// A dict of a JSON object; none of null.
pub fn dict(json: &Json) -> Dict {
    let none = Map::new();
    let entries = json.as_object().unwrap_or(&none);
    entries.iter().map(|(key, value)| (key.clone(), value_of(value))).collect()
}

pub fn value_of(json: &Json) -> Value {
    serde_json::from_value(json.clone()).unwrap()
}
