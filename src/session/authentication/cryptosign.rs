//! Contains `Cryptosign`: a private key signs the challenge, wherever the key is stored.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::from_value::{Settings, at, missing, must_be, offer};
use super::identity::{Identity, identified, identity_debug, identity_getters, identity_setters};
use super::{Authentication, Authenticator, ChannelBinding, Proof, Signature};
use crate::auth::cryptosign::{self, SigningKey, public_key_from_hex, to_hex};
use crate::auth::{AuthError, TLS_EXPORTER};
use crate::error::ConfigError;
use crate::message::{Challenge, Welcome};
use crate::rt::{self, BoxFuture, MaybeSend, MaybeSync};
use crate::transport::TransportInfo;
use crate::value::{Dict, Value};

/// Maximum size of a key file in bytes.
const MAX_KEY_FILE: u64 = 64 * 1024;

/// A signer whose key may be elsewhere: an agent, a hardware module, the browser's WebCrypto.
///
/// [`SigningKey`] implements it, too.
#[doc(alias = "ICryptosignKey")]
pub trait Signer: MaybeSend + MaybeSync + 'static {
    /// Returns the Ed25519 public key.
    fn public_key(&self) -> [u8; 32];

    /// Returns the Ed25519 signature of `message`. It may take as long as the join timeout; the
    /// future is dropped when it is no longer needed.
    ///
    /// # Errors
    /// An error fails joining, and the router receives the text.
    fn sign(&self, message: [u8; 32]) -> BoxFuture<'_, Result<[u8; 64], AuthError>>;
}

impl Signer for SigningKey {
    fn public_key(&self) -> [u8; 32] {
        SigningKey::public_key(self)
    }

    fn sign(&self, message: [u8; 32]) -> BoxFuture<'_, Result<[u8; 64], AuthError>> {
        Box::pin(async move { Ok(SigningKey::sign(self, &message)) })
    }
}

/// The method `cryptosign`: an Ed25519 key signs the router's challenge.
///
/// ```
/// use wampwerk::auth::cryptosign::SigningKey;
/// use wampwerk::session::authentication::Cryptosign;
///
/// let seed = "4ffddd896a530ce5ee8c86b83b0d31835490a97a9cd718cb2f09c9fd31c4a7d7";
/// let method = Cryptosign::new(SigningKey::from_hex(seed)?).authid("joe");
/// # let _ = method;
/// # Ok::<(), wampwerk::auth::AuthError>(())
/// ```
#[doc(alias = "AuthCryptoSign")]
#[derive(Clone)]
pub struct Cryptosign {
    signer: Arc<dyn Signer>,
    proxy: bool,
    binding: Option<ChannelBinding>,
    router_key: Option<[u8; 32]>,
    identity: Identity,
}

impl Cryptosign {
    /// Creates the method with this key. Without an [authid](Cryptosign::authid) the router
    /// identifies the user by the key.
    pub fn new(key: SigningKey) -> Self {
        Cryptosign::with_signer(key)
    }

