//! Authentication when things go wrong: signers that fail, hang or panic, routers that go away,
//! channels that cannot be bound to, joins that are given up. And what the trace shows of secrets.

use std::future::{pending, ready};
use std::sync::{Arc, Mutex};

use serde_json::json;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use wampwerk::Session;
use wampwerk::auth::cryptosign::SigningKey;
use wampwerk::auth::scram::Dialect;
use wampwerk::auth::{AuthError, Credential};
use wampwerk::error::{CloseKind, CloseReason, ConnectError};
use wampwerk::internals::auth::to_hex;
use wampwerk::message::{Serializer, Welcome};
use wampwerk::session::authentication::{
    Authentication, Authenticator, ChannelBinding, Cryptosign, OnChallenge, Proof, Scram,
    Signature, Signer, Ticket,
};
use wampwerk::session::{self, SessionConfig};
use wampwerk::transport::{BoxFuture, MemoryTransport, TransportInfo};

use crate::common::challenger;
use crate::common::challenger::{challenge, challenge_over, welcome};
use crate::common::fake_transport::FakeTransport;
use crate::common::notes::Notes;
use crate::common::scripted::{Scripted, joining};

fn with(authentication: impl Into<Authentication>) -> SessionConfig {
    SessionConfig::default().authentication(authentication)
}

fn refusal(outcome: Result<Session, ConnectError>) -> CloseReason {
    match outcome {
        Err(ConnectError::Join(reason)) => (*reason).clone(),
        other => panic!("{other:?}"),
    }
}

async fn told(router: &mut Scripted) -> String {
    let told = router.recv().await;
    assert_eq!(told[0], 3, "{told}");
    told[2].as_str().unwrap().to_owned()
}

/// What a signer does in place of signing.
enum Mood {
    Fails,
    Panics,
    PanicsLater,
    Hangs(Arc<Notify>, Mutex<Option<oneshot::Sender<()>>>),
    SignsByAnother,
}

impl Signer for Mood {
    fn public_key(&self) -> [u8; 32] {
        SigningKey::from_seed([1; 32]).public_key()
    }

    fn sign(&self, message: [u8; 32]) -> BoxFuture<'_, Result<[u8; 64], AuthError>> {
        match self {
            Mood::Fails => Box::pin(ready(Err(AuthError::new("no card in the reader")))),
            Mood::Panics => panic!("s3cret"),
            Mood::PanicsLater => Box::pin(async {
                tokio::task::yield_now().await;
                panic!("s3cret")
            }),
            Mood::Hangs(begun, dropped) => {
                let guard = dropped.lock().unwrap().take();
                Box::pin(async move {
                    let _guard = guard;
                    begun.notify_one();
                    pending().await
                })
            }
            Mood::SignsByAnother => {
                let signature = SigningKey::from_seed([2; 32]).sign(&message);
                Box::pin(ready(Ok(signature)))
            }
        }
    }
}

/// A signer that tells when it has begun, and when it is given up.
fn hanging() -> (Mood, Arc<Notify>, oneshot::Receiver<()>) {
    let (sender, dropped) = oneshot::channel();
    let begun = Arc::new(Notify::new());
    (Mood::Hangs(begun.clone(), Mutex::new(Some(sender))), begun, dropped)
}

fn cryptosign_challenge() -> serde_json::Value {
    json!([4, "cryptosign", {"challenge": to_hex(&[3; 32])}])
}

