//! TLS: trust and identity of clients, certificates of servers.
//!
//! Contains every use of rustls; none of its types is public. The cryptography is always that of
//! ring, whatever default the process has installed.

use std::fmt;
use std::sync::Arc;
#[cfg(feature = "client")]
use std::sync::OnceLock;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::rustls;
#[cfg(feature = "client")]
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
#[cfg(feature = "router")]
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::sign::{CertifiedKey, SingleCertAndKey};
#[cfg(feature = "router")]
use tokio_rustls::{TlsAcceptor, server};
#[cfg(feature = "client")]
use tokio_rustls::{TlsConnector, client};

#[cfg(feature = "client")]
use crate::error::Cause;
use crate::error::{ConfigError, ConnectError};
#[cfg(feature = "client")]
use crate::net::is_end;
#[cfg(feature = "router")]
use crate::net::linger::farewell;

/// WebSocket is upgraded from HTTP/1.1; a server must not choose HTTP/2.
#[cfg(feature = "router")]
const ALPN: &[u8] = b"http/1.1";

/// RFC 9266, section 2.
const CHANNEL_LABEL: &[u8] = b"EXPORTER-Channel-Binding";

/// A certificate or a key that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid TLS setting: {message}")]
#[non_exhaustive]
pub struct TlsConfigError {
    /// Text of the problem.
    pub message: String,
    /// True if the private key is wrong or does not match the certificate.
    #[cfg_attr(not(feature = "client"), allow(dead_code, reason = "for a client's settings"))]
    pub(crate) of_key: bool,
}

impl TlsConfigError {
    fn new(message: impl fmt::Display) -> Self {
        TlsConfigError { message: message.to_string(), of_key: false }
    }
}

impl From<TlsConfigError> for ConfigError {
    fn from(error: TlsConfigError) -> Self {
        ConfigError::new("tls", &error.message).caused_by(error)
    }
}

impl From<TlsConfigError> for ConnectError {
    fn from(error: TlsConfigError) -> Self {
        ConfigError::from(error).into()
    }
}

/// TLS settings of a client: which servers it trusts, and its own certificate.
///
/// Default: the platform's certificate store and rules decide, the server's certificate must be valid
/// for the host of the URL, and the client has no certificate.
#[cfg(feature = "client")]
#[derive(Clone)]
pub struct TlsConfig {
    platform: bool,
    roots: Vec<CertificateDer<'static>>,
    hostname: Option<String>,
    identity: Option<Arc<CertifiedKey>>,
    /// Made at the first connection and shared by clones: the store is read once, and sessions
    /// are resumed.
    ready: Arc<OnceLock<Result<TlsConnector, TlsConfigError>>>,
}

#[cfg(feature = "client")]
impl TlsConfig {
    /// Trusts the platform's certificate store.
    pub fn new() -> Self {
        TlsConfig {
            platform: true,
            roots: Vec::new(),
            hostname: None,
            identity: None,
            ready: Arc::default(),
        }
    }

    /// Also trusts the certificates in this PEM text, at least one: a private certificate authority,
    /// or a server's self-signed certificate.
    pub fn with_root_pem(mut self, pem: impl AsRef<[u8]>) -> Result<Self, TlsConfigError> {
        let roots = certificates("root certificate", pem.as_ref())?;
        // Refuses here what could not be used later.
        root_store("root certificate", &roots)?;
        self.roots.extend(roots);
        self.ready = Arc::default();
        Ok(self)
    }

    /// Trusts only the certificates of [`with_root_pem`](Self::with_root_pem), not the platform's.
    #[must_use]
    pub fn without_platform_roots(mut self) -> Self {
        self.platform = false;
        self.ready = Arc::default();
        self
    }

    /// Name or address that is sent to the server (SNI) and for which its certificate must be valid.
    /// Default: the host of the URL.
    pub fn hostname(mut self, name: impl Into<String>) -> Result<Self, TlsConfigError> {
        let name = name.into();
        ServerName::try_from(name.as_str())
            .map_err(|error| TlsConfigError::new(format_args!("hostname {name:?}: {error}")))?;
        self.hostname = Some(name);
        Ok(self)
    }

    /// Certificate of the client, for servers that request one. `chain` is PEM text with the client's certificate
    /// first, then those that lead to the authority; `key` is PEM text with its private key (PKCS #8,
    /// PKCS #1 or SEC 1). Default: none.
    ///
    /// Fails when one of them is missing or damaged, or when they do not belong together.
    pub fn client_certificate_pem(
        mut self,
        chain: impl AsRef<[u8]>,
        key: impl AsRef<[u8]>,
    ) -> Result<Self, TlsConfigError> {
        self.identity = Some(identity("client", chain.as_ref(), key.as_ref())?);
        self.ready = Arc::default();
        Ok(self)
    }

