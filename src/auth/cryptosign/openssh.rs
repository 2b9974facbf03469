//! Reads OpenSSH private keys in the format `openssh-key-v1`: a Base64 text between two marker
//! lines.
//!
//! Source: PROTOCOL.key of OpenSSH. Strings have a length prefix of four octets.

use data_encoding::BASE64;
use zeroize::Zeroizing;

use crate::auth::AuthError;
use crate::auth::cryptosign::SigningKey;
use crate::auth::cryptosign::key::MAX_FILE;

const BEGIN: &str = "-----BEGIN OPENSSH PRIVATE KEY-----";
const END: &str = "-----END OPENSSH PRIVATE KEY-----";
const MAGIC: &[u8] = b"openssh-key-v1\0";
const ED25519: &[u8] = b"ssh-ed25519";

pub(super) fn parse(text: &str) -> Result<SigningKey, AuthError> {
    if text.len() > MAX_FILE {
        return Err(error(format_args!("it is longer than {MAX_FILE} octets")));
    }
    let text = text.trim();
    let Some(body) = text.strip_prefix(BEGIN) else {
        return Err(error(format_args!("it does not begin with {BEGIN}")));
    };
    let Some(body) = body.strip_suffix(END) else {
        return Err(error(format_args!("it does not end with {END}")));
    };
    // Maximum capacity at once: a growing vector leaves copies in memory.
    let mut digits = Zeroizing::new(Vec::with_capacity(body.len()));
    digits.extend(body.bytes().filter(|octet| !octet.is_ascii_whitespace()));
    let invalid = || error("it is not valid Base64");
    let most = BASE64.decode_len(digits.len()).map_err(|_| invalid())?;
    // Decoded into a zeroizing buffer, which also wipes a damaged key.
    let mut blob = Zeroizing::new(vec![0; most]);
    let length = BASE64.decode_mut(&digits, &mut blob).map_err(|_| invalid())?;
    read(&blob[..length])
}

fn read(blob: &[u8]) -> Result<SigningKey, AuthError> {
    let blob =
        blob.strip_prefix(MAGIC).ok_or_else(|| error("it is not in the format openssh-key-v1"))?;
    let mut outer = Reader(blob);
    let cipher = outer.string("the cipher")?;
    let kdf = outer.string("the key derivation")?;
    outer.string("the options of the key derivation")?;
    if cipher != b"none" || kdf != b"none" {
        return Err(error(
            "it is encrypted with a passphrase; `ssh-keygen -p -N \"\"` writes it without one",
        ));
    }
    match outer.number("the number of keys")? {
        1 => {}
        count => return Err(error(format_args!("it holds {count} keys, not one"))),
    }
    outer.string("the public key")?;
    let mut inner = Reader(outer.string("the private key")?);
    outer.end("the private key")?;

    // Two equal numbers; a wrong passphrase makes them differ.
    if inner.number("the check")? != inner.number("the check")? {
        return Err(error("its check numbers differ"));
    }
    let kind = inner.string("the type of the key")?;
    if kind != ED25519 {
        let kind: String = String::from_utf8_lossy(kind).chars().take(40).collect();
        return Err(error(format_args!("it is of type {kind:?}, not ssh-ed25519")));
    }
    let public = inner.string("the public half")?;
    let private = inner.string("the private half")?;
    inner.string("the comment")?;
    // Padding of 1, 2, 3 and so on, up to the block size of the cipher.
    let padding = inner.0;
    if padding.len() > 255 || !padding.iter().zip(1..=255).all(|(octet, count)| *octet == count) {
        return Err(error("its padding is wrong"));
    }
    let Some((seed, rest)) = private.split_first_chunk::<32>() else {
        return Err(error("its private half is too short"));
    };
    let key = SigningKey::of(seed);
    if public != key.public_key() || rest != public {
        return Err(error("its public half is that of another key"));
    }
    Ok(key)
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize, name: &str) -> Result<&'a [u8], AuthError> {
        let (head, rest) = self
            .0
            .split_at_checked(count)
            .ok_or_else(|| error(format_args!("it is cut off in {name}")))?;
        self.0 = rest;
        Ok(head)
    }

    fn number(&mut self, name: &str) -> Result<u32, AuthError> {
        let octets = self.take(4, name)?;
        Ok(octets.iter().fold(0, |number, octet| number << 8 | u32::from(*octet)))
    }

    fn string(&mut self, name: &str) -> Result<&'a [u8], AuthError> {
        let length = self.number(name)?;
        self.take(length as usize, name)
    }

    fn end(&self, name: &str) -> Result<(), AuthError> {
        match self.0 {
            [] => Ok(()),
            rest => Err(error(format_args!("{} octets follow {name}", rest.len()))),
        }
    }
}

fn error(what: impl std::fmt::Display) -> AuthError {
    AuthError::new(format_args!("the OpenSSH key cannot be read: {what}"))
}
