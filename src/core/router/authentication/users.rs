//! `Users`: the known users by authid and by key.

use std::collections::HashMap;

use crate::auth::encoding::hmac_sha256;
use crate::auth::{Credential, cryptosign};
use crate::core::router::authentication::User;
use crate::uri::Uri;
use crate::value::Dict;

#[derive(Debug)]
pub(super) struct Users {
    users: Vec<User>,
    by_authid: HashMap<String, Vec<usize>>,
    by_key: HashMap<[u8; 32], Vec<usize>>,
    by_method: HashMap<Uri, HashMap<&'static str, Ring>>,
}

/// Users in the order of secret numbers. An unknown name gets such a number, too, and imitates the
/// user that follows. So one user more or less changes the model of few unknown names only.
type Ring = Vec<(u64, usize)>;

impl Users {
    pub(super) fn new(users: Vec<User>, realms: &[Uri], secret: &[u8; 32]) -> Self {
        let mut by_method: HashMap<_, HashMap<_, Ring>> = HashMap::new();
        let mut by_authid: HashMap<_, Vec<_>> = HashMap::new();
        let mut by_key: HashMap<_, Vec<_>> = HashMap::new();
        for (at, user) in users.iter().enumerate() {
            by_authid.entry(user.authid.clone()).or_default().push(at);
            for key in user.public_keys() {
                by_key.entry(*key).or_default().push(at);
            }
            for realm in realms.iter().filter(|realm| user.may_join(realm)) {
                let methods = by_method.entry(realm.clone()).or_default();
                for method in user.methods() {
                    let number = number(secret, "user", realm, method, &user.authid);
                    methods.entry(method).or_default().push((number, at));
                }
            }
        }
        by_method.values_mut().flat_map(HashMap::values_mut).for_each(|ring| ring.sort_unstable());
        Users { users, by_authid, by_key, by_method }
    }

    /// Returns whether the realm has a user with this method.
    pub(super) fn have(&self, realm: &Uri, method: &str) -> bool {
        !self.of(realm, method).is_empty()
    }

    /// The methods of all users of the realm.
    pub(super) fn methods(&self, realm: &Uri) -> impl Iterator<Item = &'static str> {
        self.by_method.get(realm).into_iter().flat_map(|methods| methods.keys().copied())
    }

    /// The user that a client claims to be.
    pub(super) fn find(
        &self,
        realm: &Uri,
        method: &str,
        authid: Option<&str>,
        authextra: &Dict,
    ) -> Option<(&User, &Credential)> {
        let candidates = match authid {
            Some(authid) => self.by_authid.get(authid),
            // The key identifies the user (spec: "WAMP-Cryptosign").
            None if method == "cryptosign" => self.by_key.get(&announced_key(authextra)?),
            None => None,
        };
        let mut users = candidates?.iter().filter_map(|at| self.users.get(*at));
        let user = users.find(|user| user.may_join(realm))?;
        Some((user, user.find(method)?))
    }

    /// Returns whether the user that a client claims to be may join for others.
    pub(super) fn is_proxy(&self, realm: &Uri, authid: Option<&str>, authextra: &Dict) -> bool {
        self.find(realm, "cryptosign", authid, authextra).is_some_and(|(user, _)| user.is_proxy)
    }

    /// The user whom an unknown name imitates: always the same user for the same name.
    pub(super) fn imitated_user(
        &self,
        realm: &Uri,
        method: &str,
        authid: &str,
        secret: &[u8; 32],
    ) -> Option<(&User, &Credential)> {
        let ring = self.of(realm, method);
        let number = number(secret, "stranger", realm, method, authid);
        let next = ring.partition_point(|(user, _)| *user < number);
        let (_, at) = ring.get(next).or(ring.first())?;
        let user = self.users.get(*at)?;
        Some((user, user.find(method)?))
    }

    fn of(&self, realm: &Uri, method: &str) -> &[(u64, usize)] {
        self.by_method.get(realm).and_then(|methods| methods.get(method)).map_or(&[], Vec::as_slice)
    }
}

/// An unpredictable number that depends on all parameters.
fn number(secret: &[u8; 32], whose: &str, realm: &Uri, method: &str, authid: &str) -> u64 {
    // The parts are unambiguous: no method contains a NUL.
    let length = (realm.len() as u64).to_be_bytes();
    let parts: [&[u8]; 6] =
        [whose.as_bytes(), &length, realm.as_bytes(), method.as_bytes(), &[0], authid.as_bytes()];
    let [a, b, c, d, e, f, g, h, ..] = hmac_sha256(secret, &parts);
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

/// The public key that a client of cryptosign announces.
fn announced_key(authextra: &Dict) -> Option<[u8; 32]> {
    cryptosign::public_key_from_hex(authextra.get("pubkey")?.as_str()?).ok()
}
