//! Wrong credentials against a router with users, over WebSocket: one connection, one attempt, told
//! once, and the end; without the secret in any text.

use wampwerk::Router;
use wampwerk::auth::cryptosign::SigningKey;
use wampwerk::auth::scram::{Dialect, Kdf, ScramCredential};
use wampwerk::auth::{Credential, Salt, Secret};
use wampwerk::component::{AttemptError, Component, ComponentError, RetryDecision};
use wampwerk::error::CloseKind;
use wampwerk::router::User;
use wampwerk::session::authentication::{Authentication, Cryptosign, Scram, Ticket, WampCra};

use crate::common::notes::Notes;
use crate::common::relay::Relay;
use crate::common::router_with;
use crate::common::soon;

const RIGHT: &str = "the right secret";
const WRONG: &str = "a wrong one, rosebud";

fn router() -> Router {
    let secret = Secret::from(RIGHT);
    let scram = |dialect| {
        let credential =
            ScramCredential::derive(dialect, &secret, Kdf::Pbkdf2, &[5; 16], 4096, None).unwrap();
        Credential::Scram { dialect, credential }
    };
    let key = SigningKey::from_seed([1; 32]).public_key();
    router_with(|it| {
        it.user(
            User::new("joe", "frontend")
                .ticket(RIGHT)
                .credential(Credential::salted_wampcra(&secret, Salt::new("pepper")).unwrap())
                .public_key(&wampwerk::internals::auth::to_hex(&key))
                .credential(scram(Dialect::Spec))
                .credential(scram(Dialect::Autobahn)),
        )
    })
}

#[tokio::test]
async fn one_attempt_is_made_and_told_once() {
    let router = router();
    let listener = router.listen("ws://127.0.0.1:0/ws").await.unwrap();
    let relay = Relay::to(listener.local_addr().unwrap()).await;
    let transport = format!(
        r#"{{"url": "ws://127.0.0.1:{}/ws", "initial_retry_delay": 0, "max_retries": 3}}"#,
        relay.port
    );
    let joe = |secret: &str, seed: u8| -> [(&str, Authentication); 5] {
        [
            ("ticket", Ticket::new("joe", secret).into()),
            ("wampcra", WampCra::new("joe", secret).into()),
            ("cryptosign", Cryptosign::new(SigningKey::from_seed([seed; 32])).authid("joe").into()),
            ("wamp-scram", Scram::new("joe", secret).dialect(Dialect::Spec).into()),
            ("scram", Scram::new("joe", secret).dialect(Dialect::Autobahn).into()),
        ]
    };
    let nobody = [
        ("ticket", Ticket::new("nobody", WRONG).into()),
        ("wampcra", WampCra::new("nobody", WRONG).into()),
        ("none", Authentication::new()),
    ];
    for (method, authentication) in joe(WRONG, 2).into_iter().chain(nobody) {
        let log = Notes::<u8>::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_max_level(tracing::Level::TRACE)
            .with_writer(move || writer.clone())
            .finish();
        // All tasks of this test run on its thread.
        let _guard = tracing::subscriber::set_default(subscriber);
        let before = relay.accepted();
        let component = Component::builder()
            // Another way to the same router would not help.
            .transports(format!("[{transport}, {transport}]").as_str())
            .authentication(authentication)
            .build()
            .unwrap();
        let told = Notes::new();
        let (failures, asked) = (told.clone(), told.clone());
        component.on_connect_failure(move |error: AttemptError| {
            failures.note(("failure", error));
            async {}
        });
        component.on_retry(move |notice| {
            assert!(!notice.will_retry);
            asked.note(("notice", notice.error.clone()));
            RetryDecision::Retry
        });
        let end = soon(component.start()).await.unwrap_err();
        let ComponentError::Fatal(AttemptError::Refused(reason)) = &end else {
            panic!("{method}: {end}");
        };
        assert_eq!(reason.kind, CloseKind::Aborted, "{method}: {reason}");
        assert!(reason.reason.starts_with("wamp.error."), "{method}: {reason}");

        let told = told.all();
        let names: Vec<_> = told.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["failure", "notice"], "{method}");
        assert!(told.iter().all(|(_, error)| error.to_string() == end.to_string()));
        assert_eq!(relay.accepted() - before, 1, "{method}");

        let log = log.text();
        let loud = |line: &&str| [" WARN ", " ERROR "].iter().any(|level| line.contains(level));
        let loud: Vec<&str> = log.lines().filter(loud).collect();
        assert_eq!(loud.len(), 1, "{method}: {loud:?}");
        assert!(loud[0].contains(&*reason.reason), "{method}: {loud:?}");
        assert!(log.contains("Hello"), "the trace is there");
        for secret in ["rosebud", RIGHT] {
            assert!(!log.contains(secret), "{method}: {log}");
            assert!(!format!("{end:?} {end} {component:?}").contains(secret), "{method}");
        }
    }
    // It is the secret and nothing else.
    for (method, authentication) in joe(RIGHT, 1) {
        let component = Component::builder()
            .transports(transport.as_str())
            .authentication(authentication)
            .main(move |session| async move {
                let details = &session.welcome().details;
                assert_eq!(details.authmethod.as_deref(), Some(method));
            })
            .build()
            .unwrap();
        soon(component.start()).await.unwrap();
    }
}
