//! Secrets, keys and credentials that the library draws: they let in, and no two are equal.

use std::time::{Duration, SystemTime};

use wampwerk::auth::cryptosign::SigningKey;
use wampwerk::auth::scram::{Dialect, Kdf, ScramCredential};
use wampwerk::auth::{Credential, Salt, Secret, Totp};
use wampwerk::router::User;
use wampwerk::session::authentication::{Authentication, Cryptosign, Scram, Ticket, WampCra};
use wampwerk::session::connect_with;
use wampwerk::{Router, Session};

const PATIENCE: Duration = Duration::from_secs(120);

async fn joined(user: User, authentication: impl Into<Authentication>) -> Session {
    // Deriving keys takes long on a busy machine.
    let builder = Router::builder().realm("realm1").open_handshake_timeout(PATIENCE);
    let router = builder.user(user).build().unwrap();
    let connect = connect_with(&router, "realm1").join_timeout(PATIENCE);
    connect.authentication(authentication).await.unwrap()
}

fn joe() -> User {
    User::new("joe", "frontend")
}

#[tokio::test]
async fn drawn_tickets_and_salted_secrets_let_in() {
    let (one, two) = (Secret::generate().unwrap(), Secret::generate().unwrap());
    assert_ne!(one, two);
    for secret in [one, two] {
        let text = secret.as_str().unwrap().to_owned();
        assert_eq!(text.len(), 32);
        assert!(text.bytes().all(|it| matches!(it, b'a'..=b'z' | b'2'..=b'7')), "{text}");
        joined(joe().ticket(secret.clone()), Ticket::new("joe", secret.clone())).await;

        let (salt, other) = (Salt::generate().unwrap(), Salt::generate().unwrap());
        assert_ne!(salt, other);
        assert_eq!((salt.salt.len(), salt.iterations, salt.keylen), (24, 1000, 32));
        let credential = Credential::salted_wampcra(&secret, salt).unwrap();
        joined(joe().credential(credential), WampCra::new("joe", secret)).await;
    }
}

#[tokio::test]
async fn a_drawn_key_lets_in_also_after_it_was_stored() {
    let key = SigningKey::generate().unwrap();
    assert_ne!(key.public_key(), SigningKey::generate().unwrap().public_key());
    let stored = key.to_hex();
    let read = SigningKey::parse(stored.as_bytes()).unwrap();
    assert_eq!(read.public_key(), key.public_key());
    joined(joe().public_key(&key.public_key_hex()), Cryptosign::new(read)).await;
}

#[tokio::test]
async fn drawn_scram_credentials_let_in_also_after_they_were_stored() {
    let password = Secret::generate().unwrap();
    for (dialect, kdf) in [
        (Dialect::Spec, Kdf::Argon2id13),
        (Dialect::Spec, Kdf::Pbkdf2),
        (Dialect::Autobahn, Kdf::Argon2id13),
    ] {
        let credential = ScramCredential::generate(dialect, &password, kdf).unwrap();
        let stored = ScramCredential::from_dict(&credential.to_dict()).unwrap();
        assert_eq!(stored, credential);
        let other = ScramCredential::generate(dialect, &password, kdf).unwrap();
        assert_ne!((other.salt, other.stored_key), (credential.salt, credential.stored_key));
        let user = joe().credential(Credential::Scram { dialect, credential: stored });
        // The client has its default: no weak cost.
        joined(user, Scram::new("joe", password.clone()).dialect(dialect)).await;
    }
}

#[test]
fn drawn_secrets_make_one_time_passwords() {
    let (one, two) = (Totp::generate_secret().unwrap(), Totp::generate_secret().unwrap());
    assert_ne!(one, two);
    assert_eq!(one.as_bytes().len(), 32);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let totp = Totp::new(&one).unwrap();
    let code = totp.compute(now, 0).unwrap();
    assert!(totp.check(&code, now));
    assert!(!totp.check(&code, now + Duration::from_secs(3600)));
}
