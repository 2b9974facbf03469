//! Implements cryptobox: end-to-end encryption with NaCl boxes (X25519, XSalsa20, Poly1305), as in
//! Autobahn|Python's `autobahn.wamp.cryptobox`.
//!
//! The sealed data is the JSON of a dict of `uri`, `args` and `kwargs`, preceded by the nonce of 24
//! bytes. The sealed URI binds the arguments to their topic or procedure: a router cannot pass them
//! off as those of another one.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::ops::Bound;
use std::sync::Arc;

use crypto_box::aead::Aead;
use crypto_box::{PublicKey, SalsaBox, SecretKey};
use data_encoding::BASE64;

use super::{Decoded, EncodedPayload, PayloadCodec, Side};
use crate::auth::AuthError;
use crate::codec;
use crate::error::ApplicationError;
use crate::lock::Lock;
use crate::message::Serializer;
use crate::rt;
use crate::uri::Uri;
use crate::value::{Dict, List, Value};

const ALGORITHM: &str = "cryptobox";

const KEY_SIZE: usize = 32;

const NONCE_SIZE: usize = 24;

/// The keys of originators (callers, publishers) and responders (callees, subscribers) for URIs, as
/// far as they are known here. All are given in Base64.
///
/// An originator needs its own private key and the responder's public key, and vice versa.
#[derive(Clone)]
pub struct Key {
    originator: Option<Arc<SalsaBox>>,
    responder: Option<Arc<SalsaBox>>,
}

/// A random key pair, in Base64.
#[derive(Clone)]
#[non_exhaustive]
pub struct KeyPair {
    /// Private key.
    pub private: String,
    /// Public key, for the peers.
    pub public: String,
}

/// A payload codec that encrypts with a key for each part of the URI space. Equivalent of
/// Autobahn's `KeyRing`.
///
/// A key ring is a handle: clones share their keys, which may be changed while sessions use them.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use wampwerk::session::cryptobox::{Key, KeyRing};
/// use wampwerk::session::{self, SessionConfig};
///
/// # let router = wampwerk::Router::builder().realm("realm1").build()?;
/// let (callers, callees) = (KeyRing::generate_key()?, KeyRing::generate_key()?);
///
/// let ring = KeyRing::new();
/// ring.set_key("com.example.", Key::responder(&callees.private, &callers.public)?);
/// let callee = SessionConfig::default().payload_codec(ring);
/// let callee = session::join(router.connect_transport(), "realm1", callee).await?;
///
/// let ring = KeyRing::new();
/// ring.set_key("com.example.", Key::originator(&callers.private, &callees.public)?);
/// let caller = SessionConfig::default().payload_codec(ring);
/// let caller = session::join(router.connect_transport(), "realm1", caller).await?;
///
/// callee.register("com.example.add", |a: i64, b: i64| async move { a + b }).await?;
/// let sum: i64 = caller.call("com.example.add").args((2, 3)).value().await?;
/// assert_eq!(sum, 5);
/// # Ok(()) }
/// ```
#[derive(Clone, Default)]
pub struct KeyRing {
    keys: Arc<Lock<BTreeMap<String, Key>>>,
}

impl Key {
    /// Creates the key of callers and publishers: their private key, and the public key of the
    /// receivers.
    ///
    /// # Errors
    /// Returns [`AuthError`] if a key is not 32 bytes in Base64.
    pub fn originator(private: &str, responder_public: &str) -> Result<Self, AuthError> {
        let private = secret(private, "originator's private key")?;
        let public = public(responder_public, "responder's public key")?;
        Ok(Key { originator: sealer(&public, &private), responder: None })
    }

    /// Creates the key of callees and subscribers: their private key, and the public key of the
    /// senders.
    ///
    /// # Errors
    /// Returns [`AuthError`] if a key is not 32 bytes in Base64.
    pub fn responder(private: &str, originator_public: &str) -> Result<Self, AuthError> {
        let private = secret(private, "responder's private key")?;
        let public = public(originator_public, "originator's public key")?;
        Ok(Key { originator: None, responder: sealer(&public, &private) })
    }

    /// Creates the key of a peer that is both, from both private keys.
    ///
    /// # Errors
    /// Returns [`AuthError`] if a key is not 32 bytes in Base64.
    pub fn both(originator_private: &str, responder_private: &str) -> Result<Self, AuthError> {
        let originator = secret(originator_private, "originator's private key")?;
        let responder = secret(responder_private, "responder's private key")?;
        Ok(Key {
            originator: sealer(&responder.public_key(), &originator),
            responder: sealer(&originator.public_key(), &responder),
        })
    }

