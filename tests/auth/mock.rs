//! Challenges for unknown users: they look like others, and no answer to them is right.

use wampwerk::auth::cryptosign::SigningKey;
use wampwerk::auth::scram::{Dialect, Kdf, ScramCredential};
use wampwerk::auth::{Credential, Salt};
use wampwerk::internals::auth::{ClientExchange, Exchange, to_hex};
use wampwerk::{Dict, Value};
// In the browser the same tests run under its own runner.
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::common;
use crate::common::{answer, context};

fn hello() -> Dict {
    let key = SigningKey::from_seed([3; 32]);
    Dict::new().with("pubkey", to_hex(&key.public_key())).with("nonce", "CQkJCQkJCQkJ")
}

fn salted(salt: &str) -> Credential {
    let salt = Salt { salt: salt.into(), iterations: 1234, keylen: 24 };
    Credential::salted_wampcra(&"secret".into(), salt).unwrap()
}

fn scram(dialect: Dialect, kdf: Kdf, iterations: u32, memory: Option<u32>) -> Credential {
    let salt = b"0123456789abcdef";
    let credential =
        ScramCredential::derive(dialect, &"secret".into(), kdf, salt, iterations, memory).unwrap();
    Credential::Scram { dialect, credential }
}

fn credentials() -> Vec<Credential> {
    let key = SigningKey::from_seed([3; 32]);
    vec![
        Credential::Ticket("ticket".into()),
        Credential::WampCra { secret: "secret".into(), salt: None },
        salted("salt123"),
        salted("0123456789abcdef"),
        Credential::Cryptosign { public_keys: vec![key.public_key()] },
        scram(Dialect::Spec, Kdf::Pbkdf2, 4096, None),
        scram(Dialect::Spec, Kdf::Argon2id13, 2, Some(8192)),
        scram(Dialect::Autobahn, Kdf::Argon2id13, 32, Some(512)),
    ]
}

/// What is told of a value without its content: its kind, and how long it is.
fn shape(extra: &Dict) -> Vec<(String, String)> {
    let one = |value: &Value| match value {
        Value::String(text) => format!("{} characters", text.len()),
        other => format!("{other:?}"),
    };
    extra.iter().map(|(key, value)| (key.to_owned(), one(value))).collect()
}

#[test]
fn a_mock_challenge_looks_like_a_real_one() {
    let hello = hello();
    for credential in credentials() {
        let (real, _) = Exchange::begin(&credential, &context("joe", &hello)).unwrap();
        let (mock, _) = Exchange::mock_like(&credential, &context("bob", &hello)).unwrap();
        assert_eq!(mock.method, real.method);
        assert_eq!(shape(&mock.extra), shape(&real.extra));
    }
}

#[test]
fn the_salt_stays_the_same_for_an_authid_and_is_another_one_for_others() {
    let hello = hello();
    let salted = credentials().into_iter().filter(|credential| {
        matches!(credential, Credential::WampCra { salt: Some(_), .. } | Credential::Scram { .. })
    });
    for credential in salted {
        let salt =
            |realm: &'static str, authid: &'static str, nonce: u8, secret: &'static [u8; 32]| {
                let mut context = context(authid, &hello);
                (context.realm, context.nonce, context.secret) = (realm, [nonce; 32], secret);
                let (challenge, _) = Exchange::mock_like(&credential, &context).unwrap();
                challenge.extra.get("salt").unwrap().clone()
            };
        let bob = salt("realm1", "bob", 1, &[7; 32]);
        assert_eq!(salt("realm1", "bob", 2, &[7; 32]), bob);
        assert_ne!(salt("realm1", "bo", 1, &[7; 32]), bob);
        assert_ne!(salt("realm", "1bob", 1, &[7; 32]), bob);
        assert_ne!(salt("realm2", "bob", 1, &[7; 32]), bob);
        assert_ne!(salt("realm1", "bob", 1, &[8; 32]), bob);
        let (real, _) = Exchange::begin(&credential, &context("bob", &hello)).unwrap();
        assert_ne!(real.extra.get("salt").unwrap(), &bob);
    }
}

#[test]
fn a_mock_never_lets_anybody_in() {
    let key = SigningKey::from_seed([3; 32]);
    let hello = hello();
    let context = context("bob", &hello);
    for credential in credentials() {
        let (challenge, exchange) = Exchange::mock_like(&credential, &context).unwrap();
        let (real, real_exchange) = Exchange::begin(&credential, &context).unwrap();
        // What the user whom the mock is like would answer.
        let reply = |extra: &Dict| match &credential {
            Credential::Ticket(ticket) => (ticket.as_str().unwrap().to_owned(), Dict::new()),
            Credential::WampCra { .. } => (
                wampwerk::internals::auth::wampcra::answer(&"secret".into(), extra).unwrap(),
                Dict::new(),
            ),
            Credential::Scram { dialect, .. } => {
                let nonce = hello.get("nonce").and_then(Value::as_str).unwrap();
                let mut client =
                    ClientExchange::with_nonce(*dialect, "bob", "secret".into(), nonce);
                client.answer(extra).unwrap()
            }
            _ => {
                let challenge = extra.get("challenge").and_then(Value::as_str).unwrap();
                let message = wampwerk::internals::auth::to_be_signed(challenge, None).unwrap();
                (wampwerk::internals::auth::response(&key.sign(&message), &message), Dict::new())
            }
        };
        let (signature, extra) = reply(&challenge.extra);
        let mock_error = exchange.verify(&answer(&signature, &extra)).unwrap_err();
        let (signature, extra) = reply(&real.extra);
        real_exchange.verify(&answer(&signature, &extra)).unwrap();

        // And a wrong answer is refused in the same words as to a user that there is.
        let (_, exchange) = Exchange::begin(&credential, &context).unwrap();
        let real_error = exchange.verify(&answer("wrong", &extra)).unwrap_err();
        assert_eq!(mock_error, real_error);
    }
}

