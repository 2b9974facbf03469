//! `ConnectingRequest`: what a protocol changes in the request of its connection.

/// Changes of a client's request, which
/// [`on_connecting`](super::WebSocketClientProtocol::on_connecting) may ask for. What is not set stays as the
/// factory has it.
///
/// ```
/// use wampwerk::websocket::ConnectingRequest;
///
/// let request = ConnectingRequest::new().resource("/chat?room=5").header("Authorization", "Bearer t");
/// # let _ = request;
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ConnectingRequest {
    pub(super) host: Option<String>,
    pub(super) resource: Option<String>,
    pub(super) origin: Option<String>,
    pub(super) user_agent: Option<String>,
    pub(super) protocols: Option<Vec<String>>,
    pub(super) headers: Vec<(String, String)>,
}

impl ConnectingRequest {
    /// Creates a request that changes nothing.
    pub fn new() -> Self {
        ConnectingRequest::default()
    }

    /// Value of the header `Host`: a host, and the port if it is not the default one.
    #[must_use]
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.host = Some(host.into());
        self
    }

    /// Path and query, such as `/chat?room=5`.
    #[must_use]
    pub fn resource(mut self, resource: impl Into<String>) -> Self {
        self.resource = Some(resource.into());
        self
    }

    /// Value of the header `Origin`.
    #[must_use]
    pub fn origin(mut self, origin: impl Into<String>) -> Self {
        self.origin = Some(origin.into());
        self
    }

    /// Value of the header `User-Agent`.
    #[doc(alias = "useragent")]
    #[must_use]
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = Some(user_agent.into());
        self
    }

    /// Subprotocols to offer, in order of preference.
    #[must_use]
    pub fn protocols<I>(mut self, protocols: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.protocols = Some(protocols.into_iter().map(Into::into).collect());
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}

/// Values of headers are not shown, as they may be tokens.
impl std::fmt::Debug for ConnectingRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("ConnectingRequest")
            .field("host", &self.host)
            .field("resource", &self.resource)
            .field("origin", &self.origin)
            .field("user_agent", &self.user_agent)
            .field("protocols", &self.protocols)
            .field("headers", &names)
            .finish()
    }
}
