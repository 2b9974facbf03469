//! Reads key files in the format of Autobahn and Crossbar: comments, an empty line, `tag: value`
//! lines.

use crate::auth::AuthError;
use crate::auth::cryptosign::SigningKey;
use crate::auth::cryptosign::from_hex_array;
use crate::auth::cryptosign::key::MAX_FILE;
use crate::auth::hex::secret_from_hex;

const PRIVATE: &str = "private-key-ed25519";
const PUBLIC: &str = "public-key-ed25519";

pub(super) fn parse(text: &str) -> Result<SigningKey, AuthError> {
    if text.len() > MAX_FILE {
        return Err(AuthError::new(format_args!("the key file is longer than {MAX_FILE} octets")));
    }
    let mut tags: Vec<(String, &str)> = Vec::new();
    let lines = text.lines().enumerate().skip_while(|(_, line)| !line.trim().is_empty());
    for (index, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
        let number = index + 1;
        let Some((tag, value)) = line.split_once(':') else {
            // Do not print the line: it may contain a key.
            return Err(AuthError::new(format_args!("line {number} of the key file has no colon")));
        };
        let tag = tag.trim().to_ascii_lowercase();
        if tag == PRIVATE || tag == PUBLIC {
            if tags.iter().any(|(other, _)| *other == tag) {
                return Err(AuthError::new(format_args!(
                    "line {number} of the key file repeats {tag}"
                )));
            }
            tags.push((tag, value.trim()));
        }
    }
    let find = |name| tags.iter().find(|(tag, _)| tag == name).map(|(_, value)| *value);
    let Some(private) = find(PRIVATE) else {
        let what = match find(PUBLIC) {
            Some(_) => "has a public key only",
            None => "has no such tag after its first empty line",
        };
        return Err(AuthError::new(format_args!("{PRIVATE}: the key file {what}")));
    };
    let key = SigningKey::of(&*secret_from_hex(PRIVATE, private)?);
    match find(PUBLIC).map(|public| from_hex_array::<32>(PUBLIC, public)).transpose()? {
        Some(public) if public != key.public_key() => {
            Err(AuthError::new(format_args!("{PUBLIC} does not match {PRIVATE}")))
        }
        _ => Ok(key),
    }
}
