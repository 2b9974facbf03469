//! How a request of a session is decided about, and how the session waits where somebody has to be
//! asked.
//!
//! A session that waits is told nothing else: its messages are held back in their order. Others go
//! on.

use std::collections::VecDeque;

use crate::core::router::authorization::cache::Verdicts;
use crate::core::router::authorization::policy::{Policy, Rules, Verdict};
use crate::core::router::authorization::request::{
    Action, Authorization, AuthorizationRequest, Cached,
};
use crate::core::router::realm::{Realm, Turn, check_own_uri, check_uri, quote};
use crate::core::router::session::Session;
use crate::core::router::{ConnectionId, meta};
use crate::error::{ApplicationError, Violation};
use crate::message::Message;
use crate::uri::{Match, Uri, uris};
use crate::value::Dict;

/// What a session that waits may have sent meanwhile; whoever drives the core reads no more from
/// its connection.
const MOST_HELD: usize = 1024;

/// How many answers of the authorizer are kept for one session.
const SESSION_VERDICTS: usize = 256;

/// What is decided about a request.
type Outcome = Result<Verdict, ApplicationError>;

/// A request whose session waits for the authorizer.
#[derive(Debug)]
pub(in crate::core::router) struct Waiting {
    ticket: u64,
    message: Message,
    subject: Subject,
    /// What came behind it.
    held: VecDeque<Message>,
}

/// What is to be decided about.
#[derive(Debug)]
struct Subject {
    action: Action,
    uri: Uri,
    policy: Match,
    /// The options, if they are not those of the message.
    options: Option<Dict>,
}

impl Waiting {
    /// Keeps a message until the session goes on.
    ///
    /// # Errors
    /// There are too many.
    pub(in crate::core::router) fn hold(&mut self, message: Message) -> Result<(), Violation> {
        if self.held.len() >= MOST_HELD {
            return Err(Violation::new(format!(
                "more than {MOST_HELD} messages behind one that waits for authorization"
            )));
        }
        self.held.push_back(message);
        Ok(())
    }
}

impl Realm {
    /// Decides about a request; if somebody has to be asked, the message is kept and there is
    /// nothing to do yet.
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
        let Realm { sessions, policy, name, tells, .. } = self;
        let session = sessions.get_mut(&from)?;
        let rules = rules(policy.as_mut(), session)?;
        if let Some(verdict) = subject.known(rules, session, *tells) {
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
        let ticket = turn.tickets.next();
        session.waiting =
            Some(Box::new(Waiting { ticket, message, subject, held: VecDeque::new() }));
        turn.outputs.authorize(from, ticket, request);
        turn.waiting = Some(from);
        None
    }

    /// What the authorizer has decided; none if it could not. Gives back what was held, or nothing
    /// if this is not what the session waits for.
    pub(in crate::core::router) fn authorized(
        &mut self,
        from: ConnectionId,
        ticket: Option<u64>,
        decided: Result<Authorization, &str>,
    ) -> Option<(Message, Outcome, VecDeque<Message>)> {
        let session = self.sessions.get_mut(&from)?;
        let waiting = session.waiting.as_ref()?;
        if ticket.is_some_and(|ticket| ticket != waiting.ticket) {
            return None;
        }
        let Waiting { message, subject, held, .. } = *session.waiting.take()?;
        let rules = rules(self.policy.as_mut(), session)?;
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
                    Cached::ForRole => rules.verdicts.insert(*action, uri, *policy, verdict),
                }
                subject.outcome(verdict, &session.identity.authrole)
            }
            Err(why) => Err(subject.failed(why, &session.identity.authrole)),
        };
        Some((message, outcome, held))
    }

    /// Whether a session waits for the authorizer.
    pub(in crate::core::router) fn is_waiting(&self, connection: ConnectionId) -> bool {
        self.policy.is_some()
            && self.sessions.get(&connection).is_some_and(|session| session.waiting.is_some())
    }

    /// What a message needs to be allowed; nothing if that is nothing, or if the message will be
    /// refused for another reason.
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
            Message::Call(message) if meta::answers(&message.procedure) => {
                if self.meta_api(turn.config, from, &message.procedure).is_none() {
                    let subject = Subject::new(Action::Call, &message.procedure);
                    let role = self.sessions.get(&from).map(|it| &*it.identity.authrole);
                    return Err(subject.denied(role.unwrap_or_default()));
                }
                let Some(implied) = meta::implied(self, message) else { return Ok(None) };
                let meta::Implied { action, uri, policy, options } = implied;
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

impl Subject {
    fn new(action: Action, uri: &Uri) -> Self {
        Subject { action, uri: uri.clone(), policy: Match::Exact, options: None }
    }

    /// What can be decided without asking.
    fn known(&self, rules: &mut Rules, session: &mut Session, tells: bool) -> Option<Verdict> {
        let Subject { action, uri, policy, .. } = self;
        if tells && *action == Action::Subscribe && rules.hides(uri, *policy) {
            return Some(Verdict::DENIED);
        }
        let decided = rules.decide(*action, uri, *policy);
        if decided.is_some() || !rules.dynamic {
            return Some(decided.unwrap_or(Verdict::DENIED));
        }
        let own = session.verdicts.as_mut();
        own.and_then(|own| own.get(*action, uri, *policy))
            .or_else(|| rules.verdicts.get(*action, uri, *policy))
    }

    fn outcome(&self, verdict: Verdict, role: &str) -> Outcome {
        if verdict.allow { Ok(verdict) } else { Err(self.denied(role)) }
    }

    fn denied(&self, role: &str) -> ApplicationError {
        let text = format!("role {} may not {}", quote(role), self.show());
        ApplicationError::new(uris::NOT_AUTHORIZED).arg(text)
    }

    fn failed(&self, why: &str, role: &str) -> ApplicationError {
        let role = quote(role);
        let text = format!("cannot tell whether role {role} may {}: {why}", self.show());
        ApplicationError::new(uris::AUTHORIZATION_FAILED).arg(text)
    }

    fn show(&self) -> String {
        let (phrase, uri) = (self.action.phrase(), quote(&self.uri));
        match self.policy {
            Match::Exact => format!("{phrase} {uri}"),
            policy => format!("{phrase} {uri} ({})", policy.as_str()),
        }
    }
}

fn rules<'a>(policy: Option<&'a mut Policy>, session: &Session) -> Option<&'a mut Rules> {
    policy?.get_mut(session.role?)
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