    /// Creates a key from one private key that all participants share.
    ///
    /// # Errors
    /// Returns [`AuthError`] if a key is not 32 bytes in Base64.
    pub fn shared(private: &str) -> Result<Self, AuthError> {
        Key::both(private, private)
    }

    fn on(&self, side: Side) -> Option<&Arc<SalsaBox>> {
        match side {
            Side::Originator => self.originator.as_ref(),
            Side::Responder => self.responder.as_ref(),
        }
    }
}

impl KeyRing {
    /// Creates a ring without keys: all messages are sent unencrypted, and no encrypted message can
    /// be read.
    pub fn new() -> Self {
        KeyRing::default()
    }

    /// Sets the key of all URIs with this prefix; the longest matching prefix counts, and `""` is
    /// the key of all others. `None` removes the key.
    ///
    /// Errors are encrypted with the key of the error's URI.
    pub fn set_key(&self, prefix: impl Into<String>, key: impl Into<Option<Key>>) {
        let mut keys = self.keys.lock();
        match key.into() {
            Some(key) => drop(keys.insert(prefix.into(), key)),
            None => drop(keys.remove(&prefix.into())),
        }
    }

    /// Creates a random key pair.
    ///
    /// # Errors
    /// Returns [`AuthError`] if the system has no random numbers.
    pub fn generate_key() -> Result<KeyPair, AuthError> {
        let secret = SecretKey::from(random::<KEY_SIZE>().map_err(|error| {
            AuthError::new(format!("the system gives no random numbers: {error}"))
        })?);
        Ok(KeyPair {
            private: BASE64.encode(&secret.to_bytes()),
            public: BASE64.encode(secret.public_key().as_bytes()),
        })
    }

    /// Returns the box of a side for a URI, if there are keys for it.
    fn find(&self, side: Side, uri: &str) -> Option<Arc<SalsaBox>> {
        let keys = self.keys.lock();
        let mut upto = uri;
        loop {
            let range = (Bound::Unbounded, Bound::Included(upto));
            let (prefix, key) = keys.range::<str, _>(range).next_back()?;
            if uri.starts_with(prefix.as_str()) {
                return key.on(side).cloned();
            }
            // A prefix of the URI that sorts before this one is a prefix of the common part.
            let common = prefix.chars().zip(uri.chars()).take_while(|(a, b)| a == b);
            upto = &uri[..common.map(|(_, char)| char.len_utf8()).sum()];
        }
    }
}

impl PayloadCodec for KeyRing {
    fn encode(
        &self,
        side: Side,
        uri: &Uri,
        args: List,
        kwargs: Dict,
    ) -> Result<Option<EncodedPayload>, ApplicationError> {
        let Some(sealer) = self.find(side, uri) else { return Ok(None) };
        let mut content = Dict::new();
        content.insert("uri", uri.as_str());
        content.insert("args", args);
        content.insert("kwargs", kwargs);
        let content = codec::write_value(Serializer::Json, &content.into())
            .map_err(|error| ApplicationError::new(Uri::INVALID_PAYLOAD).arg(error.message))?;
        let nonce = random::<NONCE_SIZE>()
            .map_err(|error| ApplicationError::runtime(format!("no random numbers: {error}")))?;
        let sealed = sealer
            .encrypt(&nonce.into(), &content[..])
            .map_err(|_| ApplicationError::new(Uri::INVALID_PAYLOAD).arg("too long to encrypt"))?;
        let payload = [&nonce[..], &sealed].concat();
        Ok(Some(EncodedPayload::enc(ALGORITHM, payload).serializer("json")))
    }

    fn decode(
        &self,
        side: Side,
        uri: &Uri,
        payload: &EncodedPayload,
    ) -> Result<Decoded, ApplicationError> {
        if payload.scheme != ALGORITHM {
            return Err(unreadable(format!("encoded by {:?}, not {ALGORITHM:?}", payload.scheme)));
        }
        if payload.serializer.as_deref() != Some("json") {
            return Err(unreadable(format!("written in {:?}, not json", payload.serializer)));
        }
        let opener =
            self.find(side, uri).ok_or_else(|| unreadable(format!("no key for {uri:?}")))?;
        let (nonce, sealed) = payload
            .payload
            .split_first_chunk::<NONCE_SIZE>()
            .ok_or_else(|| unreadable("too short for a nonce"))?;
        let content = opener
            .decrypt(&(*nonce).into(), sealed)
            .map_err(|_| unreadable("encrypted with another key, or changed on its way"))?;
        let content = codec::read_value(Serializer::Json, &content).map_err(unreadable)?;
        open(content).ok_or_else(|| unreadable("not a dict of `uri`, `args` and `kwargs`"))
    }
}

