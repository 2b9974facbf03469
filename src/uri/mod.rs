//! `Uri`: names of topics, procedures, errors and realms, and their syntax rules.
//!
//! Owns the loose and strict checks and the three match policies; `Pattern` and `NamedPattern` match
//! names, [`uris`] lists those that the protocol defines. Knows no messages.

mod named;
mod pattern;
pub mod uris;

use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use named::{Captures, NamedPattern};
pub use pattern::Pattern;

use crate::error::ApplicationError;

/// A WAMP URI: dot-separated components, as in `com.example.add`. Cheap to clone.
///
/// Making one checks nothing: a name is checked where it is used, by the rule that holds there
/// ([`Uri::check`]). [`Uri::parse`] and [`Uri::parse_strict`] make one only of what is one:
///
/// ```
/// use wampwerk::Uri;
///
/// let uri = Uri::parse_strict("com.example.add")?;
/// assert_eq!(
///     Uri::parse("com..add").unwrap_err().to_string(),
///     "\"com..add\" is not a valid URI: component 2 is empty",
/// );
/// # Ok::<(), wampwerk::InvalidUri>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Uri(Arc<str>);

/// A text that is no URI, or no pattern of URIs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a valid {what}: {message}")]
#[non_exhaustive]
pub struct InvalidUri {
    /// The text.
    pub text: String,
    /// What it should have been: `"URI"`, `"prefix of URIs"`, `"URI pattern"`, …
    pub what: &'static str,
    /// What is wrong with it, and with which component, counted from 1.
    pub message: String,
}

/// Which characters a URI component may have (spec: "URIs", loose and strict).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum UriRule {
    /// Anything but `.`, `#` and white space.
    #[default]
    Loose,
    /// Lower-case ASCII letters, digits and `_` only.
    Strict,
}

/// How a registration or subscription matches (spec: "Pattern-based …").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Match {
    /// The very same URI.
    #[default]
    Exact,
    /// Every URI that begins with the text of the pattern.
    Prefix,
    /// Every URI with as many components; an empty component of the pattern matches any one.
    Wildcard,
}

impl Uri {
    /// A name that is called or published to, by the loose rule: what every router takes.
    ///
    /// # Errors
    /// Names the component that is empty, or has white space or `#` in it.
    pub fn parse(text: impl Into<Uri>) -> Result<Self, InvalidUri> {
        let uri = text.into();
        uri.validate(UriRule::Loose, Match::Exact)?;
        Ok(uri)
    }

    /// A name by the strict rule: `a` to `z`, `0` to `9` and `_` only, what the specification asks
    /// applications to keep to.
    ///
    /// # Errors
    /// Names the component that is empty, or has another character in it.
    pub fn parse_strict(text: impl Into<Uri>) -> Result<Self, InvalidUri> {
        let uri = text.into();
        uri.validate(UriRule::Strict, Match::Exact)?;
        Ok(uri)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the text is a URI by `rule`, as a pattern of the given kind. A name that is called
    /// or published to is checked as [`Match::Exact`].
    pub fn check(&self, rule: UriRule, pattern: Match) -> bool {
        is_plain(&self.0) || find_flaw(&self.0, rule, pattern).is_none()
    }

    /// As [`check`](Uri::check), and tells what is wrong.
    ///
    /// # Errors
    /// Names the first component that breaks the rule.
    pub fn validate(&self, rule: UriRule, pattern: Match) -> Result<(), InvalidUri> {
        if is_plain(&self.0) {
            return Ok(());
        }
        let Some(message) = find_flaw(&self.0, rule, pattern) else { return Ok(()) };
        let what = match pattern {
            Match::Exact => "URI",
            Match::Prefix => "URI prefix",
            Match::Wildcard => "URI pattern",
        };
        Err(InvalidUri { text: self.as_str().to_owned(), what, message })
    }
}

impl Match {
    /// The word on the wire: `"exact"`, `"prefix"`, `"wildcard"`.
    pub fn as_str(self) -> &'static str {
        match self {
            Match::Exact => "exact",
            Match::Prefix => "prefix",
            Match::Wildcard => "wildcard",
        }
    }

    /// The policy of a word on the wire.
    pub fn from_wire(word: &str) -> Option<Self> {
        [Match::Exact, Match::Prefix, Match::Wildcard].into_iter().find(|m| m.as_str() == word)
    }
}

