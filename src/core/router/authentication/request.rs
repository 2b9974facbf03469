//! What an application that knows the users itself is asked, and what it answers.

use std::fmt;

use crate::auth::{AuthError, Credential, Secret};
use crate::core::router::connection::Peer;
use crate::core::router::names::quote;
use crate::message::HelloDetails;
use crate::uri::Uri;
use crate::value::Dict;

/// Somebody wants to join. What Crossbar's dynamic authenticator gets as `realm`, `authid` and
/// `details`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AuthRequest {
    /// The realm in HELLO. The router need not have it, if the answer names another one.
    pub realm: Uri,
    /// Who the client says it is.
    pub authid: Option<String>,
    /// The role that the client asks for.
    pub authrole: Option<String>,
    /// The method that is used: of those that are offered, the first one that the router can do.
    /// Where it has no challenge, as `cookie` or `tls`, it is the client's word only.
    pub authmethod: String,
    /// The whole of HELLO.Details; for cryptosign the client's public key stands in
    /// `authextra.pubkey`, not proved yet.
    pub details: HelloDetails,
    /// The ticket, if the method is `ticket`.
    pub ticket: Option<Secret>,
    /// Where the client comes from. There is neither a cookie nor a client's certificate in it.
    pub peer: Peer,
}

/// Who a client is, if it can prove it. Its `Debug` shows neither secrets nor `extra`.
#[derive(Clone)]
#[non_exhaustive]
#[must_use]
pub struct Principal {
    /// What WELCOME calls the client; need not be what the client said.
    pub authid: String,
    /// The role.
    pub authrole: String,
    /// Who vouches for the client. Default: `dynamic`.
    pub authprovider: String,
    /// The realm that the client joins. Default: the one that it asked for.
    pub realm: Option<Uri>,
    /// What goes into WELCOME.Details.authextra.
    pub extra: Dict,
    /// By what the client has to prove itself.
    pub credential: Option<Credential>,
}

/// Somebody may not join, or is not known.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Denied {
    /// What the client is told at once, a reason and a text.
    pub(super) told: Option<(Uri, String)>,
    pub(super) like: Option<Box<Credential>>,
}

impl Principal {
    /// Somebody with this authid in this role, who needs no proof as long as there is no
    /// [`credential`](Principal::credential).
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

    /// Sends the client to this realm.
    pub fn realm(mut self, realm: impl Into<Uri>) -> Self {
        self.realm = Some(realm.into());
        self
    }

    /// Says who vouches for the client. Default: `dynamic`.
    pub fn authprovider(mut self, name: impl Into<String>) -> Self {
        self.authprovider = name.into();
        self
    }

    /// What goes into WELCOME.Details.authextra. Default: nothing.
    pub fn extra(mut self, extra: Dict) -> Self {
        self.extra = extra;
        self
    }

    /// That nobody gets in by nothing or as nobody. Who has such a principal is a stranger to the
    /// router, which logs it.
    ///
    /// # Errors
    /// If authid, authrole or authprovider is empty, or the [credential](Credential::check) is none.
    /// The text names what.
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

    /// By what the client has to prove itself; of the method that is used.
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
    /// The client is not known, or its ticket is wrong. Strangers are
    /// then shown no salt for WAMP-CRA: if users are, say [`like`](Denied::like). It is told no more than that, and where the
    /// method has a challenge, only after a challenge: so nobody learns by asking which users there
    /// are.
    pub fn new() -> Self {
        Denied::default()
    }

    /// The same. The challenge shows the parameters of this credential, so that it looks like those
    /// of the users that there are: salted or not, the work to be done, the length of the salt. What
    /// is secret in it is not used.
    pub fn like(credential: Credential) -> Self {
        Denied { told: None, like: Some(Box::new(credential)) }
    }

    /// Refuses the client at once, and tells it why: `reason` is a URI as
    /// `wamp.error.authorization_denied`, `text` is for people. It tells everybody that somebody of
    /// that name is refused.
    pub fn because(reason: impl Into<Uri>, text: impl Into<String>) -> Self {
        Denied { told: Some((reason.into(), text.into())), like: None }
    }
}
