//! TLS: trust and identity of clients, certificates of servers.
//!
//! Contains every use of rustls; none of its types is public. The cryptography is always that of
//! ring, whatever default the process has installed.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::sync::{Arc, OnceLock};

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

use crate::error::ConfigError;
#[cfg(feature = "client")]
use crate::error::{Cause, ConnectError};
#[cfg(feature = "client")]
use crate::net::is_end;
#[cfg(feature = "router")]
use crate::net::linger::farewell;
use crate::settings::Secret;
#[cfg(feature = "client")]
use crate::settings::Tls;
#[cfg(feature = "router")]
use crate::settings::TlsServer;

/// WebSocket is upgraded from HTTP/1.1; a server must not choose HTTP/2.
#[cfg(feature = "router")]
const ALPN: &[u8] = b"http/1.1";

/// RFC 9266, section 2.
const CHANNEL_LABEL: &[u8] = b"EXPORTER-Channel-Binding";

/// How much of a PEM file is read: more than all certificate authorities of a platform.
const MAX_FILE: u64 = 4 << 20;

/// A certificate or a key that cannot be used.
struct Invalid {
    message: String,
    /// It is the private key that is wrong, or does not fit.
    of_key: bool,
}

impl Invalid {
    fn new(message: impl fmt::Display) -> Self {
        Invalid { message: message.to_string(), of_key: false }
    }

    /// As an error of the setting at this path.
    fn at(self, path: &str) -> ConfigError {
        ConfigError::new(path, self.message)
    }
}

/// A client's TLS settings, with the files read.
#[cfg(feature = "client")]
#[derive(Clone)]
pub(crate) struct ClientTls {
    platform: bool,
    roots: Vec<CertificateDer<'static>>,
    hostname: Option<String>,
    identity: Option<Arc<CertifiedKey>>,
    /// Made at the first connection and shared by clones: the store is read once, and sessions
    /// are resumed.
    ready: Arc<OnceLock<Result<TlsConnector, ConfigError>>>,
}

