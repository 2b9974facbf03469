//! `Role` and `Rule`: the settings for authorization.

use std::collections::HashSet;

use crate::core::router::authorization::cover::is_within;
use crate::core::router::authorization::request::Action;
use crate::core::router::meta_api::MetaApi;
use crate::core::router::wildcards::{MAX_COMPONENTS, has_too_many_components};
use crate::uri::{Match, Pattern, Uri, UriRule};

/// Permissions of all sessions with this role. A session's role is its `authrole`; sessions that
/// join without authentication have the role `anonymous`.
///
/// ```
/// use wampwerk::router::{Role, Router, Rule};
///
/// let router = Router::builder()
///     .realm("realm1")
///     .role(
///         Role::new("anonymous")
///             .allow(Rule::prefix("com.example.").call().subscribe())
///             .deny(Rule::prefix("com.example.internal.").call().subscribe())
///             .allow(Rule::exact("com.example.orders.place").call().disclose()),
///     )
///     .role(Role::new("backend").allow(Rule::prefix("com.example.").all()))
///     .build()?;
/// # Ok::<(), wampwerk::error::BuildError>(())
/// ```
///
/// **Which rule decides.** Of the rules for the action, the best match decides: an exact rule, or
/// else the longest prefix, or else the wildcard with the longest literal head; calls find
/// registrations in the same order. Without a matching rule the action is denied. The order of the
/// rules does not matter. A wildcard cannot take anything out of what a prefix allows: a role that
/// tries is refused when the router is built.
///
/// **Patterns.** A session may subscribe to a pattern, or register one, if every match of it is
/// allowed: one allowing rule matches all of it (a prefix `com.example.` for the pattern-based
/// subscription to `com.example.a.`, not for one to `com.`), and no better denying rule matches a
/// part of it. Several rules that allow all of it only together do not count.
///
/// **The protocol's own names.** Calls of `wamp.…` are decided by [`meta_api`](Role::meta_api),
/// unless a rule matches whose URI begins with the component `wamp`: then that rule decides alone.
/// Meta events are ordinary topics: to watch them a session needs a rule to subscribe to
/// `wamp.session.on_join` and so on; a rule for the prefix `""` is enough. Where the meta API is
/// [off](MetaApi::Off) for the role but not for all, only rules whose URI begins with the component
/// `wamp` allow meta events; so the pattern-based subscription to `""` also needs a rule for the
/// prefix `wamp.`.
///
/// Testaments count as publications, and are authorized when they are added. The history of a
/// subscription may be read by every session that may subscribe to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Role {
    pub(super) name: String,
    /// Rules, each with true if it allows.
    pub(super) rules: Vec<(bool, Rule)>,
    pub(super) meta_api: Option<MetaApi>,
    pub(super) dynamic: bool,
}

/// URIs and actions that a [`Role`] allows or denies.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a rule does nothing until a role has it"]
pub struct Rule {
    pub(super) pattern: Pattern,
    pub(super) actions: [bool; 4],
    pub(super) disclose: bool,
}

impl Role {
    /// Creates a role that may do nothing except use the meta API as the router's settings allow.
    pub fn new(name: impl Into<String>) -> Self {
        Role { name: name.into(), rules: Vec::new(), meta_api: None, dynamic: false }
    }

    /// The name; the `authrole` of its sessions.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Allows the actions of the rule.
    #[must_use]
    pub fn allow(mut self, rule: Rule) -> Self {
        self.rules.push((true, rule));
        self
    }

    /// Denies the actions of the rule.
    #[must_use]
    pub fn deny(mut self, rule: Rule) -> Self {
        self.rules.push((false, rule));
        self
    }

    /// Sets the part of the meta API that sessions of this role may use. Default: the router's
    /// setting.
    ///
    /// The meta API reveals the other sessions: with [`MetaApi::ReadOnly`] the session id, authid
    /// and role of every session of the realm, by `wamp.session.get` and by meta events, and the
    /// URIs of others' registrations and subscriptions, whatever the role's rules. Use
    /// [`MetaApi::Off`] where that is too much.
    #[must_use]
    pub fn meta_api(mut self, offered: MetaApi) -> Self {
        self.meta_api = Some(offered);
        self
    }

    /// Lets the router's authorizer decide where no rule does. It is not asked about calls of
    /// `wamp.…`.
    #[must_use]
    pub fn dynamic(mut self) -> Self {
        self.dynamic = true;
        self
    }

    /// Returns whether the router's authorizer decides where no rule does.
    pub fn is_dynamic(&self) -> bool {
        self.dynamic
    }
}

impl Rule {
    /// Creates a rule for the matches of a pattern. A plain URI is an exact pattern.
    pub fn new(pattern: impl Into<Pattern>) -> Self {
        Rule { pattern: pattern.into(), actions: [false; 4], disclose: false }
    }

    /// Creates a rule for exactly this URI.
    pub fn exact(uri: impl Into<Uri>) -> Self {
        Rule::new(Pattern::exact(uri))
    }

    /// Creates a rule for every URI that begins with this text: `com.ab` matches `com.abc` and
    /// `com.ab.c`, and `""` matches all.
    pub fn prefix(uri: impl Into<Uri>) -> Self {
        Rule::new(Pattern::prefix(uri))
    }

