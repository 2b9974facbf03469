//! `Testaments`: events that are published when their session has ended (spec: "Testaments").
//!
//! The meta API adds them; the realm publishes them.

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
    /// Disclosure of the session to subscribers.
    pub(super) disclosure: Disclosure,
    /// Approximate size in bytes.
    pub(super) weight: usize,
}

/// Time of publication. No session outlives its transport here, so both scopes are published at the
/// end of the session, in this order.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Scope {
    Detached,
    #[default]
    Destroyed,
}

impl Testaments {
    /// Number of testaments.
    pub(super) fn len(&self) -> usize {
        self.scopes.iter().map(Vec::len).sum()
    }

    /// All testaments in their order.
    pub(super) fn into_vec(self) -> Vec<Testament> {
        let [mut all, last] = self.scopes;
        all.extend(last);
        all
    }

    /// Approximate size in bytes.
    pub(super) fn weight(&self) -> usize {
        self.scopes.iter().flatten().map(|testament| testament.weight).sum()
    }

    pub(super) fn push(&mut self, scope: Scope, testament: Testament) {
        self.scopes[scope as usize].push(testament);
    }

    /// Takes the testaments of one scope.
    pub(super) fn flush(&mut self, scope: Scope) -> Vec<Testament> {
        std::mem::take(&mut self.scopes[scope as usize])
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
