//! Reads URIs and patterns from the command line.

use clap::{Args, ValueEnum};
use serde::Deserialize;
use wampwerk::uri::{Pattern, UriRule};
use wampwerk::{Match, Uri};

use crate::failure::{Failure, Outcome};

/// Reads a topic or procedure.
pub(crate) fn exact(text: &str) -> Result<Uri, String> {
    Uri::parse(text).map_err(|error| error.to_string())
}

/// A topic or procedure with its match policy.
#[derive(Args, Clone, Debug)]
pub(crate) struct Target {
    /// URI, or a pattern with --match
    uri: String,
    /// Match policy of the URI; in a wildcard pattern, the components that match anything are empty
    #[arg(long = "match", value_name = "POLICY", default_value = "exact")]
    policy: Policy,
}

/// Match policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Policy {
    /// The URI itself.
    #[default]
    Exact,
    /// All URIs that begin so.
    Prefix,
    /// All URIs whose components are the same where the pattern has one.
    Wildcard,
}

impl Target {
    /// Returns the pattern, checked.
    pub(crate) fn pattern(&self) -> Outcome<Pattern> {
        let pattern = Pattern::new(self.uri.as_str(), self.policy.into());
        pattern.validate(UriRule::Loose).map_err(Failure::usage)?;
        Ok(pattern)
    }
}

impl From<Policy> for Match {
    fn from(policy: Policy) -> Self {
        match policy {
            Policy::Exact => Match::Exact,
            Policy::Prefix => Match::Prefix,
            Policy::Wildcard => Match::Wildcard,
        }
    }
}
