//! Contains [`Roles`], the roles and features that a peer announces.

use crate::error::Violation;
use crate::message::options::Field;
use crate::value::{Dict, Value};

/// The roles of a peer and the features that it announces for each role (spec: "Roles and
/// features").
///
/// ```
/// use wampwerk::message::Roles;
///
/// let roles = Roles::new().with("caller", &["call_canceling"]);
/// assert!(roles.supports("caller", "call_canceling") && !roles.has("callee"));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Roles(Dict);

impl Roles {
    /// Creates an empty set of roles.
    pub const fn new() -> Self {
        Roles(Dict::new())
    }

    /// Adds a role and its features.
    #[must_use]
    pub fn with(mut self, role: &str, features: &[&str]) -> Self {
        let mut entry = Dict::new();
        if !features.is_empty() {
            entry.insert("features", features.iter().map(|key| (*key, true)).collect::<Dict>());
        }
        self.0.insert(role, entry);
        self
    }

    /// Returns whether the peer has the role.
    pub fn has(&self, role: &str) -> bool {
        self.0.get(role).is_some_and(|entry| *entry != Value::Null)
    }

    /// Returns whether the peer announced `feature` for `role`. Treats `call_cancelling`, the
    /// spelling in one chapter of the specification, as `call_canceling`.
    pub fn supports(&self, role: &str, feature: &str) -> bool {
        if feature == "call_canceling" && self.announces(role, "call_cancelling") {
            return true;
        }
        self.announces(role, feature)
    }

    /// Returns whether the peer announced any features for `role`, or that it has none.
    #[cfg_attr(not(feature = "router"), allow(dead_code, reason = "only the router asks"))]
    pub(crate) fn announces_any(&self, role: &str) -> bool {
        let features =
            self.0.get(role).and_then(Value::as_dict).and_then(|role| role.get("features"));
        features.is_some_and(|features| *features != Value::Null)
    }

    fn announces(&self, role: &str, feature: &str) -> bool {
        let features =
            self.0.get(role).and_then(Value::as_dict).and_then(|role| role.get("features"));
        features.and_then(Value::as_dict).and_then(|all| all.get(feature))
            == Some(&Value::Bool(true))
    }

    /// Returns the dict in its wire form.
    pub fn as_dict(&self) -> &Dict {
        &self.0
    }

    /// Checks that at least one role of `known` is present and that every role is a dict.
    pub(crate) fn check(&self, place: &str, known: &[&str]) -> Result<(), Violation> {
        for (role, entry) in self.0.iter() {
            if entry.as_dict().is_none() && *entry != Value::Null {
                let kind = entry.kind();
                return Err(Violation::new(format!("{place}.{role} must be a dict, is {kind}")));
            }
        }
        if !known.iter().any(|role| self.has(role)) {
            return Err(Violation::new(format!(
                "{place} must contain one of {}",
                known.join(", ")
            )));
        }
        Ok(())
    }
}

impl Field for Roles {
    const EXPECTED: &'static str = "a dict";

    fn from_value(value: Value) -> Option<Self> {
        Dict::from_value(value).map(Roles)
    }

    fn into_value(self) -> Value {
        self.0.into()
    }

    fn weight(&self) -> usize {
        self.0.weight()
    }
}
