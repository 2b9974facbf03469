//! `Wildcards`: patterns with empty components, in a tree of components.

use std::collections::HashMap;

/// The most components that a wildcard pattern may have.
pub(super) const MAX_COMPONENTS: usize = 128;

/// Whether a wildcard pattern is longer than any that is taken.
pub(super) fn has_too_many_components(pattern: &str) -> bool {
    pattern.bytes().filter(|byte| *byte == b'.').count() >= MAX_COMPONENTS
}

/// Whether a wildcard pattern matches a URI.
pub(super) fn fits(pattern: &str, uri: &str) -> bool {
    let mut components = uri.split('.');
    pattern.split('.').all(|expected| {
        components.next().is_some_and(|given| expected.is_empty() || expected == given)
    }) && components.next().is_none()
}

/// From a wildcard pattern to an id. A look-up walks only branches that fit.
///
/// The nodes stand in one vector, so that a pattern of many components makes no deep recursion.
#[derive(Debug)]
pub(super) struct Wildcards {
    nodes: Vec<Node>,
    /// Nodes that are not used any more.
    free: Vec<usize>,
}

#[derive(Debug, Default)]
struct Node {
    literals: HashMap<Box<str>, usize>,
    /// Behind an empty component, which matches any one.
    any: Option<usize>,
    /// The pattern that ends here.
    id: Option<u64>,
}

const ROOT: usize = 0;

impl Wildcards {
    pub(super) fn get(&self, pattern: &str) -> Option<u64> {
        let mut at = ROOT;
        for component in pattern.split('.') {
            at = self.child(at, component)?;
        }
        self.nodes[at].id
    }

    pub(super) fn insert(&mut self, pattern: &str, id: u64) {
        let mut at = ROOT;
        for component in pattern.split('.') {
            at = match self.child(at, component) {
                Some(child) => child,
                None => self.grow(at, component),
            };
        }
        self.nodes[at].id = Some(id);
    }

    pub(super) fn remove(&mut self, pattern: &str) {
        let mut path = vec![(ROOT, "")];
        for component in pattern.split('.') {
            let at = path.last().map_or(ROOT, |(at, _)| *at);
            let Some(child) = self.child(at, component) else { return };
            path.push((child, component));
        }
        if let Some((leaf, _)) = path.last() {
            self.nodes[*leaf].id = None;
        }
        // From the leaf on, nodes that hold nothing go.
        for pair in path.windows(2).rev() {
            let [(parent, _), (child, component)] = pair else { return };
            let node = &self.nodes[*child];
            if node.id.is_some() || node.any.is_some() || !node.literals.is_empty() {
                return;
            }
            self.nodes[*child] = Node::default();
            self.free.push(*child);
            let parent = &mut self.nodes[*parent];
            if component.is_empty() {
                parent.any = None;
            } else {
                parent.literals.remove(*component);
            }
        }
    }

    /// Visits the ids of all patterns that match, in the order of [`best`](Self::best).
    pub(super) fn visit(&self, uri: &str, mut visit: impl FnMut(u64)) {
        self.walk(uri, |id| {
            visit(id);
            false
        });
    }

    /// The pattern that is literal for longest from the left.
    pub(super) fn best(&self, uri: &str) -> Option<u64> {
        let mut best = None;
        self.walk(uri, |id| {
            best = Some(id);
            true
        });
        best
    }

    /// Visits the patterns that match, literal components before empty ones from the left on, until
    /// `visit` says that it is enough.
    fn walk(&self, uri: &str, mut visit: impl FnMut(u64) -> bool) {
        let root = &self.nodes[ROOT];
        if root.any.is_none() && root.literals.is_empty() {
            return;
        }
        let components: Vec<&str> = uri.split('.').collect();
        let mut open = vec![(ROOT, 0)];
        while let Some((at, depth)) = open.pop() {
            let node = &self.nodes[at];
            let Some(component) = components.get(depth) else {
                if node.id.is_some_and(&mut visit) {
                    return;
                }
                continue;
            };
            // What is pushed last is visited first.
            open.extend(node.any.map(|child| (child, depth + 1)));
            open.extend(node.literals.get(*component).map(|child| (*child, depth + 1)));
        }
    }

    fn child(&self, at: usize, component: &str) -> Option<usize> {
        let node = &self.nodes[at];
        if component.is_empty() { node.any } else { node.literals.get(component).copied() }
    }

    fn grow(&mut self, parent: usize, component: &str) -> usize {
        let child = self.free.pop().unwrap_or_else(|| {
            self.nodes.push(Node::default());
            self.nodes.len() - 1
        });
        let parent = &mut self.nodes[parent];
        if component.is_empty() {
            parent.any = Some(child);
        } else {
            parent.literals.insert(component.into(), child);
        }
        child
    }
}

impl Default for Wildcards {
    fn default() -> Self {
        Wildcards { nodes: vec![Node::default()], free: Vec::new() }
    }
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
        all.insert("a..c.d", 2);
        all.remove("a..c");
        assert_eq!((all.get("a..c"), all.get("a..c.d")), (None, Some(2)));
        all.remove("a..c.d");
        assert_eq!(all.free.len() + 1, all.nodes.len());
        all.insert("x.", 3);
        assert_eq!((all.best("x.y"), all.nodes.len()), (Some(3), 5));
    }
}
