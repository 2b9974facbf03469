//! `Role` and `Rule`: what the router is told about who may do what.

use std::collections::HashSet;

use crate::core::router::authorization::cover::is_within;
use crate::core::router::authorization::request::Action;
use crate::core::router::meta_api::MetaApi;
use crate::core::router::wildcards::{MAX_COMPONENTS, has_too_many_components};
use crate::uri::{Match, Pattern, Uri, UriRule};

/// What the sessions of one role may do. Sessions have their role as `authrole`; those that join
/// without authentication have the role `anonymous`.
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
/// # Ok::<(), wampwerk::ConnectError>(())
/// ```
///
/// **Which rule decides.** Of the rules that name the action, the one that fits best: an exact one,
/// or else the longest prefix, or else the wildcard that is literal for longest from the left; this
/// is the order in which calls find registrations. What no rule fits is denied. The order of the
/// rules does not matter. So a wildcard cannot take anything out of what a prefix allows: a role that
/// tries to is refused when the router is built.
///
/// **Patterns.** A session may subscribe to a pattern, or register one, if everything that it
/// matches is allowed: some allowing rule fits all of it (a prefix `com.example.` for the
/// pattern-based subscription to `com.example.a.`, not for one to `com.`), and no denying rule that
/// fits better fits a part of it. Rules that only together allow all of it do not count.
///
/// **The protocol's own names.** Calls of `wamp.…` are decided by [`meta_api`](Role::meta_api), save
/// those that a rule whose URI begins with the component `wamp` fits: such a rule decides alone.
/// Meta events are topics like others: who shall watch them needs a rule to subscribe that fits
/// `wamp.session.on_join` and so on, and a rule for the prefix `""` is one. Where the meta API is
/// [off](MetaApi::Off) for the role but not for all, only rules count for that whose URI begins with
/// the component `wamp`; so the pattern-based subscription to `""` needs one for the prefix `wamp.`,
/// too.
///
/// Testaments count as publications, and are decided about when they are added. The history of a
/// subscription can be asked for by who may subscribe to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Role {
    pub(super) name: String,
    /// Whether it allows, and what.
    pub(super) rules: Vec<(bool, Rule)>,
    pub(super) meta_api: Option<MetaApi>,
    pub(super) dynamic: bool,
}

/// What a part of a [`Role`] is about: URIs, and what is done with them.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a rule does nothing until a role has it"]
pub struct Rule {
    pub(super) pattern: Pattern,
    pub(super) actions: [bool; 4],
    pub(super) disclose: bool,
}

impl Role {
    /// A role that may do nothing, but what the router's setting of the meta API lets everybody.
    pub fn new(name: impl Into<String>) -> Self {
        Role { name: name.into(), rules: Vec::new(), meta_api: None, dynamic: false }
    }

    /// Its name, which sessions have as `authrole`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Allows what the rule is about.
    #[must_use]
    pub fn allow(mut self, rule: Rule) -> Self {
        self.rules.push((true, rule));
        self
    }

    /// Denies what the rule is about.
    #[must_use]
    pub fn deny(mut self, rule: Rule) -> Self {
        self.rules.push((false, rule));
        self
    }

    /// How much of the meta API its sessions may use. Default: what the router says.
    ///
    /// Whoever may use any of it learns who is there: with [`MetaApi::ReadOnly`] the session id,
    /// authid and role of every session of the realm, by `wamp.session.get` and by meta events, and
    /// the URIs that others have registered and subscribed to, whatever the role's rules are. Where
    /// that is too much, [`MetaApi::Off`].
    #[must_use]
    pub fn meta_api(mut self, offered: MetaApi) -> Self {
        self.meta_api = Some(offered);
        self
    }

    /// What no rule decides is decided by the router's authorizer. Calls of `wamp.…` are not asked
    /// about.
    #[must_use]
    pub fn dynamic(mut self) -> Self {
        self.dynamic = true;
        self
    }

    /// Whether the router's authorizer decides what no rule does.
    pub fn is_dynamic(&self) -> bool {
        self.dynamic
    }
}

impl Rule {
    /// About what a pattern matches. A URI alone is an exact one.
    pub fn new(pattern: impl Into<Pattern>) -> Self {
        Rule { pattern: pattern.into(), actions: [false; 4], disclose: false }
    }

    /// About this very URI.
    pub fn exact(uri: impl Into<Uri>) -> Self {
        Rule::new(Pattern::exact(uri))
    }

    /// About every URI whose text begins so: `com.ab` fits `com.abc` and `com.ab.c`, and `""` all.
    pub fn prefix(uri: impl Into<Uri>) -> Self {
        Rule::new(Pattern::prefix(uri))
    }

    /// About every URI with as many components that has those which are not empty here.
    pub fn wildcard(uri: impl Into<Uri>) -> Self {
        Rule::new(Pattern::wildcard(uri))
    }

    /// Calling it.
    pub fn call(self) -> Self {
        self.with(Action::Call)
    }

    /// Registering it.
    pub fn register(self) -> Self {
        self.with(Action::Register)
    }

    /// Publishing to it.
    pub fn publish(self) -> Self {
        self.with(Action::Publish)
    }

    /// Subscribing to it.
    pub fn subscribe(self) -> Self {
        self.with(Action::Subscribe)
    }

    /// All four.
    pub fn all(mut self) -> Self {
        self.actions = [true; 4];
        self
    }

    /// Callees learn who calls, and subscribers who publishes, whether the session asks for it or
    /// not and whatever the router's [`Disclosure`](crate::router::Disclosure) is.
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
            return Err(format!("it has more than {MAX_COMPONENTS} components"));
        }
        if self.actions == [false; 4] {
            return Err("it names no action: call, register, publish or subscribe".to_owned());
        }
        let seen = self.names(Action::Call) || self.names(Action::Publish);
        if self.disclose && !(allow && seen) {
            let text = "it discloses, but allows neither to call nor to publish";
            return Err(text.to_owned());
        }
        Ok(())
    }
}

/// That what is denied by wildcards is not allowed all the same, since prefixes decide before them.
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
                    "to {action} {denied:?} (wildcard) is denied in vain: it is allowed by the rule \
                     of {allowed:?} (prefix), and prefixes decide before wildcards"
                ));
            }
        }
    }
    Ok(())
}

/// That the roles of a configuration say what they are to say, and nothing twice.
///
/// # Errors
/// Names the role and the rule.
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
            return Err(format!("{place}: its name is empty"));
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
                    return Err(format!("{place}: another one says whether to {action}"));
                }
            }
        }
        check_denied(role).map_err(|error| format!("{place}: {error}"))?;
    }
    let without =
        |realm: &&Uri| !roles.iter().any(|(of, _)| of.as_ref().is_none_or(|of| of == *realm));
    match realms.iter().find(without) {
        Some(realm) => {
            Err(format!("realm {realm:?} has no role, but others have: nobody could join it"))
        }
        None => Ok(()),
    }
}
