//! Contains `Ticket`: the secret itself is sent to the router.

use super::identity::{Identity, identified, identity_debug, identity_getters, identity_setters};
use super::{Authenticator, Proof, Signature};
use crate::auth::{AuthError, Secret};
use crate::message::Challenge;
use crate::rt::BoxFuture;
use crate::transport::TransportInfo;

/// The method `ticket`: a text that the router knows. It is sent in plain text; use TLS.
#[doc(alias = "AuthTicket")]
#[derive(Clone)]
pub struct Ticket {
    ticket: Secret,
    identity: Identity,
}

impl Ticket {
    /// Creates the method with an authid and its ticket.
    pub fn new(authid: impl Into<String>, ticket: impl Into<Secret>) -> Self {
        Ticket::without_authid(ticket).authid(authid)
    }

    pub(super) fn without_authid(ticket: impl Into<Secret>) -> Self {
        Ticket { ticket: ticket.into(), identity: Identity::default() }
    }

    identity_setters!();
    identified!();
}

impl Authenticator for Ticket {
    fn method(&self) -> &str {
        "ticket"
    }

    identity_getters!();

    fn begin(&self, _: &TransportInfo) -> Result<Box<dyn Proof>, AuthError> {
        Ok(Box::new(TicketProof(self.ticket.clone())))
    }
}

identity_debug!(Ticket);

struct TicketProof(Secret);

impl Proof for TicketProof {
    fn answer<'a>(&'a mut self, _: &'a Challenge) -> BoxFuture<'a, Result<Signature, AuthError>> {
        Box::pin(async move { Ok(Signature::new(self.0.as_str()?)) })
    }
}
