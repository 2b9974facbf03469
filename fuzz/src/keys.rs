//! Key files: any octets are a key or refused, and a key that was read signs what its public key verifies.

use wampwerk::auth::cryptosign::SigningKey;
use wampwerk::internals::auth::{public_key_from_hex, to_hex, verify};

pub fn parse(input: &[u8]) {
    let (bytes, ()) = super::allocated(|| parse_each(input));
    let most = (256 << 10) + 64 * input.len();
    assert!(bytes < most, "{bytes} bytes were allocated for a file of {}", input.len());
}

fn parse_each(input: &[u8]) {
    read(SigningKey::parse(input));
    let Ok(text) = std::str::from_utf8(input) else { return };
    read(SigningKey::from_hex(text));
    read(SigningKey::from_openssh(text));
    read(SigningKey::from_keyfile(text));
    if let Ok(key) = public_key_from_hex(text) {
        assert_eq!(public_key_from_hex(&to_hex(&key)).unwrap(), key);
    }
}

fn read(key: Result<SigningKey, wampwerk::auth::AuthError>) {
    match key {
        Ok(key) => {
            let message = [7; 32];
            let response = to_hex(&[&key.sign(&message)[..], &message].concat());
            verify(&key.public_key(), &message, &response).unwrap();
            assert_eq!(public_key_from_hex(&key.public_key_hex()).unwrap(), key.public_key());
        }
        // An error tells no secret, and not much of the file.
        Err(error) => assert!(error.to_string().len() < 1000, "{error}"),
    }
}