    /// Does the TLS handshake and returns the channel id. `host` is a name or an address, without brackets.
    pub(crate) async fn connect<S>(
        &self,
        host: &str,
        stream: S,
    ) -> Result<(client::TlsStream<S>, Option<[u8; 32]>), ConnectError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let host = self.name(host);
        let failed = |message: String, cause: Cause| ConnectError::Tls {
            host: host.to_owned(),
            message,
            cause: Some(cause),
        };
        let name = ServerName::try_from(host.to_owned())
            .map_err(|error| failed(error.to_string(), Cause::new(error)))?;
        let connector = self.ready.get_or_init(|| self.build()).clone()?;
        let stream = connector
            .connect(name, stream)
            .await
            .map_err(|error| failed(explained(&error), cause(error)))?;
        let channel_id = channel_id(stream.get_ref().1);
        Ok((stream, channel_id))
    }

    /// Name for which the certificate must be valid, where the URL has this host.
    pub(crate) fn name<'a>(&'a self, host: &'a str) -> &'a str {
        self.hostname.as_deref().unwrap_or(host)
    }

    fn build(&self) -> Result<TlsConnector, TlsConfigError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = rustls::ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(TlsConfigError::new)?;
        let builder = if self.platform {
            let roots = self.roots.iter().cloned();
            let verifier =
                rustls_platform_verifier::Verifier::new_with_extra_roots(roots, provider)
                    .map_err(TlsConfigError::new)?;
            builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier))
        } else {
            builder.with_root_certificates(root_store("root certificate", &self.roots)?)
        };
        let config = match &self.identity {
            None => builder.with_no_client_auth(),
            Some(identity) => {
                let resolver = SingleCertAndKey::from(Arc::clone(identity));
                builder.with_client_cert_resolver(Arc::new(resolver))
            }
        };
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
            .field("hostname", &self.hostname)
            .field("client_certificate", &self.identity.is_some())
            .finish_non_exhaustive()
    }
}

/// Returns the error of TLS itself, where the error of the stream only holds it.
#[cfg(feature = "client")]
pub(super) fn cause(error: std::io::Error) -> Cause {
    match error.downcast::<rustls::Error>() {
        Ok(error) => Cause::new(error),
        Err(error) => Cause::new(error),
    }
}

/// Explains the error where rustls gives only a name, which follows in brackets.
#[cfg(feature = "client")]
fn explained(error: &std::io::Error) -> String {
    // Of webpki's errors rustls shows the name, and platforms have their own.
    const WORDS: [(&str, &str); 4] = [
        ("InvalidContentType", "the server does not speak TLS"),
        (
            "CaUsedAsEndEntity",
            "the server's certificate is marked as an authority's (CA:TRUE); make one with CA:FALSE, \
             or one that is signed by an authority",
        ),
        ("UnknownIssuer", "the server's certificate is not signed by an authority that is trusted"),
        (
            "UnsupportedSignatureAlgorithm",
            "the server's certificate has a key or a signature of a kind that is not supported; \
             make one with ECDSA (P-256 or P-384), Ed25519 or RSA (2048 bits or more)",
        ),
    ];
    const END: &str = "the server closed the connection; it may not speak TLS";
    let raw = error.to_string();
    if is_end(error) {
        return format!("{END} ({raw})");
    }
    match WORDS.iter().find(|(name, _)| raw.contains(name)) {
        // Behind the name there may be algorithms as lists of numbers.
        Some((_, words)) => format!("{words} ({})", raw.split(" {").next().unwrap_or(&raw)),
        None => raw,
    }
}

/// TLS settings of a server: its certificate and key, and which clients are accepted.
#[cfg(feature = "router")]
#[derive(Clone)]
pub struct TlsServerConfig {
    identity: Arc<CertifiedKey>,
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
        let identity = identity("server", cert_chain.as_ref(), key.as_ref())?;
        let acceptor = Self::build(Arc::clone(&identity), None)?;
        Ok(TlsServerConfig { identity, acceptor })
    }

    /// Accepts only clients with a certificate that leads to one of those in this PEM text, at least one.
    /// Default: clients need none, and none is requested.
    ///
    /// A second call replaces the first.
    pub fn client_roots_pem(mut self, pem: impl AsRef<[u8]>) -> Result<Self, TlsConfigError> {
        let roots = certificates("client root certificate", pem.as_ref())?;
        let roots = root_store("client root certificate", &roots)?;
        self.acceptor = Self::build(Arc::clone(&self.identity), Some(roots))?;
        Ok(self)
    }

    fn build(
        identity: Arc<CertifiedKey>,
        client_roots: Option<rustls::RootCertStore>,
    ) -> Result<TlsAcceptor, TlsConfigError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(TlsConfigError::new)?;
        let builder = match client_roots {
            None => builder.with_no_client_auth(),
            Some(roots) => {
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                        .build()
                        .map_err(TlsConfigError::new)?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let mut config = builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(identity)));
        config.alpn_protocols = vec![ALPN.to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    /// Does the TLS handshake and returns the channel id.
    pub(crate) async fn accept<S>(
        &self,
        stream: S,
    ) -> std::io::Result<(server::TlsStream<S>, Option<[u8; 32]>)>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        match self.acceptor.accept(stream).into_fallible().await {
            Ok(stream) => {
                let channel_id = channel_id(stream.get_ref().1);
                Ok((stream, channel_id))
            }
            Err((error, stream)) => {
                farewell(stream).await;
                Err(error)
            }
        }
    }
}

