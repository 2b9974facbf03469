//! TLS for `wss://`: whom a client trusts, and who a server is.
//!
//! Owns every use of rustls; none of its types is public. Crypto is ring's, whatever else in the
//! process has chosen.

use std::fmt;
use std::sync::Arc;
#[cfg(feature = "client")]
use std::sync::OnceLock;

use tokio_rustls::rustls;
use tokio_rustls::rustls::pki_types::CertificateDer;
#[cfg(feature = "router")]
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
#[cfg(feature = "client")]
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::pki_types::pem::PemObject;
#[cfg(feature = "router")]
use tokio_rustls::{TlsAcceptor, server};
#[cfg(feature = "client")]
use tokio_rustls::{TlsConnector, client};

use crate::error::ConnectError;

/// WebSocket is upgraded from HTTP/1.1; a server must not choose HTTP/2.
#[cfg(feature = "router")]
const ALPN: &[u8] = b"http/1.1";

/// A certificate or a key cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("TLS setting: {message}")]
#[non_exhaustive]
pub struct TlsConfigError {
    /// What is wrong.
    pub message: String,
}

impl TlsConfigError {
    fn new(message: impl fmt::Display) -> Self {
        TlsConfigError { message: message.to_string() }
    }
}

impl From<TlsConfigError> for ConnectError {
    fn from(error: TlsConfigError) -> Self {
        ConnectError::InvalidConfig(error.to_string())
    }
}

/// Whom a client trusts when it connects to `wss://`.
///
/// By default that is whom the platform trusts: the system's certificate store and its rules. The
/// server's certificate must be for the host of the URL.
#[cfg(feature = "client")]
#[derive(Clone)]
pub struct TlsConfig {
    platform: bool,
    roots: Vec<CertificateDer<'static>>,
    /// Made at the first connection and shared by clones: the store is read once, and sessions
    /// are resumed.
    ready: Arc<OnceLock<Result<TlsConnector, TlsConfigError>>>,
}

#[cfg(feature = "client")]
impl TlsConfig {
    /// Trusts whom the platform trusts.
    pub fn new() -> Self {
        TlsConfig { platform: true, roots: Vec::new(), ready: Arc::default() }
    }

    /// Also trusts the certificates in this PEM text, at least one: an own certificate authority,
    /// or a server's self-signed certificate.
    pub fn with_root_pem(mut self, pem: impl AsRef<[u8]>) -> Result<Self, TlsConfigError> {
        let roots = certificates(pem.as_ref())?;
        // Refuses here what could not be used later.
        let mut store = rustls::RootCertStore::empty();
        for root in &roots {
            store.add(root.clone()).map_err(TlsConfigError::new)?;
        }
        self.roots.extend(roots);
        self.ready = Arc::default();
        Ok(self)
    }

    /// Trusts the certificates of [`with_root_pem`](Self::with_root_pem) alone, not the platform's.
    #[must_use]
    pub fn without_platform_roots(mut self) -> Self {
        self.platform = false;
        self.ready = Arc::default();
        self
    }

    /// The TLS handshake. `host` is a name or an address, without brackets.
    pub(super) async fn connect<S>(
        &self,
        host: &str,
        stream: S,
    ) -> Result<client::TlsStream<S>, ConnectError>
    where
        S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    {
        let failed = |message: String| ConnectError::Tls { host: host.to_owned(), message };
        let name =
            ServerName::try_from(host.to_owned()).map_err(|error| failed(error.to_string()))?;
        let connector = self.ready.get_or_init(|| self.build()).clone()?;
        connector.connect(name, stream).await.map_err(|error| failed(error.to_string()))
    }

    fn build(&self) -> Result<TlsConnector, TlsConfigError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = rustls::ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(TlsConfigError::new)?;
        let config = if self.platform {
            let roots = self.roots.iter().cloned();
            let verifier =
                rustls_platform_verifier::Verifier::new_with_extra_roots(roots, provider)
                    .map_err(TlsConfigError::new)?;
            builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier))
        } else {
            let mut store = rustls::RootCertStore::empty();
            for root in &self.roots {
                store.add(root.clone()).map_err(TlsConfigError::new)?;
            }
            builder.with_root_certificates(store)
        }
        .with_no_client_auth();
        // No ALPN: WebSocket needs none, and Crossbar answers an offer with a fatal alert.
        Ok(TlsConnector::from(Arc::new(config)))
    }
}

#[cfg(feature = "client")]
impl Default for TlsConfig {
    fn default() -> Self {
        TlsConfig::new()
    }
}

#[cfg(feature = "client")]
impl fmt::Debug for TlsConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsConfig")
            .field("platform", &self.platform)
            .field("roots", &self.roots.len())
            .finish_non_exhaustive()
    }
}

/// Who a server is: its certificate and key.
#[cfg(feature = "router")]
#[derive(Clone)]
pub struct TlsServerConfig {
    acceptor: TlsAcceptor,
}

#[cfg(feature = "router")]
impl TlsServerConfig {
    /// `cert_chain` is PEM text with the server's certificate first, then those that lead to the
    /// authority; `key` is PEM text with its private key (PKCS #8, PKCS #1 or SEC 1).
    ///
    /// Fails when one of them is missing or damaged, or when they do not belong together.
    pub fn from_pem(
        cert_chain: impl AsRef<[u8]>,
        key: impl AsRef<[u8]>,
    ) -> Result<Self, TlsConfigError> {
        let chain = certificates(cert_chain.as_ref())?;
        let key = PrivateKeyDer::from_pem_slice(key.as_ref())
            .map_err(|error| TlsConfigError::new(format_args!("private key: {error}")))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(TlsConfigError::new)?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(TlsConfigError::new)?;
        config.alpn_protocols = vec![ALPN.to_vec()];
        Ok(TlsServerConfig { acceptor: TlsAcceptor::from(Arc::new(config)) })
    }

    /// The TLS handshake.
    pub(super) async fn accept<S>(&self, stream: S) -> std::io::Result<server::TlsStream<S>>
    where
        S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    {
        self.acceptor.accept(stream).await
    }
}

#[cfg(feature = "router")]
impl fmt::Debug for TlsServerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The key must not get into a log.
        f.debug_struct("TlsServerConfig").finish_non_exhaustive()
    }
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsConfigError> {
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|error| TlsConfigError::new(format_args!("certificate: {error}")))?;
    if certificates.is_empty() {
        return Err(TlsConfigError::new("there is no certificate in the PEM text"));
    }
    Ok(certificates)
}
