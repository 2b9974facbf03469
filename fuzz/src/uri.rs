//! URIs and patterns: what one reading of a text takes, the others must bear out.

use wampwerk::uri::{NamedPattern, Pattern, UriRule};
use wampwerk::{Match, Uri};

/// Two lines: a pattern, and a URI.
pub fn patterns(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let (pattern, uri) = text.split_once('\n').unwrap_or((text, "com.example.add"));
    if Uri::parse_strict(pattern).is_ok() {
        assert!(Uri::parse(pattern).is_ok(), "strict, but not loose");
    }
    for policy in [Match::Exact, Match::Prefix, Match::Wildcard] {
        assert_eq!(Match::from_wire(policy.as_str()), Some(policy));
        let pattern = Pattern::new(pattern, policy);
        assert_eq!(pattern.matches(uri), matches(&pattern, uri), "{pattern} and {uri}");
        for rule in [UriRule::Loose, UriRule::Strict] {
            let taken = pattern.uri().check(rule, policy);
            assert_eq!(taken, pattern.validate(rule).is_ok());
            assert!(!taken || pattern.uri().check(UriRule::Loose, Match::Wildcard));
        }
    }
    if let Ok(starred) = Pattern::from_starred(pattern) {
        starred.validate(UriRule::Loose).unwrap();
    }
    if let Ok(named) = NamedPattern::parse(pattern) {
        named.pattern().validate(UriRule::Loose).unwrap();
        assert_eq!(named.to_string(), pattern);
        if let Ok(captures) = named.extract(uri) {
            assert!(
                named.pattern().matches(uri),
                "{named} takes {uri} apart, which does not match"
            );
            let all = captures.decode::<std::collections::BTreeMap<String, String>>();
            assert!(all.is_err() || all.is_ok_and(|all| all.len() == captures.len()));
        }
    }
}

/// The rule, as it stands in the specification.
fn matches(pattern: &Pattern, uri: &str) -> bool {
    let (text, policy) = (pattern.uri().as_str(), pattern.policy());
    match policy {
        Match::Exact => text == uri,
        Match::Prefix => uri.as_bytes().starts_with(text.as_bytes()),
        _ => {
            let pattern: Vec<_> = text.split('.').collect();
            let uri: Vec<_> = uri.split('.').collect();
            pattern.len() == uri.len()
                && pattern.iter().zip(uri).all(|(one, other)| one.is_empty() || *one == other)
        }
    }
}
