//! Joining: HELLO, CHALLENGE, AUTHENTICATE, WELCOME (spec: "Session Establishment",
//! "Authentication").

use std::sync::Arc;
use std::time::Duration;

use crate::core::router::authentication::{
    self, Admission, Attempt, Denied, Draws, Join, Next, Principal, Refusal,
};
use crate::core::router::door::{Door, Entry, State};
use crate::core::router::features::Features;
use crate::core::router::gate::Gate;
use crate::core::router::names::quote;
use crate::core::router::output::{CloseCause, Outputs};
use crate::core::router::session::{Identity, Session};
use crate::error::Violation;
use crate::message::{Authenticate, Hello, Welcome, WelcomeDetails};
use crate::uri::{Match, Uri};

const CLIENT_ROLES: [&str; 4] = ["publisher", "subscriber", "caller", "callee"];

impl Door {
    /// Takes the application's answer to
    /// [`Output::Authenticate`](crate::core::router::Output::Authenticate): the principal of the
    /// client, or a refusal. Returns the session that it leads to. The messages of the connection may
    /// go on.
    pub fn handle_authenticated(
        &mut self,
        gate: &Gate,
        now: Duration,
        answer: Result<Principal, Denied>,
        out: &mut Outputs,
    ) -> Option<Box<Entry>> {
        let State::Asked = self.state else { return None };
        let attempt = self.take_attempt();
        let unix_time = gate.config.epoch.saturating_add(now);
        let draws = &mut self.draws(gate);
        let (next, mistake) = gate.authentication.decide(draws, unix_time, *attempt?, answer);
        if let Some(mistake) = mistake {
            out.unusable_answer(self.id, mistake);
        }
        let entry = self.go_on(gate, next, out);
        self.uncount_if_joined();
        entry
    }

    pub(super) fn hello(
        &mut self,
        gate: &Gate,
        now: Duration,
        hello: Hello,
        out: &mut Outputs,
    ) -> Result<Option<Box<Entry>>, Violation> {
        let Hello { realm, details } = hello;
        let roles = details.roles.as_ref();
        let roles = roles.ok_or_else(|| Violation::new("HELLO.Details.roles is missing"))?;
        roles.check("HELLO.Details.roles", &CLIENT_ROLES)?;
        let features = Features::of(roles);
        let longest = gate.config.limits.uri_length.max(gate.longest_realm);
        let next = if realm.len() > longest {
            let text = format!("the realm is longer than {longest} octets");
            Next::Refuse(Refusal::new(Uri::INVALID_URI, text))
        } else if !realm.check(gate.config.uri_rule, Match::Exact) {
            let text = format!("{} is not a valid URI", quote(&realm));
            Next::Refuse(Refusal::new(Uri::INVALID_URI, text))
        } else {
            let known = gate.realm(&realm).is_some();
            let peer = (*self.peer).clone();
            let unix_time = gate.config.epoch.saturating_add(now);
            let proxies = self.proxies;
            let join = Join { realm, known, details, features, peer, proxies };
            let draws = &mut self.draws(gate);
            match self.trusted.as_deref().cloned() {
                Some(principal) => authentication::trust(draws, join, principal),
                None => gate.authentication.begin(draws, unix_time, join),
            }
        };
        if let Next::Challenge(..) | Next::Ask(..) = next {
            self.attempts += 1;
        }
        Ok(self.go_on(gate, next, out))
    }

    pub(super) fn authenticate(
        &mut self,
        gate: &Gate,
        answer: &Authenticate,
        out: &mut Outputs,
    ) -> Option<Box<Entry>> {
        let attempt = self.take_attempt()?;
        let next = gate.authentication.prove(*attempt, answer);
        let entry = self.go_on(gate, next, out);
        self.uncount_if_joined();
        entry
    }

    /// Takes back the count of the attempt that led to a session. Earlier failed attempts still
    /// count: otherwise a client with one valid login could guess others without limit in between.
    fn uncount_if_joined(&mut self) {
        if let State::Joined(_) = self.state {
            self.attempts = self.attempts.saturating_sub(1);
        }
    }