/// A missing part equals null, and null equals empty.
fn open(content: Value) -> Option<Decoded> {
    let Value::Dict(mut content) = content else { return None };
    let uri = content.get("uri")?.as_str()?.into();
    let args = match content.remove("args") {
        Some(Value::List(args)) => args,
        None | Some(Value::Null) => List::new(),
        Some(_) => return None,
    };
    let kwargs = match content.remove("kwargs") {
        Some(Value::Dict(kwargs)) => kwargs,
        None | Some(Value::Null) => Dict::new(),
        Some(_) => return None,
    };
    Some(Decoded { uri: Some(uri), args, kwargs })
}

fn unreadable(text: impl ToString) -> ApplicationError {
    ApplicationError::new(Uri::ENCRYPTION_DECRYPT_ERROR).arg(text.to_string())
}

/// Computes the shared key once.
fn sealer(theirs: &PublicKey, ours: &SecretKey) -> Option<Arc<SalsaBox>> {
    Some(Arc::new(SalsaBox::new(theirs, ours)))
}

fn secret(text: &str, which: &'static str) -> Result<SecretKey, AuthError> {
    key(text, which).map(SecretKey::from)
}

fn public(text: &str, which: &'static str) -> Result<PublicKey, AuthError> {
    key(text, which).map(PublicKey::from)
}

fn key(text: &str, which: &'static str) -> Result<[u8; KEY_SIZE], AuthError> {
    let invalid = |message: String| {
        AuthError::new(format!("the {which} is not 32 bytes in Base64: {message}"))
    };
    let bytes = BASE64.decode(text.as_bytes()).map_err(|error| invalid(error.to_string()))?;
    let size = bytes.len();
    bytes.try_into().map_err(|_| invalid(format!("it has {size} bytes")))
}

fn random<const SIZE: usize>() -> io::Result<[u8; SIZE]> {
    let mut bytes = [0; SIZE];
    for chunk in bytes.chunks_mut(size_of::<u64>()) {
        let drawn = rt::random()?.to_ne_bytes();
        let size = chunk.len();
        chunk.copy_from_slice(&drawn[..size]);
    }
    Ok(bytes)
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("originator", &self.originator.is_some())
            .field("responder", &self.responder.is_some())
            .finish()
    }
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyPair").field("public", &self.public).finish_non_exhaustive()
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self.keys.lock();
        f.debug_map().entries(keys.iter()).finish()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests may")]
mod tests {
    use super::*;

    #[test]
    fn the_longest_beginning_counts() {
        let [one, two] = [0, 1].map(|_| KeyRing::generate_key().unwrap());
        let ring = KeyRing::new();
        let known = |side, uri: &str| ring.find(side, uri).is_some();
        assert!(!known(Side::Originator, "com.example"));
        ring.set_key("com.example.", Key::originator(&one.private, &two.public).unwrap());
        ring.set_key("com.example.a", Key::responder(&one.private, &two.public).unwrap());
        ring.set_key("com.example.ab.x", Key::shared(&one.private).unwrap());
        ring.set_key("com.zoo", Key::shared(&one.private).unwrap());
        for (uri, originator, responder) in [
            ("com", false, false),
            ("com.example", false, false),
            ("com.example.", true, false),
            ("com.example.b", true, false),
            ("com.example.a", false, true),
            ("com.example.ab.w", false, true),
            ("com.example.ab.x", true, true),
            ("com.example.ab.xyz", true, true),
            ("com.example.ab.y", false, true),
            ("com.example.\u{e9}", true, false),
            ("com.f", false, false),
            ("com.zoo", true, true),
            ("com.zop", false, false),
        ] {
            let found = (known(Side::Originator, uri), known(Side::Responder, uri));
            assert_eq!(found, (originator, responder), "{uri}");
        }
        ring.set_key("", Key::shared(&two.private).unwrap());
        assert!(known(Side::Responder, "com.f") && known(Side::Originator, ""));
        ring.set_key("", None);
        assert!(!known(Side::Responder, "com.f"));
    }

    #[test]
    fn secrets_are_not_shown() {
        let pair = KeyRing::generate_key().unwrap();
        let ring = KeyRing::new();
        ring.set_key("com", Key::shared(&pair.private).unwrap());
        for text in [format!("{pair:?}"), format!("{ring:?}")] {
            assert!(!text.contains(&pair.private), "{text}");
        }
    }
}
