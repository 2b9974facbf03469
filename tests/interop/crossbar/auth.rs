//! Against a real Crossbar that asks who one is: every method joins with the right secret, over
//! WebSocket, plain and over TLS, and over RawSocket, and is refused with a wrong one.

use wampwerk::auth::cryptosign::SigningKey;
use wampwerk::auth::scram::{Dialect, Kdf};
use wampwerk::auth::{AuthError, Secret};
use wampwerk::error::{CallError, CloseKind, CloseReason, ConnectError};
use wampwerk::internals::auth::{AuthMessage, Keys, salted_password};
use wampwerk::message::{Challenge, Welcome};
use wampwerk::session::authentication::{
    Anonymous, Authentication, Authenticator, ChannelBinding, Cryptosign, OnChallenge, Proof,
    Scram, Signature, Ticket, WampCra,
};
use wampwerk::session::{SessionConfig, connect_with};
use wampwerk::transport::{BoxFuture, TransportInfo, WampWebSocketClientFactory};
use wampwerk::{Dict, Serializer, Session, Value};

use crate::crossbar::rig::Rig;

tests! { Crossbar:
    every_user_joins,
    nobody_joins_with_a_wrong_secret,
    strangers_are_refused,
    anonymous_only_is_refused,
    several_methods_are_offered_at_once,
    a_key_needs_no_name,
    a_channel_binding_is_insisted_on,
    a_function_answers,
    connecting_by_url_logs_in,
}

/// From an authid and a secret.
type Credentials = fn(&str, &str) -> Authentication;

/// The users of the rig, and how each logs in with a secret.
const USERS: [(&str, &str, Credentials); 7] = [
    ("ticket", "ticket", |authid, secret| Ticket::new(authid, secret).into()),
    ("wampcra", "wampcra", |authid, secret| WampCra::new(authid, secret).into()),
    ("wampcra-salted", "wampcra", |authid, secret| WampCra::new(authid, secret).into()),
    ("scram-autobahn", "scram", scram),
    ("scram-pbkdf2", "scram", scram),
    ("scram-argon2", "scram", |authid, secret| Mixture::new(authid, secret).into()),
    ("cryptosign", "cryptosign", |authid, secret| cryptosign(authid, secret).into()),
];

fn scram(authid: &str, secret: &str) -> Authentication {
    Scram::new(authid, secret).dialect(Dialect::Autobahn).into()
}

fn cryptosign(authid: &str, seed: &str) -> Cryptosign {
    Cryptosign::new(SigningKey::from_hex(seed).unwrap()).authid(authid)
}

/// A secret of the same form that is not the user's.
fn wrong(user: &str, secret: &str) -> String {
    if user == "cryptosign" { "00".repeat(32) } else { format!("{secret}?") }
}

async fn log_in(
    rig: &Rig,
    transport: &str,
    serializer: Serializer,
    authentication: impl Into<Authentication>,
) -> Result<Session, ConnectError> {
    let transport = rig.connector(transport, serializer).connect().await?;
    let config = SessionConfig::default().authentication(authentication);
    wampwerk::session::join(transport, rig.get("realm"), config).await
}

fn refusal(outcome: Result<Session, ConnectError>) -> CloseReason {
    match outcome {
        Err(ConnectError::Join(reason)) => {
            assert_eq!(reason.kind, CloseKind::Aborted);
            (*reason).clone()
        }
        other => panic!("not refused, but {other:?}"),
    }
}

async fn every_user_joins() {
    let rig = Rig::find();
    for transport in ["ws_auth", "wss_auth", "rs_auth"] {
        for (user, method, with) in USERS {
            let (authid, secret) = rig.user(user);
            // The strong one takes a second each time.
            let serializers = match user {
                "scram-autobahn" => &[Serializer::Cbor][..],
                _ => &Serializer::ALL,
            };
            for &serializer in serializers {
                let session = log_in(&rig, transport, serializer, with(authid, secret)).await;
                let session =
                    session.unwrap_or_else(|error| panic!("{user}, {transport}: {error}"));
                let said = (session.authid(), session.authrole(), session.authmethod());
                assert_eq!(said, (Some(authid), Some("authed"), Some(method)));
                assert_eq!(session.authprovider(), Some("static"));
                assert_eq!(session.transport().secure, transport == "wss_auth");
                // Joined for good: what the role may do is done, the rest is refused.
                session.call("wamp.session.count").value::<u64>().await.unwrap();
                let error = session.call("deny.procedure").await.unwrap_err();
                let CallError::Application(error) = error else { panic!("{error}") };
                assert_eq!(error.uri, "wamp.error.not_authorized");
                session.leave().await;
            }
        }
    }
}

