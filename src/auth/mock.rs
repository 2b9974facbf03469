//! Creates fake credentials for unknown users. They are derived from the router's secret and stay
//! the same.

use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD, Encoding};

use crate::auth::encoding::hmac_sha256;
use crate::auth::scram::{Dialect, ScramCredential};
use crate::auth::{AuthError, ChallengeContext, Credential, Salt, Secret};

/// Derives values that are unpredictable without the router's secret, and constant for the same
/// authid on the same realm.
pub(in crate::auth) struct Mock {
    /// Hash of the realm and the authid, of fixed length.
    seed: [u8; 32],
}

impl Mock {
    pub(in crate::auth) fn new(context: &ChallengeContext<'_>) -> Self {
        let ChallengeContext { realm, authid, secret, .. } = context;
        // The length prefix prevents two pairs of realm and authid from producing the same text.
        let length = (realm.len() as u64).to_be_bytes();
        let parts: [&[u8]; 3] = [&length, realm.as_bytes(), authid.as_bytes()];
        Mock { seed: hmac_sha256(&secret[..], &parts) }
    }

    /// Returns a usual credential of a method.
    pub(in crate::auth) fn usual(&self, method: &str) -> Result<Credential, AuthError> {
        Ok(match method {
            "ticket" => Credential::Ticket(self.key("ticket")),
            "wampcra" => Credential::WampCra { secret: self.key("wampcra key"), salt: None },
            "cryptosign" => Credential::Cryptosign { public_keys: Vec::new() },
            _ => {
                let dialect = Dialect::of_method(method).ok_or_else(|| {
                    AuthError::new(format_args!("method {method:?} has no challenge"))
                })?;
                ScramCredential::mock(dialect, self)?
            }
        })
    }

    /// Returns a credential that a client cannot distinguish from the given one.
    pub(in crate::auth) fn like(&self, credential: &Credential) -> Credential {
        match credential {
            Credential::Ticket(_) => Credential::Ticket(self.key("ticket")),
            Credential::WampCra { salt, .. } => {
                let salt = salt
                    .as_ref()
                    .map(|like| Salt { salt: self.salt_like(&like.salt), ..like.clone() });
                Credential::WampCra { secret: self.key("wampcra key"), salt }
            }
            Credential::Cryptosign { .. } => Credential::Cryptosign { public_keys: Vec::new() },
            Credential::Scram { dialect, credential } => credential.mock_like(*dialect, self),
        }
    }

    pub(in crate::auth) fn key(&self, purpose: &str) -> Secret {
        self.octets(purpose, 32).into()
    }

    /// Returns a text of the same length and form as the given one.
    fn salt_like(&self, like: &str) -> String {
        let octets = |count| self.octets("wampcra salt", count);
        match Form::of(like) {
            Form::Letters(letters) => {
                let count = letters.len();
                // Two octets per letter, so that all letters are about equally frequent.
                let letter = |pair: &[u8]| {
                    let number = usize::from(pair[0]) * 256 + usize::from(pair[1]);
                    char::from(letters[number % count])
                };
                octets(like.len() * 2).chunks_exact(2).map(letter).collect()
            }
            Form::Encoded(encoding, count) => {
                let text = encoding.encode(&octets(count));
                // The text may consist of letters and digits without being Base64: such a text
                // never contains a sign.
                let is_sign = |letter: char| !letter.is_ascii_alphanumeric() && letter != '=';
                if like.contains(is_sign) {
                    return text;
                }
                let replaced = |(at, letter)| match is_sign(letter) {
                    true => char::from(LOWER[at % LOWER.len()]),
                    false => letter,
                };
                text.chars().enumerate().map(replaced).collect()
            }
            Form::Other => {
                let octets = octets(like.chars().count());
                like.chars().zip(octets).map(|(like, octet)| same_class(like, octet)).collect()
            }
        }
    }

    pub(in crate::auth) fn octets(&self, purpose: &str, count: usize) -> Vec<u8> {
        let mut octets = Vec::with_capacity(count + 32);
        let mut block = 0_u32;
        while octets.len() < count {
            let parts: [&[u8]; 3] = [purpose.as_bytes(), &[0], &block.to_be_bytes()];
            octets.extend(hmac_sha256(&self.seed, &parts));
            block += 1;
        }
        octets.truncate(count);
        octets
    }
}

/// The character set of a salt.
enum Form {
    /// These letters: the first of [`ALPHABETS`] that contains all of them.
    Letters(&'static [u8]),
    /// This number of octets in Base64, which restricts the last letter.
    Encoded(Encoding, usize),
    Other,
}

const ALPHABETS: [&[u8]; 8] = [
    b"0123456789",
    b"0123456789abcdef",
    b"0123456789ABCDEF",
    LOWER,
    UPPER,
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
    b"abcdefghijklmnopqrstuvwxyz0123456789",
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
];

const LOWER: &[u8] = b"abcdefghijklmnopqrstuvwxyz";
const UPPER: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";

impl Form {
    fn of(text: &str) -> Self {
        let is_of = |letters: &&[u8]| text.bytes().all(|letter| letters.contains(&letter));
        if let Some(letters) = ALPHABETS.into_iter().find(is_of) {
            return Form::Letters(letters);
        }
        let encodings = [BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD];
        let encoded = encodings.into_iter().find_map(|encoding| {
            let octets = encoding.decode(text.as_bytes()).ok()?;
            Some(Form::Encoded(encoding, octets.len()))
        });
        encoded.unwrap_or(Form::Other)
    }
}

/// Replaces a letter by a letter and a digit by a digit. Other characters stay.
fn same_class(like: char, octet: u8) -> char {
    let letters = match like {
        'a'..='z' => LOWER,
        'A'..='Z' => UPPER,
        '0'..='9' => ALPHABETS[0],
        other => return other,
    };
    char::from(letters[usize::from(octet) % letters.len()])
}
