//! Clients of a proxy, which has authenticated them: the methods `anonymous-proxy` and `cryptosign-proxy` of Crossbar.
//!
//! HELLO.Details.authextra says who the client is: `proxy_realm`, `proxy_authid`, `proxy_authrole` and, if
//! wanted, `proxy_authextra`.

use crate::core::router::authentication::Principal;
use crate::core::router::authentication::attempt::Refusal;
use crate::uri::Uri;
use crate::value::{Dict, Value};

/// The methods by which the connections of a listener may join for others. Default: none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ProxyMethods {
    /// Each client of the listener may, without a proof.
    pub(crate) anonymous: bool,
    /// Users that are proxies may, by their keys.
    pub(crate) cryptosign: bool,
}

pub(super) const ANONYMOUS_PROXY: &str = "anonymous-proxy";
pub(super) const CRYPTOSIGN_PROXY: &str = "cryptosign-proxy";

impl ProxyMethods {
    pub(super) fn allow(self, method: &str) -> bool {
        match method {
            ANONYMOUS_PROXY => self.anonymous,
            CRYPTOSIGN_PROXY => self.cryptosign,
            _ => false,
        }
    }
}

/// Reads who the client is.
pub(super) fn principal(authextra: &Dict) -> Result<Principal, Refusal> {
    let refused = |key: &str, text: &str| {
        let text = format!("HELLO.Details.authextra.{key} {text}");
        Refusal::new(Uri::AUTHENTICATION_FAILED, text)
    };
    let text = |key: &'static str| match authextra.get(key) {
        None | Some(Value::Null) => Err(refused(key, "is missing")),
        Some(Value::String(text)) if !text.is_empty() => Ok(text.to_string()),
        Some(_) => Err(refused(key, "must be a text that is not empty")),
    };
    let principal = Principal::new(text("proxy_authid")?, text("proxy_authrole")?)
        .authprovider("static")
        .realm(text("proxy_realm")?);
    match authextra.get("proxy_authextra") {
        None | Some(Value::Null) => Ok(principal),
        Some(Value::Dict(extra)) => Ok(principal.extra(extra.clone())),
        Some(_) => Err(refused("proxy_authextra", "must be a dict")),
    }
}
