//! Proofs that are bound to the TLS connection join a router over `wss://`, and are worth nothing to
//! a man in the middle who has the right certificate.

use std::future::poll_fn;
use std::task::Poll;

use tokio::net::TcpListener;
use wampwerk::auth::Credential;
use wampwerk::auth::cryptosign::SigningKey;
use wampwerk::auth::scram::{Dialect, Kdf, ScramCredential};
use wampwerk::error::ConnectError;
use wampwerk::internals::auth::to_hex;
use wampwerk::router::User;
use wampwerk::server::Listener;
use wampwerk::session::authentication::{Authentication, ChannelBinding, Cryptosign, Scram};
use wampwerk::session::{self, SessionConfig};
use wampwerk::transport::{Acceptor, Connector, TlsServer, Transport, WampWebSocketClientFactory};
use wampwerk::{Router, Serializer, Session};

use crate::common::authority::Authority;
use crate::common::relay::Relay;

const PASSWORD: &str = "pencil";

fn key() -> SigningKey {
    SigningKey::from_seed([1; 32])
}

fn cryptosign() -> Cryptosign {
    Cryptosign::new(key()).authid("joe")
}

fn scram() -> Scram {
    Scram::new("joe", PASSWORD)
}

/// With the method that each of them ends up with.
fn bound() -> Vec<(&'static str, Authentication)> {
    let cryptosign = || cryptosign().channel_binding(ChannelBinding::TlsExporter);
    let scram = || scram().channel_binding(ChannelBinding::TlsExporter);
    vec![
        ("cryptosign", cryptosign().into()),
        ("wamp-scram", scram().into()),
        ("cryptosign", Authentication::from(cryptosign()).with(scram()).unwrap()),
        ("wamp-scram", Authentication::from(scram()).with(cryptosign()).unwrap()),
    ]
}

fn unbound() -> Vec<(&'static str, Authentication)> {
    vec![
        ("cryptosign", cryptosign().into()),
        ("wamp-scram", scram().dialect(Dialect::Spec).into()),
        ("cryptosign", Authentication::from(cryptosign()).with(scram()).unwrap()),
    ]
}

async fn router(tls: TlsServer) -> (Router, Listener) {
    let credential = ScramCredential::derive(
        Dialect::Spec,
        &PASSWORD.into(),
        Kdf::Pbkdf2,
        b"0123456789abcdef",
        4096,
        None,
    );
    let credential = Credential::Scram { dialect: Dialect::Spec, credential: credential.unwrap() };
    let joe = User::new("joe", "user").public_key(&to_hex(&key().public_key()));
    let router = Router::builder().realm("realm1").user(joe.credential(credential));
    let router = router.build().unwrap();
    let listener = router.listen("wss://localhost:0/ws").tls(tls).await.unwrap();
    (router, listener)
}

async fn join(
    authority: &Authority,
    url: &str,
    authentication: Authentication,
) -> Result<Session, ConnectError> {
    let factory = WampWebSocketClientFactory::new(url, &[Serializer::Json])?;
    let transport = factory.tls(authority.trusted()).connect().await?;
    session::join(transport, "realm1", SessionConfig::default().authentication(authentication))
        .await
}

async fn joins(authority: &Authority, url: &str, all: Vec<(&str, Authentication)>) {
    for (method, authentication) in all {
        let session = join(authority, url, authentication).await.unwrap();
        assert_eq!(session.authmethod(), Some(method));
        session.leave().await;
    }
}

/// One end of TLS towards clients, another one towards the router, and every frame in between.
async fn man_in_the_middle(authority: &Authority, target: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("wss://localhost:{}/ws", listener.local_addr().unwrap().port());
    let config = Acceptor::websocket("/ws", &[Serializer::Json]).tls(authority.server("localhost"));
    let onwards = WampWebSocketClientFactory::new(target, &[Serializer::Json]).unwrap();
    let onwards = onwards.tls(authority.trusted());
    tokio::spawn(async move {
        loop {
            let (stream, peer) = listener.accept().await.unwrap();
            let (config, onwards) = (config.clone(), onwards.clone());
            tokio::spawn(async move {
                let near = config.accept(stream, peer).await.unwrap();
                pass_on(near, onwards.connect().await.unwrap()).await;
            });
        }
    });
    url
}

async fn pass_on(mut near: Box<dyn Transport>, mut far: Box<dyn Transport>) {
    assert_ne!(near.info().channel_id.unwrap(), far.info().channel_id.unwrap());
    loop {
        let (up, frame) = poll_fn(|cx| match near.poll_recv(cx) {
            Poll::Ready(frame) => Poll::Ready((true, frame)),
            Poll::Pending => far.poll_recv(cx).map(|frame| (false, frame)),
        })
        .await;
        let Some(Ok(frame)) = frame else { return };
        let to = if up { &mut far } else { &mut near };
        if to.start_send(frame).is_err() || poll_fn(|cx| to.poll_flush(cx)).await.is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn bound_proofs_join_over_tls() {
    let authority = Authority::named("authority");
    let (router, listener) = router(authority.server("localhost")).await;
    joins(&authority, listener.url(), bound()).await;
    // Whoever does not look into it does no harm.
    let port = listener.url().rsplit(':').next().unwrap().trim_end_matches("/ws").to_owned();
    let relay = Relay::to(format!("127.0.0.1:{port}").parse().unwrap()).await;
    joins(&authority, &format!("wss://localhost:{}/ws", relay.port), bound()).await;
    router.shutdown().await;
}

#[tokio::test]
async fn a_man_in_the_middle_cannot_use_a_bound_proof() {
    let authority = Authority::named("authority");
    let (router, listener) = router(authority.server("localhost")).await;
    let middle = man_in_the_middle(&authority, listener.url()).await;
    // He passes everything on as it should be: this is what binding is for.
    joins(&authority, &middle, unbound()).await;
    for (method, authentication) in bound() {
        match join(&authority, &middle, authentication).await {
            Err(ConnectError::Join(reason)) => {
                assert_eq!(reason.reason, "wamp.error.authentication_denied", "{method}");
            }
            other => panic!("{method}: {other:?}"),
        }
    }
    assert_eq!(router.statistics().sessions, 0);
    router.shutdown().await;
}