#[cfg(feature = "router")]
impl fmt::Debug for TlsServerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The key must not get into a log.
        f.debug_struct("TlsServerConfig").finish_non_exhaustive()
    }
}

/// Returns the TLS error inside an I/O error, for example an alert that comes after the handshake: in
/// TLS 1.3 the refusal of a client's certificate does.
#[cfg(feature = "client")]
pub(crate) fn tls_error(error: &std::io::Error) -> Option<String> {
    error.get_ref()?.downcast_ref::<rustls::Error>().map(ToString::to_string)
}

/// `tls-exporter` (RFC 9266). Only for TLS 1.3: in TLS 1.2 the exported value is unique only with the
/// extended master secret, and rustls does not say whether that was negotiated.
fn channel_id<Data>(connection: &rustls::ConnectionCommon<Data>) -> Option<[u8; 32]> {
    if connection.protocol_version() != Some(rustls::ProtocolVersion::TLSv1_3) {
        return None;
    }
    connection.export_keying_material([0; 32], CHANNEL_LABEL, Some(b"")).ok()
}

/// `whose` names the owner in errors.
fn identity(whose: &str, chain: &[u8], key: &[u8]) -> Result<Arc<CertifiedKey>, TlsConfigError> {
    let chain = certificates(&format!("{whose} certificate"), chain)?;
    let failed = |error: &dyn fmt::Display| TlsConfigError {
        of_key: true,
        ..TlsConfigError::new(format_args!("{whose} private key: {error}"))
    };
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| match error {
        pem::Error::NoItemsFound => failed(&missing("private key", key)),
        error => failed(&error),
    })?;
    let provider = rustls::crypto::ring::default_provider();
    let identity = CertifiedKey::from_der(chain, key, &provider).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => failed(&"it does not belong to the certificate"),
        rustls::Error::InvalidCertificate(_) => {
            TlsConfigError::new(format_args!("{whose} certificate: {error}"))
        }
        error => failed(&error),
    })?;
    Ok(Arc::new(identity))
}

fn root_store(
    what: &str,
    roots: &[CertificateDer<'static>],
) -> Result<rustls::RootCertStore, TlsConfigError> {
    let mut store = rustls::RootCertStore::empty();
    for root in roots {
        store
            .add(root.clone())
            .map_err(|error| TlsConfigError::new(format_args!("{what}: {error}")))?;
    }
    Ok(store)
}

fn certificates(what: &str, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsConfigError> {
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|error| TlsConfigError::new(format_args!("{what}: {error}")))?;
    if certificates.is_empty() {
        return Err(TlsConfigError::new(format_args!("{what}: {}", missing("certificate", pem))));
    }
    Ok(certificates)
}

/// Describes text that is not a certificate or key. The text is not repeated, as it may be a key.
fn missing(wanted: &str, pem: &[u8]) -> String {
    let has = |part: &[u8]| pem.windows(part.len()).any(|place| place == part);
    if !has(b"-----BEGIN ") && !pem.trim_ascii().is_empty() {
        return "this is not PEM text; if it is the path of a file, read that before".to_owned();
    }
    if wanted != "private key" && has(b"PRIVATE KEY-----") {
        return "this is a private key".to_owned();
    }
    if wanted != "certificate" && has(b"-----BEGIN CERTIFICATE-----") {
        return "this is a certificate".to_owned();
    }
    format!("the PEM text contains no {wanted}")
}

#[cfg(all(test, feature = "client"))]
mod tests {
    use std::io::{Error, ErrorKind};

    use tokio_rustls::rustls::{CertificateError, Error as TlsError};

    use super::explained;

    #[test]
    fn a_kind_of_certificate_that_is_not_supported_is_told_in_words() {
        let error = CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext {
            signature_algorithm_id: vec![6, 8, 42],
            public_key_algorithm_id: vec![6, 7, 42],
        };
        let error = Error::new(ErrorKind::InvalidData, TlsError::InvalidCertificate(error));
        let text = explained(&error);
        assert!(text.starts_with("the server's certificate has a key or a signature of"), "{text}");
        let end = " (invalid peer certificate: UnsupportedSignatureAlgorithmForPublicKeyContext)";
        assert!(text.ends_with(end), "{text}");
    }
}
