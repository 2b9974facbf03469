//! `Uri`: names of topics, procedures, errors and realms, and their syntax rules.
//!
//! Owns the loose and strict checks and the three match policies. Knows no messages.

use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A WAMP URI: dot-separated components, as in `com.example.add`. Cheap to clone.
///
/// Making one checks nothing: a name is checked where it is used, by the rule that holds there
/// ([`Uri::check`]).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Uri(Arc<str>);

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
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the text is a URI by `rule`, as a pattern of the given kind. A name that is called
    /// or published to is checked as [`Match::Exact`].
    pub fn check(&self, rule: UriRule, pattern: Match) -> bool {
        check(&self.0, rule, pattern)
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

fn check(text: &str, rule: UriRule, pattern: Match) -> bool {
    let allowed = |c: char| match rule {
        UriRule::Loose => c != '#' && !c.is_whitespace(),
        UriRule::Strict => c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_',
    };
    // Nearly all are: no empty component, and only letters, digits and the like.
    let mut before = b'.';
    let plain = text.bytes().all(|byte| {
        let component = byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        let fits = component || byte == b'.' && before != b'.';
        before = byte;
        fits
    });
    if plain && before != b'.' {
        return true;
    }
    let mut components = text.split('.').peekable();
    while let Some(component) = components.next() {
        let last = components.peek().is_none();
        let may_be_empty = match pattern {
            Match::Exact => false,
            Match::Prefix => last,
            Match::Wildcard => true,
        };
        if component.is_empty() && !may_be_empty || !component.chars().all(allowed) {
            return false;
        }
    }
    true
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

/// The URIs that the protocol defines (spec: "Predefined URIs"), and those that routers in the
/// field send beside them.
pub mod uris {
    /// A close reason: the client leaves.
    pub const CLOSE_REALM: &str = "wamp.close.close_realm";
    /// A close reason: the answer to GOODBYE.
    pub const GOODBYE_AND_OUT: &str = "wamp.close.goodbye_and_out";
    /// A close reason: the router goes down.
    pub const SYSTEM_SHUTDOWN: &str = "wamp.close.system_shutdown";
    /// A close reason: somebody ended the session through the meta API.
    pub const KILLED: &str = "wamp.close.killed";
    /// A close reason, local only: the transport broke (Autobahn's word).
    pub const TRANSPORT_LOST: &str = "wamp.close.transport_lost";
    /// A URI broke the syntax rules.
    pub const INVALID_URI: &str = "wamp.error.invalid_uri";
    /// Nobody has registered the procedure.
    pub const NO_SUCH_PROCEDURE: &str = "wamp.error.no_such_procedure";
    /// Somebody has registered the procedure before.
    pub const PROCEDURE_ALREADY_EXISTS: &str = "wamp.error.procedure_already_exists";
    /// There is no such registration, or it is somebody else's.
    pub const NO_SUCH_REGISTRATION: &str = "wamp.error.no_such_registration";
    /// There is no such subscription, or it is somebody else's.
    pub const NO_SUCH_SUBSCRIPTION: &str = "wamp.error.no_such_subscription";
    /// The arguments do not fit the procedure.
    pub const INVALID_ARGUMENT: &str = "wamp.error.invalid_argument";
    /// The payload cannot be carried to the receiver (Autobahn's and Crossbar's word).
    pub const INVALID_PAYLOAD: &str = "wamp.error.invalid_payload";
    /// The call was cancelled, or its callee has gone.
    pub const CANCELED: &str = "wamp.error.canceled";
    /// The message is longer than the receiver takes.
    pub const PAYLOAD_SIZE_EXCEEDED: &str = "wamp.error.payload_size_exceeded";
    /// The peer broke the protocol.
    pub const PROTOCOL_VIOLATION: &str = "wamp.error.protocol_violation";
    /// The session may not do this.
    pub const NOT_AUTHORIZED: &str = "wamp.error.not_authorized";
    /// The router does not have the realm.
    pub const NO_SUCH_REALM: &str = "wamp.error.no_such_realm";
    /// None of the offered authentication methods fits.
    pub const NO_MATCHING_AUTH_METHOD: &str = "wamp.error.no_matching_auth_method";
    /// The router asked for authentication that the client cannot give.
    pub const CANNOT_AUTHENTICATE: &str = "wamp.error.cannot_authenticate";
    /// The option is known, but not to be had here.
    pub const OPTION_NOT_ALLOWED: &str = "wamp.error.option_not_allowed";
    /// The feature is not there.
    pub const FEATURE_NOT_SUPPORTED: &str = "wamp.error.feature_not_supported";
    /// Nobody can take the call at the moment.
    pub const UNAVAILABLE: &str = "wamp.error.unavailable";
    /// The call took too long.
    pub const TIMEOUT: &str = "wamp.error.timeout";
    /// The procedure failed (Autobahn's word for an error without a URI of its own).
    pub const RUNTIME_ERROR: &str = "wamp.error.runtime_error";
}

#[cfg(test)]
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
    fn strict_is_lower_case_ascii() {
        assert!(Uri::from("com.example.add2_x").check(UriRule::Strict, Match::Exact));
        assert!(!Uri::from("com.Example").check(UriRule::Strict, Match::Exact));
        assert!(Uri::from("com.Exämple-1/2").check(UriRule::Loose, Match::Exact));
    }
}
