//! Real sessions that prove who they are to the embedded router, in-process and over WebSocket; and
//! functions of the application that answer late, panic, or never answer.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use wampwerk::auth::cryptosign::SigningKey;
use wampwerk::auth::scram::{Dialect, Kdf, ScramCredential};
use wampwerk::auth::{Credential, Salt, Secret};
use wampwerk::error::{BuildError, ConnectError};
use wampwerk::internals::core::client::ClientConfig;
use wampwerk::message::Challenge;
use wampwerk::router::{Denied, Principal, Role, RouterBuilder, Rule, User};
use wampwerk::session::authentication::{
    Authentication, Cryptosign, OnChallenge, Scram, Signature, Ticket, WampCra,
};
use wampwerk::session::{self, SessionConfig};
use wampwerk::{Router, Session, connect};

const SECRET: &str = "a long secret";

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed([seed; 32])
}

fn scram(dialect: Dialect) -> Credential {
    let secret = Secret::from(SECRET);
    let credential =
        ScramCredential::derive(dialect, &secret, Kdf::Pbkdf2, &[5; 16], 4096, None).unwrap();
    Credential::Scram { dialect, credential }
}

fn with_joe(builder: RouterBuilder) -> RouterBuilder {
    let salted = Credential::salted_wampcra(&SECRET.into(), Salt::new("pepper")).unwrap();
    builder.user(
        User::new("joe", "frontend")
            .ticket(SECRET)
            .credential(salted)
            .public_key(&wampwerk::internals::auth::to_hex(&key(1).public_key()))
            .credential(scram(Dialect::Spec))
            .credential(scram(Dialect::Autobahn)),
    )
}

fn methods(authid: &str, secret: &str, seed: u8) -> Vec<(&'static str, Authentication)> {
    vec![
        ("ticket", Ticket::new(authid, secret).into()),
        ("wampcra", WampCra::new(authid, secret).into()),
        ("cryptosign", Cryptosign::new(key(seed)).authid(authid).into()),
        ("wamp-scram", Scram::new(authid, secret).dialect(Dialect::Spec).into()),
        ("scram", Scram::new(authid, secret).dialect(Dialect::Autobahn).into()),
    ]
}

async fn join(router: &Router, authentication: Authentication) -> Result<Session, ConnectError> {
    let mut config = SessionConfig::from(ClientConfig::default());
    config = config.authentication(authentication);
    session::join(router.connect_transport(), "realm1", config).await
}

