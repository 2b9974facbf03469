//! From HELLO to WELCOME: joining, and the one challenge that may stand between them.
//!
//! What answers a challenge is not the core's matter: it says [`Event::Challenge`] and waits for
//! [`Client::authenticate`] or [`Client::refuse_challenge`].

use std::fmt;
use std::time::Duration;

use super::recent::Recent;
use super::roles::client_roles;
use super::{Client, Event, Joined, State};
use crate::core::ids::SequentialIds;
use crate::error::{CloseKind, CloseReason, Violation};
use crate::message::{Authenticate, Challenge, Hello, HelloDetails, Message, Roles, Welcome};
use crate::uri::{Uri, uris};
use crate::value::Dict;

/// What HELLO says: the realm, and who we are.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct JoinRequest {
    /// The realm to join.
    pub realm: Uri,
    /// The authentication methods that we offer, the preferred first. Default: none, and HELLO says
    /// nothing of it, which is `anonymous` for most routers.
    pub authmethods: Vec<String>,
    /// Who we want to be.
    pub authid: Option<String>,
    /// The role that we want.
    pub authrole: Option<String>,
    /// What the methods need. Nothing is said of it if it is empty.
    pub authextra: Dict,
}

impl JoinRequest {
    /// Joins a realm without saying who we are.
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
        // What methods need may be secret.
        f.debug_struct("JoinRequest")
            .field("realm", &self.realm)
            .field("authmethods", &self.authmethods)
            .field("authid", &self.authid)
            .field("authrole", &self.authrole)
            .finish_non_exhaustive()
    }
}

/// Whose turn it is.
#[derive(Debug)]
pub(super) enum Step {
    /// The router's, to answer HELLO.
    Hello,
    /// Ours, to answer CHALLENGE.
    Challenged,
    /// The router's, to answer AUTHENTICATE.
    Authenticated,
}

/// A join under way.
#[derive(Debug)]
pub(super) struct Joining {
    realm: Uri,
    authmethods: Vec<String>,
    step: Step,
    pub(super) deadline: Duration,
}

impl Client {
    /// Asks to join a realm; nothing happens unless the session is closed. A session that was
    /// joined before is a new one then, with request ids of its own.
    pub fn join(&mut self, now: Duration, request: JoinRequest) {
        if !matches!(self.state, State::Closed(_)) {
            return;
        }
        (self.ids, self.streamed) = (SequentialIds::default(), 0);
        (self.cut_short, self.router) = (Recent::default(), Roles::new());
        let JoinRequest { realm, authmethods, authid, authrole, authextra } = request;
        let mut details = HelloDetails::default();
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

    /// The challenge of [`Event::Challenge`] is being looked at: the time for its answer begins.
    /// Without this the answer has what HELLO has left.
    pub fn answering(&mut self, now: Duration) {
        if let State::Joining(Joining { step: Step::Challenged, deadline, .. }) = &mut self.state {
            *deadline = now.saturating_add(self.config.join_timeout);
        }
    }

    /// Answers the challenge. Nothing happens if there is none (any more).
    pub fn authenticate(&mut self, now: Duration, signature: String, extra: Dict) {
        let State::Joining(joining) = &mut self.state else { return };
        if !matches!(joining.step, Step::Challenged) {
            return;
        }
        joining.step = Step::Authenticated;
        joining.deadline = now.saturating_add(self.config.join_timeout);
        self.transmits.push_back(Authenticate { signature, extra }.into());
    }

    /// The challenge cannot be answered: ABORT `wamp.error.cannot_authenticate`, and the end.
    /// Nothing happens if there is none (any more).
    pub fn refuse_challenge(&mut self, message: impl Into<String>) {
        if matches!(&self.state, State::Joining(Joining { step: Step::Challenged, .. })) {
            self.abort(uris::CANNOT_AUTHENTICATE, message.into());
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

    /// The time is over.
    pub(super) fn join_timed_out(&mut self) {
        let State::Joining(Joining { step, .. }) = &self.state else { return };
        let limit = self.config.join_timeout;
        let (whom, reason) = match step {
            Step::Hello => ("HELLO", uris::TIMEOUT),
            Step::Authenticated => ("AUTHENTICATE", uris::TIMEOUT),
            Step::Challenged => {
                let text = format!("the challenge was not answered within {limit:?}");
                return self.abort(uris::CANNOT_AUTHENTICATE, text);
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
            self.abort(uris::CANNOT_AUTHENTICATE, text);
            return Ok(());
        }
        joining.step = Step::Challenged;
        self.events.push_back(Event::Challenge(challenge));
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
        self.router = roles;
        self.events.push_back(Event::Joined(Box::new(Joined { realm, welcome })));
        Ok(())
    }
}
