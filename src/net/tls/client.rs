//! `ClientTls`: which servers a client trusts, and its own certificate.

use std::fmt;
use std::sync::{Arc, OnceLock};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio_rustls::{TlsConnector, client, rustls};

use super::{Invalid, certificates, channel_id, identity, read_pem, root_store};
use crate::error::{Cause, ConfigError, ConnectError};
use crate::net::is_end;
use crate::settings::Tls;

/// A client's TLS settings, with the files read.
#[derive(Clone)]
pub(crate) struct ClientTls {
    platform: bool,
    roots: Vec<CertificateDer<'static>>,
    hostname: Option<String>,
    identity: Option<Arc<CertifiedKey>>,
    /// Created at the first connection and shared by clones: the store is read once, and TLS
    /// sessions are resumed.
    ready: Arc<OnceLock<Result<TlsConnector, ConfigError>>>,
}

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
                // Rejects certificates here that could not be used later.
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
        // No ALPN: WebSocket does not need it, and Crossbar answers an offer with a fatal alert.
        Ok(TlsConnector::from(Arc::new(config)))
    }
}

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
pub(crate) fn cause(error: std::io::Error) -> Cause {
    match error.downcast::<rustls::Error>() {
        Ok(error) => Cause::new(error),
        Err(error) => Cause::new(error),
    }
}

/// Explains the error where rustls gives only a name, which follows in brackets.
fn explained(error: &std::io::Error) -> String {
    // rustls shows the names of webpki's errors; platforms have their own.
    const WORDS: [(&str, &str); 6] = [
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
        (
            "BadSignature",
            "the server's signature does not fit its certificate, or its key is of a kind that is not \
             supported, such as RSA of less than 2048 bits",
        ),
        (
            "HandshakeFailure",
            "the server found nothing that both sides support; its key may be of another kind than \
             ECDSA (P-256 or P-384), Ed25519 or RSA (2048 bits or more)",
        ),
    ];
    const END: &str = "the server closed the connection; it may not speak TLS";
    let raw = error.to_string();
    if is_end(error) {
        return format!("{END} ({raw})");
    }
    if let Some(text) = super::old_version(&raw) {
        return format!("the server's certificate: {text}");
    }
    match WORDS.iter().find(|(name, _)| raw.contains(name)) {
        // The name may be followed by algorithms as lists of numbers.
        Some((_, words)) => format!("{words} ({})", raw.split(" {").next().unwrap_or(&raw)),
        None => raw,
    }
}

/// Returns the TLS error inside an I/O error, for example an alert that comes after the handshake: in
/// TLS 1.3 the refusal of a client's certificate does.
pub(crate) fn tls_error(error: &std::io::Error) -> Option<String> {
    error.get_ref()?.downcast_ref::<rustls::Error>().map(ToString::to_string)
}

#[cfg(test)]
mod tests {
    use std::io::{Error, ErrorKind};

    use tokio_rustls::rustls::{AlertDescription, CertificateError, Error as TlsError};

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

    /// As rustls tells of a server of OpenSSL that has such a certificate or key.
    #[test]
    fn certificates_of_version_1_and_keys_of_p521_and_rsa_1024_are_told_in_words() {
        let refused = TlsError::InvalidCertificate(CertificateError::BadSignature);
        let alert = TlsError::AlertReceived(AlertDescription::HandshakeFailure);
        for (error, words) in [
            (Error::new(ErrorKind::InvalidData, refused), "such as RSA of less than 2048 bits"),
            (
                Error::new(ErrorKind::InvalidData, alert),
                "its key may be of another kind than ECDSA",
            ),
            (
                Error::other("invalid peer certificate: Other(OtherError(UnsupportedCertVersion))"),
                "the server's certificate: it is not of version 3 of X.509",
            ),
        ] {
            let text = explained(&error);
            assert!(text.contains(words), "{text}");
        }
    }
}
