//! `Policy`: the roles of one realm, indexed for decisions.

use std::collections::HashMap;

use crate::core::router::authorization::cache::{Verdict, Verdicts};
use crate::core::router::authorization::cover::{overlaps, rank, within_reserved};
use crate::core::router::authorization::request::Action;
use crate::core::router::authorization::role::Role;
use crate::core::router::config::RouterConfig;
use crate::core::router::index::Index;
use crate::core::router::meta_api::MetaApi;
use crate::core::router::names::is_reserved;
use crate::uri::{Match, Pattern, Uri};

/// Maximum number of cached decisions of the authorizer per role.
const ROLE_VERDICTS: usize = 4096;

/// The roles of one realm. Nothing in it changes.
#[derive(Debug)]
pub(in crate::core::router) struct Policy {
    /// The first one is the role of sessions with an unknown role.
    roles: Vec<Rules>,
    names: HashMap<String, usize>,
}

/// The rules of one role.
#[derive(Debug)]
pub(in crate::core::router) struct Rules {
    actions: [ActionRules; 4],
    /// Rules for calling the router's own procedures.
    own: Index<Verdict>,
    /// Rules for subscribing to the router's own events: those that name them.
    watching: ActionRules,
    meta_api: MetaApi,
    /// True if the authorizer decides where no rule does.
    pub(in crate::core::router) dynamic: bool,
}

/// The rules for one action.
#[derive(Debug, Default)]
struct ActionRules {
    index: Index<Verdict>,
    /// The decision, if there is a single rule and it matches every URI.
    everything: Option<Verdict>,
    denied: Vec<Pattern>,
}

impl Policy {
    /// The roles of a realm; `None` if every session may do everything.
    pub(in crate::core::router) fn of(config: &RouterConfig, realm: &Uri) -> Option<Self> {
        if config.roles.is_empty() {
            return None;
        }
        let no_role = Role::new("").meta_api(MetaApi::Off);
        let mut roles = vec![Rules::new(&no_role, config.meta_api)];
        let mut names = HashMap::new();
        let of = |wanted: Option<&Uri>| {
            let roles = config.roles.iter().filter(move |(realm, _)| realm.as_ref() == wanted);
            roles.map(|(_, role)| role).collect::<Vec<_>>()
        };
        // The realm's own roles come last, and replace those for all realms.
        for role in of(None).into_iter().chain(of(Some(realm))) {
            names.insert(role.name.clone(), roles.len());
            roles.push(Rules::new(role, config.meta_api));
        }
        Some(Policy { roles, names })
    }

    /// The index of a role.
    pub(in crate::core::router) fn find(&self, name: &str) -> Option<usize> {
        self.names.get(name).copied()
    }

    pub(in crate::core::router) fn get(&self, role: usize) -> Option<&Rules> {
        self.roles.get(role)
    }

    /// Empty caches for the authorizer's decisions about each role.
    pub(in crate::core::router) fn caches(&self) -> Vec<Verdicts> {
        self.roles.iter().map(|_| Verdicts::new(ROLE_VERDICTS)).collect()
    }

    /// All roles that a session can have.
    pub(in crate::core::router) fn roles(&self) -> impl Iterator<Item = &Rules> {
        self.names.values().filter_map(|role| self.roles.get(*role))
    }
}

impl Rules {
    fn new(role: &Role, default: MetaApi) -> Self {
        let mut actions: [ActionRules; 4] = Default::default();
        let mut own = Index::default();
        let mut watching = ActionRules::default();
        for (allow, rule) in &role.rules {
            let (uri, policy) = (rule.pattern.uri(), rule.pattern.policy());
            let verdict = Verdict { allow: *allow, disclose: rule.disclose };
            for action in Action::ALL.into_iter().filter(|action| rule.names(*action)) {
                actions[action as usize].add(&rule.pattern, verdict);
                match action {
                    Action::Call if is_reserved(uri) => {
                        own.entry(uri.clone(), policy, || verdict);
                    }
                    Action::Subscribe if is_reserved(uri) => watching.add(&rule.pattern, verdict),
                    _ => {}
                }
            }
        }
        for rules in &mut actions {
            let all = rules.index.find("", Match::Prefix).map(|entry| entry.members);
            rules.everything = all.filter(|_| rules.index.len() == 1);
        }
        Rules {
            actions,
            own,
            watching,
            meta_api: role.meta_api.unwrap_or(default),
            dynamic: role.dynamic,
        }
    }

    /// The decision of the rules; `None` if no rule matches.
    pub(in crate::core::router) fn decide(
        &self,
        action: Action,
        uri: &Uri,
        policy: Match,
    ) -> Option<Verdict> {
        self.actions[action as usize].decide(uri, policy)
    }

    /// Returns whether a subscription would bring meta events although the meta API is off for the
    /// role and no rule that names these events allows all of them.
    pub(in crate::core::router) fn hides(&self, uri: &Uri, policy: Match) -> bool {
        if self.meta_api != MetaApi::Off {
            return false;
        }
        let Some(own) = within_reserved(&Pattern::new(uri.clone(), policy)) else { return false };
        !self.watching.decide(own.uri(), policy).is_some_and(|verdict| verdict.allow)
    }

    /// The part of the meta API that a call of this procedure may use; `None` if a rule denies it.
    pub(in crate::core::router) fn meta_api(&self, procedure: &str) -> Option<MetaApi> {
        match self.own.best(procedure) {
            None => Some(self.meta_api),
            Some(rule) => rule.members.allow.then_some(MetaApi::Full),
        }
    }

    /// Returns whether a session of this role may be disclosed to others.
    pub(in crate::core::router) fn may_disclose(&self, action: Action) -> bool {
        let rules = &self.actions[action as usize].index;
        self.dynamic || rules.iter().any(|rule| rule.members.disclose)
    }
}

impl ActionRules {
    fn add(&mut self, pattern: &Pattern, verdict: Verdict) {
        self.index.entry(pattern.uri().clone(), pattern.policy(), || verdict);
        if !verdict.allow {
            self.denied.push(pattern.clone());
        }
    }

    fn decide(&self, uri: &Uri, policy: Match) -> Option<Verdict> {
        if self.everything.is_some() {
            return self.everything;
        }
        if policy == Match::Exact {
            return self.index.best(uri).map(|entry| entry.members);
        }
        self.decide_pattern(&Pattern::new(uri.clone(), policy))
    }

    /// Every match of the pattern must be allowed. Patterns are rare, so a scan is enough.
    fn decide_pattern(&self, pattern: &Pattern) -> Option<Verdict> {
        let covering = self.index.best_covering(pattern.uri(), pattern.policy());
        let order = covering.map(|rule| rank(&rule.uri, rule.policy));
        let wins = |denied: &Pattern| {
            let theirs = rank(denied.uri(), denied.policy());
            order.as_ref().is_none_or(|ours| theirs < *ours)
        };
        if self.denied.iter().any(|denied| wins(denied) && overlaps(denied, pattern)) {
            return Some(Verdict::DENIED);
        }
        covering.map(|rule| rule.members)
    }
}