#[test]
fn every_method_with_a_challenge_has_a_usual_mock() {
    let hello = hello();
    let context = context("bob", &hello);
    for method in ["ticket", "wampcra", "cryptosign", "wamp-scram", "scram"] {
        let (challenge, exchange) = Exchange::mock(method, &context).unwrap();
        assert_eq!(challenge.method, method);
        exchange.verify(&answer("", &Dict::new())).unwrap_err();
    }
    for method in ["anonymous", "cookie", "tls", "", "WAMPCRA"] {
        let error = Exchange::mock(method, &context).unwrap_err().to_string();
        assert_eq!(error, format!("method {method:?} has no challenge"));
    }
    // An invalid HELLO gets the same text, for known and unknown users.
    let empty = Dict::new();
    let context = common::context("bob", &empty);
    for credential in credentials() {
        let real = Exchange::begin(&credential, &context).map(|_| ());
        assert_eq!(Exchange::mock(credential.method(), &context).map(|_| ()), real);
    }
}

#[test]
fn nothing_secret_is_written_out() {
    let hello = hello();
    for credential in credentials() {
        let (_, exchange) = Exchange::begin(&credential, &context("joe", &hello)).unwrap();
        assert_eq!(format!("{exchange:?}"), "Exchange(…)");
        let text = format!("{credential:?}");
        assert!(!text.contains("\"secret\"") && !text.contains("\"ticket\""), "{text}");
    }
    let client = ClientExchange::new(Dialect::Spec, "joe", "hush".into(), [0; 24]);
    assert!(!format!("{client:?}").contains("hush"));
}

/// The salt in the challenge for an unknown user, made to look like this one.
fn mock_of(salt: &str, authid: &str) -> String {
    let hello = hello();
    let credential = Credential::WampCra { secret: "key".into(), salt: Some(Salt::new(salt)) };
    let (challenge, _) = Exchange::mock_like(&credential, &context(authid, &hello)).unwrap();
    challenge.extra.get("salt").and_then(Value::as_str).unwrap().to_owned()
}

#[test]
fn a_salt_has_the_form_of_the_one_that_it_is_like() {
    let lower = "abcdefghijklmnopqrstuvwxyz";
    for (salt, alphabet) in [
        ("1234567890123456", "0123456789"),
        ("0123456789abcdef", "0123456789abcdef"),
        ("0123ABCDEF012345", "0123456789ABCDEF"),
        ("peppersalt", lower),
        ("MFRGGZDFMZTWQ2LK", "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
    ] {
        let all: String = (0..20).map(|n| mock_of(salt, &format!("bob{n}"))).collect();
        assert_eq!(all.len(), 20 * salt.len());
        assert!(all.chars().all(|letter| alphabet.contains(letter)), "{salt}: {all}");
    }
    // Base64 has but few last letters.
    for salt in ["q83vEjRWeJCrze8SNFZ4kA==", "q83vEjRWeJCrze8SNFZ4kA", "q83vEjRWeJCrze8SNFY="] {
        for n in 0..20 {
            let mock = mock_of(salt, &format!("bob{n}"));
            assert_eq!(mock.len(), salt.len());
            let end = |text: &str| text.chars().rev().take_while(|it| *it == '=').count();
            assert_eq!(end(&mock), end(salt));
            let octets = data_encoding::BASE64_NOPAD.decode(mock.trim_end_matches('=').as_bytes());
            octets.unwrap();
        }
    }
    // Four letters a block may be Base64 or not.
    let all: String = (0..20).map(|n| mock_of("aB3dEf9hIjKl", &format!("bob{n}"))).collect();
    assert!(all.chars().all(|letter| letter.is_ascii_alphanumeric()), "{all}");
    for n in 0..20 {
        let mock = mock_of("Pepper-7-né", &format!("bob{n}"));
        let class = |letter: char| match letter {
            'a'..='z' => 'a',
            'A'..='Z' => 'A',
            '0'..='9' => '0',
            other => other,
        };
        assert_eq!(mock.chars().map(class).collect::<String>(), "Aaaaaa-0-aé");
    }
    assert_eq!(mock_of("", "bob"), "");
}

#[test]
fn nobody_has_the_same_salt_by_two_methods() {
    let hello = hello();
    let salts = [Dialect::Spec, Dialect::Autobahn].map(|dialect| {
        let credential = scram(dialect, Kdf::Pbkdf2, 4096, None);
        let (challenge, _) = Exchange::mock_like(&credential, &context("bob", &hello)).unwrap();
        challenge.extra.get("salt").unwrap().clone()
    });
    assert_ne!(salts[0], salts[1]);
}

#[test]
fn known_or_not_one_looks_like_the_other() {
    let hello = hello();
    let context = context("joe", &hello);
    for credential in credentials() {
        let begin = |known: Option<&Credential>| {
            let method = credential.method();
            Exchange::begin_alike(known, method, Some(&credential), &context).unwrap()
        };
        let (real, _) = begin(Some(&credential));
        assert_eq!(real.extra, Exchange::begin(&credential, &context).unwrap().0.extra);
        let (mock, _) = begin(None);
        assert_eq!(mock.extra, Exchange::mock_like(&credential, &context).unwrap().0.extra);
        assert_eq!(shape(&mock.extra), shape(&real.extra));
    }
    assert!(!format!("{context:?}").contains("secret"));
}
