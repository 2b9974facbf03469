//! Joining: HELLO, CHALLENGE, AUTHENTICATE, WELCOME (spec: "Session Establishment",
//! "Authentication").

use std::sync::Arc;
use std::time::Duration;

use crate::core::router::authentication::{
    self, Admission, Attempt, Denied, Join, Next, Principal, Refusal,
};
use crate::core::router::features::Features;
use crate::core::router::names::quote;
use crate::core::router::offer::{self, Offer};
use crate::core::router::session::{Identity, Session};
use crate::core::router::{CloseCause, ConnectionId, RouterCore, State};
use crate::error::Violation;
use crate::message::{Authenticate, Hello, Roles, Welcome, WelcomeDetails};
use crate::uri::{Match, Uri};

const CLIENT_ROLES: [&str; 4] = ["publisher", "subscriber", "caller", "callee"];

impl RouterCore {
    /// Takes the application's answer to
    /// [`Output::Authenticate`](crate::core::router::Output::Authenticate): the principal of the
    /// client, or a refusal. Does nothing if the connection has gone.
    pub fn handle_authenticated(
        &mut self,
        now: Duration,
        connection: ConnectionId,
        answer: Result<Principal, Denied>,
    ) {
        let asked = self.connections.get(&connection).map(|asked| asked.state);
        let Some(State::Asked { given_up }) = asked else { return };
        // A client that has given up gets no answer, and may say HELLO again.
        let attempt = self.take_attempt(connection);
        if given_up {
            self.close_if_exhausted(now, connection);
        } else if let Some(attempt) = attempt {
            let unix_time = self.config.epoch.saturating_add(now);
            let (next, mistake) =
                self.authentication.decide(&mut self.ids, unix_time, *attempt, answer);
            if let Some(mistake) = mistake {
                self.outputs.unusable_answer(connection, mistake);
            }
            self.go_on(now, connection, next);
            self.uncount_if_joined(connection);
        }
        // The connection may have been closed.
        if self.connections.contains_key(&connection) {
            self.outputs.resume(connection);
        }
    }

    pub(super) fn hello(
        &mut self,
        now: Duration,
        from: ConnectionId,
        hello: Hello,
    ) -> Result<(), Violation> {
        let Hello { realm, details } = hello;
        let roles = details.roles.as_ref();
        let roles = roles.ok_or_else(|| Violation::new("HELLO.Details.roles is missing"))?;
        roles.check("HELLO.Details.roles", &CLIENT_ROLES)?;
        let features = Features::of(roles);
        let Some(connection) = self.connections.get(&from) else { return Ok(()) };
        // A configured realm can be joined even if its name exceeds the limit for other names.
        let ours = self.config.realms.iter().map(|realm| realm.len()).max().unwrap_or_default();
        let longest = self.config.limits.uri_length.max(ours);
        let next = if realm.len() > longest {
            let text = format!("the realm is longer than {longest} octets");
            Next::Refuse(Refusal::new(Uri::INVALID_URI, text))
        } else if !realm.check(self.config.uri_rule, Match::Exact) {
            let text = format!("{} is not a valid URI", quote(&realm));
            Next::Refuse(Refusal::new(Uri::INVALID_URI, text))
        } else {
            let known = self.realm_names.contains_key(&realm);
            let peer = (*connection.peer).clone();
            let unix_time = self.config.epoch.saturating_add(now);
            let join = Join { realm, known, details, features, peer };
            match connection.trusted.as_deref().cloned() {
                Some(principal) => authentication::trust(&mut self.ids, join, principal),
                None => self.authentication.begin(&mut self.ids, unix_time, join),
            }
        };
        if let Next::Challenge(..) | Next::Ask(..) = next
            && let Some(connection) = self.connections.get_mut(&from)
        {
            connection.attempts += 1;
        }
        self.go_on(now, from, next);
        Ok(())
    }

    pub(super) fn authenticate(
        &mut self,
        now: Duration,
        from: ConnectionId,
        answer: &Authenticate,
    ) {
        if let Some(attempt) = self.take_attempt(from) {
            let next = self.authentication.prove(*attempt, answer);
            self.go_on(now, from, next);
            self.uncount_if_joined(from);
        }
    }

    /// Takes back the count of the attempt that led to a session. Earlier failed attempts still
    /// count: otherwise a client with one valid login could guess others without limit in between.
    fn uncount_if_joined(&mut self, id: ConnectionId) {
        if let Some(connection) = self.connections.get_mut(&id)
            && let State::Joined(_) = connection.state
        {
            connection.attempts = connection.attempts.saturating_sub(1);
        }
    }

