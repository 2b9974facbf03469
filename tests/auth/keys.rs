//! Private keys of cryptosign in all their forms, and damaged ones. The keys are made for this test.

use wampwerk::auth::AuthError;
use wampwerk::auth::cryptosign::SigningKey;
use wampwerk::internals::auth::to_hex;
// In the browser the same tests run under its own runner.
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const SEED: &str = "9248772da9c6a7789cb915857251d48fda0162256e3450a8159c0d00a7b1c360";
const PUBLIC: &str = "6db2348a4c27db35b22df4782bbf7267c1afe9b03c4bef38e2ee5928d4386764";

/// `ssh-keygen -t ed25519 -N '' -C 'wampwerk tests'`.
const OPENSSH: &str = "\
-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW
QyNTUxOQAAACBtsjSKTCfbNbIt9Hgrv3Jnwa/psDxL7zji7lko1DhnZAAAAJiTzBVzk8wV
cwAAAAtzc2gtZWQyNTUxOQAAACBtsjSKTCfbNbIt9Hgrv3Jnwa/psDxL7zji7lko1DhnZA
AAAECSSHctqcaneJy5FYVyUdSP2gFiJW40UKgVnA0Ap7HDYG2yNIpMJ9s1si30eCu/cmfB
r+mwPEvvOOLuWSjUOGdkAAAADndhbXB3ZXJrIHRlc3RzAQIDBAUGBw==
-----END OPENSSH PRIVATE KEY-----
";

/// The same with `-N pw`.
const ENCRYPTED: &str = "\
-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABC7KjZ1hS
TqpyYSvLzkQwgAAAAAAQAAAAEAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIIcXwUua0E836BSc
ejXII1O3Nwf88GGBt47/LS0CC6kdAAAAkHlT6bZXsOFAT+O7SonzCPMcxMsqBIoODh6hPl
21luk8bOfLigz7rqs0cnUA5Z+XgROy84hzCeKBA2sK/6F1RiMPzrYBW7xoC7+WdnPgS7SP
DH4N5oDhSsRssCkLVe2HDCi/y8fbIBBZXueVYRZgAdp18kXg9hbhghSK/xU7pwOjkE1K8s
bJJ0UGPVWjWlQtPw==
-----END OPENSSH PRIVATE KEY-----
";

/// `ssh-keygen -t ecdsa -N ''`.
const ECDSA: &str = "\
-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAaAAAABNlY2RzYS
1zaGEyLW5pc3RwMjU2AAAACG5pc3RwMjU2AAAAQQQieD/O3U9aO3BeU4b3EQph+OxWngJn
Bj7X2a0o6jllApMJxmS2MqhzFN0L1jcGuAGpBFbWEGOPWQJ4HXk79b9XAAAAoJMkfCyTJH
wsAAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBCJ4P87dT1o7cF5T
hvcRCmH47FaeAmcGPtfZrSjqOWUCkwnGZLYyqHMU3QvWNwa4AakEVtYQY49ZAngdeTv1v1
cAAAAhAIxezMZk5zD/FrFL7LH4kFU4Nlnr1pTsdbBxz0YpPOYcAAAAAXgBAgMEBQY=
-----END OPENSSH PRIVATE KEY-----
";

const OPENSSH_PUBLIC: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIG2yNIpMJ9s1si30eCu/cmfBr+mwPEvvOOLuWSjUOGdk tests\n";

fn keyfile() -> String {
    format!(
        "A comment: of two lines,\nprivate-key-ed25519: not this one\n\ncreator: tests\n\
         created-at: 2026-11-22T12:00:00.000Z\npublic-key-ed25519: {PUBLIC}\n\
         public-adr-eth: 0x10848feBdf7f200Ba989CDf7E3eEB3EC03ae7768\n\
         private-key-ed25519: {SEED}\n"
    )
}

fn is_the_key(key: Result<SigningKey, AuthError>) {
    assert_eq!(to_hex(&key.unwrap().public_key()), PUBLIC);
}

#[test]
fn every_form_is_told_by_itself() {
    is_the_key(SigningKey::from_hex(SEED));
    is_the_key(SigningKey::from_openssh(OPENSSH));
    is_the_key(SigningKey::from_keyfile(&keyfile()));
    let raw = data_encoding::HEXLOWER.decode(SEED.as_bytes()).unwrap();
    is_the_key(SigningKey::parse(&raw));
    for text in [
        SEED.to_owned(),
        format!("  {}\r\n", SEED.to_uppercase()),
        OPENSSH.to_owned(),
        OPENSSH.replace('\n', "\r\n"),
        keyfile(),
        keyfile().replace('\n', "\r\n"),
        keyfile().replace("private-key-ed25519: 9", "Private-Key-ED25519 :  9"),
    ] {
        is_the_key(SigningKey::parse(text.as_bytes()));
    }
}

#[test]
fn debug_shows_the_public_half_only() {
    let text = format!("{:?}", SigningKey::from_hex(SEED).unwrap());
    assert_eq!(text, format!("SigningKey(public {PUBLIC})"));
}

