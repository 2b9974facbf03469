//! `Tls` and `TlsServer`: the certificates that each end trusts and shows.

use std::fmt;

/// Passwords and keys among the settings.
pub(crate) use crate::auth::Secret;

/// TLS settings of a client, for URLs that ask for TLS (`wss://`, `rss://`). Not available in the
/// browser.
///
/// By default the server's certificate must be trusted by the platform and be valid for the host of
/// the URL, and the client shows no certificate. Certificates and keys are given as PEM text or as
/// the path of a PEM file of up to 4 MiB, which is read when the connector is made.
///
/// ```no_run
/// # async fn example() -> Result<(), wampwerk::error::ConnectError> {
/// use wampwerk::transport::Tls;
///
/// let session = wampwerk::connect("wss://router.internal/ws", "realm1")
///     .tls(Tls::new().trust_root("/etc/ssl/internal-ca.pem"))
///     .await?;
/// # let _ = session;
/// # Ok(()) }
/// ```
#[doc(alias("CertificateOptions", "ssl"))]
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Tls {
    pub(crate) hostname: Option<String>,
    /// The platform's roots do not count.
    pub(crate) own_roots_only: bool,
    /// Not secret, but `Secret` takes PEM text and paths alike, and shows neither.
    pub(crate) roots: Vec<Secret>,
    /// Chain and key.
    pub(crate) identity: Option<(Secret, Secret)>,
}

impl Tls {
    /// Creates settings with the defaults.
    pub fn new() -> Self {
        Tls::default()
    }

    /// The name or address that is sent to the server (SNI) and that its certificate must be valid
    /// for. Default: the host of the URL.
    #[must_use]
    pub fn hostname(mut self, name: impl Into<String>) -> Self {
        self.hostname = Some(name.into());
        self
    }

    /// Trusts these certificates instead of the platform's: an own certificate authority, or a
    /// server's self-signed certificate. Further calls add more.
    #[must_use]
    pub fn trust_root(mut self, path_or_pem: impl AsRef<[u8]>) -> Self {
        self.own_roots_only = true;
        self.also_trust(path_or_pem)
    }

    /// Trusts these certificates besides the platform's (or besides those of
    /// [`trust_root`](Self::trust_root)).
    #[must_use]
    pub fn also_trust(mut self, path_or_pem: impl AsRef<[u8]>) -> Self {
        self.roots.push(path_or_pem.as_ref().into());
        self
    }

    /// The client's certificate, for servers that ask for one: the chain with the client's own
    /// certificate first, and its private key (PKCS #8, PKCS #1 or SEC 1). Default: none.
    #[must_use]
    pub fn certificate(
        mut self,
        chain_path_or_pem: impl AsRef<[u8]>,
        key_path_or_pem: impl AsRef<[u8]>,
    ) -> Self {
        self.identity = Some((chain_path_or_pem.as_ref().into(), key_path_or_pem.as_ref().into()));
        self
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("hostname", &self.hostname)
            .field("own_roots_only", &self.own_roots_only)
            .field("roots", &self.roots.len())
            .field("certificate", &self.identity.is_some())
            .finish()
    }
}

/// TLS settings of a server, for URLs with TLS (`wss://`, `rss://`): its certificate, and the clients
/// that it lets in.
///
/// Certificates and keys are given as PEM text or as the path of a PEM file of up to 4 MiB, which is
/// read when listening begins.
///
/// ```no_run
/// # async fn listen(router: wampwerk::Router) -> Result<(), Box<dyn std::error::Error>> {
/// use wampwerk::transport::TlsServer;
///
/// let tls = TlsServer::new("fullchain.pem", "privkey.pem");
/// router.listen("wss://0.0.0.0:443/ws").tls(tls).await?;
/// # Ok(()) }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct TlsServer {
    pub(crate) chain: Secret,
    pub(crate) key: Secret,
    pub(crate) client_roots: Option<Secret>,
}

impl TlsServer {
    /// The certificate chain, with the server's own certificate first, and its private key (PKCS #8,
    /// PKCS #1 or SEC 1).
    pub fn new(chain_path_or_pem: impl AsRef<[u8]>, key_path_or_pem: impl AsRef<[u8]>) -> Self {
        TlsServer {
            chain: chain_path_or_pem.as_ref().into(),
            key: key_path_or_pem.as_ref().into(),
            client_roots: None,
        }
    }

    /// Lets in only clients with a certificate that leads to one of these, at least one. Another call
    /// takes the place of this one. Default: clients need no certificate and are not asked for one.
    #[must_use]
    pub fn client_roots(mut self, path_or_pem: impl AsRef<[u8]>) -> Self {
        self.client_roots = Some(path_or_pem.as_ref().into());
        self
    }
}

impl fmt::Debug for TlsServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let client_roots = self.client_roots.is_some();
        f.debug_struct("TlsServer").field("client_roots", &client_roots).finish_non_exhaustive()
    }
}
