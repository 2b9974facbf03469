//! Reading `Authentication` from Autobahn's dict of methods.

use super::identity::Identity;
use super::{Anonymous, Authentication, Named, Ticket, WampCra, cryptosign, scram};
use crate::auth::{AuthError, Secret};
use crate::value::{Dict, Value};

/// For texts.
const METHODS: &str = "anonymous, anonymous-proxy, cookie, tls, ticket, wampcra, cryptosign, \
                       cryptosign-proxy, scram, wamp-scram";

/// How much of a key that nobody knows is repeated.
const MAX_KEY: usize = 60;

impl Authentication {
    /// Reads Autobahn's `authentication`: a dict of methods, the preferred first, each with a dict
    /// of its settings.
    ///
    /// | method | needs | may have |
    /// | --- | --- | --- |
    /// | `anonymous`, `anonymous-proxy`, `cookie`, `tls` | | |
    /// | `ticket` | `ticket` | |
    /// | `wampcra` | `authid`, `secret` | |
    /// | `cryptosign`, `cryptosign-proxy` | `privkey` (64 hexadecimal digits, or an OpenSSH key) | `router_key` (64 hexadecimal digits: see `Cryptosign::expect_router_key`) |
    /// | `scram`, `wamp-scram` | `authid`, `password` | `accept_weak` (a boolean: see `Scram::accept_weak`) |
    ///
    /// and all may have `authid`, `authrole` and `authextra`. In the `authextra` of cryptosign and
    /// SCRAM, `channel_binding` may be `"tls-exporter"` (then `scram` itself cannot be used, and is
    /// not offered beside `wamp-scram`); in that of cryptosign, `pubkey` must be that of the key if
    /// it is there.
    ///
    /// ```
    /// use wampwerk::session::authentication::Authentication;
    /// use wampwerk::{Dict, Value};
    ///
    /// let settings = Dict::new().with("authid", "joe").with("secret", "secret2");
    /// let authentication: Value = Dict::new().with("wampcra", settings).into();
    /// assert_eq!(Authentication::from_value(&authentication)?.methods(), ["wampcra"]);
    /// # Ok::<(), wampwerk::auth::AuthError>(())
    /// ```
    ///
    /// # Errors
    /// If a method or a key is unknown, missing or of the wrong type (the text names it), if the
    /// method's feature is off (`scram`, `cryptosign`), or if the
    /// methods [disagree](Authentication::with).
    pub fn from_value(value: &Value) -> Result<Self, AuthError> {
        let Some(methods) = value.as_dict() else {
            return Err(must_be("authentication", "a dict of methods", value));
        };
        let mut authentication = Authentication::new();
        for (method, settings) in methods.iter() {
            let place = format!("authentication.{}", escaped(method));
            let settings = match settings {
                Value::Null => &Dict::new(),
                settings => {
                    settings.as_dict().ok_or_else(|| must_be(&place, "a dict", settings))?
                }
            };
            let settings = Settings { place, settings };
            // One nonce is for both dialects.
            if settings.is_second_scram(method, methods)? {
                continue;
            }
            authentication = settings.add_to(authentication, method, methods)?;
        }
        Ok(authentication)
    }
}

/// The settings of one method, and where they stand.
pub(super) struct Settings<'a> {
    pub(super) place: String,
    pub(super) settings: &'a Dict,
}

impl Settings<'_> {
    fn add_to(
        &self,
        authentication: Authentication,
        method: &str,
        methods: &Dict,
    ) -> Result<Authentication, AuthError> {
        match method {
            "anonymous" | "anonymous-proxy" => {
                let base =
                    if method == "anonymous" { Anonymous::new() } else { Anonymous::proxy() };
                authentication.with(base.identified(self.identity(&[])?))
            }
            "cookie" | "tls" => {
                authentication.with(Named::new(method).identified(self.identity(&[])?))
            }
            "ticket" => {
                let identity = self.identity(&["ticket"])?;
                let ticket = Ticket::without_authid(self.secret("ticket")?);
                authentication.with(ticket.identified(identity))
            }
            "wampcra" => {
                let identity = self.identity(&["secret"])?;
                let authid = self.need("authid", identity.authid.clone())?;
                let method = WampCra::new(authid, self.secret("secret")?);
                authentication.with(method.identified(identity))
            }
            "scram" | "wamp-scram" => scram::add_to(authentication, self, method, methods),
            "cryptosign" | "cryptosign-proxy" => cryptosign::add_to(authentication, self, method),
            _ => Err(AuthError::new(format!(
                "{}: unknown authentication method; known are {METHODS}",
                self.place
            ))),
        }
    }

    /// Whether the other dialect stands before it; their settings must be the same then.
    fn is_second_scram(&self, method: &str, methods: &Dict) -> Result<bool, AuthError> {
        let (one, other) = match method {
            "scram" => ("scram", "wamp-scram"),
            "wamp-scram" => ("wamp-scram", "scram"),
            _ => return Ok(false),
        };
        let position = |name| methods.iter().position(|(method, _)| method == name);
        if position(other).is_none_or(|position_of_other| Some(position_of_other) > position(one)) {
            return Ok(false);
        }
        if methods.get(one) == methods.get(other) {
            return Ok(true);
        }
        let text = format!("{} must have the same settings as {other}", self.place);
        Err(AuthError::new(text))
    }

    /// Who we want to be. All keys are known: those, and `own`.
    pub(super) fn identity(&self, own: &[&str]) -> Result<Identity, AuthError> {
        let common = ["authid", "authrole", "authextra"];
        let unknown = |key: &&str| !common.contains(key) && !own.contains(key);
        if let Some(key) = self.settings.iter().map(|(key, _)| key).find(unknown) {
            let known = [own, &common[..]].concat().join(", ");
            let text = format!("{}: unknown key; known are {known}", self.at(&escaped(key)));
            return Err(AuthError::new(text));
        }
        let authextra = match self.settings.get("authextra") {
            None | Some(Value::Null) => Dict::new(),
            Some(Value::Dict(dict)) => dict.clone(),
            Some(other) => return Err(must_be(&self.at("authextra"), "a dict", other)),
        };
        Ok(Identity {
            authid: self.text("authid")?.map(str::to_owned),
            authrole: self.text("authrole")?.map(str::to_owned),
            authextra,
        })
    }

    pub(super) fn secret(&self, key: &str) -> Result<Secret, AuthError> {
        self.need(key, self.text(key)?.map(Secret::from))
    }

    pub(super) fn text(&self, key: &str) -> Result<Option<&str>, AuthError> {
        match self.settings.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(must_be(&self.at(key), "a string", other)),
        }
    }

    pub(super) fn need<T>(&self, key: &str, value: Option<T>) -> Result<T, AuthError> {
        value.ok_or_else(|| self.missing(key))
    }

    pub(super) fn missing(&self, key: &str) -> AuthError {
        AuthError::new(format!("{} is missing", self.at(key)))
    }

    pub(super) fn at(&self, key: &str) -> String {
        format!("{}.{key}", self.place)
    }
}

/// For people, and bounded.
fn escaped(key: &str) -> String {
    let mut shown: String = key.chars().flat_map(char::escape_debug).take(MAX_KEY).collect();
    if shown.len() < key.len() {
        shown.push('…');
    }
    shown
}

/// The value itself may be secret.
pub(super) fn must_be(place: &str, expected: &str, value: &Value) -> AuthError {
    AuthError::new(format!("{place} must be {expected}, is {}", value.kind()))
}
