//! `RadixTree`: maps sequences to ids, in a tree that shares common beginnings.
//!
//! A node with a single child is merged with it, so there are at most twice as many nodes as
//! sequences, whatever their length. The nodes stand in one vector, so that nothing recurses.

use std::collections::HashMap;
use std::hash::Hash;

#[derive(Debug)]
pub(super) struct RadixTree<S> {
    nodes: Vec<Node<S>>,
    /// Unused nodes.
    free: Vec<usize>,
}

#[derive(Debug)]
pub(super) struct Node<S> {
    /// Symbols between the parent and this node; empty for the root only.
    pub(super) label: Box<[S]>,
    /// By the first symbol of their labels.
    pub(super) children: HashMap<S, usize>,
    /// The id of the sequence that ends here.
    pub(super) id: Option<u64>,
}

pub(super) const ROOT: usize = 0;

impl<S: Eq + Hash + Clone> RadixTree<S> {
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.node(ROOT).id.is_none() && self.node(ROOT).children.is_empty()
    }

    pub(super) fn node(&self, at: usize) -> &Node<S> {
        &self.nodes[at]
    }

    pub(super) fn get(&self, key: &[S]) -> Option<u64> {
        let (mut at, mut rest) = (ROOT, key);
        while let Some(first) = rest.first() {
            at = *self.nodes[at].children.get(first)?;
            rest = rest.strip_prefix(&*self.nodes[at].label)?;
        }
        self.nodes[at].id
    }

    pub(super) fn insert(&mut self, key: &[S], id: u64) {
        let (mut at, mut rest) = (ROOT, key);
        while let Some(first) = rest.first() {
            let Some(&child) = self.nodes[at].children.get(first) else {
                let leaf = self.add(Node { label: rest.into(), ..Node::default() });
                self.nodes[at].children.insert(first.clone(), leaf);
                at = leaf;
                break;
            };
            let label = &self.nodes[child].label;
            let common = label.iter().zip(rest).take_while(|(a, b)| a == b).count();
            if common < label.len() {
                self.split(child, common);
            }
            (at, rest) = (child, &rest[common..]);
        }
        self.nodes[at].id = Some(id);
    }

    pub(super) fn remove(&mut self, key: &[S]) {
        let (mut parent, mut at, mut rest) = (ROOT, ROOT, key);
        while let Some(first) = rest.first() {
            let Some(&child) = self.nodes[at].children.get(first) else { return };
            let Some(behind) = rest.strip_prefix(&*self.nodes[child].label) else { return };
            (parent, at, rest) = (at, child, behind);
        }
        self.nodes[at].id = None;
        if at != ROOT && self.nodes[at].children.is_empty() {
            let gone = std::mem::take(&mut self.nodes[at]);
            self.free.push(at);
            if let Some(first) = gone.label.first() {
                self.nodes[parent].children.remove(first);
            }
            at = parent;
        }
        self.join(at);
        // The memory of single nodes is used again only.
        let root = &self.nodes[ROOT];
        if root.id.is_none() && root.children.is_empty() {
            *self = RadixTree::default();
        }
    }

    fn add(&mut self, node: Node<S>) -> usize {
        match self.free.pop() {
            Some(at) => {
                self.nodes[at] = node;
                at
            }
            None => {
                self.nodes.push(node);
                self.nodes.len() - 1
            }
        }
    }

    /// Inserts a node between this one and its parent, after `length` symbols of the label.
    fn split(&mut self, at: usize, length: usize) {
        let mut lower = std::mem::take(&mut self.nodes[at]);
        let (upper, rest) = lower.label.split_at(length);
        let (upper, rest) = (Box::from(upper), Box::<[S]>::from(rest));
        let Some(first) = rest.first().cloned() else { return };
        lower.label = rest;
        let lower = self.add(lower);
        // The parent still finds it here.
        self.nodes[at] = Node { label: upper, children: HashMap::from([(first, lower)]), id: None };
    }

    /// Merges a node with its only child, if no sequence ends in the node.
    fn join(&mut self, at: usize) {
        let node = &self.nodes[at];
        if at == ROOT || node.id.is_some() || node.children.len() != 1 {
            return;
        }
        let Some(&child) = node.children.values().next() else { return };
        let mut lower = std::mem::take(&mut self.nodes[child]);
        self.free.push(child);
        lower.label = [&*self.nodes[at].label, &*lower.label].concat().into();
        self.nodes[at] = lower;
    }
}

impl<S> Default for Node<S> {
    fn default() -> Self {
        Node { label: Box::default(), children: HashMap::new(), id: None }
    }
}

impl<S> Default for RadixTree<S> {
    fn default() -> Self {
        RadixTree { nodes: vec![Node::default()], free: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    /// Short words of two letters: they begin with each other and split each other.
    fn words() -> impl Strategy<Value = Vec<(String, bool)>> {
        prop::collection::vec(("[ab]{0,6}", any::<bool>()), 0..60)
    }

    proptest! {
        #[test]
        fn it_holds_what_a_map_holds_and_no_more(steps in words()) {
            let mut tree = RadixTree::default();
            let mut model = BTreeMap::new();
            for (id, (word, insert)) in (0..).zip(steps) {
                if insert {
                    tree.insert(word.as_bytes(), id);
                    model.insert(word, id);
                } else {
                    tree.remove(word.as_bytes());
                    model.remove(&word);
                }
                for (word, id) in &model {
                    prop_assert_eq!(tree.get(word.as_bytes()), Some(*id));
                }
                prop_assert!(tree.nodes.len() - tree.free.len() <= 2 * model.len() + 1);
            }
            for word in model.into_keys() {
                tree.remove(word.as_bytes());
                prop_assert_eq!(tree.get(word.as_bytes()), None);
            }
            prop_assert!(tree.is_empty());
            prop_assert_eq!((tree.nodes.len(), tree.free.len()), (1, 0));
        }
    }
}
