//! SCRAM in both forms: both ends against each other.

use wampwerk::auth::scram::{Dialect, Kdf, ScramCredential};
use wampwerk::auth::{Credential, Secret};
use wampwerk::internals::auth::{Binding, ClientExchange, Exchange};
use wampwerk::{Dict, Value};
// In the browser the same tests run under its own runner.
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::common::{answer, begin, context, tampered};

const PASSWORD: &str = "scram-secret";
const SALT: &[u8; 16] = b"0123456789abcdef";

fn credential(dialect: Dialect, kdf: Kdf) -> Credential {
    let (iterations, memory) = match (kdf, dialect) {
        (Kdf::Pbkdf2, _) => (4096, None),
        (_, Dialect::Spec) => (2, Some(8192)),
        (_, Dialect::Autobahn) => (32, Some(512)),
    };
    let password = PASSWORD.into();
    let credential =
        ScramCredential::derive(dialect, &password, kdf, SALT, iterations, memory).unwrap();
    Credential::Scram { dialect, credential }
}

fn client(dialect: Dialect, password: &str) -> ClientExchange {
    ClientExchange::new(dialect, "joe", password.into(), [9; 24])
}

const BOTH: [Dialect; 2] = [Dialect::Spec, Dialect::Autobahn];

#[test]
fn both_ends_prove_that_they_know_the_password() {
    for dialect in BOTH {
        for kdf in [Kdf::Argon2id13, Kdf::Pbkdf2] {
            let credential = credential(dialect, kdf);
            let mut client = client(dialect, PASSWORD);
            let (challenge, exchange) = begin(&credential, &client.authextra());
            assert_eq!(challenge.method, dialect.method());
            let nonce = challenge.extra.get("nonce").and_then(Value::as_str).unwrap();
            let own = client.authextra().get("nonce").and_then(Value::as_str).unwrap().to_owned();
            assert!(nonce.starts_with(&own) && nonce.len() > own.len() + 20, "{nonce}");
            assert_eq!(challenge.extra.get("kdf"), Some(&kdf.name(dialect).into()));

            client.check(&Dict::new()).unwrap_err();
            let (signature, extra) = client.answer(&challenge.extra).unwrap();
            let welcome = exchange.verify(&answer(&signature, &extra)).unwrap();
            assert_eq!(welcome.len(), 1);
            client.check(&welcome).unwrap();

            let verifier = welcome.get(dialect.verifier_key()).and_then(Value::as_str).unwrap();
            for wrong in tampered(verifier) {
                let welcome = Dict::new().with(dialect.verifier_key(), wrong);
                client.check(&welcome).unwrap_err();
            }
            client.check(&Dict::new()).unwrap_err();
        }
    }
}

#[test]
fn a_wrong_password_or_proof_does_not_join() {
    for dialect in BOTH {
        let credential = credential(dialect, Kdf::Pbkdf2);
        let mut client = client(dialect, PASSWORD);
        let hello = client.authextra();
        let (challenge, _) = begin(&credential, &hello);
        let (signature, extra) = client.answer(&challenge.extra).unwrap();
        let refused = |signature: &str, extra: &Dict| {
            let (_, exchange) = begin(&credential, &hello);
            exchange.verify(&answer(signature, extra)).unwrap_err();
        };
        for wrong in tampered(&signature) {
            refused(&wrong, &extra);
        }
        refused("", &extra);
        refused(signature.trim_end_matches('='), &extra);
        // The right proof with more behind it.
        let long = data_encoding::BASE64.decode(signature.as_bytes()).unwrap();
        refused(&data_encoding::BASE64.encode(&[&long[..], &[0]].concat()), &extra);

        let mut other = ClientExchange::new(dialect, "joe", "wrong".into(), [9; 24]);
        let (signature, extra) = other.answer(&challenge.extra).unwrap();
        refused(&signature, &extra);
    }
}

