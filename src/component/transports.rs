//! Contains the transports of a component, and the types that convert into them.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use crate::component::callback::{Callback, provider};
use crate::component::error::BoxError;
use crate::core::retry::RetryPolicy;
use crate::error::ConfigError;
use crate::rt::{MaybeSend, MaybeSync};
use crate::transport::Connector;

/// One transport of a component.
#[doc(alias = "transports")]
#[derive(Clone)]
pub struct TransportEntry {
    pub(super) name: String,
    pub(super) policy: Option<RetryPolicy>,
    pub(super) source: Source,
}

/// The origin of an attempt's connection.
#[derive(Clone)]
pub(super) enum Source {
    Connector(Arc<dyn Connector>),
    PerAttempt(Callback<(), Arc<dyn Connector>>),
}

impl TransportEntry {
    /// Creates a transport that connects through `connector`. The name appears in texts and
    /// notices; usually it is the URL without its query.
    pub fn new(name: impl Into<String>, connector: Arc<dyn Connector>) -> Self {
        TransportEntry { name: name.into(), policy: None, source: Source::Connector(connector) }
    }

    /// Creates a transport with a connector that is created anew for each attempt. If the function
    /// fails, the attempt fails.
    pub fn per_attempt<F, Fut, E>(name: impl Into<String>, make: F) -> Self
    where
        F: Fn() -> Fut + MaybeSend + MaybeSync + 'static,
        Fut: Future<Output = Result<Arc<dyn Connector>, E>> + MaybeSend + 'static,
        E: Into<BoxError> + 'static,
    {
        let source = Source::PerAttempt(provider(move |()| make()));
        TransportEntry { name: name.into(), policy: None, source }
    }

    /// Sets the retry policy of this transport. Default: that of
    /// [`ComponentBuilder::retry`](super::ComponentBuilder::retry).
    #[must_use]
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.policy = Some(policy);
        self
    }

    /// Returns the name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Debug for TransportEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TransportEntry { name, policy, .. } = self;
        f.debug_struct("TransportEntry").field("name", name).field("policy", policy).finish()
    }
}

/// A type that converts into the transports of a component: a URL, Autobahn's dict or list of dicts
/// and URLs as a [`Value`](crate::Value) or as JSON text, a
/// [`TransportConfig`](crate::transport::TransportConfig), a client factory, a
/// [`Router`](crate::Router), any other connector, or several of them.
pub trait IntoTransports {
    /// Returns the transports in the order in which they are tried.
    ///
    /// # Errors
    /// Returns the error of the first invalid transport. Its path begins with the transport's index
    /// in brackets.
    fn into_transports(self) -> Result<Vec<TransportEntry>, ConfigError>;
}

impl IntoTransports for TransportEntry {
    fn into_transports(self) -> Result<Vec<TransportEntry>, ConfigError> {
        Ok(vec![self])
    }
}

impl IntoTransports for Arc<dyn Connector> {
    fn into_transports(self) -> Result<Vec<TransportEntry>, ConfigError> {
        Ok(vec![TransportEntry::new("connector", self)])
    }
}
