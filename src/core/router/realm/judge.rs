//! Authorization of requests, and the wait for the authorizer.
//!
//! The driver of the router holds back the messages of a waiting session. Other sessions go on.

use crate::core::router::authorization::{
    Action, Authorization, AuthorizationRequest, Cached, Outcome, Subject, Verdict, Verdicts,
    Waiting,
};
use crate::core::router::checks::{check_own_uri, check_uri};
use crate::core::router::held::Held;
use crate::core::router::names::is_meta;
use crate::core::router::realm::Realm;
use crate::core::router::turn::Turn;
use crate::core::router::{ConnectionId, meta};
use crate::error::ApplicationError;
use crate::message::Message;
use crate::value::Dict;

/// Maximum number of cached decisions of the authorizer per session.
const SESSION_VERDICTS: usize = 256;

impl Realm {
    /// Decides about a request. `None` if the authorizer has to be asked; the message is kept until
    /// then.
    pub(in crate::core::router) fn judge(
        &mut self,
        turn: &mut Turn<'_>,
        from: ConnectionId,
        message: Message,
    ) -> Option<(Message, Outcome)> {
        let mut subject = match self.subject(turn, from, &message) {
            Ok(Some(subject)) => subject,
            Ok(None) => return Some((message, Ok(Verdict::ALLOWED))),
            Err(error) => return Some((message, Err(error))),
        };
        let Realm { sessions, policy, verdicts, name, publishes_meta_events, .. } = self;
        let session = sessions.get_mut(&from)?;
        let role = session.role?;
        let rules = policy.as_ref()?.get(role)?;
        let (of_role, own) = (verdicts.get_mut(role), session.verdicts.as_deref_mut());
        if let Some(verdict) = subject.known(rules, of_role, own, *publishes_meta_events) {
            let outcome = subject.outcome(verdict, &session.identity.authrole);
            return Some((message, outcome));
        }
        let identity = &session.identity;
        let request = AuthorizationRequest {
            session: identity.session,
            authid: identity.authid.clone(),
            authrole: identity.authrole.clone(),
            authmethod: identity.authmethod.clone(),
            authprovider: identity.authprovider.clone(),
            peer: session.peer.as_deref().cloned().unwrap_or_default(),
            realm: name.clone(),
            action: subject.action,
            uri: subject.uri.clone(),
            policy: subject.policy,
            options: subject.options.take().unwrap_or_else(|| options(&message)),
        };
        let weight = message.weight();
        if let Err(error) = turn.held.check(turn.config, weight) {
            return Some((message, Err(error)));
        }
        turn.held.add(weight);
        let ticket = turn.tickets.next();
        session.waiting = Some(Box::new(Waiting { ticket, message, subject }));
        turn.outputs.authorize(from, ticket, request);
        turn.waiting = Some(from);
        None
    }

    /// Applies the authorizer's decision, or its failure. Returns the request and the decision;
    /// `None` if the session does not wait for this answer.
    pub(in crate::core::router) fn authorized(
        &mut self,
        held: &mut Held,
        from: ConnectionId,
        ticket: Option<u64>,
        decided: Result<Authorization, &str>,
    ) -> Option<(Message, Outcome)> {
        let session = self.sessions.get_mut(&from)?;
        let waiting = session.waiting.as_ref()?;
        if ticket.is_some_and(|ticket| ticket != waiting.ticket) {
            return None;
        }
        let Waiting { message, subject, .. } = *session.waiting.take()?;
        held.sub(message.weight());
        let of_role = self.verdicts.get_mut(session.role?)?;
        let outcome = match decided {
            Ok(decided) => {
                let Authorization { allow, disclose, cache } = decided;
                let verdict = Verdict { allow, disclose };
                let Subject { action, uri, policy, .. } = &subject;
                match cache {
                    Cached::No => {}
                    Cached::ForSession => session
                        .verdicts
                        .get_or_insert_with(|| Box::new(Verdicts::new(SESSION_VERDICTS)))
                        .insert(*action, uri, *policy, verdict),
                    Cached::ForRole => of_role.insert(*action, uri, *policy, verdict),
                }
                subject.outcome(verdict, &session.identity.authrole)
            }
            Err(why) => Err(subject.failed(why, &session.identity.authrole)),
        };
        Some((message, outcome))
    }

    /// Returns whether a session waits for the authorizer.
    pub(in crate::core::router) fn is_waiting(&self, connection: ConnectionId) -> bool {
        self.policy.is_some()
            && self.sessions.get(&connection).is_some_and(|session| session.waiting.is_some())
    }

    /// The permission that a message needs. `None` if it needs none, or if it will be refused for
    /// another reason.
    fn subject(
        &self,
        turn: &Turn<'_>,
        from: ConnectionId,
        message: &Message,
    ) -> Result<Option<Subject>, ApplicationError> {
        let subject = match message {
            Message::Publish(message) => Subject::new(Action::Publish, &message.topic),
            Message::Subscribe(message) => {
                let policy = message.options.r#match.unwrap_or_default();
                Subject { policy, ..Subject::new(Action::Subscribe, &message.topic) }
            }
            Message::Register(message) => {
                let policy = message.options.r#match.unwrap_or_default();
                Subject { policy, ..Subject::new(Action::Register, &message.procedure) }
            }
            Message::Call(message) if is_meta(&message.procedure) => {
                if self.meta_api(turn.config, from, &message.procedure).is_none() {
                    let subject = Subject::new(Action::Call, &message.procedure);
                    let role = self.sessions.get(&from).map(|it| &*it.identity.authrole);
                    return Err(subject.denied(role.unwrap_or_default()));
                }
                let Some(implied_permission) = meta::implied_permission(self, turn.config, message)
                else {
                    return Ok(None);
                };
                let meta::ImpliedPermission { action, uri, policy, options } = implied_permission;
                Subject { action, uri, policy, options: Some(options) }
            }
            Message::Call(message) => Subject::new(Action::Call, &message.procedure),
            _ => return Ok(None),
        };
        let Subject { action, uri, policy, .. } = &subject;
        match action {
            Action::Call | Action::Subscribe => check_uri(turn, uri, *policy)?,
            Action::Register | Action::Publish => check_own_uri(turn, uri, *policy)?,
        }
        Ok(Some(subject))
    }
}

fn options(message: &Message) -> Dict {
    match message {
        Message::Publish(message) => message.options.to_dict(),
        Message::Subscribe(message) => message.options.to_dict(),
        Message::Register(message) => message.options.to_dict(),
        Message::Call(message) => message.options.to_dict(),
        _ => Dict::new(),
    }
}
