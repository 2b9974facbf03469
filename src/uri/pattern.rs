//! Contains [`Pattern`], a URI with a match policy.

use std::fmt;

use super::{InvalidUri, Match, Uri, UriRule};

/// A URI and the policy by which it matches other URIs (spec: "Pattern-based …").
///
/// ```
/// use wampwerk::Match;
/// use wampwerk::uri::Pattern;
///
/// let pattern = Pattern::from_starred("com.*.add")?;
/// assert_eq!((pattern.uri().as_str(), pattern.policy()), ("com..add", Match::Wildcard));
/// assert!(pattern.matches("com.example.add") && !pattern.matches("com.example.add.two"));
///
/// let pattern = Pattern::from_starred("com.example.*")?;
/// assert_eq!((pattern.uri().as_str(), pattern.policy()), ("com.example.", Match::Prefix));
/// assert!(pattern.matches("com.example.add.two"));
/// # Ok::<(), wampwerk::uri::InvalidUri>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pattern {
    uri: Uri,
    policy: Match,
}

impl Pattern {
    /// Creates a pattern from a URI and a policy. Checks nothing; see [`Pattern::validate`].
    pub fn new(uri: impl Into<Uri>, policy: Match) -> Self {
        Pattern { uri: uri.into(), policy }
    }

    /// Creates a pattern that matches the identical URI only.
    pub fn exact(uri: impl Into<Uri>) -> Self {
        Pattern::new(uri, Match::Exact)
    }

    /// Creates a pattern that matches every URI that starts with this text: `com.ab` matches
    /// `com.abc` and `com.ab.c`.
    pub fn prefix(uri: impl Into<Uri>) -> Self {
        Pattern::new(uri, Match::Prefix)
    }

    /// Creates a pattern that matches every URI with the same number of components and the same
    /// non-empty components: `com..x` matches `com.a.x`.
    pub fn wildcard(uri: impl Into<Uri>) -> Self {
        Pattern::new(uri, Match::Wildcard)
    }

    /// Parses a starred URI, as in Autobahn:
    ///
    /// | text | pattern |
    /// | --- | --- |
    /// | `com.example.add` | exact |
    /// | `com.example.*`, `com.ex*`, `*`: one star, at the end | prefix `com.example.`, `com.ex`, all URIs |
    /// | `com.*.add`, `com.*.*`: other stars, each a whole component | wildcard `com..add`, `com..` |
    ///
    /// The wildcard pattern `com.example.`, of exactly three components, has no starred form; use
    /// [`Pattern::wildcard`].
    ///
    /// # Errors
    /// Returns [`InvalidUri`] if a star is only a part of a component, or if a component is empty
    /// or contains white space or `#`.
    #[doc(alias = "convert_starred_uri")]
    pub fn from_starred(text: &str) -> Result<Self, InvalidUri> {
        let invalid = |message| InvalidUri { text: text.to_owned(), what: "starred URI", message };
        let (plain, policy) = match text.strip_suffix('*') {
            Some(prefix) if !prefix.contains('*') => (prefix, Match::Prefix),
            None if !text.contains('*') => (text, Match::Exact),
            _ => {
                let odd = |component: &&str| component.contains('*') && *component != "*";
                if let Some(index) = text.split('.').position(|component| odd(&component)) {
                    return Err(invalid(format!(
                        "component {} has a star and more: only at the very end of a prefix may it",
                        index + 1
                    )));
                }
                if let Some(index) = text.split('.').position(str::is_empty) {
                    return Err(invalid(format!("component {} is empty: write `*`", index + 1)));
                }
                (text, Match::Wildcard)
            }
        };
        let pattern = Pattern::new(plain.replace('*', ""), policy);
        pattern.validate(UriRule::Loose).map_err(|error| invalid(error.message))?;
        Ok(pattern)
    }

    /// Returns the URI in its wire form.
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Returns the match policy in its wire form.
    pub fn policy(&self) -> Match {
        self.policy
    }

    /// Returns the pattern with a text before its URI.
    pub(crate) fn behind(&self, prefix: &str) -> Self {
        Pattern::new(format!("{prefix}{}", self.uri), self.policy)
    }

    /// Returns whether the pattern matches a URI.
    pub fn matches(&self, uri: &str) -> bool {
        match self.policy {
            Match::Exact => *self.uri == *uri,
            Match::Prefix => uri.starts_with(&*self.uri),
            Match::Wildcard => {
                let mut components = uri.split('.');
                self.uri.split('.').all(|pattern| match components.next() {
                    Some(component) => pattern.is_empty() || pattern == component,
                    None => false,
                }) && components.next().is_none()
            }
        }
    }

    /// Checks that a router accepts the pattern.
    ///
    /// # Errors
    /// Returns [`InvalidUri`], which names the first component that breaks the rule.
    pub fn validate(&self, rule: UriRule) -> Result<(), InvalidUri> {
        self.uri.validate(rule, self.policy)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.policy {
            Match::Exact => write!(f, "{}", self.uri),
            policy => write!(f, "{} ({})", self.uri, policy.as_str()),
        }
    }
}

/// Creates an exact pattern.
impl From<Uri> for Pattern {
    fn from(uri: Uri) -> Self {
        Pattern::exact(uri)
    }
}

/// Creates an exact pattern.
impl From<&Uri> for Pattern {
    fn from(uri: &Uri) -> Self {
        Pattern::exact(uri)
    }
}

/// Creates an exact pattern.
impl From<String> for Pattern {
    fn from(uri: String) -> Self {
        Pattern::exact(uri)
    }
}

/// Creates an exact pattern.
impl From<&String> for Pattern {
    fn from(uri: &String) -> Self {
        Pattern::exact(uri)
    }
}

/// Creates an exact pattern.
impl From<&str> for Pattern {
    fn from(uri: &str) -> Self {
        Pattern::exact(uri)
    }
}

impl From<&Pattern> for Pattern {
    fn from(pattern: &Pattern) -> Self {
        pattern.clone()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests may")]
mod tests {
    use super::*;

    #[test]
    fn starred() {
        for (text, uri, policy) in [
            ("com.example.add", "com.example.add", Match::Exact),
            ("com.example.*", "com.example.", Match::Prefix),
            ("com.ex*", "com.ex", Match::Prefix),
            ("*", "", Match::Prefix),
            ("com.*.add", "com..add", Match::Wildcard),
            ("*.add", ".add", Match::Wildcard),
            ("com.*.*", "com..", Match::Wildcard),
            ("*.*", ".", Match::Wildcard),
        ] {
            assert_eq!(Pattern::from_starred(text).unwrap(), Pattern::new(uri, policy), "{text}");
        }
        for (text, says) in [
            ("", "component 1 is empty"),
            ("com..add", "component 2 is empty"),
            ("com.a*b.c", "component 2 has a star and more"),
            ("com.*.add*", "component 3 has a star and more"),
            ("com..*.add", "component 2 is empty: write `*`"),
            ("com.a b.*", "component 2 contains ' '"),
            ("com..*", "component 2 is empty"),
        ] {
            let error = Pattern::from_starred(text).unwrap_err();
            assert_eq!((&*error.text, error.what), (text, "starred URI"));
            assert!(error.message.contains(says), "{error}");
        }
    }
}