async fn nobody_joins_with_a_wrong_secret() {
    let rig = Rig::find();
    for transport in ["ws_auth", "wss_auth", "rs_auth"] {
        for (user, _, with) in USERS {
            let (authid, secret) = rig.user(user);
            let wrong = wrong(user, secret);
            let outcome = log_in(&rig, transport, Serializer::Cbor, with(authid, &wrong)).await;
            let reason = refusal(outcome);
            assert_eq!(reason.reason, "wamp.error.not_authorized", "{user}: {reason}");
            assert!(!format!("{reason} {reason:?}").contains(&*wrong), "{user}: {reason:?}");
        }
    }
}

async fn strangers_are_refused() {
    let rig = Rig::find();
    for (user, _, with) in USERS {
        let (_, secret) = rig.user(user);
        let outcome = log_in(&rig, "ws_auth", Serializer::Json, with("nobody", secret)).await;
        assert_eq!(refusal(outcome).reason, "wamp.error.not_authorized", "{user}");
    }
}

async fn anonymous_only_is_refused() {
    let rig = Rig::find();
    for anonymous in
        [Authentication::new(), Anonymous::new().into(), Anonymous::named("cookie").into()]
    {
        let outcome = log_in(&rig, "ws_auth", Serializer::Cbor, anonymous).await;
        assert_eq!(refusal(outcome).reason, "wamp.error.no_auth_method");
    }
}

/// Crossbar takes the first of those offered that it has.
async fn several_methods_are_offered_at_once() {
    let rig = Rig::find();
    let (authid, secret) = rig.user("ticket");
    let right = || Ticket::new(authid, secret);
    let offers = [
        Authentication::new().with(Anonymous::new()).unwrap().with(right()).unwrap(),
        Authentication::new().with(right()).unwrap().with(WampCra::new(authid, "x")).unwrap(),
        Authentication::new().with(right()).unwrap().with(Scram::new(authid, "x")).unwrap(),
    ];
    for offer in offers {
        let session = log_in(&rig, "ws_auth", Serializer::Cbor, offer).await.unwrap();
        assert_eq!((session.authid(), session.authmethod()), (Some(authid), Some("ticket")));
        session.leave().await;
    }
    // Both dialects of SCRAM, and this by name as Autobahn's configuration has it.
    let (authid, secret) = rig.user("scram-pbkdf2");
    let both = log_in(&rig, "ws_auth", Serializer::Cbor, Scram::new(authid, secret)).await;
    assert_eq!(both.unwrap().authmethod(), Some("scram"));
    let (authid, secret) = rig.user("wampcra");
    let config = Dict::new()
        .with("anonymous", Dict::new())
        .with("wampcra", Dict::new().with("authid", authid).with("secret", secret));
    let config = Authentication::from_value(&Value::Dict(config)).unwrap();
    let session = log_in(&rig, "wss_auth", Serializer::Cbor, config).await.unwrap();
    assert_eq!((session.authid(), session.authmethod()), (Some(authid), Some("wampcra")));
}

/// The router tells the authid that belongs to the key, where none is asked for.
async fn a_key_needs_no_name() {
    let rig = Rig::find();
    let (authid, seed) = rig.user("cryptosign");
    let key = SigningKey::from_hex(seed).unwrap();
    let session = log_in(&rig, "wss_auth", Serializer::Cbor, Cryptosign::new(key)).await.unwrap();
    assert_eq!(session.authid(), Some(authid));
}

/// Crossbar knows only a binding that TLS 1.3 has not: then we do not go on without.
async fn a_channel_binding_is_insisted_on() {
    let rig = Rig::find();
    let (authid, seed) = rig.user("cryptosign");
    let bound = || cryptosign(authid, seed).channel_binding(ChannelBinding::TlsExporter);
    let outcome = log_in(&rig, "wss_auth", Serializer::Cbor, bound()).await;
    let Err(ConnectError::Join(reason)) = outcome else { panic!("{outcome:?}") };
    assert!(reason.reason.starts_with("wamp.error."), "{reason:?}");
    // Without TLS there is nothing to bind to.
    let outcome = log_in(&rig, "ws_auth", Serializer::Cbor, bound()).await;
    assert!(outcome.is_err(), "{outcome:?}");
}

