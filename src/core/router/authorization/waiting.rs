//! `Waiting`: a request that waits for the authorizer, and the `Subject` of a decision.

use crate::core::router::authorization::cache::Verdict;
use crate::core::router::authorization::cache::Verdicts;
use crate::core::router::authorization::policy::Rules;
use crate::core::router::authorization::request::Action;
use crate::core::router::names::quote;
use crate::error::ApplicationError;
use crate::message::Message;
use crate::uri::{Match, Uri};
use crate::value::Dict;

/// Decision about a request, or the error that refuses it.
pub(in crate::core::router) type Outcome = Result<Verdict, ApplicationError>;

/// A request whose session waits for the authorizer.
#[derive(Debug)]
pub(in crate::core::router) struct Waiting {
    pub(in crate::core::router) ticket: u64,
    pub(in crate::core::router) message: Message,
    pub(in crate::core::router) subject: Subject,
}

/// Action and URI that a decision is about.
#[derive(Debug)]
pub(in crate::core::router) struct Subject {
    pub(in crate::core::router) action: Action,
    pub(in crate::core::router) uri: Uri,
    pub(in crate::core::router) policy: Match,
    /// Options to show the authorizer, if they are not those of the message.
    pub(in crate::core::router) options: Option<Dict>,
}

impl Subject {
    pub(in crate::core::router) fn new(action: Action, uri: &Uri) -> Self {
        Subject { action, uri: uri.clone(), policy: Match::Exact, options: None }
    }

    /// The decision, if the authorizer need not be asked.
    pub(in crate::core::router) fn known(
        &self,
        rules: &Rules,
        role: Option<&mut Verdicts>,
        own: Option<&mut Verdicts>,
        publishes_meta_events: bool,
    ) -> Option<Verdict> {
        let Subject { action, uri, policy, .. } = self;
        if publishes_meta_events && *action == Action::Subscribe && rules.hides(uri, *policy) {
            return Some(Verdict::DENIED);
        }
        let decided = rules.decide(*action, uri, *policy);
        if decided.is_some() || !rules.dynamic {
            return Some(decided.unwrap_or(Verdict::DENIED));
        }
        own.and_then(|own| own.get(*action, uri, *policy))
            .or_else(|| role.and_then(|role| role.get(*action, uri, *policy)))
    }

    pub(in crate::core::router) fn outcome(&self, verdict: Verdict, role: &str) -> Outcome {
        if verdict.allow { Ok(verdict) } else { Err(self.denied(role)) }
    }

    pub(in crate::core::router) fn denied(&self, role: &str) -> ApplicationError {
        let text = format!("role {} may not {}", quote(role), self.show());
        ApplicationError::new(Uri::NOT_AUTHORIZED).arg(text)
    }

    pub(in crate::core::router) fn failed(&self, why: &str, role: &str) -> ApplicationError {
        let role = quote(role);
        let text = format!("cannot tell whether role {role} may {}: {why}", self.show());
        ApplicationError::new(Uri::AUTHORIZATION_FAILED).arg(text)
    }

    fn show(&self) -> String {
        let (phrase, uri) = (self.action.phrase(), quote(&self.uri));
        match self.policy {
            Match::Exact => format!("{phrase} {uri}"),
            policy => format!("{phrase} {uri} ({})", policy.as_str()),
        }
    }
}
