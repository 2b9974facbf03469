//! Reads `Authentication` from Autobahn's dict of methods.

use super::identity::Identity;
use super::{Anonymous, Authentication, Authenticator, Ticket, WampCra, cryptosign, scram};
use crate::auth::{AuthError, Secret};
use crate::error::ConfigError;
use crate::value::{Dict, Value};

/// Known methods, for error texts.
const METHODS: &str = "anonymous, anonymous-proxy, cookie, tls, ticket, wampcra, cryptosign, \
                       cryptosign-proxy, scram, wamp-scram";

/// Maximum length of an unknown key in an error.
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
    /// # Ok::<(), wampwerk::error::ConfigError>(())
    /// ```
    ///
    /// # Errors
    /// If a method or a key is unknown, missing or of the wrong type, with the path of the key, as in
    /// `cryptosign.privkey`; if the method's feature is off (`scram`, `cryptosign`), or if the methods
    /// [disagree](Authentication::with).
    pub fn from_value(value: &Value) -> Result<Self, ConfigError> {
        let Some(methods) = value.as_dict() else {
            return Err(must_be("a dict of methods", value));
        };
        let mut authentication = Authentication::new();
        for (method, settings) in methods.iter() {
            let added = add(authentication, method, settings, methods);
            authentication = added.map_err(|error| error.within(escaped(method)))?;
        }
        Ok(authentication)
    }
}

/// Adds a method with its settings. Paths of errors begin below the method.
fn add(
    authentication: Authentication,
    method: &str,
    settings: &Value,
    methods: &Dict,
) -> Result<Authentication, ConfigError> {
    let settings = match settings {
        Value::Null => &Dict::new(),
        settings => settings.as_dict().ok_or_else(|| must_be("a dict", settings))?,
    };
    let settings = Settings { settings };
    // Both dialects share one nonce.
    if settings.is_second_scram(method, methods)? {
        return Ok(authentication);
    }
    settings.add_to(authentication, method, methods)
}

/// The settings of one method.
pub(super) struct Settings<'a> {
    pub(super) settings: &'a Dict,
}

impl Settings<'_> {
    fn add_to(
        &self,
        authentication: Authentication,
        method: &str,
        methods: &Dict,
    ) -> Result<Authentication, ConfigError> {
        match method {
            "anonymous" | "anonymous-proxy" => {
                let base =
                    if method == "anonymous" { Anonymous::new() } else { Anonymous::proxy() };
                offer(authentication, base.identified(self.identity(&[])?))
            }
            "cookie" | "tls" => {
                offer(authentication, Anonymous::named(method).identified(self.identity(&[])?))
            }
            "ticket" => {
                let identity = self.identity(&["ticket"])?;
                let ticket = Ticket::without_authid(self.secret("ticket")?);
                offer(authentication, ticket.identified(identity))
            }
            "wampcra" => {
                let identity = self.identity(&["secret"])?;
                let authid = self.need("authid", identity.authid.clone())?;
                let method = WampCra::new(authid, self.secret("secret")?);
                offer(authentication, method.identified(identity))
            }
            "scram" | "wamp-scram" => scram::add_to(authentication, self, method, methods),
            "cryptosign" | "cryptosign-proxy" => cryptosign::add_to(authentication, self, method),
            _ => {
                let text = format!("unknown authentication method; known are {METHODS}");
                Err(ConfigError::new("", text))
            }
        }
    }

    /// Returns whether the other dialect precedes it; their settings must then be equal.
    fn is_second_scram(&self, method: &str, methods: &Dict) -> Result<bool, ConfigError> {
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
        Err(ConfigError::new("", format_args!("it must have the same settings as {other}")))
    }

    /// Reads the identity and rejects unknown keys, except for `own`.
    pub(super) fn identity(&self, own: &[&str]) -> Result<Identity, ConfigError> {
        let common = ["authid", "authrole", "authextra"];
        let unknown = |key: &&str| !common.contains(key) && !own.contains(key);
        if let Some(key) = self.settings.iter().map(|(key, _)| key).find(unknown) {
            let known = [own, &common[..]].concat().join(", ");
            let text = format!("unknown key; known are {known}");
            return Err(ConfigError::new(escaped(key), text));
        }
        let authextra = match self.settings.get("authextra") {
            None | Some(Value::Null) => Dict::new(),
            Some(Value::Dict(dict)) => dict.clone(),
            Some(other) => return Err(must_be("a dict", other).within("authextra")),
        };
        Ok(Identity {
            authid: self.text("authid")?.map(str::to_owned),
            authrole: self.text("authrole")?.map(str::to_owned),
            authextra,
        })
    }

    pub(super) fn secret(&self, key: &str) -> Result<Secret, ConfigError> {
        self.need(key, self.text(key)?.map(Secret::from))
    }

    pub(super) fn text(&self, key: &str) -> Result<Option<&str>, ConfigError> {
        match self.settings.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(must_be("a string", other).within(key)),
        }
    }

    pub(super) fn need<T>(&self, key: &str, value: Option<T>) -> Result<T, ConfigError> {
        value.ok_or_else(|| missing(key))
    }
}

/// Offers a method behind those that are there.
pub(super) fn offer(
    authentication: Authentication,
    method: impl Authenticator,
) -> Result<Authentication, ConfigError> {
    authentication.with(method).map_err(|error| at("", error))
}

/// Makes the error of a key.
pub(super) fn at(key: &str, error: AuthError) -> ConfigError {
    ConfigError::new(key, &error.message).caused_by(error)
}

pub(super) fn missing(key: &str) -> ConfigError {
    ConfigError::new(key, "it is missing")
}

/// Escapes and shortens a key for error texts.
fn escaped(key: &str) -> String {
    let mut shown: String = key.chars().flat_map(char::escape_debug).take(MAX_KEY).collect();
    if shown.len() < key.len() {
        shown.push('…');
    }
    shown
}

/// The value itself may be secret.
pub(super) fn must_be(expected: &str, value: &Value) -> ConfigError {
    ConfigError::new("", format_args!("it must be {expected}, not {}", value.kind()))
}
