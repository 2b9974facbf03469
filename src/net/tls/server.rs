//! `ServerTls`: the certificate of a server, and which clients it admits.

use std::fmt;
use std::sync::{Arc, OnceLock};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio_rustls::{TlsAcceptor, rustls, server};

use super::{Invalid, certificates, channel_id, identity, read_pem, root_store};
use crate::error::ConfigError;
use crate::net::linger::drain_and_close;
use crate::settings::TlsServer;

/// WebSocket is upgraded from HTTP/1.1; a server must not select HTTP/2.
const ALPN: &[u8] = b"http/1.1";

/// A server's TLS settings, which are read at first use, once for all clones.
#[derive(Clone)]
pub(crate) struct ServerTls {
    settings: TlsServer,
    ready: Arc<OnceLock<TlsAcceptor>>,
}

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
                drain_and_close(stream).await;
                Err(error)
            }
        }
    }
}

impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The key must not be logged.
        f.debug_struct("ServerTls").finish_non_exhaustive()
    }
}
