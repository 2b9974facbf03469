//! Stands in for `tls` when that feature is off: TLS settings are refused by an error that names the
//! feature, so there is never a connection with TLS.

use std::io;

pub(crate) use self::server::ServerTls;
use crate::error::{Cause, ConfigError, ConnectError};
use crate::settings::Tls;

const TEXT: &str = "TLS (wss://, rss://) needs the feature `tls` of the crate wampwerk";

/// The error if TLS is not compiled in.
pub(crate) const MISSING: Option<&str> = Some(TEXT);

/// A client's TLS settings, which are never accepted.
#[derive(Clone, Debug)]
pub(crate) enum ClientTls {}

impl ClientTls {
    pub(crate) fn new(_settings: &Tls) -> Result<Self, ConfigError> {
        Err(ConfigError::new("", TEXT))
    }

    pub(crate) async fn connect<S>(
        &self,
        _host: &str,
        _stream: S,
    ) -> Result<(S, Option<[u8; 32]>), ConnectError> {
        match *self {}
    }

    pub(crate) fn name<'a>(&'a self, _host: &'a str) -> &'a str {
        match *self {}
    }
}

pub(crate) fn tls_error(_error: &io::Error) -> Option<String> {
    None
}

pub(crate) fn cause(error: io::Error) -> Cause {
    Cause::new(error)
}

mod server {
    use std::io;

    use super::TEXT;
    use crate::error::ConfigError;
    use crate::settings::TlsServer;

    /// A server's TLS settings, which no check accepts.
    #[derive(Clone, Debug)]
    pub(crate) struct ServerTls(());

    impl ServerTls {
        pub(crate) fn new(_settings: TlsServer) -> Self {
            ServerTls(())
        }

        pub(crate) fn check(&self) -> Result<(), ConfigError> {
            Err(ConfigError::new("", TEXT))
        }

        pub(crate) async fn accept<S>(&self, _stream: S) -> io::Result<(S, Option<[u8; 32]>)> {
            Err(io::Error::other(TEXT))
        }
    }
}
