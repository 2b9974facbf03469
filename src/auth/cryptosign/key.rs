//! Contains [`SigningKey`], the private key, and its file formats.

use std::fmt;

use ed25519_dalek::Signer;
use zeroize::Zeroizing;

use crate::auth::cryptosign::public_key::verify_signature;
use crate::auth::cryptosign::{keyfile, openssh, response, to_be_signed, to_hex};
use crate::auth::hex::secret_from_hex;
use crate::auth::{AuthError, Secret};

/// Maximum size of a key file, in octets.
pub(super) const MAX_FILE: usize = 64 * 1024;

/// An Ed25519 private key. It is wiped from memory when dropped. `Debug` shows the public key only.
///
/// ```
/// use wampwerk::auth::cryptosign::SigningKey;
///
/// let key = SigningKey::from_hex(
///     "4d57d97a68f555696620a6d849c0ce582568518d729eb753dc7c732de2804510",
/// )?;
/// assert_eq!(
///     key.public_key_hex(),
///     "1adfc8bfe1d35616e64dffbd900096f23b066f914c8c2ffbb66f6075b96e116d",
/// );
/// # Ok::<(), wampwerk::auth::AuthError>(())
/// ```
#[doc(alias = "CryptosignKey")]
#[derive(Clone)]
pub struct SigningKey(ed25519_dalek::SigningKey);

impl SigningKey {
    /// Creates the key of a seed: 32 random octets. [`generate`](Self::generate) draws them.
    #[doc(alias = "from_bytes")]
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self::of(&Zeroizing::new(seed))
    }

    /// Creates the key without another copy of the seed.
    pub(super) fn of(seed: &[u8; 32]) -> Self {
        SigningKey(ed25519_dalek::SigningKey::from_bytes(seed))
    }

    /// Reads the seed from 64 hexadecimal digits, as in Autobahn's `privkey`.
    ///
    /// # Errors
    /// Returns [`AuthError`] if the text has another form.
    pub fn from_hex(text: &str) -> Result<Self, AuthError> {
        secret_from_hex("the private key", text.trim()).map(|seed| Self::of(&seed))
    }

    /// Reads an OpenSSH key (`-----BEGIN OPENSSH PRIVATE KEY-----`), as written by `ssh-keygen -t
    /// ed25519` without a passphrase.
    ///
    /// # Errors
    /// Returns [`AuthError`] if the key is encrypted, of another type, or damaged.
    #[doc(alias("from_ssh_bytes", "from_ssh_file"))]
    pub fn from_openssh(text: &str) -> Result<Self, AuthError> {
        openssh::parse(text)
    }

    /// Reads a key file of Autobahn or Crossbar: comments up to the first empty line, then lines of
    /// `tag: value`, including `private-key-ed25519`.
    ///
    /// # Errors
    /// Returns [`AuthError`] in these cases:
    /// - the tag `private-key-ed25519` is missing
    /// - a line is not of the form `tag: value`, or a tag occurs twice
    /// - the public key belongs to another private key
    pub fn from_keyfile(text: &str) -> Result<Self, AuthError> {
        keyfile::parse(text)
    }

    /// Reads a private key in any supported format: 32 octets, 64 hexadecimal digits, an OpenSSH
    /// key or a key file. 32 octets of printable text are rejected, because they are most likely a
    /// truncated key.
    ///
    /// # Errors
    /// Returns [`AuthError`] if the content has none of these formats or is damaged.
    pub fn parse(file: &[u8]) -> Result<Self, AuthError> {
        if let Ok(seed) = <&[u8; 32]>::try_from(file) {
            // The probability that random octets are text is 1 in 2^43.
            if seed.iter().all(|octet| octet.is_ascii_graphic() || octet.is_ascii_whitespace()) {
                return Err(AuthError::new(
                    "not a private key: its 32 octets are text, not random; a key of \
                     hexadecimal digits has 64",
                ));
            }
            return Ok(Self::of(seed));
        }
        if file.len() > MAX_FILE {
            return Err(AuthError::new(format_args!(
                "a key file of {} octets is longer than {MAX_FILE}",
                file.len()
            )));
        }
        let text = std::str::from_utf8(file).map_err(|_| unknown())?;
        let trimmed = text.trim();
        if trimmed.starts_with("-----BEGIN ") {
            Self::from_openssh(trimmed)
        } else if trimmed.starts_with("ssh-") {
            Err(AuthError::new("this is an OpenSSH public key; the private key is required"))
        } else if trimmed.contains("-key-ed25519") {
            Self::from_keyfile(text)
        } else if !trimmed.is_empty() && trimmed.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            Self::from_hex(trimmed)
        } else {
            Err(unknown())
        }
    }

    /// Returns the public key, which the other end needs.
    pub fn public_key(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    /// Returns the public key as 64 lower-case hexadecimal digits, the form of routers' settings and of
    /// the authextra key `pubkey`.
    pub fn public_key_hex(&self) -> String {
        to_hex(&self.public_key())
    }

    /// Returns the seed as 64 hexadecimal digits, the form that [`from_hex`](Self::from_hex) reads.
    pub fn to_hex(&self) -> Secret {
        to_hex(self.0.as_bytes()).into()
    }

    /// Signs a message.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }

    /// Returns AUTHENTICATE.Signature for the challenge of CHALLENGE.Extra: the signature and what is signed, as
    /// 192 hexadecimal digits. `channel_id` is that of the connection, if a channel binding is used.
    ///
    /// # Errors
    /// Returns [`AuthError`] if the challenge is not 32 octets in hexadecimal digits.
    pub fn sign_challenge(
        &self,
        challenge_hex: &str,
        channel_id: Option<&[u8; 32]>,
    ) -> Result<String, AuthError> {
        let message = to_be_signed(challenge_hex, channel_id)?;
        Ok(response(&self.sign(&message), &message))
    }

    /// Checks that a message was signed by the private key of this public key.
    ///
    /// # Errors
    /// Returns [`AuthError`] if the signature is wrong or the key is not valid.
    pub fn verify(
        public_key: &[u8; 32],
        message: &[u8; 32],
        signature: &[u8; 64],
    ) -> Result<(), AuthError> {
        verify_signature(public_key, message, signature)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey(public {})", to_hex(&self.public_key()))
    }
}

fn unknown() -> AuthError {
    AuthError::new(
        "not a private key: neither 32 octets, nor 64 hexadecimal digits, nor an OpenSSH key, \
         nor a key file",
    )
}
