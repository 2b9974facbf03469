//! `Attempt`: the state of one client between HELLO and the verdict, and the [`Next`] step.

use std::fmt;

use crate::auth::Secret;
use crate::auth::exchange::Exchange;
use crate::core::router::authentication::proxied::ProxyMethods;
use crate::core::router::authentication::request::{AuthRequest, Principal};
use crate::core::router::connection::Peer;
use crate::core::router::features::Features;
use crate::core::router::names::quote;
use crate::message::{Challenge, HelloDetails};
use crate::uri::Uri;
use crate::value::Dict;

/// HELLO of a client, and its connection.
pub(in crate::core::router) struct Join {
    pub(in crate::core::router) realm: Uri,
    /// True if the router has the realm.
    pub(in crate::core::router) known: bool,
    pub(in crate::core::router) details: HelloDetails,
    pub(in crate::core::router) features: Features,
    pub(in crate::core::router) peer: Peer,
    pub(in crate::core::router) proxies: ProxyMethods,
}

/// Identity that a client claims, and the method of its proof.
#[derive(Debug)]
pub(in crate::core::router) struct Claim {
    pub(super) realm: Uri,
    pub(super) method: String,
    pub(super) authid: Option<String>,
    pub(super) features: Features,
}

/// A client between HELLO and WELCOME. Its `Debug` shows no proof.
pub(in crate::core::router) enum Attempt {
    /// The application is asked for the principal.
    Asked { claim: Claim, authextra: Dict, channel_id: Option<[u8; 32]> },
    /// The client must send its ticket; then the application is asked.
    Ticket { claim: Claim, request: Box<AuthRequest> },
    /// The application has been given the ticket.
    Shown { claim: Claim, ticket: Secret },
    /// The client must answer a challenge. A client with a mock challenge is never admitted.
    Proving { exchange: Exchange, admission: Option<Admission> },
}

/// Identity under which a client joins. Its `Debug` omits authextra, which may contain secrets.
pub(in crate::core::router) struct Admission {
    pub(in crate::core::router) realm: Uri,
    pub(in crate::core::router) features: Features,
    pub(in crate::core::router) authid: String,
    pub(in crate::core::router) authrole: String,
    pub(in crate::core::router) authmethod: String,
    pub(in crate::core::router) authprovider: String,
    pub(in crate::core::router) authextra: Dict,
    pub(in crate::core::router) session: u64,
}

/// Reason for not admitting a client.
#[derive(Debug)]
pub(in crate::core::router) struct Refusal {
    pub(in crate::core::router) reason: Uri,
    pub(in crate::core::router) message: String,
}

/// The next step of an attempt.
#[derive(Debug)]
pub(in crate::core::router) enum Next {
    Admit(Box<Admission>),
    Challenge(Challenge, Box<Attempt>),
    /// Ask the application.
    Ask(Box<AuthRequest>, Box<Attempt>),
    Refuse(Refusal),
}

impl fmt::Debug for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, claim) = match self {
            Attempt::Asked { claim, .. } => ("Asked", Some(claim)),
            Attempt::Ticket { claim, .. } => ("Ticket", Some(claim)),
            Attempt::Shown { claim, .. } => ("Shown", Some(claim)),
            Attempt::Proving { .. } => ("Proving", None),
        };
        f.debug_struct(name).field("claim", &claim).finish_non_exhaustive()
    }
}

impl fmt::Debug for Admission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Admission");
        shown.field("realm", &self.realm).field("session", &self.session);
        shown.field("authid", &self.authid).field("authrole", &self.authrole);
        shown.finish_non_exhaustive()
    }
}

impl Attempt {
    /// The method, if the application was asked.
    pub(super) fn method(&self) -> Option<&str> {
        match self {
            Attempt::Asked { claim, .. } | Attempt::Shown { claim, .. } => Some(&claim.method),
            Attempt::Ticket { .. } | Attempt::Proving { .. } => None,
        }
    }
}

impl Claim {
    pub(super) fn admit(self, principal: Principal, session: u64) -> Admission {
        Admission {
            realm: principal.realm.unwrap_or(self.realm),
            features: self.features,
            authid: principal.authid,
            authrole: principal.authrole,
            authmethod: self.method,
            authprovider: principal.authprovider,
            authextra: principal.extra,
            session,
        }
    }
}

impl Refusal {
    pub(in crate::core::router) fn new(reason: &str, message: impl Into<String>) -> Self {
        Refusal { reason: reason.into(), message: message.into() }
    }

    /// The client cannot tell a wrong proof from an unknown name.
    pub(super) fn denied() -> Self {
        Refusal::new(Uri::AUTHENTICATION_DENIED, "unknown authid or wrong proof")
    }

    pub(in crate::core::router) fn no_role(realm: &Uri, role: &str) -> Self {
        let text = format!("{} has no role {}", quote(realm), quote(role));
        Refusal::new(Uri::NO_SUCH_ROLE, text)
    }

    pub(in crate::core::router) fn no_realm(realm: &Uri) -> Self {
        Refusal::new(Uri::NO_SUCH_REALM, format!("no such realm: {}", quote(realm)))
    }
}
