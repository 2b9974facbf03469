//! From a client's settings to the route to the server, natively.

use crate::error::UrlError;
use crate::net::dial::{RouteSettings, Target};
use crate::transport::TransportConfig;
use crate::url::shown;

/// Refuses a URL that cannot be connected to from here. `given` is its text.
pub(crate) fn check_url<'a>(given: &str, url: impl Into<Target<'a>>) -> Result<(), UrlError> {
    url.into().check().map_err(|message| UrlError::new(shown(given), message))
}

/// Applies the settings of the route.
pub(super) fn route_settings(config: &TransportConfig) -> RouteSettings<'_> {
    RouteSettings {
        endpoint: config.endpoint.as_ref(),
        proxy: config.proxy.as_ref(),
        ip_version: config.ip_version,
        connect_timeout: config.connect_timeout,
        handshake_timeout: config.options.open_handshake_timeout,
        tls: config.tls.as_ref(),
    }
}