#[test]
fn the_proof_is_about_this_nonce() {
    let credential = credential(Dialect::Spec, Kdf::Pbkdf2);
    let mut client = client(Dialect::Spec, PASSWORD);
    let hello = client.authextra();
    let (challenge, _) = begin(&credential, &hello);
    let (signature, extra) = client.answer(&challenge.extra).unwrap();
    let refused = |extra: Dict| {
        let (_, exchange) = begin(&credential, &hello);
        exchange.verify(&answer(&signature, &extra)).unwrap_err();
    };
    let nonce = extra.get("nonce").and_then(Value::as_str).unwrap().to_owned();
    for wrong in tampered(&nonce) {
        refused(extra.clone().with("nonce", wrong));
    }
    refused(Dict::new());
    refused(extra.clone().with("channel_binding", "tls-exporter"));
    refused(extra.clone().with("cbind_data", "AAAA"));
    // Another challenge has another nonce: an answer that was overheard is worth nothing.
    let mut context = context("joe", &hello);
    context.nonce = [1; 32];
    let (_, exchange) = Exchange::begin(&credential, &context).unwrap();
    exchange.verify(&answer(&signature, &extra)).unwrap_err();
}

#[test]
fn the_proof_is_about_this_channel() {
    let credential = credential(Dialect::Spec, Kdf::Pbkdf2);
    for (data, good) in [([0xC3; 32], true), ([0xC4; 32], false)] {
        let binding = Binding { name: "tls-exporter".into(), data: data.to_vec() };
        let mut client = client(Dialect::Spec, PASSWORD).binding(binding);
        let hello = client.authextra();
        assert_eq!(hello.get("channel_binding"), Some(&"tls-exporter".into()));
        let mut context = context("joe", &hello);
        context.channel_id = Some([0xC3; 32]);
        let (challenge, exchange) = Exchange::begin(&credential, &context).unwrap();
        let (signature, extra) = client.answer(&challenge.extra).unwrap();
        let verified = exchange.verify(&answer(&signature, &extra));
        assert_eq!(verified.is_ok(), good);
    }
    for binding in ["tls-exporter", "tls-unique"] {
        let hello = Dict::new().with("nonce", "abc").with("channel_binding", binding);
        Exchange::begin(&credential, &context("joe", &hello)).unwrap_err();
    }
}

#[test]
fn names_and_passwords_as_people_type_them() {
    // U+00AD is nothing and U+2168 is IX to SASLprep; a comma and an equals sign are escaped.
    let typed = "a=b,c\u{AD}";
    let password = Secret::from("I\u{AD}X");
    let credential =
        ScramCredential::derive(Dialect::Spec, &password, Kdf::Pbkdf2, SALT, 4096, None).unwrap();
    let credential = Credential::Scram { dialect: Dialect::Spec, credential };
    let mut client = ClientExchange::new(Dialect::Spec, "a=b,c", Secret::from("\u{2168}"), [9; 24]);
    let hello = client.authextra();
    let (challenge, exchange) = Exchange::begin(&credential, &context(typed, &hello)).unwrap();
    let (signature, extra) = client.answer(&challenge.extra).unwrap();
    client.check(&exchange.verify(&answer(&signature, &extra)).unwrap()).unwrap();

    let forbidden = Secret::from("bell\u{7}");
    let (kdf, salt) = (Kdf::Pbkdf2, SALT);
    let error = ScramCredential::derive(Dialect::Spec, &forbidden, kdf, salt, 4096, None);
    let error = error.unwrap_err().to_string();
    assert!(error.starts_with("the password contains") && !error.contains("bell"), "{error}");
    ScramCredential::derive(Dialect::Autobahn, &forbidden, kdf, salt, 4096, None).unwrap();
}

#[test]
fn a_foreign_nonce_is_refused() {
    for dialect in BOTH {
        let mut client = client(dialect, PASSWORD);
        let (challenge, _) = begin(&credential(dialect, Kdf::Pbkdf2), &client.authextra());
        let own = client.authextra().get("nonce").and_then(Value::as_str).unwrap().to_owned();
        for nonce in [
            String::new(),
            own.clone(),
            own[1..].to_owned(),
            format!("A{own}AAA"),
            format!("{own},r=x"),
            format!("{own}\n"),
            format!("{own}é"),
            format!("{own}{}", "A".repeat(2000)),
            own.to_lowercase() + "AAAA",
        ] {
            let error = client.answer(&challenge.extra.clone().with("nonce", nonce.as_str()));
            assert!(error.unwrap_err().to_string().contains("nonce"), "{nonce}");
        }
    }
}

