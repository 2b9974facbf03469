//! The vectors of authentication: WAMP-CRA, cryptosign, both forms of SCRAM.

use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use wampwerk::auth::scram::{Dialect, Kdf, ScramCredential};
use wampwerk::auth::{AuthError, Salt, Secret, cryptosign, wampcra};
use wampwerk::internals::auth::{
    AuthMessage, Binding, ClientExchange, Keys, salted_password, saslprep,
};
use wampwerk::{Dict, Value};

#[test]
fn wampcra_signatures() {
    let file = read(include_str!("../vectors/wampcra.json"));
    for case in cases(&file["sign"], 5) {
        let secret = Secret::from(text(&case["secret"]));
        let challenge = text(&case["challenge"]);
        let mut extra = Dict::new().with("challenge", challenge);
        let mut key = secret.clone();
        if let Some(salt) = case["salt"].as_str() {
            let (iterations, keylen) = (number(&case["iterations"]), number(&case["keylen"]));
            key = derived(&secret, salt, iterations, keylen);
            extra = extra.with("salt", salt).with("iterations", iterations).with("keylen", keylen);
        }
        assert_eq!(key.as_str().unwrap(), text(&case["key"]));
        let expected = text(&case["signature"]);
        assert_eq!(wampcra::sign(key.as_bytes(), challenge), expected);
        assert_eq!(wampwerk::internals::auth::wampcra::answer(&secret, &extra).unwrap(), expected);
        if let Some(wrong) = case["signature_by_undecoded_key"].as_str() {
            assert_ne!(expected, wrong);
        }
    }
    for case in cases(&file["derive"], 2) {
        let secret = Secret::from(text(&case["secret"]));
        let (iterations, keylen) = (number(&case["iterations"]), number(&case["keylen"]));
        let key = derived(&secret, text(&case["salt"]), iterations, keylen);
        assert_eq!(key.as_str().unwrap(), text(&case["key"]));
    }
}

fn derived(secret: &Secret, salt: &str, iterations: u32, keylen: u32) -> Secret {
    let mut salt = Salt::new(salt);
    (salt.iterations, salt.keylen) = (iterations, keylen as usize);
    salt.derive_key(secret).unwrap()
}

#[test]
fn cryptosign_signatures() {
    let file = read(include_str!("../vectors/cryptosign.json"));
    for case in cases(&file["sign"], 6) {
        let key = cryptosign::SigningKey::from_hex(text(&case["private_key"])).unwrap();
        assert_eq!(wampwerk::internals::auth::to_hex(&key.public_key()), text(&case["public_key"]));
        let message = to_be_signed(case).unwrap();
        assert_eq!(wampwerk::internals::auth::to_hex(&message), text(&case["message"]));
        let response = wampwerk::internals::auth::response(&key.sign(&message), &message);
        assert_eq!(response, text(&case["response"]));
        wampwerk::internals::auth::verify(&key.public_key(), &message, &response).unwrap();
    }
    for case in cases(&file["accepted"], 7) {
        verify(case).unwrap();
    }
    for case in cases(&file["refused"], 5) {
        verify(case).unwrap_err();
    }
}

#[test]
fn scram_as_the_specification_says() {
    let file = read(include_str!("../vectors/scram.json"));
    for case in cases(&file["specification"], 5) {
        let (authid, password) = (text(&case["authid"]), text(&case["password"]));
        let client_nonce = text(&case["client_nonce"]);
        let binding = case["channel_binding"]
            .as_str()
            .map(|name| Binding { name: name.to_owned(), data: base64(text(&case["cbind_data"])) });
        let extra = dict(&case["challenge"]);
        let message = message(Dialect::Spec, case, binding.as_ref());
        assert_eq!(message, text(&case["auth_message"]));
        let (salted, keys) = keys(Dialect::Spec, case);
        assert_eq!(salted.as_bytes(), hex(&case["salted_password"]));
        assert_eq!(keys.stored_key().as_bytes(), hex(&case["stored_key"]));
        assert_eq!(keys.server_key().as_bytes(), hex(&case["server_key"]));

        let mut exchange =
            ClientExchange::with_nonce(Dialect::Spec, authid, password.into(), client_nonce);
        if let Some(binding) = binding {
            exchange = exchange.binding(binding);
        }
        let (signature, answer) = exchange.answer(&extra).unwrap();
        assert_eq!(signature, text(&case["signature"]));
        assert_eq!(answer.get("nonce"), extra.get("nonce"));
        assert_eq!(answer.get("cbind_data").and_then(Value::as_str), case["cbind_data"].as_str());
        let verifier = text(&case["verifier"]);
        exchange.check(&Dict::new().with("verifier", verifier)).unwrap();
        exchange.check(&Dict::new().with("verifier", format!("v={verifier}"))).unwrap();
        exchange.check(&Dict::new().with("verifier", signature)).unwrap_err();
    }
}

#[test]
fn scram_key_derivation_and_saslprep() {
    let file = read(include_str!("../vectors/scram.json"));
    for case in cases(&file["derivation"], 2) {
        let kdf = Kdf::from_name(text(&case["kdf"])).unwrap();
        let memory = case["memory"].as_u64().map(|memory| u32::try_from(memory).unwrap());
        let salted = salted_password(
            Dialect::Spec,
            &text(&case["password"]).into(),
            kdf,
            &hex(&case["salt"]),
            number(&case["iterations"]),
            memory,
        );
        assert_eq!(salted.unwrap().as_bytes(), hex(&case["salted_password"]));
    }
    for case in cases(&file["saslprep"], 7) {
        let found = saslprep("it", text(&case["input"])).ok();
        assert_eq!(found.as_deref(), case["expected"].as_str());
    }
}