#[test]
fn what_is_no_key_is_refused_with_the_reason() {
    let public_only = keyfile().replace("private-key-ed25519: 9", "other: 9");
    let without_comment = keyfile().replacen("\n\n", "\n", 1);
    let twice = keyfile() + "private-key-ed25519: 00\n";
    let mismatched = keyfile().replace(PUBLIC, &PUBLIC.replace("6d", "6e"));
    let no_colon = keyfile() + "private-key-ed25519\n";
    let short = keyfile().replace(SEED, &SEED[2..]);
    let no_hex = keyfile().replace(SEED, &SEED.replace('9', "g"));
    for (text, expected) in [
        ("", "not a private key"),
        ("hello", "not a private key"),
        (&SEED[..32], "not a private key: its 32 octets are text, not random"),
        (&format!("{}\n", &SEED[..31]), "not a private key: its 32 octets are text"),
        ("my-secret-pass-phrase-of-32-char", "not a private key: its 32 octets are text"),
        (&SEED[2..], "the private key has 31 octets, not 32"),
        (&SEED[1..], "the private key is not valid hexadecimal"),
        (OPENSSH_PUBLIC, "this is an OpenSSH public key; the private key is required"),
        (ENCRYPTED, "the OpenSSH key cannot be read: it is encrypted with a passphrase"),
        (ECDSA, "the OpenSSH key cannot be read: it is of type \"ecdsa-sha2-nistp256\", not"),
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "the OpenSSH key cannot"),
        (&OPENSSH[..400], "the OpenSSH key cannot be read: it does not end with"),
        (&public_only, "private-key-ed25519: the key file has a public key only"),
        (&without_comment, "private-key-ed25519: the key file has no such tag after its first"),
        (&twice, "line 9 of the key file repeats private-key-ed25519"),
        (&mismatched, "public-key-ed25519 does not match private-key-ed25519"),
        (&no_colon, "line 9 of the key file has no colon"),
        (&short, "private-key-ed25519 has 31 octets, not 32"),
        (&no_hex, "private-key-ed25519 is not valid hexadecimal"),
    ] {
        let error = SigningKey::parse(text.as_bytes()).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error} / {expected}");
        assert!(!error.contains(&SEED[8..16]), "{error}");
    }
    let error = SigningKey::parse(&vec![b'a'; 100_000]).unwrap_err().to_string();
    assert!(error.contains("longer than"), "{error}");
    SigningKey::parse(&[0xFF; 33]).unwrap_err();
    SigningKey::parse(&[0; 64]).unwrap_err();
}

#[test]
fn a_damaged_openssh_key_is_refused_and_nothing_panics() {
    let body: String = OPENSSH.lines().filter(|line| !line.starts_with('-')).collect();
    let blob = data_encoding::BASE64.decode(body.as_bytes()).unwrap();
    let parse = |blob: &[u8]| {
        let body = data_encoding::BASE64.encode(blob);
        SigningKey::from_openssh(&format!(
            "-----BEGIN OPENSSH PRIVATE KEY-----\n{body}\n-----END OPENSSH PRIVATE KEY-----"
        ))
    };
    is_the_key(parse(&blob));
    for length in 0..blob.len() {
        let error = parse(&blob[..length]).unwrap_err().to_string();
        assert!(error.starts_with("the OpenSSH key cannot be read: it is "), "{error}");
    }
    // Lengths, numbers and letters made all kinds of other ones. What may change without harm: the
    // outer public key, the options, the comment, and both halves of the check.
    for index in 0..blob.len() {
        for octet in [0, 1, 0x7F, 0x80, 0xFF, blob[index] ^ 1] {
            let mut damaged = blob.clone();
            damaged[index] = octet;
            if let Ok(key) = parse(&damaged) {
                assert_eq!(to_hex(&key.public_key()), PUBLIC, "octet {index}");
            }
        }
    }
    parse(&[&blob[..], &[0]].concat()).unwrap_err();
    SigningKey::from_openssh(&OPENSSH.replace("AAAA", "AA*A")).unwrap_err();
}

#[test]
fn row14_a_key_file_that_lost_a_character_is_refused() {
    for at in (0..OPENSSH.len()).filter(|at| OPENSSH.is_char_boundary(*at)) {
        let mut text = OPENSSH.to_owned();
        let lost = text.remove(at);
        let cut = &OPENSSH[..at];
        // Only the lines may differ.
        assert!(SigningKey::from_openssh(&text).is_err() || lost.is_whitespace(), "{at}");
        assert!(SigningKey::from_openssh(cut).is_err() || OPENSSH[at..].trim().is_empty(), "{at}");
        let ended = format!("{cut}\n-----END OPENSSH PRIVATE KEY-----");
        drop(SigningKey::from_openssh(&ended));
    }
}

/// The JavaScript of the npm package reads these keys as well, with the same texts.
#[test]
fn keys_of_the_vectors() {
    let vectors: serde_json::Value =
        serde_json::from_str(include_str!("../vectors/keys.json")).unwrap();
    assert_eq!(vectors["public_key"], PUBLIC);
    let parse = |case: &serde_json::Value| {
        SigningKey::parse(&match case["file"].as_str() {
            Some(text) => text.as_bytes().to_vec(),
            None => {
                data_encoding::HEXLOWER.decode(case["octets"].as_str().unwrap().as_bytes()).unwrap()
            }
        })
    };
    let (accepted, refused) = (&vectors["accepted"], &vectors["refused"]);
    assert!(accepted.as_array().unwrap().len() >= 10 && refused.as_array().unwrap().len() >= 30);
    for case in accepted.as_array().unwrap() {
        is_the_key(parse(case));
    }
    for case in refused.as_array().unwrap() {
        assert_eq!(parse(case).unwrap_err().to_string(), case["text"].as_str().unwrap());
    }
}
