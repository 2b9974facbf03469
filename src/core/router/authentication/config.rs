//! `AuthenticationConfig`: settings of the router's authentication.

use std::collections::{HashMap, HashSet};

use crate::auth::cryptosign::SigningKey;
use crate::auth::{AuthError, Secret};
use crate::core::router::authentication::user::User;
use crate::core::router::authorization::Role;
use crate::uri::Uri;

/// Settings of the authentication of a [`RouterCore`](crate::core::router::RouterCore).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AuthenticationConfig {
    /// Users that the router knows.
    pub users: Vec<User>,
    /// Role of clients that join without authentication. Default: none, and such clients cannot
    /// join.
    pub anonymous: Option<String>,
    /// Methods that are delegated to the application, by
    /// [`Output::Authenticate`](crate::core::router::Output::Authenticate). A method belongs either
    /// to the application or to the users, so that a client cannot find out which of the two knows
    /// a name. Default: none.
    pub dynamic: Vec<String>,
    /// Key that authenticates the router to clients of cryptosign that ask for it. Default: none.
    pub router_key: Option<SigningKey>,
    /// Maximum number of failed attempts to join on one connection; then the connection is closed.
    /// An attempt that is refused before a challenge or a question does not count; a session in
    /// between does not reset the count. Default: 5.
    pub attempts: u32,
    /// Secret seed of the fake challenges for unknown users: a client that knows it can tell which
    /// users exist. It should stay the same across restarts, since a salt that changes reveals that
    /// the user does not exist. Default: derived from the nonce key, and so a new one at each
    /// start.
    pub mock_secret: Option<Secret>,
    nonce_key: Secret,
}

impl AuthenticationConfig {
    /// Settings without users: no client can join.
    ///
    /// The nonces in challenges are derived from `nonce_key`: secret random octets, new ones at
    /// each start of the router. An old key would repeat the nonces, and overheard answers would be
    /// valid again.
    pub fn new(nonce_key: [u8; 32]) -> Self {
        AuthenticationConfig {
            users: Vec::new(),
            anonymous: None,
            dynamic: Vec::new(),
            router_key: None,
            attempts: 5,
            mock_secret: None,
            nonce_key: Secret::from(nonce_key.as_slice()),
        }
    }

    /// Settings that admit every client as `anonymous`.
    pub(crate) fn open() -> Self {
        let mut config = AuthenticationConfig::new([0; 32]);
        config.anonymous = Some("anonymous".to_owned());
        config
    }

    pub(crate) fn set_nonce_key(&mut self, key: [u8; 32]) {
        self.nonce_key = Secret::from(key.as_slice());
    }

    pub(super) fn nonce_key(&self) -> &Secret {
        &self.nonce_key
    }

    /// Checks that all users and anonymous sessions have an existing role, and that a client can
    /// join.
    ///
    /// # Errors
    /// If the role of a user or of anonymous sessions does not exist, or if no client can join. The
    /// text names the user and the role.
    pub(crate) fn check_roles(
        &self,
        all: &[(Option<Uri>, Role)],
        realms: &[Uri],
    ) -> Result<(), AuthError> {
        if all.is_empty() {
            return Ok(());
        }
        let is_there = |realm: &Uri, name: &str| {
            let mut roles = all.iter();
            roles.any(|(of, role)| role.name() == name && of.as_ref().is_none_or(|of| of == realm))
        };
        let somewhere = |name: &str| realms.iter().any(|realm| is_there(realm, name));
        for user in &self.users {
            let (name, role) = (&user.authid, &user.authrole);
            let text = match user.realms.iter().find(|realm| !is_there(realm, role)) {
                Some(realm) => format!("realm {realm:?} has no role {role:?}"),
                None if user.realms.is_empty() && !somewhere(role) => {
                    format!("no realm has a role {role:?}")
                }
                None => continue,
            };
            return Err(AuthError::new(format_args!("user {name:?}: {text}")));
        }
        match &self.anonymous {
            Some(role) if !somewhere(role) => Err(AuthError::new(format_args!(
                "no realm has a role {role:?}, which anonymous sessions have"
            ))),
            None if self.users.is_empty() && self.dynamic.is_empty() => {
                Err(AuthError::new("roles are configured, but no client may join"))
            }
            _ => Ok(()),
        }
    }

    /// Checks that the settings fit a router with these realms.
    ///
    /// # Errors
    /// If a user has no authid, no role, no credential or an invalid one, or a realm that the
    /// router does not have; if two users of a realm share an authid or a key; if a method belongs
    /// both to users and to the application. The text names the user or the method.
    pub fn check(&self, realms: &[Uri]) -> Result<(), AuthError> {
        let mut by_authid: HashMap<&str, Vec<&User>> = HashMap::new();
        let mut by_key: HashMap<&[u8; 32], Vec<&User>> = HashMap::new();
        for user in &self.users {
            user.check(realms)?;
            let name = &user.authid;
            let namesakes = by_authid.entry(name).or_default();
            if namesakes.iter().any(|other| other.meets(user)) {
                return Err(AuthError::new(format_args!("user {name:?} twice")));
            }
            namesakes.push(user);
            for key in user.public_keys() {
                let owners = by_key.entry(key).or_default();
                if let Some(other) = owners.iter().find(|other| other.meets(user)) {
                    let other = &other.authid;
                    return Err(AuthError::new(format_args!(
                        "user {name:?}: the public key also belongs to user {other:?}"
                    )));
                }
                owners.push(user);
            }
        }
        if self.anonymous.as_ref().is_some_and(String::is_empty) {
            return Err(AuthError::new("the role of anonymous sessions is empty"));
        }
        let mut taken: HashSet<&str> = self.users.iter().flat_map(User::methods).collect();
        taken.extend(self.anonymous.as_ref().map(|_| "anonymous"));
        for method in &self.dynamic {
            if method.is_empty() {
                return Err(AuthError::new("a method of the authenticator is empty"));
            }
            if taken.contains(method.as_str()) {
                return Err(AuthError::new(format_args!(
                    "method {method:?} belongs both to users and to the authenticator"
                )));
            }
        }
        Ok(())
    }
}
