//! Authentication under random names, passwords, nonces, damage and garbage.

use proptest::collection::vec;
use proptest::prelude::*;
use wampwerk::auth::cryptosign::SigningKey;
use wampwerk::auth::scram::{Dialect, Kdf, ScramCredential};
use wampwerk::auth::{Credential, Salt, Secret, Totp};
use wampwerk::internals::auth::{ClientExchange, Exchange, constant_time_eq, saslprep, to_hex};
use wampwerk::{Dict, Value};

use crate::common::{answer, context};

/// A value such as stands in extras, right or wrong.
fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (0_u32..10).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        "[A-Za-z0-9+/]{0,16}={0,2}".prop_map(Value::from),
        "[0-9a-f]{64}".prop_map(Value::from),
        Just(Value::from("pbkdf2")),
        Just(Value::from("tls-exporter")),
        vec(any::<u8>(), 0..8).prop_map(|octets| Value::Bytes(octets.into())),
    ]
}

fn extra() -> impl Strategy<Value = Dict> {
    const KEYS: [&str; 11] = [
        "challenge",
        "salt",
        "iterations",
        "keylen",
        "nonce",
        "kdf",
        "memory",
        "channel_binding",
        "pubkey",
        "verifier",
        "cbind_data",
    ];
    vec((prop::sample::select(&KEYS[..]), value()), 0..8)
        .prop_map(|entries| entries.into_iter().collect())
}