#[test]
fn nonces_of_any_length_in_autobahns_form() {
    // 16 octets are Autobahn's: as text they do not begin Crossbar's combined nonce.
    let credential = credential(Dialect::Autobahn, Kdf::Pbkdf2);
    for nonce in ["CQkJCQkJCQkJCQkJCQkJCQ==", "CQ==", "CQkJ"] {
        let mut client =
            ClientExchange::with_nonce(Dialect::Autobahn, "joe", PASSWORD.into(), nonce);
        let (challenge, exchange) = begin(&credential, &client.authextra());
        let (signature, extra) = client.answer(&challenge.extra).unwrap();
        assert!(extra.is_empty());
        client.check(&exchange.verify(&answer(&signature, &extra)).unwrap()).unwrap();
    }
}

#[test]
fn too_little_and_too_much_work_is_refused() {
    let pbkdf2 = Dict::new().with("kdf", "pbkdf2").with("memory", Value::Null);
    let argon2 = Dict::new().with("kdf", "argon2id13");
    for (dialect, work, expected) in [
        (Dialect::Spec, pbkdf2.clone().with("iterations", 4095), "too weak"),
        (Dialect::Autobahn, pbkdf2.clone().with("iterations", 4095), "too weak"),
        (Dialect::Spec, pbkdf2.clone().with("iterations", 0), "too weak"),
        (Dialect::Spec, pbkdf2.clone().with("iterations", 1_000_001), "too many"),
        (Dialect::Spec, pbkdf2.clone().with("iterations", u32::MAX), "too many"),
        (Dialect::Spec, pbkdf2.clone().with("iterations", u64::MAX), "must be an integer"),
        (Dialect::Spec, pbkdf2.clone().with("iterations", -1), "must be an integer"),
        (Dialect::Spec, pbkdf2, "iterations is missing"),
        (Dialect::Spec, argon2.clone().with("iterations", 2).with("memory", 512), "too weak"),
        (Dialect::Autobahn, argon2.clone().with("iterations", 31).with("memory", 512), "too weak"),
        (Dialect::Spec, argon2.clone().with("iterations", 2), "requires the parameter memory"),
        (Dialect::Spec, argon2.clone().with("iterations", 2).with("memory", 7), "memory of 7 KiB"),
        (Dialect::Spec, argon2.clone().with("iterations", 1).with("memory", 262_145), "memory of"),
        (Dialect::Spec, argon2.clone().with("iterations", 17).with("memory", 262_144), "too many"),
        (Dialect::Autobahn, argon2.clone().with("iterations", u32::MAX).with("memory", 8), "too"),
        (Dialect::Spec, argon2.with("kdf", "scrypt"), "unknown kdf \"scrypt\""),
    ] {
        let mut client = client(dialect, PASSWORD);
        let (challenge, _) = begin(&credential(dialect, Kdf::Pbkdf2), &client.authextra());
        let mut extra = challenge.extra;
        extra.remove("iterations");
        extra.extend(work);
        let error = client.answer(&extra).unwrap_err().to_string();
        assert!(error.contains(expected), "{error} / {expected}");
    }
}

#[test]
fn less_work_can_be_accepted_in_autobahns_dialect() {
    for (dialect, iterations, memory, accepted) in [
        (Dialect::Autobahn, 2, 512, true),
        (Dialect::Autobahn, 1, 512, false),
        (Dialect::Spec, 2, 4096, false),
    ] {
        let mut client = client(dialect, PASSWORD).accept_weak(true);
        let (challenge, _) = begin(&credential(dialect, Kdf::Argon2id13), &client.authextra());
        let mut extra = challenge.extra;
        extra.extend(Dict::new().with("iterations", iterations).with("memory", memory));
        match client.answer(&extra) {
            Ok(_) => assert!(accepted, "{iterations} times {memory} KiB"),
            Err(error) => assert!(!accepted && error.to_string().contains("too weak"), "{error}"),
        }
    }
}