#[tokio::test]
async fn a_signer_that_cannot_sign_ends_the_join() {
    let moods = [
        (Mood::Fails, "no card in the reader"),
        (Mood::Panics, "the authenticator panicked"),
        (Mood::PanicsLater, "the authenticator panicked"),
        (Mood::SignsByAnother, "the signer's signature is not of its public key"),
    ];
    for (mood, text) in moods {
        let (join, mut router) = joining(with(Cryptosign::with_signer(mood))).await;
        router.send(cryptosign_challenge());
        let reason = refusal(join.await.unwrap());
        assert_eq!(reason.message.as_deref(), Some(text), "a panic's text may hold a secret");
        assert_eq!(reason.reason, "wamp.error.cannot_authenticate");
        assert_eq!(told(&mut router).await, "wamp.error.cannot_authenticate");
        router.closed().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_signer_that_hangs_ends_the_join_in_time() {
    let (mood, begun, dropped) = hanging();
    let (join, mut router) = joining(with(Cryptosign::with_signer(mood))).await;
    router.send(cryptosign_challenge());
    begun.notified().await;
    let reason = refusal(join.await.unwrap());
    assert_eq!(reason.message.as_deref(), Some("the challenge was not answered within 10s"));
    assert!(dropped.await.is_err(), "the signer's future is dropped");
    assert_eq!(told(&mut router).await, "wamp.error.cannot_authenticate");
    router.closed().await;
}

#[tokio::test]
async fn a_join_that_is_given_up_drops_the_signer() {
    let (mood, begun, dropped) = hanging();
    let (join, mut router) = joining(with(Cryptosign::with_signer(mood))).await;
    router.send(cryptosign_challenge());
    begun.notified().await;
    join.abort();
    assert!(join.await.unwrap_err().is_cancelled());
    assert!(dropped.await.is_err());
    assert_eq!(told(&mut router).await, "wamp.close.close_realm");
    router.closed().await;
}

#[tokio::test]
async fn a_router_that_goes_away_drops_the_signer() {
    let (mood, begun, dropped) = hanging();
    let (join, mut router) = joining(with(Cryptosign::with_signer(mood))).await;
    router.send(cryptosign_challenge());
    begun.notified().await;
    router.close().await;
    assert_eq!(refusal(join.await.unwrap()).kind, CloseKind::TransportLost);
    assert!(dropped.await.is_err());
}

#[tokio::test]
async fn the_session_reads_while_the_signer_works() {
    let (mood, begun, _dropped) = hanging();
    let (join, mut router) = joining(with(Cryptosign::with_signer(mood))).await;
    router.send(cryptosign_challenge());
    begun.notified().await;
    router.send(json!([3, {"message": "changed my mind"}, "wamp.close.system_shutdown"]));
    let reason = refusal(join.await.unwrap());
    assert_eq!((reason.kind, &*reason.reason), (CloseKind::Aborted, "wamp.close.system_shutdown"));
    router.closed().await;
}

#[tokio::test]
async fn a_function_answers() {
    let method = OnChallenge::new(&["ticket", "wampcra"], |challenge| async move {
        tokio::task::yield_now().await;
        match &*challenge.method {
            "ticket" => Ok(Signature::new("secret!!!")),
            other => Err(AuthError::new(format!("not by {other}"))),
        }
    });
    let (join, mut router) = joining(with(method.clone().authid("joe"))).await;
    assert_eq!(router.hello[2]["authmethods"], json!(["ticket", "wampcra"]));
    challenge(&mut router, &Credential::Ticket("secret!!!".into())).await;
    assert_eq!(join.await.unwrap().unwrap().authid(), Some("joe"));

    let (join, mut router) = joining(with(method)).await;
    router.send(json!([4, "wampcra", {"challenge": "{}"}]));
    assert_eq!(refusal(join.await.unwrap()).message.as_deref(), Some("not by wampcra"));
}

/// A method of a user's own, which looks at WELCOME.
struct Own;

struct OwnProof;

impl Authenticator for Own {
    fn method(&self) -> &str {
        "own"
    }

    fn begin(&self, _: &TransportInfo) -> Result<Box<dyn Proof>, AuthError> {
        Ok(Box::new(OwnProof))
    }
}

impl Proof for OwnProof {
    fn answer<'a>(
        &'a mut self,
        _: &'a wampwerk::message::Challenge,
    ) -> BoxFuture<'a, Result<Signature, AuthError>> {
        Box::pin(async { Ok("answer".into()) })
    }

    fn check(&mut self, welcome: &Welcome) -> Result<(), AuthError> {
        match welcome.details.authextra.as_ref().and_then(|extra| extra.get("ok")) {
            Some(_) => Ok(()),
            None => Err(AuthError::new("not ok")),
        }
    }
}

#[tokio::test]
async fn a_method_of_ones_own_may_refuse_the_router() {
    let (join, mut router) = joining(with(Own)).await;
    router.send(json!([4, "own", {}]));
    assert_eq!(router.recv().await, json!([5, "answer", {}]));
    welcome(&mut router, "own", json!({"ok": true}));
    assert!(join.await.unwrap().is_ok());

    let (join, mut router) = joining(with(Own)).await;
    welcome(&mut router, "own", json!({}));
    let goodbye = tokio::spawn(async move {
        let goodbye = router.recv().await;
        router.send(json!([6, {}, "wamp.close.goodbye_and_out"]));
        goodbye
    });
    assert_eq!(refusal(join.await.unwrap()).message.as_deref(), Some("not ok"));
    assert_eq!(goodbye.await.unwrap()[2], "wamp.error.cannot_authenticate");
}

async fn joining_over_tls(
    config: SessionConfig,
) -> (JoinHandle<Result<Session, ConnectError>>, Scripted) {
    let (inner, end) = MemoryTransport::pair(Serializer::Json, 64);
    // It says that TLS is below.
    let transport = FakeTransport::over(inner).with_info(|info| info.channel_id = Some([6; 32]));
    let join = tokio::spawn(session::join(Box::new(transport), "realm1", config));
    (join, Scripted::read_hello(end).await)
}

