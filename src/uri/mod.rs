//! Contains [`Uri`], the name of a topic, procedure, error or realm, and its syntax rules.
//!
//! [`Pattern`] and [`NamedPattern`] match URIs. The constants of [`Uri`] are the URIs that the protocol
//! defines.

mod named;
mod pattern;
mod uris;

use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use named::{Captures, NamedPattern};
pub use pattern::Pattern;

/// A WAMP URI: components separated by dots, as in `com.example.add`. Cheap to clone.
///
/// The `From` conversions check nothing. The library checks a URI where it is used, by the rule
/// that applies there (see [`Uri::check`]). [`Uri::parse`] and [`Uri::parse_strict`] check it
/// immediately:
///
/// ```
/// use wampwerk::Uri;
///
/// let uri = Uri::parse_strict("com.example.add")?;
/// assert_eq!(
///     Uri::parse("com..add").unwrap_err().to_string(),
///     "\"com..add\" is not a valid URI: component 2 is empty",
/// );
/// # Ok::<(), wampwerk::uri::InvalidUri>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Uri(Arc<str>);

/// A text that is not a valid URI or URI pattern.
#[doc(alias = "InvalidUriError")]
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a valid {what}: {message}")]
#[non_exhaustive]
pub struct InvalidUri {
    /// The rejected text.
    pub text: String,
    /// The expected form: `"URI"`, `"URI prefix"`, `"URI pattern"`, …
    pub what: &'static str,
    /// Description of the error, with the number of the invalid component. The first component is
    /// 1.
    pub message: String,
}

/// The text, which is what a `main` prints when it returns the error.
impl fmt::Debug for InvalidUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The characters that a URI component may contain (spec: "URIs", loose and strict).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum UriRule {
    /// Any character except `.`, `#` and white space.
    #[default]
    Loose,
    /// Lower-case ASCII letters, digits and `_` only.
    Strict,
}

/// The match policy of a registration or subscription (spec: "Pattern-based …").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Match {
    /// Matches the identical URI only.
    #[default]
    Exact,
    /// Matches every URI that starts with the text of the pattern.
    Prefix,
    /// Matches every URI with the same number of components. An empty component of the pattern
    /// matches any component.
    Wildcard,
}

impl Uri {
    /// Parses a URI by the loose rule, which every router accepts. The URI must be fit for calling
    /// or publishing, so it is not a pattern.
    ///
    /// # Errors
    /// Returns [`InvalidUri`] if a component is empty or contains white space or `#`.
    pub fn parse(text: impl Into<Uri>) -> Result<Self, InvalidUri> {
        let uri = text.into();
        uri.validate(UriRule::Loose, Match::Exact)?;
        Ok(uri)
    }

    /// Parses a URI by the strict rule: `a` to `z`, `0` to `9` and `_` only. The specification
    /// recommends this rule to applications.
    ///
    /// # Errors
    /// Returns [`InvalidUri`] if a component is empty or contains another character.
    pub fn parse_strict(text: impl Into<Uri>) -> Result<Self, InvalidUri> {
        let uri = text.into();
        uri.validate(UriRule::Strict, Match::Exact)?;
        Ok(uri)
    }

    /// Returns the text of the URI.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether the text is valid by `rule` under the given match policy. Use
    /// [`Match::Exact`] for the URI of a call or publication.
    pub fn check(&self, rule: UriRule, pattern: Match) -> bool {
        is_plain(&self.0) || find_flaw(&self.0, rule, pattern).is_none()
    }

    /// Checks the text as [`check`](Uri::check) does and describes the error.
    ///
    /// # Errors
    /// Returns [`InvalidUri`], which names the first invalid component.
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
    /// Returns the wire form of the policy: `"exact"`, `"prefix"` or `"wildcard"`.
    pub fn as_str(self) -> &'static str {
        match self {
            Match::Exact => "exact",
            Match::Prefix => "prefix",
            Match::Wildcard => "wildcard",
        }
    }

    /// Parses the wire form of a policy.
    pub fn from_wire(word: &str) -> Option<Self> {
        [Match::Exact, Match::Prefix, Match::Wildcard].into_iter().find(|m| m.as_str() == word)
    }
}

/// Returns whether the text is valid by every rule: no empty component, only letters, digits and
/// `_`. A fast path, because nearly all URIs are of this form.
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

/// Describes the first invalid component.
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
                UriRule::Loose => "white space and `#` are not allowed",
                UriRule::Strict => "only a to z, 0 to 9 and _ are allowed",
            };
            return Some(format!("component {} contains {character:?}: {rule}", index + 1));
        }
    }
    None
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

impl PartialEq<String> for Uri {
    fn eq(&self, other: &String) -> bool {
        *self.0 == **other
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
            (
                "a.b c",
                UriRule::Loose,
                Match::Exact,
                "component 2 contains ' ': white space and `#`",
            ),
            (
                "a.#",
                UriRule::Loose,
                Match::Wildcard,
                "is not a valid URI pattern: component 2 contains '#'",
            ),
            (
                "a..",
                UriRule::Loose,
                Match::Prefix,
                "is not a valid URI prefix: component 2 is empty",
            ),
            ("a.Bc", UriRule::Strict, Match::Exact, "component 2 contains 'B': only a to z"),
        ] {
            let error = Uri::from(text).validate(rule, pattern).unwrap_err();
            assert!(error.to_string().contains(says), "{error}");
        }
    }

    #[test]
    fn strict_is_lower_case_ascii() {
        assert!(Uri::from("com.example.add2_x").check(UriRule::Strict, Match::Exact));
        assert!(!Uri::from("com.Example").check(UriRule::Strict, Match::Exact));
        assert!(Uri::from("com.Exämple-1/2").check(UriRule::Loose, Match::Exact));
    }
}
