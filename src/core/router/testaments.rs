//! `Testaments`: what a session wants published when it has ended (spec: "Testaments").
//!
//! How one is left is the meta API's matter; the realm publishes them.

use crate::core::router::config::Disclosure;
use crate::message::{Field, Publish};
use crate::value::Value;

/// The testaments of one session.
#[derive(Debug, Default)]
pub(super) struct Testaments {
    scopes: [Vec<Testament>; 2],
}

/// A publication that waits for the end of its session.
#[derive(Debug)]
pub(super) struct Testament {
    pub(super) publish: Publish,
    /// Whether subscribers learn whose it is.
    pub(super) disclosure: Disclosure,
    /// About how many bytes it holds.
    pub(super) weight: usize,
}

/// When a testament is published. Without sessions that outlive their transport both are at the
/// end of the session, in this order.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Scope {
    Detached,
    #[default]
    Destroyed,
}

impl Testaments {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.scopes.iter().map(Vec::len).sum()
    }

    /// All of them in the order in which they are published.
    pub(super) fn into_publications(self) -> impl Iterator<Item = (Publish, Disclosure)> {
        let all = self.scopes.into_iter().flatten();
        all.map(|testament| (testament.publish, testament.disclosure))
    }

    /// About how many bytes they hold.
    pub(super) fn weight(&self) -> usize {
        self.scopes.iter().flatten().map(|testament| testament.weight).sum()
    }

    pub(super) fn push(&mut self, scope: Scope, testament: Testament) {
        self.scopes[scope as usize].push(testament);
    }

    /// Drops those of one scope, and returns how many there were.
    pub(super) fn flush(&mut self, scope: Scope) -> usize {
        std::mem::take(&mut self.scopes[scope as usize]).len()
    }
}

impl Field for Scope {
    const EXPECTED: &'static str = "\"destroyed\" or \"detached\"";

    fn from_value(value: Value) -> Option<Self> {
        match value.as_str()? {
            "detached" => Some(Scope::Detached),
            "destroyed" => Some(Scope::Destroyed),
            _ => None,
        }
    }

    fn into_value(self) -> Value {
        match self {
            Scope::Detached => "detached".into(),
            Scope::Destroyed => "destroyed".into(),
        }
    }
}
