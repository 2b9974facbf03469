//! Questions to an application that authenticates clients, and its answers.

use std::fmt;

use crate::auth::{AuthError, Credential, Secret};
use crate::core::router::connection::Peer;
use crate::core::router::names::quote;
use crate::message::HelloDetails;
use crate::uri::Uri;
use crate::value::Dict;

/// Request of a client to join; contains what Crossbar's dynamic authenticator gets as `realm`,
/// `authid` and `details`.
#[doc(alias = "HelloDetails")]
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AuthRequest {
    /// The realm in HELLO. It need not exist if the answer names another one.
    pub realm: Uri,
    /// The authid that the client claims.
    pub authid: Option<String>,
    /// The role that the client asks for.
    pub authrole: Option<String>,
    /// The authentication method: the first offered method that the router supports. A method
    /// without a challenge, such as `cookie` or `tls`, is only the client's claim.
    pub authmethod: String,
    /// All of HELLO.Details. For cryptosign `authextra.pubkey` holds the client's public key, not
    /// proved yet.
    pub details: HelloDetails,
    /// The ticket, if the method is `ticket`.
    pub ticket: Option<Secret>,
    /// The other end of the connection. It contains neither a cookie nor a client certificate.
    pub peer: Peer,
}

/// Identity that a client gets if it proves it. Its `Debug` shows neither secrets nor `extra`.
#[doc(alias = "Accept")]
#[derive(Clone)]
#[non_exhaustive]
#[must_use]
pub struct Principal {
    /// The client's authid in WELCOME; may differ from the claimed one.
    pub authid: String,
    /// The role.
    pub authrole: String,
    /// Provider of the authentication. Default: `dynamic`.
    pub authprovider: String,
    /// The realm that the client joins. Default: the requested one.
    pub realm: Option<Uri>,
    /// Content of WELCOME.Details.authextra.
    pub extra: Dict,
    /// Credential that the client must prove.
    pub credential: Option<Credential>,
}

/// Refusal of a client, or the answer that it is unknown.
#[doc(alias = "Deny")]
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Denied {
    /// Reason and text, sent to the client at once.
    pub(super) told: Option<(Uri, String)>,
    pub(super) like: Option<Box<Credential>>,
}

impl Principal {
    /// Creates a principal. It needs no proof unless a [`credential`](Principal::credential) is
    /// set.
    pub fn new(authid: impl Into<String>, authrole: impl Into<String>) -> Self {
        Principal {
            authid: authid.into(),
            authrole: authrole.into(),
            authprovider: "dynamic".to_owned(),
            realm: None,
            extra: Dict::new(),
            credential: None,
        }
    }

    /// Sets the realm that the client joins. Default: the requested one.
    pub fn realm(mut self, realm: impl Into<Uri>) -> Self {
        self.realm = Some(realm.into());
        self
    }

    /// Sets the provider of the authentication. Default: `dynamic`.
    pub fn authprovider(mut self, name: impl Into<String>) -> Self {
        self.authprovider = name.into();
        self
    }

    /// Sets the content of WELCOME.Details.authextra. Default: empty.
    pub fn extra(mut self, extra: Dict) -> Self {
        self.extra = extra;
        self
    }

    /// Checks that the principal has an identity and a usable credential, if any. A client with an
    /// invalid principal is treated as unknown, and the router logs it.
    ///
    /// # Errors
    /// If authid, authrole or authprovider is empty, or the [credential](Credential::check) is
    /// invalid. The text names the field.
    pub fn check(&self) -> Result<(), AuthError> {
        let names = [("authrole", &self.authrole), ("authprovider", &self.authprovider)];
        if self.authid.is_empty() {
            return Err(AuthError::new("a principal's authid is empty"));
        }
        let wrong =
            |text: &str| AuthError::new(format_args!("principal {}: {text}", quote(&self.authid)));
        if let Some((name, _)) = names.into_iter().find(|(_, value)| value.is_empty()) {
            return Err(wrong(&format!("the {name} is empty")));
        }
        let credential = self.credential.as_ref();
        credential.map_or(Ok(()), Credential::check).map_err(|error| wrong(&error.message))
    }

    /// Sets the credential that the client must prove. It must belong to the method in use.
    pub fn credential(mut self, credential: Credential) -> Self {
        self.credential = Some(credential);
        self
    }
}

impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Principal");
        shown.field("authid", &self.authid).field("authrole", &self.authrole);
        shown.field("authprovider", &self.authprovider).field("realm", &self.realm);
        shown.field("credential", &self.credential).finish_non_exhaustive()
    }
}

impl Denied {
    /// Answers that the client is unknown, or that its ticket is wrong. Where the method has a
    /// challenge, the client is refused only after a fake challenge, so that it cannot find out
    /// which users exist. A fake WAMP-CRA challenge has no salt: if the users' challenges have one,
    /// use [`like`](Denied::like).
    pub fn new() -> Self {
        Denied::default()
    }

    /// Answers that the client is unknown, with a model for the fake challenge: it shows the
    /// parameters of this credential (salted or not, the work factor, the length of the salt), and
    /// so looks like a challenge for an existing user. The secret in the credential is not used.
    pub fn like(credential: Credential) -> Self {
        Denied { told: None, like: Some(Box::new(credential)) }
    }

    /// Refuses the client at once and tells it the reason: `reason` is a URI such as
    /// `wamp.error.authorization_denied`, `text` is for people. This reveals that the name is
    /// refused.
    pub fn because(reason: impl Into<Uri>, text: impl Into<String>) -> Self {
        Denied { told: Some((reason.into(), text.into())), like: None }
    }
}
