//! `User`: a user that the router knows from the start.

use std::fmt;

use crate::auth::{AuthError, Credential, Salt, Secret, cryptosign};
use crate::uri::Uri;
use crate::value::Dict;

/// A user of the router, and its credentials.
///
/// ```
/// use wampwerk::router::User;
///
/// let joe = User::new("joe", "frontend").ticket("a long ticket").wampcra("a long secret");
/// # let _ = joe;
/// ```
///
/// A user has one credential per method, but any number of public keys. Building the router checks
/// the credentials and names an invalid one. The `Debug` of a user shows neither secrets nor
/// `extra`.
#[derive(Clone)]
#[must_use]
pub struct User {
    pub(super) authid: String,
    pub(super) authrole: String,
    /// Empty: all realms.
    pub(super) realms: Vec<Uri>,
    pub(super) credentials: Vec<Credential>,
    pub(super) extra: Dict,
    pub(super) is_proxy: bool,
    /// The first invalid setting.
    problem: Option<AuthError>,
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("User");
        shown.field("authid", &self.authid).field("authrole", &self.authrole);
        shown.field("realms", &self.realms).field("credentials", &self.credentials);
        shown.finish_non_exhaustive()
    }
}

impl User {
    /// Creates a user without credentials; at least one is needed.
    pub fn new(authid: impl Into<String>, authrole: impl Into<String>) -> Self {
        User {
            authid: authid.into(),
            authrole: authrole.into(),
            realms: Vec::new(),
            credentials: Vec::new(),
            extra: Dict::new(),
            is_proxy: false,
            problem: None,
        }
    }

    /// Adds a realm that the user may join. Default: all realms of the router.
    pub fn realm(mut self, realm: impl Into<Uri>) -> Self {
        self.realms.push(realm.into());
        self
    }

    /// Adds a ticket. A ticket crosses the wire in clear text: use it over TLS only.
    pub fn ticket(self, ticket: impl Into<Secret>) -> Self {
        self.credential(Credential::Ticket(ticket.into()))
    }

    /// Adds a secret for WAMP-CRA. The router has to know the secret itself; with
    /// [`salted_wampcra`](User::salted_wampcra) it need not.
    pub fn wampcra(self, secret: impl Into<Secret>) -> Self {
        self.credential(Credential::WampCra { secret: secret.into(), salt: None })
    }

    /// Adds a salted secret for WAMP-CRA. `key` is the result of
    /// [`derive_key`](crate::auth::Salt::derive_key) for the user's secret and the same salt:
    /// base64 text.
    pub fn salted_wampcra(self, key: impl Into<Secret>, salt: Salt) -> Self {
        self.credential(Credential::WampCra { secret: key.into(), salt: Some(salt) })
    }

    /// Adds a public key for cryptosign: 64 hexadecimal digits. May be called several times. A
    /// client with the key need not send its authid.
    pub fn public_key(mut self, key: &str) -> Self {
        match cryptosign::public_key_from_hex(key) {
            Ok(key) => self.credential(Credential::Cryptosign { public_keys: vec![key] }),
            Err(error) => {
                self.problem.get_or_insert(error);
                self
            }
        }
    }

    /// Adds a credential, for example one for SCRAM.
    pub fn credential(mut self, credential: Credential) -> Self {
        if let Err(error) = credential.check() {
            self.problem.get_or_insert(error);
            return self;
        }
        let method = credential.method();
        match (self.find_mut(method), credential) {
            (None, credential) => self.credentials.push(credential),
            (
                Some(Credential::Cryptosign { public_keys }),
                Credential::Cryptosign { public_keys: more },
            ) => public_keys.extend(more),
            (Some(_), _) => {
                let error = AuthError::new(format_args!("two credentials for {method}"));
                self.problem.get_or_insert(error);
            }
        }
        self
    }

    /// Sets the content of WELCOME.Details.authextra. Default: empty.
    pub fn extra(mut self, extra: Dict) -> Self {
        self.extra = extra;
        self
    }

    /// Lets the user join for others, by `cryptosign-proxy`: it proves one of its public keys, and says in
    /// HELLO.Details.authextra who its client is. Only at listeners with
    /// [`cryptosign_proxy`](crate::server::Listen::cryptosign_proxy), and only in the realms of the user. Default: not.
    pub fn proxy(mut self) -> Self {
        self.is_proxy = true;
        self
    }

    /// The credential for a method.
    pub(super) fn find(&self, method: &str) -> Option<&Credential> {
        self.credentials.iter().find(|credential| credential.method() == method)
    }

    fn find_mut(&mut self, method: &str) -> Option<&mut Credential> {
        self.credentials.iter_mut().find(|credential| credential.method() == method)
    }

    pub(super) fn methods(&self) -> impl Iterator<Item = &'static str> {
        self.credentials.iter().map(Credential::method)
    }

    pub(super) fn may_join(&self, realm: &Uri) -> bool {
        self.realms.is_empty() || self.realms.contains(realm)
    }

    /// Returns whether there is a realm that both may join.
    pub(super) fn meets(&self, other: &User) -> bool {
        let all = self.realms.is_empty() || other.realms.is_empty();
        all || self.realms.iter().any(|realm| other.realms.contains(realm))
    }

    pub(super) fn public_keys(&self) -> &[[u8; 32]] {
        match self.find("cryptosign") {
            Some(Credential::Cryptosign { public_keys }) => public_keys,
            _ => &[],
        }
    }

    /// Checks that the user can join one of these realms with a credential.
    pub(super) fn check(&self, realms: &[Uri]) -> Result<(), AuthError> {
        if self.authid.is_empty() {
            return Err(AuthError::new("a user's authid is empty"));
        }
        let wrong = |problem: String| {
            Err(AuthError::new(format_args!("user {:?}: {problem}", self.authid)))
        };
        if let Some(problem) = &self.problem {
            return wrong(problem.to_string());
        }
        if self.authrole.is_empty() {
            return wrong("the authrole is empty".to_owned());
        }
        if self.credentials.is_empty() {
            return wrong("no credential is set".to_owned());
        }
        match self.realms.iter().find(|realm| !realms.contains(realm)) {
            Some(realm) => wrong(format!("the router has no realm {realm:?}")),
            None => Ok(()),
        }
    }
}