    /// Handles ABORT in place of AUTHENTICATE.
    pub(super) fn give_up_joining(&mut self, gate: &Gate, out: &mut Outputs) {
        self.take_attempt();
        self.close_if_exhausted(gate, out);
    }

    /// Ends an attempt to join that has taken too long.
    pub(super) fn give_up_waiting(&mut self, gate: &Gate, out: &mut Outputs) {
        let limit = gate.config.handshake_timeout;
        let (cause, told) = match self.state {
            State::Challenged => {
                let text = format!("no AUTHENTICATE within {limit:?}");
                (CloseCause::NotAuthenticated, Some((Uri::TIMEOUT, text)))
            }
            State::Asked => {
                let text = format!("the authenticator did not answer within {limit:?}");
                (CloseCause::NotAuthenticated, Some((Uri::AUTHORIZATION_FAILED, text)))
            }
            // A connection that has had a session is closed without a message.
            _ => {
                let text = format!("no HELLO within {limit:?}");
                (CloseCause::NoHello, (!self.left).then_some((Uri::TIMEOUT, text)))
            }
        };
        if let Some((reason, text)) = told {
            self.abort(reason, text, out);
        }
        self.close(cause, out);
    }

    fn go_on(&mut self, gate: &Gate, next: Next, out: &mut Outputs) -> Option<Box<Entry>> {
        let refusal = match next {
            Next::Admit(admission) => {
                let Admission { realm, authrole, .. } = &*admission;
                match gate.realm(realm) {
                    None => Refusal::no_realm(realm),
                    Some(index) if !gate.has_role(index, authrole) => {
                        Refusal::no_role(realm, authrole)
                    }
                    Some(index) => return Some(self.welcome(gate, index, *admission)),
                }
            }
            Next::Challenge(challenge, attempt) => {
                self.wait_for(State::Challenged, attempt);
                out.send(self.id, challenge);
                return None;
            }
            Next::Ask(request, attempt) => {
                self.wait_for(State::Asked, attempt);
                out.authenticate(self.id, request);
                return None;
            }
            Next::Refuse(refusal) => refusal,
        };
        // The peer may try again, but within the same time.
        self.abort(&refusal.reason, refusal.message, out);
        self.close_if_exhausted(gate, out);
        None
    }

    fn close_if_exhausted(&mut self, gate: &Gate, out: &mut Outputs) {
        if self.attempts >= gate.authentication.attempts() {
            self.close(CloseCause::NotAuthenticated, out);
        }
    }

    fn wait_for(&mut self, state: State, attempt: Box<Attempt>) {
        self.state = state;
        self.attempt = Some(attempt);
    }

    /// Ends the wait for AUTHENTICATE or the application, and returns the attempt.
    fn take_attempt(&mut self) -> Option<Box<Attempt>> {
        self.state = State::Idle;
        self.attempt.take()
    }

    fn draws(&mut self, gate: &Gate) -> Draws {
        let draws = Draws::new(gate.config.seed, self.id, self.steps);
        self.steps = self.steps.wrapping_add(1);
        draws
    }

    fn welcome(&mut self, gate: &Gate, index: usize, admission: Admission) -> Box<Entry> {
        let Admission { realm, features, authextra, .. } = admission;
        let identity = Identity {
            session: admission.session,
            authid: admission.authid,
            authrole: admission.authrole,
            authmethod: admission.authmethod,
            authprovider: admission.authprovider,
        };
        let mut session = Session::new(identity, features);
        session.peer = Some(Arc::clone(&self.peer));
        self.joined(index);
        let mut details = WelcomeDetails::default();
        details.realm = Some(realm);
        let identity = Arc::clone(&session.identity);
        details.roles = Some(gate.roles(index, &identity.authrole));
        details.agent = Some(gate.config.agent.clone());
        details.authid = Some(identity.authid.clone());
        details.authrole = Some(identity.authrole.clone());
        details.authmethod = Some(identity.authmethod.clone());
        details.authprovider = Some(identity.authprovider.clone());
        details.authextra = Some(authextra).filter(|extra| !extra.is_empty());
        let welcome = Welcome { session: identity.session, details };
        Box::new(Entry { realm: index, session, welcome })
    }
}
