//! Relations of patterns: which of two decides, and whether they overlap.

use std::cmp::Reverse;

use crate::core::router::wildcards::literal_head;
use crate::uri::{Match, Pattern};

/// Order in which rules for the same URI decide: the least first.
pub(super) fn rank(uri: &str, policy: Match) -> (u8, Reverse<usize>, Vec<bool>) {
    match policy {
        Match::Exact => (0, Reverse(0), Vec::new()),
        Match::Prefix => (1, Reverse(uri.len()), Vec::new()),
        Match::Wildcard => (2, Reverse(0), uri.split('.').map(str::is_empty).collect()),
    }
}

/// Returns whether some URI may match both. May return true for patterns that do not overlap.
pub(super) fn overlaps(a: &Pattern, b: &Pattern) -> bool {
    match (a.policy(), b.policy()) {
        (Match::Exact, _) => b.matches(a.uri()),
        (_, Match::Exact) => a.matches(b.uri()),
        (Match::Prefix, Match::Prefix) => {
            a.uri().starts_with(b.uri().as_str()) || b.uri().starts_with(a.uri().as_str())
        }
        (Match::Prefix, Match::Wildcard) => begins(a.uri(), b.uri()),
        (Match::Wildcard, Match::Prefix) => begins(b.uri(), a.uri()),
        (Match::Wildcard, Match::Wildcard) => {
            let (mut ours, mut theirs) = (a.uri().split('.'), b.uri().split('.'));
            loop {
                match (ours.next(), theirs.next()) {
                    (None, None) => return true,
                    (Some(a), Some(b)) if a.is_empty() || b.is_empty() || a == b => {}
                    _ => return false,
                }
            }
        }
    }
}

/// The part of a pattern below `wamp.`, the protocol's own names; it has the same match policy.
/// `None` if the pattern matches none of them.
pub(super) fn within_reserved(pattern: &Pattern) -> Option<Pattern> {
    const RESERVED: &str = "wamp.";
    let uri = pattern.uri();
    if !overlaps(pattern, &Pattern::prefix(RESERVED)) {
        return None;
    }
    Some(match pattern.policy() {
        Match::Exact => pattern.clone(),
        Match::Prefix if uri.starts_with(RESERVED) => pattern.clone(),
        Match::Prefix => Pattern::prefix(RESERVED),
        Match::Wildcard => {
            let rest = uri.split_once('.').map_or("", |(_, rest)| rest);
            Pattern::wildcard(format!("{RESERVED}{rest}"))
        }
    })
}

/// Returns whether every match of a wildcard begins with `prefix`.
pub(super) fn is_within(wildcard: &str, prefix: &str) -> bool {
    literal_head(wildcard).unwrap_or(wildcard).starts_with(prefix)
}

/// Returns whether a URI that begins with `prefix` may match `wildcard`.
fn begins(prefix: &str, wildcard: &str) -> bool {
    let (whole, last) = prefix.rsplit_once('.').map_or((None, prefix), |(a, b)| (Some(a), b));
    let mut components = wildcard.split('.');
    whole
        .into_iter()
        .flat_map(|whole| whole.split('.'))
        .all(|given| components.next().is_some_and(|own| own.is_empty() || given == own))
        && components.next().is_some_and(|own| own.is_empty() || own.starts_with(last))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const POLICIES: [Match; 3] = [Match::Exact, Match::Prefix, Match::Wildcard];

    proptest! {
        #[test]
        fn what_matches_both_is_an_overlap(
            a in "[ab.]{0,5}", a_policy in 0..3_usize,
            b in "[ab.]{0,5}", b_policy in 0..3_usize,
            uris in prop::collection::vec("[ab]{1,2}(\\.[ab]{1,2}){0,3}", 30),
        ) {
            let a = Pattern::new(a, POLICIES[a_policy]);
            let b = Pattern::new(b, POLICIES[b_policy]);
            prop_assert_eq!(overlaps(&a, &b), overlaps(&b, &a));
            for uri in uris {
                prop_assert!(overlaps(&a, &b) || !a.matches(&uri) || !b.matches(&uri), "{}", uri);
            }
        }
    }

    #[test]
    fn the_protocols_own_part_of_a_pattern() {
        for (pattern, own) in [
            (Pattern::prefix(""), Some(Pattern::prefix("wamp."))),
            (Pattern::prefix("wam"), Some(Pattern::prefix("wamp."))),
            (Pattern::prefix("wamp.session."), Some(Pattern::prefix("wamp.session."))),
            (Pattern::prefix("wampum"), None),
            (Pattern::prefix("com."), None),
            (Pattern::wildcard("..on_join"), Some(Pattern::wildcard("wamp..on_join"))),
            (Pattern::wildcard("wamp.."), Some(Pattern::wildcard("wamp.."))),
            (Pattern::wildcard("com..on_join"), None),
            (Pattern::exact("wamp.session.on_join"), Some(Pattern::exact("wamp.session.on_join"))),
            (Pattern::exact("wamp"), None),
        ] {
            assert_eq!(within_reserved(&pattern), own, "{pattern}");
        }
    }

    #[test]
    fn what_a_wildcard_matches_may_all_have_one_beginning() {
        for (wildcard, prefix, expected) in [
            ("com..secret", "com.", true),
            ("com..secret", "com", true),
            ("com..secret", "", true),
            ("com..secret", "com.a", false),
            ("com.a.", "com.a.", true),
            ("com.a.b", "com.a.b", true),
            ("..secret", "com.", false),
        ] {
            assert_eq!(is_within(wildcard, prefix), expected, "{wildcard} {prefix}");
        }
    }

    #[test]
    fn it_says_no_where_it_is_sure() {
        for (a, b, expected) in [
            (Pattern::prefix("com.a."), Pattern::prefix("com.b."), false),
            (Pattern::prefix("com.a."), Pattern::prefix("com."), true),
            (Pattern::prefix("com.ex"), Pattern::wildcard("com..add"), true),
            (Pattern::prefix("com.a.x"), Pattern::wildcard("com..add"), false),
            (Pattern::prefix("com.a.add.more"), Pattern::wildcard("com..add"), false),
            (Pattern::prefix("com.a.add."), Pattern::wildcard("com..add"), false),
            (Pattern::wildcard("com..add"), Pattern::wildcard(".a."), true),
            (Pattern::wildcard("com..add"), Pattern::wildcard(".."), true),
            (Pattern::wildcard("com..add"), Pattern::wildcard("..."), false),
            (Pattern::wildcard("com..add"), Pattern::wildcard("com..sub"), false),
            (Pattern::exact("com.a.add"), Pattern::wildcard("com..add"), true),
            (Pattern::exact("com.a.sub"), Pattern::wildcard("com..add"), false),
        ] {
            assert_eq!(overlaps(&a, &b), expected, "{a} {b}");
            assert_eq!(overlaps(&b, &a), expected, "{b} {a}");
        }
    }
}