#[cfg(feature = "client")]
impl ClientTls {
    /// Reads the files and checks all there is. Errors have the path of the key within the settings.
    pub(crate) fn new(settings: &Tls) -> Result<Self, ConfigError> {
        if let Some(name) = &settings.hostname {
            ServerName::try_from(name.as_str())
                .map_err(|error| ConfigError::new("hostname", format_args!("{name:?}: {error}")))?;
        }
        let mut roots = Vec::new();
        for root in &settings.roots {
            let read = || {
                let what = "root certificate";
                let these = certificates(what, read_pem(what, root)?.as_bytes())?;
                // Refuses here what could not be used later.
                root_store(what, &these)?;
                Ok(these)
            };
            roots.extend(read().map_err(|error: Invalid| error.at("trust_root"))?);
        }
        let identity = settings.identity.as_ref().map(|(chain, key)| {
            identity("client", chain, key).map_err(|error| {
                let path = if error.of_key { "key" } else { "certificate" };
                error.at(path)
            })
        });
        Ok(ClientTls {
            platform: !settings.own_roots_only,
            roots,
            hostname: settings.hostname.clone(),
            identity: identity.transpose()?,
            ready: Arc::default(),
        })
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
        let connector = self.ready.get_or_init(|| self.build()).clone();
        let connector = connector.map_err(|error| error.within("endpoint"))?;
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

    fn build(&self) -> Result<TlsConnector, ConfigError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = rustls::ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| ConfigError::new("tls", &error).caused_by(error))?;
        let builder = if self.platform {
            let roots = self.roots.iter().cloned();
            let verifier =
                rustls_platform_verifier::Verifier::new_with_extra_roots(roots, provider)
                    .map_err(|error| ConfigError::new("tls", &error).caused_by(error))?;
            builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier))
        } else {
            builder.with_root_certificates(
                root_store("root certificate", &self.roots).map_err(|error| error.at("tls"))?,
            )
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
impl fmt::Debug for ClientTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientTls")
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

/// A server's TLS settings, which are read at first use, once for all clones.
#[cfg(feature = "router")]
#[derive(Clone)]
pub(crate) struct ServerTls {
    settings: TlsServer,
    ready: Arc<OnceLock<TlsAcceptor>>,
}

#[cfg(feature = "router")]
impl ServerTls {
    pub(crate) fn new(settings: TlsServer) -> Self {
        ServerTls { settings, ready: Arc::default() }
    }

    /// Reads the files and checks all there is, unless that has been done. Errors have the path of
    /// the key within the settings.
    pub(crate) fn check(&self) -> Result<&TlsAcceptor, ConfigError> {
        if let Some(acceptor) = self.ready.get() {
            return Ok(acceptor);
        }
        let TlsServer { chain, key, client_roots } = &self.settings;
        let identity = identity("server", chain, key).map_err(|error| {
            let path = if error.of_key { "key" } else { "certificate" };
            error.at(path)
        })?;
        let roots = client_roots.as_ref().map(|roots| {
            let what = "client root certificate";
            let roots = read_pem(what, roots)?;
            root_store(what, &certificates(what, roots.as_bytes())?)
        });
        let roots = roots.transpose().map_err(|error: Invalid| error.at("client_roots"))?;
        let acceptor = Self::build(identity, roots).map_err(|error| error.at(""))?;
        Ok(self.ready.get_or_init(|| acceptor))
    }

    fn build(
        identity: Arc<CertifiedKey>,
        client_roots: Option<rustls::RootCertStore>,
    ) -> Result<TlsAcceptor, Invalid> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(Invalid::new)?;
        let builder = match client_roots {
            None => builder.with_no_client_auth(),
            Some(roots) => {
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                        .build()
                        .map_err(Invalid::new)?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let mut config = builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(identity)));
        config.alpn_protocols = vec![ALPN.to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    /// The TLS handshake, and the channel id. [`check`](Self::check) comes before.
    pub(crate) async fn accept<S>(
        &self,
        stream: S,
    ) -> std::io::Result<(server::TlsStream<S>, Option<[u8; 32]>)>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let acceptor = self.check().map_err(std::io::Error::other)?;
        match acceptor.accept(stream).into_fallible().await {
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
impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The key must not get into a log.
        f.debug_struct("ServerTls").finish_non_exhaustive()
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

/// `whose` names it in errors.
fn identity(whose: &str, chain: &Secret, key: &Secret) -> Result<Arc<CertifiedKey>, Invalid> {
    let what = format!("{whose} certificate");
    let chain = certificates(&what, read_pem(&what, chain)?.as_bytes())?;
    let key = read_pem(&format!("{whose} private key"), key)
        .map_err(|error| Invalid { of_key: true, ..error })?;
    let key = key.as_bytes();
    let failed = |error: &dyn fmt::Display| Invalid {
        of_key: true,
        ..Invalid::new(format_args!("{whose} private key: {error}"))
    };
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| match error {
        pem::Error::NoItemsFound => failed(&missing("private key", key)),
        error => failed(&error),
    })?;
    let provider = rustls::crypto::ring::default_provider();
    let identity = CertifiedKey::from_der(chain, key, &provider).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => failed(&"it does not belong to the certificate"),
        rustls::Error::InvalidCertificate(_) => {
            Invalid::new(format_args!("{whose} certificate: {error}"))
        }
        error => failed(&error),
    })?;
    Ok(Arc::new(identity))
}

fn root_store(
    what: &str,
    roots: &[CertificateDer<'static>],
) -> Result<rustls::RootCertStore, Invalid> {
    let mut store = rustls::RootCertStore::empty();
    for root in roots {
        store.add(root.clone()).map_err(|error| Invalid::new(format_args!("{what}: {error}")))?;
    }
    Ok(store)
}

fn certificates(what: &str, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Invalid> {
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|error| Invalid::new(format_args!("{what}: {error}")))?;
    if certificates.is_empty() {
        return Err(Invalid::new(format_args!("{what}: {}", missing("certificate", pem))));
    }
    Ok(certificates)
}

const BEGIN: &[u8] = b"-----BEGIN";

/// The PEM text itself, or that of the file. Errors do not repeat what was given: it may be a damaged
/// key.
fn read_pem(what: &str, path_or_pem: &Secret) -> Result<Secret, Invalid> {
    let given = path_or_pem.as_bytes();
    let is_pem = given.windows(BEGIN.len()).any(|part| part == BEGIN);
    if is_pem || given.trim_ascii().is_empty() {
        return Ok(path_or_pem.clone());
    }
    let failed = |text: String| Invalid::new(format_args!("{what}: {text}"));
    let path = std::str::from_utf8(given)
        .map_err(|_| failed("this is neither PEM text nor the path of a file".to_owned()))?;
    let unread = |error: std::io::Error| {
        failed(format!("this is neither PEM text nor a file that can be read: {error}"))
    };
    let file = File::open(path).map_err(unread)?;
    // A device may have no end, and a pipe no beginning.
    if !file.metadata().map_err(unread)?.is_file() {
        return Err(failed("the path is not that of a regular file".to_owned()));
    }
    let mut text = Vec::new();
    file.take(MAX_FILE + 1).read_to_end(&mut text).map_err(unread)?;
    if text.len() as u64 > MAX_FILE {
        return Err(failed("the file is longer than 4 MiB".to_owned()));
    }
    Ok(text.into())
}

/// What there is in the place of a certificate or key. It is not repeated, as it may be a key.
fn missing(wanted: &str, pem: &[u8]) -> String {
    let has = |part: &[u8]| pem.windows(part.len()).any(|place| place == part);
    if !has(BEGIN) && !pem.trim_ascii().is_empty() {
        return "this is not PEM text".to_owned();
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