fn bound() -> Cryptosign {
    Cryptosign::new(SigningKey::from_seed([1; 32])).channel_binding(ChannelBinding::TlsExporter)
}

#[tokio::test]
async fn a_proof_can_be_bound_to_the_channel() {
    let public_keys = vec![SigningKey::from_seed([1; 32]).public_key()];
    let credential = Credential::Cryptosign { public_keys };
    let router_key = challenger::router_key().public_key();
    let (join, mut router) = joining_over_tls(with(bound().expect_router_key(router_key))).await;
    assert_eq!(router.hello[2]["authextra"]["channel_binding"], "tls-exporter");
    challenge_over(&mut router, &credential, Some([6; 32])).await;
    assert!(join.await.unwrap().is_ok());

    // A man in the middle has another channel to the router.
    let (join, mut router) = joining_over_tls(with(bound())).await;
    challenge_over(&mut router, &credential, Some([5; 32])).await;
    assert_eq!(refusal(join.await.unwrap()).kind, CloseKind::Aborted);

    // Or would like to do without.
    for binding in [json!(null), json!("tls-unique"), json!(7)] {
        let (join, mut router) = joining_over_tls(with(bound())).await;
        let extra = json!({"challenge": to_hex(&[3; 32]), "channel_binding": binding});
        router.send(json!([4, "cryptosign", extra]));
        let reason = refusal(join.await.unwrap());
        assert_eq!(reason.reason, "wamp.error.cannot_authenticate");
        assert_eq!(told(&mut router).await, "wamp.error.cannot_authenticate");
    }
}

#[tokio::test]
async fn methods_that_are_bound_are_offered_together() {
    let scram = Scram::new("joe", "pencil").channel_binding(ChannelBinding::TlsExporter);
    let methods = Authentication::from(bound()).with(scram).unwrap();
    let (join, router) = joining_over_tls(with(methods)).await;
    assert_eq!(router.hello[2]["authmethods"], json!(["cryptosign", "wamp-scram"]));
    assert_eq!(router.hello[2]["authextra"]["channel_binding"], "tls-exporter");
    drop(router);
    assert!(join.await.unwrap().is_err());

    // Autobahn's dialect knows nothing of it.
    let scram = Scram::new("joe", "pencil").dialect(Dialect::Autobahn);
    let methods = Authentication::from(bound()).with(scram).unwrap();
    let (join, router) = joining_over_tls(with(methods)).await;
    assert_eq!(router.hello[2]["authmethods"], json!(["cryptosign", "scram"]));
    drop(router);
    assert!(join.await.unwrap().is_err());
}

#[tokio::test]
async fn without_a_channel_nothing_is_bound_to_it() {
    let (client, end) = MemoryTransport::pair(Serializer::Json, 64);
    let outcome = session::join(Box::new(client), "realm1", with(bound())).await;
    let reason = refusal(outcome);
    assert_eq!(reason.reason, "wamp.error.cannot_authenticate");
    assert!(reason.message.unwrap().contains("cryptosign: the transport has no TLS connection"));
    drop(end);

    let methods = Authentication::from(bound()).with(Ticket::new("joe", "secret!!!")).unwrap();
    let (join, mut router) = joining(with(methods)).await;
    assert_eq!(router.hello[2]["authmethods"], json!(["ticket"]), "what can be used is offered");
    assert_eq!(router.hello[2].get("authextra"), None);
    challenge(&mut router, &Credential::Ticket("secret!!!".into())).await;
    assert!(join.await.unwrap().is_ok());
}

#[tokio::test]
async fn the_trace_shows_no_secret() {
    let log = Notes::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    // The tasks of this test run on its thread.
    let _guard = tracing::subscriber::set_default(subscriber);
    let config = with(Ticket::new("joe", "s3cret-ticket"))
        .authextra(wampwerk::Dict::new().with("token", "s3cret-token"));
    let shown = format!("{config:?}");
    let (join, mut router) = joining(config).await;
    router.send(json!([4, "ticket", {"hint": "s3cret-hint"}]));
    assert_eq!(router.recv().await, json!([5, "s3cret-ticket", {}]));
    welcome(&mut router, "ticket", json!({"refresh": "s3cret-refresh"}));
    let session = join.await.unwrap().unwrap();
    let shown = format!("{shown} {session:?} {}", log.text());
    for name in ["Hello", "Challenge", "Authenticate", "Welcome", "joe", "ticket"] {
        assert!(shown.contains(name), "{name}: {shown}");
    }
    assert!(!shown.contains("s3cret"), "{shown}");
}
