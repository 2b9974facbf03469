//! `AuthenticationConfig`: who may join, and how that is found out.

use std::collections::{HashMap, HashSet};

use crate::auth::cryptosign::SigningKey;
use crate::auth::{AuthError, Secret};
use crate::core::router::authentication::user::User;
use crate::core::router::authorization::Role;
use crate::uri::Uri;

/// Who may join a [`Router`](crate::core::router::Router), and how that is found out.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AuthenticationConfig {
    /// Users whom the router knows.
    pub users: Vec<User>,
    /// The role of those who join without saying who they are, if they may. Default: they may not.
    pub anonymous: Option<String>,
    /// Methods for which the application is asked, by
    /// [`Output::Authenticate`](crate::core::router::Output::Authenticate). Each method is either
    /// of these or of users, so that nobody learns by asking who is which. Default: none.
    pub dynamic: Vec<String>,
    /// By what the router proves itself to clients of cryptosign that ask for it. Default: nothing.
    pub router_key: Option<SigningKey>,
    /// How many failed attempts to join a peer has on one connection, those not counted that are
    /// refused before anybody is asked or challenged; a session in between does not make up for
    /// them. After the last one the connection is closed. Default: 5.
    pub attempts: u32,
    /// What challenges of users that there are not are made of: whoever has it can tell which users
    /// there are. Kept from one start of a router to the next, so that a stranger's salt stays the
    /// same as a user's does. Default: made of the nonce key, and so a new one each time.
    pub mock_secret: Option<Secret>,
    nonce_key: Secret,
}

impl AuthenticationConfig {
    /// Nobody may join.
    ///
    /// The nonces in challenges are made of `nonce_key`: random octets that nobody knows, new ones
    /// each time a router starts. With old ones the nonces come again, and with them the answers
    /// that were overheard.
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

    /// Everybody may join without saying who they are.
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

    /// That whoever may join a router of these realms and roles has a role there, and that there is
    /// somebody.
    ///
    /// # Errors
    /// If the role of a user or of anonymous sessions is none, or if nobody can have any. The text
    /// names what.
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
                Err(AuthError::new("there are roles, but nobody may join"))
            }
            _ => Ok(()),
        }
    }

    /// That all of it can be used in a router of these realms.
    ///
    /// # Errors
    /// If a user has no authid, no role or no credential, a credential that is none, or a realm that
    /// there is not; if two users are one, by authid or key, in a realm; if a method is both of users
    /// and of the application. The text names what.
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
                        "user {name:?}: the public key is user {other:?}'s, too"
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
                    "method {method:?}: either users have it, or the authenticator answers for it"
                )));
            }
        }
        Ok(())
    }
}
