//! Users of a router core, and clients that prove who they are with the crate's own arithmetic.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use wampwerk::auth::cryptosign::SigningKey;
use wampwerk::auth::scram::{Dialect, Kdf, ScramCredential};
use wampwerk::auth::{Credential, Salt, Secret};
use wampwerk::internals::auth::ClientExchange;
use wampwerk::internals::core::router::{AuthenticationConfig, ConnectionId, RouterConfig, User};
use wampwerk::message::*;
use wampwerk::{Dict, Value};

use super::router_core::{Net, hello};

pub const METHODS: [&str; 5] = ["ticket", "wampcra", "cryptosign", "wamp-scram", "scram"];
pub const RIGHT: &str = "right-secret";
pub const WRONG: &str = "wrong-secret";

/// `joe` may join `realm1` by every method, `jane` both realms by a ticket.
pub fn users() -> AuthenticationConfig {
    let mut config = AuthenticationConfig::new([7; 32]);
    config.users = vec![joe().wampcra(RIGHT), jane()];
    config
}

pub fn net() -> Net {
    net_with(users())
}

/// The same, but of WAMP-CRA the router has only a salted key.
pub fn salted_net() -> Net {
    let mut config = AuthenticationConfig::new([7; 32]);
    let credential = Credential::salted_wampcra(&RIGHT.into(), Salt::new("pepper")).unwrap();
    config.users = vec![joe().credential(credential), jane()];
    net_with(config)
}

pub fn net_with(authentication: AuthenticationConfig) -> Net {
    let mut config = RouterConfig::new(7).realm("realm1").realm("realm2");
    authentication.check(&config.realms).unwrap();
    config.authentication = Some(authentication);
    Net::with(config)
}

fn joe() -> User {
    User::new("joe", "frontend")
        .realm("realm1")
        .ticket(RIGHT)
        .public_key(&wampwerk::internals::auth::to_hex(&key(RIGHT).public_key()))
        .credential(scram_credential(Dialect::Spec))
        .credential(scram_credential(Dialect::Autobahn))
}

fn jane() -> User {
    User::new("jane", "backend").realm("realm1").realm("realm2").ticket(RIGHT)
}

/// The router's credential of a user with the right secret.
pub fn credential(method: &str) -> Credential {
    match method {
        "ticket" => Credential::Ticket(RIGHT.into()),
        "wampcra" => Credential::WampCra { secret: RIGHT.into(), salt: None },
        "cryptosign" => Credential::Cryptosign { public_keys: vec![key(RIGHT).public_key()] },
        method => scram_credential(Dialect::of_method(method).unwrap()),
    }
}

fn scram_credential(dialect: Dialect) -> Credential {
    // It takes its time.
    static CREDENTIALS: [OnceLock<ScramCredential>; 2] = [OnceLock::new(), OnceLock::new()];
    let credential = CREDENTIALS[usize::from(dialect == Dialect::Spec)].get_or_init(|| {
        let password = Secret::from(RIGHT);
        ScramCredential::derive(dialect, &password, Kdf::Pbkdf2, &[5; 16], 4096, None).unwrap()
    });
    Credential::Scram { dialect, credential: credential.clone() }
}

pub fn key(secret: &str) -> SigningKey {
    SigningKey::from_seed([secret.as_bytes()[0]; 32])
}

/// A client with one method.
pub struct Client {
    method: &'static str,
    authid: Option<String>,
    secret: String,
    scram: Option<ClientExchange>,
}

impl Client {
    pub fn new(method: &'static str, authid: Option<&str>, secret: &str) -> Self {
        let scram = Dialect::of_method(method).map(|dialect| {
            ClientExchange::new(dialect, authid.unwrap_or_default(), secret.into(), [9; 24])
        });
        let authid = authid.map(str::to_owned);
        Client { method, authid, secret: secret.to_owned(), scram }
    }

    pub fn hello(&self) -> Hello {
        let mut hello = hello("realm1");
        hello.details.authmethods = Some(vec![self.method.to_owned()]);
        hello.details.authid = self.authid.clone();
        hello.details.authextra = Some(match &self.scram {
            Some(scram) => scram.authextra(),
            None if self.method == "cryptosign" => {
                let key = wampwerk::internals::auth::to_hex(&key(&self.secret).public_key());
                Dict::new().with("pubkey", key)
            }
            None => Dict::new(),
        });
        hello
    }

    pub fn answer(&mut self, challenge: &Challenge) -> Authenticate {
        let mut extra = Dict::new();
        let signature = match (self.method, &mut self.scram) {
            ("ticket", _) => self.secret.clone(),
            ("wampcra", _) => wampwerk::internals::auth::wampcra::answer(
                &self.secret.as_str().into(),
                &challenge.extra,
            )
            .unwrap(),
            (_, Some(scram)) => {
                let (signature, more) = scram.answer(&challenge.extra).unwrap();
                extra = more;
                signature
            }
            _ => {
                let challenge = text(challenge, "challenge");
                let message = wampwerk::internals::auth::to_be_signed(&challenge, None).unwrap();
                wampwerk::internals::auth::response(&key(&self.secret).sign(&message), &message)
            }
        };
        Authenticate { signature, extra }
    }

    pub fn understands(&self, challenge: &Challenge) -> bool {
        self.method == challenge.method
    }

    /// That the router has proved itself, where the method has that.
    pub fn check(&self, authextra: &Dict) {
        if let Some(scram) = &self.scram {
            scram.check(authextra).unwrap();
        }
    }
}

pub fn challenge(net: &mut Net, id: ConnectionId) -> Challenge {
    match net.take_one(id) {
        Message::Challenge(challenge) => challenge,
        other => panic!("{other:?}"),
    }
}

/// A text in CHALLENGE.Extra.
pub fn text(challenge: &Challenge, key: &str) -> String {
    challenge.extra.get(key).unwrap().as_str().unwrap().to_owned()
}

/// What can be seen of a challenge without knowing the secret: all of it but what is new each time
/// and what the client has said itself. Of other texts the length.
pub fn shape(challenge: &Challenge) -> String {
    let mut shape = BTreeMap::new();
    for (key, value) in challenge.extra.iter() {
        let shown = match value {
            // It holds the name.
            Value::String(text) if key == "challenge" && text.starts_with('{') => {
                let text: BTreeMap<String, serde_json::Value> = serde_json::from_str(text).unwrap();
                let told = text.into_iter().map(|(key, value)| match key.as_str() {
                    "nonce" | "session" | "timestamp" | "authid" => (key, json_kind(&value)),
                    _ => (key, value.to_string()),
                });
                format!("{:?}", told.collect::<BTreeMap<_, _>>())
            }
            Value::String(text) => format!("{} characters", text.len()),
            other => format!("{other:?}"),
        };
        shape.insert(key.to_owned(), shown);
    }
    format!("{} {shape:?}", challenge.method)
}

fn json_kind(value: &serde_json::Value) -> String {
    if value.is_string() { "a text".to_owned() } else { "no text".to_owned() }
}

pub fn abort() -> Abort {
    let (details, payload) = (ClosingDetails::default(), Payload::empty());
    Abort { details, reason: "wamp.error.cannot_authenticate".into(), payload }
}