    /// Handles ABORT in place of AUTHENTICATE, or while the application is asked.
    pub(super) fn give_up_joining(&mut self, now: Duration, from: ConnectionId) {
        let Some(connection) = self.connections.get_mut(&from) else { return };
        if let State::Asked { given_up } = &mut connection.state {
            *given_up = true;
            return;
        }
        self.take_attempt(from);
        self.close_if_exhausted(now, from);
    }

    /// Ends an attempt to join that has taken too long.
    pub(super) fn give_up_waiting(&mut self, now: Duration, id: ConnectionId) {
        let Some(connection) = self.connections.get(&id) else { return };
        let limit = self.config.handshake_timeout;
        let (cause, told) = match connection.state {
            State::Challenged => {
                let text = format!("no AUTHENTICATE within {limit:?}");
                (CloseCause::NotAuthenticated, Some((Uri::TIMEOUT, text)))
            }
            State::Asked { given_up } => {
                let text = format!("the authenticator did not answer within {limit:?}");
                let told = (!given_up).then_some((Uri::AUTHORIZATION_FAILED, text));
                (CloseCause::NotAuthenticated, told)
            }
            // A connection that has had a session is closed without a message.
            _ => {
                let text = format!("no HELLO within {limit:?}");
                (CloseCause::NoHello, (!connection.left).then_some((Uri::TIMEOUT, text)))
            }
        };
        if let Some((reason, text)) = told {
            self.abort(id, reason, text);
        }
        self.close(now, id, cause);
    }

    fn go_on(&mut self, now: Duration, id: ConnectionId, next: Next) {
        let refusal = match next {
            Next::Admit(admission) => {
                let Admission { realm, authrole, .. } = &*admission;
                if !self.realm_names.contains_key(realm) {
                    Refusal::no_realm(realm)
                } else if !self.has_role(realm, authrole) {
                    Refusal::no_role(realm, authrole)
                } else {
                    return self.welcome(now, id, *admission);
                }
            }
            Next::Challenge(challenge, attempt) => {
                self.wait_for(id, State::Challenged, attempt);
                self.outputs.send(id, challenge);
                return;
            }
            Next::Ask(request, attempt) => {
                self.wait_for(id, State::Asked { given_up: false }, attempt);
                self.outputs.authenticate(id, request);
                return;
            }
            Next::Refuse(refusal) => refusal,
        };
        // The peer may try again, but within the same time.
        self.abort(id, &refusal.reason, refusal.message);
        self.close_if_exhausted(now, id);
    }

    fn close_if_exhausted(&mut self, now: Duration, id: ConnectionId) {
        let Some(connection) = self.connections.get(&id) else { return };
        if connection.attempts >= self.authentication.attempts() {
            self.close(now, id, CloseCause::NotAuthenticated);
        }
    }

    fn wait_for(&mut self, id: ConnectionId, state: State, attempt: Box<Attempt>) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.state = state;
            connection.attempt = Some(attempt);
        }
    }

    /// Ends the wait for AUTHENTICATE or the application, and returns the attempt.
    fn take_attempt(&mut self, id: ConnectionId) -> Option<Box<Attempt>> {
        let connection = self.connections.get_mut(&id)?;
        connection.state = State::Idle;
        connection.attempt.take()
    }

    fn welcome(&mut self, now: Duration, to: ConnectionId, admission: Admission) {
        let Some(&index) = self.realm_names.get(&admission.realm) else { return };
        let Admission { realm, features, authextra, .. } = admission;
        let identity = Identity {
            session: admission.session,
            authid: admission.authid,
            authrole: admission.authrole,
            authmethod: admission.authmethod,
            authprovider: admission.authprovider,
        };
        let mut session = Session::new(identity, features);
        if let Some(connection) = self.connections.get_mut(&to) {
            connection.state = State::Joined(index);
            session.peer = Some(Arc::clone(&connection.peer));
        }
        self.set_deadline(to, None);
        let mut details = WelcomeDetails::default();
        details.realm = Some(realm);
        let identity = Arc::clone(&session.identity);
        let offer = Offer::new(&self.config, &self.realms[index], &identity.authrole);
        let (broker, dealer) = (offer::broker(offer), offer::dealer(offer));
        details.roles = Some(Roles::new().with("broker", &broker).with("dealer", &dealer));
        details.agent = Some(self.config.agent.clone());
        details.authid = Some(identity.authid.clone());
        details.authrole = Some(identity.authrole.clone());
        details.authmethod = Some(identity.authmethod.clone());
        details.authprovider = Some(identity.authprovider.clone());
        details.authextra = Some(authextra).filter(|extra| !extra.is_empty());
        self.outputs.send(to, Welcome { session: identity.session, details });
        // Meta events of the join must follow WELCOME.
        self.turn(now, index, |realm, _| realm.join(to, session));
    }
}