/// Nearly all are: no empty component, and only letters, digits and `_`; right by every rule.
fn is_plain(text: &str) -> bool {
    let mut before = b'.';
    let plain = text.bytes().all(|byte| {
        let component = byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        let fits = component || byte == b'.' && before != b'.';
        before = byte;
        fits
    });
    plain && before != b'.'
}

/// What is wrong with the first component that is wrong.
fn find_flaw(text: &str, rule: UriRule, pattern: Match) -> Option<String> {
    let allowed = |c: char| match rule {
        UriRule::Loose => c != '#' && !c.is_whitespace(),
        UriRule::Strict => c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_',
    };
    let mut components = text.split('.').enumerate().peekable();
    while let Some((index, component)) = components.next() {
        let last = components.peek().is_none();
        let may_be_empty = match pattern {
            Match::Exact => false,
            Match::Prefix => last,
            Match::Wildcard => true,
        };
        if component.is_empty() && !may_be_empty {
            return Some(format!("component {} is empty", index + 1));
        }
        if let Some(character) = component.chars().find(|c| !allowed(*c)) {
            let rule = match rule {
                UriRule::Loose => "white space and `#` may not be there",
                UriRule::Strict => "only a to z, 0 to 9 and _ may be there",
            };
            return Some(format!("component {} has {character:?}: {rule}", index + 1));
        }
    }
    None
}

impl From<InvalidUri> for ApplicationError {
    fn from(error: InvalidUri) -> Self {
        ApplicationError::new(uris::INVALID_URI).arg(error.to_string())
    }
}

impl Deref for Uri {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Uri {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Uri {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Uri {
    fn from(text: &str) -> Self {
        Uri(text.into())
    }
}

impl From<String> for Uri {
    fn from(text: String) -> Self {
        Uri(text.into())
    }
}

impl From<&String> for Uri {
    fn from(text: &String) -> Self {
        Uri(text.as_str().into())
    }
}

impl From<&Uri> for Uri {
    fn from(uri: &Uri) -> Self {
        uri.clone()
    }
}

impl PartialEq<str> for Uri {
    fn eq(&self, other: &str) -> bool {
        *self.0 == *other
    }
}

impl PartialEq<&str> for Uri {
    fn eq(&self, other: &&str) -> bool {
        *self.0 == **other
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl Serialize for Uri {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Uri {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Uri::from)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests may")]
mod tests {
    use super::*;

    #[test]
    fn empty_components_are_for_patterns() {
        for (text, exact, prefix, wildcard) in [
            ("com.example.add", true, true, true),
            ("com..add", false, false, true),
            ("com.example.", false, true, true),
            ("", false, true, true),
            ("com.exa mple", false, false, false),
            ("com.#", false, false, false),
        ] {
            let uri = Uri::from(text);
            let got = [Match::Exact, Match::Prefix, Match::Wildcard]
                .map(|pattern| uri.check(UriRule::Loose, pattern));
            assert_eq!(got, [exact, prefix, wildcard], "{text:?}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, rule, pattern, says) in [
            ("", UriRule::Loose, Match::Exact, "\"\" is not a valid URI: component 1 is empty"),
            ("a.b c", UriRule::Loose, Match::Exact, "component 2 has ' ': white space and `#`"),
            (
                "a.#",
                UriRule::Loose,
                Match::Wildcard,
                "is not a valid URI pattern: component 2 has '#'",
            ),
            (
                "a..",
                UriRule::Loose,
                Match::Prefix,
                "is not a valid URI prefix: component 2 is empty",
            ),
            ("a.Bc", UriRule::Strict, Match::Exact, "component 2 has 'B': only a to z"),
        ] {
            let error = Uri::from(text).validate(rule, pattern).unwrap_err();
            assert!(error.to_string().contains(says), "{error}");
        }
        let error = ApplicationError::from(Uri::parse("a..b").unwrap_err());
        assert_eq!(
            error.to_string(),
            "wamp.error.invalid_uri: \"a..b\" is not a valid URI: component 2 is empty"
        );
    }

    #[test]
    fn strict_is_lower_case_ascii() {
        assert!(Uri::from("com.example.add2_x").check(UriRule::Strict, Match::Exact));
        assert!(!Uri::from("com.Example").check(UriRule::Strict, Match::Exact));
        assert!(Uri::from("com.Exämple-1/2").check(UriRule::Loose, Match::Exact));
    }
}
