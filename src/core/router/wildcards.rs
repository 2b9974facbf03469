//! `Wildcards`: patterns with empty components, each of which matches any one component.

use std::collections::{BTreeMap, HashMap};

use crate::core::router::tables::shrink;

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

/// Number of components of a wildcard pattern, and which of them are empty: from the left, the highest
/// bit first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Shape {
    components: u8,
    empty: u128,
}

impl Shape {
    /// Returns the shape of a pattern that has not too many components.
    pub(super) fn of(pattern: &str) -> Self {
        let mut shape = Shape { components: 0, empty: 0 };
        for component in pattern.split('.').take(MAX_COMPONENTS) {
            if component.is_empty() {
                shape.empty |= FIRST >> shape.components;
            }
            shape.components += 1;
        }
        shape
    }
}

/// The bit of the first component.
const FIRST: u128 = 1 << (MAX_COMPONENTS - 1);

/// Maximum number of shapes with the same number of components in a realm. It bounds the work of a look-up.
pub(super) const MAX_SHAPES: usize = 512;

/// Maps wildcard patterns to ids.
///
/// A pattern matches a URI if it equals the URI without the components that are empty in the pattern.
/// So a look-up takes one step for each shape, whatever the number of patterns. Few shapes are in use:
/// patterns mostly differ in their words.
#[derive(Debug, Default)]
pub(super) struct Wildcards {
    /// By the number of components and by the empty ones, in the order of [`best`](Self::best).
    shapes: HashMap<u8, BTreeMap<u128, HashMap<Box<str>, u64>>>,
}

impl Wildcards {
    pub(super) fn get(&self, pattern: &str) -> Option<u64> {
        let Shape { components, empty } = Shape::of(pattern);
        self.shapes.get(&components)?.get(&empty)?.get(pattern).copied()
    }

    /// Returns whether there is room for the shape of a pattern.
    pub(super) fn has_room(&self, pattern: &str) -> bool {
        let Shape { components, empty } = Shape::of(pattern);
        let shapes = self.shapes.get(&components);
        shapes.is_none_or(|shapes| shapes.len() < MAX_SHAPES || shapes.contains_key(&empty))
    }

    pub(super) fn insert(&mut self, pattern: &str, id: u64) {
        let Shape { components, empty } = Shape::of(pattern);
        let shapes = self.shapes.entry(components).or_default();
        shapes.entry(empty).or_default().insert(pattern.into(), id);
    }

    pub(super) fn remove(&mut self, pattern: &str) {
        let Shape { components, empty } = Shape::of(pattern);
        let Some(shapes) = self.shapes.get_mut(&components) else { return };
        if let Some(patterns) = shapes.get_mut(&empty) {
            patterns.remove(pattern);
            shrink(patterns);
            if patterns.is_empty() {
                shapes.remove(&empty);
            }
        }
        if shapes.is_empty() {
            self.shapes.remove(&components);
        }
    }

    /// Number of steps of a look-up.
    pub(super) fn steps(&self, uri: &str) -> usize {
        if self.shapes.is_empty() {
            return 0;
        }
        self.shapes.get(&Shape::of(uri).components).map_or(0, BTreeMap::len)
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
        if self.shapes.is_empty() || has_too_many_components(uri) {
            return;
        }
        let Some(shapes) = self.shapes.get(&Shape::of(uri).components) else { return };
        let components: Vec<&str> = uri.split('.').collect();
        let mut pattern = String::with_capacity(uri.len());
        for (empty, patterns) in shapes {
            pattern.clear();
            for (index, component) in components.iter().enumerate() {
                if index > 0 {
                    pattern.push('.');
                }
                if empty & (FIRST >> index) == 0 {
                    pattern.push_str(component);
                }
            }
            if patterns.get(&*pattern).is_some_and(|id| visit(*id)) {
                return;
            }
        }
    }
}

fn count(uri: &str) -> usize {
    uri.bytes().filter(|byte| *byte == b'.').count() + 1
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
    fn row06_a_look_up_takes_a_step_for_each_shape_not_for_each_pattern() {
        let mut all = Wildcards::default();
        let mut id = 0;
        // Each begins like the topic and matches it in all but the last word.
        for session in 0..30 {
            for word in 0..1000 {
                id += 1;
                all.insert(&format!("a..c..e.{session}x{word}"), id);
                all.insert(&format!(".b.c..e.{session}x{word}"), id + 100_000);
            }
        }
        assert_eq!(all.shapes[&6].len(), 2);
        assert_eq!(all.best("a.b.c.d.e.f"), None);
        assert_eq!(all.best("a.b.c.d.e.29x999"), Some(id));
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
        assert!(all.shapes.is_empty());
    }

    #[test]
    fn there_is_a_limit_to_components() {
        assert!(!has_too_many_components(&".".repeat(MAX_COMPONENTS - 1)));
        assert!(has_too_many_components(&".".repeat(MAX_COMPONENTS)));
    }
}