#[test]
fn what_autobahn_derives_itself_is_strong_enough() {
    let credential =
        ScramCredential::derive_for_autobahn("joe@example.com", &PASSWORD.into(), None).unwrap();
    let credential = Credential::Scram { dialect: Dialect::Autobahn, credential };
    let mut client = client(Dialect::Autobahn, PASSWORD);
    let (challenge, exchange) = begin(&credential, &client.authextra());
    let (signature, extra) = client.answer(&challenge.extra).unwrap();
    client.check(&exchange.verify(&answer(&signature, &extra)).unwrap()).unwrap();
}

#[test]
fn a_bad_salt_or_binding_is_refused() {
    let mut client = client(Dialect::Spec, PASSWORD);
    let hello = client.authextra();
    let (pbkdf2, _) = begin(&credential(Dialect::Spec, Kdf::Pbkdf2), &hello);
    let (argon2, _) = begin(&credential(Dialect::Spec, Kdf::Argon2id13), &hello);
    for (extra, key, value, expected) in [
        (&pbkdf2.extra, "salt", Value::from("!"), "CHALLENGE.Extra.salt is not valid Base64"),
        (&pbkdf2.extra, "salt", Value::from(""), "salt length of 0 octets"),
        (&pbkdf2.extra, "salt", Value::from("A".repeat(4000)), "salt length of 3000 octets"),
        (&pbkdf2.extra, "salt", Value::Null, "CHALLENGE.Extra.salt is missing"),
        (&argon2.extra, "salt", Value::from("AAAA"), "salt length of 3 octets is too short"),
        (
            &pbkdf2.extra,
            "channel_binding",
            Value::from("tls-exporter"),
            "differs from the requested",
        ),
    ] {
        let error = client.answer(&extra.clone().with(key, value)).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        client.check(&Dict::new().with("verifier", "")).unwrap_err();
    }
    // Without padding, as some write it.
    let salt = data_encoding::BASE64_NOPAD.encode(SALT);
    client.answer(&pbkdf2.extra.clone().with("salt", salt)).unwrap();
}

#[test]
fn what_is_wrong_in_hello_is_named() {
    let credential = credential(Dialect::Spec, Kdf::Pbkdf2);
    for (hello, expected) in [
        (Dict::new(), "HELLO.Details.authextra.nonce is missing"),
        (Dict::new().with("nonce", 7), "HELLO.Details.authextra.nonce must be a string, not"),
        (Dict::new().with("nonce", ""), "HELLO.Details.authextra.nonce is not a valid nonce"),
        (Dict::new().with("nonce", "a,r=b"), "HELLO.Details.authextra.nonce is not a valid nonce"),
        (
            Dict::new().with("nonce", "a".repeat(1025)),
            "HELLO.Details.authextra.nonce is not a valid nonce",
        ),
    ] {
        let error = Exchange::begin(&credential, &context("joe", &hello)).unwrap_err();
        assert!(error.to_string().starts_with(expected), "{error}");
    }
}

#[test]
fn credentials_of_crossbars_configuration() {
    let good = Dict::new()
        .with("kdf", "argon2id-13")
        .with("memory", 512)
        .with("iterations", 2)
        .with("salt", "30313233343536373839616263646566")
        .with("stored-key", "ab".repeat(32))
        .with("server-key", "cd".repeat(32))
        .with("role", "authed");
    let credential = ScramCredential::from_dict(&good).unwrap();
    assert_eq!(credential.salt, SALT);
    assert_eq!(credential.stored_key, Secret::from(vec![0xAB; 32]));
    assert!(!format!("{credential:?}").contains("abab"));
    let mut written = credential.to_dict();
    written.insert("role", "authed");
    assert_eq!(written, good);
    for (key, value, expected) in [
        ("kdf", Value::Null, "scram.kdf is missing"),
        ("kdf", "md5".into(), "unknown kdf \"md5\""),
        ("salt", "xyz".into(), "scram.salt is not valid hexadecimal"),
        ("iterations", Value::Null, "scram.iterations is missing"),
        ("iterations", 0.into(), "are too weak"),
        ("memory", Value::Null, "argon2id13 requires the parameter memory"),
        ("stored-key", "abcd".into(), "scram.stored-key has 2 octets, not 32"),
        ("server-key", 7.into(), "scram.server-key must be a string, not integer"),
    ] {
        let error = ScramCredential::from_dict(&good.clone().with(key, value)).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
}