#[test]
fn saslprep_of_every_character() {
    let file = read(include_str!("../vectors/saslprep.json"));
    let range = |range: &str| {
        let (first, last) = range.split_once('-').unwrap();
        let code = |digits| u32::from_str_radix(digits, 16).unwrap();
        code(first)..=code(last)
    };
    let unassigned: Vec<_> = text(&file["unassigned"]).split(' ').flat_map(range).collect();
    let assigned: Vec<_> = ('\0'..'\u{F0000}')
        .filter(|&char| unassigned.binary_search(&u32::from(char)).is_err())
        .collect();
    for case in cases(&file["characters"], 3) {
        let (before, after) = (text(&case["before"]), text(&case["after"]));
        let mut hash = Sha256::new();
        for &char in &assigned {
            let prepared = saslprep("it", &format!("{before}{char}{after}"))
                .map_or_else(|_| "-".to_owned(), |text| text.into_owned());
            hash.update(format!("{:x}:{prepared}\n", u32::from(char)));
        }
        assert_eq!(data_encoding::HEXLOWER.encode(&hash.finalize()), text(&case["sha256"]));
    }
}

#[test]
fn scram_as_autobahn_does_it() {
    let file = read(include_str!("../vectors/scram.json"));
    for case in cases(&file["autobahn"], 1) {
        let message = message(Dialect::Autobahn, case, None);
        assert_eq!(message, text(&case["auth_message"]));
        let (salted, keys) = keys(Dialect::Autobahn, case);
        assert_eq!(salted.as_str().unwrap(), text(&case["salted_password"]));
        assert_eq!(keys.stored_key().as_bytes(), hex(&case["stored_key"]));
        assert_eq!(keys.server_key().as_bytes(), hex(&case["server_key"]));
        assert_eq!(keys.proof(&message), text(&case["signature"]));
        assert_eq!(keys.verifier(&message), text(&case["verifier"]));
    }
    for case in cases(&file["credentials"], 2) {
        let (email, password) = (text(&case["email"]), Secret::from(text(&case["password"])));
        let salt: [u8; 16] = hex(&case["salt"]).try_into().unwrap();
        let given = (case["salt_is_derived"] == false).then_some(salt);
        let found = ScramCredential::derive_for_autobahn(email, &password, given).unwrap();
        assert_eq!(found.salt, salt);
        assert_eq!(found.iterations, number(&case["iterations"]));
        assert_eq!(found.memory, Some(number(&case["memory"])));
        assert_eq!(found.stored_key.as_bytes(), hex(&case["stored_key"]));
        assert_eq!(found.server_key.as_bytes(), hex(&case["server_key"]));
        assert_eq!(ScramCredential::from_dict(&found.to_dict()).unwrap(), found);

        let (kdf, t, m) = (Kdf::Argon2id13, found.iterations, found.memory);
        let spec = ScramCredential::derive(Dialect::Spec, &password, kdf, &salt, t, m).unwrap();
        assert_eq!(spec.stored_key.as_bytes(), hex(&case["spec_stored_key"]));
        assert_eq!(spec.server_key.as_bytes(), hex(&case["spec_server_key"]));
    }
}

fn message(dialect: Dialect, case: &Json, binding: Option<&Binding>) -> String {
    let challenge = &case["challenge"];
    let message = AuthMessage {
        dialect,
        authid: text(&case["authid"]),
        client_nonce: text(&case["client_nonce"]),
        nonce: text(&challenge["nonce"]),
        salt: text(&challenge["salt"]),
        iterations: number(&challenge["iterations"]),
        binding,
    };
    message.text().unwrap()
}

fn keys(dialect: Dialect, case: &Json) -> (Secret, Keys) {
    let challenge = &case["challenge"];
    let memory = challenge["memory"].as_u64().map(|memory| u32::try_from(memory).unwrap());
    let salted = salted_password(
        dialect,
        &text(&case["password"]).into(),
        Kdf::from_name(text(&challenge["kdf"])).unwrap(),
        &base64(text(&challenge["salt"])),
        number(&challenge["iterations"]),
        memory,
    );
    let salted = salted.unwrap();
    let keys = Keys::new(&salted);
    (salted, keys)
}

fn verify(case: &Json) -> Result<(), AuthError> {
    let key = wampwerk::internals::auth::public_key_from_hex(text(&case["public_key"]))?;
    wampwerk::internals::auth::verify(&key, &to_be_signed(case)?, text(&case["response"]))
}

fn to_be_signed(case: &Json) -> Result<[u8; 32], AuthError> {
    let channel_id = case["channel_id"].as_str().map(|_| hex(&case["channel_id"]));
    let channel_id: Option<[u8; 32]> = channel_id.map(|id| id.try_into().unwrap());
    wampwerk::internals::auth::to_be_signed(text(&case["challenge"]), channel_id.as_ref())
}

fn read(file: &str) -> Json {
    serde_json::from_str(file).unwrap()
}

/// The cases of a list that has so many at least; each is named before it is tried.
fn cases(list: &Json, least: usize) -> impl Iterator<Item = &Json> {
    let list = list.as_array().unwrap();
    assert!(list.len() >= least, "only {} cases", list.len());
    list.iter().inspect(|case| println!("{}", case["name"].as_str().unwrap_or("(unnamed)")))
}

fn text(value: &Json) -> &str {
    value.as_str().unwrap()
}

fn number(value: &Json) -> u32 {
    value.as_u64().unwrap().try_into().unwrap()
}

fn hex(value: &Json) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(text(value).as_bytes()).unwrap()
}

fn base64(text: &str) -> Vec<u8> {
    data_encoding::BASE64.decode(text.as_bytes()).unwrap()
}

fn dict(value: &Json) -> Dict {
    serde_json::from_value(value.clone()).unwrap()
}