    /// Creates the method with the key in a file: 32 raw octets, 64 hexadecimal digits, an OpenSSH
    /// key (`ssh-keygen -t ed25519`, without a passphrase) or a key file of Autobahn.
    ///
    /// # Errors
    /// Returns an error with the path if the file cannot be read, is larger than 64 KiB, or
    /// contains no such key. There are no files in the browser.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, AuthError> {
        let path = path.as_ref();
        let refuse = |text: &dyn std::fmt::Display| {
            AuthError::new(format!("key file {}: {text}", path.display()))
        };
        let mut octets = Zeroizing::new(Vec::new());
        let file = File::open(path).map_err(|error| refuse(&error))?;
        let read = file.take(MAX_KEY_FILE + 1).read_to_end(&mut octets);
        read.map_err(|error| refuse(&error))?;
        if octets.len() as u64 > MAX_KEY_FILE {
            return Err(refuse(&"too large for a key"));
        }
        SigningKey::parse(&octets).map(Cryptosign::new).map_err(|error| refuse(&error))
    }

    /// Creates the method with a signer.
    #[allow(clippy::arc_with_non_send_sync, reason = "in the browser nothing is Send")]
    pub fn with_signer(signer: impl Signer) -> Self {
        Cryptosign {
            signer: Arc::new(signer),
            proxy: false,
            binding: None,
            router_key: None,
            identity: Identity::default(),
        }
    }

    /// Uses the name `cryptosign-proxy`, which Crossbar accepts from its own proxy workers.
    #[doc(alias("AuthCryptoSignProxy", "cryptosign-proxy"))]
    #[must_use]
    pub fn proxy(mut self) -> Self {
        self.proxy = true;
        self
    }

    /// Binds the proof to the connection. If the transport has no TLS of its own, the method is not
    /// offered. If the router does not support the binding, joining fails. Default: none.
    ///
    /// A man in the middle can make the router select any other offered method: do not offer an
    /// unbound one beside it.
    #[must_use]
    pub fn channel_binding(mut self, binding: ChannelBinding) -> Self {
        self.binding = Some(binding);
        self
    }

    /// Requires the router to prove its identity by this key first; otherwise joining fails.
    /// Default: not required.
    #[doc(alias = "trustroot")]
    #[must_use]
    pub fn expect_router_key(mut self, public_key: [u8; 32]) -> Self {
        self.router_key = Some(public_key);
        self
    }

    identity_setters!();
    identified!();
}

impl Authenticator for Cryptosign {
    fn method(&self) -> &str {
        if self.proxy { "cryptosign-proxy" } else { "cryptosign" }
    }

    identity_getters!();

    fn channel_binding(&self) -> Option<ChannelBinding> {
        self.binding
    }

    fn begin(&self, transport: &TransportInfo) -> Result<Box<dyn Proof>, AuthError> {
        let channel = self.binding.map(|binding| binding.data(transport)).transpose()?;
        let public_key = self.signer.public_key();
        let mut authextra = Dict::new().with("pubkey", to_hex(&public_key));
        if let Some(binding) = self.binding {
            authextra.insert("channel_binding", binding.as_str());
        }
        let router = match self.router_key {
            None => None,
            Some(key) => {
                let challenge: [u8; 32] = rt::random_bytes().map_err(AuthError::new)?;
                authextra.insert("challenge", to_hex(&challenge));
                Some(Router { key, challenge: to_hex(&challenge), proved: false })
            }
        };
        let signer = Arc::clone(&self.signer);
        Ok(Box::new(CryptosignProof { signer, public_key, authextra, channel, router }))
    }
}

identity_debug!(Cryptosign);

/// Reads the method from Autobahn's dict.
pub(super) fn add_to(
    authentication: Authentication,
    settings: &Settings<'_>,
    method: &str,
) -> Result<Authentication, ConfigError> {
    let cryptosign = from_settings(settings)?;
    let proxy = method == "cryptosign-proxy";
    offer(authentication, if proxy { cryptosign.proxy() } else { cryptosign })
}