async fn a_function_answers() {
    let rig = Rig::find();
    let (authid, secret) = rig.user("ticket");
    let answer = |secret: &str| {
        let secret = secret.to_owned();
        let asked = move |challenge: Challenge| {
            assert_eq!(challenge.method, "ticket");
            let secret = secret.clone();
            async move { Ok(Signature::new(secret)) }
        };
        OnChallenge::new(&["ticket"], asked).authid(authid)
    };
    let session = log_in(&rig, "ws_auth", Serializer::Json, answer(secret)).await.unwrap();
    assert_eq!(session.authid(), Some(authid));
    let outcome = log_in(&rig, "ws_auth", Serializer::Json, answer("another")).await;
    assert_eq!(refusal(outcome).reason, "wamp.error.not_authorized");
    // One that cannot: its own end says so.
    let silent = OnChallenge::new(&["ticket"], |_| async { Err(AuthError::new("no ticket left")) });
    let outcome = log_in(&rig, "ws_auth", Serializer::Json, silent.authid(authid)).await;
    let Err(ConnectError::Join(reason)) = outcome else { panic!("{outcome:?}") };
    assert_eq!(reason.reason, "wamp.error.cannot_authenticate");
    assert!(reason.to_string().contains("no ticket left"), "{reason}");
}

async fn connecting_by_url_logs_in() {
    let rig = Rig::find();
    let (authid, secret) = rig.user("wampcra-salted");
    let connect = wampwerk::connect(rig.get("ws_auth"), rig.get("realm"));
    let session = connect.authentication(WampCra::new(authid, secret)).await.unwrap();
    assert_eq!(session.authid(), Some(authid));
    // The same by a connector, which is what a component has.
    let factory = WampWebSocketClientFactory::new(rig.get("ws_auth"), &[Serializer::Cbor]).unwrap();
    assert_eq!(refusal(connect_with(&factory, "realm1").await).reason, "wamp.error.no_auth_method");
}

/// A method of the user's own: Crossbar's `scram` around keys that are derived as the specification
/// says, as who moves his users from another router has them. Neither dialect is this.
#[derive(Clone)]
struct Mixture {
    authid: String,
    password: Secret,
}

impl Mixture {
    fn new(authid: &str, password: &str) -> Self {
        Mixture { authid: authid.to_owned(), password: password.into() }
    }
}

impl Authenticator for Mixture {
    fn method(&self) -> &str {
        "scram"
    }

    fn authid(&self) -> Option<&str> {
        Some(&self.authid)
    }

    fn begin(&self, _: &TransportInfo) -> Result<Box<dyn Proof>, AuthError> {
        // Any text in Base64; a test needs no secret one.
        let nonce = "AAAAAAAAAAAAAAAAAAAAAAAA".to_owned();
        Ok(Box::new(MixtureProof { user: self.clone(), nonce, verifier: None }))
    }
}

struct MixtureProof {
    user: Mixture,
    nonce: String,
    verifier: Option<String>,
}

impl Proof for MixtureProof {
    fn authextra(&self) -> Dict {
        Dict::new().with("nonce", self.nonce.as_str())
    }

    fn answer<'a>(
        &'a mut self,
        challenge: &'a Challenge,
    ) -> BoxFuture<'a, Result<Signature, AuthError>> {
        let text = |key| challenge.extra.get(key).and_then(Value::as_str).unwrap();
        let number = |key| u32::try_from(challenge.extra.get(key).unwrap().as_u64().unwrap());
        let (nonce, salt, iterations) =
            (text("nonce"), text("salt"), number("iterations").unwrap());
        let octets = data_encoding::BASE64.decode(salt.as_bytes()).unwrap();
        let (kdf, memory) = (Kdf::from_name(text("kdf")).unwrap(), number("memory").unwrap());
        let (password, dialect) = (&self.user.password, Dialect::Spec);
        let salted = salted_password(dialect, password, kdf, &octets, iterations, Some(memory));
        let keys = Keys::new(&salted.unwrap());
        let message = AuthMessage {
            dialect: Dialect::Autobahn,
            authid: &self.user.authid,
            client_nonce: &self.nonce,
            nonce,
            salt,
            iterations,
            binding: None,
        };
        let message = message.text().unwrap();
        self.verifier = Some(keys.verifier(&message));
        Box::pin(async move { Ok(Signature::new(keys.proof(&message))) })
    }

    fn check(&mut self, welcome: &Welcome) -> Result<(), AuthError> {
        let said = welcome.details.authextra.as_ref().and_then(|extra| {
            extra.get("scram_server_signature").and_then(Value::as_str).map(str::to_owned)
        });
        assert!(said.is_some() && said == self.verifier);
        Ok(())
    }
}