fn assert_refused(error: ConnectError, reason: &str) {
    match error {
        ConnectError::Join(error) => assert!(error.to_string().contains(reason), "{error}"),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn each_method_joins_in_process_and_over_websocket() {
    let router = with_joe(Router::builder().realm("realm1")).build().unwrap();
    let listener = router.listen("ws://127.0.0.1:0/ws").await.unwrap();
    for (method, authentication) in methods("joe", SECRET, 1) {
        let near = join(&router, authentication.clone()).await.unwrap();
        let far = connect(listener.url(), "realm1").authentication(authentication).await.unwrap();
        for session in [near, far] {
            let details = session.welcome().details.clone();
            assert_eq!(details.authid.as_deref(), Some("joe"), "{method}");
            assert_eq!(details.authrole.as_deref(), Some("frontend"));
            assert_eq!(details.authmethod.as_deref(), Some(method));
            let told: wampwerk::Dict =
                session.call("wamp.session.get").args((session.id(),)).value().await.unwrap();
            assert_eq!(told.get("authmethod").unwrap().as_str(), Some(method));
        }
    }
}

#[tokio::test]
async fn wrong_secrets_and_unknown_names_are_refused_alike() {
    let router = with_joe(Router::builder().realm("realm1")).build().unwrap();
    let wrong = methods("joe", "another secret", 2).into_iter();
    for (_, authentication) in wrong.chain(methods("nobody", SECRET, 2)) {
        let error = join(&router, authentication).await.unwrap_err();
        assert_refused(error, "wamp.error.authentication_denied");
    }
    let error = router.connect("realm1").await.unwrap_err();
    assert_refused(error, "wamp.error.no_matching_auth_method");
}

#[tokio::test]
async fn the_program_itself_joins_as_whom_it_likes() {
    let frontend_only = with_joe(Router::builder().realm("realm1")).role(frontend());
    for (router, role, is_there) in [
        (with_joe(Router::builder().realm("realm1")), "backend", true),
        (Router::builder().realm("realm1"), "backend", true),
        (frontend_only.clone(), "frontend", true),
        (frontend_only, "backend", false),
    ] {
        let router = router.build().unwrap();
        let joined = router.connect_as("realm1", "the program", role).await;
        if !is_there {
            assert_refused(joined.unwrap_err(), "wamp.error.no_such_role");
            continue;
        }
        let details = joined.unwrap().welcome().details.clone();
        assert_eq!(details.authid.as_deref(), Some("the program"));
        assert_eq!(details.authrole.as_deref(), Some(role));
        assert_eq!(details.authmethod.as_deref(), Some("trusted"));
        assert_eq!(details.authprovider.as_deref(), Some("router"));
        let error = router.connect_as("nowhere", "the program", role).await.unwrap_err();
        assert_refused(error, "wamp.error.no_such_realm");
        let error = router.connect_as("realm1", "", role).await.unwrap_err();
        assert!(matches!(error, ConnectError::InvalidConfig(_)), "{error}");
    }
    // No other user can join by that name.
    let router = with_joe(Router::builder().realm("realm1")).build().unwrap();
    let offers = OnChallenge::new(&["trusted"], |_| async { Ok(Signature::new("")) });
    let error = join(&router, offers.authid("the program").into()).await.unwrap_err();
    assert_refused(error, "wamp.error.no_matching_auth_method");
}

#[tokio::test]
async fn a_function_decides_in_its_own_time_and_others_go_on() {
    let gate = Arc::new(Notify::new());
    let (asked, mut questions) = mpsc::unbounded_channel();
    let router = Router::builder().realm("realm1").anonymous("guest");
    let opened = Arc::clone(&gate);
    let router = router.authenticator(&["ticket"], move |request| {
        let (gate, asked) = (Arc::clone(&opened), asked.clone());
        async move {
            asked.send(request.peer.transport.clone()).unwrap();
            gate.notified().await;
            match request.ticket.unwrap() == Secret::from(SECRET) {
                true => Ok(Principal::new("joe", "frontend")),
                false => Err(Denied::new()),
            }
        }
    });
    let router = router.build().unwrap();
    for (ticket, welcome) in [(SECRET, true), ("another", false)] {
        let joining = {
            let router = router.clone();
            tokio::spawn(async move { join(&router, Ticket::new("joe", ticket).into()).await })
        };
        assert_eq!(questions.recv().await.unwrap(), "memory");
        // Meanwhile another session joins, and calls.
        let other = router.connect("realm1").await.unwrap();
        let sessions: u64 = other.call("wamp.session.count").value().await.unwrap();
        assert_eq!(sessions, 1);
        other.leave().await;
        gate.notify_one();
        let joined = joining.await.unwrap();
        assert_eq!(joined.is_ok(), welcome);
        if let Ok(session) = joined {
            assert_eq!(session.welcome().details.clone().authprovider.as_deref(), Some("dynamic"));
            session.leave().await;
        }
    }
}

#[tokio::test]
async fn a_function_that_panics_lets_nobody_in_and_harms_nobody() {
    let router = Router::builder().realm("realm1").anonymous("guest");
    let router = router.authenticator(&["ticket", "wampcra"], |request| {
        // Before there is a future, and in it.
        assert_ne!(request.authmethod, "ticket");
        async move { panic!("on purpose") }
    });
    let router = router.build().unwrap();
    for (_, authentication) in methods("joe", SECRET, 1).into_iter().take(2) {
        let error = join(&router, authentication).await.unwrap_err();
        assert_refused(error, "wamp.error.authorization_failed");
    }
    assert!(router.connect("realm1").await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_function_that_never_answers_is_not_waited_for() {
    let router = Router::builder().realm("realm1").open_handshake_timeout(Duration::from_secs(3));
    let router = router.authenticator(&["wampcra"], |_| std::future::pending());
    let router = router.build().unwrap();
    let before = tokio::time::Instant::now();
    let error = join(&router, WampCra::new("joe", SECRET).into()).await.unwrap_err();
    assert_refused(error, "wamp.error.authorization_failed");
    assert!(before.elapsed() < Duration::from_secs(4));
    router.shutdown().await;
    assert_eq!(router.statistics().connections, 0);
}

fn salt(iterations: u32) -> Salt {
    Salt { iterations, ..Salt::new("pepper") }
}

/// A credential of which nothing but this can be used.
fn no_scram(iterations: u32, salt: usize) -> Credential {
    let credential = ScramCredential {
        kdf: Kdf::Pbkdf2,
        salt: vec![1; salt],
        iterations,
        memory: None,
        stored_key: "".into(),
        server_key: "".into(),
    };
    Credential::Scram { dialect: Dialect::Spec, credential }
}

fn staff() -> Role {
    Role::new("staff").allow(Rule::prefix("").all())
}

fn frontend() -> Role {
    Role::new("frontend").allow(Rule::prefix("").all())
}

#[tokio::test]
async fn what_is_wrong_is_named_when_the_router_is_built() {
    let realm = || Router::builder().realm("realm1");
    let joe = || User::new("joe", "frontend").ticket(SECRET);
    let answers = |builder: RouterBuilder, methods: &[&str]| {
        builder.authenticator(methods, |_| async { Err(Denied::new()) })
    };
    let hex = wampwerk::internals::auth::to_hex(&key(1).public_key());
    for (builder, named) in [
        (realm().user(joe()).user(joe()), "user \"joe\" twice"),
        (realm().user(User::new("", "frontend").ticket(SECRET)), "authid is empty"),
        (realm().user(User::new("joe", "").ticket(SECRET)), "user \"joe\": the authrole is empty"),
        (realm().user(User::new("joe", "frontend")), "user \"joe\": no credential is set"),
        (
            realm().user(User::new("joe", "frontend").ticket("")),
            "user \"joe\": the ticket is empty",
        ),
        (realm().user(User::new("joe", "frontend").public_key("beef")), "user \"joe\": "),
        (realm().user(joe().ticket("another")), "two credentials for ticket"),
        (realm().user(joe().realm("realm7")), "user \"joe\": the router has no realm \"realm7\""),
        (
            realm().user(joe().public_key(&hex)).user(User::new("jane", "b").public_key(&hex)),
            "user \"jane\": the public key also belongs to user \"joe\"",
        ),
        (realm().user(joe().public_key(&"00".repeat(32))), "user \"joe\": 0000"),
        (
            realm().user(joe().salted_wampcra("key", salt(0))),
            "user \"joe\": the salt for wampcra: 0",
        ),
        (realm().user(joe().salted_wampcra("key", salt(4_000_000_000))), "for wampcra: 4000000000"),
        (realm().user(joe().credential(no_scram(1024, 0))), "user \"joe\": wamp-scram: "),
        (
            realm().user(joe().credential(no_scram(4096, 0))),
            "user \"joe\": wamp-scram: salt length of 0",
        ),
        (
            realm().user(joe().credential(no_scram(4096, 16))),
            "user \"joe\": wamp-scram: the stored key has 0 octets",
        ),
        (realm().role(staff()).user(joe()), "user \"joe\": no realm has a role \"frontend\""),
        (
            realm()
                .realm("realm2")
                .role_on("realm2", frontend())
                .role(staff())
                .user(joe().realm("realm2").realm("realm1")),
            "user \"joe\": realm \"realm1\" has no role \"frontend\"",
        ),
        (realm().role(staff()), "no realm has a role \"anonymous\", which anonymous sessions have"),
        (realm().role(staff()).anonymous("guest"), "no realm has a role \"guest\""),
        (realm().anonymous(""), "the role of anonymous sessions is empty"),
        (answers(realm(), &[]), "invalid authenticator: at least one method"),
        (answers(realm().user(joe()), &["ticket"]), "method \"ticket\""),
        (answers(realm().anonymous("guest"), &["anonymous"]), "method \"anonymous\""),
    ] {
        match builder.build() {
            Err(error @ BuildError::InvalidConfig(_)) => {
                assert!(error.to_string().contains(named), "{error}");
            }
            other => panic!("{named}: {other:?}"),
        }
    }
    // The same name in other realms is another user.
    let two = realm().realm("realm2").user(joe().realm("realm1")).user(joe().realm("realm2"));
    assert!(two.build().is_ok());
    // A role of one realm will do for who may join all.
    let one = realm().realm("realm2").role_on("realm2", frontend()).role(staff()).user(joe());
    assert!(one.build().is_ok());
}

/// The salt and the nonce in a new router's challenge for this name.
async fn shown(authid: &str, mock_secret: [u8; 32]) -> (String, String) {
    let router = with_joe(Router::builder().realm("realm1")).mock_secret(mock_secret);
    let router = router.build().unwrap();
    let (seen, mut challenges) = mpsc::unbounded_channel();
    let looks = OnChallenge::new(&["wampcra"], move |challenge: Challenge| {
        seen.send(challenge.extra).unwrap();
        async { Ok(Signature::new("no proof")) }
    });
    let error = join(&router, looks.authid(authid).into()).await.unwrap_err();
    assert_refused(error, "wamp.error.authentication_denied");
    let extra = challenges.recv().await.unwrap();
    let text = |key: &str| extra.get(key).unwrap().as_str().unwrap().to_owned();
    let challenge: serde_json::Value = serde_json::from_str(&text("challenge")).unwrap();
    (text("salt"), challenge["nonce"].to_string())
}

#[tokio::test]
async fn a_kept_secret_keeps_the_salts_of_strangers_and_no_nonce() {
    for authid in ["joe", "nobody"] {
        let [one, two] = [shown(authid, [4; 32]).await, shown(authid, [4; 32]).await];
        assert_eq!(one.0, two.0, "{authid}");
        assert_ne!(one.1, two.1);
    }
    assert_ne!(shown("nobody", [5; 32]).await.0, shown("nobody", [4; 32]).await.0);
}
