//! Contains the settings that a page cannot have.

use crate::settings::WebSocketOptions;
use crate::url::WebSocketUrl;

/// Text of the error about such a setting.
pub(crate) const REFUSED: &str = "the browser decides this; it cannot be set in a page";

/// Returns the name of the first option that the browser decides by itself.
pub(crate) fn refused_option(options: &WebSocketOptions) -> Option<&'static str> {
    let keys = [
        (options.max_frame_payload_size.is_some(), "max_frame_payload_size"),
        (options.max_send_size.is_some(), "max_send_size"),
        (options.close_handshake_timeout.is_some(), "close_handshake_timeout"),
        (options.server_connection_drop_timeout.is_some(), "server_connection_drop_timeout"),
        (options.close_timeout.is_some(), "close_timeout"),
        (options.send_timeout.is_some(), "send_timeout"),
        (options.auto_fragment_size.is_some(), "auto_fragment_size"),
        (options.per_message_deflate.is_some(), "per_message_deflate"),
        (options.fail_by_drop == Some(true), "fail_by_drop"),
    ];
    let key = keys.iter().find_map(|(is_set, key)| is_set.then_some(*key));
    key.or_else(|| options.ping.set_keys().next())
}

/// Returns the reason why the URL does not work in the browser, if so.
pub(crate) fn refused_url(url: &WebSocketUrl) -> Option<&'static str> {
    url.unix.as_ref().map(|_| "a browser has no unix sockets")
}