    /// Creates a rule for every URI with the same number of components and the same components
    /// where this one is not empty.
    pub fn wildcard(uri: impl Into<Uri>) -> Self {
        Rule::new(Pattern::wildcard(uri))
    }

    /// Adds the action of calling it.
    pub fn call(self) -> Self {
        self.with(Action::Call)
    }

    /// Adds the action of registering it.
    pub fn register(self) -> Self {
        self.with(Action::Register)
    }

    /// Adds the action of publishing to it.
    pub fn publish(self) -> Self {
        self.with(Action::Publish)
    }

    /// Adds the action of subscribing to it.
    pub fn subscribe(self) -> Self {
        self.with(Action::Subscribe)
    }

    /// Adds all four actions.
    pub fn all(mut self) -> Self {
        self.actions = [true; 4];
        self
    }

    /// Discloses callers to callees, and publishers to subscribers, whatever the session asks for
    /// and whatever the router's [`Disclosure`](crate::router::Disclosure) is.
    pub fn disclose(mut self) -> Self {
        self.disclose = true;
        self
    }

    pub(super) fn names(&self, action: Action) -> bool {
        self.actions[action as usize]
    }

    fn with(mut self, action: Action) -> Self {
        self.actions[action as usize] = true;
        self
    }

    fn check(&self, uri_rule: UriRule, allow: bool) -> Result<(), String> {
        let (uri, policy) = (self.pattern.uri(), self.pattern.policy());
        if let Err(error) = uri.validate(uri_rule, policy) {
            return Err(error.to_string());
        }
        if policy == Match::Wildcard && has_too_many_components(uri) {
            return Err(format!("the pattern has more than {MAX_COMPONENTS} components"));
        }
        if self.actions == [false; 4] {
            return Err("no action is set: call, register, publish or subscribe".to_owned());
        }
        let seen = self.names(Action::Call) || self.names(Action::Publish);
        if self.disclose && !(allow && seen) {
            let text = "the rule discloses, but allows neither call nor publish";
            return Err(text.to_owned());
        }
        Ok(())
    }
}

/// Checks that no wildcard denies what a prefix allows: prefixes decide first.
fn check_denied(role: &Role) -> Result<(), String> {
    let wildcards = role
        .rules
        .iter()
        .filter(|(allow, rule)| !allow && rule.pattern.policy() == Match::Wildcard);
    for (_, denied) in wildcards {
        for action in Action::ALL.into_iter().filter(|action| denied.names(*action)) {
            let deciding = role
                .rules
                .iter()
                .filter(|(_, rule)| rule.names(action) && rule.pattern.policy() == Match::Prefix)
                .filter(|(_, rule)| is_within(denied.pattern.uri(), rule.pattern.uri()))
                .max_by_key(|(_, rule)| rule.pattern.uri().len());
            if let Some((true, allowed)) = deciding {
                let (denied, allowed) = (denied.pattern.uri(), allowed.pattern.uri());
                return Err(format!(
                    "denying to {action} {denied:?} (wildcard) has no effect: the rule of \
                     {allowed:?} (prefix) allows it, and prefixes decide before wildcards"
                ));
            }
        }
    }
    Ok(())
}

/// Checks that the roles of a configuration are valid and that no rule is given twice.
///
/// # Errors
/// The text names the role and the rule.
pub(crate) fn validate(
    roles: &[(Option<Uri>, Role)],
    realms: &[Uri],
    uri_rule: UriRule,
) -> Result<(), String> {
    if roles.is_empty() {
        return Ok(());
    }
    let mut known = HashSet::new();
    for (realm, role) in roles {
        let place = match realm {
            None => format!("role {:?}", role.name),
            Some(realm) => format!("role {:?} on realm {realm:?}", role.name),
        };
        if role.name.is_empty() {
            return Err(format!("{place}: the name is empty"));
        }
        if let Some(realm) = realm
            && !realms.contains(realm)
        {
            return Err(format!("{place}: no such realm"));
        }
        if !known.insert((realm, &role.name)) {
            return Err(format!("{place} twice"));
        }
        let mut ruled = HashSet::new();
        for (allow, rule) in &role.rules {
            let pattern = &rule.pattern;
            let (uri, policy) = (pattern.uri(), pattern.policy());
            let place = format!("{place}: rule of {uri:?} ({})", policy.as_str());
            rule.check(uri_rule, *allow).map_err(|error| format!("{place}: {error}"))?;
            let named = Action::ALL.into_iter().filter(|action| rule.names(*action));
            for action in named {
                if !ruled.insert((pattern, action)) {
                    return Err(format!("{place}: another rule decides whether to {action}"));
                }
            }
        }
        check_denied(role).map_err(|error| format!("{place}: {error}"))?;
    }
    let without =
        |realm: &&Uri| !roles.iter().any(|(of, _)| of.as_ref().is_none_or(|of| of == *realm));
    match realms.iter().find(without) {
        Some(realm) => Err(format!(
            "realm {realm:?} has no role, but other realms have: no session could join it"
        )),
        None => Ok(()),
    }
}
