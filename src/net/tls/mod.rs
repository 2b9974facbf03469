//! TLS: trust and identity of clients, certificates of servers.
//!
//! Contains every use of rustls; none of its types is public. The cryptography is always that of
//! ring, whatever default the process has installed.

mod client;
mod server;

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::sync::Arc;

use tokio_rustls::rustls;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::sign::CertifiedKey;

pub(crate) use self::client::{ClientTls, cause, tls_error};
pub(crate) use self::server::ServerTls;
use crate::error::ConfigError;
use crate::settings::tls::Secret;

/// The error if TLS is not compiled in: it is.
pub(crate) const MISSING: Option<&str> = None;

/// RFC 9266, section 2.
const CHANNEL_LABEL: &[u8] = b"EXPORTER-Channel-Binding";

/// Maximum size of a PEM file in bytes: more than all certificate authorities of a platform.
const MAX_FILE: u64 = 4 << 20;

/// The kinds of keys and signatures that there are, for error texts.
const SUPPORTED: &str = "ECDSA (P-256 or P-384), Ed25519 or RSA (2048 bits or more)";

/// A certificate or a key that cannot be used.
struct Invalid {
    message: String,
    /// True if the private key is wrong or does not match.
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

/// `tls-exporter` (RFC 9266). Only for TLS 1.3: in TLS 1.2 the exported value is unique only with the
/// extended master secret, and rustls does not say whether that was negotiated.
fn channel_id<Data>(connection: &rustls::ConnectionCommon<Data>) -> Option<[u8; 32]> {
    if connection.protocol_version() != Some(rustls::ProtocolVersion::TLSv1_3) {
        return None;
    }
    connection.export_keying_material([0; 32], CHANNEL_LABEL, Some(b"")).ok()
}

/// Reads a certificate chain and its key. `whose` appears in errors.
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
            let text = old_version(&error).unwrap_or_else(|| error.to_string());
            Invalid::new(format_args!("{whose} certificate: {text}"))
        }
        // rustls says no more than that it could not read the key.
        rustls::Error::General(text) => failed(&format_args!(
            "a key of this kind is not supported, such as P-521 or RSA of less than 2048 bits; \
             make one with {SUPPORTED} ({text})"
        )),
        error => failed(&error),
    })?;
    Ok(Arc::new(identity))
}

/// Explains the refusal of a certificate without extensions, for which rustls has no word of its own.
fn old_version(error: &dyn fmt::Display) -> Option<String> {
    const NAME: &str = "UnsupportedCertVersion";
    error.to_string().contains(NAME).then(|| {
        format!(
            "it is not of version 3 of X.509, and has no names of hosts then; make one with the \
             extension `subjectAltName` ({NAME})"
        )
    })
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
    // A device may have no end, and a pipe no start.
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

/// Describes the content found in place of a certificate or key, without repeating it, because it
/// may be a key.
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