fn from_settings(settings: &Settings<'_>) -> Result<Cryptosign, ConfigError> {
    let mut identity = settings.identity(&["privkey", "router_key"])?;
    let key = match settings.settings.get("privkey") {
        Some(Value::String(text)) if text.trim_start().starts_with("-----BEGIN") => {
            SigningKey::from_openssh(text)
        }
        Some(Value::String(text)) if is_path(text) => {
            let wanted = "it must be 64 hexadecimal digits, or the text of an OpenSSH key";
            let text = format!("{wanted}, not the path of a file");
            return Err(ConfigError::new("privkey", text));
        }
        Some(Value::String(text)) => SigningKey::from_hex(text),
        Some(Value::Bytes(octets)) => SigningKey::parse(octets),
        Some(other) => return Err(must_be("a string", other).within("privkey")),
        None => return Err(missing("privkey")),
    };
    let key = key.map_err(|error| at("privkey", error))?;
    if let Some(public_key) = identity.authextra.remove("pubkey")
        && public_key != Value::from(to_hex(&key.public_key()))
    {
        let text = "it is not the public key of privkey";
        return Err(ConfigError::new("authextra.pubkey", text));
    }
    let binding = ChannelBinding::take(&mut identity)?;
    let mut cryptosign = Cryptosign::new(key).identified(identity);
    if let Some(binding) = binding {
        cryptosign = cryptosign.channel_binding(binding);
    }
    if let Some(key) = settings.text("router_key")? {
        let key = public_key_from_hex(key).map_err(|error| at("router_key", error))?;
        cryptosign = cryptosign.expect_router_key(key);
    }
    Ok(cryptosign)
}

/// Returns whether it looks like a path: hexadecimal digits contain neither character.
fn is_path(text: &str) -> bool {
    text.contains(['/', '\\', '.', '~', '_'])
}

struct CryptosignProof {
    signer: Arc<dyn Signer>,
    public_key: [u8; 32],
    authextra: Dict,
    channel: Option<[u8; 32]>,
    router: Option<Router>,
}

/// A router that must prove its identity.
struct Router {
    key: [u8; 32],
    challenge: String,
    proved: bool,
}

impl Router {
    fn prove(&mut self, extra: &Dict, channel: Option<&[u8; 32]>) -> Result<(), AuthError> {
        let response = extra.get("signature").and_then(Value::as_str).ok_or_else(|| {
            AuthError::new("the router did not prove itself: CHALLENGE.Extra.signature is missing")
        })?;
        let message = cryptosign::to_be_signed(&self.challenge, channel)?;
        cryptosign::verify(&self.key, &message, response).map_err(|error| {
            AuthError::new(format!("the router is not who it should be: {error}"))
        })?;
        self.proved = true;
        Ok(())
    }
}

impl Proof for CryptosignProof {
    fn authextra(&self) -> Dict {
        self.authextra.clone()
    }

    fn answer<'a>(
        &'a mut self,
        challenge: &'a Challenge,
    ) -> BoxFuture<'a, Result<Signature, AuthError>> {
        Box::pin(async move {
            let extra = &challenge.extra;
            let bound = extra.get("channel_binding").unwrap_or(&Value::Null);
            match (bound, &self.channel) {
                (Value::Null, None) => {}
                (Value::String(binding), Some(_)) if binding == TLS_EXPORTER => {}
                // To continue without it would help a man in the middle.
                (Value::Null, Some(_)) => {
                    let text = "the router does not bind to the channel (tls-exporter)";
                    return Err(AuthError::new(text));
                }
                _ => {
                    let text = "CHALLENGE.Extra.channel_binding differs from the requested one";
                    return Err(AuthError::new(text));
                }
            }
            if let Some(router) = &mut self.router {
                router.prove(extra, self.channel.as_ref())?;
            }
            let text = extra.get("challenge").and_then(Value::as_str).ok_or_else(|| {
                AuthError::new("CHALLENGE.Extra.challenge is missing or not a string")
            })?;
            let message = cryptosign::to_be_signed(text, self.channel.as_ref())?;
            let signature = self.signer.sign(message).await?;
            let response = cryptosign::response(&signature, &message);
            // The router's refusal would not reveal the reason.
            cryptosign::verify(&self.public_key, &message, &response)
                .map_err(|_| AuthError::new("the signer's signature is not of its public key"))?;
            Ok(Signature::new(response))
        })
    }

    fn check(&mut self, _: &Welcome) -> Result<(), AuthError> {
        match &self.router {
            Some(Router { proved: false, .. }) => Err(AuthError::new(
                "cryptosign: the router sent WELCOME without proving its identity",
            )),
            _ => Ok(()),
        }
    }
}
