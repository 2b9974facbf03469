//! Joining: HELLO, at most one challenge, and WELCOME.
//!
//! The user answers challenges: the core sends [`ClientEvent::Challenge`] and waits for
//! [`Client::authenticate`] or [`Client::refuse_challenge`].

use std::fmt;
use std::time::Duration;

use super::recent::Recent;
use super::roles::client_roles;
use super::{Client, ClientEvent, Joined, State};
use crate::core::ids::SequentialIds;
use crate::error::{CloseKind, CloseReason, Violation};
use crate::message::{Authenticate, Challenge, Hello, HelloDetails, Message, Roles, Welcome};
use crate::uri::Uri;
use crate::value::Dict;

/// Content of HELLO: the realm and the identity.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct JoinRequest {
    /// The realm to join.
    pub realm: Uri,
    /// The offered authentication methods, the preferred first. Default: none; HELLO does not
    /// mention them, and most routers take that for `anonymous`.
    pub authmethods: Vec<String>,
    /// The requested authid.
    pub authid: Option<String>,
    /// The requested role.
    pub authrole: Option<String>,
    /// Parameters of the methods; omitted if empty.
    pub authextra: Dict,
}

impl JoinRequest {
    /// A request to join a realm without authentication.
    pub fn new(realm: impl Into<Uri>) -> Self {
        JoinRequest {
            realm: realm.into(),
            authmethods: Vec::new(),
            authid: None,
            authrole: None,
            authextra: Dict::new(),
        }
    }
}

impl From<Uri> for JoinRequest {
    fn from(realm: Uri) -> Self {
        JoinRequest::new(realm)
    }
}

impl From<&str> for JoinRequest {
    fn from(realm: &str) -> Self {
        JoinRequest::new(realm)
    }
}

impl fmt::Debug for JoinRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Parameters of the methods may be secret.
        f.debug_struct("JoinRequest")
            .field("realm", &self.realm)
            .field("authmethods", &self.authmethods)
            .field("authid", &self.authid)
            .field("authrole", &self.authrole)
            .finish_non_exhaustive()
    }
}

/// The step that is due.
#[derive(Debug)]
pub(super) enum Step {
    /// The router must answer HELLO.
    Hello,
    /// The user must answer CHALLENGE.
    Challenged,
    /// The router must answer AUTHENTICATE.
    Authenticated,
}

/// A join in progress.
#[derive(Debug)]
pub(super) struct Joining {
    realm: Uri,
    authmethods: Vec<String>,
    step: Step,
    pub(super) deadline: Duration,
}

impl Client {
    /// Joins a realm; does nothing unless the session is closed. A rejoined session is a new one,
    /// with request ids of its own.
    pub fn join(&mut self, now: Duration, request: JoinRequest) {
        if !matches!(self.state, State::Closed(_)) {
            return;
        }
        (self.ids, self.streamed) = (SequentialIds::default(), 0);
        (self.cut_short, self.router) = (Recent::default(), Roles::new());
        let JoinRequest { realm, authmethods, authid, authrole, authextra } = request;
        let mut details = HelloDetails::default();
        details.extra = self.config.hello.clone();
        details.roles = Some(client_roles(self.config.payload_passthru));
        details.agent = Some(self.config.agent.clone());
        details.authmethods = (!authmethods.is_empty()).then(|| authmethods.clone());
        details.authid = authid;
        details.authrole = authrole;
        details.authextra = (!authextra.is_empty()).then_some(authextra);
        self.state = State::Joining(Joining {
            realm: realm.clone(),
            authmethods,
            step: Step::Hello,
            deadline: now.saturating_add(self.config.join_timeout),
        });
        self.transmits.push_back(Hello { realm, details }.into());
    }

    /// Starts the time limit for the answer to [`ClientEvent::Challenge`]. Without this call the answer
    /// has the time that HELLO has left.
    pub fn answering(&mut self, now: Duration) {
        if let State::Joining(Joining { step: Step::Challenged, deadline, .. }) = &mut self.state {
            *deadline = now.saturating_add(self.config.join_timeout);
        }
    }

    /// Answers the challenge. Does nothing if there is none.
    pub fn authenticate(&mut self, now: Duration, signature: String, extra: Dict) {
        let State::Joining(joining) = &mut self.state else { return };
        if !matches!(joining.step, Step::Challenged) {
            return;
        }
        joining.step = Step::Authenticated;
        joining.deadline = now.saturating_add(self.config.join_timeout);
        self.transmits.push_back(Authenticate { signature, extra }.into());
    }

    /// Gives up on the challenge: ABORT with `wamp.error.cannot_authenticate`, and the end of the
    /// session. Does nothing if there is no challenge.
    pub fn refuse_challenge(&mut self, message: impl Into<String>) {
        if matches!(&self.state, State::Joining(Joining { step: Step::Challenged, .. })) {
            self.abort(Uri::CANNOT_AUTHENTICATE, message.into());
        }
    }

    pub(super) fn message_while_joining(&mut self, message: Message) -> Result<(), Violation> {
        match message {
            Message::Welcome(welcome) => self.welcomed(welcome),
            Message::Abort(abort) => {
                self.aborted(abort);
                Ok(())
            }
            Message::Challenge(challenge) => self.challenged(challenge),
            other => Err(Violation::new(format!("{} before WELCOME", other.name()))),
        }
    }

    /// Ends a join that has taken too long.
    pub(super) fn join_timed_out(&mut self) {
        let State::Joining(Joining { step, .. }) = &self.state else { return };
        let limit = self.config.join_timeout;
        let (whom, reason) = match step {
            Step::Hello => ("HELLO", Uri::TIMEOUT),
            Step::Authenticated => ("AUTHENTICATE", Uri::TIMEOUT),
            Step::Challenged => {
                let text = format!("the challenge was not answered within {limit:?}");
                return self.abort(Uri::CANNOT_AUTHENTICATE, text);
            }
        };
        let message = format!("no answer to {whom} within {limit:?}");
        self.send_abort(reason, message.clone());
        self.close(CloseReason::new(CloseKind::TimedOut, reason, Some(message)));
    }

    fn challenged(&mut self, challenge: Challenge) -> Result<(), Violation> {
        let State::Joining(joining) = &mut self.state else { return Ok(()) };
        if !matches!(joining.step, Step::Hello) {
            return Err(Violation::new("a second CHALLENGE"));
        }
        if !joining.authmethods.contains(&challenge.method) {
            let text = format!("challenged by {:?}, which was not offered", challenge.method);
            self.abort(Uri::CANNOT_AUTHENTICATE, text);
            return Ok(());
        }
        joining.step = Step::Challenged;
        self.events.push_back(ClientEvent::Challenge(challenge));
        Ok(())
    }

    fn welcomed(&mut self, welcome: Welcome) -> Result<(), Violation> {
        let roles = welcome.details.roles.clone().unwrap_or_default();
        roles.check("WELCOME.Details.roles", &["broker", "dealer"])?;
        let State::Joining(Joining { realm, step, .. }) = &self.state else { return Ok(()) };
        if matches!(step, Step::Challenged) {
            return Err(Violation::new("WELCOME before the challenge was answered"));
        }
        let realm = welcome.details.realm.clone().unwrap_or_else(|| realm.clone());
        self.state = State::Established;
        self.heartbeat.start(self.config.heartbeat.0);
        self.router = roles;
        self.events.push_back(ClientEvent::Joined(Box::new(Joined { realm, welcome })));
        Ok(())
    }
}
