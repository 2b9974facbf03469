//! `Waiting`: a request whose session waits for the authorizer, and what is decided about.

use std::collections::VecDeque;

use crate::core::router::authorization::cache::Verdict;
use crate::core::router::authorization::cache::Verdicts;
use crate::core::router::authorization::policy::Rules;
use crate::core::router::authorization::request::Action;
use crate::core::router::names::quote;
use crate::error::{ApplicationError, Violation};
use crate::message::Message;
use crate::uri::{Match, Uri, uris};
use crate::value::Dict;

/// What a session that waits may have sent meanwhile; whoever drives the core reads no more from
/// its connection.
const MOST_HELD: usize = 1024;

/// What is decided about a request.
pub(in crate::core::router) type Outcome = Result<Verdict, ApplicationError>;

/// A request whose session waits for the authorizer.
#[derive(Debug)]
pub(in crate::core::router) struct Waiting {
    pub(in crate::core::router) ticket: u64,
    pub(in crate::core::router) message: Message,
    pub(in crate::core::router) subject: Subject,
    /// What came behind it.
    pub(in crate::core::router) held: VecDeque<Message>,
}

/// What is to be decided about.
#[derive(Debug)]
pub(in crate::core::router) struct Subject {
    pub(in crate::core::router) action: Action,
    pub(in crate::core::router) uri: Uri,
    pub(in crate::core::router) policy: Match,
    /// The options, if they are not those of the message.
    pub(in crate::core::router) options: Option<Dict>,
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

impl Subject {
    pub(in crate::core::router) fn new(action: Action, uri: &Uri) -> Self {
        Subject { action, uri: uri.clone(), policy: Match::Exact, options: None }
    }

    /// What can be decided without asking.
    pub(in crate::core::router) fn known(
        &self,
        rules: &mut Rules,
        own: Option<&mut Verdicts>,
        tells: bool,
    ) -> Option<Verdict> {
        let Subject { action, uri, policy, .. } = self;
        if tells && *action == Action::Subscribe && rules.hides(uri, *policy) {
            return Some(Verdict::DENIED);
        }
        let decided = rules.decide(*action, uri, *policy);
        if decided.is_some() || !rules.dynamic {
            return Some(decided.unwrap_or(Verdict::DENIED));
        }
        own.and_then(|own| own.get(*action, uri, *policy))
            .or_else(|| rules.verdicts.get(*action, uri, *policy))
    }

    pub(in crate::core::router) fn outcome(&self, verdict: Verdict, role: &str) -> Outcome {
        if verdict.allow { Ok(verdict) } else { Err(self.denied(role)) }
    }

    pub(in crate::core::router) fn denied(&self, role: &str) -> ApplicationError {
        let text = format!("role {} may not {}", quote(role), self.show());
        ApplicationError::new(uris::NOT_AUTHORIZED).arg(text)
    }

    pub(in crate::core::router) fn failed(&self, why: &str, role: &str) -> ApplicationError {
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