fn dialect() -> impl Strategy<Value = Dialect> {
    prop_oneof![Just(Dialect::Spec), Just(Dialect::Autobahn)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn wampcra_joins_with_any_secret(
        secret in ".{0,90}", other in ".{0,90}", authid in ".{1,12}", nonce in any::<[u8; 32]>(),
        salt in prop::option::of((".{0,20}", 1_u32..50, 1_usize..80)),
    ) {
        let plain = Secret::from(secret.as_str());
        let credential = match salt {
            None => Credential::WampCra { secret: plain.clone(), salt: None },
            Some((salt, iterations, keylen)) => {
                Credential::salted_wampcra(&plain, Salt { salt, iterations, keylen }).unwrap()
            }
        };
        let none = Dict::new();
        let mut context = context(&authid, &none);
        context.nonce = nonce;
        let begin = || Exchange::begin(&credential, &context).unwrap();
        let (challenge, exchange) = begin();
        let signature = wampwerk::internals::auth::wampcra::answer(&plain, &challenge.extra).unwrap();
        prop_assert!(exchange.verify(&answer(&signature, &none)).is_ok());
        let foreign = wampwerk::internals::auth::wampcra::answer(&Secret::from(other.as_str()), &challenge.extra).unwrap();
        // HMAC fills short keys up with zeros: that many at the end make no other key.
        let same = other.trim_end_matches('\0') == secret.trim_end_matches('\0');
        prop_assert_eq!(begin().1.verify(&answer(&foreign, &none)).is_ok(), same);
    }

    #[test]
    fn scram_joins_with_any_password(
        dialect in dialect(), authid in ".{1,12}", password in ".{1,24}", other in ".{1,24}",
        salt in vec(any::<u8>(), 1..40), client in any::<[u8; 24]>(), router in any::<[u8; 32]>(),
    ) {
        let prepared = |text: &str| match dialect {
            Dialect::Spec => saslprep("it", text).ok().map(|text| text.into_owned()),
            Dialect::Autobahn => Some(text.to_owned()),
        };
        let secret = Secret::from(password.as_str());
        let credential =
            ScramCredential::derive(dialect, &secret, Kdf::Pbkdf2, &salt, 4096, None);
        prop_assert_eq!(credential.is_ok(), prepared(&password).is_some());
        let Ok(credential) = credential else { return Ok(()) };
        let credential = Credential::Scram { dialect, credential };

        let attempt = |password: &str| {
            let secret = Secret::from(password);
            let mut end = ClientExchange::new(dialect, authid.as_str(), secret, client);
            let hello = end.authextra();
            let mut context = context(&authid, &hello);
            context.nonce = router;
            let (challenge, exchange) = Exchange::begin(&credential, &context).ok()?;
            let (signature, extra) = end.answer(&challenge.extra).ok()?;
            let welcome = exchange.verify(&answer(&signature, &extra)).ok()?;
            end.check(&welcome).unwrap();
            Some(())
        };
        prop_assert_eq!(attempt(&password).is_some(), saslprep("it", &authid).is_ok());
        if prepared(&other).map(|text| text.trim_end_matches('\0').to_owned())
            != prepared(&password).map(|text| text.trim_end_matches('\0').to_owned())
        {
            prop_assert!(attempt(&other).is_none());
        }
    }

    #[test]
    fn cryptosign_joins_with_any_key_and_channel(
        seed in any::<[u8; 32]>(), nonce in any::<[u8; 32]>(),
        channel_id in prop::option::of(any::<[u8; 32]>()), index in 0_usize..192, flip in 1_u8..16,
    ) {
        let key = SigningKey::from_seed(seed);
        let credential = Credential::Cryptosign { public_keys: vec![key.public_key()] };
        let hello = Dict::new()
            .with("pubkey", to_hex(&key.public_key()))
            .with("channel_binding", channel_id.map(|_| "tls-exporter"));
        let mut context = context("joe", &hello);
        (context.nonce, context.channel_id) = (nonce, channel_id);
        let begin = || Exchange::begin(&credential, &context).unwrap();
        let (challenge, exchange) = begin();
        let challenge = challenge.extra.get("challenge").and_then(Value::as_str).unwrap();
        let message = wampwerk::internals::auth::to_be_signed(challenge, channel_id.as_ref()).unwrap();
        let response = wampwerk::internals::auth::response(&key.sign(&message), &message);
        prop_assert!(exchange.verify(&answer(&response, &Dict::new())).is_ok());

        let digit = u8::from_str_radix(&response[index..=index], 16).unwrap() ^ flip;
        let tampered = format!("{}{digit:x}{}", &response[..index], &response[index + 1..]);
        prop_assert!(begin().1.verify(&answer(&tampered, &Dict::new())).is_err());
    }

    #[test]
    fn comparing_is_equality(one in vec(any::<u8>(), 0..4), other in vec(any::<u8>(), 0..4)) {
        prop_assert_eq!(constant_time_eq(&one, &other), one == other);
        let equal = Secret::from(&one[..]) == Secret::from(&other[..]);
        prop_assert_eq!(equal, one == other);
    }
}

proptest! {
    #[test]
    fn garbage_as_a_challenge_is_an_error_and_no_panic(extra in extra(), dialect in dialect()) {
        let secret = Secret::from("secret");
        let _ = wampwerk::internals::auth::wampcra::answer(&secret, &extra);
        let mut client = ClientExchange::new(dialect, "joe", secret, [1; 24]);
        prop_assert!(client.answer(&extra).is_err());
        prop_assert!(client.check(&extra).is_err());
    }

    #[test]
    fn garbage_as_hello_and_answer_lets_nobody_in(
        hello in extra(), extra in extra(), signature in ".{0,40}|[0-9a-f]{192}|[A-Za-z0-9+/]{43}=",
    ) {
        let key = SigningKey::from_seed([3; 32]);
        let secret = Secret::from("secret");
        let scram = |dialect| {
            let (kdf, salt) = (Kdf::Pbkdf2, b"0123456789abcdef");
            let credential =
                ScramCredential::derive(dialect, &secret, kdf, salt, 4096, None).unwrap();
            Credential::Scram { dialect, credential }
        };
        for credential in [
            Credential::Ticket("a ticket of more than forty characters, so no match".into()),
            Credential::WampCra { secret: "secret".into(), salt: None },
            Credential::Cryptosign { public_keys: vec![key.public_key()] },
            scram(Dialect::Spec),
            scram(Dialect::Autobahn),
        ] {
            let context = context("joe", &hello);
            if let Ok((_, exchange)) = Exchange::begin(&credential, &context) {
                prop_assert!(exchange.verify(&answer(&signature, &extra)).is_err());
            }
        }
    }

    #[test]
    fn garbage_as_a_key_or_secret_does_not_panic(
        octets in vec(any::<u8>(), 0..200), text in "(.|\n|-key-ed25519|:|-----BEGIN ){0,40}",
    ) {
        prop_assert_eq!(SigningKey::parse(&octets).is_ok(), octets.len() == 32);
        let _ = SigningKey::parse(text.as_bytes());
        let _ = SigningKey::from_keyfile(&text);
        let _ = SigningKey::from_openssh(&text);
        if let Ok(totp) = Totp::new(&text.as_str().into()) {
            let _ = totp.compute(std::time::Duration::MAX, i64::MAX);
        }
        let body = data_encoding::BASE64.encode(&[b"openssh-key-v1\0", &octets[..]].concat());
        let pem = format!(
            "-----BEGIN OPENSSH PRIVATE KEY-----\n{body}\n-----END OPENSSH PRIVATE KEY-----"
        );
        prop_assert!(SigningKey::from_openssh(&pem).is_err());
    }
}
