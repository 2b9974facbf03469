//! `Wildcards`: patterns with empty components, each of which matches any one component.

use std::collections::HashMap;

use crate::core::router::radix::{ROOT, RadixTree};

/// Maximum number of components of a wildcard pattern.
pub(super) const MAX_COMPONENTS: usize = 128;

/// Returns whether a wildcard pattern has more components than allowed.
pub(super) fn has_too_many_components(pattern: &str) -> bool {
    count(pattern) > MAX_COMPONENTS
}

/// Returns whether a wildcard pattern matches a URI.
pub(super) fn fits(pattern: &str, uri: &str) -> bool {
    let mut components = uri.split('.');
    pattern.split('.').all(|expected| {
        components.next().is_some_and(|given| expected.is_empty() || expected == given)
    }) && components.next().is_none()
}

/// The common beginning of all URIs that a wildcard pattern matches. `None` if the pattern has no
/// empty component and matches only itself.
pub(super) fn literal_head(pattern: &str) -> Option<&str> {
    if pattern.is_empty() || pattern.starts_with('.') {
        return Some("");
    }
    match pattern.find("..") {
        Some(at) => Some(&pattern[..=at]),
        None => pattern.ends_with('.').then_some(pattern),
    }
}

/// Maps wildcard patterns to ids. A look-up walks only branches that fit.
///
/// At each branch two ways may fit, the literal one and the one for any component, so a look-up may
/// see every pattern with a fitting beginning. It is not exponential: a tree has at most two nodes
/// per pattern, and each is seen once.
#[derive(Debug, Default)]
pub(super) struct Wildcards {
    /// By the number of components: only patterns with as many components as the URI can match.
    trees: HashMap<usize, RadixTree<Box<str>>>,
}

impl Wildcards {
    pub(super) fn get(&self, pattern: &str) -> Option<u64> {
        self.trees.get(&count(pattern))?.get(&components(pattern))
    }

    pub(super) fn insert(&mut self, pattern: &str, id: u64) {
        self.trees.entry(count(pattern)).or_default().insert(&components(pattern), id);
    }

    pub(super) fn remove(&mut self, pattern: &str) {
        let count = count(pattern);
        let Some(tree) = self.trees.get_mut(&count) else { return };
        tree.remove(&components(pattern));
        if tree.is_empty() {
            self.trees.remove(&count);
        }
    }

    /// Visits the ids of all patterns that match, in the order of [`best`](Self::best).
    pub(super) fn visit(&self, uri: &str, mut visit: impl FnMut(u64)) {
        self.walk(uri, |id| {
            visit(id);
            false
        });
    }

    /// The matching pattern with the longest literal head.
    pub(super) fn best(&self, uri: &str) -> Option<u64> {
        let mut best = None;
        self.walk(uri, |id| {
            best = Some(id);
            true
        });
        best
    }

    /// Visits the matching patterns, literal components before empty ones from the left on, until
    /// `visit` returns true.
    fn walk(&self, uri: &str, mut visit: impl FnMut(u64) -> bool) {
        if self.trees.is_empty() {
            return;
        }
        let Some(tree) = self.trees.get(&count(uri)) else { return };
        let components: Vec<&str> = uri.split('.').collect();
        let mut open = vec![(ROOT, &components[..])];
        while let Some((at, rest)) = open.pop() {
            let node = tree.node(at);
            let Some((here, rest)) = rest.split_at_checked(node.label.len()) else { continue };
            let pairs = node.label.iter().zip(here);
            if !pairs.into_iter().all(|(own, given)| own.is_empty() || **own == **given) {
                continue;
            }
            let Some(next) = rest.first() else {
                if node.id.is_some_and(&mut visit) {
                    return;
                }
                continue;
            };
            // The last pushed is visited first.
            open.extend(node.children.get("").map(|child| (*child, rest)));
            if !next.is_empty() {
                open.extend(node.children.get(*next).map(|child| (*child, rest)));
            }
        }
    }
}

fn count(uri: &str) -> usize {
    uri.bytes().filter(|byte| *byte == b'.').count() + 1
}

fn components(pattern: &str) -> Vec<Box<str>> {
    pattern.split('.').map(Box::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_win_from_the_left() {
        let mut all = Wildcards::default();
        for (id, pattern) in ["a..c", ".b.c", "a.b.", "..", "a.b.c.d"].iter().enumerate() {
            all.insert(pattern, id as u64);
        }
        assert_eq!(all.best("a.b.c"), Some(2));
        assert_eq!(all.best("x.b.c"), Some(1));
        assert_eq!(all.best("x.y.z"), Some(3));
        assert_eq!(all.best("x.y"), None);
        let mut matching = Vec::new();
        all.visit("a.b.c", |id| matching.push(id));
        assert_eq!(matching, [2, 0, 1, 3]);
    }

    #[test]
    fn nothing_is_left_of_what_is_removed() {
        let mut all = Wildcards::default();
        all.insert("a..c", 1);
        all.insert("a..d", 2);
        all.remove("a..c");
        all.remove("a.b.c");
        assert_eq!((all.get("a..c"), all.get("a..d")), (None, Some(2)));
        all.remove("a..d");
        assert!(all.trees.is_empty());
    }

    #[test]
    fn there_is_a_limit_to_components() {
        assert!(!has_too_many_components(&".".repeat(MAX_COMPONENTS - 1)));
        assert!(has_too_many_components(&".".repeat(MAX_COMPONENTS)));
    }
}
